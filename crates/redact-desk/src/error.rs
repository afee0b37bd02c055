//! Errors of opening and running the desk.

use std::path::PathBuf;

/// Why the desk could not open or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The data folder or a file in it cannot be used.
    #[error("{path}: cannot use this file or folder", path = path.display())]
    Folder {
        /// The path.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// Another desk serves from this folder.
    #[error("{path}: another desk is using this folder", path = path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// A database error.
    #[error("the desk's database returned an error")]
    Database(#[from] sqlx::Error),
    /// The database was written by a newer program.
    #[error("the data folder has version {found}; this program supports versions up to {known}")]
    NewerData {
        /// Version found.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// The key file does not open the second factors in the database.
    #[error("{path}: this key does not open the second factors in the database; restore both from the same backup", path = path.display())]
    SecretsKey {
        /// The key.
        path: PathBuf,
    },
    /// An entry could not be written to the event log.
    #[error("cannot write to the event log; details are in the server log")]
    EventLog,
    /// Disposals that were confirmed could not be continued.
    #[error("cannot continue a disposal that was confirmed; details are in the server log")]
    Disposals,
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] redact_record::RecordError),
    /// The policy folder has no policies.
    #[error("{folder}: no policies (*.toml) in this folder", folder = folder.display())]
    NoPolicy {
        /// The folder.
        folder: PathBuf,
    },
    /// A holiday file is invalid.
    #[error("{path}: {what}", path = path.display())]
    Holidays {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is expected.
        what: String,
    },
    /// The file of a law is invalid.
    #[error("{path}: {what}", path = path.display())]
    Law {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is expected.
        what: String,
    },
    /// The agency's time zone cannot be used.
    #[error("time zone {name:?}: {what}")]
    TimeZone {
        /// The name given.
        name: String,
        /// What is wrong, and what is needed.
        what: String,
    },
    /// The agency's law is not one of the known ones.
    #[error("law {given:?}: unknown; expected one of {known}")]
    UnknownLaw {
        /// The key given.
        given: String,
        /// The known keys.
        known: String,
    },
    /// A configuration file is invalid.
    #[error("{path}: {what}", path = path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is expected.
        what: String,
    },
    /// An identity provider is configured, but the program was built without the feature.
    #[error("this program was built without single sign-on; the feature single-sign-on is needed")]
    NoSingleSignOn,
    /// The certificate or its key is invalid.
    #[error("cannot use the certificate")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address cannot be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// Listening beyond this machine requires TLS.
    #[error("{address} is reachable from other machines; this requires TLS")]
    NeedsTls {
        /// The address.
        address: std::net::SocketAddr,
    },
    /// The system returned no random bytes.
    #[error("the system returned no random bytes")]
    Random,
}
