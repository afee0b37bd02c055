//! The release desk: where people see, decide, approve and hand over, in a browser.
//!
//! One process, one data folder, one page. The HTTP contract is `API.md` beside this crate. Layers,
//! each of which knows only those above it:
//!
//! - what all share: `model`, `id`, `time`, `answer`, `paths`, `read_options`, `task` (what takes long,
//!   done by whoever implements [`Jobs`]);
//! - `db`: rows and queries, by table. The database and the files beside it hold everything;
//!   nothing that was answered with success is lost when the process dies;
//! - `domain`: what is decided, without a database and without HTTP;
//! - `service`: what requests and jobs do, with both;
//! - `http`: guards, handlers, and what pages see;
//! - `desk` and `serve`: opening, listening, closing.
//!
//! Limits: the desk decodes nothing and knows no model. It builds plans and approves them with
//! `redact-record` alone, so that an approval given here is the one that `redact render` demands.

mod answer;
mod db;
mod desk;
mod domain;
mod error;
mod http;
mod id;
mod model;
mod note;
mod paths;
mod peer;
mod private;
mod read_options;
mod serve;
mod service;
mod task;
mod time;
#[cfg(test)]
mod typescript;

pub use db::copies::{RecordedCopy, recorded_copies};
pub use desk::Desk;
pub use error::DeskError;
pub use http::files::byte_range;
pub use http::routes::{RouteInfo, route_table};
pub use model::Role;
pub use paths::recording_files;
pub use read_options::ReadOptions;
pub use serve::{Certificate, Listen};
pub use service::app::{Journal, Options, Vouch};
pub use service::lanes::Clock;
pub use task::{
    Checked, FollowTask, Followed, Jobs, NotChecked, PreviewTask, Remedy, RenderTask, Stop,
    Stopped, Task, TaskError, TaskOutcome, Verified, VerifyTask, Watch,
};
