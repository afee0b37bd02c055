//! Work that workers of a queue do for another verb.

use clap::Args;

use super::queue::{QueueAddressArgs, QueuePlaceArgs};
use super::words::Words;

/// Whether workers of a queue do the work.
#[derive(Clone, Debug, Args)]
pub(crate) struct OnQueueArgs {
    /// Have the workers of a queue scan and encode:
    /// postgres://USER@HOST/DATABASE?sslmode=verify-full. The password belongs in $PGPASSWORD or in
    /// the file that $PGPASSFILE names
    #[arg(long, value_name = "URL")]
    pub queue: Option<String>,

    /// Connect to a database on another machine even without TLS that verifies its name
    #[arg(long, requires = "queue")]
    pub allow_plain_database: bool,

    /// With --queue: folder that all machines have mounted, or s3://BUCKET/PREFIX, for the files of
    /// the queue (default: $REDACT_STORE)
    #[arg(long, value_name = "STORE", requires = "queue")]
    pub store: Option<String>,

    /// With --queue: minimum length of a chunk of a scan, in seconds
    #[arg(
        long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=86_400)
    )]
    pub chunk_seconds: u32,
}

impl OnQueueArgs {
    /// The queue and its store; `None` where this machine does the work.
    pub(crate) fn place(&self) -> Option<QueuePlaceArgs> {
        let queue = self.queue.clone()?;
        Some(QueuePlaceArgs {
            address: QueueAddressArgs {
                queue: Some(queue),
                allow_plain_database: self.allow_plain_database,
            },
            store: self.store.clone(),
        })
    }

    /// Adds them for another process.
    pub(crate) fn add_to(&self, words: Words) -> Words {
        let chunk = self.queue.as_ref().map(|_| self.chunk_seconds);
        words
            .option("queue", self.queue.as_ref())
            .flag("allow-plain-database", self.allow_plain_database)
            .option("store", self.store.as_ref())
            .number("chunk-seconds", chunk)
    }
}
