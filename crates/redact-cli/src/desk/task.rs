//! The other side of the desk's jobs: one confined process for one task on a hostile file.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::spec::{CLIP, PICTURE, RedactionsSpec, Spec};
use super::{follow, picture, prepare, preview, thumbnails};

/// Does the task; gives what the desk receives of it.
///
/// # Errors
/// When the task is invalid, or cannot be done.
pub(crate) fn run(spec: &Spec) -> Result<Value> {
    match spec {
        Spec::Prepare {
            clip,
            options,
            output,
            threads,
        } => prepare::prepare(clip, *options, output, *threads),
        Spec::Thumbnails {
            folder,
            output,
            threads,
        } => thumbnails::thumbnails(folder, output, *threads),
        Spec::Follow {
            folder,
            frame,
            rect,
            back,
            forward,
            frames_max,
            threads,
        } => {
            let rect = redact_core::NormRect::new(*rect).context("invalid rectangle")?;
            let ways = follow::Ways {
                back: *back,
                forward: *forward,
                frames_max: *frames_max,
            };
            follow::follow(folder, *frame, rect, ways, *threads)
        }
        Spec::Picture {
            folder,
            frame,
            width,
            redactions,
            output,
        } => {
            let redactions = masks(redactions)?;
            picture::picture(folder, *frame, *width, redactions, &output.join(PICTURE))
        }
        Spec::Pictures {
            folder,
            first,
            frames,
            width,
            redactions,
            output,
        } => {
            let run = picture::Run {
                first: *first,
                frames,
                width: *width,
            };
            picture::pictures(folder, &run, masks(redactions)?, output)
        }
        Spec::Preview {
            folder,
            start,
            end,
            redactions,
            output,
            threads,
        } => {
            let redactions = masks(redactions)?;
            let output = output.join(CLIP);
            preview::preview(folder, *start..*end, redactions, &output, *threads)
        }
    }
}

fn masks(spec: &RedactionsSpec) -> Result<redact_core::Redactions> {
    spec.read().context("invalid masks")
}
