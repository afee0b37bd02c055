//! The pictures of a recording, packet by packet: their times, GOPs and parameter sets.

use std::fs::File;
use std::path::Path;

use ffmpeg_next::Packet;
use ffmpeg_next::format::context::Input;
use redact_bitstream::h264::avcc::{self, AvcConfig, CopyRefusal};
use redact_bitstream::h264::free_fields::usual_step;
use redact_bitstream::h264::gop_digest::{GopDigest, timed_digest};
use redact_bitstream::h264::picture_order::PictureOrder;
use redact_bitstream::mp4::sample_descriptions;
use redact_core::{FrameIndex, FrameSpan, SourceInfo, TimeBase};

use crate::codec::changes_configuration;
use crate::copy_plan::{Gop, GopAction, Pictures, REORDER_MAX};
use crate::ffi;
use crate::packet_times::{PacketTimes, by_order, decoding_times, is_mov, lateness};

/// Most frames of a recording that is analyzed: three days at 60 frames/s.
const FRAMES_MAX: usize = 16_000_000;

/// Why a recording is not copied whose unused parameter sets could hold anything.
const UNUSED_SETS: &str = "it has parameter sets that no picture uses";

/// Why an AVI file is not copied of which the order of pictures is not known.
const NO_ORDER: &str =
    "its container has no presentation times, and its pictures do not state their order";

/// Why a recording is not copied that shows pictures in another order than they are coded for.
const OTHER_ORDER: &str = "the times of its pictures contradict their order";

/// What is known of the pictures so far, or the first reason not to copy them.
pub(crate) struct PictureAnalysis {
    state: Result<Pictures, String>,
    open: Option<OpenGop>,
    /// One tick of the video stream.
    base: TimeBase,
    /// Visible width and height, as the decoder shows them.
    size: (u32, u32),
    /// Follows the order of pictures.
    order: PictureOrder,
    /// How many places pictures are decoded behind their place in presentation order, at most.
    late: usize,
    /// When the picture that is shown last is shown, and its packet's duration, ticks.
    last: Option<(i64, i64)>,
}

struct OpenGop {
    /// Presentation times in packet order, or the order of pictures where packets have none.
    pts: Vec<i64>,
    /// The order of its pictures by their slices, where these state it.
    order: Vec<Option<i64>>,
    bytes: u64,
    repeated_sets: Vec<Vec<u8>>,
    sei: u32,
    filler: u32,
    digest: GopDigest,
}

impl PictureAnalysis {
    pub(super) fn new(info: &SourceInfo, input: &Input, path: &Path) -> Self {
        Self::of(info, input, path, whole_refusal(info))
    }

    /// For a finished release, whose packets are copied to another file whatever they decode to.
    pub(crate) fn of_release(info: &SourceInfo, input: &Input, path: &Path) -> Self {
        Self::of(info, input, path, None)
    }

    fn of(info: &SourceInfo, input: &Input, path: &Path, refused: Option<String>) -> Self {
        let config = refused.map_or_else(
            || {
                if is_mov(&info.container) {
                    check_single_description(path, *b"vide")?;
                }
                let stream = input.stream(info.video.stream as usize);
                let record = stream.as_ref().map(ffi::extradata).unwrap_or_default();
                AvcConfig::of_stream(&record).map_err(|odd| odd.to_string())
            },
            Err,
        );
        let times = PacketTimes::of(&info.container).unwrap_or(PacketTimes::Both);
        let state = config.map(|config| Pictures {
            config,
            times,
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
            base: info.video.time_base,
            size: (info.video.size.width(), info.video.size.height()),
            order: PictureOrder::default(),
            late: 0,
            last: None,
        }
    }

    pub(crate) fn take(&mut self, packet: &Packet) {
        let Ok(pictures) = &self.state else {
            return;
        };
        let frame = pictures.dts.len();
        if pictures.times.skips(packet) {
            return;
        }
        if let Err(why) = self.take_packet(packet) {
            self.state = Err(format!("{why} (frame {frame} of the file)"));
        }
    }

    fn take_packet(&mut self, packet: &Packet) -> Result<(), String> {
        let reason = |odd: CopyRefusal| odd.to_string();
        let pictures = self.state.as_mut().map_err(|why| why.clone())?;
        let data = packet.data().ok_or("an empty packet")?;
        if changes_configuration(packet) {
            return Err("its decoder configuration changes".to_owned());
        }
        let found = pictures.config.access_unit(data).map_err(reason)?;
        if packet.is_corrupt() || ffi::is_discarded(packet) {
            return Err("a packet is marked as corrupt or discarded".to_owned());
        }
        if pictures.dts.len() >= FRAMES_MAX {
            return Err("it is too long".to_owned());
        }
        if found.is_idr {
            self.close_gop()?;
        } else if self.open.is_none() {
            return Err("it does not begin with an IDR picture".to_owned());
        }
        let pictures = self.state.as_mut().map_err(|why| why.clone())?;
        let order = pictures.config.order_fields(data);
        let order = order.map(|fields| self.order.next(&fields));
        let (shown, decoded) = match pictures.times {
            PacketTimes::Both => (packet.pts(), packet.dts()),
            PacketTimes::Presented => (packet.pts(), None),
            PacketTimes::Decoded => (Some(order.ok_or(NO_ORDER)?), packet.dts()),
        };
        // Derived decoding times are filled in at the end.
        let decoded = match pictures.times {
            PacketTimes::Presented => pictures
                .dts
                .last()
                .map_or(Some(0), |last| last.checked_add(1)),
            PacketTimes::Both | PacketTimes::Decoded => decoded,
        };
        let (Some(shown), Some(dts)) = (shown, decoded) else {
            return Err("a packet has no time".to_owned());
        };
        if pictures.dts.last().is_some_and(|last| dts <= *last) {
            return Err("decoding times do not increase".to_owned());
        }
        let nal_units = avcc::picture_nal_units(data, pictures.config.framing);
        let gop = self.open.get_or_insert_with(OpenGop::new);
        gop.digest.add(&pictures.config, &found, &nal_units);
        gop.bytes += nal_units.len() as u64;
        gop.sei += found.sei;
        gop.filler += found.filler;
        gop.pts.push(shown);
        gop.order.push(order);
        pictures.repeats_sets |= !found.repeated_sets.is_empty();
        for set in found.repeated_sets {
            if !gop.repeated_sets.contains(&set) {
                gop.repeated_sets.push(set);
            }
        }
        pictures.dts.push(dts);
        if pictures.times != PacketTimes::Decoded {
            let ends = shown.saturating_add(packet.duration().max(1));
            pictures.end = pictures.end.max(ends);
            self.last = self.last.max(Some((shown, packet.duration())));
        }
        Ok(())
    }

    fn close_gop(&mut self) -> Result<(), String> {
        let Some(mut gop) = self.open.take() else {
            return Ok(());
        };
        let pictures = self.state.as_mut().map_err(|why| why.clone())?;
        if pictures.times == PacketTimes::Decoded {
            let from = pictures.pts.len();
            let times = pictures.dts.get(from..).unwrap_or_default();
            gop.pts = by_order(&gop.pts, times).ok_or(NO_ORDER)?;
        }
        // Players that go by the order and those that go by times would show different things.
        let order: Option<Vec<i64>> = gop.order.iter().copied().collect();
        if order.is_some_and(|order| by_order(&order, &gop.pts).as_ref() != Some(&gop.pts)) {
            return Err(OTHER_ORDER.to_owned());
        }
        self.late = self.late.max(lateness(&gop.pts));
        close_gop(pictures, gop, self.base.num.get())
    }

    pub(crate) fn finish(mut self) -> Result<Pictures, String> {
        self.close_gop()?;
        let (base, size) = (self.base, self.size);
        let mut pictures = self.state?;
        let step = usual_step(&pictures.pts);
        // As long as the picture before it where the container does not say: see the source.
        if self.last.is_none_or(|(_, duration)| duration <= 1) {
            let two = pictures.pts.last_chunk::<2>();
            let length = two.map_or(1, |two| two[1] - two[0]);
            let last = pictures.pts.last().copied().unwrap_or(0);
            pictures.end = pictures.end.max(last.saturating_add(length));
        }
        if pictures.times == PacketTimes::Both {
            let reorder = (0..=REORDER_MAX).rev().find(|&reorder| {
                let earlier = |i: usize| pictures.pts[i.saturating_sub(reorder)];
                (0..pictures.pts.len()).all(|i| pictures.dts[i] <= earlier(i))
            });
            pictures.reorder =
                reorder.ok_or("its frames have decoding times after their presentation times")?;
        } else if self.late <= REORDER_MAX {
            let step = i64::try_from(step).unwrap_or(1);
            pictures.reorder = self.late;
            pictures.dts = decoding_times(&pictures.pts, self.late, step);
        } else {
            return Err("its pictures are reordered too far".to_owned());
        }
        if !pictures.config.needs_all(&pictures.sets_of(|_| true)) {
            return Err(UNUSED_SETS.to_owned());
        }
        if !pictures.config.shows_only(size.0, size.1) {
            return Err("its container crops or pads its pictures".to_owned());
        }
        let step = step.saturating_mul(u64::from(base.num.get()));
        let clocks = pictures.config.check_clocks(step, base.den.get());
        clocks.map_err(|odd| odd.to_string())?;
        Ok(pictures)
    }
}

impl OpenGop {
    fn new() -> Self {
        Self {
            pts: Vec::new(),
            order: Vec::new(),
            bytes: 0,
            repeated_sets: Vec::new(),
            sei: 0,
            filler: 0,
            digest: GopDigest::new(),
        }
    }
}

/// Checks that each track of one kind has one sample description.
pub(super) fn check_single_description(path: &Path, handler: [u8; 4]) -> Result<(), &'static str> {
    let mut file = File::open(path).map_err(|_| sample_descriptions::UNREADABLE)?;
    sample_descriptions::check_single(&mut file, handler)
}

/// Why no pictures of a recording are copied, known before any packet is read.
fn whole_refusal(info: &SourceInfo) -> Option<String> {
    if PacketTimes::of(&info.container).is_none() {
        let name = info.container.split(',').next().unwrap_or_default();
        return Some(format!(
            "its container is {name}; stream copy needs MP4, MOV, Matroska, MPEG-TS or AVI"
        ));
    }
    if info.video.codec != "h264" {
        return Some(format!("its codec is {}, not h264", info.video.codec));
    }
    if let Some(conversion) = info.conversions.first() {
        return Some(conversion.to_string());
    }
    (info.video.pixel_aspect != (1, 1)).then(|| "its pixels are not square".to_owned())
}

/// Adds a GOP; `scale` is how many units of the time scale are a tick.
fn close_gop(pictures: &mut Pictures, mut gop: OpenGop, scale: u32) -> Result<(), String> {
    let first = gop.pts[0];
    let sets = gop.digest.pps_ids().to_vec();
    let digest = gop.digest.finish();
    let timed = timed_digest(digest, &gop.pts, scale);
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
