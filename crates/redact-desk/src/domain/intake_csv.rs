//! A spreadsheet of an evidence system, read as requests and their recordings: which column is
//! what, and what each line says.

use csv::ReaderBuilder;
use serde::Serialize;

use crate::model::RequesterKind;
use crate::time;

/// The most lines of a file.
pub(crate) const LINES_MAX: usize = 5000;

/// The most columns.
const COLUMNS_MAX: usize = 200;

/// What a column may be: its name, how forms show it, and headings of other systems, in lowercase
/// letters and digits.
pub(crate) const COLUMNS: [(&str, &str, &[&str]); 23] = [
    (
        "number",
        "Request number",
        &[
            "request",
            "requestnumber",
            "requestid",
            "requestno",
            "number",
            "prr",
            "prrnumber",
            "referenceno",
            "referencenumber",
        ],
    ),
    (
        "requester",
        "Requester’s name",
        &[
            "requester",
            "requestor",
            "requestername",
            "requestorname",
            "requestedby",
            "name",
        ],
    ),
    (
        "requester_kind",
        "Requester type",
        &[
            "requesterkind",
            "kind",
            "kindofrequester",
            "requestertype",
            "requestortype",
        ],
    ),
    ("jurisdiction", "Law", &["law", "jurisdiction", "statute"]),
    (
        "received_on",
        "Received on",
        &[
            "received",
            "receivedon",
            "datereceived",
            "requestdate",
            "requestedon",
            "receiveddate",
        ],
    ),
    (
        "note",
        "Note",
        &["note", "notes", "description", "comments", "remarks"],
    ),
    (
        "case_number",
        "Case number",
        &["case", "casenumber", "caseno", "caseid", "casefile"],
    ),
    (
        "incident_number",
        "Incident number",
        &[
            "incident",
            "incidentnumber",
            "incidentno",
            "incidentid",
            "cad",
            "cadnumber",
            "cadid",
            "eventnumber",
            "eventid",
        ],
    ),
    (
        "incident_on",
        "Incident date",
        &["incidentdate", "incidenton", "dateofincident", "eventdate"],
    ),
    (
        "location",
        "Location",
        &["location", "incidentlocation", "incidentaddress"],
    ),
    (
        "officer",
        "Officer",
        &["officer", "officers", "officername"],
    ),
    (
        "address",
        "Requester’s address",
        &[
            "requesteraddress",
            "requestoraddress",
            "mailingaddress",
            "address",
        ],
    ),
    (
        "email",
        "Requester’s email",
        &["email", "emailaddress", "requesteremail", "requestoremail"],
    ),
    (
        "telephone",
        "Requester’s phone",
        &[
            "telephone",
            "phone",
            "phonenumber",
            "requesterphone",
            "requestorphone",
        ],
    ),
    (
        "recording.name",
        "File name",
        &[
            "file",
            "filename",
            "evidencetitle",
            "title",
            "recording",
            "video",
            "media",
        ],
    ),
    (
        "recording.evidence_id",
        "Evidence ID",
        &[
            "evidenceid",
            "evidence",
            "evidencenumber",
            "exhibitid",
            "assetid",
            "mediaid",
        ],
    ),
    (
        "recording.device_serial",
        "Device serial number",
        &[
            "device",
            "deviceserial",
            "serial",
            "serialnumber",
            "serialno",
            "cameraserial",
            "deviceid",
            "source",
        ],
    ),
    (
        "recording.officer",
        "Wearer of the camera",
        &[
            "owner",
            "wearer",
            "assignedofficer",
            "recordedby",
            "user",
            "uploadedby",
        ],
    ),
    (
        "recording.location",
        "Recording location",
        &["recordinglocation", "gps", "vehicle", "unit"],
    ),
    (
        "recording.recorded_start",
        "Recording began",
        &[
            "recordedstart",
            "recordedon",
            "recordingstart",
            "starttime",
            "start",
            "recordingdate",
            "recordeddate",
            "datetime",
        ],
    ),
    (
        "recording.recorded_end",
        "Recording ended",
        &["recordedend", "recordingend", "endtime", "end"],
    ),
    (
        "recording.clock_basis",
        "How the camera’s clock was set",
        &["clockbasis", "clock", "timesource"],
    ),
    (
        "recording.pre_event_seconds",
        "Seconds without sound before the event",
        &["preeventseconds", "preevent", "buffer", "prebuffer"],
    ),
];

/// What is wrong with a cell in quotation marks that does not end as it should.
const QUOTE_WRONG: &str = "A cell begins with a quotation mark (\") and is not closed by one. The \
    lines after it would be lost. Close it, and double the marks inside the cell.";

/// The lines on which cells begin with a quotation mark that is never closed, or whose closing mark
/// is followed by more text: such a mark may be that of a later cell.
fn unclosed(text: &str, delimiter: u8) -> Vec<u64> {
    #[derive(PartialEq)]
    enum At {
        Start,
        Plain,
        Quoted(u64),
        Closed(u64),
    }
    let mut found = Vec::new();
    let (mut at, mut line) = (At::Start, 1);
    for byte in text.bytes() {
        line += u64::from(byte == b'\n');
        let ends = byte == delimiter || matches!(byte, b'\r' | b'\n');
        at = match (at, byte) {
            (At::Start, b'"') => At::Quoted(line),
            (At::Closed(since), b'"') => At::Quoted(since),
            (At::Quoted(since), b'"') => At::Closed(since),
            (At::Quoted(since), _) => At::Quoted(since),
            (_, _) if ends => At::Start,
            (At::Closed(since), b' ') => At::Closed(since),
            (At::Closed(since), _) => {
                found.push(since);
                At::Plain
            }
            (At::Start | At::Plain, _) => At::Plain,
        };
    }
    if let At::Quoted(since) = at {
        found.push(since);
    }
    found
}

/// A spreadsheet as its file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub(crate) headers: Vec<String>,
    /// The number of the line in the file, from 1, and its cells; or what is wrong with it.
    pub(crate) lines: Vec<(u64, Result<Vec<String>, String>)>,
}

/// What is wrong with a whole file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SheetError {
    #[error("The file has no header row and no data rows.")]
    Empty,
    #[error("The file has more than {LINES_MAX} rows. Divide it.")]
    TooLong,
    #[error("The header row has {0} columns; a file can have {COLUMNS_MAX}.")]
    TooWide(usize),
    #[error("Line {0}: {QUOTE_WRONG}")]
    Quote(u64),
}

/// The character between cells: the one that the first line has most of, outside quotation marks.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in first.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts
            .iter_mut()
            .find(|(known, _)| !quoted && *known == byte)
        {
            *count += 1;
        }
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(known, _)| known)
}

/// Numbers of lines, as a text editor counts them: the reader counts from the end of the record
/// before, and empty lines not at all.
struct Lines<'a> {
    text: &'a str,
    /// Up to here, lines were counted.
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the record at that position begins. Records come in order.
    fn at(&mut self, position: &csv::Position) -> u64 {
        let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        let blank = rest
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let start = from.saturating_add(blank);
        let passed = self
            .text
            .as_bytes()
            .get(self.byte..start)
            .unwrap_or_default();
        let ends = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line += u64::try_from(ends).unwrap_or(0);
        self.byte = start;
        self.line
    }
}

impl Sheet {
    /// Reads the text of a file. A line with another number of cells than the first is an error of
    /// that line.
    ///
    /// # Errors
    /// [`SheetError`].
    pub(crate) fn read(text: &str) -> Result<Self, SheetError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter(text))
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut sheet = Self::default();
        let mut lines = Lines {
            text,
            byte: 0,
            line: 1,
        };
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(0, |at| lines.at(at));
                    sheet
                        .lines
                        .push((line, Err(format!("The row cannot be read: {error}."))));
                    continue;
                }
            };
            let cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
            if cells.iter().all(String::is_empty) {
                continue;
            }
            if sheet.headers.is_empty() {
                sheet.headers = cells;
                continue;
            }
            if sheet.lines.len() >= LINES_MAX {
                return Err(SheetError::TooLong);
            }
            let line = record.position().map_or(0, |at| lines.at(at));
            let (found, wanted) = (cells.len(), sheet.headers.len());
            let cells = if found == wanted {
                Ok(cells)
            } else {
                Err(format!(
                    "The row has {found} cells; the header row has {wanted}."
                ))
            };
            sheet.lines.push((line, cells));
        }
        for wrong in unclosed(text, delimiter(text)) {
            let line = sheet.lines.iter_mut().rfind(|(line, _)| *line <= wrong);
            let (_, cells) = line.ok_or(SheetError::Quote(wrong))?;
            *cells = Err(format!("Line {wrong}: {QUOTE_WRONG}"));
        }
        match sheet.headers.len() {
            0 => Err(SheetError::Empty),
            wide if wide > COLUMNS_MAX => Err(SheetError::TooWide(wide)),
            _ => Ok(sheet),
        }
    }

    /// What each column is by its heading; empty where no heading is known. Nothing is given twice.
    pub(crate) fn guess(&self) -> Vec<String> {
        let mut given: Vec<&str> = Vec::new();
        let mut mapping = Vec::with_capacity(self.headers.len());
        for header in &self.headers {
            let plain: String = header
                .chars()
                .filter(|letter| letter.is_ascii_alphanumeric())
                .map(|letter| letter.to_ascii_lowercase())
                .collect();
            let known = COLUMNS.iter().find(|(name, _, headings)| {
                !given.contains(name) && headings.contains(&plain.as_str())
            });
            let name = known.map_or("", |(name, ..)| name);
            given.push(name);
            mapping.push(name.to_owned());
        }
        mapping
    }
}

/// What is wrong with a mapping: a name that no column can have, or one that two have.
pub(crate) fn check_mapping(mapping: &[String], columns: usize) -> Result<(), String> {
    if mapping.len() != columns {
        return Err(format!(
            "The mapping has {} columns; the file has {columns}.",
            mapping.len()
        ));
    }
    for (at, name) in mapping
        .iter()
        .enumerate()
        .filter(|(_, name)| !name.is_empty())
    {
        let known = COLUMNS.iter().find(|(known, ..)| known == name);
        let Some((_, title, _)) = known else {
            return Err(format!(
                "{name:?} is not a field of a request or a recording."
            ));
        };
        if mapping[..at].contains(name) {
            return Err(format!("Two columns are mapped to “{title}”; choose one."));
        }
    }
    if !mapping.iter().any(|name| name == "number") {
        return Err("No column is mapped to “Request number”.".to_owned());
    }
    Ok(())
}

/// A field that can be imported, for forms.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ImportField {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
}

/// Reads a day as American and other systems spell it: `2026-01-31`, `1/31/2026`, each also with a
/// time after it.
pub(crate) fn read_day(text: &str) -> Option<::time::Date> {
    let text = text.trim();
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    if let Some(day) = time::read_day(day) {
        return Some(day);
    }
    let mut parts = day.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let month = ::time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
    ::time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

/// Reads the kind of a requester by its word or its title.
pub(crate) fn read_kind(text: &str) -> Option<RequesterKind> {
    let plain = text.trim().to_lowercase().replace([' ', '-'], "_");
    let kinds = [
        RequesterKind::Public,
        RequesterKind::Press,
        RequesterKind::DataSubject,
        RequesterKind::Attorney,
        RequesterKind::Court,
        RequesterKind::Agency,
        RequesterKind::Other,
    ];
    let named =
        |kind: &RequesterKind| kind.word() == plain || kind.title().replace(' ', "_") == plain;
    kinds.into_iter().find(named).or(match plain.as_str() {
        "media" | "news_media" | "journalist" => Some(RequesterKind::Press),
        "citizen" | "individual" => Some(RequesterKind::Public),
        "lawyer" | "law_firm" => Some(RequesterKind::Attorney),
        "subject" | "victim" => Some(RequesterKind::DataSubject),
        "law_enforcement" | "prosecutor" => Some(RequesterKind::Agency),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: quotation marks, line breaks within cells, other separators and a byte order mark are
    /// read. Control: a line with a cell too many is an error of that line alone.
    #[test]
    fn spreadsheets_of_several_programs_are_read() {
        let text = "\u{feff}Request #;Note\r\n1;\"a; \"\"b\"\"\nc\"\r\n\r\n2;x;y\r\n3;z\r\n";
        let sheet = Sheet::read(text).unwrap();
        assert_eq!(sheet.headers, ["Request #", "Note"]);
        assert_eq!(
            sheet.lines[0],
            (2, Ok(vec!["1".into(), "a; \"b\"\nc".into()]))
        );
        assert_eq!(sheet.lines[1].0, 5);
        assert!(sheet.lines[1].1.as_ref().unwrap_err().contains("3 cells"));
        assert_eq!(sheet.lines[2], (6, Ok(vec!["3".into(), "z".into()])));
        assert_eq!(Sheet::read("  \n"), Err(SheetError::Empty));
        let tabs = Sheet::read("a\tb\n1\t2\n").unwrap();
        assert_eq!(tabs.headers.len(), 2);
        let long = "a\n".repeat(LINES_MAX + 2);
        assert_eq!(Sheet::read(&long), Err(SheetError::TooLong));
    }

    /// Goal: a cell that does not end swallows no line unseen: the file is refused there, also when
    /// a later cell's mark seems to close it, and in the heading. Controls: marks that are doubled,
    /// a cell over two lines, a mark within a cell without marks, a space after the closing one.
    #[test]
    fn an_unclosed_quotation_mark_is_found() {
        let wrong = |text: &str| -> Vec<u64> {
            let lines = Sheet::read(text).unwrap().lines.into_iter();
            lines
                .filter(|(_, cells)| {
                    cells
                        .as_ref()
                        .is_err_and(|what| what.contains("not closed"))
                })
                .map(|(line, _)| line)
                .collect()
        };
        assert_eq!(wrong("Number,Note\nI-1,a\nI-2,\"abc\nI-3,def"), [3]);
        assert_eq!(wrong("Number,Note\nI-2,\"abc\nI-3,\"def\"\nI-4,x\n"), [2]);
        let header = Sheet::read("Number,\"Note\nI-2,abc\n");
        assert_eq!(header, Err(SheetError::Quote(1)));
        let good = "Number,Note\nI-1,\"a \"\"b\"\"\"\nI-2,\"c\nd\" \nI-3,5\" tall\nI-4,\"\"\n";
        assert!(wrong(good).is_empty());
        assert_eq!(Sheet::read(good).unwrap().lines.len(), 4);
    }

    /// Goal: headings of evidence systems are known. Control: an unknown one is left out, and
    /// nothing is given twice.
    #[test]
    fn columns_are_guessed_by_their_headings() {
        let sheet = Sheet::read("Request No.,Evidence ID,Serial Number,Weather,Case #,Case ID\n");
        let guessed = sheet.unwrap().guess();
        let expected = [
            "number",
            "recording.evidence_id",
            "recording.device_serial",
            "",
            "case_number",
            "",
        ];
        assert_eq!(guessed, expected);
        assert!(check_mapping(&guessed, 6).is_ok());
        let twice = ["number".to_owned(), "number".to_owned()];
        assert!(
            check_mapping(&twice, 2)
                .unwrap_err()
                .contains("Two columns")
        );
        assert!(
            check_mapping(&["".to_owned()], 1)
                .unwrap_err()
                .contains("Request number")
        );
        assert!(check_mapping(&["password".to_owned()], 1).is_err());
    }

    #[test]
    fn days_and_kinds_are_read_as_they_are_spelled() {
        let day = |text: &str| read_day(text).map(time::day_text);
        assert_eq!(day("2026-09-01").as_deref(), Some("2026-09-01"));
        assert_eq!(day("9/1/2026 14:05").as_deref(), Some("2026-09-01"));
        assert_eq!(day("2026-09-01T14:05:00Z").as_deref(), Some("2026-09-01"));
        for wrong in ["", "13/1/2026", "1/2/26", "soon", "2/30/2026", "1/2/2026/3"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
        assert_eq!(read_kind("Press"), Some(RequesterKind::Press));
        assert_eq!(
            read_kind("person in the recording"),
            Some(RequesterKind::DataSubject)
        );
        assert_eq!(read_kind("Media"), Some(RequesterKind::Press));
        assert_eq!(read_kind("alien"), None);
    }
}
