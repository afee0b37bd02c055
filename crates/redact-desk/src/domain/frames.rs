//! Which frames are in a byte range of a proxy.
//!
//! The desk writes proxies as MP4 with one video track without reordered frames, so each sample is
//! a frame. For any other file, frames are assumed to be spaced evenly.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// The largest index that is read. An hour of frames takes less than a megabyte.
const INDEX_BYTES_MAX: u64 = 64 << 20;

/// The position of each frame in a file.
#[derive(Debug)]
pub(crate) enum Frames {
    /// The byte range of each frame, half-open.
    Placed(Vec<(u64, u64)>),
    /// The number of frames and of bytes, if the ranges are not known.
    Even(u32, u64),
}

impl Frames {
    /// Reads the frame positions of a proxy. `count` and the file's length are used if the file has
    /// no readable index.
    pub(crate) fn of(path: &Path, count: u32) -> Self {
        let bytes = std::fs::metadata(path).map_or(0, |meta| meta.len());
        match read(path) {
            Some(places) if !places.is_empty() => Self::Placed(places),
            _ => Self::Even(count, bytes),
        }
    }

    /// The frames that have bytes within `start..end`, half-open.
    pub(crate) fn within(&self, start: u64, end: u64) -> (u32, u32) {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        match self {
            Self::Placed(places) => {
                let first = places.partition_point(|&(_, after)| after <= start);
                let after = places.partition_point(|&(from, _)| from < end);
                (number(first), number(after))
            }
            Self::Even(count, bytes) => {
                let of = |at: u64, up: u64| {
                    let scaled = u128::from(at) * u128::from(*count) + u128::from(up);
                    let frame = scaled / u128::from((*bytes).max(1));
                    u32::try_from(frame).unwrap_or(u32::MAX).min(*count)
                };
                (of(start, 0), of(end, bytes.saturating_sub(1)))
            }
        }
    }
}

/// The positions of the samples of the first video track.
fn read(path: &Path) -> Option<Vec<(u64, u64)>> {
    let mut file = std::fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut at = 0;
    while at + 8 <= length {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut head[..8]).ok()?;
        let (mut size, mut header) = (u64::from(u32_at(&head, 0)?), 8);
        if size == 1 {
            file.read_exact(&mut head[8..]).ok()?;
            (size, header) = (u64_at(&head, 8)?, 16);
        }
        if size < header {
            return None;
        }
        if &head[4..8] == b"moov" {
            let mut bytes = Vec::new();
            let within = (size - header).min(INDEX_BYTES_MAX);
            file.take(within).read_to_end(&mut bytes).ok()?;
            return boxes(&bytes)
                .filter(|(name, _)| name == b"trak")
                .find_map(|(_, track)| places(track));
        }
        at = at.checked_add(size)?;
    }
    None
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_be_bytes(eight.try_into().ok()?))
}

/// The boxes in `bytes`, each with name and content; stops at a box that does not fit.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let size = usize::try_from(u32_at(rest, 0)?).ok()?;
        let name = rest.get(4..8)?.try_into().ok()?;
        let content = rest.get(8..size)?;
        rest = &rest[size..];
        Some((name, content))
    })
}

fn child<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, wanted| {
        let mut all = boxes(bytes);
        all.find(|(name, _)| name == *wanted)
            .map(|(_, found)| found)
    })
}

/// The positions of a track's samples. Source: ISO/IEC 14496-12, 8.7.
fn places(track: &[u8]) -> Option<Vec<(u64, u64)>> {
    let media = child(track, &[b"mdia"])?;
    if child(media, &[b"hdlr"])?.get(8..12)? != b"vide" {
        return None;
    }
    let table = child(media, &[b"minf", b"stbl"])?;
    let (sizes, runs) = (child(table, &[b"stsz"])?, child(table, &[b"stsc"])?);
    let same = u32_at(sizes, 4)?;
    let count = usize::try_from(u32_at(sizes, 8)?).ok()?;
    let size = |sample: usize| match same {
        0 => u32_at(sizes, sample.checked_mul(4)?.checked_add(12)?),
        same => Some(same),
    };
    let (chunks, wide) = match child(table, &[b"stco"]) {
        Some(chunks) => (chunks, false),
        None => (child(table, &[b"co64"])?, true),
    };
    let mut places = Vec::new();
    let mut run = 0;
    for chunk in 0..usize::try_from(u32_at(chunks, 4)?).ok()? {
        let mut offset = match wide {
            false => u64::from(u32_at(chunks, chunk.checked_mul(4)?.checked_add(8)?)?),
            true => u64_at(chunks, chunk.checked_mul(8)?.checked_add(8)?)?,
        };
        // Each run gives its first chunk, counted from 1.
        let next = |run: usize| u32_at(runs, run.checked_mul(12)?.checked_add(8)?);
        let last = usize::try_from(u32_at(runs, 4)?).ok()?.checked_sub(1)?;
        while run < last && usize::try_from(next(run + 1)?).ok()? <= chunk + 1 {
            run += 1;
        }
        for _ in 0..u32_at(runs, run.checked_mul(12)?.checked_add(12)?)? {
            if places.len() == count {
                return Some(places);
            }
            let end = offset.checked_add(u64::from(size(places.len())?))?;
            places.push((offset, end));
            offset = end;
        }
    }
    (places.len() == count).then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let size = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
        [&size[..], name, &content].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// Five samples in three chunks: two and two, then one.
    fn movie(kind: &[u8; 4]) -> Vec<u8> {
        let sizes = boxed(b"stsz", &[&words(&[0, 0, 5, 10, 20, 30, 40, 50])]);
        let runs = boxed(b"stsc", &[&words(&[0, 2, 1, 2, 1, 3, 1, 1])]);
        let chunks = boxed(b"stco", &[&words(&[0, 3, 1000, 2000, 3000])]);
        let table = boxed(b"stbl", &[&sizes, &runs, &chunks]);
        let handler = boxed(b"hdlr", &[&words(&[0, 0]), kind, &words(&[0])]);
        let media = boxed(b"mdia", &[&handler, &boxed(b"minf", &[&table])]);
        let track = boxed(b"trak", &[&media]);
        [boxed(b"ftyp", &[b"isom"]), boxed(b"moov", &[&track])].concat()
    }

    fn frames_of(bytes: &[u8]) -> Frames {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Frames::of(file.path(), 5)
    }

    /// Goal: a range names the frames whose bytes are in it, and no others.
    #[test]
    fn bytes_are_frames() {
        let frames = frames_of(&movie(b"vide"));
        assert_eq!(frames.within(0, 1000), (0, 0), "the index alone");
        assert_eq!(frames.within(1000, 1001), (0, 1));
        assert_eq!(frames.within(1005, 1011), (0, 2));
        assert_eq!(frames.within(1030, 2000), (2, 2), "between chunks");
        assert_eq!(frames.within(2029, 3050), (2, 5));
        assert_eq!(frames.within(0, u64::MAX), (0, 5));
    }

    #[test]
    fn what_says_nothing_has_frames_evenly() {
        for bytes in [&b"0123456789"[..], &movie(b"soun")] {
            let frames = frames_of(bytes);
            let Frames::Even(5, length) = frames else {
                panic!("{frames:?}");
            };
            assert_eq!(frames.within(0, length), (0, 5));
            assert_eq!(frames.within(0, 1), (0, 1));
            assert_eq!(frames.within(length - 1, length), (4, 5));
        }
        let whole = movie(b"vide");
        for cut in 0..whole.len() {
            frames_of(&whole[..cut]).within(0, 5000);
        }
    }
}
