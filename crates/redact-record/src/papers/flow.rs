//! Text that fills pages from top to bottom: paragraphs, lists, tables that continue on the next
//! page.

mod table;
#[cfg(test)]
mod tests;
mod wrap;

use crate::letters::{Block, Span};
use crate::paper::{LINE, SOFT, Type};
use crate::pdf::{Fonts, Ink, Mark, Node, Role, Sheet, Style};

pub(super) use table::{Cell, Column};
use wrap::{Line, line_marks, wrap};

/// Space between the columns of a table, in points.
const GUTTER: f32 = 10.0;
/// Indent of a list, and of a list in it.
const INDENT: f32 = 16.0;
/// Room for the footer below the text.
const FOOT: f32 = 26.0;

/// Pages during layout.
pub(super) struct Flow<'a> {
    pub(super) fonts: &'a Fonts,
    page: [f32; 2],
    margin: f32,
    /// Bottom of what is filled.
    pub(super) y: f32,
    nodes: Vec<Node>,
    full: Vec<Vec<Node>>,
    /// Level, text and page, from 1, of each heading.
    pub(super) headings: Vec<(u16, String, usize)>,
}

/// Text of one weight.
pub(super) fn plain(text: &str) -> Vec<Span> {
    vec![Span {
        text: text.to_owned(),
        ..Span::default()
    }]
}

impl<'a> Flow<'a> {
    /// An empty page of these measures, in points.
    pub(super) fn new(fonts: &'a Fonts, page: [f32; 2], margin: f32) -> Self {
        Self {
            fonts,
            page,
            margin,
            y: margin,
            nodes: Vec::new(),
            full: Vec::new(),
            headings: Vec::new(),
        }
    }

    /// Width between the margins.
    pub(super) fn width(&self) -> f32 {
        self.page[0] - 2.0 * self.margin
    }

    fn end(&self) -> f32 {
        self.page[1] - self.margin - FOOT
    }

    /// Starts a page unless this one is empty.
    pub(super) fn next_page(&mut self) {
        if self.y > self.margin {
            self.full.push(std::mem::take(&mut self.nodes));
            self.y = self.margin;
        }
    }

    /// Starts a page if `height` does not fit on this one.
    pub(super) fn make_room(&mut self, height: f32) {
        if self.y + height > self.end() {
            self.next_page();
        }
    }

    /// Leaves room above what follows, except at the top of a page.
    pub(super) fn gap(&mut self, height: f32) {
        if self.y > self.margin {
            self.y += height;
        }
    }

    pub(super) fn push(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// A line across the page.
    pub(super) fn rule(&mut self, height: f32, ink: Ink) {
        let bar = Mark::Bar {
            at: [self.margin, self.y],
            size: [self.width(), height],
            ink,
        };
        self.push(Node::leaf(Role::Decoration, vec![bar]));
        self.y += height;
    }

    /// A heading, which stays with what follows it.
    pub(super) fn heading(&mut self, level: u16, kind: Type, text: &[Span]) {
        let lines = wrap(self.fonts, kind, text, self.width());
        self.make_room(height(&lines, kind) + 3.0 * kind.lead);
        let marks = self.place(self.margin, kind, &lines);
        self.push(Node::leaf(Role::Heading(level), marks));
        let words = text.iter().map(|span| span.text.as_str()).collect();
        self.headings.push((level, words, self.full.len() + 1));
    }

    /// An entry of a table of contents: `text`, and the page at the right margin.
    pub(super) fn entry(&mut self, kind: Type, indent: f32, (text, page): (&str, usize)) {
        let page = page.to_string();
        let room = self.fonts.width(kind.style, kind.size, "0000") + GUTTER;
        let lines = wrap(self.fonts, kind, &plain(text), self.width() - indent - room);
        let mut marks = self.place(self.margin + indent, kind, &lines);
        let wide = self.fonts.width(kind.style, kind.size, &page);
        let at = [self.page[0] - self.margin - wide, self.y];
        marks.extend(line_marks(self.fonts, at, kind, &[(kind.style, page)]));
        self.push(Node::leaf(Role::Paragraph, marks));
    }

    /// A paragraph.
    pub(super) fn paragraph(&mut self, kind: Type, text: &[Span]) {
        let lines = wrap(self.fonts, kind, text, self.width());
        for part in self.parts(kind, lines) {
            let marks = self.place(self.margin, kind, &part);
            self.push(Node::leaf(Role::Paragraph, marks));
        }
    }

    /// Splits lines between this page and the next ones. Starts the first new page if fewer than
    /// two lines fit here.
    fn parts(&mut self, kind: Type, mut lines: Vec<Line>) -> Vec<Vec<Line>> {
        if lines.len() <= 3 {
            self.make_room(height(&lines, kind));
            return vec![lines];
        }
        self.make_room(2.0 * kind.lead);
        let here = fitting(self.end() - self.y, kind);
        let mut parts = Vec::new();
        let rest = lines.split_off(here.min(lines.len()));
        parts.push(lines);
        let page = fitting(self.end() - self.margin, kind).max(1);
        parts.extend(rest.chunks(page).map(<[Line]>::to_vec));
        parts
    }

    /// Draws lines below each other and moves down; starts a page if they do not fit.
    fn place(&mut self, x: f32, kind: Type, lines: &[Line]) -> Vec<Mark> {
        self.make_room(height(lines, kind));
        let mut marks = Vec::new();
        for line in lines {
            self.y += kind.lead;
            marks.extend(line_marks(self.fonts, [x, self.y], kind, line));
        }
        marks
    }

    /// The blocks of a letter.
    pub(super) fn blocks(&mut self, kind: Type, blocks: &[Block]) {
        let mut at = 0;
        while let Some(block) = blocks.get(at) {
            at += 1;
            match block {
                Block::Heading(level, text) => {
                    let size = kind.size * [1.35, 1.15, 1.0][usize::from(*level - 1).min(2)];
                    self.gap(kind.lead * 0.6);
                    self.heading(*level, Type::new(Style::Bold, size, kind.ink), text);
                    self.gap(kind.lead * 0.3);
                }
                Block::Paragraph(text) => {
                    self.paragraph(kind, text);
                    self.gap(kind.lead * 0.6);
                }
                Block::Item { .. } => {
                    let is_item = |block: &&Block| matches!(block, Block::Item { .. });
                    let more = blocks[at..].iter().take_while(is_item).count();
                    self.list(kind, &blocks[at - 1..at + more]);
                    at += more;
                    self.gap(kind.lead * 0.6);
                }
                Block::Table {
                    header,
                    right,
                    rows,
                } => {
                    self.letter_table(kind, (header, right), rows);
                    self.gap(kind.lead * 0.7);
                }
                Block::Code(lines) => {
                    let kind = Type {
                        lead: kind.lead,
                        ..Type::new(Style::Mono, kind.size * 0.84, kind.ink)
                    };
                    for line in lines.lines() {
                        self.paragraph(kind, &plain(line));
                    }
                    self.gap(kind.lead * 0.6);
                }
                Block::Rule => {
                    self.rule(0.8, LINE);
                    self.gap(kind.lead * 0.6);
                }
            }
        }
    }

    /// Items of a list, which belong together.
    fn list(&mut self, kind: Type, items: &[Block]) {
        let mut nodes = Vec::new();
        let mut numbered = false;
        for item in items {
            let Block::Item {
                depth,
                number,
                text,
            } = item
            else {
                continue;
            };
            numbered |= number.is_some();
            let label = number.map_or_else(|| "•".to_owned(), |number| format!("{number}."));
            #[expect(clippy::cast_precision_loss, reason = "lists are not deep")]
            let left = INDENT * (*depth).min(6) as f32;
            let label_width = self.fonts.width(kind.style, kind.size, &label) + 5.0;
            let indent = left + label_width.max(INDENT);
            let lines = wrap(self.fonts, kind, text, self.width() - indent);
            let mut pages = self.full.len();
            for (part, lines) in self.parts(kind, lines).into_iter().enumerate() {
                // A page that began: its items are a list of their own.
                self.make_room(height(&lines, kind));
                if self.full.len() > pages && !nodes.is_empty() {
                    let list = Node::group(Role::List { numbered }, std::mem::take(&mut nodes));
                    self.full[pages].push(list);
                }
                pages = self.full.len();
                let base = self.y + kind.lead;
                let x = self.margin + left;
                let shown = if part == 0 { label.as_str() } else { "" };
                let label = line_marks(
                    self.fonts,
                    [x, base],
                    kind,
                    &[(kind.style, shown.to_owned())],
                );
                let body = self.place(self.margin + indent, kind, &lines);
                nodes.push(Node::group(
                    Role::ListItem,
                    vec![
                        Node::leaf(Role::ListLabel, label),
                        Node::leaf(Role::ListBody, body),
                    ],
                ));
            }
            self.y += kind.lead * 0.15;
        }
        self.push(Node::group(Role::List { numbered }, nodes));
    }

    /// The pages, each with a footer: `foot` and the page's number.
    pub(super) fn finish(mut self, foot: &str) -> Vec<Sheet> {
        if !self.nodes.is_empty() || self.full.is_empty() {
            self.full.push(std::mem::take(&mut self.nodes));
        }
        let kind = Type::new(Style::Regular, 7.5, SOFT);
        let count = self.full.len();
        let base = self.page[1] - self.margin;
        let mut sheets = Vec::new();
        for (number, mut nodes) in (1..).zip(self.full) {
            let page = format!("Page {number} of {count}");
            let width = self.fonts.width(kind.style, kind.size, &page);
            let left = self.page[0] - 2.0 * self.margin - width - GUTTER;
            let line = crate::paper::fitted(self.fonts, foot, kind, left);
            let at = [self.page[0] - self.margin - width, base];
            let mut marks =
                line_marks(self.fonts, [self.margin, base], kind, &[(kind.style, line)]);
            marks.extend(line_marks(self.fonts, at, kind, &[(kind.style, page)]));
            nodes.push(Node::leaf(Role::Decoration, marks));
            sheets.push(Sheet {
                size: self.page,
                nodes,
            });
        }
        sheets
    }
}

#[expect(clippy::cast_precision_loss, reason = "a page has few lines")]
fn height(lines: &[Line], kind: Type) -> f32 {
    lines.len() as f32 * kind.lead
}

/// Number of lines that fit into `room`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a page has few lines"
)]
fn fitting(room: f32, kind: Type) -> usize {
    (room / kind.lead).max(0.0) as usize
}
