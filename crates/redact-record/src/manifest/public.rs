//! The public manifest.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{
    Class, Digest, Effect, Excerpt, MaskOrigin, MaskRegion, MuteRegion, ReasonCode, Redactions,
    TrackId,
};
use serde::{Deserialize, Serialize};

use super::excerpt::ExcerptFile;
use super::input::Replaced;
use super::part::Part;
use super::parts::{PolicyName, ReleaseFile, SourceSummary, Supersedes};
use super::removed;
use super::schema::{PUBLIC_SCHEMA, check_schema};
use super::{
    ApprovalSummary, CaptionsFile, Checks, ClassName, Coding, DamagedItem, FindingsComparison, Hex,
    KeptCount, KeptSpeechCount, MaskItem, MaskOriginName, Medium, ModelFile, MuteItem, OneLine,
    ProtectionName, ReasonFile, RemovedItem, SpeechSummary, Terms, Tool, Totals, Utc,
};
use crate::events::Checkpoint;
use crate::file::plan::{mask_region, mute_streams};
use crate::file::reason::read_reasons;
use crate::file::shape::shaped;
use crate::file::span::sound_span;
use crate::policy::Policy;
use crate::sign::{SignatureVerdict, Signed, TrustStore};
use crate::{RecordError, digest_bytes, json};

/// What was redacted in a released recording. It is released with the video: it contains no names,
/// no words and nothing about what the recording shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicManifest {
    /// Always `redact-manifest`: the kind of the record.
    pub schema: String,
    /// Version of the schema, for readers in later years.
    pub schema_version: String,
    /// Random ID of this manifest, 32 hexadecimal digits.
    pub manifest_id: String,
    /// The public manifest that this one replaces; revisions form a chain.
    pub supersedes: Option<OneLine<Supersedes>>,
    /// The part of the source that the release shows. Omitted for a release of all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<ExcerptFile>,
    /// The file's place in a release that was cut into parts. Omitted for a whole release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// When the manifest was made.
    pub created: Utc,
    /// SHA-256 of the bytes of the sealed manifest's body: anyone who is shown the sealed manifest
    /// later can verify that it was made with this release. The body contains random bytes, so
    /// nobody can test guessed names against the digest.
    pub sealed_body_sha256: Hex,
    /// The releasing agency, the general audience and the applicable law: one recording may
    /// lawfully be redacted in different ways.
    pub terms: Terms,
    /// The policy that the plan was made with.
    pub policy: PolicyName,
    /// The recording that was redacted.
    pub source: SourceSummary,
    /// The released file.
    pub release: ReleaseFile,
    /// What is hidden in the picture, in drawing order: a later mask lies on top.
    pub masks: Vec<MaskItem>,
    /// What is muted.
    pub mutes: Vec<MuteItem>,
    /// Where the source is damaged. An item hides each damaged span whole, because what it shows or
    /// says cannot be determined.
    #[serde(default)]
    pub damaged: Vec<OneLine<DamagedItem>>,
    /// What is never released, regardless of decisions: the source's other streams, chapters and
    /// messages. It follows from `source`.
    pub removed: Vec<OneLine<RemovedItem>>,
    /// How much was found and deliberately left visible: an agency must explain why it could not
    /// segregate the rest (Evans v. Federal Bureau of Prisons, 951 F.3d 578).
    pub kept: Vec<KeptCount>,
    /// How much was found that, by a person's decision, is not what the model reported; it is
    /// visible.
    #[serde(default)]
    pub rejected: Vec<KeptCount>,
    /// How much detected speech was deliberately left audible.
    #[serde(default)]
    pub kept_speech: Vec<KeptSpeechCount>,
    /// How the speech of the recording was redacted. Omitted for a recording without sound, and by
    /// earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech: Option<OneLine<SpeechSummary>>,
    /// The captions of the release, which have no word that is muted. Omitted for a release without
    /// captions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captions: Option<OneLine<CaptionsFile>>,
    /// Whether the plan was compared with the findings of the scan. Earlier versions did not
    /// compare them and omit this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<OneLine<FindingsComparison>>,
    /// Classes for which no model ran, as accepted by the approver: objects of these classes may be
    /// present and visible.
    pub unexamined: Vec<ClassName>,
    /// The reasons of the items, each with its statute.
    pub reasons: Vec<ReasonFile>,
    /// Which parts of the release were copied from the source bit for bit, and which were
    /// re-encoded.
    pub coding: Coding,
    /// How much was withheld in total: the segregability of the recording in a few figures.
    pub totals: Totals,
    /// The models of the scan, which are needed to repeat it.
    pub models: Vec<ModelFile>,
    /// The program that made the release.
    pub tool: Tool,
    /// How many people approved exactly the plan that was rendered.
    pub approvals: ApprovalSummary,
    /// What was checked in the finished file.
    pub checks: Checks,
    /// Last entry of the agency's event log when the manifest was made: a log that was truncated or
    /// rewritten later no longer has this entry.
    pub events_head: Option<OneLine<Checkpoint>>,
}

impl PublicManifest {
    /// Reads a manifest after verifying its signature.
    ///
    /// The caller decides whether [`SignatureVerdict::Unknown`] is acceptable; `Bad` is an error.
    ///
    /// # Errors
    /// [`RecordError::Signature`]; [`RecordError::OtherKind`], [`RecordError::NewerVersion`];
    /// [`RecordError::Syntax`] and [`RecordError::Field`] with the place.
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

    /// Parses a manifest that the caller has verified.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        check_schema(bytes, PUBLIC_SCHEMA)?;
        let manifest: Self = json::parse(bytes)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks what the types cannot express: that the figures agree.
    fn check(&self) -> Result<(), RecordError> {
        let frames = self.frames_shown()?;
        if frames == 0 || self.totals.frames != frames {
            let expected = format!("{frames}, as in the source, and at least 1");
            return Err(RecordError::field(
                "totals.frames",
                self.totals.frames,
                expected,
            ));
        }
        if !self.release.binding().is_consistent() {
            return Err(RecordError::field(
                "release",
                "parts that do not match the length or the root",
                "one part for each part_bytes of the file, with that root",
            ));
        }
        read_reasons(self.reasons.clone())?;
        self.terms.check()?;
        let people = 1 + u32::from(self.approvals.second_person_required);
        if self.approvals.count < people {
            let expected = format!("at least {people}, as the policy requires");
            return Err(RecordError::field(
                "approvals.count",
                self.approvals.count,
                expected,
            ));
        }
        if let Some(look) = &self.checks.second_look {
            look.check(self.totals.frames)?;
        }
        // First, because it rejects excessive numbers of items.
        self.redactions()?;
        self.check_items()
    }

    /// The frames that the release must have: those of the source, of the excerpt, or of the part.
    fn frames_shown(&self) -> Result<u32, RecordError> {
        let excerpt = self.excerpt.as_ref().map(|excerpt| {
            let items = self.masks.len() + self.mutes.len() + self.removed.len();
            let item = u32::try_from(items).unwrap_or(u32::MAX).saturating_add(1);
            excerpt.check(&self.source, item)
        });
        let excerpt = excerpt.transpose()?;
        let frames = excerpt.map_or(self.source.frames, |excerpt| excerpt.frames());
        match &self.part {
            None => Ok(frames),
            Some(part) => part.check(frames, self.totals.sound.len()),
        }
    }

    /// The part of the source that the release shows; `None` if it shows all of it.
    ///
    /// # Errors
    /// [`RecordError::Field`] for spans that are invalid.
    pub fn excerpt(&self) -> Result<Option<Excerpt>, RecordError> {
        let excerpt = self.excerpt.as_ref();
        excerpt.map(|e| e.excerpt(&self.source)).transpose()
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
        let codes: std::collections::BTreeSet<&String> =
            self.reasons.iter().map(|known| &known.code).collect();
        for ((item, reason, right_medium), number) in masks.chain(mutes).zip(1..) {
            let at = |key: &str| format!("item {item}, {key}");
            if item != number {
                return Err(RecordError::field(at("item"), item, number.to_string()));
            }
            if !right_medium {
                return Err(RecordError::field(
                    at("medium"),
                    "the wrong medium",
                    "the medium of its list",
                ));
            }
            if !codes.contains(reason) {
                let found = format!("{reason:.40?}");
                return Err(RecordError::field(
                    at("reason"),
                    found,
                    "a code defined in reasons",
                ));
            }
        }
        let rest = self.excerpt.as_ref().map(|excerpt| &excerpt.reason);
        if let Some(reason) = rest.filter(|reason| !codes.contains(reason)) {
            let found = format!("{reason:.40?}");
            let expected = "a code defined in reasons";
            return Err(RecordError::field("excerpt.reason", found, expected));
        }
        let first = u32::try_from(self.masks.len() + self.mutes.len()).unwrap_or(u32::MAX);
        if !removed::is_complete(&self.removed, &self.source, first.saturating_add(1)) {
            return Err(RecordError::field(
                "removed",
                "a list that does not match the source",
                "the source's other streams, its chapters and its messages",
            ));
        }
        self.coding.check(&self.masks, &self.mutes, &self.totals)?;
        self.check_damaged()?;
        for mask in &self.masks {
            let (frames, end) = (self.totals.frames, mask.frames.0.1);
            if end > frames {
                let expected = format!("at most {frames}, the frames of the release");
                return Err(RecordError::field(
                    format!("item {}, frames", mask.item),
                    end,
                    expected,
                ));
            }
        }
        Ok(())
    }

    /// Checks that the release was made with `policy` and follows its rules: the number of
    /// approvers, the second look and the effects.
    ///
    /// # Errors
    /// [`RecordError::Mismatch`], [`RecordError::WeakEffect`], [`RecordError::WeakerThanPolicy`].
    pub fn check_policy(&self, policy: &Policy) -> Result<(), RecordError> {
        if self.policy.sha256.0 != policy.digest {
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the policy",
                found: policy.digest.to_string(),
                expected: format!("{}, as in the manifest", self.policy.sha256.0),
            });
        }
        if policy.second_person && !self.approvals.second_person_required {
            return Err(RecordError::Mismatch {
                what: "approvals.second_person_required",
                found: "false".into(),
                expected: "true, as the policy requires".into(),
            });
        }
        if policy.second_look && self.checks.second_look.is_none() {
            return Err(RecordError::Mismatch {
                what: "checks.second_look",
                found: "none".into(),
                expected: "a second look, as the policy requires".into(),
            });
        }
        for mask in &self.masks {
            let Some(class) = mask.class.map(Class::from) else {
                continue;
            };
            let effect = mask.effect.0.effect_at("effect")?;
            policy.check_effect(|| format!("item {}", mask.item), class, effect)?;
        }
        Ok(())
    }

    /// Checks that this manifest replaces `older`, whose file is `older_bytes`.
    ///
    /// # Errors
    /// [`RecordError::Mismatch`] if it names none or another, or is for another recording.
    pub fn check_supersedes(&self, older: &Self, older_bytes: &[u8]) -> Result<(), RecordError> {
        let found = digest_bytes(older_bytes);
        let named = self.supersedes.as_ref().map(|named| &named.0);
        if named.is_none_or(|named| named.sha256.0 != found) {
            let named = named.map_or("none".to_owned(), |named| named.sha256.0.to_string());
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the replaced manifest",
                found: found.to_string(),
                expected: format!("{named}, as in the newer manifest"),
            });
        }
        if self.source.sha256 != older.source.sha256 {
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the replaced manifest's source",
                found: older.source.sha256.0.to_string(),
                expected: self.source.sha256.0.to_string(),
            });
        }
        Ok(())
    }

    /// What is hidden and muted, for a checker that has only this manifest.
    ///
    /// # Errors
    /// [`RecordError::Field`] for an invalid item; never for a manifest that was opened and not
    /// modified.
    pub fn redactions(&self) -> Result<Redactions, RecordError> {
        let masks = self.masks.iter().map(|mask| {
            let item = mask.item;
            let origin = match mask.origin {
                MaskOriginName::Model => MaskOrigin::Track(TrackId(item)),
                MaskOriginName::Drawn => MaskOrigin::Drawn,
                MaskOriginName::Damage => MaskOrigin::Damage,
            };
            let at = |key: &str| format!("item {item}, {key}");
            let region = mask_region(
                &at,
                format!("item-{item}"),
                origin,
                (mask.effect.0, mask.reason.clone()),
                mask.frames.0,
                &mask.geometry,
            )?;
            let shape = mask.shape.as_ref().map(|shape| &shape.0);
            with_levels(mask, shaped(region, shape, &at)?)
        });
        let mutes = self.mutes.iter().map(|mute| {
            let at = |key: &str| format!("item {}, {key}", mute.item);
            let (start, end) = mute.release_seconds.0;
            Ok(MuteRegion {
                id: format!("item-{}", mute.item),
                span: sound_span(&at("release_seconds"), start, end)?,
                streams: mute_streams(&at("sound_tracks"), mute.sound_tracks.clone())?,
                style: mute.style.into(),
                reason: ReasonCode(mute.reason.clone()),
            })
        });
        let redactions = Redactions {
            masks: masks.collect::<Result<_, RecordError>>()?,
            mutes: mutes.collect::<Result<_, RecordError>>()?,
        };
        redactions.check_size()?;
        Ok(redactions)
    }

    /// SHA-256 of the sealed manifest's body.
    #[must_use]
    pub const fn sealed_body(&self) -> Digest {
        self.sealed_body_sha256.0
    }
}

/// The region with its levels, which only blurred and pixelated masks have. Its protection must be
/// that of its effect.
fn with_levels(mask: &MaskItem, region: MaskRegion) -> Result<MaskRegion, RecordError> {
    let at = |key: &str| format!("item {}, {key}", mask.item);
    let protection = region.effect().protection();
    if let Some(named) = mask.protection.filter(|named| *named != protection.into()) {
        let expected = ProtectionName::from(protection).to_string();
        return Err(RecordError::field(at("protection"), named, expected));
    }
    let Some(levels) = &mask.levels else {
        return Ok(region);
    };
    let cells = match region.effect() {
        Effect::Fill => 0,
        Effect::Pixelate(cells) | Effect::Blur(cells) => cells.across(),
    };
    let known = levels.0.levels();
    match known.filter(|levels| levels.across().max(levels.down()) <= cells) {
        Some(levels) => Ok(region.with_levels(Some(levels))),
        None => Err(RecordError::field(
            at("levels"),
            "invalid levels",
            "one hexadecimal digit per cell, and no more cells than the effect has",
        )),
    }
}

impl Replaced {
    /// The verified manifest `older`, whose file is `bytes`.
    #[must_use]
    pub fn new(older: &PublicManifest, bytes: &[u8]) -> Self {
        Self {
            named: Supersedes {
                manifest_id: older.manifest_id.clone(),
                sha256: Hex(digest_bytes(bytes)),
            },
            source: older.source.sha256.0,
        }
    }
}
