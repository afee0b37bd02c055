//! Limits checked before anything is decoded: a small file must not cost gigabytes or hours.

use std::path::Path;

use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Stream, media};
use redact_core::SourceError;

use super::extent;
use super::tables::Tables;
use crate::ffi;

/// Most pixels of a picture; 8K has 33 million.
pub(crate) const PIXELS_MAX: u64 = 64_000_000;

/// Most streams of a recording; front, rear, their sound and telemetry are fewer than ten.
const STREAMS_MAX: usize = 64;

/// How often a file's bytes may be read as samples; edit lists may repeat a part.
const READ_TWICE_MAX: u64 = 4;

/// Video codecs that cameras, recorders and editing tools write, by FFmpeg's names.
const VIDEO_CODECS: &[&str] = &[
    "av1",
    "cfhd",
    "cinepak",
    "dirac",
    "dnxhd",
    "dvvideo",
    "ffv1",
    "ffvhuff",
    "flv1",
    "h261",
    "h263",
    "h263i",
    "h263p",
    "h264",
    "hevc",
    "huffyuv",
    "indeo3",
    "indeo4",
    "indeo5",
    "mjpeg",
    "mjpegb",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "msmpeg4v1",
    "msmpeg4v2",
    "msmpeg4v3",
    "msrle",
    "msvideo1",
    "prores",
    "qtrle",
    "rawvideo",
    "rpza",
    "svq1",
    "svq3",
    "theora",
    "utvideo",
    "v210",
    "vc1",
    "vp6",
    "vp6a",
    "vp6f",
    "vp8",
    "vp9",
    "wmv1",
    "wmv2",
    "wmv3",
];

/// Audio codecs in such recordings.
const SOUND_CODECS: &[&str] = &[
    "aac",
    "aac_latm",
    "ac3",
    "alac",
    "amr_nb",
    "amr_wb",
    "ape",
    "dts",
    "dvaudio",
    "eac3",
    "evrc",
    "flac",
    "g723_1",
    "g729",
    "gsm",
    "gsm_ms",
    "ilbc",
    "mlp",
    "mp1",
    "mp2",
    "mp3",
    "nellymoser",
    "opus",
    "qcelp",
    "qdm2",
    "qdmc",
    "speex",
    "truehd",
    "tta",
    "vorbis",
    "wavpack",
    "wmalossless",
    "wmapro",
    "wmav1",
    "wmav2",
    "wmavoice",
];

/// Prefixes of uncompressed and ADPCM audio codecs.
const SOUND_FAMILIES: &[&str] = &["pcm_", "adpcm_"];

/// Whether `codec` is on the allow list; no other is ever decoded.
pub(crate) fn is_known(medium: media::Type, codec: &str) -> bool {
    match medium {
        media::Type::Video => VIDEO_CODECS.contains(&codec),
        media::Type::Audio => {
            SOUND_CODECS.contains(&codec)
                || SOUND_FAMILIES
                    .iter()
                    .any(|family| codec.starts_with(family))
        }
        _ => false,
    }
}

fn limit(what: &'static str, found: u64, most: u64) -> SourceError {
    SourceError::Limit { what, found, most }
}

/// Checks `input` before its streams are probed, because probing decodes some of them.
pub(super) fn check_container(input: &Input, path: &Path) -> Result<(), SourceError> {
    check_streams(input)?;
    let format = input.format().name().to_owned();
    let failed = |error: std::io::Error| SourceError::Unreadable {
        source: error.into(),
    };
    let length = extent::length(path).map_err(failed)?;
    // The index of a truncated file covers more than the file still has.
    let promised = extent::promised_end(path, &format).map_err(failed)?;
    let most = length.max(promised.unwrap_or(0));
    let found = Tables::read(path, &format).map_err(failed)?.sample_bytes;
    if found > most {
        return Err(limit("sample bytes in its index", found, most));
    }
    Ok(())
}

/// Checks the number of streams and the picture sizes that the container declares.
pub(super) fn check_streams(input: &Input) -> Result<(), SourceError> {
    let streams = input.streams().count();
    if streams > STREAMS_MAX {
        return Err(limit("streams", streams as u64, STREAMS_MAX as u64));
    }
    let pictures = input
        .streams()
        .filter(|stream| stream.parameters().medium() == media::Type::Video);
    for stream in pictures {
        check_picture(&stream)?;
    }
    Ok(())
}

fn check_picture(stream: &Stream<'_>) -> Result<(), SourceError> {
    let coded = ffi::coded(stream);
    let side = |side: i32| u64::try_from(side).unwrap_or(0);
    let pixels = side(coded.width) * side(coded.height);
    if pixels > PIXELS_MAX {
        return Err(limit("pixels in a picture", pixels, PIXELS_MAX));
    }
    Ok(())
}

/// How many bytes of packets may be read from the file at `path`.
pub(crate) fn readable_bytes(path: &Path) -> u64 {
    let length = extent::length(path).unwrap_or(0);
    length
        .saturating_mul(READ_TWICE_MAX)
        .saturating_add(1 << 20)
}
