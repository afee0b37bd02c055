//! The timeline of masks and mutes: one lane per class or sound track, with bars over a time axis.
//!
//! The verification report and the redaction log draw it, each in its own colors.

pub(crate) mod svg;

use redact_core::TimeSpan;
use serde::Serialize;

/// What a lane hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// Parts of the picture.
    Picture,
    /// Sound.
    Sound,
}

/// One row of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its neutral label: `Faces`, `Plates`, `Sound track 1`.
    pub label: String,
    /// What it hides.
    pub kind: LaneKind,
    /// The hidden times from the recording's zero, in any order; overlaps are allowed.
    pub spans: Vec<TimeSpan>,
}

/// The masks and mutes over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Duration of the release.
    pub duration_nanos: i64,
    /// One lane for each class and each muted sound track.
    pub lanes: Vec<Lane>,
}

/// A lane, ready to be drawn.
pub(crate) struct LaneRow {
    pub(crate) label: String,
    pub(crate) kind: LaneKind,
    /// Start and length of each bar, as fractions of the duration.
    pub(crate) bars: Vec<(f32, f32)>,
    /// `12.4 s in 3 spans`.
    pub(crate) total: String,
}

/// A mark on the axis.
pub(crate) struct Tick {
    /// Its position, as a fraction of the duration.
    pub(crate) at: f32,
    /// `1:30`.
    pub(crate) label: String,
}

/// Bars closer than this fraction of the duration are joined, and none is shorter: the drawing
/// stays small for recordings of any length, and short spans stay visible.
const FINEST: f32 = 1.0 / 500.0;

const NANOS: f64 = 1e9;

impl Timeline {
    pub(crate) fn rows(&self) -> Vec<LaneRow> {
        self.lanes.iter().map(|lane| self.row(lane)).collect()
    }

    fn row(&self, lane: &Lane) -> LaneRow {
        let merged = TimeSpan::merged(lane.spans.clone(), 0);
        // A mute's padding may extend beyond the recording; only what lies inside counts.
        let within = |span: &TimeSpan| {
            let (start, end) = (span.start_nanos().max(0), span.end_nanos());
            (end.min(self.duration_nanos) - start).max(0)
        };
        let nanos: i64 = merged.iter().map(within).sum();
        let spans = match merged.len() {
            1 => "1 span".to_owned(),
            count => format!("{count} spans"),
        };
        let mut bars: Vec<(f32, f32)> = Vec::new();
        for span in &merged {
            let start = self.fraction(span.start_nanos()).min(1.0 - FINEST);
            let end = self.fraction(span.end_nanos()).max(start + FINEST);
            match bars.last_mut() {
                Some((from, length)) if start - (*from + *length) < FINEST => {
                    *length = (end - *from).max(*length);
                }
                _ => bars.push((start, end - start)),
            }
        }
        LaneRow {
            label: lane.label.clone(),
            kind: lane.kind,
            bars,
            total: format!("{} in {spans}", seconds_text(nanos)),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a drawing needs four digits"
    )]
    fn fraction(&self, nanos: i64) -> f32 {
        let whole = self.duration_nanos.max(1);
        (nanos as f64 / whole as f64).clamp(0.0, 1.0) as f32
    }

    /// Marks at round times, starting at zero; about six.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        const STEPS: [u32; 17] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400,
        ];
        let seconds = self.duration_nanos.max(1) as f64 / NANOS;
        let step = STEPS
            .into_iter()
            .find(|&step| f64::from(step) * 8.0 >= seconds);
        let Some(step) = step else { return Vec::new() };
        (0..=8_u32)
            .map(|index| index * step)
            .filter(|&at| f64::from(at) <= seconds)
            .map(|at| Tick {
                at: self.fraction(i64::from(at) * 1_000_000_000),
                label: clock_text(at),
            })
            .collect()
    }

    /// The timeline as text, for screen readers.
    pub(crate) fn text(&self) -> String {
        if self.lanes.is_empty() {
            return "Timeline: nothing is hidden or muted.".to_owned();
        }
        let rows: Vec<String> = self
            .rows()
            .iter()
            .map(|row| format!("{}: {}", row.label, row.total))
            .collect();
        let whole = seconds_text(self.duration_nanos);
        format!("Timeline of {whole}. {}.", rows.join("; "))
    }
}

/// `12.4 s` below a minute, `3 min 12 s` above.
pub(crate) fn seconds_text(nanos: i64) -> String {
    let seconds = nanos as f64 / NANOS;
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = nanos / 1_000_000_000;
    format!("{} min {} s", whole / 60, whole % 60)
}

fn clock_text(seconds: u32) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{rest:02}"),
        _ => format!("{hours}:{minutes:02}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(duration_nanos: i64, span: Option<TimeSpan>) -> Timeline {
        let lane = |span| Lane {
            label: "Faces".into(),
            kind: LaneKind::Picture,
            spans: vec![span],
        };
        Timeline {
            duration_nanos,
            lanes: span.map(lane).into_iter().collect(),
        }
    }

    #[test]
    fn the_axis_stays_legible_at_any_length() {
        for seconds in [0, 1, 7, 59, 600, 3601, 7_200, 86_400, 1_000_000] {
            let count = timeline(seconds * 1_000_000_000, None).ticks().len();
            let most = if seconds > 8 * 86_400 { 0 } else { 9 };
            assert!(count <= most, "{count} ticks for {seconds} s");
            assert!(count >= 1 || most == 0, "no tick for {seconds} s");
        }
    }

    #[test]
    fn a_single_frame_is_still_visible_and_nothing_leaves_the_lane() {
        let hour = 3_600_000_000_000;
        let last = TimeSpan::new(hour - 1, hour + 5);
        let rows = timeline(hour, last).rows();
        let (start, length) = rows[0].bars[0];
        assert_eq!(start, 1.0 - FINEST);
        assert!((length - FINEST).abs() < 1e-6, "{length}");
    }
}
