//! Digests of the release and of the original recording.

use redact_core::Digest;
use redact_record::FileBinding;
use redact_record::manifest::PublicManifest;

use crate::Verdict;

/// Compares the digests `found` of the released file with those in the manifest, and states where
/// the file differs.
pub fn release(verdict: &mut Verdict, public: &PublicManifest, found: &FileBinding) {
    verdict.digests.push(("release", found.sha256));
    let expected = public.release.binding();
    let same = *found == expected;
    let evidence = if same {
        format!("{}, {} bytes", found.sha256, found.bytes)
    } else {
        let places: Vec<String> = expected
            .differences(found)
            .into_iter()
            .take(4)
            .map(|range| format!("{} to {}", range.start, range.end))
            .collect();
        format!(
            "found {} ({} bytes), expected {} ({} bytes); differs in bytes {}",
            found.sha256,
            found.bytes,
            expected.sha256,
            expected.bytes,
            places.join(", ")
        )
    };
    verdict.add("file", "SHA-256", same, evidence);
}

/// Compares the SHA-256 of the original recording, if it was given, with the manifest's.
pub fn source(verdict: &mut Verdict, public: &PublicManifest, found: Option<Digest>) {
    let Some(digest) = found else {
        let why = "the original was not given (--source CLIP)";
        return verdict.open("source", "SHA-256", why);
    };
    verdict.digests.push(("source", digest));
    let expected = public.source.sha256.0;
    let evidence = match digest == expected {
        true => digest.to_string(),
        false => format!("found {digest}, expected {expected}"),
    };
    verdict.add("source", "SHA-256", digest == expected, evidence);
}
