//! Measuring against labels.

use std::path::PathBuf;

use clap::Args;

use super::shared::ModelArgs;

/// `redact score`.
#[derive(Debug, Args)]
#[command(after_help = r#"Examples:
  redact score clip.findings.json clip.truth.json
  redact score clip.findings.json clip.truth.json --clip clip.mp4 --sheet missed.png
  redact score --images plates/ --profile thorough --json
  redact score --speech clip.findings.json clip.said.json

A marked box counts as hidden when masks cover at least 95 % of its pixels. A truth file holds
{"clip", "sha256", "width", "height", "frames": N, "boxes": [[BOX, ...], ...]}, one list
per frame, each BOX {"class", "track", "x", "y", "w", "h", "vis", "ignore"} in pixels.
For --speech, a truth file holds {"words": [{"text", "start", "end"}, ...], "items":
[{"class", "start", "end"}, ...], "clear": [{"start", "end"}, ...]}, in seconds: all words,
the personal data, and the speech without any.
A set of images is a folder with boxes.json (COCO) and images/.
The sheet shows what was NOT hidden: do not release it."#)]
pub(crate) struct ScoreArgs {
    /// Findings of a scan, or a plan
    #[arg(required_unless_present = "images", conflicts_with = "images")]
    pub findings: Option<PathBuf>,

    /// Ground truth: what a person labeled, frame by frame
    #[arg(required_unless_present = "images", conflicts_with = "images")]
    pub truth: Option<PathBuf>,

    /// Score the transcript and its mutes, against a truth file with what was said
    #[arg(long, conflicts_with_all = ["images", "clip", "sheet"])]
    pub speech: bool,

    /// The policy whose mutes are scored (with --speech; default: all personal data is muted)
    #[arg(long, value_name = "FILE", requires = "speech")]
    pub policy: Option<PathBuf>,

    /// The recording, to show its worst frames
    #[arg(
        long,
        value_name = "CLIP",
        requires = "sheet",
        conflicts_with = "images"
    )]
    pub clip: Option<PathBuf>,

    /// Write a contact sheet (PNG) of the worst exposed frames or images
    #[arg(long, value_name = "PNG")]
    pub sheet: Option<PathBuf>,

    /// Replace the sheet if it exists
    #[arg(long)]
    pub force: bool,

    /// Score the detectors of a profile on a folder with boxes.json and images/
    #[arg(long, value_name = "DIR")]
    pub images: Option<PathBuf>,

    /// Where models are (for --images).
    #[command(flatten)]
    pub models: ModelArgs,
}
