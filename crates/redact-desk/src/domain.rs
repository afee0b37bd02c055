//! The desk's rules, without a database and without HTTP: reviews and their plans, approvals,
//! statutory clocks, verdicts, excerpts, packages, and what counts as viewed.

pub(crate) mod accounts;
pub(crate) mod approval;
pub(crate) mod attribution;
pub(crate) mod chain;
pub(crate) mod clocks;
pub(crate) mod comment;
pub(crate) mod differences;
pub(crate) mod document;
pub(crate) mod excerpt;
pub(crate) mod frames;
pub(crate) mod history;
pub(crate) mod holidays;
pub(crate) mod law;
pub(crate) mod left_out;
pub(crate) mod merge;
pub(crate) mod older_copies;
pub(crate) mod package;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod problems;
pub(crate) mod reason_changes;
pub(crate) mod refusals;
pub(crate) mod release_files;
pub(crate) mod sheet;
pub(crate) mod spans;
pub(crate) mod speech;
pub(crate) mod spoken;
pub(crate) mod stage;
pub(crate) mod summary;
pub(crate) mod transmittals;
pub(crate) mod verdict;
pub(crate) mod viewing;
pub(crate) mod weak_passwords;
pub(crate) mod zone;
