//! Which parts of a recording are safe to stream-copy, from one pass over its packets.
//!
//! Pictures are copied by closed GOPs, from one IDR picture to the next. What is not proved to be
//! safe is not copied, and [`CopyAnalysis`] says why.
//!
//! Coded pictures and sound are parsed to their last bit, so that data that no decoder needs are
//! not copied. The decoded values are not judged.

pub(crate) mod pictures;
mod proof;
pub(crate) mod sound;
mod walk;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ffmpeg_next::{Error, Packet};
use redact_core::{
    ColorRange, Digest, FrameSpan, Source as _, SourceError, SourceInfo, SourceSettings,
};

use crate::copy_plan::{CopyPlan, Gop, GopAction, Pictures, SoundForm};
use crate::decoders::VideoDecoder;
use crate::ffi;
use crate::packet_times::is_mov;
use crate::probe;
use crate::source::{FileSource, OpenOptions};
use pictures::{PictureAnalysis, check_single_description};
use proof::unreadable;
use sound::SoundAnalysis;

/// Most bytes of a copied GOP, which is held in memory as a whole.
const GOP_BYTES_MAX: u64 = 32 << 20;

/// Why nothing is copied where copied packets would repeat a parameter set that the release lacks.
const REPEATED_SETS: &str = "its packets repeat parameter sets that only redacted GOPs use";

/// Why nothing is copied where re-encoded pictures could have no parameter sets of their own.
const NO_ROOM: &str = "its parameter sets leave no room for those of re-encoded pictures";

/// Why nothing is copied of pictures whose colors would be shown in another way.
const COLORS: &str = "its container states colors that its pictures do not";

/// What could be copied of a recording.
pub struct CopyAnalysis {
    path: PathBuf,
    settings: SourceSettings,
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
        let mut analysis = Self::read_unproved(path, options)?;
        analysis.prove(|_| true, &BTreeSet::new())?;
        Ok(analysis)
    }

    /// The same without parsing coded pictures: nothing of them is copied unless
    /// [`CopyAnalysis::prove`] allows it.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read_unproved(path: &Path, options: &OpenOptions) -> Result<Self, SourceError> {
        let mut analysis = Self::read_copied(path, options)?;
        if let Ok(pictures) = &mut analysis.pictures {
            pictures.refuse_unproved();
        }
        Ok(analysis)
    }

    /// Parses the coded pictures of the GOPs for which `is_due` is true, and measures what is
    /// cropped off them: those that are accounted for may be copied from then on, and so may those
    /// whose digest, as in [`CopiedGop`](crate::CopiedGop), is `known` to be of such a GOP.
    ///
    /// # Errors
    /// When the recording cannot be read, or has changed.
    pub fn prove(
        &mut self,
        is_due: impl Fn(FrameSpan) -> bool,
        known: &BTreeSet<Digest>,
    ) -> Result<(), SourceError> {
        let Ok(pictures) = &mut self.pictures else {
            return Ok(());
        };
        for gop in &mut pictures.gops {
            if known.contains(&gop.digest) {
                gop.refused = None;
            }
        }
        let is_due = |gop: &Gop| gop.refused.is_some() && is_due(gop.frames);
        let video = self.info.video.stream as usize;
        let of_video = (&self.settings, video);
        proof::prove(&self.path, of_video, pictures, &mut self.decoder, is_due)
    }

    /// SHA-256 of the GOPs that are accounted for and known to be so.
    #[must_use]
    pub fn proved(&self) -> Vec<Digest> {
        let pictures = self.pictures.as_ref();
        pictures.map(Pictures::proved).unwrap_or_default()
    }

    /// The same without parsing coded pictures, for a file that the leak scan parses.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read_copied(path: &Path, options: &OpenOptions) -> Result<Self, SourceError> {
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
        let decoder = source
            .into_decoder()
            .expect("a source that is opened has decoded a frame");
        let mut input = probe::open(path, settings)?;
        let video = info.video.stream as usize;
        let mut pictures = PictureAnalysis::new(&info, &input, path);
        let single = match is_mov(&info.container) {
            true => check_single_description(path, *b"soun"),
            false => Ok(()),
        };
        let mut sound: Vec<SoundAnalysis> = info
            .audio
            .iter()
            .map(|track| SoundAnalysis::new(&info, track, &input, single))
            .collect();
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut input) {
                Ok(()) => {}
                Err(Error::Eof) => break ffi::input_error(&input).map_err(unreadable)?,
                Err(error) => return Err(unreadable(error)),
            }
            let index = packet.stream();
            if index == video {
                pictures.take(&packet);
            }
            let track = info.audio.iter().position(|t| t.stream as usize == index);
            if let Some(track) = track {
                sound[track].take(&packet);
            }
        }
        let pictures = pictures.finish().and_then(|pictures| {
            let shown = shown_colors(&tags, &info);
            // Where all are stated, the release states them, too.
            let is_stated = shown[..3].iter().all(|color| *color != 2);
            let is_same = is_stated || pictures.config.has_colors(shown);
            is_same.then_some(pictures).ok_or(COLORS.to_owned())
        });
        Ok(Self {
            path: path.to_owned(),
            settings: *settings,
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

/// Primaries, transfer, matrix and range with which a player shows the recording, as
/// [`AvcConfig::has_colors`](redact_bitstream::h264::avcc::AvcConfig::has_colors) takes them.
fn shown_colors(tags: &ffi::ColorTags, info: &SourceInfo) -> [u8; 4] {
    let code = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    let range = u8::from(info.video.range == ColorRange::Full) << 7;
    [
        code(tags.primaries as u32),
        code(tags.transfer as u32),
        code(tags.space as u32),
        range,
    ]
}
