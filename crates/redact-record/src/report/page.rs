//! The report as a one-page PDF.
//!
//! If the page gets full, the font gets smaller; then passed checks lose their evidence, and
//! finally they are left out. The HTML and JSON reports always have everything. Failed checks and
//! those that were not done stay as long as there is room. The page states how many checks are left
//! out.

use super::columns::{self, Columns, Passed, color};
use super::verdict::{CheckOutcome, Group, Verdict, VerifyReport};
use crate::RecordError;
use crate::paper::{BAD, GOOD, INK, LINE, MARGIN, Paper, SOFT, Type, clipped};
use crate::pdf::{self, About, Fonts, Ink, LETTER, Node, Role, Sheet, Style};

const WIDTH: f32 = LETTER[0] - 2.0 * MARGIN;
/// Where the footer begins.
const FOOT: f32 = LETTER[1] - 52.0;

/// Font sizes that are tried for the checks, in points.
const SIZES: [f32; 4] = [8.8, 8.0, 7.2, 6.4];

const FOOT_TEXT: &str = "This page states what one run of the verifier found in the files with the \
    digests above. Anyone can repeat the run with the release, its manifest and the publisher's \
    public key. It is not legal advice.";

pub(super) fn render(report: &VerifyReport) -> Result<Vec<u8>, RecordError> {
    let fonts = Fonts::load();
    let mut page = VerdictPage(Paper::new(&fonts, WIDTH));
    page.verdict(report);
    page.files(report);
    page.0.timeline(&report.timeline);
    page.checks(&report.groups());
    page.foot();
    let title = format!("{}: {}", report.headline(), report.release);
    let sheet = Sheet {
        size: LETTER,
        nodes: page.0.nodes,
    };
    let about = About {
        title: &title,
        producer: &report.program,
        made_at: report.checked_at.0,
    };
    pdf::write(&fonts, &about, &[sheet])
}

/// The report on paper.
struct VerdictPage<'a>(Paper<'a>);

impl VerdictPage<'_> {
    fn verdict(&mut self, report: &VerifyReport) {
        let ink = match report.verdict() {
            Verdict::Verified => GOOD,
            Verdict::NotVerified => BAD,
        };
        let kicker = self.0.lines(
            MARGIN,
            WIDTH,
            Type::new(Style::Regular, 9.0, SOFT),
            "Verification of a redacted recording",
        );
        self.0.nodes.push(Node::leaf(Role::Paragraph, kicker));
        self.0.y += 6.0;
        let (top, x, width) = (self.0.y, MARGIN + 20.0, WIDTH - 32.0);
        self.0.y += 5.0;
        let headline = self.0.lines(
            x,
            width,
            Type::new(Style::Bold, 22.0, ink),
            report.headline(),
        );
        self.0.y += 2.0;
        let name = self.0.lines(
            x,
            width,
            Type::new(Style::Bold, 10.0, INK),
            &clipped(&report.release, 160),
        );
        let meaning = self.0.lines(
            x,
            width,
            Type::new(Style::Regular, 9.5, INK),
            &report.meaning(),
        );
        self.0.y += 9.0;
        self.frame(top, ink);
        self.0.nodes.push(Node::leaf(Role::Heading(1), headline));
        self.0.nodes.push(Node::leaf(Role::Paragraph, name));
        self.0.nodes.push(Node::leaf(Role::Paragraph, meaning));
        self.0.y += 6.0;
    }

    /// A box from `top` to the current position, thick on the left.
    fn frame(&mut self, top: f32, ink: Ink) {
        let height = self.0.y - top;
        self.0.decorate([MARGIN, top], [9.0, height], ink);
        self.0.decorate([MARGIN, top], [WIDTH, 1.2], ink);
        self.0.decorate([MARGIN, self.0.y - 1.2], [WIDTH, 1.2], ink);
        self.0
            .decorate([MARGIN + WIDTH - 1.2, top], [1.2, height], ink);
    }

    fn files(&mut self, report: &VerifyReport) {
        self.0.heading("Signature and files");
        let signature = &report.signature;
        let key = signature
            .key
            .as_ref()
            .map_or(String::new(), |key| format!(" Key {key}."));
        let word = signature.outcome.text();
        let statement = clipped(&format!("{word}: {}{key}", signature.statement), 330);
        let ink = match signature.outcome {
            CheckOutcome::Passed => INK,
            other => color(other),
        };
        self.pair("Signature", Style::Regular, ink, &statement);
        for file in &report.digests {
            let digest = file.sha256.0.to_string();
            self.pair(
                &format!("SHA-256, {}", file.what),
                Style::Mono,
                INK,
                &digest,
            );
        }
        let checked = format!("{} with {}", report.checked_at.readable(), report.program);
        self.pair("Checked", Style::Regular, INK, &checked);
    }

    fn pair(&mut self, name: &str, style: Style, ink: Ink, value: &str) {
        const NAME_WIDTH: f32 = 118.0;
        let top = self.0.y;
        let plain = Type::new(Style::Regular, 8.5, SOFT);
        let mut marks = self.0.lines(MARGIN, NAME_WIDTH - 6.0, plain, name);
        let below = self.0.y;
        self.0.y = top;
        let size = if style == Style::Mono { 7.8 } else { 8.5 };
        let kind = Type {
            style,
            size,
            ink,
            ..plain
        };
        marks.extend(
            self.0
                .lines(MARGIN + NAME_WIDTH, WIDTH - NAME_WIDTH, kind, value),
        );
        self.0.y = self.0.y.max(below);
        self.0.nodes.push(Node::leaf(Role::Paragraph, marks));
    }

    fn checks(&mut self, groups: &[Group<'_>]) {
        self.0.heading("What was checked");
        let top = self.0.y + 2.0;
        let with_evidence = SIZES.map(|size| (size, Passed::WithEvidence));
        let names = SIZES.map(|size| (size, Passed::NameOnly));
        let last = [(SIZES[SIZES.len() - 1], Passed::LeftOut)];
        let tries = with_evidence.into_iter().chain(names).chain(last);
        let mut best = Columns::default();
        for how in tries {
            best = columns::set(self.0.fonts, groups, how, [top, FOOT - 12.0]);
            if best.left_out == 0 {
                break;
            }
        }
        let bottom = best.bottom;
        self.0.nodes.append(&mut best.nodes);
        self.0.y = bottom;
        if best.left_out > 0 {
            let more = format!(
                "{} more checks are in the HTML and JSON reports.",
                best.left_out
            );
            let marks = self
                .0
                .lines(MARGIN, WIDTH, Type::new(Style::Bold, 8.0, BAD), &more);
            self.0.nodes.push(Node::leaf(Role::Paragraph, marks));
        }
    }

    fn foot(&mut self) {
        self.0.y = FOOT;
        self.0.decorate([MARGIN, self.0.y], [WIDTH, 0.8], LINE);
        self.0.y += 2.0;
        let marks = self.0.lines(
            MARGIN,
            WIDTH,
            Type::new(Style::Regular, 7.2, SOFT),
            FOOT_TEXT,
        );
        self.0.nodes.push(Node::leaf(Role::Paragraph, marks));
    }
}
