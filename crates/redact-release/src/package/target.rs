//! What a package is written to, by its name.

use std::path::{Path, PathBuf};

use redact_record::package::{PackageContainer, Transmittal};

use super::error::PackageError;
use crate::error::{Context as _, Result};

/// Where a package goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageTarget {
    /// Its path.
    pub path: PathBuf,
    /// Its form.
    pub container: PackageContainer,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
}

impl PackageTarget {
    /// By the ending: `.zip`, `.iso`, either with `.age` behind it, or a folder.
    ///
    /// # Errors
    /// [`PackageError::Name`] for `.age` alone.
    pub fn of(path: &Path) -> Result<Self> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let (name, is_encrypted) = match name.strip_suffix(".age") {
            Some(inner) => (inner, true),
            None => (&*name, false),
        };
        let container = match name.rsplit_once('.') {
            Some((_, "zip")) => PackageContainer::Zip,
            Some((_, "iso")) => PackageContainer::Iso,
            _ if is_encrypted => {
                let found = format!("{name}.age");
                let expected = "an encrypted package is a file: use .zip.age or .iso.age";
                return Err(PackageError::Name { found, expected }).in_file(path);
            }
            _ => PackageContainer::Folder,
        };
        Ok(Self {
            path: path.to_owned(),
            container,
            is_encrypted,
        })
    }

    /// Refuses a form that the profile does not allow, and a name that does not say whether the
    /// package is encrypted.
    ///
    /// # Errors
    /// [`PackageError::OtherForm`], [`PackageError::NotEncrypted`], [`PackageError::Name`].
    pub(super) fn check(
        &self,
        profile: &Transmittal,
        encrypts: bool,
        declines: bool,
    ) -> Result<(), PackageError> {
        if !profile.containers.contains(&self.container) {
            let allowed: Vec<&str> = profile.containers.iter().map(|form| form.name()).collect();
            return Err(PackageError::OtherForm {
                found: self.container.name(),
                profile: profile.name.clone(),
                allowed: allowed.join(" or "),
            });
        }
        if profile.encrypt && !encrypts && !declines {
            let profile = profile.name.clone();
            return Err(PackageError::NotEncrypted { profile });
        }
        if encrypts != self.is_encrypted {
            let (found, expected) = match encrypts {
                true => (
                    "an encrypted package without .age",
                    "name it .zip.age or .iso.age",
                ),
                false => (
                    "a package with .age that is not encrypted",
                    "give a passphrase or a recipient, or leave .age out",
                ),
            };
            let found = found.to_owned();
            return Err(PackageError::Name { found, expected });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn of(name: &str) -> Option<(PackageContainer, bool)> {
        let target = PackageTarget::of(Path::new(name)).ok()?;
        Some((target.container, target.is_encrypted))
    }

    #[test]
    fn the_ending_decides() {
        assert_eq!(of("a/b.zip"), Some((PackageContainer::Zip, false)));
        assert_eq!(of("b.ISO"), Some((PackageContainer::Iso, false)));
        assert_eq!(of("b.iso.age"), Some((PackageContainer::Iso, true)));
        assert_eq!(of("b.zip.AGE"), Some((PackageContainer::Zip, true)));
        assert_eq!(of("case.17"), Some((PackageContainer::Folder, false)));
        assert_eq!(of("case.age"), None);
    }
}
