//! Locations and times of a track's samples, and whether its edit list shows all of them.
//!
//! Source: ISO/IEC 14496-12, 8.6 (times), 8.7 (locations).

use super::boxes::{Atom, Fields, Malformed, malformed};

/// Most samples of all tracks: a day at 60 frames/s with sound has about ten million.
pub(crate) const SAMPLES_MAX: u64 = 40_000_000;

/// A sample's bytes in the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) bytes: u32,
}

/// The tables of one track, as found.
#[derive(Default)]
pub(crate) struct Tables<'a> {
    times: Option<Atom<'a>>,
    offsets: Option<Atom<'a>>,
    chunks: Option<Atom<'a>>,
    sizes: Option<Atom<'a>>,
    places: Option<Atom<'a>>,
    keys: Option<Atom<'a>>,
}

impl<'a> Tables<'a> {
    /// Stores a table; `false` if there is already one of its type.
    pub(crate) fn store(&mut self, atom: Atom<'a>) -> bool {
        let slot = match &atom.kind {
            b"stts" => &mut self.times,
            b"ctts" => &mut self.offsets,
            b"stsc" => &mut self.chunks,
            b"stsz" => &mut self.sizes,
            b"stss" => &mut self.keys,
            _ => &mut self.places,
        };
        slot.replace(atom).is_none()
    }

    /// Sizes of the samples in decoding order; `budget` is the remainder of [`SAMPLES_MAX`].
    fn sizes(&self, budget: u64) -> Result<Vec<u32>, Malformed> {
        let atom = self
            .sizes
            .ok_or_else(|| malformed("track without sample sizes", 0))?;
        let bad = || malformed("malformed table of sample sizes", atom.offset);
        let mut fields = Fields::new(atom.body);
        let (fixed, count) = (|| {
            let plain = fields.version_and_flags()? == (0, 0);
            plain.then_some((fields.u32()?, fields.u32()?))
        })()
        .ok_or_else(bad)?;
        if u64::from(count) > budget {
            return Err(malformed("more samples than can be checked", atom.offset));
        }
        if fixed != 0 {
            let whole = fields.rest().is_empty();
            return if whole {
                Ok(vec![fixed; count as usize])
            } else {
                Err(bad())
            };
        }
        let sizes = words(fields.rest());
        if sizes.contains(&0) {
            return Err(malformed("an empty sample", atom.offset));
        }
        if sizes.len() == count as usize && fields.rest().len().is_multiple_of(4) {
            Ok(sizes)
        } else {
            Err(bad())
        }
    }

    /// Places of the samples in decoding order.
    pub(crate) fn places(&self, budget: u64) -> Result<Vec<Place>, Malformed> {
        let sizes = self.sizes(budget)?;
        let chunk_offsets = self.chunk_offsets()?;
        let runs = self.chunk_runs(chunk_offsets.len())?;
        let mut places = Vec::with_capacity(sizes.len());
        let mut left = sizes.iter();
        for (chunk, offset) in chunk_offsets.iter().enumerate() {
            // The last run that starts at or before this chunk, numbered from 1.
            let after = runs.partition_point(|run| (run.0 as usize) <= chunk + 1);
            let Some(run) = after.checked_sub(1).and_then(|i| runs.get(i)) else {
                return Err(malformed("chunk without a sample count", *offset));
            };
            let mut at = *offset;
            if run.1 as usize > left.len() {
                return Err(malformed("chunk without samples", *offset));
            }
            for bytes in left.by_ref().take(run.1 as usize) {
                places.push(Place {
                    offset: at,
                    bytes: *bytes,
                });
                at = at.saturating_add(u64::from(*bytes));
            }
        }
        if left.next().is_some() || places.len() != sizes.len() {
            return Err(malformed("samples without a chunk", 0));
        }
        Ok(places)
    }

    fn chunk_offsets(&self) -> Result<Vec<u64>, Malformed> {
        let atom = self
            .places
            .ok_or_else(|| malformed("track without chunk offsets", 0))?;
        let bad = || malformed("malformed table of chunk offsets", atom.offset);
        let mut fields = Fields::new(atom.body);
        let plain = fields.version_and_flags() == Some((0, 0));
        let count = fields.u32().filter(|_| plain).ok_or_else(bad)? as usize;
        let wide = &atom.kind == b"co64";
        let width = if wide { 8 } else { 4 };
        if fields.rest().len() != count.saturating_mul(width) {
            return Err(bad());
        }
        Ok(fields
            .rest()
            .chunks_exact(width)
            .map(|bytes| {
                bytes
                    .iter()
                    .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
            })
            .collect())
    }

    /// `(first chunk from 1, samples per chunk)`. Each run applies to at least one of the `chunks`.
    fn chunk_runs(&self, chunks: usize) -> Result<Vec<(u32, u32)>, Malformed> {
        let atom = self
            .chunks
            .ok_or_else(|| malformed("track without a chunk table", 0))?;
        let bad = || malformed("malformed chunk table", atom.offset);
        let words = counted_words(atom, 3).ok_or_else(bad)?;
        // The third word is the sample description index; there is only one.
        let useful =
            |run: &[u32]| run[0] >= 1 && run[0] as usize <= chunks && run[1] >= 1 && run[2] == 1;
        if !words.chunks_exact(3).all(useful) {
            return Err(bad());
        }
        let runs: Vec<(u32, u32)> = words.chunks_exact(3).map(|run| (run[0], run[1])).collect();
        let rising = runs.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if rising { Ok(runs) } else { Err(bad()) }
    }

    /// Key frames are samples, each named once.
    fn check_keys(&self, samples: usize) -> Result<(), Malformed> {
        let Some(atom) = self.keys else {
            return Ok(());
        };
        let bad = || malformed("malformed table of key frames", atom.offset);
        let words = counted_words(atom, 1).ok_or_else(bad)?;
        let rising = words.windows(2).all(|pair| pair[0] < pair[1]);
        let within = words
            .iter()
            .all(|word| (1..=samples).contains(&(*word as usize)));
        if rising && within { Ok(()) } else { Err(bad()) }
    }

    /// Numbers of the key frames, from 1, ascending; `None` where every sample is one.
    pub(crate) fn keys(&self) -> Option<Vec<u32>> {
        self.keys
            .map(|atom| counted_words(atom, 1).unwrap_or_default())
    }

    /// Presentation time of each of `samples`, in ticks of the track, all different; and the total
    /// duration.
    pub(crate) fn shown_at(&self, samples: usize) -> Result<(Vec<i64>, u64), Malformed> {
        self.check_keys(samples)?;
        let atom = self
            .times
            .ok_or_else(|| malformed("track without decoding times", 0))?;
        let bad = || malformed("malformed table of decoding times", atom.offset);
        let mut shown = Vec::with_capacity(samples);
        let mut now = 0_i64;
        for run in counted_words(atom, 2).ok_or_else(bad)?.chunks_exact(2) {
            let left = samples - shown.len();
            // Only the last sample may have no duration, because none follows it.
            let still = run[1] == 0 && (run[0], left) != (1, 1);
            if run[0] == 0 || still || run[0] as usize > left {
                return Err(bad());
            }
            for _ in 0..run[0] {
                shown.push(now);
                now = now.saturating_add(i64::from(run[1]));
            }
        }
        if shown.len() != samples {
            return Err(bad());
        }
        if let Some(atom) = self.offsets {
            let bad = || malformed("malformed table of composition offsets", atom.offset);
            let version = atom.body.first().copied().unwrap_or(0);
            let mut targets = shown.iter_mut();
            for run in counted_words(atom, 2).ok_or_else(bad)?.chunks_exact(2) {
                if run[0] == 0 {
                    return Err(bad());
                }
                let signed = i64::from(i32::from_be_bytes(run[1].to_be_bytes()));
                let offset = if version == 0 {
                    i64::from(run[1])
                } else {
                    signed
                };
                for _ in 0..run[0] {
                    let target = targets.next().ok_or_else(bad)?;
                    *target = target.saturating_add(offset);
                }
            }
            if targets.next().is_some() {
                return Err(bad());
            }
            let mut sorted = shown.clone();
            sorted.sort_unstable();
            if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(malformed(
                    "two samples with one presentation time",
                    atom.offset,
                ));
            }
        }
        Ok((shown, u64::try_from(now).unwrap_or(0)))
    }
}

/// The words after version, flags and a count of entries of `per_entry` words each.
pub(crate) fn counted_words(atom: Atom<'_>, per_entry: usize) -> Option<Vec<u32>> {
    let mut fields = Fields::new(atom.body);
    let (version, flags) = fields.version_and_flags()?;
    if flags != 0 || version > u8::from(&atom.kind == b"ctts") {
        return None;
    }
    let count = fields.u32()? as usize;
    let fits = fields.rest().len() == count.checked_mul(per_entry * 4)?;
    fits.then(|| words(fields.rest()))
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks_exact(4)
        .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
        .collect()
}

/// The edit list of a track.
pub(crate) struct Edits {
    /// Start in ticks of the track; `None` if everything is shown.
    window: Option<(i64, i64)>,
    /// Declared duration, and that of an empty edit before it, in ticks of the movie.
    lengths: (u64, u64),
    /// Whether there are several edits, or one at another rate.
    pub(crate) tricky: bool,
}

impl Edits {
    /// Everything is shown.
    pub(crate) const ALL: Self = Self {
        window: None,
        lengths: (0, 0),
        tricky: false,
    };

    /// Parses an `elst`, with durations in `movie_scale` and starts in `track_scale`.
    pub(crate) fn read(atom: Atom<'_>, movie_scale: u32, track_scale: u32) -> Option<Self> {
        let mut fields = Fields::new(atom.body);
        let (version, flags) = fields.version_and_flags()?;
        if version > 1 || flags != 0 {
            return None;
        }
        let (mut edits, mut stretches, mut pauses) = (Self::ALL, 0, 0);
        for _ in 0..fields.u32()? {
            let duration = fields.wide(version)?;
            let start = fields.wide(version)?;
            let empty = if version == 1 {
                start == u64::MAX
            } else {
                start == u64::from(u32::MAX)
            };
            let rate = fields.u32()?;
            if empty {
                // One empty edit is allowed, before the first other edit.
                pauses += 1;
                edits.lengths.1 = duration;
                edits.tricky |= stretches > 0 || pauses > 1 || rate != 0x0001_0000;
                continue;
            }
            stretches += 1;
            edits.tricky |= stretches > 1 || rate != 0x0001_0000;
            let length = u128::from(duration) * u128::from(track_scale);
            // One more tick of the movie: its durations are rounded.
            let length =
                (length + u128::from(track_scale)).div_ceil(u128::from(movie_scale.max(1)));
            let start = i64::try_from(start).ok()?;
            let end = start.saturating_add(i64::try_from(length).unwrap_or(i64::MAX));
            edits.window = Some((start, end));
            edits.lengths.0 = duration;
        }
        edits.tricky |= stretches == 0;
        fields.rest().is_empty().then_some(edits)
    }

    /// The edit: its start in ticks of the track, its duration and that of an empty edit before it
    /// in ticks of the movie; `None` if everything is shown.
    pub(crate) fn stretch(&self) -> Option<(i64, u64, u64)> {
        let (duration, pause) = self.lengths;
        self.window.map(|(start, _)| (start, duration, pause))
    }

    /// How many samples are shown; one that starts up to `slack` ticks early counts.
    pub(crate) fn shown(&self, times: &[i64], slack: i64) -> usize {
        let Some((start, end)) = self.window else {
            return times.len();
        };
        times
            .iter()
            .filter(|at| **at >= start.saturating_sub(slack) && **at < end)
            .count()
    }
}
