//! Scans a finished release for everything that is not its pictures and sound.
//!
//! The scan parses the file's bytes and trusts no player or library: every byte must belong to a
//! known box, every box must be in an allowed place, and every byte of media must belong to a
//! sample. Anything unknown is not clean; only H.264 and AAC in MP4, as the renderer writes them,
//! can be clean. Coded pictures and sound are parsed to their last bit; decoded values of pixels
//! and samples are not judged. Evidence has keys, counts and offsets, never values.

mod access_unit;
mod fields;
mod movie;
mod parameter_sets;
mod pictures;
mod reading;
mod report;
mod stray;
mod verdict;

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::ops::Range;

use movie::Movie;
use pictures::Slices;
use reading::read_whole;
use report::Report;

use crate::mp4::boxes::{self, Atom, malformed};
use crate::mp4::samples::Place;
use crate::mp4::{forms, length};

pub use fields::MOVIE_SCALE_MIN;
pub use verdict::{ExpectedStreams, LeakChannel, LeakError, LeakVerdict};

/// Most bytes of a movie box: a day at 60 frames/s has about 200 MiB.
const MOVIE_BYTES_MAX: u64 = 1 << 30;

/// Most boxes at the top of a file; a release has four.
const TOP_BOXES_MAX: usize = 64;

/// Most bytes of one packet of sound: 6144 bits per channel, at most eight channels.
/// Source: ISO/IEC 14496-3, 4.5.3.
const PACKET_BYTES_MAX: u32 = 6144;

/// Scans a finished release; one verdict per channel of [`LeakChannel::ALL`], in its order.
///
/// # Errors
/// [`LeakError::Read`] or, when the file cannot be parsed as MP4, [`LeakError::Malformed`].
pub fn scan(
    file: impl Read + Seek,
    expected: &ExpectedStreams,
) -> Result<Vec<LeakVerdict>, LeakError> {
    scan_known(file, expected, &[])
}

/// The same without parsing the slices of pictures that are `known`, by their place in the track:
/// the caller proves that they are coded as pictures that were accounted for to their last bit, in
/// whole GOPs. Everything else in their samples is checked.
///
/// - `known`: ranges that do not overlap, in order.
///
/// # Errors
/// As [`scan`].
pub fn scan_known(
    file: impl Read + Seek,
    expected: &ExpectedStreams,
    known: &[Range<u32>],
) -> Result<Vec<LeakVerdict>, LeakError> {
    scan_with(file, expected, Slices::But(known))
}

/// The same without parsing the slices of pictures, which costs as much as decoding them: for a
/// recording, not a release.
///
/// # Errors
/// As [`scan`].
pub fn scan_outside_slices(
    file: impl Read + Seek,
    expected: &ExpectedStreams,
) -> Result<Vec<LeakVerdict>, LeakError> {
    scan_with(file, expected, Slices::None)
}

fn scan_with(
    mut file: impl Read + Seek,
    expected: &ExpectedStreams,
    slices: Slices<'_>,
) -> Result<Vec<LeakVerdict>, LeakError> {
    let mut report = Report::new();
    let top = top_boxes(&mut file, &mut report)?;
    let atom = Atom {
        kind: *b"moov",
        body: &top.movie,
        offset: top.movie_offset,
        body_offset: top.movie_offset + top.movie_header,
    };
    let movie = movie::read(atom, top.length, &mut report)?;
    check_counts(&movie, expected, &mut report);
    check_media(&top.media, &movie.places, &mut report);
    // Overlapping samples could make a small file take forever.
    let bytes = |sum: u64, place: &Place| sum.saturating_add(u64::from(place.bytes));
    if movie.places.iter().fold(0, bytes) > top.length {
        return Err(malformed("more samples than bytes", top.movie_offset).into());
    }
    pictures::check(&mut file, &movie, slices, &mut report)?;
    check_sounds(&mut file, &movie, &mut report)?;
    Ok(report.verdicts())
}

/// The boxes at the top of a file.
struct Top {
    length: u64,
    movie: Vec<u8>,
    movie_offset: u64,
    movie_header: u64,
    /// Start and end of media data.
    media: Vec<(u64, u64)>,
}

fn top_boxes(file: &mut (impl Read + Seek), report: &mut Report) -> Result<Top, LeakError> {
    let length = length(file)?;
    let mut top = Top {
        length,
        movie: Vec::new(),
        movie_offset: 0,
        movie_header: 0,
        media: Vec::new(),
    };
    let (mut at, mut kinds) = (0, Vec::new());
    while at < length {
        if kinds.len() == TOP_BOXES_MAX {
            return Err(malformed("too many boxes", at).into());
        }
        let head = read_whole(file, at, 16.min(length - at))?;
        let (kind, header, total) = boxes::header(&head, at)?;
        let end = at.saturating_add(total.unwrap_or(length - at));
        if end > length {
            let what = format!("box {} longer than the file", boxes::printable(kind));
            return Err(malformed(what, at).into());
        }
        let body = end - at - header;
        kinds.push(kind);
        match &kind {
            b"mdat" => top.media.push((at + header, end)),
            b"moov" if top.movie.is_empty() && body <= MOVIE_BYTES_MAX => {
                top.movie = read_whole(file, at + header, body)?;
                (top.movie_offset, top.movie_header) = (at, header);
            }
            b"ftyp" if at == 0 && body <= 64 => {
                if !forms::is_file_type(&read_whole(file, at + header, body)?) {
                    let what = "unexpected brands".to_owned();
                    report.note(LeakChannel::ContainerTags, what);
                }
            }
            _ if body <= MOVIE_BYTES_MAX => {
                let bytes = read_whole(file, at + header, body)?;
                let body_offset = at + header;
                let atom = Atom {
                    kind,
                    body: &bytes,
                    offset: at,
                    body_offset,
                };
                stray::note(atom, report);
            }
            _ => report.note(
                LeakChannel::LeftoverBytes,
                format!("large box at byte {at}"),
            ),
        }
        at = end;
    }
    if top.movie.is_empty() || kinds.first() != Some(b"ftyp") {
        return Err(malformed("no file type or no movie box", 0).into());
    }
    report.count(
        LeakChannel::LeftoverBytes,
        format!("{} boxes in {length} bytes", kinds.len()),
    );
    Ok(top)
}

fn check_counts(movie: &Movie, expected: &ExpectedStreams, report: &mut Report) {
    let videos = format!("{} video track(s)", movie.video_tracks);
    let sounds = format!(
        "{} sound track(s), {} expected",
        movie.audio_tracks, expected.audio_tracks
    );
    report.count(LeakChannel::ExtraVideo, videos.clone());
    report.count(LeakChannel::AudioTracks, sounds.clone());
    if movie.video_tracks != 1 {
        report.note(LeakChannel::ExtraVideo, videos);
    }
    let stored = movie.pictures.len();
    if let Some(frames) = expected.frames.filter(|frames| *frames as usize != stored) {
        let what = format!("{stored} frames stored, {frames} expected");
        report.note(LeakChannel::EditLists, what);
    }
    if movie.audio_tracks != expected.audio_tracks {
        report.note(LeakChannel::AudioTracks, sounds);
    }
}

/// Every byte of media must belong to exactly one sample.
fn check_media(media: &[(u64, u64)], places: &[Place], report: &mut Report) {
    let mut sorted = places.to_vec();
    sorted.retain(|place| place.bytes > 0);
    sorted.sort_unstable();
    let mut next = sorted.iter().peekable();
    for (start, end) in media {
        let mut at = *start;
        while let Some(place) = next.next_if(|place| place.offset < *end) {
            if place.offset > at {
                let what = format!("{} bytes of no sample at byte {at}", place.offset - at);
                report.note(LeakChannel::LeftoverBytes, what);
            } else if place.offset < at {
                let what = format!("samples overlap at byte {}", place.offset);
                report.note(LeakChannel::LeftoverBytes, what);
            }
            at = at.max(place.offset.saturating_add(u64::from(place.bytes)));
        }
        if at != *end {
            let what = format!("{} bytes of no sample at byte {at}", end.abs_diff(at));
            report.note(LeakChannel::LeftoverBytes, what);
        }
    }
    if let Some(place) = next.next() {
        let what = format!("a sample outside the media at byte {}", place.offset);
        report.note(LeakChannel::LeftoverBytes, what);
    }
}

/// Checks that every packet of sound is only sound.
fn check_sounds(
    file: &mut (impl Read + Seek),
    movie: &Movie,
    report: &mut Report,
) -> Result<(), LeakError> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut packets = 0;
    for (places, walker) in &movie.sounds {
        for (i, place) in places.iter().enumerate() {
            if place.bytes > PACKET_BYTES_MAX {
                return Err(malformed("oversized packet", place.offset).into());
            }
            let packet = read_whole(file, place.offset, u64::from(place.bytes))?;
            if let Err(what) = walker.walk(&packet, i == 0) {
                *counts.entry(what).or_default() += 1;
            }
        }
        packets += places.len();
    }
    for (what, times) in counts {
        report.note(LeakChannel::AudioTracks, format!("{times} x {what}"));
    }
    let parsed = format!("{packets} packets parsed to their last bit");
    report.count(LeakChannel::AudioTracks, parsed);
    Ok(())
}
