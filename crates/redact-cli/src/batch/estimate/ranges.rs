//! Ranges of time and disk space, from rates that were measured.

use serde::Serialize;

use crate::batch::progress_line::clock_of;
use crate::batch::rates::Rate;

/// Fewer rates than this say little about how much they vary.
const RATES_MIN: usize = 5;

/// With fewer, the range is wider by this factor on both sides.
const FEW_FACTOR: f64 = 1.5;

/// Shares of the rates that are left out of a range at either end.
const TAIL: f64 = 0.1;

/// Bytes of a release and its records per byte of the recording, where nothing was measured: of
/// H.264, most may be copied, or all be re-encoded; of other codecs, `crates/README.md` has the
/// figures.
const H264_DISK: Range = Range {
    low: 1.0,
    high: 2.0,
};
const OTHER_DISK: Range = Range {
    low: 1.6,
    high: 2.8,
};

/// What there is to do with one recording.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Which detectors run.
    pub(super) profile: &'static str,
    /// Pixels of a picture.
    pub(super) pixels: u64,
    /// Duration of the video, if it is declared.
    pub(super) seconds: Option<f64>,
    pub(super) is_h264: bool,
    /// Bytes of the recording.
    pub(super) bytes: u64,
}

/// From the least to the most that is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    /// The same, times `factor`.
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            low: self.low * factor,
            high: self.high * factor,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            high: self.high + other.high,
        }
    }

    /// The middle of `values`, or a wider range where there are few.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        if values.len() < RATES_MIN {
            return Some(Self {
                low: values[0] / FEW_FACTOR,
                high: values[last] * FEW_FACTOR,
            });
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a short list"
        )]
        let tail = (last as f64 * TAIL).floor() as usize;
        Some(Self {
            low: values[tail],
            high: values[last - tail],
        })
    }

    /// Seconds, for people: `1:20:00 to 2:10:00`.
    pub(super) fn times_text(self) -> String {
        let text = |seconds: f64| clock_of(seconds.ceil());
        format!("{} to {}", text(self.low), text(self.high))
    }

    /// Bytes, for people.
    pub(super) fn bytes_text(self) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates at both ends"
        )]
        let text = |bytes: f64| bytes_text(bytes as u64);
        format!("{} to {}", text(self.low), text(self.high))
    }
}

/// Bytes, for people: `1.2 GB`.
pub(super) fn bytes_text(bytes: u64) -> String {
    indicatif::DecimalBytes(bytes).to_string()
}

/// Seconds of the machine for `work`, and how many rates this follows from; `None` where there is
/// none for a profile. Recordings that do not declare their duration do not count.
///
/// A rate is seconds of the machine for a second of video. Those of pictures of about the same size
/// count; where there is none, those of all sizes, in proportion to the pixels at one end of the
/// range and independent of them at the other.
#[expect(clippy::cast_precision_loss, reason = "pixels of a picture")]
pub(super) fn time(work: &[Work], rates: &[Rate]) -> (Option<Range>, usize) {
    let mut total = Range::default();
    let mut used = 0;
    for one in work {
        let Some(seconds) = one.seconds else { continue };
        let of_profile = rates.iter().filter(|rate| {
            rate.profile == one.profile && rate.video_seconds > 0.0 && rate.pixels > 0
        });
        let of_profile: Vec<&Rate> = of_profile.collect();
        let ratio = |rate: &Rate| one.pixels as f64 / rate.pixels as f64;
        let near = of_profile
            .iter()
            .filter(|rate| (0.5..=2.0).contains(&ratio(rate)));
        let near: Vec<&Rate> = near.copied().collect();
        let rate = |rate: &Rate| rate.machine_seconds / rate.video_seconds;
        let range = if near.is_empty() {
            used = used.max(of_profile.len());
            let scaled = of_profile.iter().map(|known| rate(known) * ratio(known));
            let all = scaled.chain(of_profile.iter().map(|known| rate(known)));
            Range::of(all.collect())
        } else {
            used = used.max(near.len());
            Range::of(near.into_iter().map(rate).collect())
        };
        match range {
            Some(range) => total = total.plus(range.times(seconds)),
            None => return (None, 0),
        }
    }
    (Some(total), used)
}

/// Bytes that the releases of `work` take.
#[expect(clippy::cast_precision_loss, reason = "bytes of a recording")]
pub(super) fn disk(work: &[Work], rates: &[Rate]) -> Range {
    let of_kind = |is_h264: bool| {
        let known = rates
            .iter()
            .filter(|rate| rate.is_h264 == is_h264 && rate.source_bytes > 0);
        let ratios: Vec<f64> = known
            .map(|rate| rate.release_bytes as f64 / rate.source_bytes as f64)
            .collect();
        let default = if is_h264 { H264_DISK } else { OTHER_DISK };
        let measured = Range::of(ratios.clone()).filter(|_| ratios.len() >= RATES_MIN);
        measured.unwrap_or(default)
    };
    let (h264, other) = (of_kind(true), of_kind(false));
    let each = work.iter().map(|one| {
        let ratio = if one.is_h264 { h264 } else { other };
        ratio.times(one.bytes as f64)
    });
    each.fold(Range::default(), Range::plus)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(pixels: u64, seconds: Option<f64>) -> Work {
        Work {
            profile: "standard",
            pixels,
            seconds,
            is_h264: true,
            bytes: 1000,
        }
    }

    fn rate(profile: &str, pixels: u64, machine_seconds: f64) -> Rate {
        Rate {
            profile: profile.into(),
            is_h264: true,
            pixels,
            video_seconds: 10.0,
            machine_seconds,
            source_bytes: 100,
            release_bytes: 150,
        }
    }

    /// Goal: an estimate follows from what was measured with the same profile and similar pictures.
    /// Control: without that there is none, and other sizes widen it.
    #[test]
    fn times_follow_from_similar_releases() {
        let six: Vec<Rate> = (1_u8..=6)
            .map(|n| rate("standard", 100, f64::from(n) * 10.0))
            .collect();
        let (range, used) = time(&[work(100, Some(60.0)), work(100, None)], &six);
        let range = range.unwrap();
        assert_eq!((range.low, range.high, used), (60.0, 360.0, 6));
        let (range, _) = time(&[work(100, Some(60.0))], &six[..1]);
        assert_eq!(
            range.unwrap(),
            Range {
                low: 40.0,
                high: 90.0
            }
        );
        let (range, _) = time(&[work(400, Some(60.0))], &six[..1]);
        assert_eq!(
            range.unwrap(),
            Range {
                low: 40.0,
                high: 360.0
            }
        );
        assert_eq!(
            time(&[work(100, Some(60.0))], &[rate("fast", 100, 1.0)]).0,
            None
        );
    }

    #[test]
    fn disk_space_follows_from_releases_or_a_wide_default() {
        let all = [work(100, None), work(100, None)];
        assert_eq!(
            disk(&all, &[]),
            Range {
                low: 2000.0,
                high: 4000.0
            }
        );
        let five: Vec<Rate> = (0..5).map(|_| rate("fast", 1, 1.0)).collect();
        assert_eq!(
            disk(&all, &five),
            Range {
                low: 3000.0,
                high: 3000.0
            }
        );
        assert_eq!(bytes_text(1_200_000_000), "1.20 GB");
    }
}
