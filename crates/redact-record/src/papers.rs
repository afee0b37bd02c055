//! The papers of a transmittal package: index, letters, viewing instructions; the transcript of a
//! release; and entries of the event log.
//!
//! Those of a package are made from the package manifest alone, whose files are then those of the
//! exhibits, and from the [office's](crate::office) letterhead and templates. The same input gives
//! the same bytes. `index.*` lists every file that is there when it is made, so it comes last.

mod event_log;
mod flow;
mod index;
mod letter;
mod manual;
mod report;
#[cfg(test)]
mod tests;
mod text;
mod transcript;
mod values;
pub mod words;

use time::{Date, OffsetDateTime};

use crate::json::Hex;
use crate::letters::Letter;
use crate::office::Office;
use crate::package::{Document, PackageFile, PackageManifest};
use crate::pdf::Fonts;
use crate::{RecordError, digest_bytes};

pub use event_log::{EventLogPaper, EventLogRow, event_log_pdf};
pub use letter::{LetterPaper, letter_pdf};
pub use manual::manual_pdf;
pub use report::{ChartBar, ReportChart, ReportColumn, ReportPaper, ReportSection, report_pdf};
pub use transcript::transcript_pdf;
use values::Extent;
pub use values::{ExhibitValues, PackageValues, TotalValues, totals};

/// What the papers of a package are made from.
#[derive(Clone, Copy, Debug)]
pub struct PapersInput<'a> {
    /// The package, with all its files except the papers.
    pub manifest: &'a PackageManifest,
    /// The papers to make.
    pub documents: &'a [Document],
    /// What the exemption letter says before its list; the template's words without it.
    pub statement: Option<&'a str>,
    /// The agency: letterhead, templates, appeals.
    pub office: &'a Office,
    /// The date of the letters; without it, the date on which the newest release was made (UTC).
    pub dated: Option<Date>,
    /// Letters that a person edited, by the name of their template; the others are filled in.
    pub edited: &'a [Letter],
}

/// A paper of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperFile {
    /// Its path in the package.
    pub name: &'static str,
    /// What it is.
    pub document: Document,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl PaperFile {
    /// Its entry in the package manifest.
    #[must_use]
    pub fn file(&self) -> PackageFile {
        PackageFile {
            path: self.name.to_owned(),
            role: self.document.role(),
            exhibit: None,
            part: None,
            bytes: self.bytes.len() as u64,
            sha256: Hex(digest_bytes(&self.bytes)),
        }
    }
}

/// Papers in the order in which they are made: the index lists the others.
const ORDER: [Document; 5] = [
    Document::CoverLetter,
    Document::ExemptionLetter,
    Document::Instructions,
    Document::IndexHtml,
    Document::IndexPdf,
];

/// The path of a paper in a package.
#[must_use]
pub const fn paper_name(document: Document) -> &'static str {
    match document {
        Document::IndexHtml => "index.html",
        Document::IndexPdf => "index.pdf",
        Document::CoverLetter => "cover-letter.pdf",
        Document::ExemptionLetter => "exemption-letter.pdf",
        Document::Instructions => "viewing-instructions.txt",
    }
}

/// The name of the template of a paper; `None` for an index, which has none.
#[must_use]
pub const fn template_name(document: Document) -> Option<&'static str> {
    match document {
        Document::IndexHtml | Document::IndexPdf => None,
        Document::CoverLetter => Some("cover-letter"),
        Document::ExemptionLetter => Some("exemption-letter"),
        Document::Instructions => Some("viewing-instructions"),
    }
}

impl<'a> PapersInput<'a> {
    /// The letters with their values, for a person to edit, in the order of the package's papers.
    ///
    /// # Errors
    /// [`RecordError::Letter`] names the template and the line that cannot be filled in.
    pub fn letters(&self) -> Result<Vec<Letter>, RecordError> {
        let wanted = ORDER
            .into_iter()
            .filter(|document| self.documents.contains(document));
        let names = wanted.filter_map(template_name);
        names
            .map(|name| self.office.templates.fill(name, &self.values()))
            .collect()
    }

    /// The papers.
    ///
    /// # Errors
    /// [`RecordError::Letter`] names the template and the line that cannot be filled in;
    /// [`RecordError::Field`] for an edited letter that is not text; [`RecordError::Write`].
    pub fn make(&self) -> Result<Vec<PaperFile>, RecordError> {
        let fonts = Fonts::load();
        let mut manifest = self.manifest.clone();
        let mut papers = Vec::new();
        for document in ORDER
            .into_iter()
            .filter(|document| self.documents.contains(document))
        {
            let bytes = match document {
                Document::IndexHtml => index::html(&manifest, self.office)?.into_bytes(),
                Document::IndexPdf => index::pdf(&fonts, &manifest, self.office)?,
                Document::CoverLetter | Document::ExemptionLetter | Document::Instructions => {
                    self.letter_bytes(&fonts, document)?
                }
            };
            let paper = PaperFile {
                name: paper_name(document),
                document,
                bytes,
            };
            // Each index lists the letters, but neither lists an index: they cannot contain their
            // own digests, and so both can have the same list.
            if template_name(document).is_some() {
                manifest.add_file(paper.file());
            }
            papers.push(paper);
        }
        Ok(papers)
    }

    fn letter_bytes(&self, fonts: &Fonts, document: Document) -> Result<Vec<u8>, RecordError> {
        let name = template_name(document).unwrap_or_default();
        let edited = self.edited.iter().find(|letter| letter.name == name);
        let letter = match edited {
            Some(letter) => letter.clone(),
            None => self.office.templates.fill(name, &self.values())?,
        };
        letter.check()?;
        match document {
            Document::Instructions => Ok(text::plain_text(&letter).into_bytes()),
            _ => {
                let values = self.values();
                let paper = LetterPaper {
                    office: self.office,
                    agency: values.agency(),
                    request_number: values.request_number(),
                    program: &self.manifest.program,
                    made_at: self.manifest.created.0,
                };
                paper.pdf(fonts, &letter)
            }
        }
    }

    /// The values that templates can use.
    #[must_use]
    pub fn values(&self) -> PackageValues<'a> {
        let extent = Extent {
            documents: self.documents,
            statement: self.statement,
            dated: self.dated.unwrap_or_else(|| self.newest()),
        };
        PackageValues::new(self.manifest, self.office, &extent)
    }

    /// The day on which the newest release was made.
    fn newest(&self) -> Date {
        let nanos = i128::from(self.manifest.created.0.0);
        let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos);
        moment.map_or(OffsetDateTime::UNIX_EPOCH.date(), OffsetDateTime::date)
    }
}
