//! Why a release or a package cannot be checked.

use redact_bitstream::mp4::coded_tracks::CodedTracksError;
use redact_check::package::ContainerError;
use redact_record::RecordError;

/// Why a release cannot be checked. What is found wrong is in the verdict.
#[derive(Debug, thiserror::Error)]
pub enum CheckerError {
    /// A file with a key cannot be used.
    #[error("cannot use the keys")]
    Keys(#[source] RecordError),
    /// The release cannot be read.
    #[error("cannot read the release")]
    Release(#[source] RecordError),
    /// The release cannot be sought in.
    #[error("cannot read the release")]
    Read(#[from] std::io::Error),
    /// The tracks of the release cannot be listed.
    #[error("cannot list the pictures and the sound of the release")]
    Tracks(#[from] CodedTracksError),
    /// A mask or mute of the manifest cannot be placed.
    #[error("cannot place the masks and mutes of the manifest")]
    Redactions(#[source] RecordError),
    /// Something was asked for before the release was checked.
    #[error("no manifest was checked yet")]
    NotChecked,
    /// A file of the package cannot be read.
    #[error("cannot read the package")]
    Package(#[from] RecordError),
    /// The package cannot be opened.
    #[error("cannot open the package")]
    Container(#[from] ContainerError),
    /// The package is encrypted.
    #[error(
        "the package is encrypted: decrypt it first, with the passphrase or the key that the \
         agency arranged with you and the program age (https://age-encryption.org), for example \
         `age --decrypt --output case-17.zip case-17.zip.age`; then drop the decrypted file"
    )]
    Encrypted,
}
