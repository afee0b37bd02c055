//! CSV as spreadsheets write it (RFC 4180), read strictly, with the place of every cell.
//!
//! The crate `csv` reads wrong quotation marks without a word and does not say where a cell is.

/// Where something is in a list: line and column of the text, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The line.
    pub(super) line: usize,
    /// The character in it.
    pub(super) column: usize,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its text, without the quotation marks around it.
    pub(super) text: String,
    /// Where it starts.
    pub(super) place: Place,
}

/// What is wrong with a text, and where.
pub(super) type Fault = (Place, String);

/// Reads the text of a list: checks that it is UTF-8, and removes the byte order mark.
///
/// # Errors
/// Where another encoding shows, and what to do.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, Fault> {
    const NEED: &str = "need UTF-8: in Excel, save as \"CSV UTF-8 (Comma delimited)\"";
    let start = Place { line: 1, column: 1 };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err((start, format!("found UTF-16 text; {NEED}")));
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (good, bad) = bytes.split_at(error.valid_up_to());
        let good = String::from_utf8_lossy(good);
        let last = good.rsplit('\n').next().unwrap_or_default();
        let place = Place {
            line: good.matches('\n').count() + 1,
            column: last.chars().count() + 1,
        };
        let byte = bad.first().copied().unwrap_or_default();
        let found = format!("found byte 0x{byte:02X}, as in Windows-1252 text; {NEED}");
        (place, found)
    })?;
    match text.find('\0') {
        Some(_) => Err((start, format!("found NUL characters; {NEED}"))),
        None => Ok(text),
    }
}

/// The separator: a comma, or the semicolon that spreadsheets of other countries write. The one
/// that the header row has more of.
///
/// # Errors
/// When the header row is separated by tabs.
pub(super) fn separator(text: &str) -> Result<char, Fault> {
    let header = text.lines().next().unwrap_or_default();
    let count = |separator| header.matches(separator).count();
    let (commas, semicolons, tabs) = (count(','), count(';'), count('\t'));
    if tabs > commas.max(semicolons) {
        let found = "found cells separated by tabs; need commas or semicolons".to_owned();
        return Err((Place { line: 1, column: 1 }, found));
    }
    Ok(if semicolons > commas { ';' } else { ',' })
}

/// All rows with the line that each starts in, and everything that is wrong with the quotation
/// marks. Lines without any text are left out.
pub(super) fn rows(text: &str, separator: char) -> (Vec<Vec<Cell>>, Vec<Fault>) {
    let mut reader = Reader {
        place: Place { line: 1, column: 1 },
        rows: Vec::new(),
        row: Vec::new(),
        cell: Cell {
            text: String::new(),
            place: Place { line: 1, column: 1 },
        },
        state: State::Start,
        faults: Vec::new(),
    };
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        // A line ends in CRLF, LF or, on old Macs, CR.
        if character == '\r' && characters.peek() == Some(&'\n') && reader.state != State::Quoted {
            reader.place.column += 1;
            continue;
        }
        reader.take(character, separator);
    }
    reader.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a cell.
    Start,
    /// In a cell without quotation marks.
    Plain,
    /// Inside quotation marks.
    Quoted,
    /// After a quotation mark inside quotation marks: the end, or the first of two.
    Closed,
}

struct Reader {
    place: Place,
    rows: Vec<Vec<Cell>>,
    row: Vec<Cell>,
    cell: Cell,
    state: State,
    faults: Vec<Fault>,
}

impl Reader {
    fn take(&mut self, character: char, separator: char) {
        let place = self.place;
        match (self.state, character) {
            (State::Quoted, '"') => self.state = State::Closed,
            (State::Quoted, _) => self.cell.text.push(character),
            (State::Closed, '"') => {
                self.cell.text.push('"');
                self.state = State::Quoted;
            }
            (State::Start, '"') => self.state = State::Quoted,
            (_, '\n' | '\r') => self.end_row(),
            (_, _) if character == separator => self.end_cell(),
            (State::Closed, _) => {
                let found = format!(
                    "found {character:?} after a closing quotation mark; need a separator, or two \
                     quotation marks for one in the text"
                );
                self.fault(place, found);
            }
            (State::Plain, '"') => {
                let found = "found a quotation mark in a cell that does not begin with one; need \
                             the whole cell in quotation marks, and two of them for one in the text";
                self.fault(place, found.to_owned());
            }
            (State::Start | State::Plain, _) => {
                self.cell.text.push(character);
                self.state = State::Plain;
            }
        }
        if character == '\n' || character == '\r' {
            self.place.line += 1;
            self.place.column = 1;
        } else {
            self.place.column += 1;
        }
        if self.state == State::Start {
            self.cell.place = self.place;
        }
    }

    /// One fault per row is enough: others follow from it.
    fn fault(&mut self, place: Place, found: String) {
        let is_new = |(known, _): &Fault| known.line != place.line;
        if self.faults.last().is_none_or(is_new) {
            self.faults.push((place, found));
        }
        self.state = State::Plain;
    }

    fn end_cell(&mut self) {
        let next = Cell {
            text: String::new(),
            place: self.place,
        };
        self.row.push(std::mem::replace(&mut self.cell, next));
        self.state = State::Start;
    }

    fn end_row(&mut self) {
        self.end_cell();
        let row = std::mem::take(&mut self.row);
        if row.iter().any(|cell| !cell.text.trim().is_empty()) {
            self.rows.push(row);
        }
    }

    fn finish(mut self) -> (Vec<Vec<Cell>>, Vec<Fault>) {
        if self.state == State::Quoted {
            let place = self.cell.place;
            let found = "found no closing quotation mark to the end of the file".to_owned();
            self.faults.push((place, found));
        }
        self.end_row();
        (self.rows, self.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<Vec<String>> {
        let (rows, faults) = rows(text, separator(text).unwrap());
        assert_eq!(faults, []);
        let texts = |row: Vec<Cell>| row.into_iter().map(|cell| cell.text).collect();
        rows.into_iter().map(texts).collect()
    }

    /// Goal: what spreadsheets write is read as they mean it.
    #[test]
    fn lists_of_spreadsheets_are_read() {
        let expected = vec![vec!["path", "case"], vec!["a b.mp4", "7, \"x\"\nend"]];
        for text in [
            "path,case\na b.mp4,\"7, \"\"x\"\"\nend\"\n",
            "path,case\r\n\r\na b.mp4,\"7, \"\"x\"\"\nend\"",
            "path;case\r\n\"a b.mp4\";\"7, \"\"x\"\"\nend\"\r\n;\r\n",
            "path,case\ra b.mp4,\"7, \"\"x\"\"\nend\"\r",
        ] {
            assert_eq!(texts(text), expected, "{text:?}");
        }
        let (found, _) = rows("a,\"b\nb\"\nc,ä,d", ',');
        let last = &found[1][2];
        assert_eq!(
            (last.text.as_str(), last.place.line, last.place.column),
            ("d", 3, 5)
        );
    }

    /// Goal: wrong quotation marks are found where they are. Control: the rows around are read.
    #[test]
    fn wrong_quotation_marks_are_refused() {
        let check = |text: &str, line: usize, column: usize, words: &str| {
            let (_, faults) = rows(text, ',');
            let [(place, found)] = &faults[..] else {
                panic!("{text:?}: {faults:?}");
            };
            assert_eq!(*place, Place { line, column }, "{text:?}");
            assert!(found.contains(words), "{found}");
        };
        check("path\na\"b\n", 2, 2, "does not begin");
        check("path,x\n\"a\"b,c\n", 2, 4, "after a closing");
        check("path,x\na,\"b\nc,d\n", 2, 3, "no closing");
    }

    /// Goal: other encodings are named, not guessed at.
    #[test]
    fn other_encodings_are_refused() {
        assert_eq!(decode("\u{feff}path".as_bytes()).unwrap(), "path");
        let (place, found) = decode(b"path\nMu\xf1oz.mp4").unwrap_err();
        assert_eq!(place, Place { line: 2, column: 3 });
        assert!(found.contains("0xF1") && found.contains("UTF-8"), "{found}");
        assert!(decode(b"\xff\xfep\0a\0").unwrap_err().1.contains("UTF-16"));
        assert!(separator("path\tcase").is_err());
    }
}
