//! Cuts a finished release into parts, packet by packet: nothing is decoded or re-encoded.
//!
//! A part begins at an IDR picture. Pictures keep their times to the tick, counted from the part's
//! first frame; a packet of sound goes with the part in whose time it begins.

use std::ops::Range;
use std::path::Path;

use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Error, Packet};
use redact_bitstream::h264::avcc;
use redact_bitstream::h264::gop_digest::GopDigest;
use redact_core::{
    AudioInfo, BoxError, CodedPictures, CodedSound, Digest, FrameSpan, MediaItem, Sink as _,
    SinkError, Source as _, SourceError, SourceInfo, TimeBase, Timestamp,
};
use sha2::{Digest as _, Sha256};

use crate::codec::{aac_samples, skipped_samples};
use crate::copy_analysis::pictures::PictureAnalysis;
use crate::copy_analysis::sound::SoundAnalysis;
use crate::copy_plan::{CopyPlan, GopAction, Pictures, SoundForm};
use crate::decoders::VideoDecoder;
use crate::sink::{EncodeOptions, FileSink};
use crate::source::{FileSource, OpenOptions};
use crate::{ffi, probe, sound};

/// How far before a part the file is read, microseconds: sound is interleaved within a second, and
/// a container may seek to another stream's packet.
const SEEK_BACK_MICROS: i64 = 10_000_000;

/// Why a release could not be cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CutError {
    /// The release could not be read.
    #[error("cannot read the release")]
    Source(#[from] SourceError),
    /// The part could not be written.
    #[error("cannot write the part")]
    Sink(#[from] SinkError),
    /// The file is not coded as releases are.
    #[error("cannot cut the file: {why}; only a release of this program can be cut")]
    NotARelease {
        /// What was found.
        why: String,
    },
    /// The file has other packets than a moment ago.
    #[error("the release changed while it was read")]
    Changed,
    /// A part was requested that does not begin and end with whole GOPs.
    #[error("frames {start} to {end} are not whole GOPs of the release")]
    NotWhole {
        /// First frame.
        start: u32,
        /// First frame after.
        end: u32,
    },
}

/// The packets of a finished release.
pub struct ReleasePackets {
    info: SourceInfo,
    tags: ffi::ColorTags,
    pictures: Pictures,
    tracks: Vec<TrackPackets>,
}

/// The packets of a sound track.
struct TrackPackets {
    form: SoundForm,
    /// Time in ticks of the stream, samples, bytes.
    packets: Vec<(i64, u32, u32)>,
    base: TimeBase,
}

/// A GOP of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseGop {
    /// Its frames.
    pub frames: FrameSpan,
    /// Bytes of its coded pictures.
    pub bytes: u64,
    /// SHA-256 over its coded pictures and their parameter sets.
    pub digest: Digest,
}

/// The packets of a sound track that a part has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSound {
    /// The release's sound track, counted from 0.
    pub track: usize,
    /// The packets, counted from 0.
    pub packets: Range<usize>,
    /// Bytes of the packets.
    pub bytes: u64,
    /// Samples per channel in them, counted from the part's first frame.
    pub samples: Range<i64>,
}

impl ReleasePackets {
    /// Reads every packet of the release at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is not coded as releases are.
    pub fn read(path: &Path) -> Result<Self, CutError> {
        let source = FileSource::open(path, &OpenOptions::default())?;
        let (info, tags) = (source.info().clone(), source.color_tags());
        drop(source);
        let tags = tags.ok_or(CutError::Changed)?;
        let mut input = probe::open(path, &OpenOptions::default().settings)?;
        let mut pictures = PictureAnalysis::of_release(&info, &input, path);
        let mut sounds: Vec<SoundAnalysis> = Vec::new();
        let mut packets = vec![Vec::new(); info.audio.len()];
        for track in &info.audio {
            sounds.push(SoundAnalysis::new(&info, track, &input, Ok(())));
        }
        while let Some(packet) = next_packet(&mut input)? {
            let index = packet.stream();
            if index == info.video.stream as usize {
                pictures.take(&packet);
            } else if let Some(track) = track_of(&info, index) {
                sounds[track].take(&packet);
                packets[track].push(stamp(&packet).ok_or(CutError::Changed)?);
            }
        }
        let refused = |why: String| CutError::NotARelease { why };
        let tracks = sounds.into_iter().zip(packets).zip(&info.audio);
        let tracks = tracks.map(|((sound, packets), track)| {
            let form = sound.finish().map_err(refused)?;
            let stream = input.stream(track.stream as usize);
            let base = stream.map(|stream| stream.time_base());
            let base = base.and_then(time_base).ok_or(CutError::Changed)?;
            Ok(TrackPackets {
                form,
                packets,
                base,
            })
        });
        Ok(Self {
            tracks: tracks.collect::<Result<_, CutError>>()?,
            pictures: pictures.finish().map_err(refused)?,
            info,
            tags,
        })
    }

    /// Its streams.
    #[must_use]
    pub const fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// Its GOPs, in order.
    #[must_use]
    pub fn gops(&self) -> Vec<ReleaseGop> {
        let gops = self.pictures.gops.iter();
        gops.map(|gop| ReleaseGop {
            frames: gop.frames,
            bytes: gop.bytes,
            digest: gop.digest,
        })
        .collect()
    }

    /// When each frame is shown, in ticks, and when the last one ends.
    #[must_use]
    pub fn ticks(&self) -> (&[i64], i64) {
        (&self.pictures.pts, self.pictures.end)
    }

    /// The sound that goes with `frames`: packets that begin before the first frame of the release
    /// go with that, packets behind its end with the last.
    #[must_use]
    pub fn sound(&self, frames: FrameSpan) -> Vec<PartSound> {
        let zero = Timestamp::new(self.start_of(frames));
        let tracks = self.tracks.iter().enumerate();
        tracks
            .filter_map(|(track, sound)| {
                let info = &self.info.audio[track];
                let packets = self.packets_of(sound, frames);
                let (first, last) = (
                    sound.packets.get(packets.start)?,
                    sound.packets.get(packets.clone())?.last()?,
                );
                let place = |ticks: i64| self.place(track, info, ticks, zero);
                let bytes = sound.packets[packets.clone()].iter();
                Some(PartSound {
                    track,
                    bytes: bytes.map(|packet| u64::from(packet.2)).sum(),
                    samples: place(first.0)?..place(last.0)?.saturating_add(i64::from(last.1)),
                    packets,
                })
            })
            .collect()
    }

    /// Writes `frames` of the release at `path` and the sound that goes with them to `output`.
    /// Gives SHA-256 of the packets of each of its sound tracks.
    ///
    /// # Errors
    /// When `frames` are not whole GOPs, the file changed, or the part cannot be written.
    pub fn write(
        &self,
        path: &Path,
        frames: FrameSpan,
        output: &Path,
        options: &EncodeOptions,
    ) -> Result<Vec<Digest>, CutError> {
        let pictures = self.pictures.part(frames).ok_or(CutError::NotWhole {
            start: frames.start().get(),
            end: frames.end().get(),
        })?;
        let sound = self.sound(frames);
        let info = SourceInfo {
            audio: sound
                .iter()
                .map(|sound| self.info.audio[sound.track].clone())
                .collect(),
            ..self.info.clone()
        };
        let forms = sound
            .iter()
            .map(|sound| self.tracks[sound.track].form.clone());
        let forms = forms.map(Ok).collect();
        let decoder = FileSource::open(path, &OpenOptions::default())?.into_decoder();
        let decoder: VideoDecoder = decoder.ok_or(CutError::Changed)?;
        let plan = CopyPlan::new(info.clone(), self.tags, decoder, Ok(pictures), forms);
        let sink = FileSink::create_with_plan(output, &info, options, &plan)?;
        let mut input = probe::open(path, &OpenOptions::default().settings)?;
        self.seek(&mut input, frames)?;
        let mut cutter = Cutter::new(self, &plan, frames, sound);
        let mut sink = Box::new(sink);
        while !cutter.is_complete() {
            let packet = next_packet(&mut input)?.ok_or(CutError::Changed)?;
            if let Some(item) = cutter.take(&packet)? {
                sink.write_item(item)?;
            }
        }
        sink.finish()?;
        let digests = cutter.sound.into_iter();
        Ok(digests
            .map(|track| Digest(track.hash.finalize().into()))
            .collect())
    }

    fn start_of(&self, frames: FrameSpan) -> i64 {
        self.pictures.pts[frames.start().get() as usize]
    }

    /// The packets that begin within the time of `frames`.
    fn packets_of(&self, sound: &TrackPackets, frames: FrameSpan) -> Range<usize> {
        let count = self.pictures.pts.len();
        let boundary = |frame: u32| match frame as usize {
            0 => 0,
            frame if frame >= count => sound.packets.len(),
            frame => {
                let at = (self.pictures.pts[frame], self.info.video.time_base);
                sound
                    .packets
                    .partition_point(|packet| is_before((packet.0, sound.base), at))
            }
        };
        boundary(frames.start().get())..boundary(frames.end().get())
    }

    /// A time of a track in samples since `zero`, rounded to the nearest.
    fn place(&self, track: usize, info: &AudioInfo, ticks: i64, zero: Timestamp) -> Option<i64> {
        let base = self.tracks[track].base;
        sound::Track::new(track, base, info.rate_hz, info.channels).position(
            Timestamp::new(ticks),
            zero,
            self.info.video.time_base,
        )
    }

    /// Moves to somewhere before `frames`.
    fn seek(&self, input: &mut Input, frames: FrameSpan) -> Result<(), CutError> {
        let start = Timestamp::new(self.start_of(frames)).nanos(self.info.video.time_base);
        let micros = start.unwrap_or(0) / 1000 - SEEK_BACK_MICROS;
        if micros <= 0 {
            return Ok(());
        }
        input.seek(micros, ..micros).map_err(unreadable)
    }
}

/// Takes the packets of one part out of its release.
struct Cutter<'a> {
    release: &'a ReleasePackets,
    plan: &'a CopyPlan,
    /// The release's frames that the part has.
    frames: FrameSpan,
    zero: Timestamp,
    /// Video packets taken.
    taken: usize,
    held: Vec<Packet>,
    bytes: usize,
    digest: GopDigest,
    sound: Vec<CutTrack>,
}

/// The packets of a track that were taken.
struct CutTrack {
    part: PartSound,
    next: usize,
    hash: Sha256,
}

impl<'a> Cutter<'a> {
    fn new(
        release: &'a ReleasePackets,
        plan: &'a CopyPlan,
        frames: FrameSpan,
        sound: Vec<PartSound>,
    ) -> Self {
        let tracks = sound.into_iter().map(|part| CutTrack {
            next: part.packets.start,
            part,
            hash: Sha256::new(),
        });
        Self {
            release,
            plan,
            frames,
            zero: Timestamp::new(release.start_of(frames)),
            taken: 0,
            held: Vec::new(),
            bytes: 0,
            digest: GopDigest::new(),
            sound: tracks.collect(),
        }
    }

    fn is_complete(&self) -> bool {
        let has_all = |track: &CutTrack| track.next == track.part.packets.end;
        self.taken == self.frames.frames() as usize && self.sound.iter().all(has_all)
    }

    /// The item that `packet` completes, if it completes one.
    fn take(&mut self, packet: &Packet) -> Result<Option<MediaItem>, CutError> {
        let index = packet.stream();
        let info = &self.release.info;
        if index == info.video.stream as usize {
            return Ok(self.take_picture(packet)?.map(MediaItem::Coded));
        }
        let track = track_of(info, index);
        let place = self.sound.iter().position(|s| Some(s.part.track) == track);
        match place {
            Some(place) => Ok(self.take_sound(place, packet)?.map(MediaItem::CodedSound)),
            None => Ok(None),
        }
    }

    fn take_picture(&mut self, packet: &Packet) -> Result<Option<CodedPictures>, CutError> {
        let pictures = self.plan.pictures().ok_or(CutError::Changed)?;
        let Some(&due) = pictures.dts.get(self.taken) else {
            return Ok(None);
        };
        let dts = packet.dts().ok_or(CutError::Changed)?;
        if dts < due && self.taken == 0 {
            return Ok(None);
        }
        let data = packet
            .data()
            .filter(|_| dts == due)
            .ok_or(CutError::Changed)?;
        let config = &pictures.config;
        let found = config.access_unit(data).map_err(|_| CutError::Changed)?;
        let bytes = avcc::picture_nal_units(data, config.framing);
        self.digest.add(config, &found, &bytes);
        let shown = packet.pts().ok_or(CutError::Changed)?;
        let frame = pictures.pts.binary_search(&shown);
        let mut copy = Packet::copy(&bytes);
        copy.set_pts(Some(shown));
        copy.set_dts(Some(dts));
        copy.set_duration(pictures.time(frame.map_err(|_| CutError::Changed)?).1);
        if found.is_idr {
            copy.set_flags(ffmpeg_next::packet::Flags::KEY);
        }
        self.bytes += bytes.len();
        self.held.push(copy);
        let place = u32::try_from(self.taken).map_err(|_| CutError::Changed)?;
        let gop = pictures.gop_at(place).ok_or(CutError::Changed)?;
        self.taken += 1;
        if self.taken < gop.frames.end().get() as usize {
            return Ok(None);
        }
        let digest = std::mem::replace(&mut self.digest, GopDigest::new()).finish();
        if digest != gop.digest {
            return Err(CutError::Changed);
        }
        Ok(Some(CodedPictures {
            frames: gop.frames,
            times: pictures.times_of(gop.frames),
            digest,
            is_earlier: false,
            bytes: std::mem::take(&mut self.bytes),
            content: Box::new(std::mem::take(&mut self.held)),
        }))
    }

    fn take_sound(
        &mut self,
        place: usize,
        packet: &Packet,
    ) -> Result<Option<CodedSound>, CutError> {
        let (release, zero) = (self.release, self.zero);
        let cut = &mut self.sound[place];
        let track = cut.part.track;
        let known = &release.tracks[track].packets;
        let Some(due) = known
            .get(cut.next)
            .filter(|_| cut.next < cut.part.packets.end)
        else {
            return Ok(None);
        };
        let found = stamp(packet).ok_or(CutError::Changed)?;
        if found.0 < due.0 && cut.next == cut.part.packets.start {
            return Ok(None);
        }
        let data = packet
            .data()
            .filter(|_| (found.0, found.2) == (due.0, due.2));
        let data = data.ok_or(CutError::Changed)?;
        hash_packet(&mut cut.hash, packet)?;
        cut.next += 1;
        let info = &release.info.audio[track];
        let start = release.place(track, info, found.0, zero);
        let start = start.ok_or(CutError::Changed)?;
        let (front, back) = skipped_samples(packet);
        let length = aac_samples(packet);
        let played = length - i64::from(front) - i64::from(back);
        let mut copy = Packet::copy(data);
        copy.set_pts(Some(start));
        copy.set_duration(length);
        copy.set_flags(packet.flags());
        Ok(Some(CodedSound {
            stream: place,
            start: start + i64::from(front),
            samples: u64::try_from(played).unwrap_or(0),
            bytes: data.len(),
            content: Box::new(copy),
        }))
    }
}

impl Pictures {
    /// The GOPs of `frames`, all copied, with frames counted from the first of them; `None` if
    /// these are not whole GOPs.
    fn part(&self, frames: FrameSpan) -> Option<Self> {
        let (start, end) = (frames.start().get(), frames.end().get());
        let whole = start as usize..end as usize;
        let gops = self
            .gops
            .iter()
            .filter(|gop| gop.frames.start() < frames.end() && frames.start() < gop.frames.end());
        let gops: Vec<_> = gops
            .map(|gop| {
                let moved = gop.frames.moved_back(start)?;
                let mut gop = gop.clone();
                (gop.frames, gop.action) = (moved, GopAction::Copy);
                Some(gop)
            })
            .collect::<Option<_>>()?;
        let is_whole = gops.last()?.frames.end().get() == end - start;
        is_whole.then_some(())?;
        Some(Self {
            config: self.config.clone(),
            times: self.times,
            dts: self.dts.get(whole.clone())?.to_vec(),
            end: self.time(whole.end.checked_sub(1)?).0 + self.time(whole.end - 1).1,
            pts: self.pts.get(whole)?.to_vec(),
            gops,
            reorder: self.reorder,
            repeats_sets: self.repeats_sets,
        })
    }
}

fn next_packet(input: &mut Input) -> Result<Option<Packet>, CutError> {
    let mut packet = Packet::empty();
    match packet.read(input) {
        Ok(()) => Ok(Some(packet)),
        Err(Error::Eof) => ffi::input_error(input).map(|()| None).map_err(unreadable),
        Err(error) => Err(unreadable(error)),
    }
}

fn unreadable(error: Error) -> CutError {
    let source: BoxError = ffi::cause(error);
    CutError::Source(SourceError::Failed {
        what: "cannot read the release's packets",
        source,
    })
}

fn track_of(info: &SourceInfo, stream: usize) -> Option<usize> {
    let mut tracks = info.audio.iter();
    tracks.position(|track| track.stream as usize == stream)
}

/// Time, samples and bytes of a packet of sound.
fn stamp(packet: &Packet) -> Option<(i64, u32, u32)> {
    let samples = u32::try_from(aac_samples(packet)).ok()?;
    Some((packet.pts()?, samples, u32::try_from(packet.size()).ok()?))
}

fn hash_packet(hash: &mut Sha256, packet: &Packet) -> Result<(), CutError> {
    let data = packet.data().ok_or(CutError::Changed)?;
    let length = u32::try_from(data.len()).map_err(|_| CutError::Changed)?;
    hash.update(length.to_be_bytes());
    hash.update(data);
    Ok(())
}

fn time_base(ratio: ffmpeg_next::Rational) -> Option<TimeBase> {
    let part = |value: i32| u32::try_from(value).ok()?.try_into().ok();
    Some(TimeBase {
        num: part(ratio.numerator())?,
        den: part(ratio.denominator())?,
    })
}

/// Whether one time comes before another, each in its own ticks.
fn is_before((a, a_base): (i64, TimeBase), (b, b_base): (i64, TimeBase)) -> bool {
    let scaled = |ticks: i64, own: TimeBase, other: TimeBase| {
        i128::from(ticks) * i128::from(own.num.get()) * i128::from(other.den.get())
    };
    scaled(a, a_base, b_base) < scaled(b, b_base, a_base)
}
