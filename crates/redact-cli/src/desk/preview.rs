//! A few seconds as they would be released: the renderer's own masks and mutes on the proxy.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result};
use redact_core::{
    AudioBlock, FrameSpan, MediaItem, Redactions, Sink as _, Source as _, Timestamp,
};
use redact_engine::{mask_frame, mute_block};
use redact_media::{EncodeOptions, FileSink, Preset};
use serde_json::{Value, json};

use super::proxy::{KEY_FRAMES, Proxy};
use crate::progress;

/// Writes frames `frames` of the proxy with `redactions` to `output`.
///
/// # Errors
/// When the proxy cannot be read or the disk is full.
pub(super) fn preview(
    folder: &Path,
    frames: Range<u32>,
    redactions: Redactions,
    output: &Path,
    threads: usize,
) -> Result<Value> {
    let shows =
        |span: FrameSpan| span.start().get() < frames.end && frames.start < span.end().get();
    let redactions = &Proxy::open(folder, false, threads)?.with_levels(redactions, shows)?;
    let proxy = Proxy::open(folder, true, threads)?;
    let mut stretch = proxy.stretch(frames.start, frames.end)?;
    let info = stretch.info().clone();
    let encode = EncodeOptions {
        preset: Preset::Ultrafast,
        crf: 20,
        threads,
        scrub_frames: Some(KEY_FRAMES),
        ..EncodeOptions::default()
    };
    let partial = output.with_extension("partial");
    let sink = FileSink::create(&partial, &info, &encode).context("cannot write the preview")?;
    let mut sink = Box::new(sink);
    let total = u64::from(frames.end - frames.start);
    let mut first: Option<i64> = None;
    let mut early: Vec<AudioBlock> = Vec::new();
    while let Some(item) = stretch.next_item().context("cannot read the proxy")? {
        match item {
            MediaItem::Frame(mut frame) => {
                progress::check_interrupted()?;
                mask_frame(&mut frame, redactions);
                let done = u64::from(frame.index.get() - frames.start);
                if done.is_multiple_of(8) {
                    progress::report("preview", done, Some(total));
                }
                let zero = *first.get_or_insert(frame.timestamp.ticks());
                frame.timestamp = Timestamp::new(frame.timestamp.ticks() - zero);
                let write = sink.write_item(MediaItem::Frame(frame));
                write.context("cannot write the preview")?;
                for block in early.drain(..) {
                    let write = sink.write_item(MediaItem::Audio(block));
                    write.context("cannot write the preview")?;
                }
            }
            MediaItem::Audio(mut block) => {
                // Muted on the recording's clock, then moved to the preview's.
                mute_block(&mut block, redactions);
                block.start -= samples(stretch.begins_nanos(), block.rate_hz);
                if first.is_none() {
                    early.push(block);
                } else {
                    let write = sink.write_item(MediaItem::Audio(block));
                    write.context("cannot write the preview")?;
                }
            }
            // Only a source that was asked for it delivers anything as it is coded.
            MediaItem::Coded(_) | MediaItem::CodedSound(_) => {}
        }
    }
    sink.finish().context("cannot write the preview")?;
    std::fs::rename(&partial, output).context("cannot write the preview")?;
    Ok(json!({}))
}

fn samples(nanos: i64, rate_hz: u32) -> i64 {
    let samples = i128::from(nanos) * i128::from(rate_hz) / 1_000_000_000;
    i64::try_from(samples).unwrap_or(0)
}
