//! When a recording was made, as an MP4 or QuickTime file says in its movie header.
//!
//! Cameras write the start or the end of a recording there, by clocks that may be wrong: a person
//! checks it by what the cameras show.

use std::io::{Read, Seek, SeekFrom};

use redact_core::UtcNanos;
use redact_record::manifest::Utc;

/// Seconds from the format's epoch, 1904, to 1970.
const FROM_1904: i64 = 2_082_844_800;
/// What no body camera recorded before, 2000-01-01, and what is no date, 2100-01-01.
const EARLIEST: i64 = 946_684_800;
const LATEST: i64 = 4_102_444_800;
/// The most boxes that are looked through.
const BOXES_MAX: u32 = 10_000;

/// The time in the movie header; `None` if there is none, or it is no time of a recording.
pub(super) fn recorded_at(mut file: impl Read + Seek) -> Option<Utc> {
    let mut boxes = 0;
    let (_, movie_end) = find(&mut file, b"moov", u64::MAX, &mut boxes)?;
    find(&mut file, b"mvhd", movie_end, &mut boxes)?;
    let [version, ..] = bytes::<4>(&mut file)?;
    let seconds = match version {
        0 => i64::from(u32::from_be_bytes(bytes(&mut file)?)),
        1 => i64::try_from(u64::from_be_bytes(bytes(&mut file)?)).ok()?,
        _ => return None,
    };
    let seconds = seconds.checked_sub(FROM_1904)?;
    let known = (EARLIEST..LATEST).contains(&seconds);
    known.then(|| Utc(UtcNanos(seconds * 1_000_000_000)))
}

/// Moves into the first box of that kind before `end`; returns where its content starts and ends.
fn find(
    file: &mut (impl Read + Seek),
    kind: &[u8; 4],
    end: u64,
    boxes: &mut u32,
) -> Option<(u64, u64)> {
    loop {
        *boxes += 1;
        let start = file.stream_position().ok()?;
        if *boxes > BOXES_MAX || start >= end {
            return None;
        }
        let short = u32::from_be_bytes(bytes(file)?);
        let found: [u8; 4] = bytes(file)?;
        let (header, length) = match short {
            // To the end of the file.
            0 => (8, u64::MAX),
            1 => (16, u64::from_be_bytes(bytes(file)?)),
            length => (8, u64::from(length)),
        };
        if length < header {
            return None;
        }
        let after = start.saturating_add(length);
        if found == *kind {
            return Some((start + header, after.min(end)));
        }
        if after > i64::MAX as u64 {
            return None;
        }
        file.seek(SeekFrom::Start(after)).ok()?;
    }
}

fn bytes<const N: usize>(file: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, content].concat()
    }

    fn file(version: u8, time: &[u8]) -> Vec<u8> {
        let header = [&[version, 0, 0, 0][..], time, &[0; 90]].concat();
        let movie = [atom(b"udta", &[7; 12]), atom(b"mvhd", &header)].concat();
        [
            atom(b"ftyp", b"isom"),
            atom(b"mdat", &[1; 99]),
            atom(b"moov", &movie),
        ]
        .concat()
    }

    /// Goal: the time is found behind other boxes, in both widths. Controls: no time, no movie
    /// header, a length that goes nowhere, and a file that ends.
    #[test]
    fn the_time_of_a_recording_is_read() {
        let seconds = 1_790_000_000_u32;
        let stored = u32::try_from(i64::from(seconds) + FROM_1904).unwrap();
        let read = |bytes: Vec<u8>| recorded_at(Cursor::new(bytes)).map(|at| at.to_string());
        let expected = Some("2026-09-21T14:13:20Z".to_owned());
        assert_eq!(read(file(0, &stored.to_be_bytes())), expected);
        assert_eq!(read(file(1, &u64::from(stored).to_be_bytes())), expected);
        assert_eq!(read(file(0, &[0; 4])), None);
        assert_eq!(read(file(9, &stored.to_be_bytes())), None);
        assert_eq!(read(atom(b"ftyp", b"isom")), None);
        assert_eq!(read(atom(b"moov", b"")), None);
        let mut stuck = file(0, &stored.to_be_bytes());
        stuck[..4].copy_from_slice(&[0, 0, 0, 4]);
        assert_eq!(read(stuck), None);
        let whole = file(0, &stored.to_be_bytes());
        for end in 0..whole.len() - 92 {
            assert_eq!(read(whole[..end].to_vec()), None, "{end}");
        }
    }
}
