//! Where sound lies on the recording's clock.

use redact_bitstream::mp4::coded_tracks::{CodedTrack, TrackCoding};

/// The place of the first decoded sample of `tracks[track]`, counted at its rate from the first
/// picture; negative if the sound starts earlier. `None` if it is not a sound track.
#[must_use]
pub fn first_sample(tracks: &[CodedTrack], track: usize) -> Option<i64> {
    let sound = tracks.get(track)?;
    let TrackCoding::Aac { rate_hz, .. } = sound.coding else {
        return None;
    };
    let is_picture = |track: &&CodedTrack| matches!(track.coding, TrackCoding::Avc { .. });
    let zero = tracks.iter().find(is_picture).and_then(|pictures| {
        let first = pictures.samples.iter().map(|s| s.shown_at).min()?;
        Some(rescaled(first, pictures.ticks_per_second, rate_hz))
    });
    let first = sound.samples.first()?.shown_at;
    let first = rescaled(first, sound.ticks_per_second, rate_hz);
    Some(first.saturating_sub(zero.unwrap_or(0)))
}

/// `ticks` of `from` a second in those of `to` a second, rounded down.
fn rescaled(ticks: i64, from: u32, to: u32) -> i64 {
    let scaled = (i128::from(ticks) * i128::from(to)).div_euclid(i128::from(from.max(1)));
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use redact_bitstream::mp4::coded_tracks::CodedSample;

    use super::*;

    fn track(coding: TrackCoding, ticks_per_second: u32, times: &[i64]) -> CodedTrack {
        let sample = |&shown_at: &i64| CodedSample {
            offset: 0,
            bytes: 1,
            shown_at,
            is_key: true,
        };
        CodedTrack {
            coding,
            ticks_per_second,
            samples: times.iter().map(sample).collect(),
        }
    }

    /// Goal: sound is placed against the first picture that is shown, not the first in the file.
    #[test]
    fn sound_is_counted_from_the_first_picture() {
        let pictures = track(
            TrackCoding::Avc { record: Vec::new() },
            600,
            &[900, 300, 600],
        );
        let aac = TrackCoding::Aac {
            config: Vec::new(),
            rate_hz: 48_000,
            channels: 2,
        };
        let sound = track(aac, 48_000, &[-1024, 0]);
        let tracks = [pictures, sound];
        // The first picture is shown half a second into the movie.
        assert_eq!(first_sample(&tracks, 1), Some(-1024 - 24_000));
        assert_eq!(first_sample(&tracks, 0), None);
        assert_eq!(first_sample(&tracks[1..], 0), Some(-1024));
    }
}
