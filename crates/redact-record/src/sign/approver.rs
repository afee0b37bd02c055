//! Records that bind an approver's key to a name, signed by the agency's release key.
//!
//! An approver's key signs approvals and nothing else, and counts under one name alone: the one
//! that another person bound it to. A person who gets another key has a record that names the
//! earlier one; what that one signed before stays valid.

use redact_core::UtcNanos;
use serde::{Deserialize, Serialize};

use super::key::{KeyPair, PublicKey};
use super::key_id::KeyId;
use super::kind::Signed;
use super::problem::SignatureProblem;
use super::trust::{Approver, SignatureVerdict, TrustStore};
use crate::json::{self, FileKind, Utc, check_text};
use crate::person::is_one_person;
use crate::{Overwrite, RecordError, store};

const KIND: FileKind = FileKind {
    name: "redact-approver-key",
    version: 1,
};

/// How files with these records end.
pub const APPROVER_SUFFIX: &str = ".approver.json";
/// The folder of a trust folder that they lie in.
const FOLDER: &str = "approvers";

/// What a record says, before anybody signed it.
#[derive(Clone, Copy, Debug)]
pub struct NewApprover<'a> {
    /// The approver's name, as approvals will carry it.
    pub name: &'a str,
    /// The approver's public key.
    pub key: &'a PublicKey,
    /// The person who binds the two: not the approver.
    pub added_by: &'a str,
    /// The earlier key of the same person, if there is one.
    pub replaces: Option<KeyId>,
    /// When.
    pub at: UtcNanos,
}

/// A signed record, as two files that stock tools can check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproverRecord {
    /// The record.
    pub bytes: Vec<u8>,
    /// The release key's signature of it.
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
    /// Binds an approver's key to a name, with the signature of this rotation key (or release key,
    /// where there is no rotation key).
    ///
    /// # Errors
    /// [`RecordError::Field`] when approver and adder are one person, or both keys are one;
    /// [`RecordError::Key`].
    pub fn vouch_for(&self, new: NewApprover<'_>) -> Result<ApproverRecord, RecordError> {
        check_text("name of the approver", new.name, 200)?;
        check_text("added_by", new.added_by, 200)?;
        if is_one_person(new.name, new.added_by) {
            let expected = "a person other than the approver";
            return Err(RecordError::field("added_by", new.added_by, expected));
        }
        if self.public() == *new.key {
            let expected = "a key of the approver's own: this one vouches for others";
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
    /// Reads a record and the signature beside it.
    ///
    /// # Errors
    /// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::Signature`] when the
    /// signature is no text.
    pub fn load(path: &std::path::Path) -> Result<Self, RecordError> {
        let (bytes, signature) = super::trust::read_signed(path)?;
        Ok(Self { bytes, signature })
    }

    /// What the record says, when a rotation key that `trust` trusts signed it, or a release key
    /// where it has no rotation key.
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
            let malformed = || RecordError::field("replaces", text, "a key's identifier");
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
    /// Trusts the approver of `record` from now on; nothing is written.
    ///
    /// # Errors
    /// Those of the record: [`RecordError::Signature`], [`RecordError::Mismatch`],
    /// [`RecordError::Syntax`], [`RecordError::KeyMalformed`], [`RecordError::Field`];
    /// [`RecordError::ApproverTaken`] when the key has another name, or the name another key.
    pub fn follow_approver(&mut self, record: &ApproverRecord) -> Result<Approver, RecordError> {
        let new = record.check(self)?;
        let id = new.key.id();
        if self.revoked().contains(&new.key) {
            return Err(RecordError::Signature(SignatureProblem::Revoked {
                key: id,
            }));
        }
        if self.find(id).is_some() || self.rotation_key(id).is_some() {
            let expected =
                "a key of the approver's own: this one signs releases or vouches for keys";
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
        // The newest key of that name is the one that nothing replaces.
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

    /// Trusts the approver of `record`, and writes it into the folder.
    ///
    /// # Errors
    /// Those of [`Self::follow_approver`]; [`RecordError::Write`].
    pub fn add_approver(&mut self, record: &ApproverRecord) -> Result<Approver, RecordError> {
        let approver = self.follow_approver(record)?;
        let folder = self.folder().join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(|source| RecordError::Write { source })?;
        let path = folder.join(format!("{}{APPROVER_SUFFIX}", approver.key.id()));
        let signature = super::trust::signature_beside(&path);
        store::write(&signature, record.signature.as_bytes(), Overwrite::Replace)?;
        store::write(&path, &record.bytes, Overwrite::Replace)?;
        Ok(approver)
    }

    /// Reads the records of the folder and follows those that hold, in whatever order they come.
    pub(super) fn open_approvers(&mut self) -> Result<(), RecordError> {
        let entries = match std::fs::read_dir(self.folder().join(FOLDER)) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(RecordError::Read { source }),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|source| RecordError::Read { source })?.path();
            if path.to_string_lossy().ends_with(APPROVER_SUFFIX) {
                paths.push(path);
            }
        }
        paths.sort();
        // A record that cannot be read vouches for no key.
        let mut records: Vec<ApproverRecord> = paths
            .iter()
            .flat_map(|path| ApproverRecord::load(path))
            .collect();
        loop {
            let before = records.len();
            records.retain(|record| self.follow_approver(record).is_err());
            if records.len() == before {
                return Ok(());
            }
        }
    }
}
