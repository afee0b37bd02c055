//! `redact verify`: whether a release is what its manifest says, one line per check.

#[cfg_attr(not(feature = "media"), path = "verify/no_media.rs")]
mod media;
mod verdict;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_core::Digest;
use redact_record::events::Act;
use redact_record::manifest::{self, PublicManifest, SealedManifest};
use redact_record::policy::Policy;
use redact_record::sign::{SignatureVerdict, TrustStore};
use redact_record::timestamp::{self as stamps, Certificate, STAMP_BYTES_MAX};
use redact_record::{FileBinding, RecordError, release_paths};

use crate::args::{GlobalArgs, ModelArgs, VerifyArgs};
use crate::journal::{Journal, Note};
use crate::progress::TerminalProgress;
use crate::{Outcome, approve, files, key, places, timestamp};
#[cfg(feature = "media")]
pub(crate) use media::VerifyWork;
use verdict::ReportForm;
pub(crate) use verdict::Verdict;

/// What is verified, and with what.
pub(crate) struct VerifyJob<'a> {
    /// The released file.
    pub release: &'a Path,
    /// Its public manifest.
    pub manifest: PathBuf,
    /// The original, when it is there.
    pub source: Option<&'a Path>,
    /// The written policy, when it is there.
    pub policy: Option<Policy>,
    /// Manifests that are replaced, newest first.
    pub previous: &'a [PathBuf],
    /// Certificates of time-stamping authorities; when there are any, a stamp is due.
    pub tsa: Vec<Certificate>,
    /// Keys that are believed.
    pub trust: TrustStore,
    /// Whether nothing is to be decoded.
    pub no_media: bool,
    /// Models that look at the release as at a recording.
    pub second_look: Option<&'a ModelArgs>,
}

/// Verifies and prints.
///
/// # Errors
/// When a file that is needed is not there.
pub(crate) fn verify(args: &VerifyArgs, global: &GlobalArgs) -> Result<Outcome> {
    // A stranger may check where nothing may be written: that changes nothing but our own files.
    let journal = Journal::open(global, None)
        .inspect_err(|error| tracing::warn!("this check is not recorded: {error:#}"))
        .ok();
    let mut note = Note::new(Act::Verify);
    let result = verify_noted(args, global, &mut note);
    match (result, &journal) {
        (result, None) => result,
        (Err(error), Some(journal)) => Err(journal.failed(&note, error)),
        (Ok(outcome), Some(journal)) => {
            // The verdict was printed: it stands whether or not it is written down.
            if let Err(error) = journal.done(&note) {
                tracing::warn!("this check is not recorded: {error:#}");
            }
            Ok(outcome)
        }
    }
}

fn verify_noted(args: &VerifyArgs, global: &GlobalArgs, note: &mut Note) -> Result<Outcome> {
    let manifest = match &args.manifest {
        Some(manifest) => manifest.clone(),
        None => release_paths(&args.release).manifest,
    };
    let report = match &args.report {
        Some(path) => {
            let mut inputs: Vec<&Path> = vec![&args.release, &manifest];
            inputs.extend(args.source.as_deref());
            let form = ReportForm::of(path)?;
            places::check_output(path, &inputs, args.force)?;
            Some((form, path))
        }
        None => None,
    };
    let job = VerifyJob {
        release: &args.release,
        manifest,
        source: args.source.as_deref(),
        policy: args
            .policy
            .as_deref()
            .map(approve::read_policy)
            .transpose()?,
        previous: &args.previous,
        tsa: timestamp::anchors(&args.tsa)?,
        trust: key::trusted(&args.trust)?,
        no_media: args.no_media,
        second_look: args.second_look.then_some(&args.models),
    };
    let progress = TerminalProgress::new(global.quiet);
    let verdict = job.run(global, &progress)?;
    verdict.note(note);
    if let Some((form, path)) = report {
        form.write(&verdict, &args.release, path)?;
    }
    progress.clear();
    if global.json {
        crate::say(&verdict.json(&args.release).to_string());
    } else {
        crate::say(&verdict.text());
    }
    Ok(if verdict.passed() {
        Outcome::Done
    } else {
        Outcome::Wrong
    })
}

impl VerifyJob<'_> {
    /// Looks at everything that is there. What cannot be read because it was damaged is a failed
    /// check; what is not there is an error.
    ///
    /// # Errors
    /// When a file is missing, or a person stopped it.
    pub(crate) fn run(self, global: &GlobalArgs, progress: &TerminalProgress) -> Result<Verdict> {
        files::check_clip(self.release)?;
        if let Some(source) = self.source {
            files::check_clip(source)?;
        }
        let (bytes, signature) = read_signed(&self.manifest)?;
        let mut verdict = Verdict::new(self.no_media);
        verdict
            .digests
            .push(("public manifest", redact_record::digest_bytes(&bytes)));
        let opened = PublicManifest::open(&bytes, &signature, &self.trust);
        let public = match opened {
            Ok((public, who)) => {
                add_signature(&mut verdict, "manifest", &who);
                verdict.key = key_of(&who);
                public
            }
            Err(error) => {
                verdict.add("manifest", refused(&error), false, chain(&error));
                verdict.open("file", "everything else", "no manifest can be believed");
                return Ok(verdict);
            }
        };
        self.check_stamp(&mut verdict, redact_record::digest_bytes(&bytes))?;
        self.check_policy(&mut verdict, &public);
        check_findings(&mut verdict, &public);
        self.check_previous(&mut verdict, &public)?;
        self.check_sealed(&mut verdict, &public, &bytes)?;
        self.check_binding(&mut verdict, &public, progress)?;
        self.check_media(&mut verdict, &public, (global, progress))?;
        verdict.public = Some(public);
        Ok(verdict)
    }

    /// A stamp is checked when it is there; when certificates are given, it must be.
    fn check_stamp(&self, verdict: &mut Verdict, manifest: Digest) -> Result<()> {
        let path = timestamp::stamp_of(&self.manifest);
        let name = "time stamp";
        if !path.exists() {
            if !self.tsa.is_empty() {
                let evidence = format!("{} is not there", path.display());
                verdict.add("manifest", name, false, evidence);
            }
            return Ok(());
        }
        let bytes = redact_record::read(&path, STAMP_BYTES_MAX)
            .with_context(|| path.display().to_string())?;
        match stamps::check(&bytes, manifest, &self.tsa) {
            Ok(stamp) if !stamp.trusted && self.tsa.is_empty() => {
                let why = "no certificate of its authority was given (--tsa CERT)";
                verdict.open("manifest", name, why);
            }
            Ok(stamp) => {
                let (at, by) = (manifest::Utc(stamp.at), stamp.authority);
                let evidence = match stamp.trusted {
                    true => format!("it was there at {at}, says {by}"),
                    false => format!("by {by}, for whom no certificate given vouches"),
                };
                verdict.add("manifest", name, stamp.trusted, evidence);
            }
            Err(error) => verdict.add("manifest", name, false, error.to_string()),
        }
        Ok(())
    }

    fn check_policy(&self, verdict: &mut Verdict, public: &PublicManifest) {
        let Some(policy) = &self.policy else {
            return;
        };
        let checked = public.check_policy(policy);
        let evidence = match &checked {
            Ok(()) => format!("made with policy {} and by its rules", policy.name),
            Err(error) => chain(error),
        };
        verdict.add("manifest", "policy", checked.is_ok(), evidence);
    }

    /// Walks the chain of revisions, from this manifest back.
    fn check_previous(&self, verdict: &mut Verdict, public: &PublicManifest) -> Result<()> {
        let mut newer = public.clone();
        for path in self.previous {
            let (bytes, signature) = read_signed(path)?;
            let (older, who) = match PublicManifest::open(&bytes, &signature, &self.trust) {
                Ok(opened) => opened,
                Err(error) => {
                    verdict.add("previous manifest", refused(&error), false, chain(&error));
                    return Ok(());
                }
            };
            add_signature(verdict, "previous manifest", &who);
            let linked = newer.check_supersedes(&older, &bytes);
            let evidence = match &linked {
                Ok(()) => format!("{} replaces {}", newer.manifest_id, older.manifest_id),
                Err(error) => chain(error),
            };
            let name = "is the one that was replaced";
            verdict.add("previous manifest", name, linked.is_ok(), evidence);
            newer = older;
        }
        Ok(())
    }

    /// The sealed manifest is checked when it is there; an auditor may not have it.
    fn check_sealed(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        public_bytes: &[u8],
    ) -> Result<()> {
        let paths = release_paths(self.release);
        if !paths.sealed.exists() {
            let why = "the sealed manifest is not here; it stays with the agency";
            verdict.open("sealed manifest", "belongs to the manifest", why);
            return Ok(());
        }
        let (bytes, signature) = read_signed(&paths.sealed)?;
        verdict
            .digests
            .push(("sealed manifest", redact_record::digest_bytes(&bytes)));
        match SealedManifest::open(&bytes, &signature, &self.trust) {
            Ok((sealed, who)) => {
                add_signature(verdict, "sealed manifest", &who);
                let pair = sealed.check_pair(public, public_bytes);
                let evidence = match &pair {
                    Ok(()) => "each names the other's SHA-256".to_owned(),
                    Err(error) => chain(error),
                };
                verdict.add(
                    "sealed manifest",
                    "belongs to the manifest",
                    pair.is_ok(),
                    evidence,
                );
                let approvals = sealed.check_approvals(public, &self.trust);
                let evidence = match &approvals {
                    Ok(()) => format!("{} for this very plan", public.approvals.count),
                    Err(error) => chain(error),
                };
                verdict.add("sealed manifest", "approvals", approvals.is_ok(), evidence);
            }
            Err(error) => {
                verdict.add("sealed manifest", refused(&error), false, chain(&error));
            }
        }
        Ok(())
    }

    fn check_binding(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        progress: &TerminalProgress,
    ) -> Result<()> {
        use redact_core::{Phase, Progress as _};
        let mut advance = |done, total| progress.advance(Phase::Digest, done, Some(total));
        let found = files::stoppable(FileBinding::of_file(self.release, &mut advance))
            .with_context(|| self.release.display().to_string())?;
        verdict.digests.push(("release", found.sha256));
        let expected = public.release.binding();
        let same = found == expected;
        let evidence = if same {
            format!("{}, {} bytes", found.sha256, found.bytes)
        } else {
            let places: Vec<String> = expected
                .differences(&found)
                .into_iter()
                .take(4)
                .map(|range| format!("{} to {}", range.start, range.end))
                .collect();
            format!(
                "found {} ({} bytes), the manifest says {} ({} bytes); differs in bytes {}",
                found.sha256,
                found.bytes,
                expected.sha256,
                expected.bytes,
                places.join(", ")
            )
        };
        verdict.add("file", "SHA-256", same, evidence);
        let Some(source) = self.source else {
            let why = "the original is not here (--source CLIP)";
            verdict.open("source", "SHA-256", why);
            return Ok(());
        };
        let (digest, _) = files::digest(source, progress)?;
        verdict.digests.push(("source", digest));
        let expected = public.source.sha256.0;
        let evidence = match digest == expected {
            true => digest.to_string(),
            false => format!("found {digest}, the manifest is for {expected}"),
        };
        verdict.add("source", "SHA-256", digest == expected, evidence);
        Ok(())
    }

    fn check_media(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        (global, progress): (&GlobalArgs, &TerminalProgress),
    ) -> Result<()> {
        if let Err(error) = public.redactions() {
            verdict.add("manifest", "geometry", false, chain(&error));
            return Ok(());
        }
        if self.no_media {
            let why = "nothing was decoded (--no-media)";
            verdict.open("leak", "every channel", why);
            verdict.open("audit", "every mask is opaque, every mute is silent", why);
            verdict.open("change", "nothing else differs from the original", why);
            return Ok(());
        }
        media::check(self, verdict, public, (global, progress))
    }
}

/// Says whether the plan was compared with what the scan found, which only the renderer can do.
fn check_findings(verdict: &mut Verdict, public: &PublicManifest) {
    let name = "nothing that was found is left out";
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

fn add_signature(verdict: &mut Verdict, group: &'static str, who: &SignatureVerdict) {
    let (passed, evidence) = match who {
        SignatureVerdict::Trusted { key, name } => (true, format!("good, by key {key} ({name})")),
        SignatureVerdict::Unknown { key } => (
            false,
            format!("good, but key {} is not trusted here", key.id()),
        ),
        SignatureVerdict::Bad(problem) => (false, problem.to_string()),
    };
    verdict.add(group, "signature", passed, evidence);
}

/// Which check of a record failed: each kind of bad input has a verdict of its own.
const fn refused(error: &RecordError) -> &'static str {
    match error {
        RecordError::Signature(_) => "signature",
        RecordError::NewerVersion { .. } => "version",
        RecordError::OtherKind { .. } => "kind",
        _ => "content",
    }
}

/// Identifier of the key that signed.
fn key_of(who: &SignatureVerdict) -> Option<String> {
    match who {
        SignatureVerdict::Trusted { key, .. } => Some(key.to_string()),
        SignatureVerdict::Unknown { key } => Some(key.id().to_string()),
        SignatureVerdict::Bad(_) => None,
    }
}

/// A record and its signature, as bytes that nobody has believed yet.
pub(crate) fn read_signed(path: &Path) -> Result<(Vec<u8>, String)> {
    let bytes = manifest::read_bytes(path).with_context(|| path.display().to_string())?;
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    let signature = PathBuf::from(name);
    let text = manifest::read_bytes(&signature).with_context(|| signature.display().to_string())?;
    Ok((bytes, String::from_utf8_lossy(&text).into_owned()))
}

fn chain(error: &RecordError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
