//! Reads the spans of an excerpt: the recording as if it had nothing else.
//!
//! Frames, times and sound are those of the release: see [`Excerpt`]. Nothing from outside the
//! spans is delivered, not even a sample, and a title card is delivered between two spans.

use std::collections::VecDeque;

use ffmpeg_next::Packet;
use redact_core::{
    AudioBlock, CodedPictures, Excerpt, Frame, FrameIndex, MediaItem, Picture, Source,
    SourceDiagnostics, SourceError, SourceInfo, Timestamp,
};

use crate::source::FileSource;
use crate::title_card;

/// The spans of an excerpt of a recording.
pub struct ExcerptSource {
    inner: FileSource,
    excerpt: Excerpt,
    info: SourceInfo,
    ready: VecDeque<MediaItem>,
    /// Frames delivered.
    delivered: u32,
}

impl ExcerptSource {
    /// The spans of `excerpt` in `inner`.
    #[must_use]
    pub fn new(inner: FileSource, excerpt: Excerpt) -> Self {
        let mut info = inner.info().clone();
        info.video.first_timestamp = Timestamp::new(excerpt.ticks().0);
        info.video.frames_hint = Some(u64::from(excerpt.frames()));
        info.video.duration_hint_nanos = None;
        Self {
            inner,
            excerpt,
            info,
            ready: VecDeque::new(),
            delivered: 0,
        }
    }

    fn take(&mut self, item: MediaItem) -> Result<(), SourceError> {
        match item {
            MediaItem::Frame(frame) => self.take_frame(frame),
            MediaItem::Coded(pictures) => self.take_coded(pictures),
            MediaItem::Audio(block) => {
                self.take_sound(&block);
                Ok(())
            }
            MediaItem::CodedSound(_) => Err(other("received coded sound, which cannot be cut")),
        }
    }

    fn take_frame(&mut self, mut frame: Frame) -> Result<(), SourceError> {
        let Some(at) = self.excerpt.span_of(frame.index) else {
            return Ok(());
        };
        let span = self.excerpt.spans()[at];
        self.begin(at, frame.index, frame.timestamp)?;
        let ticks = frame.timestamp.ticks();
        if frame.index.next() == span.frames.end() {
            frame.duration_ticks = span.ticks.1 - ticks;
            if frame.duration_ticks < 1 {
                return Err(other("the last frame of a span has another time"));
            }
        }
        frame.timestamp = Timestamp::new(ticks + self.excerpt.shift(at));
        frame.index = FrameIndex::new(self.delivered);
        self.delivered += 1;
        self.ready.push_back(MediaItem::Frame(frame));
        Ok(())
    }

    /// Takes an undecoded GOP: a whole one of a span, or one outside of all spans.
    fn take_coded(&mut self, mut pictures: CodedPictures) -> Result<(), SourceError> {
        let frames = pictures.frames;
        let Some(at) = self.excerpt.span_with(frames) else {
            if self.excerpt.touches(frames) {
                return Err(other("a GOP at the end of a span was not decoded"));
            }
            return Ok(());
        };
        let first = pictures.times.first().map(|(at, _)| *at);
        let first = first.ok_or_else(|| other("received an empty GOP"))?;
        self.begin(at, frames.start(), first)?;
        let shift = self.excerpt.shift(at);
        let moved = |ticks: Option<i64>| ticks.map(|ticks| ticks + shift);
        if let Some(packets) = pictures.content.downcast_mut::<Vec<Packet>>() {
            for packet in packets {
                packet.set_pts(moved(packet.pts()));
                packet.set_dts(moved(packet.dts()));
            }
        }
        for (time, _) in &mut pictures.times {
            *time = Timestamp::new(time.ticks() + shift);
        }
        let span = self.excerpt.release_frames(frames);
        pictures.frames = span.ok_or_else(|| other("a GOP is not in its span"))?;
        if pictures.frames.start().get() != self.delivered {
            return Err(other("a GOP of a span is out of order"));
        }
        self.delivered = pictures.frames.end().get();
        self.ready.push_back(MediaItem::Coded(pictures));
        Ok(())
    }

    /// Delivers the title card before span `at`, if `frame` is the first of the span.
    fn begin(&mut self, at: usize, frame: FrameIndex, time: Timestamp) -> Result<(), SourceError> {
        let span = self.excerpt.spans()[at];
        if frame != span.frames.start() {
            return Ok(());
        }
        if time.ticks() != span.ticks.0 {
            return Err(other("the first frame of a span has another time"));
        }
        let Some(card) = at.checked_sub(1).map(|card| &self.excerpt.cards()[card]) else {
            return Ok(());
        };
        let video = &self.info.video;
        let picture: Picture = title_card::draw(&card.text, video.size, video.range);
        let frames = card.frames.start().get()..card.frames.end().get();
        if frames.start != self.delivered {
            return Err(other("frames before a title card are missing"));
        }
        for (number, index) in (0..).zip(frames) {
            self.ready.push_back(MediaItem::Frame(Frame {
                index: FrameIndex::new(index),
                timestamp: Timestamp::new(card.start + card.step * number),
                duration_ticks: card.step,
                picture: picture.share(),
            }));
        }
        self.delivered = card.frames.end().get();
        Ok(())
    }

    /// Delivers the samples that are heard, and no other.
    fn take_sound(&mut self, block: &AudioBlock) {
        let channels = usize::from(block.channels.max(1));
        let frames = i64::try_from(block.samples.len() / channels).unwrap_or(i64::MAX);
        let end = block.start.saturating_add(frames);
        for at in 0..self.excerpt.spans().len() {
            let heard = self.excerpt.samples(at, block.rate_hz);
            let (from, until) = (heard.start.max(block.start), heard.end.min(end));
            if from >= until {
                continue;
            }
            let place = |sample: i64| usize::try_from(sample - block.start).unwrap_or(0) * channels;
            self.ready.push_back(MediaItem::Audio(AudioBlock {
                start: from + self.excerpt.sample_shift(at, block.rate_hz),
                samples: block.samples[place(from)..place(until)].to_vec(),
                ..*block
            }));
        }
    }
}

impl Source for ExcerptSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        let found = self.inner.diagnostics();
        SourceDiagnostics {
            damage: self.excerpt.damage(&found.damage),
            conversions: found.conversions,
        }
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            match self.inner.next_item()? {
                Some(item) => self.take(item)?,
                None if self.delivered == self.excerpt.frames() => return Ok(None),
                None => return Err(other("the recording ends within the excerpt")),
            }
        }
    }
}

fn other(what: &'static str) -> SourceError {
    SourceError::Failed {
        what: "the recording does not have the excerpt",
        source: what.into(),
    }
}
