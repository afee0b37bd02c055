//! What a written release decodes to, alone and beside its source.

use std::path::Path;

use redact_core::{
    Conversion, Damage, Excerpt, Progress, Redactions, Source, SourceDiagnostics, SourceInfo,
    SourceSettings,
};
use redact_engine::{AuditReport, Check, Examination, Expected};
use redact_media::{CopyPlan, Damaged, ExcerptSource, FileSource, OpenOptions};

use super::leaks::edges_check;
use crate::error::{Context as _, Result};
use crate::segment_cache::Evidence;

/// Decodes the file at `path` and proves every mask and mute; also measures what is cropped off
/// its pictures.
///
/// # Errors
/// When it cannot be decoded.
pub(crate) fn audit(
    path: &Path,
    redactions: &Redactions,
    expected: &Expected,
    threads: usize,
    progress: &dyn Progress,
) -> Result<(AuditReport, Check)> {
    let opened = FileSource::open_measured(path, &release_options(threads));
    let (release, edges) = opened.in_file(path)?;
    let report = redact_engine::audit(Box::new(release), redactions, expected, progress);
    Ok((report.in_file(path)?, edges_check(edges.take().as_ref())))
}

/// Opens a recording; what `copy_plan` names is delivered undecoded (stream copy).
pub(crate) fn open(
    path: &Path,
    options: &OpenOptions,
    copy_plan: Option<&CopyPlan>,
) -> Result<FileSource> {
    let opened = match copy_plan {
        Some(copy_plan) => FileSource::open_with_plan(path, options, copy_plan),
        None => FileSource::open(path, options),
    };
    opened.in_file(path)
}

/// A source, or the part of it that a release shows.
pub(crate) fn within(source: FileSource, excerpt: Option<&Excerpt>) -> Box<dyn Source> {
    match excerpt {
        None => Box::new(source),
        Some(excerpt) => Box::new(ExcerptSource::new(source, excerpt.clone())),
    }
}

/// What is declared of a source.
pub(crate) struct Declared {
    /// Where it is damaged.
    pub damage: Damage,
    /// What every release of it changes, in words.
    pub conversions: Vec<String>,
    /// How it was opened.
    pub settings: SourceSettings,
}

/// A release beside its source.
pub(crate) struct Examined<'a> {
    /// The source.
    pub clip: &'a Path,
    /// The release.
    pub release: &'a Path,
    /// What of the source is not decoded, because its coded data were found in the release or
    /// because it is known what the release has in its place.
    pub source_copy_plan: Option<CopyPlan>,
    /// What of the release is not decoded, because its coded data are known.
    pub release_copy_plan: Option<CopyPlan>,
    /// What of the source the release shows, if not all of it.
    pub excerpt: Option<&'a Excerpt>,
    /// What is hidden.
    pub redactions: &'a Redactions,
    /// What the release must hold.
    pub expected: &'a Expected,
    /// What of the source is declared.
    pub declared: &'a Declared,
    /// What was found before in frames that are not decoded; `None` where no evidence is cached.
    pub earlier: Option<&'a Evidence>,
}

impl Examined<'_> {
    /// Decodes the release once, proves every mask and mute in it, and that it differs from the
    /// source in nothing else. Also returns what the release says of its streams.
    ///
    /// # Errors
    /// When one of the two cannot be decoded.
    pub(crate) fn examine(
        &self,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<(Examination, SourceInfo)> {
        let options = release_options(threads);
        let written = open(self.release, &options, self.release_copy_plan.as_ref())?;
        let info = written.info().clone();
        Ok((self.compare(written, threads, progress)?, info))
    }

    /// The same, decoding all of the release, which also measures what is cropped off its pictures.
    ///
    /// # Errors
    /// When one of the two cannot be decoded.
    pub(crate) fn examine_whole(
        &self,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<(Examination, Check)> {
        let opened = FileSource::open_measured(self.release, &release_options(threads));
        let (written, edges) = opened.in_file(self.release)?;
        let found = self.compare(written, threads, progress)?;
        Ok((found, edges_check(edges.take().as_ref())))
    }

    fn compare(
        &self,
        written: FileSource,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Examination> {
        let clip = OpenOptions {
            damaged: damage_mode(&self.declared.damage),
            settings: self.declared.settings,
            ..release_options(threads)
        };
        let source = open(self.clip, &clip, self.source_copy_plan.as_ref())?;
        let mut conversions = source.info().conversions.clone();
        let mut found = redact_engine::examine(
            within(source, self.excerpt),
            Box::new(written),
            self.redactions,
            self.expected,
            self.earlier,
            progress,
        )
        .in_file(self.release)?;
        if !self.declared.damage.is_empty() {
            found
                .compare
                .checks
                .push(self.damage_check(&found.diagnostics));
        }
        conversions.append(&mut found.diagnostics.conversions);
        if !(self.declared.conversions.is_empty() && conversions.is_empty()) {
            let check = self.conversions_check(&conversions);
            found.compare.checks.push(check);
        }
        Ok(found)
    }

    /// Whether the source is damaged just where it is declared to be: the pretext of damage must
    /// hide nothing else.
    fn damage_check(&self, found: &SourceDiagnostics) -> Check {
        let declared = &self.declared.damage;
        let difference = declared.difference(&found.damage);
        let (pictures, sound) = (&declared.pictures, declared.sound.len());
        let frames: u32 = pictures.iter().map(|damaged| damaged.frames.frames()).sum();
        Check {
            name: "damaged stretches",
            passed: difference.is_none(),
            evidence: difference.unwrap_or_else(|| {
                format!(
                    "{} of pictures ({frames} frames), {sound} of sound: the source is damaged \
                     there and nowhere else",
                    pictures.len()
                )
            }),
        }
    }

    /// Whether what a release of the source changes is declared, and nothing else.
    fn conversions_check(&self, found: &[Conversion]) -> Check {
        let declared = &self.declared.conversions;
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        let undeclared = found.iter().find(|known| !declared.contains(known));
        let absent = declared.iter().find(|known| !found.contains(known));
        let evidence = match (undeclared, absent) {
            (Some(known), _) => format!("found in the source and not declared: {known}"),
            (None, Some(known)) => format!("declared and not found in the source: {known}"),
            (None, None) => format!("as declared: {}", found.join("; ")),
        };
        Check {
            name: "declared changes",
            passed: undeclared.is_none() && absent.is_none(),
            evidence,
        }
    }
}

/// How a release is read.
fn release_options(threads: usize) -> OpenOptions {
    OpenOptions {
        audio: true,
        threads,
        ..OpenOptions::default()
    }
}

/// How a recording is read of which `damage` is declared.
pub(crate) fn damage_mode(damage: &Damage) -> Damaged {
    if damage.is_empty() {
        Damaged::Stop
    } else {
        Damaged::Mask
    }
}
