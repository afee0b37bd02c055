//! The manual of the release desk, for its page and as PDF.
//!
//! It is written once, as an mdBook in `manual/`, and is part of the program. The table of contents
//! is that of the book (`SUMMARY.md`).

use crate::letters::chapter_blocks;
pub use crate::letters::{Block, Span};

const SUMMARY: &str = include_str!("../../../manual/src/SUMMARY.md");

/// The texts by the name of their file, without its ending.
const TEXTS: [(&str, &str); 10] = [
    (
        "administrator",
        include_str!("../../../manual/src/administrator.md"),
    ),
    ("approver", include_str!("../../../manual/src/approver.md")),
    ("auditor", include_str!("../../../manual/src/auditor.md")),
    ("clerk", include_str!("../../../manual/src/clerk.md")),
    (
        "first-steps",
        include_str!("../../../manual/src/first-steps.md"),
    ),
    ("glossary", include_str!("../../../manual/src/glossary.md")),
    ("keys", include_str!("../../../manual/src/keys.md")),
    ("never", include_str!("../../../manual/src/never.md")),
    ("reviewer", include_str!("../../../manual/src/reviewer.md")),
    ("wrong", include_str!("../../../manual/src/wrong.md")),
];

/// A chapter of the manual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Its name in addresses.
    pub slug: &'static str,
    /// Its title.
    pub title: String,
    /// Its text, without the title.
    pub blocks: Vec<Block>,
}

/// The manual for the readers of one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Its name in addresses and of its file.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The chapters that only this edition has; empty for the whole manual.
    own: &'static [&'static str],
}

/// The editions: the whole manual, and one for each role.
pub const EDITIONS: [Edition; 6] = [
    Edition {
        name: "manual",
        title: "Manual of the release desk",
        own: &[],
    },
    Edition {
        name: "clerk",
        title: "Manual for records clerks",
        own: &["clerk"],
    },
    Edition {
        name: "reviewer",
        title: "Manual for reviewers",
        own: &["reviewer", "keys"],
    },
    Edition {
        name: "approver",
        title: "Manual for approvers",
        own: &["approver", "reviewer", "keys"],
    },
    Edition {
        name: "auditor",
        title: "Manual for auditors",
        own: &["auditor"],
    },
    Edition {
        name: "administrator",
        title: "Manual for administrators",
        own: &["administrator"],
    },
];

/// The chapters for every role.
const COMMON: [&str; 4] = ["first-steps", "never", "wrong", "glossary"];

impl Edition {
    /// Its chapters, in the order of the manual.
    #[must_use]
    pub fn chapters(&self) -> Vec<Chapter> {
        let wanted = |chapter: &Chapter| {
            self.own.is_empty()
                || COMMON.contains(&chapter.slug)
                || self.own.contains(&chapter.slug)
        };
        chapters().into_iter().filter(wanted).collect()
    }
}

/// All chapters, in the order of the table of contents.
#[must_use]
pub fn chapters() -> Vec<Chapter> {
    summary().filter_map(|slug| chapter(&slug)).collect()
}

/// The names that the table of contents lists.
fn summary() -> impl Iterator<Item = String> {
    chapter_blocks(SUMMARY).into_iter().filter_map(|block| {
        let Block::Item { text, .. } = block else {
            return None;
        };
        let link = text.into_iter().find_map(|span| span.link)?;
        link.strip_suffix(".md").map(str::to_owned)
    })
}

fn chapter(slug: &str) -> Option<Chapter> {
    let &(slug, text) = TEXTS.iter().find(|(known, _)| *known == slug)?;
    let mut blocks = chapter_blocks(text);
    let title = match blocks.first() {
        Some(Block::Heading(1, title)) => words(title),
        _ => return None,
    };
    blocks.remove(0);
    Some(Chapter {
        slug,
        title,
        blocks,
    })
}

/// Text without its kinds.
#[must_use]
pub fn words(text: &[Span]) -> String {
    text.iter().map(|span| span.text.as_str()).collect()
}

/// The anchor of a heading in addresses, as mdBook makes it.
#[must_use]
pub fn anchor(heading: &str) -> String {
    let letters = heading.trim().chars().filter_map(|letter| {
        if letter.is_alphanumeric() || matches!(letter, '_' | '-') {
            Some(letter.to_ascii_lowercase())
        } else {
            letter.is_whitespace().then_some('-')
        }
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(chapter: &Chapter) -> Vec<String> {
        let heading = |block: &Block| match block {
            Block::Heading(_, text) => Some(anchor(&words(text))),
            _ => None,
        };
        chapter.blocks.iter().filter_map(heading).collect()
    }

    fn spans(block: &Block) -> Vec<&Span> {
        match block {
            Block::Heading(_, text) | Block::Paragraph(text) | Block::Item { text, .. } => {
                text.iter().collect()
            }
            Block::Table { header, rows, .. } => {
                let cells = header.iter().chain(rows.iter().flatten());
                cells.flatten().collect()
            }
            Block::Code(_) | Block::Rule => Vec::new(),
        }
    }

    /// Goal: what is written is shown: every file is in the table of contents, once.
    #[test]
    fn the_table_of_contents_lists_every_chapter() {
        let mut listed: Vec<String> = summary().collect();
        assert_eq!(listed.len(), chapters().len());
        listed.sort();
        let known: Vec<&str> = TEXTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, known);
    }

    /// Goal: no link of the manual leads nowhere, and no heading is there twice in a chapter.
    #[test]
    fn every_link_leads_to_a_heading() {
        let all = chapters();
        for chapter in &all {
            let mut own = headings(chapter);
            own.sort();
            own.dedup();
            assert_eq!(own.len(), headings(chapter).len(), "{}", chapter.slug);
            let links = chapter.blocks.iter().flat_map(spans);
            for link in links.filter_map(|span| span.link.as_deref()) {
                let (file, heading) = link.split_once('#').unwrap_or((link, ""));
                let slug = match file.strip_suffix(".md") {
                    Some(slug) => slug,
                    None if file.is_empty() => chapter.slug,
                    None => panic!("{}: {link} leads out of the manual", chapter.slug),
                };
                let target = all.iter().find(|known| known.slug == slug);
                let target = target.unwrap_or_else(|| panic!("{}: {link}", chapter.slug));
                let there = heading.is_empty() || headings(target).iter().any(|a| a == heading);
                assert!(there, "{}: {link}", chapter.slug);
            }
        }
    }

    /// Goal: the page and the PDF show lists one level deep; the manual has no others, and nothing
    /// that only a browser would show.
    #[test]
    fn chapters_are_plain() {
        for chapter in chapters() {
            for block in &chapter.blocks {
                assert!(
                    !matches!(block, Block::Item { depth: 1.., .. }),
                    "{}: {block:?}",
                    chapter.slug
                );
                assert!(spans(block).iter().all(|span| !span.text.contains("</")));
            }
        }
    }

    /// Goal: each role has its own chapter and what holds for everybody.
    #[test]
    fn editions_have_their_chapters() {
        let slugs = |name: &str| -> Vec<&str> {
            let edition = EDITIONS.iter().find(|edition| edition.name == name);
            let chapters = edition.unwrap().chapters();
            chapters.iter().map(|chapter| chapter.slug).collect()
        };
        assert_eq!(slugs("manual").len(), TEXTS.len());
        let expected = ["first-steps", "auditor", "never", "wrong", "glossary"];
        assert_eq!(slugs("auditor"), expected);
    }
}
