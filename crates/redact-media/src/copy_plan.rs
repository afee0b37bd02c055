//! Which GOPs and sound tracks of a recording are copied, and which are re-encoded (smart
//! rendering).

use std::collections::BTreeSet;
use std::sync::Arc;

use redact_bitstream::h264::avcc::AvcConfig;
use redact_core::{Digest, Excerpt, FrameIndex, FrameSpan, SourceInfo, Timestamp, TitleCard};

use crate::cached_segment::SegmentCache;
use crate::codec::SoundFraming;
use crate::decoders::{SharedDecoder, VideoDecoder};
use crate::ffi;
use crate::packet_times::PacketTimes;

/// Redacted GOPs that begin within the same block of this many frames share an encoder. Blocks
/// depend on the recording alone, so that a change of the plan moves no other run.
const RUN_FRAMES: u32 = 64;

/// Why no pictures are copied although all could be.
const ALL_TOUCHED: &str = "every GOP has a mask";

/// Why no pictures of an excerpt are copied although all could be.
const ALL_CUT: &str = "every GOP of the excerpt has a mask or is cut";

/// Why the sound of an excerpt is not copied.
const CUT: &str = "it is cut";

/// Why no pictures of an excerpt are copied.
const NO_ROOM_FOR_CARD: &str = "its decoding times leave no room for a title card";

/// Most frames of reordering that an encoder may use.
pub(crate) const REORDER_MAX: usize = 2;

/// The GOPs of a video stream.
#[derive(Clone, Debug)]
pub(crate) struct Pictures {
    pub(crate) config: AvcConfig,
    /// Which times its packets have.
    pub(crate) times: PacketTimes,
    /// Decoding times in packet order, ticks: those of its packets, or derived ones.
    pub(crate) dts: Vec<i64>,
    /// Presentation times, sorted, ticks: the times of frames.
    pub(crate) pts: Vec<i64>,
    /// When the last frame ends, ticks.
    pub(crate) end: i64,
    pub(crate) gops: Vec<Gop>,
    /// Frames of reordering, at most [`REORDER_MAX`].
    pub(crate) reorder: usize,
    /// Whether packets repeat parameter sets. Some players that find any in the packets ignore
    /// those in the configuration record.
    pub(crate) repeats_sets: bool,
}

/// A closed GOP, from one IDR picture to the next.
#[derive(Clone, Debug)]
pub(crate) struct Gop {
    pub(crate) frames: FrameSpan,
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
    /// The digest combined with the presentation times of its pictures: see
    /// [`redact_bitstream::h264::gop_digest::timed_digest`].
    pub(crate) timed: Digest,
    /// Picture parameter sets that it uses (`pps_id`), in the order of first use.
    pub(crate) sets: Vec<u32>,
    /// Parameter sets that its packets repeat, as coded.
    pub(crate) repeated_sets: Vec<Vec<u8>>,
    pub(crate) sei: u32,
    pub(crate) filler: u32,
    /// Why it is not copied although the plan does not redact it.
    pub(crate) refused: Option<String>,
    pub(crate) action: GopAction,
}

/// What happens to a GOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GopAction {
    /// It is decoded and re-encoded.
    Reencode,
    /// Its packets are copied.
    Copy,
    /// Its packets are copied, and its first picture is decoded as well, to check that a decoder
    /// can continue from the pictures before it.
    CopyAndDecodeFirst,
    /// It is taken from the segment cache.
    Cached,
    /// It is neither decoded nor copied: the release does not show it.
    Skip,
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
    /// For all sources that are opened with this plan or one made from it.
    decoder: Arc<SharedDecoder>,
}

/// A GOP that is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedGop {
    /// Its frames.
    pub frames: FrameSpan,
    /// SHA-256 over its coded pictures and their parameter sets.
    pub digest: Digest,
    /// SEI NAL units that are removed.
    pub sei: u32,
    /// Filler data NAL units that are removed.
    pub filler: u32,
}

/// How a copied sound track is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SoundForm {
    /// The decoder's configuration.
    pub(crate) config: Vec<u8>,
    pub(crate) rate_hz: u32,
    pub(crate) channels: u16,
    /// What is around the sound in the recording's packets.
    pub(crate) framing: SoundFraming,
    /// SHA-256 over the packets, each preceded by its length in four bytes.
    pub(crate) digest: Digest,
}

impl CopyPlan {
    /// A plan from an analysis and its `decoder`; where `pictures` or `sound` are not copied, they
    /// say why.
    pub(crate) fn new(
        info: SourceInfo,
        tags: ffi::ColorTags,
        decoder: VideoDecoder,
        pictures: Result<Pictures, String>,
        sound: Vec<Result<SoundForm, String>>,
    ) -> Self {
        Self(Arc::new(Inner {
            info,
            tags,
            pictures: pictures.map(Arc::new),
            sound,
            store: None,
            decoder: Arc::new(SharedDecoder::new(decoder)),
        }))
    }

    /// The copied GOPs, in order; empty when all pictures are re-encoded.
    #[must_use]
    pub fn copied_gops(&self) -> Vec<CopiedGop> {
        let gops = self.pictures().map_or(&[][..], |pictures| &pictures.gops);
        gops.iter()
            .filter(|gop| gop.is_copied())
            .map(|gop| CopiedGop {
                frames: gop.frames,
                digest: gop.digest,
                sei: gop.sei,
                filler: gop.filler,
            })
            .collect()
    }

    /// Why all pictures are re-encoded; `None` if some are copied.
    #[must_use]
    pub fn pictures_refused(&self) -> Option<&str> {
        match &self.0.pictures {
            Err(why) => Some(why),
            Ok(pictures) if pictures.gops.iter().all(|gop| !gop.is_copied()) => {
                let mut refused = pictures.gops.iter().filter_map(|g| g.refused.as_deref());
                let is_cut = pictures.gops.iter().any(|g| g.action == GopAction::Skip);
                let why = if is_cut { ALL_CUT } else { ALL_TOUCHED };
                Some(refused.next().unwrap_or(why))
            }
            Ok(_) => None,
        }
    }

    /// How many frames are re-encoded although the plan does not redact them, and why the first of
    /// them are, where other frames are copied.
    #[must_use]
    pub fn untouched_refused(&self) -> Option<(u32, &str)> {
        let gops = &self.pictures()?.gops;
        let refused = || gops.iter().filter(|gop| gop.refused.is_some());
        let frames = refused().map(|gop| gop.frames.frames()).sum();
        Some((frames, refused().next()?.refused.as_deref()?))
    }

    /// The runs of re-encoded frames, each with its own encoder, in order; empty where no GOP can
    /// be copied and the whole recording is re-encoded as one.
    #[must_use]
    pub fn runs(&self) -> Vec<FrameSpan> {
        let (mut runs, mut at) = (Vec::new(), 0);
        let Some(pictures) = self.pictures() else {
            return runs;
        };
        while let Some(gop) = pictures.gop_at(at) {
            at = gop.frames.end().get();
            if !gop.is_copied() {
                at = pictures.run_end(gop.frames.start().get());
                runs.extend(FrameSpan::new(gop.frames.start(), FrameIndex::new(at)));
            }
        }
        runs
    }

    /// The same plan with a segment cache. Runs for which `is_cached` is true are taken from it,
    /// all others are stored in it once they are encoded.
    #[must_use]
    pub fn with_cache(
        &self,
        store: Arc<dyn SegmentCache>,
        is_cached: impl Fn(FrameSpan) -> bool,
    ) -> Self {
        let runs = self.runs();
        let cached: Vec<FrameSpan> = runs.into_iter().filter(|run| is_cached(*run)).collect();
        let mut made = self.changed(|gop| {
            if !gop.is_copied() && cached.iter().any(|run| within(gop.frames, *run)) {
                gop.action = GopAction::Cached;
            }
        });
        made.store = Some(store);
        Self(Arc::new(made))
    }

    /// The same plan for a comparison: all sound is decoded, and all pictures except those that are
    /// copied or for which `is_known` is true.
    ///
    /// A copied GOP with other parameter sets than the copied GOP before it is decoded as well:
    /// only decoding shows that the switch between them works.
    #[must_use]
    pub fn to_compare(&self, is_known: impl Fn(FrameSpan) -> bool) -> Self {
        let mut sets: Option<Vec<u32>> = None;
        let mut made = self.changed(|gop| {
            let is_copied = gop.is_copied();
            let is_switch = is_copied && sets.as_ref().is_some_and(|sets| *sets != gop.sets);
            if is_copied {
                sets = Some(gop.sets.clone());
            }
            if gop.action == GopAction::Skip {
                return;
            }
            gop.action = if is_copied && !is_switch || is_known(gop.frames) {
                GopAction::Copy
            } else {
                GopAction::Reencode
            };
        });
        let decoded = || Err("it is decoded to be compared".to_owned());
        made.sound = made.sound.iter().map(|_| decoded()).collect();
        Self(Arc::new(made))
    }

    /// The same plan for a source of which only `excerpt` is read: what it does not touch is
    /// skipped, what a cut goes through is re-encoded, and so is all sound.
    #[must_use]
    pub fn within(&self, excerpt: &Excerpt) -> Self {
        let mut made = self.changed(|gop| {
            if !excerpt.touches(gop.frames) {
                (gop.action, gop.refused) = (GopAction::Skip, None);
            } else if excerpt.span_with(gop.frames).is_none() {
                (gop.action, gop.refused) = (GopAction::Reencode, None);
            }
        });
        made.sound = made.sound.iter().map(|_| Err(CUT.to_owned())).collect();
        made.pictures = made.pictures.and_then(|pictures| {
            let fits = pictures.excerpt(excerpt).is_some();
            fits.then_some(pictures).ok_or(NO_ROOM_FOR_CARD.to_owned())
        });
        Self(Arc::new(made))
    }

    /// The plan that a release of `excerpt` is written by, for a source that is read by
    /// [`CopyPlan::within`]. Everything is re-encoded where the recording's decoding times leave no
    /// room for a title card.
    #[must_use]
    pub fn of_excerpt(&self, excerpt: &Excerpt) -> Self {
        let mut made = self.changed(|_| {});
        made.pictures = made.pictures.and_then(|pictures| {
            let cut = pictures.excerpt(excerpt).map(Arc::new);
            cut.ok_or(NO_ROOM_FOR_CARD.to_owned())
        });
        Self(Arc::new(made))
    }

    fn changed(&self, mut change: impl FnMut(&mut Gop)) -> Inner {
        let pictures = self.0.pictures.as_ref().map(|pictures| {
            let mut pictures = Pictures::clone(pictures);
            pictures.gops.iter_mut().for_each(&mut change);
            Arc::new(pictures)
        });
        Inner {
            info: self.0.info.clone(),
            tags: self.0.tags,
            pictures: pictures.map_err(Clone::clone),
            sound: self.0.sound.clone(),
            store: self.0.store.clone(),
            decoder: Arc::clone(&self.0.decoder),
        }
    }

    /// SHA-256 over the packets of copied sound track `track`, each preceded by its length in four
    /// bytes.
    ///
    /// # Errors
    /// The reason why it is re-encoded, if it is.
    pub fn sound_copied(&self, track: usize) -> Result<Digest, &str> {
        match self.0.sound.get(track) {
            Some(Ok(form)) => Ok(form.digest),
            Some(Err(why)) => Err(why),
            None => Err("the track does not exist"),
        }
    }

    /// The same plan with joins decoded: a copied GOP before a join as a whole, and of a copied GOP
    /// behind one the first picture. A join is where one of two adjacent GOPs is not copied, or
    /// where `is_join` is true of the first frame behind it.
    ///
    /// Other copied GOPs are not decoded: they decode as they do in the source.
    #[must_use]
    pub fn with_decoded_joins(&self, is_join: impl Fn(FrameIndex) -> bool) -> Self {
        let gops = self.pictures().map_or(&[][..], |pictures| &pictures.gops);
        let is_join = |before: Option<&Gop>, behind: Option<&Gop>| match (before, behind) {
            (Some(before), Some(behind)) => {
                !before.is_copied() || !behind.is_copied() || is_join(behind.frames.start())
            }
            _ => false,
        };
        let mut joins: Vec<bool> = vec![false];
        joins.extend(gops.windows(2).map(|two| is_join(two.first(), two.last())));
        joins.push(false);
        let start_of = |gop: &Gop| gop.frames.start();
        Self(Arc::new(self.changed(|gop| {
            let Ok(at) = gops.binary_search_by_key(&start_of(gop), start_of) else {
                return;
            };
            if gop.is_copied() {
                gop.action = match (joins[at], joins[at + 1]) {
                    (_, true) => GopAction::Reencode,
                    (true, false) => GopAction::CopyAndDecodeFirst,
                    (false, false) => GopAction::Copy,
                };
            }
        })))
    }

    /// Every GOP, copied or not, with the digest of its coded pictures and their presentation
    /// times.
    #[must_use]
    pub fn gops(&self) -> Vec<(FrameSpan, Digest)> {
        let gops = self.pictures().map_or(&[][..], |pictures| &pictures.gops);
        gops.iter().map(|gop| (gop.frames, gop.timed)).collect()
    }

    pub(crate) fn info(&self) -> &SourceInfo {
        &self.0.info
    }

    pub(crate) fn tags(&self) -> &ffi::ColorTags {
        &self.0.tags
    }

    /// The decoder that sources of the recording share.
    pub(crate) fn decoder(&self) -> Arc<SharedDecoder> {
        Arc::clone(&self.0.decoder)
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
    /// The pictures of a release of `excerpt`: those of its spans, and title cards. `None` where
    /// the decoding times leave no room for a card.
    fn excerpt(&self, excerpt: &Excerpt) -> Option<Self> {
        let mut cut = Self {
            config: self.config.clone(),
            times: self.times,
            dts: Vec::new(),
            pts: Vec::new(),
            end: excerpt.ticks().1,
            gops: Vec::new(),
            reorder: self.reorder,
            repeats_sets: self.repeats_sets,
        };
        for (at, span) in excerpt.spans().iter().enumerate() {
            let shift = excerpt.shift(at);
            let frames = span.frames.start().get() as usize..span.frames.end().get() as usize;
            if let Some(card) = at.checked_sub(1).map(|card| &excerpt.cards()[card]) {
                let next = self.dts.get(frames.start)? + shift;
                cut.add_card(card, next)?;
            }
            let moved = |ticks: &i64| ticks + shift;
            cut.pts
                .extend(self.pts.get(frames.clone())?.iter().map(moved));
            cut.dts.extend(self.dts.get(frames)?.iter().map(moved));
            for gop in &self.gops {
                cut.gops.extend(part_of(gop, span.frames, excerpt));
            }
        }
        let early = |place: usize| cut.pts[place.saturating_sub(cut.reorder)];
        let fits = (0..cut.pts.len()).all(|place| cut.dts[place] <= early(place));
        let rising = cut.dts.windows(2).all(|two| two[0] < two[1]);
        (fits && rising).then_some(cut)
    }

    /// Adds a title card before pictures that are decoded from `next` on.
    fn add_card(&mut self, card: &TitleCard, next: i64) -> Option<()> {
        let last = self.dts.last().copied()?;
        let frames = i64::from(card.frames.frames());
        let reorder = i64::try_from(self.reorder).ok()?;
        // All of them must be decoded after the pictures before and ahead of those behind.
        let end = card.start + frames * card.step;
        let ahead = (reorder * card.step).max(end - next - card.step + 1);
        (card.start - ahead > last).then_some(())?;
        for frame in 0..frames {
            let at = card.start + frame * card.step;
            self.pts.push(at);
            self.dts.push(at - ahead);
        }
        self.gops.push(Gop {
            frames: card.frames,
            bytes: 0,
            digest: Digest([0; 32]),
            timed: Digest([0; 32]),
            sets: Vec::new(),
            repeated_sets: Vec::new(),
            sei: 0,
            filler: 0,
            refused: None,
            action: GopAction::Reencode,
        });
        Some(())
    }

    /// The picture parameter sets (`pps_id`) of the GOPs that `includes` selects.
    pub(crate) fn sets_of(&self, includes: impl Fn(&Gop) -> bool) -> BTreeSet<u32> {
        let gops = self.gops.iter().filter(|gop| includes(gop));
        gops.flat_map(|gop| gop.sets.iter().copied()).collect()
    }

    /// Presentation time of the first frame of each GOP, ticks.
    pub(crate) fn gop_starts(&self) -> Vec<i64> {
        let firsts = self.gops.iter().map(|gop| gop.frames.start().get());
        firsts.map(|frame| self.pts[frame as usize]).collect()
    }

    /// Presentation time and duration of frame `index`, ticks.
    pub(crate) fn time(&self, index: usize) -> (i64, i64) {
        let at = self.pts[index];
        let until = self.pts.get(index + 1).copied().unwrap_or(self.end);
        (at, until - at)
    }

    /// Presentation times and durations of `frames`, ticks.
    pub(crate) fn times_of(&self, frames: FrameSpan) -> Vec<(Timestamp, i64)> {
        let all = frames.start().get()..frames.end().get();
        let time = |frame: u32| self.time(frame as usize);
        all.map(time)
            .map(|(at, ticks)| (Timestamp::new(at), ticks))
            .collect()
    }

    /// The frame that is shown at `at`, ticks.
    pub(crate) fn frame_at(&self, at: Option<i64>) -> Option<usize> {
        self.pts.binary_search(&at?).ok()
    }

    /// The GOP of `frame`.
    pub(crate) fn gop_at(&self, frame: u32) -> Option<&Gop> {
        let at = self
            .gops
            .partition_point(|gop| gop.frames.end().get() <= frame);
        self.gops.get(at)
    }

    /// The end of the run of re-encoded GOPs that `frame` is in.
    pub(crate) fn run_end(&self, frame: u32) -> u32 {
        let from = self
            .gops
            .partition_point(|gop| gop.frames.end().get() <= frame);
        let block = |gop: &Gop| gop.frames.start().get() / RUN_FRAMES;
        let Some(first) = self.gops.get(from) else {
            return frame;
        };
        let run = self.gops[from..]
            .iter()
            .take_while(|gop| !gop.is_copied() && block(gop) == block(first));
        run.last().map_or(frame, |gop| gop.frames.end().get())
    }
}

/// What of `gop` is in a span of `excerpt`; re-encoded unless all of it is.
fn part_of(gop: &Gop, span: FrameSpan, excerpt: &Excerpt) -> Option<Gop> {
    let start = gop.frames.start().max(span.start());
    let end = gop.frames.end().min(span.end());
    let frames = FrameSpan::new(start, end)?;
    let mut part = gop.clone();
    if frames != gop.frames {
        part.action = GopAction::Reencode;
    }
    part.frames = excerpt.release_frames(frames)?;
    Some(part)
}

fn within(inner: FrameSpan, outer: FrameSpan) -> bool {
    outer.start() <= inner.start() && inner.end() <= outer.end()
}
