//! Counts failed passwords and codes before the password is hashed.
//!
//! An attempt is reserved in one transaction and refunded if it is correct, so that concurrent
//! attempts never exceed the limit. Attempts from unknown browsers are counted by login and
//! address, by login and by address. A known browser has its own count, and so has a password that
//! is re-entered during a session: nobody else can use up those attempts.

use std::collections::HashMap;

use serde_json::json;

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::attempts::{self, AttemptScope};
use crate::db::pool::{self, Connection, DbError};
use crate::peer::Peer;
use crate::time::{self, HOUR, MINUTE, Millis};

/// The longest counting period.
const COUNTED_WITHIN: Millis = 24 * HOUR;

/// The number of attempts allowed within a period.
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

/// By address, for any login: offices share an address.
const PER_ADDRESS: Limit = Limit {
    count: 30,
    within: 15 * MINUTE,
};

/// By login, for any address, not counting known browsers.
const PER_LOGIN: Limit = Limit {
    count: 20,
    within: 15 * MINUTE,
};

/// The same over a day: with two valid six-digit codes at a time, someone who has the password
/// guesses the second factor with a probability of 1 in 10,000 a day.
const PER_LOGIN_DAILY: Limit = Limit {
    count: 50,
    within: COUNTED_WITHIN,
};

/// The origin of an attempt.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A browser that has not signed in under this login.
    Unknown(Peer),
    /// A browser that has signed in before, by the stored form of its cookie.
    Device(String),
    /// A session in which the password is re-entered.
    Session,
}

impl Origin {
    fn key(&self) -> String {
        match self {
            Self::Unknown(peer) => format!("address:{}", peer.network()),
            Self::Device(token) => format!("device:{token}"),
            Self::Session => "session".to_owned(),
        }
    }
}

/// An attempt that was counted, before it is known to be right or wrong.
#[derive(Debug)]
pub(crate) struct Attempt {
    id: i64,
    login: String,
    origin: String,
}

/// The key of a login, cut to the length that logins have. Logins without an account count too.
fn counted(login: &str) -> String {
    login.chars().take(64).collect()
}

/// Counts an attempt before anything is checked.
///
/// # Errors
/// 429 `locked` when there were too many.
pub(crate) async fn reserve(app: &Shared, login: &str, origin: &Origin) -> ApiResult<Attempt> {
    let (login, key) = (counted(login), origin.key());
    // Check outside a transaction first: refusing costs no write.
    let mut reading = app.db.acquire().await?;
    check(app, &mut reading, &login, origin).await?;
    drop(reading);
    let mut change = pool::begin(&app.db).await?;
    check(app, &mut change, &login, origin).await?;
    let times = (app.now(), app.now() - COUNTED_WITHIN);
    let id = attempts::insert(&mut change, (&login, &key), times).await?;
    change.commit().await?;
    Ok(Attempt {
        id,
        login,
        origin: key,
    })
}

impl Attempt {
    /// Refunds a correct attempt and clears the count of its origin for this login.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) async fn refund(self, app: &Shared) -> Result<(), DbError> {
        attempts::refund(&app.db, self.id, (&self.login, &self.origin)).await
    }
}

/// Refuses if any limit is reached.
async fn check(app: &Shared, db: &mut Connection, login: &str, origin: &Origin) -> ApiResult<()> {
    let key = (login, origin.key());
    let key = (key.0, key.1.as_str());
    let mut until = locked(app, db, PER_ORIGIN, AttemptScope::LoginAndOrigin, key).await?;
    if let Origin::Unknown(_) = origin {
        until = until.max(locked(app, db, PER_ADDRESS, AttemptScope::Origin, key).await?);
        until = until.max(unknown_browsers(app, db, login).await?);
    }
    let Some(until) = until else { return Ok(()) };
    let message = "Too many failed attempts. Try again later.";
    Err(ApiError::new(Status::TooManyRequests, "locked", message)
        .hint("Wait, use a browser that you signed in with before, or ask an administrator.")
        .details(json!({ "until": time::text(until) })))
}

async fn unknown_browsers(
    app: &Shared,
    db: &mut Connection,
    login: &str,
) -> Result<Option<Millis>, DbError> {
    let which = AttemptScope::LoginFromUnknown;
    let short = locked(app, db, PER_LOGIN, which, (login, "")).await?;
    let long = locked(app, db, PER_LOGIN_DAILY, which, (login, "")).await?;
    Ok(short.max(long))
}

/// Until when attempts are refused: the oldest of the newest `limit` attempts must leave the
/// counting period.
async fn locked(
    app: &Shared,
    db: &mut Connection,
    limit: Limit,
    which: AttemptScope,
    key: (&str, &str),
) -> Result<Option<Millis>, DbError> {
    let since = app.now() - limit.within;
    let (count, first) = attempts::newest(db, which, key, since, limit.count).await?;
    Ok(first
        .filter(|_| count >= limit.count)
        .map(|first| first + limit.within))
}

/// Until when each login is refused from some origin; other logins are left out.
///
/// # Errors
/// Database errors.
pub(crate) async fn locked_logins(app: &Shared) -> ApiResult<HashMap<String, Millis>> {
    let mut db = app.db.acquire().await?;
    let mut all: HashMap<String, Millis> = HashMap::new();
    // There are few attempts, because they are deleted after a day.
    for (login, origin) in attempts::origins(&mut db).await? {
        let which = AttemptScope::LoginAndOrigin;
        let here = locked(app, &mut db, PER_ORIGIN, which, (&login, &origin)).await?;
        let unknown = unknown_browsers(app, &mut db, &login).await?;
        if let Some(until) = here.max(unknown) {
            let known = all.entry(login).or_insert(until);
            *known = until.max(*known);
        }
    }
    Ok(all)
}
