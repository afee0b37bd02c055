//! The manual as PDF: title page, table of contents with page numbers, chapters.

use redact_core::UtcNanos;

use super::flow::{Flow, plain};
use crate::RecordError;
use crate::manual::{Chapter, Edition};
use crate::paper::{INK, LINE, SOFT, Type};
use crate::pdf::{self, About, Fonts, LETTER, Style};

const MARGIN: f32 = 72.0;

/// An edition of the manual as PDF. `program`: name and version, on the title page.
///
/// # Errors
/// [`RecordError::Write`].
pub fn manual_pdf(
    edition: &Edition,
    program: &str,
    made_at: UtcNanos,
) -> Result<Vec<u8>, RecordError> {
    let fonts = Fonts::load();
    let chapters = edition.chapters();
    // The length of the table of contents does not depend on the numbers in it.
    let first = lay_out(&fonts, (edition, program), &chapters, &[]);
    let flow = lay_out(&fonts, (edition, program), &chapters, &first.headings);
    let about = About {
        title: edition.title,
        producer: program,
        made_at,
    };
    pdf::write(&fonts, &about, &flow.finish(edition.title))
}

/// Level, text and page of a heading.
type Place = (u16, String, usize);

fn lay_out<'a>(
    fonts: &'a Fonts,
    (edition, program): (&Edition, &str),
    chapters: &[Chapter],
    places: &[Place],
) -> Flow<'a> {
    let mut flow = Flow::new(fonts, LETTER, MARGIN);
    flow.y += 150.0;
    let title = Type::new(Style::Bold, 26.0, INK);
    flow.heading(1, title, &plain(edition.title));
    flow.gap(10.0);
    flow.rule(1.2, LINE);
    flow.gap(10.0);
    flow.paragraph(Type::new(Style::Regular, 11.0, SOFT), &plain(program));
    flow.next_page();
    contents(&mut flow, places, chapters);
    let kind = Type {
        lead: 14.2,
        ..Type::new(Style::Regular, 10.5, INK)
    };
    for chapter in chapters {
        flow.next_page();
        let title = Type::new(Style::Bold, 18.0, INK);
        flow.heading(1, title, &plain(&chapter.title));
        flow.gap(8.0);
        flow.blocks(kind, &chapter.blocks);
    }
    flow
}

/// The table of contents. In the first pass there are no places yet, but as many entries.
fn contents(flow: &mut Flow<'_>, places: &[Place], chapters: &[Chapter]) {
    flow.heading(1, Type::new(Style::Bold, 18.0, INK), &plain("Contents"));
    flow.gap(10.0);
    let unknown: Vec<Place>;
    let listed = match places {
        [] => {
            unknown = headings(chapters);
            &unknown
        }
        // Those of the title page and of this page are not listed.
        [_, _, rest @ ..] => rest,
        [_] => &[],
    };
    let mut in_glossary = false;
    for (level, text, page) in listed.iter().filter(|(level, ..)| *level <= 2) {
        if *level == 1 {
            in_glossary = text == "Glossary";
        } else if in_glossary {
            continue; // In alphabetical order: a list of the terms helps nobody.
        }
        let (style, indent) = match level {
            1 => (Style::Bold, 0.0),
            _ => (Style::Regular, 14.0),
        };
        if *level == 1 {
            flow.gap(5.0);
        }
        flow.entry(Type::new(style, 10.0, INK), indent, (text, *page));
    }
}

fn headings(chapters: &[Chapter]) -> Vec<Place> {
    use crate::manual::{Block, words};
    let mut all = Vec::new();
    for chapter in chapters {
        all.push((1, chapter.title.clone(), 0));
        all.extend(chapter.blocks.iter().filter_map(|block| match block {
            Block::Heading(level, text) => Some((*level, words(text), 0)),
            _ => None,
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::EDITIONS;

    /// Goal: the page in the table of contents is the page of the heading, in every edition.
    #[test]
    fn the_contents_name_the_pages_of_the_headings() {
        let fonts = Fonts::load();
        for edition in &EDITIONS {
            let chapters = edition.chapters();
            let about = (edition, "redact 1.0");
            let first = lay_out(&fonts, about, &chapters, &[]);
            let second = lay_out(&fonts, about, &chapters, &first.headings);
            assert_eq!(first.headings, second.headings, "{}", edition.name);
            let listed = headings(&chapters);
            let printed = &second.headings[2..];
            assert_eq!(listed.len(), printed.len());
            assert!(printed.iter().all(|(.., page)| *page > 2));
        }
    }

    #[test]
    fn every_edition_is_a_file() {
        for edition in &EDITIONS {
            let bytes = manual_pdf(edition, "redact 1.0", UtcNanos(0)).unwrap();
            assert!(bytes.starts_with(b"%PDF-1.7"), "{}", edition.name);
        }
    }
}
