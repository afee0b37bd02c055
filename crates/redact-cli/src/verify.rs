//! `redact verify`: whether a release is what its manifest says, one line per check.

mod findings;
mod media;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_check::records::SignedBytes;
use redact_check::{Scope, Verdict, records, stamp};
use redact_core::Digest;
use redact_record::events::Act;
use redact_record::manifest::{self, PublicManifest};
use redact_record::policy::Policy;
use redact_record::sign::TrustStore;
use redact_record::timestamp::{Certificate, STAMP_BYTES_MAX};
use redact_record::{FileBinding, release_paths};

use crate::args::{GlobalArgs, ModelArgs, VerifyArgs};
use crate::jail::JailLevel;
use crate::journal::{self, Journal, Note};
use crate::progress::TerminalProgress;
use crate::{Outcome, approve, files, key, places, timestamp};
pub(crate) use media::VerifyWork;
use report::ReportForm;

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
    let verified = job.run(global, &progress)?;
    verified.note(note);
    let verdict = verified.verdict;
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
    pub(crate) fn run(self, global: &GlobalArgs, progress: &TerminalProgress) -> Result<Verified> {
        files::check_clip(self.release)?;
        if let Some(source) = self.source {
            files::check_clip(source)?;
        }
        let record = read_signed(&self.manifest)?;
        let scope = if self.no_media {
            Scope::Records
        } else {
            Scope::Release
        };
        let mut verdict = Verdict::new(scope);
        let mut jail = None;
        let Some(public) = records::manifest(&mut verdict, &record, &self.trust) else {
            return Ok(Verified { verdict, jail });
        };
        self.check_stamp(&mut verdict, redact_record::digest_bytes(&record.bytes))?;
        records::policy(&mut verdict, &public, self.policy.as_ref());
        records::findings(&mut verdict, &public);
        let previous: Vec<SignedBytes> = self
            .previous
            .iter()
            .map(|path| read_signed(path))
            .collect::<Result<_>>()?;
        records::previous(&mut verdict, &public, &previous, &self.trust);
        let sealed = release_paths(self.release).sealed;
        let sealed = sealed.exists().then(|| read_signed(&sealed)).transpose()?;
        let sealed = sealed.as_ref();
        records::sealed(&mut verdict, &public, &record.bytes, sealed, &self.trust);
        self.check_digests(&mut verdict, &public, progress)?;
        if records::geometry(&mut verdict, &public) {
            jail = self.check_media(&mut verdict, &public, (global, progress))?;
        }
        verdict.public = Some(public);
        Ok(Verified { verdict, jail })
    }

    /// A stamp is checked when it is there; when certificates are given, it must be.
    fn check_stamp(&self, verdict: &mut Verdict, manifest: Digest) -> Result<()> {
        let path = timestamp::stamp_of(&self.manifest);
        if path.exists() {
            let bytes = redact_record::read(&path, STAMP_BYTES_MAX)
                .with_context(|| path.display().to_string())?;
            stamp::check(verdict, &bytes, manifest, &self.tsa);
        } else {
            stamp::none(verdict, &self.tsa, &path.display().to_string());
        }
        Ok(())
    }

    fn check_digests(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        progress: &TerminalProgress,
    ) -> Result<()> {
        use redact_core::{Phase, Progress as _};
        let mut advance = |done, total| progress.advance(Phase::Digest, done, Some(total));
        let found = files::stoppable(FileBinding::of_file(self.release, &mut advance))
            .with_context(|| self.release.display().to_string())?;
        redact_check::files::release(verdict, public, &found);
        let source = self.source.map(|source| files::digest(source, progress));
        let source = source.transpose()?.map(|(digest, _)| digest);
        redact_check::files::source(verdict, public, source);
        Ok(())
    }

    fn check_media(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        (global, progress): (&GlobalArgs, &TerminalProgress),
    ) -> Result<Option<JailLevel>> {
        if self.no_media {
            let why = "nothing was decoded (--no-media)";
            verdict.open("leak", "every channel", why);
            verdict.open("leak", "cropped edges", why);
            verdict.open("audit", "every mask is opaque, every mute is silent", why);
            verdict.open("change", "nothing else differs from the original", why);
            return Ok(None);
        }
        media::check(self, verdict, public, (global, progress)).map(Some)
    }
}

/// A verdict, and how it came about.
pub(crate) struct Verified {
    /// What was checked and what was not.
    pub verdict: Verdict,
    /// How well the process that decoded was confined, where one did.
    pub jail: Option<JailLevel>,
}

impl Verified {
    /// What was checked and what it came to, for the event log.
    pub(crate) fn note(&self, note: &mut Note) {
        let verdict = &self.verdict;
        for (what, digest) in &verdict.digests {
            note.subject(&what.replace(' ', "-"), *digest);
        }
        note.label("verdict", if verdict.passed() { "ok" } else { "wrong" });
        if let Some(level) = self.jail {
            journal::note_jail(note, level);
        }
        note.count("checks", verdict.checks.len());
        note.count("not-checked", verdict.not_checked.len());
    }
}

/// A record and its signature, as bytes that nobody has believed yet.
pub(crate) fn read_signed(path: &Path) -> Result<SignedBytes> {
    let bytes = manifest::read_bytes(path).with_context(|| path.display().to_string())?;
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    let signature = PathBuf::from(name);
    let text = manifest::read_bytes(&signature).with_context(|| signature.display().to_string())?;
    let signature = String::from_utf8_lossy(&text).into_owned();
    Ok(SignedBytes { bytes, signature })
}
