//! What a render made, told to people and to machines.

use std::path::Path;

use redact_record::ReleasePaths;
use redact_record::manifest::{CodingFacts, PublicManifest};
use redact_record::sign::KeyId;

use super::rendered::Rendered;

/// A release that is there.
pub(crate) struct Made {
    pub(super) paths: ReleasePaths,
    pub(super) rendered: Rendered,
    pub(super) coding: CodingFacts,
    pub(super) manifest: PublicManifest,
    pub(super) key: KeyId,
}

impl Made {
    /// Where everything is, for people.
    pub(crate) fn text(&self, release: &Path) -> String {
        let report = &self.rendered;
        let share = report.masked_area_mean * 100.0;
        let mut lines = vec![
            format!(
                "{} frames, {} with masks ({share:.2} % of the picture on average)",
                report.frames, report.frames_masked
            ),
            self.coding_text(),
            format!(
                "signed with key {} (`redact key show` for auditors)",
                self.key
            ),
            format!("release:  {}", release.display()),
            format!("manifest: {}", self.paths.manifest.display()),
            format!(
                "sealed:   {} (stays with the agency)",
                self.paths.sealed.display()
            ),
            format!("log:      {} (and .csv, .pdf)", self.paths.log.display()),
        ];
        if report.frames_earlier > 0 {
            let kept = report.frames_earlier;
            lines.insert(2, format!("{kept} frames kept from an earlier render"));
        }
        lines.join("\n")
    }

    /// What was copied, or why nothing was.
    fn coding_text(&self) -> String {
        let coding = &self.coding;
        let frames: u32 = coding.copied.iter().map(|(span, _)| span.frames()).sum();
        let mut text = match &coding.pictures_encoded_because {
            Some(why) => format!("all pictures encoded anew: {why}"),
            None => format!("{frames} frames copied bit for bit, the others encoded anew"),
        };
        if let Some(why) = &coding.untouched_encoded_because {
            text.push_str(&format!(
                "; re-encoded although no mask touches them, {why}"
            ));
        }
        for (track, made) in coding.sound.iter().enumerate() {
            text.push_str(&match made {
                Ok(_) => format!("; sound track {track} copied bit for bit"),
                Err(why) => format!("; sound track {track} encoded anew: {why}"),
            });
        }
        text
    }

    /// The same for machines.
    pub(crate) fn json(&self, release: &Path) -> serde_json::Value {
        let copied = self.coding.copied.iter();
        serde_json::json!({
            "frames_kept": self.rendered.frames_earlier,
            "frames_copied": copied.map(|(span, _)| span.frames()).sum::<u32>(),
            "pictures_encoded_because": self.coding.pictures_encoded_because,
            "release": release, "manifest": self.paths.manifest, "sealed": self.paths.sealed,
            "log": self.paths.log, "log_csv": self.paths.log_csv, "log_pdf": self.paths.log_pdf,
            "sha256": self.manifest.release.binding().sha256.to_string(),
            "frames": self.rendered.frames, "frames_masked": self.rendered.frames_masked,
            "masks": self.manifest.masks.len(), "mutes": self.manifest.mutes.len(),
        })
    }
}
