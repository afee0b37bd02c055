//! Reads a recording and, when a second path is given, writes a release of it unchanged.
//!
//! For measuring: frames per second of reading, and of reading and writing.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::PathBuf;
use std::time::Instant;

use redact_core::{MediaItem, Sink, Source};
use redact_media::{EncodeOptions, FileSink, FileSource, OpenOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let input = arguments.next().ok_or("usage: copy RECORDING [RELEASE]")?;
    let started = Instant::now();
    let mut source = FileSource::open(&input, &OpenOptions::default())?;
    let mut sink = match arguments.next() {
        Some(path) => Some(Box::new(FileSink::create(
            &path,
            source.info(),
            &EncodeOptions::default(),
        )?)),
        None => None,
    };
    let mut frames = 0_u32;
    while let Some(item) = source.next_item()? {
        frames += u32::from(matches!(item, MediaItem::Frame(_)));
        if let Some(sink) = &mut sink {
            sink.write_item(item)?;
        }
    }
    if let Some(sink) = sink {
        sink.finish()?;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{frames} frames in {seconds:.2} s: {:.1} frames/s",
        f64::from(frames) / seconds
    );
    Ok(())
}
