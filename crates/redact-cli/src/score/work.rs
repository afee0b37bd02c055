//! A measurement, in the confined process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::{Digest, MediaItem, Phase, PixelSize, Progress as _, Source, SourceIdentity};
use redact_engine::score::{
    ClipScore, Exposure, Mask, Truth, TruthBox, masks_of_plan, masks_of_tracks, score_clip,
};
use redact_jail::JailError;
use redact_media::{FileSource, OpenOptions};
use redact_record::truth::{self, ClipTruth, TruthLabel};
use redact_record::{RecordError, findings, plan};
use redact_release::ReleaseError;
use redact_release::files::digest;
use redact_release::options::ModelOptions;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::images::{self, truth_box};
use super::report;
use super::sheet::{self, Mark, Tile};
use crate::progress::TerminalProgress;

/// A measurement, for the confined process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ScoreWork {
    pub(super) findings: Option<PathBuf>,
    pub(super) truth: Option<PathBuf>,
    pub(super) clip: Option<PathBuf>,
    pub(super) images: Option<PathBuf>,
    /// Where the contact sheet is drawn.
    pub(super) sheet: Option<PathBuf>,
    pub(super) models: Option<ModelOptions>,
    pub(super) json: bool,
}

impl ScoreWork {
    /// Loads models where images are scored, gives up every other right, and measures. Gives text
    /// for people, or a document.
    ///
    /// # Errors
    /// When a file cannot be read, or files do not belong together.
    pub(crate) fn run(self, seal: impl FnOnce() -> Result<(), JailError>) -> Result<Value> {
        match (&self.images, &self.findings, &self.truth) {
            (Some(set), ..) => {
                let models = self.models.as_ref().context("no folder with models")?;
                let sheet = self.sheet.as_deref();
                let (tally, missing) = images::score_set(set, models, sheet, seal)?;
                for class in missing {
                    tracing::warn!(%class, "no detector is installed for a class that the set marks");
                }
                let set = set.display().to_string();
                Ok(match self.json {
                    true => report::set_json(&set, models.profile.name(), &tally),
                    false => report::set_text(&tally).into(),
                })
            }
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
        let go = progress.advance(Phase::Scan, index.into(), frames);
        if go.is_break() {
            return Err(ReleaseError::Cancelled.into());
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
