//! Accounts of the identity provider: who is signed in by one, and how it is connected.

use redact_record::events::Act;

use super::accounts;
use super::app::Shared;
use super::grants::{self, Grant};
use super::provider::Provider;
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::grants as waiting;
use crate::db::pool;
use crate::db::provider_accounts::{self as rows, ProviderAccountRow};
use crate::db::users::{self, Account, NewAccount};
use crate::domain::accounts as rules;
use crate::domain::provider_claims::{ProviderClaims, account_key};
use crate::event::Event;
use crate::id::Id;
use crate::model::{GrantAction, Role, SessionUser};
use crate::sign_on::LocalSignIn;

/// The provider, if one is configured.
///
/// # Errors
/// 404.
pub(crate) fn configured(app: &Shared) -> ApiResult<&Provider> {
    app.provider.as_ref().ok_or_else(ApiError::not_found)
}

fn forbidden(code: &'static str, message: String) -> ApiError {
    ApiError::new(Status::Forbidden, code, message)
}

/// Refuses a sign-in without the provider where only administrators may do that.
///
/// # Errors
/// 403 `provider_only`.
pub(crate) fn check_local(app: &Shared, account: &Account) -> ApiResult<()> {
    match &app.provider {
        Some(provider)
            if provider.config.local_sign_in == LocalSignIn::Administrators
                && account.role != Role::Administrator =>
        {
            let title = &provider.config.title;
            let message = format!("Sign in with {title}. Only administrators use a password here.");
            Err(forbidden("provider_only", message))
        }
        _ => Ok(()),
    }
}

/// The account of the person that the provider names.
///
/// # Errors
/// 403 `provider_not_linked`, `provider_no_group`, `provider_closed`, `provider_not_created`; 409
/// `awaiting_administrator`.
pub(crate) async fn find(
    app: &Shared,
    provider: &Provider,
    claims: &ProviderClaims,
) -> ApiResult<Account> {
    let config = &provider.config;
    let known = rows::by_subject(&app.db, &config.issuer, &claims.subject).await?;
    let row = match (known, &claims.account) {
        (Some(row), _) => Some(row),
        (None, Some(account)) => {
            let key = account_key(account);
            rows::unused(&app.db, &config.issuer, &key).await?
        }
        (None, None) => None,
    };
    let Some(row) = row else {
        return create(app, provider, claims).await;
    };
    let pending = waiting::waiting(&app.db, &row.user).await?;
    if pending.is_some_and(|grant| grant.action != GrantAction::Change) {
        let message = "A second administrator must confirm your access first.";
        return Err(ApiError::conflict("awaiting_administrator", message));
    }
    let account = users::by_id(&app.db, &row.user).await?;
    if !account.active {
        let message = "Your account is deactivated.".to_owned();
        return Err(forbidden("provider_closed", message));
    }
    if row.subject.is_none() {
        bind(app, &account, &claims.subject).await?;
    }
    if row.managed {
        return follow_groups(app, provider, claims, account).await;
    }
    Ok(account)
}

/// Binds an account to the person who signs in with it first.
async fn bind(app: &Shared, account: &Account, subject: &str) -> ApiResult<()> {
    let mut change = pool::begin(&app.db).await?;
    if !rows::bind(&mut change, &account.id, subject).await? {
        let message = "Another person signed in with this account.".to_owned();
        return Err(forbidden("provider_not_linked", message));
    }
    let event = Event::new(Act::Account, "provider-bound").id("account", &account.id);
    app.log_event(&account.name, event).await?;
    Ok(change.commit().await?)
}

/// The role that groups give.
fn role(provider: &Provider, claims: &ProviderClaims) -> ApiResult<Role> {
    let config = &provider.config;
    let Some(groups) = &config.groups else {
        let message = format!(
            "Your {} is not connected with an account of this desk.",
            config.title
        );
        return Err(
            forbidden("provider_not_linked", message).hint("Ask an administrator to connect it.")
        );
    };
    groups.role(&claims.groups).ok_or_else(|| {
        let message = format!(
            "Your {} is in no group that may use this desk.",
            config.title
        );
        forbidden("provider_no_group", message)
    })
}

/// An account for a person that groups admit.
async fn create(app: &Shared, provider: &Provider, claims: &ProviderClaims) -> ApiResult<Account> {
    let role = role(provider, claims)?;
    let given = claims.account.as_deref().unwrap_or_default();
    let login = given.split('@').next().unwrap_or_default();
    let names = rules::login(login)
        .and_then(|login| Ok((login, rules::name(claims.name.as_deref().unwrap_or(given))?)));
    let Ok((login, name)) = names else {
        let message = "The identity provider gave no usable account name.".to_owned();
        return Err(forbidden("provider_not_created", message));
    };
    let id = Id::random();
    let mut change = pool::begin(&app.db).await?;
    let new = NewAccount {
        id: &id,
        login: &login,
        name: &name,
        role,
        enrolled: None,
        now: app.now(),
    };
    let inserted = users::insert(&mut change, new).await;
    inserted.map_err(|error| {
        let hint = "Ask an administrator to connect your existing account, or to give you one.";
        let message = "Your name or login is already in use on this desk.".to_owned();
        if error.is("name_taken") || error.is("login_taken") {
            return forbidden("provider_not_created", message).hint(hint);
        }
        error
    })?;
    let row = ProviderAccountRow {
        user: id.clone(),
        issuer: provider.config.issuer.clone(),
        account: account_key(given),
        subject: Some(claims.subject.clone()),
        managed: true,
    };
    rows::link(&mut change, &row, app.now()).await?;
    let event = Event::new(Act::Account, "added")
        .id("account", &id)
        .label("role", role.name())
        .label("by", "identity-provider");
    app.log_event(&name, event).await?;
    change.commit().await?;
    users::by_id(&app.db, &id).await
}

/// The account with the role that its groups give now.
async fn follow_groups(
    app: &Shared,
    provider: &Provider,
    claims: &ProviderClaims,
    account: Account,
) -> ApiResult<Account> {
    let role = role(provider, claims)?;
    if role == account.role {
        return Ok(account);
    }
    let provider = SessionUser {
        id: account.id.clone(),
        name: "identity provider".to_owned(),
        role: account.role,
        began: app.now(),
        session: String::new(),
    };
    let _alone = app.review_lock.lock().await;
    accounts::apply(app, &provider, &account.id, (Some(role), None)).await?;
    users::by_id(&app.db, &account.id).await
}

/// Connects `user` with an account of the provider; `None` disconnects it.
///
/// # Errors
/// 404 without a provider; 409 `provider_taken`.
pub(crate) async fn link(
    app: &Shared,
    who: &SessionUser,
    account: &Account,
    given: Option<&str>,
) -> ApiResult<()> {
    let issuer = configured(app)?.config.issuer.clone();
    let mut change = pool::begin(&app.db).await?;
    let action = match given {
        Some(given) => {
            let row = ProviderAccountRow {
                user: account.id.clone(),
                issuer,
                account: account_key(given),
                subject: None,
                managed: false,
            };
            rows::link(&mut change, &row, app.now()).await?;
            "provider-linked"
        }
        None if rows::unlink(&mut change, &account.id).await? => "provider-unlinked",
        None => return Ok(()),
    };
    let event = Event::new(Act::Account, action).id("account", &account.id);
    app.log_event(&who.name, event).await?;
    if given.is_some() {
        let grant = Grant {
            user: &account.id,
            action: GrantAction::Link,
            role: account.role,
        };
        grants::begin(app, &mut change, who, grant).await?;
    }
    Ok(change.commit().await?)
}
