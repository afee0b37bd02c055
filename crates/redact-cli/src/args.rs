//! What was typed: the grammar of the command line, nothing checked beyond it.

mod desk;
mod records;
mod release;

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use redact_core::Class;
use serde::{Deserialize, Serialize};

pub(crate) use desk::DeskArgs;
pub(crate) use records::{
    EventsArgs, EventsCommand, KeyArgs, KeyCommand, RecheckArgs, TimestampArgs, TimestampCommand,
    VerifyArgs,
};
pub(crate) use release::{BatchArgs, PresetArg, ReencodeArg, ReleaseArgs, RenderArgs, RunArgs};

use crate::score::ScoreArgs;

/// Finds faces, license plates and screens in recordings, hides what was approved, and proves it.
#[derive(Debug, Parser)]
#[command(
    name = "redact",
    version,
    propagate_version = true,
    after_help = "\
Examples:
  redact run clip.mp4 --policy policies/public-release.toml
  redact verify clip.redacted.mp4 --source clip.mp4

The four steps of `run`, one by one, with a person in the middle:
  redact scan clip.mp4                                      finds, writes clip.findings.json
  redact approve clip.findings.json --policy P --by 'A. B'  decides, writes clip.plan.json
  redact render clip.mp4 clip.plan.json                     hides, writes the release
  redact verify clip.redacted.mp4                           proves

Exit status: 0 done; 1 verified and found wrong; 2 could not do it."
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

    /// Log in which every act is recorded (default: events.jsonl beside the user's keys)
    #[arg(long, value_name = "FILE", global = true)]
    pub events: Option<PathBuf>,

    /// For whom this is done, for the log
    #[arg(long, value_name = "NAME", global = true, hide = true)]
    pub on_behalf: Option<String>,

    /// Decode also where the system cannot confine the process that decodes; manifest and log say
    /// so
    #[arg(long, global = true)]
    pub allow_weak_jail: bool,

    /// Memory that one job may take, in GiB (default: 8)
    #[arg(
        long, value_name = "GIB", global = true,
        value_parser = clap::value_parser!(u64).range(1..=4096)
    )]
    pub memory_max: Option<u64>,

    /// Time that one job may take, in minutes (default: 30, and 10 more per MiB of the recording)
    #[arg(long, value_name = "MINUTES", global = true, value_parser = parse_minutes)]
    pub time_max: Option<f64>,

    /// Say how far it is as lines of JSON on standard error, and stop when standard input ends
    #[arg(long, global = true, hide = true)]
    pub tethered: bool,
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
    /// Check a release against its manifest
    Verify(VerifyArgs),
    /// Check every past release in a folder by the rules of today
    Recheck(RecheckArgs),
    /// Do all four for one recording
    Run(RunArgs),
    /// Do all four for every recording in a folder
    Batch(BatchArgs),
    /// Measure what a scan missed on labelled clips or pictures
    Score(ScoreArgs),
    /// Make, show and trust signing keys
    Key(KeyArgs),
    /// Ask for a time stamp of an authority (RFC 3161) and keep it with a release
    Timestamp(TimestampArgs),
    /// Check and show the log of everything that was done
    Events(EventsArgs),
    /// Review, approve and hand over in a browser
    Desk(DeskArgs),
}

/// Where models and the runtime are.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub(crate) struct ModelArgs {
    /// Folder with model cards and weights (default: $REDACT_MODELS, or `models` near the program)
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// Which detectors run, at which size and how often
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    pub profile: Profile,
}

/// Which detectors run, at which size and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Profile {
    /// A first look.
    Fast,
    /// For a release.
    Standard,
    /// For a sensitive release.
    Thorough,
}

impl ValueEnum for Profile {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Fast, Self::Standard, Self::Thorough]
    }

    /// The help text follows from the table of detectors.
    fn to_possible_value(&self) -> Option<PossibleValue> {
        let name = match self {
            Self::Fast => "fast",
            Self::Standard => "standard",
            Self::Thorough => "thorough",
        };
        Some(PossibleValue::new(name).help(self.summary()))
    }
}

/// `redact scan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact scan clip.mp4
  redact scan clip.mp4 -o case-17/findings.json --profile thorough")]
pub(crate) struct ScanArgs {
    /// The recording
    pub clip: PathBuf,

    /// Where to write the findings (default: CLIP with .findings.json)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace the output if it exists
    #[arg(long)]
    pub force: bool,

    /// How the recording is read.
    #[command(flatten)]
    pub input: InputArgs,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,
}

/// How a recording is read.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub(crate) struct InputArgs {
    /// What to do where the recording is damaged
    #[arg(long, value_enum, default_value_t = DamagedArg::Stop)]
    pub damaged: DamagedArg,

    /// Release a recording without sound when none of its sound tracks can be decoded
    #[arg(long)]
    pub accept_lost_sound: bool,

    /// Video stream to release, by its index in the file; `redact scan` lists them (default: the
    /// one marked as default, else the largest)
    #[arg(long, value_name = "INDEX")]
    pub video_stream: Option<u32>,

    /// Turn the picture clockwise by this many degrees: for a camera that was mounted sideways
    #[arg(long, value_name = "DEGREES", value_parser = ["90", "180", "270"])]
    pub turn: Option<String>,

    /// Frames per second of a bare video stream (.264, .265, .hevc, .m2v), which stores no times:
    /// 25, 29.97 or 30000/1001 (default: what the stream says, else 25)
    #[arg(long, value_name = "N", value_parser = parse_rate)]
    pub frame_rate: Option<(u32, u32)>,
}

impl InputArgs {
    /// What is said of the recording.
    pub(crate) fn settings(&self) -> redact_core::SourceSettings {
        let turn = self.turn.as_deref();
        redact_core::SourceSettings {
            video_stream: self.video_stream,
            turn_degrees: turn.and_then(|turn| turn.parse().ok()).unwrap_or(0),
            frame_rate: self.frame_rate,
        }
    }
}

/// Reads `25`, `29.97` or `30000/1001`, at least 1/10 and at most 1000 frames per second. The usual
/// short forms of the rates of television stand for those.
fn parse_rate(text: &str) -> Result<(u32, u32), String> {
    let expected = || "expected frames per second, as in 25, 29.97 or 30000/1001".to_owned();
    let thousands = |text: &str| -> Option<u32> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        let part = format!("{part:0<3}")
            .parse::<u32>()
            .ok()
            .filter(|_| digits)?;
        whole
            .parse::<u32>()
            .ok()?
            .checked_mul(1000)?
            .checked_add(part)
    };
    let (num, den) = match (text, text.split_once('/')) {
        ("23.976" | "23.98", _) => (24_000, 1001),
        ("29.97", _) => (30_000, 1001),
        ("59.94", _) => (60_000, 1001),
        (_, Some((num, den))) => {
            let part = |text: &str| text.parse().map_err(|_| expected());
            (part(num)?, part(den)?)
        }
        (_, None) => match thousands(text).ok_or_else(expected)? {
            whole if whole % 1000 == 0 => (whole / 1000, 1),
            other => (other, 1000),
        },
    };
    let (wide, most) = (u64::from(num), u64::from(den) * 1000);
    let within = den > 0 && wide * 10 >= u64::from(den) && wide <= most && num < 1 << 24;
    within.then_some((num, den)).ok_or_else(expected)
}

/// What is done where a recording is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum DamagedArg {
    /// Stop, and name the second
    Stop,
    /// Hide the whole picture while it lasts, silence the sound, and list it in the manifest
    Mask,
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

    /// What the approver says
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

    /// Accept that nothing looked for this class (face, plate or screen; may be repeated)
    #[arg(long, value_name = "CLASS", value_parser = parse_class)]
    pub accept_missing: Vec<Class>,

    /// Where to write the plan (default: .plan.json beside the findings, or the plan itself)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace the output if it exists
    #[arg(long)]
    pub force: bool,
}

/// The findings that a plan was made from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct BasisArgs {
    /// The findings that the plan was made from (default: .findings.json beside the plan)
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,

    /// Go on without the findings, which are lost: nobody can then tell what the plan leaves out.
    /// The reason goes into manifest, redaction log and event log
    #[arg(long, value_name = "REASON", conflicts_with = "findings")]
    pub without_findings: Option<String>,
}

fn parse_minutes(text: &str) -> Result<f64, String> {
    let minutes: Option<f64> = text.parse().ok();
    let minutes = minutes.filter(|minutes| (0.01..=100_000.0).contains(minutes));
    minutes.ok_or_else(|| "expected a number of minutes, 0.01 to 100000".to_owned())
}

fn parse_class(name: &str) -> Result<Class, String> {
    let class = Class::from_name(name).filter(|class| Class::IDENTIFYING.contains(class));
    class.ok_or_else(|| "expected face, plate or screen".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn frame_rates_are_read_as_people_write_them() {
        let read = |text| super::parse_rate(text).ok();
        assert_eq!(read("25"), Some((25, 1)));
        assert_eq!(read("25."), Some((25, 1)));
        assert_eq!(read("12.5"), Some((12_500, 1000)));
        assert_eq!(read("29.97"), Some((30_000, 1001)));
        assert_eq!(read("30000/1001"), Some((30_000, 1001)));
        for wrong in [
            "", "0", "-1", "1/0", "x", "0/1", "1e3", "2000", "1/100", "1.2345",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_grammar_has_no_contradiction() {
        super::Cli::command().debug_assert();
    }
}
