//! Words into lines, and lines into marks.

use crate::letters::Span;
use crate::paper::Type;
use crate::pdf::{Fonts, Mark, Style};

/// One line of text: pieces of one style each.
pub(super) type Line = Vec<(Style, String)>;

pub(super) fn line_marks(
    fonts: &Fonts,
    [mut x, y]: [f32; 2],
    kind: Type,
    line: &[(Style, String)],
) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (style, text) in line {
        if text.is_empty() {
            continue;
        }
        marks.push(Mark::Text {
            at: [x, y],
            style: *style,
            size: kind.size,
            ink: kind.ink,
            text: text.clone(),
        });
        x += fonts.width(*style, kind.size, text);
    }
    marks
}

/// Breaks text of several weights into lines of at most `width` points: between words, and within
/// a word that is wider than a line.
pub(super) fn wrap(fonts: &Fonts, kind: Type, text: &[Span], width: f32) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![Vec::new()];
    let mut used = 0.0;
    for word in words(kind, text) {
        let Some(word) = word else {
            lines.push(Vec::new());
            used = 0.0;
            continue;
        };
        let wide: f32 = word
            .iter()
            .map(|(style, text)| fonts.width(*style, kind.size, text))
            .sum();
        let style = word.first().map_or(kind.style, |(style, _)| *style);
        let space = fonts.width(style, kind.size, " ");
        let is_first = used == 0.0;
        if !is_first && used + space + wide > width {
            lines.push(Vec::new());
            used = 0.0;
        } else if !is_first {
            append(&mut lines, style, " ");
            used += space;
        }
        if used + wide <= width {
            word.iter()
                .for_each(|(style, text)| append(&mut lines, *style, text));
            used += wide;
            continue;
        }
        for (style, text) in word {
            for letter in text.chars() {
                let letter = letter.to_string();
                let wide = fonts.width(style, kind.size, &letter);
                if used > 0.0 && used + wide > width {
                    lines.push(Vec::new());
                    used = 0.0;
                }
                append(&mut lines, style, &letter);
                used += wide;
            }
        }
    }
    lines
}

fn append(lines: &mut [Line], style: Style, text: &str) {
    let Some(line) = lines.last_mut() else {
        return;
    };
    match line.last_mut() {
        Some((last, words)) if *last == style => words.push_str(text),
        _ => line.push((style, text.to_owned())),
    }
}

/// The words of a text, each in pieces of one style; `None` for a line break.
fn words(kind: Type, text: &[Span]) -> Vec<Option<Line>> {
    let mut words: Vec<Option<Line>> = Vec::new();
    let mut open = false;
    for span in text {
        let style = match (span.strong, span.code) {
            (true, _) => Style::Bold,
            (false, true) => Style::Mono,
            (false, false) => kind.style,
        };
        for character in span.text.chars() {
            if character == '\n' {
                words.push(None);
                open = false;
            } else if character.is_whitespace() && character != '\u{a0}' {
                open = false;
            } else {
                if !open {
                    words.push(Some(Vec::new()));
                    open = true;
                }
                if let Some(Some(word)) = words.last_mut() {
                    append(
                        std::slice::from_mut(word),
                        style,
                        character.encode_utf8(&mut [0; 4]),
                    );
                }
            }
        }
    }
    words
}
