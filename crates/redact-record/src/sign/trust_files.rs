//! The files that say which keys are trusted: in the trust folder, or given one by one.
//!
//! A file's name says what it is:
//!
//! | Name | Content | In the trust folder |
//! |---|---|---|
//! | `NAME.pub` | a key that signs releases | at the top |
//! | `NAME.rotation.pub` | a rotation key, which vouches for other keys | `rotation/NAME.pub` |
//! | `NAME.rotation.json` | a signed statement that one release key follows another | at the top |
//! | `NAME.approver.json` | the signed record of an approver's key | in `approvers` |
//! | `NAME.revoked` | a key that is not trusted, whoever vouches for it | at the top |
//! | `NAME.minisig` | the signature of the statement or record `NAME` | beside it |
//!
//! Once there is a rotation key, no other key vouches for keys. What release keys vouched for
//! before, and lies in the trust folder, still counts.

use std::path::{Path, PathBuf};

use super::approver::ApproverRecord;
use super::key::PublicKey;
use super::rotation::Rotation;
use super::signature::{self, SIGNATURE_BYTES_MAX};
use super::trust::{TrustStore, TrustedKey};
use super::trust_names::{
    APPROVER_FOLDER, APPROVER_SUFFIX, REVOKED_SUFFIX, ROTATION_FOLDER, ROTATION_KEY_SUFFIX,
    ROTATION_SUFFIX, SIGNATURE_SUFFIX, create_folder, signature_beside, text_of,
};
use crate::{Overwrite, RecordError, store};

/// A file that says which key to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFile {
    /// Its name or path. The ending says what the file is; errors quote the whole name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What a [`TrustFile`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    ReleaseKey,
    RotationKey,
    RevokedKey,
    Rotation,
    Approver,
    Signature,
}

impl Role {
    /// By the ending of `name`; a file of any other name can only be a release key.
    fn of(name: &str) -> Self {
        let endings = [
            (ROTATION_SUFFIX, Self::Rotation),
            (APPROVER_SUFFIX, Self::Approver),
            (ROTATION_KEY_SUFFIX, Self::RotationKey),
            (REVOKED_SUFFIX, Self::RevokedKey),
            (SIGNATURE_SUFFIX, Self::Signature),
        ];
        let known = endings.iter().find(|(ending, _)| name.ends_with(ending));
        known.map_or(Self::ReleaseKey, |(_, role)| *role)
    }

    const fn is_signed(self) -> bool {
        matches!(self, Self::Rotation | Self::Approver)
    }
}

/// A file of the trust folder, or of a list, and what it is.
struct Entry {
    file: TrustFile,
    role: Role,
}

impl Entry {
    /// The file's name without folders and ending.
    fn key_name(&self) -> String {
        let stem = Path::new(&self.file.name).file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    fn refused(&self, source: RecordError) -> RecordError {
        RecordError::TrustFile {
            file: self.file.name.clone(),
            source: Box::new(source),
        }
    }

    fn key(&self) -> Result<PublicKey, RecordError> {
        PublicKey::parse(&self.file.bytes).map_err(|source| self.refused(source))
    }
}

/// A statement or record with its signature, and the file that it came in.
struct Statement<'a> {
    entry: &'a Entry,
    signature: String,
}

/// How statements and records that do not hold are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unproven {
    /// They vouch for nothing; the others still count.
    Ignored,
    /// They are errors.
    Refused,
}

impl TrustStore {
    /// Reads the trust folder; files of other names are left alone.
    ///
    /// A folder that does not exist is an empty one. A statement or record that does not hold
    /// vouches for nothing.
    ///
    /// # Errors
    /// [`RecordError::Read`]; [`RecordError::TrustFile`] with the file's name.
    pub fn open(folder: &Path) -> Result<Self, RecordError> {
        let mut entries = Vec::new();
        for path in list(folder)? {
            let name = path.to_string_lossy().into_owned();
            match Role::of(&name) {
                Role::Rotation => entries.extend(read_statement(&path).into_iter().flatten()),
                Role::RevokedKey => entries.push(read_entry(&path, Role::RevokedKey)?),
                _ if name.ends_with(".pub") => {
                    entries.push(read_entry(&path, Role::ReleaseKey)?);
                }
                _ => {}
            }
        }
        for path in list(&folder.join(ROTATION_FOLDER))? {
            if path.to_string_lossy().ends_with(".pub") {
                entries.push(read_entry(&path, Role::RotationKey)?);
            }
        }
        for path in list(&folder.join(APPROVER_FOLDER))? {
            if Role::of(&path.to_string_lossy()) == Role::Approver {
                entries.extend(read_statement(&path).into_iter().flatten());
            }
        }
        let mut store = Self::empty(folder.to_owned());
        store.add_entries(&entries, Unproven::Ignored)?;
        Ok(store)
    }

    /// Trusts exactly what `files` say, in whatever order they come; nothing is read or written.
    ///
    /// A statement or record needs its signature in the list, under its own name and `.minisig`.
    ///
    /// # Errors
    /// [`RecordError::TrustFile`], with the file's name: for a file that is no key, a statement
    /// or record without a valid signature by a key that is trusted here, a signature without its
    /// file, or a key that is trusted for something else already.
    pub fn from_files(files: Vec<TrustFile>) -> Result<Self, RecordError> {
        let entry = |file: TrustFile| Entry {
            role: Role::of(&file.name),
            file,
        };
        let entries: Vec<Entry> = files.into_iter().map(entry).collect();
        Self::from_entries(&entries)
    }

    /// Trusts exactly the files at `paths`; the signature of a statement or record is read from
    /// beside it.
    ///
    /// # Errors
    /// Those of [`Self::from_files`].
    pub fn from_paths(paths: &[PathBuf]) -> Result<Self, RecordError> {
        let mut entries = Vec::with_capacity(paths.len());
        for path in paths {
            let role = Role::of(&path.to_string_lossy());
            if role.is_signed() {
                entries.extend(read_statement(path)?);
            } else {
                entries.push(read_entry(path, role)?);
            }
        }
        Self::from_entries(&entries)
    }

    fn from_entries(entries: &[Entry]) -> Result<Self, RecordError> {
        for entry in entries {
            let (found, max) = (entry.file.bytes.len() as u64, SIGNATURE_BYTES_MAX);
            if found > max {
                return Err(entry.refused(RecordError::TooLarge { found, max }));
            }
            let signed = entry.file.name.strip_suffix(SIGNATURE_SUFFIX);
            let is_used = |name: &str| entries.iter().any(|other| other.file.name == name);
            if signed.is_some_and(|name| !is_used(name)) {
                let source = signature::malformed("the file that it signs was not given");
                return Err(entry.refused(source.into()));
            }
        }
        let mut store = Self::empty(PathBuf::new());
        store.add_entries(entries, Unproven::Refused)?;
        Ok(store)
    }

    fn add_entries(&mut self, entries: &[Entry], unproven: Unproven) -> Result<(), RecordError> {
        let of = |role| entries.iter().filter(move |entry| entry.role == role);
        self.revoked = of(Role::RevokedKey)
            .map(Entry::key)
            .collect::<Result<_, _>>()?;
        for entry in of(Role::ReleaseKey) {
            let (name, key) = (entry.key_name(), entry.key()?);
            let added = self.insert(TrustedKey { name, key });
            added.map_err(|source| entry.refused(source))?;
        }
        let Self { keys, revoked, .. } = self;
        keys.retain(|trusted| !revoked.contains(&trusted.key));
        for entry in of(Role::RotationKey) {
            let key = entry.key()?;
            if !self.revoked.contains(&key) {
                let added = self.trust_rotation_key(&entry.key_name(), &key);
                added.map_err(|source| entry.refused(source))?;
            }
        }
        self.rotation_keys.sort_by(|a, b| a.name.cmp(&b.name));
        self.is_reading = unproven == Unproven::Ignored;
        self.follow_all(entries, Role::Rotation, unproven)?;
        self.keys.sort_by(|a, b| a.name.cmp(&b.name));
        self.follow_all(entries, Role::Approver, unproven)?;
        self.is_reading = false;
        Ok(())
    }

    /// Follows the statements or records among `entries` that hold, in whatever order they come.
    fn follow_all(
        &mut self,
        entries: &[Entry],
        role: Role,
        unproven: Unproven,
    ) -> Result<(), RecordError> {
        let mut open = Vec::new();
        for entry in entries.iter().filter(|entry| entry.role == role) {
            match signature_of(entry, entries) {
                Ok(signature) => open.push(Statement { entry, signature }),
                Err(_) if unproven == Unproven::Ignored => {}
                Err(source) => return Err(entry.refused(source)),
            }
        }
        open.sort_by(|a, b| a.entry.file.name.cmp(&b.entry.file.name));
        loop {
            let before = open.len();
            let mut refused = None;
            // What does not hold yet may hold once another statement was followed.
            open.retain(|statement| match self.follow_one(statement) {
                Ok(()) => false,
                Err(source) => {
                    refused.get_or_insert_with(|| statement.entry.refused(source));
                    true
                }
            });
            match refused {
                None => return Ok(()),
                Some(_) if open.len() < before => {}
                Some(_) if unproven == Unproven::Ignored => return Ok(()),
                Some(refused) => return Err(refused),
            }
        }
    }

    fn follow_one(&mut self, statement: &Statement<'_>) -> Result<(), RecordError> {
        let bytes = statement.entry.file.bytes.clone();
        let signature = statement.signature.clone();
        if statement.entry.role == Role::Rotation {
            self.follow(&Rotation { bytes, signature }).map(drop)
        } else {
            self.follow_approver(&ApproverRecord { bytes, signature })
                .map(drop)
        }
    }

    /// Trusts `key` from now on, under `name`, and writes it to the trust folder.
    ///
    /// # Errors
    /// [`RecordError::Field`] for a name that is not a plain file name; [`RecordError::Exists`];
    /// [`RecordError::KeyConflict`]; [`RecordError::Write`].
    pub fn add(&mut self, name: &str, key: &PublicKey) -> Result<(), RecordError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
            let expected = "1 to 100 letters, digits, `-` or `_`";
            let found = format!("{name:?}");
            return Err(RecordError::field("name of the key", found, expected));
        }
        let mut grown = self.clone();
        grown.insert(TrustedKey {
            name: name.to_owned(),
            key: key.clone(),
        })?;
        create_folder(self.folder())?;
        let path = self.folder().join(format!("{name}.pub"));
        key.save(&path, Overwrite::Never)?;
        *self = grown;
        Ok(())
    }

    /// Trusts the rotation key `key` from now on, and writes it to the trust folder.
    ///
    /// # Errors
    /// [`RecordError::KeyConflict`]; [`RecordError::Write`].
    pub fn add_rotation_key(&mut self, key: &PublicKey) -> Result<(), RecordError> {
        let name = format!("key-{}", key.id());
        self.trust_rotation_key(&name, key)?;
        let folder = self.folder().join(ROTATION_FOLDER);
        create_folder(&folder)?;
        key.save(&folder.join(format!("{name}.pub")), Overwrite::Replace)
    }

    /// Stops trusting the release key called `name`, without revoking it; removes its file.
    ///
    /// # Errors
    /// [`RecordError::Write`].
    pub fn forget(&mut self, name: &str) -> Result<(), RecordError> {
        self.keys.retain(|trusted| trusted.name != name);
        match std::fs::remove_file(self.folder().join(format!("{name}.pub"))) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(RecordError::Write { source })
            }
            _ => Ok(()),
        }
    }

    /// Revokes `key` and every key that only it vouches for; writes that to the trust folder.
    ///
    /// # Errors
    /// [`RecordError::Write`]; those of [`Self::open`].
    pub fn revoke(&mut self, key: &PublicKey) -> Result<(), RecordError> {
        create_folder(self.folder())?;
        let name = format!("{}{REVOKED_SUFFIX}", key.id());
        key.save(&self.folder().join(name), Overwrite::Replace)?;
        *self = Self::open(self.folder())?;
        Ok(())
    }
}

/// The paths in `folder`, none if it does not exist.
fn list(folder: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let read = |source| RecordError::Read { source };
    match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()).map_err(read))
            .collect(),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(read(source)),
    }
}

fn read_entry(path: &Path, role: Role) -> Result<Entry, RecordError> {
    let name = path.to_string_lossy().into_owned();
    match store::read(path, SIGNATURE_BYTES_MAX) {
        Ok(bytes) => Ok(Entry {
            file: TrustFile { name, bytes },
            role,
        }),
        Err(source) => Err(RecordError::TrustFile {
            file: name,
            source: Box::new(source),
        }),
    }
}

/// A statement or record, and the signature beside it.
fn read_statement(path: &Path) -> Result<[Entry; 2], RecordError> {
    let role = Role::of(&path.to_string_lossy());
    Ok([
        read_entry(path, role)?,
        read_entry(&signature_beside(path), Role::Signature)?,
    ])
}

/// The signature of the statement or record `entry`, which is one of `entries`.
fn signature_of(entry: &Entry, entries: &[Entry]) -> Result<String, RecordError> {
    let name = format!("{}{SIGNATURE_SUFFIX}", entry.file.name);
    let found = entries.iter().find(|other| other.file.name == name);
    let missing = || signature::malformed(format!("{name} is missing"));
    text_of(found.ok_or_else(missing)?.file.bytes.clone())
}
