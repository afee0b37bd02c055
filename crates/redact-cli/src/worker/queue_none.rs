//! `redact worker` without a plan, in a program that was built without the queue.

use anyhow::{Result, bail};

use crate::args::{GlobalArgs, WorkerArgs};
use crate::features::WithoutQueue;
use crate::outcome::Outcome;
use crate::paths;

/// Works for nobody.
///
/// # Errors
/// Always.
pub(super) fn work(args: &WorkerArgs, _: &GlobalArgs) -> Result<Outcome> {
    if args.place.address.queue.is_none() && !paths::has_queue() {
        bail!("nothing to do: give --plan FILE for one task");
    }
    Err(WithoutQueue.into())
}
