//! The job that makes a release: decode, redact, encode, each on its own threads.
//!
//! Only an [`ApprovedPlan`] gets in. The release is finished only when every frame that was
//! scanned has passed: a recording that decodes differently this time is never released.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::thread;

use rayon::prelude::*;
use redact_core::{
    ApprovedPlan, CodedPictures, CodedSound, Digest, FrameIndex, FrameSpan, MediaItem, Phase,
    PixelSize, Progress, Redactions, Sink, SinkError, Source, SourceDiagnostics, SourceError,
};

use crate::compare::FrameEvidence;
use crate::decode::{self, QUEUE_BYTES_MAX};
use crate::mask::{mask_areas, mask_frame};
use crate::mute::{mute_block, muted_samples};
use crate::queue::{self, Receiver, Sender};

mod area;
mod due;
mod readback;

use due::DueFrames;
use readback::FramesInFlight;

/// What a render did.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderReport {
    /// Frames written.
    pub frames: u32,
    /// Frames with at least one mask.
    pub frames_masked: u32,
    /// Share of the picture that masks cover, mean over all frames, `0.0..=1.0`.
    pub masked_area_mean: f64,
    /// One entry per sound track, in the source's order.
    pub audio: Vec<AudioReport>,
    /// Copied runs of frames, in order.
    pub copied: Vec<CopiedPictures>,
    /// Frames that were taken from an earlier render instead of being encoded again.
    pub frames_earlier: u32,
    /// What was found in each frame that was decoded again while it was written.
    pub seen: BTreeMap<FrameIndex, FrameEvidence>,
}

/// Frames that a render copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopiedPictures {
    /// The frames.
    pub frames: FrameSpan,
    /// SHA-256 that the source gave for their coded form.
    pub digest: Digest,
}

/// What a render did to one sound track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudioReport {
    /// Samples per channel written.
    pub samples: u64,
    /// Samples per channel in which nothing of the sound is left.
    pub muted_samples: u64,
    /// Copied packets; nothing of the track was decoded then.
    pub copied_packets: u64,
}

/// Why a render stopped. Nothing that was written then is a release.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The recording could not be read to its end.
    #[error("cannot read the recording")]
    Source(#[from] SourceError),
    /// The release could not be written.
    #[error("cannot write the release")]
    Sink(#[from] SinkError),
    /// The recording does not decode to the frames that were scanned.
    #[error("the recording has {found} frames; the plan is for {expected}")]
    FrameCount {
        /// Frames that came out of the decoder; when more came than expected, one too many.
        found: u32,
        /// Frames in the plan.
        expected: u32,
    },
    /// The source did not number its frames one by one.
    #[error("frames out of order: found frame {found}, expected frame {expected}")]
    FrameOrder {
        /// The frame that came.
        found: FrameIndex,
        /// The frame that was expected.
        expected: FrameIndex,
    },
    /// The source delivered sound of a track that it did not announce.
    #[error("unexpected sound of track {stream}; the recording announced {tracks} tracks")]
    UnknownTrack {
        /// The track.
        stream: usize,
        /// Tracks announced.
        tracks: usize,
    },
    /// The recording is not damaged exactly where the plan declares.
    #[error("the recording is not damaged as the plan says: {difference}")]
    Damage {
        /// The first difference.
        difference: String,
    },
    /// A release of the recording has a change that the plan does not declare.
    #[error("the plan does not declare what was found in the recording: {what}")]
    Undeclared {
        /// The first such change, in words.
        what: String,
    },
    /// The source marked something for stream copy that the plan hides or mutes.
    #[error("{what} was marked for stream copy, but the plan redacts it")]
    CopiedUnderMask {
        /// The first frame, or the track.
        what: String,
    },
    /// What was written does not decode.
    #[error("cannot decode the file while writing it")]
    Readback(#[source] SourceError),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// What goes to the encoder.
enum ToEncode {
    Item(MediaItem),
    /// Everything was sent and is right: the file may be closed as a whole one.
    Finish,
}

/// Writes only `spans` of a recording to `sink`, with what `plan` redacts masked.
///
/// `source` must deliver the frames of `spans`, in order, and no others. What is written is a part
/// of a release for [`render`] to take up, and is checked there.
///
/// # Errors
/// The first cause: see [`RenderError`]. The sink is then dropped without being finished.
pub fn render_spans(
    source: Box<dyn Source>,
    plan: &ApprovedPlan,
    spans: &[FrameSpan],
    sink: Box<dyn Sink>,
    progress: &dyn Progress,
) -> Result<RenderReport, RenderError> {
    let due = DueFrames::of(spans.to_vec());
    render_due(source, plan, due, sink, None, progress)
}

/// Writes `source` to `sink` with what `plan` redacts masked and muted.
///
/// Frames that no mask touches reach the sink as they were decoded, without a copy. Of what
/// `readback` decodes of the release while it is written, each frame is measured and compared with
/// what it was made of; it ends when the sink does.
///
/// # Errors
/// The first cause: see [`RenderError`]. The sink is then dropped without being finished.
pub fn render(
    source: Box<dyn Source>,
    plan: &ApprovedPlan,
    sink: Box<dyn Sink>,
    readback: Option<Box<dyn Source>>,
    progress: &dyn Progress,
) -> Result<RenderReport, RenderError> {
    let all = FrameSpan::new(FrameIndex::ZERO, FrameIndex::new(plan.frames()));
    let due = DueFrames::of(all.into_iter().collect());
    render_due(source, plan, due, sink, readback, progress)
}

fn render_due(
    source: Box<dyn Source>,
    plan: &ApprovedPlan,
    due: DueFrames,
    sink: Box<dyn Sink>,
    readback: Option<Box<dyn Source>>,
    progress: &dyn Progress,
) -> Result<RenderReport, RenderError> {
    let (tracks, size) = (source.info().audio.len(), source.info().video.size);
    let cause = OnceLock::new();
    let in_flight = FramesInFlight::new(readback.is_some());
    let report = thread::scope(|scope| -> Result<_, RenderError> {
        let (decoded, decoder) =
            decode::spawn(scope, "decode", source).map_err(RenderError::Thread)?;
        let (to_encode, encode_rx) = queue::bounded(QUEUE_BYTES_MAX);
        let (cause, in_flight) = (&cause, &in_flight);
        let checker = readback.map(|readback| {
            thread::Builder::new()
                .name("readback".into())
                .spawn_scoped(scope, move || {
                    readback::readback_stage(readback, in_flight, plan.redactions())
                        .map_err(|error| drop(cause.set(RenderError::Readback(error))))
                        .unwrap_or_default()
                })
                .map_err(RenderError::Thread)
        });
        let checker = checker.transpose()?;
        let encoder = thread::Builder::new()
            .name("encode".into())
            .spawn_scoped(scope, move || {
                if let Err(error) = encode_stage(sink, &encode_rx) {
                    // Set before the queue closes, so that nothing that follows from this
                    // failure can be taken for the cause.
                    cause.set(RenderError::Sink(error)).ok();
                }
            })
            .map_err(RenderError::Thread)?;
        let mut stage = RedactStage {
            plan,
            in_flight,
            tally: RenderTally::new(plan, due, tracks, size),
            progress,
            cause,
        };
        if let Err(error) = stage.run(&decoded, &to_encode) {
            cause.set(error).ok();
        }
        let mut tally = stage.tally;
        drop(decoded);
        let read = decode::join(decoder).map_err(RenderError::Source);
        let checked = read.and_then(|found| {
            if cause.get().is_some() {
                return Ok(());
            }
            tally.check_complete()?;
            check_diagnostics(plan, &found)
        });
        if cause.get().is_none() {
            match checked {
                // When the encode stage is gone, it has set the cause.
                Ok(()) => drop(to_encode.send(ToEncode::Finish, 0)),
                Err(error) => drop(cause.set(error)),
            }
        }
        drop(to_encode);
        decode::join(encoder);
        // The sink is gone, and with it the end of its messages.
        tally.seen = checker.map(decode::join).unwrap_or_default();
        Ok(tally.into_report())
    })?;
    match cause.into_inner() {
        None => Ok(report),
        Some(error) => Err(error),
    }
}

/// What is hidden as damaged must be all that is, neither less nor more; and every change that a
/// release has is declared.
fn check_diagnostics(plan: &ApprovedPlan, found: &SourceDiagnostics) -> Result<(), RenderError> {
    let declared = &plan.plan().source.info.conversions;
    let mut conversions = found.conversions.iter();
    if let Some(undeclared) = conversions.find(|found| !declared.contains(found)) {
        let what = undeclared.to_string();
        return Err(RenderError::Undeclared { what });
    }
    let difference = plan.damage().difference(&found.damage);
    difference.map_or(Ok(()), |difference| Err(RenderError::Damage { difference }))
}

/// Moves batches from the decoder through [`redact_item`] to the encoder.
struct RedactStage<'a> {
    plan: &'a ApprovedPlan,
    in_flight: &'a FramesInFlight,
    tally: RenderTally<'a>,
    progress: &'a dyn Progress,
    /// Why another stage stopped.
    cause: &'a OnceLock<RenderError>,
}

impl RedactStage<'_> {
    fn run(
        &mut self,
        decoded: &Receiver<MediaItem>,
        to_encode: &Sender<ToEncode>,
    ) -> Result<(), RenderError> {
        let total = u64::from(self.tally.due.total());
        while let Some(mut batch) = decoded.recv_many() {
            for item in &batch {
                self.tally.count(item)?;
            }
            batch
                .par_iter_mut()
                .for_each(|item| redact_item(item, self.plan.redactions()));
            for item in batch {
                let bytes = item.bytes();
                if let MediaItem::Frame(frame) = &item {
                    self.in_flight.add(frame, bytes);
                }
                if to_encode.send(ToEncode::Item(item), bytes).is_err() {
                    return Ok(()); // The encode stage stopped and has set the cause.
                }
            }
            if self.cause.get().is_some() {
                return Ok(());
            }
            let done = u64::from(self.tally.frames);
            let said = self.progress.advance(Phase::Render, done, Some(total));
            if said.is_break() {
                return Err(RenderError::Cancelled);
            }
        }
        Ok(())
    }
}

/// Masks or mutes what the plan redacts in one item. Everything else in it is unchanged.
fn redact_item(item: &mut MediaItem, redactions: &Redactions) {
    match item {
        MediaItem::Frame(frame) => mask_frame(frame, redactions),
        MediaItem::Audio(block) => mute_block(block, redactions),
        // Counted before: nothing that the plan changes comes coded.
        MediaItem::Coded(_) | MediaItem::CodedSound(_) => {}
    }
}

/// Hands items to `sink` in order; finishes it only on [`ToEncode::Finish`].
fn encode_stage(mut sink: Box<dyn Sink>, items: &Receiver<ToEncode>) -> Result<(), SinkError> {
    while let Some(item) = items.recv() {
        match item {
            ToEncode::Item(item) => sink.write_item(item)?,
            ToEncode::Finish => return sink.finish(),
        }
    }
    Ok(())
}

/// What has passed so far.
struct RenderTally<'a> {
    plan: &'a ApprovedPlan,
    due: DueFrames,
    frames: u32,
    frames_masked: u32,
    area_sum: f64,
    audio: Vec<AudioReport>,
    copied: Vec<CopiedPictures>,
    frames_earlier: u32,
    seen: BTreeMap<FrameIndex, FrameEvidence>,
    /// Of the source's pictures.
    size: PixelSize,
}

impl<'a> RenderTally<'a> {
    fn new(plan: &'a ApprovedPlan, due: DueFrames, tracks: usize, size: PixelSize) -> Self {
        Self {
            plan,
            due,
            frames: 0,
            frames_masked: 0,
            area_sum: 0.0,
            audio: vec![AudioReport::default(); tracks],
            copied: Vec::new(),
            frames_earlier: 0,
            seen: BTreeMap::new(),
            size,
        }
    }

    /// Counts an item before it is redacted.
    fn count(&mut self, item: &MediaItem) -> Result<(), RenderError> {
        match item {
            MediaItem::Frame(frame) => {
                self.advance(frame.index, 1)?;
                self.count_masks(frame.index, frame.picture.size());
                Ok(())
            }
            MediaItem::Audio(block) => {
                let muted = muted_samples(block, self.plan.redactions());
                let report = self.track(block.stream)?;
                report.samples += block.frames() as u64;
                report.muted_samples += muted;
                Ok(())
            }
            MediaItem::Coded(pictures) => self.count_coded(pictures),
            MediaItem::CodedSound(sound) => self.count_coded_sound(sound),
        }
    }

    /// Counts what is hidden in one frame.
    fn count_masks(&mut self, index: FrameIndex, size: PixelSize) {
        if let Some(share) = masked_share(self.plan.redactions(), index, size) {
            self.frames_masked += 1;
            self.area_sum += share;
        }
    }

    /// The next `frames` frames are those from `index` on.
    fn advance(&mut self, index: FrameIndex, frames: u32) -> Result<(), RenderError> {
        let due = self.due.after(self.frames);
        if index != due {
            return Err(RenderError::FrameOrder {
                found: index,
                expected: due,
            });
        }
        self.frames = self.frames.saturating_add(frames);
        if self.frames > self.due.total() {
            return self.check_complete();
        }
        Ok(())
    }

    fn track(&mut self, stream: usize) -> Result<&mut AudioReport, RenderError> {
        let tracks = self.audio.len();
        self.audio
            .get_mut(stream)
            .ok_or(RenderError::UnknownTrack { stream, tracks })
    }

    /// Pictures that come coded must be of no mask, unless an earlier render put it there.
    fn count_coded(&mut self, pictures: &CodedPictures) -> Result<(), RenderError> {
        let span = pictures.frames;
        self.advance(span.start(), span.frames())?;
        if pictures.is_earlier {
            self.frames_earlier = self.frames_earlier.saturating_add(span.frames());
            (span.start().get()..span.end().get())
                .for_each(|frame| self.count_masks(FrameIndex::new(frame), self.size));
            return Ok(());
        }
        if let Some(frame) = first_masked(self.plan.redactions(), span) {
            return Err(RenderError::CopiedUnderMask {
                what: format!("frame {frame}"),
            });
        }
        self.copied.push(CopiedPictures {
            frames: span,
            digest: pictures.digest,
        });
        Ok(())
    }

    /// Sound that comes coded must be of a track without a mute.
    fn count_coded_sound(&mut self, sound: &CodedSound) -> Result<(), RenderError> {
        let mut mutes = self.plan.redactions().mutes.iter();
        if mutes.any(|mute| mute.streams.contains(sound.stream)) {
            return Err(RenderError::CopiedUnderMask {
                what: format!("sound track {}", sound.stream),
            });
        }
        let report = self.track(sound.stream)?;
        report.samples += sound.samples;
        report.copied_packets += 1;
        Ok(())
    }

    fn check_complete(&self) -> Result<(), RenderError> {
        let expected = self.due.total();
        if self.frames == expected {
            return Ok(());
        }
        Err(RenderError::FrameCount {
            found: self.frames,
            expected,
        })
    }

    fn into_report(self) -> RenderReport {
        RenderReport {
            frames: self.frames,
            frames_masked: self.frames_masked,
            masked_area_mean: self.area_sum / f64::from(self.frames.max(1)),
            audio: self.audio,
            copied: self.copied,
            frames_earlier: self.frames_earlier,
            seen: self.seen,
        }
    }
}

/// The share of a picture of `size` that masks cover in one frame; `None` without masks.
fn masked_share(redactions: &Redactions, index: FrameIndex, size: PixelSize) -> Option<f64> {
    let mut rects = Vec::new();
    for (_, area) in mask_areas(redactions, index, size) {
        rects.extend_from_slice(area.rects());
    }
    #[expect(clippy::cast_precision_loss, reason = "pixels of one picture")]
    let share = area::of_union(&rects) as f64 / size.area() as f64;
    (!rects.is_empty()).then_some(share)
}

/// Of `frames` frames of `size`: how many have a mask, and which share of the picture is masked on
/// average over all of them.
#[must_use]
pub fn masked_frames(redactions: &Redactions, frames: u32, size: PixelSize) -> (u32, f64) {
    let shares = (0..frames).filter_map(|at| masked_share(redactions, FrameIndex::new(at), size));
    let (count, sum) = shares.fold((0, 0.0), |(count, sum), share| (count + 1, sum + share));
    (count, sum / f64::from(frames.max(1)))
}

/// The first frame of `span` in which something is hidden.
///
/// Whole regions are compared first: most spans of most plans have no masks.
#[must_use]
pub fn first_masked(redactions: &Redactions, span: FrameSpan) -> Option<FrameIndex> {
    let starts = redactions.masks.iter().filter_map(|mask| {
        let (start, end) = (mask.span().start(), mask.span().end());
        (start < span.end() && span.start() < end).then(|| start.max(span.start()))
    });
    starts.min()
}

#[cfg(test)]
mod tests;
