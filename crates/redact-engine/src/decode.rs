//! The stage that reads a recording on its own thread, the same in every job.

use std::io;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use redact_core::{MediaItem, Source, SourceDiagnostics, SourceError, SourceInfo};

use crate::queue::{self, Receiver};

/// Bytes of decoded samples that wait between two stages.
pub(crate) const QUEUE_BYTES_MAX: usize = 16 << 20;

/// A recording that is being read: its items, and the thread that reads them.
pub(crate) type Decoded<'scope> = (
    Receiver<MediaItem>,
    ScopedJoinHandle<'scope, Result<SourceDiagnostics, SourceError>>,
);

/// Starts to read `source` on thread `name`; every item must be decoded, because a job that
/// analyzes pictures must see all of them.
pub(crate) fn spawn_decoded<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    source: Box<dyn Source>,
) -> io::Result<Decoded<'scope>> {
    spawn(scope, name, only_decoded(source))
}

/// `source`, whose items must all be decoded.
pub(crate) fn only_decoded(source: Box<dyn Source>) -> Box<dyn Source> {
    Box::new(OnlyDecoded(source))
}

/// Treats undecoded items as damage.
struct OnlyDecoded(Box<dyn Source>);

impl Source for OnlyDecoded {
    fn info(&self) -> &SourceInfo {
        self.0.info()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        match self.0.next_item()? {
            Some(MediaItem::Coded(_) | MediaItem::CodedSound(_)) => Err(SourceError::Failed {
                what: "a part of the recording was not decoded",
                source: "received coded packets instead".into(),
            }),
            item => Ok(item),
        }
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        self.0.diagnostics()
    }
}

/// Starts to read `source` on thread `name`; its items come in order through the receiver.
///
/// The thread ends when the recording does, when it is damaged (its result says so), or when the
/// receiver was dropped. The result is the source's diagnostics.
pub(crate) fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    mut source: Box<dyn Source>,
) -> io::Result<Decoded<'scope>> {
    let (sender, receiver) = queue::bounded(QUEUE_BYTES_MAX);
    let handle = Builder::new()
        .name(name.into())
        .spawn_scoped(scope, move || {
            while let Some(item) = source.next_item()? {
                let bytes = item.bytes();
                if sender.send(item, bytes).is_err() {
                    break; // The receiver was dropped, and whoever dropped it has the cause.
                }
            }
            Ok(source.diagnostics())
        })?;
    Ok((receiver, handle))
}

/// The result of a stage's thread; its panic continues in the caller.
pub(crate) fn join<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
