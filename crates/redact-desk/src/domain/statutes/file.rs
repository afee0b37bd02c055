//! Reading the file of a law.

use serde::Deserialize;

use super::examples::{DueExample, Examples, FeeExample, ToleranceExample};
use super::fees::RawFees;
use super::law::{Deadline, Extension, Statute, Tolling};
use super::retention::Retention;
use super::retention_examples::RetentionExample;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format_version: u32,
    key: String,
    title: String,
    #[expect(
        dead_code,
        reason = "for readers of the file: as in policies and reasons"
    )]
    jurisdiction: String,
    note: String,
    #[serde(default)]
    deadline: Vec<Deadline>,
    #[serde(default)]
    extension: Vec<Extension>,
    #[serde(default)]
    tolling: Vec<Tolling>,
    fees: Option<RawFees>,
    #[serde(default)]
    retention: Vec<Retention>,
    #[serde(default)]
    example: Vec<DueExample>,
    #[serde(default)]
    fee_example: Vec<FeeExample>,
    #[serde(default)]
    tolerance_example: Vec<ToleranceExample>,
    #[serde(default)]
    retention_example: Vec<RetentionExample>,
}

/// Reads the file of a law.
///
/// # Errors
/// What is wrong, where, and what is expected.
pub(super) fn parse(text: &str) -> Result<(Statute, Examples), String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    if file.format_version != 1 {
        return Err(format!("format_version: {} is not 1", file.format_version));
    }
    let usable = |key: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !key.is_empty() && key.len() <= 100 && key.bytes().all(plain)
    };
    if !usable(&file.key) {
        return Err(format!("key: {:?} is not of the form \"us-mn\"", file.key));
    }
    if file.title.trim().is_empty() {
        return Err("title is empty".to_owned());
    }
    let law = Statute {
        key: file.key,
        title: file.title,
        note: file.note,
        deadlines: file.deadline,
        extensions: file.extension,
        tolling: file.tolling,
        fees: file.fees.map(TryInto::try_into).transpose()?,
        retention: file.retention,
    };
    check_deadlines(&law)?;
    check_retention(&law)?;
    let examples = Examples {
        due: file.example,
        fees: file.fee_example,
        tolerance: file.tolerance_example,
        retention: file.retention_example,
    };
    Ok((law, examples))
}

/// Each requester has one deadline of a kind at most, and no deadline follows itself.
fn check_deadlines(law: &Statute) -> Result<(), String> {
    for (at, one) in law.deadlines.iter().enumerate() {
        let of_kind = |other: &&Deadline| other.kind == one.kind;
        for other in law.deadlines[..at].iter().filter(of_kind) {
            let shared = other
                .requesters
                .iter()
                .any(|kind| one.requesters.contains(kind));
            let both_general = one.requesters.is_empty() && other.requesters.is_empty();
            if shared || both_general {
                return Err(format!(
                    "deadline {}: the same requesters have two of one kind",
                    at + 1
                ));
            }
        }
        if let Some(after) = one.after {
            let first = law.deadlines.iter().find(|other| other.kind == after);
            if first.is_none_or(|first| first.after.is_some() || first.kind == one.kind) {
                let what = "expected another kind of deadline, counted from receipt";
                return Err(format!("deadline {}: after: {what}", at + 1));
            }
        }
    }
    Ok(())
}

/// Each category has one rule, and what adds to it another.
fn check_retention(law: &Statute) -> Result<(), String> {
    for (at, one) in law.retention.iter().enumerate() {
        let mut before = law.retention[..at].iter();
        if before.any(|other| (other.category, other.adds) == (one.category, one.adds)) {
            let category = one.category.word();
            return Err(format!(
                "retention {}: a second rule for {category}",
                at + 1
            ));
        }
    }
    Ok(())
}
