//! What letters about a request may say. `letters/README.md` describes the values.

use redact_record::appeals::Appeal;
use redact_record::office::{Office, Signatory};
use redact_record::papers::{ExhibitValues, TotalValues};
use serde::Serialize;

/// The values of a letter's template.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterValues<'a> {
    pub(crate) agency: LetterAgency<'a>,
    pub(crate) signatory: Option<&'a Signatory>,
    pub(crate) date: String,
    pub(crate) request: LetterRequest,
    pub(crate) law: Option<LetterLaw>,
    pub(crate) answer: Option<LetterDeadline>,
    pub(crate) acknowledgement: Option<LetterDeadline>,
    pub(crate) extension: Option<LetterExtension>,
    pub(crate) fee: Option<LetterFee>,
    pub(crate) invoice: Option<LetterInvoice>,
    pub(crate) releases: Vec<ExhibitValues<'a>>,
    pub(crate) totals: Vec<TotalValues<'a>>,
    pub(crate) decision: Option<String>,
    pub(crate) appeals: Vec<&'a Appeal>,
    pub(crate) paragraphs: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterAgency<'a> {
    name: Option<&'a str>,
    address: &'a [String],
    contact: &'a [String],
}

impl<'a> LetterAgency<'a> {
    pub(crate) fn of(office: &'a Office) -> Self {
        let head = &office.letterhead;
        Self {
            name: head.agency.as_deref(),
            address: &head.address,
            contact: &head.contact,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterRequest {
    pub(crate) number: String,
    pub(crate) requester: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) received: String,
    pub(crate) recordings: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterLaw {
    pub(crate) title: String,
}

/// A deadline; without a law's number of days `on` may be a target of the office.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterDeadline {
    pub(crate) on: Option<String>,
    pub(crate) statute: Option<String>,
    pub(crate) text: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterExtension {
    pub(crate) span: String,
    pub(crate) reason: String,
    pub(crate) before: Option<String>,
    pub(crate) on: Option<String>,
    pub(crate) statute: Option<String>,
    pub(crate) text: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterFee {
    pub(crate) total: String,
    pub(crate) is_zero: bool,
    pub(crate) exempt: bool,
    pub(crate) prepay: bool,
    pub(crate) tolerance_percent: Option<u16>,
    pub(crate) tolerance_includes: bool,
    pub(crate) lines: Vec<LetterLine>,
    pub(crate) statute: String,
    pub(crate) text: String,
}

/// A line of an estimate or an invoice.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterLine {
    pub(crate) what: String,
    pub(crate) basis: String,
    pub(crate) statute: String,
    pub(crate) amount: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetterInvoice {
    pub(crate) number: String,
    pub(crate) corrects: Option<String>,
    pub(crate) why: String,
    pub(crate) lines: Vec<LetterLine>,
    pub(crate) total: String,
    pub(crate) paid: Option<String>,
    pub(crate) balance: String,
    pub(crate) balance_name: &'static str,
    pub(crate) text: String,
    pub(crate) estimate: Option<String>,
    pub(crate) estimated_on: Option<String>,
    pub(crate) difference: Option<u64>,
    pub(crate) direction: &'static str,
}

/// The paragraphs of a text, which an empty line separates.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for line in text.lines().map(str::trim) {
        let Some(last) = found.last_mut() else {
            continue;
        };
        match (line.is_empty(), last.is_empty()) {
            (true, false) => found.push(String::new()),
            (true, true) => {}
            (false, true) => last.push_str(line),
            (false, false) => *last = format!("{last} {line}"),
        }
    }
    found.retain(|paragraph| !paragraph.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_separates_paragraphs() {
        let text = "  one\ntwo  \n\n\n \nthree\n";
        assert_eq!(paragraphs(text), ["one two", "three"]);
        assert!(paragraphs(" \n\n").is_empty());
    }
}
