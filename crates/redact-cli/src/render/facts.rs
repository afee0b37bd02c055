//! From what the jobs report to what a manifest is made of.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use redact_core::{
    Digest, MaskRegion, MediaItem, MuteRegion, Redactions, Source, SourceDiagnostics, SourceError,
    SourceInfo,
};
use redact_engine::{AuditReport, Check, CompareReport};
use redact_media::{FileSource, release_rate_hz};
use redact_record::FileBinding;
use redact_record::events::Checkpoint;
use redact_record::manifest::{
    self, CodingFacts, FrameClock, Fresh, Jail, ManifestInput, Manifests, PublicManifest,
    ReleaseContext, ReleaseFacts, RenderFacts, Replaced, RequestFile, ToolInfo,
};
use redact_record::policy;
use redact_record::sign::SignatureVerdict;

use super::rendered::Rendered;
use super::{ReleaseJob, second};
use crate::args::ReleaseArgs;
use crate::jail::JailLevel;
use crate::{approve, key, verify};

/// A source that notes when each frame is shown as it passes.
pub(crate) struct ClockedSource {
    inner: FileSource,
    clock: SharedClock,
}

/// The times noted so far.
#[derive(Clone, Default)]
pub(crate) struct SharedClock(Arc<Mutex<FrameClock>>);

impl SharedClock {
    /// Takes what was noted.
    pub(crate) fn take(&self) -> FrameClock {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Wraps `inner` so that its frames' times are noted.
pub(crate) fn clocked(inner: FileSource) -> (ClockedSource, SharedClock) {
    let clock = SharedClock::default();
    (
        ClockedSource {
            inner,
            clock: clock.clone(),
        },
        clock,
    )
}

impl Source for ClockedSource {
    fn info(&self) -> &SourceInfo {
        self.inner.info()
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        self.inner.diagnostics()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        let item = self.inner.next_item()?;
        let mut clock = self.clock.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &item {
            Some(MediaItem::Frame(frame)) => clock.push(frame.timestamp, frame.duration_ticks),
            Some(MediaItem::Coded(pictures)) => {
                for (timestamp, ticks) in &pictures.times {
                    clock.push(*timestamp, *ticks);
                }
            }
            Some(MediaItem::Audio(_) | MediaItem::CodedSound(_)) | None => {}
        }
        Ok(item)
    }
}

/// `redactions` under the numbers that the public manifest gives them.
///
/// What the checks say of a mask or a mute goes out, and its name in the plan may tell whom or what
/// it hides.
pub(crate) fn nameless(redactions: &Redactions) -> Redactions {
    let mut numbers = (1_usize..).map(|item| format!("item-{item}"));
    let mut name = || numbers.next().unwrap_or_default();
    let masks = redactions.masks.iter().map(|mask| {
        let (reason, path) = (mask.reason().clone(), mask.path().to_vec());
        MaskRegion::new(
            name(),
            mask.origin(),
            mask.effect(),
            reason,
            mask.span(),
            path,
        )
        .expect("what made a mask once makes it again")
        .with_levels(mask.levels().cloned())
    });
    let masks = masks.collect();
    let mutes = redactions.mutes.iter().map(|mute| MuteRegion {
        id: name(),
        ..mute.clone()
    });
    let mutes = mutes.collect();
    Redactions { masks, mutes }
}

/// What three looks at the written file found.
pub(crate) struct AllChecks {
    /// One per leak channel.
    pub leaks: Vec<Check>,
    /// Masks and mutes.
    pub audit: AuditReport,
    /// Nothing else changed.
    pub compare: CompareReport,
    /// Leak channels that are open in the source.
    pub source_channels: Vec<String>,
}

impl AllChecks {
    /// The first check that failed, in words.
    pub(crate) fn first_failure(&self) -> Option<String> {
        let (audit, compare) = (&self.audit.checks, &self.compare.checks);
        let all = self.leaks.iter().chain(audit).chain(compare);
        let failed = all.into_iter().find(|check| !check.passed)?;
        Some(format!("{}: {}", failed.name, failed.evidence))
    }
}

/// Everything that was learnt while a release was made.
pub(crate) struct Evidence<'a> {
    /// The source before the run.
    pub before: FileBinding,
    /// SHA-256 of the source after the run.
    pub after: Digest,
    /// The release.
    pub binding: FileBinding,
    /// When each frame is shown.
    pub clock: FrameClock,
    /// What the confined process says of it.
    pub rendered: &'a Rendered,
    /// The entry of the event log that says that it was rendered.
    pub events_head: Checkpoint,
    /// How well the confined process was confined.
    pub level: JailLevel,
    /// What was copied.
    pub coding: &'a CodingFacts,
}

impl Evidence<'_> {
    /// Both manifests of the release at `partial`.
    ///
    /// # Errors
    /// When figures disagree, or a check did not pass.
    pub(crate) fn manifests(&self, job: &ReleaseJob<'_>) -> Result<Manifests> {
        let rendered = self.rendered;
        let release = ReleaseFacts {
            binding: self.binding.clone(),
            container: rendered.container.clone(),
            streams: rendered.streams(),
        };
        let second_look = rendered.second_look.as_ref();
        let mut audit = rendered.audit();
        audit.extend(second_look.map(second::result));
        let plan = job.plan.plan();
        let changes = job
            .findings
            .map(|(findings, _)| manifest::changes(plan, findings))
            .transpose()?;
        let manifests = manifest::build(&ManifestInput {
            plan: &rendered.with_levels(job.plan),
            models: job
                .findings
                .map_or(&plan.models, |(found, _)| &found.models),
            source_name: &file_name(job.clip),
            release_name: &file_name(job.release),
            source_before: &self.before,
            source_after: self.after,
            release: &release,
            clock: &self.clock,
            render: &self.render_facts(job),
            coding: self.coding,
            audit: &audit,
            compare: &rendered.compare(),
            leaks: &rendered.leaks(),
            measured: &rendered.measured(),
            second_look,
            findings: job.findings,
            without_findings: job.without_findings,
            changes: changes.as_deref(),
            source_channels: &rendered.source_channels,
            tool: &tool(job, self.level),
            context: &self.context(job),
            created: approve::now(),
            fresh: Fresh::random()?,
        });
        manifests.context("cannot write the manifest")
    }

    /// What is known of the request, with what follows from plan and policy where nothing was said.
    fn context(&self, job: &ReleaseJob<'_>) -> ReleaseContext {
        let policy = &job.plan.plan().policy;
        let mut context = job.context.clone();
        let terms = &mut context.terms;
        terms.profile.get_or_insert_with(|| policy.name.clone());
        if let Ok(policy) = policy::embedded(policy) {
            terms.jurisdiction.get_or_insert(policy.jurisdiction);
        }
        context.events_head = Some(self.events_head);
        context
    }

    fn render_facts(&self, job: &ReleaseJob<'_>) -> RenderFacts {
        let tracks = job.plan.plan().source.info.audio.iter();
        let rendered = self.rendered;
        RenderFacts {
            frames: rendered.frames,
            frames_masked: rendered.frames_masked,
            masked_area_mean: rendered.masked_area_mean,
            audio: rendered.audio(tracks.map(|track| track.rate_hz)),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn tool(job: &ReleaseJob<'_>, level: JailLevel) -> ToolInfo {
    let owned = |(name, version): (&str, String)| (name.to_owned(), version);
    let mut options = vec![
        ("video encoder".to_owned(), "libx264".to_owned()),
        (
            "preset".to_owned(),
            super::preset(job.args.preset).name().to_owned(),
        ),
        ("crf".to_owned(), job.crf().to_string()),
        ("audio encoder".to_owned(), "aac".to_owned()),
    ];
    for (number, track) in job.plan.plan().source.info.audio.iter().enumerate() {
        let rate = release_rate_hz(track.rate_hz);
        if rate != track.rate_hz {
            let change = format!("{} to {rate} Hz", track.rate_hz);
            options.push((format!("sound track {number} resampled"), change));
        }
    }
    ToolInfo {
        jail: Some(Jail {
            landlock_abi: level.landlock_abi,
            landlock_capped: level.landlock_capped,
            seccomp: level.seccomp,
        }),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("REDACT_COMMIT").map(str::to_owned),
        libraries: redact_media::versions().into_iter().map(owned).collect(),
        options,
    }
}

/// What `args` say of the request, and the manifest that is replaced.
///
/// # Errors
/// When a file cannot be read or is not what it should be, or the manifest is not trusted.
pub(crate) fn context(args: &ReleaseArgs, supersedes: Option<&Path>) -> Result<ReleaseContext> {
    let RequestFile {
        mut terms,
        mut request,
    } = match &args.request_file {
        Some(path) => manifest::read_request(path).with_context(|| path.display().to_string())?,
        None => RequestFile::default(),
    };
    let or = |typed: &Option<String>, written: Option<String>| typed.clone().or(written);
    terms.agency = or(&args.agency, terms.agency);
    request.request_number = or(&args.request, request.request_number);
    request.requester = or(&args.requester, request.requester);
    Ok(ReleaseContext {
        terms,
        request,
        supersedes: supersedes.map(replaced).transpose()?,
        events_head: None,
    })
}

/// The manifest at `path`, which must be one of ours.
fn replaced(path: &Path) -> Result<Replaced> {
    let name = || path.display().to_string();
    let record = verify::read_signed(path)?;
    let trust = key::trusted(&[])?;
    let (old, who) =
        PublicManifest::open(&record.bytes, &record.signature, &trust).with_context(name)?;
    if !matches!(who, SignatureVerdict::Trusted { .. }) {
        bail!(
            "{}: signed with a key that is not trusted here",
            path.display()
        );
    }
    Ok(Replaced::new(&old, &record.bytes))
}
