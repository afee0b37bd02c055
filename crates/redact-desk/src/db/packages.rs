//! Packages, what is in them, and who received them.

use std::collections::HashMap;

use sqlx::SqliteExecutor;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::{EncryptionKind, Medium, PackageForm, PackageState, ReleaseState};
use crate::time::Millis;

/// A package.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct PackageRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    /// Name of the profile.
    pub(crate) profile: String,
    /// Title of the profile.
    pub(crate) title: String,
    pub(crate) form: PackageForm,
    pub(crate) encryption: EncryptionKind,
    /// Public keys, as JSON.
    pub(crate) recipients: String,
    /// Whether sealed records are in it.
    pub(crate) sealed: bool,
    /// Whether the profile includes `verify.html`.
    pub(crate) wants_verifier: bool,
    /// The date of the letters.
    pub(crate) dated: String,
    pub(crate) state: PackageState,
    pub(crate) by: String,
    pub(crate) created_at: Millis,
    pub(crate) made_at: Option<Millis>,
    pub(crate) bytes: Option<i64>,
    pub(crate) sha256: Option<String>,
    pub(crate) manifest_sha256: Option<String>,
    /// Whether `verify.html` is in it.
    pub(crate) has_verifier: bool,
    pub(crate) request_number: String,
}

const ROW: &str = "SELECT id, request, profile, title, form, encryption, recipients, sealed,
    wants_verifier, dated, state, by, created_at, made_at, bytes, sha256, manifest_sha256,
    has_verifier, (SELECT number FROM requests WHERE requests.id = packages.request)
    AS request_number FROM packages";

/// The package with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<PackageRow> {
    query::by_id(db, ROW, id).await
}

/// The packages of a request, newest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<PackageRow>, DbError> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY created_at DESC, rowid DESC");
    query::all_of(db, sql, request).await
}

/// A package to add.
pub(crate) struct NewPackage<'a> {
    pub(crate) id: &'a Id,
    pub(crate) request: &'a Id,
    pub(crate) profile: &'a str,
    pub(crate) title: &'a str,
    pub(crate) form: PackageForm,
    pub(crate) encryption: EncryptionKind,
    /// Public keys, as JSON.
    pub(crate) recipients: String,
    pub(crate) sealed: bool,
    pub(crate) wants_verifier: bool,
    pub(crate) dated: &'a str,
    pub(crate) by: &'a str,
    pub(crate) releases: &'a [Id],
    pub(crate) now: Millis,
}

/// Adds a package, to be made.
pub(crate) async fn insert(change: &mut Connection, new: NewPackage<'_>) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO packages (id, request, profile, title, form, encryption, recipients, sealed,
         wants_verifier, dated, state, by, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'making', ?, ?)",
    )
    .bind(new.id)
    .bind(new.request)
    .bind(new.profile)
    .bind(new.title)
    .bind(new.form)
    .bind(new.encryption)
    .bind(new.recipients)
    .bind(new.sealed)
    .bind(new.wants_verifier)
    .bind(new.dated)
    .bind(new.by)
    .bind(new.now)
    .execute(&mut *change)
    .await?;
    for (number, release) in (1_i64..).zip(new.releases) {
        sqlx::query("INSERT INTO package_releases (package, number, release) VALUES (?, ?, ?)")
            .bind(new.id)
            .bind(number)
            .bind(release)
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

/// Sets a package's state.
pub(crate) async fn set_state(
    db: impl SqliteExecutor<'_>,
    id: &Id,
    state: PackageState,
) -> Result<(), DbError> {
    query::set(db, "UPDATE packages SET state = ? WHERE id = ?", state, id).await
}

/// A package that was made.
pub(crate) struct MadePackage {
    pub(crate) bytes: i64,
    pub(crate) sha256: String,
    pub(crate) manifest_sha256: String,
    pub(crate) has_verifier: bool,
    /// Kind and SHA-256 of the files of each release, as JSON, in the order of the exhibits.
    pub(crate) files: Vec<String>,
    pub(crate) now: Millis,
}

/// Records that a package was made.
pub(crate) async fn set_made(
    change: &mut Connection,
    id: &Id,
    made: MadePackage,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE packages SET state = 'ready', made_at = ?, bytes = ?, sha256 = ?,
         manifest_sha256 = ?, has_verifier = ? WHERE id = ?",
    )
    .bind(made.now)
    .bind(made.bytes)
    .bind(made.sha256)
    .bind(made.manifest_sha256)
    .bind(made.has_verifier)
    .bind(id)
    .execute(&mut *change)
    .await?;
    for (number, files) in (1_i64..).zip(made.files) {
        sqlx::query("UPDATE package_releases SET files = ? WHERE package = ? AND number = ?")
            .bind(files)
            .bind(id)
            .bind(number)
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

/// A release in a package.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ExhibitRow {
    pub(crate) package: Id,
    pub(crate) number: i64,
    pub(crate) release: Id,
    pub(crate) title: String,
    pub(crate) recording: Id,
    pub(crate) recording_name: String,
    pub(crate) state: ReleaseState,
    /// The release that replaced it.
    pub(crate) replaced_by: Option<Id>,
    /// Whether its review was reopened or sent back since.
    pub(crate) reopened: bool,
}

/// The releases in each package of a request, in the order of the exhibits.
pub(crate) async fn exhibits(
    db: &Db,
    request: &Id,
) -> Result<HashMap<Id, Vec<ExhibitRow>>, DbError> {
    let sql = "SELECT package, number, release, r.title, r.recording, r.state,
         (SELECT name FROM recordings WHERE recordings.id = r.recording) AS recording_name,
         (SELECT newer.id FROM releases newer WHERE newer.replaces = r.id
            AND newer.state != 'failed') AS replaced_by,
         EXISTS (SELECT 1 FROM reopened WHERE reopened.release = r.id) AS reopened
         FROM package_releases JOIN releases r ON r.id = release
         WHERE package IN (SELECT id FROM packages WHERE request = ?) ORDER BY number";
    let rows = query::all_of(db, sql.to_owned(), request).await?;
    Ok(query::groups(rows, |row: &ExhibitRow| {
        Some(row.package.clone())
    }))
}

/// A package that was handed over.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct PackageCopyRow {
    pub(crate) id: Id,
    pub(crate) package: Id,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) recipient: String,
    pub(crate) medium: Medium,
    pub(crate) note: String,
    /// SHA-256 of the package.
    pub(crate) sha256: String,
}

/// Who received each package of a request, oldest first.
pub(crate) async fn copies(
    db: &Db,
    request: &Id,
) -> Result<HashMap<Id, Vec<PackageCopyRow>>, DbError> {
    let sql = "SELECT id, package, at, by, recipient, medium, note, sha256 FROM package_copies
         WHERE package IN (SELECT id FROM packages WHERE request = ?) ORDER BY at";
    let rows = query::all_of(db, sql.to_owned(), request).await?;
    Ok(query::groups(rows, |row: &PackageCopyRow| {
        Some(row.package.clone())
    }))
}

/// Adds a copy of a package.
pub(crate) async fn insert_copy(
    change: &mut Connection,
    row: &PackageCopyRow,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO package_copies (id, package, at, by, recipient, medium, note, sha256)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.package)
    .bind(row.at)
    .bind(&row.by)
    .bind(&row.recipient)
    .bind(row.medium)
    .bind(&row.note)
    .bind(&row.sha256)
    .execute(change)
    .await
    .map(drop)
}

/// Ends what cannot go on after a restart: passphrases are not stored.
pub(crate) async fn end_without_passphrase(db: &Db, now: Millis) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE jobs SET state = 'interrupted', ended_at = ?,
         error = 'the desk was restarted, and it does not store passphrases',
         hint = 'Make the package again.'
         WHERE state IN ('queued', 'running')
         AND package IN (SELECT id FROM packages WHERE encryption = 'passphrase')",
    )
    .bind(now)
    .execute(db)
    .await?;
    sqlx::query(
        "UPDATE packages SET state = 'failed' WHERE state = 'making' AND id IN
         (SELECT package FROM jobs WHERE kind = 'package' AND state = 'interrupted')",
    )
    .execute(db)
    .await
    .map(drop)
}

/// The state of every package.
pub(crate) async fn states(db: &Db) -> Result<HashMap<Id, PackageState>, DbError> {
    let rows: Vec<(Id, PackageState)> = sqlx::query_as("SELECT id, state FROM packages")
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().collect())
}
