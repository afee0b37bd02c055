//! The output of a task: its segments in one file, each with its signature.

use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use redact_record::sign::SIGNATURE_BYTES_MAX;

/// How the file begins; the digit is the format version.
const MAGIC: &[u8] = b"redact-segments/1\n";

/// Most bytes of one segment with its header.
pub(super) const SEGMENT_BYTES_MAX: u64 = 512 << 20;

/// Most segments of one task.
const SEGMENTS_MAX: usize = 100_000;

/// Where a segment lies in the output of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentEntry {
    /// Its signature.
    pub(super) signature: String,
    /// Where what is signed begins, bytes from the beginning of the file.
    offset: u64,
    /// How many bytes are signed.
    length: u64,
}

/// The beginning of a file.
pub(super) fn beginning() -> &'static [u8] {
    MAGIC
}

/// A segment as it is in the file: lengths in little-endian numbers of four and eight bytes, before
/// the signature and before what it covers.
pub(super) fn entry(signature: &str, signed: &[u8]) -> [Vec<u8>; 3] {
    let signature_length = u32::try_from(signature.len()).unwrap_or(u32::MAX);
    [
        [&signature_length.to_le_bytes(), signature.as_bytes()].concat(),
        (signed.len() as u64).to_le_bytes().to_vec(),
        signed.to_vec(),
    ]
}

/// Lists the segments of the file at `path`; nothing of it is believed yet.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn list(path: &Path) -> Result<Vec<SegmentEntry>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut file = BufReader::new(file);
    let io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it is truncated".to_owned(),
        _ => error.to_string(),
    };
    let end = file.seek(SeekFrom::End(0)).map_err(io)?;
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic).map_err(io)?;
    if magic != MAGIC {
        return Err("it is not a file of segments of this version".to_owned());
    }
    let (mut at, mut entries) = (MAGIC.len() as u64, Vec::new());
    while at < end {
        if entries.len() == SEGMENTS_MAX {
            return Err(format!("it has more than {SEGMENTS_MAX} segments"));
        }
        let mut length = [0; 4];
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from(u32::from_le_bytes(length));
        if length > SIGNATURE_BYTES_MAX {
            return Err(format!("it has a signature of {length} bytes"));
        }
        let mut signature = String::new();
        (&mut file)
            .take(length)
            .read_to_string(&mut signature)
            .map_err(io)?;
        let mut signed = [0; 8];
        file.read_exact(&mut signed).map_err(io)?;
        let signed = u64::from_le_bytes(signed);
        let offset = at + 4 + length + 8;
        let behind = offset.checked_add(signed);
        let behind = behind.filter(|behind| *behind <= end && signed <= SEGMENT_BYTES_MAX);
        at = behind.ok_or("it is truncated")?;
        file.seek(SeekFrom::Start(at)).map_err(io)?;
        entries.push(SegmentEntry {
            signature,
            offset,
            length: signed,
        });
    }
    Ok(entries)
}

/// What the signature of `entry` covers.
///
/// # Errors
/// When the file cannot be read that far.
pub(super) fn read(path: &Path, entry: &SegmentEntry) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(entry.offset))?;
    let mut signed = Vec::new();
    file.take(entry.length).read_to_end(&mut signed)?;
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: what is written is read, and a file that was cut or has wild lengths is refused
    /// without reading beyond its end.
    #[test]
    fn only_whole_files_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("output");
        let parts = [entry("one", b"pictures"), entry("two", b"")];
        let whole = [beginning().to_vec(), parts.concat().concat()].concat();
        std::fs::write(&path, &whole).unwrap();
        let entries = list(&path).unwrap();
        let signed = |at: usize| read(&path, &entries[at]).unwrap();
        assert_eq!(
            (entries.len(), signed(0), signed(1)),
            (2, b"pictures".to_vec(), vec![])
        );
        assert_eq!(entries[1].signature, "two");
        // The lengths at which a file ends with its beginning, or with its first segment.
        let first = beginning().len() + parts[0].concat().len();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let is_whole = length == beginning().len() || length == first;
            assert_eq!(list(&path).is_ok(), is_whole, "{length}");
        }
        for place in [beginning().len() + 3, beginning().len() + 4 + 3 + 7] {
            let mut wild = whole.clone();
            wild[place] = 0xff;
            std::fs::write(&path, &wild).unwrap();
            assert!(list(&path).is_err(), "{place}");
        }
    }
}
