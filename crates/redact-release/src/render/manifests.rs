//! From what a render found to its manifests.

use std::path::Path;

use redact_core::{Digest, UtcNanos};
use redact_jail::JailLevel;
use redact_media::release_rate_hz;
use redact_record::FileBinding;
use redact_record::events::Checkpoint;
use redact_record::manifest::{
    self, CodingFacts, FrameClock, Fresh, Jail, ManifestInput, Manifests, ReleaseContext,
    ReleaseFacts, RenderFacts, ToolInfo,
};
use redact_record::policy;

use super::job::ReleaseJob;
use super::result::RenderResult;
use super::second_look;
use crate::chunks::render::SegmentsUsed;
use crate::error::{Context as _, Result};

/// Everything that is known after a release was made.
pub(super) struct ManifestFacts<'a> {
    /// The source before the run.
    pub(super) before: FileBinding,
    /// SHA-256 of the source after the run.
    pub(super) after: Digest,
    /// The release.
    pub(super) binding: FileBinding,
    /// When each frame is shown.
    pub(super) clock: FrameClock,
    /// What the worker reports.
    pub(super) rendered: &'a RenderResult,
    /// The entry of the event log that records the render.
    pub(super) events_head: Checkpoint,
    /// How well the worker was confined.
    pub(super) level: JailLevel,
    /// What was copied.
    pub(super) coding: &'a CodingFacts,
    /// What of the segments of workers was used, where there were any.
    pub(super) segments: Option<&'a SegmentsUsed>,
}

impl ManifestFacts<'_> {
    /// Both manifests of the release at `partial`.
    ///
    /// # Errors
    /// When figures disagree, or a check did not pass.
    pub(super) fn manifests(&self, job: &ReleaseJob<'_>, created: UtcNanos) -> Result<Manifests> {
        let rendered = self.rendered;
        let release = ReleaseFacts {
            binding: self.binding.clone(),
            container: rendered.container.clone(),
            streams: rendered.streams(),
        };
        let seen = rendered.second_look.as_ref();
        let mut audit = rendered.audit();
        audit.extend(seen.map(second_look::check_result));
        let plan = job.plan.plan();
        let changes = job
            .findings
            .map(|(findings, _)| manifest::changes(plan, findings))
            .transpose()?;
        let rest = job.excerpt.and_then(|excerpt| rendered.rest(excerpt));
        let manifests = manifest::build(&ManifestInput {
            plan: &rendered.plan_of(job.plan)?,
            rest: rest.as_ref(),
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
            second_look: seen,
            findings: job.findings,
            without_findings: job.without_findings,
            changes: changes.as_deref(),
            source_channels: &rendered.source_channels,
            captions: job.captions,
            tool: &tool(job, self.level, self.segments),
            context: &self.context(job),
            created,
            fresh: Fresh::random()?,
        });
        manifests.during("cannot write the manifest")
    }

    /// What is known of the request, completed from plan and policy.
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

fn tool(job: &ReleaseJob<'_>, level: JailLevel, segments: Option<&SegmentsUsed>) -> ToolInfo {
    let owned = |(name, version): (&str, String)| (name.to_owned(), version);
    let mut options = vec![
        ("video encoder".to_owned(), "libx264".to_owned()),
        ("preset".to_owned(), job.encoding.preset.name().to_owned()),
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
    if let Some(used) = segments.filter(|used| used.segments > 0) {
        let keys: Vec<String> = used.keys.iter().map(ToString::to_string).collect();
        let text = format!(
            "{}, signed with worker keys {}",
            used.segments,
            keys.join(", ")
        );
        options.push(("segments encoded by workers".to_owned(), text));
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
