//! Statutory clocks: the due date of a request, by jurisdiction.
//!
//! Working days exclude weekends and known holidays ([`Holidays`]), so the result is the earliest
//! date that the law can mean. Extensions are entered by a person. This is not legal advice.

use serde::{Deserialize, Serialize};

use super::holidays::Holidays;
use crate::error::DeskError;
use crate::model::{RequesterKind, Unit};
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
    /// The only requesters that it is for; empty: all.
    only_for: &'static [RequesterKind],
    /// What holds for other requesters.
    otherwise: &'static str,
}

/// A deadline of a request's own, where no known law sets one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct DueRule {
    pub(crate) days: u16,
    pub(crate) unit: Unit,
    /// Where the deadline comes from.
    pub(crate) note: String,
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
        only_for: &[],
        otherwise: "",
    },
    StatutoryClock {
        key: "us-ca",
        title: "California Public Records Act",
        days: 10,
        unit: Unit::Days,
        statute: "Cal. Gov. Code 7922.535(a)",
        source: "https://leginfo.legislature.ca.gov/faces/codes_displaySection.xhtml?lawCode=GOV&sectionNum=7922.535.",
        only_for: &[],
        otherwise: "",
    },
    StatutoryClock {
        key: "us-mn",
        title: "Minnesota Government Data Practices Act, data subject",
        days: 10,
        unit: Unit::WorkingDays,
        statute: "Minn. Stat. 13.04, subd. 3",
        source: "https://www.revisor.mn.gov/statutes/cite/13.04",
        only_for: &[RequesterKind::DataSubject],
        otherwise: "For anyone but the person in the recording, Minn. Stat. 13.03, subd. 2 and 3, \
                    requires a prompt response within a reasonable time and sets no number of days.",
    },
    StatutoryClock {
        key: "us-or",
        title: "Oregon Public Records Law",
        days: 15,
        unit: Unit::WorkingDays,
        statute: "ORS 192.324(2), 192.329(5)",
        source: "https://www.oregonlegislature.gov/bills_laws/ors/ors192.html",
        only_for: &[],
        otherwise: "",
    },
    StatutoryClock {
        key: "us-tx",
        title: "Texas Public Information Act, request for a decision",
        days: 10,
        unit: Unit::WorkingDays,
        statute: "Tex. Gov't Code 552.301(b)",
        source: "https://statutes.capitol.texas.gov/Docs/GV/htm/GV.552.htm",
        only_for: &[],
        otherwise: "",
    },
    StatutoryClock {
        key: "us-wa",
        title: "Washington Public Records Act",
        days: 5,
        unit: Unit::WorkingDays,
        statute: "RCW 42.56.520(1)",
        source: "https://app.leg.wa.gov/rcw/default.aspx?cite=42.56.520",
        only_for: &[],
        otherwise: "",
    },
];

/// Refuses a law that no clock has.
///
/// # Errors
/// [`DeskError::UnknownLaw`].
pub(crate) fn check_law(key: Option<&str>) -> Result<(), DeskError> {
    let Some(given) = key.filter(|&key| title(key).is_none()) else {
        return Ok(());
    };
    let known: Vec<&str> = CLOCKS.iter().map(|clock| clock.key).collect();
    Err(DeskError::UnknownLaw {
        given: given.to_owned(),
        known: known.join(", "),
    })
}

/// The title of a clock's law; `None` if there is no clock with that key.
pub(crate) fn title(jurisdiction: &str) -> Option<&'static str> {
    let clock = CLOCKS.iter().find(|clock| clock.key == jurisdiction)?;
    Some(clock.title)
}

/// The due date of a request that was received on `received`. A known law goes before a rule.
pub(crate) fn due(
    holidays: &Holidays,
    (jurisdiction, rule): (&str, Option<&DueRule>),
    received: ::time::Date,
) -> ::time::Date {
    let clock = CLOCKS.iter().find(|clock| clock.key == jurisdiction);
    let clock = clock.map(|clock| (clock.days, clock.unit));
    let clock = clock.or(rule.map(|rule| (rule.days, rule.unit)));
    let (days, unit) = clock.unwrap_or((OTHERWISE_DAYS, Unit::WorkingDays));
    let all = unit == Unit::Days;
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
        let due = |law: &str| time::day_text(due(&holidays, (law, None), received));
        assert_eq!(due("us-ca"), "2026-11-30", "every day counts");
        assert_eq!(
            due("us-wa"),
            "2026-12-01",
            "without Thanksgiving and the day after"
        );
        assert_eq!(due("us-federal"), "2026-12-21", "without Thanksgiving");
        assert_eq!(due("elsewhere"), "2026-12-04");
    }

    /// Goal: a rule counts where no law is known. Control: a known law goes before it.
    #[test]
    fn a_rule_of_the_request_counts_where_no_law_is_known() {
        let holidays = Holidays::read(std::path::Path::new("nowhere at all")).unwrap();
        let received = time::read_day("2026-11-20").unwrap();
        let rule = |unit| DueRule {
            days: 7,
            unit,
            note: "Ordinance 12".to_owned(),
        };
        let due = |law: &str, unit| {
            time::day_text(super::due(&holidays, (law, Some(&rule(unit))), received))
        };
        assert_eq!(due("Springfield", Unit::Days), "2026-11-27");
        assert_eq!(due("Springfield", Unit::WorkingDays), "2026-12-01");
        assert_eq!(due("us-ca", Unit::Days), "2026-11-30");
    }
}
