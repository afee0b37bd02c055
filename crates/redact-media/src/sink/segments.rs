//! Encodes single runs of a release, without the release around them.

use std::collections::VecDeque;
use std::sync::Arc;

use redact_core::{Frame, MediaItem, PixelSize, Sink, SinkError};

use super::options::EncodeOptions;
use super::pictures::Shot;
use super::run_encoder::{RunEncoder, RunSettings, RunSource, mismatch};
use crate::cached_segment::{CachedPacket, CachedSegment, SegmentCache};
use crate::ffi;
use crate::runs::{RunReader, RunTimes, SegmentForm};

/// Most bytes of a segment, which is held in memory until it is complete.
const SEGMENT_BYTES_MAX: usize = 256 << 20;

/// Encodes runs of frames, each as the segment that a whole render would make of it.
pub struct SegmentSink {
    settings: RunSettings,
    size: PixelSize,
    first_ticks: i64,
    runs: VecDeque<RunTimes>,
    segments: Arc<dyn SegmentCache>,
    open: Option<OpenSegment>,
}

/// The segment that is being encoded.
struct OpenSegment {
    encoder: RunEncoder,
    times: RunTimes,
    /// `None` once there are more bytes than a segment may have.
    packets: Option<Vec<CachedPacket>>,
    bytes: usize,
}

impl SegmentSink {
    /// Encodes the runs of `reader`; each goes to `segments` once it is complete. A segment of more
    /// than 256 MiB does not: a render then encodes that run itself.
    ///
    /// # Errors
    /// [`SinkError::Encode`] when the encoder is missing or does not support the recording.
    pub fn new(
        reader: &RunReader,
        options: &EncodeOptions,
        form: &SegmentForm,
        segments: Arc<dyn SegmentCache>,
    ) -> Result<Self, SinkError> {
        ffi::silence_log();
        let video = &reader.video().clone();
        let source = RunSource {
            video,
            tags: reader.tags(),
            config: reader.config(),
            reorder: form.reorder,
            repeats_sets: form.repeats_sets,
        };
        let (mut settings, encoder, _) = RunSettings::new(source, options)?;
        settings.use_first(encoder);
        Ok(Self {
            settings,
            size: video.size,
            first_ticks: form.first_ticks,
            runs: reader.runs().iter().cloned().collect(),
            segments,
            open: None,
        })
    }

    fn begin(&mut self) -> Result<OpenSegment, SinkError> {
        let times = self
            .runs
            .pop_front()
            .ok_or_else(|| mismatch("received a frame after the last run".to_owned()))?;
        Ok(OpenSegment {
            encoder: self.settings.begin(times.frames)?,
            times,
            packets: Some(Vec::new()),
            bytes: 0,
        })
    }

    fn encode(&mut self, frame: Frame) -> Result<(), SinkError> {
        let shot = Shot::new(frame, self.size)?;
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        let at = open.times.time_of(shot.index);
        let at = at.filter(|at| *at == shot.timestamp().ticks());
        let at = at.ok_or_else(|| mismatch(format!("frame {} has the wrong time", shot.index)))?;
        open.encoder
            .send(shot, at.saturating_sub(self.first_ticks))?;
        let times = &open.times;
        let frame_at = |pts: i64| times.frame_at(pts.saturating_add(self.first_ticks));
        while let Some((_, made)) = open.encoder.receive(frame_at)? {
            open.bytes = open.bytes.saturating_add(made.data.len());
            if open.bytes > SEGMENT_BYTES_MAX {
                open.packets = None;
            }
            if let Some(packets) = &mut open.packets {
                packets.push(made);
            }
        }
        if open.encoder.has_all_frames() {
            self.end(open)
        } else {
            self.open = Some(open);
            Ok(())
        }
    }

    fn end(&self, open: OpenSegment) -> Result<(), SinkError> {
        open.encoder.check_whole()?;
        if let Some(packets) = open.packets {
            self.segments.save(&CachedSegment {
                frames: open.times.frames,
                config: self.settings.config.clone(),
                packets,
            });
        }
        Ok(())
    }
}

impl Sink for SegmentSink {
    fn write_item(&mut self, item: MediaItem) -> Result<(), SinkError> {
        match item {
            MediaItem::Frame(frame) => self.encode(frame),
            _ => Err(mismatch(
                "received sound or coded pictures; only decoded frames are encoded here".to_owned(),
            )),
        }
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        if self.open.is_none() && self.runs.is_empty() {
            return Ok(());
        }
        let left = self.runs.len() + usize::from(self.open.is_some());
        Err(mismatch(format!("{left} runs were not encoded")))
    }
}
