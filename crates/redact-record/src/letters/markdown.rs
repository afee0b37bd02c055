//! The part of Markdown that letters and the manual may use, as blocks to be laid out.
//!
//! Headings, paragraphs, bold text, line breaks, lists, tables and rules; in the manual also links
//! and code. Everything else is shown as text: HTML as it is written, a link of a letter as its
//! text and address, italics like any other text.

use pulldown_cmark::{Alignment, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Text of one kind. A line feed is a forced line break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Bold.
    pub strong: bool,
    /// A key, a command or a file; never in a letter.
    pub code: bool,
    /// Where it leads; never in a letter, which shows the address.
    pub link: Option<String>,
}

/// A block of a letter or of the manual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Level from 1, and text.
    Heading(u16, Vec<Span>),
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// An item of a list.
    Item {
        /// How many lists deep, from 0.
        depth: usize,
        /// Its number; `None` in a list without numbers.
        number: Option<u64>,
        /// What it says.
        text: Vec<Span>,
    },
    /// A table.
    Table {
        /// The cells of its header.
        header: Vec<Vec<Span>>,
        /// Whether each column is aligned to the right, as amounts are: `---:`.
        right: Vec<bool>,
        /// Rows of as many cells.
        rows: Vec<Vec<Vec<Span>>>,
    },
    /// Lines to be typed or read as they are; never in a letter.
    Code(String),
    /// A line across the page.
    Rule,
}

/// The blocks of a letter in Markdown.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    read(Reader::default(), text)
}

/// The blocks of a chapter of the manual in Markdown, with its links and code.
pub(crate) fn chapter_blocks(text: &str) -> Vec<Block> {
    let reader = Reader {
        is_chapter: true,
        ..Reader::default()
    };
    read(reader, text)
}

fn read(mut reader: Reader, text: &str) -> Vec<Block> {
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        reader.event(event);
    }
    reader.flush();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    /// Whether links and code are told apart from other text.
    is_chapter: bool,
    blocks: Vec<Block>,
    /// Text of the open block or cell.
    spans: Vec<Span>,
    strong: usize,
    in_code: bool,
    heading: Option<u16>,
    /// The next number of each open list.
    lists: Vec<Option<u64>>,
    /// The number of the open item, until its first text is a block.
    item: Option<Option<u64>>,
    /// Addresses of the open links.
    links: Vec<String>,
    header: Vec<Vec<Span>>,
    right: Vec<bool>,
    rows: Vec<Vec<Vec<Span>>>,
    in_header: bool,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(text) => {
                self.in_code = self.is_chapter;
                self.push(&text);
                self.in_code = false;
            }
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.push(&text),
            Event::SoftBreak => self.push(" "),
            Event::HardBreak => self.push("\n"),
            Event::Rule => {
                self.flush();
                self.blocks.push(Block::Rule);
            }
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(match level {
                    HeadingLevel::H1 => 1,
                    HeadingLevel::H2 => 2,
                    _ => 3,
                });
            }
            Tag::Paragraph | Tag::CodeBlock(_) | Tag::HtmlBlock => self.flush(),
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                let number = self.lists.last_mut().and_then(|next| {
                    let number = *next;
                    *next = number.map(|number| number.saturating_add(1));
                    number
                });
                self.item = Some(number);
            }
            Tag::Strong => self.strong += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(dest_url.into_string());
            }
            Tag::Table(columns) => {
                self.flush();
                let right = |column: &Alignment| *column == Alignment::Right;
                self.right = columns.iter().map(right).collect();
                self.header = Vec::new();
                self.rows = Vec::new();
            }
            Tag::TableHead => self.in_header = true,
            Tag::TableRow => self.rows.push(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::CodeBlock if self.is_chapter => {
                let lines = std::mem::take(&mut self.spans).into_iter();
                let lines: String = lines.map(|span| span.text).collect();
                self.blocks.push(Block::Code(lines.trim_end().to_owned()));
            }
            TagEnd::Heading(_)
            | TagEnd::Paragraph
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock => {
                self.flush();
                if tag == TagEnd::Item {
                    self.item = None;
                }
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => {
                let address = self.links.pop().unwrap_or_default();
                if self.is_chapter {
                    return;
                }
                let shown = self
                    .spans
                    .last()
                    .is_some_and(|span| span.text.ends_with(&address));
                if !address.is_empty() && !shown {
                    self.push(&format!(" ({address})"));
                }
            }
            TagEnd::TableHead => self.in_header = false,
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.spans);
                match self.rows.last_mut() {
                    _ if self.in_header => self.header.push(cell),
                    Some(row) => row.push(cell),
                    None => {}
                }
            }
            TagEnd::Table => self.blocks.push(Block::Table {
                header: std::mem::take(&mut self.header),
                right: std::mem::take(&mut self.right),
                rows: std::mem::take(&mut self.rows),
            }),
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        let link = self.links.last().filter(|_| self.is_chapter).cloned();
        let span = Span {
            text: text.to_owned(),
            strong: self.strong > 0,
            code: self.in_code,
            link,
        };
        match self.spans.last_mut() {
            Some(last)
                if (last.strong, last.code, &last.link) == (span.strong, span.code, &span.link) =>
            {
                last.text.push_str(text);
            }
            _ => self.spans.push(span),
        }
    }

    /// Ends the open block.
    fn flush(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        let heading = self.heading.take();
        if spans.iter().all(|span| span.text.trim().is_empty()) {
            return;
        }
        self.blocks.push(match (heading, self.item.take()) {
            (Some(level), _) => Block::Heading(level, spans),
            (None, Some(number)) => Block::Item {
                depth: self.lists.len().saturating_sub(1),
                number,
                text: spans,
            },
            (None, None) => Block::Paragraph(spans),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<Span> {
        vec![Span {
            text: text.to_owned(),
            ..Span::default()
        }]
    }

    /// Goal: every kind of block that letters/README.md offers is read as such.
    #[test]
    fn the_blocks_of_a_letter_are_read() {
        let text = "# Re\n\nDear **R. Roe**,\\\nsecond line\n\n- one\n  - deep\n- two\n\n3. three\n\n\
            | a | b |\n|---|--:|\n| 1 | **2** |\n\n---\n\nlast\n";
        let item = |depth, number, text: &str| Block::Item {
            depth,
            number,
            text: plain(text),
        };
        let strong = Span {
            text: "R. Roe".to_owned(),
            strong: true,
            ..Span::default()
        };
        let two = Span {
            text: "2".to_owned(),
            strong: true,
            ..Span::default()
        };
        let dear = [plain("Dear "), vec![strong], plain(",\nsecond line")].concat();
        let expected = vec![
            Block::Heading(1, plain("Re")),
            Block::Paragraph(dear),
            item(0, None, "one"),
            item(1, None, "deep"),
            item(0, None, "two"),
            item(0, Some(3), "three"),
            Block::Table {
                header: vec![plain("a"), plain("b")],
                right: vec![false, true],
                rows: vec![vec![plain("1"), vec![two]]],
            },
            Block::Rule,
            Block::Paragraph(plain("last")),
        ];
        assert_eq!(blocks(text), expected);
    }

    /// Goal: nothing that a person typed disappears, and nothing runs.
    #[test]
    fn html_and_links_are_shown_as_text() {
        let words = |text: &str| {
            let spans = blocks(text).into_iter().flat_map(|block| match block {
                Block::Paragraph(spans) => spans,
                other => panic!("{other:?}"),
            });
            spans
                .map(|span| span.text)
                .collect::<String>()
                .trim_end()
                .to_owned()
        };
        assert_eq!(
            words("a <b>c</b> <script>x</script>"),
            "a <b>c</b> <script>x</script>"
        );
        assert_eq!(words("<div>\nx\n</div>"), "<div>\nx\n</div>");
        assert_eq!(
            words("[the law](https://example.org)"),
            "the law (https://example.org)"
        );
        assert_eq!(words("![seal](seal.png)"), "seal (seal.png)");
        assert_eq!(words("`code` and *soft*"), "code and soft");
    }

    /// Goal: the manual has links, keys and commands, and no address in its text.
    #[test]
    fn a_chapter_has_links_and_code() {
        let key = Span {
            text: "H".to_owned(),
            code: true,
            ..Span::default()
        };
        let link = Span {
            text: "tracks".to_owned(),
            link: Some("glossary.md#track".to_owned()),
            ..Span::default()
        };
        let read = [plain("Press "), vec![key], plain(" for "), vec![link]].concat();
        let text = "Press `H` for [tracks](glossary.md#track)\n\n```\na\nb\n```\n";
        let expected = vec![Block::Paragraph(read), Block::Code("a\nb".to_owned())];
        assert_eq!(chapter_blocks(text), expected);
    }
}
