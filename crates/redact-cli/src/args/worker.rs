//! `redact worker`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::queue::{QueuePlaceArgs, QueueWorkArgs};

/// `redact worker`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact worker --plan work/clip/chunks.json --task 3
  sbatch --array=0-7 --wrap 'redact worker --plan work/clip/chunks.json'    Slurm
  redact worker --queue 'postgres://w7@db.city.gov/redact?sslmode=verify-full' --store /srv/redact

Without --task, the number comes from $SLURM_ARRAY_TASK_ID, $JOB_COMPLETION_INDEX (Kubernetes) or
$AWS_BATCH_JOB_ARRAY_INDEX. A task that is already done is not repeated. If two machines do a
task at the same time, the first output counts.

With --queue, it does the chunks of a queue, --concurrency at a time, until it is stopped (Ctrl-C or
SIGTERM). Running chunks are then finished within --grace seconds or returned to the queue.

Exit status: 0 the task is done, or the worker was stopped; 2 it failed.")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct WorkerArgs {
    /// Other commands of a worker.
    #[command(subcommand)]
    pub command: Option<WorkerCommand>,

    /// The chunk plan, from `redact chunks`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["queue", "store"])]
    pub plan: Option<PathBuf>,

    /// The task's number, from 0
    #[arg(long, value_name = "N", requires = "plan")]
    pub task: Option<u32>,

    /// Folder for outputs (default: the folder of the plan)
    #[arg(long, value_name = "DIR", requires = "plan")]
    pub out_dir: Option<PathBuf>,

    /// The recording, if it has a different path on this machine
    #[arg(long, value_name = "FILE", requires = "plan")]
    pub clip: Option<PathBuf>,

    /// Of a render, do not compare the recording's SHA-256 with the plan, because the caller has
    /// just done so; the machine that makes the release compares every picture in any case
    #[arg(long, requires = "plan", hide = true)]
    pub clip_is_verified: bool,

    /// Folder with model cards and weights (default: $REDACT_MODELS, or `models` near the program)
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// Where the queue and its files are.
    #[command(flatten)]
    pub place: QueuePlaceArgs,

    /// How chunks of a queue are done.
    #[command(flatten)]
    pub work: QueueWorkArgs,
}

/// What a worker does besides tasks.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// Show the public key that this worker signs segments with, for `redact key trust-worker`
    Key,
}
