//! Fields of boxes that follow from the rest of the file: ids, durations, rates and sizes.
//!
//! Each must have the value that FFmpeg writes; any other value could be hidden data.
//!
//! Source: ISO/IEC 14496-12, clause 8; 14496-1, 7.2.6; 14496-15, 5.3.3. Rounding of durations and
//! rates, which these leave open, was measured on releases by FFmpeg 4.3, 5.1 and 7.1; where they
//! differ, the values of each are accepted.

use super::parameter_sets::ParameterSets;
use super::report::Report;
use super::verdict::LeakChannel;
use crate::aac::Walker;
use crate::h264::free_fields::usual_step;
use crate::mp4::boxes::{Atom, Fields};
use crate::mp4::samples::{Edits, Place};

/// Default bits per second and channel of a release, and the least that the encoder is opened with:
/// a description's maximum rate is not lower.
const NOMINAL_BITS: [u64; 2] = [96_000, 8000];

/// Most bits of one sample per channel. Source: ISO/IEC 14496-3, 4.5.3.
const BITS_PER_SAMPLE_MAX: u64 = 6;

/// Movie time scale of FFmpeg before 5.0.
const OLD_MOVIE_SCALE: u32 = 1000;

/// Most pictures of reordering delay. Source: ITU-T H.264, A.3.1 (`MaxDpbFrames`).
const WAIT_MAX: u64 = 16;

/// Least movie time scale of a release, which is set on the muxer.
pub const MOVIE_SCALE_MIN: u32 = 10_000;

/// Most ratio of a pixel's longer to its shorter side.
const ASPECT_MAX: u32 = 8;

/// The header boxes of a track and of its sample description.
#[derive(Default)]
pub(super) struct Headers<'a> {
    pub(super) track: Option<Atom<'a>>,
    pub(super) media: Option<Atom<'a>>,
    pub(super) groups: Option<Atom<'a>>,
    pub(super) rates: Option<Atom<'a>>,
    pub(super) aspect: Option<Atom<'a>>,
    pub(super) colors: Option<Atom<'a>>,
    pub(super) stream: Option<Atom<'a>>,
    /// The fields of the sample entry before its boxes.
    pub(super) entry: &'a [u8],
}

/// What the fields of a track must follow from.
pub(super) struct Content<'a> {
    /// Track id, from 1 in file order.
    pub(super) number: u32,
    /// Whether it follows a track of the same kind.
    pub(super) again: bool,
    pub(super) size: (u16, u16),
    pub(super) sets: &'a ParameterSets,
    /// Of a sound track.
    pub(super) sound: Option<&'a Walker>,
    /// Time scales of the movie and of the track.
    pub(super) movie_scale: u32,
    pub(super) scale: u32,
    /// Presentation time of each sample, and the total duration, ticks.
    pub(super) times: &'a [i64],
    pub(super) ticks: u64,
    pub(super) places: &'a [Place],
    pub(super) edits: &'a Edits,
}

/// Reports a field that does not have its required value.
fn expect(is_right: bool, field: &str, report: &mut Report) {
    if !is_right {
        let what = format!("{field} does not match the file");
        report.note(LeakChannel::LeftoverBytes, what);
    }
}

/// The big-endian word at byte `at` of a box.
fn word(body: &[u8], at: usize) -> Option<u32> {
    Fields::new(body.get(at..)?).u32()
}

/// A duration at offset `narrow`, or in version 1 at offset `wide` with 64 bits.
fn length(atom: Atom<'_>, narrow: usize, wide: usize) -> Option<u64> {
    let version = *atom.body.first()?;
    let at = if version == 1 { wide } else { narrow };
    Fields::new(atom.body.get(at..)?).wide(version)
}

/// `ticks` at `from` per second, converted to `to` per second and rounded down.
fn rescaled(ticks: i128, from: u32, to: u32) -> i128 {
    (ticks * i128::from(to)).div_euclid(i128::from(from.max(1)))
}

/// The same rounded up.
fn rescaled_up(ticks: i128, from: u32, to: u32) -> i128 {
    -rescaled(-ticks, from, to)
}

/// Checks the fields of a track; returns the duration that its header declares.
pub(super) fn check_track(found: &Headers<'_>, content: &Content<'_>, report: &mut Report) -> u64 {
    let stated = check_headers(found, content, report);
    if let Some(groups) = found.groups {
        let all = u32::try_from(content.places.len()).ok();
        expect(word(groups.body, 12) == all, "sbgp: sample count", report);
    }
    check_rates(found, content, report);
    match content.sound {
        Some(walker) => check_sound(found, walker, content, report),
        None => check_pictures(found, content, report),
    }
    stated
}

fn check_headers(found: &Headers<'_>, content: &Content<'_>, report: &mut Report) -> u64 {
    // FFmpeg adds the reordering delay of copied pictures to their duration; all other durations
    // follow from it.
    let step = content.ticks / content.places.len().max(1) as u64;
    let wait = if content.sound.is_some() {
        0
    } else {
        step.saturating_mul(WAIT_MAX)
    };
    let media = found.media.and_then(|media| length(media, 16, 24));
    let media =
        media.filter(|media| (content.ticks..=content.ticks.saturating_add(wait)).contains(media));
    expect(media.is_some(), "mdhd: duration", report);
    let (from, to) = (content.scale, content.movie_scale);
    let all = i128::from(media.unwrap_or(content.ticks));
    let first = content.times.first().copied().map_or(0, i128::from);
    let mut lengths = vec![rescaled_up(all, from, to)];
    if let Some((start, duration, pause)) = content.edits.stretch() {
        let (start, pause) = (i128::from(start), i128::from(pause));
        // An empty edit covers the time before the first sample; without one, less is shown.
        let shown = if pause > 0 {
            expect(start == first, "elst: start", report);
            rescaled_up(all, from, to)
        } else {
            rescaled_up(all, from, to) + rescaled(first - start, from, to)
        };
        let duration = i128::from(duration);
        expect(duration == shown, "elst: duration", report);
        lengths = vec![
            duration,
            duration + pause,
            rescaled_up(all - start, from, to),
            rescaled_up(all - start, from, to) + pause,
        ];
        if pause > 0 {
            // The empty edit is rounded down, the end up.
            lengths.push(duration + pause + 1);
        }
        if to == OLD_MOVIE_SCALE {
            // FFmpeg before 5.0 declares the whole track, whatever part of it is shown.
            lengths.push(rescaled_up(all, from, to));
        }
    }
    let Some(header) = found.track else {
        expect(false, "tkhd", report);
        return 0;
    };
    let body = header.body;
    let number = word(body, if body.first() == Some(&1) { 20 } else { 12 });
    expect(number == Some(content.number), "tkhd: track id", report);
    let stated = length(header, 20, 28).unwrap_or(0);
    let is_known = lengths.contains(&i128::from(stated));
    expect(is_known, "tkhd: duration", report);
    let on = if content.again { 2 } else { 3 };
    expect(body.get(3) == Some(&on), "tkhd: enabled flag", report);
    let (sound, behind) = (content.sound.is_some(), body.len().saturating_sub(60));
    // Layer, alternate group, volume: after eight zero bytes.
    let mixed = body.get(behind + 8..behind + 16);
    let own: [u8; 8] = if sound {
        [0, 0, 0, 1, 1, 0, 0, 0]
    } else {
        [0; 8]
    };
    expect(mixed == Some(&own), "tkhd: layer, group or volume", report);
    stated
}

/// Checks bit rates, which follow from the samples' bytes and the track's duration.
fn check_rates(found: &Headers<'_>, content: &Content<'_>, report: &mut Report) {
    let bytes: u64 = content
        .places
        .iter()
        .map(|place| u64::from(place.bytes))
        .sum();
    let bits = u128::from(bytes) * 8 * u128::from(content.scale);
    let mean = bits.checked_div(u128::from(content.ticks)).unwrap_or(0);
    let mut most = vec![mean];
    if let Some(walker) = content.sound {
        let limit = BITS_PER_SAMPLE_MAX * u64::from(content.scale);
        let channels = u128::from(walker.channels());
        let nominal = NOMINAL_BITS.map(|bits| u128::from(bits.min(limit).max(8000)) * channels);
        most.extend(nominal.map(|bits| bits.max(mean)));
    }
    // The maximum rate, followed by the mean.
    let is_right = |at: usize, body: &[u8], means: &[u128]| {
        let rate = |at| word(body, at).map(u128::from);
        rate(at + 4).is_some_and(|rate| means.contains(&rate))
            && rate(at).is_some_and(|rate| most.contains(&rate))
    };
    if let Some(rates) = found.rates {
        // FFmpeg from 6.1 on writes 0 for pictures that were encoded without a target rate.
        let means = match content.sound {
            Some(_) => &[mean][..],
            None => &[mean, 0],
        };
        let is_right = rates.body.get(..4) == Some(&[0; 4]) && is_right(4, rates.body, means);
        expect(is_right, "btrt: bit rates", report);
    }
    if let Some(stream) = found.stream {
        let body = stream.body;
        let is_right = body.get(19..22) == Some(&[0; 3]) && is_right(22, body, &[mean]);
        expect(is_right, "esds: bit rates", report);
        let number = word(body, 8).map(|word| word >> 8 & 0xffff);
        let zero = word(body, 8).map(|word| word & 0xff);
        let is_right = number == Some(content.number) && zero == Some(0);
        expect(is_right, "esds: stream id", report);
    }
}

fn check_sound(found: &Headers<'_>, walker: &Walker, content: &Content<'_>, report: &mut Report) {
    let half = |at: usize| Fields::new(found.entry.get(at..)?).u16();
    // The sample entry declares two channels, or those of the decoder configuration.
    let is_right = half(16).is_some_and(|said| said == 2 || said == walker.channels());
    expect(is_right, "mp4a: channel count", report);
    let rate = u16::try_from(content.scale).unwrap_or(0);
    expect(half(24) == Some(rate), "mp4a: sample rate", report);
    let header = found.track.map(|track| track.body).unwrap_or_default();
    let size = header.get(header.len().saturating_sub(8)..);
    expect(size == Some(&[0; 8]), "tkhd: size", report);
}

fn check_pictures(found: &Headers<'_>, content: &Content<'_>, report: &mut Report) {
    let (width, height) = (u64::from(content.size.0), u64::from(content.size.1));
    let aspect = found.aspect.map_or(Some((1, 1)), |aspect| {
        Some((word(aspect.body, 0)?, word(aspect.body, 4)?))
    });
    let (across, down) = aspect.unwrap_or((0, 0));
    let shape = across.max(down).checked_div(across.min(down));
    let is_plain = shape.is_some_and(|shape| shape <= ASPECT_MAX) && divisor(across, down) == 1;
    expect(is_plain, "pasp: pixel aspect ratio", report);
    let is_same = content.sets.have_aspect((across, down));
    expect(is_same, "parameter sets: pixel aspect ratio", report);
    let step = usual_step(content.times);
    let is_clock = content.sets.have_clocks(step, content.scale);
    expect(is_clock, "parameter sets: timing", report);
    let header = found.track.map(|track| track.body).unwrap_or_default();
    let behind = header.len().saturating_sub(8);
    let said = word(header, behind).map(u64::from);
    let (across, down) = (u64::from(across), u64::from(down).max(1));
    // Rounded to the nearest fraction.
    let wide = ((width << 17) * across + down) / (2 * down);
    let is_wide = said == Some(width << 16) || said == Some(wide);
    expect(is_wide, "tkhd: width", report);
    let high = word(header, behind + 4).map(u64::from) == Some(height << 16);
    expect(high, "tkhd: height", report);
    if let Some(colors) = found.colors {
        let is_right = content.sets.have_colors(colors.body);
        expect(is_right, "colr: colors", report);
    }
}

const fn divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Checks the movie header: its time scale, duration and next track id.
pub(super) fn check_movie(
    header: Option<Atom<'_>>,
    scales: (u32, u32),
    lengths: &[u64],
    report: &mut Report,
) {
    let Some(header) = header else {
        return expect(false, "mvhd", report);
    };
    let stated = length(header, 16, 24);
    let longest = lengths.iter().max().copied();
    expect(stated == longest, "mvhd: duration", report);
    let (movie, pictures) = scales;
    let least = MOVIE_SCALE_MIN;
    let whole = pictures.saturating_mul(least.div_ceil(pictures.max(1)));
    let is_unit = movie == whole || movie == OLD_MOVIE_SCALE;
    expect(is_unit, "mvhd: time scale", report);
    let next = header.body.len().checked_sub(4);
    let next = next.and_then(|at| word(header.body, at));
    let due = u32::try_from(lengths.len() + 1).ok();
    expect(next == due, "mvhd: next track id", report);
}
