//! Pages of text and bars as PDF: archivable (PDF/A-2a) and accessible (PDF/UA-1).
//!
//! A page is a tree of [`Node`]s in reading order. This module measures, wraps and draws text;
//! layout is up to the caller. The fonts are DejaVu (free to embed); a file contains only the
//! glyphs that it uses.
//!
//! Limits: scripts that DejaVu covers (Latin, Greek, Cyrillic, Hebrew, Arabic and others). Any
//! other character is drawn as U+FFFD.

mod bidi;
mod fonts;

use std::num::NonZeroU16;

use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagKind, TagTree,
};
use krilla::text::TextDirection;
use krilla::{Document, SerializeSettings};

use redact_core::UtcNanos;
use time::OffsetDateTime;

use crate::RecordError;

pub(crate) use fonts::{Fonts, Style};

/// US Letter in points, portrait.
pub(crate) const LETTER: [f32; 2] = [612.0, 792.0];

/// Red, green and blue, 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink(pub(crate) u8, pub(crate) u8, pub(crate) u8);

/// Something on the page, in points from the top-left corner.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// One line of text; `at` is the left end of its baseline.
    Text {
        at: [f32; 2],
        style: Style,
        size: f32,
        ink: Ink,
        text: String,
    },
    /// A filled rectangle; `at` is its top-left corner.
    Bar {
        at: [f32; 2],
        size: [f32; 2],
        ink: Ink,
    },
}

impl Mark {
    /// The mark, moved right and down.
    pub(crate) fn moved(mut self, [right, down]: [f32; 2]) -> Self {
        let (Self::Text { at, .. } | Self::Bar { at, .. }) = &mut self;
        *at = [at[0] + right, at[1] + down];
        self
    }
}

/// The role of a node, for screen readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A heading of this level, from 1.
    Heading(u16),
    Paragraph,
    /// A drawing, with its description.
    Figure(String),
    /// A list of [`Role::ListItem`]s, numbered or not.
    List {
        numbered: bool,
    },
    /// A [`Role::ListLabel`] and a [`Role::ListBody`].
    ListItem,
    ListLabel,
    ListBody,
    Table,
    Row,
    HeaderCell,
    Cell,
    /// Decoration: lines, boxes, footers.
    Decoration,
}

/// A part of a page.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) role: Role,
    pub(crate) marks: Vec<Mark>,
    pub(crate) children: Vec<Node>,
}

impl Node {
    pub(crate) fn leaf(role: Role, marks: Vec<Mark>) -> Self {
        Self {
            role,
            marks,
            children: Vec::new(),
        }
    }

    pub(crate) fn group(role: Role, children: Vec<Node>) -> Self {
        Self {
            role,
            marks: Vec::new(),
            children,
        }
    }

    /// Its own lines, joined.
    fn text(&self) -> String {
        let lines = self.marks.iter().filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text.trim()),
            Mark::Bar { .. } => None,
        });
        lines.collect::<Vec<_>>().join(" ")
    }

    /// Top of its first line.
    fn place(&self) -> Option<Point> {
        self.marks.iter().find_map(|mark| match mark {
            Mark::Text {
                at: [x, y], size, ..
            } => Some(Point::from_xy(*x, y - size)),
            Mark::Bar { .. } => None,
        })
    }
}

/// One page.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    /// Width and height in points.
    pub(crate) size: [f32; 2],
    pub(crate) nodes: Vec<Node>,
}

/// Metadata of a file.
pub(crate) struct About<'a> {
    pub(crate) title: &'a str,
    /// The program that made it, with its version.
    pub(crate) producer: &'a str,
    pub(crate) made_at: UtcNanos,
}

/// Writes the pages as one file, with an outline of their headings.
///
/// # Errors
/// [`RecordError::Write`] if the pages violate a rule of PDF/A or PDF/UA.
pub(crate) fn write(
    fonts: &Fonts,
    about: &About<'_>,
    sheets: &[Sheet],
) -> Result<Vec<u8>, RecordError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|refused| failed(format!("{refused:?}")))?;
    let settings = SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    };
    let mut document = Document::new_with(settings);
    let mut tree = TagTree::new().with_lang(Some("en".to_owned()));
    let mut outline = Outline::new();
    for (index, sheet) in sheets.iter().enumerate() {
        let [width, height] = sheet.size;
        let page = PageSettings::from_wh(width, height)
            .ok_or_else(|| failed(format!("a page of {width} by {height} points")))?;
        let mut page = document.start_page_with(page);
        let mut surface = page.surface();
        for node in &sheet.nodes {
            if let Some(group) = draw_node(&mut surface, fonts, node) {
                tree.push(group);
            }
            if let (Role::Heading(1 | 2), Some(place)) = (&node.role, node.place()) {
                let target = XyzDestination::new(index, place);
                outline.push_child(OutlineNode::new(node.text(), target));
            }
        }
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(tree);
    document.set_outline(outline);
    let mut metadata = Metadata::new()
        .title(about.title.to_owned())
        .creator(about.producer.to_owned())
        .language("en".to_owned());
    if let Some(date) = date(about.made_at) {
        metadata = metadata.creation_date(date);
    }
    document.set_metadata(metadata);
    document
        .finish()
        .map_err(|refused| failed(format!("{refused:?}")))
}

/// `None` for years that the format cannot express.
fn date(at: UtcNanos) -> Option<DateTime> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(at.0.into()).ok()?;
    let (hour, minute, second) = moment.to_hms();
    let date = DateTime::new(u16::try_from(moment.year()).ok()?)
        .month(moment.month().into())
        .day(moment.day())
        .hour(hour)
        .minute(minute)
        .second(second)
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Some(date)
}

fn failed(what: String) -> RecordError {
    RecordError::Write {
        source: std::io::Error::other(format!("cannot produce the PDF: {what}")),
    }
}

/// Draws a node and returns its tags; `None` for decoration.
fn draw_node(surface: &mut Surface<'_>, fonts: &Fonts, node: &Node) -> Option<TagGroup> {
    let tag: TagKind = match &node.role {
        Role::Decoration => {
            let layout = Artifact::with_kind(ArtifactType::Layout);
            surface.start_tagged(ContentTag::Artifact(layout));
            node.marks
                .iter()
                .for_each(|mark| draw_mark(surface, fonts, mark));
            surface.end_tagged();
            return None;
        }
        Role::Heading(level) => {
            let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(node.text())).into()
        }
        Role::Paragraph => Tag::P.into(),
        Role::Figure(description) => Tag::Figure(Some(description.clone())).into(),
        Role::List { numbered: true } => Tag::L(ListNumbering::Decimal).into(),
        Role::List { numbered: false } => Tag::L(ListNumbering::Disc).into(),
        Role::ListItem => Tag::LI.into(),
        Role::ListLabel => Tag::Lbl.into(),
        Role::ListBody => Tag::LBody.into(),
        Role::Table => Tag::Table.into(),
        Role::Row => Tag::TR.into(),
        Role::HeaderCell => Tag::TH(TableHeaderScope::Column).into(),
        Role::Cell => Tag::TD.into(),
    };
    let mut group = TagGroup::new(tag);
    if matches!(node.role, Role::Figure(_)) {
        let content = tagged(surface, ContentTag::Other, |surface| {
            node.marks
                .iter()
                .for_each(|mark| draw_mark(surface, fonts, mark));
        });
        group.push(content);
    } else {
        for mark in &node.marks {
            let content = tagged(surface, ContentTag::Span(SpanTag::empty()), |surface| {
                draw_mark(surface, fonts, mark);
            });
            group.push(content);
        }
    }
    for child in &node.children {
        if let Some(child) = draw_node(surface, fonts, child) {
            group.push(child);
        }
    }
    Some(group)
}

fn tagged(
    surface: &mut Surface<'_>,
    tag: ContentTag<'_>,
    draw: impl FnOnce(&mut Surface<'_>),
) -> Identifier {
    let identifier = surface.start_tagged(tag);
    draw(surface);
    surface.end_tagged();
    identifier
}

fn draw_mark(surface: &mut Surface<'_>, fonts: &Fonts, mark: &Mark) {
    match mark {
        Mark::Text {
            at: [x, y],
            style,
            size,
            ink,
            text,
        } => {
            fill_with(surface, *ink);
            for (right, run) in fonts.placed(*style, *size, text) {
                let direction = match run.right_to_left {
                    true => TextDirection::RightToLeft,
                    false => TextDirection::LeftToRight,
                };
                let (start, font) = (Point::from_xy(*x + right, *y), fonts.font(*style));
                surface.draw_text(start, font, *size, &run.text, false, direction);
            }
        }
        Mark::Bar {
            at: [x, y],
            size: [width, height],
            ink,
        } => {
            fill_with(surface, *ink);
            if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                let mut path = PathBuilder::new();
                path.push_rect(rect);
                if let Some(path) = path.finish() {
                    surface.draw_path(&path);
                }
            }
        }
    }
}

fn fill_with(surface: &mut Surface<'_>, Ink(red, green, blue): Ink) {
    surface.set_fill(Some(Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        ..Fill::default()
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no text can produce a file that the library rejects, or one with the forbidden glyph
    /// 0.
    #[test]
    fn a_character_that_the_font_lacks_is_replaced() {
        let fonts = Fonts::load();
        assert_eq!(fonts.drawn(Style::Bold, '漢'), '\u{fffd}');
        assert_eq!(fonts.drawn(Style::Mono, '\n'), ' ');
        assert_eq!(fonts.drawn(Style::Mono, '\0'), '\u{fffd}');
        assert_eq!(fonts.drawn(Style::Regular, 'ß'), 'ß');
        let text = "漢字 \0\u{1f6a8}\u{e000}\u{200f}שלום مرحبا".to_owned();
        let line = Mark::Text {
            at: [50.0, 50.0],
            style: Style::Regular,
            size: 9.0,
            ink: Ink(0, 0, 0),
            text,
        };
        let heading = Node::leaf(Role::Heading(1), vec![line.clone()]);
        let sheet = Sheet {
            size: LETTER,
            nodes: vec![heading, Node::leaf(Role::Paragraph, vec![line])],
        };
        let about = About {
            title: "\u{0}漢字",
            producer: "",
            made_at: UtcNanos(0),
        };
        let bytes = write(&fonts, &about, &[sheet]).unwrap();
        assert!(bytes.starts_with(b"%PDF-1.7"));
    }
}
