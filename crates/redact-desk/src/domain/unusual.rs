//! Which access is unusual. The rules are the constants here; `API.md` names them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::zone::Zone;
use crate::id::Id;
use crate::model::papers::{AccessKind, AccessRule};
use crate::time::{self, HOUR, Millis};

/// Night begins at this hour, in the agency's time zone.
const NIGHT_FROM: u8 = 22;

/// And ends at this one.
const NIGHT_TO: u8 = 6;

/// How many recordings a person is at on one day before that is unusual.
const RECORDINGS_A_DAY: usize = 25;

/// How many downloads a person makes on one day before that is unusual.
const DOWNLOADS_A_DAY: usize = 25;

/// What a flag is about, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlagDetail {
    /// Recordings, or downloads.
    pub(crate) count: usize,
    /// The first and the last time.
    pub(crate) from: Millis,
    pub(crate) until: Millis,
}

/// Unusual access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flag {
    pub(crate) rule: AccessRule,
    pub(crate) person: String,
    /// The day in the agency's time zone: `2026-01-31`. A night belongs to the day on which the
    /// access was.
    pub(crate) day: String,
    /// The recording of access outside an assignment.
    pub(crate) recording: Option<Id>,
    pub(crate) detail: FlagDetail,
}

/// Who has what to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assignments {
    /// The request of each recording.
    pub(crate) requests: HashMap<Id, Id>,
    /// The name of the person to whom each request is assigned.
    pub(crate) assigned: HashMap<Id, String>,
    /// Since when people had work on a request: they decided, uploaded, entered or changed
    /// something, a task was assigned to them, or a note mentioned them.
    pub(crate) worked: HashMap<(String, Id), Millis>,
    /// The days, in the agency's time zone, on which people approved a review of a request or sent
    /// it back. Whoever does has to look first, on the same day.
    pub(crate) approved: HashSet<(String, Id, String)>,
}

impl Assignments {
    /// Adds work of a person on a request; the earliest counts.
    pub(crate) fn add_work(&mut self, person: &str, request: &Id, at: Millis) {
        let key = (person.to_owned(), request.clone());
        let since = self.worked.entry(key).or_insert(at);
        *since = at.min(*since);
    }
}

impl Assignments {
    /// Whether the recording belongs to a request that another person has, and on which this one
    /// had no work before the access.
    fn is_outside(&self, access: &Access, recording: &Id, day: &str) -> bool {
        let Some(request) = self.requests.get(recording) else {
            return false;
        };
        let (who, request) = (access.who.clone(), request.clone());
        let assigned = self.assigned.get(&request);
        if assigned.is_none_or(|name| *name == who) {
            return false;
        }
        let key = (who, request);
        if self
            .worked
            .get(&key)
            .is_some_and(|since| *since <= access.at)
        {
            return false;
        }
        !self.approved.contains(&(key.0, key.1, day.to_owned()))
    }
}

/// The unusual access among `all`, oldest first.
pub(crate) fn flags(all: &[Access], work: &Assignments, zone: &Zone) -> Vec<Flag> {
    let mut outside: BTreeMap<(String, String, String), FlagDetail> = BTreeMap::new();
    let mut days: BTreeMap<(String, String), Day> = BTreeMap::new();
    for access in all {
        let day = time::day_text(zone.day(access.at));
        let person = access.who.clone();
        let of_day = days.entry((person.clone(), day.clone())).or_default();
        of_day.add(access, zone);
        if access.kind != AccessKind::Viewed {
            continue;
        }
        for recording in &access.recordings {
            if work.is_outside(access, recording, &day) {
                let key = (person.clone(), day.clone(), recording.to_string());
                let detail = outside.entry(key).or_default();
                *detail = widened(*detail, access);
                detail.count = 1;
            }
        }
    }
    let mut found: Vec<Flag> = outside
        .into_iter()
        .map(|((person, day, recording), detail)| Flag {
            rule: AccessRule::OutsideAssignment,
            person,
            day,
            recording: Id::read(&recording),
            detail,
        })
        .collect();
    for ((person, day), of_day) in days {
        found.extend(of_day.flags().into_iter().map(|(rule, detail)| Flag {
            rule,
            person: person.clone(),
            day: day.clone(),
            recording: None,
            detail,
        }));
    }
    found.sort_by_key(|flag| flag.detail.from);
    found
}

fn widened(detail: FlagDetail, access: &Access) -> FlagDetail {
    let from = match detail.from {
        0 => access.at,
        from => from.min(access.at),
    };
    FlagDetail {
        count: detail.count,
        from,
        until: detail.until.max(access.until),
    }
}

/// What a person was at on one day.
#[derive(Default)]
struct Day {
    recordings: BTreeSet<String>,
    at_night: BTreeSet<String>,
    downloads: usize,
    all: FlagDetail,
    night: FlagDetail,
}

impl Day {
    fn add(&mut self, access: &Access, zone: &Zone) {
        let ids = access.recordings.iter().map(Id::to_string);
        self.recordings.extend(ids.clone());
        self.downloads += usize::from(access.kind == AccessKind::Downloaded);
        self.all = widened(self.all, access);
        if is_at_night(access, zone) {
            self.at_night.extend(ids);
            self.night = widened(self.night, access);
        }
    }

    fn flags(self) -> Vec<(AccessRule, FlagDetail)> {
        let counted = |detail: FlagDetail, count: usize| FlagDetail { count, ..detail };
        let all = [
            (
                AccessRule::Night,
                !self.at_night.is_empty(),
                counted(self.night, self.at_night.len()),
            ),
            (
                AccessRule::ManyRecordings,
                self.recordings.len() >= RECORDINGS_A_DAY,
                counted(self.all, self.recordings.len()),
            ),
            (
                AccessRule::ManyDownloads,
                self.downloads >= DOWNLOADS_A_DAY,
                counted(self.all, self.downloads),
            ),
        ];
        let unusual = all.into_iter().filter(|(_, is_unusual, _)| *is_unusual);
        unusual.map(|(rule, _, detail)| (rule, detail)).collect()
    }
}

/// Whether it began or ended at night, or lasted through one.
fn is_at_night(access: &Access, zone: &Zone) -> bool {
    let dark = |at: Millis| {
        let local = zone.local_text(at);
        let hour = local.get(11..13).and_then(|hour| hour.parse::<u8>().ok());
        hour.is_some_and(|hour| !(NIGHT_TO..NIGHT_FROM).contains(&hour))
    };
    let longest_day = Millis::from(NIGHT_FROM - NIGHT_TO) * HOUR;
    dark(access.at) || dark(access.until) || access.until - access.at > longest_day
}

#[cfg(test)]
mod tests {
    use super::*;

    /// September 21, 2026, at midnight UTC.
    const DAY: Millis = 1_789_948_800_000;

    fn access(who: &str, kind: AccessKind, recording: &Id, hour: Millis) -> Access {
        Access {
            at: DAY + hour * HOUR,
            until: DAY + hour * HOUR + 1000,
            who: who.to_owned(),
            kind,
            recordings: vec![recording.clone()],
            shown: BTreeMap::new(),
            frames: 0,
            is_open: false,
        }
    }

    fn rules(found: &[Flag]) -> Vec<AccessRule> {
        found.iter().map(|flag| flag.rule).collect()
    }

    fn work(recording: &Id, request: &Id) -> Assignments {
        Assignments {
            requests: HashMap::from([(recording.clone(), request.clone())]),
            assigned: HashMap::from([(request.clone(), "Ada".to_owned())]),
            worked: HashMap::from([(("Ben".to_owned(), request.clone()), DAY)]),
            approved: HashSet::new(),
        }
    }

    /// Goal: who has no part in a request is flagged for looking. Controls: the assigned person,
    /// one who approved, a request that nobody has, and a download, which is an auditor's work.
    #[test]
    fn looking_outside_an_assignment_is_unusual() {
        let (recording, request) = (Id::random(), Id::random());
        let zone = Zone::open(Some("UTC")).unwrap();
        let mut work = work(&recording, &request);
        let viewed = |who| access(who, AccessKind::Viewed, &recording, 10);
        let all = [viewed("Ada"), viewed("Ben"), viewed("Cleo"), viewed("Cleo")];
        let found = flags(&all, &work, &zone);
        assert_eq!(rules(&found), [AccessRule::OutsideAssignment]);
        assert_eq!(
            (found[0].person.as_str(), found[0].day.as_str()),
            ("Cleo", "2026-09-21")
        );
        assert_eq!(found[0].recording.as_ref(), Some(&recording));
        let download = [access("Cleo", AccessKind::Downloaded, &recording, 10)];
        assert!(flags(&download, &work, &zone).is_empty());
        work.assigned.clear();
        assert!(flags(&all, &work, &zone).is_empty());
    }

    /// Goal: only work before an access counts, and an approval on the same day. Controls: the same
    /// work a moment earlier, and an approval on another day.
    #[test]
    fn later_work_excuses_nothing() {
        let (recording, request) = (Id::random(), Id::random());
        let zone = Zone::open(Some("UTC")).unwrap();
        let mut work = work(&recording, &request);
        let seen = [access("Cleo", AccessKind::Viewed, &recording, 10)];
        work.add_work("Cleo", &request, DAY + 10 * HOUR + 1);
        assert_eq!(flags(&seen, &work, &zone).len(), 1);
        work.add_work("Cleo", &request, DAY + 10 * HOUR);
        assert!(flags(&seen, &work, &zone).is_empty());
        work.worked.clear();
        let approved = |day: &str| ("Cleo".to_owned(), request.clone(), day.to_owned());
        work.approved.insert(approved("2026-09-22"));
        assert_eq!(flags(&seen, &work, &zone).len(), 1);
        work.approved.insert(approved("2026-09-21"));
        assert!(flags(&seen, &work, &zone).is_empty());
    }

    /// Goal: night is night in the agency's zone. Control: the same moment is day elsewhere, and
    /// the edges of the night.
    #[test]
    fn night_is_that_of_the_agency() {
        let recording = Id::random();
        let nothing = Assignments::default();
        let at = |hour| [access("Ada", AccessKind::Viewed, &recording, hour)];
        let utc = Zone::open(Some("UTC")).unwrap();
        for (hour, is_night) in [(5, true), (6, false), (21, false), (22, true)] {
            let found = flags(&at(hour), &nothing, &utc);
            assert_eq!(!found.is_empty(), is_night, "{hour}");
        }
        let chicago = Zone::open(Some("America/Chicago")).unwrap();
        assert_eq!(
            rules(&flags(&at(3), &nothing, &chicago)),
            [AccessRule::Night]
        );
        let found = flags(&at(3), &nothing, &chicago);
        assert_eq!(found[0].day, "2026-09-20", "22:00 of the day before");
        assert!(flags(&at(12), &nothing, &chicago).is_empty());
        let mut long = at(7);
        long[0].until = long[0].at + 23 * HOUR;
        assert_eq!(rules(&flags(&long, &nothing, &utc)), [AccessRule::Night]);
    }

    /// Goal: many recordings or downloads on one day are unusual. Control: one less is not.
    #[test]
    fn many_at_once_are_unusual() {
        let zone = Zone::open(Some("UTC")).unwrap();
        let nothing = Assignments::default();
        let viewed = |count: usize| -> Vec<Access> {
            let each = (0..count).map(|_| access("Ada", AccessKind::Viewed, &Id::random(), 10));
            each.collect()
        };
        assert!(flags(&viewed(RECORDINGS_A_DAY - 1), &nothing, &zone).is_empty());
        let found = flags(&viewed(RECORDINGS_A_DAY), &nothing, &zone);
        assert_eq!(rules(&found), [AccessRule::ManyRecordings]);
        assert_eq!(found[0].detail.count, RECORDINGS_A_DAY);
        let one = Id::random();
        let taken = |count: usize| -> Vec<Access> {
            let each = (0..count).map(|_| access("Ada", AccessKind::Downloaded, &one, 10));
            each.collect()
        };
        assert!(flags(&taken(DOWNLOADS_A_DAY - 1), &nothing, &zone).is_empty());
        assert_eq!(
            rules(&flags(&taken(DOWNLOADS_A_DAY), &nothing, &zone)),
            [AccessRule::ManyDownloads]
        );
    }
}
