//! What is hidden, where and when: masks over frames, mutes over time.

use crate::{Class, FrameIndex, FrameSpan, NormRect, ReasonCode, TimeSpan, Track, TrackId};

/// Cells across the longer side of a blurred or pixelated region: 1 to 8.
///
/// McPherson, Shokri and Shmatikov, "Defeating Image Obfuscation with Deep Learning" (2016),
/// re-identified people in mosaics of finer grids. Fewer cells are no proof against recognition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cells(u8);

impl Cells {
    /// The most cells across.
    pub const MAX: Self = Self(8);

    /// Makes a cell count; `None` unless `1 <= across <= 8`.
    #[must_use]
    pub const fn new(across: u8) -> Option<Self> {
        if across >= 1 && across <= Self::MAX.0 {
            Some(Self(across))
        } else {
            None
        }
    }

    /// Cells across the longer side.
    #[must_use]
    pub const fn across(self) -> u8 {
        self.0
    }
}

/// How much of the hidden content is left in the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Nothing is left.
    Removed,
    /// A few levels are left, from which it may be recovered in part.
    Reduced,
}

impl Protection {
    /// Text for people: `removed`, or `reduced, may be recovered in part`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Reduced => "reduced, may be recovered in part",
        }
    }
}

/// How a region is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Black fill: nothing of the region is left.
    #[default]
    Fill,
    /// A mosaic of the mask's [`MaskLevels`].
    Pixelate(Cells),
    /// A smooth surface through the mask's [`MaskLevels`].
    Blur(Cells),
}

impl Effect {
    /// `fill`, `pixelate` or `blur`, as files spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Pixelate(_) => "pixelate",
            Self::Blur(_) => "blur",
        }
    }

    /// How much of a region it leaves.
    #[must_use]
    pub const fn protection(self) -> Protection {
        match self {
            Self::Fill => Protection::Removed,
            Self::Pixelate(_) | Self::Blur(_) => Protection::Reduced,
        }
    }

    /// Whether this effect may leave an object of `class` readable, so that only a policy can
    /// accept it.
    ///
    /// Text survives blur and mosaic better than faces do: see McPherson, Shokri and Shmatikov,
    /// "Defeating Image Obfuscation with Deep Learning" (2016).
    #[must_use]
    pub const fn is_weak_for(self, class: Class) -> bool {
        matches!(class, Class::Plate | Class::Screen) && !matches!(self, Self::Fill)
    }

    /// Whether this effect leaves more of a region than `other`: cells leave more than a fill, and
    /// more cells leave more than fewer.
    #[must_use]
    pub const fn is_weaker_than(self, other: Self) -> bool {
        self.cells_left() > other.cells_left()
    }

    /// Cells across that it leaves of a region; 0 for a fill.
    const fn cells_left(self) -> u8 {
        match self {
            Self::Fill => 0,
            Self::Pixelate(cells) | Self::Blur(cells) => cells.across(),
        }
    }
}

/// The cell levels of a blurred or pixelated mask, measured once, at its first frame, and shown in
/// all of its frames.
///
/// Measured in every frame, the cells of a shaky picture would sample a face at many offsets: from
/// 300 frames, detail of 0.3 to 0.5 cell was recovered with a correlation of 0.90. Measured once,
/// all frames together reveal no more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskLevels {
    across: u8,
    down: u8,
    planes: [Vec<u8>; 3],
}

impl MaskLevels {
    /// Number of levels per plane: 0 to 15.
    pub const COUNT: u8 = 16;

    /// Makes levels; `None` unless both sides are 1 to 8 cells and each plane (luma, blue and red
    /// difference) has one level of 0 to 15 per cell, row by row.
    #[must_use]
    pub fn new(across: u8, down: u8, planes: [Vec<u8>; 3]) -> Option<Self> {
        let sides = 1..=Cells::MAX.across();
        let cells = usize::from(across) * usize::from(down);
        let whole = |plane: &Vec<u8>| {
            plane.len() == cells && plane.iter().all(|&level| level < Self::COUNT)
        };
        let is_right = sides.contains(&across) && sides.contains(&down) && planes.iter().all(whole);
        is_right.then_some(Self {
            across,
            down,
            planes,
        })
    }

    /// Cells across.
    #[must_use]
    pub const fn across(&self) -> u8 {
        self.across
    }

    /// Cells down.
    #[must_use]
    pub const fn down(&self) -> u8 {
        self.down
    }

    /// Levels of luma, blue difference and red difference, row by row.
    #[must_use]
    pub const fn planes(&self) -> &[Vec<u8>; 3] {
        &self.planes
    }
}

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
        }
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

    #[test]
    fn more_than_eight_cells_cannot_be_asked_for() {
        assert!(Cells::new(0).is_none());
        assert!(Cells::new(8).is_some());
        assert!(Cells::new(9).is_none());
    }
}
