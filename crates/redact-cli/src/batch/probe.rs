//! What a recording declares of itself, read in the confined process: for estimates.

use std::path::PathBuf;

use anyhow::Result;
use redact_core::{Source as _, VideoInfo};
use redact_jail::JailError;
use redact_media::{FileSource, OpenOptions};
use redact_release::options::InputOptions;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A recording to open, for the confined process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProbeWork {
    pub(super) clip: PathBuf,
    pub(super) input: InputOptions,
}

/// What it declares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Probed {
    /// Duration, if the container declares it.
    pub(super) seconds: Option<f64>,
    /// Columns and rows of the picture.
    pub(super) size: (u32, u32),
    /// FFmpeg's name for the codec of the pictures.
    pub(super) codec: String,
}

impl ProbeWork {
    /// Gives up every right but to read the recording, and decodes it up to its first frame.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn run(self, seal: impl FnOnce() -> Result<(), JailError>) -> Result<Value> {
        seal()?;
        let options = OpenOptions {
            audio: true,
            threads: 1,
            damaged: self.input.damaged,
            require_sound: !self.input.accept_lost_sound,
            settings: self.input.settings,
        };
        // Errors have no path: the batch names the recording.
        let source = FileSource::open(&self.clip, &options)?;
        redact_media::check_sound(source.info())?;
        let video = &source.info().video;
        Ok(serde_json::to_value(Probed {
            seconds: duration(video),
            size: (video.size.width(), video.size.height()),
            codec: video.codec.clone(),
        })?)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds and frames of a recording"
)]
fn duration(video: &VideoInfo) -> Option<f64> {
    let declared = video.duration_hint_nanos.filter(|&nanos| nanos > 0);
    let counted = || {
        let (num, den) = video.frame_rate.filter(|&(num, _)| num > 0)?;
        Some(video.frames_hint? as f64 * f64::from(den) / f64::from(num))
    };
    declared.map(|nanos| nanos as f64 / 1e9).or_else(counted)
}
