//! Passkeys (Web Authentication): a key in a phone, a computer or a security key signs a challenge
//! after it verified the person by fingerprint, face or PIN. That is two factors, so a passkey
//! signs in without password and code. It does not open the signing key: an approval still asks for
//! the password.
//!
//! Challenges are in memory, each is good once and for five minutes.

use redact_record::events::Act;
use serde_json::Value;
use webauthn_rp::bin::{Decode as _, Encode as _};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::{
    CredProtect, Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions,
    UserHandle16, Username,
};
use webauthn_rp::request::{AsciiDomain, PublicKeyCredentialDescriptor, RpId, TimedCeremony as _};
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableCredentialRequestOptions,
    PublicKeyCredentialCreationOptions, Registration,
};

use super::app::Shared;
use super::ceremonies::{push, take};
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::passkeys::{self as rows, PasskeyRow};
use crate::db::pool;
use crate::db::users::{self, Account};
use crate::event::Event;
use crate::id::{Id, unhex};

/// Passkeys that a user may have.
const PASSKEYS_MAX: usize = 20;

/// A stored public key.
type PublicPart = StaticState<CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>;

/// Under which name the browser reached the desk: a passkey belongs to a host name.
pub(crate) struct Place {
    rp: RpId,
    origin: String,
}

impl Place {
    /// The place of a request with that `Host` header; `None` for an address, which has no
    /// passkeys.
    pub(crate) fn of(host: &str, tls: bool) -> Option<Self> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_address = name.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok();
        let domain = AsciiDomain::try_from(name.to_ascii_lowercase()).ok()?;
        let scheme = if tls { "https" } else { "http" };
        (!is_address).then(|| Self {
            rp: RpId::Domain(domain),
            origin: format!("{scheme}://{}", host.to_ascii_lowercase()),
        })
    }
}

/// The desk was opened by an address.
pub(crate) fn needs_host_name() -> ApiError {
    ApiError::refused(
        "needs_host_name",
        "Passkeys belong to a host name, but this page was opened by an address.",
    )
    .hint("Open the desk by its name: on this machine, use localhost in place of 127.0.0.1.")
}

fn invalid(why: &dyn std::fmt::Display) -> ApiError {
    tracing::debug!("desk: a passkey was refused: {why}");
    ApiError::refused("passkey", "The passkey was not accepted.")
        .hint("Start again. A request to a passkey is valid for five minutes and only once.")
}

/// The handle under which authenticators know a user.
fn handle_of(user: &Id) -> ApiResult<UserHandle16> {
    let bytes = unhex(user.as_str()).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| ApiError::internal(&"an id that is no user handle"))?;
    let Ok(handle) = UserHandle16::decode(bytes);
    Ok(handle)
}

/// The descriptions of passkeys, so that an authenticator makes no second one.
fn descriptors(rows: Vec<PasskeyRow>) -> Vec<PublicKeyCredentialDescriptor<Vec<u8>>> {
    let describe = |row: PasskeyRow| {
        let transports = u8::try_from(row.transports).ok()?;
        Some(PublicKeyCredentialDescriptor {
            id: CredentialId::<Vec<u8>>::decode(row.credential).ok()?,
            transports: AuthTransports::decode(transports).ok()?,
        })
    };
    rows.into_iter().filter_map(describe).collect()
}

fn options_json(options: &impl serde::Serialize) -> ApiResult<Value> {
    serde_json::to_value(options).map_err(|error| ApiError::internal(&error))
}

/// Begins the registration of a passkey; returns what the browser's `create` takes.
///
/// # Errors
/// 409 if the user has too many; database errors.
pub(crate) async fn begin_registration(
    app: &Shared,
    account: &Account,
    place: &Place,
) -> ApiResult<Value> {
    let present = rows::of(&app.db, &account.id).await?;
    if present.len() >= PASSKEYS_MAX {
        let message = format!("You have {PASSKEYS_MAX} passkeys already. Remove one first.");
        return Err(ApiError::conflict("conflict", message));
    }
    let here = present
        .into_iter()
        .filter(|row| row.host == place.rp.as_ref());
    let handle = handle_of(&account.id)?;
    let user = PublicKeyCredentialUserEntity {
        name: Username::try_from(account.login.as_str()).map_err(|error| invalid(&error))?,
        id: &handle,
        display_name: Nickname::try_from(account.name.as_str()).ok(),
    };
    let mut options =
        PublicKeyCredentialCreationOptions::passkey(&place.rp, user, descriptors(here.collect()));
    // Many devices cannot promise this, and browsers then make no passkey. It is not needed: every
    // sign-in requires that the person was verified.
    options.extensions.cred_protect = CredProtect::None;
    let begun = options.start_ceremony();
    let (server, client) = begun.map_err(|error| ApiError::internal(&error))?;
    push(&app.ceremonies.registrations, server);
    options_json(&client)
}

/// Stores the passkey that a browser's `create` returned.
///
/// # Errors
/// 422 `passkey`; 409 `conflict`; database errors.
pub(crate) async fn finish_registration(
    app: &Shared,
    account: &Account,
    place: &Place,
    (name, credential): (String, &Value),
) -> ApiResult<()> {
    let text = credential.to_string();
    let given =
        Registration::from_json_relaxed(text.as_bytes()).map_err(|error| invalid(&error))?;
    let challenge = given.challenge_relaxed().map_err(|error| invalid(&error))?;
    let waiting = take(&app.ceremonies.registrations, |state| {
        state.sent_challenge() == challenge
    });
    let waiting = waiting.ok_or_else(|| invalid(&"no such challenge"))?;
    let origins = [place.origin.as_str()];
    let options = RegistrationVerificationOptions::<&str, &str> {
        allowed_origins: &origins,
        error_on_unsolicited_extensions: false,
        ..RegistrationVerificationOptions::default()
    };
    let verified = waiting.verify(&place.rp, &given, &options);
    let verified = verified.map_err(|error| invalid(&error))?;
    // The challenge may be another user's.
    if verified.user_id().as_ref() != handle_of(&account.id)?.as_ref() {
        return Err(invalid(&"the challenge is another user's"));
    }
    let Ok(fixed) = verified.static_state().encode();
    let Ok(state) = verified.dynamic_state().encode();
    let Ok(transports) = verified.transports().encode();
    let row = PasskeyRow {
        id: Id::random(),
        user: account.id.clone(),
        host: place.rp.as_ref().to_owned(),
        credential: verified.id().as_ref().to_vec(),
        transports: i64::from(transports),
        name,
        fixed,
        state: state.to_vec(),
        created_at: app.now(),
        last_used_at: None,
    };
    let mut change = pool::begin(&app.db).await?;
    rows::insert(&mut change, &row).await?;
    let event = Event::new(Act::Account, "passkey-added").id("passkey", &row.id);
    app.log_event(&account.name, event).await?;
    Ok(change.commit().await?)
}

/// Begins a sign-in with a passkey; returns what the browser's `get` takes.
///
/// # Errors
/// If the challenge cannot be made.
pub(crate) fn begin_sign_in(app: &Shared, place: &Place) -> ApiResult<Value> {
    let begun = DiscoverableCredentialRequestOptions::passkey(&place.rp).start_ceremony();
    let (server, client) = begun.map_err(|error| ApiError::internal(&error))?;
    push(&app.ceremonies.sign_ins, server);
    options_json(&client)
}

/// Why a passkey did not sign in.
pub(crate) enum NotSignedIn {
    /// Not valid here, for anybody.
    Invalid(ApiError),
    /// The account is known, but its passkey must not be accepted.
    Refused(Box<Account>, ApiError),
    /// It could not be checked.
    Failed(ApiError),
}

impl From<ApiError> for NotSignedIn {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

/// The account whose passkey signed the challenge that `credential` answers.
///
/// # Errors
/// [`NotSignedIn`].
pub(crate) async fn finish_sign_in(
    app: &Shared,
    place: &Place,
    credential: &Value,
) -> Result<Account, NotSignedIn> {
    let wrong = |why: &dyn std::fmt::Display| NotSignedIn::Invalid(invalid(why));
    let text = credential.to_string();
    let given = DiscoverableAuthentication16::from_json_relaxed(text.as_bytes());
    let given = given.map_err(|error| wrong(&error))?;
    let challenge = given.challenge_relaxed().map_err(|error| wrong(&error))?;
    let waiting = take(&app.ceremonies.sign_ins, |state| {
        state.sent_challenge() == challenge
    });
    let waiting = waiting.ok_or_else(|| wrong(&"no such challenge"))?;
    let host = place.rp.as_ref();
    let found = rows::by_credential(&app.db, host, given.raw_id().as_ref()).await;
    let found = found.map_err(ApiError::from)?;
    let row = found.ok_or_else(|| wrong(&"no such passkey"))?;
    let account = users::by_id(&app.db, &row.user).await?;
    // Of the account that the row belongs to, whatever handle the answer has.
    let handle = handle_of(&row.user)?;
    let broken = |_| ApiError::internal(&"a stored passkey cannot be read");
    let fixed = PublicPart::decode(&row.fixed).map_err(|_| broken(()))?;
    let state = <[u8; 7]>::try_from(row.state.as_slice()).map_err(|_| broken(()))?;
    let state = DynamicState::decode(state).map_err(|_| broken(()))?;
    let stored = AuthenticatedCredential::new(given.raw_id(), &handle, fixed, state);
    let mut stored = stored.map_err(|_| broken(()))?;
    let origins = [place.origin.as_str()];
    let options = AuthenticationVerificationOptions::<&str, &str> {
        allowed_origins: &origins,
        error_on_unsolicited_extensions: false,
        ..AuthenticationVerificationOptions::default()
    };
    if let Err(error) = waiting.verify(&place.rp, &given, &mut stored, &options) {
        let refused = match error {
            AuthCeremonyErr::SignatureCounter => cloned(app, &account, &row).await?,
            other => invalid(&other),
        };
        return Err(NotSignedIn::Refused(Box::new(account), refused));
    }
    let Ok(state) = stored.dynamic_state().encode();
    let used = rows::used(&app.db, &row, &state, app.now()).await;
    if !used.map_err(ApiError::from)? {
        return Err(NotSignedIn::Refused(
            Box::new(account),
            invalid(&"used at the same time"),
        ));
    }
    Ok(account)
}

/// A passkey counted backwards, so there are two of it: says so in the log.
async fn cloned(app: &Shared, account: &Account, row: &PasskeyRow) -> ApiResult<ApiError> {
    let event = Event::new(Act::Account, "passkey-cloned")
        .refused()
        .id("passkey", &row.id);
    app.log_event(&account.name, event).await?;
    let message = "This passkey was refused: there may be a copy of it.";
    Ok(
        ApiError::new(Status::Unauthorized, "passkey_cloned", message)
            .hint("Sign in with your password, remove the passkey, and tell your administrator."),
    )
}

/// Removes a passkey of `account`.
///
/// # Errors
/// 404.
pub(crate) async fn remove(app: &Shared, account: &Account, id: &Id) -> ApiResult<()> {
    let mut change = pool::begin(&app.db).await?;
    if !rows::delete(&mut change, &account.id, id).await? {
        return Err(ApiError::not_found());
    }
    let event = Event::new(Act::Account, "passkey-removed").id("passkey", id);
    app.log_event(&account.name, event).await?;
    Ok(change.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a passkey belongs to a name; addresses have none.
    #[test]
    fn a_place_has_a_name() {
        let origin = |host: &str, tls| Place::of(host, tls).map(|place| place.origin);
        assert_eq!(
            origin("Desk.city.gov", true).as_deref(),
            Some("https://desk.city.gov")
        );
        assert_eq!(
            origin("localhost:7350", false).as_deref(),
            Some("http://localhost:7350")
        );
        for address in ["127.0.0.1:7350", "[::1]:7350", "192.0.2.7"] {
            assert!(Place::of(address, false).is_none(), "{address}");
        }
    }
}
