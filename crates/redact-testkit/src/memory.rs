//! A recording and a release without a file.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redact_core::{
    Frame, FrameIndex, MediaItem, Sink, SinkError, Source, SourceDiagnostics, SourceError,
    SourceInfo,
};

use crate::Scene;

/// A copy of `frame` in plain memory.
#[must_use]
pub fn copy_frame(frame: &Frame) -> Frame {
    Frame {
        index: frame.index,
        timestamp: frame.timestamp,
        duration_ticks: frame.duration_ticks,
        picture: frame.picture.to_owned_copy(),
    }
}

/// A copy of `item` in plain memory.
#[must_use]
pub fn copy_item(item: &MediaItem) -> MediaItem {
    match item {
        MediaItem::Frame(frame) => MediaItem::Frame(copy_frame(frame)),
        MediaItem::Audio(block) => MediaItem::Audio(block.clone()),
        MediaItem::Coded(_) | MediaItem::CodedSound(_) => {
            panic!("coded items are made by tests one by one, and not copied")
        }
    }
}

/// A recording that delivers given items, and can be damaged.
pub struct MemorySource {
    info: SourceInfo,
    items: Box<dyn Iterator<Item = MediaItem> + Send>,
    /// What it says that it met.
    diagnostics: SourceDiagnostics,
    /// Frames that are left before the damage.
    good_frames: Option<u32>,
    delivered: u32,
}

impl MemorySource {
    /// Delivers `items`, then the end.
    pub fn new(
        info: SourceInfo,
        items: impl IntoIterator<Item = MediaItem, IntoIter: Send + 'static>,
    ) -> Self {
        Self {
            info,
            items: Box::new(items.into_iter()),
            diagnostics: SourceDiagnostics::default(),
            good_frames: None,
            delivered: 0,
        }
    }

    /// Delivers `scene`, computed as it is read.
    #[must_use]
    pub fn of(scene: &Scene) -> Self {
        Self::new(scene.info(), scene.items())
    }

    /// The same recording, which says in the end that it `met` this.
    #[must_use]
    pub fn with_diagnostics(self, diagnostics: SourceDiagnostics) -> Self {
        Self {
            diagnostics,
            ..self
        }
    }

    /// The same recording, damaged after `frames` frames.
    #[must_use]
    pub fn damaged_after(self, frames: u32) -> Self {
        Self {
            good_frames: Some(frames),
            ..self
        }
    }
}

impl Source for MemorySource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        self.diagnostics.clone()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        if self.good_frames == Some(self.delivered) {
            return Err(SourceError::Damaged {
                frame: FrameIndex::new(self.delivered),
                second: 0.0,
                source: "damaged on purpose".into(),
            });
        }
        let item = self.items.next();
        if let Some(MediaItem::Frame(_)) = item {
            self.delivered += 1;
        }
        Ok(item)
    }
}

/// What a [`MemorySink`] got, shared with the test that made it.
#[derive(Clone, Default)]
pub struct Written(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    items: Vec<MediaItem>,
    finished: bool,
}

impl Written {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the sink was finished: only then is there a release.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.lock().finished
    }

    /// Copies of everything that was written, in order.
    #[must_use]
    pub fn items(&self) -> Vec<MediaItem> {
        self.lock().items.iter().map(copy_item).collect()
    }
}

/// A release that keeps everything in memory, and can fail.
#[derive(Default)]
pub struct MemorySink {
    written: Written,
    fails_after: Option<usize>,
}

impl MemorySink {
    /// A sink, and a view of what it gets.
    #[must_use]
    pub fn new() -> (Self, Written) {
        let sink = Self::default();
        let written = sink.written.clone();
        (sink, written)
    }

    /// The same sink with a disk that is full after `items` items.
    #[must_use]
    pub fn full_after(self, items: usize) -> Self {
        Self {
            fails_after: Some(items),
            ..self
        }
    }
}

impl Sink for MemorySink {
    fn write_item(&mut self, item: MediaItem) -> Result<(), SinkError> {
        let mut state = self.written.lock();
        if self.fails_after == Some(state.items.len()) {
            return Err(SinkError::Write {
                source: "the disk is full on purpose".into(),
            });
        }
        state.items.push(item);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        self.written.lock().finished = true;
        Ok(())
    }
}
