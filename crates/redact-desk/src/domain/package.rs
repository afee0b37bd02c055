//! Rules of packages: names of their files, and how they are encrypted.

use redact_record::sign::BACKUP_PASSPHRASE_MIN;

use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::model::{EncryptionKind, PackageForm};
use crate::task::{PackageEncryption, Passphrase};

/// The most releases in a package.
pub(crate) const RELEASES_MAX: usize = 500;

/// The longest passphrase in characters.
const PASSPHRASE_MAX: usize = 1000;

/// The most recipients of an encrypted package.
const RECIPIENTS_MAX: usize = 20;

/// Characters of an age public key. Source: age-encryption.org/v1, "The X25519 recipient type".
const RECIPIENT_CHARS: usize = 62;

/// The name of a package's file. Like those of releases, it reveals nothing about the request.
pub(crate) fn file_name(id: &Id, form: PackageForm, encryption: EncryptionKind) -> String {
    let ending = match encryption {
        EncryptionKind::None => "",
        EncryptionKind::Passphrase | EncryptionKind::Recipients => ".age",
    };
    format!("package-{}.{}{ending}", &id.as_str()[..8], form.word())
}

/// The media type of a package.
pub(crate) const fn media_type(form: PackageForm, encryption: EncryptionKind) -> &'static str {
    match (encryption, form) {
        (EncryptionKind::Passphrase | EncryptionKind::Recipients, _) => "application/octet-stream",
        (EncryptionKind::None, PackageForm::Zip) => "application/zip",
        (EncryptionKind::None, PackageForm::Iso) => "application/x-iso9660-image",
    }
}

/// How a package is to be encrypted, as a client sends it.
pub(crate) struct EncryptionInput {
    pub(crate) kind: EncryptionKind,
    pub(crate) passphrase: Option<String>,
    pub(crate) recipients: Vec<String>,
}

impl EncryptionInput {
    /// Checks it, so that a mistake is found before the package is made.
    ///
    /// # Errors
    /// 400 for a passphrase or a key that cannot be used. No message contains the passphrase.
    pub(crate) fn check(self) -> ApiResult<PackageEncryption> {
        let Self {
            kind,
            passphrase,
            recipients,
        } = self;
        if kind != EncryptionKind::Passphrase && passphrase.is_some() {
            let message = "A passphrase was sent for a package that is not encrypted with one.";
            return Err(ApiError::field("passphrase", message));
        }
        if kind != EncryptionKind::Recipients && !recipients.is_empty() {
            let message = "Keys were sent for a package that is not encrypted to keys.";
            return Err(ApiError::field("recipients", message));
        }
        match kind {
            EncryptionKind::None => Ok(PackageEncryption::None),
            EncryptionKind::Passphrase => {
                let given = passphrase.unwrap_or_default();
                check_passphrase(&given)?;
                Ok(PackageEncryption::Passphrase(Passphrase::new(given)))
            }
            EncryptionKind::Recipients => {
                let keys: Vec<String> = recipients.iter().map(|key| key.trim().into()).collect();
                check_recipients(&keys)?;
                Ok(PackageEncryption::Recipients(keys))
            }
        }
    }
}

fn check_passphrase(given: &str) -> ApiResult<()> {
    let refused = |message: String| Err(ApiError::field("passphrase", message));
    let count = given.chars().count();
    if count < BACKUP_PASSPHRASE_MIN {
        let message = format!("The passphrase needs at least {BACKUP_PASSPHRASE_MIN} characters.");
        return refused(message);
    }
    if count > PASSPHRASE_MAX {
        return refused(format!(
            "The passphrase is longer than {PASSPHRASE_MAX} characters."
        ));
    }
    // The recipient types it: what cannot be seen cannot be typed.
    if given.trim() != given || given.chars().any(redact_record::is_invisible) {
        return refused(
            "The passphrase begins or ends with a space, or has characters that cannot be seen."
                .to_owned(),
        );
    }
    Ok(())
}

fn check_recipients(keys: &[String]) -> ApiResult<()> {
    let refused = |message: String| Err(ApiError::field("recipients", message));
    if keys.is_empty() || keys.len() > RECIPIENTS_MAX {
        return refused(format!("Expected 1 to {RECIPIENTS_MAX} keys."));
    }
    for (at, key) in keys.iter().enumerate() {
        let fits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z');
        if !key.starts_with("age1") || key.len() != RECIPIENT_CHARS || !key.bytes().all(fits) {
            let (at, length) = (at + 1, RECIPIENT_CHARS);
            return refused(format!(
                "Key {at} is not a public key of age: expected {length} characters that begin \
                 with age1."
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: EncryptionKind, passphrase: Option<&str>, keys: &[&str]) -> bool {
        let input = EncryptionInput {
            kind,
            passphrase: passphrase.map(str::to_owned),
            recipients: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        input.check().is_ok()
    }

    /// Goal: a mistake in a passphrase or a key is found before the package is made.
    #[test]
    fn passphrases_and_keys_are_checked() {
        let key = format!("age1{}", "q".repeat(58));
        assert!(check(EncryptionKind::None, None, &[]));
        assert!(check(EncryptionKind::Passphrase, Some("twelve chars"), &[]));
        assert!(check(EncryptionKind::Recipients, None, &[&key, &key]));
        for wrong in [
            None,
            Some(""),
            Some("eleven char"),
            Some("twelve chars "),
            Some("a\nb twelve ch"),
        ] {
            assert!(!check(EncryptionKind::Passphrase, wrong, &[]), "{wrong:?}");
        }
        for wrong in ["", "age1", "ssh-ed25519 AAAA", &key.to_uppercase()] {
            assert!(
                !check(EncryptionKind::Recipients, None, &[wrong]),
                "{wrong}"
            );
        }
        assert!(!check(EncryptionKind::None, Some("twelve chars"), &[]));
        assert!(!check(EncryptionKind::None, None, &[&key]));
        assert!(!check(EncryptionKind::Recipients, None, &[]));
    }

    #[test]
    fn names_say_form_and_encryption_and_nothing_else() {
        let id = Id::random();
        let stem = format!("package-{}", &id.as_str()[..8]);
        let name = |form, encryption| file_name(&id, form, encryption);
        let plain = name(PackageForm::Iso, EncryptionKind::None);
        assert_eq!(plain, format!("{stem}.iso"));
        let sealed = name(PackageForm::Zip, EncryptionKind::Passphrase);
        assert_eq!(sealed, format!("{stem}.zip.age"));
    }
}
