//! The queue in PostgreSQL, and the store of its files.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where the queue is.
#[derive(Clone, Debug, Args)]
pub(crate) struct QueueAddressArgs {
    /// Queue: postgres://USER@HOST/DATABASE?sslmode=verify-full (default: $REDACT_QUEUE). The
    /// password belongs in $PGPASSWORD or in the file that $PGPASSFILE names
    #[arg(long, value_name = "URL", global = true)]
    pub queue: Option<String>,

    /// Connect to a database on another machine even without TLS that verifies its name
    #[arg(long, global = true)]
    pub allow_plain_database: bool,
}

/// Where the queue and its files are.
#[derive(Clone, Debug, Args)]
pub(crate) struct QueuePlaceArgs {
    /// Where the queue is.
    #[command(flatten)]
    pub address: QueueAddressArgs,

    /// Folder that all machines have mounted, or s3://BUCKET/PREFIX, for the files of the queue
    /// (default: $REDACT_STORE)
    #[arg(long, value_name = "STORE")]
    pub store: Option<String>,
}

/// How `redact worker --queue` works.
#[derive(Clone, Debug, Args)]
pub(crate) struct QueueWorkArgs {
    /// Number of chunks to do at a time
    #[arg(
        long, value_name = "N", default_value_t = 1, conflicts_with = "plan",
        value_parser = clap::value_parser!(u16).range(1..=1024)
    )]
    pub concurrency: u16,

    /// Name of this worker in lists (default: the user and the machine)
    #[arg(long, value_name = "NAME", conflicts_with = "plan")]
    pub name: Option<String>,

    /// Folder for temporary files (default: `worker` in the user's cache folder)
    #[arg(long, value_name = "DIR", conflicts_with = "plan")]
    pub scratch: Option<PathBuf>,

    /// Seconds without a heartbeat after which a chunk goes to another worker
    #[arg(
        long, value_name = "SECONDS", default_value_t = 60, conflicts_with = "plan",
        value_parser = clap::value_parser!(u64).range(2..=86_400)
    )]
    pub lease: u64,

    /// Seconds that running chunks have to finish when the worker is stopped; then they are
    /// returned to the queue
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 20,
        conflicts_with = "plan"
    )]
    pub grace: u64,
}

/// `redact queue`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact queue --queue 'postgres://office@db.city.gov/redact?sslmode=verify-full'
  redact queue submit work/clip/chunks.json    then `redact scan clip.mp4 --chunks work/clip`
  redact queue show 17           lists the chunks of a job and its failures
  redact queue retry 17          queues failed chunks again, once the cause is fixed
  redact queue clean --days 3    removes finished jobs, and their files in the store
  redact queue grant worker_7    gives an existing database role the rights of a worker")]
pub(crate) struct QueueArgs {
    /// Where the queue is.
    #[command(flatten)]
    pub address: QueueAddressArgs,

    /// Also list jobs and workers that ended more than a day ago
    #[arg(long)]
    pub all: bool,

    /// What to do (default: list jobs and workers)
    #[command(subcommand)]
    pub command: Option<QueueCommand>,
}

/// What `redact queue` does.
#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Have workers do the tasks of a chunk plan, wait, and put the outputs beside the plan
    Submit {
        /// The chunk plan, from `redact chunks`
        plan: PathBuf,

        /// Folder that all machines have mounted, or s3://BUCKET/PREFIX, for the files of the queue
        /// (default: $REDACT_STORE)
        #[arg(long, value_name = "STORE")]
        store: Option<String>,

        /// Folder with model cards and weights: workers need the same (default: $REDACT_MODELS, or
        /// `models` near the program)
        #[arg(long, value_name = "DIR")]
        models: Option<PathBuf>,
    },
    /// List the chunks, failures and alarms of a job
    Show {
        /// The job's number
        job: i64,
    },
    /// Cancel a job: waiting chunks are not started, and running chunks are stopped
    Cancel {
        /// The job's number
        job: i64,
    },
    /// Queue again the chunks of a job that need a person or were cancelled
    Retry {
        /// The job's number
        job: i64,
    },
    /// Create the tables, or migrate those of an earlier version
    Migrate,
    /// Remove jobs that ended --days ago or earlier, and their files in the store: chunk plans,
    /// outputs, and copies of recordings
    Clean {
        /// Days since the jobs ended
        #[arg(
            long, value_name = "DAYS", default_value_t = 7,
            value_parser = clap::value_parser!(u32).range(1..=36_500)
        )]
        days: u32,

        /// Folder or s3://BUCKET/PREFIX with the files of the queue (default: $REDACT_STORE)
        #[arg(long, value_name = "STORE")]
        store: Option<String>,
    },
    /// Give a database role the rights of a worker
    Grant {
        /// An existing role
        role: String,

        /// Print the statements instead of running them
        #[arg(long)]
        print: bool,
    },
}
