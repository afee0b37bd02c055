//! The checks of a report, in two columns of about equal height.

use super::verdict::{Check, CheckOutcome, Group};
use crate::paper::{BAD, GOOD, INK, MARGIN, OPEN, SOFT, clipped, text};
use crate::pdf::{Fonts, Ink, LETTER, Mark, Node, Role, Style};

const GUTTER: f32 = 18.0;
const COLUMN: f32 = (LETTER[0] - 2.0 * MARGIN - GUTTER) / 2.0;

/// Checks after layout.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) nodes: Vec<Node>,
    pub(super) bottom: f32,
    pub(super) left_out: usize,
}

/// How much is shown of checks that passed; other checks are always shown in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    WithEvidence,
    NameOnly,
    /// They are only counted in the title of their group; groups with a failed check come first.
    LeftOut,
}

/// Lays out the checks between `top` and `end` in a font of `size` points.
pub(super) fn set(
    fonts: &Fonts,
    groups: &[Group<'_>],
    (size, passed): (f32, Passed),
    [top, end]: [f32; 2],
) -> Columns {
    let mut columns = Columns {
        bottom: top,
        ..Columns::default()
    };
    let mut blocks: Vec<Block> = Vec::new();
    for group in ordered(groups, passed) {
        blocks.push(Block::title(fonts, group, size));
        for check in sorted(group) {
            if check.outcome == CheckOutcome::Passed && passed == Passed::LeftOut {
                columns.left_out += 1;
            } else {
                blocks.push(Block::check(fonts, check, size, passed));
            }
        }
    }
    let whole: f32 = blocks.iter().map(|block| block.height).sum();
    let room = end - top;
    let half = (whole / 2.0 + size * 1.4).min(room);
    let (mut x, mut y, mut limit) = (MARGIN, top, half);
    for (index, block) in blocks.iter().enumerate() {
        // A group's title stays in the column of its first check.
        let next = blocks.get(index + 1).filter(|_| block.is_title);
        let needed = block.height + next.map_or(0.0, |next| next.height);
        if y + needed > top + limit && x == MARGIN {
            (x, y, limit) = (MARGIN + COLUMN + GUTTER, top, room);
        }
        if y + needed > top + limit {
            columns.left_out += usize::from(!block.is_title);
            continue;
        }
        columns.nodes.push(block.placed([x, y]));
        y += block.height;
        columns.bottom = columns.bottom.max(y);
    }
    columns
}

/// A title or a check that has no position yet.
struct Block {
    role: Role,
    marks: Vec<Mark>,
    height: f32,
    is_title: bool,
}

impl Block {
    fn title(fonts: &Fonts, group: &Group<'_>, size: f32) -> Self {
        let base = size * 1.9;
        let name = clipped(group.name, 40);
        let x = fonts.width(Style::Bold, size + 0.8, &format!("{name} "));
        let marks = vec![
            text([0.0, base], Style::Bold, size + 0.8, INK, &name),
            text(
                [x, base],
                Style::Regular,
                size,
                SOFT,
                &format!("({})", group.tally()),
            ),
        ];
        Self {
            role: Role::Heading(3),
            marks,
            height: size * 2.3,
            is_title: true,
        }
    }

    /// Sign, outcome in bold unless it passed, name, and the evidence in a lighter color.
    fn check(fonts: &Fonts, check: &Check, size: f32, detail: Passed) -> Self {
        const EVIDENCE_MAX: usize = 220;
        let passed = check.outcome == CheckOutcome::Passed;
        let ink = color(check.outcome);
        let indent = size * 1.35;
        let mut flow = Flow {
            fonts,
            size,
            left: indent,
            width: COLUMN - indent,
            x: 0.0,
            line: 0,
            marks: vec![text(
                [0.0, size],
                Style::Bold,
                size,
                ink,
                check.outcome.sign(),
            )],
        };
        if !passed {
            flow.run(Style::Bold, ink, &format!("{}:", check.outcome.text()));
        }
        flow.run(
            if passed { Style::Regular } else { Style::Bold },
            INK,
            &clipped(&check.name, 160),
        );
        if !check.evidence.is_empty() && (detail == Passed::WithEvidence || !passed) {
            let words = format!("({})", clipped(&check.evidence, EVIDENCE_MAX));
            flow.run(Style::Regular, SOFT, &words);
        }
        let height = (flow.line as f32 + 1.0) * size * 1.25 + size * 0.2;
        Self {
            role: Role::Paragraph,
            marks: flow.marks,
            height,
            is_title: false,
        }
    }

    fn placed(&self, at: [f32; 2]) -> Node {
        let moved = self.marks.iter().map(|mark| mark.clone().moved(at));
        Node::leaf(self.role.clone(), moved.collect())
    }
}

/// Runs of text in several styles, wrapped together.
struct Flow<'a> {
    fonts: &'a Fonts,
    size: f32,
    left: f32,
    width: f32,
    x: f32,
    line: usize,
    marks: Vec<Mark>,
}

impl Flow<'_> {
    fn run(&mut self, style: Style, ink: Ink, words: &str) {
        let space = self.fonts.width(style, self.size, " ");
        if self.x > 0.0 {
            self.x += space;
        }
        let lines = self.fonts.wrap(style, self.size, words, self.width, self.x);
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                self.line += 1;
                self.x = 0.0;
            }
            if line.is_empty() {
                continue;
            }
            let y = self.size + self.line as f32 * self.size * 1.25;
            self.marks
                .push(text([self.left + self.x, y], style, self.size, ink, line));
            self.x += self.fonts.width(style, self.size, line);
        }
    }
}

/// Groups in order, or those with a failed check first if space is short.
fn ordered<'a, 'b>(groups: &'a [Group<'b>], passed: Passed) -> Vec<&'a Group<'b>> {
    let mut all: Vec<&Group<'b>> = groups.iter().collect();
    if passed == Passed::LeftOut {
        let failed = |check: &&Check| check.outcome == CheckOutcome::Failed;
        all.sort_by_key(|group| !group.checks.iter().any(failed));
    }
    all
}

/// Failed checks first, then those that were not done.
fn sorted<'a>(group: &Group<'a>) -> Vec<&'a Check> {
    let mut checks = group.checks.clone();
    checks.sort_by_key(|check| match check.outcome {
        CheckOutcome::Failed => 0,
        CheckOutcome::NotChecked => 1,
        CheckOutcome::Passed => 2,
    });
    checks
}

/// The color of an outcome in the PDF.
pub(super) fn color(outcome: CheckOutcome) -> Ink {
    match outcome {
        CheckOutcome::Passed => GOOD,
        CheckOutcome::Failed => BAD,
        CheckOutcome::NotChecked => OPEN,
    }
}
