//! Reason sets: what may be withheld in a jurisdiction and under which law, as strict TOML.
//!
//! A set is data that counsel can read and change; the program depends on no particular code.
//! [`combine`] adds the sets that a policy names to the policy's own reasons.

use std::collections::BTreeSet;
use std::path::Path;

use redact_core::{Class, Reason, ReasonCode};
use serde::Deserialize;
use toml::value::Datetime;

use crate::file::names::ClassName;
use crate::json::check_text;
use crate::{RecordError, store, toml_file};

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 20;
const CODE_BYTES_MAX: usize = 64;
const LINE_BYTES_MAX: usize = 2000;
/// The most laws of a set or a policy.
const LAWS_MAX: usize = 100;

/// What a reason may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasonPurpose {
    /// To hide or mute.
    Hide,
    /// To leave visible or audible.
    Keep,
    /// Either.
    Both,
}

/// What a set's reason replaces where a policy cites another law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultFor {
    /// The policy's reason to hide tracks of the class.
    Class(Class),
    /// The policy's reason to mute speech.
    Speech,
}

/// The reasons of one jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonSet {
    /// Its name, as used in policies.
    pub name: String,
    /// The law, in one line.
    pub title: String,
    /// Where that law applies.
    pub jurisdiction: String,
    /// What readers must know about it.
    pub note: String,
    /// Keys of the laws under which requests are answered with these reasons: `us-mn`. Empty if the
    /// file does not say.
    pub laws: Vec<String>,
    /// Its reasons, with unique codes.
    pub reasons: Vec<ListedReason>,
}

/// A reason, with the information needed to check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedReason {
    /// Code, statute and sentence.
    pub reason: Reason,
    /// What it may be used for.
    pub purpose: ReasonPurpose,
    /// What it replaces in a policy that cites another law.
    pub default_for: Vec<DefaultFor>,
    /// URL of the official text.
    pub source: String,
    /// The date on which the entry was last compared with a published text: `2026-01-31`; `None`
    /// if it was not.
    pub checked: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFile {
    // Checked earlier, against the newest supported version.
    #[serde(rename = "format_version")]
    _format_version: u32,
    name: String,
    title: String,
    jurisdiction: String,
    note: String,
    #[serde(default)]
    laws: Vec<String>,
    reason: Vec<ListedFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedFile {
    code: String,
    statute: String,
    text: String,
    /// Absent in files of earlier versions, whose reasons are all for withholding.
    #[serde(rename = "for")]
    purpose: Option<ReasonPurpose>,
    #[serde(default)]
    default_for: Vec<DefaultForName>,
    source: String,
    checked: Option<Datetime>,
}

/// A class, or `speech`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum DefaultForName {
    Class(ClassName),
    Speech(SpeechName),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SpeechName {
    Speech,
}

impl From<DefaultForName> for DefaultFor {
    fn from(name: DefaultForName) -> Self {
        match name {
            DefaultForName::Class(class) => Self::Class(class.into()),
            DefaultForName::Speech(SpeechName::Speech) => Self::Speech,
        }
    }
}

/// Reads a set. Its name must be that of the file, so that policies find it.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::NewerVersion`];
/// [`RecordError::Syntax`] and [`RecordError::Field`] with the place.
pub fn read(path: &Path) -> Result<ReasonSet, RecordError> {
    let set = parse(&store::read(path, BYTES_MAX)?)?;
    toml_file::check_name(path, &set.name)?;
    Ok(set)
}

/// Reads a set from the bytes of its file.
///
/// # Errors
/// Those of [`read`], except the file system's.
pub fn parse(bytes: &[u8]) -> Result<ReasonSet, RecordError> {
    let file: SetFile = toml_file::parse(bytes, VERSION)?;
    for (field, value) in [
        ("name", &file.name),
        ("title", &file.title),
        ("jurisdiction", &file.jurisdiction),
        ("note", &file.note),
    ] {
        check_text(field, value, LINE_BYTES_MAX)?;
    }
    let reasons: Vec<ListedReason> = file
        .reason
        .into_iter()
        .map(listed)
        .collect::<Result<_, _>>()?;
    check_unique(reasons.iter().map(|listed| &listed.reason.code))?;
    if reasons.is_empty() {
        return Err(RecordError::field("reason", "none", "at least one"));
    }
    check_laws(&file.laws)?;
    check_defaults(&reasons)?;
    Ok(ReasonSet {
        laws: file.laws,
        name: file.name,
        title: file.title,
        jurisdiction: file.jurisdiction,
        note: file.note,
        reasons,
    })
}

/// The policy's own reasons, followed by those of the sets that it names.
///
/// # Errors
/// [`RecordError::Field`] if a code is defined twice, which would make the log ambiguous.
pub fn combine(own: Vec<Reason>, sets: &[ReasonSet]) -> Result<Vec<Reason>, RecordError> {
    let mut all = own;
    for set in sets {
        all.extend(set.reasons.iter().map(|listed| listed.reason.clone()));
    }
    check_unique(all.iter().map(|reason| &reason.code))?;
    Ok(all)
}

/// Checks keys of laws: `us-mn`.
///
/// # Errors
/// [`RecordError::Field`] with the first that is wrong.
pub(crate) fn check_laws(laws: &[String]) -> Result<(), RecordError> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let expected = format!("at most {LAWS_MAX} keys of a-z, 0-9 and '-', each once");
    for (at, law) in laws.iter().enumerate() {
        let key = (1..=CODE_BYTES_MAX).contains(&law.len()) && law.bytes().all(fits);
        if !key || at >= LAWS_MAX || laws[..at].contains(law) {
            return Err(RecordError::field("laws", format!("{law:.80?}"), expected));
        }
    }
    Ok(())
}

/// Refuses two reasons for the same default, and a default that does not hide.
fn check_defaults(reasons: &[ListedReason]) -> Result<(), RecordError> {
    let mut seen: Vec<DefaultFor> = Vec::new();
    for listed in reasons {
        let at = || format!("reason {:?}, default_for", listed.reason.code.0);
        for &default in &listed.default_for {
            if listed.purpose == ReasonPurpose::Keep {
                let expected = "a reason with for = \"hide\"";
                return Err(RecordError::field(at(), "a reason to keep", expected));
            }
            if seen.contains(&default) {
                let expected = "each class, and speech, once in the set";
                return Err(RecordError::field(at(), "a second default", expected));
            }
            seen.push(default);
        }
    }
    Ok(())
}

fn listed(file: ListedFile) -> Result<ListedReason, RecordError> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let code = file.code;
    if !(1..=CODE_BYTES_MAX).contains(&code.len()) || !code.bytes().all(fits) {
        let expected = format!("1 to {CODE_BYTES_MAX} of a-z, 0-9 and '-'");
        return Err(RecordError::field(
            "reason, code",
            format!("{code:.80?}"),
            expected,
        ));
    }
    let at = |key: &str| format!("reason {code:?}, {key}");
    check_text(&at("statute"), &file.statute, LINE_BYTES_MAX)?;
    check_text(&at("text"), &file.text, LINE_BYTES_MAX)?;
    check_text(&at("source"), &file.source, LINE_BYTES_MAX)?;
    if !file.source.starts_with("https://") {
        let found = format!("{:?}", file.source);
        return Err(RecordError::field(
            at("source"),
            found,
            "a URL that begins with https://",
        ));
    }
    let is_day = |day: &Datetime| day.date.is_some() && day.time.is_none() && day.offset.is_none();
    if let Some(day) = file.checked.filter(|day| !is_day(day)) {
        let expected = "a date like 2026-01-31";
        return Err(RecordError::field(at("checked"), day, expected));
    }
    Ok(ListedReason {
        reason: Reason {
            code: ReasonCode(code),
            statute: file.statute,
            text: file.text,
        },
        purpose: file.purpose.unwrap_or(ReasonPurpose::Hide),
        default_for: file.default_for.into_iter().map(Into::into).collect(),
        source: file.source,
        checked: file.checked.map(|day| day.to_string()),
    })
}

fn check_unique<'a>(codes: impl Iterator<Item = &'a ReasonCode>) -> Result<(), RecordError> {
    let mut seen = BTreeSet::new();
    for code in codes {
        if !seen.insert(code) {
            let found = "two definitions";
            return Err(RecordError::field(
                format!("reason {:?}", code.0),
                found,
                "one",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        format_version = 1
        name = "here"
        title = "An act"
        jurisdiction = "Here"
        note = "Not legal advice."
        [[reason]]
        code = "here-1"
        statute = "Act 1"
        text = "Withheld."
        source = "https://example.org/act"
        checked = 2026-01-31
    "#;

    fn shipped() -> Vec<ReasonSet> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reasons");
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "toml")
            })
            .collect();
        paths.sort();
        paths.iter().map(|path| read(path).unwrap()).collect()
    }

    #[test]
    fn every_shipped_set_is_sound_and_no_code_is_in_two() {
        let sets = shipped();
        assert_eq!(sets.len(), 11);
        let all = combine(Vec::new(), &sets).unwrap();
        assert!(all.len() >= 110);
        for set in &sets {
            assert!(set.note.contains("not legal advice"), "{}", set.name);
            let (prefix, _) = set.reasons[0].reason.code.0.split_once('-').unwrap();
            for listed in &set.reasons {
                assert!(listed.reason.code.0.starts_with(&format!("{prefix}-")));
                assert!(listed.reason.text.ends_with('.'));
            }
        }
    }

    /// Goal: each shipped set names its law and says which of its reasons stands for what a policy
    /// hides, so that a request under that law is answered with it.
    #[test]
    fn every_shipped_set_stands_for_all_that_a_policy_hides() {
        let mut laws = Vec::new();
        for set in shipped() {
            assert_eq!(set.laws.len(), 1, "{}", set.name);
            laws.extend(set.laws);
            let defaults: Vec<DefaultFor> = set
                .reasons
                .iter()
                .flat_map(|listed| listed.default_for.clone())
                .collect();
            for class in Class::ALL {
                assert!(defaults.contains(&DefaultFor::Class(class)), "{}", set.name);
            }
            assert!(defaults.contains(&DefaultFor::Speech), "{}", set.name);
        }
        laws.sort();
        let expected = [
            "us-ca",
            "us-ct",
            "us-federal",
            "us-il",
            "us-mn",
            "us-nj",
            "us-ny",
            "us-oh",
            "us-or",
            "us-tx",
            "us-wa",
        ];
        assert_eq!(laws, expected);
    }

    /// Goal: an entry that nobody compared says so, rather than with a made-up date.
    /// Control: a date that is there is still read.
    #[test]
    fn an_entry_that_was_not_compared_has_no_date() {
        let dated = parse(GOOD.as_bytes()).unwrap();
        assert_eq!(dated.reasons[0].checked.as_deref(), Some("2026-01-31"));
        let undated = GOOD.replace("checked = 2026-01-31", "");
        let undated = parse(undated.as_bytes()).unwrap();
        assert_eq!(undated.reasons[0].checked, None);
    }

    /// Goal: laws and purposes are read; a file without them still is.
    #[test]
    fn laws_and_purposes_are_read_and_may_be_missing() {
        let old = parse(GOOD.as_bytes()).unwrap();
        assert!(old.laws.is_empty());
        assert_eq!(old.reasons[0].purpose, ReasonPurpose::Hide);
        assert!(old.reasons[0].default_for.is_empty());
        let new = GOOD
            .replace("note =", "laws = [\"us-xx\"]\nnote =")
            .replace(
                "source =",
                "for = \"both\"\ndefault_for = [\"face\", \"speech\"]\nsource =",
            );
        let new = parse(new.as_bytes()).unwrap();
        assert_eq!(new.laws, ["us-xx"]);
        assert_eq!(new.reasons[0].purpose, ReasonPurpose::Both);
        let defaults = [DefaultFor::Class(Class::Face), DefaultFor::Speech];
        assert_eq!(new.reasons[0].default_for, defaults);
        check("note =", "laws = [\"US MN\"]\nnote =", "laws: found");
        check("note =", "laws = [\"a\", \"a\"]\nnote =", "each once");
        check("source =", "for = \"show\"\nsource =", "for");
        check(
            "source =",
            "default_for = [\"dog\"]\nsource =",
            "default_for",
        );
        check(
            "source =",
            "for = \"keep\"\ndefault_for = [\"face\"]\nsource =",
            "a reason to keep",
        );
        check(
            "source =",
            "default_for = [\"face\", \"face\"]\nsource =",
            "a second default",
        );
    }

    #[test]
    fn a_code_that_a_policy_has_already_is_refused() {
        let set = parse(GOOD.as_bytes()).unwrap();
        let own = set.reasons[0].reason.clone();
        let refused = combine(vec![own], &[set]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "reason \"here-1\": found two definitions; expected one"
        );
    }

    #[track_caller]
    fn check(from: &str, to: &str, says: &str) {
        assert!(GOOD.contains(from));
        let refused = parse(GOOD.replace(from, to).as_bytes()).unwrap_err();
        let text = match std::error::Error::source(&refused) {
            Some(cause) => format!("{refused}: {cause}"),
            None => refused.to_string(),
        };
        assert!(text.contains(says), "{text}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        check("format_version = 1", "format_version = 2", "newer than 1");
        check("title", "titel", "titel");
        check(
            "\"Withheld.\"",
            "\" \"",
            "reason \"here-1\", text: found empty text",
        );
        check("here-1", "Here 1", "a-z");
        check("https:", "http:", "https://");
        check("2026-01-31", "2026-01-31T10:00:00Z", "a date like");
        check("2026-01-31", "\"soon\"", "checked");
        let twice = format!("{GOOD}{}", &GOOD[GOOD.find("[[reason]]").unwrap()..]);
        let refused = parse(twice.as_bytes()).unwrap_err();
        assert!(matches!(refused, RecordError::Field { .. }));
    }

    #[test]
    fn a_set_under_another_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("there.toml");
        std::fs::write(&path, GOOD).unwrap();
        assert!(matches!(read(&path), Err(RecordError::Field { .. })));
    }
}
