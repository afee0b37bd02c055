//! The ledger: a file outside of the database, in the data folder and beside every backup, from
//! which a restore learns what was disposed of, and what orders of courts closed, after the backup
//! was made.

use std::collections::HashSet;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::app::Shared;
use crate::api_error::ApiResult;
use crate::db::backups;
use crate::db::sealings::SealingRow;
use crate::domain::disposal::DisposalCertificate;
use crate::id::Id;
use crate::model::SealingKind;
use crate::time::Millis;

/// Its name.
pub(crate) const LEDGER: &str = "ledger.jsonl";

/// Largest ledger that is read, in bytes.
const BYTES_MAX: u64 = 1 << 30;

/// A line of the ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub(crate) enum LedgerLine {
    /// A recording that was disposed of, with the signature of the record.
    Disposal {
        certificate: Box<DisposalCertificate>,
        signature: String,
    },
    Sealing(SealingEntry),
    Lifting(LiftingEntry),
}

/// An order that closes something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SealingEntry {
    pub(crate) sealing: String,
    pub(crate) kind: SealingKind,
    pub(crate) request: String,
    pub(crate) recording: Option<String>,
    pub(crate) court: String,
    pub(crate) number: String,
    pub(crate) dated: String,
    pub(crate) at: Millis,
    pub(crate) by: String,
    /// Ids of the accounts of people who may still see it.
    pub(crate) people: Vec<String>,
}

impl SealingEntry {
    pub(crate) fn new(row: &SealingRow, people: &[Id]) -> Self {
        Self {
            sealing: row.id.to_string(),
            kind: row.kind,
            request: row.request.to_string(),
            recording: row.recording.as_ref().map(Id::to_string),
            court: row.court.clone(),
            number: row.number.clone(),
            dated: row.dated.clone(),
            at: row.at,
            by: row.by.clone(),
            people: people.iter().map(Id::to_string).collect(),
        }
    }
}

/// An order that lifts another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LiftingEntry {
    pub(crate) sealing: String,
    pub(crate) court: String,
    pub(crate) number: String,
    pub(crate) dated: String,
    pub(crate) at: Millis,
    pub(crate) by: String,
}

impl LedgerLine {
    /// What it is about: the same in every copy of the ledger.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Disposal { certificate, .. } => format!("disposal {}", certificate.disposal),
            Self::Sealing(entry) => format!("sealing {}", entry.sealing),
            Self::Lifting(entry) => format!("lifting {}", entry.sealing),
        }
    }
}

/// Adds a line to the ledger of the data folder, and to those beside backups, as far as these can
/// be reached: a backup may be on a disk that is not connected.
///
/// # Errors
/// Database errors; if the ledger of the data folder cannot be written.
pub(crate) async fn add(app: &Shared, line: &LedgerLine) -> ApiResult<()> {
    let known = backups::since(&app.db, 0).await?;
    let folders: HashSet<PathBuf> = known
        .iter()
        .filter_map(|backup| Some(Path::new(&backup.path).parent()?.to_owned()))
        .collect();
    let text = format!("{}\n", serde_json::json!(line));
    let root = app.folders.root().to_owned();
    tokio::task::spawn_blocking(move || {
        append(&root.join(LEDGER), &text)?;
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            if let Err(error) = append(&folder.join(LEDGER), &text) {
                tracing::warn!("desk: {}: {error}", folder.join(LEDGER).display());
            }
        }
        io::Result::Ok(())
    })
    .await??;
    Ok(())
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The lines of a ledger in their order, each once; none if there is no file. A line that was not
/// written to its end is left out: what it is about was not finished.
///
/// # Errors
/// If it cannot be read, or has a line that is none.
pub(crate) fn read(path: &Path) -> io::Result<Vec<LedgerLine>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let bytes = redact_record::read(path, BYTES_MAX).map_err(io::Error::other)?;
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    let mut known = HashSet::new();
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if !line.ends_with('\n') {
            break;
        }
        let line: LedgerLine = serde_json::from_str(line)
            .map_err(|error| io::Error::other(format!("line {number}: {error}")))?;
        if known.insert(line.key()) {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// Adds to the ledger `to` the lines of the ledger `from` that it does not have.
///
/// # Errors
/// If one cannot be read or written.
pub(crate) fn merge(from: &Path, to: &Path) -> io::Result<()> {
    let known: HashSet<String> = read(to)?.iter().map(LedgerLine::key).collect();
    let mut text = String::new();
    for line in read(from)? {
        if !known.contains(&line.key()) {
            text += &format!("{}\n", serde_json::json!(line));
        }
    }
    if text.is_empty() && to.exists() {
        return Ok(());
    }
    append(to, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifting(sealing: &str) -> LedgerLine {
        LedgerLine::Lifting(LiftingEntry {
            sealing: sealing.to_owned(),
            court: String::new(),
            number: String::new(),
            dated: String::new(),
            at: 0,
            by: String::new(),
        })
    }

    /// Goal: ledgers are brought together without a line twice, and a line that a crash cut is left
    /// out. Control: a line that is none is an error with its number.
    #[test]
    fn ledgers_are_brought_together() {
        let folder = tempfile::TempDir::new().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let text = |name: &str| format!("{}\n", serde_json::json!(lifting(name)));
        std::fs::write(&one, text("a") + &text("b") + &text("a") + "{\"entry\":").unwrap();
        std::fs::write(&two, text("b")).unwrap();
        merge(&one, &two).unwrap();
        merge(&one, &two).unwrap();
        let keys: Vec<String> = read(&two).unwrap().iter().map(LedgerLine::key).collect();
        assert_eq!(keys, ["lifting b", "lifting a"]);
        std::fs::write(&two, text("b") + "{}\n").unwrap();
        assert!(read(&two).unwrap_err().to_string().contains("line 2"));
    }
}
