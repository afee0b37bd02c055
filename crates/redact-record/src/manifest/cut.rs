//! Items of a release in one part of it: cut to the part, and counted from its beginning.

use redact_core::{Excerpt, FrameIndex, FrameSpan, MuteStreams, TimeBase, Timestamp};

use super::items::{Coverage, MaskItem, MuteItem};
use super::part::PartFacts;
use super::public::PublicManifest;
use super::{DamagedItem, OneLine, SecondLook, Seconds, SoundTracks, StillSeen};
use crate::RecordError;
use crate::file::plan::keyframe_row;

/// What of a release's time a part has.
pub(super) struct Window<'a> {
    facts: &'a PartFacts<'a>,
    base: TimeBase,
    /// Ticks of the source per tick of the release: numerator and denominator.
    source_ticks: (i128, i128),
    first_tick: i64,
    excerpt: Option<Excerpt>,
    /// Start and end of its pictures, in nanoseconds from the release's first frame.
    pictures: (i64, i64),
    /// The same of its pictures and sound; open at the ends of the release.
    all: (i64, i64),
}

impl<'a> Window<'a> {
    pub(super) fn new(
        whole: &PublicManifest,
        facts: &'a PartFacts<'a>,
    ) -> Result<Self, RecordError> {
        let base = time_base(facts.clock_base)?;
        let source = time_base(whole.source.seconds_per_tick.0)?;
        let part = |base: TimeBase| (i128::from(base.num.get()), i128::from(base.den.get()));
        let ((num, den), (source_num, source_den)) = (part(base), part(source));
        let mut window = Self {
            facts,
            base,
            source_ticks: (num * source_den, den * source_num),
            first_tick: whole.source.first_tick,
            excerpt: whole.excerpt()?,
            pictures: (0, 0),
            all: (i64::MIN, i64::MAX),
        };
        let (start, end) = (facts.frames.start().get(), facts.frames.end().get());
        window.pictures = (window.nanos(start)?, window.nanos(end)?);
        let sounds = || facts.sound.iter();
        let nanos = |sample: i64, rate_hz: u32| {
            let nanos = i128::from(sample) * 1_000_000_000 / i128::from(rate_hz.max(1));
            i64::try_from(nanos)
                .unwrap_or(0)
                .saturating_add(window.pictures.0)
        };
        let (mut from, mut until) = window.pictures;
        for sound in sounds() {
            from = from.min(nanos(sound.samples.0, sound.rate_hz));
            until = until.max(nanos(sound.samples.1, sound.rate_hz).saturating_add(1));
        }
        if start > 0 {
            window.all.0 = from;
        }
        if end < whole.totals.frames {
            window.all.1 = until;
        }
        Ok(window)
    }

    /// Time of a frame of the release, in nanoseconds from its first.
    fn nanos(&self, frame: u32) -> Result<i64, RecordError> {
        let clock = self.facts.clock;
        let at = || {
            let since = clock
                .at(frame)?
                .ticks()
                .checked_sub(clock.first().ticks())?;
            Timestamp::new(since).nanos(self.base)
        };
        at().ok_or_else(|| {
            let field = format!("time of frame {frame}");
            RecordError::field(field, "a time out of range", "a time within 292 years")
        })
    }

    /// Time of a frame of the release, from the part's first.
    pub(super) fn at(&self, frame: u32) -> Result<Seconds, RecordError> {
        Ok(Seconds(self.nanos(frame)?.saturating_sub(self.pictures.0)))
    }

    /// Start and end of its pictures in the release.
    pub(super) const fn seconds(&self) -> (Seconds, Seconds) {
        (Seconds(self.pictures.0), Seconds(self.pictures.1))
    }

    /// Start and end of its pictures in ticks of the source.
    pub(super) fn source_ticks(&self) -> (i64, i64) {
        let frames = self.facts.frames;
        (
            self.source_tick(frames.start().get()),
            self.source_tick(frames.end().get()),
        )
    }

    /// Time of a frame of the release in ticks of the source.
    fn source_tick(&self, frame: u32) -> i64 {
        let clock = self.facts.clock;
        let at = clock.at(frame).unwrap_or_default().ticks();
        let since = i128::from(at.saturating_sub(clock.first().ticks()));
        let (num, den) = self.source_ticks;
        let ticks = (since * num + den / 2).div_euclid(den);
        let ticks = i64::try_from(ticks).unwrap_or(0);
        match &self.excerpt {
            None => self.first_tick.saturating_add(ticks),
            Some(excerpt) => excerpt.source_tick(excerpt.ticks().0.saturating_add(ticks)),
        }
    }

    /// The part's track that has track `track` of the release.
    fn track(&self, track: usize) -> Option<u32> {
        let mut sounds = (0..).zip(self.facts.sound);
        let found = sounds.find(|(_, sound)| sound.track as usize == track);
        found.map(|(own, _)| own)
    }
}

fn time_base((num, den): (u32, u32)) -> Result<TimeBase, RecordError> {
    let part = |value: u32| value.try_into().ok();
    part(num)
        .zip(part(den))
        .map(|(num, den)| TimeBase { num, den })
        .ok_or_else(|| RecordError::field("seconds_per_tick", format!("{num}/{den}"), "not 0"))
}

/// Masks of the part, each with its number in the release.
pub(super) fn cut_masks(
    whole: &PublicManifest,
    window: &Window<'_>,
) -> Result<Vec<(u32, MaskItem)>, RecordError> {
    let frames = window.facts.frames;
    let first = frames.start().get();
    let mut cut = Vec::new();
    for (mask, region) in whole.masks.iter().zip(whole.redactions()?.masks) {
        let Some(part) = region.cut(frames) else {
            continue;
        };
        let (start, end) = (part.span().start().get(), part.span().end().get());
        let (in_start, in_end) = (start + first, end + first);
        let made = MaskItem {
            item: number(cut.len()),
            coverage: mask
                .coverage
                .map(|OneLine(coverage)| OneLine(cut_coverage(coverage, frames))),
            frames: OneLine((start, end)),
            source_ticks: OneLine((window.source_tick(in_start), window.source_tick(in_end))),
            release_seconds: OneLine((window.at(in_start)?, window.at(in_end)?)),
            geometry: part.path().iter().map(keyframe_row).collect(),
            ..mask.clone()
        };
        cut.push((mask.item, made));
    }
    Ok(cut)
}

fn number(before: usize) -> u32 {
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

/// Places within the part; the counts are those of the whole mask.
fn cut_coverage(coverage: Coverage, frames: FrameSpan) -> Coverage {
    let place = |frame: u32| {
        let last = frames.end().get() - 1;
        frame.clamp(frames.start().get(), last) - frames.start().get()
    };
    Coverage {
        first_seen: coverage.first_seen.map(place),
        last_seen: coverage.last_seen.map(place),
        ..coverage
    }
}

/// Mutes of the part, each with its number in the release; `masks` masks precede them.
pub(super) fn cut_mutes(
    whole: &PublicManifest,
    window: &Window<'_>,
    masks: usize,
) -> Vec<(u32, MuteItem)> {
    let mut cut: Vec<(u32, MuteItem)> = Vec::new();
    for mute in &whole.mutes {
        let (Seconds(from), Seconds(until)) = mute.release_seconds.0;
        let (start, end) = (from.max(window.all.0), until.min(window.all.1));
        let streams = match &mute.sound_tracks.0 {
            MuteStreams::All => Some(MuteStreams::All),
            MuteStreams::Only(tracks) => {
                let own = tracks.iter().filter_map(|&track| window.track(track));
                let own: Vec<usize> = own.map(|track| track as usize).collect();
                (!own.is_empty()).then_some(MuteStreams::Only(own))
            }
        };
        let Some(streams) = streams.filter(|_| start < end) else {
            continue;
        };
        let zero = window.pictures.0;
        let is_whole = (start, end) == (from, until);
        let source = mute.source_seconds.0;
        let measured = mute.measured.iter().filter_map(|OneLine(level)| {
            let track = window.track(level.track as usize)?;
            is_whole.then_some(OneLine(super::MuteLevel { track, ..*level }))
        });
        let made = MuteItem {
            item: number(masks + cut.len()),
            release_seconds: OneLine((Seconds(start - zero), Seconds(end - zero))),
            source_seconds: OneLine((
                Seconds(source.0.0.saturating_add(start - from)),
                Seconds(source.1.0.saturating_sub(until - end)),
            )),
            sound_tracks: SoundTracks(streams),
            measured: measured.collect(),
            ..mute.clone()
        };
        cut.push((mute.item, made));
    }
    cut
}

/// The damage that the part's masks and mutes hide.
pub(super) fn cut_damaged(
    whole: &PublicManifest,
    masks: &[(u32, MaskItem)],
    mutes: &[(u32, MuteItem)],
    window: &Window<'_>,
) -> Vec<OneLine<DamagedItem>> {
    let damaged = whole.damaged.iter().filter_map(|OneLine(known)| {
        if known.frames.is_some() {
            let (_, mask) = masks.iter().find(|(item, _)| *item == known.item)?;
            return Some(OneLine(DamagedItem {
                item: mask.item,
                frames: Some(mask.frames.0),
                release_seconds: mask.release_seconds.0,
                ..known.clone()
            }));
        }
        let (_, mute) = mutes.iter().find(|(item, _)| *item == known.item)?;
        let track = window.track(known.sound_track? as usize)?;
        Some(OneLine(DamagedItem {
            item: mute.item,
            sound_track: Some(track),
            release_seconds: mute.release_seconds.0,
            ..known.clone()
        }))
    });
    damaged.collect()
}

/// What the second look found in the part.
pub(super) fn cut_second_look(look: &SecondLook, frames: FrameSpan) -> SecondLook {
    let span = |(start, end): (u32, u32)| {
        let own = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end))?;
        let from = own.start().max(frames.start());
        let until = own.end().min(frames.end());
        FrameSpan::new(from, until)?.moved_back(frames.start().get())
    };
    let seen = look.seen.iter().filter_map(|OneLine(seen)| {
        let cut = span(seen.frames)?;
        Some(OneLine(StillSeen {
            frames: (cut.start().get(), cut.end().get()),
            ..*seen
        }))
    });
    SecondLook {
        models: look.models.clone(),
        frames: frames.frames(),
        seen: seen.collect(),
        accepted: look.accepted,
    }
}
