//! Looks into every picture of a release for what is no picture.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::thread;

use super::access_unit::{self, Message, Walked};
use super::movie::Movie;
use super::parameter_sets::ParameterSets;
use super::reading::read_whole;
use super::report::Report;
use super::verdict::{LeakChannel, LeakError};
use crate::h264::Unaccounted;
use crate::h264::slice_data::Workspace;
use crate::h264::x264_end_bits::Marks;
use crate::mp4::boxes::malformed;

/// Bytes of one picture.
const PICTURE_BYTES_MAX: u32 = 256 << 20;

/// Pictures that are looked into at the same time, and their bytes.
const BATCH_PICTURES: usize = 64;
const BATCH_BYTES: usize = 16 << 20;

/// Threads that look, at most.
const THREADS_MAX: usize = 8;

/// What was found, and how often.
type Counts = BTreeMap<(LeakChannel, String), u64>;

/// Looks into every picture; slices are walked to their last bit where `is_walked`.
pub(super) fn check(
    file: &mut (impl Read + Seek),
    movie: &Movie,
    is_walked: bool,
    report: &mut Report,
) -> Result<(), LeakError> {
    let (mut counts, mut marks) = (Counts::new(), Marks::NEW);
    let mut used = BTreeSet::new();
    let mut places = movie.pictures.iter().peekable();
    while places.peek().is_some() {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_PICTURES && bytes < BATCH_BYTES {
            let Some(place) = places.next() else { break };
            if place.bytes > PICTURE_BYTES_MAX {
                let what = "a picture larger than any encoder makes";
                return Err(malformed(what, place.offset).into());
            }
            batch.push(read_whole(file, place.offset, u64::from(place.bytes))?);
            bytes += place.bytes as usize;
        }
        used.extend(
            batch
                .iter()
                .filter_map(|sample| access_unit::set_of(sample, &movie.sets)),
        );
        for (messages, walked) in look_into(&batch, &movie.sets, is_walked) {
            messages
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
    let looked = format!("{pictures} pictures looked through");
    report.count(LeakChannel::SeiUserData, looked.clone());
    report.count(LeakChannel::EncoderSei, looked);
    if is_walked {
        let walked = format!("{pictures} pictures walked to their last bit");
        report.count(LeakChannel::LeftoverBytes, walked);
    }
    Ok(())
}

/// What is in each sample beside a picture, and where a walk through it ended.
fn look_into(
    batch: &[Vec<u8>],
    sets: &ParameterSets,
    is_walked: bool,
) -> Vec<(Vec<Message>, Option<Walked>)> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let each = batch.len().div_ceil(threads.min(THREADS_MAX)).max(1);
    let look = |samples: &[Vec<u8>]| -> Vec<(Vec<Message>, Option<Walked>)> {
        let mut workspace = Workspace::default();
        let mut walk = |sample: &[u8]| access_unit::walk(sample, sets, &mut workspace);
        let look = |sample: &Vec<u8>| {
            let walked = if is_walked { walk(sample) } else { None };
            (access_unit::messages(sample, sets), walked)
        };
        samples.iter().map(look).collect()
    };
    // One thread, or a target that has no more: then none is started.
    if each >= batch.len() {
        return look(batch);
    }
    thread::scope(|scope| {
        let parts: Vec<_> = batch
            .chunks(each)
            .map(|part| scope.spawn(move || look(part)))
            .collect();
        let join = |part: thread::ScopedJoinHandle<'_, _>| match part.join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        parts.into_iter().flat_map(join).collect()
    })
}

/// What is wrong with a picture whose group has had `marks` so far.
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

fn count(message: Message, counts: &mut Counts) {
    let (channel, what) = match message {
        Message::Registered => {
            let text = (LeakChannel::TimedText, "captions (SEI type 4)".to_owned());
            *counts.entry(text).or_default() += 1;
            (LeakChannel::SeiUserData, "SEI type 4".to_owned())
        }
        Message::Encoder => (LeakChannel::EncoderSei, "x264 settings".to_owned()),
        Message::Other(kind) => (LeakChannel::SeiUserData, format!("SEI type {kind}")),
        Message::Unit(kind) => (LeakChannel::SeiUserData, format!("units of type {kind}")),
        Message::Parameters => {
            let what = "parameter sets that are not the track's";
            (LeakChannel::SeiUserData, what.to_owned())
        }
        Message::Picture => {
            let what = "samples that are not one picture in one slice";
            (LeakChannel::EditLists, what.to_owned())
        }
        Message::Start => {
            let what = "units that end before their length";
            (LeakChannel::LeftoverBytes, what.to_owned())
        }
        Message::Broken => (LeakChannel::SeiUserData, "units that are cut".to_owned()),
    };
    *counts.entry((channel, what)).or_default() += 1;
}
