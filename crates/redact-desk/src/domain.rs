//! The desk's rules, without a database and without HTTP: reviews and their plans, approvals,
//! statutes, verdicts, excerpts, packages, and what counts as viewed.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod approval;
pub(crate) mod attribution;
pub(crate) mod chain;
pub(crate) mod comment;
mod common_passwords;
pub(crate) mod differences;
pub(crate) mod disposal;
pub(crate) mod document;
pub(crate) mod effort;
pub(crate) mod excerpt;
pub(crate) mod exports;
pub(crate) mod frames;
pub(crate) mod history;
pub(crate) mod holidays;
pub(crate) mod intake_csv;
pub(crate) mod invoices;
pub(crate) mod law;
pub(crate) mod left_out;
pub(crate) mod letters;
pub(crate) mod mail_text;
pub(crate) mod merge;
pub(crate) mod named;
pub(crate) mod older_copies;
pub(crate) mod package;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod problems;
#[cfg_attr(
    not(feature = "single-sign-on"),
    allow(dead_code, reason = "only the protocol reads claims")
)]
pub(crate) mod provider_claims;
pub(crate) mod queue;
pub(crate) mod reason_changes;
pub(crate) mod recovery_codes;
pub(crate) mod refusals;
pub(crate) mod release_files;
pub(crate) mod reuse;
pub(crate) mod score;
pub(crate) mod search;
pub(crate) mod shape;
pub(crate) mod sheet;
pub(crate) mod spans;
pub(crate) mod speech;
pub(crate) mod spoken;
pub(crate) mod stage;
pub(crate) mod statistics;
pub(crate) mod statutes;
pub(crate) mod summary;
pub(crate) mod transmittals;
pub(crate) mod unusual;
pub(crate) mod verdict;
pub(crate) mod viewing;
pub(crate) mod weak_passwords;
pub(crate) mod zone;
