//! Where the time of a decoded frame comes from.

use std::collections::VecDeque;

use ffmpeg_next::format::context::Input;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Packet, Rational};
use redact_core::{SourceError, TimeBase};

use crate::probe;

/// Frames per second of a bare stream that does not say: what FFmpeg assumes as well.
const RATE_DEFAULT: (u32, u32) = (25, 1);

/// How the frames of a container get their times.
pub(super) enum FrameTimes {
    /// Packets have presentation times, and the decoder hands them on.
    Stamped,
    /// AVI has decoding times alone: one frame comes out for each that went in, so in presentation
    /// order the frames have these times in rising order. FFmpeg's guesses are wrong for frames out
    /// of order. Here are the times of packets inside the decoder.
    Decoded(VecDeque<i64>),
    /// A bare stream has none: frames come out in presentation order, all equally long.
    Counted {
        /// Frames that came out.
        frames: i64,
        /// Frames per second, as a fraction.
        rate: (u32, u32),
        /// One tick of the stream.
        base: TimeBase,
    },
}

impl FrameTimes {
    /// For video stream `video` of `input`; `given` is the frame rate that a person gave.
    ///
    /// # Errors
    /// [`SourceError::HasTimes`] when one was given and the container has times.
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

    /// Whether presentation times of packets mean something.
    pub(super) const fn are_stamped(&self) -> bool {
        matches!(self, Self::Stamped)
    }

    /// The rate of a bare stream.
    pub(super) const fn rate(&self) -> Option<(u32, u32)> {
        match self {
            Self::Counted { rate, .. } => Some(*rate),
            Self::Stamped | Self::Decoded(_) => None,
        }
    }

    /// Ticks of one frame of a bare stream, as a fraction.
    pub(super) fn step(&self) -> Option<(i64, i64)> {
        let Self::Counted { rate, base, .. } = self else {
            return None;
        };
        let ticks = i64::from(rate.1).checked_mul(i64::from(base.den.get()))?;
        Some((ticks, i64::from(rate.0) * i64::from(base.num.get())))
    }

    /// Notes a packet that goes to the decoder.
    pub(super) fn note(&mut self, packet: &Packet) {
        if let Self::Decoded(times) = self {
            times.extend(packet.dts());
        }
    }

    /// When a frame that came out is shown, ticks.
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

    /// The decoder was emptied.
    pub(super) fn clear(&mut self) {
        if let Self::Decoded(times) = self {
            times.clear();
        }
    }
}

/// A rate that a recording may have, 1/10 to 1000 frames per second.
fn plausible(rate: Rational) -> Option<(u32, u32)> {
    let part = |number: i32| u32::try_from(number).ok().filter(|number| *number > 0);
    let (num, den) = (part(rate.numerator())?, part(rate.denominator())?);
    let within = u64::from(num) * 10 >= u64::from(den) && u64::from(num) <= u64::from(den) * 1000;
    within.then_some((num, den))
}
