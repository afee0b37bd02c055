//! What a task found in pictures, as JSON: exact numbers, a row for each frame.
//!
//! Numbers with 32 bits of precision are written as their bits, so that what is linked is what was
//! found.

use redact_core::{Detection, FrameIndex, Motion, NormRect, Timestamp};
use redact_engine::{Observation, ObservedFrame, RunSchedule};
use redact_record::manifest::ClassName;
use serde::{Deserialize, Serialize};

use super::error::ChunkError;

/// What a task found in the pictures of its frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PicturesOutput {
    /// The pictures, the same in all tasks of a recording.
    pub video: VideoForm,
    /// What reading found besides frames; a recording with any of it is scanned as a whole.
    pub conversions: Vec<String>,
    /// When detectors ran last, before the first frame and after the last one: least time from one
    /// run to the next, and time of the last run, nanoseconds.
    pub runs: [Vec<(i64, Option<i64>)>; 2],
    /// The frames, one by one from the chunk's first.
    pub frames: Vec<FrameRow>,
}

/// The pictures of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VideoForm {
    /// Index of their stream.
    pub stream: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The time base, as a fraction.
    pub seconds_per_tick: (u32, u32),
    /// When the first frame is shown.
    pub first_tick: i64,
}

impl From<&redact_core::VideoInfo> for VideoForm {
    fn from(video: &redact_core::VideoInfo) -> Self {
        Self {
            stream: video.stream,
            width: video.size.width(),
            height: video.size.height(),
            seconds_per_tick: (video.time_base.num.get(), video.time_base.den.get()),
            first_tick: video.first_timestamp.ticks(),
        }
    }
}

/// A frame: when it is shown and how long, in ticks; how the camera moved; what detectors found,
/// if any ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameRow(i64, i64, MotionForm, Option<Vec<ObservationRow>>);

/// Camera motion; the numbers of a map as bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MotionForm {
    Affine([u32; 6]),
    Cut,
    Unknown,
}

/// An observation: class, score and sides as bits, other detectors that ran, those that agreed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ObservationRow(ClassName, u32, [u32; 4], u8, u8);

impl PicturesOutput {
    /// The frame at `place`, of a chunk that begins with frame `start`.
    ///
    /// # Errors
    /// [`ChunkError::Value`] for numbers that no detector returns.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn frame(&self, start: u32, place: usize) -> Result<ObservedFrame, ChunkError> {
        let FrameRow(ticks, duration_ticks, motion, rows) = &self.frames[place];
        let number = u32::try_from(place)
            .ok()
            .and_then(|at| start.checked_add(at));
        let number = number.ok_or_else(|| ChunkError::value("frame", place, "fewer frames"))?;
        let field = |what: &str| format!("{what} of frame {number}");
        if *duration_ticks < 1 {
            let expected = "at least 1 tick";
            return Err(ChunkError::value(
                field("duration"),
                duration_ticks,
                expected,
            ));
        }
        let motion = match motion {
            MotionForm::Cut => Motion::Cut,
            MotionForm::Unknown => Motion::Unknown,
            MotionForm::Affine(bits) => {
                let numbers = bits.map(f32::from_bits);
                if !numbers.iter().all(|number| number.is_finite()) {
                    let found = format!("{numbers:?}");
                    return Err(ChunkError::value(field("motion"), found, "finite numbers"));
                }
                Motion::Affine(numbers)
            }
        };
        let read = |row: &ObservationRow| {
            row.read().map_err(|found| {
                let expected = "a finite score and a box in the picture";
                ChunkError::value(field("detection"), found, expected)
            })
        };
        let observations = rows.as_ref().map(|rows| rows.iter().map(read).collect());
        Ok(ObservedFrame {
            index: FrameIndex::new(number),
            timestamp: Timestamp::new(*ticks),
            duration_ticks: *duration_ticks,
            motion,
            observations: observations.transpose()?,
        })
    }
}

impl From<&ObservedFrame> for FrameRow {
    fn from(frame: &ObservedFrame) -> Self {
        let motion = match frame.motion {
            Motion::Affine(numbers) => MotionForm::Affine(numbers.map(f32::to_bits)),
            Motion::Cut => MotionForm::Cut,
            Motion::Unknown => MotionForm::Unknown,
        };
        let rows = frame.observations.as_ref();
        let rows = rows.map(|observations| observations.iter().map(Into::into).collect());
        Self(frame.timestamp.ticks(), frame.duration_ticks, motion, rows)
    }
}

impl From<&Observation> for ObservationRow {
    fn from(observation: &Observation) -> Self {
        let Detection { class, rect, score } = observation.detection;
        Self(
            class.into(),
            score.to_bits(),
            rect.sides().map(f32::to_bits),
            observation.peers_run,
            observation.peers_agreed,
        )
    }
}

impl ObservationRow {
    /// The observation, or the numbers that make none.
    fn read(&self) -> Result<Observation, String> {
        let Self(class, score, sides, peers_run, peers_agreed) = self;
        let (score, sides) = (f32::from_bits(*score), sides.map(f32::from_bits));
        let rect = NormRect::new(sides).filter(|_| score.is_finite());
        let rect = rect.ok_or_else(|| format!("score {score}, sides {sides:?}"))?;
        Ok(Observation {
            detection: Detection {
                class: (*class).into(),
                rect,
                score,
            },
            peers_run: *peers_run,
            peers_agreed: *peers_agreed,
        })
    }
}

/// The state of a schedule, for [`PicturesOutput::runs`].
pub(super) fn runs(schedule: &RunSchedule) -> Vec<(i64, Option<i64>)> {
    schedule.last_runs().to_vec()
}

#[cfg(test)]
mod tests {
    use redact_core::Class;

    use super::*;

    fn frame(score: f32) -> ObservedFrame {
        ObservedFrame {
            index: FrameIndex::new(7),
            timestamp: Timestamp::new(700),
            duration_ticks: 100,
            motion: Motion::Affine([1.0, 0.1, f32::MIN_POSITIVE, -0.0, 1.0, 0.333_333_34]),
            observations: Some(vec![Observation {
                detection: Detection {
                    class: Class::Plate,
                    rect: NormRect::new([0.1, 0.2, 0.300_000_04, 0.4]).unwrap(),
                    score,
                },
                peers_run: 3,
                peers_agreed: 1,
            }]),
        }
    }

    fn output(frames: &[ObservedFrame]) -> PicturesOutput {
        PicturesOutput {
            video: VideoForm {
                stream: 0,
                width: 64,
                height: 48,
                seconds_per_tick: (1, 90_000),
                first_tick: 0,
            },
            conversions: Vec::new(),
            runs: [Vec::new(), Vec::new()],
            frames: frames.iter().map(Into::into).collect(),
        }
    }

    /// Goal: what is linked is what was found, to the last bit, also where a decimal would round.
    #[test]
    fn frames_are_read_as_they_were_written() {
        let unseen = ObservedFrame {
            index: FrameIndex::new(8),
            motion: Motion::Unknown,
            observations: None,
            ..frame(0.5)
        };
        let written = output(&[frame(0.1 + 0.2), unseen.clone()]);
        let text = serde_json::to_vec(&written).unwrap();
        let read: PicturesOutput = serde_json::from_slice(&text).unwrap();
        assert_eq!(read.frame(7, 0).unwrap(), frame(0.1 + 0.2));
        assert_eq!(read.frame(7, 1).unwrap(), unseen);
    }

    #[test]
    fn numbers_that_no_detector_returns_are_refused() {
        let refused = output(&[frame(f32::NAN)]).frame(7, 0).unwrap_err();
        assert!(
            refused.to_string().contains("detection of frame 7"),
            "{refused}"
        );
        let mut wide = output(&[frame(0.5)]);
        if let Some(rows) = &mut wide.frames[0].3 {
            rows[0].2[2] = 1.5_f32.to_bits();
        }
        assert!(wide.frame(7, 0).is_err());
        let mut still = output(&[frame(0.5)]);
        still.frames[0].1 = 0;
        assert!(still.frame(7, 0).is_err());
        let mut lost = output(&[frame(0.5)]);
        lost.frames[0].2 = MotionForm::Affine([f32::INFINITY.to_bits(); 6]);
        assert!(lost.frame(7, 0).is_err());
    }
}
