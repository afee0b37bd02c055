//! A small file must not cost what a large recording does: what is refused before anything is
//! decoded.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::path::Path;

use common::{ffmpeg, folder, read};
use redact_core::SourceError;
use redact_media::{FileSource, OpenOptions};

/// Goal: a small file cannot cost what a large one does. Method: pictures of 67 megapixels, 65
/// streams, one sample that is named a hundred times.
#[test]
fn what_costs_more_than_a_recording_is_refused_before_it_is_decoded() {
    let folder = folder();
    let refused = |path: &Path, what: &str| match FileSource::open(path, &OpenOptions::default()) {
        Err(SourceError::Limit { what: found, .. }) => assert_eq!(found, what),
        Err(other) => panic!("{}: {other}", path.display()),
        Ok(_) => panic!("{} was opened", path.display()),
    };
    let large = folder.path().join("large.mkv");
    ffmpeg(
        "-f lavfi -i color=size=8192x8192:rate=1:duration=1 -c:v mjpeg -q:v 31",
        &large,
    );
    refused(&large, "pixels in a picture");
    let many = folder.path().join("many.mkv");
    let maps = "-map 0:a ".repeat(64);
    ffmpeg(
        &format!(
            "-f lavfi -i sine=duration=0.1 -f lavfi -i testsrc=size=64x64:duration=0.1 {maps} \
             -map 1:v -c:a pcm_s16le -c:v mjpeg"
        ),
        &many,
    );
    refused(&many, "streams");
    let named = folder.path().join("named.mov");
    ffmpeg(
        "-f lavfi -i testsrc=size=64x64:rate=25:duration=4 -c:v mjpeg",
        &named,
    );
    assert!(read(&named).is_ok());
    let mut bytes = std::fs::read(&named).unwrap();
    // The table of sizes: a hundred samples as large as the file.
    let at = bytes.windows(4).position(|bytes| bytes == b"stsz").unwrap() + 8;
    let size = u32::try_from(bytes.len() / 2).unwrap();
    bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
    std::fs::write(&named, bytes).unwrap();
    refused(&named, "sample bytes in its index");
    let png = folder.path().join("png.mov");
    ffmpeg("-f lavfi -i testsrc=size=64x64:duration=0.1 -c:v png", &png);
    assert!(matches!(
        FileSource::open(&png, &OpenOptions::default()),
        Err(SourceError::UnsupportedCodec { .. })
    ));
}
