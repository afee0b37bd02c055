//! A task of the desk for a confined process.

use std::path::PathBuf;

use redact_core::{
    Cells, Effect, FrameIndex, FrameSpan, Keyframe, MaskOrigin, MaskRegion, MuteRegion,
    MuteStreams, MuteStyle, NormRect, ReasonCode, Redactions, TimeSpan,
};
use redact_desk::ReadOptions;
use redact_record::manifest::ShapeFile;
use serde::{Deserialize, Serialize};

/// Name of a picture in the folder of its task.
pub(super) const PICTURE: &str = "picture.jpg";

/// Name of a preview in the folder of its task.
pub(super) const CLIP: &str = "clip.mp4";

/// A task for one confined process. What it writes goes into `output`, a folder of its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Spec {
    Prepare {
        clip: PathBuf,
        options: ReadOptions,
        output: PathBuf,
        threads: usize,
    },
    Thumbnails {
        folder: PathBuf,
        output: PathBuf,
        threads: usize,
    },
    Follow {
        folder: PathBuf,
        frame: u32,
        rect: [f32; 4],
        back: bool,
        forward: bool,
        frames_max: u32,
        threads: usize,
    },
    Picture {
        folder: PathBuf,
        frame: u32,
        width: Option<u32>,
        redactions: RedactionsSpec,
        output: PathBuf,
    },
    Pictures {
        folder: PathBuf,
        first: u32,
        frames: Vec<u32>,
        width: Option<u32>,
        redactions: RedactionsSpec,
        output: PathBuf,
    },
    Preview {
        folder: PathBuf,
        start: u32,
        end: u32,
        redactions: RedactionsSpec,
        output: PathBuf,
        threads: usize,
    },
}

/// What is hidden and muted, for a process that only shows it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedactionsSpec {
    masks: Vec<MaskSpec>,
    mutes: Vec<MuteSpec>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskSpec {
    effect: String,
    cells: u8,
    start: u32,
    end: u32,
    rows: Vec<(u32, [f32; 4])>,
    shape: Option<ShapeFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MuteSpec {
    start_nanos: i64,
    end_nanos: i64,
    streams: Option<Vec<usize>>,
    tone: bool,
}

impl From<&Redactions> for RedactionsSpec {
    fn from(redactions: &Redactions) -> Self {
        let mask = |mask: &MaskRegion| MaskSpec {
            effect: mask.effect().name().to_owned(),
            cells: match mask.effect() {
                Effect::Fill => 1,
                Effect::Pixelate(cells) | Effect::Blur(cells) => cells.across(),
            },
            start: mask.span().start().get(),
            end: mask.span().end().get(),
            rows: mask
                .path()
                .iter()
                .map(|row| (row.frame.get(), row.rect.sides()))
                .collect(),
            shape: mask.shape().map(Into::into),
        };
        let mute = |mute: &MuteRegion| MuteSpec {
            start_nanos: mute.span.start_nanos(),
            end_nanos: mute.span.end_nanos(),
            streams: match &mute.streams {
                MuteStreams::All => None,
                MuteStreams::Only(list) => Some(list.clone()),
            },
            tone: mute.style == MuteStyle::Tone,
        };
        Self {
            masks: redactions.masks.iter().map(mask).collect(),
            mutes: redactions.mutes.iter().map(mute).collect(),
        }
    }
}

impl RedactionsSpec {
    /// What it means; `None` when it is not what [`RedactionsSpec::from`] writes.
    pub(super) fn read(&self) -> Option<Redactions> {
        let reason = || ReasonCode("preview".to_owned());
        let masks = self.masks.iter().enumerate().map(|(number, mask)| {
            let cells = Cells::new(mask.cells)?;
            let effect = match mask.effect.as_str() {
                "fill" => Effect::Fill,
                "pixelate" => Effect::Pixelate(cells),
                "blur" => Effect::Blur(cells),
                _ => return None,
            };
            let span = FrameSpan::new(FrameIndex::new(mask.start), FrameIndex::new(mask.end))?;
            let row = |&(frame, sides): &(u32, [f32; 4])| {
                Some(Keyframe {
                    frame: FrameIndex::new(frame),
                    rect: NormRect::new(sides)?,
                })
            };
            let path = mask.rows.iter().map(row).collect::<Option<Vec<_>>>()?;
            let id = format!("mask-{number}");
            let region = MaskRegion::new(id, MaskOrigin::Drawn, effect, reason(), span, path)?;
            region.with_shape(match &mask.shape {
                None => None,
                Some(file) => Some(file.shape()?),
            })
        });
        let mutes = self.mutes.iter().enumerate().map(|(number, mute)| {
            Some(MuteRegion {
                id: format!("mute-{number}"),
                span: TimeSpan::new(mute.start_nanos, mute.end_nanos)?,
                streams: match &mute.streams {
                    None => MuteStreams::All,
                    Some(list) => MuteStreams::Only(list.clone()),
                },
                style: if mute.tone {
                    MuteStyle::Tone
                } else {
                    MuteStyle::Silence
                },
                reason: reason(),
            })
        });
        Some(Redactions {
            masks: masks.collect::<Option<_>>()?,
            mutes: mutes.collect::<Option<_>>()?,
        })
    }
}
