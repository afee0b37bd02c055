//! Boxes of an MP4 file, parsed strictly and with limits.
//!
//! Source: ISO/IEC 14496-12, 4.2.

/// Why a file's boxes cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found}")]
pub struct Malformed {
    /// What was found and where: box types and offsets, no values.
    pub found: String,
}

/// One box: its type, its content, and its offset in the file.
#[derive(Clone, Copy)]
pub(crate) struct Atom<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) body: &'a [u8],
    pub(crate) offset: u64,
    pub(crate) body_offset: u64,
}

impl Atom<'_> {
    /// The box type, safe to print.
    pub(crate) fn name(&self) -> String {
        printable(self.kind)
    }
}

/// Four characters from a file, safe to print.
pub(crate) fn printable(kind: [u8; 4]) -> String {
    kind.escape_ascii().to_string()
}

pub(crate) fn malformed(what: impl std::fmt::Display, offset: u64) -> Malformed {
    Malformed {
        found: format!("{what} at byte {offset}"),
    }
}

/// Type and length of a box from its first bytes: `(type, header length, total length)`; the total
/// is `None` for a box that extends to the end.
pub(crate) fn header(bytes: &[u8], offset: u64) -> Result<([u8; 4], u64, Option<u64>), Malformed> {
    let mut fields = Fields::new(bytes);
    let short = || malformed("truncated box header", offset);
    let size = fields.u32().ok_or_else(short)?;
    let kind = fields.array::<4>().ok_or_else(short)?;
    let (head, total) = match size {
        0 => (8, None),
        1 => (16, Some(fields.u64().ok_or_else(short)?)),
        size => (8, Some(u64::from(size))),
    };
    if total.is_some_and(|total| total < head) {
        return Err(malformed(
            format!("box {} shorter than its header", printable(kind)),
            offset,
        ));
    }
    Ok((kind, head, total))
}

/// Most boxes in one box: a track has eleven, a movie one per track and a few.
const BOXES_MAX: usize = 1024;

/// The boxes that fill `bytes` exactly; `offset` is the file offset of `bytes`.
pub(crate) fn atoms(mut bytes: &[u8], mut offset: u64) -> Result<Vec<Atom<'_>>, Malformed> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        if found.len() == BOXES_MAX {
            return Err(malformed("too many boxes", offset));
        }
        let (kind, head, total) = header(bytes, offset)?;
        let beyond = || {
            malformed(
                format!("box {} longer than its parent", printable(kind)),
                offset,
            )
        };
        let total = total.unwrap_or(bytes.len() as u64);
        let end = usize::try_from(total)
            .ok()
            .filter(|end| *end <= bytes.len())
            .ok_or_else(beyond)?;
        let start = usize::try_from(head).map_err(|_| beyond())?;
        let body_offset = offset + head;
        found.push(Atom {
            kind,
            body: &bytes[start..end],
            offset,
            body_offset,
        });
        bytes = &bytes[end..];
        offset += total;
    }
    Ok(found)
}

/// Reads big-endian fields in sequence.
pub(crate) struct Fields<'a> {
    left: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(bytes)?;
        self.left = left;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// 32 or, in version 1 of a box, 64 bits.
    pub(crate) fn wide(&mut self, version: u8) -> Option<u64> {
        if version == 1 {
            self.u64()
        } else {
            self.u32().map(u64::from)
        }
    }

    /// The version and flags at the start of many boxes.
    pub(crate) fn version_and_flags(&mut self) -> Option<(u8, u32)> {
        let [version, flags @ ..] = self.array::<4>()?;
        Some((
            version,
            u32::from_be_bytes([0, flags[0], flags[1], flags[2]]),
        ))
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn boxes_fill_their_parent_or_are_refused() {
        let free = [0, 0, 0, 9, b'f', b'r', b'e', b'e', 7];
        assert_eq!(atoms(&free, 0).unwrap().len(), 1);
        assert!(atoms(&free[..8], 0).is_err());
        assert!(atoms(&[free.as_slice(), &[0]].concat(), 0).is_err());
        assert!(atoms(&[0, 0, 0, 7, 1, 2, 3, 4], 0).is_err());
    }

    proptest! {
        /// Goal: no bytes make the parser panic or run on.
        #[test]
        fn any_bytes_are_walked_or_refused(bytes: Vec<u8>) {
            if let Ok(found) = atoms(&bytes, u64::from(u32::MAX)) {
                let covered: usize = found.iter().map(|atom| atom.body.len()).sum();
                prop_assert!(covered <= bytes.len());
            }
        }
    }
}
