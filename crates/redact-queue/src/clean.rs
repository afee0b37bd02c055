//! Removes finished jobs: their rows, and the files that no other job needs.
//!
//! The store holds copies of recordings and findings, so an office must be able to remove both.

use std::collections::HashSet;

use redact_core::Digest;
use serde::Serialize;

use crate::client::Client;
use crate::error::QueueError;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// Jobs.
    pub jobs: usize,
    /// Files of the store: plans, outputs and copies of recordings.
    pub files: usize,
}

/// The files of jobs that are removed.
const FILES: &str = "SELECT f.sha256 FROM redact.job j CROSS JOIN LATERAL (
        SELECT j.plan AS sha256
        UNION SELECT j.source_sha256 WHERE j.source_sha256 IS NOT NULL
        UNION SELECT c.output_sha256 FROM redact.chunk c
            WHERE c.job = j.id AND c.output_sha256 IS NOT NULL) f
    WHERE j.ended < now() - make_interval(days => $1)";

/// All files that jobs need.
const NEEDED: &str = "SELECT plan FROM redact.job
    UNION SELECT source_sha256 FROM redact.job WHERE source_sha256 IS NOT NULL
    UNION SELECT output_sha256 FROM redact.chunk WHERE output_sha256 IS NOT NULL";

impl Client {
    /// Removes jobs that ended more than `days` ago, and from the store every file of theirs that
    /// no other job needs. In a folder, also files that no job names and that are as old, at least
    /// a day: what a killed submitter or worker left. Recordings at their own paths stay.
    ///
    /// If a file cannot be removed, the rows of its jobs stay, so that the next call tries again.
    ///
    /// # Errors
    /// [`QueueError::Database`], and what the store refuses.
    pub async fn clean(&self, days: u32) -> Result<Cleaned, QueueError> {
        let before = i32::try_from(days).unwrap_or(i32::MAX);
        let clean = async {
            let mut transaction = self.database().pool().begin().await?;
            let files: Vec<String> = sqlx::query_scalar(FILES)
                .bind(before)
                .fetch_all(&mut *transaction)
                .await?;
            let removed = sqlx::query(
                "DELETE FROM redact.job WHERE ended < now() - make_interval(days => $1)",
            )
            .bind(before)
            .execute(&mut *transaction)
            .await?;
            let needed: Vec<String> = sqlx::query_scalar(NEEDED)
                .fetch_all(&mut *transaction)
                .await?;
            let needed = digests(&needed);
            let objects = digests(&files);
            let mut cleaned = Cleaned {
                jobs: usize::try_from(removed.rows_affected()).unwrap_or(usize::MAX),
                files: 0,
            };
            for &object in objects.difference(&needed) {
                match self.store().remove(object).await {
                    Ok(there) => cleaned.files += usize::from(there),
                    Err(error) => return Ok(Err(error)),
                }
            }
            transaction.commit().await?;
            Ok(Ok((cleaned, needed)))
        };
        let (mut cleaned, needed) = self.database().once("remove what ended", clean).await??;
        cleaned.files += self.store().remove_unused(days.max(1), &needed)?;
        Ok(cleaned)
    }
}

fn digests(names: &[String]) -> HashSet<Digest> {
    let digests = names.iter().filter_map(|name| Digest::from_hex(name));
    digests.collect()
}
