//! Whether a sound track is safe to copy: plain AAC without gaps or hidden data.
//!
//! Source: ISO/IEC 14496-3, 1.6.2.1 (configuration).

use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Packet, Rational};
use redact_bitstream::aac::{Walker, adts};
use redact_core::{AudioInfo, Digest, SourceInfo, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::codec::{
    AAC_FRAME_SAMPLES, SoundFraming, changes_configuration, coded_samples, skipped_samples,
};
use crate::copy_plan::SoundForm;
use crate::decoders::time_base_of;
use crate::ffi;
use crate::packet_times::{PacketTimes, is_mov};
use crate::sound::{Track, release_rate_hz};

/// Most samples that may be stored before the first one that is played.
/// Source: Apple, "AAC audio encoder delay" (2112).
const PRIMING_MAX: u64 = 2112;

/// Sample rates by their index in a configuration. Source: ISO/IEC 14496-3, table 1.18.
const RATES_HZ: [u32; 12] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
];

/// The zero that packets are counted from: only their distance matters.
const ZERO: Timestamp = Timestamp::new(0);

/// Why a track is not copied of which the configuration is another one.
const NOT_PLAIN: &str = "its configuration is not plain AAC-LC";

/// Why a track is not copied whose packets do not have the headers of ADTS.
const NOT_ADTS: &str = "its packets are not single AAC-LC packets in ADTS";

/// What is known of a track so far.
pub(crate) struct SoundAnalysis {
    state: Result<(SoundForm, Walker), String>,
    packets: u64,
    /// Where the next packet begins.
    times: Track,
    /// Whether a packet shorter than a frame was read; only the last may be.
    is_last: bool,
    hidden: u64,
    hash: Sha256,
}

impl SoundAnalysis {
    /// `single` says whether every sound track of the file has one sample description.
    pub(crate) fn new(
        info: &SourceInfo,
        track: &AudioInfo,
        input: &Input,
        single: Result<(), &'static str>,
    ) -> Self {
        let form = form(info, track, input);
        let stream = input.stream(track.stream as usize);
        let base = time_base_of(stream.map_or(Rational::new(0, 1), |s| s.time_base()));
        Self {
            state: form.and_then(|form| single.map(|()| form).map_err(str::to_owned)),
            packets: 0,
            times: Track::new(0, base, track.rate_hz, track.channels),
            is_last: false,
            hidden: 0,
            hash: Sha256::new(),
        }
    }

    pub(crate) fn take(&mut self, packet: &Packet) {
        if let Err(why) = self.check(packet) {
            self.state = Err(why.to_owned());
        }
    }

    fn check(&mut self, packet: &Packet) -> Result<(), &'static str> {
        let Ok((form, walker)) = &mut self.state else {
            return Ok(());
        };
        let data = packet.data().ok_or("it has an empty packet")?;
        if packet.is_corrupt() {
            return Err("a packet is marked as corrupt");
        }
        if changes_configuration(packet) {
            return Err("its decoder configuration changes");
        }
        let pts = packet.pts().ok_or("a packet has no time")?;
        let length = coded_samples(packet, form.framing);
        let is_whole = match form.framing {
            // Edit lists do not count in samples, so the last packet of an edit may declare a
            // duration that is rounded up.
            SoundFraming::Samples => {
                if !(1..AAC_FRAME_SAMPLES * 2).contains(&packet.duration()) {
                    return Err("its packets are not those of AAC-LC");
                }
                packet.duration() == AAC_FRAME_SAMPLES
            }
            SoundFraming::Raw | SoundFraming::Adts => length == AAC_FRAME_SAMPLES,
        };
        let expected = self.times.expected();
        let base = self.times.time_base();
        let start = self
            .times
            .place_packet(Timestamp::new(pts), length, ZERO, base);
        let start = start.ok_or("a packet has no time")?;
        let is_exact = form.framing != SoundFraming::Samples || start == pts;
        if self.is_last || expected.is_some_and(|next| next != start) || !is_exact {
            return Err("it has a gap");
        }
        self.is_last = !is_whole;
        let (front, back) = skipped_samples(packet);
        let is_cut = back > 0 && (form.framing == SoundFraming::Samples || length < 1);
        self.hidden += u64::from(front);
        if self.hidden > PRIMING_MAX || is_cut || front > 0 && self.packets > 3 {
            return Err("it stores sound that is not played");
        }
        let data = match form.framing {
            SoundFraming::Samples | SoundFraming::Raw => data,
            SoundFraming::Adts => {
                let frame = adts::read(data).map_err(|_| NOT_ADTS)?;
                if frame.config != form.config[..] {
                    return Err("its decoder configuration changes");
                }
                frame.block
            }
        };
        // The leak scan parses the finished release the same way and would reject it.
        if walker.walk(data, self.packets == 0).is_err() {
            return Err("its packets hold data other than sound");
        }
        self.packets += 1;
        let length = u32::try_from(data.len()).map_err(|_| "it has an oversized packet")?;
        self.hash.update(length.to_be_bytes());
        self.hash.update(data);
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<SoundForm, String> {
        if self.packets == 0 {
            self.state?;
            return Err("it has no sound".to_owned());
        }
        let digest = Digest(self.hash.finalize().into());
        self.state.map(|(form, _)| SoundForm { digest, ..form })
    }
}

/// How a track is coded, if a release may have it.
fn form(
    info: &SourceInfo,
    track: &AudioInfo,
    input: &Input,
) -> Result<(SoundForm, Walker), String> {
    if PacketTimes::of(&info.container).is_none() {
        let name = info.container.split(',').next().unwrap_or_default();
        return Err(format!(
            "its container is {name}; stream copy needs MP4, MOV, Matroska, MPEG-TS or AVI"
        ));
    }
    if track.codec != "aac" {
        return Err(why_not_copied(&track.codec));
    }
    let stream = input
        .stream(track.stream as usize)
        .ok_or("the stream does not exist")?;
    let stored = ffi::extradata(&stream);
    let is_mov = is_mov(&info.container);
    let framing = match (is_mov, stored.is_empty()) {
        (true, _) => SoundFraming::Samples,
        (false, false) => SoundFraming::Raw,
        (false, true) => SoundFraming::Adts,
    };
    let base = stream.time_base();
    let same_clock = base.numerator() == 1
        && u32::try_from(base.denominator()).is_ok_and(|den| den == track.rate_hz);
    if is_mov && !same_clock || release_rate_hz(track.rate_hz) != track.rate_hz {
        return Err("its time base does not count samples".to_owned());
    }
    let config = match framing {
        SoundFraming::Samples | SoundFraming::Raw => stored,
        SoundFraming::Adts => config_of(track).ok_or(NOT_PLAIN)?.to_vec(),
    };
    let walker = check_config(&config, track)?;
    let form = SoundForm {
        config,
        rate_hz: track.rate_hz,
        channels: track.channels,
        framing,
        digest: Digest([0; 32]),
    };
    Ok((form, walker))
}

/// Why sound of another codec than AAC is not copied.
fn why_not_copied(codec: &str) -> String {
    let why = match codec {
        "mp3" | "mp2" => "its frames have room for data that no player reads",
        "opus" | "vorbis" => "its packets may hold data after the sound",
        _ if codec.starts_with("pcm_") => "no browser plays it in MP4",
        _ => return format!("its codec is {codec}, not aac"),
    };
    format!("its codec is {codec}, not aac: {why}")
}

/// The configuration of AAC-LC at the track's rate and channels.
fn config_of(track: &AudioInfo) -> Option<[u8; 2]> {
    let rate = RATES_HZ.iter().position(|rate| *rate == track.rate_hz)?;
    let channels = match track.channels {
        8 => 7,
        other => other,
    };
    let config = 2 << 11 | u16::try_from(rate).ok()? << 7 | channels << 3;
    Some(config.to_be_bytes())
}

/// The configuration must declare AAC-LC at the track's rate and channels, and nothing more.
fn check_config(config: &[u8], track: &AudioInfo) -> Result<Walker, String> {
    let odd = || NOT_PLAIN.to_owned();
    let (walker, rate_hz) = Walker::new(config).ok_or_else(odd)?;
    if rate_hz == track.rate_hz && walker.channels() == track.channels {
        Ok(walker)
    } else {
        Err(odd())
    }
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
        // An extension layer, trailing data, another object type.
        assert!(check_config(&[0x12, 0x08, 0x56, 0xe5, 0x80], &track(44_100, 1)).is_err());
        assert!(check_config(&[0x12, 0x10, 1, 2, 3, 4], &track(44_100, 2)).is_err());
        assert!(check_config(&[0x2b, 0x92, 8, 0, 0], &track(44_100, 2)).is_err());
    }
}
