//! Reading a proxy: any frame at once, and runs of frames with their own numbers.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_core::{
    Frame, FrameIndex, FrameSpan, MediaItem, Redactions, Source, SourceDiagnostics, SourceError,
    SourceInfo, TimeBase,
};
use redact_desk::recording_files::{PROXY, TIMELINE};
use redact_engine::mask_levels;
use redact_media::{FileSource, OpenOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Frames from one key frame to the next.
pub(super) const KEY_FRAMES: u32 = 12;

/// How long every frame is shown.
pub(super) struct Timeline {
    base: TimeBase,
    runs: Vec<(u32, i64)>,
}

#[derive(Serialize, Deserialize)]
struct TimelineFile {
    frames: u32,
    num: u32,
    den: u32,
    runs: Vec<(u32, i64)>,
}

impl Timeline {
    /// One of no frame.
    pub(super) const fn new(base: TimeBase) -> Self {
        Self {
            base,
            runs: Vec::new(),
        }
    }

    /// Adds a frame.
    pub(super) fn push(&mut self, ticks: i64) {
        match self.runs.last_mut() {
            Some((count, same)) if *same == ticks => *count += 1,
            _ => self.runs.push((1, ticks)),
        }
    }

    /// Frames.
    pub(super) fn frames(&self) -> u32 {
        self.runs.iter().map(|(count, _)| count).sum()
    }

    /// When frame `frame` begins, nanoseconds since the first one.
    pub(super) fn start_nanos(&self, frame: u32) -> i64 {
        let mut left = frame;
        let mut ticks = 0_i128;
        for &(count, each) in &self.runs {
            let counted = count.min(left);
            ticks += i128::from(counted) * i128::from(each);
            left -= counted;
        }
        let (num, den) = (
            i128::from(self.base.num.get()),
            i128::from(self.base.den.get()),
        );
        i64::try_from((ticks * num * 1_000_000_000).div_euclid(den)).unwrap_or(i64::MAX)
    }

    /// How long it all is.
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
    pub(super) fn seconds(&self) -> f64 {
        self.start_nanos(self.frames()) as f64 / 1e9
    }

    /// As the page reads it.
    pub(super) fn json(&self) -> Value {
        json!(TimelineFile {
            frames: self.frames(),
            num: self.base.num.get(),
            den: self.base.den.get(),
            runs: self.runs.clone(),
        })
    }

    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).context("cannot read the timeline")?;
        let file: TimelineFile = serde_json::from_str(&text).context("invalid timeline file")?;
        let base = TimeBase::new(file.num, file.den).context("invalid timeline file")?;
        Ok(Self {
            base,
            runs: file.runs,
        })
    }
}

/// A proxy, to be read from any frame.
pub(super) struct Proxy {
    source: FileSource,
    timeline: Timeline,
    /// The frame that comes next.
    next: u32,
}

impl Proxy {
    /// Opens the proxy in a recording's folder.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn open(folder: &Path, audio: bool, threads: usize) -> Result<Self> {
        let options = OpenOptions {
            audio,
            threads,
            ..OpenOptions::default()
        };
        let source = FileSource::open(&folder.join(PROXY), &options);
        let source = source.context("cannot open the proxy")?;
        Ok(Self {
            source,
            timeline: Timeline::read(&folder.join(TIMELINE))?,
            next: 0,
        })
    }

    pub(super) fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    pub(super) fn frames(&self) -> u32 {
        self.timeline.frames()
    }

    /// Makes `frame` the next one that is delivered, or one of the few before it.
    fn near(&mut self, frame: u32) -> Result<()> {
        let key = frame / KEY_FRAMES * KEY_FRAMES;
        if (self.next..self.next.saturating_add(KEY_FRAMES)).contains(&frame) || key == self.next {
            return Ok(());
        }
        // The middle of the frame: times are rounded on the way.
        let middle = i64::midpoint(
            self.timeline.start_nanos(key),
            self.timeline.start_nanos(key + 1),
        );
        self.source
            .seek(FrameIndex::new(key), middle)
            .context("cannot seek in the proxy")?;
        self.next = key;
        Ok(())
    }

    /// The frame with that number.
    ///
    /// # Errors
    /// When there is none, or the proxy is not what it was made as.
    pub(super) fn frame(&mut self, frame: u32) -> Result<Frame> {
        if frame >= self.frames() {
            bail!("there is no frame {frame}");
        }
        self.near(frame)?;
        loop {
            let Some(item) = self.source.next_item().context("cannot read the proxy")? else {
                bail!("the proxy ends before frame {frame}");
            };
            let MediaItem::Frame(found) = item else {
                continue;
            };
            self.check(&found)?;
            self.next = found.index.get() + 1;
            if found.index.get() == frame {
                return Ok(found);
            }
        }
    }

    /// `redactions` with the levels of the masks whose span `shows` says is shown, taken from the
    /// proxy as a render takes them from the recording.
    ///
    /// # Errors
    /// Those of [`Self::frame`].
    pub(super) fn with_levels(
        &mut self,
        redactions: Redactions,
        shows: impl Fn(FrameSpan) -> bool,
    ) -> Result<Redactions> {
        let mut levels = Vec::with_capacity(redactions.masks.len());
        for mask in &redactions.masks {
            levels.push(if shows(mask.span()) && mask.needs_levels() {
                let start = self.frame(mask.span().start().get())?;
                mask_levels(mask, &start.picture)
            } else {
                None
            });
        }
        Ok(redactions.with_levels(levels))
    }

    /// A frame's time must be the one that its number has.
    fn check(&self, frame: &Frame) -> Result<()> {
        let video = &self.info().video;
        let nanos = |at: redact_core::Timestamp| at.nanos(video.time_base).unwrap_or(i64::MAX);
        let found = nanos(frame.timestamp).saturating_sub(nanos(video.first_timestamp));
        let start = self.timeline.start_nanos(frame.index.get());
        let end = self.timeline.start_nanos(frame.index.get() + 1);
        if (found - start).abs() * 2 > (end - start).max(2) {
            bail!(
                "frame {} of the proxy has another time than the timeline says",
                frame.index
            );
        }
        Ok(())
    }

    /// Everything from `start` to `end`, pictures and sound, as a source of its own.
    ///
    /// # Errors
    /// Those of [`Self::frame`].
    pub(super) fn stretch(mut self, start: u32, end: u32) -> Result<Stretch> {
        self.near(start)?;
        let until_nanos = self.timeline.start_nanos(end);
        Ok(Stretch {
            source: self.source,
            start,
            end,
            from_nanos: self.timeline.start_nanos(start),
            until_nanos,
        })
    }
}

/// Part of a proxy: frames keep their numbers, sound its place.
pub(super) struct Stretch {
    source: FileSource,
    start: u32,
    end: u32,
    from_nanos: i64,
    until_nanos: i64,
}

impl Stretch {
    /// When it begins, nanoseconds since the recording's zero.
    pub(super) const fn begins_nanos(&self) -> i64 {
        self.from_nanos
    }
}

impl Source for Stretch {
    fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        while let Some(item) = self.source.next_item()? {
            match &item {
                MediaItem::Frame(frame) if frame.index.get() >= self.end => return Ok(None),
                MediaItem::Frame(frame) if frame.index.get() < self.start => {}
                MediaItem::Frame(_) => return Ok(Some(item)),
                MediaItem::Audio(block) => {
                    let nanos = |samples: i64| {
                        i128::from(samples) * 1_000_000_000 / i128::from(block.rate_hz.max(1))
                    };
                    let begins = nanos(block.start);
                    if begins >= i128::from(self.from_nanos)
                        && begins < i128::from(self.until_nanos)
                    {
                        return Ok(Some(item));
                    }
                }
                // Only a source that was asked for it delivers anything as it is coded.
                MediaItem::Coded(_) | MediaItem::CodedSound(_) => {}
            }
        }
        Ok(None)
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        self.source.diagnostics()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_tells_when_every_frame_begins() {
        let mut timeline = Timeline::new(TimeBase::new(1, 1000).unwrap());
        for ticks in [33, 33, 34, 33] {
            timeline.push(ticks);
        }
        assert_eq!(timeline.frames(), 4);
        let starts: Vec<i64> = (0..=4).map(|frame| timeline.start_nanos(frame)).collect();
        let millis = [0, 33, 66, 100, 133];
        assert_eq!(starts, millis.map(|millis: i64| millis * 1_000_000));
        assert_eq!(timeline.json()["runs"], json!([[2, 33], [1, 34], [1, 33]]));
    }
}
