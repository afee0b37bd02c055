//! Where the pictures of a recording can be divided: its frames, their times and its key frames.
//!
//! A recording is divided only where it is proved that decoding from a key frame gives the same
//! pictures, with the same numbers and times, as decoding from the start. The proof is the one of
//! stream copy ([`CopyAnalysis`]), in closed GOPs with one picture a packet, for containers with an
//! index of their pictures: MP4 and MOV.

use std::path::Path;

use redact_core::SourceError;

use crate::copy_analysis::CopyAnalysis;
use crate::packet_times::is_mov;
use crate::probe;
use crate::source::{Damaged, OpenOptions};

/// The times and key frames of a recording that can be divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameTable {
    times: Vec<i64>,
    key_frames: Vec<u32>,
}

impl FrameTable {
    /// Reads the table of the recording at `path`, from its packets: nothing but its first frame is
    /// decoded. Gives the reason where the recording cannot be divided.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read(path: &Path, options: &OpenOptions) -> Result<Result<Self, String>, SourceError> {
        if options.damaged == Damaged::Mask {
            let why = "where damage is hidden, pictures are decoded one after the other";
            return Ok(Err(why.to_owned()));
        }
        let analysis = CopyAnalysis::read_copied(path, options)?;
        let info = analysis.info();
        let is_cut = probe::is_cut_short(path, &info.container);
        let is_cut = is_cut.map_err(|error| SourceError::Failed {
            what: "cannot check whether the file is complete",
            source: error.into(),
        })?;
        if is_cut {
            return Ok(Err("its file is cut short".to_owned()));
        }
        let (times, key_frames) = match analysis.gops() {
            Ok((times, key_frames)) => (times.to_vec(), key_frames),
            Err(why) => return Ok(Err(why.to_owned())),
        };
        let frames = u64::try_from(times.len()).unwrap_or(u64::MAX);
        if !is_mov(&info.container) {
            let name = info.container.split(',').next().unwrap_or_default();
            let why = format!("its container, {name}, has no index of its pictures");
            return Ok(Err(why));
        }
        if info.video.frames_hint != Some(frames) {
            return Ok(Err("its index lists pictures that are not shown".to_owned()));
        }
        if times.first() != Some(&info.video.first_timestamp.ticks()) {
            return Ok(Err("its first picture is not shown first".to_owned()));
        }
        Ok(Ok(Self { times, key_frames }))
    }

    /// When each frame is shown, ticks of the video's time base; they increase.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// The frames that begin a closed GOP; the first is 0, and they increase.
    #[must_use]
    pub fn key_frames(&self) -> &[u32] {
        &self.key_frames
    }
}
