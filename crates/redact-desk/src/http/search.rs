//! The search over everything that the user may see.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::body::Query;
use crate::api_error::{ApiError, ApiResult};
use crate::db::search::{self, HitRow, SearchQuery};
use crate::domain::search::SearchWords;
use crate::id::Id;
use crate::model::{Role, SessionUser};
use crate::service::app::App;
use crate::service::sealed;
use crate::time;

/// Hits on one page.
const PAGE_HITS: i64 = 50;

/// What was found, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum SearchKind {
    Request,
    Recording,
    Release,
    Package,
    /// A copy that somebody received of a release or a package.
    Copy,
    Note,
    Person,
}

impl SearchKind {
    const ALL: [Self; 7] = [
        Self::Request,
        Self::Recording,
        Self::Release,
        Self::Package,
        Self::Copy,
        Self::Note,
        Self::Person,
    ];

    /// Whether a role may see it: administrators see people alone, auditors no recordings.
    const fn is_for(self, role: Role) -> bool {
        match role {
            Role::Operator | Role::Approver => true,
            Role::Auditor => !matches!(self, Self::Recording),
            Role::Administrator => matches!(self, Self::Person),
        }
    }

    /// The kinds of entries. Logins are for those who see accounts.
    const fn entries(self, role: Role) -> &'static [&'static str] {
        match self {
            Self::Request => &["request"],
            Self::Recording => &["recording"],
            Self::Release => &["release"],
            Self::Package => &["package"],
            Self::Copy => &["copy", "package_copy"],
            Self::Note => &["note"],
            Self::Person if matches!(role, Role::Administrator | Role::Auditor) => {
                &["person", "account"]
            }
            Self::Person => &["person"],
        }
    }

    fn of(entry: &str) -> Self {
        match entry {
            "recording" => Self::Recording,
            "release" => Self::Release,
            "package" => Self::Package,
            "copy" | "package_copy" => Self::Copy,
            "note" => Self::Note,
            "person" | "account" => Self::Person,
            _ => Self::Request,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchRequest {
    #[serde(default)]
    find: String,
    kind: Option<SearchKind>,
    /// Days of receipt of the request.
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    page: Option<i64>,
}

/// Something that was found.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SearchHit {
    kind: SearchKind,
    id: Id,
    /// What the page that shows it is about.
    target: Id,
    /// Whether that is a package.
    in_package: bool,
    title: String,
    /// The part of the text in which the words are.
    excerpt: String,
    request: Option<Id>,
    request_number: Option<String>,
    received_on: Option<String>,
    closed: bool,
}

/// What was found.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SearchResults {
    hits: Vec<SearchHit>,
    /// Of all kinds that the user may see.
    #[cfg_attr(test, ts(type = "Partial<Record<SearchKind, number>>"))]
    counts: BTreeMap<SearchKind, i64>,
    /// Of the chosen kind.
    total: i64,
    page: i64,
    page_hits: i64,
}

/// `GET /search`.
pub(crate) async fn find(
    State(app): State<App>,
    who: SessionUser,
    Query(given): Query<SearchRequest>,
) -> ApiResult<axum::Json<SearchResults>> {
    let words = SearchWords::of(&given.find);
    for (field, day) in [("from", &given.from), ("to", &given.to)] {
        if !day.is_empty() && time::read_day(day).is_none() {
            return Err(ApiError::field(
                field,
                "Expected a date such as 2026-01-31.",
            ));
        }
    }
    let page = given.page.unwrap_or(1).clamp(1, 10_000);
    let mut results = SearchResults {
        hits: Vec::new(),
        counts: BTreeMap::new(),
        total: 0,
        page,
        page_hits: PAGE_HITS,
    };
    if words.is_empty() {
        return Ok(axum::Json(results));
    }
    let seen = SearchKind::ALL
        .into_iter()
        .filter(|kind| kind.is_for(who.role));
    let closed = sealed::closed_to(&app, &who).await?.json();
    let (indexed, patterns) = (words.query(), words.patterns());
    let all: Vec<&'static str> = seen
        .flat_map(|kind| kind.entries(who.role).iter().copied())
        .collect();
    let chosen = |entry: &&'static str| given.kind.is_none_or(|kind| SearchKind::of(entry) == kind);
    let wanted: Vec<&'static str> = all.iter().copied().filter(chosen).collect();
    let query = |kinds| SearchQuery {
        indexed: indexed.as_deref(),
        patterns: &patterns,
        typed: given.find.trim(),
        kinds,
        from: &given.from,
        to: &given.to,
        closed: &closed,
    };
    for (entry, count) in search::count(&app.db, &query(&all)).await? {
        *results.counts.entry(SearchKind::of(&entry)).or_default() += count;
    }
    let counted = results.counts.iter();
    let counted = counted.filter(|(kind, _)| given.kind.is_none_or(|chosen| chosen == **kind));
    results.total = counted.map(|(_, count)| count).sum();
    if !wanted.is_empty() {
        let part = (PAGE_HITS, (page - 1) * PAGE_HITS);
        let rows = search::find(&app.db, &query(&wanted), part)
            .await?
            .into_iter();
        results.hits = rows.map(|row| present(row, &words)).collect();
    }
    Ok(axum::Json(results))
}

fn present(row: HitRow, words: &SearchWords) -> SearchHit {
    SearchHit {
        kind: SearchKind::of(&row.kind),
        in_package: row.kind == "package_copy",
        excerpt: words.excerpt(&row.body),
        id: row.id,
        target: row.target,
        title: row.title,
        request: row.request,
        request_number: row.request_number,
        received_on: row.received_on,
        closed: row.closed.unwrap_or(false),
    }
}
