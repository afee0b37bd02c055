//! The HTTP API: guards, handlers and response types. `API.md` is the contract.

pub(crate) mod accounts;
pub(crate) mod audits;
pub(crate) mod body;
pub(crate) mod clocks;
pub(crate) mod connections;
pub(crate) mod cookies;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod grants;
pub(crate) mod guard;
pub(crate) mod invites;
pub(crate) mod jobs;
pub(crate) mod page;
pub(crate) mod policies;
pub(crate) mod proxy;
pub(crate) mod rechecks;
pub(crate) mod recordings;
pub(crate) mod releases;
pub(crate) mod requests;
pub(crate) mod reviews;
pub(crate) mod routes;
pub(crate) mod stream;
pub(crate) mod uploads;
pub(crate) mod users;
pub(crate) mod views;
pub(crate) mod watch_folder;
