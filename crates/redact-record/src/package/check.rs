//! What the types of a package manifest cannot express.

use std::collections::BTreeMap;

use super::exhibit::Exhibit;
use super::files::{FileRole, PackageFile};
use super::manifest::PackageManifest;
use super::names::{PACKAGE_FILE, PACKAGE_SIGNATURE, is_package_path};
use super::withheld::Withheld;
use crate::RecordError;
use crate::json::{OneLine, Seconds, check_text};

/// Maximum number of exhibits.
const EXHIBITS_MAX: usize = 9999;
/// Maximum number of parts of one exhibit.
const PARTS_MAX: usize = 9999;
/// Maximum length of a text in bytes.
const TEXT_MAX: usize = 2000;

/// The roles that an exhibit, or each of its parts, has exactly once.
const VIDEO_ROLES: [FileRole; 3] = [FileRole::Release, FileRole::Manifest, FileRole::Signature];

impl PackageManifest {
    /// # Errors
    /// [`RecordError::Field`].
    pub(super) fn check(&self) -> Result<(), RecordError> {
        check_text("program", &self.program, TEXT_MAX)?;
        check_text("profile.name", &self.profile.0.name, TEXT_MAX)?;
        let request = &self.request;
        for (field, text) in [
            ("request.agency", &request.agency),
            ("request.number", &request.number),
            ("request.case_number", &request.case_number),
            ("request.requester", &request.requester),
        ] {
            text.as_ref()
                .map_or(Ok(()), |text| check_text(field, text, TEXT_MAX))?;
        }
        if !(1..=EXHIBITS_MAX).contains(&self.exhibits.len()) {
            let expected = format!("1 to {EXHIBITS_MAX} exhibits");
            return Err(RecordError::field(
                "exhibits",
                self.exhibits.len(),
                expected,
            ));
        }
        for (number, exhibit) in (1..).zip(&self.exhibits) {
            exhibit.check(number)?;
        }
        let newest = self.exhibits.iter().map(|exhibit| exhibit.created.0).max();
        if newest != Some(self.created.0) {
            let expected = "the time of the newest exhibit";
            return Err(RecordError::field("created", self.created, expected));
        }
        self.check_no_duplicates()?;
        self.check_files()
    }

    /// Each release is in a package once.
    fn check_no_duplicates(&self) -> Result<(), RecordError> {
        let mut known = BTreeMap::new();
        for exhibit in &self.exhibits {
            let digest = exhibit.manifest_sha256.0.to_string();
            if let Some(other) = known.insert(digest, exhibit.number) {
                let field = format!("exhibit {}, manifest_sha256", exhibit.number);
                let found = format!("the release of exhibit {other}");
                return Err(RecordError::field(field, found, "another release"));
            }
        }
        Ok(())
    }

    fn check_files(&self) -> Result<(), RecordError> {
        let mut before = "";
        // How often each exhibit and part has each role.
        let mut roles: BTreeMap<(Option<u32>, Option<u32>, FileRole), u32> = BTreeMap::new();
        for file in self.files() {
            check_path(file)?;
            if file.path.as_str() <= before {
                let expected = format!("a path after {before:?}: each once, in order");
                return Err(RecordError::field(
                    "files",
                    format!("{:.80?}", file.path),
                    expected,
                ));
            }
            before = &file.path;
            self.check_owner(file)?;
            *roles
                .entry((file.exhibit, file.part, file.role))
                .or_default() += 1;
        }
        let count = |exhibit: u32, part: Option<u32>, role: FileRole| {
            roles
                .get(&(Some(exhibit), part, role))
                .copied()
                .unwrap_or(0)
        };
        for exhibit in &self.exhibits {
            exhibit.check_roles(count)?;
        }
        Ok(())
    }

    /// The exhibit and the part that a file names exist.
    fn check_owner(&self, file: &PackageFile) -> Result<(), RecordError> {
        let field = || format!("files, {}", file.path);
        let Some(number) = file.exhibit else {
            let is_right = file.part.is_none() && !file.role.is_of_exhibit();
            return is_right.then_some(()).ok_or_else(|| {
                let expected = "an exhibit, which a file with this role belongs to";
                RecordError::field(field(), file.role.name(), expected)
            });
        };
        let place = usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_sub(1));
        let exhibit = place.and_then(|place| self.exhibits.get(place));
        let part_exists = |exhibit: &Exhibit| {
            let parts = u32::try_from(exhibit.parts.len()).unwrap_or(u32::MAX);
            file.part.is_none_or(|part| (1..=parts).contains(&part))
        };
        if !exhibit.is_some_and(part_exists) || !file.role.is_of_exhibit() {
            let found = format!(
                "exhibit {number}, part {:?}, {}",
                file.part,
                file.role.name()
            );
            let expected = "an exhibit and a part of this package, and a role of exhibits";
            return Err(RecordError::field(field(), found, expected));
        }
        Ok(())
    }
}

fn check_path(file: &PackageFile) -> Result<(), RecordError> {
    let path = file.path.as_str();
    if !is_package_path(path) || [PACKAGE_FILE, PACKAGE_SIGNATURE].contains(&path) {
        let expected = "a path of a-z, 0-9, '.', '-' and '_' with at most one folder, and not the \
                        package manifest's";
        return Err(RecordError::field(
            "files",
            format!("{path:.80?}"),
            expected,
        ));
    }
    Ok(())
}

impl Exhibit {
    fn check(&self, number: u32) -> Result<(), RecordError> {
        let at = |field: &str| format!("exhibit {number}, {field}");
        if self.number != number {
            return Err(RecordError::field(
                at("number"),
                self.number,
                number.to_string(),
            ));
        }
        for (field, text) in [
            ("source_name", &self.source_name),
            ("jurisdiction", &self.jurisdiction),
        ] {
            text.as_ref()
                .map_or(Ok(()), |text| check_text(&at(field), text, TEXT_MAX))?;
        }
        check_text(&at("manifest_id"), &self.manifest_id, TEXT_MAX)?;
        if self.frames == 0 || self.seconds.0 < 0 {
            let found = format!("{} frames in {} s", self.frames, self.seconds);
            return Err(RecordError::field(
                at("frames"),
                found,
                "at least one frame",
            ));
        }
        let mut before = "";
        for OneLine(row) in &self.withheld {
            row.check(&at)?;
            if row.reason.as_str() <= before {
                let expected = "each reason once, in order of their codes";
                return Err(RecordError::field(at("withheld"), &row.reason, expected));
            }
            before = &row.reason;
        }
        self.check_parts(&at)
    }

    /// The parts follow one another from the first frame to the last.
    fn check_parts(&self, at: &dyn Fn(&str) -> String) -> Result<(), RecordError> {
        if self.parts.is_empty() {
            return Ok(());
        }
        if self.parts.len() > PARTS_MAX {
            let expected = format!("at most {PARTS_MAX}");
            return Err(RecordError::field(at("parts"), self.parts.len(), expected));
        }
        let (mut frame, mut time) = (0, Seconds(0));
        for (number, OneLine(part)) in (1..).zip(&self.parts) {
            let (first, end) = part.frames;
            let (start, stop) = part.seconds;
            if part.number != number
                || first != frame
                || end <= first
                || start != time
                || stop <= start
            {
                let found = format!(
                    "part {}, frames {first} to {end}, {start} s to {stop} s",
                    part.number
                );
                let expected = format!("part {number} from frame {frame}, {time} s");
                return Err(RecordError::field(at("parts"), found, expected));
            }
            (frame, time) = (end, stop);
        }
        // The end of the last frame is not compared: a file may say how long it is shown, or not.
        if frame != self.frames {
            let expected = format!("{} frames", self.frames);
            return Err(RecordError::field(
                at("parts"),
                format!("{frame} frames"),
                expected,
            ));
        }
        Ok(())
    }

    /// Video, manifest and signature are there once for the exhibit or for each part.
    fn check_roles(
        &self,
        count: impl Fn(u32, Option<u32>, FileRole) -> u32,
    ) -> Result<(), RecordError> {
        let need = |part, role: FileRole, times: u32| {
            let found = count(self.number, part, role);
            if found == times {
                return Ok(());
            }
            let part = part.map_or(String::new(), |part| format!(", part {part}"));
            let field = format!("files of exhibit {}{part}", self.number);
            let found = format!("{found} with role {}", role.name());
            Err(RecordError::field(field, found, times.to_string()))
        };
        let in_parts = !self.parts.is_empty();
        for role in VIDEO_ROLES {
            need(None, role, u32::from(!in_parts))?;
            for part in 1..=u32::try_from(self.parts.len()).unwrap_or(u32::MAX) {
                need(Some(part), role, 1)?;
            }
        }
        need(None, FileRole::WholeManifest, u32::from(in_parts))?;
        need(None, FileRole::WholeSignature, u32::from(in_parts))?;
        let sealed = count(self.number, None, FileRole::SealedManifest).min(1);
        need(None, FileRole::SealedManifest, sealed)?;
        need(None, FileRole::SealedSignature, sealed)
    }
}

impl Withheld {
    fn check(&self, at: &dyn Fn(&str) -> String) -> Result<(), RecordError> {
        for text in [&self.reason, &self.statute, &self.text] {
            check_text(&at("withheld"), text, TEXT_MAX)?;
        }
        let counts = [self.masks, self.mutes, self.left_out];
        let lengths = [
            self.picture_seconds,
            self.sound_seconds,
            self.left_out_seconds,
        ];
        if counts == [0; 3] || lengths.iter().any(|length| *length < Seconds(0)) {
            let expected = "at least one mask, mute or span that was left out";
            return Err(RecordError::field(at("withheld"), &self.reason, expected));
        }
        Ok(())
    }
}
