//! Who got at which recording, from the event log and the views that still go on; and unusual
//! access with its review.

use std::collections::HashMap;
use std::sync::Arc;

use redact_record::events::Act;
use serde_json::json;

use super::access_log::{LoggedAccess, LoggedWork};
use super::app::Shared;
use super::requests::REASON_CHARS_MAX;
use super::views;
use crate::api_error::{ApiError, ApiResult, text};
use crate::db::access::{self as rows, AccessedRow, FlagRow};
use crate::db::pool;
use crate::db::sealings::Closed;
use crate::db::views as view_rows;
use crate::domain::access::Access;
use crate::domain::spans::Spans;
use crate::domain::unusual::{Assignments, Flag, flags};
use crate::domain::zone::Zone;
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::model::papers::{AccessKind, AccessOutcome};
use crate::time;

/// All access to recordings, and what it is related to.
pub(crate) struct Accesses {
    /// Oldest first.
    pub(crate) all: Vec<Access>,
    pub(crate) recordings: HashMap<Id, AccessedRow>,
    assignments: Assignments,
}

impl Accesses {
    /// Takes away the names of what an order of a court closes to a person.
    pub(crate) fn hide_closed(&mut self, closed: &Closed) {
        for row in self.recordings.values_mut() {
            if closed.has(&row.id) || closed.has(&row.request) {
                row.name.clear();
                row.number.clear();
            }
        }
    }
}

/// What the ids in the log belong to.
struct Related {
    recordings: HashMap<Id, AccessedRow>,
    /// The recordings of releases, packages and reviews.
    of: HashMap<Id, Vec<Id>>,
}

impl Related {
    async fn load(app: &Shared) -> ApiResult<Self> {
        let recordings = rows::recordings(&app.db).await?.into_iter();
        let mut of: HashMap<Id, Vec<Id>> = HashMap::new();
        for row in rows::of_recordings(&app.db).await? {
            of.entry(row.id).or_default().push(row.recording);
        }
        Ok(Self {
            recordings: recordings.map(|row| (row.id.clone(), row)).collect(),
            of,
        })
    }

    /// The recordings that these ids are, or are made of. Those of practice requests are none.
    fn recordings(&self, of: &[Id]) -> Vec<Id> {
        let mut found = Vec::new();
        for id in of {
            let own = std::slice::from_ref(id);
            let of = self.of.get(id).map_or(own, Vec::as_slice).iter();
            found.extend(of.filter(|id| self.recordings.contains_key(id)).cloned());
        }
        found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        found.dedup();
        found
    }

    /// The access that the log has; `None` if it is to no recording that there is.
    fn access(&self, logged: &LoggedAccess) -> Option<Access> {
        let recordings = self.recordings(&logged.of);
        (!recordings.is_empty()).then(|| Access {
            at: logged.at,
            until: logged.until,
            who: logged.who.to_string(),
            kind: logged.kind,
            recordings,
            shown: logged.shown.clone(),
            frames: logged.frames,
            is_open: false,
        })
    }

    /// Adds the work that the log shows.
    fn add_work(&self, work: &mut Assignments, (logged, zone): (&LoggedWork, &Zone)) {
        let of = self.recordings(&logged.of).into_iter();
        let of = of.filter_map(|id| Some(self.recordings.get(&id)?.request.clone()));
        for request in logged.request.iter().cloned().chain(of) {
            if logged.is_approval {
                let day = time::day_text(zone.day(logged.at));
                let who = logged.who.to_string();
                work.approved.insert((who, request.clone(), day));
            }
            work.add_work(&logged.who, &request, logged.at);
        }
    }
}

impl Accesses {
    /// Reads the log and adds the views whose session goes on.
    ///
    /// # Errors
    /// Those of the log and the database.
    pub(crate) async fn load(app: &Shared) -> ApiResult<Self> {
        let related = Related::load(app).await?;
        let path = app.options.event_log.log.path().to_owned();
        let (zone, log) = (app.zone(), Arc::clone(&app.access_log));
        let read = tokio::task::spawn_blocking(move || {
            let log = log.read(&path)?;
            let all: Vec<Access> = log
                .access
                .iter()
                .filter_map(|logged| related.access(logged))
                .collect();
            let mut work = Assignments::default();
            for logged in &log.work {
                related.add_work(&mut work, (logged, &zone));
            }
            drop(log);
            Ok::<_, redact_record::RecordError>((all, work, related))
        });
        let (mut all, mut assignments, related) = read.await??;
        for row in rows::given(&app.db).await? {
            assignments.add_work(&row.person, &row.request, row.at);
        }
        all.extend(open_views(app, &related).await?);
        all.sort_by_key(|access| access.at);
        let known = related.recordings.values();
        let assigned = known
            .clone()
            .filter_map(|row| Some((row.request.clone(), row.assignee.clone()?)));
        assignments.assigned = assigned.collect();
        assignments.requests = known
            .clone()
            .map(|row| (row.id.clone(), row.request.clone()))
            .collect();
        Ok(Self {
            all,
            assignments,
            recordings: related.recordings,
        })
    }
}

/// Views that are not in the log yet, because their session goes on.
async fn open_views(app: &Shared, related: &Related) -> ApiResult<Vec<Access>> {
    views::store(app).await?;
    let open = view_rows::unlogged(&app.db, true, (0, 0)).await?;
    let known = open
        .into_iter()
        .filter(|row| related.recordings.contains_key(&row.recording));
    let access = known.map(|row| {
        let spans: Spans = serde_json::from_str(&row.spans).unwrap_or_default();
        Access {
            at: row.began_at,
            until: row.last_at,
            who: row.name,
            kind: AccessKind::Viewed,
            recordings: vec![row.recording],
            shown: serde_json::from_str(&row.seen).unwrap_or_default(),
            frames: u64::from(spans.frames()),
            is_open: true,
        }
    });
    Ok(access.collect())
}

/// Looks for unusual access and stores what was found; returns all flags, newest first.
///
/// # Errors
/// Those of the log and the database.
pub(crate) async fn find_unusual(app: &Shared) -> ApiResult<(Vec<FlagRow>, Accesses)> {
    let accesses = Accesses::load(app).await?;
    let found = flags(&accesses.all, &accesses.assignments, &app.zone());
    let found: Vec<FlagRow> = found
        .into_iter()
        .map(|flag| flag_row(app, &accesses, flag))
        .collect();
    let mut change = pool::begin(&app.db).await?;
    // A flag stays until it is reviewed, whatever the person did afterwards.
    for new in &found {
        rows::put_flag(&mut change, new).await?;
    }
    change.commit().await?;
    Ok((rows::flags(&app.db).await?, accesses))
}

fn flag_row(app: &Shared, accesses: &Accesses, flag: Flag) -> FlagRow {
    let of = flag.recording.as_ref();
    let of = of.and_then(|id| accesses.recordings.get(id));
    FlagRow {
        id: Id::random(),
        rule: flag.rule,
        person: flag.person,
        day: flag.day,
        recording: of.map_or_else(String::new, |row| row.id.to_string()),
        request: of.map_or_else(String::new, |row| row.request.to_string()),
        at: flag.detail.from,
        detail: json!(flag.detail).to_string(),
        found_at: app.now(),
        outcome: None,
        finding: String::new(),
        reviewed_by: None,
        reviewed_at: None,
    }
}

/// Records what the review of unusual access found. The person concerned cannot.
///
/// # Errors
/// 400 without a finding; 404; 409 `own`, `reviewed`.
pub(crate) async fn review(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (outcome, finding): (AccessOutcome, &str),
) -> ApiResult<()> {
    let finding = text("finding", finding, REASON_CHARS_MAX)?;
    let flag = rows::flag(&app.db, id).await?;
    if flag.person == who.name {
        let message = "Your own access is reviewed by somebody else.";
        return Err(ApiError::conflict("own", message));
    }
    let mut change = pool::begin(&app.db).await?;
    let now = app.now();
    if !rows::review(&mut change, id, (outcome, &finding), (&who.name, now)).await? {
        let message = "Somebody reviewed this access already.";
        return Err(ApiError::conflict("reviewed", message));
    }
    let event = Event::new(Act::Decision, "access-review")
        .id("flag", id)
        .label("rule", flag.rule.word())
        .label("day", &flag.day)
        .label("outcome", outcome.word());
    app.log_event(&who.name, event).await?;
    Ok(change.commit().await?)
}
