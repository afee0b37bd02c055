//! Verifying a release: whether it is what its manifest says.

mod findings;
mod report;
mod work;

use std::path::{Path, PathBuf};

use redact_check::records::{self, SignedBytes};
use redact_check::{Scope, Verdict, stamp};
use redact_core::{Digest, Progress};
use redact_jail::JailLevel;
use redact_record::captions::CAPTIONS_BYTES_MAX;
use redact_record::events::EventDraft;
use redact_record::manifest::PublicManifest;
use redact_record::policy::Policy;
use redact_record::release_paths;
use redact_record::sign::TrustStore;
use redact_record::timestamp::{Certificate, STAMP_BYTES_MAX};

use findings::MediaFindings;
pub use report::ReportForm;
pub(crate) use work::VerifyWork;

use crate::error::{Context as _, Result};
use crate::events::describe_jail;
use crate::files::{bind, check_recording, digest, read_signed, stamp_path};
use crate::options::ModelOptions;
use crate::ports::{Access, JobKind, Ports, ProgressListener, job};

/// What is verified, and with what.
pub struct VerifyRequest<'a> {
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
    /// Detectors that run on the release as on a recording, if any do.
    pub second_look: Option<&'a ModelOptions>,
}

impl VerifyRequest<'_> {
    /// Checks everything that is there. What cannot be read because it was damaged is a failed
    /// check; what is not there is an error.
    ///
    /// # Errors
    /// When a file is missing, or the job is cancelled.
    pub fn run(&self, ports: &Ports<'_>) -> Result<Verified> {
        check_recording(self.release)?;
        if let Some(source) = self.source {
            check_recording(source)?;
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
        records::extent(&mut verdict, &public);
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
        self.check_digests(&mut verdict, &public, ports.progress)?;
        if records::geometry(&mut verdict, &public) {
            self.check_captions(&mut verdict, &public)?;
            jail = self.check_media(&mut verdict, &public, ports)?;
        }
        verdict.public = Some(public);
        Ok(Verified { verdict, jail })
    }

    /// A stamp is checked when it is there; when certificates are given, it must be.
    fn check_stamp(&self, verdict: &mut Verdict, manifest: Digest) -> Result<()> {
        let path = stamp_path(&self.manifest);
        let is_there = path.exists();
        let bytes = is_there.then(|| redact_record::read(&path, STAMP_BYTES_MAX).in_file(&path));
        let (bytes, name) = (bytes.transpose()?, path.display().to_string());
        stamp::due(verdict, &name, bytes.as_deref(), manifest, &self.tsa);
        Ok(())
    }

    /// Captions are checked when they are beside the release.
    fn check_captions(&self, verdict: &mut Verdict, public: &PublicManifest) -> Result<()> {
        let path = release_paths(self.release).captions;
        // Of a file that is too large, what is read is enough to see that it is not the one.
        let read = || redact_record::read_start(&path, CAPTIONS_BYTES_MAX + 1).in_file(&path);
        let found = path.exists().then(read).transpose()?;
        redact_check::captions::check(verdict, public, found.as_deref());
        Ok(())
    }

    fn check_digests(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        progress: &dyn Progress,
    ) -> Result<()> {
        let found = bind(self.release, progress)?;
        redact_check::files::release(verdict, public, &found);
        let source = self.source.map(|source| digest(source, progress));
        let source = source.transpose()?.map(|(digest, _)| digest);
        redact_check::files::source(verdict, public, source);
        Ok(())
    }

    /// Lets a confined worker scan the released file for leaks, decode it, compare it with the
    /// source when that is there, and run the detectors on it where that is asked for.
    fn check_media(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        ports: &Ports<'_>,
    ) -> Result<Option<JailLevel>> {
        if self.no_media {
            let why = "nothing was decoded (--no-media)";
            verdict.open("leak", "every channel", why);
            verdict.open("leak", "cropped edges", why);
            verdict.open("audit", "every mask is opaque, every mute is silent", why);
            verdict.open("change", "nothing else differs from the original", why);
            return Ok(None);
        }
        let work = VerifyWork {
            release: self.release.to_owned(),
            source: self.source.map(Path::to_owned),
            public: serde_json::to_string(public)?,
            second_look: self.second_look.cloned(),
            threads: ports.threads,
        };
        let access = Access {
            read: [Some(&work.release), work.source.as_ref()]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            models: work.second_look.clone(),
            ..Access::default()
        };
        let job = job(JobKind::Verify, &work)?;
        let listener = ProgressListener(ports.progress);
        let (found, level) = ports.worker.run(job, &access, &listener)?;
        serde_json::from_value::<MediaFindings>(found)?.add_to(verdict);
        Ok(Some(level))
    }
}

/// A verdict, and how it came about.
pub struct Verified {
    /// What was checked and what was not.
    pub verdict: Verdict,
    /// How well the worker was confined, where one ran.
    pub jail: Option<JailLevel>,
}

impl Verified {
    /// Adds what was checked and what it came to to an event.
    pub fn describe(&self, event: &mut EventDraft) {
        let verdict = &self.verdict;
        for (what, digest) in &verdict.digests {
            event.subject(&what.replace(' ', "-"), *digest);
        }
        event.label("verdict", if verdict.passed() { "ok" } else { "wrong" });
        if let Some(level) = self.jail {
            describe_jail(event, level);
        }
        event.count("checks", verdict.checks.len());
        event.count("not-checked", verdict.not_checked.len());
    }
}
