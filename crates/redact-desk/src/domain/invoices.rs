//! The lines of an estimate or an invoice, from a fee and the rules of its law.

use serde::{Deserialize, Serialize};

use super::letters::LetterLine;
use super::statutes::{Charge, Fee, FeeRules, Money};

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FeeLine {
    pub(crate) what: String,
    /// What the amount is computed from.
    pub(crate) basis: String,
    /// The law that allows the charge; empty for what the office itself takes off.
    pub(crate) statute: String,
    /// Less than zero for what is taken off.
    pub(crate) cents: i64,
}

impl FeeLine {
    /// As a letter prints it.
    pub(crate) fn letter_line(&self) -> LetterLine {
        LetterLine {
            what: self.what.clone(),
            basis: self.basis.clone(),
            statute: self.statute.clone(),
            amount: dollars(self.cents),
        }
    }
}

/// The quantities that a fee was computed from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quantities {
    pub(crate) search_minutes: u32,
    pub(crate) review_minutes: u32,
    pub(crate) redaction_minutes: u32,
    /// Recordings and seconds of video; `None` for an estimate, which has only their amounts.
    pub(crate) extent: Option<(u32, u64)>,
}

/// An amount in cents.
pub(crate) fn cents(money: Money) -> i64 {
    i64::try_from(money.0).unwrap_or(i64::MAX)
}

/// `-12.50`.
pub(crate) fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}", Money(cents.unsigned_abs()))
}

/// The lines of a fee. They add up to its total.
pub(crate) fn fee_lines(rules: &FeeRules, fee: &Fee, of: Quantities) -> Vec<FeeLine> {
    let line = |what: &str, basis: String, cents: i64| FeeLine {
        what: what.to_owned(),
        basis,
        statute: rules.authority.statute.clone(),
        cents,
    };
    let mut lines = Vec::new();
    let spent = spent(rules, of);
    if !spent.is_empty() {
        let basis = staff_basis(rules, fee, &spent);
        lines.push(line("Staff time", basis, cents(fee.staff)));
    }
    if fee.recordings > Money(0) {
        let each = rules.per_recording.unwrap_or_default();
        let basis = match of.extent {
            Some((recordings, _)) => format!("{recordings} at ${each} each"),
            None => format!("${each} each"),
        };
        lines.push(line("Recordings", basis, cents(fee.recordings)));
    }
    if fee.video > Money(0) {
        let each = rules.per_video_minute.unwrap_or_default();
        let basis = match of.extent {
            Some((_, seconds)) => format!("{} full minutes at ${each}", seconds / 60),
            None => format!("${each} for each full minute"),
        };
        lines.push(line("Video", basis, cents(fee.video)));
    }
    let sum: i64 = lines.iter().map(|line| line.cents).sum();
    let off = cents(fee.total) - sum;
    if fee.exempt && sum > 0 {
        let basis = "this requester pays nothing for redaction".to_owned();
        lines.push(line("Not charged", basis, off));
    } else if off != 0 {
        let basis = limit_basis(rules, of);
        lines.push(line("Limit of the law", basis, off));
    }
    lines
}

/// Charged work with its minutes.
fn spent(rules: &FeeRules, of: Quantities) -> Vec<(&'static str, u32)> {
    let all = [
        (Charge::Search, "search", of.search_minutes),
        (Charge::Review, "review", of.review_minutes),
        (Charge::Redaction, "redaction", of.redaction_minutes),
    ];
    all.into_iter()
        .filter(|(charge, _, minutes)| *minutes > 0 && rules.charges.contains(charge))
        .map(|(_, word, minutes)| (word, minutes))
        .collect()
}

/// `review 30 min, redaction 1 h 15 min; first 15 min free; 1 h 30 min at $30.00 an hour`.
fn staff_basis(rules: &FeeRules, fee: &Fee, spent: &[(&str, u32)]) -> String {
    let parts = spent
        .iter()
        .map(|(word, minutes)| format!("{word} {}", minutes_text(*minutes)));
    let mut basis = parts.collect::<Vec<_>>().join(", ");
    if rules.free_minutes > 0 {
        basis += &format!("; first {} free", minutes_text(rules.free_minutes));
    }
    let charged = minutes_text(fee.charged_minutes);
    basis + &format!("; {charged} at ${} an hour", fee.rate)
}

fn limit_basis(rules: &FeeRules, of: Quantities) -> String {
    let by_hour = rules.per_video_hour_max.map(|max| match of.extent {
        Some((_, seconds)) => format!(
            "${max} for each hour of video ({}:{:02}:{:02})",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        ),
        None => format!("${max} for each hour of video"),
    });
    let whole = rules.request_max.map(|max| format!("${max} in total"));
    let limits: Vec<String> = [by_hour, whole].into_iter().flatten().collect();
    format!("not above {}", limits.join(" or "))
}

/// `1 h 5 min`.
fn minutes_text(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("{rest} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, rest) => format!("{hours} h {rest} min"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::holidays::Holidays;
    use super::super::statutes::{FeeCase, Statutes};
    use super::*;
    use crate::model::RequesterKind;

    fn statutes() -> Statutes {
        let nowhere = std::path::Path::new("nowhere at all");
        Statutes::read(nowhere, &Holidays::read(nowhere).unwrap()).unwrap()
    }

    fn case(minutes: u32, seconds: u64) -> FeeCase {
        FeeCase {
            requester: RequesterKind::Public,
            search_minutes: minutes / 2,
            review_minutes: minutes / 3,
            redaction_minutes: minutes,
            rate: Money(3000),
            video_seconds: seconds,
            recordings: 2,
        }
    }

    fn quantities(case: &FeeCase) -> Quantities {
        Quantities {
            search_minutes: case.search_minutes,
            review_minutes: case.review_minutes,
            redaction_minutes: case.redaction_minutes,
            extent: Some((case.recordings, case.video_seconds)),
        }
    }

    /// Goal: the limit of Ohio's law is a line of its own, to the cent. Figures by hand: 3 h at
    /// $30 are $90; 30 minutes of video allow $37.50. Control: an hour of video allows $75, and
    /// 2 h of work cost $60, which is below it.
    #[test]
    fn a_limit_is_a_line() {
        let all = statutes();
        let rules = all.get("us-oh").unwrap().fees.as_ref().unwrap();
        let given = FeeCase {
            search_minutes: 0,
            review_minutes: 0,
            ..case(180, 1800)
        };
        let lines = fee_lines(rules, &rules.fee(given), quantities(&given));
        let shown: Vec<(&str, i64)> = lines
            .iter()
            .map(|line| (line.what.as_str(), line.cents))
            .collect();
        assert_eq!(shown, [("Staff time", 9000), ("Limit of the law", -5250)]);
        assert_eq!(lines[0].basis, "redaction 3 h; 3 h at $30.00 an hour");
        assert!(lines[1].basis.contains("0:30:00"), "{}", lines[1].basis);
        assert_eq!(dollars(lines[1].cents), "-52.50");
        let below = FeeCase {
            redaction_minutes: 120,
            video_seconds: 3600,
            ..given
        };
        let lines = fee_lines(rules, &rules.fee(below), quantities(&below));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].cents, 6000);
    }

    proptest! {
        /// Goal: under every law, the lines add up to the fee, whatever was spent.
        #[test]
        fn the_lines_add_up_to_the_fee(
            minutes in 0_u32..3000,
            seconds in 0_u64..90_000,
            rate in 0_u64..20_000,
            who in 0_usize..4,
        ) {
            use RequesterKind::{DataSubject, Press, Public};
            let requester = [Public, Press, DataSubject, RequesterKind::Attorney][who];
            let all = statutes();
            for law in all.all() {
                let Some(rules) = &law.fees else { continue };
                let given = FeeCase { requester, rate: Money(rate), ..case(minutes, seconds) };
                let fee = rules.fee(given);
                let lines = fee_lines(rules, &fee, quantities(&given));
                let sum: i64 = lines.iter().map(|line| line.cents).sum();
                prop_assert_eq!(sum, cents(fee.total), "{}", law.key);
            }
        }
    }
}
