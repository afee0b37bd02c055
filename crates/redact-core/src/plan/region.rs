//! What is hidden, where and when: masks over frames, mutes over time.

use super::effect::{Effect, MaskLevels};
use super::shape::Shape;
use crate::{FrameIndex, FrameSpan, NormRect, ReasonCode, TimeSpan, Track, TrackId};

/// The rectangle of a mask at one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keyframe {
    /// The frame.
    pub frame: FrameIndex,
    /// Where the mask is.
    pub rect: NormRect,
}

/// Where a mask comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaskOrigin {
    /// A track of the findings.
    Track(TrackId),
    /// Drawn by a person.
    Drawn,
    /// Damage of the recording.
    Damage,
}

/// A region of the picture to hide over a span of frames.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskRegion {
    id: String,
    origin: MaskOrigin,
    effect: Effect,
    reason: ReasonCode,
    span: FrameSpan,
    path: Vec<Keyframe>,
    levels: Option<MaskLevels>,
    shape: Option<Shape>,
}

impl MaskRegion {
    /// Makes a region; `None` unless `path` has a keyframe and its frames ascend within `span`.
    #[must_use]
    pub fn new(
        id: String,
        origin: MaskOrigin,
        effect: Effect,
        reason: ReasonCode,
        span: FrameSpan,
        path: Vec<Keyframe>,
    ) -> Option<Self> {
        let ascending = path.windows(2).all(|pair| pair[0].frame < pair[1].frame);
        let inside = path.iter().all(|keyframe| span.contains(keyframe.frame));
        (!path.is_empty() && ascending && inside).then_some(Self {
            id,
            origin,
            effect,
            reason,
            span,
            path,
            levels: None,
            shape: None,
        })
    }

    /// The region that hides `track` in all of its frames.
    #[must_use]
    pub fn from_track(track: &Track, effect: Effect, reason: ReasonCode) -> Self {
        let path = track
            .boxes()
            .iter()
            .map(|b| Keyframe {
                frame: b.frame,
                rect: b.rect,
            })
            .collect();
        Self {
            id: format!("{}-{}", track.class(), track.id()),
            origin: MaskOrigin::Track(track.id()),
            effect,
            reason,
            span: track.span(),
            path,
            levels: None,
            shape: None,
        }
    }

    /// The same mask with the outline `shape` instead of the whole rectangle; `None` unless it is
    /// filled. A blur or mosaic measures the cells of a rectangle, and its levels would tell what
    /// is outside of the outline.
    #[must_use]
    pub fn with_shape(self, shape: Option<Shape>) -> Option<Self> {
        (shape.is_none() || self.effect == Effect::Fill).then_some(Self { shape, ..self })
    }

    /// Its outline within its rectangle; `None` if it hides the whole rectangle.
    #[must_use]
    pub const fn shape(&self) -> Option<&Shape> {
        self.shape.as_ref()
    }

    /// Whether it hides the point `[x, y]` when it is at `rect`; both are fractions of the picture.
    #[must_use]
    pub fn hides(&self, rect: NormRect, [x, y]: [f32; 2]) -> bool {
        let [x_min, y_min, x_max, y_max] = rect.sides();
        (x_min..=x_max).contains(&x)
            && (y_min..=y_max).contains(&y)
            && (self.shape.as_ref()).is_none_or(|shape| shape.contains(rect, [x, y]))
    }

    /// The same mask under another ID.
    #[must_use]
    pub fn renamed(self, id: String) -> Self {
        Self { id, ..self }
    }

    /// The same mask over `span`, along `path`; `None` unless `path` has a keyframe and its frames
    /// ascend within `span`.
    #[must_use]
    pub fn with_path(self, span: FrameSpan, path: Vec<Keyframe>) -> Option<Self> {
        let (id, reason) = (self.id, self.reason);
        let made = Self::new(id, self.origin, self.effect, reason, span, path)?;
        Some(Self {
            levels: self.levels,
            shape: self.shape,
            ..made
        })
    }

    /// The same mask with `levels`, which count unless its effect is [`Effect::Fill`].
    #[must_use]
    pub fn with_levels(self, levels: Option<MaskLevels>) -> Self {
        Self { levels, ..self }
    }

    /// The levels that it shows in every frame. A mask without levels is filled black.
    #[must_use]
    pub fn levels(&self) -> Option<&MaskLevels> {
        self.levels.as_ref().filter(|_| self.effect != Effect::Fill)
    }

    /// Whether its effect needs levels that it does not have yet.
    #[must_use]
    pub fn needs_levels(&self) -> bool {
        self.effect != Effect::Fill && self.levels.is_none()
    }

    /// Its ID, unique within a plan.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it comes from.
    #[must_use]
    pub const fn origin(&self) -> MaskOrigin {
        self.origin
    }

    /// How it hides.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> &ReasonCode {
        &self.reason
    }

    /// The frames that it covers.
    #[must_use]
    pub const fn span(&self) -> FrameSpan {
        self.span
    }

    /// Keyframes, ascending; at least one.
    #[must_use]
    pub fn path(&self) -> &[Keyframe] {
        &self.path
    }

    /// Where the mask is in `frame`; `None` outside its span.
    ///
    /// Between keyframes each side moves linearly; before the first and after the last keyframe the
    /// rectangle does not move.
    #[must_use]
    pub fn rect_at(&self, frame: FrameIndex) -> Option<NormRect> {
        if !self.span.contains(frame) {
            return None;
        }
        let after = self
            .path
            .partition_point(|keyframe| keyframe.frame <= frame);
        let Some(before) = after.checked_sub(1).map(|index| self.path[index]) else {
            return Some(self.path[0].rect);
        };
        let Some(next) = self.path.get(after) else {
            return Some(before.rect);
        };
        if before.frame == frame {
            return Some(before.rect);
        }
        let run = f64::from(next.frame.get() - before.frame.get());
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of 0 to 1")]
        let at = (f64::from(frame.get() - before.frame.get()) / run) as f32;
        Some(before.rect.lerp(next.rect, at))
    }

    /// The same mask, `frames` frames later.
    #[must_use]
    pub fn moved_on(self, frames: u32) -> Self {
        let moved = |frame: FrameIndex| FrameIndex::new(frame.get().saturating_add(frames));
        let (start, end) = (moved(self.span.start()), moved(self.span.end()));
        let path = self.path.into_iter().map(|keyframe| Keyframe {
            frame: moved(keyframe.frame),
            ..keyframe
        });
        Self {
            span: FrameSpan::new(start, end).unwrap_or(self.span),
            path: path.collect(),
            ..self
        }
    }

    /// The part of the mask in `frames`, on a clock that starts with the first of them; `None` if
    /// it has none.
    ///
    /// It covers each of those frames exactly as before: next to a cut, every frame becomes a
    /// keyframe, because another line between two keyframes would be rounded differently.
    #[must_use]
    pub fn cut(&self, frames: FrameSpan) -> Option<Self> {
        let start = self.span.start().max(frames.start());
        let end = self.span.end().min(frames.end());
        let span = FrameSpan::new(start, end)?;
        let moved = |frame: FrameIndex| FrameIndex::new(frame.get() - frames.start().get());
        let inside = self.path.iter().filter(|k| span.contains(k.frame));
        let first = inside.clone().next().map_or(end, |k| k.frame);
        let last = inside.clone().next_back().map_or(end, |k| k.frame);
        let begins_before = self.path.first().is_some_and(|k| k.frame < start);
        let is_moving_on = self.path.last().is_some_and(|k| k.frame >= end);
        // Behind its last keyframe it does not move.
        let is_moving_into = begins_before && (first < end || is_moving_on);
        let is_needed = |frame: u32| {
            let frame = FrameIndex::new(frame);
            frame < first && is_moving_into || last < frame && is_moving_on
        };
        let mut path: Vec<Keyframe> = inside.copied().collect();
        let added = (start.get()..end.get()).filter(|&frame| is_needed(frame));
        path.extend(added.filter_map(|frame| {
            let frame = FrameIndex::new(frame);
            let rect = self.rect_at(frame)?;
            Some(Keyframe { frame, rect })
        }));
        if path.is_empty() {
            // It does not move here: before its first or after its last keyframe.
            let rect = self.rect_at(start)?;
            path.push(Keyframe { frame: start, rect });
        }
        path.sort_unstable_by_key(|keyframe| keyframe.frame);
        for keyframe in &mut path {
            keyframe.frame = moved(keyframe.frame);
        }
        Some(Self {
            span: FrameSpan::new(moved(start), moved(end))?,
            path,
            ..self.clone()
        })
    }
}

/// What replaces muted sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MuteStyle {
    /// Silence.
    #[default]
    Silence,
    /// A steady tone. It is rendered as silence: see
    /// [`crate::Redactions::preview`].
    Tone,
}

/// Which sound tracks a mute covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MuteStreams {
    /// Every sound track of the release.
    #[default]
    All,
    /// Only these, as indices into [`crate::SourceInfo::audio`].
    Only(Vec<usize>),
}

impl MuteStreams {
    /// Whether track `stream` is covered.
    #[must_use]
    pub fn contains(&self, stream: usize) -> bool {
        match self {
            Self::All => true,
            Self::Only(streams) => streams.contains(&stream),
        }
    }
}

/// A span of sound to mute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MuteRegion {
    /// Its ID, unique within a plan.
    pub id: String,
    /// The muted time, padding included.
    pub span: TimeSpan,
    /// The muted tracks.
    pub streams: MuteStreams,
    /// What replaces the sound.
    pub style: MuteStyle,
    /// Why.
    pub reason: ReasonCode,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cells;

    fn keyframe(frame: u32, x_min: f32) -> Keyframe {
        let rect = NormRect::new([x_min, 0.25, x_min + 0.25, 0.5]).unwrap();
        Keyframe {
            frame: FrameIndex::new(frame),
            rect,
        }
    }

    fn region(start: u32, end: u32, path: Vec<Keyframe>) -> Option<MaskRegion> {
        let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap();
        let reason = ReasonCode("privacy".into());
        MaskRegion::new(
            "m".into(),
            MaskOrigin::Drawn,
            Effect::Fill,
            reason,
            span,
            path,
        )
    }

    #[test]
    fn a_mask_covers_its_whole_span_and_moves_in_straight_lines() {
        let region = region(10, 31, vec![keyframe(12, 0.0), keyframe(20, 0.5)]).unwrap();
        let x_at = |frame| {
            region
                .rect_at(FrameIndex::new(frame))
                .map(|rect| rect.sides()[0])
        };
        assert_eq!(x_at(9), None);
        assert_eq!(x_at(10), Some(0.0));
        assert_eq!(x_at(16), Some(0.25));
        assert_eq!(x_at(20), Some(0.5));
        assert_eq!(x_at(30), Some(0.5));
        assert_eq!(x_at(31), None);
    }

    #[test]
    fn a_path_out_of_order_or_outside_its_span_is_refused() {
        assert!(region(0, 9, vec![]).is_none());
        assert!(region(0, 9, vec![keyframe(5, 0.0), keyframe(5, 0.1)]).is_none());
        assert!(region(0, 9, vec![keyframe(9, 0.0)]).is_none());
    }

    /// Goal: a cut mask hides in each remaining frame exactly what it hid before, to the last bit
    /// of every side. Control: of a path that is only clipped, some frames differ.
    #[test]
    fn a_cut_mask_covers_every_remaining_frame_as_before() {
        let paths = [
            vec![keyframe(12, 0.01), keyframe(19, 0.37), keyframe(31, 0.7)],
            vec![keyframe(10, 0.13)],
            vec![keyframe(39, 0.13)],
            vec![keyframe(11, 0.0), keyframe(38, 0.71)],
        ];
        let spans = (0..45).flat_map(|start| (start + 1..=45).map(move |end| (start, end)));
        for (path, (start, end)) in paths
            .iter()
            .flat_map(|p| spans.clone().map(move |s| (p, s)))
        {
            let whole = region(10, 40, path.clone()).unwrap();
            let frames = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap();
            let part = whole.cut(frames);
            for frame in start..end {
                let expected = whole.rect_at(FrameIndex::new(frame));
                let found = part
                    .as_ref()
                    .and_then(|part| part.rect_at(FrameIndex::new(frame - start)));
                assert_eq!(found, expected, "frame {frame} of {start} to {end}");
            }
            let is_inside = |keyframe: &Keyframe| keyframe.frame.get() < end - start;
            assert!(part.is_none_or(|part| part.path().iter().all(is_inside)));
        }
        let whole = region(10, 40, paths[3].clone()).unwrap();
        let clipped = region(10, 20, vec![keyframe(11, 0.0)]).unwrap();
        let at = FrameIndex::new(15);
        assert_ne!(clipped.rect_at(at), whole.rect_at(at));
    }

    /// Goal: only a filled mask has an outline, and it hides nothing outside of it; renamed, cut
    /// and moved, it keeps it.
    #[test]
    fn only_a_fill_has_an_outline() {
        let whole = region(0, 9, vec![keyframe(3, 0.0)]).unwrap();
        let rect = whole.path()[0].rect;
        let (corner, middle) = ([0.01, 0.26], rect.center());
        assert!(whole.hides(rect, corner) && whole.hides(rect, middle));
        let round = whole.clone().with_shape(Some(Shape::Ellipse)).unwrap();
        assert!(!round.hides(rect, corner) && round.hides(rect, middle));
        assert!(!round.hides(rect, [0.9, 0.9]));
        let blurred = Effect::Blur(Cells::MAX);
        let blurred = MaskRegion {
            effect: blurred,
            ..whole.clone()
        };
        assert!(blurred.clone().with_shape(None).is_some());
        assert!(blurred.with_shape(Some(Shape::Ellipse)).is_none());
        let frames = FrameSpan::new(FrameIndex::new(4), FrameIndex::new(6)).unwrap();
        let path = vec![keyframe(5, 0.5)];
        for same in [
            round.cut(frames).unwrap(),
            round.clone().moved_on(2),
            round.clone().renamed("other".into()),
            round.clone().with_path(frames, path).unwrap(),
        ] {
            assert_eq!(same.shape(), Some(&Shape::Ellipse));
        }
    }
}
