//! The pictures of a recording, packet by packet: their times, GOPs and parameter sets.

use std::fs::File;
use std::path::Path;

use ffmpeg_next::Packet;
use ffmpeg_next::format::context::Input;
use redact_bitstream::h264::avcc::{self, AvcConfig, CopyRefusal};
use redact_bitstream::h264::free_fields::usual_step;
use redact_bitstream::h264::gop_digest::{GopDigest, timed_digest};
use redact_bitstream::mp4::sample_descriptions;
use redact_core::{FrameIndex, FrameSpan, SourceInfo};

use crate::codec::changes_configuration;
use crate::copy_plan::{Gop, GopAction, Pictures, REORDER_MAX};
use crate::ffi;

/// Most frames of a recording that is analyzed: three days at 60 frames/s.
const FRAMES_MAX: usize = 16_000_000;

/// Why a recording is not copied whose unused parameter sets could hold anything.
const UNUSED_SETS: &str = "it has parameter sets that no picture uses";

/// What is known of the pictures so far, or the first reason not to copy them.
pub(crate) struct PictureAnalysis {
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

    pub(crate) fn take(&mut self, packet: &Packet) {
        let Ok(pictures) = &mut self.state else {
            return;
        };
        let frame = pictures.dts.len();
        if let Err(why) = take_packet(pictures, &mut self.open, packet) {
            self.state = Err(format!("{why} (frame {frame} of the file)"));
        }
    }

    pub(crate) fn finish(mut self) -> Result<Pictures, String> {
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
pub(super) fn check_single_description(path: &Path, handler: [u8; 4]) -> Result<(), &'static str> {
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
) -> Result<(), String> {
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
    Ok(())
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
