//! The sample tables of an MP4 or MOV file, or the index of an AVI file.
//!
//! They are read before anything is decoded, in one pass and without storing them: the declared
//! size of all samples together, and which tracks are declared to begin with a key frame.
//!
//! Source: ISO/IEC 14496-12, 8.6 (`stss`), 8.7 (`stsz`, `stz2`), 8.8 (`trex`, `tfhd`, `trun`);
//! Microsoft, "AVI RIFF File Reference" (`idx1`).

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Most boxes that are read; a fragmented hour has about ten thousand.
const BOXES_MAX: usize = 2_000_000;

/// Nesting depth of the boxes that are read: `moov/trak/mdia/minf/stbl`.
const DEPTH_MAX: usize = 6;

/// What the tables declare.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    /// Sum of the sizes of all samples.
    pub(crate) sample_bytes: u64,
    tracks: Vec<TrackTable>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct TrackTable {
    id: u32,
    samples: u64,
    /// How many key frames are listed, and the number of the first; `None` where every sample is
    /// one.
    keys: Option<(u32, u32)>,
}

impl Tables {
    /// Reads the tables of the file at `path`, of FFmpeg's `format`.
    ///
    /// # Errors
    /// When the file cannot be read. A table that ends early counts up to its end.
    pub(crate) fn read(path: &Path, format: &str) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let length = crate::open_file::length(&file)?;
        let mut reader = TableReader {
            file: BufReader::new(file),
            boxes: 0,
            tables: Self::default(),
            default_size: 0,
        };
        let read = match format.split(',').next() {
            Some("mov") => reader.boxes(0, length, 0),
            Some("avi") => reader.chunks(length),
            _ => Ok(()),
        };
        match read {
            Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(error),
            _ => Ok(reader.tables),
        }
    }

    /// Whether the track with this id declares that it begins with a key frame, in a table that
    /// lists only some samples.
    pub(crate) fn begins_with_key(&self, id: i32) -> bool {
        let mut tracks = self.tracks.iter();
        let track = tracks.find(|track| u32::try_from(id) == Ok(track.id));
        track.is_some_and(|track| {
            let is_listed = |(count, first)| first == 1 && u64::from(count) < track.samples;
            track.keys.is_some_and(is_listed)
        })
    }
}

struct TableReader {
    file: BufReader<File>,
    boxes: usize,
    tables: Tables,
    /// Default size of the samples of a fragment.
    default_size: u64,
}

impl TableReader {
    fn bytes<const N: usize>(&mut self) -> std::io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn number(&mut self) -> std::io::Result<u32> {
        self.bytes().map(u32::from_be_bytes)
    }

    fn boxes(&mut self, mut at: u64, end: u64, depth: usize) -> std::io::Result<()> {
        while at.saturating_add(8) <= end && self.boxes < BOXES_MAX {
            self.boxes += 1;
            self.file.seek(SeekFrom::Start(at))?;
            let (size, kind) = (self.number()?, self.bytes::<4>()?);
            let (size, head) = match size {
                0 => (end - at, 8),
                1 => (u64::from_be_bytes(self.bytes()?), 16),
                size => (u64::from(size), 8),
            };
            if size < head {
                return Ok(());
            }
            let inner = (at + head, at.saturating_add(size).min(end));
            self.content(&kind, inner, depth)?;
            at = at.saturating_add(size);
        }
        Ok(())
    }

    fn content(&mut self, kind: &[u8; 4], inner: (u64, u64), depth: usize) -> std::io::Result<()> {
        let (start, end) = inner;
        match kind {
            b"trak" => self.tables.tracks.push(TrackTable::default()),
            b"traf" => self.default_size = 0,
            _ => {}
        }
        match kind {
            b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" | b"moof" | b"traf"
                if depth < DEPTH_MAX =>
            {
                self.boxes(start, end, depth + 1)
            }
            b"tkhd" => self.track_header(),
            b"stsz" => self.sizes(end - start),
            b"stz2" => self.compact_sizes(end - start),
            b"stss" => self.key_frames(),
            b"tfhd" => self.fragment_header(),
            b"trun" => self.fragment_run(end - start),
            _ => Ok(()),
        }
    }

    fn track_header(&mut self) -> std::io::Result<()> {
        let version = self.number()? >> 24;
        let times = if version == 1 { 16 } else { 8 };
        self.file.seek_relative(times)?;
        let id = self.number()?;
        if let Some(track) = self.tables.tracks.last_mut() {
            track.id = id;
        }
        Ok(())
    }

    fn add_samples(&mut self, count: u64, bytes: u64) {
        let all = &mut self.tables.sample_bytes;
        *all = all.saturating_add(bytes);
        if let Some(track) = self.tables.tracks.last_mut() {
            track.samples = track.samples.saturating_add(count);
        }
    }

    fn sizes(&mut self, length: u64) -> std::io::Result<()> {
        let (_, size, count) = (self.number()?, self.number()?, self.number()?);
        if size > 0 {
            self.add_samples(u64::from(count), u64::from(size) * u64::from(count));
            return Ok(());
        }
        for _ in 0..u64::from(count).min(length / 4) {
            let size = self.number()?;
            self.add_samples(1, u64::from(size));
        }
        Ok(())
    }

    fn compact_sizes(&mut self, length: u64) -> std::io::Result<()> {
        let (_, field, count) = (self.number()?, self.number()? & 0xff, self.number()?);
        let bytes = (u64::from(count) * u64::from(field))
            .div_ceil(8)
            .min(length);
        let mut read = 0;
        while read < bytes {
            let size = match field {
                16 => u64::from(u16::from_be_bytes(self.bytes()?)),
                // Two sizes in one byte; only their sum matters.
                4 => self
                    .bytes::<1>()
                    .map(|[byte]| u64::from(byte >> 4) + u64::from(byte & 15))?,
                _ => self.bytes::<1>().map(|[byte]| u64::from(byte))?,
            };
            read += if field == 16 { 2 } else { 1 };
            self.add_samples(if field == 4 { 2 } else { 1 }, size);
        }
        Ok(())
    }

    fn key_frames(&mut self) -> std::io::Result<()> {
        let (_, count) = (self.number()?, self.number()?);
        let first = if count > 0 { self.number()? } else { 0 };
        if let Some(track) = self.tables.tracks.last_mut() {
            track.keys = Some((count, first));
        }
        Ok(())
    }

    fn fragment_header(&mut self) -> std::io::Result<()> {
        let (flags, _) = (self.number()?, self.number()?);
        // Base offset, description and duration come before the size.
        let before = [(1, 8), (2, 4), (8, 4)];
        let skipped = before.iter().filter(|(flag, _)| flags & flag != 0);
        self.file
            .seek_relative(skipped.map(|(_, bytes)| bytes).sum())?;
        if flags & 0x10 != 0 {
            self.default_size = u64::from(self.number()?);
        }
        Ok(())
    }

    fn fragment_run(&mut self, length: u64) -> std::io::Result<()> {
        let (flags, count) = (self.number()?, self.number()?);
        let head: i64 = [1, 4]
            .iter()
            .map(|flag| if flags & flag != 0 { 4 } else { 0 })
            .sum();
        self.file.seek_relative(head)?;
        let all = &mut self.tables.sample_bytes;
        if flags & 0x200 == 0 {
            *all = all.saturating_add(self.default_size.saturating_mul(u64::from(count)));
            return Ok(());
        }
        let field = |flag: u32| i64::from(flags & flag != 0) * 4;
        let (before, after) = (field(0x100), field(0x400) + field(0x800));
        let entry = u64::try_from(before + 4 + after).unwrap_or(4);
        for _ in 0..u64::from(count).min(length / entry) {
            self.file.seek_relative(before)?;
            let size = self.number()?;
            self.file.seek_relative(after)?;
            let all = &mut self.tables.sample_bytes;
            *all = all.saturating_add(u64::from(size));
        }
        Ok(())
    }

    /// The lists of an AVI file; the index is a chunk in the first.
    fn chunks(&mut self, length: u64) -> std::io::Result<()> {
        let mut at = 12;
        while at + 8 <= length && self.boxes < BOXES_MAX {
            self.boxes += 1;
            self.file.seek(SeekFrom::Start(at))?;
            let (kind, size) = (self.bytes::<4>()?, u32::from_le_bytes(self.bytes()?));
            if &kind == b"idx1" {
                for _ in 0..size / 16 {
                    self.file.seek_relative(12)?;
                    let size = u32::from_le_bytes(self.bytes()?);
                    let all = &mut self.tables.sample_bytes;
                    *all = all.saturating_add(u64::from(size));
                }
                return Ok(());
            }
            at += 8 + u64::from(size).next_multiple_of(2);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut made = u32::try_from(content.len() + 8)
            .unwrap()
            .to_be_bytes()
            .to_vec();
        made.extend_from_slice(kind);
        made.extend_from_slice(content);
        made
    }

    fn numbers(all: &[u32]) -> Vec<u8> {
        all.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn tables(file: &[u8]) -> Tables {
        let made = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(made.path(), file).unwrap();
        Tables::read(made.path(), "mov,mp4").unwrap()
    }

    #[test]
    fn sizes_of_samples_are_summed_and_first_key_frames_found() {
        let track = |id: u32, table: Vec<u8>| {
            let header = atom(b"tkhd", &numbers(&[0, 1, 2, id]));
            let inner = atom(b"mdia", &atom(b"minf", &atom(b"stbl", &table)));
            atom(b"trak", &[header, inner].concat())
        };
        let listed = atom(b"stsz", &numbers(&[0, 0, 3, 10, 20, 30]));
        let keys = atom(b"stss", &numbers(&[0, 1, 1]));
        let alike = atom(b"stsz", &numbers(&[0, 1000, 1000]));
        let tracks = [track(7, [listed, keys].concat()), track(9, alike)];
        let found = tables(&atom(b"moov", &tracks.concat()));
        assert_eq!(found.sample_bytes, 60 + 1_000_000);
        assert!(found.begins_with_key(7) && !found.begins_with_key(9));
    }

    #[test]
    fn fragments_are_counted_and_short_tables_count_up_to_their_end() {
        let header = atom(b"tfhd", &numbers(&[0x10, 1, 50]));
        let run = atom(b"trun", &numbers(&[0x201, 2, 0, 11, 12]));
        let plain = atom(b"trun", &numbers(&[0, 4]));
        let traf = atom(b"traf", &[header, run, plain].concat());
        assert_eq!(tables(&atom(b"moof", &traf)).sample_bytes, 23 + 200);
        let cut = atom(b"moov", &atom(b"stsz", &numbers(&[0, 0, 9, 5])));
        assert_eq!(tables(&cut).sample_bytes, 5);
        let in_table = atom(
            b"moov",
            &atom(b"stbl", &atom(b"stsz", &numbers(&[0, 0, 9, 5, 6, 7]))),
        );
        assert_eq!(tables(&in_table).sample_bytes, 18);
    }
}
