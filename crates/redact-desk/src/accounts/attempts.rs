//! Wrong passwords and codes, counted before the password is hashed.
//!
//! An attempt is reserved in one change of the database and given back when it turns out right, so
//! that of many at once no more than the limit are ever tried. What a stranger tries is counted by
//! login and address, by login and by address. A browser that the person signed in with before is
//! counted on its own, and so is a password that is entered again within a session: no stranger can
//! use up their attempts.

use axum::http::StatusCode;
use serde_json::json;
use sqlx::SqliteConnection;

use crate::answer::{Answer, ApiError};
use crate::app::Shared;
use crate::peer::Peer;
use crate::store::Db;
use crate::time::{self, HOUR, MINUTE, Millis};

/// The longest time that anything is counted over.
const COUNTED_WITHIN: Millis = 24 * HOUR;

/// How many attempts are allowed within a time.
#[derive(Clone, Copy)]
struct Limit {
    count: i64,
    within: Millis,
}

/// By login and origin.
const PER_ORIGIN: Limit = Limit {
    count: 5,
    within: 15 * MINUTE,
};
/// By address, whatever the login: offices share an address.
const PER_ADDRESS: Limit = Limit {
    count: 30,
    within: 15 * MINUTE,
};
/// By login, whatever the address, browsers known to belong to the person aside.
const PER_LOGIN: Limit = Limit {
    count: 20,
    within: 15 * MINUTE,
};
/// The same over a day: with two codes of six digits valid at a time, somebody who has the password
/// guesses the second factor with a probability of 1 in 10,000 a day.
const PER_LOGIN_DAILY: Limit = Limit {
    count: 50,
    within: COUNTED_WITHIN,
};

/// Where an attempt comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// A browser that nobody signed in with under this login.
    Stranger(Peer),
    /// A browser that the person signed in with before, by what is stored of its cookie.
    Device(String),
    /// A session: the password is entered again.
    Session,
}

impl Origin {
    fn key(&self) -> String {
        match self {
            Self::Stranger(peer) => format!("address:{}", peer.network()),
            Self::Device(token) => format!("device:{token}"),
            Self::Session => "session".to_owned(),
        }
    }
}

/// An attempt that was counted, and has not been found right or wrong.
#[derive(Debug)]
pub(super) struct Attempt {
    id: i64,
    login: String,
    origin: String,
}

/// A login as it is counted: one that nobody has is counted as well, cut to what a login may be.
fn counted(login: &str) -> String {
    login.chars().take(64).collect()
}

/// Counts an attempt before anything of it is checked.
///
/// # Errors
/// 429 `locked` when there were too many.
pub(super) async fn reserve(app: &Shared, login: &str, origin: &Origin) -> Answer<Attempt> {
    let (login, key) = (counted(login), origin.key());
    // Asked first without a change: refusing costs no write.
    let mut reading = app.db.acquire().await?;
    check(app, &mut reading, &login, origin).await?;
    drop(reading);
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    check(app, &mut change, &login, origin).await?;
    sqlx::query("DELETE FROM attempts WHERE at < ?")
        .bind(app.now() - COUNTED_WITHIN)
        .execute(&mut *change)
        .await?;
    let (id,): (i64,) =
        sqlx::query_as("INSERT INTO attempts (login, origin, at) VALUES (?, ?, ?) RETURNING id")
            .bind(&login)
            .bind(&key)
            .bind(app.now())
            .fetch_one(&mut *change)
            .await?;
    change.commit().await?;
    Ok(Attempt {
        id,
        login,
        origin: key,
    })
}

impl Attempt {
    /// Gives a right attempt back; its origin starts anew for this login.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn refund(self, app: &Shared) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM attempts WHERE id = ? OR (login = ? AND origin = ?)")
            .bind(self.id)
            .bind(self.login)
            .bind(self.origin)
            .execute(&app.db)
            .await
            .map(drop)
    }
}

/// Refuses when any limit is reached.
async fn check(
    app: &Shared,
    db: &mut SqliteConnection,
    login: &str,
    origin: &Origin,
) -> Answer<()> {
    let key = origin.key();
    let mut until = locked(
        app,
        db,
        PER_ORIGIN,
        "login = ?1 AND origin = ?2",
        (login, &key),
    )
    .await?;
    if let Origin::Stranger(_) = origin {
        until = until.max(locked(app, db, PER_ADDRESS, "origin = ?2", (login, &key)).await?);
        until = until.max(of_strangers(app, db, login).await?);
    }
    let Some(until) = until else { return Ok(()) };
    let message = "Too many wrong passwords or codes; try again later.";
    Err(
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "locked", message)
            .hint("Wait, use a browser that you signed in with before, or ask an administrator.")
            .details(json!({ "until": time::text(until) })),
    )
}

async fn of_strangers(
    app: &Shared,
    db: &mut SqliteConnection,
    login: &str,
) -> Result<Option<Millis>, sqlx::Error> {
    let condition = "login = ?1 AND origin LIKE 'address:%' AND ?2 = ''";
    let short = locked(app, db, PER_LOGIN, condition, (login, "")).await?;
    let long = locked(app, db, PER_LOGIN_DAILY, condition, (login, "")).await?;
    Ok(short.max(long))
}

/// Until when attempts that meet `condition` are refused: the oldest of the newest `limit` has to
/// be older than the time they are counted over.
async fn locked(
    app: &Shared,
    db: &mut SqliteConnection,
    limit: Limit,
    condition: &'static str,
    (login, origin): (&str, &str),
) -> Result<Option<Millis>, sqlx::Error> {
    let sql = format!(
        "SELECT count(*), min(at) FROM (SELECT at FROM attempts WHERE {condition} AND at > ?3
         ORDER BY at DESC LIMIT ?4)"
    );
    let (count, first): (i64, Option<Millis>) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(login)
        .bind(origin)
        .bind(app.now() - limit.within)
        .bind(limit.count)
        .fetch_one(db)
        .await?;
    Ok(first
        .filter(|_| count >= limit.count)
        .map(|first| first + limit.within))
}

/// Until when a login is refused from some origin.
///
/// # Errors
/// The database's.
pub(crate) async fn locked_until(app: &Shared, login: &str) -> Result<Option<Millis>, sqlx::Error> {
    let mut db = app.db.acquire().await?;
    let mut until = of_strangers(app, &mut db, login).await?;
    let origins: Vec<(String,)> =
        sqlx::query_as("SELECT DISTINCT origin FROM attempts WHERE login = ?")
            .bind(login)
            .fetch_all(&mut *db)
            .await?;
    for (origin,) in origins {
        let condition = "login = ?1 AND origin = ?2";
        until = until.max(locked(app, &mut db, PER_ORIGIN, condition, (login, &origin)).await?);
    }
    Ok(until)
}

/// Forgets what was counted for a login.
///
/// # Errors
/// The database's.
pub(crate) async fn forget(db: &Db, login: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM attempts WHERE login = ?")
        .bind(login)
        .execute(db)
        .await
        .map(drop)
}
