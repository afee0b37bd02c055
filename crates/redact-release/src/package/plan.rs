//! What will be in a package: its manifest, and where the bytes of each file come from.

use std::path::{Path, PathBuf};

use redact_check::records::SignedBytes;
use redact_core::{Digest, Progress};
use redact_record::letters::Letter;
use redact_record::manifest::{Hex, PublicManifest, RequestFile};
use redact_record::office::Office;
use redact_record::package::{
    Exhibit, FileRole, NewPackage, PACKAGE_FILE, PACKAGE_SIGNATURE, PackageFile, PackageManifest,
    PackageRequest, SUMS_FILE, Transmittal, exhibit_folder, exhibit_stem, part_stem,
};
use redact_record::papers::PapersInput;
use redact_record::sign::{KeyPair, Signed};
use redact_record::{RecordError, captions, digest_bytes, log};
use time::Date;

use super::error::PackageError;
use super::parts::CutPart;
use super::releases::CheckedRelease;
use crate::error::{Context as _, Result};
use crate::files::digest;

/// Where the bytes of a file come from.
pub(super) enum FileContent {
    /// They are here.
    Bytes(Vec<u8>),
    /// A file; its digest is compared while it is copied.
    File(PathBuf),
}

/// A file that will be in a package.
pub(super) struct PlannedFile {
    /// Its path in the package.
    pub(super) path: String,
    /// Its length in bytes.
    pub(super) bytes: u64,
    /// Its SHA-256.
    pub(super) sha256: Digest,
    /// Its bytes.
    pub(super) content: FileContent,
}

/// A package before it is written.
pub(super) struct PackagePlan {
    /// The package manifest.
    pub(super) manifest: PackageManifest,
    /// SHA-256 of its file.
    pub(super) digest: Digest,
    /// Every file, in order of their paths.
    pub(super) files: Vec<PlannedFile>,
}

/// What a plan is made of.
pub(super) struct PlanInput<'a> {
    pub(super) releases: &'a [CheckedRelease],
    /// The parts of each release; none for one in one piece.
    pub(super) parts: &'a [Vec<CutPart>],
    pub(super) request: &'a RequestFile,
    pub(super) profile: &'a Transmittal,
    pub(super) program: &'a str,
    /// Where findings may be, besides the folders of the releases.
    pub(super) findings: &'a [PathBuf],
    /// `verify.html`.
    pub(super) checker: Option<&'a [u8]>,
    pub(super) office: &'a Office,
    /// The date of the letters.
    pub(super) dated: Option<Date>,
    /// Letters that a person edited.
    pub(super) edited: &'a [Letter],
    pub(super) key: &'a KeyPair,
    pub(super) progress: &'a dyn Progress,
}

impl PackagePlan {
    /// Plans a package.
    ///
    /// # Errors
    /// If a log or a paper cannot be made, findings are missing, or the package would be larger
    /// than the profile allows.
    pub(super) fn new(input: &PlanInput<'_>) -> Result<Self> {
        let mut plan = Planner::new(input)?;
        let releases = input.releases.iter().zip(input.parts);
        for (number, (release, parts)) in (1..).zip(releases) {
            plan.add_release(number, release, parts)
                .in_file(&release.path)?;
        }
        plan.add_papers()?;
        plan.finish()
    }

    /// The length of all files in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.files
            .iter()
            .fold(0, |sum, file| sum.saturating_add(file.bytes))
    }
}

struct Planner<'a> {
    input: &'a PlanInput<'a>,
    manifest: PackageManifest,
    files: Vec<PlannedFile>,
}

impl<'a> Planner<'a> {
    fn new(input: &'a PlanInput<'a>) -> Result<Self> {
        let names = input.profile.names;
        let releases = input.releases.iter().zip(input.parts);
        let exhibits = (1..).zip(releases).map(|(number, (release, parts))| {
            let source_name = names
                .source_names
                .then(|| release.sealed.body.source_name.clone());
            let (public, bytes) = (&release.public, &release.record.bytes);
            let parts = parts.iter().map(|part| part.place).collect();
            Exhibit::new(number, public, bytes, source_name, parts)
        });
        let manifest = PackageManifest::new(NewPackage {
            program: input.program.to_owned(),
            profile: input.profile.profile_name(),
            request: request(input),
            exhibits: exhibits.collect(),
        });
        Ok(Self {
            input,
            manifest,
            files: Vec::new(),
        })
    }

    /// Adds a file whose bytes are here.
    fn add(
        &mut self,
        path: String,
        role: FileRole,
        owner: (Option<u32>, Option<u32>),
        bytes: Vec<u8>,
    ) {
        let sha256 = digest_bytes(&bytes);
        let length = bytes.len() as u64;
        self.add_planned(
            path,
            role,
            owner,
            (length, sha256),
            FileContent::Bytes(bytes),
        );
    }

    fn add_planned(
        &mut self,
        path: String,
        role: FileRole,
        (exhibit, part): (Option<u32>, Option<u32>),
        (bytes, sha256): (u64, Digest),
        content: FileContent,
    ) {
        self.manifest.add_file(PackageFile {
            path: path.clone(),
            role,
            exhibit,
            part,
            bytes,
            sha256: Hex(sha256),
        });
        self.files.push(PlannedFile {
            path,
            bytes,
            sha256,
            content,
        });
    }

    fn add_release(
        &mut self,
        number: u32,
        release: &CheckedRelease,
        parts: &[CutPart],
    ) -> Result<()> {
        let count = u32::try_from(self.input.releases.len()).unwrap_or(u32::MAX);
        let name = exhibit_stem(number, count);
        let stem = format!("{}/{name}", exhibit_folder());
        let profile = self.input.profile;
        if let Some(number) = release.public.terms.request_number.as_ref()
            && !profile.names.request_number
        {
            return Err(PackageError::NamesRequest {
                number: number.clone(),
                profile: profile.name.clone(),
            }
            .into());
        }
        let owner = (Some(number), None);
        let roles = match parts.is_empty() {
            true => (FileRole::Manifest, FileRole::Signature),
            false => (FileRole::WholeManifest, FileRole::WholeSignature),
        };
        if parts.is_empty() {
            self.add_video(&stem, owner, &release.public, &release.path);
            let captions = release.captions.as_ref();
            self.add_captions(&stem, owner, captions.map(|found| &found.bytes[..]))?;
        }
        for part in parts {
            self.add_part(&name, number, parts.len(), part)?;
        }
        let record = &release.record;
        self.add_signed(&format!("{stem}.manifest.json"), roles, owner, record);
        if let Some(stamp) = &release.stamp {
            let path = format!("{stem}.manifest.json.tsr");
            self.add(path, FileRole::TimeStamp, owner, stamp.clone());
        }
        self.add_logs(&stem, owner, &release.public, release.digest())?;
        if profile.sealed_manifests {
            let roles = (FileRole::SealedManifest, FileRole::SealedSignature);
            let record = &release.sealed_record;
            self.add_signed(&format!("{stem}.sealed.json"), roles, owner, record);
        }
        if profile.findings {
            let path = release.find_findings(self.input.findings)?;
            let (sha256, bytes) = digest(&path, self.input.progress)?;
            let content = FileContent::File(path);
            let name = format!("{stem}.findings.json");
            self.add_planned(name, FileRole::Findings, owner, (bytes, sha256), content);
        }
        Ok(())
    }

    /// The video of a release or of a part, as its manifest describes it.
    fn add_video(
        &mut self,
        stem: &str,
        owner: (Option<u32>, Option<u32>),
        public: &PublicManifest,
        path: &Path,
    ) {
        let video = &public.release;
        let facts = (video.bytes, video.sha256.0);
        let content = FileContent::File(path.to_owned());
        let path = format!("{stem}.mp4");
        self.add_planned(path, FileRole::Release, owner, facts, content);
    }

    /// The captions of a video, and the transcript that is made of them.
    fn add_captions(
        &mut self,
        stem: &str,
        owner: (Option<u32>, Option<u32>),
        captions: Option<&[u8]>,
    ) -> Result<()> {
        let Some(bytes) = captions else {
            return Ok(());
        };
        let read = captions::parse(bytes).map_err(RecordError::from)?;
        let text = captions::transcript_text(&read).into_bytes();
        let path = format!("{stem}.vtt");
        self.add(path, FileRole::Captions, owner, bytes.to_vec());
        self.add(format!("{stem}.txt"), FileRole::Transcript, owner, text);
        Ok(())
    }

    /// A part with its own manifest, and a log with its own times.
    fn add_part(&mut self, name: &str, exhibit: u32, count: usize, part: &CutPart) -> Result<()> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let name = part_stem(name, part.place.number, count);
        let stem = format!("{}/{name}", exhibit_folder());
        let owner = (Some(exhibit), Some(part.place.number));
        let written = &part.written;
        self.add_video(&stem, owner, &written.manifest, &written.path);
        let captions = written.captions.as_ref();
        self.add_captions(&stem, owner, captions.map(String::as_bytes))?;
        let record = SignedBytes {
            bytes: written.manifest_bytes.clone(),
            signature: part.signature.clone(),
        };
        let roles = (FileRole::Manifest, FileRole::Signature);
        self.add_signed(&format!("{stem}.manifest.json"), roles, owner, &record);
        let digest = digest_bytes(&record.bytes);
        let log = log::html(&written.manifest, digest)?.into_bytes();
        self.add(format!("{stem}.log.html"), FileRole::Log, owner, log);
        Ok(())
    }

    fn add_signed(
        &mut self,
        path: &str,
        (role, signature): (FileRole, FileRole),
        owner: (Option<u32>, Option<u32>),
        record: &SignedBytes,
    ) {
        self.add(path.to_owned(), role, owner, record.bytes.clone());
        let text = record.signature.clone().into_bytes();
        self.add(format!("{path}.minisig"), signature, owner, text);
    }

    /// The redaction log, made from the manifest: files beside a release may have been edited.
    fn add_logs(
        &mut self,
        stem: &str,
        owner: (Option<u32>, Option<u32>),
        public: &PublicManifest,
        digest: Digest,
    ) -> Result<()> {
        let html = log::html(public, digest)?.into_bytes();
        let logs = [
            ("html", html),
            ("csv", log::csv(public)?),
            ("pdf", log::pdf(public, digest)?),
        ];
        for (ending, bytes) in logs {
            self.add(format!("{stem}.log.{ending}"), FileRole::Log, owner, bytes);
        }
        Ok(())
    }

    /// Papers and checker; the papers are made when everything else is in the manifest.
    fn add_papers(&mut self) -> Result<()> {
        let profile = self.input.profile;
        if let Some(checker) = self.input.checker.filter(|_| profile.verifier) {
            let name = "verify.html".to_owned();
            self.add(name, FileRole::Checker, (None, None), checker.to_vec());
        }
        let made = PapersInput {
            manifest: &self.manifest,
            documents: &profile.documents,
            statement: profile.exemption_statement.as_deref(),
            office: self.input.office,
            dated: self.input.dated,
            edited: self.input.edited,
        }
        .make()?;
        for paper in made {
            let role = paper.document.role();
            self.add(paper.name.to_owned(), role, (None, None), paper.bytes);
        }
        Ok(())
    }

    /// Signs the manifest, and adds it and the list of digests.
    fn finish(mut self) -> Result<PackagePlan> {
        let bytes = self.manifest.to_bytes()?;
        let at = self.manifest.created.0;
        let signature = self
            .input
            .key
            .sign_repeatably(&bytes, Signed::Package, at)?;
        let digest = digest_bytes(&bytes);
        let sums = self
            .manifest
            .sums(digest, digest_bytes(signature.as_bytes()));
        for (path, bytes) in [
            (PACKAGE_FILE, bytes),
            (PACKAGE_SIGNATURE, signature.into_bytes()),
            (SUMS_FILE, sums.into_bytes()),
        ] {
            self.files.push(PlannedFile {
                path: path.to_owned(),
                bytes: bytes.len() as u64,
                sha256: digest_bytes(&bytes),
                content: FileContent::Bytes(bytes),
            });
        }
        self.files.sort_by(|one, other| one.path.cmp(&other.path));
        let plan = PackagePlan {
            manifest: self.manifest,
            digest,
            files: self.files,
        };
        let profile = self.input.profile;
        match profile
            .limits
            .package_bytes
            .filter(|max| plan.bytes() > *max)
        {
            None => Ok(plan),
            Some(max) => Err(PackageError::TooLarge {
                bytes: plan.bytes(),
                max,
                profile: profile.name.clone(),
            }
            .into()),
        }
    }
}

/// What the package says about the request.
fn request(input: &PlanInput<'_>) -> PackageRequest {
    let (names, request) = (input.profile.names, &input.request.request);
    let shown = |text: &Option<String>, is_shown: bool| text.clone().filter(|_| is_shown);
    PackageRequest {
        agency: input.request.terms.agency.clone(),
        number: shown(&request.request_number, names.request_number),
        case_number: shown(&request.case_number, names.case_number),
        requester: shown(&request.requester, names.requester),
    }
}
