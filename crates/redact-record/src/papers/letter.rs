//! A letter as PDF: letterhead, text, page numbers.

use redact_core::UtcNanos;

use super::flow::{Flow, plain};
use crate::RecordError;
use crate::letters::{Letter, blocks};
use crate::office::Office;
use crate::paper::{INK, LINE, SOFT, Type};
use crate::pdf::{self, About, Fonts, LETTER, Style};

/// Margin of a letter, in points: an inch.
const MARGIN: f32 = 72.0;

/// What a letter is printed with, besides its text.
#[derive(Clone, Copy, Debug)]
pub struct LetterPaper<'a> {
    /// Whose letterhead it has.
    pub office: &'a Office,
    /// The agency's name.
    pub agency: Option<&'a str>,
    /// The number of the request, for the footer.
    pub request_number: Option<&'a str>,
    /// The program that makes it, with its version.
    pub program: &'a str,
    /// The date of the document; for a package: when the newest release was made.
    pub made_at: UtcNanos,
}

/// A letter as a PDF (US Letter). The same input gives the same bytes.
///
/// # Errors
/// [`RecordError::Field`] for a letter that is not text; [`RecordError::Write`].
pub fn letter_pdf(paper: &LetterPaper<'_>, letter: &Letter) -> Result<Vec<u8>, RecordError> {
    letter.check()?;
    paper.pdf(&Fonts::load(), letter)
}

impl LetterPaper<'_> {
    /// The letter as PDF.
    ///
    /// # Errors
    /// [`RecordError::Write`].
    pub(super) fn pdf(&self, fonts: &Fonts, letter: &Letter) -> Result<Vec<u8>, RecordError> {
        let mut flow = Flow::new(fonts, LETTER, MARGIN);
        self.letterhead(&mut flow);
        let kind = Type {
            lead: 14.2,
            ..Type::new(Style::Regular, 10.5, INK)
        };
        flow.blocks(kind, &blocks(&letter.text));
        let mut foot = letter.title.clone();
        if let Some(number) = self.request_number {
            foot.push_str(&format!(", request {number}"));
        }
        let title = match self.agency {
            Some(agency) => format!("{foot}, {agency}"),
            None => foot.clone(),
        };
        let about = About {
            title: &title,
            producer: self.program,
            made_at: self.made_at,
        };
        pdf::write(fonts, &about, &flow.finish(&foot))
    }

    /// Name and address, and a line below.
    fn letterhead(&self, flow: &mut Flow<'_>) {
        let top = flow.y;
        if let Some(agency) = self.agency {
            flow.paragraph(Type::new(Style::Bold, 14.0, INK), &plain(agency));
        }
        let head = &self.office.letterhead;
        let small = Type::new(Style::Regular, 8.8, SOFT);
        for lines in [&head.address, &head.contact] {
            if !lines.is_empty() {
                flow.paragraph(small, &plain(&lines.join(" · ")));
            }
        }
        if flow.y > top {
            flow.gap(8.0);
            flow.rule(0.8, LINE);
            flow.gap(16.0);
        }
    }
}
