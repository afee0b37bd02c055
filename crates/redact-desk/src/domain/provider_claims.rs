//! What an identity provider says about a person.

use serde_json::Value;

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderClaims {
    /// The provider's own id of the person, which never changes.
    pub(crate) subject: String,
    /// The account name, which may change.
    pub(crate) account: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) groups: Vec<String>,
}

impl ProviderClaims {
    /// The claims of a token. `account` and `groups` are the names of claims. An e-mail address
    /// that the provider has not verified is no account name.
    pub(crate) fn of(
        subject: &str,
        claims: &serde_json::Map<String, Value>,
        (account, groups): (&str, &str),
    ) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_verified = claims.get("email_verified") == Some(&Value::Bool(true));
        let groups = match claims.get(groups) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ => Vec::new(),
        };
        Self {
            subject: subject.to_owned(),
            account: text(account).filter(|_| account != "email" || is_verified),
            name: text("name"),
            groups: groups.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// The form in which two spellings of an account name are equal.
pub(crate) fn account_key(account: &str) -> String {
    account.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_that_nobody_verified_names_no_account() {
        let claims = |verified: Value| {
            let value = json!({
                "preferred_username": "Ada", "email": "ada@city.gov", "email_verified": verified,
                "groups": ["records", 7], "team": "one",
            });
            value.as_object().unwrap().clone()
        };
        let read = |verified: Value, account: &str, groups: &str| {
            ProviderClaims::of("s", &claims(verified), (account, groups))
        };
        let plain = read(json!(false), "preferred_username", "groups");
        assert_eq!(plain.account.as_deref(), Some("Ada"));
        assert_eq!(plain.groups, ["records"]);
        assert_eq!(read(json!(false), "email", "groups").account, None);
        assert_eq!(read(json!("true"), "email", "groups").account, None);
        let verified = read(json!(true), "email", "team");
        assert_eq!(verified.account.as_deref(), Some("ada@city.gov"));
        assert_eq!(verified.groups, ["one"]);
        assert_eq!(account_key(" Ada "), "ada");
    }
}
