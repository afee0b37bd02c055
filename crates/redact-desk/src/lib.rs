//! The release desk: where people see, decide, approve and hand over, in a browser.
//!
//! One process, one data folder, one page. The HTTP contract is `API.md` beside this crate; what
//! each part does:
//!
//! - [`accounts`]: who may come in, and in which role;
//! - [`grants`]: what an administrator does not do alone unseen;
//! - [`guard`]: what every request must pass before a route sees it;
//! - [`requests`], [`uploads`], [`recordings`], [`review`], [`releases`], [`audits`]: the work;
//! - [`views`]: who saw what of a recording;
//! - [`jobs`]: everything that takes long, done by whoever implements [`Jobs`];
//! - [`store`]: the database. It and the files beside it hold everything; nothing that was answered
//!   with success is lost when the process dies.
//!
//! Limits: the desk decodes nothing and knows no model. It builds plans and approves them with
//! `redact-record` alone, so that an approval given here is the one that `redact render` demands.

mod accounts;
mod answer;
mod app;
mod audits;
mod clocks;
mod connections;
mod error;
mod events;
mod files;
mod grants;
mod guard;
mod holidays;
mod jobs;
mod page;
mod peer;
mod people;
mod policies;
mod private;
mod queue;
mod rechecks;
mod recordings;
mod releases;
mod requests;
mod review;
mod routes;
mod serve;
mod store;
mod stream;
mod time;
mod uploads;
mod views;
mod watch_folder;

pub use app::{Clock, Desk, Journal, Options, Vouch};
pub use error::DeskError;
pub use files::byte_range;
pub use jobs::{
    FollowTask, Jobs, PreviewTask, RenderTask, Task, TaskError, ToAccept, VerifyTask, Watch,
};
pub use releases::{RecordedCopy, recorded_copies};
pub use routes::{Role, RouteInfo, route_table};
pub use serve::{Certificate, Listen};
