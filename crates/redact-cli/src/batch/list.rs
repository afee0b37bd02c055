//! A list of recordings: a CSV file with a header row, as spreadsheets write it.

mod cells;
mod columns;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use redact_core::error::with_causes;
use redact_record::manifest::RequestFile;

use crate::args::ProfileArg;
use cells::{Cell, Fault, Place};
use columns::Column;

/// The most bytes of a list: 100,000 rows of 600.
const BYTES_MAX: u64 = 64 << 20;

/// One recording of a list.
#[derive(Clone, Debug)]
pub(super) struct ListRow {
    /// The recording, a file that is there.
    pub(super) clip: PathBuf,
    /// The policy that decides, if the list names one.
    pub(super) policy: Option<PathBuf>,
    /// Which detectors run, if the list says so.
    pub(super) profile: Option<ProfileArg>,
    /// What the list knows of the request.
    pub(super) details: RequestFile,
    /// List and line, for messages.
    pub(super) at: String,
}

/// Reads a list.
///
/// # Errors
/// Everything that is wrong with it: file, line, column, what was found and what is needed.
pub(super) fn read(list: &Path) -> Result<Vec<ListRow>, Vec<String>> {
    let name = redact_record::visible(&list.to_string_lossy());
    let one = |(place, found): Fault| vec![at(&name, place, &found)];
    let bytes = redact_record::read(list, BYTES_MAX)
        .map_err(|error| vec![format!("{name}: {}", with_causes(&error))])?;
    let text = cells::decode(&bytes).map_err(one)?;
    let separator = cells::separator(text).map_err(one)?;
    let (rows, faults) = cells::rows(text, separator);
    if !faults.is_empty() {
        return Err(faults.into_iter().flat_map(one).collect());
    }
    let mut rows = rows.into_iter();
    let header = rows.next().unwrap_or_default();
    let columns = header_columns(&header)
        .map_err(|faults| -> Vec<String> { faults.into_iter().flat_map(one).collect() })?;
    let reader = RowReader {
        name: &name,
        folder: list.parent().unwrap_or(Path::new("")),
        columns,
    };
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for row in rows {
        match reader.row(&row) {
            Ok(row) => found.push(row),
            Err(wrong) => faults.extend(wrong),
        }
    }
    if found.is_empty() && faults.is_empty() {
        let place = Place { line: 2, column: 1 };
        faults.push((
            place,
            "found no rows below the header; need one per recording".into(),
        ));
    }
    match faults.is_empty() {
        true => Ok(found),
        false => Err(faults.into_iter().flat_map(one).collect()),
    }
}

fn at(name: &str, place: Place, found: &str) -> String {
    format!(
        "{name}, line {}, column {}: {found}",
        place.line, place.column
    )
}

/// What each column holds.
fn header_columns(header: &[Cell]) -> Result<Vec<Column>, Vec<Fault>> {
    let mut columns = Vec::new();
    let mut faults = Vec::new();
    for cell in header {
        match columns::column(&cell.text) {
            Ok(column) if columns.contains(&column) => {
                let found = format!("found column {:?} twice; need it once", cell.text);
                faults.push((cell.place, found));
            }
            Ok(column) => columns.push(column),
            Err(found) => faults.push((cell.place, found)),
        }
    }
    if faults.is_empty() && !columns.contains(&Column::Path) {
        let place = Place { line: 1, column: 1 };
        let found = "found no column \"path\" in the header row; need one with the recordings";
        faults.push((place, found.to_owned()));
    }
    match faults.is_empty() {
        true => Ok(columns),
        false => Err(faults),
    }
}

/// Reads the rows below a header.
struct RowReader<'a> {
    name: &'a str,
    /// The list's folder, from which paths are relative.
    folder: &'a Path,
    columns: Vec<Column>,
}

impl RowReader<'_> {
    fn row(&self, row: &[Cell]) -> Result<ListRow, Vec<Fault>> {
        let place = row
            .first()
            .map_or(Place { line: 1, column: 1 }, |cell| cell.place);
        if row.len() != self.columns.len() {
            let (found, needed) = (row.len(), self.columns.len());
            let found = format!("found {found} cells; need {needed}, as in the header row");
            return Err(vec![(place, found)]);
        }
        let mut read = ListRow {
            clip: PathBuf::new(),
            policy: None,
            profile: None,
            details: RequestFile::default(),
            at: format!("{}, line {}", self.name, place.line),
        };
        let mut faults = Vec::new();
        for (column, cell) in self.columns.iter().zip(row) {
            if cell.text.trim().is_empty() && *column != Column::Path {
                continue;
            }
            if let Err(found) = self.set(*column, &cell.text, &mut read) {
                faults.push((cell.place, found));
            }
        }
        match faults.is_empty() {
            true => Ok(read),
            false => Err(faults),
        }
    }

    fn set(&self, column: Column, text: &str, row: &mut ListRow) -> Result<(), String> {
        match column {
            Column::Path => row.clip = self.file(text, "a recording")?,
            Column::Policy => row.policy = Some(self.file(text, "a policy")?),
            Column::Profile => {
                let known = ProfileArg::from_str(text.trim(), true);
                let known = known
                    .map_err(|_| format!("found {text:?}; need fast, standard or thorough"))?;
                row.profile = Some(known);
            }
            Column::Terms(_) | Column::Request(..) => {
                columns::set(column, text.trim(), &mut row.details)?;
            }
        }
        Ok(())
    }

    /// A file that is there, by its path from the list's folder.
    fn file(&self, text: &str, what: &str) -> Result<PathBuf, String> {
        if text.trim().is_empty() {
            return Err(format!("found no path; need {what}"));
        }
        let exact = self.folder.join(text);
        let path = match exact.exists() {
            true => exact,
            false => self.folder.join(text.trim()),
        };
        let hint = match text.contains('\\') {
            true => " (folders are separated by /)",
            false => "",
        };
        match std::fs::metadata(&path) {
            Err(error) => Err(format!("found {text:?}: {error}{hint}; need {what}")),
            Ok(data) if data.is_dir() => {
                Err(format!("found {text:?}, a folder; need {what} in each row"))
            }
            Ok(_) => Ok(path),
        }
    }
}

/// Recordings that are listed more than once, by whatever path: one message for each.
pub(super) fn duplicates(rows: &[ListRow]) -> Vec<String> {
    let mut seen = BTreeMap::<PathBuf, &str>::new();
    let mut found = Vec::new();
    for row in rows {
        let real = row.clip.canonicalize().unwrap_or_else(|_| row.clip.clone());
        match seen.get(&real) {
            Some(first) => {
                let name = redact_record::visible(&row.clip.to_string_lossy());
                found.push(format!(
                    "{}: found {name} again, as in {first}; need it once",
                    row.at
                ));
            }
            None => {
                seen.insert(real, &row.at);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: everything that is wrong with a list is said at once, with its place. Control: the
    /// same list without the faults is read.
    #[test]
    fn all_faults_of_a_list_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.mp4", "b.mp4", "p.toml"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        let list = folder.path().join("list.csv");
        std::fs::write(
            &list,
            "Path;Case number;copy number;policy;profile\n\
             a.mp4;26-1;2;p.toml;fast\n\
             no.mp4;26-2;two;;\n\
             b.mp4;26-3\n\
             b.mp4;;;.;quick\n",
        )
        .unwrap();
        let faults = read(&list).unwrap_err();
        for (at, words) in [
            ("line 3, column 1", "no.mp4"),
            ("line 3, column 13", "whole number"),
            ("line 4, column 1", "found 2 cells"),
            ("line 5, column 9", "a folder"),
            ("line 5, column 11", "fast, standard or thorough"),
        ] {
            let is_it = |fault: &&String| fault.contains(&format!("{at}: "));
            let fault = faults
                .iter()
                .find(is_it)
                .unwrap_or_else(|| panic!("{at}: {faults:#?}"));
            assert!(
                fault.contains("list.csv") && fault.contains(words),
                "{fault}"
            );
        }
        assert_eq!(faults.len(), 5, "{faults:#?}");
        std::fs::write(&list, "path,policy\na.mp4,p.toml\n./a.mp4,\nb.mp4,\n").unwrap();
        let rows = read(&list).unwrap();
        assert_eq!(rows[0].policy, Some(folder.path().join("p.toml")));
        let [again] = &duplicates(&rows)[..] else {
            panic!("one is listed twice");
        };
        assert!(
            again.contains("line 3") && again.contains("line 2"),
            "{again}"
        );
        for (text, words) in [
            ("path,x\na.mp4,1\n", "\"x\""),
            ("case_number\n1\n", "no column \"path\""),
            ("path,path\na.mp4,a.mp4\n", "twice"),
            ("path\n", "no rows"),
            ("", "no column \"path\""),
        ] {
            std::fs::write(&list, text).unwrap();
            let faults = read(&list).unwrap_err();
            assert!(faults.concat().contains(words), "{faults:?}");
        }
    }
}
