//! The sealed manifest, which stays with the agency.

use redact_core::{Approval, Digest, PolicyRef};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::excerpt::RestDecision;
use super::visible::{KeptSpeechSpan, KeptTrack, counts, speech_counts};
use super::{
    ApprovalFile, Hex, HumanChange, OneLine, PublicManifest, Request, SCHEMA_VERSION,
    SEALED_SCHEMA, Utc,
};
use crate::file::plan::read_all;
use crate::person::is_one_person;
use crate::sign::{SignatureVerdict, Signed, TrustStore};
use crate::{RecordError, digest_bytes, json, plan, policy};

/// Who decided, what was kept and why, who made the request. It is not released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SealedBody {
    /// Random bytes as 64 hexadecimal digits. The public manifest has this body's digest; without
    /// random bytes, guessed names could be tested against it.
    pub salt: Hex,
    /// ID of the public manifest that belongs to this one.
    pub manifest_id: String,
    /// When both manifests were made.
    pub created: Utc,
    /// The source's file name.
    pub source_name: String,
    /// The release's file name.
    pub release_name: String,
    /// SHA-256 of the source, as in the agency's evidence system.
    pub source_sha256: Hex,
    /// Root of the source's Merkle tree over leaves of 4 KiB (RFC 6962, section 2.1).
    pub source_merkle_root: Hex,
    /// Keys of the source's tags, which were dropped.
    pub source_tag_keys: Vec<String>,
    /// The request, and what else is known about the recording.
    pub request: Request,
    /// SHA-256 of the findings file.
    pub findings_sha256: Hex,
    /// What people changed in the plan that the policy proposed. `null` if the findings were not
    /// available when the release was made.
    pub changes: Option<Vec<OneLine<HumanChange>>>,
    /// The text of the policy file. The public manifest has its digest.
    pub policy_rules: String,
    /// SHA-256 of the approved plan's content.
    pub plan_content_sha256: Hex,
    /// Who approved exactly that content, when, and with which statement.
    pub approvals: Vec<ApprovalFile>,
    /// Who decided each item of the public manifest.
    pub items: Vec<OneLine<SealedItem>>,
    /// What was found and left visible, each with its reason.
    pub kept: Vec<OneLine<KeptTrack>>,
    /// What was found that, by a person's decision, is not what the model reported; it is visible,
    /// too.
    #[serde(default)]
    pub rejected: Vec<OneLine<KeptTrack>>,
    /// Speech that was detected and left audible.
    #[serde(default)]
    pub kept_speech: Vec<OneLine<KeptSpeechSpan>>,
    /// For an excerpt, who decided to withhold the rest of the source, and why. Omitted for a
    /// release of all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<OneLine<RestDecision>>,
}

/// Who decided one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SealedItem {
    /// Its number in the public manifest.
    pub item: u32,
    /// Its ID in the plan.
    pub plan_id: String,
    /// Who decided; `null` for masks and mutes made by hand, for which the approvers are
    /// responsible.
    pub by: Option<String>,
    /// When.
    pub at: Option<Utc>,
}

/// A sealed manifest that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedManifest {
    /// SHA-256 of the public manifest that it belongs to.
    pub public_manifest: Digest,
    /// Its content.
    pub body: SealedBody,
    /// SHA-256 of the body's bytes in the file.
    pub body_digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedFile {
    schema: String,
    schema_version: String,
    public_manifest_sha256: Hex,
    body: Box<RawValue>,
}

/// The body as it is written to the file, and its digest.
pub(super) fn body_text(body: &SealedBody) -> (Box<RawValue>, Digest) {
    let text = serde_json::to_string_pretty(body)
        .expect("file structs have string keys and finite numbers only");
    let digest = digest_bytes(text.as_bytes());
    let raw = RawValue::from_string(text).expect("what the serializer wrote is JSON");
    (raw, digest)
}

/// The file around `body`, for the public manifest with digest `public`.
pub(super) fn file_bytes(body: Box<RawValue>, public: Digest) -> Vec<u8> {
    json::pretty(&SealedFile {
        schema: SEALED_SCHEMA.into(),
        schema_version: SCHEMA_VERSION.into(),
        public_manifest_sha256: Hex(public),
        body,
    })
}

impl SealedManifest {
    /// Reads a sealed manifest after verifying its signature.
    ///
    /// # Errors
    /// [`RecordError::Signature`]; [`RecordError::OtherKind`], [`RecordError::NewerVersion`];
    /// [`RecordError::Syntax`] and [`RecordError::Field`] with the place.
    pub fn open(
        bytes: &[u8],
        signature: &str,
        trust: &TrustStore,
    ) -> Result<(Self, SignatureVerdict), RecordError> {
        let verdict = trust.check(bytes, signature, Signed::SealedManifest);
        if let SignatureVerdict::Bad(problem) = verdict {
            return Err(RecordError::Signature(problem));
        }
        Ok((Self::parse(bytes)?, verdict))
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        super::schema::check_schema(bytes, SEALED_SCHEMA)?;
        let file: SealedFile = json::parse(bytes)?;
        let body = file.body.get().as_bytes();
        Ok(Self {
            public_manifest: file.public_manifest_sha256.0,
            body: json::parse(body)?,
            body_digest: digest_bytes(body),
        })
    }

    #[cfg(test)]
    pub(crate) fn parse_for_tests(bytes: &[u8]) -> Self {
        Self::parse(bytes).unwrap()
    }

    /// Checks that this manifest and `public`, whose file is `public_bytes`, were made together.
    ///
    /// # Errors
    /// [`RecordError::Mismatch`] if either identifies another.
    pub fn check_pair(
        &self,
        public: &PublicManifest,
        public_bytes: &[u8],
    ) -> Result<(), RecordError> {
        let found = digest_bytes(public_bytes);
        if self.public_manifest != found {
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the public manifest",
                found: found.to_string(),
                expected: format!("{}, as in the sealed manifest", self.public_manifest),
            });
        }
        if self.body_digest != public.sealed_body() {
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the sealed manifest's body",
                found: self.body_digest.to_string(),
                expected: format!("{}, as in the public manifest", public.sealed_body()),
            });
        }
        self.check_counts(public)
    }

    /// Checks that the counts in `public` match the lists in this manifest.
    fn check_counts(&self, public: &PublicManifest) -> Result<(), RecordError> {
        let body = &self.body;
        let same = |what, equal: bool| match equal {
            true => Ok(()),
            false => Err(RecordError::Mismatch {
                what,
                found: "other counts in the public manifest".into(),
                expected: "those of the sealed manifest's list".into(),
            }),
        };
        same("kept tracks", counts(&body.kept) == public.kept)?;
        same("rejected tracks", counts(&body.rejected) == public.rejected)?;
        let speech = speech_counts(&body.kept_speech);
        same("kept speech", speech == public.kept_speech)
    }

    /// Checks that the approvers required by the policy approved exactly the plan that was
    /// rendered, and that `public` agrees with the text of the policy.
    ///
    /// # Errors
    /// [`RecordError::Mismatch`] if the text is not that policy's or requires more than the
    /// manifest states; [`RecordError::ChangedAfterApproval`]; [`RecordError::SamePerson`];
    /// [`RecordError::Unsigned`], [`RecordError::OtherApprover`], [`RecordError::Signature`].
    pub fn check_approvals(
        &self,
        public: &PublicManifest,
        trust: &TrustStore,
    ) -> Result<(), RecordError> {
        let body = &self.body;
        let policy = policy::embedded(&PolicyRef {
            name: public.policy.name.clone(),
            digest: public.policy.sha256.0,
            rules: body.policy_rules.clone(),
        })?;
        public.check_policy(&policy)?;
        let approved = body.plan_content_sha256.0;
        let void = body
            .approvals
            .iter()
            .find(|a| a.content_sha256.0 != approved);
        if let Some(void) = void {
            return Err(RecordError::ChangedAfterApproval {
                by: void.by.clone(),
                approved: void.content_sha256.0,
                found: approved,
            });
        }
        let approvals: Vec<Approval> = read_all(body.approvals.clone())?;
        let found = approvals.len().to_string();
        let Some(first) = approvals.first() else {
            return Err(RecordError::field("approvals", "none", "at least one"));
        };
        if u32::try_from(approvals.len()) != Ok(public.approvals.count) {
            return Err(RecordError::Mismatch {
                what: "number of approvals",
                found,
                expected: format!("{}, as in the public manifest", public.approvals.count),
            });
        }
        plan::check_signed(&approvals, &policy, trust)?;
        let two = approvals
            .iter()
            .any(|other| !is_one_person(&first.by, &other.by));
        if public.approvals.second_person_required && !two {
            return Err(RecordError::SamePerson {
                by: first.by.clone(),
            });
        }
        Ok(())
    }
}
