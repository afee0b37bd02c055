//! The database: rows and queries, by table. Nothing here depends on HTTP.
//!
//! SQLite with a write-ahead log that is on disk before a write is acknowledged.

pub(crate) mod absences;
pub(crate) mod access;
pub(crate) mod approvals;
pub(crate) mod attempts;
pub(crate) mod audits;
pub(crate) mod backups;
pub(crate) mod clocks;
pub(crate) mod comments;
pub(crate) mod copies;
pub(crate) mod disposals;
pub(crate) mod fees;
pub(crate) mod former_names;
pub(crate) mod grants;
pub(crate) mod history;
pub(crate) mod holds;
pub(crate) mod inbox;
pub(crate) mod invites;
pub(crate) mod invoices;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod letters;
pub(crate) mod mail;
pub(crate) mod names;
pub(crate) mod packages;
pub(crate) mod passkeys;
pub(crate) mod policies;
pub(crate) mod pool;
pub(crate) mod practice;
pub(crate) mod provider_accounts;
mod query;
pub(crate) mod rechecks;
pub(crate) mod recordings;
pub(crate) mod recovery_codes;
pub(crate) mod releases;
pub(crate) mod requests;
pub(crate) mod retention;
pub(crate) mod reviews;
pub(crate) mod sealings;
pub(crate) mod second_factor_changes;
pub(crate) mod sessions;
pub(crate) mod statistics;
pub(crate) mod uploads;
pub(crate) mod users;
pub(crate) mod views;
