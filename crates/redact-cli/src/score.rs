//! `redact score`: how well findings hide what a person marked.
//!
//! Three ways: a clip's findings (or its plan) against a truth file with boxes per frame, the
//! detectors of a profile against a set of single images, and a transcript with its mutes against
//! what was said. The figures are `redact_engine::score`'s;
//! here files are read, checked against each other, and the figures are shown.

mod images;
pub(crate) mod pixels;
mod report;
pub(crate) mod sheet;
mod speech;
mod work;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_release::names::{check_output, folder_of};
use redact_release::ports::{Access, ProgressListener};

use crate::args::{GlobalArgs, ScoreArgs};
use crate::jail::{Process, WorkKind, staging};
use crate::outcome::Outcome;
use crate::paths;
use crate::progress::TerminalProgress;
use crate::terminal::say;
pub(crate) use work::ScoreWork;

/// Prints the figures; writes the contact sheet when one is asked for.
///
/// # Errors
/// When a file cannot be read, or files do not belong together.
pub(crate) fn score(args: &ScoreArgs, global: &GlobalArgs) -> Result<Outcome> {
    if let (true, Some(findings), Some(truth)) = (args.speech, &args.findings, &args.truth) {
        return speech::speech(findings, truth, args.policy.as_deref(), global);
    }
    let inputs = inputs(args)?;
    if let Some(sheet) = &args.sheet {
        let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
        check_output(sheet, &inputs, args.force)?;
    }
    // The sheet is drawn in a folder of its own, beside the place where it will be.
    let folder = match &args.sheet {
        Some(sheet) => Some(staging(&folder_of(sheet))?),
        None => None,
    };
    let drawn = folder
        .as_ref()
        .map(|folder| folder.path().join("sheet.png"));
    let models = args.images.as_ref();
    let models = models.map(|_| paths::model_options(&args.models));
    let models = models.transpose()?;
    let access = Access {
        read: inputs,
        folders: folder
            .iter()
            .map(|folder| folder.path().to_owned())
            .collect(),
        models: models.clone(),
        ..Access::default()
    };
    let work = ScoreWork {
        findings: args.findings.clone(),
        truth: args.truth.clone(),
        clip: args.clip.clone(),
        images: args.images.clone(),
        sheet: drawn.clone(),
        models,
        json: global.json,
    };
    let progress = TerminalProgress::new(global.quiet);
    let (worker, listener) = (Process::new(global), ProgressListener(&progress));
    let (mut answer, _) = worker.run_work(WorkKind::Score, &work, &access, &listener)?;
    progress.clear();
    if let (Some(drawn), Some(sheet)) = (&drawn, &args.sheet) {
        std::fs::rename(drawn, sheet).with_context(|| sheet.display().to_string())?;
    }
    if let Some(text) = answer.as_str() {
        say(text);
        if let Some(sheet) = &args.sheet {
            let what = if args.images.is_some() {
                "images"
            } else {
                "frames"
            };
            say(&format!("worst {what}: {}", sheet.display()));
        }
    } else {
        if args.images.is_none() {
            answer["sheet"] = serde_json::json!(args.sheet);
        }
        say(&answer.to_string());
    }
    Ok(Outcome::Done)
}

/// The files that are read, or why what was given does not do.
fn inputs(args: &ScoreArgs) -> Result<Vec<PathBuf>> {
    match (&args.images, &args.findings, &args.truth) {
        (Some(set), ..) => {
            let labels = set.join("boxes.json");
            let data = std::fs::metadata(&labels);
            data.with_context(|| format!("{}: cannot read", labels.display()))?;
            Ok(vec![set.clone()])
        }
        (None, Some(findings), Some(truth)) => {
            if args.sheet.is_some() && args.clip.is_none() {
                bail!("--sheet needs the recording: give --clip CLIP");
            }
            let all = [Some(findings), Some(truth), args.clip.as_ref()];
            let all: Vec<PathBuf> = all.into_iter().flatten().cloned().collect();
            for path in &all {
                std::fs::metadata(path).with_context(|| path.display().to_string())?;
            }
            Ok(all)
        }
        _ => bail!("give FINDINGS and TRUTH, or --images DIR"),
    }
}
