//! Time stamps of authorities on the public manifest.

use redact_core::Digest;
use redact_record::manifest::Utc;
use redact_record::timestamp::{self, Certificate};

use crate::Verdict;

const NAME: &str = "time stamp";

/// Adds that no stamp is beside the manifest, where one is due because certificates were given.
/// `missing` is what is not there.
pub fn none(verdict: &mut Verdict, anchors: &[Certificate], missing: &str) {
    if !anchors.is_empty() {
        verdict.add("manifest", NAME, false, format!("{missing} is not there"));
    }
}

/// Checks the stamp in `bytes` on the manifest with that SHA-256.
pub fn check(verdict: &mut Verdict, bytes: &[u8], manifest: Digest, anchors: &[Certificate]) {
    match timestamp::check(bytes, manifest, anchors) {
        Ok(stamp) if !stamp.trusted && anchors.is_empty() => {
            let why = "no certificate of its authority was given (--tsa CERT)";
            verdict.open("manifest", NAME, why);
        }
        Ok(stamp) => {
            let (at, by) = (Utc(stamp.at), stamp.authority);
            let evidence = match stamp.trusted {
                true => format!("it was there at {at}, says {by}"),
                false => format!("by {by}, for whom no certificate given vouches"),
            };
            verdict.add("manifest", NAME, stamp.trusted, evidence);
        }
        Err(error) => verdict.add("manifest", NAME, false, error.to_string()),
    }
}
