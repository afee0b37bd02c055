//! `redact chunks`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::release::EncodingArgs;
use super::shared::{InputArgs, ModelArgs, SpeechArgs};

/// `redact chunks`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples, with a folder that all machines share:
  redact chunks scan clip.mp4 --out-dir work/clip     divides the scan; prints the number of tasks
  redact worker --plan work/clip/chunks.json --task 0 does the first task, on any machine
  redact scan clip.mp4 --chunks work/clip             links the outputs; writes clip.findings.json

To render an approved plan in the same way:
  redact chunks render clip.mp4 clip.plan.json --out-dir work/render
  redact worker --plan work/render/chunks.json --task 0
  redact render clip.mp4 clip.plan.json --chunks work/render")]
pub(crate) struct ChunksArgs {
    /// What is divided.
    #[command(subcommand)]
    pub command: ChunksCommand,
}

/// What is divided.
#[derive(Debug, Subcommand)]
pub(crate) enum ChunksCommand {
    /// Divide the scan of a recording into tasks for `redact worker`
    Scan(ChunksScanArgs),
    /// Divide the render of an approved plan into tasks for `redact worker`
    Render(ChunksRenderArgs),
}

/// `redact chunks render`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact chunks render clip.mp4 clip.plan.json --out-dir work/render
  redact chunks render clip.mp4 clip.plan.json --out-dir work/render --preset slow

Workers encode the GOPs that masks touch, and sign these segments with keys of their own (`redact
worker key`). `redact render --chunks` decodes and audits each segment and compares it with the
recording, as it does with what it encodes itself. It stops at a segment whose key is not trusted
(`redact key trust-worker`). A render is divided only where GOPs without masks could be copied:
H.264 in MP4, MOV, Matroska, MPEG-TS or AVI, in closed GOPs. The render of any other recording has
no tasks: the machine that makes the release does it alone, and the chunk plan says why.")]
pub(crate) struct ChunksRenderArgs {
    /// The recording
    pub clip: PathBuf,

    /// The approved plan
    pub plan: PathBuf,

    /// Folder for the chunk plan (chunks.json) and the outputs of its tasks; created if missing
    #[arg(long, value_name = "DIR")]
    pub out_dir: PathBuf,

    /// How pictures are encoded.
    #[command(flatten)]
    pub encoding: EncodingArgs,
}

/// `redact chunks scan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact chunks scan clip.mp4 --out-dir work/clip
  redact chunks scan clip.mp4 --out-dir work/clip --chunk-seconds 300 --profile thorough

A scan is divided only where it is proved that the findings are the same: H.264 in MP4 or MOV, in
closed GOPs, with a time for every frame. Any other scan is one task; the chunk plan says why. Tasks
are numbered from 0. All machines need this version of the program, the same models, and processors
with the same features.")]
pub(crate) struct ChunksScanArgs {
    /// The recording
    pub clip: PathBuf,

    /// Folder for the chunk plan (chunks.json) and the outputs of its tasks; created if missing
    #[arg(long, value_name = "DIR")]
    pub out_dir: PathBuf,

    /// Minimum length of a chunk in seconds
    #[arg(
        long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=86_400)
    )]
    pub chunk_seconds: u32,

    /// Do not divide: make the whole scan one task
    #[arg(long)]
    pub whole: bool,

    /// How speech is transcribed.
    #[command(flatten)]
    pub speech: SpeechArgs,

    /// How the recording is read.
    #[command(flatten)]
    pub input: InputArgs,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,
}
