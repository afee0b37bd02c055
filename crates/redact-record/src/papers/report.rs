//! Tables and a chart as PDF, for reports that an office makes of its own records.

use redact_core::UtcNanos;

use super::flow::{Cell, Column, Flow, plain};
use crate::RecordError;
use crate::paper::{BAD, GOOD, INK, LINE, SOFT, Type};
use crate::pdf::{self, About, Fonts, Ink, LETTER, Mark, Node, Role, Style};

/// US Letter, landscape.
const PAGE: [f32; 2] = [LETTER[1], LETTER[0]];
const MARGIN: f32 = 42.0;
const GUTTER: f32 = 10.0;

/// The most bars of a chart; of more, the last ones are drawn.
const BARS_MAX: usize = 36;
/// Height of the highest bar, in points.
const BAR_HEIGHT: f32 = 110.0;
/// The colors of a bar's parts, from the bottom up.
const PARTS: [Ink; 3] = [GOOD, BAD, SOFT];

/// A report to print.
#[derive(Clone, Copy, Debug)]
pub struct ReportPaper<'a> {
    /// Its title.
    pub title: &'a str,
    /// What it is, one line each: period, filters, who made it.
    pub facts: &'a [String],
    /// Its parts.
    pub sections: &'a [ReportSection],
    /// The program that made it, with its version.
    pub program: &'a str,
    /// When it was made.
    pub made_at: UtcNanos,
}

/// A part of a report: a heading, a chart, a table, a note.
#[derive(Clone, Debug, Default)]
pub struct ReportSection {
    /// Its heading.
    pub title: String,
    /// A chart above the table.
    pub chart: Option<ReportChart>,
    /// The columns of its table.
    pub columns: Vec<ReportColumn>,
    /// The rows of its table, each with as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
    /// Whether the last row is the sum of the others.
    pub has_total: bool,
    /// What is printed instead of a table without rows.
    pub empty: String,
    /// A note below.
    pub note: String,
}

/// A column of a report's table.
#[derive(Clone, Debug)]
pub struct ReportColumn {
    /// Its title.
    pub title: String,
    /// Its width in proportion to the other columns.
    pub share: f32,
    /// Whether it has numbers, which end at the right.
    pub numeric: bool,
}

impl ReportColumn {
    /// A column of text.
    #[must_use]
    pub fn text(title: &str, share: f32) -> Self {
        Self {
            title: title.to_owned(),
            share,
            numeric: false,
        }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(title: &str, share: f32) -> Self {
        Self {
            numeric: true,
            ..Self::text(title, share)
        }
    }
}

/// Bars of counts.
#[derive(Clone, Debug, Default)]
pub struct ReportChart {
    /// What it shows, for readers who do not see it.
    pub description: String,
    /// What the parts of a bar are, from the bottom up.
    pub parts: [String; 3],
    /// The bars from left to right.
    pub bars: Vec<ChartBar>,
}

/// A bar of a chart.
#[derive(Clone, Debug, Default)]
pub struct ChartBar {
    /// What is written below it.
    pub label: String,
    /// The counts of its parts, from the bottom up.
    pub counts: [u64; 3],
}

/// A report as a PDF (US Letter, landscape). The same input gives the same bytes.
///
/// # Errors
/// [`RecordError::Write`] if the document cannot be produced.
pub fn report_pdf(paper: &ReportPaper<'_>) -> Result<Vec<u8>, RecordError> {
    let fonts = Fonts::load();
    let mut flow = Flow::new(&fonts, PAGE, MARGIN);
    flow.heading(1, Type::new(Style::Bold, 18.0, INK), &plain(paper.title));
    flow.gap(4.0);
    for fact in paper.facts {
        flow.paragraph(text(), &plain(&crate::visible(fact)));
    }
    for section in paper.sections {
        print_section(&mut flow, section);
    }
    let about = About {
        title: paper.title,
        producer: paper.program,
        made_at: paper.made_at,
    };
    pdf::write(&fonts, &about, &flow.finish(paper.title))
}

fn text() -> Type {
    Type::new(Style::Regular, 8.6, INK)
}

fn small() -> Type {
    Type::new(Style::Regular, 7.6, SOFT)
}

fn print_section(flow: &mut Flow<'_>, section: &ReportSection) {
    flow.gap(10.0);
    flow.heading(
        2,
        Type::new(Style::Bold, 11.0, INK),
        &plain(&crate::visible(&section.title)),
    );
    flow.gap(3.0);
    if let Some(chart) = section
        .chart
        .as_ref()
        .filter(|chart| !chart.bars.is_empty())
    {
        draw_chart(flow, chart);
    }
    if section.rows.is_empty() {
        flow.paragraph(text(), &plain(&section.empty));
    } else {
        let columns = columns(flow.width(), &section.columns);
        let last = section.rows.len() - 1;
        let rows = section.rows.iter().enumerate().map(|(at, row)| {
            let style = match section.has_total && at == last {
                true => Style::Bold,
                false => Style::Regular,
            };
            let kind = Type::new(style, 8.6, INK);
            let cell = |words: &String| vec![(kind, plain(&crate::visible(words)))];
            row.iter().map(cell).collect::<Vec<Cell>>()
        });
        flow.table(text(), &columns, &rows.collect::<Vec<_>>());
    }
    if !section.note.is_empty() {
        flow.gap(3.0);
        flow.paragraph(small(), &plain(&section.note));
    }
}

/// The columns over the whole width.
fn columns(width: f32, given: &[ReportColumn]) -> Vec<Column> {
    let sum: f32 = given.iter().map(|column| column.share).sum();
    let column = |column: &ReportColumn| Column {
        title: column.title.clone(),
        width: width * column.share / sum.max(f32::EPSILON),
        right: column.numeric,
    };
    given.iter().map(column).collect()
}

/// Draws a chart with its key above and its labels below.
fn draw_chart(flow: &mut Flow<'_>, chart: &ReportChart) {
    flow.make_room(BAR_HEIGHT + 56.0);
    let mut marks = key(flow, chart);
    let bars = &chart.bars[chart.bars.len().saturating_sub(BARS_MAX)..];
    let sum = |bar: &ChartBar| bar.counts.iter().sum::<u64>();
    let highest = bars.iter().map(sum).max().unwrap_or(0).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a few bars and their counts")]
    let (step, unit) = (
        (flow.width() / bars.len() as f32).min(64.0),
        BAR_HEIGHT / highest as f32,
    );
    let base = flow.y + 12.0 + BAR_HEIGHT;
    let mut x = MARGIN;
    for bar in bars {
        let wide = step - GUTTER.min(step * 0.3);
        let mut top = base;
        for (count, ink) in bar.counts.iter().zip(PARTS) {
            #[expect(clippy::cast_precision_loss, reason = "drawn to a fraction of a point")]
            let height = *count as f32 * unit;
            top -= height;
            let (at, size) = ([x, top], [wide, height]);
            marks.push(Mark::Bar { at, size, ink });
        }
        let total = sum(bar).to_string();
        marks.push(centered(flow.fonts, [x, top - 3.0], wide, &total));
        marks.push(centered(flow.fonts, [x, base + 10.0], wide, &bar.label));
        x += step;
    }
    let (at, size) = ([MARGIN, base], [x - MARGIN, 0.7]);
    marks.push(Mark::Bar {
        at,
        size,
        ink: LINE,
    });
    flow.y = base + 20.0;
    flow.push(Node::leaf(Role::Figure(chart.description.clone()), marks));
}

/// What the colors mean.
fn key(flow: &mut Flow<'_>, chart: &ReportChart) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut x = MARGIN;
    flow.y += 10.0;
    for (words, ink) in chart.parts.iter().zip(PARTS) {
        let (at, size) = ([x, flow.y - 6.5], [7.0, 7.0]);
        marks.push(Mark::Bar { at, size, ink });
        marks.push(line([x + 11.0, flow.y], words));
        x += 11.0 + flow.fonts.width(Style::Regular, small().size, words) + 18.0;
    }
    marks
}

fn line(at: [f32; 2], words: &str) -> Mark {
    crate::paper::text(at, Style::Regular, small().size, INK, words)
}

fn centered(fonts: &Fonts, [x, y]: [f32; 2], wide: f32, words: &str) -> Mark {
    let own = fonts.width(Style::Regular, small().size, words);
    line([x + (wide - own) / 2.0, y], words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(months: usize) -> Vec<u8> {
        let label = |at: usize| format!("{:04}-{:02}", 2020 + at / 12, at % 12 + 1);
        let bar = |at: usize| ChartBar {
            label: label(at),
            counts: [at as u64 % 7, at as u64 % 3, 1],
        };
        let row = |at: usize| vec![label(at), (at * 37).to_string()];
        let section = ReportSection {
            title: "Requests".into(),
            chart: Some(ReportChart {
                description: "Requests by month".into(),
                parts: ["On time".into(), "Late".into(), "Open".into()],
                bars: (0..months).map(bar).collect(),
            }),
            columns: vec![
                ReportColumn::text("Month", 2.0),
                ReportColumn::number("Received", 1.0),
            ],
            rows: (0..months).map(row).collect(),
            has_total: true,
            empty: "Nothing in this period.".into(),
            note: "Days are those of the agency.".into(),
        };
        report_pdf(&ReportPaper {
            title: "Statistics",
            facts: &["From January to May".to_owned()],
            sections: &[section],
            program: "redact 1.0",
            made_at: UtcNanos(1_790_000_000_000_000_000),
        })
        .unwrap()
    }

    /// Goal: any number of months is printed, also none, and the same report has the same bytes, so
    /// that a signature can be made and checked. Control: other figures are other bytes.
    #[test]
    fn a_report_of_any_length_is_printed() {
        for months in [0, 1, 12, 36, 400] {
            let bytes = report(months);
            assert!(bytes.starts_with(b"%PDF-1.7"), "{months}");
            assert_eq!(bytes, report(months));
        }
        assert_ne!(report(11), report(12));
        // To look at it.
        if let Some(root) = std::env::var_os("REDACT_PAPERS") {
            let path = std::path::Path::new(&root).join("report.pdf");
            std::fs::write(path, report(12)).unwrap();
        }
    }
}
