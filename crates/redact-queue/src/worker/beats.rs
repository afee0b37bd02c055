//! Heartbeats.

use std::sync::Arc;
use std::time::Duration;

use redact_core::error::with_causes;
use tokio::sync::watch;

use super::shared::Shared;
use super::types::ChunkRunner;

/// Heartbeats during one lease.
const BEATS_PER_LEASE: u32 = 4;
const EVERY_MIN: Duration = Duration::from_millis(250);
const EVERY_MAX: Duration = Duration::from_secs(10);

/// Renews leases until `over` is set, and cancels the chunks of claims that were lost. A heartbeat
/// that is under way is finished: one that arrived after the worker had left would bring it back.
pub(super) async fn beat<R: ChunkRunner>(shared: Arc<Shared<R>>, mut over: watch::Receiver<bool>) {
    let every = (shared.options.lease / BEATS_PER_LEASE).clamp(EVERY_MIN, EVERY_MAX);
    let mut is_away = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            // An error means that the worker is gone.
            _ = over.wait_for(|over| *over) => return,
        }
        let claims: Vec<_> = shared.running().iter().map(|running| running.key).collect();
        match shared.session.beat(&claims).await {
            Ok(lost) => {
                is_away = false;
                for key in lost {
                    if shared.cancel_lost(key) {
                        let (job, index, _) = key;
                        tracing::warn!("chunk {index} of job {job} is no longer this worker's");
                    }
                }
            }
            Err(error) if !is_away => {
                is_away = true;
                tracing::warn!(
                    "cannot send a heartbeat to the queue: {}",
                    with_causes(&error)
                );
            }
            Err(_) => {}
        }
    }
}
