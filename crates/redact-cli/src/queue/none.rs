//! `redact queue` in a program that was built without the queue.

use anyhow::Result;

use crate::args::{GlobalArgs, QueueArgs};
use crate::features::WithoutQueue;
use crate::outcome::Outcome;

/// Lists nothing.
///
/// # Errors
/// Always.
pub(crate) fn queue(_: &QueueArgs, _: &GlobalArgs) -> Result<Outcome> {
    Err(WithoutQueue.into())
}
