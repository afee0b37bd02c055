//! The other side of the desk's jobs: one process, confined, for one task on a hostile file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::spec::{RedactionsSpec, Spec};
use super::{follow, picture, prepare, preview, thumbnails};
use crate::args::GlobalArgs;
use crate::{Outcome, eyes, progress, sandbox, scan};

/// Does the task that standard input tells; prints its result as JSON.
///
/// # Errors
/// When the task is none, or cannot be done.
pub(crate) fn run(global: &GlobalArgs) -> Result<Outcome> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .context("no task on standard input")?;
    let spec: Spec = serde_json::from_str(&line).context("standard input is no task")?;
    let threads = eyes::threads(global.threads);
    let result = match &spec {
        Spec::Prepare { clip, folder } => {
            scan::check_clip(clip)?;
            confine(&[clip], std::slice::from_ref(folder))?;
            prepare::prepare(clip, folder, threads)?
        }
        Spec::Thumbnails { folder } => {
            confine(&[], std::slice::from_ref(folder))?;
            thumbnails::thumbnails(folder, threads)?
        }
        Spec::Follow {
            folder,
            frame,
            rect,
            back,
            forward,
            frames_max,
        } => {
            confine(&[folder], &[])?;
            let rect = redact_core::NormRect::new(*rect).context("the rectangle is none")?;
            let ways = follow::Ways {
                back: *back,
                forward: *forward,
                frames_max: *frames_max,
            };
            follow::follow(folder, *frame, rect, ways, threads)?
        }
        Spec::Picture {
            folder,
            frame,
            width,
            redactions,
            picture: output,
        } => {
            confine_to(folder, output)?;
            let redactions = masks(redactions)?;
            picture::picture(folder, *frame, *width, &redactions, output)?
        }
        Spec::Preview {
            folder,
            start,
            end,
            redactions,
            clip,
        } => {
            confine_to(folder, clip)?;
            let redactions = masks(redactions)?;
            preview::preview(folder, *start..*end, &redactions, clip, threads)?
        }
    };
    crate::say(&result.to_string());
    Ok(Outcome::Done)
}

fn masks(spec: &RedactionsSpec) -> Result<redact_core::Redactions> {
    spec.read().context("the masks are none")
}

fn confine_to(read: &Path, output: &Path) -> Result<()> {
    let folder: PathBuf = scan::folder_of(output);
    confine(&[read], &[folder])
}

/// Gives up what the task does not need, then listens for its end.
fn confine(read: &[&Path], write: &[PathBuf]) -> Result<()> {
    sandbox::confine(read, write)?;
    progress::stop_when_input_ends();
    Ok(())
}
