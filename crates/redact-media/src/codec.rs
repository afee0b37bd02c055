//! Codec return codes and packet side data.

use ffmpeg_next::codec::packet::side_data;
use ffmpeg_next::{Error, Packet};

use crate::ffi;

/// Samples of one packet of AAC-LC.
pub(crate) const AAC_FRAME_SAMPLES: i64 = 1024;

/// What is around the sound in the packets of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SoundFraming {
    /// Nothing, and their durations count samples: MP4, MOV.
    Samples,
    /// Nothing.
    Raw,
    /// A header before each packet, which is removed (ADTS).
    Adts,
}

/// Whether a codec needs input before it returns more (`EAGAIN`), or has ended.
pub(crate) fn needs_input(error: Error) -> bool {
    error == Error::Eof
        || error
            == (Error::Other {
                errno: ffmpeg_next::ffi::EAGAIN,
            })
}

/// Whether a packet carries a new decoder configuration.
pub(crate) fn changes_configuration(packet: &Packet) -> bool {
    packet.side_data().any(|data| {
        matches!(
            data.kind(),
            side_data::Type::NewExtraData | side_data::Type::ParamChange
        )
    })
}

/// Samples of a packet: the container's duration, at most one AAC frame.
pub(crate) fn aac_samples(packet: &Packet) -> i64 {
    packet.duration().min(AAC_FRAME_SAMPLES)
}

/// Samples of a packet of AAC-LC up to where playback ends: only in MP4 do durations count samples.
pub(crate) fn coded_samples(packet: &Packet, framing: SoundFraming) -> i64 {
    match framing {
        SoundFraming::Samples => aac_samples(packet),
        SoundFraming::Raw | SoundFraming::Adts => {
            let (_, back) = skipped_samples(packet);
            AAC_FRAME_SAMPLES.saturating_sub(i64::from(back))
        }
    }
}

/// Samples at the start and the end of a packet that are not played; all of them in a packet that
/// the container marks as discarded (encoder priming).
/// Source: FFmpeg `libavcodec/packet.h`, `AV_PKT_DATA_SKIP_SAMPLES`: two little-endian
/// numbers.
pub(crate) fn skipped_samples(packet: &Packet) -> (u32, u32) {
    if ffi::is_discarded(packet) {
        return (u32::try_from(packet.duration()).unwrap_or(u32::MAX), 0);
    }
    let found = packet
        .side_data()
        .find(|data| data.kind() == side_data::Type::SkipSamples);
    let word = |bytes: &[u8], at: usize| {
        let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
        word.map_or(0, u32::from_le_bytes)
    };
    found.map_or((0, 0), |data| (word(data.data(), 0), word(data.data(), 4)))
}
