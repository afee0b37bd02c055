//! Figures add up to the records.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn day(text: &str) -> Date {
    crate::time::read_day(text).unwrap()
}

fn request(received: &str, due: &str, answered: Option<&str>) -> CountedRequest {
    CountedRequest {
        received: day(received),
        due: day(due),
        answered: answered.map(day),
        disposition: answered.map(|_| Disposition::Granted),
        assignee: Some("Ada".to_owned()),
    }
}

/// Figures worked out by hand. Control: a request of another period is not counted.
#[test]
fn a_period_is_counted() {
    let records = Records {
        requests: vec![
            request("2026-09-01", "2026-09-11", Some("2026-09-11")),
            request("2026-09-02", "2026-09-12", Some("2026-09-16")),
            request("2026-10-31", "2026-11-10", None),
            request("2026-11-01", "2026-11-11", None),
        ],
        time: vec![CountedTime {
            day: day("2026-10-01"),
            name: "Ben".to_owned(),
            minutes: 40,
        }],
        ..Records::default()
    };
    let found = count(
        &records,
        (day("2026-09-01"), day("2026-10-31")),
        day("2026-11-12"),
    );
    let months: Vec<&str> = found
        .months
        .iter()
        .map(|month| month.month.as_str())
        .collect();
    assert_eq!(months, ["2026-09", "2026-10"]);
    let september = &found.months[0];
    assert_eq!(
        (september.received, september.answered, september.on_time),
        (2, 2, 1)
    );
    assert_eq!(september.median_days, Some(12.0), "10 and 14 days");
    let total = &found.total;
    assert_eq!((total.received, total.open, total.late), (3, 1, 2));
    assert_eq!(found.dispositions[0].count, 2);
    let ada = &found.people[0];
    assert_eq!(
        (ada.name.as_str(), ada.open, ada.overdue, ada.answered),
        ("Ada", 1, 1, 2)
    );
    assert_eq!(
        (found.people[1].name.as_str(), found.people[1].minutes),
        ("Ben", 40)
    );
}

#[test]
fn a_release_is_counted_by_class_and_statute() {
    let manifest = json!({
        "reasons": [
            { "code": "a", "statute": "7(C)" }, { "code": "b", "statute": "7(C)" },
        ],
        "masks": [
            { "class": "face", "reason": "a" }, { "class": "face", "reason": "b" },
            { "class": null, "reason": "a" },
        ],
        "mutes": [{ "reason": "b" }],
        "totals": { "seconds": 12.5, "sound": [
            { "muted_seconds": 1.5 }, { "muted_seconds": 2.0 },
        ] },
    });
    let found = ReleaseFigures::of_manifest(&manifest);
    let items: Vec<(&str, u64)> = found
        .items
        .iter()
        .map(|item| (item.class.as_str(), item.count))
        .collect();
    assert_eq!(items, [("drawn", 1), ("face", 2), ("speech", 1)]);
    assert_eq!((found.seconds, found.muted_seconds), (12.5, 2.0));
    assert_eq!(
        ReleaseFigures::of_manifest(&json!(null)),
        ReleaseFigures::default()
    );
}

fn any_request() -> impl Strategy<Value = CountedRequest> {
    (
        0_i64..400,
        0_i64..60,
        proptest::option::of(0_i64..90),
        0_usize..3,
    )
        .prop_map(|(received, due, answered, person)| {
            let start = day("2026-01-01");
            let after = |days: i64| start + ::time::Duration::days(days);
            CountedRequest {
                received: after(received),
                due: after(received + due),
                answered: answered.map(|days| after(received + days)),
                disposition: answered.map(|days| {
                    if days % 2 == 0 {
                        Disposition::Granted
                    } else {
                        Disposition::Denied
                    }
                }),
                assignee: (person > 0).then(|| format!("person {person}")),
            }
        })
}

proptest! {
    /// Goal: months, dispositions and people each add up to the requests of the period.
    #[test]
    fn the_figures_add_up_to_the_records(
        requests in proptest::collection::vec(any_request(), 0..80),
        from in 0_i64..300,
        length in 0_i64..300,
    ) {
        let start = day("2026-01-01") + ::time::Duration::days(from);
        let period = (start, start + ::time::Duration::days(length));
        let today = day("2026-12-31");
        let records = Records { requests, ..Records::default() };
        let found = count(&records, period, today);
        let expected: Vec<&CountedRequest> = records.requests.iter()
            .filter(|one| one.received >= period.0 && one.received <= period.1)
            .collect();
        let all = expected.len() as u64;
        let answered = expected.iter().filter(|one| one.answered.is_some()).count() as u64;
        let sum = |of: fn(&PeriodFigures) -> u64| found.months.iter().map(of).sum::<u64>();
        prop_assert_eq!((sum(|month| month.received), found.total.received), (all, all));
        prop_assert_eq!((sum(|month| month.answered), found.total.answered), (answered, answered));
        prop_assert_eq!(sum(|month| month.late), found.total.late);
        prop_assert_eq!(found.total.open + found.total.answered, all);
        prop_assert!(found.total.on_time <= found.total.answered);
        prop_assert_eq!(found.dispositions.iter().map(|one| one.count).sum::<u64>(), answered);
        let people = |of: fn(&Workload) -> u64| found.people.iter().map(of).sum::<u64>();
        prop_assert_eq!(people(|one| one.open) + people(|one| one.answered), all);
        let months: Vec<&String> = found.months.iter().map(|month| &month.month).collect();
        prop_assert!(months.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

fn any_recording() -> impl Strategy<Value = CountedRecording> {
    (0_i64..400, 0_u32..10_000).prop_map(|(added, seconds)| CountedRecording {
        added: day("2026-01-01") + ::time::Duration::days(added),
        seconds: f64::from(seconds),
    })
}

fn any_release() -> impl Strategy<Value = CountedRelease> {
    let item = (0_usize..3, 0_usize..2, 1_u64..50).prop_map(|(class, statute, count)| ItemCount {
        class: ["face", "plate", "speech"][class].to_owned(),
        statute: ["S. 1", "S. 2"][statute].to_owned(),
        count,
    });
    let items = proptest::collection::vec(item, 0..5);
    (0_i64..400, 0_u32..10_000, 0_u32..600, items).prop_map(|(made, seconds, muted, items)| {
        CountedRelease {
            made: day("2026-01-01") + ::time::Duration::days(made),
            figures: ReleaseFigures {
                seconds: f64::from(seconds),
                muted_seconds: f64::from(muted),
                items,
            },
        }
    })
}

fn any_time() -> impl Strategy<Value = CountedTime> {
    (0_i64..400, 0_usize..3, 1_u32..600).prop_map(|(spent, person, minutes)| CountedTime {
        day: day("2026-01-01") + ::time::Duration::days(spent),
        name: format!("person {person}"),
        minutes,
    })
}

/// The sum over the months is that of the whole period, to the rounding of the computer.
fn same(months: f64, total: f64) -> bool {
    (months - total).abs() < 1e-6
}

proptest! {
    /// Goal: hours in and out, minutes muted, items by class and statute and minutes by person each
    /// add up to the recordings, releases and entries of time of the period.
    #[test]
    fn hours_items_and_minutes_add_up_to_the_records(
        recordings in proptest::collection::vec(any_recording(), 0..40),
        releases in proptest::collection::vec(any_release(), 0..40),
        time in proptest::collection::vec(any_time(), 0..40),
        from in 0_i64..300,
        length in 0_i64..300,
    ) {
        let start = day("2026-01-01") + ::time::Duration::days(from);
        let end = start + ::time::Duration::days(length);
        let within = |day: Date| day >= start && day <= end;
        let records = Records { recordings, releases, time, ..Records::default() };
        let found = count(&records, (start, end), day("2026-12-31"));
        let sum = |of: fn(&PeriodFigures) -> f64| found.months.iter().map(of).sum::<f64>();
        let total = &found.total;

        let added = records.recordings.iter().filter(|one| within(one.added));
        let hours_in: f64 = added.clone().map(|one| one.seconds).sum();
        prop_assert_eq!(total.recordings, added.count() as u64);
        prop_assert!(same(hours_in, total.seconds_in));
        prop_assert!(same(sum(|month| month.seconds_in), total.seconds_in));

        let made: Vec<&CountedRelease> =
            records.releases.iter().filter(|one| within(one.made)).collect();
        let hours_out: f64 = made.iter().map(|one| one.figures.seconds).sum();
        let muted: f64 = made.iter().map(|one| one.figures.muted_seconds).sum();
        prop_assert_eq!(total.releases, made.len() as u64);
        prop_assert!(same(hours_out, total.seconds_out));
        prop_assert!(same(sum(|month| month.seconds_out), total.seconds_out));
        prop_assert!(same(muted, total.muted_seconds));
        prop_assert!(same(sum(|month| month.muted_seconds), total.muted_seconds));

        let items = made.iter().flat_map(|one| &one.figures.items);
        let expected: u64 = items.clone().map(|item| item.count).sum();
        prop_assert_eq!(found.items.iter().map(|item| item.count).sum::<u64>(), expected);
        for row in &found.items {
            let of = items.clone().filter(|item| {
                (&item.class, &item.statute) == (&row.class, &row.statute)
            });
            prop_assert_eq!(row.count, of.map(|item| item.count).sum::<u64>());
        }

        for person in &found.people {
            let own = records.time.iter().filter(|one| within(one.day) && one.name == person.name);
            let minutes: u64 = own.map(|one| u64::from(one.minutes)).sum();
            prop_assert_eq!(person.minutes, minutes);
        }
        let all = records.time.iter().filter(|one| within(one.day));
        let all: u64 = all.map(|one| u64::from(one.minutes)).sum();
        prop_assert_eq!(found.people.iter().map(|one| one.minutes).sum::<u64>(), all);
    }
}
