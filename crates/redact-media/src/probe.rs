//! What a file declares before anything is decoded: its streams, and where it should end.

mod extent;
pub(crate) mod limits;
mod tables;

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ffmpeg_next::codec::packet::side_data;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::format::stream::Disposition;
use ffmpeg_next::{Dictionary, Stream, media};
use redact_core::{SourceError, SourceSettings, StreamKind, StreamSummary, TimeBase, Timestamp};

pub(crate) use extent::is_cut_short;
pub(crate) use tables::Tables;

use crate::picture::Turn;
use crate::{ffi, open_file};

/// Containers that hold their own content and cannot name other files, as FFmpeg calls them.
/// Playlists (`hls`, `dash`, `concat`) and image sequences are excluded on purpose.
const FORMATS: &str = "mov,matroska,webm,avi,mpegts,mpeg,asf,flv,dv,dhav";

/// Bare video streams, as FFmpeg calls them. A damaged file of another container can look like one,
/// so these are tried only where the file's extension or a given frame rate says so.
const BARE_FORMATS: &str = "h264,hevc,mpegvideo";

/// Extensions of files that may hold a bare video stream, lower case; `dav` is also a container.
const BARE_EXTENSIONS: &[&str] = &[
    "264", "265", "avc", "dav", "h264", "h265", "hevc", "m1v", "m2v",
];

/// The error for a recorder's file that cannot be opened.
const UNKNOWN_DAV: &str = "this .dav file is neither DHAV, MPEG-PS, H.264 nor HEVC; export it as \
     MP4 or AVI with the recorder's own player";

/// Linux's number on x86-64 and arm64.
const O_NONBLOCK: i32 = 0o4000;

/// How much of a file is probed to identify its streams, in bytes and microseconds.
const PROBE_BYTES: &str = "20000000";
const PROBE_MICROS: &str = "10000000";

/// Whether the file is a bare video stream without a container.
pub(crate) fn is_bare(input: &Input) -> bool {
    BARE_FORMATS
        .split(',')
        .any(|name| name == input.format().name())
}

/// FFmpeg's names of the formats that are tried for a file.
fn formats(path: &Path, settings: &SourceSettings) -> String {
    let may_be_bare = settings.frame_rate.is_some() || has_extension(path, BARE_EXTENSIONS);
    if may_be_bare {
        format!("{FORMATS},{BARE_FORMATS}")
    } else {
        FORMATS.to_owned()
    }
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| known.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

/// Opens a local file; only formats on the allow list are parsed.
pub(crate) fn open(path: &Path, settings: &SourceSettings) -> Result<Input, SourceError> {
    let unreadable = |source: redact_core::BoxError| SourceError::Unreadable { source };
    // Opening a pipe would block; and a confined process may query open files only.
    let mut how = std::fs::File::options();
    let file = how.read(true).custom_flags(O_NONBLOCK).open(path);
    let facts = file.and_then(|file| {
        let regular = open_file::is_regular(&file)?;
        Ok((regular, open_file::length(&file)?))
    });
    let (regular, length) = facts.map_err(|error| unreadable(error.into()))?;
    if !regular {
        return Err(unreadable("not a regular file".into()));
    }
    if length == 0 {
        return Err(SourceError::Empty);
    }
    let mut options = Dictionary::new();
    options.set("protocol_whitelist", "file");
    options.set("format_whitelist", &formats(path, settings));
    options.set("probesize", PROBE_BYTES);
    options.set("analyzeduration", PROBE_MICROS);
    let mut input = ffi::open_input(path, options).map_err(|error| match error {
        // FFmpeg's error for a format that is not on the list.
        ffmpeg_next::Error::Other { errno } if errno == ffmpeg_next::ffi::EINVAL => {
            unreadable("unsupported container format".into())
        }
        _ if has_extension(path, &["dav"]) => unreadable(UNKNOWN_DAV.into()),
        other => unreadable(ffi::cause(other)),
    })?;
    limits::check_container(&input, path)?;
    ffi::probe_streams(&mut input, limits::PIXELS_MAX)
        .map_err(|error| unreadable(ffi::cause(error)))?;
    limits::check_streams(&input)?;
    Ok(input)
}

/// The video stream to read: the one that was requested, else moving pictures (not a cover) of a
/// supported codec, preferring the default stream, then the largest, then the first.
pub(crate) fn video_stream(input: &Input, wanted: Option<u32>) -> Result<usize, SourceError> {
    if let Some(wanted) = wanted {
        let streams = || {
            input
                .streams()
                .filter(is_moving_picture)
                .map(|stream| stream.index())
        };
        let found = || streams().map(|index| index.to_string()).collect::<Vec<_>>();
        return streams()
            .find(|index| stream_number(*index) == wanted)
            .ok_or_else(|| SourceError::NoSuchStream {
                wanted,
                found: found().join(", "),
            });
    }
    input
        .streams()
        .filter(|stream| is_moving_picture(stream))
        .max_by_key(|stream| {
            let coded = ffi::coded(stream);
            let default = stream.disposition().contains(Disposition::DEFAULT);
            let area = i64::from(coded.width) * i64::from(coded.height);
            let is_known = limits::is_known(media::Type::Video, &codec_name(stream));
            (is_known, default, area, std::cmp::Reverse(stream.index()))
        })
        .map(|stream| stream.index())
        .ok_or_else(|| SourceError::NoVideo {
            found: kinds_found(input),
        })
}

fn is_moving_picture(stream: &Stream<'_>) -> bool {
    let cover = Disposition::ATTACHED_PIC;
    stream.parameters().medium() == media::Type::Video && !stream.disposition().intersects(cover)
}

/// Whether a stream is a sound track.
pub(crate) fn is_sound(stream: &Stream<'_>) -> bool {
    stream.parameters().medium() == media::Type::Audio
}

/// The codecs of all sound tracks, for an error text.
pub(crate) fn sound_codecs(input: &Input) -> String {
    let tracks = input.streams().filter(is_sound);
    let named = |stream: Stream<'_>| format!("stream {}: {}", stream.index(), codec_name(&stream));
    tracks.map(named).collect::<Vec<_>>().join(", ")
}

fn kinds_found(input: &Input) -> String {
    let mut kinds: Vec<&str> = input
        .streams()
        .map(|stream| match kind_of(&stream) {
            StreamKind::Video => "still pictures",
            StreamKind::Audio => "sound",
            StreamKind::Subtitle => "timed text",
            StreamKind::Attachment => "attached files",
            StreamKind::Data | StreamKind::Other => "data",
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        "no streams".to_owned()
    } else {
        kinds.join(", ")
    }
}

fn kind_of(stream: &Stream<'_>) -> StreamKind {
    match stream.parameters().medium() {
        media::Type::Video if is_moving_picture(stream) => StreamKind::Video,
        media::Type::Video | media::Type::Attachment => StreamKind::Attachment,
        media::Type::Audio => StreamKind::Audio,
        media::Type::Subtitle => StreamKind::Subtitle,
        media::Type::Data => StreamKind::Data,
        media::Type::Unknown => StreamKind::Other,
    }
}

/// Every stream of the container; `included` says which ones a release has.
pub(crate) fn summaries(input: &Input, included: impl Fn(usize) -> bool) -> Vec<StreamSummary> {
    input
        .streams()
        .map(|stream| StreamSummary {
            index: stream_number(stream.index()),
            kind: kind_of(&stream),
            codec: codec_name(&stream),
            included: included(stream.index()),
            time_base: time_base(&stream),
            start: start(&stream),
        })
        .collect()
}

/// One tick of a stream; `None` for a clock that stands still or runs backward.
fn time_base(stream: &Stream<'_>) -> Option<TimeBase> {
    let base = stream.time_base();
    let part = |number: i32| u32::try_from(number).ok();
    TimeBase::new(part(base.numerator())?, part(base.denominator())?)
}

/// When a stream starts, if the container or its first packets say.
fn start(stream: &Stream<'_>) -> Option<Timestamp> {
    let ticks = stream.start_time();
    (ticks != ffmpeg_next::ffi::AV_NOPTS_VALUE).then(|| Timestamp::new(ticks))
}

/// FFmpeg's name of a stream's codec, `unknown` if it has none.
pub(crate) fn codec_name(stream: &Stream<'_>) -> String {
    match stream.parameters().id() {
        ffmpeg_next::codec::Id::None => "unknown".to_owned(),
        id => id.name().to_owned(),
    }
}

/// A stream index in the width that FFmpeg uses.
pub(crate) fn stream_number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Whether the container marks a stream as encrypted.
///
/// Source: ISO/IEC 23001-7 (`encv`, `enca`); FFmpeg keeps Matroska's key id as the tag
/// `enc_key_id`.
pub(crate) fn is_encrypted(stream: &Stream<'_>) -> bool {
    let by_tag = matches!(&ffi::coded(stream).tag, b"encv" | b"enca");
    let by_key = stream.metadata().get("enc_key_id").is_some();
    let by_init = stream
        .side_data()
        .any(|data| data.kind() == side_data::Type::EncryptionInitInfo);
    by_tag || by_key || by_init
}

/// The rotation that the container declares for a stream.
pub(crate) fn container_turn(stream: &Stream<'_>) -> Option<Turn> {
    stream
        .side_data()
        .find(|data| data.kind() == side_data::Type::DisplayMatrix)
        .map(|data| Turn::from_matrix(data.data()))
}
