//! Where a file declares that it ends.
//!
//! A recording that was truncated while being copied often decodes without an error up to the cut.
//! Containers that declare their length reveal it: MP4 and MOV boxes, Matroska segments, AVI lists,
//! ASF objects. Formats without lengths (MPEG-TS, MPEG-PS, FLV) do not.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::open_file;

/// Most top-level elements that are read; a fragmented hour has thousands.
const ELEMENTS_MAX: usize = 1_000_000;

/// Whether the container at `path`, of FFmpeg's `format`, declares more bytes than the file has.
pub(crate) fn is_cut_short(path: &Path, format: &str) -> std::io::Result<bool> {
    let length = length(path)?;
    Ok(promised_end(path, format)?.is_some_and(|end| end > length))
}

/// Length of the file at `path`, bytes. Taken from the open file: a confined process may not query
/// a path.
pub(super) fn length(path: &Path) -> std::io::Result<u64> {
    open_file::length(&File::open(path)?)
}

/// Where the container at `path`, of FFmpeg's `format`, declares that it ends, if it does.
pub(super) fn promised_end(path: &Path, format: &str) -> std::io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let length = open_file::length(&file)?;
    match format.split(',').next() {
        Some("mov") => walk(&mut file, length, box_end),
        Some("avi") => walk(&mut file, length, chunk_end),
        Some("asf") => walk(&mut file, length, object_end),
        Some("matroska") => segment_end(&mut file),
        _ => Ok(None),
    }
}

/// Reads the end of the element at an offset; `None` when it declares no length.
type ElementEnd = fn(&mut File, u64) -> std::io::Result<Option<u64>>;

/// The end of the last element that starts within the file.
fn walk(file: &mut File, length: u64, end_of: ElementEnd) -> std::io::Result<Option<u64>> {
    let mut at = 0;
    for _ in 0..ELEMENTS_MAX {
        if at >= length {
            return Ok(Some(at));
        }
        match end_of(file, at) {
            Ok(Some(end)) if end > at => at = end,
            Ok(_) => return Ok(None),
            // Less than a header is left: padding that some cameras write.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn read_at<const N: usize>(file: &mut File, at: u64) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Source: ISO/IEC 14496-12, 4.2: 32-bit size and type; size 1 means 64 bits follow, 0 "to the
/// end of the file".
fn box_end(file: &mut File, at: u64) -> std::io::Result<Option<u64>> {
    let [a, b, c, d, kind @ ..] = read_at::<8>(file, at)?;
    let plausible = kind
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let size = match u32::from_be_bytes([a, b, c, d]) {
        0 => return Ok(None),
        1 => u64::from_be_bytes(read_at::<8>(file, at + 8)?),
        size => u64::from(size),
    };
    Ok((plausible && size >= 8).then(|| at.saturating_add(size)))
}

/// Source: Microsoft, "AVI RIFF File Reference": four characters and a 32-bit size that leaves
/// out these eight bytes; chunks start at even offsets.
fn chunk_end(file: &mut File, at: u64) -> std::io::Result<Option<u64>> {
    let [kind @ .., a, b, c, d] = read_at::<8>(file, at)?;
    let size = u64::from(u32::from_le_bytes([a, b, c, d]));
    // Interrupted writers leave 0 or the largest size.
    let stated = &kind == b"RIFF" && size != 0 && size != u64::from(u32::MAX);
    Ok(stated.then(|| at + 8 + size.next_multiple_of(2)))
}

/// Source: Microsoft, "Advanced Systems Format Specification" 2.1: a GUID and a 64-bit size of
/// the whole object.
fn object_end(file: &mut File, at: u64) -> std::io::Result<Option<u64>> {
    let size = u64::from_le_bytes(read_at::<8>(file, at + 16)?);
    Ok((size >= 24).then(|| at.saturating_add(size)))
}

/// Source: RFC 8794 (EBML) and RFC 9559 (Matroska): the segment follows the EBML header.
fn segment_end(file: &mut File) -> std::io::Result<Option<u64>> {
    let mut at = 0;
    // The header, then the segment, with room for void elements in between.
    for _ in 0..8 {
        let Some((id, size, content)) = ebml_element(file, at)? else {
            return Ok(None);
        };
        let Some(size) = size else {
            return Ok(None);
        };
        let end = content.saturating_add(size);
        if id == 0x1853_8067 {
            return Ok(Some(end));
        }
        at = end;
    }
    Ok(None)
}

/// The id, the length of the content (`None` when unknown) and its offset.
fn ebml_element(file: &mut File, at: u64) -> std::io::Result<Option<(u64, Option<u64>, u64)>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    Read::by_ref(file).take(12).read_to_end(&mut bytes)?;
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    let id_length = first.leading_zeros() as usize + 1;
    let Some(&second) = bytes.get(id_length).filter(|_| id_length <= 4) else {
        return Ok(None);
    };
    let size_length = second.leading_zeros() as usize + 1;
    let Some(size_bytes) = bytes.get(id_length..id_length + size_length) else {
        return Ok(None);
    };
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let mask = (1_u64 << (7 * size_length.min(8))) - 1;
    let size = number(size_bytes) & mask;
    let content = at + (id_length + size_length) as u64;
    Ok(Some((
        number(&bytes[..id_length]),
        (size != mask).then_some(size),
        content,
    )))
}
