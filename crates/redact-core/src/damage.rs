//! Where a recording is damaged. Whatever cannot be decoded reliably is hidden whole and listed.
//!
//! A scan that continues past damage finds these spans, the plan carries them, and a render must
//! find exactly the same ones. Each becomes a mask or a mute that no edit of the plan can remove:
//! see [`crate::Redactions`].

use crate::{FrameSpan, TimeSpan};

/// How the damage was detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DamageCause {
    /// The container's data is corrupt, or it marks a packet as incomplete.
    Container,
    /// The decoder rejects the data.
    Undecodable,
    /// The decoder outputs a picture and marks it as damaged.
    Marked,
    /// Reference pictures are missing.
    Missing,
    /// A picture has no timestamp, or one that contradicts its neighbors'.
    Time,
}

impl DamageCause {
    /// Every cause.
    pub const ALL: [Self; 5] = [
        Self::Container,
        Self::Undecodable,
        Self::Marked,
        Self::Missing,
        Self::Time,
    ];

    /// `container`, `undecodable`, `marked`, `missing` or `time`, as files spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Undecodable => "undecodable",
            Self::Marked => "marked",
            Self::Missing => "missing",
            Self::Time => "time",
        }
    }

    /// A description for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Container => "the file's data is corrupt",
            Self::Undecodable => "the decoder rejects the data",
            Self::Marked => "the decoder marks it as damaged",
            Self::Missing => "reference pictures are missing",
            Self::Time => "timestamps contradict each other",
        }
    }
}

/// Damaged frames: from the first damaged one up to the next that decodes on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DamagedPictures {
    /// The frames.
    pub frames: FrameSpan,
    /// When they are shown.
    pub span: TimeSpan,
    /// The first cause found.
    pub cause: DamageCause,
}

/// A damaged span of a sound track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DamagedSound {
    /// Index into [`crate::SourceInfo::audio`].
    pub stream: usize,
    /// The damaged time, padding included.
    pub span: TimeSpan,
    /// The first cause found.
    pub cause: DamageCause,
}

/// All damage in a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Damaged pictures in order; spans do not touch.
    pub pictures: Vec<DamagedPictures>,
    /// Damaged sound, ordered by track and time; spans of a track do not touch.
    pub sound: Vec<DamagedSound>,
}

impl Damage {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty() && self.sound.is_empty()
    }

    /// Describes the first difference between this damage, as declared, and `found`; `None` if
    /// they agree.
    ///
    /// Causes are not compared: another decoder version may report the same damage differently.
    #[must_use]
    pub fn difference(&self, found: &Self) -> Option<String> {
        let pictures = |damage: &Self| -> Vec<(u32, u32)> {
            let spans = damage.pictures.iter().map(|damaged| damaged.frames);
            spans
                .map(|span| (span.start().get(), span.end().get()))
                .collect()
        };
        let sound = |damage: &Self| -> Vec<(usize, TimeSpan)> {
            let sound = damage.sound.iter();
            sound
                .map(|damaged| (damaged.stream, damaged.span))
                .collect()
        };
        if let Some((here, there)) = first_difference(&pictures(self), &pictures(found)) {
            let text = |span: Option<(u32, u32)>| {
                span.map_or_else(
                    || "no more".to_owned(),
                    |(start, end)| format!("frames {start} to {}", end - 1),
                )
            };
            let (here, there) = (text(here), text(there));
            return Some(format!("damaged pictures: {here} declared, {there} found"));
        }
        let (here, there) = first_difference(&sound(self), &sound(found))?;
        let text = |sound: Option<(usize, TimeSpan)>| {
            sound.map_or_else(
                || "no more".to_owned(),
                |(stream, span)| {
                    let millis = |nanos: i64| nanos.div_euclid(1_000_000);
                    let (start, end) = (millis(span.start_nanos()), millis(span.end_nanos()));
                    format!("track {stream} from {start} to {end} ms")
                },
            )
        };
        let (here, there) = (text(here), text(there));
        Some(format!("damaged sound: {here} declared, {there} found"))
    }
}

/// The first entries in which two lists differ; `None` where a list has ended.
fn first_difference<T: Copy + PartialEq>(a: &[T], b: &[T]) -> Option<(Option<T>, Option<T>)> {
    (0..a.len().max(b.len()))
        .map(|at| (a.get(at).copied(), b.get(at).copied()))
        .find(|(a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FrameIndex;

    fn pictures(start: u32, end: u32) -> DamagedPictures {
        DamagedPictures {
            frames: FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap(),
            span: TimeSpan::new(i64::from(start), i64::from(end)).unwrap(),
            cause: DamageCause::Marked,
        }
    }

    #[test]
    fn the_first_difference_is_named_and_causes_do_not_count() {
        let of = |pictures| Damage {
            pictures,
            sound: Vec::new(),
        };
        let mut other = pictures(2, 5);
        other.cause = DamageCause::Time;
        assert_eq!(of(vec![pictures(2, 5)]).difference(&of(vec![other])), None);
        let said = of(vec![pictures(2, 5)]).difference(&of(Vec::new()));
        let expected = "damaged pictures: frames 2 to 4 declared, no more found";
        assert_eq!(said.as_deref(), Some(expected));
    }
}
