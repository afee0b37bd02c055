//! The worked examples in the file of a law: what counsel can check by hand, the program checks
//! whenever it reads the file.

use serde::Deserialize;

use super::deadline::{Case, Due, Pause};
use super::fees::{self, FeeCase, FeeRules};
use super::law::{DeadlineKind, Statute};
use super::money::Money;
use super::parts::{Days, read_day};
use super::retention_examples::{self, RetentionExample};
use crate::domain::holidays::Holidays;
use crate::model::{RequesterKind, WaitingFor};
use crate::time::day_text;

/// Worked examples of a law.
pub(super) struct Examples {
    pub(super) due: Vec<DueExample>,
    pub(super) fees: Vec<FeeExample>,
    pub(super) tolerance: Vec<ToleranceExample>,
    pub(super) retention: Vec<RetentionExample>,
}

/// A deadline, worked out by hand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DueExample {
    kind: DeadlineKind,
    requester: RequesterKind,
    received: toml::value::Datetime,
    #[serde(default)]
    waited: Vec<[toml::value::Datetime; 2]>,
    waiting_for: Option<WaitingFor>,
    #[serde(default)]
    extended: bool,
    due: Option<toml::value::Datetime>,
    /// The law sets no number of days.
    #[serde(default)]
    none: bool,
    because: String,
}

/// A fee, worked out by hand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeeExample {
    requester: RequesterKind,
    /// Of redaction.
    #[serde(default)]
    staff_hours: f64,
    rate: Option<Money>,
    #[serde(default)]
    video_minutes: f64,
    #[serde(default)]
    recordings: u32,
    amount: Money,
    because: String,
}

/// A bill and its estimate, worked out by hand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToleranceExample {
    estimate: Money,
    bill: Money,
    /// Whether the bill is farther from the estimate than it may be.
    beyond: bool,
    because: String,
}

/// Compares every example with what the rules give.
///
/// # Errors
/// The first example that does not come out, with both results.
pub(super) fn check(law: &Statute, examples: &Examples, holidays: &Holidays) -> Result<(), String> {
    for (at, example) in examples.due.iter().enumerate() {
        check_due(law, example, holidays).map_err(|what| format!("example {}: {what}", at + 1))?;
    }
    for (at, example) in examples.fees.iter().enumerate() {
        check_fee(law, example).map_err(|what| format!("fee_example {}: {what}", at + 1))?;
    }
    for (at, example) in examples.tolerance.iter().enumerate() {
        check_tolerance(law, example)
            .map_err(|what| format!("tolerance_example {}: {what}", at + 1))?;
    }
    for (at, example) in examples.retention.iter().enumerate() {
        retention_examples::check(law, example)
            .map_err(|what| format!("retention_example {}: {what}", at + 1))?;
    }
    Ok(())
}

fn check_due(law: &Statute, example: &DueExample, holidays: &Holidays) -> Result<(), String> {
    if example.because.trim().is_empty() {
        return Err("because is empty".to_owned());
    }
    let mut pauses = Vec::new();
    for [since, until] in &example.waited {
        pauses.push(Pause {
            waiting_for: example
                .waiting_for
                .ok_or("waited: waiting_for is missing")?,
            since: read_day("waited", *since)?,
            until: read_day("waited", *until)?,
        });
    }
    let extension = law
        .extensions_of(example.kind)
        .next()
        .map(|extension| extension.period);
    let extensions: Vec<Days> = match (example.extended, extension) {
        (false, _) => Vec::new(),
        (true, Some(days)) => vec![days],
        (true, None) => {
            return Err("extended: the law has no extension of this deadline".to_owned());
        }
    };
    let case = Case {
        requester: example.requester,
        received: read_day("received", example.received)?,
        pauses: &pauses,
        extensions: &extensions,
    };
    let found = match law.due(example.kind, &case, holidays) {
        Some(Due::On(day)) => Some(day_text(day)),
        _ => None,
    };
    let expected = example.due.map(|day| day.to_string());
    if expected.is_none() != example.none {
        return Err("expected either due or none = true".to_owned());
    }
    if found != expected {
        let word = |day: Option<String>| day.unwrap_or_else(|| "no date".to_owned());
        return Err(format!(
            "the rules give {}, the example says {}",
            word(found),
            word(expected)
        ));
    }
    Ok(())
}

fn check_tolerance(law: &Statute, example: &ToleranceExample) -> Result<(), String> {
    if example.because.trim().is_empty() {
        return Err("because is empty".to_owned());
    }
    let tolerance = law.fees.as_ref().and_then(FeeRules::tolerance);
    let tolerance = tolerance.ok_or("the law has no tolerance_percent")?;
    let found = tolerance.is_exceeded(example.bill, example.estimate);
    if found != example.beyond {
        return Err(format!(
            "the rules give beyond = {found}, the example says {}",
            example.beyond
        ));
    }
    Ok(())
}

fn check_fee(law: &Statute, example: &FeeExample) -> Result<(), String> {
    if example.because.trim().is_empty() {
        return Err("because is empty".to_owned());
    }
    let fees = law.fees.as_ref().ok_or("the law has no [fees]")?;
    let case = FeeCase {
        requester: example.requester,
        search_minutes: 0,
        review_minutes: 0,
        redaction_minutes: fees::sixtieths("staff_hours", example.staff_hours)?,
        rate: example.rate.unwrap_or_default(),
        video_seconds: u64::from(fees::sixtieths("video_minutes", example.video_minutes)?),
        recordings: example.recordings,
    };
    let found = fees.fee(case).total;
    if found != example.amount {
        return Err(format!(
            "the rules give {found}, the example says {}",
            example.amount
        ));
    }
    Ok(())
}
