//! Worked examples of how long recordings stay.

use serde::Deserialize;

use super::law::Statute;
use super::parts::read_day;
use super::retention::RetentionEnd;
use super::stay::{Asked, StayCase};
use crate::model::Category;
use crate::time::day_text;

/// How long a recording stays, worked out by hand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetentionExample {
    category: Category,
    counted_from: toml::value::Datetime,
    /// The days on which somebody asked for it to stay.
    #[serde(default)]
    asked: Vec<toml::value::Datetime>,
    /// The last day on which it must be there.
    until: Option<toml::value::Datetime>,
    /// The last day on which it may be there.
    gone_by: Option<toml::value::Datetime>,
    /// What ends the time; left out: the number.
    ends: Option<RetentionEnd>,
    because: String,
}

/// Compares an example with what the rules give.
///
/// # Errors
/// Both results.
pub(super) fn check(law: &Statute, example: &RetentionExample) -> Result<(), String> {
    if example.because.trim().is_empty() {
        return Err("because is empty".to_owned());
    }
    let mut asked = Vec::new();
    for day in &example.asked {
        let on = read_day("asked", *day)?;
        asked.push(Asked { on, days: None });
    }
    let case = StayCase {
        category: example.category,
        counted_from: read_day("counted_from", example.counted_from)?,
        asked: &asked,
    };
    let stay = law.stay(&case).ok_or_else(|| {
        let category = example.category.word();
        format!("the law has no rule for {category}, and none for other recordings")
    })?;
    let text = |day: Option<time::Date>| day.map_or_else(|| "no date".to_owned(), day_text);
    let said = |day: Option<toml::value::Datetime>| {
        day.map_or_else(|| "no date".to_owned(), |day| day.to_string())
    };
    for (key, found, expected) in [
        ("until", text(stay.until), said(example.until)),
        ("gone_by", text(stay.gone_by), said(example.gone_by)),
    ] {
        if found != expected {
            return Err(format!(
                "{key}: the rules give {found}, the example says {expected}"
            ));
        }
    }
    let expected = example.ends.unwrap_or(RetentionEnd::Date);
    if stay.ends != expected {
        return Err(format!(
            "ends: the rules give {:?}, the example says {expected:?}",
            stay.ends
        ));
    }
    Ok(())
}
