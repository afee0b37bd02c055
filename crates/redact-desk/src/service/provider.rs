//! Sign-in through the agency's identity provider (OpenID Connect, authorization code with PKCE).
//!
//! The provider is contacted only if it is configured, and only when somebody signs in with it.

#[cfg_attr(not(feature = "single-sign-on"), path = "provider/protocol_none.rs")]
mod protocol;
#[cfg(feature = "single-sign-on")]
mod refusal;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use self::protocol::{Protocol, Waiting};
use crate::api_error::{ApiError, ApiResult};
use crate::domain::provider_claims::ProviderClaims;
use crate::error::DeskError;
use crate::id::Token;
use crate::sign_on::ProviderConfig;
use crate::time::{MINUTE, Millis};

/// The path that people return to from the provider.
pub(crate) const RETURN_PATH: &str = "/sign-in/return";

/// How long a person may take at the provider.
const RETURN_WITHIN: Millis = 10 * MINUTE;

/// Sign-ins that are under way; more replace the oldest.
const WAITING_MAX: usize = 1024;

/// A sign-in that is under way at the provider.
struct Pending {
    /// The stored form of the browser's cookie, and of the state that the provider sends back.
    browser: String,
    state: String,
    at: Millis,
    waiting: Waiting,
}

/// The agency's identity provider.
pub(crate) struct Provider {
    pub(crate) config: ProviderConfig,
    protocol: Protocol,
    pending: Mutex<VecDeque<Pending>>,
}

/// The browser did not begin this sign-in, or too long ago.
fn unknown(title: &str) -> ApiError {
    let message =
        format!("This sign-in with {title} was not begun in this browser, or is too old.");
    ApiError::refused("provider_state", message).hint("Begin again.")
}

/// Refuses an address that the desk does not answer under.
fn check_return(base: &str, hosts: &[String]) -> Result<(), DeskError> {
    let named = base.split_once("://").map_or(base, |(_, rest)| rest);
    let named = named.trim_end_matches('/');
    if hosts.iter().any(|host| host.eq_ignore_ascii_case(named)) {
        return Ok(());
    }
    Err(DeskError::Configuration {
        path: "single sign-on".into(),
        what: format!(
            "return_to = {base:?}: the desk does not answer under this name; start it with --host \
             {named}, with the port if it is not the usual one"
        ),
    })
}

impl Provider {
    /// A provider; nothing is asked of it yet.
    ///
    /// # Errors
    /// [`DeskError::Configuration`] if its certificates cannot be read, or if people would return
    /// to another place than the desk; [`DeskError::NoSingleSignOn`].
    pub(crate) fn new(
        config: ProviderConfig,
        hosts: &[String],
        tls: bool,
    ) -> Result<Self, DeskError> {
        let scheme = if tls { "https" } else { "http" };
        let host = hosts.first().map_or("", String::as_str);
        let base = config
            .return_to
            .clone()
            .unwrap_or_else(|| format!("{scheme}://{host}"));
        check_return(&base, hosts)?;
        let return_to = format!("{}{RETURN_PATH}", base.trim_end_matches('/'));
        Ok(Self {
            protocol: Protocol::new(&config, return_to)?,
            config,
            pending: Mutex::default(),
        })
    }

    /// Begins a sign-in; returns the provider's address, and the token of the browser.
    ///
    /// # Errors
    /// 503 `provider_down`.
    pub(crate) async fn begin(&self, now: Millis) -> ApiResult<(String, Token)> {
        let (url, state, waiting) = self.protocol.begin(now).await?;
        let browser = Token::random();
        let pending = Pending {
            browser: browser.stored.clone(),
            state: Token::stored(&state),
            at: now,
            waiting,
        };
        let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= WAITING_MAX {
            all.pop_front();
        }
        all.push_back(pending);
        Ok((url, browser))
    }

    /// What the provider says about the person who returned with `code`. A sign-in is finished
    /// once.
    ///
    /// # Errors
    /// 422 `provider_state` if another browser began it; `provider_answer`; 503 `provider_down`.
    pub(crate) async fn finish(
        &self,
        (browser, state): (Option<&str>, &str),
        code: &str,
        now: Millis,
    ) -> ApiResult<ProviderClaims> {
        let pending = self.take(browser, state, now);
        let pending = pending.ok_or_else(|| unknown(&self.config.title))?;
        self.protocol.finish(pending.waiting, code, now).await
    }

    fn take(&self, browser: Option<&str>, state: &str, now: Millis) -> Option<Pending> {
        let (browser, state) = (Token::stored(browser?), Token::stored(state));
        let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|pending| now - pending.at < RETURN_WITHIN);
        let at = all
            .iter()
            .position(|pending| pending.browser == browser && pending.state == state)?;
        all.remove(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: people return to the desk, and not to a name that it refuses.
    #[test]
    fn people_return_to_the_desk() {
        let hosts = ["desk.city.gov:443".to_owned(), "desk.city.gov".to_owned()];
        for good in ["https://desk.city.gov", "https://Desk.city.gov:443/"] {
            assert!(check_return(good, &hosts).is_ok(), "{good}");
        }
        for wrong in ["https://desk.city.gov:8443", "https://city.gov", "nonsense"] {
            let refused = check_return(wrong, &hosts).unwrap_err();
            assert!(refused.to_string().contains("--host"), "{wrong}");
        }
    }
}
