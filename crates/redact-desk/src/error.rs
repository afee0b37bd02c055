//! Why the desk could not be opened or could not go on serving.

use std::path::PathBuf;

/// Why the desk could not be opened or could not go on serving.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The data folder or a file in it cannot be used.
    #[error("{path}: cannot use this file or folder", path = path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// Another desk serves from this folder.
    #[error("{path}: another desk is using this folder", path = path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// The database refused.
    #[error("the desk's database failed")]
    Database(#[from] sqlx::Error),
    /// The database is of a newer program.
    #[error("the data folder has version {found}; this program supports versions up to {known}")]
    NewerData {
        /// Version found.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// The database has second factors that the key beside it does not open.
    #[error("{path}: not the key of this database's second factors; restore the key from the same backup as the database", path = path.display())]
    SecretsKey {
        /// The key.
        path: PathBuf,
    },
    /// What is to be in the event log could not be written there.
    #[error("cannot write to the event log; details are in the server log")]
    EventLog,
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] redact_record::RecordError),
    /// There is no policy to decide with.
    #[error("{folder}: no policies (*.toml) in this folder", folder = folder.display())]
    NoPolicy {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of holidays is wrong.
    #[error("{path}: {what}", path = path.display())]
    Holidays {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The certificate or its key cannot be used.
    #[error("the certificate cannot be used")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// Listening off this machine needs TLS.
    #[error("{address} is reachable from other machines; this requires TLS")]
    NeedsTls {
        /// The address.
        address: std::net::SocketAddr,
    },
    /// The system gave no random bytes.
    #[error("the system returned no random bytes")]
    Random,
}
