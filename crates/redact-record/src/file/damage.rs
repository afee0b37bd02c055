//! Damage in findings and plans.

use redact_core::{
    Damage, DamageCause, DamagedPictures, DamagedSound, FrameIndex, FrameSpan, TimeSpan,
};
use serde::{Deserialize, Serialize};

use super::names::DamageName;
use crate::RecordError;
use crate::json::{OneLine, Seconds};

/// All damage of a recording; left out of the file if there is none.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DamageFile {
    pictures: Vec<OneLine<PicturesFile>>,
    sound: Vec<OneLine<SoundFile>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PicturesFile {
    frames: (u32, u32),
    start_seconds: Seconds,
    end_seconds: Seconds,
    why: DamageName,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SoundFile {
    sound_track: usize,
    start_seconds: Seconds,
    end_seconds: Seconds,
    why: DamageName,
}

impl DamageFile {
    /// Whether nothing is damaged.
    pub(crate) fn is_empty(&self) -> bool {
        self.pictures.is_empty() && self.sound.is_empty()
    }
}

impl From<&Damage> for DamageFile {
    fn from(damage: &Damage) -> Self {
        let pictures = damage.pictures.iter().map(|damaged| {
            OneLine(PicturesFile {
                frames: (damaged.frames.start().get(), damaged.frames.end().get()),
                start_seconds: Seconds(damaged.span.start_nanos()),
                end_seconds: Seconds(damaged.span.end_nanos()),
                why: damaged.cause.into(),
            })
        });
        let sound = damage.sound.iter().map(|damaged| {
            OneLine(SoundFile {
                sound_track: damaged.stream,
                start_seconds: Seconds(damaged.span.start_nanos()),
                end_seconds: Seconds(damaged.span.end_nanos()),
                why: damaged.cause.into(),
            })
        });
        Self {
            pictures: pictures.collect(),
            sound: sound.collect(),
        }
    }
}

impl TryFrom<DamageFile> for Damage {
    type Error = RecordError;

    fn try_from(file: DamageFile) -> Result<Self, RecordError> {
        let pictures = file.pictures.into_iter().enumerate();
        let pictures = pictures.map(|(at, OneLine(row))| {
            let field = || format!("damage.pictures[{at}]");
            let times = (row.start_seconds, row.end_seconds);
            damaged_pictures(&field, row.frames, times, row.why)
        });
        let sound = file.sound.into_iter().enumerate();
        let sound = sound.map(|(at, OneLine(row))| {
            let field = || format!("damage.sound[{at}]");
            Ok(DamagedSound {
                stream: row.sound_track,
                span: span(&field, (row.start_seconds, row.end_seconds))?,
                cause: row.why.into(),
            })
        });
        let damage = Self {
            pictures: pictures.collect::<Result<_, RecordError>>()?,
            sound: sound.collect::<Result<_, RecordError>>()?,
        };
        check_order(&damage)?;
        Ok(damage)
    }
}

/// A damaged span of frames, or an error that names `field`.
pub(crate) fn damaged_pictures(
    field: &dyn Fn() -> String,
    (start, end): (u32, u32),
    times: (Seconds, Seconds),
    why: DamageName,
) -> Result<DamagedPictures, RecordError> {
    let frames = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).ok_or_else(|| {
        let found = format!("{start} to {end}");
        RecordError::field(field(), found, "a span of at least one frame")
    })?;
    Ok(DamagedPictures {
        frames,
        span: span(field, times)?,
        cause: DamageCause::from(why),
    })
}

/// A time span, or an error that names `field`.
pub(crate) fn span(
    field: &dyn Fn() -> String,
    (start, end): (Seconds, Seconds),
) -> Result<TimeSpan, RecordError> {
    TimeSpan::new(start.0, end.0).ok_or_else(|| {
        let found = format!("{start} to {end}");
        RecordError::field(field(), found, "a span that starts before it ends")
    })
}

/// Rejects damaged spans of frames that overlap or touch.
fn check_order(damage: &Damage) -> Result<(), RecordError> {
    let mut pairs = damage.pictures.windows(2);
    let overlap = pairs.find(|pair| pair[0].frames.end() >= pair[1].frames.start());
    overlap.map_or(Ok(()), |pair| {
        Err(RecordError::field(
            "damage.pictures",
            format!("a span that starts at frame {}", pair[1].frames.start()),
            format!("one that starts after frame {}", pair[0].frames.end()),
        ))
    })
}
