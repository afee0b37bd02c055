//! What a requester may be charged.

use serde::{Deserialize, Serialize};

use super::money::Money;
use super::parts::{Authority, Days};
use crate::model::{RequesterKind, Unit};

/// What a law lets an agency charge for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Charge {
    Copies,
    Search,
    Review,
    Redaction,
}

/// A law's rules for fees.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FeeRules {
    pub(crate) charges: Vec<Charge>,
    /// Minutes of staff time that are free.
    pub(crate) free_minutes: u32,
    /// Dollars an hour of staff time at most; `None`: the actual wage.
    pub(crate) staff_rate_max: Option<Money>,
    pub(crate) per_video_hour_max: Option<Money>,
    pub(crate) request_max: Option<Money>,
    pub(crate) per_recording: Option<Money>,
    /// For each full minute.
    pub(crate) per_video_minute: Option<Money>,
    /// A written estimate is required above this amount.
    pub(crate) estimate_over: Option<Money>,
    /// Prepayment or a deposit may be asked above this amount.
    pub(crate) prepay_over: Option<Money>,
    /// When the estimate is due, from the day of receipt.
    pub(crate) estimate_within: Option<Days>,
    /// By how much the bill may exceed the estimate.
    pub(crate) tolerance_percent: Option<u16>,
    /// Whether exactly that much is too much already: "20 percent or more".
    pub(crate) tolerance_includes: bool,
    /// Requesters who pay nothing for redaction.
    pub(crate) exempt: Vec<RequesterKind>,
    #[serde(flatten)]
    pub(crate) authority: Authority,
}

/// What a fee is computed from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeeCase {
    pub(crate) requester: RequesterKind,
    /// Minutes of staff time spent on each.
    pub(crate) search_minutes: u32,
    pub(crate) review_minutes: u32,
    pub(crate) redaction_minutes: u32,
    /// Dollars an hour.
    pub(crate) rate: Money,
    pub(crate) video_seconds: u64,
    pub(crate) recordings: u32,
}

/// A fee with its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Fee {
    /// Minutes of staff time beyond the free ones.
    pub(crate) charged_minutes: u32,
    /// Dollars an hour, after the law's limit.
    pub(crate) rate: Money,
    pub(crate) staff: Money,
    pub(crate) recordings: Money,
    pub(crate) video: Money,
    /// The least of the law's limits, if the parts add up to more.
    pub(crate) limited_to: Option<Money>,
    pub(crate) total: Money,
    pub(crate) exempt: bool,
}

const HOUR: u64 = 3600;

impl FeeRules {
    /// How far a bill may be from its estimate; `None`: the law does not say.
    pub(crate) fn tolerance(&self) -> Option<Tolerance> {
        let includes = self.tolerance_includes;
        let percent = self.tolerance_percent?;
        Some(Tolerance { percent, includes })
    }

    /// The fee. It never exceeds a limit of the law.
    pub(crate) fn fee(&self, case: FeeCase) -> Fee {
        let rate = self
            .staff_rate_max
            .map_or(case.rate, |max| case.rate.min(max));
        let spent = [
            (Charge::Search, case.search_minutes),
            (Charge::Review, case.review_minutes),
            (Charge::Redaction, case.redaction_minutes),
        ];
        let charged = spent
            .iter()
            .filter(|(charge, _)| self.charges.contains(charge));
        let charged: u32 = charged.map(|(_, minutes)| *minutes).sum();
        let charged_minutes = charged.saturating_sub(self.free_minutes);
        let per =
            |rate: Option<Money>, count: u64| rate.map_or(Money(0), |rate| rate.times(count, 1));
        let staff = rate.times(charged_minutes.into(), 60);
        let recordings = per(self.per_recording, case.recordings.into());
        let video = per(self.per_video_minute, case.video_seconds / 60);
        let sum = staff.plus(recordings).plus(video);
        let by_video = self
            .per_video_hour_max
            .map(|max| max.times(case.video_seconds, HOUR));
        let limit = [by_video, self.request_max].into_iter().flatten().min();
        let limited_to = limit.filter(|limit| *limit < sum);
        let exempt = self.exempt.contains(&case.requester);
        let total = if exempt {
            Money(0)
        } else {
            limited_to.unwrap_or(sum)
        };
        Fee {
            charged_minutes,
            rate,
            staff,
            recordings,
            video,
            limited_to,
            total,
            exempt,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFees {
    #[serde(default)]
    charges: Vec<Charge>,
    free_hours: Option<f64>,
    staff_rate_max: Option<Money>,
    per_video_hour_max: Option<Money>,
    request_max: Option<Money>,
    per_recording: Option<Money>,
    per_video_minute: Option<Money>,
    estimate_over: Option<Money>,
    prepay_over: Option<Money>,
    estimate_days: Option<u16>,
    estimate_unit: Option<Unit>,
    tolerance_percent: Option<u16>,
    #[serde(default)]
    tolerance_includes: bool,
    #[serde(default)]
    exempt: Vec<RequesterKind>,
    statute: String,
    text: String,
    source: String,
    checked: Option<toml::value::Datetime>,
}

impl TryFrom<RawFees> for FeeRules {
    type Error = String;

    fn try_from(raw: RawFees) -> Result<Self, String> {
        Ok(Self {
            charges: raw.charges,
            free_minutes: sixtieths("fees.free_hours", raw.free_hours.unwrap_or(0.0))?,
            staff_rate_max: raw.staff_rate_max,
            per_video_hour_max: raw.per_video_hour_max,
            request_max: raw.request_max,
            per_recording: raw.per_recording,
            per_video_minute: raw.per_video_minute,
            estimate_over: raw.estimate_over,
            prepay_over: raw.prepay_over,
            estimate_within: Days::new(raw.estimate_days, raw.estimate_unit)
                .map_err(|what| format!("fees: estimate: {what}"))?,
            tolerance_percent: raw.tolerance_percent,
            tolerance_includes: raw.tolerance_includes,
            exempt: raw.exempt,
            authority: Authority::new(raw.statute, raw.text, raw.source, raw.checked)
                .map_err(|what| format!("fees: {what}"))?,
        })
    }
}

/// How far a bill may be from its estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tolerance {
    pub(crate) percent: u16,
    /// Whether exactly that much is too much already.
    pub(crate) includes: bool,
}

impl Tolerance {
    /// Whether a bill is farther from its estimate than it may be, above or below; to the cent.
    pub(crate) fn is_exceeded(self, bill: Money, estimate: Money) -> bool {
        let apart = u128::from(bill.0.abs_diff(estimate.0)) * 100;
        let most = u128::from(estimate.0) * u128::from(self.percent);
        apart > most || (self.includes && apart == most && apart > 0)
    }
}

/// Hours as whole minutes, or minutes as whole seconds.
pub(super) fn sixtieths(key: &str, given: f64) -> Result<u32, String> {
    let whole = (given * 60.0).round();
    if !(0.0..=600_000.0).contains(&whole) || (given * 60.0 - whole).abs() > 1e-6 {
        return Err(format!(
            "{key}: expected a multiple of 1/60, at most 10,000"
        ));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above"
    )]
    Ok(whole as u32)
}
