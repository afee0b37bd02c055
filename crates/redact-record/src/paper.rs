//! A page that is filled from top to bottom: lines of text, headings, table cells, the timeline.
//!
//! The PDFs of the verification report and of the redaction log share this layout.

use crate::pdf::{Fonts, Ink, Mark, Node, Role, Style};
use crate::timeline::{LaneKind, LaneRow, Timeline};

pub(crate) const MARGIN: f32 = 42.0;

pub(crate) const INK: Ink = Ink(28, 36, 48);
pub(crate) const SOFT: Ink = Ink(79, 91, 107);
pub(crate) const LINE: Ink = Ink(213, 218, 225);
pub(crate) const GOOD: Ink = Ink(23, 96, 58);
pub(crate) const BAD: Ink = Ink(161, 22, 22);
pub(crate) const OPEN: Ink = Ink(107, 78, 0);
pub(crate) const LANE: Ink = Ink(238, 241, 245);
pub(crate) const PICTURE: Ink = Ink(39, 75, 122);
pub(crate) const SOUND: Ink = Ink(154, 91, 0);

/// Font, size and color of lines of text.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    pub(crate) style: Style,
    pub(crate) size: f32,
    /// Distance from one baseline to the next.
    pub(crate) lead: f32,
    pub(crate) ink: Ink,
}

impl Type {
    pub(crate) fn new(style: Style, size: f32, ink: Ink) -> Self {
        let lead = size * 1.32;
        Self {
            style,
            size,
            lead,
            ink,
        }
    }
}

/// A page during layout.
pub(crate) struct Paper<'a> {
    pub(crate) fonts: &'a Fonts,
    /// Width between the margins, in points.
    pub(crate) width: f32,
    /// Top of the free area.
    pub(crate) y: f32,
    pub(crate) nodes: Vec<Node>,
}

pub(crate) fn text(at: [f32; 2], style: Style, size: f32, ink: Ink, text: &str) -> Mark {
    Mark::Text {
        at,
        style,
        size,
        ink,
        text: text.to_owned(),
    }
}

impl<'a> Paper<'a> {
    /// An empty page, `width` points between its margins.
    pub(crate) fn new(fonts: &'a Fonts, width: f32) -> Self {
        Self {
            fonts,
            width,
            y: MARGIN,
            nodes: Vec::new(),
        }
    }

    pub(crate) fn decorate(&mut self, at: [f32; 2], size: [f32; 2], ink: Ink) {
        self.nodes.push(Node::leaf(
            Role::Decoration,
            vec![Mark::Bar { at, size, ink }],
        ));
    }

    /// Lays out lines of one style and moves down; returns their marks.
    pub(crate) fn lines(&mut self, x: f32, width: f32, kind: Type, all: &str) -> Vec<Mark> {
        let Type {
            style,
            size,
            lead,
            ink,
        } = kind;
        let mut marks = Vec::new();
        for line in self.fonts.wrap(style, size, all, width, 0.0) {
            self.y += lead;
            marks.push(text([x, self.y], style, size, ink, &line));
        }
        marks
    }

    pub(crate) fn heading(&mut self, title: &str) {
        self.y += 6.0;
        let marks = self.lines(MARGIN, self.width, Type::new(Style::Bold, 11.0, INK), title);
        self.nodes.push(Node::leaf(Role::Heading(2), marks));
        self.y += 3.5;
        self.decorate([MARGIN, self.y], [self.width, 0.8], LINE);
        self.y += 2.0;
    }

    /// The timeline with its legend.
    pub(crate) fn timeline(&mut self, timeline: &Timeline) {
        const LANES_MAX: usize = 12;
        self.heading("Timeline of masks and mutes");
        let rows = timeline.rows();
        if rows.is_empty() {
            let marks = self.lines(
                MARGIN,
                self.width,
                Type::new(Style::Regular, 8.5, INK),
                "Nothing is hidden or muted.",
            );
            self.nodes.push(Node::leaf(Role::Paragraph, marks));
            return;
        }
        let mut marks = Vec::new();
        let (left, width) = (MARGIN + 96.0, self.width - 96.0 - 104.0);
        self.y += 3.0;
        for row in rows.iter().take(LANES_MAX) {
            marks.extend(self.lane(row, left, width));
        }
        marks.push(Mark::Bar {
            at: [left, self.y],
            size: [width, 0.7],
            ink: SOFT,
        });
        for tick in timeline.ticks() {
            let x = left + tick.at * width;
            let half = self.fonts.width(Style::Regular, 7.0, &tick.label) / 2.0;
            marks.push(Mark::Bar {
                at: [x, self.y],
                size: [0.7, 3.5],
                ink: SOFT,
            });
            let at = [x - half, self.y + 10.5];
            marks.push(text(at, Style::Regular, 7.0, SOFT, &tick.label));
        }
        self.y += 12.0;
        self.nodes
            .push(Node::leaf(Role::Figure(timeline.text()), marks));
        self.key(rows.len().saturating_sub(LANES_MAX));
    }

    fn lane(&mut self, row: &LaneRow, left: f32, width: f32) -> Vec<Mark> {
        const HEIGHT: f32 = 10.0;
        let ink = match row.kind {
            LaneKind::Picture => PICTURE,
            LaneKind::Sound => SOUND,
        };
        let base = self.y + 7.8;
        let kind = Type::new(Style::Regular, 8.0, INK);
        let label = fitted(self.fonts, &row.label, kind, left - MARGIN - 4.0);
        let mut marks = vec![
            text([MARGIN, base], Style::Regular, 8.0, INK, &label),
            Mark::Bar {
                at: [left, self.y],
                size: [width, HEIGHT],
                ink: LANE,
            },
        ];
        for (start, length) in &row.bars {
            let at = [left + *start * width, self.y];
            marks.push(Mark::Bar {
                at,
                size: [*length * width, HEIGHT],
                ink,
            });
        }
        marks.push(text(
            [left + width + 6.0, base],
            Style::Regular,
            7.5,
            SOFT,
            &row.total,
        ));
        self.y += HEIGHT + 2.5;
        marks
    }

    fn key(&mut self, lanes_left_out: usize) {
        let top = self.y + 3.0;
        self.decorate([MARGIN + 96.0, top + 1.6], [7.0, 6.0], PICTURE);
        self.decorate([MARGIN + 208.0, top + 1.6], [7.0, 6.0], SOUND);
        let base = top + 7.4;
        let label =
            |x: f32, words: &str| text([MARGIN + x, base], Style::Regular, 7.2, SOFT, words);
        let more = match lanes_left_out {
            0 => String::new(),
            count => format!(" {count} more lanes are in the HTML page."),
        };
        let marks = vec![
            label(107.0, "part of the picture hidden;"),
            label(219.0, "sound muted;"),
            label(270.0, &format!("as declared in the signed manifest.{more}")),
        ];
        self.nodes.push(Node::leaf(Role::Paragraph, marks));
        self.y = base + 2.0;
    }
}

/// One line, shortened with an ellipsis if it does not fit.
pub(crate) fn fitted(fonts: &Fonts, line: &str, kind: Type, width: f32) -> String {
    let Type { style, size, .. } = kind;
    if fonts.width(style, size, line) <= width {
        return line.to_owned();
    }
    let room = width - fonts.width(style, size, "…");
    let lines = fonts.wrap(style, size, line, room, 0.0);
    format!("{}…", lines.first().map_or("", String::as_str))
}

/// At most `max` characters, shortened with an ellipsis.
pub(crate) fn clipped(words: &str, max: usize) -> String {
    match words.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", words[..at].trim_end()),
        None => words.to_owned(),
    }
}
