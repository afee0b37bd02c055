//! Tables that continue on the next page.

use super::wrap::{Line, line_marks, wrap};
use super::{Flow, GUTTER};
use crate::letters::Span;
use crate::paper::{INK, LINE, SOFT, Type};
use crate::pdf::{Fonts, Node, Role, Style};

/// A column of a table.
#[derive(Clone)]
pub(in crate::papers) struct Column {
    pub(in crate::papers) title: String,
    /// With the gutter to its right, in points.
    pub(in crate::papers) width: f32,
    /// Whether its text ends at the right, as numbers do.
    pub(in crate::papers) right: bool,
}

impl Column {
    /// Where a line of that width begins in a column that begins at `x`.
    fn start(&self, x: f32, wide: f32) -> f32 {
        match self.right {
            true => x + (self.width - GUTTER - wide).max(0.0),
            false => x,
        }
    }
}

/// The paragraphs of a cell.
pub(in crate::papers) type Cell = Vec<(Type, Vec<Span>)>;

impl Flow<'_> {
    pub(super) fn letter_table(
        &mut self,
        kind: Type,
        (header, right): (&[Vec<Span>], &[bool]),
        rows: &[Vec<Vec<Span>>],
    ) {
        let mut columns = self.columns(kind, header, rows);
        for (column, right) in columns.iter_mut().zip(right) {
            column.right = *right;
        }
        let small = Type::new(kind.style, kind.size * 0.92, kind.ink);
        let rows = rows.iter().map(|row| {
            let cells = row.iter().map(|cell| vec![(small, cell.clone())]);
            cells.collect::<Vec<Cell>>()
        });
        self.table(small, &columns, &rows.collect::<Vec<_>>());
    }

    /// Columns as wide as their text, or in that proportion where it is too wide.
    fn columns(&self, kind: Type, header: &[Vec<Span>], rows: &[Vec<Vec<Span>>]) -> Vec<Column> {
        let words = |spans: &[Span]| {
            spans
                .iter()
                .map(|span| span.text.as_str())
                .collect::<String>()
        };
        let natural = |at: usize, title: &[Span]| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(Vec::as_slice);
            let widths = cells
                .chain([title])
                .map(|cell| self.fonts.width(Style::Bold, kind.size, &words(cell)));
            widths.fold(24.0, f32::max).min(self.width()) + GUTTER
        };
        let wanted: Vec<f32> = header
            .iter()
            .enumerate()
            .map(|(at, title)| natural(at, title))
            .collect();
        let sum: f32 = wanted.iter().sum();
        // Half of the room is shared evenly, so that a long text does not squeeze a short one.
        let share = self.width() / f32::from(u16::try_from(wanted.len().max(1)).unwrap_or(1));
        let fits = sum <= self.width();
        let width = |wanted: f32| match fits {
            true => wanted,
            false => (wanted.min(share) + wanted / sum * self.width()) / 2.0,
        };
        let widths: Vec<f32> = wanted.into_iter().map(width).collect();
        let scale = (self.width() / widths.iter().sum::<f32>().max(1.0)).min(1.4);
        let scale = if fits {
            scale.max(1.0)
        } else {
            self.width() / widths.iter().sum::<f32>()
        };
        let columns = header.iter().zip(widths).map(|(title, width)| Column {
            title: words(title),
            width: width * scale,
            right: false,
        });
        columns.collect()
    }

    /// A table. Its header is repeated on every page; a row that does not fit on a page goes on on
    /// the next one.
    pub(in crate::papers) fn table(&mut self, head: Type, columns: &[Column], rows: &[Vec<Cell>]) {
        let columns = &to_the_edge(columns)[..];
        let mut table = Vec::new();
        let header_height = head.lead + 6.0;
        for row in rows {
            let mut cells: Vec<Vec<(Type, Line)>> = columns
                .iter()
                .enumerate()
                .map(|(at, column)| self.cell_lines(row.get(at), column.width - GUTTER))
                .collect();
            let whole = cells
                .iter()
                .map(|lines| lines_height(lines))
                .fold(0.0, f32::max)
                + 6.0;
            let page = self.end() - self.margin - header_height;
            let head_here = if table.is_empty() { header_height } else { 0.0 };
            // A tall row is split, rather than leaving most of a page empty.
            let least = if whole > page * 0.4 { 60.0 } else { whole };
            if self.y + head_here + least > self.end() {
                self.end_table(&mut table);
                self.next_page();
            }
            while cells.iter().any(|lines| !lines.is_empty()) {
                if table.is_empty() {
                    table.push(self.table_header(head, columns));
                }
                let room = self.end() - self.y - 6.0;
                table.push(self.table_row(columns, &mut cells, room));
                if cells.iter().any(|lines| !lines.is_empty()) {
                    self.end_table(&mut table);
                    self.next_page();
                }
            }
        }
        self.end_table(&mut table);
    }

    fn end_table(&mut self, table: &mut Vec<Node>) {
        if !table.is_empty() {
            self.push(Node::group(Role::Table, std::mem::take(table)));
        }
    }

    fn table_header(&mut self, head: Type, columns: &[Column]) -> Node {
        let kind = Type::new(Style::Bold, head.size, INK);
        self.y += kind.lead;
        let mut x = self.margin;
        let mut cells = Vec::new();
        for column in columns {
            let line = vec![(Style::Bold, column.title.clone())];
            let start = column.start(x, width_of(self.fonts, kind, &line));
            cells.push(Node::leaf(
                Role::HeaderCell,
                line_marks(self.fonts, [start, self.y], kind, &line),
            ));
            x += column.width;
        }
        self.y += 4.0;
        self.rule(0.8, SOFT);
        self.y += 1.2;
        Node::group(Role::Row, cells)
    }

    /// The lines of a cell with their types.
    fn cell_lines(&self, cell: Option<&Cell>, width: f32) -> Vec<(Type, Line)> {
        let paragraphs = cell.map_or(&[][..], Vec::as_slice).iter();
        paragraphs
            .flat_map(|(kind, text)| {
                let lines = wrap(self.fonts, *kind, text, width).into_iter();
                lines.map(|line| (*kind, line)).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Draws as many lines of each cell as fit into `room`, at least one, and removes them.
    fn table_row(
        &mut self,
        columns: &[Column],
        cells: &mut [Vec<(Type, Line)>],
        room: f32,
    ) -> Node {
        let (top, mut bottom, mut x) = (self.y, self.y, self.margin);
        let mut drawn = Vec::new();
        for (column, lines) in columns.iter().zip(cells) {
            let mut y = top;
            let mut marks = Vec::new();
            let mut count = 0;
            for (kind, line) in lines.iter() {
                if count > 0 && y + kind.lead - top > room {
                    break;
                }
                y += kind.lead;
                count += 1;
                let start = column.start(x, width_of(self.fonts, *kind, line));
                marks.extend(line_marks(self.fonts, [start, y], *kind, line));
            }
            lines.drain(..count);
            bottom = bottom.max(y);
            drawn.push(Node::leaf(Role::Cell, marks));
            x += column.width;
        }
        self.y = bottom + 4.0;
        self.rule(0.5, LINE);
        self.y += 1.5;
        Node::group(Role::Row, drawn)
    }
}

/// The columns, of which the last one, if its text ends at the right, has no gutter.
fn to_the_edge(columns: &[Column]) -> Vec<Column> {
    let mut columns = columns.to_vec();
    if let Some(last) = columns.last_mut().filter(|last| last.right) {
        last.width += GUTTER;
    }
    columns
}

fn width_of(fonts: &Fonts, kind: Type, line: &Line) -> f32 {
    let pieces = line.iter();
    pieces
        .map(|(style, text)| fonts.width(*style, kind.size, text))
        .sum()
}

fn lines_height(lines: &[(Type, Line)]) -> f32 {
    lines.iter().map(|(kind, _)| kind.lead).sum()
}
