//! Figures for a council or an audit, from what the desk recorded.
//!
//! A request belongs to the month in which it was received, a recording to the one in which it was
//! added, a release to the one in which it was made. Days are those of the agency's time zone.

use std::collections::BTreeMap;

use ::time::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Disposition;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct CountedRequest {
    pub(crate) received: Date,
    pub(crate) due: Date,
    /// When it was closed or the last of its recordings was handed over.
    pub(crate) answered: Option<Date>,
    pub(crate) disposition: Option<Disposition>,
    /// The name of the person it is assigned to.
    pub(crate) assignee: Option<String>,
}

/// A recording.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountedRecording {
    pub(crate) added: Date,
    pub(crate) seconds: f64,
}

/// A release that was verified.
#[derive(Clone, Debug)]
pub(crate) struct CountedRelease {
    pub(crate) made: Date,
    pub(crate) figures: ReleaseFigures,
}

/// Time that a person entered.
#[derive(Clone, Debug)]
pub(crate) struct CountedTime {
    pub(crate) day: Date,
    pub(crate) name: String,
    pub(crate) minutes: u32,
}

/// What a release hides and mutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReleaseFigures {
    pub(crate) seconds: f64,
    /// Of the sound track of which the most is muted.
    pub(crate) muted_seconds: f64,
    pub(crate) items: Vec<ItemCount>,
}

/// How many items of a class were withheld under a statute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ItemCount {
    /// A class, `drawn` or `speech`.
    pub(crate) class: String,
    pub(crate) statute: String,
    pub(crate) count: u64,
}

impl ReleaseFigures {
    /// The figures of a public manifest.
    pub(crate) fn of_manifest(manifest: &Value) -> Self {
        let list = |key: &str| manifest[key].as_array().cloned().unwrap_or_default();
        let reasons: BTreeMap<String, String> = list("reasons")
            .iter()
            .map(|reason| (word(&reason["code"]), word(&reason["statute"])))
            .collect();
        let statute = |item: &Value| {
            let code = word(&item["reason"]);
            reasons.get(&code).cloned().unwrap_or(code)
        };
        let mut items = BTreeMap::new();
        for mask in list("masks") {
            let class = mask["class"].as_str().unwrap_or("drawn").to_owned();
            *items.entry((class, statute(&mask))).or_default() += 1;
        }
        for mute in list("mutes") {
            *items
                .entry(("speech".to_owned(), statute(&mute)))
                .or_default() += 1;
        }
        let totals = &manifest["totals"];
        let sound = totals["sound"].as_array().cloned().unwrap_or_default();
        let muted = sound
            .iter()
            .filter_map(|track| track["muted_seconds"].as_f64());
        Self {
            seconds: totals["seconds"].as_f64().unwrap_or(0.0),
            muted_seconds: muted.fold(0.0, f64::max),
            items: listed(items),
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn listed(items: BTreeMap<(String, String), u64>) -> Vec<ItemCount> {
    let count = |((class, statute), count)| ItemCount {
        class,
        statute,
        count,
    };
    items.into_iter().map(count).collect()
}

/// The figures of one month or of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PeriodFigures {
    /// `2026-09`; empty for the sum.
    pub(crate) month: String,
    pub(crate) received: u64,
    /// Of the received ones.
    pub(crate) answered: u64,
    pub(crate) on_time: u64,
    /// Answered after the due date, or open beyond it.
    pub(crate) late: u64,
    pub(crate) open: u64,
    /// From receipt to answer; of an even number, the mean of the middle two.
    pub(crate) median_days: Option<f64>,
    pub(crate) recordings: u64,
    pub(crate) seconds_in: f64,
    pub(crate) releases: u64,
    pub(crate) seconds_out: f64,
    pub(crate) muted_seconds: f64,
}

/// How many requests were decided in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct DispositionCount {
    /// `None`: closed by an earlier version, or handed over and not closed.
    pub(crate) disposition: Option<Disposition>,
    pub(crate) count: u64,
}

/// What one person has and had to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Workload {
    /// Empty: nobody.
    pub(crate) name: String,
    /// Requests received in the period that are assigned to the person.
    pub(crate) open: u64,
    pub(crate) overdue: u64,
    pub(crate) answered: u64,
    /// Time entered for days of the period.
    pub(crate) minutes: u64,
}

/// Figures of a period.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Statistics {
    pub(crate) months: Vec<PeriodFigures>,
    pub(crate) total: PeriodFigures,
    /// Of answered requests.
    pub(crate) dispositions: Vec<DispositionCount>,
    pub(crate) items: Vec<ItemCount>,
    pub(crate) people: Vec<Workload>,
}

/// What is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    pub(crate) requests: Vec<CountedRequest>,
    pub(crate) recordings: Vec<CountedRecording>,
    pub(crate) releases: Vec<CountedRelease>,
    pub(crate) time: Vec<CountedTime>,
}

/// Counts what lies between two days, both included. Every month of the period is listed.
pub(crate) fn count(records: &Records, (from, to): (Date, Date), today: Date) -> Statistics {
    let within = |day: Date| (from..=to).contains(&day);
    let mut months = empty_months(from, to);
    let mut total = Tally::default();
    let mut items = BTreeMap::new();
    let requests: Vec<&CountedRequest> = records
        .requests
        .iter()
        .filter(|one| within(one.received))
        .collect();
    for request in &requests {
        months
            .entry(month(request.received))
            .or_default()
            .request(request, today);
        total.request(request, today);
    }
    for recording in records.recordings.iter().filter(|one| within(one.added)) {
        months
            .entry(month(recording.added))
            .or_default()
            .recording(recording);
        total.recording(recording);
    }
    for release in records.releases.iter().filter(|one| within(one.made)) {
        months
            .entry(month(release.made))
            .or_default()
            .release(release);
        total.release(release);
        for item in &release.figures.items {
            let key = (item.class.clone(), item.statute.clone());
            *items.entry(key).or_default() += item.count;
        }
    }
    let time = records.time.iter().filter(|one| within(one.day));
    Statistics {
        months: months
            .into_iter()
            .map(|(month, tally)| tally.figures(month))
            .collect(),
        total: total.figures(String::new()),
        dispositions: decided(&requests),
        items: listed(items),
        people: workloads(&requests, time, today),
    }
}

fn empty_months(from: Date, to: Date) -> BTreeMap<String, Tally> {
    let mut months = BTreeMap::new();
    let mut day = Some(from);
    while let Some(now) = day.filter(|day| *day <= to) {
        months.insert(month(now), Tally::default());
        day = first_of_next_month(now);
    }
    months
}

/// How the answered requests were decided.
fn decided(requests: &[&CountedRequest]) -> Vec<DispositionCount> {
    let mut counts: BTreeMap<Option<&str>, DispositionCount> = BTreeMap::new();
    for request in requests.iter().filter(|one| one.answered.is_some()) {
        let disposition = request.disposition;
        let count = counts
            .entry(disposition.map(Disposition::word))
            .or_insert(DispositionCount {
                disposition,
                count: 0,
            });
        count.count += 1;
    }
    counts.into_values().collect()
}

/// What each person has and had to do.
fn workloads<'a>(
    requests: &[&'a CountedRequest],
    time: impl Iterator<Item = &'a CountedTime>,
    today: Date,
) -> Vec<Workload> {
    let mut people: BTreeMap<&str, Workload> = BTreeMap::new();
    for request in requests {
        let name = request.assignee.as_deref().unwrap_or_default();
        let person = people.entry(name).or_default();
        if request.answered.is_some() {
            person.answered += 1;
        } else {
            person.open += 1;
            person.overdue += u64::from(request.due < today);
        }
    }
    for entry in time {
        people.entry(&entry.name).or_default().minutes += u64::from(entry.minutes);
    }
    let named = |(name, person): (&str, Workload)| Workload {
        name: name.to_owned(),
        ..person
    };
    people.into_iter().map(named).collect()
}

/// `2026-09`.
fn month(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), u8::from(day.month()))
}

fn first_of_next_month(day: Date) -> Option<Date> {
    let last = day.replace_day(day.month().length(day.year())).ok()?;
    last.next_day()
}

/// Figures with the days that a median is made of.
#[derive(Default)]
struct Tally {
    figures: PeriodFigures,
    days: Vec<i64>,
}

impl Tally {
    fn request(&mut self, request: &CountedRequest, today: Date) {
        let figures = &mut self.figures;
        figures.received += 1;
        let ended = request.answered.unwrap_or(today);
        figures.late += u64::from(ended > request.due);
        if let Some(answered) = request.answered {
            figures.answered += 1;
            figures.on_time += u64::from(answered <= request.due);
            self.days.push((answered - request.received).whole_days());
        } else {
            figures.open += 1;
        }
    }

    fn recording(&mut self, recording: &CountedRecording) {
        self.figures.recordings += 1;
        self.figures.seconds_in += recording.seconds;
    }

    fn release(&mut self, release: &CountedRelease) {
        self.figures.releases += 1;
        self.figures.seconds_out += release.figures.seconds;
        self.figures.muted_seconds += release.figures.muted_seconds;
    }

    fn figures(mut self, month: String) -> PeriodFigures {
        self.days.sort_unstable();
        let middle = self.days.len() / 2;
        #[expect(clippy::cast_precision_loss, reason = "days of a request")]
        let median = match self.days.len() {
            0 => None,
            count if count % 2 == 1 => Some(self.days[middle] as f64),
            _ => Some((self.days[middle - 1] + self.days[middle]) as f64 / 2.0),
        };
        PeriodFigures {
            month,
            median_days: median,
            ..self.figures
        }
    }
}

#[cfg(test)]
mod tests;
