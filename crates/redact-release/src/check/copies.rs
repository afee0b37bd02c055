//! The proof that copied parts of a release are coded as they are in the source.

use std::path::Path;

use redact_core::{Digest, Excerpt, FrameIndex, FrameSpan};
use redact_engine::Check;
use redact_media::{CopyAnalysis, CopyPlan, OpenOptions};
use redact_record::manifest::{CodingFacts, PublicManifest, run_digest};

use crate::error::{Context as _, Result};

/// What is copied, by a manifest or by a render.
pub(crate) struct CopyClaims {
    /// Runs of frames, `(start, end, SHA-256)`.
    pub(crate) runs: Vec<(u32, u32, Digest)>,
    /// Sound tracks and their SHA-256.
    pub(crate) sound: Vec<(u32, Digest)>,
    /// Frames of the release.
    pub(crate) frames: u32,
}

impl CopyClaims {
    /// What a render of `frames` frames claims.
    pub(crate) fn of(facts: &CodingFacts, frames: u32) -> Self {
        let sound = (0..)
            .zip(&facts.sound)
            .filter_map(|(track, made)| Some((track, *made.as_ref().ok()?)));
        Self {
            runs: facts.copied_runs(),
            sound: sound.collect(),
            frames,
        }
    }

    /// What the manifest of a release claims.
    pub(crate) fn of_manifest(public: &PublicManifest) -> Self {
        Self {
            runs: public.coding.copied_runs().collect(),
            sound: public.coding.copied_sound().collect(),
            frames: public.totals.frames,
        }
    }

    /// What the release, which shows `excerpt`, claims to have copied, as the source of `frames`
    /// frames has it.
    pub(crate) fn in_source(self, excerpt: &Excerpt, frames: u32) -> Option<Self> {
        let runs = self.runs.iter().map(|&(start, end, digest)| {
            let run = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end))?;
            let run = excerpt.source_frames(run)?;
            Some((run.start().get(), run.end().get(), digest))
        });
        Some(Self {
            runs: runs.collect::<Option<_>>()?,
            sound: Vec::new(),
            frames,
        })
    }

    /// Whether nothing is claimed to be copied.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.sound.is_empty()
    }

    fn covers(&self, span: FrameSpan) -> bool {
        let (start, end) = (span.start().get(), span.end().get());
        self.runs
            .iter()
            .any(|&(from, until, _)| from <= start && end <= until)
    }

    /// Reads every packet of `file` and checks it against what is claimed; gives its GOPs for a
    /// comparison.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn check(
        &self,
        file: &Path,
        options: &OpenOptions,
        name: &'static str,
    ) -> Result<(Check, CopyPlan)> {
        // The leak scan walks through the release's slices.
        let analysis = CopyAnalysis::read_copied(file, options).in_file(file)?;
        let claimed = |track: usize| self.sound.iter().any(|&(known, _)| known as usize == track);
        let copy_plan = analysis.plan(self.frames, |span| self.covers(span), claimed);
        let groups = copy_plan.copied_gops();
        let wrong_run = self.runs.iter().find(|&&(start, end, digest)| {
            let within = groups.iter().filter(|group| {
                start <= group.frames.start().get() && group.frames.end().get() <= end
            });
            let (mut due, mut digests) = (start, Vec::new());
            for group in within {
                if group.frames.start().get() != due {
                    return true;
                }
                due = group.frames.end().get();
                digests.push(group.digest);
            }
            due != end || run_digest(&digests) != digest
        });
        let wrong_sound = self
            .sound
            .iter()
            .find(|&&(track, digest)| copy_plan.sound_copied(track as usize) != Ok(digest));
        let frames: u32 = self.runs.iter().map(|(start, end, _)| end - start).sum();
        let evidence = match (wrong_run, wrong_sound) {
            (Some((start, end, _)), _) => {
                format!("frames {start} to {end} are not coded as the manifest says")
            }
            (None, Some((track, _))) => {
                format!("sound track {track} is not coded as the manifest says")
            }
            (None, None) => format!(
                "{frames} of {} frames in {} runs, {} sound tracks: the coded data have their \
                 SHA-256",
                self.frames,
                self.runs.len(),
                self.sound.len()
            ),
        };
        let check = Check {
            name,
            passed: wrong_run.is_none() && wrong_sound.is_none(),
            evidence,
        };
        Ok((check, copy_plan))
    }
}
