//! The public manifest.
//!
//! The doc comments of its fields are the descriptions in the JSON Schema.

use redact_core::{
    Class, Digest, Effect, MaskOrigin, MaskRegion, MuteRegion, ReasonCode, Redactions, TrackId,
};
use serde::{Deserialize, Serialize};

use super::input::Replaced;
use super::parts::{PolicyName, ReleaseFile, SourceSummary, Supersedes};
use super::removed::removed;
use super::schema::{PUBLIC_SCHEMA, check_schema};
use super::{
    ApprovalSummary, Checks, ClassName, Coding, DamagedItem, FindingsComparison, Hex, KeptCount,
    KeptSpeechCount, MaskItem, MaskOriginName, Medium, ModelFile, MuteItem, OneLine,
    ProtectionName, ReasonFile, RemovedItem, Terms, Tool, Totals, Utc,
};
use crate::events::Checkpoint;
use crate::file::plan::{mask_region, mute_streams};
use crate::file::reason::read_reasons;
use crate::file::span::sound_span;
use crate::policy::Policy;
use crate::sign::{SignatureVerdict, Signed, TrustStore};
use crate::{RecordError, digest_bytes, json};

/// What was done to a released recording. It may go out with the release: it holds no names, no
/// words and nothing about what the recording shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicManifest {
    /// Always `redact-manifest`: distinguishes this record from others.
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
    /// the sealed manifest later can verify that it is the one made with this release. The body
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
    /// Where the source is damaged: each stretch is hidden whole by an item, because it is
    /// unknown what it shows or says.
    #[serde(default)]
    pub damaged: Vec<OneLine<DamagedItem>>,
    /// What of the source reaches no release, whatever is decided: other streams, chapters,
    /// messages. It follows from `source`.
    pub removed: Vec<OneLine<RemovedItem>>,
    /// How much was found and left visible on purpose: that the rest could not be separated must
    /// be explained (Evans v. Federal Bureau of Prisons, 951 F.3d 578).
    pub kept: Vec<KeptCount>,
    /// How much was found and is not what the model said, by decision of a person: it is visible.
    #[serde(default)]
    pub rejected: Vec<KeptCount>,
    /// How much detected speech was left audible on purpose.
    #[serde(default)]
    pub kept_speech: Vec<KeptSpeechCount>,
    /// Whether the plan was compared with what the scan found; left out by earlier versions, which
    /// did not compare it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<OneLine<FindingsComparison>>,
    /// Classes that no model looked for; the approver accepted that. Not found is not the same as
    /// not there.
    pub unexamined: Vec<ClassName>,
    /// The reasons that items refer to, each with its statute.
    pub reasons: Vec<ReasonFile>,
    /// Which parts of the release are the source's own coded data, bit for bit, and which were
    /// re-encoded.
    pub coding: Coding,
    /// How much was withheld in all: the question of segregability in a few figures.
    pub totals: Totals,
    /// The models of the scan: what repeating it needs.
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

    /// Reads the bytes of a manifest that the caller has verified.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        check_schema(bytes, PUBLIC_SCHEMA)?;
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
        read_reasons(self.reasons.clone())?;
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
        if let Some(look) = &self.checks.second_look {
            look.check(self.totals.frames)?;
        }
        // Before the items are held against each other: there may be too many of them.
        self.redactions()?;
        self.check_items()
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
                    "another",
                    "that of its list",
                ));
            }
            if !codes.contains(reason) {
                let found = format!("{reason:.40?}");
                return Err(RecordError::field(at("reason"), found, "a code of reasons"));
            }
        }
        let first = u32::try_from(self.masks.len() + self.mutes.len()).unwrap_or(u32::MAX);
        if self.removed != removed(&self.source, first.saturating_add(1)) {
            return Err(RecordError::field(
                "removed",
                "another list",
                "what follows from the source's streams, chapters and channels",
            ));
        }
        self.coding.check(&self.masks, &self.mutes, &self.totals)?;
        self.check_damaged()?;
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
    /// [`RecordError::Mismatch`], [`RecordError::WeakEffect`], [`RecordError::WeakerThanPolicy`].
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
        if policy.second_look && self.checks.second_look.is_none() {
            return Err(RecordError::Mismatch {
                what: "checks.second_look",
                found: "none".into(),
                expected: "a second look, as the policy says".into(),
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
                MaskOriginName::Damage => MaskOrigin::Damage,
            };
            let region = mask_region(
                &|key| format!("item {item}, {key}"),
                format!("item-{item}"),
                origin,
                (mask.effect.0, mask.reason.clone()),
                mask.frames.0,
                &mask.geometry,
            )?;
            with_levels(mask, region)
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

/// The region with its levels, which only what is blurred or pixelated has; its class of protection
/// is that of its effect.
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
            "others",
            "one hexadecimal digit for each cell, of a region that has so many cells at most",
        )),
    }
}

impl Replaced {
    /// The manifest `older`, which was read from `bytes` and verified.
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
