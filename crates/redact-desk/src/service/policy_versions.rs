//! Changes of policies: an administrator proposes a version, a second person puts it into force.
//! Reviews and releases stay under the version that they were made with.

use redact_core::PolicyRef;
use redact_record::events::Act;
use redact_record::policy::{self, Policy as WrittenPolicy};

use super::app::Shared;
use super::reauthentication::with_password;
use crate::api_error::{ApiError, ApiResult, Status, sentence, text};
use crate::db::policies::{self, PolicyRow};
use crate::db::policy_versions::{self as rows, PolicyVersionRow, PolicyVersionState};
use crate::db::pool::{self, Db};
use crate::domain::policy::{Policies, Policy};
use crate::error::DeskError;
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::peer::Peer;

/// The longest text of a policy in bytes.
const TEXT_BYTES_MAX: usize = 200_000;

/// Reads the text of a policy.
///
/// # Errors
/// 400 with what is wrong and where.
fn read(given: &str) -> ApiResult<WrittenPolicy> {
    let wrong = |what: String| ApiError::field("text", what);
    if given.len() > TEXT_BYTES_MAX {
        return Err(wrong(format!(
            "The text is longer than {TEXT_BYTES_MAX} bytes."
        )));
    }
    let table: toml::Table = given
        .parse()
        .map_err(|error: toml::de::Error| wrong(syntax(given, &error)))?;
    let name = table.get("name").and_then(toml::Value::as_str);
    let name = name.ok_or_else(|| wrong("name: missing; expected name = \"…\".".to_owned()))?;
    let reference = PolicyRef {
        name: name.to_owned(),
        digest: redact_record::digest_bytes(given.as_bytes()),
        rules: given.to_owned(),
    };
    let policy = policy::embedded(&reference)
        .map_err(|refused| wrong(sentence(&redact_core::error::with_causes(&refused))))?;
    let shown = Policy::from(&policy);
    let used = shown.classes.iter().map(|rule| rule.reason.as_str());
    let used = used.chain([shown.speech_reason()]);
    let mut used = used.filter(|code| !code.is_empty());
    if let Some(code) = used.find(|code| shown.reason(code).is_none()) {
        let message =
            format!("reason {code:?}: not among the reasons of this text; list it there.");
        return Err(wrong(message));
    }
    Ok(policy)
}

/// A syntax error with its line and column.
fn syntax(given: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start.min(given.len()));
    let before = given.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |last| last.chars().count())
        + 1;
    sentence(&format!(
        "line {line}, column {column}: {}",
        error.message()
    ))
}

/// Proposes a version of a policy: of one that is in force, or of a new one.
///
/// # Errors
/// 400 with what is wrong in the text; 409 if another version waits, or nothing is changed.
pub(crate) async fn propose(
    app: &Shared,
    who: &SessionUser,
    (given, why): (&str, &str),
) -> ApiResult<Id> {
    let why = text("why", why, 1000)?;
    let policy = read(given)?;
    let known = app.policies.named(&policy.name);
    let digest = policy.digest.to_string();
    if known
        .as_ref()
        .is_some_and(|known| known.1.head.digest == digest)
    {
        return Err(ApiError::field(
            "text",
            "The text is that of the version in force.",
        ));
    }
    let row = PolicyVersionRow {
        id: Id::random(),
        name: policy.name.clone(),
        digest,
        text: given.to_owned(),
        before: known.map_or_else(String::new, |known| known.1.head.digest.clone()),
        why,
        user: who.id.clone(),
        by: who.name.clone(),
        at: app.now(),
        state: PolicyVersionState::Proposed,
        decided_by: None,
        decided_at: None,
    };
    // Whoever decides reads it as it would be.
    policies::store(&app.db, &stored_row(&Policy::from(&policy))).await?;
    let mut change = pool::begin(&app.db).await?;
    rows::insert(&mut change, &row).await?;
    log(app, who, "policy-proposed", &row).await?;
    change.commit().await?;
    Ok(row.id)
}

fn stored_row(policy: &Policy) -> PolicyRow {
    PolicyRow {
        digest: policy.head.digest.clone(),
        policy: serde_json::to_string(policy).unwrap_or_default(),
        rules: policy.rules.clone(),
    }
}

/// What is decided about a version.
pub(crate) enum VersionDecision<'a> {
    PutIntoForce { password: &'a str, peer: Peer },
    Refuse,
}

/// Puts a version into force, or refuses it. New reviews then use it.
///
/// # Errors
/// 401 `wrong_password`; 403 `same_person` for the one who proposed it; 404; 409 if it was decided.
pub(crate) async fn decide(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    decision: VersionDecision<'_>,
) -> ApiResult<()> {
    let row = rows::by_id(&app.db, id).await?;
    let (policy, state, action) = match decision {
        VersionDecision::PutIntoForce { password, peer } => {
            if row.user == who.id {
                let message = "Another person must put this version into force.";
                return Err(ApiError::new(Status::Forbidden, "same_person", message));
            }
            let policy = read(&row.text)?;
            with_password(app, who, (password, peer), "policy-version").await?;
            (Some(policy), PolicyVersionState::InForce, "policy-in-force")
        }
        VersionDecision::Refuse => (None, PolicyVersionState::Refused, "policy-refused"),
    };
    let mut change = pool::begin(&app.db).await?;
    if !rows::decide(&mut change, &row, (state, &who.name), app.now()).await? {
        let message = "This version was decided about already.";
        return Err(ApiError::conflict("conflict", message));
    }
    log(app, who, action, &row).await?;
    change.commit().await?;
    if let Some(policy) = policy {
        app.policies.put(policy);
    }
    Ok(())
}

async fn log(
    app: &Shared,
    who: &SessionUser,
    action: &str,
    row: &PolicyVersionRow,
) -> ApiResult<()> {
    let mut event = Event::new(Act::Decision, action).id("version", &row.id);
    if let Some(digest) = redact_core::Digest::from_hex(&row.digest) {
        event = event.subject("policy", digest);
    }
    app.log_event(&who.name, event).await
}

/// Puts the versions that are in force over those of the folder.
///
/// # Errors
/// [`DeskError::Database`].
pub(crate) async fn apply(db: &Db, policies: &Policies) -> Result<(), DeskError> {
    for row in rows::in_force(db).await? {
        match read(&row.text) {
            Ok(policy) => policies.put(policy),
            // It was read when it was put into force: an older program may not know it.
            Err(error) => tracing::error!("desk: policy {}: {error:?}", row.name),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: an error in a text names its line, or the field. Control: a policy of the program.
    #[test]
    fn an_error_names_its_line_or_field() {
        let good = include_str!("../../../../policies/public-release.toml");
        let message = |text: &str| read(text).err().map(|error| error.message().to_owned());
        let broken = good.replacen("title = ", "title == ", 1);
        let line = good
            .lines()
            .position(|line| line.starts_with("title"))
            .unwrap()
            + 1;
        let found = message(&broken).unwrap();
        assert!(
            found.starts_with(&format!("Line {line}, column")),
            "{found}"
        );
        let nameless = good.replacen("name = ", "named = ", 1);
        assert!(
            message(&nameless).unwrap().contains("name"),
            "{:?}",
            message(&nameless)
        );
        let class = good.replacen("verdict = \"redact\"", "verdict = \"hide\"", 1);
        assert!(
            message(&class).unwrap().contains("hide"),
            "{:?}",
            message(&class)
        );
    }
}
