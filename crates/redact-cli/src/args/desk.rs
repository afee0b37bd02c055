//! The release desk.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::on_queue::OnQueueArgs;
use super::shared::ModelArgs;

/// `redact desk`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  redact desk                                        on this machine, http://127.0.0.1:7350
  redact desk --data /srv/redact --watch /srv/inbox
  redact desk --listen 0.0.0.0:7350 --host desk.city.gov --cert desk.pem --cert-key desk.key

The first start prints a link that creates the administrator account; the administrator then
invites everybody else.
Stop it with Ctrl-C; whatever was under way is resumed at the next start.
redact desk backup writes a consistent snapshot while the desk runs; redact desk restore restores
it.")]
pub(crate) struct DeskArgs {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<DeskCommand>,

    /// Folder for all of the desk's data (default: `desk` in the user's data folder)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Address to listen on; any address other than this machine's own requires TLS
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7350")]
    pub listen: std::net::SocketAddr,

    /// Host name under which browsers reach the desk; behind a proxy, with the proxy's port, as in
    /// desk.city.gov:443 (may be repeated)
    #[arg(long, value_name = "NAME[:PORT]")]
    pub host: Vec<String>,

    /// Certificate chain in PEM (default with TLS: a self-signed one for the desk's host names)
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

    /// Configuration of the agency's identity provider, with which people sign in (TOML; see
    /// deploy/README.md)
    #[arg(long, value_name = "FILE")]
    pub single_sign_on: Option<PathBuf>,

    /// Configuration of the agency's mail server, for invitations and notices (TOML; see
    /// deploy/README.md)
    #[arg(long, value_name = "FILE")]
    pub mail: Option<PathBuf>,

    /// Folder from which recordings may be taken without an upload
    #[arg(long, value_name = "DIR")]
    pub watch: Option<PathBuf>,

    /// Time zone of the agency, for due dates, for example America/Chicago (default: the server's)
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,

    /// Law that new requests start with: us-federal, us-ca, us-mn, us-or, us-tx or us-wa
    /// (default: none; chosen for each request)
    #[arg(long, value_name = "LAW")]
    pub law: Option<String>,

    /// Largest recording that is accepted, in gigabytes
    #[arg(
        long, value_name = "GB", default_value_t = 64,
        value_parser = clap::value_parser!(u64).range(1..=4096)
    )]
    pub upload_max: u64,

    /// The verifier, `verify.html`, for packages (default: the one that `make checker` built)
    #[arg(long, value_name = "FILE")]
    pub verifier: Option<PathBuf>,

    /// Agency that releases recordings, for the manifests
    #[arg(long, value_name = "NAME")]
    pub agency: Option<String>,

    /// Secret signing key (default: the one that `redact key new` made)
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Whether workers of a queue scan and encode.
    #[command(flatten)]
    pub on_queue: OnQueueArgs,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,
}

/// What `redact desk` does besides serving.
#[derive(Debug, Subcommand)]
pub(crate) enum DeskCommand {
    /// Write a consistent snapshot of everything that a desk has, while it runs
    Backup(DeskBackupArgs),
    /// Restore a backup into an empty folder
    Restore(DeskRestoreArgs),
}

/// `redact desk backup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact desk backup /mnt/backups/2026-12-01
  redact desk backup --data /srv/redact /mnt/backups/2026-12-01

Each file is verified after it is written. If the disk is full, or you stop it, nothing is left.
The backup has the database, all recordings, releases and packages, the event log, and the key of
second factors: whoever has it has everything that the desk has. It does not have the agency's
signing keys; back them up separately.
ledger.jsonl is written next to the backup. Leave it there: a restore reads from it which
recordings were disposed of, and which records were sealed, after the backup.")]
pub(crate) struct DeskBackupArgs {
    /// Folder to write; it must not exist
    #[arg(value_name = "DEST")]
    pub to: PathBuf,

    /// The desk's data folder (default: `desk` in the user's data folder)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `redact desk restore`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact desk restore /mnt/backups/2026-12-01 --data /srv/redact
  redact desk restore /mnt/backups/2026-12-01 --data /srv/redact --ledger old/ledger.jsonl

Every file is compared with the list of the backup before anything is used. Recordings disposed
of, and records sealed, after the backup are removed or sealed again if a ledger lists them: the
file ledger.jsonl next to the backup, and the files that --ledger names, such as the one in the data
folder that was lost. A line that would remove or seal something and is not signed with a trusted
key stops the restore; one that would open something is ignored. The event log is restored as
well, unless there is one.")]
pub(crate) struct DeskRestoreArgs {
    /// The backup
    #[arg(value_name = "SRC")]
    pub from: PathBuf,

    /// Data folder to make; if it exists, it must be empty
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// Another ledger, ledger.jsonl (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub ledger: Vec<PathBuf>,

    /// Public key to trust for ledgers (may be repeated; default: keys of `redact key trust`)
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,
}
