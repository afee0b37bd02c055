//! Detection in pictures and sound, and camera motion.
//!
//! - [`Runtime`]: ONNX Runtime, loaded from a library file;
//! - [`Card`], [`ModelStore`], [`Model`]: the available models, with weights that match their card;
//! - [`FrameDetector`]: faces, plates and screens in single frames;
//! - [`VehicleSearch`]: plates in enlarged crops of the vehicles of a picture;
//! - [`SpeechListener`]: spans with speech;
//! - [`FlowMotion`]: how the camera moved from frame to frame.
//!
//! This is the only crate that links a model runtime or OpenCV. It starts no threads and does not
//! read the environment; the caller decides how many detectors there are and where they run.

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
mod plane_scale;
mod runtime;
mod similarity;
mod speech;
mod store;
mod tiles;
mod vehicles;

pub use card::{
    Card, CardError, CardInput, CardOutput, CardSource, Channels, HeadKind, Layout, SourceOrigin,
    Subject,
};
pub use detector::{DetectorOptions, FrameDetector};
pub use error::VisionError;
pub use motion::FlowMotion;
pub use runtime::Runtime;
pub use speech::{SpeechListener, SpeechOptions};
pub use store::{Model, ModelStore};
pub use vehicles::{VehicleSearch, VehicleSearchOptions};
