//! What a requester may do about a denial, by jurisdiction, as strict TOML.
//!
//! Data that counsel reads and changes, like [reason sets](crate::reasons): some files are built in
//! (`appeals/`), and a file of the same name in the office's folder replaces one. Nothing here is
//! legal advice.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::value::Datetime;

use crate::json::check_text;
use crate::{RecordError, store, toml_file};

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 20;
const TEXT_BYTES_MAX: usize = 2000;

const BUILT_IN: [&str; 11] = [
    include_str!("../../../appeals/california.toml"),
    include_str!("../../../appeals/connecticut.toml"),
    include_str!("../../../appeals/federal-foia.toml"),
    include_str!("../../../appeals/illinois.toml"),
    include_str!("../../../appeals/minnesota.toml"),
    include_str!("../../../appeals/new-jersey.toml"),
    include_str!("../../../appeals/new-york.toml"),
    include_str!("../../../appeals/ohio.toml"),
    include_str!("../../../appeals/oregon.toml"),
    include_str!("../../../appeals/texas.toml"),
    include_str!("../../../appeals/washington.toml"),
];

/// The rights of a requester under one law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Appeal {
    /// The file's name without `.toml`.
    pub name: String,
    /// The law, in one line.
    pub title: String,
    /// Where it applies, as in policies and requests: `US-MN`.
    pub jurisdiction: String,
    /// What readers of the file must know.
    pub note: String,
    /// The rights, in the order in which a letter lists them.
    pub rights: Vec<AppealRight>,
}

/// One thing that a requester may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppealRight {
    /// The statute.
    pub statute: String,
    /// What may be done, in sentences for a letter.
    pub text: String,
    /// URL of the official text.
    pub source: String,
    /// The date on which the entry was last compared with a published text: `2026-01-31`; `None`
    /// if it was not.
    pub checked: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppealFile {
    // Checked earlier, against the newest supported version.
    #[serde(rename = "format_version")]
    _format_version: u32,
    name: String,
    title: String,
    jurisdiction: String,
    note: String,
    right: Vec<RightFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RightFile {
    statute: String,
    text: String,
    source: String,
    checked: Option<Datetime>,
}

/// The appeals that an office knows, by name.
#[derive(Clone, Debug)]
pub struct Appeals {
    known: BTreeMap<String, Appeal>,
}

impl Appeals {
    /// Those that are built in.
    ///
    /// # Errors
    /// Those of [`parse`]; never for the files of this project.
    pub fn built_in() -> Result<Self, RecordError> {
        let mut known = BTreeMap::new();
        for text in BUILT_IN {
            let appeal = parse(text.as_bytes())?;
            known.insert(appeal.name.clone(), appeal);
        }
        Ok(Self { known })
    }

    /// Those that are built in, and those of the office's folder, which take their place. A folder
    /// that does not exist is an empty one.
    ///
    /// # Errors
    /// [`RecordError::OfficeFile`] names a file that cannot be read or is not valid.
    pub fn with_office(folder: &Path) -> Result<Self, RecordError> {
        let mut appeals = Self::built_in()?;
        let unusable = |path: &Path, source| RecordError::OfficeFile {
            file: path.display().to_string(),
            source: Box::new(source),
        };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(refused) if refused.kind() == std::io::ErrorKind::NotFound => return Ok(appeals),
            Err(source) => return Err(unusable(folder, RecordError::Read { source })),
        };
        for entry in entries {
            let path = entry
                .map_err(|source| unusable(folder, RecordError::Read { source }))?
                .path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let appeal = read(&path).map_err(|source| unusable(&path, source))?;
                appeals.known.insert(appeal.name.clone(), appeal);
            }
        }
        Ok(appeals)
    }

    /// The appeal with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Appeal> {
        self.known.get(name)
    }

    /// The appeals of a jurisdiction, as a policy or a request names it: by place (`US-MN`), by the
    /// name of a file, or by a law's title with anything after it. Case does not matter.
    pub fn of<'a>(&'a self, jurisdiction: &'a str) -> impl Iterator<Item = &'a Appeal> {
        self.known.values().filter(move |appeal| {
            let beginning = jurisdiction
                .get(..appeal.title.len())
                .unwrap_or(jurisdiction);
            appeal.jurisdiction.eq_ignore_ascii_case(jurisdiction)
                || appeal.name.eq_ignore_ascii_case(jurisdiction)
                || appeal.title.eq_ignore_ascii_case(beginning)
        })
    }

    /// All of them, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Appeal> {
        self.known.values()
    }
}

/// Reads a file. Its name must be that in it.
fn read(path: &Path) -> Result<Appeal, RecordError> {
    let appeal = parse(&store::read(path, BYTES_MAX)?)?;
    toml_file::check_name(path, &appeal.name)?;
    Ok(appeal)
}

/// Reads an appeal from the bytes of its file.
///
/// # Errors
/// [`RecordError::NewerVersion`]; [`RecordError::Syntax`] and [`RecordError::Field`] with the
/// place.
pub fn parse(bytes: &[u8]) -> Result<Appeal, RecordError> {
    let file: AppealFile = toml_file::parse(bytes, VERSION)?;
    for (field, value) in [
        ("name", &file.name),
        ("title", &file.title),
        ("jurisdiction", &file.jurisdiction),
        ("note", &file.note),
    ] {
        check_text(field, value, TEXT_BYTES_MAX)?;
    }
    if file.right.is_empty() {
        return Err(RecordError::field("right", "none", "at least one"));
    }
    let rights = (1..)
        .zip(file.right)
        .map(|(number, right)| listed(number, right));
    Ok(Appeal {
        name: file.name,
        title: file.title,
        jurisdiction: file.jurisdiction,
        note: file.note,
        rights: rights.collect::<Result<_, _>>()?,
    })
}

fn listed(number: usize, right: RightFile) -> Result<AppealRight, RecordError> {
    let at = |key: &str| format!("right {number}, {key}");
    for (key, value) in [
        ("statute", &right.statute),
        ("text", &right.text),
        ("source", &right.source),
    ] {
        check_text(&at(key), value, TEXT_BYTES_MAX)?;
    }
    if !right.source.starts_with("https://") {
        let found = format!("{:?}", right.source);
        return Err(RecordError::field(
            at("source"),
            found,
            "a URL that begins with https://",
        ));
    }
    let is_day = |day: &Datetime| day.date.is_some() && day.time.is_none() && day.offset.is_none();
    if let Some(day) = right.checked.filter(|day| !is_day(day)) {
        return Err(RecordError::field(
            at("checked"),
            day,
            "a date like 2026-01-31",
        ));
    }
    Ok(AppealRight {
        statute: right.statute,
        text: right.text,
        source: right.source,
        checked: right.checked.map(|day| day.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reasons;

    /// Goal: a release under any law that has reasons here can say what its requester may do.
    #[test]
    fn every_law_with_reasons_has_an_appeal() {
        let appeals = Appeals::built_in().unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reasons");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let set = reasons::read(&path).unwrap();
                let found: Vec<&Appeal> = appeals.of(&set.jurisdiction).collect();
                assert_eq!(found.len(), 1, "{}", set.jurisdiction);
                assert_eq!(found[0].name, set.name);
                count += 1;
            }
        }
        assert_eq!(count, appeals.iter().count());
        let titled = "Minnesota Government Data Practices Act, data subject";
        assert_eq!(appeals.of(titled).next().unwrap().name, "minnesota");
        assert_eq!(appeals.of("elsewhere").count(), 0);
    }

    /// Goal: the office's file takes the place of ours; a wrong one is named.
    #[test]
    fn an_office_replaces_an_appeal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("minnesota.toml");
        let law = "Minnesota Government Data Practices Act";
        let ours = BUILT_IN.iter().find(|text| text.contains(law)).unwrap();
        let text = ours.replace(law, "Our words");
        std::fs::write(&path, &text).unwrap();
        let appeals = Appeals::with_office(folder.path()).unwrap();
        assert_eq!(appeals.named("minnesota").unwrap().title, "Our words");
        assert!(Appeals::with_office(Path::new("nowhere at all")).is_ok());
        for wrong in [
            text.replace("https:", "http:"),
            text.replace("statute =", "law ="),
            text.replace("\"minnesota\"", "\"other\""),
            text.replace("format_version = 1", "format_version = 2"),
        ] {
            std::fs::write(&path, wrong).unwrap();
            let refused = Appeals::with_office(folder.path()).unwrap_err();
            assert!(refused.to_string().contains("minnesota.toml"), "{refused}");
        }
    }
}
