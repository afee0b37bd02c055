//! `redact score`: how well findings hide what a person marked.
//!
//! Two ways: a clip's findings (or its plan) against a truth file with boxes per frame, and the
//! detectors of a profile against a set of single images. The figures are `redact_engine::score`'s;
//! here files are read, checked against each other, and the figures are shown.

mod images;
pub(crate) mod pixels;
mod report;
mod sheet;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use redact_core::{Digest, MediaItem, Phase, PixelSize, Progress as _, Source, SourceIdentity};
use redact_engine::score::{
    ClipScore, Exposure, Mask, Truth, TruthBox, masks_of_plan, masks_of_tracks, score_clip,
};
use redact_media::{FileSource, OpenOptions};
use redact_record::truth::{self, ClipTruth, TruthLabel};
use redact_record::{RecordError, findings, plan};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::{GlobalArgs, ModelArgs};
use crate::jail::{self, Confinement, Job};
use crate::progress::TerminalProgress;
use crate::scan::{check_interrupt, digest, folder_of};
use crate::{Outcome, places};
use sheet::{Mark, Tile};

/// `redact score`.
#[derive(Debug, Args)]
#[command(after_help = r#"Examples:
  redact score clip.findings.json clip.truth.json
  redact score clip.findings.json clip.truth.json --clip clip.mp4 --sheet missed.png
  redact score --images plates/ --profile thorough --json

A marked box counts as hidden when masks cover at least 95 % of its pixels. A truth file holds
{"clip", "sha256", "width", "height", "frames": N, "boxes": [[BOX, ...], ...]}, one list
per frame, each BOX {"class", "track", "x", "y", "w", "h", "vis", "ignore"} in pixels.
A set of images is a folder with boxes.json (COCO) and images/.
The sheet shows what was NOT hidden: keep it inside."#)]
pub(crate) struct ScoreArgs {
    /// Findings of a scan, or a plan
    #[arg(required_unless_present = "images", conflicts_with = "images")]
    pub findings: Option<PathBuf>,

    /// What a person marked, frame by frame
    #[arg(required_unless_present = "images", conflicts_with = "images")]
    pub truth: Option<PathBuf>,

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

/// Prints the figures; writes the contact sheet when one is asked for.
///
/// # Errors
/// When a file cannot be read, or files do not belong together.
pub(crate) fn score(args: &ScoreArgs, global: &GlobalArgs) -> Result<Outcome> {
    let inputs = inputs(args)?;
    if let Some(sheet) = &args.sheet {
        let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
        places::check_output(sheet, &inputs, args.force)?;
    }
    // The sheet is drawn in a folder of its own, beside the place where it will be.
    let folder = match &args.sheet {
        Some(sheet) => Some(jail::staging(&folder_of(sheet))?),
        None => None,
    };
    let drawn = folder
        .as_ref()
        .map(|folder| folder.path().join("sheet.png"));
    let models = match args.images {
        Some(_) => places::resolved(&args.models)?,
        None => args.models.clone(),
    };
    let confinement = Confinement {
        read: inputs,
        folders: folder
            .iter()
            .map(|folder| folder.path().to_owned())
            .collect(),
        models: models.models.clone().filter(|_| args.images.is_some()),
        ..Confinement::default()
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
    let job = Job::Score(work);
    let (mut said, _) = jail::run::<Value>(&job, &confinement, global, &progress)?;
    progress.clear();
    if let (Some(drawn), Some(sheet)) = (&drawn, &args.sheet) {
        std::fs::rename(drawn, sheet).with_context(|| sheet.display().to_string())?;
    }
    if let Some(text) = said.as_str() {
        crate::say(text);
        if let Some(sheet) = &args.sheet {
            let what = if args.images.is_some() {
                "images"
            } else {
                "frames"
            };
            crate::say(&format!("worst {what}: {}", sheet.display()));
        }
    } else {
        if args.images.is_none() {
            said["sheet"] = serde_json::json!(args.sheet);
        }
        crate::say(&said.to_string());
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

/// A measurement, for the confined process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ScoreWork {
    findings: Option<PathBuf>,
    truth: Option<PathBuf>,
    clip: Option<PathBuf>,
    images: Option<PathBuf>,
    /// Where the contact sheet is drawn.
    sheet: Option<PathBuf>,
    models: ModelArgs,
    json: bool,
}

impl ScoreWork {
    /// Loads models where images are looked at, gives up every other right, and measures. Gives
    /// text for people, or a document.
    ///
    /// # Errors
    /// When a file cannot be read, or files do not belong together.
    pub(crate) fn run(self, seal: impl FnOnce() -> Result<()>) -> Result<Value> {
        match (&self.images, &self.findings, &self.truth) {
            (Some(set), ..) => images::score_set(set, &self, seal),
            (None, Some(findings), Some(truth)) => {
                seal()?;
                self.score_findings(findings, truth)
            }
            _ => bail!("give FINDINGS and TRUTH, or --images DIR"),
        }
    }

    fn score_findings(&self, findings: &Path, truth_file: &Path) -> Result<Value> {
        let marked =
            truth::read_clip(truth_file).with_context(|| truth_file.display().to_string())?;
        let (source, masks) = masks_of(findings).with_context(|| findings.display().to_string())?;
        check_pair(&marked, &source)
            .with_context(|| format!("{} and {}", findings.display(), truth_file.display()))?;
        let truth = truth_of(&marked);
        let score = score_clip(&truth, &masks)?;
        if let (Some(clip), Some(sheet)) = (&self.clip, &self.sheet) {
            let progress = TerminalProgress::new(true);
            let tiles = worst_tiles(clip, marked.digest, &truth, &masks, &score, &progress)?;
            sheet::save(sheet, &tiles)?;
        }
        Ok(if self.json {
            report::clip_json(&marked.clip, &score)
        } else {
            report::clip_text(&score).into()
        })
    }
}

/// The recording that a findings file or a plan is about, and its masks per frame.
fn masks_of(file: &Path) -> Result<(SourceIdentity, Vec<Vec<Mask>>)> {
    match findings::read(file) {
        Ok((found, _)) => {
            let size = found.source.info.video.size;
            let masks = masks_of_tracks(&found.tracks, size, found.source.frames);
            Ok((found.source, masks))
        }
        Err(RecordError::OtherKind { found, .. }) if found == "redact-plan" => {
            // Whether somebody approved it does not change what it would hide.
            let plan = plan::read_unapproved(file)?;
            let masks = masks_of_plan(&plan, plan.source.info.video.size);
            Ok((plan.source, masks))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a truth about another recording than the findings.
fn check_pair(truth: &ClipTruth, source: &SourceIdentity) -> Result<()> {
    if truth.digest != source.digest {
        bail!(
            "the truth is about another recording: its SHA-256 is {}, the findings' is {}",
            truth.digest,
            source.digest
        );
    }
    if truth.frames.len() != source.frames as usize {
        bail!(
            "the truth has {} frames, the findings have {}",
            truth.frames.len(),
            source.frames
        );
    }
    let size = source.info.video.size;
    // Pictures with odd sides are read with one row or column more.
    let even = PixelSize::new(
        truth.size.width().next_multiple_of(2),
        truth.size.height().next_multiple_of(2),
    );
    if even != Some(size) {
        bail!(
            "the truth is about pictures of {}, the findings about {size}",
            truth.size
        );
    }
    Ok(())
}

fn truth_of(marked: &ClipTruth) -> Truth {
    let boxes = |labels: &Vec<TruthLabel>| labels.iter().map(truth_box).collect();
    Truth {
        size: marked.size,
        frames: marked.frames.iter().map(boxes).collect(),
    }
}

fn truth_box(label: &TruthLabel) -> TruthBox {
    TruthBox {
        class: label.class,
        track: label.track.clone(),
        sides: label.sides,
        visibility: label.visibility.name(),
        ignore: label.ignore,
    }
}

/// Decodes `clip` as far as needed and draws its worst exposures, worst first.
fn worst_tiles(
    clip: &Path,
    expected: Digest,
    truth: &Truth,
    masks: &[Vec<Mask>],
    score: &ClipScore,
    progress: &TerminalProgress,
) -> Result<Vec<Tile>> {
    let name = || clip.display().to_string();
    let (found, _) = digest(clip, progress)?;
    if found != expected {
        bail!(
            "{}: not the recording that was marked: SHA-256 {found}, expected {expected}",
            name()
        );
    }
    let worst = score.worst(sheet::TILES_MAX);
    let mut wanted: BTreeMap<u32, Vec<(usize, &Exposure)>> = BTreeMap::new();
    for (rank, exposure) in worst.into_iter().enumerate() {
        wanted
            .entry(exposure.frame)
            .or_default()
            .push((rank, exposure));
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let options = OpenOptions {
        audio: false,
        ..OpenOptions::default()
    };
    let mut source = FileSource::open(clip, &options).with_context(name)?;
    let mut tiles = Vec::new();
    let frames = u64::try_from(masks.len()).ok();
    while !wanted.is_empty() {
        let Some(item) = source.next_item().with_context(name)? else {
            bail!("{}: ends before the last frame that was marked", name());
        };
        let MediaItem::Frame(frame) = item else {
            continue;
        };
        let index = frame.index.get();
        if progress
            .advance(Phase::Scan, index.into(), frames)
            .is_break()
        {
            check_interrupt(progress, Phase::Scan)?;
        }
        for (rank, exposure) in wanted.remove(&index).unwrap_or_default() {
            let place = index as usize;
            let marks = marks(exposure, &truth.frames[place], &masks[place]);
            let tile = Tile::new(
                &frame.picture,
                &marks,
                exposure.truth.sides,
                caption(exposure),
            );
            tiles.push((rank, tile));
        }
    }
    progress.clear();
    tiles.sort_by_key(|(rank, _)| *rank);
    Ok(tiles.into_iter().map(|(_, tile)| tile).collect())
}

fn marks(exposure: &Exposure, boxes: &[TruthBox], masks: &[Mask]) -> Vec<Mark> {
    let masked = masks.iter().map(|mask| Mark::mask(mask.rect));
    let others = boxes
        .iter()
        .filter(|other| **other != exposure.truth)
        .map(|other| {
            if other.ignore {
                Mark::ignored(other.sides)
            } else {
                Mark::marked(other.sides)
            }
        });
    masked
        .chain(others)
        .chain([Mark::exposed(exposure.truth.sides)])
        .collect()
}

fn caption(exposure: &Exposure) -> String {
    let truth = &exposure.truth;
    format!(
        "frame {} {} {} {:.0}x{:.0} px, {:.0} % hidden",
        exposure.frame,
        truth.class,
        truth.track,
        truth.sides[2],
        truth.sides[3],
        (exposure.cover * 100.0).floor()
    )
}
