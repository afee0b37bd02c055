//! The index of a package, as a page and for printing, from the same rows.

mod page;
mod print;

use super::words;
use crate::json::OneLine;
use crate::office::Office;
use crate::package::{Exhibit, FileRole, PackageFile, PackageManifest};

pub(super) use page::html;
pub(super) use print::pdf;

/// Heading of both forms.
fn title(manifest: &PackageManifest) -> String {
    match &manifest.request.number {
        Some(number) => format!("Recordings for request {number}"),
        None => "Released recordings".to_owned(),
    }
}

/// The first lines of both forms: term and value.
fn facts(manifest: &PackageManifest, office: &Office) -> Vec<(&'static str, String)> {
    let request = &manifest.request;
    let agency = office
        .letterhead
        .agency
        .as_ref()
        .or(request.agency.as_ref());
    let exhibits = manifest.exhibits.len();
    let total: i64 = manifest
        .exhibits
        .iter()
        .fold(0, |sum, exhibit| exhibit.seconds.0.saturating_add(sum));
    let recordings = format!(
        "{exhibits}, {} in total",
        words::length(crate::json::Seconds(total))
    );
    let facts = [
        ("Agency", agency.cloned()),
        ("Request", request.number.clone()),
        ("Case", request.case_number.clone()),
        ("Requester", request.requester.clone()),
        ("Exhibits", Some(recordings)),
        ("Newest release", Some(manifest.created.readable())),
        ("Profile", Some(manifest.profile.0.name.clone())),
        ("Made with", Some(manifest.program.clone())),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(term, value)| Some((term, value?)));
    facts.collect()
}

/// One file with what it is called in an index.
struct FileRow<'a> {
    file: &'a PackageFile,
    label: String,
    size: String,
}

impl<'a> FileRow<'a> {
    fn new(file: &'a PackageFile) -> Self {
        let kind = words::role(file.role);
        let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let label = match file.role {
            FileRole::Log | FileRole::Transcript | FileRole::Captions => {
                format!("{kind} ({})", ending.to_ascii_uppercase())
            }
            _ => kind.to_owned(),
        };
        let label = match file.part {
            Some(part) => format!("{label}, part {part}"),
            None => label,
        };
        Self {
            file,
            label,
            size: words::bytes(file.bytes),
        }
    }
}

/// One exhibit.
struct ExhibitRow<'a> {
    exhibit: &'a Exhibit,
    name: String,
    length: String,
    /// Where its parts begin.
    parts: Vec<String>,
    /// Statute, what is withheld, reason.
    withheld: Vec<(&'a str, String, &'a str)>,
    /// What else is to be said about it.
    notes: Vec<String>,
    files: Vec<FileRow<'a>>,
}

fn exhibits(manifest: &PackageManifest) -> Vec<ExhibitRow<'_>> {
    let rows = manifest.exhibits.iter().map(|exhibit| {
        let count = exhibit.parts.len();
        let parts = exhibit.parts.iter().map(|OneLine(part)| {
            let (start, end) = part.seconds;
            let (start, end) = (words::length(start), words::length(end));
            format!("Part {} of {count}: {start} to {end}", part.number)
        });
        let withheld = exhibit.withheld.iter().map(|OneLine(row)| {
            (
                row.statute.as_str(),
                words::withheld(row),
                row.text.as_str(),
            )
        });
        let mut notes = Vec::new();
        if exhibit.withheld.is_empty() {
            notes.push("Nothing is hidden, muted or left out.".to_owned());
        }
        match exhibit.removed {
            0 => {}
            1 => notes
                .push("1 other stream or message of the recording is in no release.".to_owned()),
            many => notes.push(format!(
                "{many} other streams and messages of the recording are in no release."
            )),
        }
        if let Some(OneLine(older)) = &exhibit.supersedes {
            notes.push(format!(
                "Replaces an earlier release (manifest {}); use only this one.",
                older.manifest_id
            ));
        }
        ExhibitRow {
            exhibit,
            name: words::exhibit_name(exhibit),
            length: words::length(exhibit.seconds),
            parts: parts.collect(),
            withheld: withheld.collect(),
            notes,
            files: files(manifest, Some(exhibit.number)),
        }
    });
    rows.collect()
}

/// The files of an exhibit, or of the whole package, videos first.
fn files(manifest: &PackageManifest, exhibit: Option<u32>) -> Vec<FileRow<'_>> {
    let mut files: Vec<&PackageFile> = manifest
        .files()
        .filter(|file| file.exhibit == exhibit)
        .collect();
    files.sort_by_key(|file| (file.role, file.part));
    files.into_iter().map(FileRow::new).collect()
}
