//! Comments on reviews.

use serde::Serialize;

use crate::model::{CommentKind, Role};

/// A comment as the API returns it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Comment {
    pub(crate) by: String,
    pub(crate) role: Role,
    pub(crate) at: String,
    pub(crate) revision: i64,
    pub(crate) kind: CommentKind,
    pub(crate) text: String,
    /// The track (`face-3`) or region that it is about.
    pub(crate) item: Option<String>,
}
