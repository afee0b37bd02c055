//! The desk as browsers meet it: every test sends requests to the service itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod absences;
mod access;
mod accounts;
mod approvals;
mod attempts;
mod authenticator;
mod backup;
mod bench;
mod cameras;
mod clocks;
mod disposal;
mod disposal_steps;
mod doors;
mod earlier;
mod event_log;
mod evidence;
mod excerpts;
mod fake_jobs;
#[cfg(feature = "single-sign-on")]
mod fake_provider;
mod fake_smtp;
mod fees;
mod grants;
mod health;
mod intake;
mod invoices;
mod layers;
mod leaving;
mod letters;
mod machines;
mod mail;
mod names;
mod office;
mod packages;
mod passkeys;
mod policy_versions;
mod practice;
mod private;
#[cfg(feature = "single-sign-on")]
mod provider;
mod queue;
mod read_options;
mod reasons;
mod rechecks;
mod recovery;
mod releases;
mod requests;
mod retention;
mod reuse;
mod scale;
mod sealing;
mod sealing_answers;
mod search;
mod settings;
mod signing;
mod sockets;
mod speech;
mod thread;
mod tls;
mod together;
mod transcripts;
mod views;
mod watch_folder;
mod work;
