//! The agency as its letters show it: letterhead, who signs, templates and appeals.
//!
//! Everything is in one folder, the office's: `office.toml`, `letters/` and `appeals/`. All of it
//! may be absent.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::appeals::{Appeal, Appeals};
use crate::json::check_text;
use crate::letters::LetterTemplates;
use crate::{RecordError, store, toml_file};

/// The file with the office's settings.
pub const OFFICE_FILE: &str = "office.toml";
/// The folder with the office's letters.
pub const LETTERS_FOLDER: &str = "letters";
/// The folder with the office's appeals.
pub const APPEALS_FOLDER: &str = "appeals";

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 20;
const LINE_BYTES_MAX: usize = 200;
const LINES_MAX: usize = 8;

/// Name and address above a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Letterhead {
    /// The agency's name; else the one of the request.
    pub agency: Option<String>,
    /// Lines of the postal address.
    pub address: Vec<String>,
    /// Lines with telephone, email, web address.
    pub contact: Vec<String>,
}

/// Who signs letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signatory {
    /// Their name.
    pub name: String,
    /// Their title or position.
    pub title: String,
}

/// What an office's letters are made with.
#[derive(Clone, Debug)]
pub struct Office {
    /// Name and address.
    pub letterhead: Letterhead,
    /// Who signs.
    pub signatory: Option<Signatory>,
    /// Names of the appeals that letters list, whatever the jurisdiction of a release.
    appeals_named: Vec<String>,
    /// The templates.
    pub templates: LetterTemplates,
    /// The appeals.
    pub appeals: Appeals,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeFile {
    // Checked earlier, against the newest supported version.
    #[serde(rename = "format_version")]
    _format_version: u32,
    #[serde(default)]
    letterhead: Letterhead,
    signatory: Option<Signatory>,
    #[serde(default)]
    appeals: Vec<String>,
}

impl Office {
    /// An office without settings: built-in templates and appeals, no letterhead.
    ///
    /// # Errors
    /// Those of the built-in files; never for the files of this project.
    pub fn built_in() -> Result<Self, RecordError> {
        Ok(Self {
            letterhead: Letterhead::default(),
            signatory: None,
            appeals_named: Vec::new(),
            templates: LetterTemplates::built_in()?,
            appeals: Appeals::built_in()?,
        })
    }

    /// Reads the office's folder. What is not in it is built in or left out.
    ///
    /// # Errors
    /// [`RecordError::OfficeFile`] and [`RecordError::Letter`] name the file that is wrong.
    pub fn read(folder: &Path) -> Result<Self, RecordError> {
        let mut office = Self::built_in()?;
        office.templates = LetterTemplates::with_office(&folder.join(LETTERS_FOLDER))?;
        office.appeals = Appeals::with_office(&folder.join(APPEALS_FOLDER))?;
        let unusable = |file: &str, source| RecordError::OfficeFile {
            file: folder.join(file).display().to_string(),
            source: Box::new(source),
        };
        let bytes = match store::read(&folder.join(OFFICE_FILE), BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(RecordError::Read { source }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(office);
            }
            Err(source) => return Err(unusable(OFFICE_FILE, source)),
        };
        let file = parse(&bytes).map_err(|source| unusable(OFFICE_FILE, source))?;
        if let Some(unknown) = file
            .appeals
            .iter()
            .find(|name| office.appeals.named(name).is_none())
        {
            let names: Vec<&str> = office
                .appeals
                .iter()
                .map(|appeal| appeal.name.as_str())
                .collect();
            let refused = RecordError::field("appeals", format!("{unknown:?}"), names.join(", "));
            return Err(unusable(OFFICE_FILE, refused));
        }
        office.letterhead = file.letterhead;
        office.signatory = file.signatory;
        office.appeals_named = file.appeals;
        Ok(office)
    }

    /// What a requester may do about a denial: the office's choice, or else the laws of these
    /// jurisdictions, each once.
    #[must_use]
    pub fn appeals_for<'a>(&'a self, jurisdictions: &[&'a str]) -> Vec<&'a Appeal> {
        if !self.appeals_named.is_empty() {
            let named = self.appeals_named.iter();
            return named.filter_map(|name| self.appeals.named(name)).collect();
        }
        let mut found: Vec<&Appeal> = Vec::new();
        for jurisdiction in jurisdictions {
            for appeal in self.appeals.of(jurisdiction) {
                if !found.contains(&appeal) {
                    found.push(appeal);
                }
            }
        }
        found
    }
}

fn parse(bytes: &[u8]) -> Result<OfficeFile, RecordError> {
    let file: OfficeFile = toml_file::parse(bytes, VERSION)?;
    let head = &file.letterhead;
    if let Some(agency) = &head.agency {
        check_text("letterhead.agency", agency, LINE_BYTES_MAX)?;
    }
    for (field, lines) in [
        ("letterhead.address", &head.address),
        ("letterhead.contact", &head.contact),
    ] {
        if lines.len() > LINES_MAX {
            let expected = format!("at most {LINES_MAX} lines");
            return Err(RecordError::field(field, lines.len(), expected));
        }
        lines
            .iter()
            .try_for_each(|line| check_text(field, line, LINE_BYTES_MAX))?;
    }
    if let Some(who) = &file.signatory {
        check_text("signatory.name", &who.name, LINE_BYTES_MAX)?;
        check_text("signatory.title", &who.title, LINE_BYTES_MAX)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        format_version = 1
        appeals = ["oregon"]
        [letterhead]
        agency = "Example Police Department"
        address = ["100 Main Street", "Example, OR 97000"]
        contact = ["records@example.gov"]
        [signatory]
        name = "J. Doe"
        title = "Records Supervisor"
    "#;

    /// Goal: an office's folder is read whole; without one there are the built-in files.
    #[test]
    fn an_office_is_read_from_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::read(folder.path()).unwrap();
        assert_eq!(office.letterhead, Letterhead::default());
        assert_eq!(office.appeals_for(&["US-MN"])[0].name, "minnesota");
        std::fs::write(folder.path().join(OFFICE_FILE), TEXT).unwrap();
        let office = Office::read(folder.path()).unwrap();
        assert_eq!(
            office.signatory.as_ref().unwrap().title,
            "Records Supervisor"
        );
        assert_eq!(
            office.appeals_for(&["US-MN"])[0].name,
            "oregon",
            "the office decides"
        );
        assert!(Office::read(Path::new("nowhere at all")).is_ok());
    }

    /// Goal: a wrong setting names the file and what is needed.
    #[test]
    fn wrong_settings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let check = |text: &str, expected: &str| {
            std::fs::write(folder.path().join(OFFICE_FILE), text).unwrap();
            let refused = Office::read(folder.path()).unwrap_err();
            let all = redact_core::error::with_causes(&refused);
            assert!(all.contains("office.toml"), "{all}");
            assert!(all.contains(expected), "{all}");
        };
        check(&TEXT.replace("\"oregon\"", "\"atlantis\""), "minnesota");
        check(&TEXT.replace("agency =", "office ="), "office");
        check(&TEXT.replace("version = 1", "version = 9"), "newer");
    }
}
