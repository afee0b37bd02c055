//! The scan for what a release may leak, channel by channel.

use std::io::{Read, Seek};

use redact_bitstream::leak::{self, ExpectedStreams, LeakError};
use redact_record::manifest::PublicManifest;

use crate::{Check, Verdict, chain};

/// The group of these checks.
pub const GROUP: &str = "leak";

/// What the manifest says that the release holds.
#[must_use]
pub fn expected(public: &PublicManifest) -> ExpectedStreams {
    ExpectedStreams {
        audio_tracks: public.totals.sound.len(),
        frames: Some(public.totals.frames),
    }
}

/// Says what no check can judge: a decoder shows these values, so that no walk can tell what they
/// are for.
pub fn not_judged(verdict: &mut Verdict) {
    let why = "a message that somebody encodes in what every decoder reads: coefficients, motion \
               vectors, numbers of slice headers, sound samples";
    verdict.open(GROUP, "coded values", why);
}

/// One check per leak channel of the file behind `release`.
///
/// # Errors
/// When it cannot be read, or is no MP4 that can be walked.
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

/// Scans the file behind `release`; one that cannot be walked is a failed check.
pub fn check(verdict: &mut Verdict, public: &PublicManifest, release: impl Read + Seek) {
    match scan(release, &expected(public)) {
        Ok(checks) => verdict.checks.extend(checks),
        Err(error) => verdict.add(GROUP, "can be read", false, chain(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Goal: a file that cannot be walked is never taken for a clean one.
    #[test]
    fn what_is_no_mp4_is_not_clean() {
        let expected = ExpectedStreams {
            audio_tracks: 0,
            frames: None,
        };
        for bytes in [&b""[..], b"text", b"\0\0\0\x08ftyp\0\0\0\x07moov"] {
            assert!(scan(Cursor::new(bytes), &expected).is_err(), "{bytes:?}");
        }
    }
}
