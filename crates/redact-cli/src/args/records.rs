//! The verbs that check records.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::ModelArgs;

/// `redact verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact verify clip.redacted.mp4
  redact verify clip.redacted.mp4 --trust agency.pub
  redact verify clip.redacted.mp4 --source clip.mp4 --json
  redact verify clip.redacted.mp4 --report verdict.pdf    one page for a file or a court
  redact verify clip.redacted.mp4 --no-media              signature and digests only, in seconds
  redact verify case-17.zip                               a package: folder, .zip, .iso
  redact verify case-17.zip.age --passphrase-file phrase.txt

Exit status: 0 ok; 1 verification found a problem; 2 the release could not be checked.")]
pub(crate) struct VerifyArgs {
    /// The released file, or a package
    pub release: PathBuf,

    /// Its manifest (default: the one beside it)
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// The original recording: also check that nothing else was changed
    #[arg(long, value_name = "CLIP")]
    pub source: Option<PathBuf>,

    /// The written policy: also check that the release was made with it and follows its rules
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Manifest that this one replaces, then the one before that, and so on (may be repeated)
    #[arg(long, value_name = "MANIFEST")]
    pub previous: Vec<PathBuf>,

    /// Public key to trust for this check (may be repeated; default: keys of `redact key trust`)
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,

    /// Certificate of a time-stamping authority, or of its issuer; the manifest must then have a
    /// time stamp (may be repeated)
    #[arg(long, value_name = "CERT")]
    pub tsa: Vec<PathBuf>,

    /// Also write the verdict as a page: .pdf, .html or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Replace the report if it exists
    #[arg(long, requires = "report")]
    pub force: bool,

    /// Run the detectors on the release: whatever they find must be hidden, or be something that
    /// the manifest says is kept
    #[arg(long, conflicts_with = "no_media")]
    pub second_look: bool,

    /// Where models are, for a second look.
    #[command(flatten)]
    pub models: ModelArgs,

    /// Decode nothing: check signatures, digests and the manifests alone
    #[arg(long, conflicts_with = "source")]
    pub no_media: bool,

    /// Open an encrypted package with the passphrase on the first line of this file (default:
    /// $REDACT_PACKAGE_PASSPHRASE)
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,

    /// Open an encrypted package with the secret keys in this file (AGE-SECRET-KEY-1…; may be
    /// repeated)
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
}

/// `redact recheck`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact recheck releases/
  redact recheck releases/ --source-dir recordings/ --json

Lists every release in the folder and its subfolders and, for each that no longer passes, why, who
made the request and who received a copy. Plans and findings in the folder are compared, too.

Exit status: 0 all pass; 1 some fail, or could not be checked; 2 nothing could be checked.")]
pub(crate) struct RecheckArgs {
    /// Folder with releases and their manifests; it is searched recursively
    pub folder: PathBuf,

    /// Folder with original recordings: releases whose original is in it are compared with it
    #[arg(long, value_name = "DIR")]
    pub source_dir: Option<PathBuf>,

    /// Public key to trust for these checks (may be repeated; default: keys of `redact key trust`)
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,

    /// Decode nothing: check signatures, digests and the manifests alone
    #[arg(long, conflicts_with = "source_dir")]
    pub no_media: bool,
}

/// `redact key`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact key new                       makes this user's signing key
  redact key show > agency.pub         for auditors
  redact key trust agency.pub          trusts releases signed with it
  redact key new --approver            makes a key that signs this user's approvals
  redact key trust --approver 'Ada Okafor' ada.pub   another person binds her key to her name
  redact key new --rotation            a key that vouches for other keys; store it elsewhere
  redact key show --rotation > agency.rotation.pub   for auditors
  redact key backup agency.backup      all secret keys, encrypted with REDACT_BACKUP_PASSPHRASE
  redact key rotate                    a new key; hand the statement to auditors
  redact key trust A-to-B.rotation.json   trusts the new key
  redact key revoke stolen.pub         no longer trusts anything signed with it

A secret key is encrypted with the passphrase in REDACT_KEY_PASSPHRASE, if that is set; a key made
by `rotate`, with REDACT_NEW_KEY_PASSPHRASE if that is set, otherwise with the same passphrase.")]
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

        /// A key that signs this person's approvals, and no release; it counts once another person
        /// binds it to a name with `redact key trust --approver NAME`
        #[arg(long)]
        approver: bool,

        /// A key that signs no releases: it vouches for the key that replaces another, and for
        /// approvers' keys; store it away from the people who make releases
        #[arg(long, conflicts_with = "approver")]
        rotation: bool,
    },
    /// Show the public key to hand to auditors
    Show {
        /// The secret key (default: the one that `redact key new` made)
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,

        /// Show the rotation key, to publish as NAME.rotation.pub
        #[arg(long)]
        rotation: bool,
    },
    /// Trust releases signed with this public key
    Trust {
        /// A public key file, as `redact key show` prints it; a rotation key (.rotation.pub); or a
        /// statement of `redact key rotate` (.rotation.json) by a key that is trusted already
        file: PathBuf,

        /// Bind the key to this person's name instead: it signs their approvals and nothing else.
        /// Signed with the rotation key, or with this user's release key where there is none
        #[arg(long, value_name = "NAME")]
        approver: Option<String>,

        /// The secret rotation key (default: the one that `redact key new --rotation` made)
        #[arg(long, value_name = "FILE", requires = "approver")]
        rotation_key: Option<PathBuf>,
    },
    /// Trust a worker's key: renders use segments signed with it if they pass every check
    TrustWorker {
        /// The worker's public key as `redact worker key` prints it: the file, or its second line
        #[arg(value_name = "FILE|KEY")]
        key: String,
    },
    /// Make a new signing key, and a statement that it replaces the old one, signed with the
    /// rotation key, or with the old key if there is no rotation key
    Rotate {
        /// The secret rotation key (default: the one that `redact key new --rotation` made)
        #[arg(long, value_name = "FILE")]
        rotation_key: Option<PathBuf>,
    },
    /// Write this user's secret keys to one file, encrypted with the passphrase in
    /// REDACT_BACKUP_PASSPHRASE
    Backup {
        /// Where to write it
        output: PathBuf,

        /// Replace the file if it exists
        #[arg(long)]
        force: bool,
    },
    /// Restore the secret keys from a backup
    Restore {
        /// The file that `redact key backup` wrote
        file: PathBuf,
    },
    /// Stop trusting a key, and every key that only it vouches for
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
    /// Check an authority's answer and store it beside the manifest
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
names the newest, so that edits, removals, insertions and truncation are detected.

Exit status of verify: 0 the chain is intact; 1 it is not; 2 it could not be checked.")]
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

        /// A manifest with its signature beside it; the entry that it names must still be in the
        /// log (may be repeated)
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
