//! The leak scan of a release, channel by channel.

use std::io::{Read, Seek};

use redact_bitstream::leak::{self, ExpectedStreams, LeakError};
use redact_record::manifest::PublicManifest;

use crate::{Check, Verdict};
use redact_core::error::with_causes;

/// The group of these checks.
pub const GROUP: &str = "leak";

/// The streams that the release has according to the manifest.
#[must_use]
pub fn expected(public: &PublicManifest) -> ExpectedStreams {
    ExpectedStreams {
        audio_tracks: public.totals.sound.len(),
        frames: Some(public.totals.frames),
    }
}

/// Lists what no check can judge: decoders show these values, so that no scan can tell whether they
/// carry a message.
pub fn not_judged(verdict: &mut Verdict) {
    let why = "a message could be encoded in coefficients, motion vectors, slice header values or \
               sound samples";
    verdict.open(GROUP, "coded values", why);
}

/// One check per leak channel of the file `release`.
///
/// # Errors
/// If it cannot be read or is not a valid MP4 file.
pub fn scan(
    release: impl Read + Seek,
    expected: &ExpectedStreams,
) -> Result<Vec<Check>, LeakError> {
    let check = |verdict: leak::LeakVerdict| Check {
        group: GROUP.into(),
        name: verdict.channel.name().into(),
        passed: verdict.clean,
        evidence: verdict.evidence,
    };
    let verdicts = leak::scan(release, expected)?;
    Ok(verdicts.into_iter().map(check).collect())
}

/// Scans the file `release`; an unreadable one is a failed check.
pub fn check(verdict: &mut Verdict, public: &PublicManifest, release: impl Read + Seek) {
    match scan(release, &expected(public)) {
        Ok(checks) => verdict.checks.extend(checks),
        Err(error) => verdict.add(GROUP, "can be read", false, with_causes(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Goal: an unreadable file never counts as clean.
    #[test]
    fn a_file_that_is_not_an_mp4_is_not_clean() {
        let expected = ExpectedStreams {
            audio_tracks: 0,
            frames: None,
        };
        for bytes in [&b""[..], b"text", b"\0\0\0\x08ftyp\0\0\0\x07moov"] {
            assert!(scan(Cursor::new(bytes), &expected).is_err(), "{bytes:?}");
        }
    }
}
