//! Whether a sound track is safe to copy: plain AAC without gaps or hidden data.
//!
//! Source: ISO/IEC 14496-3, 1.6.2.1 (configuration).

use ffmpeg_next::Packet;
use ffmpeg_next::format::context::Input;
use redact_bitstream::aac::Walker;
use redact_core::{AudioInfo, Digest, SourceInfo};
use sha2::{Digest as _, Sha256};

use crate::codec::{AAC_FRAME_SAMPLES, aac_samples, changes_configuration, skipped_samples};
use crate::copy_plan::SoundForm;
use crate::ffi;
use crate::sound::release_rate_hz;

/// Most samples that may be stored before the first one that is played.
/// Source: Apple, "AAC audio encoder delay" (2112).
const PRIMING_MAX: u64 = 2112;

/// What is known of a track so far.
pub(crate) struct SoundAnalysis {
    state: Result<(SoundForm, Walker), String>,
    packets: u64,
    next_pts: Option<i64>,
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
        Self {
            state: form.and_then(|form| single.map(|()| form).map_err(str::to_owned)),
            packets: 0,
            next_pts: None,
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
        let Ok((_, walker)) = &self.state else {
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
        if self.is_last || self.next_pts.is_some_and(|next| next != pts) {
            return Err("it has a gap");
        }
        // Edit lists do not count in samples, so the last packet of an edit may declare a duration
        // that is rounded up.
        let length = aac_samples(packet);
        if !(1..AAC_FRAME_SAMPLES * 2).contains(&packet.duration()) {
            return Err("its packets are not those of AAC-LC");
        }
        self.is_last = packet.duration() != AAC_FRAME_SAMPLES;
        self.next_pts = Some(pts + length);
        let (front, back) = skipped_samples(packet);
        self.hidden += u64::from(front);
        if self.hidden > PRIMING_MAX || back > 0 || front > 0 && self.packets > 3 {
            return Err("it stores sound that is not played");
        }
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
    let container = info.container.split(',').next().unwrap_or_default();
    if container != "mov" {
        return Err(format!("its container is {container}, not MP4 or MOV"));
    }
    if track.codec != "aac" {
        return Err(format!("its codec is {}, not aac", track.codec));
    }
    let stream = input
        .stream(track.stream as usize)
        .ok_or("the stream does not exist")?;
    let config = ffi::extradata(&stream);
    let base = stream.time_base();
    let same_clock = base.numerator() == 1
        && u32::try_from(base.denominator()).is_ok_and(|den| den == track.rate_hz);
    if !same_clock || release_rate_hz(track.rate_hz) != track.rate_hz {
        return Err("its time base does not count samples".to_owned());
    }
    let walker = check_config(&config, track)?;
    let form = SoundForm {
        config,
        rate_hz: track.rate_hz,
        channels: track.channels,
        digest: Digest([0; 32]),
    };
    Ok((form, walker))
}

/// The configuration must declare AAC-LC at the track's rate and channels, and nothing more.
fn check_config(config: &[u8], track: &AudioInfo) -> Result<Walker, String> {
    let odd = || "its configuration is not plain AAC-LC".to_owned();
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
