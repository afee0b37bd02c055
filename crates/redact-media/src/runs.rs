//! Runs of a recording, read and encoded without the rest of it.
//!
//! What of a recording is re-encoded is known only once all of its packets were analyzed, which
//! costs about as much as decoding them. [`SegmentForm`] and [`RunTimes`] are what a run needs of
//! that analysis: with them, a run is read and encoded by itself, on any machine that has the
//! recording.

use std::collections::VecDeque;
use std::path::Path;

use redact_bitstream::h264::avcc::AvcConfig;
use redact_core::{
    Conversion, FrameIndex, FrameSpan, MediaItem, Source, SourceDiagnostics, SourceError,
    SourceInfo, Timestamp, VideoInfo,
};

use crate::copy_plan::{CopyPlan, REORDER_MAX};
use crate::ffi;
use crate::source::{FileSource, OpenOptions};

/// How much earlier a search begins that found no key frame in front of a run, nanoseconds; four
/// times as much each time.
const BACK_NANOS: i64 = 1_000_000_000;

/// What the segments of a release have in common, from the analysis of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentForm {
    /// Time of the recording's first frame, ticks.
    pub first_ticks: i64,
    /// Frames of reordering that the parameter sets declare, 0 to 2.
    pub reorder: usize,
    /// Whether the recording's packets repeat parameter sets, so that segments must, too.
    pub repeats_sets: bool,
}

/// A run of frames that is encoded by itself, and when each of them is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTimes {
    /// The frames.
    pub frames: FrameSpan,
    ticks: Vec<i64>,
}

impl RunTimes {
    /// A run of `frames` that are shown at `ticks`; `None` where there is not one time for each of
    /// them, or where times do not increase.
    #[must_use]
    pub fn new(frames: FrameSpan, ticks: Vec<i64>) -> Option<Self> {
        let is_whole = ticks.len() == frames.frames() as usize;
        let rises = ticks.windows(2).all(|two| two[0] < two[1]);
        (is_whole && rises).then_some(Self { frames, ticks })
    }

    /// When each frame is shown, ticks.
    #[must_use]
    pub fn ticks(&self) -> &[i64] {
        &self.ticks
    }

    /// When `frame` is shown, ticks.
    pub(crate) fn time_of(&self, frame: FrameIndex) -> Option<i64> {
        let place = frame.get().checked_sub(self.frames.start().get())?;
        self.ticks.get(place as usize).copied()
    }

    /// The frame that is shown at `ticks`.
    pub(crate) fn frame_at(&self, ticks: i64) -> Option<u32> {
        let place = self.ticks.binary_search(&ticks).ok()?;
        self.frames
            .start()
            .get()
            .checked_add(u32::try_from(place).ok()?)
    }
}

impl CopyPlan {
    /// What all segments of a release by this plan have in common; `None` where no GOP can be
    /// copied, so that a release is encoded as one.
    #[must_use]
    pub fn segment_form(&self) -> Option<SegmentForm> {
        let pictures = self.pictures()?;
        Some(SegmentForm {
            first_ticks: *pictures.pts.first()?,
            reorder: pictures.reorder,
            repeats_sets: pictures.repeats_sets,
        })
    }

    /// The runs of [`CopyPlan::runs`], with the times of their frames.
    #[must_use]
    pub fn run_times(&self) -> Vec<RunTimes> {
        let times = |frames: FrameSpan| {
            let pictures = self.pictures()?;
            let (start, end) = (frames.start().get(), frames.end().get());
            let ticks = pictures.pts.get(start as usize..end as usize)?;
            RunTimes::new(frames, ticks.to_vec())
        };
        self.runs().into_iter().filter_map(times).collect()
    }
}

/// Reads nothing of a recording but runs of frames, each from its first key frame on.
///
/// A run is found by the times of its frames. A frame with another time than the run has is an
/// error: the recording is not the one that was analyzed.
pub struct RunReader {
    source: FileSource,
    config: AvcConfig,
    tags: ffi::ColorTags,
    all: Vec<RunTimes>,
    left: VecDeque<RunTimes>,
    open: Option<OpenRun>,
}

/// The run that is being read.
struct OpenRun {
    times: RunTimes,
    /// Frames read.
    read: usize,
    /// How far before its first frame the reader began, nanoseconds.
    back_nanos: i64,
}

impl RunReader {
    /// Opens the recording at `path` for `runs`, which must be in order and must begin at key
    /// frames. Sound is not read.
    ///
    /// # Errors
    /// As [`FileSource::open`]; [`SourceError::Failed`] when the recording is not one that was
    /// analyzed for runs, or these are not in order.
    pub fn open(
        path: &Path,
        options: &OpenOptions,
        form: &SegmentForm,
        runs: Vec<RunTimes>,
    ) -> Result<Self, SourceError> {
        let options = OpenOptions {
            audio: false,
            ..*options
        };
        let source = FileSource::open(path, &options)?;
        let config = AvcConfig::of_stream(&source.video_config());
        let config = config.map_err(|odd| changed(odd.to_string()))?;
        let in_order = |two: &[RunTimes]| two[0].frames.end() <= two[1].frames.start();
        if !runs.windows(2).all(in_order) || form.reorder > REORDER_MAX {
            return Err(changed("the runs to read are not in order".to_owned()));
        }
        let first = source.info().video.first_timestamp.ticks();
        if first != form.first_ticks {
            let expected = form.first_ticks;
            return Err(changed(format!(
                "its first frame has time {first}, expected {expected}"
            )));
        }
        let tags = source
            .color_tags()
            .expect("a source that is opened has decoded a frame");
        Ok(Self {
            source,
            config,
            tags,
            left: runs.iter().cloned().collect(),
            all: runs,
            open: None,
        })
    }

    /// All runs, in order.
    pub(crate) fn runs(&self) -> &[RunTimes] {
        &self.all
    }

    pub(crate) fn video(&self) -> &VideoInfo {
        &self.source.info().video
    }

    pub(crate) const fn config(&self) -> &AvcConfig {
        &self.config
    }

    pub(crate) const fn tags(&self) -> ffi::ColorTags {
        self.tags
    }

    /// The run to read from; `None` behind the last one.
    fn run(&mut self, ended: Option<FrameIndex>) -> Result<Option<OpenRun>, SourceError> {
        let Some(times) = self.left.pop_front() else {
            return Ok(None);
        };
        let run = OpenRun {
            times,
            read: 0,
            back_nanos: 0,
        };
        // What follows directly needs no search.
        if ended != Some(run.times.frames.start()) {
            self.seek(&run)?;
        }
        Ok(Some(run))
    }

    fn seek(&mut self, run: &OpenRun) -> Result<(), SourceError> {
        let video = &self.source.info().video;
        let first = video.first_timestamp.ticks();
        let wanted = run.times.ticks[0].saturating_sub(first);
        let nanos = Timestamp::new(wanted).nanos(video.time_base);
        let nanos = nanos.ok_or_else(|| changed("a time is out of range".to_owned()))?;
        // Rounded up to the microseconds that a container is searched by.
        let nanos = nanos.saturating_add(999).saturating_sub(run.back_nanos);
        self.source.seek(run.times.frames.start(), nanos.max(0))
    }

    /// The next frame of `run`, or `None` where it has all of them.
    fn read(&mut self, run: &mut OpenRun) -> Result<Option<MediaItem>, SourceError> {
        let Some(&wanted) = run.times.ticks.get(run.read) else {
            return Ok(None);
        };
        let number = run.times.frames.start().get() + u32::try_from(run.read).unwrap_or(u32::MAX);
        let index = FrameIndex::new(number);
        loop {
            let item = match self.source.next_item() {
                // Without an index of its key frames, a file may be entered between two pictures
                // that need each other: that is no damage.
                Err(_) if run.read == 0 && self.can_go_back(run) => {
                    self.seek_back(run)?;
                    continue;
                }
                item => item?,
            };
            let frame = match item {
                Some(MediaItem::Frame(frame)) => frame,
                Some(_) => continue,
                None => {
                    return Err(changed(format!("it ends before frame {index}")));
                }
            };
            let found = frame.timestamp.ticks();
            if found == wanted {
                run.read += 1;
                let frame = redact_core::Frame { index, ..frame };
                return Ok(Some(MediaItem::Frame(frame)));
            }
            if run.read > 0 {
                return Err(changed(format!(
                    "frame {index} has time {found}, expected {wanted}"
                )));
            }
            if found > wanted {
                self.seek_back(run)?;
            }
        }
    }

    /// Whether a search from further ahead of `run` could find more.
    fn can_go_back(&self, run: &OpenRun) -> bool {
        let video = &self.source.info().video;
        let ticks = run.times.ticks[0].saturating_sub(video.first_timestamp.ticks());
        let length = Timestamp::new(ticks).nanos(video.time_base);
        length.is_some_and(|length| run.back_nanos <= length)
    }

    /// Begins further ahead of a run of which the first frame was not found.
    fn seek_back(&mut self, run: &mut OpenRun) -> Result<(), SourceError> {
        if !self.can_go_back(run) {
            let (index, wanted) = (run.times.frames.start(), run.times.ticks[0]);
            return Err(changed(format!(
                "frame {index} with time {wanted} is missing"
            )));
        }
        run.back_nanos = run.back_nanos.saturating_mul(4).max(BACK_NANOS);
        self.seek(run)
    }
}

impl Source for RunReader {
    fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    /// Without what only a reader of the whole recording can count: pictures that are never shown,
    /// and tracks without sound.
    fn diagnostics(&self) -> SourceDiagnostics {
        let mut found = self.source.diagnostics();
        let is_counted = |conversion: &Conversion| {
            use Conversion::{EmptyTrack, LeftOut};
            matches!(conversion, LeftOut { .. } | EmptyTrack { .. })
        };
        found
            .conversions
            .retain(|conversion| !is_counted(conversion));
        found
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        let mut ended = None;
        loop {
            let Some(mut run) = self.open.take() else {
                match self.run(ended)? {
                    Some(run) => self.open = Some(run),
                    None => return Ok(None),
                }
                continue;
            };
            if let Some(item) = self.read(&mut run)? {
                self.open = Some(run);
                return Ok(Some(item));
            }
            ended = Some(run.times.frames.end());
        }
    }
}

fn changed(why: String) -> SourceError {
    SourceError::Failed {
        what: "the recording is not the one that was analyzed",
        source: why.into(),
    }
}
