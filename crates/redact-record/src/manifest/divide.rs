//! The manifest of a part, from the manifest of its release.

use redact_core::{Digest, FrameSpan, Redactions};

use super::captions::entry;
use super::cut::{Window, cut_damaged, cut_masks, cut_mutes, cut_second_look};
use super::part::{Part, PartFacts, PartTotals, PartTrack};
use super::parts::ReleaseFile;
use super::public::PublicManifest;
use super::{
    CheckFile, Checks, Coding, Hex, OneLine, PictureRun, Seconds, SoundCoding, SoundTotal, Totals,
    removed, run_digest,
};
use crate::{RecordError, captions, digest_bytes, json};

/// The records of a part.
#[derive(Clone, Debug, PartialEq)]
pub struct PartRecords {
    /// Its public manifest.
    pub manifest: PublicManifest,
    /// The file of the manifest.
    pub bytes: Vec<u8>,
    /// The file of its captions, if the release has any.
    pub captions: Option<String>,
}

impl PublicManifest {
    /// The manifest of one part of the release that `self` describes, with its file's bytes.
    ///
    /// - `digest`: SHA-256 of the file of `self`;
    /// - `measure`: what the part's own masks and mutes hide.
    ///
    /// The same release and facts give the same bytes.
    ///
    /// # Errors
    /// [`RecordError::Field`] if `self` is a part, or `facts` disagree with it;
    /// [`RecordError::CheckFailed`] if a leak check failed.
    pub fn part(
        &self,
        digest: Digest,
        facts: &PartFacts<'_>,
        measure: impl FnOnce(&Redactions) -> PartTotals,
    ) -> Result<PartRecords, RecordError> {
        self.check_divisible(facts)?;
        let window = Window::new(self, facts)?;
        let masks = cut_masks(self, &window)?;
        let mutes = cut_mutes(self, &window, masks.len());
        let first = u32::try_from(masks.len() + mutes.len()).unwrap_or(u32::MAX);
        let mut part = Self {
            manifest_id: part_id(digest, facts),
            part: Some(place(self, digest, facts, &window)),
            release: ReleaseFile::new(
                &facts.file.binding,
                &facts.file.container,
                &facts.file.streams,
            ),
            damaged: cut_damaged(self, &masks, &mutes, &window),
            masks: masks.into_iter().map(|(_, mask)| mask).collect(),
            mutes: mutes.into_iter().map(|(_, mute)| mute).collect(),
            removed: removed::removed(&self.source, first.saturating_add(1)),
            excerpt: self.excerpt.as_ref().map(|whole| {
                let removed = u32::try_from(self.removed.len()).unwrap_or(u32::MAX);
                let item = first.saturating_add(removed).saturating_add(1);
                whole.numbered(item)
            }),
            coding: coding(&self.coding, facts, &window)?,
            checks: checks(&self.checks, facts),
            captions: None,
            ..self.clone()
        };
        let totals = measure(&part.redactions()?);
        part.totals = total(facts, &window, &totals);
        part.drop_unused_reasons();
        let captions = part.cut_captions(facts, &window)?;
        let file = captions.as_deref();
        part.captions = file.map(|text| entry(text, &part)).transpose()?;
        let bytes = json::pretty(&part);
        Ok(PartRecords {
            // What is written must be readable: an invalid value is an error here.
            manifest: Self::parse(&bytes)?,
            bytes,
            captions,
        })
    }

    /// The captions of the part that `self` describes.
    fn cut_captions(
        &self,
        facts: &PartFacts<'_>,
        window: &Window<'_>,
    ) -> Result<Option<String>, RecordError> {
        let Some(whole) = facts.captions else {
            return Ok(None);
        };
        let (Seconds(start), Seconds(end)) = window.seconds();
        // Sound may go on after the last frame.
        let is_last = facts.place.0 == facts.place.1;
        let end = if is_last { i64::MAX } else { end };
        Ok(Some(captions::cut(whole, (start, end), &self.sound()?)))
    }

    fn check_divisible(&self, facts: &PartFacts<'_>) -> Result<(), RecordError> {
        if self.part.is_some() {
            let expected = "the manifest of a whole release";
            return Err(RecordError::field("part", "a part of a release", expected));
        }
        let frames = u32::try_from(facts.clock.frames()).unwrap_or(u32::MAX);
        if frames != self.totals.frames || facts.frames.end().get() > frames {
            let expected = format!("{}, as in the release's manifest", self.totals.frames);
            return Err(RecordError::field(
                "frames of the release",
                frames,
                expected,
            ));
        }
        if facts.captions.is_some() != self.captions.is_some() {
            let expected = "the captions of the release if its manifest names them, and none else";
            return Err(RecordError::field("captions", "another case", expected));
        }
        let failed = facts.leaks.iter().find(|check| !check.passed);
        let missing = facts.leaks.is_empty().then(|| "it was not done".to_owned());
        match failed.map(|check| format!("{}: {}", check.name, check.evidence)) {
            None => missing,
            found => found,
        }
        .map_or(Ok(()), |evidence| {
            Err(RecordError::CheckFailed {
                name: "leak scan of the part".into(),
                evidence,
            })
        })
    }

    /// Removes the reasons that nothing in the manifest has: they would invite guesses.
    fn drop_unused_reasons(&mut self) {
        let masks = self.masks.iter().map(|mask| &mask.reason);
        let mutes = self.mutes.iter().map(|mute| &mute.reason);
        let visible = self.kept.iter().chain(&self.rejected);
        let visible = visible.map(|kept| &kept.reason);
        let speech = self.kept_speech.iter().map(|kept| &kept.reason);
        let rest = self.excerpt.iter().map(|excerpt| &excerpt.reason);
        let used = masks.chain(mutes).chain(visible).chain(speech).chain(rest);
        let used: std::collections::BTreeSet<String> = used.cloned().collect();
        self.reasons.retain(|reason| used.contains(&reason.code));
    }
}

/// The same for the same part, so that cutting a release again gives the same bytes.
fn part_id(digest: Digest, facts: &PartFacts<'_>) -> String {
    let (number, count) = facts.place;
    let seed = format!("part {number} of {count} of the release with manifest {digest}");
    redact_core::hex::encode(&digest_bytes(seed.as_bytes()).0[..16])
}

fn place(whole: &PublicManifest, digest: Digest, facts: &PartFacts<'_>, window: &Window) -> Part {
    let (number, count) = facts.place;
    let sound = facts.sound.iter().map(|sound| {
        OneLine(PartTrack {
            track: sound.track,
            packets: sound.packets,
        })
    });
    Part {
        number,
        count,
        frames: OneLine((facts.frames.start().get(), facts.frames.end().get())),
        release_frames: whole.totals.frames,
        release_seconds: OneLine(window.seconds()),
        source_ticks: OneLine(window.source_ticks()),
        sound: sound.collect(),
        release_bytes: whole.release.bytes,
        release_sha256: whole.release.sha256,
        manifest_sha256: Hex(digest),
    }
}

fn coding(whole: &Coding, facts: &PartFacts<'_>, window: &Window) -> Result<Coding, RecordError> {
    let (start, end) = (facts.frames.start().get(), facts.frames.end().get());
    let mut pictures = Vec::new();
    for OneLine(run) in &whole.pictures {
        let (from, until) = (run.frames.0.max(start), run.frames.1.min(end));
        if from >= until {
            continue;
        }
        let within = facts
            .gops
            .iter()
            .filter(|(gop, _)| from <= gop.start().get() && gop.end().get() <= until);
        let digests: Vec<Digest> = within.map(|(_, digest)| *digest).collect();
        pictures.push(OneLine(PictureRun {
            frames: (from - start, until - start),
            release_seconds: (window.at(from)?, window.at(until)?),
            copied: run.copied,
            sha256: run.copied.then(|| Hex(run_digest(&digests))),
        }));
    }
    let sound = (0..).zip(facts.sound).map(|(track, sound)| {
        let mut known = whole.sound.iter().map(|made| &made.0);
        let made = known.find(|made| made.track == sound.track);
        let is_copied = made.is_some_and(|made| made.copied);
        OneLine(SoundCoding {
            track,
            copied: is_copied,
            sha256: is_copied.then_some(Hex(sound.digest)),
            encoded_because: made.and_then(|made| made.encoded_because.clone()),
        })
    });
    Ok(Coding {
        pictures,
        sound: sound.collect(),
        ..whole.clone()
    })
}

/// The pictures and the sound of a part are those of the release, which were checked when it was
/// made; the bytes around them are new.
fn checks(whole: &Checks, facts: &PartFacts<'_>) -> Checks {
    let (start, end) = (facts.frames.start().get(), facts.frames.end().get());
    let within =
        |gop: &&(FrameSpan, Digest)| start <= gop.0.start().get() && gop.0.end().get() <= end;
    let gops = facts.gops.iter().filter(within).count();
    let packets: u64 = facts.sound.iter().map(|s| s.packets.1 - s.packets.0).sum();
    let audit = CheckFile {
        name: "same data as the release".into(),
        passed: true,
        evidence: format!(
            "{gops} GOPs and {packets} packets of sound, copied from the release, whose manifest \
             has the checks"
        ),
    };
    let leaks = facts.leaks.iter().map(|check| CheckFile {
        name: check.name.clone(),
        passed: check.passed,
        evidence: check.evidence.clone(),
    });
    Checks {
        audit: vec![audit],
        change: Vec::new(),
        leaks: leaks.collect(),
        change_by_second: Vec::new(),
        second_look: whole
            .second_look
            .as_ref()
            .map(|look| cut_second_look(look, facts.frames)),
    }
}

fn total(facts: &PartFacts<'_>, window: &Window, found: &PartTotals) -> Totals {
    let percent = |share: f64| (share.clamp(0.0, 1.0) * 1_000_000.0).round() / 10_000.0;
    let muted = found.muted_samples.iter().chain(std::iter::repeat(&0));
    let sound = (0..).zip(facts.sound).zip(muted);
    let sound = sound.map(|((track, sound), &muted)| {
        let samples = u64::try_from(sound.samples.1 - sound.samples.0).unwrap_or(0);
        let seconds = |samples: u64| {
            let nanos = u128::from(samples) * 1_000_000_000 / u128::from(sound.rate_hz.max(1));
            Seconds(i64::try_from(nanos).unwrap_or(i64::MAX))
        };
        #[expect(clippy::cast_precision_loss, reason = "a percentage needs four digits")]
        let share = samples.saturating_sub(muted) as f64 / samples.max(1) as f64;
        OneLine(SoundTotal {
            track,
            seconds: seconds(samples),
            muted_seconds: seconds(muted),
            untouched_percent: percent(share),
        })
    });
    let (start, end) = window.seconds();
    Totals {
        frames: facts.frames.frames(),
        frames_masked: found.frames_masked,
        seconds: Seconds(end.0.saturating_sub(start.0)),
        picture_hidden_percent: percent(found.masked_area_mean),
        picture_untouched_percent: percent(1.0 - found.masked_area_mean),
        sound: sound.collect(),
    }
}
