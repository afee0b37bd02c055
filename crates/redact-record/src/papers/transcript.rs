//! The transcript of a release as PDF.

use redact_core::Digest;

use super::flow::{Flow, plain};
use crate::RecordError;
use crate::captions::{Captions, LEGEND, TITLE, paragraphs};
use crate::letters::Span;
use crate::manifest::PublicManifest;
use crate::paper::{INK, LINE, SOFT, Type};
use crate::pdf::{self, About, Fonts, LETTER, Style};

/// Margin in points: an inch.
const MARGIN: f32 = 72.0;

/// The transcript of the release that `public` describes, whose file has SHA-256 `manifest`, as a
/// PDF (US Letter). `captions` were compared with the manifest.
///
/// # Errors
/// [`RecordError::Write`] if the document cannot be produced.
pub fn transcript_pdf(
    public: &PublicManifest,
    manifest: Digest,
    captions: &Captions,
) -> Result<Vec<u8>, RecordError> {
    let fonts = Fonts::load();
    let mut flow = Flow::new(&fonts, LETTER, MARGIN);
    flow.heading(1, Type::new(Style::Bold, 16.0, INK), &plain(TITLE));
    let small = Type::new(Style::Regular, 8.8, SOFT);
    for line in facts(public, manifest) {
        flow.paragraph(small, &plain(&line));
    }
    flow.gap(6.0);
    for line in LEGEND {
        flow.paragraph(small, &plain(line));
    }
    flow.gap(8.0);
    flow.rule(0.8, LINE);
    let body = Type {
        lead: 14.2,
        ..Type::new(Style::Regular, 10.5, INK)
    };
    for paragraph in paragraphs(captions) {
        flow.gap(8.0);
        let time = Span {
            text: format!("{}  ", paragraph.time),
            strong: true,
            ..Span::default()
        };
        let said = plain(&paragraph.text).into_iter();
        flow.paragraph(body, &std::iter::once(time).chain(said).collect::<Vec<_>>());
    }
    let producer = format!("{} {}", public.tool.name, public.tool.version);
    let about = About {
        title: TITLE,
        producer: &producer,
        made_at: public.created.0,
    };
    pdf::write(&fonts, &about, &flow.finish(TITLE))
}

/// Which release it is the transcript of.
fn facts(public: &PublicManifest, manifest: Digest) -> Vec<String> {
    let agency = public.terms.agency.iter().map(|name| crate::visible(name));
    let digests = [
        format!("Released file: SHA-256 {}", public.release.sha256.0),
        format!("Manifest: SHA-256 {manifest}"),
    ];
    agency.chain(digests).collect()
}
