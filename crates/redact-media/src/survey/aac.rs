//! Whether a sound track can be copied: plain AAC without a gap, and nothing beside it that shows.
//!
//! Source: ISO/IEC 14496-3, 1.6.2.1 (configuration), 4.4.2.1 and table 4.71 (elements).

use ffmpeg_next::Packet;
use ffmpeg_next::codec::packet::side_data;
use ffmpeg_next::format::context::Input;
use redact_core::{AudioInfo, Digest, SourceInfo};
use sha2::{Digest as _, Sha256};

use crate::ffi;
use crate::sink::release_rate_hz;

/// Samples of one packet of AAC-LC.
const FRAME_SAMPLES: i64 = 1024;

/// Samples that may be stored before the first that is heard.
/// Source: Apple, "AAC audio encoder delay" (2112).
const PRIMING_MAX: u64 = 2112;

/// Sampling rates by index. Source: ISO/IEC 14496-3, table 1.18.
const RATES_HZ: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    7350,
];

/// How a track that is copied is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SoundForm {
    /// The decoder's configuration.
    pub(crate) config: Vec<u8>,
    pub(crate) rate_hz: u32,
    pub(crate) channels: u16,
    /// SHA-256 over the packets, each behind its length in four bytes.
    pub(crate) digest: Digest,
}

/// What is known of a track so far.
pub(super) struct SoundSurvey {
    state: Result<SoundForm, String>,
    packets: u64,
    next_pts: Option<i64>,
    /// Packets shorter than a frame: only the last may be.
    short: bool,
    hidden: u64,
    hash: Sha256,
}

impl SoundSurvey {
    pub(super) fn new(info: &SourceInfo, track: &AudioInfo, input: &Input) -> Self {
        Self {
            state: form(info, track, input),
            packets: 0,
            next_pts: None,
            short: false,
            hidden: 0,
            hash: Sha256::new(),
        }
    }

    pub(super) fn take(&mut self, packet: &Packet) {
        if self.state.is_ok()
            && let Err(why) = self.look(packet)
        {
            self.state = Err(why.to_owned());
        }
    }

    fn look(&mut self, packet: &Packet) -> Result<(), &'static str> {
        let data = packet.data().ok_or("it has an empty packet")?;
        if packet.is_corrupt() {
            return Err("a packet of it is marked as damaged");
        }
        let pts = packet.pts().ok_or("a packet of it has no time")?;
        if self.short || self.next_pts.is_some_and(|next| next != pts) {
            return Err("it has a gap");
        }
        let length = packet.duration();
        if !(1..=FRAME_SAMPLES).contains(&length) {
            return Err("its packets are not those of AAC-LC");
        }
        self.short = length < FRAME_SAMPLES;
        self.next_pts = Some(pts + length);
        let (front, back) = skipped(packet);
        self.hidden += u64::from(front);
        if self.hidden > PRIMING_MAX || back > 0 || front > 0 && self.packets > 3 {
            return Err("it stores sound that is not heard");
        }
        let element = data.first().map_or(7, |byte| byte >> 5);
        // A single channel or a pair comes first; an encoder may name itself in the first packet.
        let plain = element < 2 || self.packets == 0 && is_encoder_name(data);
        if !plain {
            return Err("its packets begin with data that are no sound");
        }
        self.packets += 1;
        let length = u32::try_from(data.len()).map_err(|_| "it has an endless packet")?;
        self.hash.update(length.to_be_bytes());
        self.hash.update(data);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<SoundForm, String> {
        if self.packets == 0 {
            self.state?;
            return Err("it has no sound".to_owned());
        }
        let digest = Digest(self.hash.finalize().into());
        self.state.map(|form| SoundForm { digest, ..form })
    }
}

/// How a track is coded, if as a release may have it.
fn form(info: &SourceInfo, track: &AudioInfo, input: &Input) -> Result<SoundForm, String> {
    let container = info.container.split(',').next().unwrap_or_default();
    if container != "mov" {
        return Err(format!("its container is {container}, not MP4 or MOV"));
    }
    if track.codec != "aac" {
        return Err(format!("its codec is {}, not aac", track.codec));
    }
    let stream = input
        .stream(track.stream as usize)
        .ok_or("it is not there")?;
    let config = ffi::extradata(&stream);
    let base = stream.time_base();
    let same_clock = base.numerator() == 1
        && u32::try_from(base.denominator()).is_ok_and(|den| den == track.rate_hz);
    if !same_clock || release_rate_hz(track.rate_hz) != track.rate_hz {
        return Err("its clock does not count its samples".to_owned());
    }
    check_config(&config, track)?;
    Ok(SoundForm {
        config,
        rate_hz: track.rate_hz,
        channels: track.channels,
        digest: Digest([0; 32]),
    })
}

/// The configuration must say AAC-LC at the track's rate and channels, and nothing more.
fn check_config(config: &[u8], track: &AudioInfo) -> Result<(), String> {
    let odd = Err("its configuration is not that of plain AAC-LC".to_owned());
    // FFmpeg says behind it that there is no second layer: sync word 0x2b7, type 5, flag 0.
    let known_end = matches!(config.len(), 2)
        || config.len() == 5 && config[2..4] == [0x56, 0xe5] && config[4] == 0;
    if !known_end {
        return odd;
    }
    let word = u16::from_be_bytes([config[0], config[1]]);
    let (kind, rate, channels) = (word >> 11, word >> 7 & 15, word >> 3 & 15);
    // Frames of 1024, no core coder, no extension.
    let plain = kind == 2 && word & 7 == 0;
    let same_rate = RATES_HZ.get(usize::from(rate)) == Some(&track.rate_hz);
    let layout = if channels == 7 { 8 } else { channels };
    if plain && same_rate && layout == track.channels && layout > 0 {
        Ok(())
    } else {
        odd
    }
}

/// Samples at the front and the back of a packet that are not to be heard: all of one that the
/// container marks so, which is what an encoder needs to run in.
/// Source: FFmpeg `libavcodec/packet.h`, `AV_PKT_DATA_SKIP_SAMPLES`: two numbers, low byte first.
pub(crate) fn skipped(packet: &Packet) -> (u32, u32) {
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

/// Whether a packet begins with the fill element in which FFmpeg's encoder names itself.
/// Source: FFmpeg `libavcodec/aacenc.c`, `put_bitstream_info`.
fn is_encoder_name(data: &[u8]) -> bool {
    let Some(&[first, second]) = data.get(..2) else {
        return false;
    };
    if first >> 5 != 6 {
        return false;
    }
    // Four bits count the bytes; 15 says that a byte follows, which counts on from 14.
    let count = usize::from(first >> 1 & 15);
    let (count, start) = if count == 15 {
        let more = first << 7 | second >> 1;
        (14 + usize::from(more), 3)
    } else {
        (count, 2)
    };
    let name = count
        .checked_sub(2)
        .and_then(|length| data.get(start..start + length));
    name.and_then(|name| name.strip_prefix(b"Lavc"))
        .is_some_and(|version| {
            version.len() <= 12 && version.iter().all(|c| c.is_ascii_digit() || *c == b'.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(rate_hz: u32, channels: u16) -> AudioInfo {
        AudioInfo {
            stream: 1,
            codec: "aac".to_owned(),
            rate_hz,
            channels,
        }
    }

    #[test]
    fn only_the_configuration_of_plain_aac_is_copied() {
        assert!(check_config(&[0x12, 0x10], &track(44_100, 2)).is_ok());
        assert!(check_config(&[0x12, 0x08, 0x56, 0xe5, 0], &track(44_100, 1)).is_ok());
        assert!(check_config(&[0x12, 0x10], &track(48_000, 2)).is_err());
        // A second layer, data behind the configuration, another kind.
        assert!(check_config(&[0x12, 0x08, 0x56, 0xe5, 0x80], &track(44_100, 1)).is_err());
        assert!(check_config(&[0x12, 0x10, 1, 2, 3, 4], &track(44_100, 2)).is_err());
        assert!(check_config(&[0x2b, 0x92, 8, 0, 0], &track(44_100, 2)).is_err());
    }

    #[test]
    fn an_encoder_may_name_itself_and_nothing_else_may_come_first() {
        // FIL, 15, 1 more, type 0: as FFmpeg writes it.
        let named = |name: &[u8]| [&[0xde, 0x02, 0x00][..], name, &[0; 8]].concat();
        assert!(is_encoder_name(&named(b"Lavc59.37.100")));
        assert!(!is_encoder_name(&named(b"Ada Okafor, 7")));
        assert!(!is_encoder_name(&[0x80, 0x10, b'L', b'a', b'v', b'c']));
        assert!(!is_encoder_name(&[0xde]));
    }
}
