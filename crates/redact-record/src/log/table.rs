//! The redaction log as a spreadsheet and as a PDF, with the same rows as the HTML page.

use redact_core::Digest;

use super::cell::no_formula;
use super::format::{clock, created};
use super::rows::{GroupRow, ItemRow, check_groups, grouped, items, speech_facts, statute_totals};
use super::timeline::timeline;
use crate::RecordError;
use crate::manifest::PublicManifest;
use crate::paper::{INK, LINE, MARGIN, Paper, SOFT, Type, clipped, text};
use crate::pdf::{self, About, Fonts, LETTER, Mark, Node, Role, Sheet, Style};

/// US Letter, landscape.
const PAGE: [f32; 2] = [LETTER[1], LETTER[0]];
const WIDTH: f32 = PAGE[0] - 2.0 * MARGIN;
/// Where rows end and the footer begins.
const END: f32 = PAGE[1] - 44.0;

/// A position below the start of a page without a header: anything further down is content.
const FRESH: f32 = MARGIN + 20.0;

/// Maximum characters of a text, so that every row fits on a page. The other formats have the
/// whole text.
const TEXT_MAX: usize = 500;

/// Title and width in points of each column; the widths add up to [`WIDTH`].
const COLUMNS: [(&str, f32); 6] = [
    ("Item", 34.0),
    ("Medium", 50.0),
    ("Time", 104.0),
    ("Withheld", 150.0),
    ("What was done", 160.0),
    ("Reason", 210.0),
];

/// The redaction log as comma-separated values for spreadsheets (RFC 4180, UTF-8 with a BOM).
///
/// A cell that a spreadsheet would interpret as a formula begins with an apostrophe.
///
/// # Errors
/// [`RecordError::Log`] if the table cannot be produced.
pub fn csv(manifest: &PublicManifest) -> Result<Vec<u8>, RecordError> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let failed = |source: csv::Error| RecordError::Log {
        source: Box::new(source),
    };
    writer
        .write_record([
            "item",
            "medium",
            "start_seconds",
            "time",
            "frames",
            "class",
            "withheld",
            "what_was_done",
            "origin",
            "reason_code",
            "statute",
            "reason",
        ])
        .map_err(failed)?;
    for row in items(manifest) {
        let cells = [
            row.item.to_string(),
            row.medium.to_owned(),
            row.start.to_string(),
            row.time,
            row.frames,
            row.class,
            row.description.to_owned(),
            row.done,
            row.found,
            row.code.to_owned(),
            row.statute.to_owned(),
            row.text.to_owned(),
        ];
        writer.write_record(cells.map(no_formula)).map_err(failed)?;
    }
    writer.into_inner().map_err(|refused| RecordError::Log {
        source: refused.to_string().into(),
    })
}

/// The redaction log as a PDF (US Letter, landscape): totals, timeline and rows.
///
/// # Errors
/// [`RecordError::Write`] if the document cannot be produced.
pub fn pdf(manifest: &PublicManifest, manifest_digest: Digest) -> Result<Vec<u8>, RecordError> {
    let fonts = Fonts::load();
    let rows = items(manifest);
    let mut paper = Paper::new(&fonts, WIDTH);
    head(&mut paper, manifest, manifest_digest, &rows);
    let rows = grouped(rows);
    paper.timeline(&timeline(manifest));
    paper.heading("Withheld items");
    let sheets = sheets(paper, &rows, manifest);
    let producer = format!("{} {}", manifest.tool.name, manifest.tool.version);
    let about = About {
        title: "Redaction log",
        producer: &producer,
        made_at: manifest.created.0,
    };
    pdf::write(&fonts, &about, &sheets)
}

fn head(paper: &mut Paper<'_>, manifest: &PublicManifest, digest: Digest, rows: &[ItemRow<'_>]) {
    let count = rows.len();
    let title = paper.lines(
        MARGIN,
        WIDTH,
        Type::new(Style::Bold, 18.0, INK),
        "Redaction log",
    );
    paper.nodes.push(Node::leaf(Role::Heading(1), title));
    paper.y += 3.0;
    let totals = &manifest.totals;
    let terms = &manifest.terms;
    let mut facts: Vec<String> = Vec::new();
    for (name, fact) in [
        ("Agency", &terms.agency),
        ("Request", &terms.request_number),
        ("Recording", &terms.recording),
    ] {
        if let Some(fact) = fact {
            facts.push(format!("{name}: {fact}"));
        }
    }
    let policy = [Some(&manifest.policy.name), terms.jurisdiction.as_ref()];
    let policy: Vec<&str> = policy.into_iter().flatten().map(String::as_str).collect();
    facts.push(format!("Policy: {}", policy.join(", ")));
    facts.extend([
        format!("Released file: SHA-256 {}", manifest.release.sha256.0),
        format!("Source: SHA-256 {}", manifest.source.sha256.0),
        format!("Manifest: SHA-256 {digest}, created {}", created(manifest)),
        format!(
            "Items withheld: {count}. {} of {} frames have a hidden area; {:.2}% of the picture is \
             not hidden.",
            totals.frames_masked, totals.frames, totals.picture_untouched_percent
        ),
    ]);
    for total in statute_totals(rows) {
        let ending = if total.items == 1 { "" } else { "s" };
        facts.push(format!("{}: {} item{ending}", total.statute, total.items));
    }
    for sound in &totals.sound {
        facts.push(format!(
            "Sound track {}: {} of {} muted.",
            sound.0.track + 1,
            clock(sound.0.muted_seconds),
            clock(sound.0.seconds)
        ));
    }
    for (title, fact) in speech_facts(manifest) {
        facts.push(format!("{title}: {fact}"));
    }
    for fact in facts {
        let marks = paper.lines(MARGIN, WIDTH, Type::new(Style::Regular, 8.5, INK), &fact);
        paper.nodes.push(Node::leaf(Role::Paragraph, marks));
    }
}

/// The pages during layout: the open page, and those that are complete.
struct Pages<'a> {
    paper: Paper<'a>,
    /// Rows of the table on the open page.
    table: Vec<Node>,
    full: Vec<(Paper<'a>, Vec<Node>)>,
}

impl<'a> Pages<'a> {
    /// Starts a new page if `height` points do not fit on the open one.
    fn make_room(&mut self, height: f32) {
        if self.paper.y + height > END && self.paper.y > FRESH {
            let fonts = self.paper.fonts;
            let open = std::mem::replace(&mut self.paper, Paper::new(fonts, WIDTH));
            let table = std::mem::take(&mut self.table);
            self.full.push((open, table));
        }
    }

    fn row(&mut self, row: &GroupRow<'_>) {
        let cells = cells(self.paper.fonts, row);
        let height = cells.iter().map(|cell| cell.height).fold(0.0, f32::max) + 6.0;
        self.make_room(height);
        if self.table.is_empty() {
            self.table.push(header(&mut self.paper));
        }
        self.table.push(place(&mut self.paper, cells, height));
    }

    /// Ends the table; further content follows below it.
    fn end_table(&mut self) {
        if !self.table.is_empty() {
            let table = std::mem::take(&mut self.table);
            self.paper.nodes.push(Node::group(Role::Table, table));
        }
    }

    fn heading(&mut self, title: &str) {
        // Avoids a heading at the bottom of a page without content.
        self.make_room(48.0);
        self.paper.heading(title);
    }

    fn paragraph(&mut self, kind: Type, words: &str) {
        let words = clipped(words, TEXT_MAX);
        let fonts = self.paper.fonts;
        let lines = fonts.wrap(kind.style, kind.size, &words, WIDTH, 0.0).len();
        #[expect(clippy::cast_precision_loss, reason = "a text has few lines")]
        let height = lines as f32 * kind.lead;
        self.make_room(height);
        let marks = self.paper.lines(MARGIN, WIDTH, kind, &words);
        self.paper.nodes.push(Node::leaf(Role::Paragraph, marks));
    }

    fn finish(mut self) -> Vec<Sheet> {
        self.full.push((self.paper, self.table));
        let count = self.full.len();
        let numbered = (1..).zip(self.full);
        numbered
            .map(|(number, (paper, table))| close(paper, table, (number, count)))
            .collect()
    }
}

/// Lays out the rows and the sections after them, below the content of `paper` and on as many pages
/// as needed.
fn sheets(paper: Paper<'_>, rows: &[GroupRow<'_>], manifest: &PublicManifest) -> Vec<Sheet> {
    let mut pages = Pages {
        paper,
        table: Vec::new(),
        full: Vec::new(),
    };
    for row in rows {
        pages.row(row);
    }
    pages.end_table();
    let plain = Type::new(Style::Regular, 8.5, INK);
    if rows.is_empty() {
        pages.paragraph(plain, "Nothing was withheld.");
    }
    not_withheld(&mut pages, manifest);
    pages.heading("Checks of the finished file");
    for group in check_groups(manifest) {
        pages.paragraph(Type::new(Style::Bold, 8.5, INK), group.title);
        for check in group.checks {
            let word = if check.passed { "passed" } else { "FAILED" };
            let line = format!("{word}: {}. {}", check.name, check.evidence);
            pages.paragraph(Type::new(Style::Regular, 7.6, INK), &line);
        }
    }
    pages.finish()
}

fn not_withheld(pages: &mut Pages<'_>, manifest: &PublicManifest) {
    let lines = super::rows::not_withheld(manifest);
    if lines.is_empty() {
        return;
    }
    let plain = Type::new(Style::Regular, 8.5, INK);
    pages.heading("Not withheld");
    for line in lines {
        pages.paragraph(plain, &line);
    }
}

fn close(mut paper: Paper<'_>, table: Vec<Node>, (number, count): (usize, usize)) -> Sheet {
    if !table.is_empty() {
        paper.nodes.push(Node::group(Role::Table, table));
    }
    paper.y = PAGE[1] - 38.0;
    let foot = format!(
        "Page {number} of {count}. The reasons are those of the agency's policy. This document is not legal \
         advice."
    );
    let marks = paper.lines(MARGIN, WIDTH, Type::new(Style::Regular, 7.2, SOFT), &foot);
    paper.nodes.push(Node::leaf(Role::Decoration, marks));
    Sheet {
        size: PAGE,
        nodes: paper.nodes,
    }
}

fn header(paper: &mut Paper<'_>) -> Node {
    let base = paper.y + 11.0;
    let mut x = MARGIN;
    let mut cells = Vec::new();
    for (title, width) in COLUMNS {
        let mark = text([x, base], Style::Bold, 8.5, INK, title);
        cells.push(Node::leaf(Role::HeaderCell, vec![mark]));
        x += width;
    }
    paper.y += 15.0;
    paper.decorate([MARGIN, paper.y], [WIDTH, 0.8], INK);
    paper.y += 2.0;
    Node::group(Role::Row, cells)
}

/// The text of one cell, relative to its top-left corner.
struct Cell {
    marks: Vec<Mark>,
    height: f32,
}

fn cells(fonts: &Fonts, group: &GroupRow<'_>) -> Vec<Cell> {
    let row = &group.first;
    let strong = (Style::Bold, 8.0, INK);
    let plain = (Style::Regular, 8.0, INK);
    let soft = (Style::Regular, 7.2, SOFT);
    let times: Vec<(_, &str)> = group
        .times
        .iter()
        .flat_map(|(time, frames)| [(plain, time.as_str()), (soft, frames.as_str())])
        .collect();
    let class = format!("class: {}", row.class);
    let contents: [Vec<(_, &str)>; 6] = [
        vec![(strong, &group.items)],
        vec![(plain, row.medium)],
        times,
        vec![(plain, row.description), (soft, &class)],
        vec![(plain, &row.done), (soft, &group.found)],
        vec![(strong, row.statute), (plain, row.text), (soft, row.code)],
    ];
    let columns = contents.into_iter().zip(COLUMNS);
    columns
        .map(|(parts, (_, width))| {
            let mut marks = Vec::new();
            let mut y = 0.0;
            for ((style, size, ink), words) in parts {
                for line in fonts.wrap(style, size, &clipped(words, TEXT_MAX), width - 10.0, 0.0) {
                    if !line.is_empty() {
                        y += size * 1.28;
                        marks.push(text([0.0, y], style, size, ink, &line));
                    }
                }
            }
            Cell { marks, height: y }
        })
        .collect()
}

fn place(paper: &mut Paper<'_>, cells: Vec<Cell>, height: f32) -> Node {
    let mut x = MARGIN;
    let mut placed = Vec::new();
    for (cell, (_, width)) in cells.into_iter().zip(COLUMNS) {
        let moved = cell.marks.into_iter().map(|mark| mark.moved([x, paper.y]));
        placed.push(Node::leaf(Role::Cell, moved.collect()));
        x += width;
    }
    paper.y += height;
    paper.decorate([MARGIN, paper.y - 2.0], [WIDTH, 0.5], LINE);
    Node::group(Role::Row, placed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Made;

    fn manifest() -> PublicManifest {
        Made::new().build().public
    }

    #[test]
    fn the_spreadsheet_has_the_rows_of_the_page() {
        let manifest = manifest();
        let bytes = csv(&manifest).unwrap();
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap();
        let mut reader = csv::Reader::from_reader(bytes);
        let read: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let rows = items(&manifest);
        assert!(!rows.is_empty());
        assert_eq!(read.len(), rows.len());
        for (read, row) in read.iter().zip(&rows) {
            assert_eq!(&read[0], row.item.to_string());
            assert_eq!(&read[10], row.statute);
        }
    }

    /// Goal: every item is in the document, on as many pages as needed.
    #[test]
    fn a_long_log_spans_pages() {
        let mut manifest = manifest();
        let one = manifest.masks[0].clone();
        manifest.masks = (1..=100)
            .map(|item| {
                let mut mask = one.clone();
                mask.item = item;
                mask
            })
            .collect();
        for (mask, item) in manifest.masks.iter_mut().zip(1..) {
            // No two are equal, so that each has a row.
            mask.description = format!("A face, {item}");
        }
        let rows = grouped(items(&manifest));
        assert!(rows.len() >= 100);
        let fonts = Fonts::load();
        let sheets = sheets(Paper::new(&fonts, WIDTH), &rows, &manifest);
        assert!(sheets.len() > 3);
        let pages = sheets.len();
        for (sheet, number) in sheets.iter().zip(1..) {
            let foot = format!("Page {number} of {pages}. ");
            let marks = sheet.nodes.iter().flat_map(|node| &node.marks);
            let mut texts = marks.filter_map(|mark| match mark {
                Mark::Text { text, .. } => Some(text),
                _ => None,
            });
            assert!(texts.any(|text| text.contains(&foot)), "{foot}");
        }
        let count: usize = sheets
            .iter()
            .flat_map(|sheet| &sheet.nodes)
            .filter(|node| node.role == Role::Table)
            .map(|table| table.children.len() - 1)
            .sum();
        assert_eq!(count, rows.len());
        let bytes = pdf(&manifest, Digest([0; 32])).unwrap();
        assert!(bytes.starts_with(b"%PDF-1.7"));
    }

    /// Goal: equal items are one row with all of their numbers and times; others are not.
    #[test]
    fn equal_items_are_one_row() {
        let mut manifest = manifest();
        let one = manifest.masks[0].clone();
        manifest.mutes.clear();
        manifest.removed.clear();
        manifest.masks = (1..=14)
            .map(|item| {
                let mut mask = one.clone();
                mask.item = item;
                if item == 3 {
                    mask.description = "Something else".into();
                }
                mask
            })
            .collect();
        let rows = grouped(items(&manifest));
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.items.as_str(), row.times.len()))
            .collect();
        assert_eq!(shown, [("1, 2, 4 to 13", 12), ("3", 1), ("14", 1)]);
        let all = items(&manifest);
        let totals = statute_totals(&all);
        assert_eq!(totals.len(), 1);
        assert_eq!((totals[0].statute, totals[0].items), (all[0].statute, 14));
    }

    /// Goal: the PDF has the sections of the HTML page after the items: not withheld, and checks.
    #[test]
    fn what_is_not_withheld_and_what_was_checked_is_in_the_document() {
        let manifest = manifest();
        assert!(!manifest.kept.is_empty() && !manifest.unexamined.is_empty());
        let fonts = Fonts::load();
        let rows = grouped(items(&manifest));
        let sheets = sheets(Paper::new(&fonts, WIDTH), &rows, &manifest);
        let mut words = String::new();
        for mark in sheets
            .iter()
            .flat_map(|sheet| &sheet.nodes)
            .flat_map(|node| &node.marks)
        {
            if let Mark::Text { text, .. } = mark {
                words.push_str(text);
                words.push(' ');
            }
        }
        for wanted in [
            "Not withheld",
            "Found and left visible: 1 track of class screen.",
            "No model ran for class plate",
            "Checks of the finished file",
            "passed: masks. 12 frames, 20 rectangles",
            "worst second 38.1 dB",
        ] {
            assert!(words.contains(wanted), "{wanted} in {words}");
        }
    }

    #[test]
    fn the_columns_fill_the_page() {
        let sum: f32 = COLUMNS.iter().map(|(_, width)| width).sum();
        assert!((sum - WIDTH).abs() < 0.1, "{sum} of {WIDTH}");
    }
}
