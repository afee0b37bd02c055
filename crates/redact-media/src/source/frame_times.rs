//! Where a decoded frame gets its time from.

use std::collections::VecDeque;

use ffmpeg_next::format::context::Input;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Packet, Rational};
use redact_core::{SourceError, TimeBase};

use crate::probe;

/// Frame rate of a bare stream that declares none; FFmpeg assumes the same.
const RATE_DEFAULT: (u32, u32) = (25, 1);

/// How the frames of a container get their times.
pub(super) enum FrameTimes {
    /// From the packets' presentation times, through the decoder.
    Stamped,
    /// AVI has decoding times only. The decoder returns one frame per packet, so frames in
    /// presentation order take these times in ascending order; FFmpeg guesses wrong for reordered
    /// frames. Holds the times of packets inside the decoder.
    Decoded(VecDeque<i64>),
    /// A bare stream has no times: frames come in presentation order, all equally long.
    Counted {
        /// Frames decoded so far.
        frames: i64,
        /// Frames per second, as a fraction.
        rate: (u32, u32),
        /// One tick of the stream.
        base: TimeBase,
    },
}

impl FrameTimes {
    /// For video stream `video` of `input`; `given` is the frame rate that the operator gave.
    ///
    /// # Errors
    /// [`SourceError::HasTimes`] when a rate was given and the container has times.
    pub(super) fn new(
        input: &Input,
        (video, base): (usize, TimeBase),
        given: Option<(u32, u32)>,
    ) -> Result<Self, SourceError> {
        let container = input.format().name().to_owned();
        if !probe::is_bare(input) {
            return match given {
                Some(_) => Err(SourceError::HasTimes { container }),
                None if container == "avi" => Ok(Self::Decoded(VecDeque::new())),
                None => Ok(Self::Stamped),
            };
        }
        let said = input.stream(video).map(|stream| stream.avg_frame_rate());
        let rate = given.or(said.and_then(plausible)).unwrap_or(RATE_DEFAULT);
        let frames = 0;
        Ok(Self::Counted { frames, rate, base })
    }

    /// Whether the packets have presentation times.
    pub(super) const fn are_stamped(&self) -> bool {
        matches!(self, Self::Stamped)
    }

    /// The frame rate of a bare stream.
    pub(super) const fn rate(&self) -> Option<(u32, u32)> {
        match self {
            Self::Counted { rate, .. } => Some(*rate),
            Self::Stamped | Self::Decoded(_) => None,
        }
    }

    /// Ticks per frame of a bare stream, as a fraction.
    pub(super) fn step(&self) -> Option<(i64, i64)> {
        let Self::Counted { rate, base, .. } = self else {
            return None;
        };
        let ticks = i64::from(rate.1).checked_mul(i64::from(base.den.get()))?;
        Some((ticks, i64::from(rate.0) * i64::from(base.num.get())))
    }

    /// Records a packet that is sent to the decoder.
    pub(super) fn note(&mut self, packet: &Packet) {
        if let Self::Decoded(times) = self {
            times.extend(packet.dts());
        }
    }

    /// When a decoded frame is shown, ticks.
    pub(super) fn of(&mut self, frame: &Video) -> Option<i64> {
        let step = self.step();
        match self {
            Self::Stamped => frame.timestamp(),
            Self::Decoded(times) => times.pop_front().or_else(|| frame.timestamp()),
            Self::Counted { frames, .. } => {
                let (num, den) = step?;
                let at = i128::from(*frames) * i128::from(num) / i128::from(den.max(1));
                *frames += 1;
                i64::try_from(at).ok()
            }
        }
    }

    /// Forgets the packets in the decoder, after it was emptied.
    pub(super) fn clear(&mut self) {
        if let Self::Decoded(times) = self {
            times.clear();
        }
    }
}

/// The rate if a recording may have it: 1/10 to 1000 frames per second.
fn plausible(rate: Rational) -> Option<(u32, u32)> {
    let part = |number: i32| u32::try_from(number).ok().filter(|number| *number > 0);
    let (num, den) = (part(rate.numerator())?, part(rate.denominator())?);
    let within = u64::from(num) * 10 >= u64::from(den) && u64::from(num) <= u64::from(den) * 1000;
    within.then_some((num, den))
}
