//! Encrypting a finished package with age.

use std::fs::File;
use std::io::{BufReader, Seek as _, Write};
use std::ops::ControlFlow;

use age::secrecy::SecretString;
use age::x25519::Recipient;
use redact_record::sign::BACKUP_PASSPHRASE_MIN;

use super::error::PackageError;
use super::write::copy;
use crate::error::{ReleaseError, Result};

/// How a package is encrypted.
#[derive(Clone, Default)]
pub enum Encryption {
    /// Not at all; an error if the profile requires it.
    #[default]
    None,
    /// Not at all, although the profile may require it.
    Declined,
    /// To a passphrase, which the recipient gets in another way.
    Passphrase(String),
    /// To the public keys (`age1…`) of the recipients.
    Recipients(Vec<String>),
}

impl std::fmt::Debug for Encryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Declined => "Declined",
            Self::Passphrase(_) => "Passphrase",
            Self::Recipients(_) => "Recipients",
        })
    }
}

impl Encryption {
    /// Whether anything is encrypted.
    #[must_use]
    pub const fn encrypts(&self) -> bool {
        matches!(self, Self::Passphrase(_) | Self::Recipients(_))
    }

    /// Refuses a short passphrase and invalid recipients, before anything is written.
    ///
    /// # Errors
    /// [`PackageError::Passphrase`], [`PackageError::Recipient`].
    pub(super) fn check(&self) -> Result<(), PackageError> {
        match self {
            Self::None | Self::Declined => Ok(()),
            Self::Passphrase(passphrase) => {
                let (found, min) = (passphrase.chars().count(), BACKUP_PASSPHRASE_MIN);
                match found < min {
                    true => Err(PackageError::Passphrase { found, min }),
                    false => Ok(()),
                }
            }
            Self::Recipients(texts) => recipients(texts).map(drop),
        }
    }

    /// Encrypts the whole of `plain` into `target`.
    ///
    /// # Errors
    /// [`PackageError::Encrypt`], or the system's error.
    pub(super) fn encrypt(
        &self,
        plain: &mut File,
        target: &mut File,
        advance: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<()> {
        let failed = |what: String| ReleaseError::Package(PackageError::Encrypt { what });
        let encryptor = match self {
            Self::None | Self::Declined => return Err(failed("no recipient".into())),
            Self::Passphrase(passphrase) => {
                let passphrase = SecretString::from(passphrase.clone());
                age::Encryptor::with_user_passphrase(passphrase)
            }
            Self::Recipients(texts) => {
                let all = recipients(texts)?;
                let all = all.iter().map(|recipient| recipient as &dyn age::Recipient);
                age::Encryptor::with_recipients(all).map_err(|error| failed(error.to_string()))?
            }
        };
        plain.rewind()?;
        let mut output = encryptor.wrap_output(target)?;
        copy(&mut BufReader::new(plain), &mut output, advance, |_| {})?;
        output.finish()?.flush()?;
        Ok(())
    }
}

fn recipients(texts: &[String]) -> Result<Vec<Recipient>, PackageError> {
    let parse = |text: &String| {
        text.trim().parse::<Recipient>().map_err(|_| {
            let found = redact_record::visible(text);
            PackageError::Recipient { found }
        })
    };
    texts.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use age::secrecy::ExposeSecret as _;
    use redact_check::package::{PackageKeys, PackageOnDisk};

    use super::*;

    /// Goal: the recipient's key opens a package, and no other one does. Method: what is encrypted
    /// is a ZIP archive with one file, read in place through the reader of packages.
    #[test]
    fn only_the_recipient_opens_a_package() {
        let [ours, other] = [(); 2].map(|()| age::x25519::Identity::generate());
        let mut plain = tempfile::tempfile().unwrap();
        let mut archive = zip::ZipWriter::new(&mut plain);
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        archive.start_file("a.txt", options).unwrap();
        archive.write_all(b"evidence").unwrap();
        archive.finish().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip.age");
        let recipients = vec![ours.to_public().to_string()];
        let encryption = Encryption::Recipients(recipients);
        encryption.check().unwrap();
        let mut target = File::create(&path).unwrap();
        let mut go_on = |_| ControlFlow::Continue(());
        encryption
            .encrypt(&mut plain, &mut target, &mut go_on)
            .unwrap();

        let open = |identity: &age::x25519::Identity| {
            let mut keys = PackageKeys::default();
            let text = identity.to_string();
            keys.add_identities(text.expose_secret().as_bytes())
                .unwrap();
            PackageOnDisk::open(&path, &keys)
        };
        let mut package = open(&ours).unwrap();
        let mut found = String::new();
        package
            .open_file("a.txt")
            .unwrap()
            .read_to_string(&mut found)
            .unwrap();
        assert_eq!(found, "evidence");
        assert!(open(&other).is_err());
        let encrypted = std::fs::read(&path).unwrap();
        assert!(!encrypted.windows(8).any(|eight| eight == b"evidence"));
    }

    #[test]
    fn short_passphrases_and_other_keys_are_refused() {
        let short = Encryption::Passphrase("short".into());
        assert!(matches!(
            short.check(),
            Err(PackageError::Passphrase { found: 5, .. })
        ));
        let ssh = Encryption::Recipients(vec!["ssh-ed25519 AAAA".into()]);
        assert!(matches!(ssh.check(), Err(PackageError::Recipient { .. })));
        assert!(!format!("{short:?}").contains("short"));
    }
}
