//! Which part of a recording is released.

use anyhow::{Result, bail};
use clap::Args;
use redact_core::{Plan, TimeSpan};
use redact_record::plan::NOT_REQUESTED;
use redact_release::render::ExcerptRequest;

/// What of the recording a release shows.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ExcerptArgs {
    /// Release only an excerpt, from this time on: HH:MM:SS, MM:SS or seconds, with decimals
    /// (00:12:30.5). The first frame is the first one at or after it. May be repeated, each with
    /// its own --to: the spans are joined in order of time, with a title card that says what was
    /// left out
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub from: Vec<i64>,

    /// End of the excerpt: the last frame is the last one before it
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub to: Vec<i64>,

    /// Code of the reason for withholding the rest, one of the plan's (default: not-requested)
    #[arg(long, value_name = "CODE", requires = "from")]
    pub rest_reason: Option<String>,

    /// Who withholds the rest, for the sealed manifest (default: the plan's last approver)
    #[arg(long, value_name = "NAME", requires = "from")]
    pub by: Option<String>,
}

impl ExcerptArgs {
    /// The excerpt, if one was asked for, by the reasons and approvals of `plan`.
    ///
    /// # Errors
    /// When a time has no partner, a span ends before it starts, or the plan lacks the reason.
    pub(crate) fn request(&self, plan: &Plan) -> Result<Option<ExcerptRequest>> {
        if self.from.len() != self.to.len() {
            let (from, to) = (self.from.len(), self.to.len());
            bail!("found {from} --from and {to} --to; each --from needs its own --to");
        }
        if self.from.is_empty() {
            return Ok(None);
        }
        let mut spans = Vec::with_capacity(self.from.len());
        for (&from, &to) in self.from.iter().zip(&self.to) {
            let Some(span) = TimeSpan::new(from, to) else {
                let (from, to) = (clock(from), clock(to));
                bail!("--from {from} --to {to}: the end must be after the start");
            };
            spans.push(span);
        }
        let reason = self.rest_reason.as_deref().unwrap_or(NOT_REQUESTED);
        let codes = || plan.reasons.iter().map(|known| known.code.0.as_str());
        if reason != NOT_REQUESTED && !codes().any(|code| code == reason) {
            let known: Vec<&str> = codes().chain([NOT_REQUESTED]).collect();
            let known = known.join(", ");
            bail!("--rest-reason {reason}: the plan has no such reason; it has {known}");
        }
        let approver = plan.approvals.last().map(|approval| approval.by.clone());
        let by = self.by.clone().or(approver).unwrap_or_default();
        if by.trim().is_empty() || by.len() > 200 {
            bail!("--by: found an empty or overlong name; 1 to 200 bytes are needed");
        }
        Ok(Some(ExcerptRequest {
            spans,
            by,
            reason: reason.to_owned(),
        }))
    }
}

fn clock(nanos: i64) -> String {
    redact_core::plan::clock(nanos)
}

/// Nanoseconds of `HH:MM:SS`, `MM:SS` or seconds, with decimals.
fn parse_time(text: &str) -> Result<i64, String> {
    let expected = || {
        "expected a time from the first frame on, as HH:MM:SS, MM:SS or seconds, with decimals \
         instead of frames"
            .to_owned()
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (last, before) = parts.split_last().ok_or_else(expected)?;
    if before.len() > 2 {
        return Err(expected());
    }
    let (seconds, decimals) = last.split_once('.').unwrap_or((last, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = |text: &str| -> Result<i64, String> {
        let parsed = text
            .parse()
            .ok()
            .filter(|_| is_number(text) && text.len() <= 9);
        parsed.ok_or_else(expected)
    };
    if !is_number(decimals) {
        return Err(expected());
    }
    let limit = if before.is_empty() { i64::MAX } else { 60 };
    let mut total = number(seconds)?;
    if total >= limit {
        return Err(expected());
    }
    for (place, part) in before.iter().rev().enumerate() {
        let value = number(part)?;
        if place == 0 && before.len() == 2 && value >= 60 {
            return Err(expected());
        }
        total += value * if place == 0 { 60 } else { 3600 };
    }
    let digits: String = decimals
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    Ok(total * 1_000_000_000 + number(&digits)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("00:12:30", 750.0),
            ("12:30", 750.0),
            ("750", 750.0),
            ("750.5", 750.5),
            ("1:00:00.040", 3600.04),
            ("0", 0.0),
            ("00:00:00.123456789", 0.123_456_789),
        ] {
            #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
            let found = parse_time(text).unwrap() as f64 / 1e9;
            assert!((found - seconds).abs() < 1e-9, "{text}: {found}");
        }
        for text in [
            "",
            "-5",
            "-00:00:05",
            "00:12:30:15",
            "00:61:00",
            "00:00:60",
            "12:",
            ":30",
            "1e3",
            "12.5.5",
            "00:12:30;15",
            "+5",
            "5s",
            "99999999999",
            "1.",
            "٣",
        ] {
            assert!(parse_time(text).is_err(), "{text:?}");
        }
    }
}
