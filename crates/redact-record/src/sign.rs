//! Keys and signatures in minisign format (Ed25519 over BLAKE2b-512 of the file).
//!
//! The minisign program checks them: `minisign -Vm RELEASE.manifest.json -p agency.pub`. The format
//! is described at <https://jedisct1.github.io/minisign/>. In addition:
//!
//! - the signed ("trusted") comment states the kind of the record, so that a signature of one kind
//!   is not valid for another, and contains the public key, so that a checker can distinguish a
//!   damaged file from one that was signed with an unknown key;
//! - each signature has exactly one spelling; equivalent text is rejected, also in the comment that
//!   minisign does not sign.

mod approver;
#[cfg(not(target_family = "wasm"))]
mod backup;
mod key;
mod key_id;
mod kind;
mod problem;
#[cfg(not(target_family = "wasm"))]
mod repeatable;
mod rotation;
mod signature;
mod trust;
mod trust_files;
mod trust_names;

pub use approver::{ApproverRecord, NewApprover};
#[cfg(not(target_family = "wasm"))]
pub use backup::{BACKUP_BYTES_MAX, BACKUP_PASSPHRASE_MIN, BackupKey, open_backup, seal_backup};
pub use key::{KeyPair, PublicKey};
pub use key_id::KeyId;
pub use kind::{Purpose, Signed};
pub use problem::SignatureProblem;
pub use rotation::{HandedOver, Rotation};
pub use signature::SIGNATURE_BYTES_MAX;
pub use trust::{Approver, SignatureVerdict, TrustStore, TrustedKey};
pub use trust_files::TrustFile;
pub use trust_names::{ROTATION_KEY_SUFFIX, ROTATION_SUFFIX};
