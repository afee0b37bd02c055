//! `index.pdf`: US Letter, landscape.

use super::{ExhibitRow, FileRow, exhibits, facts, files, title};
use crate::RecordError;
use crate::office::Office;
use crate::package::PackageManifest;
use crate::paper::{INK, SOFT, Type};
use crate::papers::flow::{Cell, Column, Flow, plain};
use crate::pdf::{self, About, Fonts, LETTER, Style};

/// US Letter, landscape.
const PAGE: [f32; 2] = [LETTER[1], LETTER[0]];
const MARGIN: f32 = 42.0;

const TEXT: (Style, f32) = (Style::Regular, 8.6);

pub(in crate::papers) fn pdf(
    fonts: &Fonts,
    manifest: &PackageManifest,
    office: &Office,
) -> Result<Vec<u8>, RecordError> {
    let title = title(manifest);
    let mut flow = Flow::new(fonts, PAGE, MARGIN);
    flow.heading(1, Type::new(Style::Bold, 18.0, INK), &plain(&title));
    flow.gap(4.0);
    for (term, value) in facts(manifest, office) {
        flow.paragraph(text(), &plain(&format!("{term}: {value}")));
    }
    section(&mut flow, "Exhibits");
    let columns = columns(&[
        ("Exhibit", 48.0),
        ("Recording", 160.0),
        ("Files, size and SHA-256", 286.0),
        ("Withheld", 214.0),
    ]);
    let rows: Vec<Vec<Cell>> = exhibits(manifest).iter().map(exhibit_row).collect();
    flow.table(text(), &columns, &rows);
    let papers = files(manifest, None);
    if !papers.is_empty() {
        section(&mut flow, "Other files");
        let columns = columns_of_papers();
        let rows: Vec<Vec<Cell>> = papers.iter().map(paper_row).collect();
        flow.table(text(), &columns, &rows);
    }
    flow.gap(10.0);
    flow.paragraph(
        soft(),
        &plain(
            "The digests of this index, of package.json and of its signature are in SHA256SUMS. \
             package.json is signed; it lists every other file. The reasons are those of the \
             agency's policy. This index is not legal advice. A character that this document's \
             font lacks is shown as \u{fffd}; package.json has every name as it is.",
        ),
    );
    let about = About {
        title: &title,
        producer: &manifest.program,
        made_at: manifest.created.0,
    };
    pdf::write(fonts, &about, &flow.finish(&title))
}

fn text() -> Type {
    Type::new(TEXT.0, TEXT.1, INK)
}

fn soft() -> Type {
    Type::new(Style::Regular, 7.6, SOFT)
}

fn section(flow: &mut Flow<'_>, title: &str) {
    flow.gap(10.0);
    flow.heading(2, Type::new(Style::Bold, 11.0, INK), &plain(title));
    flow.gap(3.0);
}

fn columns(columns: &[(&str, f32)]) -> Vec<Column> {
    let column = |(title, width): &(&str, f32)| Column {
        title: (*title).to_owned(),
        width: *width,
        right: false,
    };
    columns.iter().map(column).collect()
}

fn columns_of_papers() -> Vec<Column> {
    columns(&[
        ("File", 190.0),
        ("What it is", 130.0),
        ("Size", 68.0),
        ("SHA-256", 320.0),
    ])
}

fn exhibit_row(row: &ExhibitRow<'_>) -> Vec<Cell> {
    let bold = Type::new(Style::Bold, TEXT.1, INK);
    let mut recording = vec![
        (bold, plain(&row.name)),
        (
            text(),
            plain(&format!("{}, {} frames", row.length, row.exhibit.frames)),
        ),
    ];
    recording.extend(row.parts.iter().map(|part| (soft(), plain(part))));
    let mut files = Vec::new();
    for file in &row.files {
        files.extend(file_lines(file));
    }
    let mut withheld = Vec::new();
    for (statute, what, why) in &row.withheld {
        withheld.push((bold, plain(statute)));
        withheld.push((text(), plain(what)));
        withheld.push((soft(), plain(why)));
    }
    withheld.extend(row.notes.iter().map(|note| (text(), plain(note))));
    vec![
        vec![(bold, plain(&row.exhibit.number.to_string()))],
        recording,
        files,
        withheld,
    ]
}

/// Name, size and digest of a file.
fn file_lines(file: &FileRow<'_>) -> Vec<(Type, Vec<crate::letters::Span>)> {
    let digest = Type::new(Style::Mono, 5.9, SOFT);
    vec![
        (
            text(),
            plain(&format!(
                "{}: {}, {}",
                file.label, file.file.path, file.size
            )),
        ),
        (digest, plain(&file.file.sha256.0.to_string())),
    ]
}

fn paper_row(file: &FileRow<'_>) -> Vec<Cell> {
    let digest = Type::new(Style::Mono, 7.6, INK);
    vec![
        vec![(text(), plain(&file.file.path))],
        vec![(text(), plain(&file.label))],
        vec![(text(), plain(&file.size))],
        vec![(digest, plain(&file.file.sha256.0.to_string()))],
    ]
}
