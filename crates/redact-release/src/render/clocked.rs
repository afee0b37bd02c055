//! When each frame is shown, noted while a source is read.

use std::sync::{Arc, Mutex, PoisonError};

use redact_core::{MediaItem, Source, SourceDiagnostics, SourceError, SourceInfo};
use redact_record::manifest::FrameClock;

/// A source that notes when each frame is shown as it passes.
pub(super) struct ClockedSource {
    inner: Box<dyn Source>,
    clock: SharedClock,
}

/// The times noted so far.
#[derive(Clone, Default)]
pub(super) struct SharedClock(Arc<Mutex<FrameClock>>);

impl SharedClock {
    /// Takes what was noted.
    pub(super) fn take(&self) -> FrameClock {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Wraps `inner` so that its frames' times are noted.
pub(super) fn clocked(inner: Box<dyn Source>) -> (ClockedSource, SharedClock) {
    let clock = SharedClock::default();
    (
        ClockedSource {
            inner,
            clock: clock.clone(),
        },
        clock,
    )
}

impl Source for ClockedSource {
    fn info(&self) -> &SourceInfo {
        self.inner.info()
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        self.inner.diagnostics()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        let item = self.inner.next_item()?;
        let mut clock = self.clock.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &item {
            Some(MediaItem::Frame(frame)) => clock.push(frame.timestamp, frame.duration_ticks),
            Some(MediaItem::Coded(pictures)) => {
                for (timestamp, ticks) in &pictures.times {
                    clock.push(*timestamp, *ticks);
                }
            }
            Some(MediaItem::Audio(_) | MediaItem::CodedSound(_)) | None => {}
        }
        Ok(item)
    }
}
