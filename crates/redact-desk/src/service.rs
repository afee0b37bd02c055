//! What requests and jobs do, with the database, files and the clock, but without HTTP.

pub(crate) mod accounts;
pub(crate) mod app;
pub(crate) mod approvals;
pub(crate) mod attempts;
pub(crate) mod audits;
pub(crate) mod change;
pub(crate) mod grants;
pub(crate) mod hashing;
pub(crate) mod job_finish;
pub(crate) mod job_task;
pub(crate) mod jobs;
pub(crate) mod lanes;
pub(crate) mod password;
pub(crate) mod policies;
pub(crate) mod reauthentication;
pub(crate) mod recordings;
pub(crate) mod refusals;
pub(crate) mod releases;
pub(crate) mod reviews;
pub(crate) mod runner;
pub(crate) mod second_factor;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod signing;
pub(crate) mod views;
