//! Writing and reading one line of the log.
//!
//! A line is a JSON object whose last key, `hash`, is the SHA-256 of everything before it. Each
//! entry has exactly one spelling; any other is rejected.

use redact_core::{Digest, UtcNanos};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::event::{Act, Detail, Event, Label, Outcome};
use crate::json::{self, Hex};
use crate::{RecordError, digest_bytes};

/// Stands for the digest of the previous line in the first entry.
pub(super) const NO_ENTRY: Digest = Digest([0; 32]);

const FORMAT_VERSION: u32 = 1;

/// `,"hash":"` and `"}`, with 64 digits between them.
const HASH_KEY: &[u8] = b",\"hash\":\"";
const CLOSE: &[u8] = b"\"}";
const HASH_BYTES: usize = HASH_KEY.len() + 64 + CLOSE.len();

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    format_version: u32,
    seq: u64,
    at: Hundredths,
    who: String,
    what: Act,
    program: String,
    machine: String,
    outcome: Outcome,
    subjects: Vec<(Label, Hex)>,
    details: Vec<(Label, Detail)>,
    prev: Hex,
}

/// An entry that was read.
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) prev: Digest,
    /// Hundredths of a second since 1970 in UTC.
    pub(super) at: i64,
    /// Its content.
    event: Event,
}

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number, counted from 0.
    pub seq: u64,
    /// What was done, to the hundredth of a second.
    pub event: Event,
}

impl From<Entry> for Recorded {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.seq,
            event: entry.event,
        }
    }
}

impl Recorded {
    /// When, as in the log: `2026-01-31T08:30:00.25+00:00`.
    #[must_use]
    pub fn time(&self) -> String {
        Hundredths::from(self.event.at).to_string()
    }

    /// The entry as JSON, without its links in the chain.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let mut value = serde_json::to_value(EntryFile::new(&self.event, self.seq, NO_ENTRY))
            .expect("file structs have string keys and finite numbers only");
        if let Some(object) = value.as_object_mut() {
            object.remove("prev");
        }
        value
    }
}

/// The line of an event, without its line break.
pub(super) fn line(event: &Event, seq: u64, prev: Digest) -> Vec<u8> {
    sealed(&EntryFile::new(event, seq, prev))
}

impl EntryFile {
    fn new(event: &Event, seq: u64, prev: Digest) -> Self {
        let subject = |(label, digest): &(Label, Digest)| (label.clone(), Hex(*digest));
        Self {
            format_version: FORMAT_VERSION,
            seq,
            at: Hundredths::from(event.at),
            who: event.who.clone(),
            what: event.what,
            program: event.program.clone(),
            machine: event.machine.clone(),
            outcome: event.outcome,
            subjects: event.subjects.iter().map(subject).collect(),
            details: event.details.clone(),
            prev: Hex(prev),
        }
    }

    fn event(self) -> Event {
        let subject = |(label, digest): (Label, Hex)| (label, digest.0);
        Event {
            at: UtcNanos(self.at.0.saturating_mul(NANOS_PER_HUNDREDTH)),
            who: self.who,
            what: self.what,
            program: self.program,
            machine: self.machine,
            outcome: self.outcome,
            subjects: self.subjects.into_iter().map(subject).collect(),
            details: self.details,
        }
    }
}

fn sealed(file: &EntryFile) -> Vec<u8> {
    let mut line = json::compact(file);
    line.pop();
    let hash = digest_bytes(&line);
    line.extend_from_slice(HASH_KEY);
    line.extend_from_slice(hash.to_string().as_bytes());
    line.extend_from_slice(CLOSE);
    line
}

/// Reads a line without its line break.
///
/// # Errors
/// [`RecordError::Mismatch`] if the hash does not match or the spelling is not canonical;
/// [`RecordError::Syntax`]; [`RecordError::NewerVersion`].
pub(super) fn read(line: &[u8]) -> Result<Entry, RecordError> {
    let body = &line[..line.len().saturating_sub(HASH_BYTES)];
    let mut object = body.to_vec();
    object.push(b'}');
    check_version(&object)?;
    let file: EntryFile = json::parse(&object)?;
    let expected = sealed(&file);
    if expected != line {
        return Err(RecordError::Mismatch {
            what: "the entry",
            found: "bytes that do not match their hash".to_owned(),
            expected: "the bytes that were written".to_owned(),
        });
    }
    Ok(Entry {
        seq: file.seq,
        prev: file.prev.0,
        at: file.at.0,
        event: file.event(),
    })
}

/// Checked first, so that a newer entry is reported as newer.
fn check_version(object: &[u8]) -> Result<(), RecordError> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u64,
    }
    let found: Version = json::parse(object)?;
    json::check_version(found.format_version, FORMAT_VERSION)
}

/// Hundredths of a second since 1970, as `2026-01-31T08:30:00.25+00:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hundredths(i64);

const NANOS_PER_HUNDREDTH: i64 = 10_000_000;

impl From<UtcNanos> for Hundredths {
    fn from(at: UtcNanos) -> Self {
        Self(at.0.div_euclid(NANOS_PER_HUNDREDTH))
    }
}

impl std::fmt::Display for Hundredths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanos = i128::from(self.0) * i128::from(NANOS_PER_HUNDREDTH);
        let moment =
            OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| std::fmt::Error)?;
        let (hour, minute, second) = moment.to_hms();
        // The offset is always zero; AU-8 requires that it is stated.
        let hundredth = self.0.rem_euclid(100);
        write!(
            f,
            "{}T{hour:02}:{minute:02}:{second:02}.{hundredth:02}+00:00",
            moment.date()
        )
    }
}

impl Serialize for Hundredths {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hundredths {
    /// Accepts other spellings of the time, too: [`read`] compares the bytes of the whole line.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let nanos = OffsetDateTime::parse(&text, &Rfc3339)
            .ok()
            .and_then(|moment| i64::try_from(moment.unix_timestamp_nanos()).ok());
        nanos
            .map(|nanos| Self::from(UtcNanos(nanos)))
            .ok_or_else(|| {
                serde::de::Error::custom("expected a time in UTC like 2026-01-31T08:30:00.25+00:00")
            })
    }
}
