//! What was typed: the grammar of the command line, nothing checked beyond it.

mod batch;
mod chunks;
mod desk;
mod excerpt;
mod generate;
mod on_queue;
mod package;
mod queue;
mod records;
mod release;
mod score;
mod shared;
mod transcript;
mod words;
mod worker;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use redact_core::Class;

pub(crate) use batch::BatchArgs;
pub(crate) use chunks::{ChunksArgs, ChunksCommand, ChunksRenderArgs, ChunksScanArgs};
pub(crate) use desk::{DeskArgs, DeskBackupArgs, DeskCommand, DeskRestoreArgs};
pub(crate) use generate::{GenerateArgs, Generated};
pub(crate) use on_queue::OnQueueArgs;
pub(crate) use package::PackageArgs;
pub(crate) use queue::{QueueAddressArgs, QueueArgs, QueueCommand, QueuePlaceArgs};
pub(crate) use records::{
    EventsArgs, EventsCommand, KeyArgs, KeyCommand, RecheckArgs, TimestampArgs, TimestampCommand,
    VerifyArgs,
};
pub(crate) use release::{ReencodeArg, ReleaseArgs, RenderArgs, RunArgs};
pub(crate) use score::ScoreArgs;
pub(crate) use shared::{BasisArgs, InputArgs, ModelArgs, ProfileArg, SpeechArgs};
pub(crate) use transcript::{
    MakeTranscriptArgs, TranscriptArgs, TranscriptCommand, TranscriptExportArgs,
};
pub(crate) use words::Words;
pub(crate) use worker::{WorkerArgs, WorkerCommand};

use crate::features::LONG_VERSION;
use shared::parse_class;

/// Finds faces, license plates and screens in recordings, hides what was approved, and proves it.
#[derive(Debug, Parser)]
#[command(
    name = "redact",
    version,
    long_version = LONG_VERSION,
    propagate_version = true,
    after_help = "\
Examples:
  redact run clip.mp4 --policy policies/public-release.toml
  redact verify clip.redacted.mp4 --source clip.mp4

The four steps of `run`, one by one, with a person in the middle:
  redact scan clip.mp4                                      finds; writes clip.findings.json
  redact approve clip.findings.json --policy P --by 'A. B'  decides; writes clip.plan.json
  redact render clip.mp4 clip.plan.json                     hides; writes the release
  redact verify clip.redacted.mp4                           checks the release

Exit status: 0 success; 1 verification found a problem; 2 the command failed."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Options that every verb takes.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// Options that every verb takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Print one JSON document to standard output instead of text
    #[arg(long, global = true)]
    pub json: bool,

    /// No progress bars
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// Threads to use (default: one per processor core)
    #[arg(long, value_name = "N", global = true)]
    pub threads: Option<usize>,

    /// Event log to write to (default: events.jsonl in the user's data folder)
    #[arg(long, value_name = "FILE", global = true)]
    pub events: Option<PathBuf>,

    /// Person on whose behalf this runs, for the event log
    #[arg(long, value_name = "NAME", global = true, hide = true)]
    pub on_behalf: Option<String>,

    /// Decode even where the system cannot confine the decoding process; the manifest and the event
    /// log record that
    #[arg(long, global = true)]
    pub allow_weak_jail: bool,

    /// Memory limit for one job, in GiB (default: 8)
    #[arg(
        long, value_name = "GIB", global = true,
        value_parser = clap::value_parser!(u64).range(1..=4096)
    )]
    pub memory_max: Option<u64>,

    /// Time limit for one job, in minutes (default: 30, plus 10 per MiB of the recording)
    #[arg(long, value_name = "MINUTES", global = true, value_parser = parse_minutes)]
    pub time_max: Option<f64>,

    /// Report progress as JSON lines on stderr; exit when stdin closes
    #[arg(long, global = true, hide = true)]
    pub tethered: bool,
}

impl GlobalArgs {
    /// Adds the limits and the event log, which hold for other processes too.
    pub(crate) fn add_to(&self, words: Words) -> Words {
        words
            .number("threads", self.threads)
            .number("memory-max", self.memory_max)
            .number("time-max", self.time_max)
            .option("events", self.events.as_ref())
            .flag("allow-weak-jail", self.allow_weak_jail)
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find faces, plates, screens and speech in a recording
    Scan(ScanArgs),
    /// Decide by a written policy, or approve a plan that a person edited
    Approve(ApproveArgs),
    /// Hide exactly what was approved and write a release with a signed manifest
    Render(RenderArgs),
    /// Check a release against its manifest, or a package and everything in it
    Verify(VerifyArgs),
    /// Transcribe a scanned recording, or export the redacted transcript of a release
    Transcript(TranscriptArgs),
    /// Put releases of one request into a package for a recipient: folder, archive or disc image
    Package(PackageArgs),
    /// Check every past release in a folder by today's rules
    Recheck(RecheckArgs),
    /// Scan, approve, render and verify one recording
    Run(RunArgs),
    /// Scan, approve, render and verify many recordings: folders, files, patterns and lists
    Batch(BatchArgs),
    /// Divide a scan or a render into tasks that any machine can do
    Chunks(ChunksArgs),
    /// Do a task of a chunk plan, or the chunks of a queue
    Worker(WorkerArgs),
    /// List and manage the jobs, chunks and workers of a queue
    Queue(QueueArgs),
    /// Measure what a scan missed on labeled clips or pictures
    Score(ScoreArgs),
    /// Make, show and trust signing keys
    Key(KeyArgs),
    /// Request a time stamp (RFC 3161) for a release and attach it
    Timestamp(TimestampArgs),
    /// Check and show the event log
    Events(EventsArgs),
    /// Run the release desk: review, approve and hand over in a browser
    Desk(DeskArgs),
    /// Write man pages and completions, for packages
    #[command(hide = true)]
    Generate(GenerateArgs),
}

/// Options of a scan that the chunk plan sets.
const SCAN_OPTIONS: [&str; 10] = [
    "queue",
    "language",
    "no_transcript",
    "damaged",
    "accept_lost_sound",
    "video_stream",
    "turn",
    "frame_rate",
    "models",
    "profile",
];

/// `redact scan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact scan clip.mp4
  redact scan clip.mp4 -o case-17/findings.json --profile thorough
  redact scan clip.mp4 --chunks work/clip        after `redact chunks scan` and `redact worker`
  redact scan clip.mp4 --queue postgres://office@db.city.gov/redact --store /srv/redact/store")]
pub(crate) struct ScanArgs {
    /// The recording
    pub clip: PathBuf,

    /// Where to write the findings (default: CLIP with .findings.json)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace the output if it exists
    #[arg(long)]
    pub force: bool,

    /// Instead of scanning, link the task outputs in this folder, from `redact chunks scan` and
    /// `redact worker`; the chunk plan sets the options of the scan
    #[arg(long, value_name = "DIR", conflicts_with_all = SCAN_OPTIONS)]
    pub chunks: Option<PathBuf>,

    /// Whether workers of a queue do it.
    #[command(flatten)]
    pub on_queue: OnQueueArgs,

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

/// `redact approve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact approve clip.findings.json --policy policies/public-release.toml --by 'Ada Okafor'
  redact approve clip.plan.json --by 'Ada Okafor' --force     after editing the plan
  redact approve clip.plan.json --by 'Ben Ruiz' --force       as the second person")]
pub(crate) struct ApproveArgs {
    /// Findings of a scan, or a plan to approve (again)
    pub file: PathBuf,

    /// The written policy that decides (with findings)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// What a plan was made from.
    #[command(flatten)]
    pub basis: BasisArgs,

    /// Who approves
    #[arg(long, value_name = "NAME")]
    pub by: String,

    /// The approver's statement
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "I reviewed this plan and approve it as the only change to the recording."
    )]
    pub statement: String,

    /// The approver's secret key, which signs the approval (default: the one that `redact key new
    /// --approver` made, or one that is made now)
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Accept that no detector ran for this class (face, plate or screen; may be repeated)
    #[arg(long, value_name = "CLASS", value_parser = parse_class)]
    pub accept_missing: Vec<Class>,

    /// Where the policy mutes personal data and there is no transcript, mute all speech
    #[arg(long)]
    pub accept_untranscribed: bool,

    /// Where to write the plan (default: .plan.json beside the findings, or the plan itself)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace the output if it exists
    #[arg(long)]
    pub force: bool,
}

fn parse_minutes(text: &str) -> Result<f64, String> {
    let minutes: Option<f64> = text.parse().ok();
    let minutes = minutes.filter(|minutes| (0.01..=100_000.0).contains(minutes));
    minutes.ok_or_else(|| "expected a number of minutes, 0.01 to 100000".to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::{CommandFactory as _, Parser as _};

    use super::{Cli, Command, Words};

    /// Goal: no option is lost on its way to another process. Method: every option of `run`, typed,
    /// passed on and read again.
    #[test]
    fn arguments_survive_being_passed_on() {
        let typed = "redact --threads 3 --memory-max 4 --time-max 2.5 --events e --allow-weak-jail \
             run --policy p --by -A --accept-missing face --accept-missing plate \
             --accept-untranscribed --language es --no-transcript --damaged mask \
             --accept-lost-sound --video-stream 2 --turn 90 --frame-rate 25 --models m \
             --profile fast --preset slow --crf 20 --reencode all --no-cache --key k --agency -B \
             --request 17 --requester R --request-file f --second-look --accept-seen \
             --captions --force clip";
        let typed = typed
            .replace("--by -A", "--by=-A")
            .replace("--agency -B", "--agency=-B");
        let read = |words: Vec<OsString>| Cli::try_parse_from(words).unwrap();
        let cli = read(typed.split_whitespace().map(OsString::from).collect());
        let Command::Run(args) = &cli.command else {
            panic!("it is a run");
        };
        let words = Words::default().word("redact").word("run");
        let words = words.option("policy", Some(&args.policy));
        let words = args.release.add_to(
            args.models
                .add_to(args.input.add_to(args.speech.add_to(words))),
        );
        let words = cli.global.add_to(args.answer.add_to(words)).word("clip");
        let again = read(words.into_iter().collect());
        assert_eq!(format!("{again:?}"), format!("{cli:?}"));
    }

    #[test]
    fn the_grammar_has_no_contradiction() {
        Cli::command().debug_assert();
    }
}
