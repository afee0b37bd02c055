//! Time stamps of the public manifest.

use redact_core::Digest;
use redact_record::manifest::Utc;
use redact_record::timestamp::{self, Certificate};

use crate::Verdict;

const NAME: &str = "time stamp";

/// Checks a time stamp if there is one; if certificates were given, there must be one. `path` is
/// its file.
pub fn due(
    verdict: &mut Verdict,
    path: &str,
    stamp: Option<&[u8]>,
    manifest: Digest,
    anchors: &[Certificate],
) {
    match stamp {
        Some(bytes) => check(verdict, bytes, manifest, anchors),
        None => none(verdict, anchors, path),
    }
}

/// Adds a failed check if there is no time stamp although certificates were given. `missing` is the
/// name of the missing file.
fn none(verdict: &mut Verdict, anchors: &[Certificate], missing: &str) {
    if !anchors.is_empty() {
        verdict.add("manifest", NAME, false, format!("{missing} is missing"));
    }
}

/// Checks the time stamp in `bytes` of the manifest with that SHA-256.
fn check(verdict: &mut Verdict, bytes: &[u8], manifest: Digest, anchors: &[Certificate]) {
    match timestamp::check(bytes, manifest, anchors) {
        Ok(stamp) if !stamp.trusted && anchors.is_empty() => {
            let why = "no certificate of its authority was given (--tsa CERT)";
            verdict.open("manifest", NAME, why);
        }
        Ok(stamp) => {
            let (at, by) = (Utc(stamp.at), stamp.authority);
            let evidence = match stamp.trusted {
                true => format!("it existed at {at}, according to {by}"),
                false => format!("by {by}, but no given certificate vouches for it"),
            };
            verdict.add("manifest", NAME, stamp.trusted, evidence);
        }
        Err(error) => verdict.add("manifest", NAME, false, error.to_string()),
    }
}
