//! Builds the two manifests from the results of the jobs.

use redact_core::{
    Class, Damage, Digest, Effect, FrameIndex, FrameSpan, MaskOrigin, MaskRegion, MuteStyle,
    PlannedTrack, SourceIdentity, Timestamp, Track, Verdict,
};

use super::captions;
use super::excerpt::{ExcerptFile, RestDecision};
use super::input::{AudioResult, CheckResult, ManifestInput, SecondQuality};
use super::input_check::check_input;
use super::removed;
use super::sealed::{self, SealedBody, SealedItem};
use super::visible::score_best;
use super::{
    ApprovalSummary, CheckFile, Checks, Coding, Coverage, FindingsComparison, Hex, MaskItem,
    MaskOriginName, Medium, MuteItem, MuteLevel, MuteStyleName, NamedValue, OneLine, PUBLIC_SCHEMA,
    PolicyName, PublicManifest, ReleaseFile, SCHEMA_VERSION, SecondPsnr, Seconds, SoundTotal,
    SoundTracks, SourceSummary, Strength, Tool, Totals, Utc, damaged, used_reasons, visible,
};
use crate::file::plan::keyframe_row;
use crate::{RecordError, digest_bytes, json, plan};

/// Both manifests of a release, ready to be signed and written.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifests {
    /// The public manifest.
    pub public: PublicManifest,
    /// Its file.
    pub public_bytes: Vec<u8>,
    /// The sealed manifest's file.
    pub sealed_bytes: Vec<u8>,
    /// The file of the captions, if the release has any.
    pub captions: Option<String>,
}

/// Builds both manifests.
///
/// # Errors
/// [`RecordError::CheckFailed`] if a check failed or was not done: such a file must not be
/// released; [`RecordError::Mismatch`] if the source changed during the run or figures disagree;
/// [`RecordError::Field`] if captions are wanted and the plan has none.
pub fn build(input: &ManifestInput<'_>) -> Result<Manifests, RecordError> {
    check_input(input)?;
    let body = sealed_body(input);
    let (body_text, body_digest) = sealed::body_text(&body);
    let mut public = public_manifest(input, &body, body_digest)?;
    let captions = captions::captions(input, &public)?;
    let file = captions.as_deref();
    public.captions = file
        .map(|text| captions::entry(text, &public))
        .transpose()?;
    let public_bytes = json::pretty(&public);
    // What is written must be readable: an invalid value is an error here.
    let public = PublicManifest::parse(&public_bytes)?;
    let sealed_bytes = sealed::file_bytes(body_text, digest_bytes(&public_bytes));
    sealed::SealedManifest::parse(&sealed_bytes)?.check_pair(&public, &public_bytes)?;
    Ok(Manifests {
        public,
        public_bytes,
        sealed_bytes,
        captions,
    })
}

fn public_manifest(
    input: &ManifestInput<'_>,
    sealed: &SealedBody,
    sealed_digest: Digest,
) -> Result<PublicManifest, RecordError> {
    let plan = input.plan.plan();
    let supersedes = input.context.supersedes.as_ref();
    let masks = mask_items(input)?;
    let mutes = mute_items(input, masks.len());
    let source = source_summary(&plan.source, input);
    let first = count(masks.len() + mutes.len()).saturating_add(1);
    let removed = removed::removed(&source, first);
    let rest = input.rest.zip(input.plan.excerpt());
    let excerpt = rest.map(|(rest, excerpt)| {
        let item = first.saturating_add(count(removed.len()));
        ExcerptFile::new(excerpt, rest.reason.clone(), &source, item)
    });
    Ok(PublicManifest {
        excerpt: excerpt.transpose()?,
        schema: PUBLIC_SCHEMA.into(),
        schema_version: SCHEMA_VERSION.into(),
        manifest_id: id_text(&input.fresh.id),
        supersedes: supersedes.map(|old| OneLine(old.named.clone())),
        part: None,
        created: Utc(input.created),
        sealed_body_sha256: Hex(sealed_digest),
        terms: input.context.terms.clone(),
        policy: PolicyName {
            name: plan.policy.name.clone(),
            sha256: Hex(plan.policy.digest),
        },
        source,
        release: ReleaseFile::new(
            &input.release.binding,
            &input.release.container,
            &input.release.streams,
        ),
        damaged: damaged::items(input, &masks, &mutes),
        masks,
        mutes,
        removed,
        kept: visible::counts(&sealed.kept),
        rejected: visible::counts(&sealed.rejected),
        kept_speech: visible::speech_counts(&sealed.kept_speech),
        speech: captions::speech(input)?,
        captions: None,
        findings: Some(OneLine(FindingsComparison {
            compared: input.findings.is_some(),
            why: input.without_findings.map(str::to_owned),
        })),
        unexamined: plan.missing.iter().map(|&class| class.into()).collect(),
        reasons: used_reasons::list(input),
        coding: coding(input)?,
        totals: totals(input),
        models: input.models.iter().map(Into::into).collect(),
        tool: tool(input),
        approvals: ApprovalSummary {
            count: count(plan.approvals.len()),
            second_person_required: plan.second_person,
        },
        checks: Checks {
            audit: checks(input.audit),
            change: checks(input.compare),
            leaks: checks(input.leaks),
            change_by_second: input.measured.seconds.iter().map(second_psnr).collect(),
            second_look: input.second_look.cloned(),
        },
        events_head: input.context.events_head.map(OneLine),
    })
}

fn coding(input: &ManifestInput<'_>) -> Result<Coding, RecordError> {
    let base = input.plan.plan().source.info.video.time_base;
    let zero = input.clock.first().nanos(base);
    input.coding.record(input.render.frames, |frame| {
        let at = input.clock.at(frame)?.nanos(base)?;
        at.checked_sub(zero?).map(Seconds)
    })
}

fn id_text(id: &[u8; 16]) -> String {
    redact_core::hex::encode(id)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn source_summary(source: &SourceIdentity, input: &ManifestInput<'_>) -> SourceSummary {
    let info = &source.info;
    let base = info.video.time_base;
    SourceSummary {
        bytes: source.bytes,
        sha256: Hex(source.digest),
        sha256_after: Hex(input.source_after),
        container: info.container.clone(),
        frames: source.frames,
        duration_seconds: Seconds(source.duration_nanos()),
        width: info.video.size.width(),
        height: info.video.size.height(),
        rotation_degrees: info.video.rotation_degrees,
        turned_degrees: info.settings().turn_degrees,
        frames_per_second: info.settings().frame_rate.map(OneLine),
        seconds_per_tick: OneLine((base.num.get(), base.den.get())),
        first_tick: match input.rest {
            None => input.clock.first().ticks(),
            Some(_) => info.video.first_timestamp.ticks(),
        },
        streams: info
            .streams
            .iter()
            .map(|stream| OneLine(stream.into()))
            .collect(),
        chapters: info.chapters,
        tags: count(info.tag_keys.len()),
        conversions: info.conversions.iter().map(ToString::to_string).collect(),
        frame_ticks: OneLine(match input.rest {
            None => input.clock.frame_ticks(),
            Some(rest) => rest.frame_ticks,
        }),
        closed_channels: input.source_channels.to_vec(),
    }
}

fn mask_items(input: &ManifestInput<'_>) -> Result<Vec<MaskItem>, RecordError> {
    let masks = &input.plan.redactions().masks;
    (1..)
        .zip(masks)
        .map(|(item, mask)| mask_item(input, item, mask))
        .collect()
}

fn mask_item(
    input: &ManifestInput<'_>,
    item: u32,
    mask: &MaskRegion,
) -> Result<MaskItem, RecordError> {
    let track = planned(input, mask).map(|planned| &planned.track);
    let class = track.map(Track::class);
    let (source_ticks, release_seconds) = times(input, mask.span())?;
    Ok(MaskItem {
        item,
        medium: Medium::Picture,
        class: class.map(Into::into),
        description: match mask.origin() {
            MaskOrigin::Damage => "Damaged picture".into(),
            _ => description(class).into(),
        },
        origin: match mask.origin() {
            MaskOrigin::Track(_) => MaskOriginName::Model,
            MaskOrigin::Drawn => MaskOriginName::Drawn,
            MaskOrigin::Damage => MaskOriginName::Damage,
        },
        models: OneLine(class.map_or_else(Vec::new, |class| models_for(input, class))),
        coverage: track.map(|track| OneLine(coverage(input, track))),
        frames: OneLine((mask.span().start().get(), mask.span().end().get())),
        source_ticks: OneLine(source_ticks),
        release_seconds: OneLine(release_seconds),
        effect: OneLine(mask.effect().into()),
        shape: mask.shape().map(|shape| OneLine(shape.into())),
        strength: match mask.effect() {
            Effect::Fill => Strength::Opaque,
            Effect::Pixelate(_) | Effect::Blur(_) => Strength::Cells,
        },
        protection: Some(mask.effect().protection().into()),
        levels: mask.levels().map(|levels| OneLine(levels.into())),
        weak_effect_accepted: class.is_some_and(|class| mask.effect().is_weak_for(class)),
        reason: mask.reason().0.clone(),
        geometry: mask.path().iter().map(keyframe_row).collect(),
    })
}

/// Names of the models that detect `class`.
fn models_for(input: &ManifestInput<'_>, class: Class) -> Vec<String> {
    let models = input.models.iter();
    let detecting = models.filter(|model| model.classes.contains(&class));
    let mut names: Vec<String> = detecting.map(|model| model.name.clone()).collect();
    // One model may run at several sizes.
    names.sort();
    names.dedup();
    names
}

/// The planned track that `mask` hides, if it hides one.
fn planned<'a>(input: &ManifestInput<'a>, mask: &MaskRegion) -> Option<&'a PlannedTrack> {
    let MaskOrigin::Track(id) = mask.origin() else {
        return None;
    };
    // Tracks are ordered by ID.
    let tracks = &input.plan.plan().tracks;
    let found = tracks.binary_search_by_key(&id, |planned| planned.track.id());
    found.ok().map(|index| &tracks[index])
}

/// A neutral description, which must not reveal more than the picture does.
const fn description(class: Option<Class>) -> &'static str {
    match class {
        Some(Class::Face) => "Face of a person",
        Some(Class::Plate) => "License plate of a vehicle",
        Some(Class::Screen) => "Display of a device",
        Some(Class::Vehicle) => "Vehicle on which no plate was found",
        None => "Area of the picture",
    }
}

/// Ticks of the source, seconds of the release.
type Times = ((i64, i64), (Seconds, Seconds));

fn times(input: &ManifestInput<'_>, span: FrameSpan) -> Result<Times, RecordError> {
    let base = input.plan.plan().source.info.video.time_base;
    let zero = input.clock.first().nanos(base);
    let at = |frame: u32| {
        let timestamp = input.clock.at(frame)?;
        let seconds = timestamp.nanos(base)?.checked_sub(zero?)?;
        let ticks = timestamp.ticks();
        let excerpt = input.plan.excerpt();
        let source = excerpt.map_or(ticks, |excerpt| excerpt.source_tick(ticks));
        Some((source, Seconds(seconds)))
    };
    let start = span.start().get();
    at(start)
        .zip(at(span.end().get()))
        .map(|(start, end)| ((start.0, end.0), (start.1, end.1)))
        .ok_or_else(|| {
            let field = format!("time of frame {start}");
            RecordError::field(field, "a time out of range", "a time within 292 years")
        })
}

fn coverage(input: &ManifestInput<'_>, track: &Track) -> Coverage {
    use redact_core::BoxOrigin::{Detected, Extended, Followed, Interpolated};
    let of = |origin| count(track.boxes().iter().filter(|b| b.origin == origin).count());
    let mut detected = track.boxes().iter().filter(|b| b.origin == Detected);
    let first_seen = detected.next().map(|b| b.frame);
    let last_seen = detected.next_back().map(|b| b.frame).or(first_seen);
    // What lies outside of an excerpt is withheld.
    let place = |frame: FrameIndex| match input.plan.excerpt() {
        None => Some(frame.get()),
        Some(excerpt) => {
            let only = FrameSpan::new(frame, frame.next())?;
            excerpt.release_frames(only).map(|span| span.start().get())
        }
    };
    Coverage {
        first_seen: first_seen.and_then(place),
        last_seen: last_seen.and_then(place),
        detected: of(Detected),
        interpolated: of(Interpolated),
        followed: of(Followed),
        extended: of(Extended),
        longest_gap: count(track.longest_gap()),
        score_best: score_best(track),
    }
}

fn mute_items(input: &ManifestInput<'_>, masks: usize) -> Vec<MuteItem> {
    let mutes = &input.plan.redactions().mutes;
    let base = input.plan.plan().source.info.video.time_base;
    let excerpt = input.plan.excerpt();
    let first = match excerpt {
        None => input.clock.first(),
        Some(_) => input.plan.plan().source.info.video.first_timestamp,
    };
    let zero = first.nanos(base).unwrap_or(0);
    let on_source = |nanos: i64| {
        let nanos = excerpt.map_or(nanos, |excerpt| excerpt.source_nanos(nanos));
        Seconds(nanos.saturating_add(zero))
    };
    (count(masks) + 1..)
        .zip(mutes.iter().enumerate())
        .map(|(item, (index, mute))| MuteItem {
            item,
            medium: Medium::Sound,
            description: if mute.reason == Damage::code() {
                "Damaged sound".into()
            } else {
                "Sound".into()
            },
            release_seconds: OneLine((
                Seconds(mute.span.start_nanos()),
                Seconds(mute.span.end_nanos()),
            )),
            source_seconds: OneLine((
                on_source(mute.span.start_nanos()),
                on_source(mute.span.end_nanos()),
            )),
            sound_tracks: SoundTracks(mute.streams.clone()),
            style: mute.style.into(),
            asked_style: asked_style(input, &mute.id, mute.style),
            measured: mute_levels(input, index),
            reason: mute.reason.0.clone(),
        })
        .collect()
}

/// The style of the plan's mute `id`, if it differs from what was `done`.
fn asked_style(input: &ManifestInput<'_>, id: &str, done: MuteStyle) -> Option<MuteStyleName> {
    let mut mutes = input.plan.plan().mutes.iter();
    let asked = mutes.find(|mute| mute.id == id)?.style;
    (asked != done).then(|| asked.into())
}

fn mute_levels(input: &ManifestInput<'_>, mute: usize) -> Vec<OneLine<MuteLevel>> {
    let levels = input.measured.mutes.iter();
    levels
        .filter(|level| level.mute == mute)
        .map(|level| {
            OneLine(MuteLevel {
                track: count(level.track),
                samples: level.samples,
                loudest_dbfs: tenths(level.loudest_dbfs),
            })
        })
        .collect()
}

fn totals(input: &ManifestInput<'_>) -> Totals {
    let render = input.render;
    let hidden = percent(render.masked_area_mean);
    Totals {
        frames: render.frames,
        frames_masked: render.frames_masked,
        seconds: Seconds(match input.plan.excerpt() {
            None => input.plan.plan().source.duration_nanos(),
            Some(excerpt) => {
                let (start, end) = excerpt.ticks();
                let base = input.plan.plan().source.info.video.time_base;
                Timestamp::new(end - start).nanos(base).unwrap_or(i64::MAX)
            }
        }),
        picture_hidden_percent: hidden,
        picture_untouched_percent: percent(1.0 - render.masked_area_mean),
        sound: (0..)
            .zip(&render.audio)
            .map(|(i, a)| OneLine(sound_total(i, a)))
            .collect(),
    }
}

fn sound_total(track: u32, audio: &AudioResult) -> SoundTotal {
    let seconds = |samples: u64| {
        let nanos = u128::from(samples) * 1_000_000_000 / u128::from(audio.rate_hz.max(1));
        Seconds(i64::try_from(nanos).unwrap_or(i64::MAX))
    };
    let untouched = audio.samples.saturating_sub(audio.muted_samples);
    #[expect(clippy::cast_precision_loss, reason = "a percentage needs four digits")]
    let share = untouched as f64 / audio.samples.max(1) as f64;
    SoundTotal {
        track,
        seconds: seconds(audio.samples),
        muted_seconds: seconds(audio.muted_samples),
        untouched_percent: percent(share),
    }
}

/// A fraction in percent, rounded to four decimal places.
fn percent(share: f64) -> f64 {
    (share.clamp(0.0, 1.0) * 1_000_000.0).round() / 10_000.0
}

fn tool(input: &ManifestInput<'_>) -> Tool {
    let values = |pairs: &[(String, String)]| {
        let value = |(name, value): &(String, String)| {
            OneLine(NamedValue {
                name: name.clone(),
                value: value.clone(),
            })
        };
        pairs.iter().map(value).collect()
    };
    Tool {
        name: "redact".into(),
        version: input.tool.version.clone(),
        commit: input.tool.commit.clone(),
        libraries: values(&input.tool.libraries),
        options: values(&input.tool.options),
        jail: input.tool.jail,
    }
}

fn checks(results: &[CheckResult]) -> Vec<CheckFile> {
    let check = |result: &CheckResult| CheckFile {
        name: result.name.clone(),
        passed: result.passed,
        evidence: result.evidence.clone(),
    };
    results.iter().map(check).collect()
}

fn second_psnr(second: &SecondQuality) -> OneLine<SecondPsnr> {
    OneLine(SecondPsnr {
        second: second.second,
        worst_db: tenths(second.worst_db),
        median_db: tenths(second.median_db),
        ssim: Some((second.ssim * 10_000.0).round() / 10_000.0),
    })
}

/// Decibels rounded to one decimal place.
fn tenths(decibels: f64) -> f64 {
    (decibels * 10.0).round() / 10.0
}

fn sealed_body(input: &ManifestInput<'_>) -> SealedBody {
    let plan = input.plan.plan();
    SealedBody {
        salt: Hex(Digest(input.fresh.salt)),
        manifest_id: id_text(&input.fresh.id),
        created: Utc(input.created),
        source_name: input.source_name.to_owned(),
        release_name: input.release_name.to_owned(),
        source_sha256: Hex(plan.source.digest),
        source_merkle_root: Hex(input.source_before.merkle_root),
        source_tag_keys: plan.source.info.tag_keys.clone(),
        request: input.context.request.clone(),
        findings_sha256: Hex(plan.findings),
        changes: input
            .changes
            .map(|changes| changes.iter().cloned().map(OneLine).collect()),
        policy_rules: plan.policy.rules.clone(),
        plan_content_sha256: Hex(plan::content(plan)),
        approvals: plan.approvals.iter().map(Into::into).collect(),
        items: sealed_items(input),
        kept: visible::tracks(input, Verdict::Keep),
        rejected: visible::tracks(input, Verdict::Reject),
        kept_speech: visible::speech(plan),
        rest: input.rest.map(|rest| {
            OneLine(RestDecision {
                by: rest.by.clone(),
                reason: rest.reason.clone(),
            })
        }),
    }
}

fn sealed_items(input: &ManifestInput<'_>) -> Vec<OneLine<SealedItem>> {
    let redactions = input.plan.redactions();
    let masks = redactions.masks.iter().map(|mask| {
        let decision = planned(input, mask).and_then(|planned| planned.decision.as_ref());
        (mask.id(), decision)
    });
    let mutes = redactions.mutes.iter().map(|mute| (mute.id.as_str(), None));
    (1..)
        .zip(masks.chain(mutes))
        .map(|(item, (plan_id, decision))| {
            OneLine(SealedItem {
                item,
                plan_id: plan_id.to_owned(),
                by: decision.map(|decision| decision.by.clone()),
                at: decision.map(|decision| Utc(decision.at)),
            })
        })
        .collect()
}
