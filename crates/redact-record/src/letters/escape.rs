//! Values in a letter are text: what would be Markdown in them is escaped.

use minijinja::{Error, ErrorKind, Output, State, Value};

/// The name of the escaping.
pub(super) const MARKDOWN: &str = "markdown";

/// Writes one value of a template.
///
/// # Errors
/// For an absent value: a letter that says "none" was not meant.
pub(super) fn format(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    if value.is_none() {
        let detail = "a value is absent here; test it with {% if … %} before it is printed";
        return Err(Error::new(ErrorKind::InvalidOperation, detail));
    }
    if value.is_safe() || matches!(state.auto_escape(), minijinja::AutoEscape::None) {
        return out.write_str(&value.to_string()).map_err(Error::from);
    }
    out.write_str(&escaped(&value.to_string()))
        .map_err(Error::from)
}

/// `text` on one line, so that Markdown shows it as it is.
fn escaped(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut escaped = String::with_capacity(line.len());
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    for (at, character) in line.char_indices() {
        let next = line[at + character.len_utf8()..].chars().next();
        let special = match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '|' => true,
            // The start of an entity, such as `&amp;`.
            '&' => next.is_some_and(|next| next == '#' || next.is_ascii_alphanumeric()),
            // At the start of a line: a heading, a list, a quotation, a rule, a fence.
            '#' | '+' | '-' | '=' | '>' | '~' => at == 0,
            '.' | ')' => at == digits,
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::{Block, blocks};
    use proptest::prelude::*;

    fn shown(markdown: &str) -> Option<String> {
        match blocks(markdown).as_slice() {
            [Block::Paragraph(spans)] if spans.iter().all(|span| !span.strong) => {
                Some(spans.iter().map(|span| span.text.as_str()).collect())
            }
            _ => None,
        }
    }

    /// Goal: a name that looks like Markdown is printed as it is. Control: without escaping it is
    /// not.
    #[test]
    fn a_value_is_not_markdown() {
        for value in [
            "**Officer** _Lee_.mp4",
            "# 12",
            "1. camera",
            "2) camera",
            "- note",
            "> quoted",
            "[x](https://example.org)",
            "&amp; &lt;",
            "a\\*b",
            "`code`",
            "---",
            "~~~",
        ] {
            assert_eq!(
                shown(&escaped(value)).as_deref(),
                Some(value),
                "{}",
                escaped(value)
            );
            assert_ne!(shown(value).as_deref(), Some(value), "{value}: not a test");
        }
        assert_eq!(escaped("a\n# b"), "a # b");
        assert_eq!(
            escaped("Minn. Stat. 13.825, subd. 2 (a)"),
            "Minn. Stat. 13.825, subd. 2 (a)"
        );
        assert_eq!(escaped("Smith & Sons"), "Smith & Sons");
    }

    proptest! {
        /// Goal: no value whatsoever changes the structure of a letter.
        #[test]
        fn any_value_is_shown_as_it_is(value in "[ -~\u{e9}\u{5d0}]{1,24}") {
            let plain = value.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assume!(!plain.is_empty());
            prop_assert_eq!(shown(&escaped(&value)), Some(plain));
        }
    }
}
