//! Reads and writes recordings through FFmpeg.
//!
//! - [`FileSource`] reads upright 8-bit 4:2:0 pictures and sound with the source's own times;
//! - [`FileSink`] writes a release: H.264 and AAC in MP4, and nothing else;
//! - [`CopyAnalysis`] finds what stream copy can take from a recording, and [`CopyPlan`] decides
//!   what it does take (smart rendering);
//! - [`RunReader`] and [`SegmentSink`] read and encode single runs of a release, without the rest;
//! - [`ExcerptSource`] reads only the spans of an excerpt, with title cards between them;
//! - [`FrameTable`] says where a recording can be divided;
//! - [`ReleasePackets`] cuts a finished release into parts.
//!
//! Damage is an error and is never mistaken for the end of a recording. Only local files are
//! opened, and only containers that cannot refer to other files. FFmpeg's own log is silenced
//! because it may quote a recording's content.

#[expect(
    unsafe_code,
    reason = "the one file that may call FFmpeg where no safe wrapper exists"
)]
mod ffi;

mod cached_segment;
mod codec;
mod copy_analysis;
mod copy_plan;
mod cropping;
mod decoders;
mod edges;
mod excerpt;
mod frame_table;
mod open_file;
mod packet_times;
mod parts;
mod picture;
mod probe;
mod readback;
mod runs;
mod sink;
mod sound;
mod source;
mod title_card;

use std::path::Path;

pub use cached_segment::{CachedSegment, SegmentCache};
pub use copy_analysis::CopyAnalysis;
pub use copy_plan::{CopiedGop, CopyPlan};
pub use cropping::cropped_edges;
pub use edges::{CroppedEdges, EdgeRecord};
pub use excerpt::ExcerptSource;
pub use frame_table::FrameTable;
pub use parts::{CutError, PartSound, ReleaseGop, ReleasePackets};
pub use readback::{Readback, ReadbackRecord, ReadbackRun};
pub use runs::{RunReader, RunTimes, SegmentForm};
pub use sink::{EncodeOptions, FileSink, Preset, SegmentSink, check_sound};
pub use sound::release_rate_hz;
pub use source::{Damaged, FileSource, OpenOptions};

/// Extensions under which cameras and tools store what [`FileSource`] reads, lower case.
pub const RECORDING_EXTENSIONS: &[&str] = &[
    "264", "265", "3g2", "3gp", "asf", "avi", "dav", "divx", "dv", "flv", "h264", "h265", "hevc",
    "m1v", "m2ts", "m2v", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "qt", "ts", "vob",
    "webm", "wmv",
];

/// Whether the file name of `path` is that of a recording; opening it checks the content.
#[must_use]
pub fn has_recording_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            RECORDING_EXTENSIONS
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        })
}

/// Names and versions of the FFmpeg libraries in use, for the manifest.
#[must_use]
pub fn versions() -> Vec<(&'static str, String)> {
    let names = ["libavcodec", "libavformat", "libswscale", "libavutil"];
    names
        .into_iter()
        .zip(ffi::library_versions())
        .map(|(name, version)| {
            let parts = (version >> 16, version >> 8 & 0xff, version & 0xff);
            (name, format!("{}.{}.{}", parts.0, parts.1, parts.2))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_extensions_match_in_any_case() {
        assert!(has_recording_extension(Path::new("a/Clip.MP4")));
        assert!(has_recording_extension(Path::new("dash.ts")));
        assert!(!has_recording_extension(Path::new("mp4")));
        assert!(!has_recording_extension(Path::new("list.m3u8")));
    }

    #[test]
    fn versions_name_the_libraries() {
        let found = versions();
        assert!(
            found
                .iter()
                .any(|(name, version)| *name == "libavcodec" && version != "0.0.0")
        );
    }
}
