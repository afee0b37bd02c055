//! What JavaScript receives.

use redact_bitstream::mp4::coded_tracks::{CodedTrack, TrackCoding};
use redact_check::Verdict;
use redact_check::records::lacks_only_trust;
use redact_record::digest_bytes;
use serde_json::{Value, json};

use crate::{BegunRelease, Checked, PackageChecker, Signer, Slices};

/// The verdict on a release.
pub(super) fn release(checked: &Checked) -> Value {
    verdict(&checked.verdict, &checked.signer)
}

/// The verdict on a package.
pub(super) fn package<S: Slices>(package: &PackageChecker<S>) -> Value {
    verdict(package.verdict(), &package.signer())
}

/// A release of a package: its place, where its video is, and what was checked so far.
pub(super) fn begun(begun: &BegunRelease) -> Value {
    let ranges = begun.video.ranges.iter();
    let ranges = ranges.map(|range| json!([range.start, range.end]));
    json!({
        "label": begun.label, "exhibit": begun.place.exhibit, "part": begun.place.part,
        "file": begun.video.file, "ranges": ranges.collect::<Vec<_>>(),
        "verdict": release(&begun.checked),
    })
}

/// A track of a release.
pub(super) fn track(track: &CodedTrack) -> Value {
    match &track.coding {
        TrackCoding::Avc { record, size } => json!({
            "kind": "avc", "record": record, "size": size,
        }),
        TrackCoding::Aac {
            config,
            rate_hz,
            channels,
        } => json!({
            "kind": "aac", "config": config, "rate_hz": rate_hz, "channels": channels,
        }),
    }
}

fn verdict(verdict: &Verdict, signer: &Signer) -> Value {
    let checks = verdict.checks.iter().map(|check| {
        json!({
            "group": check.group, "name": check.name, "evidence": check.evidence,
            "passed": check.passed,
        })
    });
    let open = verdict
        .not_checked
        .iter()
        .map(|open| json!({ "group": open.group, "name": open.name, "why": open.why }));
    let digests = verdict.digests.iter();
    let digests = digests.map(|(what, digest)| json!([what, digest.to_string()]));
    let signer = match signer {
        Signer::Trusted => json!({ "state": "trusted", "id": verdict.key }),
        Signer::Unknown(key) => json!({
            "state": "unknown", "id": verdict.key, "key": key,
            "fingerprint": digest_bytes(key.as_bytes()).to_string(),
        }),
        Signer::Nobody => json!({ "state": "nobody" }),
    };
    json!({
        "text": verdict.text(), "passed": verdict.passed(),
        "lacks_only_trust": lacks_only_trust(verdict), "signer": signer,
        "checks": checks.collect::<Vec<_>>(), "not_checked": open.collect::<Vec<_>>(),
        "digests": digests.collect::<Vec<_>>(),
    })
}
