//! Keys and signatures in minisign's format (Ed25519 over BLAKE2b-512 of the file).
//!
//! A stock tool checks them: `minisign -Vm RELEASE.manifest.json -p agency.pub`. The format is
//! described at <https://jedisct1.github.io/minisign/>. Beyond it:
//!
//! - the signed ("trusted") comment says what is signed, so that the signature of one kind of
//!   record is no signature of another, and carries the public key, so that a stranger can
//!   distinguish a damaged file from one that is signed with a key that is not trusted yet;
//! - each signature has one spelling: text that would mean the same is refused, also in the
//!   comment that minisign leaves unsigned.

mod approver;
#[cfg(not(target_family = "wasm"))]
mod backup;
mod key;
mod key_id;
mod kind;
mod problem;
mod rotation;
mod signature;
mod trust;

pub use approver::{APPROVER_SUFFIX, ApproverRecord, NewApprover};
#[cfg(not(target_family = "wasm"))]
pub use backup::{BACKUP_BYTES_MAX, BACKUP_PASSPHRASE_MIN, BackupKey, open_backup, seal_backup};
pub use key::{KeyPair, PublicKey};
pub use key_id::KeyId;
pub use kind::{Purpose, Signed};
pub use problem::SignatureProblem;
pub use rotation::{HandedOver, Rotation};
pub use signature::SIGNATURE_BYTES_MAX;
pub use trust::{Approver, ROTATION_KEY_SUFFIX, SignatureVerdict, TrustStore, TrustedKey};
