//! Which GOPs and sound tracks of a recording are copied, and which are re-encoded (smart
//! rendering).

use std::collections::BTreeSet;
use std::sync::Arc;

use redact_bitstream::h264::avcc::AvcConfig;
use redact_core::{Digest, FrameIndex, FrameSpan, SourceInfo, Timestamp};

use crate::cached_segment::SegmentCache;
use crate::ffi;

/// Touched groups that begin in the same stretch of this many frames share an encoder. It depends
/// on the recording alone, so that a change of the plan moves no other run.
const RUN_FRAMES: u32 = 64;

/// Why nothing of the pictures is copied where everything could be.
const ALL_TOUCHED: &str = "masks touch every group of pictures";

/// Largest reordering of frames that an encoder is allowed.
pub(crate) const REORDER_MAX: usize = 2;

/// The groups of pictures of a video stream.
#[derive(Clone, Debug)]
pub(crate) struct Pictures {
    pub(crate) config: AvcConfig,
    /// Decoding times in the order of packets, ticks.
    pub(crate) dts: Vec<i64>,
    /// Presentation times, sorted, ticks: the times of frames.
    pub(crate) pts: Vec<i64>,
    /// When the last frame ends, ticks.
    pub(crate) end: i64,
    pub(crate) groups: Vec<Gop>,
    /// Frames by which packets may be out of order, at most [`REORDER_MAX`].
    pub(crate) reorder: usize,
    /// Whether packets repeat parameter sets: who finds some looks for no others in the header.
    pub(crate) repeats_sets: bool,
}

/// A closed group of pictures: what is decoded from one IDR picture on.
#[derive(Clone, Debug)]
pub(crate) struct Gop {
    pub(crate) frames: FrameSpan,
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
    /// The same with when its pictures are shown: see
    /// [`redact_bitstream::h264::gop_digest::timed_digest`].
    pub(crate) timed: Digest,
    /// Picture parameter sets that it is decoded with (`pps_id`), at their first use.
    pub(crate) sets: Vec<u32>,
    pub(crate) sei: u32,
    pub(crate) filler: u32,
    /// Why it is not copied although nothing touches it.
    pub(crate) refused: Option<String>,
    pub(crate) action: GopAction,
}

/// What becomes of a GOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GopAction {
    /// It is decoded and re-encoded.
    Reencode,
    /// Its packets are copied.
    Copy,
    /// Its packets are copied, and its first picture is decoded as well, to show that a decoder
    /// finds its way from the pictures before it.
    CopyAndDecodeFirst,
    /// The segment cache has the pictures that an earlier render made of it.
    Cached,
}

impl Gop {
    /// Whether its packets are copied.
    pub(crate) const fn is_copied(&self) -> bool {
        matches!(self.action, GopAction::Copy | GopAction::CopyAndDecodeFirst)
    }
}

/// What is copied of a recording and what is re-encoded, and why.
#[derive(Clone)]
pub struct CopyPlan(Arc<Inner>);

struct Inner {
    info: SourceInfo,
    tags: ffi::ColorTags,
    pictures: Result<Arc<Pictures>, String>,
    sound: Vec<Result<SoundForm, String>>,
    store: Option<Arc<dyn SegmentCache>>,
}

/// A group of pictures that is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedGop {
    /// Its frames.
    pub frames: FrameSpan,
    /// SHA-256 over its coded pictures and the parameters that they are decoded with.
    pub digest: Digest,
    /// SEI NAL units that are taken out.
    pub sei: u32,
    /// NAL units of filler data that are taken out.
    pub filler: u32,
}

/// How a track that is copied is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SoundForm {
    /// The decoder's configuration.
    pub(crate) config: Vec<u8>,
    pub(crate) rate_hz: u32,
    pub(crate) channels: u16,
    /// SHA-256 over the packets, each behind its length in four bytes.
    pub(crate) digest: Digest,
}

impl CopyPlan {
    /// A plan of what an analysis found; `pictures` and `sound` say why where nothing is copied.
    pub(crate) fn new(
        info: SourceInfo,
        tags: ffi::ColorTags,
        pictures: Result<Pictures, String>,
        sound: Vec<Result<SoundForm, String>>,
    ) -> Self {
        Self(Arc::new(Inner {
            info,
            tags,
            pictures: pictures.map(Arc::new),
            sound,
            store: None,
        }))
    }

    /// The groups that are copied, in order; empty when all pictures are re-encoded.
    #[must_use]
    pub fn copied_groups(&self) -> Vec<CopiedGop> {
        let groups = self.pictures().map_or(&[][..], |pictures| &pictures.groups);
        groups
            .iter()
            .filter(|group| group.is_copied())
            .map(|group| CopiedGop {
                frames: group.frames,
                digest: group.digest,
                sei: group.sei,
                filler: group.filler,
            })
            .collect()
    }

    /// Why all pictures are re-encoded, if they are.
    #[must_use]
    pub fn pictures_refused(&self) -> Option<&str> {
        match &self.0.pictures {
            Err(why) => Some(why),
            Ok(pictures) if pictures.groups.iter().all(|group| !group.is_copied()) => {
                let mut refused = pictures.groups.iter().filter_map(|g| g.refused.as_deref());
                Some(refused.next().unwrap_or(ALL_TOUCHED))
            }
            Ok(_) => None,
        }
    }

    /// Frames that are re-encoded although nothing touches them, where others are copied, and
    /// why the first of them are.
    #[must_use]
    pub fn untouched_refused(&self) -> Option<(u32, &str)> {
        let groups = &self.pictures()?.groups;
        let refused = || groups.iter().filter(|group| group.refused.is_some());
        let frames = refused().map(|group| group.frames.frames()).sum();
        Some((frames, refused().next()?.refused.as_deref()?))
    }

    /// The runs of frames that are re-encoded, each on its own, in order; none where the
    /// recording's groups are not understood and all of it is one run.
    #[must_use]
    pub fn runs(&self) -> Vec<FrameSpan> {
        let (mut runs, mut at) = (Vec::new(), 0);
        let Some(pictures) = self.pictures() else {
            return runs;
        };
        while let Some(group) = pictures.group_at(at) {
            at = group.frames.end().get();
            if !group.is_copied() {
                at = pictures.run_end(group.frames.start().get());
                runs.extend(FrameSpan::new(group.frames.start(), FrameIndex::new(at)));
            }
        }
        runs
    }

    /// The same with a place where runs are kept. Runs of which `is_kept` says so are taken from
    /// there, all others are put there when they are encoded.
    #[must_use]
    pub fn with_cache(
        &self,
        store: Arc<dyn SegmentCache>,
        is_kept: impl Fn(FrameSpan) -> bool,
    ) -> Self {
        let runs = self.runs();
        let kept: Vec<FrameSpan> = runs.into_iter().filter(|run| is_kept(*run)).collect();
        let mut made = self.changed(|group| {
            if !group.is_copied() && kept.iter().any(|run| within(group.frames, *run)) {
                group.action = GopAction::Cached;
            }
        });
        made.store = Some(store);
        Self(Arc::new(made))
    }

    /// The same for a comparison: sound is decoded, and of the pictures all but what is copied and
    /// what `is_known` says is known.
    ///
    /// A copied group with other parameter sets than the copied group before it is decoded as well:
    /// only a decoder shows that it finds its way from one configuration to the next.
    #[must_use]
    pub fn to_compare(&self, is_known: impl Fn(FrameSpan) -> bool) -> Self {
        let mut sets: Option<Vec<u32>> = None;
        let mut made = self.changed(|group| {
            let is_copied = group.is_copied();
            let is_switch = is_copied && sets.as_ref().is_some_and(|sets| *sets != group.sets);
            if is_copied {
                sets = Some(group.sets.clone());
            }
            group.action = if is_copied && !is_switch || is_known(group.frames) {
                GopAction::Copy
            } else {
                GopAction::Reencode
            };
        });
        let decoded = || Err("it is compared by ear".to_owned());
        made.sound = made.sound.iter().map(|_| decoded()).collect();
        Self(Arc::new(made))
    }

    fn changed(&self, mut change: impl FnMut(&mut Gop)) -> Inner {
        let pictures = self.0.pictures.as_ref().map(|pictures| {
            let mut pictures = Pictures::clone(pictures);
            pictures.groups.iter_mut().for_each(&mut change);
            Arc::new(pictures)
        });
        Inner {
            info: self.0.info.clone(),
            tags: self.0.tags,
            pictures: pictures.map_err(Clone::clone),
            sound: self.0.sound.clone(),
            store: self.0.store.clone(),
        }
    }

    /// SHA-256 over the packets of sound track `track`, each behind its length in four bytes.
    ///
    /// # Errors
    /// Why it is re-encoded, if it is.
    pub fn sound_copied(&self, track: usize) -> Result<Digest, &str> {
        match self.0.sound.get(track) {
            Some(Ok(form)) => Ok(form.digest),
            Some(Err(why)) => Err(why),
            None => Err("it is not there"),
        }
    }

    /// The same with joins decoded: behind a copied group, which is then decoded as a whole, and
    /// the first picture of the next. A join is where one of two groups is not copied, and where
    /// `is_join` says so of the first frame behind it.
    ///
    /// Everything else that is copied needs no decoder: it decodes as it did where it was.
    #[must_use]
    pub fn with_decoded_joins(&self, is_join: impl Fn(FrameIndex) -> bool) -> Self {
        let groups = self.pictures().map_or(&[][..], |pictures| &pictures.groups);
        let is_join = |before: Option<&Gop>, behind: Option<&Gop>| match (before, behind) {
            (Some(before), Some(behind)) => {
                !before.is_copied() || !behind.is_copied() || is_join(behind.frames.start())
            }
            _ => false,
        };
        let mut joins: Vec<bool> = vec![false];
        joins.extend(
            groups
                .windows(2)
                .map(|two| is_join(two.first(), two.last())),
        );
        joins.push(false);
        let start_of = |group: &Gop| group.frames.start();
        Self(Arc::new(self.changed(|group| {
            let Ok(at) = groups.binary_search_by_key(&start_of(group), start_of) else {
                return;
            };
            if group.is_copied() {
                group.action = match (joins[at], joins[at + 1]) {
                    (_, true) => GopAction::Reencode,
                    (true, false) => GopAction::CopyAndDecodeFirst,
                    (false, false) => GopAction::Copy,
                };
            }
        })))
    }

    /// Every group of pictures, copied or not, with the digest of its coded form and of when each
    /// of its pictures is shown.
    #[must_use]
    pub fn groups(&self) -> Vec<(FrameSpan, Digest)> {
        let groups = self.pictures().map_or(&[][..], |pictures| &pictures.groups);
        groups
            .iter()
            .map(|group| (group.frames, group.timed))
            .collect()
    }

    pub(crate) fn info(&self) -> &SourceInfo {
        &self.0.info
    }

    pub(crate) fn tags(&self) -> &ffi::ColorTags {
        &self.0.tags
    }

    pub(crate) fn store(&self) -> Option<&dyn SegmentCache> {
        self.0.store.as_deref()
    }

    pub(crate) fn pictures(&self) -> Option<&Pictures> {
        self.0.pictures.as_deref().ok()
    }

    pub(crate) fn sound(&self, track: usize) -> Option<&SoundForm> {
        self.0.sound.get(track)?.as_ref().ok()
    }
}

impl Pictures {
    /// Picture parameter sets of the groups of which `is_meant` says so.
    pub(crate) fn sets_of(&self, is_meant: impl Fn(&Gop) -> bool) -> BTreeSet<u32> {
        let groups = self.groups.iter().filter(|group| is_meant(group));
        groups
            .flat_map(|group| group.sets.iter().copied())
            .collect()
    }

    /// When the first frame of each group is shown, ticks.
    pub(crate) fn group_starts(&self) -> Vec<i64> {
        let firsts = self.groups.iter().map(|group| group.frames.start().get());
        firsts.map(|frame| self.pts[frame as usize]).collect()
    }

    /// When frame `index` is shown and for how long, ticks.
    pub(crate) fn time(&self, index: usize) -> (i64, i64) {
        let at = self.pts[index];
        let until = self.pts.get(index + 1).copied().unwrap_or(self.end);
        (at, until - at)
    }

    /// The same of all of `frames`.
    pub(crate) fn times(&self, frames: FrameSpan) -> Vec<(Timestamp, i64)> {
        let all = frames.start().get()..frames.end().get();
        let time = |frame: u32| self.time(frame as usize);
        all.map(time)
            .map(|(at, ticks)| (Timestamp::new(at), ticks))
            .collect()
    }

    /// The group that `frame` is in.
    pub(crate) fn group_at(&self, frame: u32) -> Option<&Gop> {
        let at = self
            .groups
            .partition_point(|group| group.frames.end().get() <= frame);
        self.groups.get(at)
    }

    /// The first frame behind the run of encoded groups that `frame` is in.
    pub(crate) fn run_end(&self, frame: u32) -> u32 {
        let from = self
            .groups
            .partition_point(|group| group.frames.end().get() <= frame);
        let stretch = |group: &Gop| group.frames.start().get() / RUN_FRAMES;
        let Some(first) = self.groups.get(from) else {
            return frame;
        };
        let run = self.groups[from..]
            .iter()
            .take_while(|group| !group.is_copied() && stretch(group) == stretch(first));
        run.last().map_or(frame, |group| group.frames.end().get())
    }
}

fn within(inner: FrameSpan, outer: FrameSpan) -> bool {
    outer.start() <= inner.start() && inner.end() <= outer.end()
}
