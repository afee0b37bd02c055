//! The release desk: where people review, decide, approve and hand over recordings in a browser.
//!
//! One process, one data folder, one page. The HTTP contract is `API.md` beside this crate. Each
//! layer depends only on those above it:
//!
//! - shared: `model`, `id`, `time`, `api_error`, `event`, `paths`, `read_options`, `details`,
//!   `task` (what takes long, run by an implementation of [`Jobs`]) and `machines` (the queue,
//!   listed by an implementation of [`Machines`]);
//! - `db`: rows and queries, by table. The database and the files beside it hold everything;
//!   nothing that was acknowledged is lost when the process dies;
//! - `domain`: the rules, without a database and without HTTP;
//! - `service`: what requests and jobs do, with both;
//! - `http`: guards, handlers and response types;
//! - `desk` and `serve`: opening, listening, closing.
//!
//! Limits: the desk decodes nothing and runs no model. It builds and approves plans with
//! `redact-record` alone, so that an approval given here is the one that `redact render` requires.

mod api_error;
mod db;
mod desk;
mod details;
mod domain;
mod error;
mod event;
mod http;
mod id;
mod machines;
mod mail;
mod model;
mod paths;
mod peer;
mod private;
mod read_options;
mod serve;
mod service;
mod sign_on;
mod task;
mod time;
#[cfg(test)]
mod typescript;

pub use db::copies::{RecordedCopy, recorded_copies};
pub use desk::Desk;
pub use domain::transmittals::Profiles;
pub use error::DeskError;
pub use http::files::byte_range;
pub use http::routes::{RouteInfo, route_table};
pub use machines::{Machine, MachineJob, MachineList, Machines};
pub use mail::{MailConfig, MailSecurity};
pub use model::Role;
pub use paths::recording_files;
pub use read_options::ReadOptions;
pub use serve::{Certificate, Listen};
pub use service::app::{EventLogConfig, Options, SignExport, Vouch};
pub use service::backup::{BackupMade, BackupOrder, BackupProgress, backup};
pub use service::backup_error::BackupError;
pub use service::lanes::Clock;
pub use service::restore::{RestoreOrder, Restored, restore};
pub use sign_on::{LocalSignIn, ProviderConfig, ProviderGroups};
pub use task::{
    Checked, ExcerptTask, FollowTask, Followed, Jobs, NotChecked, PackageEncryption, PackageTask,
    Packaged, PackagedRelease, Passphrase, PicturesTask, PreviewTask, Remedy, RenderTask, Stop,
    Stopped, Task, TaskError, TaskOutcome, Verified, VerifyTask, Watch,
};
