//! Which parts of a recording can be copied as they are coded: one look at every packet.
//!
//! Pictures are copied by closed groups: from one IDR picture to the next. Nothing is decoded
//! here. What is not proved to be safe to copy is not copied, and [`Survey`] says why.
//!
//! Coded pictures and coded sound are walked to their last bit: what no decoder needs is not
//! copied. What the bits say is not looked at.

mod aac;
mod walk;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ffmpeg_next::codec::packet::side_data;
use ffmpeg_next::{Error, Packet};
use redact_bitstream::h264::Unaccounted;
use redact_bitstream::h264::avcc::{self, AvcConfig, CopyRefusal};
use redact_bitstream::h264::free_fields::usual_step;
use redact_bitstream::h264::gop_digest::{GopDigest, timed_digest};
use redact_bitstream::h264::x264_end_bits::Mark;
use redact_bitstream::mp4::sample_descriptions;
use redact_core::{
    Digest, FrameIndex, FrameSpan, Source as _, SourceError, SourceInfo, SourceSettings, Timestamp,
};

use crate::edges;
use crate::ffi;
use crate::kept::KeptSpans;
use crate::probe;
use crate::source::{FileSource, OpenOptions};
pub(crate) use aac::{SoundForm, length_of, skipped};

/// Bytes of a group that is copied: it is in memory as a whole.
const GROUP_BYTES_MAX: u64 = 32 << 20;

/// Frames of a recording that is surveyed: three days of 60 frames/s.
const FRAMES_MAX: usize = 16_000_000;

/// Touched groups that begin in the same stretch of this many frames share an encoder. It depends
/// on the recording alone, so that a change of the plan moves no other run.
const RUN_FRAMES: u32 = 64;

/// Why nothing of the pictures is copied where everything could be.
const ALL_TOUCHED: &str = "masks touch every group of pictures";

/// Why a group is not copied whose pictures go on behind the cropping rectangle.
const CROPPED: &str = "what is cut off a picture does not repeat its edge";

/// Why nothing is copied of a recording with parameter sets that could hold anything.
const UNUSED_SETS: &str = "it has parameter sets that no picture uses";

/// Largest reordering of frames that an encoder is allowed.
pub(crate) const REORDER_MAX: usize = 2;

/// What could be copied of a recording.
pub struct Survey {
    info: SourceInfo,
    tags: ffi::ColorTags,
    pictures: Result<Pictures, String>,
    sound: Vec<Result<SoundForm, String>>,
}

/// The groups of pictures of a video stream.
#[derive(Clone, Debug)]
pub(crate) struct Pictures {
    pub(crate) config: AvcConfig,
    /// Decoding times in the order of packets, ticks.
    pub(crate) dts: Vec<i64>,
    /// Presentation times, sorted, ticks: the times of frames.
    pub(crate) pts: Vec<i64>,
    /// When the last frame ends, ticks.
    pub(crate) end: i64,
    pub(crate) groups: Vec<Group>,
    /// Frames by which packets may be out of order, at most [`REORDER_MAX`].
    pub(crate) reorder: usize,
    /// Whether packets repeat parameter sets: who finds some looks for no others in the header.
    pub(crate) repeats_sets: bool,
}

/// A closed group of pictures: what is decoded from one IDR picture on.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) frames: FrameSpan,
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
    /// The same with when its pictures are shown: see [`timed_digest`].
    pub(crate) timed: Digest,
    /// Numbers of the picture parameter sets that it is decoded with, at their first use.
    pub(crate) sets: Vec<u32>,
    pub(crate) messages: u32,
    pub(crate) fillers: u32,
    /// Why it is not copied although nothing touches it.
    pub(crate) refused: Option<String>,
    pub(crate) copied: bool,
    /// Of a copied group: its first picture is decoded, to show that a decoder finds its way from
    /// the pictures before it.
    pub(crate) joined: bool,
    /// Of a group that is not copied: an earlier render's pictures are written again.
    pub(crate) kept: bool,
}

/// What is copied of a recording and what is encoded anew, and why.
#[derive(Clone)]
pub struct Splice(Arc<Inner>);

struct Inner {
    info: SourceInfo,
    tags: ffi::ColorTags,
    pictures: Result<Arc<Pictures>, String>,
    sound: Vec<Result<SoundForm, String>>,
    store: Option<Arc<dyn KeptSpans>>,
}

/// A group of pictures that is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedGroup {
    /// Its frames.
    pub frames: FrameSpan,
    /// SHA-256 over its coded pictures and the parameters that they are decoded with.
    pub digest: Digest,
    /// Messages (SEI) that are taken out.
    pub messages: u32,
    /// Units of filler that are taken out.
    pub fillers: u32,
}

impl Survey {
    /// Looks at every packet of the recording at `path`, and walks through every coded picture: a
    /// group that is not accounted for to its last bit is not copied.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        Self::read_as(path, &SourceSettings::default())
    }

    /// The same of a recording of which a person said how it is to be opened.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read_as(path: &Path, settings: &SourceSettings) -> Result<Self, SourceError> {
        Self::read_with(path, settings, true)
    }

    /// The same without a walk, to find what was copied before in a file that is walked otherwise.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn read_copied(path: &Path, settings: &SourceSettings) -> Result<Self, SourceError> {
        Self::read_with(path, settings, false)
    }

    fn read_with(
        path: &Path,
        settings: &SourceSettings,
        is_walked: bool,
    ) -> Result<Self, SourceError> {
        let options = OpenOptions {
            audio: true,
            threads: 1,
            settings: *settings,
            ..OpenOptions::default()
        };
        let source = FileSource::open(path, &options)?;
        let info = source.info().clone();
        let tags = source
            .color_tags()
            .expect("a source that is opened has decoded a frame");
        drop(source);
        let mut input = probe::open(path, settings)?;
        let video = info.video.stream as usize;
        let mut pictures = PictureSurvey::new(&info, &input, path);
        let single = check_single_description(path, *b"soun");
        let mut sound: Vec<aac::SoundSurvey> = info
            .audio
            .iter()
            .map(|track| aac::SoundSurvey::new(&info, track, &input, single))
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
            pictures.refuse_odd(&walked);
            if is_cropped {
                let starts = pictures.group_starts();
                pictures.refuse_cropped(&edges::plain_pictures(path, settings, &starts)?);
            }
        }
        Ok(Self {
            info,
            tags,
            pictures,
            sound: sound.into_iter().map(aac::SoundSurvey::finish).collect(),
        })
    }

    /// Frames of the recording; `None` where pictures are not understood well enough to be copied,
    /// and so are not counted.
    #[must_use]
    pub fn frames(&self) -> Option<u32> {
        let pictures = self.pictures.as_ref().ok()?;
        u32::try_from(pictures.pts.len()).ok()
    }

    /// Decides what is copied: groups of pictures of which `is_untouched` says so, and sound tracks
    /// of which `is_untouched_sound` does.
    ///
    /// `frames` are those that decode: a recording that stores others is encoded anew.
    #[must_use]
    pub fn splice(
        self,
        frames: u32,
        is_untouched: impl Fn(FrameSpan) -> bool,
        is_untouched_sound: impl Fn(usize) -> bool,
    ) -> Splice {
        let pictures = self.pictures.and_then(|mut pictures| {
            if pictures.pts.len() != frames as usize {
                return Err("frames are stored that are not shown".to_owned());
            }
            for group in &mut pictures.groups {
                if group.bytes > GROUP_BYTES_MAX {
                    group.refused = Some("a group of pictures is too large".to_owned());
                }
                let is_untouched = is_untouched(group.frames);
                group.copied = is_untouched && group.refused.is_none();
                if !is_untouched {
                    group.refused = None;
                }
            }
            Ok(Arc::new(pictures))
        });
        let sound = self.sound.into_iter().enumerate().map(|(track, form)| {
            if is_untouched_sound(track) {
                form
            } else {
                Err("it is muted in part".to_owned())
            }
        });
        Splice(Arc::new(Inner {
            sound: sound.collect(),
            pictures,
            info: self.info,
            tags: self.tags,
            store: None,
        }))
    }
}

impl Splice {
    /// The groups that are copied, in order; empty when all pictures are encoded anew.
    #[must_use]
    pub fn copied_groups(&self) -> Vec<CopiedGroup> {
        let groups = self.pictures().map_or(&[][..], |pictures| &pictures.groups);
        groups
            .iter()
            .filter(|group| group.copied)
            .map(|group| CopiedGroup {
                frames: group.frames,
                digest: group.digest,
                messages: group.messages,
                fillers: group.fillers,
            })
            .collect()
    }

    /// Why all pictures are encoded anew, if they are.
    #[must_use]
    pub fn pictures_refused(&self) -> Option<&str> {
        match &self.0.pictures {
            Err(why) => Some(why),
            Ok(pictures) if pictures.groups.iter().all(|group| !group.copied) => {
                let mut refused = pictures.groups.iter().filter_map(|g| g.refused.as_deref());
                Some(refused.next().unwrap_or(ALL_TOUCHED))
            }
            Ok(_) => None,
        }
    }

    /// Frames that are encoded anew although nothing touches them, where others are copied, and
    /// why the first of them are.
    #[must_use]
    pub fn untouched_refused(&self) -> Option<(u32, &str)> {
        let groups = &self.pictures()?.groups;
        let refused = || groups.iter().filter(|group| group.refused.is_some());
        let frames = refused().map(|group| group.frames.frames()).sum();
        Some((frames, refused().next()?.refused.as_deref()?))
    }

    /// The runs of frames that are encoded anew, each on its own, in order; none where the
    /// recording's groups are not understood and all of it is one run.
    #[must_use]
    pub fn runs(&self) -> Vec<FrameSpan> {
        let (mut runs, mut at) = (Vec::new(), 0);
        let Some(pictures) = self.pictures() else {
            return runs;
        };
        while let Some(group) = pictures.group_at(at) {
            at = group.frames.end().get();
            if !group.copied {
                at = pictures.run_end(group.frames.start().get());
                runs.extend(FrameSpan::new(group.frames.start(), FrameIndex::new(at)));
            }
        }
        runs
    }

    /// The same with a place where runs are kept. Runs of which `is_kept` says so are taken from
    /// there, all others are put there when they are encoded.
    #[must_use]
    pub fn with_kept(
        &self,
        store: Arc<dyn KeptSpans>,
        is_kept: impl Fn(FrameSpan) -> bool,
    ) -> Self {
        let runs = self.runs();
        let kept: Vec<FrameSpan> = runs.into_iter().filter(|run| is_kept(*run)).collect();
        let mut made = self.changed(|group| {
            group.kept = !group.copied && kept.iter().any(|run| within(group.frames, *run));
        });
        made.store = Some(store);
        Self(Arc::new(made))
    }

    /// The same for a comparison: sound is decoded, and of the pictures all but what is copied and
    /// what `is_known` says is known.
    ///
    /// A copied group with other parameter sets than the copied group before it is decoded as well:
    /// only a decoder shows that it finds its way from one configuration to the next.
    #[must_use]
    pub fn to_compare(&self, is_known: impl Fn(FrameSpan) -> bool) -> Self {
        let mut sets: Option<Vec<u32>> = None;
        let mut made = self.changed(|group| {
            let is_switch = group.copied && sets.as_ref().is_some_and(|sets| *sets != group.sets);
            if group.copied {
                sets = Some(group.sets.clone());
            }
            group.copied = group.copied && !is_switch || is_known(group.frames);
            group.kept = false;
        });
        let decoded = || Err("it is compared by ear".to_owned());
        made.sound = made.sound.iter().map(|_| decoded()).collect();
        Self(Arc::new(made))
    }

    fn changed(&self, mut change: impl FnMut(&mut Group)) -> Inner {
        let pictures = self.0.pictures.as_ref().map(|pictures| {
            let mut pictures = Pictures::clone(pictures);
            pictures.groups.iter_mut().for_each(&mut change);
            Arc::new(pictures)
        });
        Inner {
            info: self.0.info.clone(),
            tags: self.0.tags,
            pictures: pictures.map_err(Clone::clone),
            sound: self.0.sound.clone(),
            store: self.0.store.clone(),
        }
    }

    /// SHA-256 over the packets of sound track `track`, each behind its length in four bytes.
    ///
    /// # Errors
    /// Why it is encoded anew, if it is.
    pub fn sound_copied(&self, track: usize) -> Result<Digest, &str> {
        match self.0.sound.get(track) {
            Some(Ok(form)) => Ok(form.digest),
            Some(Err(why)) => Err(why),
            None => Err("it is not there"),
        }
    }

    /// The same with joins decoded: behind a copied group, which is then decoded as a whole, and
    /// the first picture of the next. A join is where one of two groups is not copied, and where
    /// `is_join` says so of the first frame behind it.
    ///
    /// Everything else that is copied needs no decoder: it decodes as it did where it was.
    #[must_use]
    pub fn with_decoded_joins(&self, is_join: impl Fn(FrameIndex) -> bool) -> Self {
        let groups = self.pictures().map_or(&[][..], |pictures| &pictures.groups);
        let is_join = |before: Option<&Group>, behind: Option<&Group>| match (before, behind) {
            (Some(before), Some(behind)) => {
                !before.copied || !behind.copied || is_join(behind.frames.start())
            }
            _ => false,
        };
        let mut joins: Vec<bool> = vec![false];
        joins.extend(
            groups
                .windows(2)
                .map(|two| is_join(two.first(), two.last())),
        );
        joins.push(false);
        let start_of = |group: &Group| group.frames.start();
        Self(Arc::new(self.changed(|group| {
            let Ok(at) = groups.binary_search_by_key(&start_of(group), start_of) else {
                return;
            };
            group.joined = group.copied && joins[at];
            group.copied &= !joins[at + 1];
        })))
    }

    /// Every group of pictures, copied or not, with the digest of its coded form and of when each
    /// of its pictures is shown.
    #[must_use]
    pub fn groups(&self) -> Vec<(FrameSpan, Digest)> {
        let groups = self.pictures().map_or(&[][..], |pictures| &pictures.groups);
        groups
            .iter()
            .map(|group| (group.frames, group.timed))
            .collect()
    }

    pub(crate) fn info(&self) -> &SourceInfo {
        &self.0.info
    }

    pub(crate) fn tags(&self) -> &ffi::ColorTags {
        &self.0.tags
    }

    pub(crate) fn store(&self) -> Option<&dyn KeptSpans> {
        self.0.store.as_deref()
    }

    pub(crate) fn pictures(&self) -> Option<&Pictures> {
        self.0.pictures.as_deref().ok()
    }

    pub(crate) fn sound(&self, track: usize) -> Option<&SoundForm> {
        self.0.sound.get(track)?.as_ref().ok()
    }
}

fn unreadable(error: Error) -> SourceError {
    SourceError::Failed {
        what: "cannot read the recording's packets",
        source: ffi::cause(error),
    }
}

/// What is known of the pictures so far; the first thing that cannot be copied ends it.
struct PictureSurvey {
    state: Result<Pictures, String>,
    open: Option<OpenGroup>,
    /// Ticks per second of the pictures' times.
    scale: u32,
}

struct OpenGroup {
    pts: Vec<i64>,
    bytes: u64,
    messages: u32,
    fillers: u32,
    digest: GopDigest,
}

impl PictureSurvey {
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
            groups: Vec::new(),
            reorder: 0,
            repeats_sets: false,
        });
        Self {
            state,
            open: None,
            scale: info.video.time_base.den.get(),
        }
    }

    /// The stream's configuration, while everything so far can be copied.
    fn config(&self) -> Option<&AvcConfig> {
        self.state.as_ref().ok().map(|pictures| &pictures.config)
    }

    fn take(&mut self, packet: &Packet, walker: Option<&walk::Walker>) {
        let Ok(pictures) = &mut self.state else {
            return;
        };
        let frame = pictures.dts.len();
        match take_packet(pictures, &mut self.open, packet) {
            Ok(kept) => {
                if let Some(walker) = walker {
                    walker.take(frame, kept);
                }
            }
            Err(why) => self.state = Err(format!("{why} (frame {frame} of the file)")),
        }
    }

    fn finish(mut self) -> Result<Pictures, String> {
        let mut pictures = self.state?;
        close_group(&mut pictures, self.open.take())?;
        let reorder = (0..=REORDER_MAX).rev().find(|&reorder| {
            let earlier = |i: usize| pictures.pts[i.saturating_sub(reorder)];
            (0..pictures.pts.len()).all(|i| pictures.dts[i] <= earlier(i))
        });
        pictures.reorder = reorder.ok_or("its frames are decoded after they are shown")?;
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

/// What keeps all pictures of a recording from being copied, before any packet is looked at.
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
        return Some("its clock is not one that a release has".to_owned());
    }
    (info.video.pixel_aspect != (1, 1)).then(|| "its pixels are not square".to_owned())
}

/// Whether a packet brings a configuration that its decoder is to use from there on.
fn changes_configuration(packet: &Packet) -> bool {
    packet.side_data().any(|data| {
        matches!(
            data.kind(),
            side_data::Type::NewExtraData | side_data::Type::ParamChange
        )
    })
}

fn take_packet(
    pictures: &mut Pictures,
    open: &mut Option<OpenGroup>,
    packet: &Packet,
) -> Result<Vec<u8>, String> {
    let said = |odd: CopyRefusal| odd.to_string();
    let data = packet.data().ok_or("an empty packet")?;
    if changes_configuration(packet) {
        return Err("its decoder configuration changes".to_owned());
    }
    let found = pictures.config.access_unit(data).map_err(said)?;
    let (Some(pts), Some(dts)) = (packet.pts(), packet.dts()) else {
        return Err("a packet without a time".to_owned());
    };
    if packet.is_corrupt() || ffi::is_discarded(packet) {
        return Err("a packet is marked as not to be shown".to_owned());
    }
    if pictures.dts.last().is_some_and(|last| dts <= *last) {
        return Err("decoding times do not rise".to_owned());
    }
    if pictures.dts.len() >= FRAMES_MAX {
        return Err("it is too long".to_owned());
    }
    if found.is_idr {
        close_group(pictures, open.take())?;
    }
    let group = match open {
        Some(group) => group,
        None if found.is_idr => open.insert(OpenGroup {
            pts: Vec::new(),
            bytes: 0,
            messages: 0,
            fillers: 0,
            digest: GopDigest::new(),
        }),
        None => return Err("it does not begin with an IDR picture".to_owned()),
    };
    let kept = avcc::picture_nal_units(data, pictures.config.length_bytes);
    group.digest.add(&pictures.config, &found, &kept);
    group.bytes += kept.len() as u64;
    group.messages += found.sei;
    group.fillers += found.filler;
    group.pts.push(pts);
    pictures.repeats_sets |= found.repeats_sets;
    pictures.dts.push(dts);
    pictures.end = pictures
        .end
        .max(pts.saturating_add(packet.duration().max(1)));
    Ok(kept)
}

fn close_group(pictures: &mut Pictures, open: Option<OpenGroup>) -> Result<(), String> {
    let Some(mut group) = open else {
        return Ok(());
    };
    let first = group.pts[0];
    let sets = group.digest.pps_ids().to_vec();
    let digest = group.digest.finish();
    let timed = timed_digest(digest, &group.pts);
    group.pts.sort_unstable();
    let after_last = pictures.pts.last().is_none_or(|last| *last < group.pts[0]);
    let rising = group.pts.windows(2).all(|pair| pair[0] < pair[1]);
    if !after_last || !rising || group.pts[0] != first {
        return Err("its frames' times do not rise from group to group".to_owned());
    }
    let index = |frames: usize| FrameIndex::new(u32::try_from(frames).unwrap_or(u32::MAX));
    let start = index(pictures.pts.len());
    pictures.pts.append(&mut group.pts);
    let frames = FrameSpan::new(start, index(pictures.pts.len())).ok_or("an empty group")?;
    pictures.groups.push(Group {
        frames,
        bytes: group.bytes,
        digest,
        timed,
        sets,
        messages: group.messages,
        fillers: group.fillers,
        refused: None,
        copied: false,
        joined: false,
        kept: false,
    });
    Ok(())
}

impl Pictures {
    /// Notes which groups are not accounted for; `walked` are all pictures in the order of packets.
    fn refuse_odd(&mut self, walked: &[Result<Mark, Unaccounted>]) {
        for group in &mut self.groups {
            let (start, end) = (group.frames.start().get(), group.frames.end().get());
            let of_group = walked.get(start as usize..end as usize);
            group.refused = of_group.and_then(walk::first_odd).map(|(place, why)| {
                let frame = start as usize + place;
                format!("{why} (frame {frame} of the file)")
            });
        }
    }

    /// Notes which groups hide a picture behind the cropping rectangle; `plain` are the times of
    /// pictures that do not, sorted.
    fn refuse_cropped(&mut self, plain: &[i64]) {
        for group in &mut self.groups {
            let (start, end) = (group.frames.start().get(), group.frames.end().get());
            let mut frames = start as usize..end as usize;
            let odd = frames.find(|frame| plain.binary_search(&self.pts[*frame]).is_err());
            if let Some(frame) = odd.filter(|_| group.refused.is_none()) {
                group.refused = Some(format!("{CROPPED} (frame {frame})"));
            }
        }
    }

    /// Picture parameter sets of the groups of which `is_meant` says so.
    pub(crate) fn sets_of(&self, is_meant: impl Fn(&Group) -> bool) -> BTreeSet<u32> {
        let groups = self.groups.iter().filter(|group| is_meant(group));
        groups
            .flat_map(|group| group.sets.iter().copied())
            .collect()
    }

    /// When the first frame of each group is shown, ticks.
    fn group_starts(&self) -> Vec<i64> {
        let firsts = self.groups.iter().map(|group| group.frames.start().get());
        firsts.map(|frame| self.pts[frame as usize]).collect()
    }

    /// When frame `index` is shown and for how long, ticks.
    pub(crate) fn time(&self, index: usize) -> (i64, i64) {
        let at = self.pts[index];
        let until = self.pts.get(index + 1).copied().unwrap_or(self.end);
        (at, until - at)
    }

    /// The same of all of `frames`.
    pub(crate) fn times(&self, frames: FrameSpan) -> Vec<(Timestamp, i64)> {
        let all = frames.start().get()..frames.end().get();
        let time = |frame: u32| self.time(frame as usize);
        all.map(time)
            .map(|(at, ticks)| (Timestamp::new(at), ticks))
            .collect()
    }

    /// The group that `frame` is in.
    pub(crate) fn group_at(&self, frame: u32) -> Option<&Group> {
        let at = self
            .groups
            .partition_point(|group| group.frames.end().get() <= frame);
        self.groups.get(at)
    }

    /// The first frame behind the run of encoded groups that `frame` is in.
    pub(crate) fn run_end(&self, frame: u32) -> u32 {
        let from = self
            .groups
            .partition_point(|group| group.frames.end().get() <= frame);
        let stretch = |group: &Group| group.frames.start().get() / RUN_FRAMES;
        let Some(first) = self.groups.get(from) else {
            return frame;
        };
        let run = self.groups[from..]
            .iter()
            .take_while(|group| !group.copied && stretch(group) == stretch(first));
        run.last().map_or(frame, |group| group.frames.end().get())
    }
}

fn within(inner: FrameSpan, outer: FrameSpan) -> bool {
    outer.start() <= inner.start() && inner.end() <= outer.end()
}
