//! `index.html`: one page without scripts and external resources, which links to the files.

use askama::Template;

use super::{ExhibitRow, FileRow, exhibits, facts, files, title};
use crate::RecordError;
use crate::office::Office;
use crate::package::{FileRole, PackageManifest};

#[derive(Template)]
#[template(path = "package.html")]
struct IndexPage<'a> {
    title: String,
    facts: Vec<(&'static str, String)>,
    exhibits: Vec<ExhibitRow<'a>>,
    papers: Vec<FileRow<'a>>,
    checker: Option<&'a str>,
}

pub(in crate::papers) fn html(
    manifest: &PackageManifest,
    office: &Office,
) -> Result<String, RecordError> {
    let checker = manifest.files().find(|file| file.role == FileRole::Checker);
    let page = IndexPage {
        title: title(manifest),
        facts: facts(manifest, office),
        exhibits: exhibits(manifest),
        papers: files(manifest, None),
        checker: checker.map(|file| file.path.as_str()),
    };
    page.render().map_err(|refused| RecordError::Write {
        source: std::io::Error::other(refused.to_string()),
    })
}
