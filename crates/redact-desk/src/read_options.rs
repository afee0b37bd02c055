//! How a recording is read if its file does not say so or is damaged.

use redact_core::SourceSettings;
use serde::{Deserialize, Serialize};

use crate::api_error::{ApiError, ApiResult};

/// Frames per second, as a fraction: at least 1/10 and at most 1000.
type FrameRate = (u32, u32);

/// The largest numerator or denominator of a frame rate.
const RATE_PART_MAX: u32 = 1 << 24;

/// How a recording is read. By default it is read as the file says, and damage is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// The video stream to read, by its index in the file; `None` takes the default stream.
    pub video_stream: Option<u32>,
    /// Clockwise turn of the picture in degrees: 0, 90, 180 or 270.
    pub turn_degrees: u16,
    /// Frames per second of a bare video stream, as a fraction.
    pub frame_rate: Option<FrameRate>,
    /// Whether damaged parts are hidden and silenced; otherwise damage is an error.
    pub mask_damage: bool,
}

impl ReadOptions {
    /// The settings for the media reader.
    #[must_use]
    pub const fn settings(&self) -> SourceSettings {
        SourceSettings {
            video_stream: self.video_stream,
            turn_degrees: self.turn_degrees,
            frame_rate: self.frame_rate,
        }
    }

    /// Whether nothing is set.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses values that no recording can be read with.
    ///
    /// # Errors
    /// 400 with the field.
    pub(crate) fn check(&self) -> ApiResult<()> {
        if !matches!(self.turn_degrees, 0 | 90 | 180 | 270) {
            let expected = "Expected 0, 90, 180 or 270 degrees.";
            return Err(ApiError::field("options.turn_degrees", expected));
        }
        if self.frame_rate.is_some_and(|rate| !is_frame_rate(rate)) {
            let expected = "Expected 0.1 to 1000 frames per second.";
            return Err(ApiError::field("options.frame_rate", expected));
        }
        Ok(())
    }

    /// The options that are set, as names and values for the event log.
    pub(crate) fn labels(&self) -> Vec<(&'static str, String)> {
        let mut labels = Vec::new();
        if let Some(stream) = self.video_stream {
            labels.push(("video-stream", stream.to_string()));
        }
        if self.turn_degrees != 0 {
            labels.push(("turn", self.turn_degrees.to_string()));
        }
        if let Some((num, den)) = self.frame_rate {
            // The log takes no slashes.
            labels.push(("frame-rate", format!("{num}-{den}")));
        }
        if self.mask_damage {
            labels.push(("damaged", "mask".to_owned()));
        }
        labels
    }
}

fn is_frame_rate((num, den): FrameRate) -> bool {
    let (wide_num, wide_den) = (u64::from(num), u64::from(den));
    let parts = den > 0 && num.max(den) < RATE_PART_MAX;
    parts && wide_num * 10 >= wide_den && wide_num <= wide_den * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_no_recording_can_be_read_with_are_refused() {
        let with_rate = |rate| ReadOptions {
            frame_rate: Some(rate),
            ..ReadOptions::default()
        };
        for rate in [(25, 1), (30_000, 1001), (1, 10), (1000, 1)] {
            assert!(with_rate(rate).check().is_ok(), "{rate:?}");
        }
        for rate in [(0, 1), (25, 0), (1, 11), (1001, 1), (u32::MAX, u32::MAX)] {
            assert!(with_rate(rate).check().is_err(), "{rate:?}");
        }
        let turned = |turn_degrees| ReadOptions {
            turn_degrees,
            ..ReadOptions::default()
        };
        assert!(turned(270).check().is_ok());
        assert!(turned(45).check().is_err());
    }
}
