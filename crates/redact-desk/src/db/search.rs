//! What the search finds. Triggers keep its entries: `schema/schema-18.sql`.

use sqlx::{QueryBuilder, Sqlite};

use super::pool::{Db, DbError};
use crate::id::Id;

/// What a search looks for.
pub(crate) struct SearchQuery<'a> {
    /// Words for the index, in its syntax.
    pub(crate) indexed: Option<&'a str>,
    /// Patterns of words that are too short for the index.
    pub(crate) patterns: &'a [String],
    /// What was typed: a title that is or begins so comes first.
    pub(crate) typed: &'a str,
    /// The kinds of entries that count.
    pub(crate) kinds: &'a [&'static str],
    /// Days of receipt of the request, both included; empty: any.
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    /// Ids of what an order closes to the user, as a JSON list.
    pub(crate) closed: &'a str,
}

/// Something that was found.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct HitRow {
    pub(crate) kind: String,
    pub(crate) id: Id,
    /// What the page that shows it is about.
    pub(crate) target: Id,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) request: Option<Id>,
    pub(crate) request_number: Option<String>,
    pub(crate) received_on: Option<String>,
    pub(crate) closed: Option<bool>,
}

impl SearchQuery<'_> {
    /// Adds where to look and what must hold. Practice requests are never found.
    fn add_conditions(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push(
            " FROM search_entries e LEFT JOIN requests q ON q.id = e.request
              WHERE (e.request IS NULL OR q.practice IS NULL) AND e.kind IN (",
        );
        let mut kinds = query.separated(", ");
        for kind in self.kinds {
            kinds.push_bind(*kind);
        }
        query.push(")");
        for what in ["e.id", "e.target", "coalesce(e.request, '')"] {
            query.push(format!(" AND {what} NOT IN (SELECT value FROM json_each("));
            query.push_bind(self.closed.to_owned()).push("))");
        }
        if let Some(indexed) = self.indexed {
            query.push(" AND e.n IN (SELECT rowid FROM search WHERE search MATCH ");
            query.push_bind(indexed.to_owned()).push(")");
        }
        for pattern in self.patterns {
            query.push(" AND (e.title LIKE ").push_bind(pattern.clone());
            query
                .push(" ESCAPE '\\' OR e.body LIKE ")
                .push_bind(pattern.clone());
            query.push(" ESCAPE '\\')");
        }
        for (condition, day) in [
            (" AND q.received_on >= ", self.from),
            (" AND q.received_on <= ", self.to),
        ] {
            if !day.is_empty() {
                query.push(condition).push_bind(day.to_owned());
            }
        }
    }
}

/// Some of what is found: titles that are what was typed, titles that begin so, then the newest.
pub(crate) async fn find(
    db: &Db,
    wanted: &SearchQuery<'_>,
    (limit, offset): (i64, i64),
) -> Result<Vec<HitRow>, DbError> {
    let mut query = QueryBuilder::new(
        "SELECT e.kind, e.id, e.target, e.title, e.body, e.request, q.number AS request_number,
         q.received_on, q.closed",
    );
    wanted.add_conditions(&mut query);
    query
        .push(" ORDER BY lower(e.title) = lower(")
        .push_bind(wanted.typed.to_owned());
    query
        .push(") DESC, instr(lower(e.title), lower(")
        .push_bind(wanted.typed.to_owned());
    query
        .push(")) = 1 DESC, q.received_on DESC, e.n DESC LIMIT ")
        .push_bind(limit);
    query.push(" OFFSET ").push_bind(offset);
    query.build_query_as().fetch_all(db).await
}

/// How many entries of each kind are found.
pub(crate) async fn count(
    db: &Db,
    wanted: &SearchQuery<'_>,
) -> Result<Vec<(String, i64)>, DbError> {
    let mut query = QueryBuilder::new("SELECT e.kind, count(*)");
    wanted.add_conditions(&mut query);
    query.push(" GROUP BY e.kind");
    query.build_query_as().fetch_all(db).await
}
