//! Which parts of a recording are safe to stream-copy, from one pass over its packets.
//!
//! Pictures are copied by closed GOPs, from one IDR picture to the next. What is not proved to be
//! safe is not copied, and [`CopyAnalysis`] says why.
//!
//! Coded pictures and sound are parsed to their last bit, so that data that no decoder needs are
//! not copied. The decoded values are not judged.

pub(crate) mod pictures;
pub(crate) mod sound;
mod walk;

use std::path::Path;

use ffmpeg_next::{Error, Packet};
use redact_bitstream::h264::Unaccounted;
use redact_bitstream::h264::x264_end_bits::Mark;
use redact_core::{FrameSpan, Source as _, SourceError, SourceInfo};

use crate::copy_plan::{CopyPlan, Gop, GopAction, Pictures, SoundForm};
use crate::decoders::VideoDecoder;
use crate::edges;
use crate::ffi;
use crate::probe;
use crate::source::{FileSource, OpenOptions};
use pictures::{PictureAnalysis, check_single_description};
use sound::SoundAnalysis;

/// Most bytes of a copied GOP, which is held in memory as a whole.
const GOP_BYTES_MAX: u64 = 32 << 20;

/// Why a GOP with hidden content behind the cropping rectangle is not copied.
const CROPPED: &str = "the cropped rows or columns of a picture do not repeat its edge";

/// Why nothing is copied where copied packets would repeat a parameter set that the release lacks.
const REPEATED_SETS: &str = "its packets repeat parameter sets that only redacted GOPs use";

/// Why nothing is copied where re-encoded pictures could have no parameter sets of their own.
const NO_ROOM: &str = "its parameter sets leave no room for those of re-encoded pictures";

/// What could be copied of a recording.
pub struct CopyAnalysis {
    info: SourceInfo,
    tags: ffi::ColorTags,
    /// It decoded the first frame.
    decoder: VideoDecoder,
    pictures: Result<Pictures, String>,
    sound: Vec<Result<SoundForm, String>>,
}

impl CopyAnalysis {
    /// Analyzes every packet of the recording at `path` and parses every coded picture: a GOP that
    /// is not accounted for to its last bit is not copied.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        Self::read_as(path, &OpenOptions::default())
    }

    /// The same with `threads` and `settings` of `options`. The decoder that it opens is also that
    /// of sources that are opened with its [`CopyPlan`].
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read_as(path: &Path, options: &OpenOptions) -> Result<Self, SourceError> {
        Self::read_with(path, options, true)
    }

    /// The same without parsing coded pictures, for a file that the leak scan parses.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read_copied(path: &Path, options: &OpenOptions) -> Result<Self, SourceError> {
        Self::read_with(path, options, false)
    }

    fn read_with(path: &Path, options: &OpenOptions, is_walked: bool) -> Result<Self, SourceError> {
        let settings = &options.settings;
        let options = OpenOptions {
            threads: options.threads,
            settings: *settings,
            ..OpenOptions::default()
        };
        let source = FileSource::open(path, &options)?;
        let info = source.info().clone();
        let tags = source
            .color_tags()
            .expect("a source that is opened has decoded a frame");
        let mut decoder = source
            .into_decoder()
            .expect("a source that is opened has decoded a frame");
        let mut input = probe::open(path, settings)?;
        let video = info.video.stream as usize;
        let mut pictures = PictureAnalysis::new(&info, &input, path);
        let single = check_single_description(path, *b"soun");
        let mut sound: Vec<SoundAnalysis> = info
            .audio
            .iter()
            .map(|track| SoundAnalysis::new(&info, track, &input, single))
            .collect();
        let config = pictures.config().filter(|_| is_walked).cloned();
        let is_cropped = config.as_ref().is_some_and(|config| config.is_cropped);
        let (read, walked) = walk::beside(config.as_ref(), |walker| {
            loop {
                let mut packet = Packet::empty();
                match packet.read(&mut input) {
                    Ok(()) => {}
                    Err(Error::Eof) => return ffi::input_error(&input),
                    Err(error) => return Err(error),
                }
                let index = packet.stream();
                if index == video {
                    pictures.take(&packet, walker);
                }
                let track = info.audio.iter().position(|t| t.stream as usize == index);
                if let Some(track) = track {
                    sound[track].take(&packet);
                }
            }
        });
        read.map_err(unreadable)?;
        let mut pictures = pictures.finish();
        if let Ok(pictures) = &mut pictures {
            pictures.refuse_unaccounted(&walked);
            if is_cropped {
                let starts = pictures.gop_starts();
                let plain = edges::plain_pictures(path, settings, &starts, &mut decoder)?;
                pictures.refuse_cropped(&plain);
            }
        }
        Ok(Self {
            info,
            tags,
            decoder,
            pictures,
            sound: sound.into_iter().map(SoundAnalysis::finish).collect(),
        })
    }

    /// What the container declares.
    pub(crate) const fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// When each frame is shown, in ticks, and the first frame of each GOP; the reason where its
    /// pictures cannot be copied.
    pub(crate) fn gops(&self) -> Result<(&[i64], Vec<u32>), &str> {
        let pictures = self.pictures.as_ref().map_err(String::as_str)?;
        let starts = pictures.gops.iter().map(|gop| gop.frames.start().get());
        Ok((&pictures.pts, starts.collect()))
    }

    /// Frames of the recording; `None` where its pictures cannot be copied and are not counted.
    #[must_use]
    pub fn frames(&self) -> Option<u32> {
        let pictures = self.pictures.as_ref().ok()?;
        u32::try_from(pictures.pts.len()).ok()
    }

    /// When each frame is shown and when the last one ends, in ticks; `None` where its pictures
    /// cannot be copied.
    #[must_use]
    pub fn times(&self) -> Option<(&[i64], i64)> {
        let pictures = self.pictures.as_ref().ok()?;
        Some((&pictures.pts, pictures.end))
    }

    /// Decides what is copied: GOPs for which `is_untouched` is true, and sound tracks for which
    /// `is_untouched_sound` is.
    ///
    /// `frames` is the number of frames that decode: a recording that stores more is re-encoded.
    #[must_use]
    pub fn plan(
        self,
        frames: u32,
        is_untouched: impl Fn(FrameSpan) -> bool,
        is_untouched_sound: impl Fn(usize) -> bool,
    ) -> CopyPlan {
        let pictures = self.pictures.and_then(|mut pictures| {
            if pictures.pts.len() != frames as usize {
                return Err("it stores frames that are never shown".to_owned());
            }
            for gop in &mut pictures.gops {
                if gop.bytes > GOP_BYTES_MAX {
                    gop.refused = Some("a GOP is too large".to_owned());
                }
                let is_untouched = is_untouched(gop.frames);
                if is_untouched && gop.refused.is_none() {
                    gop.action = GopAction::Copy;
                }
                if !is_untouched {
                    gop.refused = None;
                }
            }
            check_parameter_sets(&pictures)?;
            Ok(pictures)
        });
        let sound = self.sound.into_iter().enumerate().map(|(track, form)| {
            if is_untouched_sound(track) {
                form
            } else {
                Err("part of it is muted".to_owned())
            }
        });
        CopyPlan::new(
            self.info,
            self.tags,
            self.decoder,
            pictures,
            sound.collect(),
        )
    }
}

/// Checks that a release with the copied GOPs of `pictures` can have their parameter sets beside
/// those of re-encoded ones: the leak scan rejects sets that no picture uses, and sets in packets
/// that its AVC configuration record lacks.
fn check_parameter_sets(pictures: &Pictures) -> Result<(), &'static str> {
    let copied = || pictures.gops.iter().filter(|gop| gop.is_copied());
    let used = pictures.config.only(&pictures.sets_of(Gop::is_copied));
    let mut repeated = copied().flat_map(|gop| &gop.repeated_sets);
    if !repeated.all(|set| used.has_set(set)) {
        return Err(REPEATED_SETS);
    }
    let is_mixed = copied().next().is_some() && copied().count() < pictures.gops.len();
    if !is_mixed || used.has_room() {
        Ok(())
    } else {
        Err(NO_ROOM)
    }
}

fn unreadable(error: Error) -> SourceError {
    SourceError::Failed {
        what: "cannot read the recording's packets",
        source: ffi::cause(error),
    }
}

impl Pictures {
    /// Refuses GOPs that are not accounted for; `walked` has all pictures in packet order.
    fn refuse_unaccounted(&mut self, walked: &[Result<Mark, Unaccounted>]) {
        for gop in &mut self.gops {
            let (start, end) = (gop.frames.start().get(), gop.frames.end().get());
            let of_gop = walked.get(start as usize..end as usize);
            gop.refused = of_gop
                .and_then(walk::first_unaccounted)
                .map(|(place, why)| {
                    let frame = start as usize + place;
                    format!("{why} (frame {frame} of the file)")
                });
        }
    }

    /// Refuses GOPs with content behind the cropping rectangle; `plain` has the times of pictures
    /// without, sorted.
    fn refuse_cropped(&mut self, plain: &[i64]) {
        for gop in &mut self.gops {
            let (start, end) = (gop.frames.start().get(), gop.frames.end().get());
            let mut frames = start as usize..end as usize;
            let odd = frames.find(|frame| plain.binary_search(&self.pts[*frame]).is_err());
            if let Some(frame) = odd.filter(|_| gop.refused.is_none()) {
                gop.refused = Some(format!("{CROPPED} (frame {frame})"));
            }
        }
    }
}
