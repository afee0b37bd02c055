//! The file of one template: header and body.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::json::check_text;
use crate::{RecordError, store, toml_file};

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 18;
const LINE_BYTES_MAX: usize = 500;
const NAME_BYTES_MAX: usize = 64;
/// The line before and after the header.
const FENCE: &str = "+++";

/// Where a template comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateOrigin {
    /// It came with the program.
    BuiltIn,
    /// The office wrote it.
    Office,
}

/// A template of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterTemplate {
    /// The file's name without `.md`.
    pub name: String,
    /// What kind of letter it is, in a few words.
    pub title: String,
    /// What the person who uses it must know.
    pub note: String,
    /// Where it comes from.
    pub origin: TemplateOrigin,
    /// Markdown with expressions.
    pub(super) body: String,
    /// Lines of the file before the body.
    pub(super) first_line: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    // Checked earlier, against the newest supported version.
    #[serde(rename = "format_version")]
    _format_version: u32,
    title: String,
    note: String,
}

impl LetterTemplate {
    /// Reads an office's template.
    ///
    /// # Errors
    /// [`RecordError::Letter`] names the template.
    pub(super) fn read(name: &str, path: &Path) -> Result<Self, RecordError> {
        let bytes = store::read(path, BYTES_MAX).map_err(|source| unusable(name, source))?;
        Self::parse(name, &bytes, TemplateOrigin::Office)
    }

    /// Reads a template from the bytes of its file.
    ///
    /// # Errors
    /// [`RecordError::Letter`] names the template and what is wrong with its header.
    pub fn parse(name: &str, bytes: &[u8], origin: TemplateOrigin) -> Result<Self, RecordError> {
        let (header, body) = split(bytes).map_err(|source| unusable(name, source))?;
        let parsed: Header = toml_file::parse(header.as_bytes(), VERSION)
            .and_then(|parsed: Header| {
                check_text("title", &parsed.title, LINE_BYTES_MAX)?;
                check_text("note", &parsed.note, LINE_BYTES_MAX)?;
                Ok(parsed)
            })
            .map_err(|source| unusable(name, source))?;
        Ok(Self {
            name: name.to_owned(),
            title: parsed.title,
            note: parsed.note,
            origin,
            body: body.to_owned(),
            first_line: header.lines().count() + 2,
        })
    }
}

/// Header and body of a template.
fn split(bytes: &[u8]) -> Result<(&str, &str), RecordError> {
    let text = std::str::from_utf8(bytes).map_err(|source| RecordError::Syntax {
        at: ".".into(),
        source: Box::new(source),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let missing = |what: &str| {
        let expected = format!("a header in TOML between two lines {FENCE}");
        RecordError::field("header", what, expected)
    };
    let rest = text
        .strip_prefix(FENCE)
        .and_then(|rest| {
            rest.strip_prefix("\r\n")
                .or_else(|| rest.strip_prefix('\n'))
        })
        .ok_or_else(|| missing("none"))?;
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == FENCE {
            return Ok((&rest[..at], &rest[at + line.len()..]));
        }
        at += line.len();
    }
    Err(missing("no line that ends it"))
}

/// The templates in an office's folder, with their names.
pub(super) fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, RecordError> {
    let unreadable = |source| RecordError::Letter {
        template: folder.display().to_string(),
        line: None,
        problem: "cannot read the folder".to_owned(),
        source: Some(Box::new(RecordError::Read { source })),
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(refused) if refused.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(refused) => return Err(unreadable(refused)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.eq_ignore_ascii_case("readme") {
            continue;
        }
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if name.len() > NAME_BYTES_MAX || !name.bytes().all(fits) {
            let expected = format!("at most {NAME_BYTES_MAX} of a-z, 0-9 and '-', then .md");
            let found = format!("{name:.80?}");
            return Err(unusable(
                &name,
                RecordError::field("file name", found, expected),
            ));
        }
        found.push((name, path));
    }
    found.sort();
    Ok(found)
}

fn unusable(name: &str, source: RecordError) -> RecordError {
    RecordError::Letter {
        template: name.to_owned(),
        line: None,
        problem: "cannot use the template".to_owned(),
        source: Some(Box::new(source)),
    }
}
