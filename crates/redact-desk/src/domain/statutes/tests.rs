//! The built-in laws, and what a wrong file of a law says.

use super::*;
use crate::model::{Category, RequesterKind, WaitingFor};

fn holidays() -> Holidays {
    Holidays::read(Path::new("nowhere at all")).unwrap()
}

fn ours() -> Statutes {
    Statutes::read(Path::new("nowhere at all"), &holidays()).unwrap()
}

fn due(law: &str, requester: RequesterKind, received: &str) -> Option<String> {
    let laws = ours();
    let case = Case {
        requester,
        received: crate::time::read_day(received).unwrap(),
        pauses: &[],
        extensions: &[],
    };
    let law = laws.get(law).unwrap();
    match law.due(DeadlineKind::Answer, &case, &holidays())? {
        Due::On(day) => Some(crate::time::day_text(day)),
        Due::NoNumber | Due::OlderThanLaw => None,
    }
}

/// Goal: every built-in law is complete, and its worked examples come out: they are checked when
/// it is read. Control: an example that is a day late is refused.
#[test]
fn every_law_has_its_rules_with_sources_and_examples() {
    let laws = ours();
    assert_eq!(laws.all().len(), 11);
    for law in laws.all() {
        let answer = law.deadline(DeadlineKind::Answer, RequesterKind::Public);
        assert!(
            answer.is_some(),
            "{}: what a member of the public gets",
            law.key
        );
        assert!(law.fees.is_some(), "{}: fees", law.key);
        assert!(!law.retention.is_empty(), "{}: retention", law.key);
        assert!(!law.note.trim().is_empty(), "{}", law.key);
    }
    for (name, text) in OURS {
        let (_, examples) = file::parse(text).unwrap();
        assert!(
            examples.due.len() >= 6,
            "{name}: {} examples",
            examples.due.len()
        );
        let retention = examples.retention.len();
        assert!(retention >= 3, "{name}: {retention} examples of retention");
        let late = text.rfind("\ndue = ").map(|at| at + 7);
        let Some(at) = late else { continue };
        let wrong = format!("{}1999-01-01{}", &text[..at], &text[at + 10..]);
        let error = add(&mut Vec::new(), &wrong, &holidays()).unwrap_err();
        assert!(
            error.contains("the example says 1999-01-01"),
            "{name}: {error}"
        );
    }
}

/// The figures that were there before laws were files.
#[test]
fn the_clock_of_the_law_runs() {
    let public = RequesterKind::Public;
    let is = |law, expected: &str| {
        assert_eq!(
            due(law, public, "2026-11-20").as_deref(),
            Some(expected),
            "{law}"
        );
    };
    is("us-ca", "2026-11-30");
    is("us-wa", "2026-12-01");
    is("us-federal", "2026-12-21");
    assert_eq!(
        due("us-mn", public, "2026-11-20"),
        None,
        "a reasonable time"
    );
    let subject = due("us-mn", RequesterKind::DataSubject, "2026-11-20");
    assert_eq!(
        subject.as_deref(),
        Some("2026-12-07"),
        "without Thanksgiving"
    );
}

fn file(body: &str) -> String {
    format!(
        "format_version = 1\nkey = \"us-zz\"\ntitle = \"Act\"\njurisdiction = \"US-ZZ\"\nnote = \
         \"n\"\n{body}"
    )
}

const SOURCE: &str = "statute = \"Z 1\"\ntext = \"t\"\nsource = \"https://example.org\"\n";

/// Goal: an error names the line or the table, and what is expected. Control: the file without it.
#[test]
fn a_wrong_file_says_what_is_wrong_and_where() {
    let read = |body: &str| add(&mut Vec::new(), &file(body), &holidays());
    let deadline = format!("[[deadline]]\nkind = \"answer\"\ndays = 5\nunit = \"days\"\n{SOURCE}");
    read(&deadline).unwrap();
    let example = "[[example]]\nkind = \"answer\"\nrequester = \"press\"\nreceived = 2026-03-02\n\
                   because = \"five days\"\n";
    read(&format!("{deadline}{example}due = 2026-03-07\n")).unwrap();
    for (body, expected) in [
        (deadline.replace("days = 5", "dayz = 5"), "line 8"),
        (deadline.replace("days = 5\n", ""), "days and unit together"),
        (deadline.replace("days = 5", "days = 0"), "1 to 3660"),
        (deadline.replace("\"Z 1\"", "\" \""), "statute is empty"),
        (
            format!("{deadline}{deadline}"),
            "deadline 2: the same requesters",
        ),
        (
            deadline.replace("unit", "after = \"answer\"\nunit"),
            "deadline 1: after",
        ),
        (
            format!("{deadline}{example}due = 2026-03-08\n"),
            "example 1: the rules give 2026-03-07",
        ),
        (
            format!("{deadline}{example}"),
            "example 1: expected either due or none",
        ),
        (
            format!("[fees]\nrequest_max = \"7,5\"\n{SOURCE}"),
            "dollars and cents",
        ),
        (
            format!("[fees]\nfree_hours = 0.333\n{SOURCE}"),
            "free_hours",
        ),
        (
            format!(
                "[[retention]]\ncategory = \"force\"\nat_least_days = 1\nat_least_years = 1\n{SOURCE}"
            ),
            "one of at_least_days",
        ),
    ] {
        let error = read(&body).unwrap_err();
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
}

/// Goal: an example of retention that does not come out is refused, with both results. Controls:
/// the same example with what the rules give.
#[test]
fn an_example_of_retention_is_computed_again() {
    let rule = format!(
        "[[retention]]\ncategory = \"force\"\nat_least_days = 90\nat_most_days = 90\n{SOURCE}"
    );
    let example = |more: &str| {
        let head = "[[retention_example]]\ncategory = \"force\"\ncounted_from = 2026-01-15\n";
        let text = file(&format!("{rule}{head}because = \"b\"\n{more}"));
        add(&mut Vec::new(), &text, &holidays())
    };
    example("until = 2026-04-15\ngone_by = 2026-04-16\n").unwrap();
    for (more, expected) in [
        (
            "until = 2026-04-14\ngone_by = 2026-04-16\n",
            "until: the rules give 2026-04-15",
        ),
        (
            "until = 2026-04-15\n",
            "gone_by: the rules give 2026-04-16, the example says no date",
        ),
        (
            "until = 2026-04-15\ngone_by = 2026-04-16\nends = \"never\"\n",
            "ends: the rules give Date",
        ),
    ] {
        let error = example(more).unwrap_err();
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
    let error = add(
        &mut Vec::new(),
        &file(&format!("{rule}{rule}")),
        &holidays(),
    );
    let error = error.unwrap_err();
    assert!(
        error.contains("retention 2: a second rule for force"),
        "{error}"
    );
}

/// Goal: on every day it is known whether a recording may go, must go, or stays. Controls: the day
/// before each.
#[test]
fn a_recording_stands_where_the_law_says() {
    let day = |text: &str| crate::time::read_day(text).unwrap();
    let laws = ours();
    let state = |law: &str, category, asked: &[Asked], today: &str| {
        let case = StayCase {
            category,
            counted_from: day("2026-01-15"),
            asked,
        };
        let stay = laws.get(law).unwrap().stay(&case).unwrap();
        stay.state(day(today))
    };
    let not_evidence = Category::NotEvidence;
    for (law, category, today, expected) in [
        ("us-il", not_evidence, "2026-04-15", RetentionState::Stays),
        ("us-il", not_evidence, "2026-04-16", RetentionState::MustGo),
        ("us-il", not_evidence, "2026-04-17", RetentionState::Overdue),
        ("us-wa", not_evidence, "2026-03-16", RetentionState::Stays),
        ("us-wa", not_evidence, "2026-03-17", RetentionState::MayGo),
        (
            "us-wa",
            Category::Force,
            "2026-03-17",
            RetentionState::Decide,
        ),
        (
            "us-mn",
            Category::Death,
            "2099-01-01",
            RetentionState::Never,
        ),
        (
            "us-oh",
            Category::Evidence,
            "2026-01-16",
            RetentionState::Decide,
        ),
    ] {
        let found = state(law, category, &[], today);
        assert_eq!(found, expected, "{law}, {category:?}, {today}");
    }
    let asked = |days| Asked {
        on: day("2026-04-01"),
        days,
    };
    let on = |days, today| state("us-mn", not_evidence, &[asked(days)], today);
    assert_eq!(on(None, "2026-09-28"), RetentionState::Stays);
    assert_eq!(
        on(Some(400), "2026-09-29"),
        RetentionState::MayGo,
        "at most 180"
    );
    assert_eq!(on(Some(30), "2026-05-01"), RetentionState::Stays);
    assert_eq!(
        on(Some(30), "2026-05-02"),
        RetentionState::MayGo,
        "as asked for"
    );
}

/// Goal: waiting stops or restarts the clock as the law says, an extension adds to it, and a
/// request older than the law is not under it. Controls: no waiting; a law that says nothing.
#[test]
fn waiting_and_extensions_move_the_date() {
    let day = |text: &str| crate::time::read_day(text).unwrap();
    let law = |effect: &str| {
        let tolling =
            format!("[[tolling]]\nwaiting_for = \"payment\"\neffect = \"{effect}\"\n{SOURCE}");
        let deadline = format!(
            "[[deadline]]\nkind = \"answer\"\ndays = 10\nunit = \"days\"\nsince = 2025-01-01\n{SOURCE}"
        );
        file::parse(&file(&format!("{deadline}{tolling}")))
            .unwrap()
            .0
    };
    let pause = Pause {
        waiting_for: WaitingFor::Payment,
        since: day("2026-03-05"),
        until: day("2026-03-08"),
    };
    let due = |effect: &str, received: &str, pauses: &[Pause], extensions: &[Days]| {
        let case = Case {
            requester: RequesterKind::Press,
            received: day(received),
            pauses,
            extensions,
        };
        law(effect).due(DeadlineKind::Answer, &case, &holidays())
    };
    let on = |text: &str| Some(Due::On(day(text)));
    assert_eq!(due("stops", "2026-03-01", &[], &[]), on("2026-03-11"));
    assert_eq!(
        due("stops", "2026-03-01", &[pause], &[]),
        on("2026-03-15"),
        "four days do not count"
    );
    assert_eq!(
        due("restarts", "2026-03-01", &[pause], &[]),
        on("2026-03-18")
    );
    assert_eq!(due("none", "2026-03-01", &[pause], &[]), on("2026-03-11"));
    let late = Pause {
        since: day("2026-03-12"),
        until: day("2026-03-20"),
        ..pause
    };
    for effect in ["stops", "restarts"] {
        let found = due(effect, "2026-03-01", &[late], &[]);
        assert_eq!(found, on("2026-03-11"), "what is overdue stays overdue");
    }
    let added = Days {
        days: 14,
        unit: crate::model::Unit::Days,
    };
    assert_eq!(due("none", "2026-03-01", &[], &[added]), on("2026-03-25"));
    assert_eq!(due("none", "2024-12-31", &[], &[]), Some(Due::OlderThanLaw));
}

/// Goal: a fee is right to the cent and never above a limit. Controls: each limit taken away.
#[test]
fn fees_stay_within_the_law() {
    let rules = |more: &str| {
        let fees = format!("[fees]\ncharges = [\"redaction\"]\nfree_hours = 4\n{more}{SOURCE}");
        file::parse(&file(&fees)).unwrap().0.fees.unwrap()
    };
    let case = fees::FeeCase {
        requester: RequesterKind::Press,
        search_minutes: 0,
        review_minutes: 60,
        redaction_minutes: 390,
        rate: Money(3000),
        video_seconds: 95 * 60,
        recordings: 2,
    };
    assert_eq!(rules("").fee(case).total, Money(7500), "2.5 hours at $30");
    assert_eq!(
        rules("staff_rate_max = \"20\"\n").fee(case).total,
        Money(5000)
    );
    assert_eq!(
        rules("per_video_hour_max = \"40\"\n").fee(case).total,
        Money(6333)
    );
    assert_eq!(rules("request_max = \"10\"\n").fee(case).total, Money(1000));
    assert_eq!(
        rules("per_recording = \"10\"\nper_video_minute = \"1\"\n")
            .fee(case)
            .total,
        Money(19_000)
    );
    let exempt = rules("exempt = [\"press\"]\n").fee(case);
    assert_eq!((exempt.total, exempt.exempt), (Money(0), true));
}
