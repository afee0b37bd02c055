//! The values that the letters of a package are filled in with.
//!
//! `letters/README.md` describes them; a test compares that description with these types.

use std::collections::BTreeMap;

use serde::Serialize;
use time::Date;

use super::words;
use crate::appeals::Appeal;
use crate::json::{OneLine, Seconds};
use crate::office::{Office, Signatory};
use crate::package::{Document, Exhibit, FileRole, PackageManifest, PackageRequest, Withheld};

/// What the letters of a package may say.
#[derive(Clone, Debug, Serialize)]
pub struct PackageValues<'a> {
    agency: AgencyValues<'a>,
    signatory: Option<&'a Signatory>,
    date: String,
    request: RequestValues<'a>,
    profile: &'a str,
    exhibits: Vec<ExhibitValues<'a>>,
    totals: Vec<TotalValues<'a>>,
    statement: Option<&'a str>,
    appeals: Vec<&'a Appeal>,
    replaced: Vec<u32>,
    has_parts: bool,
    has_checker: bool,
    has_exemption_letter: bool,
    has_instructions: bool,
    has_sealed_records: bool,
}

#[derive(Clone, Debug, Serialize)]
struct AgencyValues<'a> {
    name: Option<&'a str>,
    address: &'a [String],
    contact: &'a [String],
}

#[derive(Clone, Debug, Serialize)]
struct RequestValues<'a> {
    number: Option<&'a str>,
    case_number: Option<&'a str>,
    requester: Option<&'a str>,
}

/// What letters may say about one release.
#[derive(Clone, Debug, Serialize)]
pub struct ExhibitValues<'a> {
    number: u32,
    name: String,
    length: String,
    sha256: String,
    withheld: Vec<WithheldValues<'a>>,
    removed: u32,
}

#[derive(Clone, Debug, Serialize)]
struct WithheldValues<'a> {
    code: &'a str,
    statute: &'a str,
    text: &'a str,
    withheld: String,
    masks: u32,
    mutes: u32,
}

/// What is withheld of several releases for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct TotalValues<'a> {
    code: &'a str,
    statute: &'a str,
    text: &'a str,
    withheld: String,
    masks: u32,
    mutes: u32,
    exhibits: Vec<u32>,
}

/// What of a package's papers the letters refer to.
pub(super) struct Extent<'a> {
    pub(super) documents: &'a [Document],
    pub(super) statement: Option<&'a str>,
    pub(super) dated: Date,
}

impl<'a> PackageValues<'a> {
    pub(super) fn new(
        manifest: &'a PackageManifest,
        office: &'a Office,
        extent: &Extent<'a>,
    ) -> Self {
        let PackageRequest {
            agency,
            number,
            case_number,
            requester,
        } = &manifest.request;
        let head = &office.letterhead;
        let mut jurisdictions: Vec<&str> = Vec::new();
        for exhibit in &manifest.exhibits {
            if let Some(place) = exhibit
                .jurisdiction
                .as_deref()
                .filter(|place| !jurisdictions.contains(place))
            {
                jurisdictions.push(place);
            }
        }
        let replaces = |exhibit: &&Exhibit| exhibit.supersedes.is_some();
        let has = |document| extent.documents.contains(&document);
        Self {
            agency: AgencyValues {
                name: head.agency.as_deref().or(agency.as_deref()),
                address: &head.address,
                contact: &head.contact,
            },
            signatory: office.signatory.as_ref(),
            date: words::day(extent.dated),
            request: RequestValues {
                number: number.as_deref(),
                case_number: case_number.as_deref(),
                requester: requester.as_deref(),
            },
            profile: &manifest.profile.0.name,
            exhibits: manifest.exhibits.iter().map(ExhibitValues::new).collect(),
            totals: totals(&manifest.exhibits),
            statement: extent.statement,
            appeals: office.appeals_for(&jurisdictions),
            replaced: manifest
                .exhibits
                .iter()
                .filter(replaces)
                .map(|exhibit| exhibit.number)
                .collect(),
            has_parts: manifest
                .exhibits
                .iter()
                .any(|exhibit| !exhibit.parts.is_empty()),
            has_checker: manifest.files().any(|file| file.role == FileRole::Checker),
            has_exemption_letter: has(Document::ExemptionLetter),
            has_instructions: has(Document::Instructions),
            has_sealed_records: manifest.has_sealed_records(),
        }
    }

    /// The agency's name, for a letterhead.
    pub(super) fn agency(&self) -> Option<&str> {
        self.agency.name
    }

    /// The request's number.
    pub(super) fn request_number(&self) -> Option<&str> {
        self.request.number
    }
}

impl<'a> ExhibitValues<'a> {
    /// The values of a release.
    #[must_use]
    pub fn new(exhibit: &'a Exhibit) -> Self {
        Self {
            number: exhibit.number,
            name: words::exhibit_name(exhibit),
            length: words::length(exhibit.seconds),
            sha256: exhibit.release_sha256.0.to_string(),
            withheld: exhibit
                .withheld
                .iter()
                .map(|row| WithheldValues::from(&row.0))
                .collect(),
            removed: exhibit.removed,
        }
    }
}

impl<'a> From<&'a Withheld> for WithheldValues<'a> {
    fn from(row: &'a Withheld) -> Self {
        Self {
            code: &row.reason,
            statute: &row.statute,
            text: &row.text,
            withheld: words::withheld(row),
            masks: row.masks,
            mutes: row.mutes,
        }
    }
}

/// What is withheld over all exhibits, by reason. The same code with another statute or sentence
/// is another row: policies may define a code differently.
#[must_use]
pub fn totals(exhibits: &[Exhibit]) -> Vec<TotalValues<'_>> {
    let mut rows: BTreeMap<(&str, &str, &str), (Withheld, Vec<u32>)> = BTreeMap::new();
    for exhibit in exhibits {
        for OneLine(row) in &exhibit.withheld {
            let key = (row.reason.as_str(), row.statute.as_str(), row.text.as_str());
            let (sum, numbers) = rows.entry(key).or_insert_with(|| {
                let zero = Withheld {
                    masks: 0,
                    mutes: 0,
                    picture_seconds: Seconds(0),
                    sound_seconds: Seconds(0),
                    left_out: 0,
                    left_out_seconds: Seconds(0),
                    ..row.clone()
                };
                (zero, Vec::new())
            });
            let add =
                |sum: &mut Seconds, more: Seconds| *sum = Seconds(sum.0.saturating_add(more.0));
            sum.masks = sum.masks.saturating_add(row.masks);
            sum.mutes = sum.mutes.saturating_add(row.mutes);
            add(&mut sum.picture_seconds, row.picture_seconds);
            add(&mut sum.sound_seconds, row.sound_seconds);
            sum.left_out = sum.left_out.saturating_add(row.left_out);
            add(&mut sum.left_out_seconds, row.left_out_seconds);
            numbers.push(exhibit.number);
        }
    }
    let rows = rows
        .into_iter()
        .map(|((code, statute, text), (sum, exhibits))| TotalValues {
            code,
            statute,
            text,
            withheld: words::withheld(&sum),
            masks: sum.masks,
            mutes: sum.mutes,
            exhibits,
        });
    rows.collect()
}
