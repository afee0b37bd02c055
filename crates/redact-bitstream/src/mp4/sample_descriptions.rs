//! Counts the sample descriptions of the tracks of an MP4 or MOV file.
//!
//! A release has one description per track, so a track that switches between several cannot be
//! copied: its packets would be decoded with the wrong configuration. FFmpeg signals most switches
//! with the packet, but not those in movie fragments, so the boxes are parsed here as well.
//!
//! Source: ISO/IEC 14496-12, 8.5.2 (`stsd`).

use std::io::{Read, Seek};

use super::boxes::{Atom, Fields, atoms, header};
use super::reading::{length, read_at};

/// Most bytes of a movie box; a day at 60 frames/s has about 200 MiB.
const MOVIE_BYTES_MAX: u64 = 512 << 20;

/// Most boxes at the top of a file: a fragmented recording has two per fragment.
const TOP_BOXES_MAX: u32 = 1_000_000;

/// Why a track with several sample descriptions is not copied.
const SEVERAL: &str = "it has several sample descriptions";
/// Why a track with unreadable sample descriptions is not copied.
pub const UNREADABLE: &str = "its sample descriptions cannot be read";

/// Checks that every track of `handler` (`vide`, `soun`) has exactly one sample description.
///
/// # Errors
/// The reason why tracks of this kind cannot be copied.
pub fn check_single(file: &mut (impl Read + Seek), handler: [u8; 4]) -> Result<(), &'static str> {
    let counts = read(file, handler).ok_or(UNREADABLE)?;
    if counts.is_empty() {
        Err(UNREADABLE)
    } else if counts.iter().any(|count| *count != 1) {
        Err(SEVERAL)
    } else {
        Ok(())
    }
}

/// The number of descriptions of each track of `handler`, of every movie box of the file.
fn read(file: &mut (impl Read + Seek), handler: [u8; 4]) -> Option<Vec<u32>> {
    let length = length(file).ok()?;
    let (mut at, mut counts) = (0, Vec::new());
    for _ in 0..TOP_BOXES_MAX {
        if at >= length {
            return Some(counts);
        }
        let head = read_at(file, at, 16).ok()?;
        // Trailing bytes are not a box: FFmpeg stops there as well.
        let Ok((kind, skip, total)) = header(&head, at) else {
            return Some(counts);
        };
        let end = at.saturating_add(total.unwrap_or(length - at));
        if &kind == b"moov" {
            let body = end.min(length).saturating_sub(at + skip);
            if body > MOVIE_BYTES_MAX {
                return None;
            }
            let movie = read_at(file, at + skip, body).ok()?;
            counts.extend(of_movie(&movie, handler)?);
        }
        at = end;
    }
    None
}

fn of_movie(movie: &[u8], handler: [u8; 4]) -> Option<Vec<u32>> {
    let mut counts = Vec::new();
    for track in inside(movie, *b"trak")? {
        let mut medias = inside(track.body, *b"mdia")?;
        let media = medias.pop().filter(|_| medias.is_empty())?;
        let handlers = inside(media.body, *b"hdlr")?;
        let is_kind = |atom: &Atom<'_>| atom.body.get(8..12) == Some(&handler);
        if !handlers.iter().any(is_kind) {
            continue;
        }
        let mut tables = Vec::new();
        for information in inside(media.body, *b"minf")? {
            for table in inside(information.body, *b"stbl")? {
                tables.extend(inside(table.body, *b"stsd")?);
            }
        }
        let descriptions = tables.pop().filter(|_| tables.is_empty())?;
        let mut fields = Fields::new(descriptions.body);
        fields.version_and_flags()?;
        let said = fields.u32()?;
        // Some writers append four zeros to the last description.
        let listed = atoms(fields.rest(), 0)
            .map_or(said, |found| u32::try_from(found.len()).unwrap_or(u32::MAX));
        counts.push(said.max(listed));
    }
    Some(counts)
}

/// The child boxes of one type; `None` if the children do not fill the parent.
fn inside(body: &[u8], kind: [u8; 4]) -> Option<Vec<Atom<'_>>> {
    let mut found = atoms(body, 0).ok()?;
    found.retain(|atom| atom.kind == kind);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, body].concat()
    }

    fn movie(descriptions: &[&[u8]], said: u8) -> Vec<u8> {
        let entries: Vec<u8> = descriptions
            .iter()
            .flat_map(|entry| node(b"avc1", entry))
            .collect();
        let table = [&[0, 0, 0, 0, 0, 0, 0, said][..], &entries].concat();
        let table = node(b"stbl", &node(b"stsd", &table));
        let handler = node(b"hdlr", b"\0\0\0\0\0\0\0\0vide\0\0\0\0");
        let media = [handler, node(b"minf", &table)].concat();
        node(b"trak", &node(b"mdia", &media))
    }

    /// Goal: a second description is found whether the count includes it or not.
    #[test]
    fn every_description_of_a_track_is_counted() {
        let count = |movie: &[u8], handler| of_movie(movie, handler);
        assert_eq!(count(&movie(&[b"one"], 1), *b"vide"), Some(vec![1]));
        assert_eq!(count(&movie(&[b"one"], 1), *b"soun"), Some(vec![]));
        assert_eq!(count(&movie(&[b"a", b"b"], 2), *b"vide"), Some(vec![2]));
        assert_eq!(count(&movie(&[b"a", b"b"], 1), *b"vide"), Some(vec![2]));
        assert_eq!(count(&movie(&[b"a"], 2), *b"vide"), Some(vec![2]));
        assert_eq!(count(b"\0\0\0\x09trak", *b"vide"), None);
    }
}
