//! The coded samples of a release, for a decoder that takes them one by one, as a browser's does.
//!
//! A file that is not as a release is written is refused: its leak scan says what is wrong.

use std::io::{Read, Seek};
use std::ops::Range;

use super::boxes::{Atom, Fields, Malformed, atoms, header, malformed};
use super::samples::{Edits, SAMPLES_MAX, Tables};
use super::{forms, length, read_at};
use crate::aac::Walker;

/// Bytes of a movie box: a day of 60 frames/s has about 200 MiB.
const MOVIE_BYTES_MAX: u64 = 512 << 20;

/// Boxes at the top of a file; a release has four.
const TOP_BOXES_MAX: usize = 64;

/// Bytes of the sample entries of H.264 and AAC before their boxes.
const AVC_ENTRY_BYTES: usize = 78;
const AAC_ENTRY_BYTES: usize = 28;

/// Bytes of the sample entry of H.264 before width and height.
const AVC_SIZE_AT: usize = 24;

/// Why the tracks of a file cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum CodedTracksError {
    /// The file could not be read.
    #[error("cannot read the file")]
    Read(#[from] std::io::Error),
    /// The file is not an MP4 file of H.264 and AAC as releases are.
    #[error("not H.264 and AAC in MP4, as in a release: {0}")]
    Malformed(#[from] Malformed),
}

/// How a track is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackCoding {
    /// H.264.
    Avc {
        /// The AVC configuration record: the body of `avcC`.
        record: Vec<u8>,
        /// Width and height in pixels, as the sample entry declares them.
        size: (u16, u16),
    },
    /// AAC-LC.
    Aac {
        /// `AudioSpecificConfig`.
        config: Vec<u8>,
        /// Samples per second.
        rate_hz: u32,
        /// Channels, 1 to 8.
        channels: u16,
    },
}

/// One access unit or packet, in decoding order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodedSample {
    /// Where it starts in the file.
    pub offset: u64,
    /// Its length, bytes.
    pub bytes: u32,
    /// When it is presented, ticks of the track, edits applied: 0 is the start of the movie.
    pub shown_at: i64,
    /// Whether decoding can start here.
    pub is_key: bool,
}

/// A track and its samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodedTrack {
    /// How it is coded.
    pub coding: TrackCoding,
    /// Ticks per second, at least 1.
    pub ticks_per_second: u32,
    /// In decoding order.
    pub samples: Vec<CodedSample>,
    /// What of the track is presented, ticks as in [`CodedSample::shown_at`]: sound begins with
    /// samples that the encoder needs to run in.
    pub shown: Range<i64>,
}

/// Lists the tracks of a release, in the order of the file.
///
/// # Errors
/// See [`CodedTracksError`].
pub fn read(mut file: impl Read + Seek) -> Result<Vec<CodedTrack>, CodedTracksError> {
    let length = length(&mut file)?;
    let mut at = 0;
    for _ in 0..TOP_BOXES_MAX {
        let head = read_at(&mut file, at, 16)?;
        let (kind, skip, total) = header(&head, at)?;
        let end = at.saturating_add(total.unwrap_or(length - at));
        if end > length {
            return Err(malformed("a box longer than the file", at).into());
        }
        if &kind == b"moov" {
            let body = end - at - skip;
            if body > MOVIE_BYTES_MAX {
                return Err(malformed("a movie box that is too large", at).into());
            }
            let movie = read_at(&mut file, at + skip, body)?;
            return Ok(read_movie(&movie, length)?);
        }
        at = end;
    }
    Err(malformed("no movie box", 0).into())
}

fn read_movie(movie: &[u8], length: u64) -> Result<Vec<CodedTrack>, Malformed> {
    let boxes = atoms(movie, 0)?;
    let scale = find(&boxes, b"mvhd").and_then(|header| scale_of(header));
    let scale = scale.ok_or_else(|| malformed("no movie header", 0))?;
    let mut budget = SAMPLES_MAX.min(length);
    let mut tracks = Vec::new();
    for track in boxes.iter().filter(|atom| &atom.kind == b"trak") {
        let track = read_track(*track, scale, budget)?;
        budget = budget.saturating_sub(track.samples.len() as u64);
        tracks.push(track);
    }
    Ok(tracks)
}

fn find<'a>(boxes: &[Atom<'a>], kind: &[u8; 4]) -> Option<Atom<'a>> {
    boxes.iter().find(|atom| &atom.kind == kind).copied()
}

/// The box of `kind` in `parent`.
fn inside<'a>(parent: Atom<'a>, kind: &[u8; 4]) -> Result<Atom<'a>, Malformed> {
    let missing = || malformed(format!("no {}", kind.escape_ascii()), parent.offset);
    find(&atoms(parent.body, parent.body_offset)?, kind).ok_or_else(missing)
}

/// Ticks per second in `mvhd` or `mdhd`: behind the two times of making.
fn scale_of(header: Atom<'_>) -> Option<u32> {
    let mut fields = Fields::new(header.body);
    let (version, _) = fields.version_and_flags()?;
    fields.wide(version)?;
    fields.wide(version)?;
    fields.u32().filter(|scale| *scale > 0)
}

fn read_track(track: Atom<'_>, movie_scale: u32, budget: u64) -> Result<CodedTrack, Malformed> {
    let media = inside(track, b"mdia")?;
    let scale = scale_of(inside(media, b"mdhd")?);
    let scale = scale.ok_or_else(|| malformed("no time scale", media.offset))?;
    let table = inside(inside(media, b"minf")?, b"stbl")?;
    let coding = read_coding(inside(table, b"stsd")?)?;
    let mut tables = Tables::default();
    for atom in atoms(table.body, table.body_offset)? {
        if matches!(
            &atom.kind,
            b"stts" | b"ctts" | b"stsc" | b"stsz" | b"stco" | b"co64" | b"stss"
        ) && !tables.store(atom)
        {
            return Err(malformed("a second table of one kind", atom.offset));
        }
    }
    let places = tables.places(budget)?;
    let (times, _) = tables.shown_at(places.len())?;
    let keys = tables.keys();
    let (start, shown) = presented(track, movie_scale, scale)?;
    let samples = places.iter().zip(times).zip(1..);
    let samples = samples.map(|((place, time), number)| CodedSample {
        offset: place.offset,
        bytes: place.bytes,
        shown_at: time.saturating_add(start),
        is_key: keys
            .as_ref()
            .is_none_or(|keys| keys.binary_search(&number).is_ok()),
    });
    Ok(CodedTrack {
        coding,
        ticks_per_second: scale,
        samples: samples.collect(),
        shown,
    })
}

/// What the edit list adds to the times of a track, and what it presents, in the track's ticks.
fn presented(
    track: Atom<'_>,
    movie_scale: u32,
    scale: u32,
) -> Result<(i64, Range<i64>), Malformed> {
    let all = (0, i64::MIN..i64::MAX);
    let Some(edits) = find(&atoms(track.body, track.body_offset)?, b"edts") else {
        return Ok(all);
    };
    let list = inside(edits, b"elst")?;
    let edits = Edits::read(list, movie_scale, scale).filter(|edits| !edits.tricky);
    let edits = edits.ok_or_else(|| malformed("an edit list that does not fit", list.offset))?;
    let Some((start, duration, pause)) = edits.stretch() else {
        return Ok(all);
    };
    let ticks = |time: u64| u128::from(time) * u128::from(scale);
    let from = ticks(pause) / u128::from(movie_scale);
    let until = ticks(pause.saturating_add(duration)).div_ceil(u128::from(movie_scale));
    let [from, until] = [from, until].map(|ticks| i64::try_from(ticks).unwrap_or(i64::MAX));
    Ok((from.saturating_sub(start), from..until))
}

fn read_coding(descriptions: Atom<'_>) -> Result<TrackCoding, Malformed> {
    let bad = || {
        malformed(
            "a sample description that does not fit",
            descriptions.offset,
        )
    };
    let mut fields = Fields::new(descriptions.body);
    fields.version_and_flags().ok_or_else(bad)?;
    let count = fields.u32().ok_or_else(bad)?;
    let entries = atoms(fields.rest(), descriptions.body_offset + 8)?;
    let ([entry], 1) = (&entries[..], count) else {
        return Err(bad());
    };
    let boxes = |fixed: usize| {
        let rest = entry.body.get(fixed..).ok_or_else(bad)?;
        atoms(rest, entry.body_offset + fixed as u64)
    };
    match &entry.kind {
        b"avc1" => {
            let record = find(&boxes(AVC_ENTRY_BYTES)?, b"avcC").ok_or_else(bad)?;
            let side = |at: usize| {
                let bytes = entry.body.get(at..)?.first_chunk()?;
                Some(u16::from_be_bytes(*bytes))
            };
            let size = side(AVC_SIZE_AT).zip(side(AVC_SIZE_AT + 2));
            Ok(TrackCoding::Avc {
                record: record.body.to_vec(),
                size: size.ok_or_else(bad)?,
            })
        }
        b"mp4a" => {
            let stream = find(&boxes(AAC_ENTRY_BYTES)?, b"esds").ok_or_else(bad)?;
            let config = forms::aac_config(stream.body).ok_or_else(bad)?;
            let (_, rate_hz) = Walker::new(config).ok_or_else(bad)?;
            // Behind kind (5 bits) and rate (4): configuration 7 has eight channels.
            let channels = match config.get(1).map(|byte| byte >> 3 & 15) {
                Some(7) => 8,
                other => u16::from(other.unwrap_or(0)),
            };
            let config = config.to_vec();
            Ok(TrackCoding::Aac {
                config,
                rate_hz,
                channels,
            })
        }
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn demo() -> Vec<CodedTrack> {
        let clip = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../fixtures/v0.1.0/clip.redacted.mp4"
        );
        read(File::open(clip).unwrap()).unwrap()
    }

    /// Goal: every picture of a release is listed once, at a time of its own, from a key frame on.
    #[test]
    fn all_samples_of_a_release_are_listed() {
        let tracks = demo();
        let pictures = &tracks[0];
        let TrackCoding::Avc { record, size } = &pictures.coding else {
            panic!("{:?}", pictures.coding);
        };
        assert_eq!((record[0], *size), (1, (640, 360)));
        assert!(pictures.samples[0].is_key);
        let mut times: Vec<i64> = pictures.samples.iter().map(|s| s.shown_at).collect();
        times.sort_unstable();
        assert_eq!(times[0], 0, "the movie begins with its first picture");
        times.dedup();
        assert_eq!(times.len(), pictures.samples.len());
        for sound in &tracks[1..] {
            let TrackCoding::Aac { rate_hz, .. } = sound.coding else {
                panic!("{:?}", sound.coding);
            };
            assert_eq!(rate_hz, sound.ticks_per_second);
            let even = |pair: &[CodedSample]| pair[1].shown_at - pair[0].shown_at == 1024;
            assert!(sound.samples.windows(2).all(even));
            // The encoder's first packet is not presented.
            assert_eq!((sound.samples[0].shown_at, sound.shown.start), (-1024, 0));
        }
    }

    /// Goal: what is no release is refused, and no bytes make the reader panic.
    #[test]
    fn other_files_are_refused() {
        for bytes in [&b""[..], b"text", b"\0\0\0\x08ftyp\0\0\0\x08moov"] {
            assert!(read(std::io::Cursor::new(bytes)).is_err(), "{bytes:?}");
        }
    }
}
