//! A folder of model cards and weights.
//!
//! A card without weights is "not installed", which is not an error by itself: the caller decides
//! whether the model is needed. Weights whose digest is not on the card are never passed to the
//! runtime.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use redact_core::Digest;
use sha2::{Digest as _, Sha256};

use crate::card::{CardSource, FileRole};
use crate::{Card, CardError, VisionError};

/// Maximum size of weights in bytes: far more than any model that is fast enough has.
const WEIGHTS_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// A folder of model cards and weights.
#[derive(Clone, Debug)]
pub struct ModelStore {
    dir: PathBuf,
    cards: Vec<Card>,
}

/// A model whose files are open, but not read yet.
///
/// A process that may open no more files can still read these.
#[derive(Debug)]
pub struct ModelFiles {
    card: Card,
    weights: fs::File,
    files: Vec<(FileRole, fs::File)>,
}

/// A card with weights that match it.
#[derive(Clone)]
pub struct Model {
    card: Card,
    digest: Digest,
    weights: Vec<u8>,
    files: Vec<(FileRole, Vec<u8>)>,
}

impl ModelStore {
    /// Reads all cards (`*.toml`) in `dir`.
    ///
    /// # Errors
    /// [`CardError`]: the folder or a card cannot be read, a card is not valid, or two have the
    /// same name.
    pub fn open(dir: &Path) -> Result<Self, CardError> {
        let unread = |source| CardError::Read {
            file: dir.display().to_string(),
            source,
        };
        let mut paths = Vec::new();
        for entry in fs::read_dir(dir).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                paths.push(path);
            }
        }
        paths.sort();
        let mut cards: Vec<Card> = Vec::with_capacity(paths.len());
        for path in paths {
            let card = Card::read(&path)?;
            if cards.iter().any(|other| other.name == card.name) {
                return Err(CardError::Value {
                    file: path.display().to_string(),
                    what: format!("a second card named {:?}; names must be unique", card.name),
                });
            }
            cards.push(card);
        }
        let dir = dir.to_owned();
        Ok(Self { dir, cards })
    }

    /// All cards, in the order of their file names.
    #[must_use]
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// The card with that name.
    #[must_use]
    pub fn card(&self, name: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.name == name)
    }

    /// Cards whose files are all in the folder; [`Self::load`] checks them.
    pub fn installed(&self) -> impl Iterator<Item = &Card> {
        let cards = self.cards.iter();
        cards.filter(|card| self.missing_file(card).is_none())
    }

    /// The first of a card's files that is not in the folder.
    fn missing_file<'a>(&self, card: &'a Card) -> Option<&'a str> {
        let files = card.files.iter().map(|file| file.name.as_str());
        let mut files = std::iter::once(card.file.as_str()).chain(files);
        files.find(|file| !self.dir.join(file).is_file())
    }

    /// Reads the files of the model `name` and checks their digests.
    ///
    /// # Errors
    /// Those of [`Self::open_files`] and [`ModelFiles::read`].
    pub fn load(&self, name: &str) -> Result<Model, VisionError> {
        self.open_files(name)?.read()
    }

    /// Opens the files of the model `name` without reading them.
    ///
    /// # Errors
    /// [`VisionError::UnknownModel`], [`VisionError::NotInstalled`], [`VisionError::ReadWeights`].
    pub fn open_files(&self, name: &str) -> Result<ModelFiles, VisionError> {
        let Some(card) = self.card(name) else {
            let names: Vec<&str> = self.cards.iter().map(|card| card.name.as_str()).collect();
            return Err(VisionError::UnknownModel {
                name: name.to_owned(),
                known: names.join(", "),
            });
        };
        if let Some(file) = self.missing_file(card) {
            return Err(VisionError::NotInstalled {
                model: card.name.clone(),
                file: file.to_owned(),
            });
        }
        let open = |file: &str| {
            let opened = fs::File::open(self.dir.join(file));
            opened.map_err(|source| VisionError::ReadWeights {
                model: card.name.clone(),
                source,
            })
        };
        let files = card.files.iter();
        let files = files.map(|file| Ok((file.role, open(&file.name)?)));
        Ok(ModelFiles {
            weights: open(&card.file)?,
            files: files.collect::<Result<_, VisionError>>()?,
            card: card.clone(),
        })
    }
}

impl ModelFiles {
    /// The model's card.
    #[must_use]
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// Reads the files and checks their digests.
    ///
    /// # Errors
    /// [`VisionError::ReadWeights`], [`VisionError::WrongDigest`].
    pub fn read(self) -> Result<Model, VisionError> {
        let Self {
            card,
            weights,
            files,
        } = self;
        let (weights, digest) = read_checked(&card, weights, &card.sources)?;
        let read = |((role, file), entry): ((FileRole, fs::File), &crate::CardFile)| {
            Ok((role, read_checked(&card, file, &entry.sources)?.0))
        };
        let files = files.into_iter().zip(&card.files).map(read);
        Ok(Model {
            files: files.collect::<Result<_, VisionError>>()?,
            digest,
            weights,
            card,
        })
    }
}

/// The content of `file` and its digest, which is that of one of `sources`.
fn read_checked(
    card: &Card,
    file: fs::File,
    sources: &[CardSource],
) -> Result<(Vec<u8>, Digest), VisionError> {
    let mut content = Vec::new();
    file.take(WEIGHTS_BYTES_MAX)
        .read_to_end(&mut content)
        .map_err(|source| VisionError::ReadWeights {
            model: card.name.clone(),
            source,
        })?;
    let found = Digest(Sha256::digest(&content).into());
    if !sources.iter().any(|source| source.digest == found) {
        let mut expected: Vec<Digest> = sources.iter().map(|s| s.digest).collect();
        expected.dedup();
        return Err(VisionError::WrongDigest {
            model: card.name.clone(),
            found,
            expected,
        });
    }
    Ok((content, found))
}

impl Model {
    /// Its card.
    #[must_use]
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// SHA-256 of the weights.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn weights(&self) -> &[u8] {
        &self.weights
    }

    /// The content of a further file.
    pub(crate) fn file(&self, role: FileRole) -> Result<&[u8], VisionError> {
        let file = self.files.iter().find(|(found, _)| *found == role);
        let file = file.ok_or_else(|| VisionError::Unsuitable {
            model: self.card.name.clone(),
            what: format!("no file {:?}; the card must name one", role.name()),
        })?;
        Ok(&file.1)
    }
}

impl std::fmt::Debug for Model {
    // The weights are left out: they are megabytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.card.name)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = include_str!("../../../models/centerface.toml");
    const DIGEST: &str = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc";

    /// A folder with a card whose digest is that of `b"weights"`.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let digest = Digest(Sha256::digest(b"weights").into()).to_string();
        fs::write(
            dir.path().join("centerface.toml"),
            CARD.replace(DIGEST, &digest),
        )
        .unwrap();
        dir
    }

    #[test]
    fn weights_with_the_digest_of_the_card_are_loaded() {
        let dir = folder();
        fs::write(dir.path().join("centerface.onnx"), b"weights").unwrap();
        let store = ModelStore::open(dir.path()).unwrap();
        assert_eq!(store.installed().count(), 1);
        assert_eq!(store.load("centerface").unwrap().weights(), b"weights");
    }

    #[test]
    fn a_card_without_weights_is_not_installed() {
        let dir = folder();
        let store = ModelStore::open(dir.path()).unwrap();
        assert_eq!((store.cards().len(), store.installed().count()), (1, 0));
        let error = store.load("centerface").unwrap_err();
        assert!(matches!(error, VisionError::NotInstalled { .. }), "{error}");
    }

    /// Goal: one changed byte is an error with both digests.
    #[test]
    fn weights_with_another_digest_are_refused() {
        let dir = folder();
        fs::write(dir.path().join("centerface.onnx"), b"Weights").unwrap();
        let store = ModelStore::open(dir.path()).unwrap();
        match store.load("centerface").unwrap_err() {
            VisionError::WrongDigest {
                found, expected, ..
            } => {
                assert_eq!(found, Digest(Sha256::digest(b"Weights").into()));
                assert_eq!(expected, [Digest(Sha256::digest(b"weights").into())]);
            }
            other => panic!("{other}"),
        }
    }

    /// Goal: a model with further files is installed only if all are there, and each is checked.
    #[test]
    fn further_files_are_needed_and_checked() {
        let dir = tempfile::tempdir().unwrap();
        let card = include_str!("../../../models/whisper-base.toml");
        let digest = Digest(Sha256::digest(b"content").into()).to_string();
        let pinned: Vec<String> = card
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some(("sha256", _)) => format!("sha256 = {digest:?}"),
                _ => line.to_owned(),
            })
            .collect();
        fs::write(dir.path().join("whisper-base.toml"), pinned.join("\n")).unwrap();
        let store = ModelStore::open(dir.path()).unwrap();
        let card = store.card("whisper-base").unwrap().clone();
        let names = card.files.iter().map(|file| &file.name);
        for name in names.chain([&card.file]) {
            assert_eq!(store.installed().count(), 0);
            fs::write(dir.path().join(name), b"content").unwrap();
        }
        assert_eq!(store.installed().count(), 1);
        let model = store.load("whisper-base").unwrap();
        assert_eq!(model.file(FileRole::Vocabulary).unwrap(), b"content");

        // Files that are open can be read when the folder is out of reach.
        let open = store.open_files("whisper-base").unwrap();
        fs::write(dir.path().join(&card.files[1].name), b"other").unwrap();
        fs::remove_file(dir.path().join(&card.files[0].name)).unwrap();
        let error = open.read().unwrap_err();
        assert!(matches!(error, VisionError::WrongDigest { .. }), "{error}");
        let error = store.load("whisper-base").unwrap_err();
        assert!(matches!(error, VisionError::NotInstalled { .. }), "{error}");
    }

    #[test]
    fn two_cards_of_one_name_are_refused() {
        let dir = folder();
        let card = dir.path().join("centerface.toml");
        fs::copy(&card, dir.path().join("other.toml")).unwrap();
        let error = ModelStore::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains("second card"), "{error}");
    }

    #[test]
    fn an_unknown_name_is_an_error_with_the_known_names() {
        let dir = folder();
        let error = ModelStore::open(dir.path()).unwrap().load("x").unwrap_err();
        assert!(error.to_string().contains("centerface"), "{error}");
    }
}
