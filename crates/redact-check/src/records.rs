//! Signatures, manifests, approvals, the chain of revisions.

use redact_record::RecordError;
use redact_record::manifest::{PublicManifest, SealedManifest};
use redact_record::policy::Policy;
use redact_record::sign::{SignatureVerdict, TrustStore};

use crate::{Check, Verdict};
use redact_core::error::with_causes;

/// A record and its signature, not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBytes {
    /// The record.
    pub bytes: Vec<u8>,
    /// Text of the signature file.
    pub signature: String,
}

/// Checks the public manifest's signature and content. `None` if it is not valid, in which case
/// nothing else can be checked.
pub fn manifest(
    verdict: &mut Verdict,
    record: &SignedBytes,
    trust: &TrustStore,
) -> Option<PublicManifest> {
    let digest = redact_record::digest_bytes(&record.bytes);
    verdict.digests.push(("public manifest", digest));
    match PublicManifest::open(&record.bytes, &record.signature, trust) {
        Ok((public, who)) => {
            signature(verdict, "manifest", &who);
            verdict.key = key_of(&who);
            Some(public)
        }
        Err(error) => {
            verdict.add("manifest", refused(&error), false, with_causes(&error));
            verdict.open("file", "everything else", "there is no valid manifest");
            None
        }
    }
}

/// Checks that the release was made with `policy`, if given, and follows its rules.
pub fn policy(verdict: &mut Verdict, public: &PublicManifest, policy: Option<&Policy>) {
    let Some(policy) = policy else {
        return verdict.open("manifest", "policy", "no policy was given (--policy FILE)");
    };
    let checked = public.check_policy(policy);
    let evidence = match &checked {
        Ok(()) => format!("made with policy {}, and follows its rules", policy.name),
        Err(error) => with_causes(error),
    };
    verdict.add("manifest", "policy", checked.is_ok(), evidence);
}

/// States which part of a recording or of a release the file is, if it is not all of it.
pub fn extent(verdict: &mut Verdict, public: &PublicManifest) {
    if let Some(excerpt) = &public.excerpt {
        let spans = excerpt.spans.iter().map(|span| {
            let (start, end) = span.0.source_frames;
            format!("frames {start} to {}", end.saturating_sub(1))
        });
        let spans: Vec<String> = spans.collect();
        let (all, code) = (public.source.frames, &excerpt.reason);
        let spans = spans.join(", ");
        let evidence = format!("{spans} of the source's {all}; the rest is withheld ({code})");
        verdict.add("manifest", "excerpt", true, evidence);
    }
    if let Some(part) = &public.part {
        let (start, end) = part.frames.0;
        let evidence = format!(
            "part {} of {}: frames {start} to {} of the {} of the release with SHA-256 {}",
            part.number,
            part.count,
            end.saturating_sub(1),
            part.release_frames,
            part.release_sha256.0
        );
        verdict.add("manifest", "part", true, evidence);
    }
}

/// States whether the plan was compared with the findings of the scan, which only a render can do.
pub fn findings(verdict: &mut Verdict, public: &PublicManifest) {
    let name = "no finding is left out";
    match &public.findings {
        Some(findings) if findings.0.compared => {
            let evidence = "the plan was compared with its findings when the release was made";
            verdict.add("manifest", name, true, evidence.to_owned());
        }
        Some(_) => {
            let why = "the release was made without the findings; the manifest says why";
            verdict.open("manifest", name, why);
        }
        None => {
            let why = "the release was made by a version that did not compare plan and findings";
            verdict.open("manifest", name, why);
        }
    }
}

/// Checks the chain of revisions backward from this manifest. `previous` are the replaced
/// manifests, newest first; the first invalid one ends the check.
pub fn previous(
    verdict: &mut Verdict,
    public: &PublicManifest,
    previous: &[SignedBytes],
    trust: &TrustStore,
) {
    let mut newer = public.clone();
    for record in previous {
        let opened = PublicManifest::open(&record.bytes, &record.signature, trust);
        let (older, who) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                verdict.add(
                    "previous manifest",
                    refused(&error),
                    false,
                    with_causes(&error),
                );
                return;
            }
        };
        signature(verdict, "previous manifest", &who);
        let linked = newer.check_supersedes(&older, &record.bytes);
        let evidence = match &linked {
            Ok(()) => format!("{} replaces {}", newer.manifest_id, older.manifest_id),
            Err(error) => with_causes(error),
        };
        let name = "is the replaced manifest";
        verdict.add("previous manifest", name, linked.is_ok(), evidence);
        newer = older;
    }
    if newer.supersedes.is_some() {
        let why = "an earlier manifest was not given (--previous MANIFEST)";
        verdict.open("previous manifest", "is the replaced manifest", why);
    }
}

/// Checks the sealed manifest, if given; an auditor may not have it. `public_bytes` is the content
/// of the public manifest's file.
pub fn sealed(
    verdict: &mut Verdict,
    public: &PublicManifest,
    public_bytes: &[u8],
    sealed: Option<&SignedBytes>,
    trust: &TrustStore,
) {
    let (group, name) = ("sealed manifest", "belongs to the manifest");
    let Some(record) = sealed else {
        let why = "the sealed manifest was not given; it stays with the agency";
        return verdict.open(group, name, why);
    };
    let digest = redact_record::digest_bytes(&record.bytes);
    verdict.digests.push((group, digest));
    let (sealed, who) = match SealedManifest::open(&record.bytes, &record.signature, trust) {
        Ok(opened) => opened,
        Err(error) => return verdict.add(group, refused(&error), false, with_causes(&error)),
    };
    signature(verdict, group, &who);
    let pair = sealed.check_pair(public, public_bytes);
    let evidence = match &pair {
        Ok(()) => "each contains the other's SHA-256".to_owned(),
        Err(error) => with_causes(error),
    };
    verdict.add(group, name, pair.is_ok(), evidence);
    let approvals = sealed.check_approvals(public, trust);
    let evidence = match &approvals {
        Ok(()) => format!("{} for exactly this plan", public.approvals.count),
        Err(error) => with_causes(error),
    };
    verdict.add(group, "approvals", approvals.is_ok(), evidence);
}

/// Checks that every declared mask and mute is valid; `false` if nothing can be measured.
pub fn geometry(verdict: &mut Verdict, public: &PublicManifest) -> bool {
    match public.redactions() {
        Ok(_) => true,
        Err(error) => {
            verdict.add("manifest", "geometry", false, with_causes(&error));
            false
        }
    }
}

/// How the evidence on a valid signature by an unknown key begins.
const UNKNOWN_KEY: &str = "valid, but key";

/// Whether everything that failed is a valid signature by a key that nobody vouched for.
#[must_use]
pub fn lacks_only_trust(verdict: &Verdict) -> bool {
    let mut failed = verdict.checks.iter().filter(|check| !check.passed);
    let is_unknown =
        |check: &Check| check.name == "signature" && check.evidence.starts_with(UNKNOWN_KEY);
    !verdict.passed() && failed.all(is_unknown)
}

pub(crate) fn signature(verdict: &mut Verdict, group: &'static str, who: &SignatureVerdict) {
    let (passed, evidence) = match who {
        SignatureVerdict::Trusted { key, name } => (true, format!("valid, by key {key} ({name})")),
        SignatureVerdict::Unknown { key } => (
            false,
            format!("{UNKNOWN_KEY} {} is not trusted here", key.id()),
        ),
        SignatureVerdict::Bad(problem) => (false, problem.to_string()),
    };
    verdict.add(group, "signature", passed, evidence);
}

/// The check of a record that failed: each kind of bad input has its own.
pub(crate) const fn refused(error: &RecordError) -> &'static str {
    match error {
        RecordError::Signature(_) => "signature",
        RecordError::NewerVersion { .. } => "version",
        RecordError::OtherKind { .. } => "kind",
        _ => "content",
    }
}

/// ID of the key that signed.
pub(crate) fn key_of(who: &SignatureVerdict) -> Option<String> {
    match who {
        SignatureVerdict::Trusted { key, .. } => Some(key.to_string()),
        SignatureVerdict::Unknown { key } => Some(key.id().to_string()),
        SignatureVerdict::Bad(_) => None,
    }
}
