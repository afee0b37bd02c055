//! Checks that every video sample of a release is only a picture.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::ops::Range;
use std::thread;

use super::access_unit::{self, Extra, Walked};
use super::movie::Movie;
use super::parameter_sets::ParameterSets;
use super::reading::read_whole;
use super::report::Report;
use super::verdict::{LeakChannel, LeakError};
use crate::h264::Unaccounted;
use crate::h264::slice_data::Workspace;
use crate::h264::x264_end_bits::Marks;
use crate::mp4::boxes::malformed;

/// Most bytes of one picture.
const PICTURE_BYTES_MAX: u32 = 256 << 20;

/// Pictures that are checked at the same time, and their bytes.
const BATCH_PICTURES: usize = 64;
const BATCH_BYTES: usize = 16 << 20;

/// Most threads.
const THREADS_MAX: usize = 8;

/// Findings with their counts.
type Counts = BTreeMap<(LeakChannel, String), u64>;

/// Which slices are parsed to their last bit.
#[derive(Clone, Copy)]
pub(super) enum Slices<'a> {
    /// None.
    None,
    /// All but those of pictures in these ranges, which are in order.
    But(&'a [Range<u32>]),
}

impl Slices<'_> {
    fn has(self, picture: usize) -> bool {
        let Self::But(known) = self else {
            return false;
        };
        let at = known.partition_point(|range| range.end as usize <= picture);
        known
            .get(at)
            .is_none_or(|range| picture < range.start as usize)
    }
}

/// Checks every picture, and parses `slices`.
pub(super) fn check(
    file: &mut (impl Read + Seek),
    movie: &Movie,
    slices: Slices<'_>,
    report: &mut Report,
) -> Result<(), LeakError> {
    let (mut counts, mut marks) = (Counts::new(), Marks::NEW);
    let mut used = BTreeSet::new();
    let (mut taken, mut parsed) = (0, 0_usize);
    let mut places = movie.pictures.iter().peekable();
    while places.peek().is_some() {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_PICTURES && bytes < BATCH_BYTES {
            let Some(place) = places.next() else { break };
            if place.bytes > PICTURE_BYTES_MAX {
                let what = "oversized picture";
                return Err(malformed(what, place.offset).into());
            }
            batch.push(read_whole(file, place.offset, u64::from(place.bytes))?);
            bytes += place.bytes as usize;
        }
        used.extend(
            batch
                .iter()
                .filter_map(|sample| access_unit::pps_id_of(sample, &movie.sets)),
        );
        let is_walked: Vec<bool> = (taken..taken + batch.len())
            .map(|picture| slices.has(picture))
            .collect();
        taken += batch.len();
        parsed += is_walked.iter().filter(|walked| **walked).count();
        for (extras, walked) in check_batch(&batch, &movie.sets, &is_walked) {
            extras
                .into_iter()
                .for_each(|found| count(found, &mut counts));
            if let Some(what) = walked.and_then(|walked| unaccounted(&walked, &mut marks)) {
                let what = (LeakChannel::LeftoverBytes, what.to_string());
                *counts.entry(what).or_default() += 1;
            }
        }
    }
    for ((channel, what), times) in counts {
        report.note(channel, format!("{times} x {what}"));
    }
    movie.sets.check_use(&used, report);
    let pictures = movie.pictures.len();
    let checked = format!("{pictures} pictures checked");
    report.count(LeakChannel::SeiUserData, checked.clone());
    report.count(LeakChannel::EncoderSei, checked);
    if matches!(slices, Slices::But(_)) {
        let mut walked = format!("{parsed} pictures parsed to their last bit");
        if parsed < pictures {
            let known = pictures - parsed;
            walked.push_str(&format!(", {known} identical to pictures parsed before"));
        }
        report.count(LeakChannel::LeftoverBytes, walked);
    }
    Ok(())
}

/// What is in each sample other than a picture, and the result of parsing its slice.
fn check_batch(
    batch: &[Vec<u8>],
    sets: &ParameterSets,
    is_walked: &[bool],
) -> Vec<(Vec<Extra>, Option<Walked>)> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let each = batch.len().div_ceil(threads.min(THREADS_MAX)).max(1);
    let check = |samples: &[Vec<u8>], is_walked: &[bool]| -> Vec<(Vec<Extra>, Option<Walked>)> {
        let mut workspace = Workspace::default();
        let mut walk = |sample: &[u8]| access_unit::walk(sample, sets, &mut workspace);
        let check = |(sample, &is_walked): (&Vec<u8>, &bool)| {
            let walked = if is_walked { walk(sample) } else { None };
            (access_unit::extras(sample, sets), walked)
        };
        samples.iter().zip(is_walked).map(check).collect()
    };
    // With one thread, or on a target without threads, none is started.
    if each >= batch.len() {
        return check(batch, is_walked);
    }
    thread::scope(|scope| {
        let parts: Vec<_> = batch
            .chunks(each)
            .zip(is_walked.chunks(each))
            .map(|(part, is_walked)| scope.spawn(move || check(part, is_walked)))
            .collect();
        let join = |part: thread::ScopedJoinHandle<'_, _>| match part.join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        parts.into_iter().flat_map(join).collect()
    })
}

/// What is wrong with a picture, after the `marks` of its GOP so far.
fn unaccounted(walked: &Walked, marks: &mut Marks) -> Option<Unaccounted> {
    if walked.is_idr {
        *marks = Marks::NEW;
    }
    match walked.found {
        Err(why) => Some(why),
        Ok(mark) if marks.take(mark) => None,
        Ok(_) => Some(Unaccounted::Padding),
    }
}

fn count(extra: Extra, counts: &mut Counts) {
    let (channel, what) = match extra {
        Extra::Registered => {
            let text = (LeakChannel::TimedText, "captions (SEI type 4)".to_owned());
            *counts.entry(text).or_default() += 1;
            (LeakChannel::SeiUserData, "SEI type 4".to_owned())
        }
        Extra::Encoder => (LeakChannel::EncoderSei, "x264 settings".to_owned()),
        Extra::Other(kind) => (LeakChannel::SeiUserData, format!("SEI type {kind}")),
        Extra::Unit(kind) => (
            LeakChannel::SeiUserData,
            format!("NAL units of type {kind}"),
        ),
        Extra::Parameters => {
            let what = "parameter sets that are not the track's";
            (LeakChannel::SeiUserData, what.to_owned())
        }
        Extra::Picture => {
            let what = "samples that are not one picture in one slice";
            (LeakChannel::EditLists, what.to_owned())
        }
        Extra::Start => {
            let what = "NAL units that contain a start code";
            (LeakChannel::LeftoverBytes, what.to_owned())
        }
        Extra::Broken => (LeakChannel::SeiUserData, "truncated NAL units".to_owned()),
    };
    *counts.entry((channel, what)).or_default() += 1;
}
