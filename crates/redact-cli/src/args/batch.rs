//! `redact batch`, as it is typed.

use std::path::PathBuf;

use clap::Args;

use super::on_queue::OnQueueArgs;
use super::release::{AnswerArgs, ReleaseArgs};
use super::shared::{InputArgs, ModelArgs, SpeechArgs};

/// `redact batch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact batch recordings/ --policy policies/public-release.toml --out-dir releases/
  redact batch '/media/card/**/*.MP4' clip.mov --policy P --out-dir releases/ --jobs 2
  redact batch --list request-17.csv --out-dir releases/ --summary request-17-done.csv
  redact batch recordings/ --policy P --out-dir releases/ --dry-run --cost-per-hour 0.40
  redact batch /srv/redact/cards --policy P --out-dir releases/ --jobs 8 \\
    --queue 'postgres://office@db.city.gov/redact?sslmode=verify-full' --store /srv/redact/store

A list is a CSV file (UTF-8, separated by commas or semicolons) with a header row. The column `path`
is required; paths are relative to the list. Other columns: policy, profile, requester,
request_number, case_number, evidence_id and all other keys of a request file (policies/README.md).

Each recording is handled by its own process, so a bad one never stops the others. Folders are
searched with their subfolders; hidden folders, symbolic links, and companion files of cameras and
Macs are skipped. If two recordings have the same name, their releases also carry the file extension
or the folder names.

To continue a batch that was interrupted, run the same command again: recordings that have a release
with the same policy and options are skipped. The first Ctrl-C cancels the jobs that are
running, cleans up and stops.

Exit status: 0 every recording has a release; 1 a release did not verify and was removed; 2 a
recording failed, or the batch was interrupted.")]
pub(crate) struct BatchArgs {
    /// Folders, recordings, or patterns in quotes, as in 'cards/**/*.MP4'
    #[arg(value_name = "INPUT", required_unless_present = "list")]
    pub inputs: Vec<PathBuf>,

    /// CSV file that lists recordings, with the policy and the request of each (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub list: Vec<PathBuf>,

    /// The written policy that decides; a list can name another for each recording
    #[arg(long, value_name = "FILE", required_unless_present = "list")]
    pub policy: Option<PathBuf>,

    /// Who takes responsibility for the decisions.
    #[command(flatten)]
    pub answer: AnswerArgs,

    /// Folder for everything that is written
    #[arg(long, value_name = "DIR")]
    pub out_dir: PathBuf,

    /// Recordings to process at a time (default: one for every 4 processor cores, provided that
    /// there are 2 GiB of free memory for each)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,

    /// Write a summary with one row per recording: .csv, or .json with the totals (may be repeated)
    #[arg(long, value_name = "FILE", value_parser = parse_summary)]
    pub summary: Vec<PathBuf>,

    /// Only show what would be done, with estimates of time, disk space and cost; write nothing
    #[arg(long, conflicts_with = "summary")]
    pub dry_run: bool,

    /// Price of an hour of this machine, for the cost in --dry-run
    #[arg(long, value_name = "PRICE", requires = "dry_run", value_parser = parse_price)]
    pub cost_per_hour: Option<f64>,

    /// Whether workers of a queue scan and encode.
    #[command(flatten)]
    pub on_queue: OnQueueArgs,

    /// How speech is transcribed, where the policy needs to know what is said.
    #[command(flatten)]
    pub speech: SpeechArgs,

    /// How the recordings are read.
    #[command(flatten)]
    pub input: InputArgs,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,

    /// How to encode and sign.
    #[command(flatten)]
    pub release: ReleaseArgs,
}

fn parse_summary(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some("csv" | "json") => Ok(path),
        _ => Err("expected a file name that ends with .csv or .json".to_owned()),
    }
}

fn parse_price(text: &str) -> Result<f64, String> {
    let price: Option<f64> = text.parse().ok();
    let price = price.filter(|price| (0.0..=1e6).contains(price));
    price.ok_or_else(|| "expected a price, 0 to 1000000, as in 0.40".to_owned())
}
