//! The public manifest.
//!
//! The doc comments of its fields are the descriptions in the JSON Schema.

use redact_core::{Class, Digest, MaskOrigin, MuteRegion, ReasonCode, Redactions, TrackId};
use serde::{Deserialize, Serialize};

use super::{
    ClassName, Coding, EffectFile, Hex, ModelFile, MuteStyleName, OneLine, PUBLIC_SCHEMA,
    ReasonFile, Seconds, SoundTracks, StreamFile, Terms, Utc,
};
use crate::events::Checkpoint;
use crate::file::plan::{KeyframeRow, mask_region, mute_span, mute_streams, reasons};
use crate::policy::Policy;
use crate::sign::{SignatureVerdict, Signed, TrustStore};
use crate::{FileBinding, RecordError, digest_bytes, json};

/// What was done to a released recording. It may go out with the release: it holds no names, no
/// words and nothing that tells what the recording shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicManifest {
    /// Always `redact-manifest`: tells this record from others.
    pub schema: String,
    /// Version of this schema: the record is read again years later.
    pub schema_version: String,
    /// Random name of this manifest, 32 hexadecimal digits.
    pub manifest_id: String,
    /// The public manifest that this one replaces: revisions chain.
    pub supersedes: Option<OneLine<Supersedes>>,
    /// When the manifest was made.
    pub created: Utc,
    /// SHA-256 of the sealed manifest's body, as its bytes stand in that file: whoever is shown
    /// the sealed manifest later can tell that it is the one made with this release. The body
    /// holds random bytes, so the digest cannot be used to try out names.
    pub sealed_body_sha256: Hex,
    /// Who releases, for whom in general and under whose law: the same recording is lawfully
    /// redacted in different ways.
    pub terms: Terms,
    /// The written policy that the plan was made with.
    pub policy: PolicyName,
    /// The recording that was redacted.
    pub source: SourceSummary,
    /// The file that this manifest speaks of.
    pub release: ReleaseFile,
    /// What is hidden in the picture, in the order in which it is drawn: a later mask lies on top.
    pub masks: Vec<MaskItem>,
    /// What is taken out of the sound.
    pub mutes: Vec<MuteItem>,
    /// How much was found and left visible on purpose: that the rest could not be separated must
    /// be explained (Evans v. Federal Bureau of Prisons, 951 F.3d 578).
    pub kept: Vec<KeptCount>,
    /// Classes that no model looked for; the approver accepted that. Not found is not the same as
    /// not there.
    pub unexamined: Vec<ClassName>,
    /// The reasons that items refer to, each with its statute.
    pub reasons: Vec<ReasonFile>,
    /// Which parts of the release are the source's own coded data, bit for bit, and which were
    /// encoded anew.
    pub coding: Coding,
    /// How much was withheld in all: the question of segregability in a few figures.
    pub totals: Totals,
    /// The models that looked for things to hide: what repeating the scan needs.
    pub models: Vec<ModelFile>,
    /// The program that made the release.
    pub tool: Tool,
    /// How many people approved the exact plan that was carried out.
    pub approvals: ApprovalSummary,
    /// What was checked on the finished file.
    pub checks: Checks,
    /// Head of the agency's event chain when the manifest was made: a log that was cut or rewritten
    /// afterwards no longer has this entry.
    pub events_head: Option<OneLine<Checkpoint>>,
}

/// A manifest that is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Supersedes {
    /// Its name.
    pub manifest_id: String,
    /// SHA-256 of its file.
    pub sha256: Hex,
}

/// A written policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyName {
    /// Its name.
    pub name: String,
    /// SHA-256 of the policy file: the rules as they were.
    pub sha256: Hex,
}

/// The recording that was redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceSummary {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 before the run.
    pub sha256: Hex,
    /// SHA-256 after the run: the original did not change.
    pub sha256_after: Hex,
    /// FFmpeg's name of the container format.
    pub container: String,
    /// Frames, counted by decoding all of them.
    pub frames: u32,
    /// From the first frame's start to the last frame's end.
    pub duration_seconds: Seconds,
    /// Width of the displayed picture in pixels.
    pub width: u32,
    /// Height of the displayed picture in pixels.
    pub height: u32,
    /// Clockwise turn that the source asks for, in degrees; geometry here is after it.
    pub rotation_degrees: u16,
    /// One tick of the source's video stream in seconds, as numerator and denominator.
    pub seconds_per_tick: OneLine<(u32, u32)>,
    /// The first frame's time in ticks: the zero of all release times.
    pub first_tick: i64,
    /// Every stream, kept or not: what was dropped is listed.
    pub streams: Vec<OneLine<StreamFile>>,
    /// Chapters in the source; none reaches the release.
    pub chapters: u32,
    /// Number of tags in the source; none reaches the release.
    pub tags: u32,
    /// What any release of this source changes, whatever is redacted.
    pub conversions: Vec<String>,
    /// Shortest and longest time that a frame but the last is shown, in ticks: they differ where the
    /// frame rate varies.
    pub frame_ticks: OneLine<(i64, i64)>,
    /// Ways of giving something away that are open in the source (see `checks.leaks`) and closed in
    /// the release: edit lists, tags, telemetry and others that were dropped.
    pub closed_channels: Vec<String>,
}

/// The file that goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseFile {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Hex,
    /// Root of the file's Merkle tree over leaves of 4 KiB (RFC 6962, section 2.1).
    pub merkle_root: Hex,
    /// Bytes under each of `parts`: 4096 times a power of two.
    pub part_bytes: u64,
    /// Nodes of the tree, one for every `part_bytes` of the file: they tell where it differs.
    pub parts: Vec<Hex>,
    /// FFmpeg's name of the container format.
    pub container: String,
    /// Every stream of the file.
    pub streams: Vec<OneLine<StreamFile>>,
}

/// The medium of an item: indexes of withheld items name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// Moving picture.
    Picture,
    /// Sound.
    Sound,
}

/// Where a mask comes from: a person decides, a model suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MaskOriginName {
    /// A model found the thing; it was followed over time.
    Model,
    /// A person drew the mask.
    Drawn,
}

/// How much of the region is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Nothing.
    Opaque,
    /// The means of at most 8 by 8 cells, and nothing finer.
    Cells,
}

/// How the boxes of a tracked mask came to be: gaps are the known failure of automatic redaction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Frames in which a model saw the thing.
    pub detected: u32,
    /// Frames filled between two sightings.
    pub interpolated: u32,
    /// Frames in which it was followed through the picture.
    pub followed: u32,
    /// Frames added before the first and after the last sighting.
    pub extended: u32,
    /// First and last frame in which a model saw the thing; what is before and after was added.
    pub first_seen: Option<u32>,
    /// See `first_seen`.
    pub last_seen: Option<u32>,
    /// Longest run of frames between two sightings.
    pub longest_gap: u32,
    /// Highest score of the model, 0 to 1.
    pub score_best: f32,
}

/// One region of the picture that is hidden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaskItem {
    /// Its number in the redaction log.
    pub item: u32,
    /// Always `picture`.
    pub medium: Medium,
    /// What is hidden; `null` for an area that a person drew.
    pub class: Option<ClassName>,
    /// Neutral description of what is withheld.
    pub description: String,
    /// Where the mask comes from.
    pub origin: MaskOriginName,
    /// How its boxes came to be; `null` for a drawn mask.
    pub coverage: Option<OneLine<Coverage>>,
    /// First frame and first frame after it.
    pub frames: OneLine<(u32, u32)>,
    /// Start and end in ticks of the source's video stream: a checker needs both clocks.
    pub source_ticks: OneLine<(i64, i64)>,
    /// Start and end in seconds of the release, from its first frame.
    pub release_seconds: OneLine<(Seconds, Seconds)>,
    /// What was done.
    pub effect: OneLine<EffectFile>,
    /// How much is left: what can be undone depends on it.
    pub strength: Strength,
    /// Whether a weaker effect than fill was accepted on a plate or a screen.
    pub weak_effect_accepted: bool,
    /// Code of the reason.
    pub reason: String,
    /// Keyframes `[frame, x_min, y_min, x_max, y_max]`: fractions of the displayed picture, margin
    /// included. Between keyframes each side moves in a straight line.
    pub geometry: Vec<KeyframeRow>,
}

/// One span of sound that is taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MuteItem {
    /// Its number in the redaction log.
    pub item: u32,
    /// Always `sound`.
    pub medium: Medium,
    /// Neutral description of what is withheld.
    pub description: String,
    /// Start and end in seconds of the release, from its first frame, padding included; sound may
    /// start before the first frame.
    pub release_seconds: OneLine<(Seconds, Seconds)>,
    /// The same on the source's clock, in which the first frame has the time `source.first_tick`.
    pub source_seconds: OneLine<(Seconds, Seconds)>,
    /// `all`, or the sound tracks of the release, from 0.
    pub sound_tracks: SoundTracks,
    /// What is heard instead.
    pub style: MuteStyleName,
    /// What is left, measured on each track of the finished file that has sound there.
    pub measured: Vec<OneLine<MuteLevel>>,
    /// Code of the reason.
    pub reason: String,
}

/// What is left of a muted span on one track.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MuteLevel {
    /// The track, from 0.
    pub track: u32,
    /// Samples per channel that were measured.
    pub samples: u64,
    /// The loudest 20 ms, decibels of full scale; where a tone is heard, what is heard beside it.
    /// -200 stands for that and anything below.
    pub loudest_dbfs: f64,
}

/// How close one second of the release is to the source, outside masks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecondPsnr {
    /// The second, from the first frame.
    pub second: i64,
    /// Lowest peak signal-to-noise ratio of a frame, decibels; 99 stands for no difference.
    pub worst_db: f64,
    /// Median over the second's frames.
    pub median_db: f64,
}

/// Things of one class that were found and left visible for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptCount {
    /// The class.
    pub class: ClassName,
    /// Code of the reason.
    pub reason: String,
    /// How many.
    pub tracks: u32,
}

/// How much was withheld.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Frames of the release; the same as of the source.
    pub frames: u32,
    /// Frames with at least one mask.
    pub frames_masked: u32,
    /// Length of the pictures.
    pub seconds: Seconds,
    /// Share of the picture's area that is hidden, mean over all frames, in percent.
    pub picture_hidden_percent: f64,
    /// Share of the picture's area that is untouched, mean over all frames, in percent.
    pub picture_untouched_percent: f64,
    /// One entry per sound track.
    pub sound: Vec<OneLine<SoundTotal>>,
}

/// How much of one sound track was withheld.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SoundTotal {
    /// The track, from 0.
    pub track: u32,
    /// Its length.
    pub seconds: Seconds,
    /// How much of it is muted.
    pub muted_seconds: Seconds,
    /// Share that is untouched, in percent.
    pub untouched_percent: f64,
}

/// The program that made the release: what repeating the run needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from.
    pub commit: Option<String>,
    /// Versions of the libraries that decode, encode and detect.
    pub libraries: Vec<OneLine<NamedValue>>,
    /// Every option that bears on the result.
    pub options: Vec<OneLine<NamedValue>>,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NamedValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// Approvals, without names: those are in the sealed manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalSummary {
    /// How many approvals the plan has.
    pub count: u32,
    /// Whether the policy asks for two different people.
    pub second_person_required: bool,
}

/// What was checked on the finished file, with the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// A second look at the release, decoded again: an independent check.
    pub audit: Vec<CheckFile>,
    /// The comparison with the source: nothing else was changed.
    pub change: Vec<CheckFile>,
    /// One verdict per channel through which a file gives away what was hidden.
    pub leaks: Vec<CheckFile>,
    /// What the comparison with the source measured, second by second.
    pub change_by_second: Vec<OneLine<SecondPsnr>>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckFile {
    /// What was checked.
    pub name: String,
    /// Whether it held everywhere.
    pub passed: bool,
    /// The figures it rests on.
    pub evidence: String,
}

impl PublicManifest {
    /// Reads a manifest whose signature holds. The bytes are verified before they are parsed.
    ///
    /// The caller decides what [`SignatureVerdict::Unknown`] is worth; `Bad` is an error.
    ///
    /// # Errors
    /// [`RecordError::Signature`]; [`RecordError::OtherKind`], [`RecordError::NewerVersion`];
    /// [`RecordError::Syntax`] and [`RecordError::Field`] say where.
    pub fn open(
        bytes: &[u8],
        signature: &str,
        trust: &TrustStore,
    ) -> Result<(Self, SignatureVerdict), RecordError> {
        let verdict = trust.check(bytes, signature, Signed::PublicManifest);
        if let SignatureVerdict::Bad(problem) = verdict {
            return Err(RecordError::Signature(problem));
        }
        Ok((Self::parse(bytes)?, verdict))
    }

    /// Reads the bytes of a manifest that somebody else has verified.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        super::check_schema(bytes, PUBLIC_SCHEMA)?;
        let manifest: Self = json::parse(bytes)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks what the types do not: that figures agree with each other.
    fn check(&self) -> Result<(), RecordError> {
        if self.source.frames == 0 || self.totals.frames != self.source.frames {
            let expected = format!("{} as in the source, and at least 1", self.source.frames);
            return Err(RecordError::field(
                "totals.frames",
                self.totals.frames,
                expected,
            ));
        }
        if !self.release.binding().is_consistent() {
            return Err(RecordError::field(
                "release",
                "parts that do not give the length or the root",
                "one part for every part_bytes of the file, with that root",
            ));
        }
        reasons(self.reasons.clone())?;
        self.terms.check()?;
        let people = 1 + u32::from(self.approvals.second_person_required);
        if self.approvals.count < people {
            let expected = format!("at least {people}, as the policy demands");
            return Err(RecordError::field(
                "approvals.count",
                self.approvals.count,
                expected,
            ));
        }
        self.check_items()?;
        self.redactions().map(|_| ())
    }

    fn check_items(&self) -> Result<(), RecordError> {
        let masks = self
            .masks
            .iter()
            .map(|m| (m.item, &m.reason, m.medium == Medium::Picture));
        let mutes = self
            .mutes
            .iter()
            .map(|m| (m.item, &m.reason, m.medium == Medium::Sound));
        for ((item, reason, right_medium), number) in masks.chain(mutes).zip(1..) {
            let at = |key: &str| format!("item {item}, {key}");
            if item != number {
                return Err(RecordError::field(at("item"), item, number.to_string()));
            }
            if !right_medium {
                return Err(RecordError::field(
                    at("medium"),
                    "another",
                    "that of its list",
                ));
            }
            if !self.reasons.iter().any(|known| known.code == *reason) {
                let found = format!("{reason:.40?}");
                return Err(RecordError::field(at("reason"), found, "a code of reasons"));
            }
        }
        self.coding.check(self)?;
        for mask in &self.masks {
            let (frames, end) = (self.source.frames, mask.frames.0.1);
            if end > frames {
                let expected = format!("at most {frames}, the frames of the source");
                return Err(RecordError::field(
                    format!("item {}, frames", mask.item),
                    end,
                    expected,
                ));
            }
        }
        Ok(())
    }

    /// Checks that this release was made with `policy` and by its rules: as many people, and no
    /// weaker effect than it accepts.
    ///
    /// # Errors
    /// [`RecordError::Mismatch`], [`RecordError::WeakEffect`].
    pub fn check_policy(&self, policy: &Policy) -> Result<(), RecordError> {
        if self.policy.sha256.0 != policy.digest {
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the policy",
                found: policy.digest.to_string(),
                expected: format!("{}, as the manifest says", self.policy.sha256.0),
            });
        }
        if policy.second_person && !self.approvals.second_person_required {
            return Err(RecordError::Mismatch {
                what: "approvals.second_person_required",
                found: "false".into(),
                expected: "true, as the policy says".into(),
            });
        }
        for mask in &self.masks {
            let Some(class) = mask.class.map(Class::from) else {
                continue;
            };
            let effect = mask.effect.0.effect_at("effect")?;
            if effect.is_weak_for(class) && !policy.rule(class).accept_weak_effect {
                return Err(RecordError::WeakEffect {
                    item: format!("item {}", mask.item),
                    effect: effect.name(),
                    class,
                });
            }
        }
        Ok(())
    }

    /// Checks that this manifest replaces `older`, which was read from `older_bytes`.
    ///
    /// # Errors
    /// [`RecordError::Mismatch`] when it names another, or none, or is for another recording.
    pub fn check_supersedes(&self, older: &Self, older_bytes: &[u8]) -> Result<(), RecordError> {
        let found = digest_bytes(older_bytes);
        let named = self.supersedes.as_ref().map(|named| &named.0);
        if named.is_none_or(|named| named.sha256.0 != found) {
            let named = named.map_or("none".to_owned(), |named| named.sha256.0.to_string());
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the manifest that is replaced",
                found: found.to_string(),
                expected: format!("{named}, as the newer manifest says"),
            });
        }
        if self.source.sha256 != older.source.sha256 {
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the source of the manifest that is replaced",
                found: older.source.sha256.0.to_string(),
                expected: self.source.sha256.0.to_string(),
            });
        }
        Ok(())
    }

    /// What is hidden and muted, for a checker that has nothing but this manifest.
    ///
    /// # Errors
    /// [`RecordError::Field`] when an item is impossible; never for a manifest that was opened
    /// and not changed.
    pub fn redactions(&self) -> Result<Redactions, RecordError> {
        let masks = self.masks.iter().map(|mask| {
            let item = mask.item;
            let origin = match mask.origin {
                MaskOriginName::Model => MaskOrigin::Track(TrackId(item)),
                MaskOriginName::Drawn => MaskOrigin::Drawn,
            };
            mask_region(
                &|key| format!("item {item}, {key}"),
                format!("item-{item}"),
                origin,
                (mask.effect.0, mask.reason.clone()),
                mask.frames.0,
                &mask.geometry,
            )
        });
        let mutes = self.mutes.iter().map(|mute| {
            let at = |key: &str| format!("item {}, {key}", mute.item);
            let (start, end) = mute.release_seconds.0;
            Ok(MuteRegion {
                id: format!("item-{}", mute.item),
                span: mute_span(&at("release_seconds"), start, end)?,
                streams: mute_streams(&at("sound_tracks"), mute.sound_tracks.clone())?,
                style: mute.style.into(),
                reason: ReasonCode(mute.reason.clone()),
            })
        });
        Ok(Redactions {
            masks: masks.collect::<Result<_, RecordError>>()?,
            mutes: mutes.collect::<Result<_, RecordError>>()?,
        })
    }

    /// SHA-256 of the sealed manifest's body.
    #[must_use]
    pub const fn sealed_body(&self) -> Digest {
        self.sealed_body_sha256.0
    }
}

impl ReleaseFile {
    /// What ties the manifest to the release.
    #[must_use]
    pub fn binding(&self) -> FileBinding {
        FileBinding {
            bytes: self.bytes,
            sha256: self.sha256.0,
            merkle_root: self.merkle_root.0,
            part_bytes: self.part_bytes,
            parts: self.parts.iter().map(|part| part.0).collect(),
        }
    }
}
