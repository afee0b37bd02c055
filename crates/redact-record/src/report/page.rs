//! The report as one printed page.
//!
//! Everything that failed or was not checked is on it, with its evidence. When the page gets full,
//! the type gets smaller, and then checks that passed lose their evidence, which the HTML and JSON
//! reports keep. What does not fit even then is counted in the last line: nothing is lost silently.

use super::timeline::{Medium, Row};
use super::{Check, CheckOutcome, Group, Verdict, VerifyReport, stamp};
use crate::RecordError;
use crate::pdf::{self, About, Fonts, Ink, LETTER, Mark, Node, Role, Sheet, Style};

const MARGIN: f32 = 42.0;
const WIDTH: f32 = LETTER[0] - 2.0 * MARGIN;
const GUTTER: f32 = 18.0;
const COLUMN: f32 = (WIDTH - GUTTER) / 2.0;
/// Where the foot begins.
const FOOT: f32 = LETTER[1] - 52.0;

const INK: Ink = Ink(28, 36, 48);
const SOFT: Ink = Ink(79, 91, 107);
const LINE: Ink = Ink(213, 218, 225);
const GOOD: Ink = Ink(23, 96, 58);
const BAD: Ink = Ink(161, 22, 22);
const OPEN: Ink = Ink(107, 78, 0);
const LANE: Ink = Ink(238, 241, 245);
const PICTURE: Ink = Ink(39, 75, 122);
const SOUND: Ink = Ink(154, 91, 0);

/// Sizes of type that are tried for the checks, in points.
const SIZES: [f32; 4] = [8.0, 7.4, 6.8, 6.2];

const FOOT_TEXT: &str = "This page tells what one run of the verifier found on files with the \
    digests above. Anybody can repeat it with the release, its manifest and the publisher's \
    public key. It is not legal advice.";

pub(super) fn render(report: &VerifyReport) -> Result<Vec<u8>, RecordError> {
    let fonts = Fonts::load();
    let mut page = Page {
        fonts: &fonts,
        y: MARGIN,
        nodes: Vec::new(),
    };
    page.verdict(report);
    page.files(report);
    page.timeline(report);
    page.checks(&report.groups());
    page.foot();
    let title = format!("{}: {}", report.headline(), report.release);
    let sheet = Sheet {
        size: LETTER,
        nodes: page.nodes,
    };
    let about = About {
        title: &title,
        producer: &report.program,
        made_at: report.checked_at.0,
    };
    pdf::write(&fonts, &about, &[sheet])
}

/// The page while it fills from top to bottom.
struct Page<'a> {
    fonts: &'a Fonts,
    /// Top of the free part.
    y: f32,
    nodes: Vec<Node>,
}

fn text(at: [f32; 2], style: Style, size: f32, ink: Ink, text: &str) -> Mark {
    Mark::Text {
        at,
        style,
        size,
        ink,
        text: text.to_owned(),
    }
}

impl Page<'_> {
    fn decorate(&mut self, at: [f32; 2], size: [f32; 2], ink: Ink) {
        self.nodes.push(Node::leaf(
            Role::Decoration,
            vec![Mark::Bar { at, size, ink }],
        ));
    }

    /// Lines of one style; gives them as marks and moves down.
    fn lines(
        &mut self,
        x: f32,
        width: f32,
        style: Style,
        size: f32,
        ink: Ink,
        all: &str,
    ) -> Vec<Mark> {
        let mut marks = Vec::new();
        for line in self.fonts.wrap(style, size, all, width, 0.0) {
            self.y += size * 1.32;
            marks.push(text([x, self.y], style, size, ink, &line));
        }
        marks
    }

    fn verdict(&mut self, report: &VerifyReport) {
        let ink = match report.verdict() {
            Verdict::Verified => GOOD,
            Verdict::NotVerified => BAD,
        };
        let kicker = self.lines(
            MARGIN,
            WIDTH,
            Style::Regular,
            9.0,
            SOFT,
            "Verification of a redacted recording",
        );
        self.nodes.push(Node::leaf(Role::Paragraph, kicker));
        self.y += 6.0;
        let (top, x, width) = (self.y, MARGIN + 20.0, WIDTH - 32.0);
        self.y += 5.0;
        let headline = self.lines(x, width, Style::Bold, 22.0, ink, report.headline());
        self.y += 2.0;
        let name = self.lines(
            x,
            width,
            Style::Bold,
            10.0,
            INK,
            &clipped(&report.release, 160),
        );
        let meaning = self.lines(x, width, Style::Regular, 9.5, INK, &report.meaning());
        self.y += 9.0;
        self.frame(top, ink);
        self.nodes.push(Node::leaf(Role::Heading(1), headline));
        self.nodes.push(Node::leaf(Role::Paragraph, name));
        self.nodes.push(Node::leaf(Role::Paragraph, meaning));
        self.y += 6.0;
    }

    /// A box from `top` to here, thick on the left.
    fn frame(&mut self, top: f32, ink: Ink) {
        let height = self.y - top;
        self.decorate([MARGIN, top], [9.0, height], ink);
        self.decorate([MARGIN, top], [WIDTH, 1.2], ink);
        self.decorate([MARGIN, self.y - 1.2], [WIDTH, 1.2], ink);
        self.decorate([MARGIN + WIDTH - 1.2, top], [1.2, height], ink);
    }

    fn heading(&mut self, title: &str) {
        self.y += 6.0;
        let marks = self.lines(MARGIN, WIDTH, Style::Bold, 11.0, INK, title);
        self.nodes.push(Node::leaf(Role::Heading(2), marks));
        self.y += 3.5;
        self.decorate([MARGIN, self.y], [WIDTH, 0.8], LINE);
        self.y += 2.0;
    }

    fn files(&mut self, report: &VerifyReport) {
        self.heading("Signature and files");
        let signature = &report.signature;
        let key = signature
            .key
            .as_ref()
            .map_or(String::new(), |key| format!(" Key {key}."));
        let word = signature.outcome.text();
        let said = clipped(&format!("{word}: {}{key}", signature.statement), 330);
        self.pair("Signature", Style::Regular, color(signature.outcome), &said);
        for file in &report.digests {
            let digest = file.sha256.0.to_string();
            self.pair(
                &format!("SHA-256, {}", file.what),
                Style::Mono,
                INK,
                &digest,
            );
        }
        let checked = format!("{} with {}", stamp(report.checked_at), report.program);
        self.pair("Checked", Style::Regular, INK, &checked);
    }

    fn pair(&mut self, name: &str, style: Style, ink: Ink, value: &str) {
        const NAME_WIDTH: f32 = 118.0;
        let top = self.y;
        let mut marks = self.lines(MARGIN, NAME_WIDTH - 6.0, Style::Regular, 8.5, SOFT, name);
        let below = self.y;
        self.y = top;
        let size = if style == Style::Mono { 7.8 } else { 8.5 };
        let x = MARGIN + NAME_WIDTH;
        marks.extend(self.lines(x, WIDTH - NAME_WIDTH, style, size, ink, value));
        self.y = self.y.max(below);
        self.nodes.push(Node::leaf(Role::Paragraph, marks));
    }

    fn timeline(&mut self, report: &VerifyReport) {
        const LANES_MAX: usize = 12;
        self.heading("What is hidden when");
        let rows = report.timeline.rows();
        if rows.is_empty() {
            let none = self.lines(
                MARGIN,
                WIDTH,
                Style::Regular,
                8.5,
                INK,
                "Nothing is hidden or muted.",
            );
            self.nodes.push(Node::leaf(Role::Paragraph, none));
            return;
        }
        let mut marks = Vec::new();
        let (left, width) = (MARGIN + 96.0, WIDTH - 96.0 - 104.0);
        self.y += 3.0;
        for row in rows.iter().take(LANES_MAX) {
            marks.extend(self.lane(row, left, width));
        }
        marks.push(Mark::Bar {
            at: [left, self.y],
            size: [width, 0.7],
            ink: SOFT,
        });
        for tick in report.timeline.ticks() {
            let x = left + tick.at as f32 * width;
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
            .push(Node::leaf(Role::Figure(report.timeline.text()), marks));
        self.key(rows.len().saturating_sub(LANES_MAX));
    }

    fn lane(&mut self, row: &Row, left: f32, width: f32) -> Vec<Mark> {
        const HEIGHT: f32 = 10.0;
        let ink = match row.medium {
            Medium::Picture => PICTURE,
            Medium::Sound => SOUND,
        };
        let base = self.y + 7.8;
        let label = self.fitted(&row.label, 8.0, left - MARGIN - 4.0);
        let mut marks = vec![
            text([MARGIN, base], Style::Regular, 8.0, INK, &label),
            Mark::Bar {
                at: [left, self.y],
                size: [width, HEIGHT],
                ink: LANE,
            },
        ];
        for (start, length) in &row.bars {
            let at = [left + *start as f32 * width, self.y];
            marks.push(Mark::Bar {
                at,
                size: [*length as f32 * width, HEIGHT],
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

    /// As much of one line as fits, with an ellipsis for the rest.
    fn fitted(&self, line: &str, size: f32, width: f32) -> String {
        if self.fonts.width(Style::Regular, size, line) <= width {
            return line.to_owned();
        }
        let room = width - self.fonts.width(Style::Regular, size, "…");
        let lines = self.fonts.wrap(Style::Regular, size, line, room, 0.0);
        format!("{}…", lines.first().map_or("", String::as_str))
    }

    fn key(&mut self, lanes_left_out: usize) {
        let top = self.y + 3.0;
        self.decorate([MARGIN + 96.0, top + 1.6], [7.0, 6.0], PICTURE);
        self.decorate([MARGIN + 208.0, top + 1.6], [7.0, 6.0], SOUND);
        let base = top + 7.4;
        let say = |x: f32, words: &str| text([MARGIN + x, base], Style::Regular, 7.2, SOFT, words);
        let more = match lanes_left_out {
            0 => String::new(),
            count => format!(" {count} more lanes are in the HTML report."),
        };
        let marks = vec![
            say(107.0, "part of the picture hidden;"),
            say(219.0, "sound muted;"),
            say(270.0, &format!("as the signed manifest declares.{more}")),
        ];
        self.nodes.push(Node::leaf(Role::Paragraph, marks));
        self.y = base + 2.0;
    }

    fn checks(&mut self, groups: &[Group<'_>]) {
        self.heading("What was checked");
        let top = self.y + 2.0;
        let tries = SIZES
            .map(|size| (size, true))
            .into_iter()
            .chain(SIZES.map(|s| (s, false)));
        let mut best = Columns::default();
        for (size, evidence) in tries {
            best = self.columns(groups, size, evidence, top);
            if best.left_out == 0 {
                break;
            }
        }
        let bottom = best.bottom;
        self.nodes.append(&mut best.nodes);
        self.y = bottom;
        if best.left_out > 0 {
            let more = format!(
                "{} more checks are in the HTML and JSON reports.",
                best.left_out
            );
            let marks = self.lines(MARGIN, WIDTH, Style::Bold, 8.0, BAD, &more);
            self.nodes.push(Node::leaf(Role::Paragraph, marks));
        }
    }

    /// Sets all checks in two columns of about equal height.
    fn columns(&self, groups: &[Group<'_>], size: f32, evidence: bool, top: f32) -> Columns {
        let blocks: Vec<Block> = groups
            .iter()
            .flat_map(|group| {
                let title = Block::title(self.fonts, group, size);
                let rows = sorted(group);
                std::iter::once(title)
                    .chain(
                        rows.into_iter()
                            .map(|c| Block::check(self.fonts, c, size, evidence)),
                    )
                    .collect::<Vec<_>>()
            })
            .collect();
        let whole: f32 = blocks.iter().map(|block| block.height).sum();
        let room = FOOT - 12.0 - top;
        let half = (whole / 2.0 + size * 1.4).min(room);
        let mut columns = Columns {
            bottom: top,
            ..Columns::default()
        };
        let (mut x, mut y, mut limit) = (MARGIN, top, half);
        for (index, block) in blocks.iter().enumerate() {
            // A group's title stays with its first check.
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

    fn foot(&mut self) {
        self.y = FOOT;
        self.decorate([MARGIN, self.y], [WIDTH, 0.8], LINE);
        self.y += 2.0;
        let marks = self.lines(MARGIN, WIDTH, Style::Regular, 7.2, SOFT, FOOT_TEXT);
        self.nodes.push(Node::leaf(Role::Paragraph, marks));
    }
}

/// Checks as they were set.
#[derive(Default)]
struct Columns {
    nodes: Vec<Node>,
    bottom: f32,
    left_out: usize,
}

/// A title or a check, set but not placed.
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

    /// Sign, outcome in bold unless it passed, name, and the evidence softer behind it.
    fn check(fonts: &Fonts, check: &Check, size: f32, evidence: bool) -> Self {
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
        if !check.evidence.is_empty() && (evidence || !passed) {
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

    fn placed(&self, [x, y]: [f32; 2]) -> Node {
        let moved = self.marks.iter().cloned().map(|mut mark| {
            let (Mark::Text { at, .. } | Mark::Bar { at, .. }) = &mut mark;
            *at = [at[0] + x, at[1] + y];
            mark
        });
        Node::leaf(self.role.clone(), moved.collect())
    }
}

/// Runs of several styles behind each other, wrapped together.
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

/// What failed first, then what was not checked.
fn sorted<'a>(group: &Group<'a>) -> Vec<&'a Check> {
    let mut checks = group.checks.clone();
    checks.sort_by_key(|check| match check.outcome {
        CheckOutcome::Failed => 0,
        CheckOutcome::NotChecked => 1,
        CheckOutcome::Passed => 2,
    });
    checks
}

fn color(outcome: CheckOutcome) -> Ink {
    match outcome {
        CheckOutcome::Passed => GOOD,
        CheckOutcome::Failed => BAD,
        CheckOutcome::NotChecked => OPEN,
    }
}

/// At most `max` characters; an ellipsis stands for the rest.
fn clipped(words: &str, max: usize) -> String {
    match words.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", words[..at].trim_end()),
        None => words.to_owned(),
    }
}
