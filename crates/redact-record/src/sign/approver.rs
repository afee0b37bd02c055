//! Records that bind an approver's key to a name, signed with the agency's rotation or release key.
//!
//! An approver's key signs approvals and nothing else, and only under the name that another person
//! bound it to. The record of a person's new key names the earlier key, whose signatures stay
//! valid.

use redact_core::UtcNanos;
use serde::{Deserialize, Serialize};

use super::key::{KeyPair, PublicKey};
use super::key_id::KeyId;
use super::kind::Signed;
use super::problem::SignatureProblem;
use super::trust::{Approver, SignatureVerdict, TrustStore};
use super::trust_names::{APPROVER_FOLDER, APPROVER_SUFFIX, create_folder, signature_beside};
use crate::json::{self, FileKind, Utc, check_text};
use crate::person::is_one_person;
use crate::{Overwrite, RecordError, store};

const KIND: FileKind = FileKind {
    name: "redact-approver-key",
    version: 1,
};

/// The content of a record that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct NewApprover<'a> {
    /// The approver's name in approvals.
    pub name: &'a str,
    /// The approver's public key.
    pub key: &'a PublicKey,
    /// The person who binds the two, who is not the approver.
    pub added_by: &'a str,
    /// The earlier key of the same person, if there is one.
    pub replaces: Option<KeyId>,
    /// When.
    pub at: UtcNanos,
}

/// A signed record, as two files that minisign can check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproverRecord {
    /// The record.
    pub bytes: Vec<u8>,
    /// Its signature.
    pub signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproverFile {
    file: String,
    format_version: u32,
    name: String,
    key: String,
    added_by: String,
    replaces: Option<String>,
    at: Utc,
}

impl KeyPair {
    /// Binds an approver's key to a name and signs that with this rotation key, or release key if
    /// there is no rotation key.
    ///
    /// # Errors
    /// [`RecordError::Field`] if approver and adder are one person, or both keys are the same;
    /// [`RecordError::Key`].
    pub fn vouch_for(&self, new: NewApprover<'_>) -> Result<ApproverRecord, RecordError> {
        check_text("name of the approver", new.name, 200)?;
        check_text("added_by", new.added_by, 200)?;
        if is_one_person(new.name, new.added_by) {
            let expected = "a person other than the approver";
            return Err(RecordError::field("added_by", new.added_by, expected));
        }
        if self.public() == *new.key {
            let expected = "a key of the approver's own, not the one that vouches for it";
            return Err(RecordError::field("key", new.key.id(), expected));
        }
        let bytes = json::pretty(&ApproverFile {
            file: KIND.name.into(),
            format_version: KIND.version,
            name: new.name.trim().to_owned(),
            key: new.key.to_base64(),
            added_by: new.added_by.to_owned(),
            replaces: new.replaces.map(|id| id.to_string()),
            at: Utc(new.at),
        });
        let signature = self.sign_bytes(&bytes, Signed::ApproverKey, new.at)?;
        Ok(ApproverRecord { bytes, signature })
    }
}

impl ApproverRecord {
    /// The content of the record. It must be signed by a rotation key in `trust`, or by a release
    /// key if `trust` has no rotation key.
    fn check(&self, trust: &TrustStore) -> Result<Approver, RecordError> {
        let vouched_by = match trust.check(&self.bytes, &self.signature, Signed::ApproverKey) {
            SignatureVerdict::Trusted { key, .. } => key,
            SignatureVerdict::Unknown { key } => {
                return Err(RecordError::Mismatch {
                    what: "key that vouches for the approver",
                    found: key.id().to_string(),
                    expected: "a rotation or release key that is trusted here".into(),
                });
            }
            SignatureVerdict::Bad(problem) => return Err(RecordError::Signature(problem)),
        };
        KIND.check(&self.bytes)?;
        let file: ApproverFile = json::parse(&self.bytes)?;
        check_text("name", &file.name, 200)?;
        if is_one_person(&file.name, &file.added_by) {
            let expected = "a person other than the approver";
            return Err(RecordError::field("added_by", file.added_by, expected));
        }
        let earlier = |text: &String| {
            let malformed = || RecordError::field("replaces", text, "a key ID");
            KeyId::from_text(text).ok_or_else(malformed)
        };
        Ok(Approver {
            key: PublicKey::from_base64(&file.key)?,
            replaces: file.replaces.as_ref().map(earlier).transpose()?,
            name: file.name,
            added_by: file.added_by,
            vouched_by,
            at: file.at.0,
        })
    }
}

impl TrustStore {
    /// Trusts the approver of `record`; writes nothing.
    ///
    /// # Errors
    /// Those of the record: [`RecordError::Signature`], [`RecordError::Mismatch`],
    /// [`RecordError::Syntax`], [`RecordError::KeyMalformed`], [`RecordError::Field`];
    /// [`RecordError::ApproverTaken`] if the key has another name, or the name another key.
    pub fn follow_approver(&mut self, record: &ApproverRecord) -> Result<Approver, RecordError> {
        let new = record.check(self)?;
        let id = new.key.id();
        if self.revoked().contains(&new.key) {
            return Err(RecordError::Signature(SignatureProblem::Revoked {
                key: id,
            }));
        }
        if self.find(id).is_some() || self.rotation_key(id).is_some() {
            let expected = "a key of the approver's own, not a release or rotation key";
            return Err(RecordError::field("key", id, expected));
        }
        let taken = |by: &Approver| RecordError::ApproverTaken {
            key: by.key.id(),
            name: by.name.clone(),
        };
        if let Some(known) = self.approver(id) {
            return match known.key == new.key && known.name == new.name {
                true => Ok(known.clone()),
                false => Err(taken(known)),
            };
        }
        let same_name = |known: &&Approver| is_one_person(&known.name, &new.name);
        let others: Vec<&Approver> = self.approvers().iter().filter(same_name).collect();
        // The newest key of that name is the one that no other key replaces.
        let replaced = |of: &Approver| others.iter().any(|o| o.replaces == Some(of.key.id()));
        let newest = others.iter().find(|known| !replaced(known));
        match newest {
            Some(known) if new.replaces != Some(known.key.id()) => return Err(taken(known)),
            None if new.replaces.is_some() => {
                let found = new.replaces.map(|id| id.to_string()).unwrap_or_default();
                let expected = "the key that this approver has now";
                return Err(RecordError::field("replaces", found, expected));
            }
            _ => {}
        }
        self.push_approver(new.clone());
        Ok(new)
    }

    /// Trusts the approver of `record`, and writes the record to the trust folder.
    ///
    /// # Errors
    /// Those of [`Self::follow_approver`]; [`RecordError::Write`].
    pub fn add_approver(&mut self, record: &ApproverRecord) -> Result<Approver, RecordError> {
        let approver = self.follow_approver(record)?;
        let folder = self.folder().join(APPROVER_FOLDER);
        create_folder(&folder)?;
        let path = folder.join(format!("{}{APPROVER_SUFFIX}", approver.key.id()));
        let signature = signature_beside(&path);
        store::write(&signature, record.signature.as_bytes(), Overwrite::Replace)?;
        store::write(&path, &record.bytes, Overwrite::Replace)?;
        Ok(approver)
    }
}
