//! Accounts.

use sqlx::SqliteExecutor;

use redact_record::person::is_one_person;

use super::former_names::{self, FormerNameRow};
use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::model::Role;
use crate::time::Millis;

/// An account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Account {
    pub(crate) id: Id,
    pub(crate) login: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) active: bool,
    pub(crate) password: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) last_seen_at: Option<Millis>,
}

const ACCOUNT: &str =
    "SELECT id, login, name, role, active, password, secret, last_seen_at FROM users";

/// The account with that login.
pub(crate) async fn by_login(db: &Db, login: &str) -> Result<Option<Account>, DbError> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{ACCOUNT} WHERE login = ?")))
        .bind(login)
        .fetch_optional(db)
        .await
}

/// The account with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<Account> {
    query::by_id(db, ACCOUNT, id).await
}

/// All accounts, by name.
pub(crate) async fn all(db: &Db) -> Result<Vec<Account>, DbError> {
    query::all(db, format!("{ACCOUNT} ORDER BY name_key")).await
}

/// Whether no administrator has ever been set up.
pub(crate) async fn needs_setup(db: &Db) -> Result<bool, DbError> {
    let (administrators,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM users WHERE role = 'administrator' AND password IS NOT NULL",
    )
    .fetch_one(db)
    .await?;
    Ok(administrators == 0)
}

/// The number of administrators who can sign in now.
pub(crate) async fn administrators(change: &mut Connection) -> Result<i64, DbError> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM users
         WHERE role = 'administrator' AND active = 1 AND password IS NOT NULL",
    )
    .fetch_one(change)
    .await?;
    Ok(count)
}

/// The number of administrators who can sign in now or after a password reset.
pub(crate) async fn known_administrators(change: &mut Connection) -> Result<i64, DbError> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM users WHERE role = 'administrator' AND active = 1
         AND (password IS NOT NULL OR last_seen_at IS NOT NULL)",
    )
    .fetch_one(change)
    .await?;
    Ok(count)
}

/// An account to add.
pub(crate) struct NewAccount<'a> {
    pub(crate) id: &'a Id,
    pub(crate) login: &'a str,
    pub(crate) name: &'a str,
    pub(crate) role: Role,
    /// Password, second factor and the step of its latest code; `None` until the user enrolls.
    pub(crate) enrolled: Option<Enrolled<'a>>,
    pub(crate) now: Millis,
}

/// Credentials of an enrolled user.
#[derive(Clone, Copy)]
pub(crate) struct Enrolled<'a> {
    pub(crate) password: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) step: i64,
}

/// The form in which two spellings of one name are equal.
fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Another person has the name, or had it before.
fn name_taken() -> ApiError {
    ApiError::conflict(
        "name_taken",
        "This name is already in use, or another person had it before.",
    )
    .hint(NAME_HINT)
}

const NAME_HINT: &str =
    "Names must be unique, because approvals show them. Add a middle name or a unit.";

/// Refuses a name that a reader could take for the one of another person, now or before: a letter
/// of another script that looks the same makes no second person.
///
/// # Errors
/// 409 `name_taken`.
async fn check_not_alike(change: &mut Connection, name: &str, user: &Id) -> ApiResult<()> {
    let others: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM users WHERE id != ?1
         UNION SELECT name FROM former_names WHERE user != ?1",
    )
    .bind(user)
    .fetch_all(change)
    .await?;
    match others.iter().find(|(other,)| is_one_person(name, other)) {
        Some((other,)) if name_key(other) != name_key(name) => {
            let message = format!("This name looks like that of {other}.");
            Err(ApiError::conflict("name_taken", message).hint(NAME_HINT))
        }
        Some(_) => Err(name_taken()),
        None => Ok(()),
    }
}

/// Adds an account.
///
/// # Errors
/// 409 `login_taken`, `name_taken`.
pub(crate) async fn insert(change: &mut Connection, account: NewAccount<'_>) -> ApiResult<()> {
    let enrolled = account.enrolled;
    let key = name_key(account.name);
    check_not_alike(change, account.name, account.id).await?;
    let inserted = sqlx::query(
        "INSERT INTO users (id, login, name, name_key, role, active, password, secret, last_step,
         created_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
    )
    .bind(account.id)
    .bind(account.login)
    .bind(account.name)
    .bind(key)
    .bind(account.role)
    .bind(enrolled.map(|enrolled| enrolled.password))
    .bind(enrolled.map(|enrolled| enrolled.secret))
    .bind(enrolled.map_or(0, |enrolled| enrolled.step))
    .bind(account.now)
    .execute(change)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) => Err(match taken(&error) {
            Some(message) if message.contains("name_key") => name_taken(),
            Some(_) => ApiError::conflict("login_taken", "This login is already in use."),
            None => error.into(),
        }),
    }
}

/// Gives an account another name, and stores the former one.
///
/// # Errors
/// 409 `name_taken`.
pub(crate) async fn rename(change: &mut Connection, row: &FormerNameRow, by: &Id) -> ApiResult<()> {
    let key = name_key(&row.changed_to);
    check_not_alike(change, &row.changed_to, &row.user).await?;
    let renamed = sqlx::query("UPDATE users SET name = ?, name_key = ? WHERE id = ?")
        .bind(&row.changed_to)
        .bind(key)
        .bind(&row.user)
        .execute(&mut *change)
        .await;
    if let Err(error) = renamed {
        return Err(match taken(&error) {
            Some(_) => name_taken(),
            None => error.into(),
        });
    }
    Ok(former_names::insert(change, row, (&name_key(&row.name), by)).await?)
}

/// Stores the credentials of an enrolled user.
pub(crate) async fn enroll(
    change: &mut Connection,
    id: &Id,
    enrolled: Enrolled<'_>,
) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET password = ?, secret = ?, last_step = ? WHERE id = ?")
        .bind(enrolled.password)
        .bind(enrolled.secret)
        .bind(enrolled.step)
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// Replaces the hash of a password.
pub(crate) async fn set_password(
    change: &mut Connection,
    id: &Id,
    hash: &str,
) -> Result<(), DbError> {
    query::set(
        change,
        "UPDATE users SET password = ? WHERE id = ?",
        hash,
        id,
    )
    .await
}

/// Removes the password and the second factor.
pub(crate) async fn clear_password(change: &mut Connection, id: &Id) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET password = NULL, secret = NULL WHERE id = ?")
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// Sets an account's role and state.
pub(crate) async fn set_role(
    change: &mut Connection,
    id: &Id,
    role: Role,
    active: bool,
) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET role = ?, active = ? WHERE id = ?")
        .bind(role)
        .bind(active)
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// Accepts the code of a step; `false` if it or a later one was already accepted. A single
/// statement, so that only one of two concurrent attempts succeeds.
pub(crate) async fn take_step(db: &Db, id: &Id, step: i64) -> Result<bool, DbError> {
    let taken = sqlx::query("UPDATE users SET last_step = ? WHERE id = ? AND last_step < ?")
        .bind(step)
        .bind(id)
        .bind(step)
        .execute(db)
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// Records that a user was active.
pub(crate) async fn seen(db: &Db, id: &Id, now: Millis) -> Result<(), DbError> {
    query::set(
        db,
        "UPDATE users SET last_seen_at = ? WHERE id = ?",
        now,
        id,
    )
    .await
}

/// Any encrypted second factor, with its account.
pub(crate) async fn any_sealed_secret(db: &Db) -> Result<Option<(Id, String)>, DbError> {
    sqlx::query_as("SELECT id, secret FROM users WHERE secret LIKE 'sealed:%' LIMIT 1")
        .fetch_optional(db)
        .await
}

/// Second factors in plain text, as earlier versions stored them.
pub(crate) async fn clear_secrets(change: &mut Connection) -> Result<Vec<(Id, String)>, DbError> {
    sqlx::query_as(
        "SELECT id, secret FROM users WHERE secret IS NOT NULL AND secret NOT LIKE 'sealed:%'",
    )
    .fetch_all(change)
    .await
}

/// Replaces a second factor.
pub(crate) async fn set_secret(
    db: impl SqliteExecutor<'_>,
    id: &Id,
    secret: &str,
) -> Result<(), DbError> {
    query::set(db, "UPDATE users SET secret = ? WHERE id = ?", secret, id).await
}
