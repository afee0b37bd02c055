//! `redact chunks`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::{InputArgs, ModelArgs, SpeechArgs};

/// `redact chunks`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples, with a folder that all machines share:
  redact chunks scan clip.mp4 --out-dir work/clip     divides; prints the number of tasks
  redact worker --plan work/clip/chunks.json --task 0 does the first task; any machine does any
  redact scan clip.mp4 --chunks work/clip             links them; writes clip.findings.json")]
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
}

/// `redact chunks scan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact chunks scan clip.mp4 --out-dir work/clip
  redact chunks scan clip.mp4 --out-dir work/clip --chunk-seconds 300 --profile thorough

A scan is divided where that is proved to give the same findings: H.264 in MP4 or MOV, in GOPs that
are closed, with a time for every frame. Any other recording is one task; the plan says why. The
numbers of the tasks begin with 0. All machines need this version of the program, the same models
and processors with the same features.")]
pub(crate) struct ChunksScanArgs {
    /// The recording
    pub clip: PathBuf,

    /// Folder for the chunk plan (chunks.json) and the outputs of its tasks; made if need be
    #[arg(long, value_name = "DIR")]
    pub out_dir: PathBuf,

    /// Least length of a chunk in seconds
    #[arg(
        long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=86_400)
    )]
    pub chunk_seconds: u32,

    /// Make one task of the whole scan
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
