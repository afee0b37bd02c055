//! Wrong passwords and codes, counted before the password is hashed.
//!
//! An attempt is reserved in one change of the database and given back when it turns out right, so
//! that of many at once no more than the limit are ever tried. What a stranger tries is counted by
//! login and address, by login and by address. A browser that the person signed in with before is
//! counted on its own, and so is a password that is entered again within a session: no stranger can
//! use up their attempts.

use std::collections::HashMap;

use serde_json::json;

use super::app::Shared;
use crate::answer::{Answer, ApiError, Status};
use crate::db::attempts::{self, AttemptScope};
use crate::db::pool::{self, Connection, DbError};
use crate::peer::Peer;
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
pub(crate) enum Origin {
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
pub(crate) struct Attempt {
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
pub(crate) async fn reserve(app: &Shared, login: &str, origin: &Origin) -> Answer<Attempt> {
    let (login, key) = (counted(login), origin.key());
    // Asked first without a change: refusing costs no write.
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
    /// Gives a right attempt back; its origin starts anew for this login.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn refund(self, app: &Shared) -> Result<(), DbError> {
        attempts::refund(&app.db, self.id, (&self.login, &self.origin)).await
    }
}

/// Refuses when any limit is reached.
async fn check(app: &Shared, db: &mut Connection, login: &str, origin: &Origin) -> Answer<()> {
    let key = (login, origin.key());
    let key = (key.0, key.1.as_str());
    let mut until = locked(app, db, PER_ORIGIN, AttemptScope::LoginAndOrigin, key).await?;
    if let Origin::Stranger(_) = origin {
        until = until.max(locked(app, db, PER_ADDRESS, AttemptScope::Origin, key).await?);
        until = until.max(of_strangers(app, db, login).await?);
    }
    let Some(until) = until else { return Ok(()) };
    let message = "Too many wrong passwords or codes; try again later.";
    Err(ApiError::new(Status::TooManyRequests, "locked", message)
        .hint("Wait, use a browser that you signed in with before, or ask an administrator.")
        .details(json!({ "until": time::text(until) })))
}

async fn of_strangers(
    app: &Shared,
    db: &mut Connection,
    login: &str,
) -> Result<Option<Millis>, DbError> {
    let which = AttemptScope::LoginByStrangers;
    let short = locked(app, db, PER_LOGIN, which, (login, "")).await?;
    let long = locked(app, db, PER_LOGIN_DAILY, which, (login, "")).await?;
    Ok(short.max(long))
}

/// Until when attempts are refused: the oldest of the newest `limit` has to be older than the time
/// that they are counted over.
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

/// Until when each login is refused from some origin; those that are not are left out.
///
/// # Errors
/// The database's.
pub(crate) async fn locked_logins(app: &Shared) -> Answer<HashMap<String, Millis>> {
    let mut db = app.db.acquire().await?;
    let mut all: HashMap<String, Millis> = HashMap::new();
    // What has attempts is little: they are forgotten after a day.
    for (login, origin) in attempts::origins(&mut db).await? {
        let which = AttemptScope::LoginAndOrigin;
        let here = locked(app, &mut db, PER_ORIGIN, which, (&login, &origin)).await?;
        let strangers = of_strangers(app, &mut db, &login).await?;
        if let Some(until) = here.max(strangers) {
            let known = all.entry(login).or_insert(until);
            *known = until.max(*known);
        }
    }
    Ok(all)
}
