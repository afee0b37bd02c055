//! What was typed: the grammar of the command line, nothing checked beyond it.

#[cfg(not(feature = "media"))]
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use redact_core::Class;

#[cfg(feature = "media")]
use crate::score::ScoreArgs;

/// Finds faces, licence plates and screens in recordings, hides what was approved, and proves it.
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
#[derive(Debug, Args)]
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

    /// Say how far it is as lines of JSON on standard error, and stop when standard input ends
    #[arg(long, global = true, hide = true)]
    pub tethered: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find faces, plates, screens and speech in a recording
    #[cfg(feature = "media")]
    Scan(ScanArgs),
    /// Decide by a written policy, or approve a plan that a person edited
    Approve(ApproveArgs),
    /// Hide exactly what was approved and write a release with a signed manifest
    #[cfg(feature = "media")]
    Render(RenderArgs),
    /// Check a release against its manifest
    Verify(VerifyArgs),
    /// Do all four for one recording
    #[cfg(feature = "media")]
    Run(RunArgs),
    /// Do all four for every recording in a folder
    #[cfg(feature = "media")]
    Batch(BatchArgs),
    /// Measure what a scan missed on labelled clips or pictures
    #[cfg(feature = "media")]
    Score(ScoreArgs),
    /// Make, show and trust signing keys
    Key(KeyArgs),
    /// Ask for a time stamp of an authority (RFC 3161) and keep it with a release
    Timestamp(TimestampArgs),
    /// Check and show the log of everything that was done
    Events(EventsArgs),
    /// Review, approve and hand over in a browser
    #[cfg(feature = "media")]
    Desk(DeskArgs),
    /// One task of the desk, told on standard input
    #[cfg(feature = "media")]
    #[command(hide = true)]
    DeskTask,
    /// A verb that this build leaves out
    #[cfg(not(feature = "media"))]
    #[command(external_subcommand)]
    Absent(Vec<OsString>),
}

/// Where models and the runtime are.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModelArgs {
    /// Folder with model cards and weights (default: $REDACT_MODELS, or `models` near the program)
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// How hard to look
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    pub profile: Profile,
}

/// How hard a scan looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// A first look: small pictures, every third frame
    Fast,
    /// For a release
    Standard,
    /// For a sensitive release: large pictures, every frame, two opinions
    Thorough,
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

    /// The approver's secret key, which signs the approval (default: the one that `redact key new`
    /// made)
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

/// How a release is encoded and signed.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// Encoder preset: slower is smaller
    #[arg(long, value_enum, default_value_t = PresetArg::Veryfast)]
    pub preset: PresetArg,

    /// Constant rate factor, 0 (best) to 35; 18 is visually lossless
    #[arg(long, value_name = "N", default_value_t = 18, value_parser = clap::value_parser!(u8).range(0..=35))]
    pub crf: u8,

    /// Which parts are encoded anew; the others are copied as they are coded, bit for bit
    #[arg(long, value_enum, default_value_t = ReencodeArg::Touched)]
    pub reencode: ReencodeArg,

    /// Secret signing key (default: the one that `redact key new` made)
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Agency that releases the recording, for the manifest
    #[arg(long, value_name = "NAME")]
    pub agency: Option<String>,

    /// Number of the request or case, for the manifest
    #[arg(long, value_name = "NUMBER")]
    pub request: Option<String>,

    /// Who asked, for the sealed manifest only
    #[arg(long, value_name = "NAME")]
    pub requester: Option<String>,

    /// What is known of the request and the recording: agency, dates, delivery and more (TOML; see
    /// policies/README.md)
    #[arg(long, value_name = "FILE")]
    pub request_file: Option<PathBuf>,

    /// Replace a release of the same name
    #[arg(long)]
    pub force: bool,
}

/// Which parts of a release are encoded anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReencodeArg {
    /// Only what a mask or a mute touches, where that is proved to be safe; else all
    Touched,
    /// Everything
    All,
}

/// x264's names of its speed presets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PresetArg {
    Ultrafast,
    Superfast,
    Veryfast,
    Faster,
    Fast,
    Medium,
    Slow,
}

/// `redact render`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact render clip.mp4 clip.plan.json
  redact render clip.mp4 clip.plan.json -o out/release-17.mp4 --crf 20")]
pub(crate) struct RenderArgs {
    /// The recording
    pub clip: PathBuf,

    /// The approved plan
    pub plan: PathBuf,

    /// Refuse a plan that was not made with this very policy
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Manifest of the release that this one replaces
    #[arg(long, value_name = "MANIFEST")]
    pub supersedes: Option<PathBuf>,

    /// Where to write the release (default: CLIP with .redacted.mp4)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// How to encode and sign.
    #[command(flatten)]
    pub release: ReleaseArgs,
}

/// `redact verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact verify clip.redacted.mp4
  redact verify clip.redacted.mp4 --trust agency.pub
  redact verify clip.redacted.mp4 --source clip.mp4 --json
  redact verify clip.redacted.mp4 --report verdict.pdf    one page for a file or a court
  redact verify clip.redacted.mp4 --no-media              signature and digests only, in seconds

Exit status: 0 ok; 1 something is wrong with the release; 2 it could not be checked.")]
pub(crate) struct VerifyArgs {
    /// The released file
    pub release: PathBuf,

    /// Its manifest (default: the one beside it)
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// The original recording: also check that nothing else was changed
    #[arg(long, value_name = "CLIP")]
    pub source: Option<PathBuf>,

    /// The written policy: also check that the release was made with it and by its rules
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Manifest that this one replaces, then the one that that replaces, and so on (may be repeated)
    #[arg(long, value_name = "MANIFEST")]
    pub previous: Vec<PathBuf>,

    /// Public key to trust for this check (may be repeated; default: keys of `redact key trust`)
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,

    /// Certificate of a time-stamping authority, or of who vouches for it: the manifest must carry a
    /// stamp (may be repeated)
    #[arg(long, value_name = "CERT")]
    pub tsa: Vec<PathBuf>,

    /// Also write the verdict as a page: .pdf, .html or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Replace the report if it exists
    #[arg(long, requires = "report")]
    pub force: bool,

    /// Decode nothing: check signatures, digests and the manifests alone
    #[arg(long, conflicts_with = "source")]
    pub no_media: bool,
}

/// `redact run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact run clip.mp4 --policy policies/public-release.toml
  redact run clip.mp4 --policy policies/court.toml --out-dir case-17 --by 'Ada Okafor'")]
pub(crate) struct RunArgs {
    /// The recording
    pub clip: PathBuf,

    /// The written policy that decides
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,

    /// Manifest of the release that this one replaces
    #[arg(long, value_name = "MANIFEST")]
    pub supersedes: Option<PathBuf>,

    /// Who answers for it (default: the policy itself, by name)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,

    /// Accept that nothing looked for this class (face, plate or screen; may be repeated)
    #[arg(long, value_name = "CLASS", value_parser = parse_class)]
    pub accept_missing: Vec<Class>,

    /// Folder for everything that is written (default: the recording's)
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,

    /// How to encode and sign.
    #[command(flatten)]
    pub release: ReleaseArgs,
}

/// `redact batch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact batch recordings/ --policy policies/public-release.toml --out-dir releases/

Each recording is done by a process of its own, so that a bad one never stops the others.
Recordings whose release exists already are left alone, so a stopped batch can be run again.")]
pub(crate) struct BatchArgs {
    /// Folder with recordings
    pub dir: PathBuf,

    /// The written policy that decides
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,

    /// Who answers for it (default: the policy itself, by name)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,

    /// Accept that nothing looked for this class (face, plate or screen; may be repeated)
    #[arg(long, value_name = "CLASS", value_parser = parse_class)]
    pub accept_missing: Vec<Class>,

    /// Folder for everything that is written
    #[arg(long, value_name = "DIR")]
    pub out_dir: PathBuf,

    /// Recordings to do at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,

    /// How to encode and sign.
    #[command(flatten)]
    pub release: ReleaseArgs,
}

/// `redact key`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact key new                       makes this user's signing key
  redact key show > agency.pub         for auditors
  redact key trust agency.pub          believes releases signed with it
  redact key rotate                    a new key; hand the statement to auditors
  redact key trust A-to-B.rotation.json   follows it
  redact key revoke stolen.pub         believes nothing signed with it any more

A secret key is stored under the passphrase in REDACT_KEY_PASSPHRASE, if that is set; a key made by
`rotate` under REDACT_NEW_KEY_PASSPHRASE, or else the same.")]
pub(crate) struct KeyArgs {
    /// What to do with keys.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a signing key pair (Ed25519, minisign format)
    New {
        /// Where to write the secret key (default: the user's configuration folder)
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show the public key to hand to auditors
    Show {
        /// The secret key (default: the one that `redact key new` made)
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Trust releases signed with this public key
    Trust {
        /// A public key file, as `redact key show` prints it; or a statement of `redact key rotate`
        /// (.rotation.json) by a key that is trusted already
        file: PathBuf,
    },
    /// Make a new signing key, and let the old one sign a statement that trust follows
    Rotate,
    /// Trust a key no more, nor any key that only it vouches for
    Revoke {
        /// The public key file
        file: PathBuf,
    },
    /// List the keys that are trusted and those that are revoked
    List,
}

/// `redact timestamp`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact timestamp request clip.redacted.mp4                  writes a request to carry out
  redact timestamp attach clip.redacted.mp4 answer.tsr --tsa authority.pem
  redact verify clip.redacted.mp4 --tsa authority.pem

The request holds the SHA-256 of the public manifest and a random number, nothing else. This program
sends nothing; `openssl ts -verify` checks the answer too.")]
pub(crate) struct TimestampArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TimestampCommand,
}

/// What to do with time stamps.
#[derive(Debug, Subcommand)]
pub(crate) enum TimestampCommand {
    /// Write a request for the manifest of a release
    Request {
        /// The released file
        release: PathBuf,

        /// Replace a request that is there
        #[arg(long)]
        force: bool,
    },
    /// Check an authority's answer and put it beside the manifest
    Attach {
        /// The released file
        release: PathBuf,

        /// The answer (.tsr)
        answer: PathBuf,

        /// Certificate of the authority, or of who vouches for it (PEM or DER; may be repeated)
        #[arg(long, value_name = "CERT")]
        tsa: Vec<PathBuf>,

        /// Replace an answer that is there
        #[arg(long)]
        force: bool,
    },
}

/// `redact events`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact events show
  redact events verify
  redact events verify case-17/events.jsonl --manifest out/clip.redacted.manifest.json

Every scan, approval, render, check and change of keys appends one entry, whether it succeeded,
failed or was refused. Each entry carries the SHA-256 of the one before, and each signed manifest
names the newest, so that edits, removals, insertions and cuts show.

Exit status of verify: 0 the chain is whole; 1 it is not; 2 it could not be checked.")]
pub(crate) struct EventsArgs {
    /// What to do with the log.
    #[command(subcommand)]
    pub command: EventsCommand,
}

/// What to do with the event log.
#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Check that nothing in the log was changed, removed, inserted or cut off
    Verify {
        /// The log (default: the one that this user's acts are recorded in)
        file: Option<PathBuf>,

        /// A manifest whose entry the log must still have, with its signature beside it (may be
        /// repeated)
        #[arg(long, value_name = "FILE")]
        manifest: Vec<PathBuf>,

        /// Public key to trust for the manifests (may be repeated; default: keys of `redact key
        /// trust`)
        #[arg(long, value_name = "FILE")]
        trust: Vec<PathBuf>,
    },
    /// Print the log, one line per entry
    Show {
        /// The log (default: the one that this user's acts are recorded in)
        file: Option<PathBuf>,
    },
}

/// `redact desk`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact desk                                        on this machine, http://127.0.0.1:7350
  redact desk --data /srv/redact --watch /srv/inbox
  redact desk --listen 0.0.0.0:7350 --host desk.city.gov --cert desk.pem --cert-key desk.key

The first start prints a link that makes the administrator, who then invites everybody else.
Stop it with Ctrl-C; whatever was under way is taken up again at the next start.")]
pub(crate) struct DeskArgs {
    /// Folder that holds everything of the desk (default: `desk` beside the user's keys)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Address to listen on; any but this machine's own needs TLS
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7350")]
    pub listen: std::net::SocketAddr,

    /// Name under which browsers reach the desk (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,

    /// Certificate chain in PEM (default with TLS: one of its own, made for the names)
    #[arg(long, value_name = "FILE", requires = "cert_key")]
    pub cert: Option<PathBuf>,

    /// Key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub cert_key: Option<PathBuf>,

    /// TLS on this machine's own address as well
    #[arg(long)]
    pub tls: bool,

    /// Folder with the policies to choose from (default: `policies` near the program)
    #[arg(long, value_name = "DIR")]
    pub policies: Option<PathBuf>,

    /// Folder from which recordings may be taken without an upload
    #[arg(long, value_name = "DIR")]
    pub watch: Option<PathBuf>,

    /// Largest recording that is taken, in gigabytes
    #[arg(long, value_name = "GB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    pub upload_max: u64,

    /// Agency that releases recordings, for the manifests
    #[arg(long, value_name = "NAME")]
    pub agency: Option<String>,

    /// Secret signing key (default: the one that `redact key new` made)
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,
}

fn parse_class(name: &str) -> Result<Class, String> {
    Class::from_name(name).ok_or_else(|| "expected face, plate or screen".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_grammar_has_no_contradiction() {
        super::Cli::command().debug_assert();
    }
}
