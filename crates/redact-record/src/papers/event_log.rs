//! Entries of the event log as PDF.

use redact_core::UtcNanos;

use super::flow::{Cell, Column, Flow, plain};
use crate::RecordError;
use crate::paper::{INK, LINE, SOFT, Type};
use crate::pdf::{self, About, Fonts, LETTER, Style};

/// US Letter, landscape.
const PAGE: [f32; 2] = [LETTER[1], LETTER[0]];
const MARGIN: f32 = 42.0;

/// Title and width in points of each column, with the gutter to its right.
const COLUMNS: [(&str, f32); 5] = [
    ("Number", 46.0),
    ("Time", 116.0),
    ("Person", 112.0),
    ("What", 100.0),
    ("Details", 334.0),
];

/// Entries of the event log to print.
#[derive(Clone, Copy, Debug)]
pub struct EventLogPaper<'a> {
    /// What the list is, one line each: how it was chosen, whether the log is intact, who made it.
    pub facts: &'a [String],
    /// The entries, in the order of the list.
    pub rows: &'a [EventLogRow],
    /// The program that made it, with its version.
    pub program: &'a str,
    /// When it was made.
    pub made_at: UtcNanos,
}

/// One entry as people read it.
#[derive(Clone, Debug, Default)]
pub struct EventLogRow {
    /// Its number in the log.
    pub number: String,
    /// In UTC.
    pub time: String,
    /// In the agency's time zone; may be empty.
    pub local_time: String,
    /// Who acted.
    pub person: String,
    /// What was done, and how it ended.
    pub what: String,
    /// What it was about, and what changed; one line each.
    pub details: Vec<String>,
    /// The program and the machine that wrote it.
    pub written_by: String,
}

/// The title of the document.
const TITLE: &str = "Event log";

/// Entries of the event log as a PDF (US Letter, landscape). The same input gives the same bytes.
///
/// # Errors
/// [`RecordError::Write`] if the document cannot be produced.
pub fn event_log_pdf(paper: &EventLogPaper<'_>) -> Result<Vec<u8>, RecordError> {
    let fonts = Fonts::load();
    let mut flow = Flow::new(&fonts, PAGE, MARGIN);
    flow.heading(1, Type::new(Style::Bold, 18.0, INK), &plain(TITLE));
    flow.gap(4.0);
    for fact in paper.facts {
        flow.paragraph(text(), &plain(&crate::visible(fact)));
    }
    flow.gap(6.0);
    flow.rule(0.8, LINE);
    flow.gap(6.0);
    let columns = COLUMNS.map(|(title, width)| Column {
        title: title.to_owned(),
        width,
        right: false,
    });
    let rows: Vec<Vec<Cell>> = paper.rows.iter().map(row).collect();
    if rows.is_empty() {
        flow.paragraph(text(), &plain("No entry matches."));
    } else {
        flow.table(text(), &columns, &rows);
    }
    let about = About {
        title: TITLE,
        producer: paper.program,
        made_at: paper.made_at,
    };
    pdf::write(&fonts, &about, &flow.finish(TITLE))
}

fn text() -> Type {
    Type::new(Style::Regular, 8.6, INK)
}

fn row(row: &EventLogRow) -> Vec<Cell> {
    let bold = Type::new(Style::Bold, 8.6, INK);
    let soft = Type::new(Style::Regular, 7.6, SOFT);
    let line = |kind, words: &str| (kind, plain(&crate::visible(words)));
    let mut time = vec![line(text(), &row.time)];
    if !row.local_time.is_empty() {
        time.push(line(soft, &row.local_time));
    }
    let mut details: Cell = row
        .details
        .iter()
        .map(|words| line(text(), words))
        .collect();
    details.push(line(soft, &row.written_by));
    vec![
        vec![line(text(), &row.number)],
        time,
        vec![line(text(), &row.person)],
        vec![line(bold, &row.what)],
        details,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(rows: &[EventLogRow]) -> Vec<u8> {
        let facts = ["Entries: 1 to 3".to_owned()];
        event_log_pdf(&EventLogPaper {
            facts: &facts,
            rows,
            program: "redact 1.0",
            made_at: UtcNanos(1_790_000_000_000_000_000),
        })
        .unwrap()
    }

    /// Goal: the columns fill the page, any number of entries is printed, and the same entries give
    /// the same bytes, so that a signature can be made and checked.
    #[test]
    fn entries_are_printed_on_as_many_pages_as_needed() {
        let width: f32 = COLUMNS.iter().map(|(_, width)| width).sum();
        assert!((width - (PAGE[0] - 2.0 * MARGIN)).abs() < 0.1, "{width}");
        let row = |number: u32| EventLogRow {
            number: number.to_string(),
            time: "2026-09-21 14:13:20 UTC".into(),
            person: "Ada Okafor".into(),
            what: "request: done".into(),
            details: vec!["due_on: 2026-09-30 -> 2026-12-24".into()],
            ..EventLogRow::default()
        };
        let rows: Vec<EventLogRow> = (1..=300).map(row).collect();
        let bytes = paper(&rows);
        assert!(bytes.starts_with(b"%PDF-1.7"));
        assert_eq!(bytes, paper(&rows));
        assert!(bytes.len() > paper(&rows[..1]).len());
        assert!(paper(&[]).starts_with(b"%PDF-1.7"));
        // To look at it.
        if let Some(root) = std::env::var_os("REDACT_PAPERS") {
            std::fs::write(std::path::Path::new(&root).join("event-log.pdf"), bytes).unwrap();
        }
    }
}
