//! Statutory clocks: the due date of a request, by jurisdiction.
//!
//! Working days exclude weekends and known holidays ([`Holidays`]), so the result is the earliest
//! date that the law can mean. Extensions are entered by a person. This is not legal advice.

use serde::Serialize;

use super::holidays::Holidays;
use crate::time;

/// The time that an agency has.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct StatutoryClock {
    pub(crate) key: &'static str,
    title: &'static str,
    days: u16,
    pub(crate) unit: Unit,
    statute: &'static str,
    source: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Days,
    WorkingDays,
}

/// Working days for a jurisdiction without a clock.
const OTHERWISE_DAYS: u16 = 10;

/// All clocks.
pub(crate) const CLOCKS: [StatutoryClock; 6] = [
    StatutoryClock {
        key: "us-federal",
        title: "Federal Freedom of Information Act",
        days: 20,
        unit: Unit::WorkingDays,
        statute: "5 U.S.C. 552(a)(6)(A)(i)",
        source: "https://uscode.house.gov/view.xhtml?req=granuleid:USC-prelim-title5-section552",
    },
    StatutoryClock {
        key: "us-ca",
        title: "California Public Records Act",
        days: 10,
        unit: Unit::Days,
        statute: "Cal. Gov. Code 7922.535(a)",
        source: "https://leginfo.legislature.ca.gov/faces/codes_displaySection.xhtml?lawCode=GOV&sectionNum=7922.535.",
    },
    StatutoryClock {
        key: "us-mn",
        title: "Minnesota Government Data Practices Act, data subject",
        days: 10,
        unit: Unit::WorkingDays,
        statute: "Minn. Stat. 13.04, subd. 3",
        source: "https://www.revisor.mn.gov/statutes/cite/13.04",
    },
    StatutoryClock {
        key: "us-or",
        title: "Oregon Public Records Law",
        days: 15,
        unit: Unit::WorkingDays,
        statute: "ORS 192.324(2), 192.329(5)",
        source: "https://www.oregonlegislature.gov/bills_laws/ors/ors192.html",
    },
    StatutoryClock {
        key: "us-tx",
        title: "Texas Public Information Act, request for a decision",
        days: 10,
        unit: Unit::WorkingDays,
        statute: "Tex. Gov't Code 552.301(b)",
        source: "https://statutes.capitol.texas.gov/Docs/GV/htm/GV.552.htm",
    },
    StatutoryClock {
        key: "us-wa",
        title: "Washington Public Records Act",
        days: 5,
        unit: Unit::WorkingDays,
        statute: "RCW 42.56.520(1)",
        source: "https://app.leg.wa.gov/rcw/default.aspx?cite=42.56.520",
    },
];

/// The title of a clock's law; `None` if there is no clock with that key.
pub(crate) fn title(jurisdiction: &str) -> Option<&'static str> {
    let clock = CLOCKS.iter().find(|clock| clock.key == jurisdiction)?;
    Some(clock.title)
}

/// The due date of a request that was received on `received`.
pub(crate) fn due(holidays: &Holidays, jurisdiction: &str, received: ::time::Date) -> ::time::Date {
    let clock = CLOCKS.iter().find(|clock| clock.key == jurisdiction);
    let days = clock.map_or(OTHERWISE_DAYS, |clock| clock.days);
    let all = clock.is_some_and(|clock| clock.unit == Unit::Days);
    time::days_after(received, days, |day| {
        !all && holidays.is_off(jurisdiction, day)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_the_jurisdiction_runs() {
        let holidays = Holidays::read(std::path::Path::new("nowhere at all")).unwrap();
        let received = time::read_day("2026-11-20").unwrap();
        let due = |law: &str| time::day_text(due(&holidays, law, received));
        assert_eq!(due("us-ca"), "2026-11-30", "every day counts");
        assert_eq!(
            due("us-wa"),
            "2026-12-01",
            "without Thanksgiving and the day after"
        );
        assert_eq!(due("us-federal"), "2026-12-21", "without Thanksgiving");
        assert_eq!(due("elsewhere"), "2026-12-04");
    }
}
