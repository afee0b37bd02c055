//! Who got at which recording, from the event log and the views that still go on; and unusual
//! access with its review.

use std::collections::{BTreeMap, HashMap};

use redact_record::events::{self, Act, Detail, Outcome, Recorded};
use serde_json::json;

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

    /// The recordings that an entry is about. Those of practice requests are none.
    fn recordings(&self, entry: &Recorded) -> Vec<Id> {
        let mut found = Vec::new();
        for name in ["recording", "release", "package", "review"] {
            let Some(id) = label(entry, name).and_then(Id::read) else {
                continue;
            };
            let of = self.of.get(&id).cloned().unwrap_or_else(|| vec![id]);
            found.extend(of.into_iter().filter(|id| self.recordings.contains_key(id)));
        }
        found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        found.dedup();
        found
    }

    /// The requests that an entry is about.
    fn requests(&self, entry: &Recorded) -> Vec<Id> {
        let own = label(entry, "request").and_then(Id::read);
        let of = self.recordings(entry).into_iter();
        let of = of.filter_map(|id| Some(self.recordings.get(&id)?.request.clone()));
        own.into_iter().chain(of).collect()
    }
}

fn label<'a>(entry: &'a Recorded, wanted: &str) -> Option<&'a str> {
    let mut details = entry.event.details.iter();
    let found = details.find(|(name, _)| name.as_str() == wanted);
    match &found?.1 {
        Detail::Label(label) => Some(label.as_str()),
        Detail::Count(_) => None,
    }
}

/// The access that an entry records; `None` if it is no access to a recording.
fn access(entry: &Recorded, related: &Related) -> Option<Access> {
    let action = label(entry, "action")?;
    let kind = match (entry.event.what, action) {
        (Act::View, "viewed") => AccessKind::Viewed,
        (Act::Export, "download") => AccessKind::Downloaded,
        (Act::Export, "package-queued") => AccessKind::Exported,
        (Act::Delivery, "copy") => AccessKind::HandedOver,
        _ => return None,
    };
    if entry.event.outcome != Outcome::Success {
        return None;
    }
    let recordings = related.recordings(entry);
    if recordings.is_empty() {
        return None;
    }
    let logged = entry.event.at.0.div_euclid(1_000_000);
    let moment = |name: &str| {
        // As the entry of a view has it: `2026-01-31t08.30.00.123z`.
        let text = label(entry, name)?.to_uppercase();
        let (day, rest) = text.split_once('T')?;
        let text = format!("{day}T{}", rest.replacen('.', ":", 2));
        let at = redact_record::manifest::Utc::from_text(&text)?;
        Some(at.0.0.div_euclid(1_000_000))
    };
    let mut shown = BTreeMap::new();
    let mut frames = 0;
    for (name, detail) in &entry.event.details {
        match (name.as_str(), detail) {
            ("frames", Detail::Count(count)) => frames = *count,
            ("releases", _) => {}
            (name, Detail::Count(count)) => {
                shown.insert(name.to_owned(), *count);
            }
            ("file", Detail::Label(file)) => {
                shown.insert(file.as_str().to_owned(), 1);
            }
            _ => {}
        }
    }
    Some(Access {
        at: moment("began").unwrap_or(logged),
        until: moment("ended").unwrap_or(logged),
        who: entry.event.who.clone(),
        kind,
        recordings,
        shown,
        frames,
        is_open: false,
    })
}

/// Whether an entry shows that a person worked on a request, rather than looked.
fn is_work(entry: &Recorded) -> bool {
    use Act::{Approval, Decision, Intake, Render, Request};
    let action = label(entry, "action").unwrap_or_default();
    entry.event.outcome == Outcome::Success
        && action != "access-review"
        && matches!(
            entry.event.what,
            Approval | Decision | Intake | Render | Request
        )
}

/// Whether an entry is a decision of a second person, who has to look before it.
fn is_approval(entry: &Recorded) -> bool {
    let action = label(entry, "action").unwrap_or_default();
    entry.event.what == Act::Approval && matches!(action, "approve" | "sent-back")
}

/// Adds the work that an entry shows.
fn add_work(work: &mut Assignments, (entry, zone): (&Recorded, &Zone), related: &Related) {
    if !is_work(entry) {
        return;
    }
    let (who, at) = (&entry.event.who, entry.event.at.0.div_euclid(1_000_000));
    for request in related.requests(entry) {
        if is_approval(entry) {
            let day = time::day_text(zone.day(at));
            work.approved.insert((who.clone(), request.clone(), day));
        }
        work.add_work(who, &request, at);
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
        let zone = app.zone.clone();
        let read = tokio::task::spawn_blocking(move || {
            let (mut all, mut work) = (Vec::new(), Assignments::default());
            events::read(&path, &mut |entry| {
                let Ok(entry) = entry else { return };
                all.extend(access(&entry, &related));
                add_work(&mut work, (&entry, &zone), &related);
            })?;
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
    let found = flags(&accesses.all, &accesses.assignments, &app.zone);
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
