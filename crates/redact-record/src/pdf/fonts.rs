//! The embedded fonts: which glyphs they have, how wide a line is, where it breaks.

use krilla::text::Font;
use rustybuzz::UnicodeBuffer;

use super::bidi::{self, Run};

/// A face of the font family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Regular,
    Bold,
    Mono,
}

/// The faces, for measuring and for drawing.
pub(crate) struct Fonts {
    faces: [(ttf_parser::Face<'static>, Font); 3],
}

impl Fonts {
    pub(crate) fn load() -> Self {
        let load = |style| {
            let bytes = Self::bytes(style);
            let face = ttf_parser::Face::parse(bytes, 0).expect("an embedded font");
            let font = Font::new(bytes.into(), 0).expect("an embedded font");
            (face, font)
        };
        Self {
            faces: [load(Style::Regular), load(Style::Bold), load(Style::Mono)],
        }
    }

    fn bytes(style: Style) -> &'static [u8] {
        match style {
            Style::Regular => dejavu::sans_condensed::regular(),
            Style::Bold => dejavu::sans_condensed::bold(),
            Style::Mono => dejavu::sans_mono::regular(),
        }
    }

    /// The face of a style, for drawing.
    pub(super) fn font(&self, style: Style) -> Font {
        self.face(style).1.clone()
    }

    fn face(&self, style: Style) -> &(ttf_parser::Face<'static>, Font) {
        match style {
            Style::Regular => &self.faces[0],
            Style::Bold => &self.faces[1],
            Style::Mono => &self.faces[2],
        }
    }

    /// The character that is drawn for `wanted`.
    pub(super) fn drawn(&self, style: Style, wanted: char) -> char {
        match self.face(style).0.glyph_index(wanted) {
            Some(_) if !wanted.is_control() => wanted,
            _ if wanted.is_whitespace() => ' ',
            _ => char::REPLACEMENT_CHARACTER,
        }
    }

    /// Width of one line in points, without kerning, which only makes it narrower.
    pub(crate) fn width(&self, style: Style, size: f32, text: &str) -> f32 {
        let face = &self.face(style).0;
        let advance = |wanted: char| {
            let glyph = face.glyph_index(self.drawn(style, wanted));
            glyph
                .and_then(|glyph| face.glyph_hor_advance(glyph))
                .unwrap_or(0)
        };
        let units: u32 = text.chars().map(|wanted| u32::from(advance(wanted))).sum();
        units as f32 * size / f32::from(face.units_per_em())
    }

    /// The parts of one line from left to right, each with its left end in points and with the
    /// characters that are drawn.
    pub(super) fn placed(&self, style: Style, size: f32, line: &str) -> Vec<(f32, Run)> {
        let line: String = line
            .chars()
            .map(|wanted| self.drawn(style, wanted))
            .collect();
        let runs = bidi::visual_runs(&line);
        if runs.len() < 2 {
            return runs.into_iter().map(|run| (0.0, run)).collect();
        }
        let mut x = 0.0;
        let placed = runs.into_iter().map(|run| {
            let at = x;
            x += self.shaped_width(style, size, &run);
            (at, run)
        });
        placed.collect()
    }

    /// Width of a run with its letters joined as its script demands.
    fn shaped_width(&self, style: Style, size: f32, run: &Run) -> f32 {
        let Some(face) = rustybuzz::Face::from_slice(Self::bytes(style), 0) else {
            return self.width(style, size, &run.text);
        };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&run.text);
        buffer.guess_segment_properties();
        buffer.set_direction(match run.right_to_left {
            true => rustybuzz::Direction::RightToLeft,
            false => rustybuzz::Direction::LeftToRight,
        });
        let shaped = rustybuzz::shape(&face, &[], buffer);
        let units: i32 = shaped
            .glyph_positions()
            .iter()
            .map(|glyph| glyph.x_advance)
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "a line has few units")]
        let units = units as f32;
        units * size / f32::from(self.face(style).0.units_per_em())
    }

    /// Breaks text into lines of at most `width` points, the first one shorter by `indent`.
    ///
    /// It breaks between words, and within a word that is wider than a line. Only the first line
    /// may be empty, if the first word does not fit after the indent.
    pub(crate) fn wrap(
        &self,
        style: Style,
        size: f32,
        text: &str,
        width: f32,
        indent: f32,
    ) -> Vec<String> {
        let mut lines = vec![String::new()];
        let (mut room, mut used) = (width - indent, 0.0);
        let space = self.width(style, size, " ");
        for word in text.split_whitespace() {
            let line = lines.last_mut().expect("never empty");
            let glue = if line.is_empty() { 0.0 } else { space };
            let long = self.width(style, size, word);
            if used + glue + long <= room {
                if glue > 0.0 {
                    line.push(' ');
                }
                line.push_str(word);
                used += glue + long;
                continue;
            }
            if used > 0.0 || room < width {
                lines.push(String::new());
                (room, used) = (width, 0.0);
            }
            for letter in word.chars() {
                let wide = self.width(style, size, letter.encode_utf8(&mut [0; 4]));
                if used > 0.0 && used + wide > room {
                    lines.push(String::new());
                    used = 0.0;
                }
                lines.last_mut().expect("never empty").push(letter);
                used += wide;
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_too_wide_and_no_word_is_lost() {
        let fonts = Fonts::load();
        let text = format!("some words and {} one that is too long", "x".repeat(200));
        let lines = fonts.wrap(Style::Regular, 9.0, &text, 120.0, 100.0);
        for (index, line) in lines.iter().enumerate() {
            let room = if index == 0 { 20.0 } else { 120.0 };
            assert!(fonts.width(Style::Regular, 9.0, line) <= room, "{line:?}");
        }
        let squeeze = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(squeeze(&lines.concat()), squeeze(&text));
    }

    /// Goal: the parts of a line that runs in both directions lie side by side, in the order in
    /// which a reader sees them. Control: a line in one direction is one part.
    #[test]
    fn parts_of_a_line_in_two_directions_do_not_overlap() {
        let fonts = Fonts::load();
        let place = |line| fonts.placed(Style::Regular, 10.0, line);
        assert_eq!(place("Officer statement").len(), 1);
        let parts = place("video of \u{5e9}\u{5dc}\u{5d5}\u{5dd} and \u{639}\u{645}\u{631}.mp4");
        let directions: Vec<bool> = parts.iter().map(|(_, run)| run.right_to_left).collect();
        assert_eq!(directions, [false, true, false, true, false]);
        for pair in parts.windows(2) {
            let width = fonts.shaped_width(Style::Regular, 10.0, &pair[0].1);
            assert!(width > 0.0);
            assert!((pair[0].0 + width - pair[1].0).abs() < 0.01, "{pair:?}");
        }
    }
}
