//! The proof that GOPs may be copied: every coded picture is parsed to its last bit, and what is
//! cropped off pictures is measured.
//!
//! Both cost about as much as decoding, so they are done only for the GOPs that would be copied and
//! that are not known yet.

use std::path::Path;

use ffmpeg_next::{Error, Packet};
use redact_bitstream::h264::Unaccounted;
use redact_bitstream::h264::avcc;
use redact_bitstream::h264::gop_digest::GopDigest;
use redact_bitstream::h264::x264_end_bits::Mark;
use redact_core::{Digest, SourceError, SourceSettings};

use super::walk;
use crate::copy_plan::{Gop, Pictures};
use crate::cropping::PlainPictures;
use crate::decoders::VideoDecoder;
use crate::packet_times::PacketTimes;
use crate::{ffi, probe};

/// Why a GOP with hidden content behind the cropping rectangle is not copied.
const CROPPED: &str = "the cropped rows or columns of a picture do not repeat its edge";

/// What was read of the GOPs that are to be proved.
struct Read {
    /// Places of the pictures in packet order, with the result of parsing each.
    walked: Vec<walk::Walked>,
    /// Times of pictures without content behind the cropping rectangle, sorted; `None` where
    /// nothing is cropped.
    plain: Option<Vec<i64>>,
}

/// Proves the GOPs of `pictures` for which `is_due` is true: clears why they are refused, or says
/// why they stay so.
///
/// # Errors
/// When the recording cannot be read, or has other packets than before.
pub(super) fn prove(
    path: &Path,
    (settings, video): (&SourceSettings, usize),
    pictures: &mut Pictures,
    decoder: &mut VideoDecoder,
    is_due: impl Fn(&Gop) -> bool,
) -> Result<(), SourceError> {
    let due: Vec<bool> = pictures.gops.iter().map(&is_due).collect();
    if !due.contains(&true) {
        return Ok(());
    }
    let gops = due.iter().filter(|due| **due).count();
    tracing::debug!(gops, "parsing coded pictures");
    let read = read(path, (settings, video), pictures, decoder, &due)?;
    let due = pictures.gops.iter_mut().zip(due).filter(|(_, due)| *due);
    for (gop, _) in due {
        let refused = unaccounted(gop, &read.walked);
        gop.refused = refused.or_else(|| odd_edge(gop, &pictures.pts, read.plain.as_deref()?));
    }
    Ok(())
}

fn read(
    path: &Path,
    (settings, video): (&SourceSettings, usize),
    pictures: &Pictures,
    decoder: &mut VideoDecoder,
    due: &[bool],
) -> Result<Read, SourceError> {
    let starts = pictures.gop_starts();
    let is_cropped = pictures.config.is_cropped;
    let counted = (pictures.times == PacketTimes::Decoded).then(|| pictures.times_of_due(due));
    let mut plain = is_cropped.then(|| PlainPictures::new(&starts, counted, decoder));
    let mut input = probe::open(path, settings)?;
    let (done, walked) = walk::beside(Some(&pictures.config), |walker| {
        let mut at = Place::default();
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut input) {
                Ok(()) if packet.stream() != video || pictures.times.skips(&packet) => continue,
                Ok(()) => {}
                Err(Error::Eof) => return ffi::input_error(&input).map_err(unreadable),
                Err(error) => return Err(unreadable(error)),
            }
            let Some(units) = at.take(&packet, pictures, due)? else {
                continue;
            };
            if let Some(walker) = walker {
                walker.take(at.packets - 1, units);
            }
            if let Some(plain) = &mut plain {
                plain.take(&packet)?;
            }
        }
    });
    done?;
    Ok(Read {
        walked,
        plain: plain.map(PlainPictures::finish).transpose()?,
    })
}

/// Where reading is.
#[derive(Default)]
struct Place {
    packets: usize,
    gop: usize,
    digest: Option<GopDigest>,
}

impl Place {
    /// Counts a packet; gives its picture's NAL units if its GOP is due. A GOP that is due must be
    /// the one that was analyzed, by its digest.
    fn take(
        &mut self,
        packet: &Packet,
        pictures: &Pictures,
        due: &[bool],
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let gop = pictures.gops.get(self.gop).ok_or_else(changed)?;
        let is_due = due.get(self.gop).copied().unwrap_or(false);
        self.packets += 1;
        let is_last = self.packets == gop.frames.end().get() as usize;
        self.gop += usize::from(is_last);
        if !is_due {
            return Ok(None);
        }
        let data = packet.data().ok_or_else(changed)?;
        let config = &pictures.config;
        let found = config.access_unit(data).map_err(|_| changed())?;
        let units = avcc::picture_nal_units(data, config.framing);
        let digest = self.digest.get_or_insert_with(GopDigest::new);
        digest.add(config, &found, &units);
        if is_last {
            let digest = self.digest.take().map(GopDigest::finish);
            let is_same = digest == Some(gop.digest);
            is_same.then_some(()).ok_or_else(changed)?;
        }
        Ok(Some(units))
    }
}

pub(super) fn unreadable(error: Error) -> SourceError {
    SourceError::Failed {
        what: "cannot read the recording's packets",
        source: ffi::cause(error),
    }
}

fn changed() -> SourceError {
    SourceError::Failed {
        what: "the recording changed while it was analyzed",
        source: "its packets differ from before".into(),
    }
}

/// Why `gop` is not accounted for to its last bit; `walked` is sorted.
fn unaccounted(gop: &Gop, walked: &[walk::Walked]) -> Option<String> {
    let (start, end) = (gop.frames.start().get(), gop.frames.end().get());
    let from = walked.partition_point(|(place, _)| *place < start as usize);
    let until = walked.partition_point(|(place, _)| *place < end as usize);
    let found: Vec<Result<Mark, Unaccounted>> = walked
        .get(from..until)
        .unwrap_or_default()
        .iter()
        .map(|(_, found)| *found)
        .collect();
    if found.len() != gop.frames.frames() as usize {
        return Some("not all of its pictures could be parsed".to_owned());
    }
    let (place, why) = walk::first_unaccounted(&found)?;
    let frame = start as usize + place;
    Some(format!("{why} (frame {frame} of the file)"))
}

/// Why `gop` has content behind the cropping rectangle; `pts` are the times of all frames, `plain`
/// those of pictures without.
fn odd_edge(gop: &Gop, pts: &[i64], plain: &[i64]) -> Option<String> {
    let (start, end) = (gop.frames.start().get(), gop.frames.end().get());
    let mut frames = start as usize..end as usize;
    let frame = frames.find(|&frame| plain.binary_search(&pts[frame]).is_err())?;
    Some(format!("{CROPPED} (frame {frame})"))
}

impl Pictures {
    /// Refuses every GOP until it is proved.
    pub(super) fn refuse_unproved(&mut self) {
        for gop in &mut self.gops {
            gop.refused = Some("it was not analyzed".to_owned());
        }
    }

    /// Times of the pictures of the GOPs that are `due`, in ticks and sorted.
    fn times_of_due(&self, due: &[bool]) -> Vec<i64> {
        let gops = self.gops.iter().zip(due).filter(|(_, due)| **due);
        let frames = gops.map(|(gop, _)| gop.frames.start().get()..gop.frames.end().get());
        frames
            .flatten()
            .map(|frame| self.pts[frame as usize])
            .collect()
    }

    /// SHA-256 of the GOPs that are proved, as [`crate::CopiedGop::digest`].
    pub(super) fn proved(&self) -> Vec<Digest> {
        let gops = self.gops.iter().filter(|gop| gop.refused.is_none());
        gops.map(|gop| gop.digest).collect()
    }
}
