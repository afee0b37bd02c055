//! Boxes that are not allowed where they are.

use super::report::Report;
use super::verdict::LeakChannel;
use crate::mp4::boxes::{Atom, atoms};

/// Nesting depth to which tags are searched.
const TAG_DEPTH_MAX: u32 = 6;

/// Reports a box that is not allowed where it is, under the channel of what it may reveal.
pub(super) fn note(atom: Atom<'_>, report: &mut Report) {
    let what = format!(
        "box {} of {} bytes at byte {}",
        atom.name(),
        atom.body.len(),
        atom.offset
    );
    match &atom.kind {
        b"udta" | b"meta" | b"uuid" | b"ilst" | b"name" => {
            report.note(LeakChannel::ContainerTags, what);
            search_tags(atom, 0, report);
        }
        b"free" | b"skip" if atom.body.iter().all(|byte| *byte == 0) => {}
        _ => report.note(LeakChannel::LeftoverBytes, what),
    }
}

/// Reports every box of a tree of tags, and chapters and pictures under their own channels.
fn search_tags(atom: Atom<'_>, depth: u32, report: &mut Report) {
    match &atom.kind {
        b"chpl" => report.note(LeakChannel::Chapters, "a list of chapters".to_owned()),
        b"covr" | b"thmb" => report.note(
            LeakChannel::Attachments,
            "a picture among the tags".to_owned(),
        ),
        _ => {}
    }
    if depth >= TAG_DEPTH_MAX {
        return;
    }
    let (body, skipped) = match &atom.kind {
        b"udta" | b"ilst" => (atom.body, 0),
        // Some writers leave the version out.
        b"meta" if atom.body.get(..4) == Some(&[0; 4]) => (&atom.body[4..], 4),
        b"meta" => (atom.body, 0),
        _ => return,
    };
    match atoms(body, atom.body_offset + skipped) {
        Ok(found) => {
            for inner in found {
                let key = format!("{} in {}", inner.name(), atom.name());
                report.note(LeakChannel::ContainerTags, key);
                search_tags(inner, depth + 1, report);
            }
        }
        Err(_) => report.note(
            LeakChannel::ContainerTags,
            "tags that cannot be read".to_owned(),
        ),
    }
}
