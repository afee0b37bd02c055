//! Writes packets to the muxer and converts its errors.

use ffmpeg_next::format::context::Output;
use ffmpeg_next::{Packet, Rational};
use redact_core::SinkError;

use crate::ffi;

/// Writes a packet to the muxer, in the time base of its stream.
pub(super) fn write_packet(
    mut packet: Packet,
    index: usize,
    base: Rational,
    output: &mut Output,
) -> Result<(), SinkError> {
    let stream_base = output
        .stream(index)
        .map_or(base, |stream| stream.time_base());
    packet.rescale_ts(base, stream_base);
    packet.set_stream(index);
    packet.set_position(-1);
    packet.write_interleaved(output).map_err(write_error)
}

pub(super) fn rational(num: u32, den: u32) -> Rational {
    let part = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    Rational::new(part(num), part(den))
}

/// A muxer error with the operating system's description.
pub(super) fn write_error(error: ffmpeg_next::Error) -> SinkError {
    SinkError::Write {
        source: ffi::cause(error),
    }
}

pub(super) fn encode_error(
    what: impl Into<String>,
) -> impl FnOnce(ffmpeg_next::Error) -> SinkError {
    let what = what.into();
    move |error| SinkError::Encode {
        what,
        source: ffi::cause(error),
    }
}
