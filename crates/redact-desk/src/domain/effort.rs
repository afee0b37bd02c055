//! How long people work on a recording: what is to be expected, and what the saves of a review
//! show.

use std::collections::BTreeMap;

use crate::time::{MINUTE, Millis};

/// Seconds for the decision about one track, and for a stretch of speech beyond hearing it: the
/// assumption of the measured session in `benches/desk.md`.
const ITEM_SECONDS: f64 = 3.0;

/// How fast a recording is watched while it is reviewed, as in the same session.
const PLAYBACK: f64 = 4.0;

/// Minutes that a person is expected to need for the decisions about a recording, rounded up.
pub(crate) fn expected_minutes(duration_seconds: f64, tracks: usize, speech_seconds: f64) -> u32 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 tracks")]
    let seconds = duration_seconds / PLAYBACK + tracks as f64 * ITEM_SECONDS + speech_seconds;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped"
    )]
    let minutes = (seconds / 60.0).ceil().clamp(0.0, 600_000.0) as u32;
    minutes
}

/// A save of a review.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SavedAt<'a> {
    pub(crate) review: &'a str,
    pub(crate) by: &'a str,
    pub(crate) at: Millis,
}

/// Between two saves with a longer gap, a person is taken not to have worked.
const GAP_MAX: Millis = 10 * MINUTE;

/// Minutes between each person's saves of the same review, rounded up, by name.
pub(crate) fn measured_minutes(saves: &[SavedAt<'_>]) -> BTreeMap<String, u32> {
    let mut times: BTreeMap<(&str, &str), Vec<Millis>> = BTreeMap::new();
    for save in saves {
        times
            .entry((save.by, save.review))
            .or_default()
            .push(save.at);
    }
    let mut minutes: BTreeMap<String, u32> = BTreeMap::new();
    for ((by, _), mut at) in times {
        at.sort_unstable();
        let worked: Millis = at
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .filter(|gap| *gap <= GAP_MAX)
            .sum();
        let whole = u32::try_from((worked + MINUTE - 1) / MINUTE).unwrap_or(u32::MAX);
        if whole > 0 {
            let sum = minutes.entry(by.to_owned()).or_default();
            *sum = sum.saturating_add(whole);
        }
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_recording_with_many_tracks_takes_longer() {
        // 10 minutes watched at four times their speed, 20 tracks: 210 s in `benches/desk.md`.
        assert_eq!(expected_minutes(600.0, 20, 0.0), 4);
        assert_eq!(expected_minutes(600.0, 0, 0.0), 3);
        assert_eq!(expected_minutes(0.0, 0, 0.0), 0);
        assert_eq!(expected_minutes(f64::NAN, 0, 0.0), 0);
    }

    /// Goal: time counts between saves of the same person. Controls: a long gap and
    /// another review are no work.
    #[test]
    fn time_is_measured_between_saves() {
        let save = |review, by, minute: Millis| SavedAt {
            review,
            by,
            at: minute * MINUTE,
        };
        let saves = [
            save("a", "Ada", 0),
            save("a", "Ben", 1),
            save("a", "Ada", 8),
            save("b", "Ada", 9),
            save("a", "Ada", 60),
            save("a", "Ada", 65),
        ];
        let found = measured_minutes(&saves);
        assert_eq!(found, BTreeMap::from([("Ada".to_owned(), 13)]));
    }
}
