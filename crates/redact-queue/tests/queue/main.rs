//! The queue with a real PostgreSQL, and workers as real processes that are killed.
//!
//! Each test starts a server of its own in a temporary folder, reached by a Unix socket.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod kills;
mod overhead;
mod processes;
mod roles;
mod rules;
mod s3;
mod schema;
mod server;
mod tls;
mod work;
