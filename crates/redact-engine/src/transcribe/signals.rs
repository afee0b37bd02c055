//! Which channels carry the same sound.
//!
//! Two channels of one track are the same sound if their samples go together (also inverted), and
//! two channels of any tracks if their loudness does: copies in another codec and microphones side
//! by side. The loudest channel leads a group. Channels of its track that go with it sample by
//! sample are added to it, which lowers noise; an inverted one is subtracted.

use redact_core::TimeSpan;

use super::buffer::{Heard, rms};

/// Correlation of samples from which two channels of a track are one signal.
const SAME_SAMPLES: f32 = 0.5;

/// Correlation of loudness from which two channels are one signal.
const SAME_LOUDNESS: f32 = 0.8;

/// A channel below this is silent: -90 dB of full scale.
const SILENT: f32 = 3.2e-5;

/// Length of a moment in which signals are compared by their loudness.
const MOMENT_NANOS: i64 = 200_000_000;

/// Length of a loudness value.
const STEP_NANOS: i64 = 20_000_000;

/// Where a signal is not this much quieter than the loudest one of its track, it is not only what
/// a microphone picks up of the others: 20 dB.
const CROSSTALK: f32 = 0.1;

/// A signal that is recognized once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signal {
    /// The track and channel that lead it.
    pub(super) leader: (usize, usize),
    /// The tracks that carry it, in ascending order.
    pub(super) sound_tracks: Vec<usize>,
    pub(super) rate_hz: u32,
    /// One channel, from the start of what was heard on the leader's track.
    heard: Heard,
}

impl Signal {
    /// Its samples in `span`. Where the sound begins later or ends earlier, silence is added, so
    /// that times count from the start of `span`.
    pub(super) fn samples_in(&self, span: TimeSpan) -> Vec<f32> {
        let wanted = span.covering_samples(self.rate_hz);
        let length = usize::try_from(wanted.end - wanted.start).unwrap_or(0);
        let late = TimeSpan::new(span.start_nanos(), self.heard.start_nanos);
        let late = late.map_or(0, |late| {
            let covering = late.covering_samples(self.rate_hz);
            usize::try_from(covering.end - covering.start).unwrap_or(0)
        });
        let mut samples = vec![0.0; late.min(length)];
        samples.extend(&self.heard.channels[0][self.heard.range(span)]);
        samples.resize(length, 0.0);
        samples
    }
}

impl Signal {
    /// Whether a sound track carries both.
    pub(super) fn shares_track(&self, other: &Self) -> bool {
        let mut tracks = self.sound_tracks.iter();
        tracks.any(|track| other.sound_tracks.contains(track))
    }

    /// The parts of `speech` in which it is about as loud as the loudest of `signals`.
    pub(super) fn loud_in(&self, speech: &[TimeSpan], signals: &[&Self]) -> Vec<TimeSpan> {
        let level = |signal: &Self, span| signal.heard.loudness(span);
        let mut loud = Vec::new();
        for span in speech {
            let mut from = span.start_nanos();
            while let Some(moment) = TimeSpan::new(
                from,
                span.end_nanos().min(from.saturating_add(MOMENT_NANOS)),
            ) {
                let loudest = signals.iter().map(|s| level(s, moment)).fold(0.0, f32::max);
                let own = level(self, moment);
                if own > SILENT && own >= loudest * CROSSTALK {
                    loud.push(moment);
                }
                from = moment.end_nanos();
            }
        }
        TimeSpan::merged(loud, 0)
    }
}

struct Channel<'a> {
    place: (usize, usize),
    heard: &'a Heard,
    samples: &'a [f32],
    /// Root mean square per [`STEP_NANOS`], from the earliest start of all tracks.
    loudness: Vec<f32>,
    level: f32,
}

/// The signals of a stretch, each recognized once; `heard`: sound by track.
pub(super) fn signals(heard: Vec<Option<Heard>>) -> Vec<Signal> {
    let tracks = || {
        heard
            .iter()
            .enumerate()
            .filter_map(|(t, heard)| Some((t, heard.as_ref()?)))
    };
    let Some(zero) = tracks().map(|(_, heard)| heard.start_nanos).min() else {
        return Vec::new();
    };
    let mut channels: Vec<Channel<'_>> = tracks()
        .flat_map(|(track, heard)| {
            let channels = heard.channels.iter().enumerate();
            channels.map(move |(number, samples)| Channel {
                place: (track, number),
                heard,
                samples,
                loudness: loudness(heard, samples, zero),
                level: rms(samples),
            })
        })
        .filter(|channel| channel.level > SILENT)
        .collect();
    // Loudest first; of equally loud ones the one of the first track.
    channels.sort_by(|a, b| b.level.total_cmp(&a.level).then(a.place.cmp(&b.place)));
    let mut groups: Vec<Vec<Channel<'_>>> = Vec::new();
    for channel in channels {
        match groups.iter_mut().find(|group| is_same(&group[0], &channel)) {
            Some(group) => group.push(channel),
            None => groups.push(vec![channel]),
        }
    }
    groups.iter().map(|group| mixed(group)).collect()
}

fn loudness(heard: &Heard, samples: &[f32], zero: i64) -> Vec<f32> {
    let step = (i64::from(heard.rate_hz) * STEP_NANOS / 1_000_000_000).max(1);
    let late = (heard.start_nanos - zero) / STEP_NANOS;
    let late = usize::try_from(late).unwrap_or(0);
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    let values = samples.chunks(step).map(rms);
    std::iter::repeat_n(0.0, late).chain(values).collect()
}

fn is_same(leader: &Channel<'_>, other: &Channel<'_>) -> bool {
    goes_along(leader, other).is_some()
        || correlation(&centered(&leader.loudness), &centered(&other.loudness)) >= SAME_LOUDNESS
}

/// 1 or -1 if the samples of both go together, in one track.
fn goes_along(leader: &Channel<'_>, other: &Channel<'_>) -> Option<f32> {
    let together = correlation(leader.samples, other.samples);
    (leader.place.0 == other.place.0 && together.abs() >= SAME_SAMPLES).then_some(together.signum())
}

fn centered(values: &[f32]) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
    values.iter().map(|value| value - mean).collect()
}

/// From -1 to 1; 0 if one of them is constant.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let (mut ab, mut aa, mut bb) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    let scale = (aa * bb).sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "-1 to 1")]
    let value = if scale > 0.0 {
        (ab / scale) as f32
    } else {
        0.0
    };
    value
}

/// The leader of a group with the channels that go along with it.
fn mixed(group: &[Channel<'_>]) -> Signal {
    let leader = &group[0];
    let mut sum = leader.samples.to_vec();
    let mut count = 1.0;
    for other in &group[1..] {
        if let Some(sign) = goes_along(leader, other) {
            for (sum, sample) in sum.iter_mut().zip(other.samples) {
                *sum += sign * sample;
            }
            count += 1.0;
        }
    }
    sum.iter_mut().for_each(|sample| *sample /= count);
    let mut sound_tracks: Vec<usize> = group.iter().map(|channel| channel.place.0).collect();
    sound_tracks.sort_unstable();
    sound_tracks.dedup();
    // The first channel of its track in the group: the loudest may be another in each stretch.
    let track = leader.place.0;
    let of_track = group.iter().filter(|channel| channel.place.0 == track);
    let first = of_track.map(|channel| channel.place.1).min();
    Signal {
        leader: (
            sound_tracks[0],
            first.filter(|_| sound_tracks[0] == track).unwrap_or(0),
        ),
        sound_tracks,
        rate_hz: leader.heard.rate_hz,
        heard: Heard {
            rate_hz: leader.heard.rate_hz,
            start_nanos: leader.heard.start_nanos,
            channels: vec![sum],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bursts of a tone: one every `every` steps of 20 ms, at 8 kHz.
    fn bursts(every: usize, gain: f32) -> Vec<f32> {
        let sample = |at: usize| {
            let on = (at / 160).is_multiple_of(every);
            let tone = (at as f32 * 0.7).sin();
            if on { tone * gain } else { 0.0 }
        };
        (0..16_000).map(sample).collect()
    }

    fn heard(channels: Vec<Vec<f32>>) -> Option<Heard> {
        Some(Heard {
            rate_hz: 8000,
            start_nanos: 0,
            channels,
        })
    }

    fn groups(heard: Vec<Option<Heard>>) -> Vec<((usize, usize), Vec<usize>)> {
        let signals = signals(heard).into_iter();
        signals.map(|s| (s.leader, s.sound_tracks)).collect()
    }

    /// Goal: what is on several channels or tracks is recognized once, whatever its gain and sign;
    /// what differs is recognized by itself.
    #[test]
    fn equal_channels_are_one_signal_and_different_ones_are_not() {
        let (a, b) = (bursts(3, 0.5), bursts(7, 0.4));
        let inverted: Vec<f32> = a.iter().map(|sample| -sample * 0.5).collect();
        let silent = vec![0.0; a.len()];
        let delayed: Vec<f32> = [vec![0.0; 7], a[..a.len() - 7].to_vec()].concat();
        assert_eq!(
            groups(vec![heard(vec![a.clone(), inverted])]),
            [((0, 0), vec![0])]
        );
        assert_eq!(
            groups(vec![heard(vec![silent.clone(), a.clone()])]),
            [((0, 1), vec![0])]
        );
        assert_eq!(
            groups(vec![heard(vec![a.clone()]), heard(vec![delayed])]),
            [((0, 0), vec![0, 1])]
        );
        assert_eq!(
            groups(vec![heard(vec![a, b])]),
            [((0, 0), vec![0]), ((0, 1), vec![0])]
        );
        assert_eq!(groups(vec![None, heard(vec![silent])]), []);
    }

    /// Goal: an inverted channel does not cancel the other one in the mix.
    #[test]
    fn out_of_phase_stereo_stays_audible() {
        let a = bursts(3, 0.5);
        let inverted: Vec<f32> = a.iter().map(|sample| -sample).collect();
        let found = signals(vec![heard(vec![a.clone(), inverted])]);
        let span = TimeSpan::new(-500_000_000, 1_000_000_000).unwrap();
        let samples = found[0].samples_in(span);
        assert_eq!(samples.len(), 12_000);
        // Half a second of silence, as the sound begins later.
        assert_eq!(samples[..4000], vec![0.0; 4000]);
        assert_eq!(samples[4000..], a[..8000]);
    }
}
