//! What one administrator alone must not do unseen: let somebody in, give a role, reset a password.
//!
//! With two administrators or more, the other one confirms it. With one, every user is shown it. An
//! administrator who shuts the other one out in order to be alone is shown to all as well.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::Serialize;
use sqlx::SqliteConnection;

use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError};
use crate::app::{App, Note, Shared};
use crate::people;
use crate::routes::Role;
use crate::store::Id;
use crate::time::{self, HOUR, Millis};

/// How long all users are shown what an administrator did alone.
const SHOWN_FOR: Millis = 30 * 24 * HOUR;

/// What is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum Action {
    /// An account that was not there.
    Invite,
    /// Another role, or an account that is switched on again.
    Change,
    /// A link for a new password.
    Reset,
    /// Another administrator was shut out.
    Remove,
}

impl Action {
    const fn word(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Change => "change",
            Self::Reset => "reset",
            Self::Remove => "remove",
        }
    }
}

/// Whether a grant takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum Standing {
    Waiting,
    Alone,
    Confirmed,
    Refused,
}

impl Standing {
    const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Alone => "alone",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
        }
    }
}

/// What is given to whom.
pub(crate) struct Grant<'a> {
    pub(crate) user: &'a Id,
    pub(crate) action: Action,
    pub(crate) role: Role,
}

/// Whether more than one administrator could come in. One whose password was reset counts: nobody
/// becomes the only one by that.
async fn is_one_of_several(change: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let (administrators,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM users WHERE role = 'administrator' AND active = 1
         AND (password IS NOT NULL OR last_seen_at IS NOT NULL)",
    )
    .fetch_one(change)
    .await?;
    Ok(administrators > 1)
}

/// Writes down what `who` gives; says whether it waits for a second administrator. What waited for
/// the same person before is replaced.
///
/// # Errors
/// The database's.
pub(crate) async fn begin(
    app: &Shared,
    change: &mut SqliteConnection,
    who: &Who,
    grant: Grant<'_>,
) -> Answer<Standing> {
    let several = is_one_of_several(change).await?;
    let standing = if several && grant.action != Action::Remove {
        Standing::Waiting
    } else {
        Standing::Alone
    };
    sqlx::query("UPDATE grants SET state = 'refused' WHERE user = ? AND state = 'waiting'")
        .bind(grant.user)
        .execute(&mut *change)
        .await?;
    sqlx::query(
        "INSERT INTO grants (id, user, action, role, by, at, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(Id::random())
    .bind(grant.user)
    .bind(grant.action)
    .bind(grant.role)
    .bind(&who.id)
    .bind(app.now())
    .bind(standing)
    .execute(change)
    .await?;
    let note = Note::new(Act::Account, "grant")
        .id("account", grant.user)
        .label("for", grant.action.word())
        .label("role", grant.role.name())
        .label("second", standing.word());
    app.note(&who.name, note).await?;
    Ok(standing)
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Id,
    action: Action,
    role: Role,
    by: Id,
    by_name: String,
    at: Millis,
}

async fn waiting(app: &Shared, user: &Id) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as(
        "SELECT grants.id, action, grants.role, by, users.name AS by_name, at FROM grants
         JOIN users ON users.id = grants.by WHERE user = ? AND state = 'waiting'",
    )
    .bind(user)
    .fetch_optional(&app.db)
    .await
}

/// What waits for a second administrator.
#[derive(Serialize)]
pub(crate) struct Pending {
    action: Action,
    role: Role,
    by: String,
    by_id: Id,
    at: String,
}

/// What waits for a second administrator about somebody.
///
/// # Errors
/// The database's.
pub(crate) async fn pending(app: &Shared, user: &Id) -> Result<Option<Pending>, sqlx::Error> {
    let row = waiting(app, user).await?;
    Ok(row.map(|row| Pending {
        action: row.action,
        role: row.role,
        by: row.by_name,
        by_id: row.by,
        at: time::text(row.at),
    }))
}

/// Refuses an invitation that waits for a second administrator.
///
/// # Errors
/// 409 `awaiting_administrator`.
pub(crate) async fn check_link(app: &Shared, user: &Id) -> Answer<()> {
    if waiting(app, user).await?.is_none() {
        return Ok(());
    }
    let message = "This link has to be confirmed by a second administrator first.";
    Err(ApiError::conflict("awaiting_administrator", message)
        .hint("Ask the administrator who sent it; then open it again."))
}

/// `POST /users/:id/confirm`: a second administrator says yes.
pub(crate) async fn confirm(
    State(app): State<App>,
    who: Who,
    Path(user): Path<Id>,
) -> Answer<axum::Json<people::User>> {
    let _alone = app.review_lock.lock().await;
    let row = to_decide(&app, &who, &user, Standing::Confirmed).await?;
    if row.action == Action::Change {
        people::apply(&app, &who, &user, Some(row.role), Some(true)).await?;
    }
    people::shown_by_id(&app, &user).await.map(axum::Json)
}

/// `POST /users/:id/refuse`: a second administrator says no, or the first takes it back.
pub(crate) async fn refuse(
    State(app): State<App>,
    who: Who,
    Path(user): Path<Id>,
) -> Answer<axum::Json<people::User>> {
    let _alone = app.review_lock.lock().await;
    let row = to_decide(&app, &who, &user, Standing::Refused).await?;
    if row.action != Action::Change {
        sqlx::query("DELETE FROM invites WHERE user = ?")
            .bind(&user)
            .execute(&app.db)
            .await?;
    }
    if row.action == Action::Invite {
        people::apply(&app, &who, &user, None, Some(false)).await?;
    }
    people::shown_by_id(&app, &user).await.map(axum::Json)
}

/// Takes a decision about what waits for it, once.
async fn to_decide(app: &Shared, who: &Who, user: &Id, standing: Standing) -> Answer<Row> {
    let missing = || ApiError::conflict("conflict", "Nothing waits for a second administrator.");
    let row = waiting(app, user).await?.ok_or_else(missing)?;
    if standing == Standing::Confirmed && (row.by == who.id || *user == who.id) {
        let message = "Another administrator has to confirm this.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "same_person", message));
    }
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    let decided = sqlx::query(
        "UPDATE grants SET state = ?, second = ?, decided_at = ? WHERE id = ? AND state = 'waiting'",
    )
    .bind(standing)
    .bind(&who.id)
    .bind(app.now())
    .bind(&row.id)
    .execute(&mut *change)
    .await?;
    if decided.rows_affected() != 1 {
        return Err(missing());
    }
    let note = Note::new(Act::Account, "grant")
        .id("account", user)
        .label("for", row.action.word())
        .label("role", row.role.name())
        .label("second", standing.word());
    app.note(&who.name, note).await?;
    change.commit().await?;
    Ok(row)
}

/// What an administrator did alone, as all users are shown it.
#[derive(Serialize)]
pub(crate) struct Notice {
    id: Id,
    action: Action,
    role: Role,
    by: String,
    about: String,
    at: String,
}

/// `GET /notices`: those that this person has not dismissed, the newest first.
pub(crate) async fn notices(State(app): State<App>, who: Who) -> Answer<axum::Json<Vec<Notice>>> {
    let rows: Vec<(Id, Action, Role, String, String, Millis)> = sqlx::query_as(
        "SELECT grants.id, action, grants.role, maker.name, about.name, at FROM grants
         JOIN users maker ON maker.id = grants.by JOIN users about ON about.id = grants.user
         WHERE state = 'alone' AND at > ? AND NOT EXISTS (SELECT 1 FROM notices_dismissed
           WHERE notice = grants.id AND notices_dismissed.user = ?)
         ORDER BY at DESC, grants.rowid DESC LIMIT 100",
    )
    .bind(app.now() - SHOWN_FOR)
    .bind(&who.id)
    .fetch_all(&app.db)
    .await?;
    let notice = |(id, action, role, by, about, at)| Notice {
        id,
        action,
        role,
        by,
        about,
        at: time::text(at),
    };
    Ok(axum::Json(rows.into_iter().map(notice).collect()))
}

/// `POST /notices/:id/dismiss`: this person has read it.
pub(crate) async fn dismiss(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    let done = sqlx::query(
        "INSERT OR IGNORE INTO notices_dismissed (notice, user) SELECT id, ? FROM grants
         WHERE id = ? AND state = 'alone'",
    )
    .bind(&who.id)
    .bind(&id)
    .execute(&app.db)
    .await?;
    let known: Option<(Id,)> = sqlx::query_as("SELECT id FROM grants WHERE id = ?")
        .bind(&id)
        .fetch_optional(&app.db)
        .await?;
    if done.rows_affected() == 0 && known.is_none() {
        return Err(ApiError::not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}
