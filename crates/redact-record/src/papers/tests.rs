//! The papers of packages: complete, the same twice, and readable by people and programs.

use redact_core::{Digest, UtcNanos};

use super::*;
use crate::json::{OneLine, Seconds, Utc};
use crate::manifest::Supersedes;
use crate::office::{Letterhead, Signatory};
use crate::package::{
    Exhibit, ExhibitPart, FileRole, NewPackage, PackageRequest, ProfileName, Withheld,
    exhibit_stem, part_stem,
};

const ALL: [Document; 5] = [
    Document::IndexHtml,
    Document::IndexPdf,
    Document::CoverLetter,
    Document::ExemptionLetter,
    Document::Instructions,
];

const SECOND: i64 = 1_000_000_000;

fn digest(number: u32) -> Hex {
    Hex(digest_bytes(&number.to_be_bytes()))
}

fn withheld(code: &str, statute: &str, masks: u32, mutes: u32) -> OneLine<Withheld> {
    OneLine(Withheld {
        reason: code.to_owned(),
        statute: statute.to_owned(),
        text: format!("Withheld because {code} applies to what the recording shows or says there."),
        masks,
        picture_seconds: Seconds(i64::from(masks) * 7 * SECOND),
        mutes,
        sound_seconds: Seconds(i64::from(mutes) * 3 * SECOND),
        left_out: 0,
        left_out_seconds: Seconds(0),
    })
}

fn exhibit(number: u32, name: Option<&str>, parts: u32) -> Exhibit {
    let frames = 1000 * parts.max(1);
    let part = |number: u32| ExhibitPart {
        number,
        frames: ((number - 1) * 1000, number * 1000),
        seconds: (
            Seconds(i64::from(number - 1) * 40 * SECOND),
            Seconds(i64::from(number) * 40 * SECOND),
        ),
    };
    Exhibit {
        number,
        source_name: name.map(str::to_owned),
        manifest_id: format!("{number:032x}"),
        manifest_sha256: digest(number),
        release_sha256: digest(1000 + number),
        release_bytes: 12_345_678,
        created: Utc(UtcNanos(1_795_000_000 * SECOND)),
        supersedes: (number == 2).then(|| {
            OneLine(Supersedes {
                manifest_id: "ab".repeat(16),
                sha256: Hex(Digest([7; 32])),
            })
        }),
        jurisdiction: Some("US-MN".to_owned()),
        frames,
        seconds: Seconds(i64::from(parts.max(1)) * 40 * SECOND),
        parts: (1..=parts).map(|number| OneLine(part(number))).collect(),
        withheld: match number % 3 {
            0 => Vec::new(),
            1 => vec![
                withheld("mn-active", "Minn. Stat. 13.82, subd. 7", 3, 0),
                withheld("mn-other-person", "Minn. Stat. 13.825, subd. 2(a)", 1, 2),
            ],
            _ => vec![withheld(
                "mn-other-person",
                "Minn. Stat. 13.825, subd. 2(a)",
                4,
                0,
            )],
        },
        removed: number % 3,
    }
}

/// A package of these recordings: name, and number of parts.
fn package(recordings: &[(Option<&str>, u32)]) -> PackageManifest {
    let count = u32::try_from(recordings.len()).unwrap();
    let exhibits: Vec<Exhibit> = (1..)
        .zip(recordings)
        .map(|(number, (name, parts))| exhibit(number, *name, *parts))
        .collect();
    let mut manifest = PackageManifest::new(NewPackage {
        program: "redact 0.1.0".to_owned(),
        profile: ProfileName {
            name: "public".to_owned(),
            sha256: digest(0),
        },
        request: PackageRequest {
            agency: Some("Example Police Department".to_owned()),
            number: Some("2026-117".to_owned()),
            case_number: None,
            requester: Some("R. Roe".to_owned()),
        },
        exhibits: exhibits.clone(),
    });
    for exhibit in &exhibits {
        let stem = format!("exhibits/{}", exhibit_stem(exhibit.number, count));
        let parts = u32::try_from(exhibit.parts.len()).unwrap();
        let mut add = |stem: &str, part: Option<u32>, role, ending: &str, bytes: u64| {
            manifest.add_file(PackageFile {
                path: format!("{stem}{ending}"),
                role,
                exhibit: Some(exhibit.number),
                part,
                bytes,
                sha256: digest(exhibit.number * 50 + role as u32 * 7 + part.unwrap_or(0)),
            });
        };
        add(&stem, None, FileRole::Log, ".log.html", 30_000);
        add(&stem, None, FileRole::Log, ".log.pdf", 50_000);
        let videos: Vec<(String, Option<u32>)> = match parts {
            0 => vec![(stem, None)],
            _ => (1..=parts)
                .map(|part| (part_stem(&stem, part, parts), Some(part)))
                .collect(),
        };
        for (stem, part) in videos {
            add(&stem, part, FileRole::Release, ".mp4", 400_123_456);
            add(&stem, part, FileRole::Manifest, ".manifest.json", 12_345);
            add(
                &stem,
                part,
                FileRole::Signature,
                ".manifest.json.minisig",
                321,
            );
        }
    }
    manifest.add_file(PackageFile {
        path: "verify.html".to_owned(),
        role: FileRole::Checker,
        exhibit: None,
        part: None,
        bytes: 2_000_000,
        sha256: digest(9),
    });
    manifest
}

fn office() -> Office {
    let mut office = Office::built_in().unwrap();
    office.letterhead = Letterhead {
        agency: Some("Example Police Department".to_owned()),
        address: vec!["100 Main Street".to_owned(), "Example, MN 55000".to_owned()],
        contact: vec!["records@example.gov".to_owned(), "612-555-0100".to_owned()],
    };
    office.signatory = Some(Signatory {
        name: "J. Doe".to_owned(),
        title: "Records Supervisor".to_owned(),
    });
    office
}

const ODD: [(Option<&str>, u32); 5] = [
    (Some("AXON_Body_3_Video_2026-11-02_2104_D01A2345K.mp4"), 0),
    (
        Some("Ofi\u{107}. Nu\u{f1}ez & S\u{f8}n \"front\" **cam**_1 | 2.mov"),
        3,
    ),
    (
        Some("\u{5de}\u{5e6}\u{5dc}\u{5de}\u{5d4} \u{5d2}\u{5d5}\u{5e3} 12.mp4"),
        0,
    ),
    (None, 0),
    (
        Some(
            "\u{8eca}\u{8f09}\u{ff0e}mp4 \u{1f694} \u{643}\u{627}\u{645}\u{64a}\u{631}\u{627} a_very_long_name_without_any_space_at_all_that_somebody_typed_into_an_evidence_system_once_upon_a_time_2026_11_02_at_night.mp4",
        ),
        0,
    ),
];

fn input<'a>(manifest: &'a PackageManifest, office: &'a Office) -> PapersInput<'a> {
    PapersInput {
        manifest,
        documents: &ALL,
        statement: None,
        office,
        dated: None,
        edited: &[],
    }
}

/// Where papers are written for a person to look at: `$REDACT_PAPERS`, if it is set.
fn show(folder: &str, papers: &[PaperFile]) {
    if let Some(root) = std::env::var_os("REDACT_PAPERS") {
        let folder = std::path::Path::new(&root).join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        for paper in papers {
            std::fs::write(folder.join(paper.name), &paper.bytes).unwrap();
        }
    }
}

/// Goal: the words of the letters and of the page do not change unnoticed.
#[test]
fn the_words_of_the_papers() {
    let (manifest, office) = (package(&ODD), office());
    let input = input(&manifest, &office);
    for letter in input.letters().unwrap() {
        insta::assert_snapshot!(letter.name.clone(), letter.text);
    }
    let papers = input.make().unwrap();
    show("odd", &papers);
    let text = |document| {
        let paper = papers
            .iter()
            .find(|paper| paper.document == document)
            .unwrap();
        String::from_utf8(paper.bytes.clone()).unwrap()
    };
    insta::assert_snapshot!("viewing-instructions-text", text(Document::Instructions));
    // Without letters, whose digests depend on the library that writes PDFs.
    let only = PapersInput {
        documents: &[Document::IndexHtml],
        ..input
    };
    let page = String::from_utf8(only.make().unwrap().remove(0).bytes).unwrap();
    let body = page.split_once("</style>").unwrap().1;
    insta::assert_snapshot!("index-page", body);
}

/// Goal: the same package has the same papers, to the byte. Control: another date is another
/// letter.
#[test]
fn papers_are_the_same_twice() {
    let (manifest, office) = (package(&ODD), office());
    let once = input(&manifest, &office).make().unwrap();
    assert_eq!(once, input(&manifest, &office).make().unwrap());
    let dated = PapersInput {
        dated: Some(Date::from_calendar_date(2027, time::Month::May, 3).unwrap()),
        ..input(&manifest, &office)
    };
    let other = dated.make().unwrap();
    for (once, other) in once.iter().zip(&other) {
        let differs = once.document != Document::Instructions;
        assert_eq!(
            once.bytes != other.bytes,
            differs,
            "{}: index names digests of letters",
            once.name
        );
    }
}

/// Goal: the index lists every file and every exhibit, however many there are; and each link of
/// the page names a file of the package.
#[test]
fn the_index_of_200_exhibits_is_complete() {
    let names: Vec<String> = (0..200)
        .map(|number| format!("camera {number}.mp4"))
        .collect();
    let recordings: Vec<(Option<&str>, u32)> =
        names.iter().map(|name| (Some(name.as_str()), 2)).collect();
    let (mut manifest, office) = (package(&recordings), office());
    let papers = input(&manifest, &office).make().unwrap();
    show("many", &papers);
    let page = &papers
        .iter()
        .find(|paper| paper.document == Document::IndexHtml)
        .unwrap()
        .bytes;
    let page = std::str::from_utf8(page).unwrap();
    for paper in &papers {
        if paper.document.role() != FileRole::Index {
            manifest.add_file(paper.file());
        }
    }
    for file in manifest.files() {
        assert!(
            page.contains(&format!("href=\"{}\"", file.path)),
            "{}",
            file.path
        );
        assert!(page.contains(&file.sha256.0.to_string()), "{}", file.path);
    }
    let links = page
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    for link in links.filter(|link| !["package.json", "SHA256SUMS"].contains(link)) {
        assert!(manifest.files().any(|file| file.path == link), "{link}");
    }
    assert!(!page.contains("<script") && !page.contains("src="));
}

/// Goal: a letter that a person edited goes out as it was edited; one with control characters
/// does not.
#[test]
fn an_edited_letter_replaces_the_template() {
    let (manifest, office) = (package(&ODD[..1]), office());
    let letter = |text: &str| Letter {
        name: "viewing-instructions".to_owned(),
        title: "Viewing instructions".to_owned(),
        text: text.to_owned(),
    };
    let make = |edited: &[Letter]| {
        let documents = &[Document::Instructions];
        PapersInput {
            edited,
            documents,
            ..input(&manifest, &office)
        }
        .make()
    };
    let made = make(&[letter("Play **it**.")]).unwrap();
    assert_eq!(made[0].bytes, b"Play it.\n");
    assert!(make(&[letter("\u{202e}Play it.")]).is_err());
    assert!(make(&[letter("  ")]).is_err());
}

/// Goal: without office, request and names there are still papers, and no letter says "none".
#[test]
fn a_package_that_says_little_has_papers() {
    let mut manifest = package(&[(None, 0), (None, 0), (None, 0)]);
    manifest.request = PackageRequest::default();
    for exhibit in &mut manifest.exhibits {
        exhibit.jurisdiction = None;
        exhibit.withheld = Vec::new();
        exhibit.supersedes = None;
    }
    let office = Office::built_in().unwrap();
    let input = input(&manifest, &office);
    for letter in input.letters().unwrap() {
        assert!(
            !letter.text.contains("none") && !letter.text.contains("{"),
            "{}",
            letter.text
        );
    }
    show("bare", &input.make().unwrap());
}

/// Goal: every value that letters/README.md describes exists, and none is left out there.
#[test]
fn the_values_of_letters_are_described() {
    let (manifest, office) = (package(&ODD), office());
    let values = serde_json::to_value(input(&manifest, &office).values()).unwrap();
    let readme = include_str!("../../../../letters/README.md");
    let table = readme
        .split("## Values")
        .nth(1)
        .unwrap()
        .split("## The office")
        .next()
        .unwrap();
    for (key, value) in values.as_object().unwrap() {
        assert!(table.contains(&format!("`{key}")), "{key} is not described");
        let one = value.get(0).unwrap_or(value);
        let inner = one.as_object().into_iter().flat_map(|object| object.keys());
        for inner in inner {
            assert!(
                table.contains(&format!("`{inner}`")) || table.contains(&format!(".{inner}`")),
                "{key}.{inner} is not described"
            );
        }
    }
}
