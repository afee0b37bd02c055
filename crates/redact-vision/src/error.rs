//! Why a model or its runtime cannot be used.

use redact_core::{BoxError, Digest};

use crate::CardError;

/// Why a model or its runtime cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisionError {
    /// The library of ONNX Runtime is missing, is another library, or is too old.
    #[error("cannot load ONNX Runtime (1.21 or newer)")]
    Runtime {
        /// The loader's own words.
        #[source]
        source: BoxError,
    },
    /// The library could open a network connection. It was not loaded.
    #[error(
        "the ONNX Runtime library was not loaded, because it can open network connections: \
         {found}; a build without telemetry is needed (scripts/onnxruntime installs one)"
    )]
    NetworkedRuntime {
        /// What was found in the library's file.
        found: String,
    },
    /// A card is not good.
    #[error(transparent)]
    Card(#[from] CardError),
    /// No card has that name.
    #[error("no model {name:?} (there are: {known})")]
    UnknownModel {
        /// The name asked for.
        name: String,
        /// Names of all cards.
        known: String,
    },
    /// The card is there and its weights are not.
    #[error("model {model:?} is not installed: no file {file:?}")]
    NotInstalled {
        /// Name of the card.
        model: String,
        /// The weights' file name.
        file: String,
    },
    /// The weights cannot be read.
    #[error("cannot read the weights of model {model:?}")]
    ReadWeights {
        /// Name of the card.
        model: String,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// The weights are not those that the card names.
    #[error("weights of model {model:?} have SHA-256 {found}, expected {}", join(.expected))]
    WrongDigest {
        /// Name of the card.
        model: String,
        /// Digest of the file.
        found: Digest,
        /// Digests that the card allows.
        expected: Vec<Digest>,
    },
    /// The weights are what the card names, and the runtime cannot use them.
    #[error("cannot use the weights of model {model:?}")]
    Weights {
        /// Name of the card.
        model: String,
        /// What is wrong with them.
        #[source]
        source: BoxError,
    },
    /// The model cannot do what it was asked to do.
    #[error("model {model:?}: {what}")]
    Unsuitable {
        /// Name of the card.
        model: String,
        /// What was asked for and what would be right.
        what: String,
    },
    /// OpenCV failed.
    #[error("OpenCV failed")]
    OpenCv {
        /// Its own words.
        #[source]
        source: BoxError,
    },
}

fn join(digests: &[Digest]) -> String {
    let texts: Vec<String> = digests.iter().map(ToString::to_string).collect();
    texts.join(" or ")
}
