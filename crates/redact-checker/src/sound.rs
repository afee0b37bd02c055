//! Where sound lies on the recording's clock.

use redact_bitstream::mp4::coded_tracks::{CodedTrack, TrackCoding};
use redact_core::AudioBlock;

/// Samples that a browser decoded of one track.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedSound {
    /// Index of the track in its file.
    pub track: usize,
    /// Samples per channel that were decoded of the track before these.
    pub before: i64,
    /// Channels, at least 1.
    pub channels: u16,
    /// Interleaved.
    pub samples: Vec<f32>,
}

/// The part of `sound` that is presented, counted from the first picture; `None` if there is none,
/// or if its track is not a sound track.
#[must_use]
pub fn place_sound(tracks: &[CodedTrack], sound: DecodedSound) -> Option<AudioBlock> {
    let track = tracks.get(sound.track)?;
    let TrackCoding::Aac { rate_hz, .. } = track.coding else {
        return None;
    };
    let on_track = |ticks: i64| rescaled(ticks, track.ticks_per_second, rate_hz);
    let start = on_track(track.samples.first()?.shown_at).saturating_add(sound.before);
    let width = usize::from(sound.channels.max(1));
    let count = sound.samples.len() / width;
    // As a player leaves out what the encoder needed to run in.
    let behind = |ticks: i64| usize::try_from(on_track(ticks).saturating_sub(start)).unwrap_or(0);
    let (first, end) = (
        behind(track.shown.start),
        behind(track.shown.end).min(count),
    );
    let samples = sound.samples.get(first * width..end * width)?;
    if samples.is_empty() {
        return None;
    }
    let is_sound = |track: &&CodedTrack| matches!(track.coding, TrackCoding::Aac { .. });
    let skipped = i64::try_from(first).ok()?;
    Some(AudioBlock {
        stream: tracks[..sound.track].iter().filter(is_sound).count(),
        start: start
            .saturating_add(skipped)
            .saturating_sub(zero(tracks, rate_hz)),
        rate_hz,
        channels: sound.channels,
        samples: samples.to_vec(),
    })
}

/// When the first picture is shown, in samples of `rate_hz` from the start of the movie.
fn zero(tracks: &[CodedTrack], rate_hz: u32) -> i64 {
    let is_picture = |track: &&CodedTrack| matches!(track.coding, TrackCoding::Avc { .. });
    let pictures = tracks.iter().find(is_picture);
    let first = pictures.and_then(|pictures| {
        let first = pictures.samples.iter().map(|s| s.shown_at).min()?;
        Some(rescaled(first, pictures.ticks_per_second, rate_hz))
    });
    first.unwrap_or(0)
}

/// `ticks` of `from` a second in those of `to` a second, rounded down.
fn rescaled(ticks: i64, from: u32, to: u32) -> i64 {
    let scaled = (i128::from(ticks) * i128::from(to)).div_euclid(i128::from(from.max(1)));
    i64::try_from(scaled).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use redact_bitstream::mp4::coded_tracks::CodedSample;

    use super::*;

    fn track(coding: TrackCoding, scale: u32, times: &[i64], shown: Range<i64>) -> CodedTrack {
        let sample = |&shown_at: &i64| CodedSample {
            offset: 0,
            bytes: 1,
            shown_at,
            is_key: true,
        };
        CodedTrack {
            coding,
            ticks_per_second: scale,
            samples: times.iter().map(sample).collect(),
            shown,
        }
    }

    fn sound(track: usize, before: i64, count: usize) -> DecodedSound {
        DecodedSound {
            track,
            before,
            channels: 2,
            samples: vec![0.5; 2 * count],
        }
    }

    /// Goal: sound is counted from the first picture that is shown, and what is not presented is
    /// left out on both sides.
    #[test]
    fn presented_sound_is_counted_from_the_first_picture() {
        let avc = TrackCoding::Avc {
            record: Vec::new(),
            size: (0, 0),
        };
        let aac = TrackCoding::Aac {
            config: Vec::new(),
            rate_hz: 48_000,
            channels: 2,
        };
        let all = i64::MIN..i64::MAX;
        // The first picture is shown half a second into the movie.
        let pictures = track(avc, 600, &[900, 300, 600], all.clone());
        let cut = track(aac.clone(), 48_000, &[-1024, 0], 0..1000);
        let whole = track(aac, 48_000, &[-1024, 0], all);
        let tracks = [pictures, cut, whole];
        let placed = |sound| {
            let block = place_sound(&tracks, sound)?;
            Some((block.stream, block.start, block.frames()))
        };
        assert_eq!(placed(sound(1, 0, 1024)), None);
        assert_eq!(placed(sound(1, 1000, 100)), Some((0, -24_000, 76)));
        assert_eq!(placed(sound(1, 1024, 1024)), Some((0, -24_000, 1000)));
        assert_eq!(placed(sound(2, 0, 1024)), Some((1, -25_024, 1024)));
        assert_eq!(placed(sound(0, 0, 1024)), None);
    }
}
