//! Plan files, and the digest of a plan's content.

use redact_core::{
    Approval, CaptionWord, Class, Decision, Digest, FrameIndex, FrameSpan, Keyframe, MaskOrigin,
    MaskRegion, MuteRegion, MuteStreams, Plan, PlannedTrack, PolicyRef, ReasonCode, Verdict,
};
use serde::{Deserialize, Serialize};

use super::damage::DamageFile;
use super::kept_speech::KeptSpeechFile;
use super::names::{ClassName, EffectFile, MuteStyleName};
use super::reason::{ReasonFile, read_reasons};
use super::shape::{ShapeFile, shaped};
use super::source::SourceFile;
use super::span::sound_span;
use super::text::{LABEL_MAX, SENTENCE_MAX};
use super::track::{self, BoxRow};
use super::transcript::check_word;
use crate::RecordError;
use crate::findings::ModelFile;
use crate::json::{FileKind, Hex, OneLine, Seconds, Utc, check_text};

/// Kind and version of plan files.
pub(crate) const KIND: FileKind = FileKind {
    name: "redact-plan",
    version: 1,
};

/// A plan. The digest of its content covers all but the approvals.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanFile {
    pub(crate) file: String,
    pub(crate) format_version: u32,
    source: SourceFile,
    findings_sha256: Hex,
    policy: PolicyRefFile,
    second_person: bool,
    reasons: Vec<ReasonFile>,
    tracks: Vec<PlannedTrackFile>,
    drawn: Vec<DrawnFile>,
    mutes: Vec<MuteFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kept_speech: Vec<KeptSpeechFile>,
    /// `[start, end, text]` of each word, times in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    captions: Option<Vec<OneLine<(Seconds, Seconds, String)>>>,
    /// The damage that the scan found: a render that finds other damage fails.
    #[serde(default, skip_serializing_if = "DamageFile::is_empty")]
    damage: DamageFile,
    models: Vec<ModelFile>,
    missing: Vec<ClassName>,
    acknowledged: Vec<ClassName>,
    /// Classes for which the policy accepts a weak effect.
    weak_effects_accepted: Vec<ClassName>,
    /// Empty when the digest of the content is computed.
    pub(crate) approvals: Vec<ApprovalFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyRefFile {
    name: String,
    sha256: Hex,
    /// The policy file's text.
    rules: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedTrackFile {
    id: u32,
    class: ClassName,
    decision: Option<DecisionFile>,
    boxes: Vec<BoxRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase", deny_unknown_fields)]
enum DecisionFile {
    Redact {
        effect: EffectFile,
        reason: String,
        by: String,
        at: Utc,
    },
    Keep {
        reason: String,
        by: String,
        at: Utc,
    },
    Reject {
        reason: String,
        by: String,
        at: Utc,
    },
}

/// A mask drawn by a person, over `frames` (half-open); it moves linearly between its keyframes
/// `[frame, x_min, y_min, x_max, y_max]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DrawnFile {
    id: String,
    effect: EffectFile,
    /// Omitted for a rectangle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shape: Option<OneLine<ShapeFile>>,
    reason: String,
    frames: OneLine<(u32, u32)>,
    keyframes: Vec<KeyframeRow>,
}

/// `[frame, x_min, y_min, x_max, y_max]`; sides are fractions of the displayed picture.
pub(crate) type KeyframeRow = OneLine<(u32, f32, f32, f32, f32)>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MuteFile {
    id: String,
    start_seconds: Seconds,
    end_seconds: Seconds,
    sound_tracks: SoundTracks,
    style: MuteStyleName,
    reason: String,
}

/// `"all"`, or a list of the release's sound tracks, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundTracks(pub MuteStreams);

impl Serialize for SoundTracks {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            MuteStreams::All => serializer.serialize_str("all"),
            MuteStreams::Only(tracks) => OneLine(tracks).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SoundTracks {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = SoundTracks;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"all\" or a list of sound tracks, counted from 0")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SoundTracks, E> {
                match text {
                    "all" => Ok(SoundTracks(MuteStreams::All)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                list: A,
            ) -> Result<SoundTracks, A::Error> {
                let tracks =
                    Deserialize::deserialize(serde::de::value::SeqAccessDeserializer::new(list))?;
                Ok(SoundTracks(MuteStreams::Only(tracks)))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// An approval of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalFile {
    /// Who.
    pub by: String,
    /// When.
    pub at: Utc,
    /// The statement.
    pub statement: String,
    /// SHA-256 of the plan's content: a later edit voids the approval.
    pub content_sha256: Hex,
    /// The approver's signature (the text of a minisign signature file) of the four values above as
    /// compact JSON. Omitted if the approval is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl From<&Plan> for PlanFile {
    fn from(plan: &Plan) -> Self {
        let names = |classes: &[Class]| classes.iter().map(|&class| class.into()).collect();
        Self {
            file: KIND.name.into(),
            format_version: KIND.version,
            source: (&plan.source).into(),
            findings_sha256: Hex(plan.findings),
            policy: PolicyRefFile {
                name: plan.policy.name.clone(),
                sha256: Hex(plan.policy.digest),
                rules: plan.policy.rules.clone(),
            },
            second_person: plan.second_person,
            reasons: plan.reasons.iter().map(Into::into).collect(),
            tracks: plan.tracks.iter().map(Into::into).collect(),
            drawn: plan.drawn.iter().map(Into::into).collect(),
            mutes: plan.mutes.iter().map(Into::into).collect(),
            kept_speech: plan.kept_speech.iter().map(Into::into).collect(),
            captions: plan.captions.as_deref().map(caption_rows),
            damage: (&plan.damage).into(),
            models: plan.models.iter().map(Into::into).collect(),
            missing: names(&plan.missing),
            acknowledged: names(&plan.acknowledged),
            weak_effects_accepted: names(&plan.weak_effects_accepted),
            approvals: plan.approvals.iter().map(Into::into).collect(),
        }
    }
}

impl From<&PlannedTrack> for PlannedTrackFile {
    fn from(planned: &PlannedTrack) -> Self {
        Self {
            id: planned.track.id().0,
            class: planned.track.class().into(),
            decision: planned.decision.as_ref().map(Into::into),
            boxes: track::rows(&planned.track),
        }
    }
}

impl From<&Decision> for DecisionFile {
    fn from(decision: &Decision) -> Self {
        let (reason, by) = (decision.reason.0.clone(), decision.by.clone());
        let at = Utc(decision.at);
        match decision.verdict {
            Verdict::Redact(effect) => Self::Redact {
                effect: effect.into(),
                reason,
                by,
                at,
            },
            Verdict::Keep => Self::Keep { reason, by, at },
            Verdict::Reject => Self::Reject { reason, by, at },
        }
    }
}

impl From<&MaskRegion> for DrawnFile {
    fn from(mask: &MaskRegion) -> Self {
        Self {
            id: mask.id().to_owned(),
            effect: mask.effect().into(),
            shape: mask.shape().map(|shape| OneLine(shape.into())),
            reason: mask.reason().0.clone(),
            frames: OneLine((mask.span().start().get(), mask.span().end().get())),
            keyframes: mask.path().iter().map(keyframe_row).collect(),
        }
    }
}

/// The row of a keyframe.
pub(crate) fn keyframe_row(keyframe: &Keyframe) -> KeyframeRow {
    let [x_min, y_min, x_max, y_max] = keyframe.rect.sides();
    OneLine((keyframe.frame.get(), x_min, y_min, x_max, y_max))
}

impl From<&MuteRegion> for MuteFile {
    fn from(mute: &MuteRegion) -> Self {
        Self {
            id: mute.id.clone(),
            start_seconds: Seconds(mute.span.start_nanos()),
            end_seconds: Seconds(mute.span.end_nanos()),
            sound_tracks: SoundTracks(mute.streams.clone()),
            style: mute.style.into(),
            reason: mute.reason.0.clone(),
        }
    }
}

impl From<&Approval> for ApprovalFile {
    fn from(approval: &Approval) -> Self {
        Self {
            by: approval.by.clone(),
            at: Utc(approval.at),
            statement: approval.statement.clone(),
            content_sha256: Hex(approval.content),
            signature: approval.signature.clone(),
        }
    }
}

impl TryFrom<PlanFile> for Plan {
    type Error = RecordError;

    fn try_from(file: PlanFile) -> Result<Self, RecordError> {
        let source = redact_core::SourceIdentity::try_from(file.source)?;
        let tracks: Vec<PlannedTrack> = file
            .tracks
            .into_iter()
            .map(|planned| planned.read(source.frames))
            .collect::<Result<_, _>>()?;
        track::check_order(tracks.iter().map(|planned| &planned.track))?;
        let classes = |names: Vec<ClassName>| names.into_iter().map(Class::from).collect();
        check_text("policy.name", &file.policy.name, LABEL_MAX)?;
        Ok(Self {
            findings: file.findings_sha256.0,
            policy: PolicyRef {
                name: file.policy.name,
                digest: file.policy.sha256.0,
                rules: file.policy.rules,
            },
            second_person: file.second_person,
            reasons: read_reasons(file.reasons)?,
            tracks,
            drawn: read_all(file.drawn)?,
            mutes: read_all(file.mutes)?,
            kept_speech: read_all(file.kept_speech)?,
            captions: file.captions.map(caption_words).transpose()?,
            damage: file.damage.try_into()?,
            models: read_all(file.models)?,
            missing: classes(file.missing),
            acknowledged: classes(file.acknowledged),
            weak_effects_accepted: classes(file.weak_effects_accepted),
            approvals: read_all(file.approvals)?,
            source,
        })
    }
}

pub(crate) fn read_all<F, T: TryFrom<F, Error = RecordError>>(
    files: Vec<F>,
) -> Result<Vec<T>, RecordError> {
    files.into_iter().map(T::try_from).collect()
}

impl PlannedTrackFile {
    fn read(self, frames: u32) -> Result<PlannedTrack, RecordError> {
        let decision = self.decision.map(|file| file.read(self.id)).transpose()?;
        let track = track::track(self.id, self.class.into(), &self.boxes, frames)?;
        Ok(PlannedTrack { track, decision })
    }
}

impl DecisionFile {
    fn read(self, track: u32) -> Result<Decision, RecordError> {
        let at_track = |key: &str| format!("track {track}, decision.{key}");
        let (verdict, reason, by, at) = match self {
            Self::Redact {
                effect,
                reason,
                by,
                at,
            } => {
                let effect = effect.effect_at(&at_track("effect"))?;
                (Verdict::Redact(effect), reason, by, at)
            }
            Self::Keep { reason, by, at } => (Verdict::Keep, reason, by, at),
            Self::Reject { reason, by, at } => (Verdict::Reject, reason, by, at),
        };
        check_text(&at_track("by"), &by, LABEL_MAX)?;
        Ok(Decision {
            verdict,
            reason: ReasonCode(reason),
            by,
            at: at.0,
        })
    }
}

impl TryFrom<DrawnFile> for MaskRegion {
    type Error = RecordError;

    fn try_from(file: DrawnFile) -> Result<Self, RecordError> {
        let at = |key: &str| format!("drawn mask {:?}, {key}", file.id);
        check_text(&at("id"), &file.id, LABEL_MAX)?;
        let region = mask_region(
            &at,
            file.id.clone(),
            MaskOrigin::Drawn,
            (file.effect, file.reason),
            file.frames.0,
            &file.keyframes,
        )?;
        shaped(region, file.shape.as_ref().map(|shape| &shape.0), &at)
    }
}

/// A mask from its rows; `at` names its keys in errors.
pub(crate) fn mask_region(
    at: &dyn Fn(&str) -> String,
    id: String,
    origin: MaskOrigin,
    (effect, reason): (EffectFile, String),
    (start, end): (u32, u32),
    keyframes: &[KeyframeRow],
) -> Result<MaskRegion, RecordError> {
    let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).ok_or_else(|| {
        let found = format!("{start} to {end}");
        RecordError::field(at("frames"), found, "a span of at least one frame")
    })?;
    let path = keyframes
        .iter()
        .map(|OneLine((frame, x_min, y_min, x_max, y_max))| {
            let name = || at(&format!("keyframe {frame}"));
            Ok(Keyframe {
                frame: FrameIndex::new(*frame),
                rect: super::rect(name, [*x_min, *y_min, *x_max, *y_max])?,
            })
        })
        .collect::<Result<_, RecordError>>()?;
    let effect = effect.effect_at(&at("effect"))?;
    MaskRegion::new(id, origin, effect, ReasonCode(reason), span, path).ok_or_else(|| {
        RecordError::field(
            at("keyframes"),
            "no keyframe, or frames out of order or outside the span",
            "one or more keyframes within the span, in ascending order of frames",
        )
    })
}

fn caption_rows(words: &[CaptionWord]) -> Vec<OneLine<(Seconds, Seconds, String)>> {
    let row = |word: &CaptionWord| {
        let (start, end) = (word.span.start_nanos(), word.span.end_nanos());
        OneLine((Seconds(start), Seconds(end), word.text.clone()))
    };
    words.iter().map(row).collect()
}

fn caption_words(
    rows: Vec<OneLine<(Seconds, Seconds, String)>>,
) -> Result<Vec<CaptionWord>, RecordError> {
    let mut words: Vec<CaptionWord> = Vec::with_capacity(rows.len());
    for OneLine((start, end, text)) in rows {
        let at = format!("captions, word at second {start}");
        check_word(&at, &text)?;
        let span = sound_span(&at, start, end)?;
        if words
            .last()
            .is_some_and(|last| last.span.start_nanos() > start.0)
        {
            return Err(RecordError::field(
                at,
                "out of order",
                "words ordered by start",
            ));
        }
        words.push(CaptionWord { text, span });
    }
    Ok(words)
}

impl TryFrom<MuteFile> for MuteRegion {
    type Error = RecordError;

    fn try_from(file: MuteFile) -> Result<Self, RecordError> {
        let at = |key: &str| format!("mute {:?}, {key}", file.id);
        check_text(&at("id"), &file.id, LABEL_MAX)?;
        let (start, end) = (file.start_seconds, file.end_seconds);
        Ok(Self {
            span: sound_span(&at("start_seconds"), start, end)?,
            streams: mute_streams(&at("sound_tracks"), file.sound_tracks)?,
            id: file.id,
            style: file.style.into(),
            reason: ReasonCode(file.reason),
        })
    }
}

/// The tracks of a mute; a list names at least one track, and each once.
pub(crate) fn mute_streams(field: &str, tracks: SoundTracks) -> Result<MuteStreams, RecordError> {
    if let MuteStreams::Only(list) = &tracks.0
        && (list.is_empty() || !list.windows(2).all(|pair| pair[0] < pair[1]))
    {
        let expected = "\"all\", or track numbers in ascending order";
        return Err(RecordError::field(field, format!("{list:?}"), expected));
    }
    Ok(tracks.0)
}

impl TryFrom<ApprovalFile> for Approval {
    type Error = RecordError;

    fn try_from(file: ApprovalFile) -> Result<Self, RecordError> {
        check_text("approvals, by", &file.by, LABEL_MAX)?;
        check_text("approvals, statement", &file.statement, SENTENCE_MAX)?;
        Ok(Self {
            by: file.by,
            at: file.at.0,
            statement: file.statement,
            content: file.content_sha256.0,
            signature: file.signature,
        })
    }
}

/// The digest that approvals of `plan` must carry.
pub(crate) fn content_digest(plan: &Plan) -> Digest {
    #[cfg(test)]
    crate::counts::digested();
    let mut file = PlanFile::from(plan);
    file.approvals.clear();
    crate::digest_bytes(&crate::json::compact(&file))
}
