//! Transmittal profiles: what a package for one kind of recipient contains.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use redact_core::error::with_causes;
use redact_record::package::{Document, PackageContainer, Transmittal, transmittal_of};
use serde::Serialize;

use crate::model::PackageForm;

/// Maximum length of a profile's file in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// A profile as the API returns it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Profile"))]
pub(crate) struct ProfileInfo {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) note: String,
    /// The forms in which the desk can make it.
    pub(crate) forms: Vec<PackageForm>,
    /// The papers, as named in profiles.
    pub(crate) documents: Vec<&'static str>,
    pub(crate) sealed_manifests: bool,
    pub(crate) findings: bool,
    pub(crate) verifier: bool,
    /// Whether a package must be encrypted.
    pub(crate) encrypt: bool,
    /// The largest video in bytes; larger ones are cut into parts.
    pub(crate) part_bytes: Option<u64>,
    /// The largest package in bytes.
    pub(crate) package_bytes: Option<u64>,
    pub(crate) source_names: bool,
    pub(crate) request_number: bool,
    pub(crate) case_number: bool,
    pub(crate) requester: bool,
    /// Why it cannot be used.
    pub(crate) problem: Option<String>,
}

/// A profile and its text.
pub(crate) struct Profile {
    pub(crate) info: ProfileInfo,
    pub(crate) text: String,
}

/// The profiles that an office can choose from.
#[derive(Clone, Debug)]
pub struct Profiles {
    /// Those of the program: names and texts.
    pub built_in: &'static [(&'static str, &'static str)],
    /// The folder with the office's own, which take precedence. It may be missing.
    pub own: PathBuf,
}

impl Profiles {
    /// All profiles, by name. Read each time: an office edits its own while the desk is running.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn read(&self) -> std::io::Result<Vec<Profile>> {
        let mut all = BTreeMap::new();
        for (name, text) in self.built_in {
            all.insert((*name).to_owned(), profile(name, Ok((*text).to_owned())));
        }
        let entries = match std::fs::read_dir(&self.own) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            entries => Some(entries?),
        };
        for entry in entries.into_iter().flatten() {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if let Some(name) = stem.filter(|_| path.extension().is_some_and(|end| end == "toml")) {
                all.insert(name.to_owned(), profile(name, read_text(&path)));
            }
        }
        Ok(all.into_values().collect())
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    let read = redact_record::read(path, BYTES_MAX).map_err(|error| error.to_string())?;
    String::from_utf8(read).map_err(|_| "not text".to_owned())
}

/// A profile, or why it cannot be used: one that is broken must not be replaced by another of the
/// same name.
fn profile(name: &str, text: Result<String, String>) -> Profile {
    let parsed = text.and_then(|text| {
        let read = transmittal_of(text.as_bytes()).map_err(|error| with_causes(&error))?;
        if read.name == name {
            Ok((read, text))
        } else {
            Err(format!("found the name {:?}, expected {name:?}", read.name))
        }
    });
    match parsed {
        Ok((read, text)) => Profile {
            info: info(&read),
            text,
        },
        Err(problem) => Profile {
            info: broken(name, format!("{name}.toml cannot be used: {problem}")),
            text: String::new(),
        },
    }
}

fn info(read: &Transmittal) -> ProfileInfo {
    let forms = read.containers.iter().filter_map(|form| match form {
        PackageContainer::Zip => Some(PackageForm::Zip),
        PackageContainer::Iso => Some(PackageForm::Iso),
        // A browser downloads one file.
        PackageContainer::Folder => None,
    });
    let forms: Vec<PackageForm> = forms.collect();
    let problem = problem(read, &forms);
    ProfileInfo {
        name: read.name.clone(),
        title: read.title.clone(),
        note: read.note.clone(),
        forms,
        documents: read
            .documents
            .iter()
            .map(|paper| document(*paper))
            .collect(),
        sealed_manifests: read.sealed_manifests,
        findings: read.findings,
        verifier: read.verifier,
        encrypt: read.encrypt,
        part_bytes: read.limits.part_bytes,
        package_bytes: read.limits.package_bytes,
        source_names: read.names.source_names,
        request_number: read.names.request_number,
        case_number: read.names.case_number,
        requester: read.names.requester,
        problem,
    }
}

/// Why a valid profile cannot be used at the desk.
fn problem(read: &Transmittal, forms: &[PackageForm]) -> Option<String> {
    let name = &read.name;
    if forms.is_empty() {
        Some(format!(
            "Profile {name} only allows folders: make this package with `redact package`."
        ))
    } else if !read.names.request_number {
        // Their public manifests have it, for the log that a requester reads.
        Some(format!(
            "Profile {name} leaves the request number out (request_number = false), and releases \
             of the desk name it. Render without it and make this package with `redact package`, \
             or choose another profile."
        ))
    } else {
        None
    }
}

fn broken(name: &str, problem: String) -> ProfileInfo {
    ProfileInfo {
        name: name.to_owned(),
        title: name.to_owned(),
        note: String::new(),
        forms: Vec::new(),
        documents: Vec::new(),
        sealed_manifests: false,
        findings: false,
        verifier: false,
        encrypt: false,
        part_bytes: None,
        package_bytes: None,
        source_names: false,
        request_number: false,
        case_number: false,
        requester: false,
        problem: Some(problem),
    }
}

/// As named in profiles.
const fn document(paper: Document) -> &'static str {
    match paper {
        Document::IndexHtml => "index-html",
        Document::IndexPdf => "index-pdf",
        Document::CoverLetter => "cover-letter",
        Document::ExemptionLetter => "exemption-letter",
        Document::Instructions => "instructions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"
format_version = 1
name = "plain"
title = "Plain"
note = "A note."
containers = ["zip", "folder", "iso"]
documents = ["index-html"]
sealed_manifests = false
findings = false
verifier = true
[names]
source_names = false
request_number = true
case_number = false
requester = false
"#;

    /// Goal: an office's own profile takes precedence, also when it is broken, and one that only
    /// makes folders, or leaves out what releases of the desk name, says so. Control: without a
    /// folder there are the built-in ones.
    #[test]
    fn own_profiles_take_precedence_and_broken_ones_say_why() {
        let folder = tempfile::TempDir::new().unwrap();
        let profiles = Profiles {
            built_in: &[("plain", PLAIN)],
            own: folder.path().join("transmittals"),
        };
        let first = profiles.read().unwrap();
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].info.forms, [PackageForm::Zip, PackageForm::Iso]);
        assert_eq!(first[0].info.problem, None);
        std::fs::create_dir(&profiles.own).unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(profiles.own.join(format!("{name}.toml")), text).unwrap();
        };
        write("plain", &PLAIN.replace("A note.", "Ours."));
        let folders = PLAIN.replace(r#"["zip", "folder", "iso"]"#, r#"["folder"]"#);
        write("folders", &folders.replace("\"plain\"", "\"folders\""));
        write("other", PLAIN);
        let nameless = PLAIN.replace("request_number = true", "request_number = false");
        write("nameless", &nameless.replace("\"plain\"", "\"nameless\""));
        let read = profiles.read().unwrap();
        let names: Vec<&str> = read.iter().map(|one| one.info.name.as_str()).collect();
        assert_eq!(names, ["folders", "nameless", "other", "plain"]);
        for (at, why) in [
            "redact package",
            "leaves the request number out",
            "expected \"other\"",
        ]
        .iter()
        .enumerate()
        {
            let problem = read[at].info.problem.as_ref().unwrap();
            assert!(problem.contains(why), "{problem}");
        }
        assert_eq!(read[3].info.note, "Ours.");
        assert_eq!(read[3].info.problem, None);
        write("plain", "title = 1");
        let broken = &profiles.read().unwrap()[3];
        assert!(broken.info.problem.as_ref().unwrap().contains("plain.toml"));
        assert!(broken.info.forms.is_empty());
    }
}
