//! What is to be done for each recording: its release's name, policy, options and request.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::Digest;
use redact_record::digest_bytes;
use redact_record::manifest::{RequestFile, read_request};
use redact_release::approve::read_policy;
use redact_release::names::{RELEASE_SUFFIX, named};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::inputs::{Recording, shown};
use super::journal::{Past, real};
use super::names::{NameParts, names};
use super::result::{ClipResult, End, RequestKeys};
use crate::args::{BatchArgs, ModelArgs, ReleaseArgs, Words};

/// One recording to process.
#[derive(Debug)]
pub(super) struct BatchTask {
    pub(super) clip: PathBuf,
    /// Its release's name without endings.
    pub(super) name: String,
    /// The policy that decides.
    pub(super) policy: PathBuf,
    /// Which detectors run.
    pub(super) models: ModelArgs,
    /// What is known of the request; `None` where nothing is.
    pub(super) details: Option<RequestFile>,
    /// Policy and options, as the journal has them.
    pub(super) settings: Vec<String>,
    /// How it ended, where nothing is to be done.
    pub(super) done: Option<ClipResult>,
    /// Bytes of the recording, for progress.
    pub(super) bytes: u64,
}

impl BatchTask {
    /// Where its release is.
    pub(super) fn release(&self, out_dir: &Path) -> PathBuf {
        named(&self.name, RELEASE_SUFFIX, out_dir)
    }

    /// By what an office finds it.
    pub(super) fn keys(&self) -> RequestKeys {
        let Some(details) = &self.details else {
            return RequestKeys::default();
        };
        let request = &details.request;
        RequestKeys {
            request_number: request.request_number.clone(),
            case_number: request.case_number.clone(),
            evidence_id: request.evidence_id.clone(),
        }
    }

    /// A result that has its keys.
    pub(super) fn result(&self, end: End, detail: &str) -> ClipResult {
        ClipResult {
            request: self.keys(),
            ..ClipResult::without_work(&self.clip, end, detail)
        }
    }
}

/// Makes the tasks. Which of them are done already, `super::earlier` finds out.
///
/// # Errors
/// When a policy or the request file cannot be used, or a recording has no policy.
pub(super) fn tasks(
    recordings: Vec<Recording>,
    args: &BatchArgs,
    past: &Past,
) -> Result<Vec<BatchTask>> {
    let mut policies = Policies::default();
    let basis = basis(&args.release)?;
    let parts: Vec<NameParts> = recordings
        .iter()
        .map(|recording| NameParts {
            relative: recording.relative.clone(),
            folder: recording.folder.clone(),
            known: past.names.get(&real(&recording.clip)).cloned(),
        })
        .collect();
    let named = recordings.into_iter().zip(names(&parts));
    let tasks = named.map(|(recording, name)| {
        let row = recording.row.as_ref();
        let policy = row
            .and_then(|row| row.policy.as_ref())
            .or(args.policy.as_ref());
        let policy = policy.with_context(|| {
            let place = row.map_or_else(|| shown(&recording.clip), |row| row.at.clone());
            format!("{place}: no policy; need --policy FILE, or a column \"policy\" in the list")
        })?;
        let mut models = args.models.clone();
        if let Some(profile) = row.and_then(|row| row.profile) {
            models.profile = profile;
        }
        let details = match row {
            Some(row) => {
                let merged = merged(&basis, &row.details)?;
                merged.check().with_context(|| row.at.clone())?;
                merged
            }
            None => basis.clone(),
        };
        let details = (details != RequestFile::default()).then_some(details);
        let digest = policies.digest(policy)?;
        Ok(BatchTask {
            settings: settings(args, &models, digest, details.as_ref())?,
            policy: policy.clone(),
            bytes: std::fs::metadata(&recording.clip).map_or(0, |data| data.len()),
            clip: recording.clip,
            name,
            models,
            details,
            done: None,
        })
    });
    tasks.collect()
}

/// Policies that were read.
#[derive(Default)]
struct Policies(BTreeMap<PathBuf, Digest>);

impl Policies {
    /// SHA-256 of a policy that one person is enough for.
    fn digest(&mut self, path: &Path) -> Result<Digest> {
        if let Some(known) = self.0.get(path) {
            return Ok(*known);
        }
        let policy = read_policy(path)?;
        if policy.second_person {
            bail!(
                "{}: this policy asks for two people, and a batch has none: use scan, approve \
                 (twice) and render",
                shown(path)
            );
        }
        self.0.insert(path.to_owned(), policy.digest);
        Ok(policy.digest)
    }
}

/// What the options say of the request, over what the request file says.
fn basis(args: &ReleaseArgs) -> Result<RequestFile> {
    let mut basis = match &args.request_file {
        Some(path) => read_request(path).with_context(|| shown(path))?,
        None => RequestFile::default(),
    };
    let or = |typed: &Option<String>, written: Option<String>| typed.clone().or(written);
    basis.terms.agency = or(&args.agency, basis.terms.agency);
    basis.request.request_number = or(&args.request, basis.request.request_number);
    basis.request.requester = or(&args.requester, basis.request.requester);
    basis.check()?;
    Ok(basis)
}

/// What a row says, over what holds for all recordings.
fn merged(basis: &RequestFile, row: &RequestFile) -> Result<RequestFile> {
    fn over<T: Serialize + DeserializeOwned>(basis: &T, row: &T) -> Result<T> {
        let mut table = serde_json::to_value(basis)?;
        let Value::Object(row) = serde_json::to_value(row)? else {
            unreachable!("both are tables");
        };
        for (key, value) in row {
            let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !is_empty {
                table[key] = value;
            }
        }
        Ok(serde_json::from_value(table)?)
    }
    Ok(RequestFile {
        terms: over(&basis.terms, &row.terms)?,
        request: over(&basis.request, &row.request)?,
    })
}

/// Everything that a release depends on besides the recording, in words. Names of people are in it
/// as a digest.
fn settings(
    args: &BatchArgs,
    models: &ModelArgs,
    policy: Digest,
    details: Option<&RequestFile>,
) -> Result<Vec<String>> {
    let release = ReleaseArgs {
        force: false,
        no_cache: false,
        key: None,
        agency: None,
        request: None,
        requester: None,
        request_file: None,
        ..args.release.clone()
    };
    let models = ModelArgs {
        models: None,
        ..models.clone()
    };
    let words = args.input.add_to(args.speech.add_to(Words::default()));
    let words = args.answer.add_to(release.add_to(models.add_to(words)));
    let words = words
        .into_iter()
        .map(|word| word.to_string_lossy().into_owned());
    let mut settings = vec![format!("policy={policy}")];
    if let Some(RequestFile { terms, request }) = details {
        let text = serde_json::to_vec(&(terms, request))?;
        settings.push(format!("request={}", digest_bytes(&text)));
    }
    settings.extend(words.map(|word| word.trim_start_matches("--").to_owned()));
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: what a row leaves out is what holds for all; what it says counts.
    #[test]
    fn a_row_goes_over_what_holds_for_all() {
        let mut basis = RequestFile::default();
        basis.request.requester = Some("R. Roe".into());
        basis.request.case_number = Some("1".into());
        basis.request.related_recordings = vec!["x".into()];
        let mut row = RequestFile::default();
        row.request.case_number = Some("2".into());
        let all = merged(&basis, &row).unwrap();
        assert_eq!(all.request.requester.as_deref(), Some("R. Roe"));
        assert_eq!(all.request.case_number.as_deref(), Some("2"));
        assert_eq!(all.request.related_recordings, ["x"]);
    }
}
