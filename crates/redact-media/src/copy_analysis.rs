//! Which parts of a recording are safe to stream-copy, from one pass over its packets.
//!
//! Pictures are copied by closed GOPs, from one IDR picture to the next. What is not proved to be
//! safe is not copied, and [`CopyAnalysis`] says why.
//!
//! Coded pictures and sound are parsed to their last bit, so that data that no decoder needs are
//! not copied. The decoded values are not judged.

mod sound;
mod walk;

use std::fs::File;
use std::path::Path;

use ffmpeg_next::{Error, Packet};
use redact_bitstream::h264::Unaccounted;
use redact_bitstream::h264::avcc::{self, AvcConfig, CopyRefusal};
use redact_bitstream::h264::free_fields::usual_step;
use redact_bitstream::h264::gop_digest::{GopDigest, timed_digest};
use redact_bitstream::h264::x264_end_bits::Mark;
use redact_bitstream::mp4::sample_descriptions;
use redact_core::{FrameIndex, FrameSpan, Source as _, SourceError, SourceInfo};

use crate::codec::changes_configuration;
use crate::copy_plan::{CopyPlan, Gop, GopAction, Pictures, REORDER_MAX, SoundForm};
use crate::decoders::VideoDecoder;
use crate::edges;
use crate::ffi;
use crate::probe;
use crate::source::{FileSource, OpenOptions};
use sound::SoundAnalysis;

/// Most bytes of a copied GOP, which is held in memory as a whole.
const GOP_BYTES_MAX: u64 = 32 << 20;

/// Most frames of a recording that is analyzed: three days at 60 frames/s.
const FRAMES_MAX: usize = 16_000_000;

/// Why a GOP with hidden content behind the cropping rectangle is not copied.
const CROPPED: &str = "the cropped rows or columns of a picture do not repeat its edge";

/// Why a recording is not copied whose unused parameter sets could hold anything.
const UNUSED_SETS: &str = "it has parameter sets that no picture uses";

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

    /// Frames of the recording; `None` where its pictures cannot be copied and are not counted.
    #[must_use]
    pub fn frames(&self) -> Option<u32> {
        let pictures = self.pictures.as_ref().ok()?;
        u32::try_from(pictures.pts.len()).ok()
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

/// What is known of the pictures so far, or the first reason not to copy them.
struct PictureAnalysis {
    state: Result<Pictures, String>,
    open: Option<OpenGop>,
    /// Ticks per second of the video stream.
    scale: u32,
}

struct OpenGop {
    pts: Vec<i64>,
    bytes: u64,
    repeated_sets: Vec<Vec<u8>>,
    sei: u32,
    filler: u32,
    digest: GopDigest,
}

impl PictureAnalysis {
    fn new(info: &SourceInfo, input: &ffmpeg_next::format::context::Input, path: &Path) -> Self {
        let config = whole_refusal(info).map_or_else(
            || {
                check_single_description(path, *b"vide")?;
                let stream = input.stream(info.video.stream as usize);
                let record = stream.as_ref().map(ffi::extradata).unwrap_or_default();
                AvcConfig::read(&record).map_err(|odd| odd.to_string())
            },
            Err,
        );
        let state = config.map(|config| Pictures {
            config,
            dts: Vec::new(),
            pts: Vec::new(),
            end: 0,
            gops: Vec::new(),
            reorder: 0,
            repeats_sets: false,
        });
        Self {
            state,
            open: None,
            scale: info.video.time_base.den.get(),
        }
    }

    /// The stream's configuration, while nothing has ruled out copying.
    fn config(&self) -> Option<&AvcConfig> {
        self.state.as_ref().ok().map(|pictures| &pictures.config)
    }

    fn take(&mut self, packet: &Packet, walker: Option<&walk::Walker>) {
        let Ok(pictures) = &mut self.state else {
            return;
        };
        let frame = pictures.dts.len();
        match take_packet(pictures, &mut self.open, packet) {
            Ok(nal_units) => {
                if let Some(walker) = walker {
                    walker.take(frame, nal_units);
                }
            }
            Err(why) => self.state = Err(format!("{why} (frame {frame} of the file)")),
        }
    }

    fn finish(mut self) -> Result<Pictures, String> {
        let mut pictures = self.state?;
        close_gop(&mut pictures, self.open.take())?;
        let reorder = (0..=REORDER_MAX).rev().find(|&reorder| {
            let earlier = |i: usize| pictures.pts[i.saturating_sub(reorder)];
            (0..pictures.pts.len()).all(|i| pictures.dts[i] <= earlier(i))
        });
        pictures.reorder =
            reorder.ok_or("its frames have decoding times after their presentation times")?;
        if !pictures.config.needs_all(&pictures.sets_of(|_| true)) {
            return Err(UNUSED_SETS.to_owned());
        }
        let step = usual_step(&pictures.pts);
        let clocks = pictures.config.check_clocks(step, self.scale);
        clocks.map_err(|odd| odd.to_string())?;
        Ok(pictures)
    }
}

/// Checks that each track of one kind has one sample description.
fn check_single_description(path: &Path, handler: [u8; 4]) -> Result<(), &'static str> {
    let mut file = File::open(path).map_err(|_| sample_descriptions::UNREADABLE)?;
    sample_descriptions::check_single(&mut file, handler)
}

/// Why no pictures of a recording are copied, known before any packet is read.
fn whole_refusal(info: &SourceInfo) -> Option<String> {
    let first_name = info.container.split(',').next().unwrap_or_default();
    if first_name != "mov" {
        return Some(format!("its container is {first_name}, not MP4 or MOV"));
    }
    if info.video.codec != "h264" {
        return Some(format!("its codec is {}, not h264", info.video.codec));
    }
    if let Some(conversion) = info.conversions.first() {
        return Some(conversion.to_string());
    }
    if info.video.time_base.num.get() != 1 {
        return Some("its time base does not count whole ticks per second".to_owned());
    }
    (info.video.pixel_aspect != (1, 1)).then(|| "its pixels are not square".to_owned())
}

fn take_packet(
    pictures: &mut Pictures,
    open: &mut Option<OpenGop>,
    packet: &Packet,
) -> Result<Vec<u8>, String> {
    let reason = |odd: CopyRefusal| odd.to_string();
    let data = packet.data().ok_or("an empty packet")?;
    if changes_configuration(packet) {
        return Err("its decoder configuration changes".to_owned());
    }
    let found = pictures.config.access_unit(data).map_err(reason)?;
    let (Some(pts), Some(dts)) = (packet.pts(), packet.dts()) else {
        return Err("a packet has no time".to_owned());
    };
    if packet.is_corrupt() || ffi::is_discarded(packet) {
        return Err("a packet is marked as corrupt or discarded".to_owned());
    }
    if pictures.dts.last().is_some_and(|last| dts <= *last) {
        return Err("decoding times do not increase".to_owned());
    }
    if pictures.dts.len() >= FRAMES_MAX {
        return Err("it is too long".to_owned());
    }
    if found.is_idr {
        close_gop(pictures, open.take())?;
    }
    let gop = match open {
        Some(gop) => gop,
        None if found.is_idr => open.insert(OpenGop {
            pts: Vec::new(),
            bytes: 0,
            repeated_sets: Vec::new(),
            sei: 0,
            filler: 0,
            digest: GopDigest::new(),
        }),
        None => return Err("it does not begin with an IDR picture".to_owned()),
    };
    let nal_units = avcc::picture_nal_units(data, pictures.config.length_bytes);
    gop.digest.add(&pictures.config, &found, &nal_units);
    gop.bytes += nal_units.len() as u64;
    gop.sei += found.sei;
    gop.filler += found.filler;
    gop.pts.push(pts);
    pictures.repeats_sets |= !found.repeated_sets.is_empty();
    for set in found.repeated_sets {
        if !gop.repeated_sets.contains(&set) {
            gop.repeated_sets.push(set);
        }
    }
    pictures.dts.push(dts);
    pictures.end = pictures
        .end
        .max(pts.saturating_add(packet.duration().max(1)));
    Ok(nal_units)
}

fn close_gop(pictures: &mut Pictures, open: Option<OpenGop>) -> Result<(), String> {
    let Some(mut gop) = open else {
        return Ok(());
    };
    let first = gop.pts[0];
    let sets = gop.digest.pps_ids().to_vec();
    let digest = gop.digest.finish();
    let timed = timed_digest(digest, &gop.pts);
    gop.pts.sort_unstable();
    let after_last = pictures.pts.last().is_none_or(|last| *last < gop.pts[0]);
    let increasing = gop.pts.windows(2).all(|pair| pair[0] < pair[1]);
    if !after_last || !increasing || gop.pts[0] != first {
        return Err("frame times do not increase from GOP to GOP".to_owned());
    }
    let index = |frames: usize| FrameIndex::new(u32::try_from(frames).unwrap_or(u32::MAX));
    let start = index(pictures.pts.len());
    pictures.pts.append(&mut gop.pts);
    let frames = FrameSpan::new(start, index(pictures.pts.len())).ok_or("an empty GOP")?;
    pictures.gops.push(Gop {
        frames,
        bytes: gop.bytes,
        digest,
        timed,
        sets,
        repeated_sets: gop.repeated_sets,
        sei: gop.sei,
        filler: gop.filler,
        refused: None,
        action: GopAction::Reencode,
    });
    Ok(())
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
