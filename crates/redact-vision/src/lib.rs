//! Detection in pictures and sound, and camera motion.
//!
//! - [`Runtime`]: ONNX Runtime, loaded from a library file;
//! - [`Card`], [`ModelStore`], [`Model`]: the available models, with weights that match their card;
//! - [`FrameDetector`]: faces, plates and screens in single frames;
//! - [`VehicleSearch`]: plates in enlarged crops of the vehicles of a picture;
//! - [`SpeechListener`]: spans with speech;
//! - [`Recognizer`]: what is said;
//! - [`FlowMotion`]: how the camera moved from frame to frame.
//!
//! This is the only crate that loads a model runtime. It does not read the environment
//! and starts no threads but those of a recognizer's runtime; the caller decides how many detectors
//! there are and where they run.

mod audio_resample;
mod card;
mod crop;
mod detector;
mod error;
mod found;
mod head;
mod letterbox;
mod motion;
mod nms;
mod offline;
mod onnx_input_shape;
mod onnx_weights;
mod plane_scale;
mod protobuf;
mod recognizer;
mod runtime;
mod similarity;
mod speech;
mod store;
mod tiles;
mod vehicles;

pub use card::{
    Card, CardError, CardFile, CardInput, CardOutput, CardSource, Channels, FileRole, HeadKind,
    Layout, SourceOrigin, Subject, WheelPart,
};
pub use detector::{DetectorOptions, FrameDetector};
pub use error::VisionError;
pub use motion::FlowMotion;
pub use recognizer::{Recognizer, RecognizerOptions};
pub use runtime::Runtime;
pub use speech::{SpeechListener, SpeechOptions};
pub use store::{Model, ModelFiles, ModelStore};
pub use vehicles::{VehicleSearch, VehicleSearchOptions};
