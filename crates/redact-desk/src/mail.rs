//! The agency's mail server, as a configuration file describes it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::DeskError;
use crate::sign_on::read_text;

/// How a connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// It begins without encryption and changes to TLS before anything is sent; port 587.
    #[default]
    Starttls,
    /// TLS from the beginning; port 465.
    Tls,
    /// Not at all, to a server on this machine only; port 25.
    None,
}

/// The agency's mail server.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Its host name.
    pub server: String,
    /// Its port; `None`: the usual one.
    pub port: Option<u16>,
    /// How connections are encrypted.
    #[serde(default)]
    pub security: MailSecurity,
    /// The sender, as in `Release desk <desk@city.gov>`.
    pub from: String,
    /// The user name at the server, if it needs one.
    pub user: Option<String>,
    /// The file with that user's password.
    pub password_file: Option<PathBuf>,
    /// The password, from that file.
    #[serde(skip)]
    pub password: Option<String>,
    /// The address of the desk for links, as in `https://desk.city.gov`; `None`: the desk's first
    /// host name.
    pub link_to: Option<String>,
    /// A file with certificates of the office's own authority, in PEM.
    pub certificates: Option<PathBuf>,
}

impl std::fmt::Debug for MailConfig {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailConfig")
            .field("server", &self.server)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl MailConfig {
    /// Reads a configuration file, and the password that it names.
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
        if let Some(file) = &config.password_file {
            config.password = Some(read_text(file)?.trim().to_owned());
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let is_here = matches!(self.server.as_str(), "localhost" | "127.0.0.1" | "::1");
        if self.security == MailSecurity::None && !is_here {
            return Err(format!(
                "security = \"none\" with server = {:?}: expected \"starttls\" or \"tls\", because \
                 mail would cross the network unencrypted",
                self.server
            ));
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err("user and password_file: expected both or neither".to_owned());
        }
        Ok(())
    }

    /// The server and its port, in words.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.server, self.port_or_usual())
    }

    /// The port.
    pub(crate) fn port_or_usual(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            MailSecurity::Starttls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::None => 25,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MailConfig, String> {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("password"), "s3cret\n").unwrap();
        let path = folder.path().join("mail.toml");
        let text = text.replace("FOLDER", folder.path().to_str().unwrap());
        std::fs::write(&path, text).unwrap();
        MailConfig::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_configuration_is_read_with_its_password() {
        let text = "server = \"mail.city.gov\"\nfrom = \"desk@city.gov\"\nuser = \"desk\"\n\
                    password_file = \"FOLDER/password\"\n";
        let config = read(text).unwrap();
        assert_eq!(config.password.as_deref(), Some("s3cret"));
        assert_eq!(config.place(), "mail.city.gov:587");
        assert!(!format!("{config:?}").contains("s3cret"));
        let plain = text.replace("user", "security = \"none\"\nuser");
        assert!(read(&plain).unwrap_err().contains("unencrypted"));
        let half = text.replace("user = \"desk\"\n", "");
        assert!(read(&half).unwrap_err().contains("both or neither"));
        assert!(read("server = 7").unwrap_err().contains("server"));
    }
}
