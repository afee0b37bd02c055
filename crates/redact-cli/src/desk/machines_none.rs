//! Machines that work for the desk, in a program that was built without the queue: none.

use std::sync::Arc;

use anyhow::Result;
use redact_desk::Machines;

use crate::args::OnQueueArgs;
use crate::features::WithoutQueue;

/// None.
///
/// # Errors
/// When a queue was given.
pub(super) fn machines(args: &OnQueueArgs) -> Result<Option<Arc<dyn Machines>>> {
    match args.place() {
        Some(_) => Err(WithoutQueue.into()),
        None => Ok(None),
    }
}
