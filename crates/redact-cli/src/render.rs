//! `redact render`: from an approved plan to a release that was checked and signed.
//!
//! Everything is written under partial names, checked, and renamed at the end, the release last:
//! whatever happens before, no file has the release's name.

mod copied;
mod facts;
mod kept;
mod look;
mod made;
mod partial;
pub(crate) mod second;

pub(crate) use facts::context;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use redact_core::{ApprovedPlan, Conversion, Digest, Findings, FrameSpan, Met, Plan, Source};
use redact_engine::{Check, Expected, RenderReport};
use redact_media::{
    Echo, EchoedRun, EncodeOptions, FileSink, KeptSpans, OpenOptions, Preset, Splice,
};
use redact_record::events::Act;
use redact_record::manifest::{CodingFacts, FrameClock, Manifests, ReleaseContext};
use redact_record::sign::{KeyPair, Signed};
use redact_record::{FileBinding, ReleasePaths, findings, plan, policy, release_paths};

use crate::args::{GlobalArgs, PresetArg, ReencodeArg, ReleaseArgs, RenderArgs};
use crate::eyes::Looking;
use crate::journal::{Journal, Note};
use crate::progress::TerminalProgress;
use crate::{Outcome, approve, eyes, key, places, sandbox, scan};
pub(crate) use copied::Claims;
pub(crate) use kept::KeptFolder;
use kept::{Evidence, KeptRuns, Known};
pub(crate) use look::{Examined, audit, leaks};
use look::{open, source_channels};
pub(crate) use made::Made;
use partial::Partial;

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
    check_outputs(&release, &[clip, &args.plan], args.release.force)?;
    let (plan, _) = plan::read(&args.plan).with_context(|| args.plan.display().to_string())?;
    if let Some(policy) = &args.policy {
        let policy = approve::read_policy(policy)?;
        let name = || args.plan.display().to_string();
        policy.check_plan(&plan).with_context(name)?;
    }
    plan::check_signatures(&plan, &key::trusted(&[])?)
        .with_context(|| args.plan.display().to_string())?;
    let key = Arc::new(key::signing_key(args.release.key.as_deref(), journal)?);
    let context = facts::context(&args.release, args.supersedes.as_deref())?;
    let findings = findings_of(&plan, args)?;
    let policy = policy::embedded(&plan.policy).with_context(|| args.plan.display().to_string())?;
    let threads = eyes::threads(global.threads);
    let (models, accepted) = (&args.models, &plan.acknowledged);
    let looking = second::eyes(&args.release, models, &policy, accepted, threads)?;
    let kept = kept_folder(&args.release, &key)?;
    let mut writes = vec![scan::folder_of(&release), journal.file()];
    writes.extend(kept.as_ref().map(|_| places::kept_runs()).transpose()?);
    sandbox::confine(&[clip], &writes)?;
    let progress = TerminalProgress::new(global.quiet);
    let bound = bind(clip, &progress)?;
    note.subject("source", bound.sha256);
    let plan =
        plan::approved(plan, bound.sha256).with_context(|| args.plan.display().to_string())?;
    let job = ReleaseJob {
        clip,
        bound: Some(bound),
        release: &release,
        plan: &plan,
        findings: findings.as_ref(),
        args: &args.release,
        context: &context,
        key: &key,
        kept: kept.as_ref(),
        journal,
    };
    let made = job.run(global, &progress, note, looking)?;
    progress.clear();
    if global.json {
        crate::say(&made.json(&release).to_string());
    } else {
        crate::say(&made.text(&release));
    }
    Ok(Outcome::Done)
}

/// The findings that `plan` was made of: those that were named, or those beside it if they are.
fn findings_of(plan: &Plan, args: &RenderArgs) -> Result<Option<Findings>> {
    let beside = places::findings_beside(&args.plan);
    let (path, named) = match &args.findings {
        Some(path) => (path, true),
        None => (&beside, false),
    };
    if !named && !path.exists() {
        return Ok(None);
    }
    match findings::read(path) {
        Ok((found, digest)) if digest == plan.findings => Ok(Some(found)),
        Ok(_) if named => bail!(
            "{}: these are not the findings that {} was made of",
            path.display(),
            args.plan.display()
        ),
        Err(error) if named => Err(error).with_context(|| path.display().to_string()),
        // Something else of that name: the sealed manifest says that findings were not at hand.
        _ => Ok(None),
    }
}

/// The folder with runs that earlier renders kept, unless none are asked for. Where it cannot be
/// made nothing is kept: that costs time, and nothing else.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn kept_folder(args: &ReleaseArgs, key: &Arc<KeyPair>) -> Result<Option<KeptFolder>> {
    if args.no_cache || args.reencode == ReencodeArg::All {
        return Ok(None);
    }
    let opened = KeptFolder::open(&places::kept_runs()?, Arc::clone(key));
    Ok(opened
        .inspect_err(|error| tracing::warn!("no runs are kept: {error:#}"))
        .ok())
}

/// Refuses to write where a release or any of its records is already.
///
/// # Errors
/// Says which file is in the way.
pub(crate) fn check_outputs(release: &Path, inputs: &[&Path], force: bool) -> Result<()> {
    places::check_output(release, inputs, force)?;
    for path in records(&release_paths(release)) {
        places::check_output(path, inputs, force)?;
    }
    Ok(())
}

fn records(paths: &ReleasePaths) -> [&PathBuf; 7] {
    [
        &paths.manifest,
        &paths.manifest_signature,
        &paths.sealed,
        &paths.sealed_signature,
        &paths.log,
        &paths.log_csv,
        &paths.log_pdf,
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
    /// What the plan was made of, when it is at hand.
    pub findings: Option<&'a Findings>,
    /// How it is encoded and described.
    pub args: &'a ReleaseArgs,
    /// What is known of the request.
    pub context: &'a ReleaseContext,
    /// What signs it.
    pub key: &'a KeyPair,
    /// What earlier renders kept.
    pub kept: Option<&'a KeptFolder>,
    /// Where it is written down.
    pub journal: &'a Journal,
}

/// What a render gave beside the file.
struct Written {
    report: RenderReport,
    clock: FrameClock,
    /// What was decoded again while it was written.
    echoed: Vec<EchoedRun>,
}

/// A written file, and how it was made.
struct Looked<'a> {
    partial: &'a Path,
    splice: Option<&'a Splice>,
    coding: &'a CodingFacts,
    kept: Option<&'a KeptRuns>,
    echoed: &'a [EchoedRun],
    /// What was found in their frames.
    seen: &'a Evidence,
}

impl Looked<'_> {
    /// Whether what is claimed to be copied is so, and the groups of the file; nothing where all
    /// was to be encoded anew.
    fn claims(&self, claims: &Claims) -> Result<Option<(Check, Splice)>> {
        let is_asked = self.splice.is_some();
        is_asked
            .then(|| claims.check(self.partial, "copied data"))
            .transpose()
    }

    /// What need not be looked at again in the file with `groups`.
    fn known(&self, groups: &[(FrameSpan, Digest)]) -> Known {
        let mut known = Known::default();
        known.add_seen(self.echoed, self.seen, groups);
        if let Some(kept) = self.kept {
            kept.add_to(&mut known, groups);
        }
        known
    }
}

impl ReleaseJob<'_> {
    /// Renders, checks, signs and gives the release its name.
    ///
    /// The event log has the render before the manifest is made, so that the manifest can name
    /// that entry, and the export before anything has its final name. `note` is what is under way,
    /// `looking` what looks at the finished file once more.
    ///
    /// # Errors
    /// The first cause; nothing then has the release's name.
    pub(crate) fn run(
        &self,
        global: &GlobalArgs,
        progress: &TerminalProgress,
        note: &mut Note,
        looking: Option<Looking>,
    ) -> Result<Made> {
        let threads = eyes::threads(global.threads);
        let named = || self.release.display().to_string();
        let partial = Partial::beside(self.release)?;
        self.check_source(threads)?;
        let (clip, plan, reencode) = (self.clip, self.plan, self.args.reencode);
        let bound = self.bound.clone();
        let (before, splice) = both(
            || bound.map_or_else(|| bind(clip, progress), Ok),
            || copied::choose(clip, plan, reencode),
        );
        let (before, mut splice) = (before?, splice?);
        let kept = self.kept.zip(splice.as_ref());
        let kept = kept.map(|(folder, splice)| folder.runs(self, splice));
        if let (Some(kept), Some(splice)) = (&kept, &mut splice) {
            let store: Arc<dyn KeptSpans> = Arc::<KeptRuns>::clone(kept);
            *splice = splice.with_kept(store, |run| kept.has(run));
        }
        let written = self.write(partial.path(), splice.as_ref(), threads, progress)?;
        let Written {
            report,
            clock,
            echoed,
        } = written;
        let coding = copied::facts(splice.as_ref(), &report, self.plan);
        let looked = Looked {
            partial: partial.path(),
            splice: splice.as_ref(),
            coding: &coding,
            kept: kept.as_deref(),
            echoed: &echoed,
            seen: &report.seen,
        };
        let checks = self.check(&looked, threads, progress)?;
        let second_look = looking
            .map(|looking| second::check(self, partial.path(), looking, threads, progress))
            .transpose()?;
        let (after, binding) = both(
            || scan::digest(clip, progress),
            || bind(partial.path(), progress),
        );
        let ((after, _), binding) = (after?, binding.with_context(named)?);
        *note = self.note(Act::Render, binding.sha256);
        let events_head = self.journal.done(note)?;
        *note = self.note(Act::Export, binding.sha256);
        let evidence = facts::Evidence {
            events_head,
            before,
            after,
            binding,
            clock,
            report: &report,
            coding: &coding,
            checks,
            second_look,
        };
        let manifests = evidence
            .manifests(self, partial.path())
            .with_context(named)?;
        let paths = release_paths(self.release);
        self.publish(partial, &manifests, &paths, note)
            .with_context(named)?;
        Ok(Made {
            paths,
            report,
            coding,
            manifest: manifests.public,
            key: self.key.public().id(),
        })
    }

    /// What the plan says that the recording's source meets.
    fn declared(&self) -> Met {
        let plan = self.plan.plan();
        Met {
            damage: plan.damage.clone(),
            is_rescaled: plan.source.info.conversions.contains(&Conversion::Rescaled),
        }
    }

    /// How the recording is read: past damage only where the scan did so and found some.
    fn options(&self, threads: usize) -> OpenOptions {
        OpenOptions {
            audio: true,
            threads,
            damaged: look::damaged(&self.plan.plan().damage),
        }
    }

    /// Refuses a plan that describes another recording than the one with its SHA-256: masks and
    /// mutes would lie elsewhere.
    fn check_source(&self, threads: usize) -> Result<()> {
        let options = self.options(threads);
        let source = open(self.clip, &options, None)?;
        let planned = &self.plan.plan().source;
        let Some((what, expected, found)) = planned.disagreement(source.info()) else {
            return Ok(());
        };
        bail!(
            "{}: the plan describes it wrongly: {what}: the plan says {expected}, it is {found}",
            self.clip.display()
        )
    }

    /// What is done to which files, for the event log.
    fn note(&self, what: Act, release: Digest) -> Note {
        let plan = self.plan.plan();
        let mut note = Note::new(what);
        note.subject("source", plan.source.digest);
        note.subject("findings", plan.findings);
        note.subject("plan", plan::content(plan));
        note.subject("release", release);
        note
    }

    fn write(
        &self,
        partial: &Path,
        splice: Option<&Splice>,
        threads: usize,
        progress: &TerminalProgress,
    ) -> Result<Written> {
        let clip = || self.clip.display().to_string();
        let release = || self.release.display().to_string();
        let options = self.options(threads);
        let source = open(self.clip, &options, splice)?;
        let encode = EncodeOptions {
            preset: preset(self.args.preset),
            crf: self.args.crf,
            threads,
            ..EncodeOptions::default()
        };
        let sink = match splice {
            Some(splice) => FileSink::create_spliced(partial, source.info(), &encode, splice),
            None => FileSink::create(partial, source.info(), &encode),
        };
        let mut sink = sink.with_context(release)?;
        let (source, clock) = facts::clocked(source);
        let echo = sink.echo();
        let record = echo.as_ref().map(Echo::record);
        let echo = echo.map(|echo| Box::new(echo) as Box<dyn Source>);
        let (source, sink) = (Box::new(source), Box::new(sink));
        let report = redact_engine::render(source, self.plan, sink, echo, progress);
        let report = report.map_err(|error| {
            // A failing source is the recording's fault, anything else the release's.
            let name = match error {
                redact_engine::RenderError::Source(_) => clip(),
                _ => release(),
            };
            anyhow::Error::from(error).context(name)
        })?;
        Ok(Written {
            report,
            clock: clock.take(),
            echoed: record.map(|record| record.runs()).unwrap_or_default(),
        })
    }

    /// Looks at the written file as a stranger would, and compares it with the source.
    fn check(
        &self,
        looked: &Looked<'_>,
        threads: usize,
        progress: &TerminalProgress,
    ) -> Result<facts::AllChecks> {
        let redactions = &facts::nameless(self.plan.redactions());
        let audio_tracks = self.plan.plan().source.info.audio.len();
        let expected = Expected {
            frames: self.plan.plan().source.frames,
            audio_tracks,
        };
        let claims = Claims::of(looked.coding, expected.frames);
        let (clip, partial) = (self.clip, looked.partial);
        let (leaks, claimed) = both(
            || {
                Ok::<_, anyhow::Error>((
                    leaks(partial, &expected)?,
                    source_channels(clip, audio_tracks)?,
                ))
            },
            || looked.claims(&claims),
        );
        let ((leaks, source_channels), (copied, written)) = (leaks?, claimed?.unzip());
        let groups = written.as_ref().map(Splice::groups).unwrap_or_default();
        let known = looked.known(&groups);
        // What has the source's digests, or those of what was looked at before, decodes as that
        // does; anything else is looked at.
        let proved = copied.as_ref().is_none_or(|check| check.passed);
        let both = looked.splice.zip(written).filter(|_| proved);
        let is_known = |span| known.covers(span);
        let examined = Examined {
            clip: self.clip,
            release: looked.partial,
            source_splice: both.as_ref().map(|(splice, _)| splice.to_compare(is_known)),
            release_splice: both.as_ref().map(|(_, written)| {
                let decoded = written.to_compare(is_known);
                decoded.with_decoded_joins(|frame| known.is_join(frame))
            }),
            redactions,
            expected: &expected,
            declared: &self.declared(),
            earlier: looked.splice.map(|_| &known.evidence),
        };
        let mut found = examined.examine(threads, progress)?;
        found
            .compare
            .checks
            .extend(copied.filter(|_| !claims.is_empty()));
        let checks = facts::AllChecks {
            leaks,
            audit: found.audit,
            compare: found.compare,
            source_channels,
        };
        if let Some(failed) = checks.first_failure() {
            bail!(
                "{}: the written file failed its audit and was discarded: {failed}",
                self.release.display()
            );
        }
        if let Some(kept) = looked.kept {
            kept.note(&groups, &found.evidence, &known);
        }
        Ok(checks)
    }

    /// Writes the records and gives everything its name, the release last.
    fn publish(
        &self,
        partial: Partial,
        manifests: &Manifests,
        paths: &ReleasePaths,
        note: &mut Note,
    ) -> Result<()> {
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
        let mut written = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            let mut record = Partial::beside(path)?;
            if *path == paths.sealed {
                record = record.for_owner()?;
            }
            std::fs::write(record.path(), bytes)
                .and_then(|()| std::fs::File::open(record.path())?.sync_all())
                .with_context(|| path.display().to_string())?;
            written.push((record, path));
        }
        note.subject("manifest", digest);
        let sealed = redact_record::digest_bytes(&manifests.sealed_bytes);
        note.subject("sealed-manifest", sealed);
        self.journal.done(note)?;
        for (record, path) in written {
            record.rename(path)?;
        }
        partial.rename(self.release)
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
