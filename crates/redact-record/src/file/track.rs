//! Tracks in findings and plans: one row per box.

use redact_core::{FrameIndex, Track, TrackBox, TrackId};

use super::names::BoxOriginName;
use crate::RecordError;
use crate::json::OneLine;

/// `[frame, x_min, y_min, x_max, y_max, score, origin]`; sides are fractions of the displayed
/// picture, margin included.
pub(crate) type BoxRow = OneLine<(u32, f32, f32, f32, f32, f32, BoxOriginName)>;

/// One row per box of `track`.
pub(crate) fn rows(track: &Track) -> Vec<BoxRow> {
    let row = |b: &TrackBox| {
        let [x_min, y_min, x_max, y_max] = b.rect.sides();
        let origin = b.origin.into();
        OneLine((b.frame.get(), x_min, y_min, x_max, y_max, b.score, origin))
    };
    track.boxes().iter().map(row).collect()
}

/// The track in `rows`, in a recording of `frames` frames.
pub(crate) fn track(
    id: u32,
    class: redact_core::Class,
    rows: &[BoxRow],
    frames: u32,
) -> Result<Track, RecordError> {
    let boxes: Vec<TrackBox> = rows
        .iter()
        .map(|row| track_box(id, row, frames))
        .collect::<Result<_, _>>()?;
    if id == 0 {
        return Err(RecordError::field("track id", 0, "at least 1"));
    }
    Track::new(TrackId(id), class, boxes).ok_or_else(|| {
        RecordError::field(
            format!("track {id}, boxes"),
            "a gap, a repeated frame or no box",
            "one box in every frame from the first to the last",
        )
    })
}

fn track_box(id: u32, row: &BoxRow, frames: u32) -> Result<TrackBox, RecordError> {
    let (frame, x_min, y_min, x_max, y_max, score, origin) = row.0;
    let at = |what: &str| format!("track {id}, frame {frame}{what}");
    if frame >= frames {
        return Err(RecordError::field(
            format!("track {id}"),
            format!("frame {frame}"),
            format!("a frame below {frames}, the number of frames of the recording"),
        ));
    }
    if !(0.0..=1.0).contains(&score) {
        return Err(RecordError::field(
            at(", score"),
            score,
            "a number of 0 to 1",
        ));
    }
    Ok(TrackBox {
        frame: FrameIndex::new(frame),
        rect: super::rect(|| at(""), [x_min, y_min, x_max, y_max])?,
        score,
        origin: origin.into(),
    })
}

/// Rejects IDs that do not ascend: of two tracks with one ID, one would have no decision.
pub(crate) fn check_order<'a>(tracks: impl Iterator<Item = &'a Track>) -> Result<(), RecordError> {
    let mut last = TrackId(0);
    for track in tracks {
        if track.id() <= last {
            return Err(RecordError::field(
                "order of tracks",
                format!("{} after {last}", track.id()),
                "each track once, in ascending order of IDs",
            ));
        }
        last = track.id();
    }
    Ok(())
}
