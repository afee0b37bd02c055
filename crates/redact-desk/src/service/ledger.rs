//! The ledger: a file outside of the database, in the data folder and beside every backup, from
//! which a restore learns what was disposed of, and what orders of courts closed, after the backup
//! was made.

use std::collections::HashSet;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use redact_record::sign::{SignatureVerdict, Signed, TrustStore};
use serde::{Deserialize, Serialize};

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult};
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
    /// Ids of the recordings that the request had, if the order closes a whole request: in a backup
    /// they may still be in another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recordings: Vec<String>,
    /// Of the line without it; empty until it is signed.
    #[serde(default)]
    pub(crate) signature: String,
}

impl SealingEntry {
    pub(crate) fn new(row: &SealingRow, people: &[Id], recordings: &[Id]) -> Self {
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
            recordings: recordings.iter().map(Id::to_string).collect(),
            signature: String::new(),
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
    /// Of the line without it; empty until it is signed.
    #[serde(default)]
    pub(crate) signature: String,
}

impl LedgerLine {
    /// What is signed, and the signature.
    ///
    /// # Errors
    /// Never for a line that was read.
    pub(crate) fn signed(&self) -> serde_json::Result<(String, String)> {
        let mut line = self.clone();
        let signature = match &mut line {
            Self::Disposal {
                certificate,
                signature,
            } => {
                let text = serde_json::to_string_pretty(certificate)? + "\n";
                return Ok((text, std::mem::take(signature)));
            }
            Self::Sealing(entry) => std::mem::take(&mut entry.signature),
            Self::Lifting(entry) => std::mem::take(&mut entry.signature),
        };
        Ok((serde_json::to_string(&line)?, signature))
    }

    /// Whether its signature is that of a trusted key.
    pub(crate) fn is_trusted(&self, trust: &TrustStore) -> bool {
        let checked = self
            .signed()
            .map(|(text, signature)| trust.check(text.as_bytes(), &signature, Signed::Disposal));
        matches!(checked, Ok(SignatureVerdict::Trusted { .. }))
    }

    /// What it is about: the same in every copy of the ledger.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Disposal { certificate, .. } => format!("disposal {}", certificate.disposal),
            Self::Sealing(entry) => format!("sealing {}", entry.sealing),
            Self::Lifting(entry) => format!("lifting {}", entry.sealing),
        }
    }
}

/// The line with its signature: a restore believes no other.
async fn sign(app: &Shared, mut line: LedgerLine) -> ApiResult<LedgerLine> {
    let (text, _) = line.signed().map_err(|error| ApiError::internal(&error))?;
    let place = match &mut line {
        // Signed as a record of its own.
        LedgerLine::Disposal { .. } => return Ok(line),
        LedgerLine::Sealing(entry) => &mut entry.signature,
        LedgerLine::Lifting(entry) => &mut entry.signature,
    };
    let (sign, at) = (app.options.sign_disposal.clone(), app.now_nanos());
    let signed = tokio::task::spawn_blocking(move || {
        sign(text.as_bytes(), at).map_err(|error| ApiError::internal(&error))
    });
    *place = signed.await??;
    Ok(line)
}

/// Signs a line and adds it to the ledger of the data folder, and to those beside backups, as far
/// as these can be reached: a backup may be on a disk that is not connected.
///
/// # Errors
/// Database errors; if it cannot be signed, or the ledger of the data folder cannot be written.
pub(crate) async fn add(app: &Shared, line: LedgerLine) -> ApiResult<()> {
    let line = sign(app, line).await?;
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
        .read(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    // A line that a crash cut must not take the next one with it.
    if file.metadata()?.len() > 0 {
        let mut last = [0];
        file.seek(io::SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// What a ledger has.
#[derive(Default)]
pub(crate) struct LedgerRead {
    /// Its lines in their order, each once.
    pub(crate) lines: Vec<LedgerLine>,
    /// Numbers of lines that a crash cut: what they are about was not finished, or was entered
    /// again.
    pub(crate) cut: Vec<usize>,
}

/// Reads a ledger; it is empty if there is no file.
///
/// # Errors
/// If it cannot be read, or has a line that is none and was not cut.
pub(crate) fn read(path: &Path) -> io::Result<LedgerRead> {
    let mut found = LedgerRead::default();
    if !path.exists() {
        return Ok(found);
    }
    let bytes = redact_record::read(path, BYTES_MAX).map_err(io::Error::other)?;
    let mut known = HashSet::new();
    for (number, bytes) in (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        if !bytes.ends_with(b"\n") {
            found.cut.push(number);
            break;
        }
        // A string that was cut would otherwise end in a control character.
        let line = match parse(&bytes[..bytes.len() - 1]) {
            Ok((line, was_cut)) => {
                found.cut.extend(was_cut.then_some(number));
                line
            }
            Err(error) if error.is_eof() => {
                found.cut.push(number);
                continue;
            }
            Err(error) => return Err(io::Error::other(format!("line {number}: {error}"))),
        };
        if known.insert(serde_json::json!(line).to_string()) {
            found.lines.push(line);
        }
    }
    Ok(found)
}

/// A line, and whether a line that was cut stands before it: nothing ended those once.
fn parse(bytes: &[u8]) -> Result<(LedgerLine, bool), serde_json::Error> {
    const START: &[u8] = b"{\"";
    // Of a line that was cut, no more objects begin than this.
    const STARTS_MAX: usize = 4096;
    let whole = serde_json::from_slice(bytes);
    let Err(error) = whole else {
        return whole.map(|line| (line, false));
    };
    let places = bytes.windows(START.len()).enumerate();
    let starts = places.filter(|(at, part)| *at > 0 && *part == START);
    let found = starts
        .take(STARTS_MAX)
        .find_map(|(at, _)| serde_json::from_slice(&bytes[at..]).ok());
    found.map(|line| (line, true)).ok_or(error)
}

/// Adds to the ledger `to` the lines of the ledger `from` that it does not have.
///
/// # Errors
/// If one cannot be read or written.
pub(crate) fn merge(from: &Path, to: &Path) -> io::Result<()> {
    merge_lines(&read(from)?.lines, to)
}

/// Adds to the ledger `to` the lines that it does not have.
///
/// # Errors
/// If it cannot be read or written.
pub(crate) fn merge_lines(lines: &[LedgerLine], to: &Path) -> io::Result<()> {
    let known: HashSet<String> = read(to)?.lines.iter().map(LedgerLine::key).collect();
    let mut text = String::new();
    for line in lines.iter().filter(|line| !known.contains(&line.key())) {
        text += &format!("{}\n", serde_json::json!(line));
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
            signature: String::new(),
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
        let keys: Vec<String> = read(&two)
            .unwrap()
            .lines
            .iter()
            .map(LedgerLine::key)
            .collect();
        assert_eq!(keys, ["lifting b", "lifting a"]);
        std::fs::write(&two, text("b") + "{}\n").unwrap();
        let error = read(&two).map(drop).unwrap_err();
        assert!(error.to_string().contains("line 2"));
    }

    /// Goal: a line that a crash cut is reported, and what was written after it is read, also where
    /// nothing had ended it. Control: a ledger of whole lines reports none.
    #[test]
    fn a_line_after_a_cut_one_is_read() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("ledger");
        let text = |name: &str| format!("{}\n", serde_json::json!(lifting(name)));
        let keys = || -> Vec<String> {
            let read = read(&path).unwrap();
            read.lines.iter().map(LedgerLine::key).collect()
        };
        std::fs::write(&path, text("a")).unwrap();
        assert!(read(&path).unwrap().cut.is_empty());
        std::fs::write(&path, text("a") + &text("b")[..20]).unwrap();
        append(&path, &text("c")).unwrap();
        assert_eq!(keys(), ["lifting a", "lifting c"]);
        assert_eq!(read(&path).unwrap().cut, [2]);
        std::fs::write(&path, text("a")[..30].to_owned() + &text("d")).unwrap();
        assert_eq!(keys(), ["lifting d"]);
        assert_eq!(read(&path).unwrap().cut, [1]);
    }
}
