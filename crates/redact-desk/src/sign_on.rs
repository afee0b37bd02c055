//! The agency's identity provider, as a configuration file describes it.

use std::path::Path;

use serde::Deserialize;

use crate::error::DeskError;
use crate::model::Role;

/// Groups of the identity provider that give a role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderGroups {
    /// The claim that lists a person's groups.
    #[serde(default = "groups_claim")]
    pub claim: String,
    /// Groups whose members are operators.
    #[serde(default)]
    pub operator: Vec<String>,
    /// Groups whose members are approvers.
    #[serde(default)]
    pub approver: Vec<String>,
    /// Groups whose members are auditors.
    #[serde(default)]
    pub auditor: Vec<String>,
}

impl ProviderGroups {
    /// The role of a person in these groups, if any: the one that may do most. Nobody becomes an
    /// administrator by a group.
    #[must_use]
    pub fn role(&self, groups: &[String]) -> Option<Role> {
        let roles = [
            (Role::Approver, &self.approver),
            (Role::Operator, &self.operator),
            (Role::Auditor, &self.auditor),
        ];
        let is_in = |names: &[String]| names.iter().any(|name| groups.contains(name));
        let found = roles.into_iter().find(|(_, names)| is_in(names));
        found.map(|(role, _)| role)
    }
}

/// Who may sign in without the identity provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LocalSignIn {
    /// Everybody with a password.
    #[default]
    Everyone,
    /// Administrators only, so that somebody can get in when the provider is down.
    Administrators,
}

/// The agency's identity provider (OpenID Connect).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its address, as it names itself in tokens.
    pub issuer: String,
    /// The name under which the desk is registered there.
    pub client_id: String,
    /// The file with the desk's secret; `None` for a public client.
    pub client_secret_file: Option<std::path::PathBuf>,
    /// The secret, from that file.
    #[serde(skip)]
    pub client_secret: Option<String>,
    /// What people call it, on the button of the sign-in page.
    pub title: String,
    /// The address of the desk that people return to, as in `https://desk.city.gov`; `None`: the
    /// desk's first host name.
    pub return_to: Option<String>,
    /// A file with certificates of the office's own authority, in PEM.
    pub certificates: Option<std::path::PathBuf>,
    /// The claim that has a person's account name.
    #[serde(default = "account_claim")]
    pub account_claim: String,
    /// Who may sign in without it.
    #[serde(default)]
    pub local_sign_in: LocalSignIn,
    /// Groups that give a role. With them, a person who has no account gets one.
    pub groups: Option<ProviderGroups>,
}

impl std::fmt::Debug for ProviderConfig {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderConfig")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

fn groups_claim() -> String {
    "groups".to_owned()
}

fn account_claim() -> String {
    "preferred_username".to_owned()
}

/// The largest configuration file or secret, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;

impl ProviderConfig {
    /// Reads a configuration file, and the secret that it names.
    ///
    /// # Errors
    /// [`DeskError::Configuration`] with the line and the field.
    pub fn read(path: &Path) -> Result<Self, DeskError> {
        let text = read_text(path)?;
        let invalid = |what: String| DeskError::Configuration {
            path: path.to_owned(),
            what,
        };
        let mut config: Self =
            toml::from_str(&text).map_err(|error| invalid(error.to_string().trim().to_owned()))?;
        config.check().map_err(invalid)?;
        if let Some(file) = &config.client_secret_file {
            let secret = read_text(file)?.trim().to_owned();
            if secret.is_empty() {
                return Err(DeskError::Configuration {
                    path: file.clone(),
                    what: "the file is empty; expected the secret of the client".to_owned(),
                });
            }
            config.client_secret = Some(secret);
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        for (field, address) in [
            ("issuer", Some(&self.issuer)),
            ("return_to", self.return_to.as_ref()),
        ] {
            let Some(address) = address else { continue };
            let is_here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            let is_safe = address.starts_with("https://")
                || is_here.iter().any(|start| address.starts_with(start));
            if !is_safe {
                return Err(format!(
                    "{field} = {address:?}: expected an address that begins with https://"
                ));
            }
        }
        for (field, value) in [("client_id", &self.client_id), ("title", &self.title)] {
            if value.trim().is_empty() {
                return Err(format!("{field} is empty"));
            }
        }
        Ok(())
    }
}

/// The text of a configuration file.
///
/// # Errors
/// [`DeskError::Configuration`].
pub(crate) fn read_text(path: &Path) -> Result<String, DeskError> {
    let failed = |what: String| DeskError::Configuration {
        path: path.to_owned(),
        what,
    };
    let bytes = redact_record::read(path, FILE_BYTES_MAX)
        .map_err(|error| failed(redact_core::error::with_causes(&error)))?;
    String::from_utf8(bytes).map_err(|_| failed("not a text file in UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ProviderConfig, String> {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("secret"), "s3cret\n").unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let path = folder.path().join("provider.toml");
        let text = text.replace("FOLDER", folder.path().to_str().unwrap());
        std::fs::write(&path, text).unwrap();
        ProviderConfig::read(&path).map_err(|error| error.to_string())
    }

    const PLAIN: &str =
        "issuer = \"https://id.city.gov\"\nclient_id = \"desk\"\ntitle = \"City account\"\n";

    #[test]
    fn a_configuration_is_read_with_its_secret() {
        let config = read(&format!(
            "{PLAIN}client_secret_file = \"FOLDER/secret\"\n[groups]\noperator = [\"records\"]\n\
             approver = [\"chiefs\"]\n"
        ))
        .unwrap();
        assert_eq!(config.client_secret.as_deref(), Some("s3cret"));
        assert_eq!(config.account_claim, "preferred_username");
        assert_eq!(config.local_sign_in, LocalSignIn::Everyone);
        assert!(!format!("{config:?}").contains("s3cret"));
        let groups = config.groups.unwrap();
        let role = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            groups.role(&names)
        };
        assert_eq!(role(&["records", "chiefs"]), Some(Role::Approver));
        assert_eq!(role(&["records"]), Some(Role::Operator));
        assert_eq!(role(&["parks"]), None);
    }

    /// Goal: an error names the line or the field.
    #[test]
    fn what_is_wrong_in_a_configuration_is_named() {
        for (text, expected) in [
            (PLAIN.replace("https", "http"), "issuer"),
            (format!("{PLAIN}secret = \"x\"\n"), "secret"),
            (PLAIN.replace("client_id", "client"), "client"),
            (PLAIN.replace("City account", " "), "title is empty"),
            (
                format!("{PLAIN}local_sign_in = \"nobody\"\n"),
                "local_sign_in",
            ),
            (
                format!("{PLAIN}client_secret_file = \"FOLDER/empty\"\n"),
                "is empty",
            ),
            (
                format!("{PLAIN}client_secret_file = \"FOLDER/none\"\n"),
                "none",
            ),
            (
                format!("{PLAIN}[groups]\nadministrator = [\"it\"]\n"),
                "administrator",
            ),
        ] {
            let refused = read(&text).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
