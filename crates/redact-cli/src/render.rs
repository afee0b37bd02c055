//! `redact render`: from an approved plan to a release that was checked and signed.
//!
//! Everything is written under partial names, checked, and renamed at the end, the release last:
//! whatever happens before, no file has the release's name.

mod copied;
mod facts;
mod kept;
mod look;
mod made;
mod rendered;
pub(crate) mod second;
mod work;

pub(crate) use facts::context;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use redact_core::{ApprovedPlan, Digest, Findings};
use redact_media::Preset;
use redact_record::events::Act;
use redact_record::manifest::{Hex, Manifests, ReleaseContext};
use redact_record::plan::PlanContent;
use redact_record::sign::{KeyPair, Signed};
use redact_record::{FileBinding, ReleasePaths, plan, release_paths};

use crate::args::{GlobalArgs, ModelArgs, PresetArg, ReencodeArg, ReleaseArgs, RenderArgs};
use crate::jail::{self, Ask, Confinement, JailLevel, Job, Listener};
use crate::journal::{self, Journal, Note};
use crate::outputs::{Inputs, Outputs, Partial};
use crate::progress::TerminalProgress;
use crate::{Outcome, approve, basis, eyes, files, key, places, scan};
pub(crate) use copied::Claims;
pub(crate) use kept::KeptFolder;
pub(crate) use look::{Declared, Examined, audit, cropped_edges, leaks};
pub(crate) use made::Made;
use rendered::Rendered;
pub(crate) use work::RenderWork;

/// Constant rate factor of a release: visually lossless.
const CRF: u8 = 18;

/// The same for a recording whose codec needs about half the bits of H.264: see
/// `benches/README.md`.
const CRF_EFFICIENT: u8 = 21;

/// Whether pictures of `codec` take about half the bits of H.264. None of them is ever copied.
fn is_efficient(codec: &str) -> bool {
    matches!(codec, "hevc" | "av1" | "vp9")
}

/// Renders an approved plan and says where everything is.
///
/// # Errors
/// When the plan may not be carried out, a job fails, or a check finds the written file wrong.
pub(crate) fn render(args: &RenderArgs, global: &GlobalArgs) -> Result<Outcome> {
    let journal = Journal::open(global, None)?;
    let mut note = Note::new(Act::Render);
    render_noted(args, global, &journal, &mut note).map_err(|error| journal.failed(&note, error))
}

fn render_noted(
    args: &RenderArgs,
    global: &GlobalArgs,
    journal: &Journal,
    note: &mut Note,
) -> Result<Outcome> {
    let clip = &args.clip;
    let release = match &args.output {
        Some(output) => output.clone(),
        None => places::beside(clip, places::RELEASE_SUFFIX, None),
    };
    scan::check_clip(clip)?;
    let (plan, plan_digest) =
        plan::read(&args.plan).with_context(|| args.plan.display().to_string())?;
    let progress = TerminalProgress::new(global.quiet);
    let paths = release_paths(&release);
    let mut outputs = Outputs::begin(
        &files_of(&release, &paths),
        &[clip, &args.plan],
        args.release.force,
        || Ok(Inputs(vec![scan::digest(clip, &progress)?.0, plan_digest])),
    )?;
    if let Some(policy) = &args.policy {
        let policy = approve::read_policy(policy)?;
        let name = || args.plan.display().to_string();
        policy.check_plan(&plan).with_context(name)?;
    }
    let plan = PlanContent::new(plan).with_context(|| args.plan.display().to_string())?;
    plan.check_signatures(&key::trusted(&[])?)
        .with_context(|| args.plan.display().to_string())?;
    let key = Arc::new(key::signing_key(args.release.key.as_deref(), journal)?);
    let context = facts::context(&args.release, args.supersedes.as_deref())?;
    let findings = basis::check(&plan, &args.plan, &args.basis)?;
    let looks_again = args.release.second_look || plan.policy().second_look;
    let kept = kept_folder(&args.release)?;
    let bound = bind(clip, &progress)?;
    outputs.set_inputs(Inputs(vec![bound.sha256, plan_digest]));
    note.subject("source", bound.sha256);
    let plan = plan
        .approved(bound.sha256)
        .with_context(|| args.plan.display().to_string())?;
    let job = ReleaseJob {
        clip,
        bound: Some(bound),
        release: &release,
        plan: &plan,
        findings: findings.as_ref().map(|(found, digest)| (found, *digest)),
        without_findings: args.basis.without_findings.as_deref(),
        args: &args.release,
        context: &context,
        key: &key,
        kept: kept.as_ref(),
        second_look: looks_again.then_some(&args.models),
        journal,
    };
    let made = job.run(global, &progress, note, &mut outputs)?;
    outputs.finish()?;
    progress.clear();
    if global.json {
        crate::say(&made.json(&release).to_string());
    } else {
        crate::say(&made.text(&release));
    }
    Ok(Outcome::Done)
}

/// The folder with runs that earlier renders kept, unless none are asked for. Where it cannot be
/// made nothing is kept: that costs time, and nothing else.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn kept_folder(args: &ReleaseArgs) -> Result<Option<KeptFolder>> {
    if args.no_cache || args.reencode == ReencodeArg::All {
        return Ok(None);
    }
    let runs = places::kept_runs()?;
    let opened = key::segment_key().and_then(|key| KeptFolder::open(&runs, Arc::new(key)));
    Ok(opened
        .inspect_err(|error| tracing::warn!("no runs are kept: {error:#}"))
        .ok())
}

/// The records of a release and the release, each under its final name, the release last.
pub(crate) fn files_of<'a>(release: &'a Path, paths: &'a ReleasePaths) -> [&'a Path; 8] {
    [
        &paths.sealed,
        &paths.sealed_signature,
        &paths.log,
        &paths.log_csv,
        &paths.log_pdf,
        &paths.manifest,
        &paths.manifest_signature,
        release,
    ]
}

/// One release to make.
pub(crate) struct ReleaseJob<'a> {
    /// The recording.
    pub clip: &'a Path,
    /// What ties records to it, where it was just read for that.
    pub bound: Option<FileBinding>,
    /// Where the release goes.
    pub release: &'a Path,
    /// What is hidden.
    pub plan: &'a ApprovedPlan,
    /// The findings that the plan was made from and checked against, with their file's SHA-256.
    pub findings: Option<(&'a Findings, Digest)>,
    /// Why there are none, where there are none.
    pub without_findings: Option<&'a str>,
    /// How it is encoded and described.
    pub args: &'a ReleaseArgs,
    /// What is known of the request.
    pub context: &'a ReleaseContext,
    /// What signs it.
    pub key: &'a KeyPair,
    /// What earlier renders kept.
    pub kept: Option<&'a KeptFolder>,
    /// Models that look at the finished file once more, if any do.
    pub second_look: Option<&'a ModelArgs>,
    /// Where it is written down.
    pub journal: &'a Journal,
}

impl ReleaseJob<'_> {
    /// Lets a confined process render and check, then signs and gives the release its name.
    ///
    /// The event log has the render before the manifest is made, so that the manifest can name
    /// that entry, and the export before anything has its final name. `note` is what is under way.
    ///
    /// # Errors
    /// The first cause; nothing then has the release's name once `outputs` are dropped.
    pub(crate) fn run(
        &self,
        global: &GlobalArgs,
        progress: &TerminalProgress,
        note: &mut Note,
        outputs: &mut Outputs,
    ) -> Result<Made> {
        let named = || self.release.display().to_string();
        let partial = Partial::beside(self.release)?;
        let (before, (rendered, level)) = self.render(&partial, global, progress)?;
        if let Some(failed) = rendered.first_failure() {
            bail!("{}: the written file failed its audit: {failed}", named());
        }
        // Nothing writes to it any more: what is digested here is what is signed.
        let (after, binding) = both(
            || scan::digest(self.clip, progress),
            || bind(partial.path(), progress),
        );
        let ((after, _), binding) = (after?, binding.with_context(named)?);
        let coding = rendered.coding().with_context(named)?;
        *note = self.note(Act::Render, binding.sha256);
        journal::note_jail(note, level);
        let events_head = self.journal.done(note)?;
        let release = binding.sha256;
        *note = self.note(Act::Export, release);
        let evidence = facts::Evidence {
            events_head,
            before,
            after,
            binding,
            clock: rendered.clock(),
            rendered: &rendered,
            level,
            coding: &coding,
        };
        let manifests = evidence.manifests(self).with_context(named)?;
        let paths = release_paths(self.release);
        let mut files = self
            .write_records(&manifests, &paths, note)
            .with_context(named)?;
        files.push((partial, self.release, release));
        outputs.place(files).with_context(named)?;
        Ok(Made {
            paths,
            rendered,
            coding,
            manifest: manifests.public,
            key: self.key.public().id(),
        })
    }

    /// The constant rate factor that was asked for, or that suits the recording's codec.
    fn crf(&self) -> u8 {
        let codec = &self.plan.plan().source.info.video.codec;
        let default = if is_efficient(codec) {
            CRF_EFFICIENT
        } else {
            CRF
        };
        self.args.crf.unwrap_or(default)
    }

    /// The recording's digests, and what the confined process says of the file that it wrote.
    fn render(
        &self,
        partial: &Partial,
        global: &GlobalArgs,
        progress: &TerminalProgress,
    ) -> Result<(FileBinding, (Rendered, JailLevel))> {
        let exchange = self.kept.map(KeptFolder::exchange).transpose()?;
        let segments = exchange.as_ref().map(|folder| folder.path().to_owned());
        let work = RenderWork {
            clip: self.clip.to_owned(),
            partial: partial.path().to_owned(),
            release: self.release.to_owned(),
            plan: String::from_utf8(plan::to_bytes(self.plan.plan()))?,
            source: Hex(self.plan.plan().source.digest),
            preset: self.args.preset,
            crf: self.crf(),
            reencode: self.args.reencode,
            threads: eyes::threads(global.threads),
            second_look: self.second_look.map(places::resolved).transpose()?,
            accept_seen: self.args.accept_seen,
            segments,
        };
        let confinement = Confinement {
            read: vec![self.clip.to_owned()],
            write: vec![partial.path().to_owned()],
            folders: work.segments.iter().cloned().collect(),
            models: work
                .second_look
                .as_ref()
                .and_then(|models| models.models.clone()),
        };
        let listener = Rendering {
            job: self,
            progress,
            exchange: work.segments.clone(),
        };
        let job = Job::Render(work);
        let bound = self.bound.clone();
        let bind = |advance: redact_record::Advance<'_>| match bound {
            Some(bound) => Ok(bound),
            None => scan::stoppable(FileBinding::of_file(self.clip, advance))
                .with_context(|| self.clip.display().to_string()),
        };
        files::read_beside(bind, || jail::run(&job, &confinement, global, &listener))
    }

    /// What is done to which files, for the event log.
    fn note(&self, what: Act, release: Digest) -> Note {
        let plan = self.plan.plan();
        let mut note = Note::new(what);
        note.subject("source", plan.source.digest);
        note.subject("findings", plan.findings);
        note.subject("plan", plan::content(plan));
        note.subject("release", release);
        if let Some(why) = self.without_findings {
            note.label("findings", "not-compared");
            note.subject("reason", redact_record::digest_bytes(why.as_bytes()));
        }
        note
    }

    /// Writes the records under partial names, and the export to the event log: with each record's
    /// name and SHA-256.
    fn write_records<'p>(
        &self,
        manifests: &Manifests,
        paths: &'p ReleasePaths,
        note: &mut Note,
    ) -> Result<Vec<(Partial, &'p Path, Digest)>> {
        let now = approve::now();
        let sign = |bytes: &[u8], kind| self.key.sign_bytes(bytes, kind, now);
        let public_signature = sign(&manifests.public_bytes, Signed::PublicManifest)?;
        let sealed_signature = sign(&manifests.sealed_bytes, Signed::SealedManifest)?;
        let digest = redact_record::digest_bytes(&manifests.public_bytes);
        let public = &manifests.public;
        let log = redact_record::log::html(public, digest)?;
        let log_csv = redact_record::log::csv(public)?;
        let log_pdf = redact_record::log::pdf(public, digest)?;
        let files: [(&PathBuf, &[u8]); 7] = [
            (&paths.sealed, &manifests.sealed_bytes),
            (&paths.sealed_signature, sealed_signature.as_bytes()),
            (&paths.log, log.as_bytes()),
            (&paths.log_csv, &log_csv),
            (&paths.log_pdf, &log_pdf),
            (&paths.manifest, &manifests.public_bytes),
            (&paths.manifest_signature, public_signature.as_bytes()),
        ];
        let mut written = Vec::with_capacity(files.len() + 1);
        for (path, bytes) in files {
            let mut record = Partial::beside(path)?;
            if *path == paths.sealed {
                record = record.for_owner()?;
            }
            record
                .fill(bytes)
                .with_context(|| path.display().to_string())?;
            written.push((record, path.as_path(), redact_record::digest_bytes(bytes)));
        }
        note.subject("manifest", digest);
        let sealed = redact_record::digest_bytes(&manifests.sealed_bytes);
        note.subject("sealed-manifest", sealed);
        self.journal.done(note)?;
        Ok(written)
    }
}

/// Hears of a render, and serves it from the cache.
struct Rendering<'a> {
    job: &'a ReleaseJob<'a>,
    progress: &'a TerminalProgress,
    exchange: Option<PathBuf>,
}

impl Listener for Rendering<'_> {
    fn hear(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()> {
        self.progress.hear(phase, done, total)
    }

    fn answer(&self, question: Ask) -> bool {
        match (self.job.kept, &self.exchange) {
            (Some(kept), Some(exchange)) => kept.answer(self.job, exchange, question),
            _ => false,
        }
    }
}

/// Reads a file for what ties a record to it.
fn bind(path: &Path, progress: &TerminalProgress) -> Result<FileBinding> {
    use redact_core::{Phase, Progress as _};
    let mut advance = |done, total| progress.advance(Phase::Digest, done, Some(total));
    scan::stoppable(FileBinding::of_file(path, &mut advance))
        .with_context(|| path.display().to_string())
}

/// Does two things at the same time that need one core each.
fn both<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join();
        (
            one.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            other,
        )
    })
}

const fn preset(preset: PresetArg) -> Preset {
    match preset {
        PresetArg::Ultrafast => Preset::Ultrafast,
        PresetArg::Superfast => Preset::Superfast,
        PresetArg::Veryfast => Preset::Veryfast,
        PresetArg::Faster => Preset::Faster,
        PresetArg::Fast => Preset::Fast,
        PresetArg::Medium => Preset::Medium,
        PresetArg::Slow => Preset::Slow,
    }
}
