//! What JavaScript calls to check a package.

use serde_json::json;
use wasm_bindgen::prelude::*;

use super::{PageChecker, PageFile, json, length, refused, text};
use crate::{CheckerError, PackageChecker, PackageInHand, SlicedFile};

#[wasm_bindgen]
impl PageChecker {
    /// Checks the package itself that is in a folder: `paths` are those of `files`, with `/`
    /// between folders and name. Returns the verdict so far as JSON.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn check_folder(
        &mut self,
        paths: Vec<String>,
        files: Vec<PageFile>,
    ) -> Result<String, JsError> {
        let files = paths.into_iter().zip(files).map(|(path, file)| SlicedFile {
            path,
            bytes: length(&file),
            slices: file,
        });
        self.begin_package(Ok(PackageInHand::Folder(files.collect())))
    }

    /// Checks the package itself that is in a ZIP archive or a disc image. Returns the verdict so
    /// far as JSON.
    ///
    /// # Errors
    /// If it is neither, is encrypted, or cannot be read.
    pub fn check_container(&mut self, file: PageFile) -> Result<String, JsError> {
        let bytes = length(&file);
        self.begin_package(PackageInHand::open(file, bytes))
    }

    /// The package manifest and the paths of all files as JSON; the manifest is `null` if its
    /// signature does not hold.
    ///
    /// # Errors
    /// If no package was checked.
    pub fn package(&mut self) -> Result<String, JsError> {
        let package = self.package_checker()?;
        let paths = package.paths().map_err(refused)?;
        let manifest = json!({ "manifest": package.manifest(), "paths": paths });
        Ok(manifest.to_string())
    }

    /// Checks everything about the next release of the package that needs no decoder; returns it as
    /// JSON. Then the release can be measured, and [`Self::end_release`] adds it to the verdict.
    /// `undefined` after the last one.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn next_release(&mut self) -> Result<Option<String>, JsError> {
        let begun = self.package_checker()?.next_release().map_err(refused)?;
        let Some(begun) = begun else {
            return Ok(None);
        };
        let text = json::begun(&begun).to_string();
        (self.label, self.checked) = (begun.label, Some(begun.checked));
        Ok(Some(text))
    }

    /// Adds the release that was checked to the verdict on the package, and returns that as JSON.
    ///
    /// # Errors
    /// If no release was begun.
    pub fn end_release(&mut self) -> Result<String, JsError> {
        let checked = self.checked.take();
        let checked = checked.ok_or_else(|| refused(CheckerError::NotChecked))?;
        let label = std::mem::take(&mut self.label);
        let package = self.package_checker()?;
        package.add_release(&label, checked);
        Ok(json::package(package).to_string())
    }

    /// The verdict on the package as JSON.
    ///
    /// # Errors
    /// If no package was checked.
    pub fn package_verdict(&mut self) -> Result<String, JsError> {
        Ok(json::package(self.package_checker()?).to_string())
    }
}

impl PageChecker {
    fn begin_package(
        &mut self,
        opened: Result<PackageInHand<PageFile>, CheckerError>,
    ) -> Result<String, JsError> {
        let trust = self.checker.trust().map_err(refused)?;
        let package = PackageChecker::new(trust, opened).map_err(|error| text(&error))?;
        Ok(json::package(self.package.insert(package)).to_string())
    }

    fn package_checker(&mut self) -> Result<&mut PackageChecker<PageFile>, JsError> {
        let package = self.package.as_mut();
        package.ok_or_else(|| refused(CheckerError::NotChecked))
    }
}
