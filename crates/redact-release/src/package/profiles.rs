//! Transmittal profiles by name.

use std::path::Path;

use redact_record::package::{Transmittal, read_transmittal, transmittal_of};

use super::error::PackageError;
use crate::error::{Context as _, Result};

/// The profiles that are part of the program, by name.
pub const BUILT_IN_PROFILES: [(&str, &str); 5] = [
    (
        "court-500mb",
        include_str!("../../../../transmittals/court-500mb.toml"),
    ),
    (
        "other-agency",
        include_str!("../../../../transmittals/other-agency.toml"),
    ),
    ("press", include_str!("../../../../transmittals/press.toml")),
    (
        "prosecutor",
        include_str!("../../../../transmittals/prosecutor.toml"),
    ),
    (
        "public",
        include_str!("../../../../transmittals/public.toml"),
    ),
];

/// The profile `name`: a path if it contains a `/` or ends in `.toml`; otherwise the file of that
/// name in `folder`, the office's own; otherwise a built-in one.
///
/// # Errors
/// [`PackageError::NoProfile`]; if the file cannot be read or is not valid.
pub fn find_profile(name: &str, folder: Option<&Path>) -> Result<Transmittal> {
    if name.contains('/') || name.ends_with(".toml") {
        let path = Path::new(name);
        return read_transmittal(path).in_file(path);
    }
    let own = folder.map(|folder| folder.join(format!("{name}.toml")));
    if let Some(path) = own.filter(|path| path.exists()) {
        return read_transmittal(&path).in_file(&path);
    }
    match BUILT_IN_PROFILES.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Ok(transmittal_of(text.as_bytes())?),
        None => {
            let available: Vec<&str> = BUILT_IN_PROFILES.iter().map(|(name, _)| *name).collect();
            Err(PackageError::NoProfile {
                name: redact_record::visible(name),
                available: available.join(", "),
            }
            .into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: an office's own profile takes precedence, and a misspelled name is an error.
    #[test]
    fn profiles_are_found_by_name_and_by_path() {
        for (name, _) in BUILT_IN_PROFILES {
            assert_eq!(find_profile(name, None).unwrap().name, name);
        }
        let folder = tempfile::tempdir().unwrap();
        let own = BUILT_IN_PROFILES[4]
            .1
            .replace("A member of the public", "Ours");
        let path = folder.path().join("public.toml");
        std::fs::write(&path, own).unwrap();
        assert_eq!(
            find_profile("public", Some(folder.path())).unwrap().title,
            "Ours"
        );
        let by_path = find_profile(path.to_str().unwrap(), None).unwrap();
        assert_eq!(by_path.title, "Ours");
        assert_eq!(
            find_profile("press", Some(folder.path())).unwrap().name,
            "press"
        );
        let error = find_profile("pres", None).unwrap_err();
        assert!(
            error.text().contains("available: court-500mb"),
            "{}",
            error.text()
        );
    }
}
