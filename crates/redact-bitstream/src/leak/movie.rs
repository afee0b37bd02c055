//! The movie box: its tracks, and everything in it that a release must not have.
//!
//! Source: ISO/IEC 14496-12, clause 8, and 14496-14, 14496-15 for the sample entries.

use super::fields::{self, Content, Headers};
use super::parameter_sets::ParameterSets;
use super::report::Report;
use super::stray;
use super::verdict::LeakChannel;
use crate::aac::Walker;
use crate::mp4::boxes::{Atom, Fields, Malformed, atoms, malformed, printable};
use crate::mp4::forms;
use crate::mp4::samples::{Edits, Place, SAMPLES_MAX, Tables};

/// Handler names that FFmpeg writes by default.
const NEUTRAL_HANDLERS: [&[u8]; 3] = [b"", b"VideoHandler", b"SoundHandler"];

/// Compressor names that FFmpeg writes; the rest of the 32 bytes is zero.
const NEUTRAL_COMPRESSORS: [&[u8]; 2] = [b"", b"Lavc libx264"];

/// The empty list of tags that FFmpeg writes when there are none.
/// Source: FFmpeg `libavformat/movenc.c`, `mov_write_meta_tag`.
const NO_TAGS: &[u8] =
    b"\0\0\0\x35meta\0\0\0\0\0\0\0\x21hdlr\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0\0\0\0\x08ilst";

/// Most priming samples of an AAC encoder.
/// Source: Apple, "AAC audio encoder delay" (2112); FFmpeg's own encoder has 1024.
const PRIMING_MAX: i64 = 2112;

/// Least time scale of a movie with edit lists; a coarser one hides what is cut.
const EDIT_SCALE_MIN: u32 = 1000;

/// Samples of sound in one packet of AAC.
const PACKET_SAMPLES: i64 = 1024;

/// The tracks of a file.
pub(super) struct Movie {
    pub(super) video_tracks: usize,
    pub(super) audio_tracks: usize,
    /// Locations of every sample, not sorted.
    pub(super) places: Vec<Place>,
    /// Locations of the pictures, and their parameter sets.
    pub(super) pictures: Vec<Place>,
    pub(super) sets: ParameterSets,
    /// Locations of each sound track's packets, and their parser.
    pub(super) sounds: Vec<(Vec<Place>, Walker)>,
    /// Declared duration of each track, in ticks of the movie.
    lengths: Vec<u64>,
    /// Ticks per second of the pictures.
    picture_scale: u32,
}

/// Parses the movie box of a file of `length` bytes and reports what must not be there.
pub(super) fn read(movie: Atom<'_>, length: u64, report: &mut Report) -> Result<Movie, Malformed> {
    let mut found = Movie {
        video_tracks: 0,
        audio_tracks: 0,
        places: Vec::new(),
        pictures: Vec::new(),
        sets: ParameterSets::default(),
        sounds: Vec::new(),
        lengths: Vec::new(),
        picture_scale: 0,
    };
    let (mut scale, mut header) = (0, None);
    for atom in once(movie, b"trak", report)? {
        match &atom.kind {
            b"mvhd" => {
                scale = dated(atom, 96, report)?;
                header = Some(atom);
            }
            b"trak" => read_track(atom, scale, length, &mut found, report)?,
            b"udta" if atom.body == NO_TAGS => {}
            _ => stray::note(atom, report),
        }
    }
    let scales = (scale, found.picture_scale);
    fields::check_movie(header, scales, &found.lengths, report);
    Ok(found)
}

/// The child boxes of one, each of which must occur only once, except those of type `many`: readers
/// that use the first and readers that use the last must agree.
fn once<'a>(
    parent: Atom<'a>,
    many: &[u8; 4],
    report: &mut Report,
) -> Result<Vec<Atom<'a>>, Malformed> {
    let found = atoms(parent.body, parent.body_offset)?;
    check_once(&found, many, report);
    Ok(found)
}

fn check_once(found: &[Atom<'_>], many: &[u8; 4], report: &mut Report) {
    for (i, atom) in found.iter().enumerate() {
        let again = found[..i].iter().any(|before| before.kind == atom.kind);
        if again && atom.kind != *many {
            let what = format!("a second box {} at byte {}", atom.name(), atom.offset);
            report.note(LeakChannel::LeftoverBytes, what);
        }
        if !forms::is_plain(*atom) {
            let what = format!("unexpected field values in {}", atom.name());
            report.note(LeakChannel::LeftoverBytes, what);
        }
    }
}

/// Checks the creation times in a header box of `length` bytes (version 0) and returns the word
/// after them: a time scale, or a track id.
fn dated(atom: Atom<'_>, length: usize, report: &mut Report) -> Result<u32, Malformed> {
    let bad = || malformed(format!("malformed box {}", atom.name()), atom.offset);
    let mut fields = Fields::new(atom.body);
    let (version, _) = fields.version_and_flags().ok_or_else(bad)?;
    let wider = if version == 1 { 12 } else { 0 };
    if version > 1 || atom.body.len() != length + 4 + wider {
        return Err(bad());
    }
    let made = fields.wide(version).ok_or_else(bad)?;
    let changed = fields.wide(version).ok_or_else(bad)?;
    if made != 0 || changed != 0 {
        report.note(
            LeakChannel::ContainerTags,
            format!("{} has a creation time", atom.name()),
        );
    }
    fields.u32().ok_or_else(bad)
}

#[derive(Default)]
struct Track<'a> {
    handler: [u8; 4],
    scale: u32,
    entry: [u8; 4],
    size: (u16, u16),
    sets: ParameterSets,
    walker: Option<Walker>,
    edits: Option<Atom<'a>>,
    tables: Tables<'a>,
    headers: Headers<'a>,
    chapters: bool,
}

fn read_track(
    trak: Atom<'_>,
    movie_scale: u32,
    length: u64,
    found: &mut Movie,
    report: &mut Report,
) -> Result<(), Malformed> {
    let mut track = Track::default();
    for atom in once(trak, b"free", report)? {
        match &atom.kind {
            b"tkhd" => {
                dated(atom, 80, report)?;
                track.headers.track = Some(atom);
            }
            b"edts" => {
                for inner in atoms(atom.body, atom.body_offset)? {
                    if &inner.kind == b"elst" && track.edits.is_none() {
                        track.edits = Some(inner);
                    } else {
                        stray::note(inner, report);
                    }
                }
            }
            b"mdia" => read_media(atom, &mut track, report)?,
            b"tref" => {
                track.chapters |= atoms(atom.body, atom.body_offset)?
                    .iter()
                    .any(|a| &a.kind == b"chap");
                stray::note(atom, report);
            }
            _ => stray::note(atom, report),
        }
    }
    if track.chapters {
        report.note(
            LeakChannel::Chapters,
            "a track refers to chapters".to_owned(),
        );
    }
    count_track(&track, trak.offset, found, report);
    // No sample is empty, so a file has at most as many as bytes.
    let budget = SAMPLES_MAX
        .min(length)
        .saturating_sub(found.places.len() as u64);
    let places = track.tables.places(budget)?;
    check_content(&track, movie_scale, &places, found, report)?;
    found.places.extend(&places);
    if &track.handler == b"vide" {
        track.sets.check_size(track.size, report);
        found.picture_scale = track.scale;
        found.pictures.extend(places);
        found.sets = track.sets;
    } else if let Some(walker) = track.walker {
        found.sounds.push((places, walker));
    }
    Ok(())
}

/// Reports a track by its content.
fn count_track(track: &Track<'_>, offset: u64, found: &mut Movie, report: &mut Report) {
    let what = |what: &str| {
        let (handler, entry) = (printable(track.handler), printable(track.entry));
        format!("{what} track ({handler}, {entry}) at byte {offset}")
    };
    match &track.handler {
        b"vide" => {
            found.video_tracks += 1;
            if found.video_tracks > 1 {
                report.note(LeakChannel::ExtraVideo, what("another video"));
            }
            if &track.entry != b"avc1" {
                report.note(LeakChannel::Attachments, what("a picture"));
            }
        }
        b"soun" => {
            found.audio_tracks += 1;
            if &track.entry != b"mp4a" {
                report.note(LeakChannel::AudioTracks, what("an unknown sound"));
            }
        }
        b"text" | b"sbtl" | b"subt" | b"subp" | b"clcp" => {
            report.note(LeakChannel::TimedText, what("a text"));
        }
        _ => report.note(LeakChannel::DataTracks, what("a data")),
    }
}

fn read_media<'a>(
    mdia: Atom<'a>,
    track: &mut Track<'a>,
    report: &mut Report,
) -> Result<(), Malformed> {
    for atom in once(mdia, b"free", report)? {
        match &atom.kind {
            b"mdhd" => {
                track.scale = dated(atom, 20, report)?;
                track.headers.media = Some(atom);
                // The language is in the second to last word: `und` in three times five bits.
                let language = atom
                    .body
                    .len()
                    .checked_sub(4)
                    .map(|at| &atom.body[at..at + 2]);
                if language != Some(&[0x55, 0xc4]) {
                    report.note(
                        LeakChannel::ContainerTags,
                        "a track names its language".to_owned(),
                    );
                }
            }
            b"hdlr" => read_handler(atom, track, report)?,
            b"minf" => {
                for inner in once(atom, b"free", report)? {
                    match &inner.kind {
                        b"vmhd" if inner.body.len() == 12 => {}
                        b"smhd" if inner.body.len() == 8 => {}
                        b"dinf" => check_reference(inner, report)?,
                        b"stbl" => read_tables(inner, track, report)?,
                        _ => stray::note(inner, report),
                    }
                }
            }
            _ => stray::note(atom, report),
        }
    }
    Ok(())
}

fn read_handler(
    atom: Atom<'_>,
    track: &mut Track<'_>,
    report: &mut Report,
) -> Result<(), Malformed> {
    let bad = || malformed("malformed handler box", atom.offset);
    let mut fields = Fields::new(atom.body);
    fields.take(8).ok_or_else(bad)?;
    track.handler = fields.array().ok_or_else(bad)?;
    let reserved = fields.take(12).ok_or_else(bad)?;
    let name = fields.rest();
    let name = name.strip_suffix(&[0]).unwrap_or(name);
    if !NEUTRAL_HANDLERS.contains(&name) {
        report.note(
            LeakChannel::ContainerTags,
            "a track's handler has a name".to_owned(),
        );
    }
    if reserved.iter().any(|byte| *byte != 0) {
        report.note(
            LeakChannel::LeftoverBytes,
            "reserved bytes of hdlr are used".to_owned(),
        );
    }
    Ok(())
}

/// All samples must be in this file: one data reference, to itself.
fn check_reference(dinf: Atom<'_>, report: &mut Report) -> Result<(), Malformed> {
    let expected = [
        0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 12, b'u', b'r', b'l', b' ', 0, 0, 0, 1,
    ];
    for atom in atoms(dinf.body, dinf.body_offset)? {
        if &atom.kind != b"dref" || atom.body != expected {
            stray::note(atom, report);
        }
    }
    Ok(())
}

fn read_tables<'a>(
    stbl: Atom<'a>,
    track: &mut Track<'a>,
    report: &mut Report,
) -> Result<(), Malformed> {
    for atom in once(stbl, b"free", report)? {
        match &atom.kind {
            b"stsd" => read_entries(atom, track, report)?,
            b"stts" | b"ctts" | b"stsc" | b"stsz" | b"stco" | b"co64" | b"stss" => {
                if !track.tables.store(atom) {
                    stray::note(atom, report);
                }
            }
            // Roll recovery of AAC.
            b"sgpd" if forms::is_plain(atom) => {}
            b"sbgp" if forms::is_plain(atom) => track.headers.groups = Some(atom),
            _ => stray::note(atom, report),
        }
    }
    Ok(())
}

fn read_entries<'a>(
    stsd: Atom<'a>,
    track: &mut Track<'a>,
    report: &mut Report,
) -> Result<(), Malformed> {
    let bad = || malformed("malformed sample description", stsd.offset);
    let mut fields = Fields::new(stsd.body);
    fields.version_and_flags().ok_or_else(bad)?;
    let count = fields.u32().ok_or_else(bad)?;
    let entries = atoms(fields.rest(), stsd.body_offset + 8)?;
    if count != 1 || entries.len() != 1 {
        report.note(
            LeakChannel::LeftoverBytes,
            format!("{count} descriptions of one track"),
        );
    }
    for entry in entries {
        track.entry = entry.kind;
        // The entry's own fields come before its boxes.
        let fixed = match &entry.kind {
            b"avc1" => 78,
            b"mp4a" => 28,
            _ => continue,
        };
        let (head, rest) = entry.body.split_at_checked(fixed).ok_or_else(bad)?;
        if !forms::is_plain_entry(entry.kind, head) {
            let what = format!("unexpected field values in {}", entry.name());
            report.note(LeakChannel::LeftoverBytes, what);
        }
        if &entry.kind == b"avc1" {
            check_compressor(&head[42..74], report);
            let side = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
            track.size = (side(24), side(26));
        }
        track.headers.entry = head;
        let inner = atoms(rest, entry.body_offset + fixed as u64)?;
        check_once(&inner, b"free", report);
        for atom in inner {
            match &atom.kind {
                b"avcC" => track.sets = ParameterSets::read(atom, report)?,
                b"pasp" if atom.body.len() == 8 => track.headers.aspect = Some(atom),
                b"btrt" if atom.body.len() == 12 => track.headers.rates = Some(atom),
                b"colr" => track.headers.colors = Some(atom),
                b"esds" => {
                    track.headers.stream = Some(atom);
                    read_aac(atom, track, report);
                }
                _ => stray::note(atom, report),
            }
        }
    }
    Ok(())
}

/// Sound must be plain AAC-LC with a time base that counts samples.
fn read_aac(esds: Atom<'_>, track: &mut Track<'_>, report: &mut Report) {
    match forms::aac_config(esds.body).and_then(Walker::new) {
        None => report.note(
            LeakChannel::AudioTracks,
            format!("sound that is not plain AAC-LC at byte {}", esds.offset),
        ),
        Some((walker, rate_hz)) => {
            if track.scale != rate_hz {
                let what = "sound with a time base that does not count samples".to_owned();
                report.note(LeakChannel::EditLists, what);
            }
            track.walker = Some(walker);
        }
    }
}

/// A compressor name: a length and up to 31 bytes.
fn check_compressor(name: &[u8], report: &mut Report) {
    let (length, text) = name.split_first().unwrap_or((&0, &[]));
    let (text, padding) = text.split_at(usize::from(*length).min(text.len()));
    if !NEUTRAL_COMPRESSORS.contains(&text) {
        report.note(LeakChannel::ContainerTags, "a compressor's name".to_owned());
    }
    if padding.iter().any(|byte| *byte != 0) {
        report.note(
            LeakChannel::LeftoverBytes,
            "bytes after a compressor's name".to_owned(),
        );
    }
}

/// Checks a track's boxes against its samples.
fn check_content(
    track: &Track<'_>,
    movie_scale: u32,
    places: &[Place],
    found: &mut Movie,
    report: &mut Report,
) -> Result<(), Malformed> {
    let (times, ticks) = track.tables.shown_at(places.len())?;
    let edits = match track.edits {
        None => Edits::ALL,
        Some(atom) => Edits::read(atom, movie_scale, track.scale)
            .ok_or_else(|| malformed("malformed edit list", atom.offset))?,
    };
    check_edits(track, &edits, movie_scale, &times, report);
    let of_kind = if &track.handler == b"vide" {
        found.video_tracks
    } else {
        found.audio_tracks
    };
    let number = u32::try_from(found.lengths.len() + 1).unwrap_or(0);
    let content = Content {
        number,
        again: of_kind > 1,
        size: track.size,
        sets: &track.sets,
        sound: track.walker.as_ref(),
        movie_scale,
        scale: track.scale,
        times: &times,
        ticks,
        places,
        edits: &edits,
    };
    let stated = fields::check_track(&track.headers, &content, report);
    found.lengths.push(stated);
    Ok(())
}

fn check_edits(
    track: &Track<'_>,
    edits: &Edits,
    movie_scale: u32,
    times: &[i64],
    report: &mut Report,
) {
    let (sound, samples) = (&track.handler == b"soun", times.len());
    // Sound begins with encoder priming; all pictures must be shown.
    let slack = if sound { PRIMING_MAX } else { 0 };
    let shown = edits.shown(times, slack);
    let kind = printable(track.handler);
    report.count(
        LeakChannel::EditLists,
        format!("{kind}: {samples} stored, {shown} shown"),
    );
    let even = |pair: &[i64]| pair[1] - pair[0] == PACKET_SAMPLES;
    if sound && !times.windows(2).all(even) {
        let what = "gaps or overlaps between sound packets".to_owned();
        report.note(LeakChannel::EditLists, what);
    }
    if track.edits.is_some() && movie_scale < EDIT_SCALE_MIN {
        let what = format!("durations in units of 1/{movie_scale} second");
        report.note(LeakChannel::EditLists, what);
    }
    if shown != samples || edits.tricky {
        let what = format!(
            "{kind}: {} of {samples} samples are not shown once",
            samples - shown
        );
        report.note(LeakChannel::EditLists, what);
    }
}
