//! The manual, for the page and as PDF.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use redact_record::manual::{self, Block, Chapter, EDITIONS, Span};
use redact_record::papers::manual_pdf;
use serde::Serialize;

use crate::api_error::{ApiError, ApiResult};
use crate::service::app::App;

/// The manual.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Manual {
    chapters: Vec<ManualChapter>,
    /// As PDF: the whole, and one for each role.
    editions: Vec<ManualEdition>,
}

/// A chapter.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ManualChapter {
    slug: String,
    title: String,
    blocks: Vec<ManualBlock>,
}

/// An edition as PDF.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ManualEdition {
    /// Its file is `NAME.pdf`.
    name: &'static str,
    title: &'static str,
}

/// Text of one kind.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ManualText {
    text: String,
    /// What the page calls it.
    strong: bool,
    /// A key, a command or a file.
    code: bool,
    /// The chapter and heading that it leads to.
    link: Option<ManualLink>,
}

/// A place in the manual.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ManualLink {
    slug: String,
    anchor: Option<String>,
}

/// A part of a chapter.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum ManualBlock {
    Heading {
        level: u16,
        anchor: String,
        text: Vec<ManualText>,
    },
    Paragraph {
        text: Vec<ManualText>,
    },
    List {
        numbered: bool,
        items: Vec<Vec<ManualText>>,
    },
    Table {
        header: Vec<Vec<ManualText>>,
        /// Whether each column is aligned to the right.
        right: Vec<bool>,
        rows: Vec<Vec<Vec<ManualText>>>,
    },
    Code {
        text: String,
    },
}

fn text(spans: Vec<Span>, chapter: &str) -> Vec<ManualText> {
    let link = |link: &str| {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let slug = file.strip_suffix(".md").unwrap_or(chapter);
        ManualLink {
            slug: slug.to_owned(),
            anchor: (!anchor.is_empty()).then(|| anchor.to_owned()),
        }
    };
    let one = |span: Span| ManualText {
        link: span.link.as_deref().map(link),
        text: span.text,
        strong: span.strong,
        code: span.code,
    };
    spans.into_iter().map(one).collect()
}

/// The blocks of a chapter, or of a letter, which has no links: then `slug` is empty.
pub(super) fn present_blocks(given: Vec<Block>, slug: &str) -> Vec<ManualBlock> {
    let mut blocks: Vec<ManualBlock> = Vec::new();
    let cells = |cells: Vec<Vec<Span>>| cells.into_iter().map(|cell| text(cell, slug)).collect();
    for block in given {
        let shown = match block {
            Block::Heading(level, words) => ManualBlock::Heading {
                level,
                anchor: manual::anchor(&manual::words(&words)),
                text: text(words, slug),
            },
            Block::Paragraph(words) => ManualBlock::Paragraph {
                text: text(words, slug),
            },
            Block::Item {
                number,
                text: words,
                ..
            } => {
                let item = text(words, slug);
                if let Some(ManualBlock::List { numbered, items }) = blocks.last_mut()
                    && *numbered == number.is_some()
                {
                    items.push(item);
                    continue;
                }
                ManualBlock::List {
                    numbered: number.is_some(),
                    items: vec![item],
                }
            }
            Block::Table {
                header,
                right,
                rows,
            } => ManualBlock::Table {
                header: cells(header),
                right,
                rows: rows.into_iter().map(cells).collect(),
            },
            Block::Code(lines) => ManualBlock::Code { text: lines },
            Block::Rule => continue,
        };
        blocks.push(shown);
    }
    blocks
}

fn present(chapter: Chapter) -> ManualChapter {
    ManualChapter {
        slug: chapter.slug.to_owned(),
        title: chapter.title,
        blocks: present_blocks(chapter.blocks, chapter.slug),
    }
}

/// `GET /manual`.
pub(crate) async fn show() -> axum::Json<Manual> {
    let edition = |edition: &manual::Edition| ManualEdition {
        name: edition.name,
        title: edition.title,
    };
    axum::Json(Manual {
        chapters: manual::chapters().into_iter().map(present).collect(),
        editions: EDITIONS.iter().map(edition).collect(),
    })
}

/// `GET /manual/:file`: an edition as PDF.
pub(crate) async fn pdf(State(app): State<App>, Path(file): Path<String>) -> ApiResult<Response> {
    let name = file.strip_suffix(".pdf").unwrap_or_default();
    let found = EDITIONS.iter().find(|edition| edition.name == name);
    let edition = found.ok_or_else(ApiError::not_found)?;
    let program = app.options.event_log.program.clone();
    let now = app.now_nanos();
    let made = tokio::task::spawn_blocking(move || manual_pdf(edition, &program, now)).await??;
    let head = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"redact-{name}.pdf\""),
        ),
    ];
    Ok((head, made).into_response())
}
