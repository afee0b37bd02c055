//! A letter as plain text, for a file that opens anywhere.

use crate::letters::{Block, Letter, Span, blocks};

/// Width of a line in characters.
const WIDTH: usize = 76;

/// The letter as text with lines of at most 76 characters, longer words aside.
pub(super) fn plain_text(letter: &Letter) -> String {
    let mut text = String::new();
    let mut in_list = false;
    for block in blocks(&letter.text) {
        let is_item = matches!(block, Block::Item { .. });
        if !(text.is_empty() || is_item && in_list) {
            text.push('\n');
        }
        in_list = is_item;
        match block {
            Block::Heading(level, spans) => {
                let title = words(&spans);
                let line = if level == 1 { "=" } else { "-" };
                wrapped(&mut text, "", "", &title);
                text.push_str(&line.repeat(title.chars().count().min(WIDTH)));
                text.push('\n');
            }
            Block::Paragraph(spans) => wrapped(&mut text, "", "", &words(&spans)),
            Block::Item {
                depth,
                number,
                text: spans,
            } => {
                let label = number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. "));
                let indent = "  ".repeat(depth.min(6));
                let first = format!("{indent}{label}");
                wrapped(&mut text, &first, &" ".repeat(first.len()), &words(&spans));
            }
            Block::Table { header, rows, .. } => {
                for row in rows {
                    let cells = header.iter().zip(&row).map(|(title, cell)| {
                        let (title, cell) = (words(title), words(cell));
                        format!("{title}: {cell}")
                    });
                    wrapped(&mut text, "- ", "  ", &cells.collect::<Vec<_>>().join("; "));
                }
            }
            Block::Code(lines) => {
                text.push_str(&lines);
                text.push('\n');
            }
            Block::Rule => {
                text.push_str(&"-".repeat(WIDTH));
                text.push('\n');
            }
        }
    }
    text
}

fn words(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

/// Adds `words` in lines, the first after `first`, the others after `rest`.
fn wrapped(text: &mut String, first: &str, rest: &str, words: &str) {
    let mut indent = first;
    for line in words.trim_end().split('\n') {
        let mut used = 0;
        for word in line.split_whitespace() {
            let length = word.chars().count();
            if used == 0 {
                text.push_str(indent);
                indent = rest;
            } else if indent.len() + used + 1 + length > WIDTH {
                text.push('\n');
                text.push_str(rest);
                used = 0;
            } else {
                text.push(' ');
                used += 1;
            }
            text.push_str(word);
            used += length;
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_readable_as_plain_text() {
        let letter = Letter {
            name: "x".into(),
            title: "X".into(),
            text: format!(
                "# Title\n\nOne **two**\\\nthree.\n\n1. first {}\n2. second\n\n| a | b |\n|-|-|\n| 1 | 2 |\n",
                "word ".repeat(20)
            ),
        };
        let expected = "Title\n=====\n\nOne two\nthree.\n\n\
            1. first word word word word word word word word word word word word word\n   \
            word word word word word word word\n2. second\n\n- a: 1; b: 2\n";
        assert_eq!(plain_text(&letter), expected);
    }
}
