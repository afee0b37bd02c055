//! Reads recordings as a scan does and prints, for each: frames, sound tracks and samples, what is
//! damaged and what a release would change; or the error.
//!
//! For comparing with what another decoder makes of the same files: see `scripts/mutants`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::Path;

use redact_core::{BoxError, MediaItem, Source};
use redact_media::{Damaged, FileSource, OpenOptions};

fn main() {
    let mut damaged = Damaged::Stop;
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--stop") => damaged = Damaged::Stop,
            Some("--mask") => damaged = Damaged::Mask,
            _ => {
                let path = Path::new(&argument);
                match read(path, damaged) {
                    Ok(line) => println!("{}\tok\t{line}", path.display()),
                    Err(error) => println!("{}\trefused\t{}", path.display(), causes(&*error)),
                }
            }
        }
    }
}

fn read(path: &Path, damaged: Damaged) -> Result<String, BoxError> {
    let options = OpenOptions {
        damaged,
        ..OpenOptions::default()
    };
    let mut source = FileSource::open(path, &options)?;
    let mut frames = 0_u32;
    let mut samples = vec![0_usize; source.info().audio.len()];
    while let Some(item) = source.next_item()? {
        match item {
            MediaItem::Frame(_) => frames += 1,
            MediaItem::Audio(block) => samples[block.stream] += block.frames(),
            MediaItem::Coded(_) | MediaItem::CodedSound(_) => {}
        }
    }
    let found = source.diagnostics();
    let changes = source.info().conversions.iter().chain(&found.conversions);
    let changes: Vec<String> = changes.map(ToString::to_string).collect();
    let damaged: Vec<(u32, u32)> = found.damage.pictures.iter().map(frames_of).collect();
    let sound = found.damage.sound.len();
    Ok(format!(
        "{frames}\t{samples:?}\t{damaged:?}\t{sound}\t{}",
        changes.join("; ")
    ))
}

fn frames_of(stretch: &redact_core::DamagedPictures) -> (u32, u32) {
    (stretch.frames.start().get(), stretch.frames.end().get())
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    words
}
