//! What is fuzzed: every parser that reads files and requests from elsewhere.
//!
//! A target is a plain function of bytes that panics when a promise is broken: none of them may
//! panic, whatever it is given, and what is read must be written and read again as the same. The
//! programs in `fuzz_targets/` hand these functions to libFuzzer; the tests here replay the corpus
//! and the inputs that once failed.

mod bitstream;
mod chunk;
mod record;

pub use bitstream::{aac, adts, annex_b, avcc, leak, slice};
pub use chunk::chunks;
pub use record::{captions, events, findings, keys, manifests, package, plan, policy, timestamp};

/// One target: bytes from elsewhere.
pub type Target = fn(&[u8]);

/// All targets by the names of their corpora.
pub const TARGETS: [(&str, Target); 17] = [
    ("aac", aac),
    ("adts", adts),
    ("annex_b", annex_b),
    ("avcc", avcc),
    ("captions", captions),
    ("chunks", chunks),
    ("events", events),
    ("findings", findings),
    ("keys", keys),
    ("leak", leak),
    ("manifests", manifests),
    ("package", package),
    ("plan", plan),
    ("policy", policy),
    ("range", range),
    ("slice", slice),
    ("timestamp", timestamp),
];

/// For answers that may be anything: the parser came back, and that is all that is asked of it.
fn ignore<T>(_answer: T) {}

/// The header `Range` of a request to the desk: eight bytes with the file's length, the header.
///
/// # Panics
/// Where a range is accepted that does not lie in the file.
pub fn range(data: &[u8]) {
    let Some((length, header)) = data.split_first_chunk() else {
        return;
    };
    let length = u64::from_be_bytes(*length);
    if let Some((start, end)) = redact_desk::byte_range(&String::from_utf8_lossy(header), length) {
        assert!(start < end && end <= length);
    }
}
