//! Releases, recordings, plans and findings below a folder.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Result;
use redact_core::Digest;
use redact_record::manifest::PUBLIC_SCHEMA;
use redact_record::{findings, plan};
use serde::Serialize;
use serde_json::Value;

use crate::progress;

/// How manifests of releases end.
const MANIFEST_SUFFIX: &str = ".manifest.json";
/// The deepest folder that is searched.
const DEPTH_MAX: usize = 32;

/// A release by its manifest, nothing of which is believed yet.
pub(super) struct Found {
    pub(super) release: PathBuf,
    pub(super) manifest: PathBuf,
    pub(super) sha256: String,
    pub(super) created: String,
    pub(super) source: Option<Digest>,
    pub(super) source_bytes: Option<u64>,
    pub(super) requester: Option<String>,
    /// Digests of the plan's content and of the findings, by the sealed manifest.
    pub(super) made_from: Option<(Digest, Digest)>,
}

/// What could not be read while a folder was searched.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Unreadable {
    pub(super) path: PathBuf,
    pub(super) why: String,
}

/// Files below `folder`, by path; links are not followed. What cannot be read, or goes away
/// meanwhile, is added to `unreadable`, once.
fn files(folder: &Path, unreadable: &mut Vec<Unreadable>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                note(unreadable, &folder, &error);
                continue;
            }
        };
        for entry in entries {
            let entry = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
            match entry {
                Ok((path, kind)) if kind.is_dir() && depth < DEPTH_MAX => {
                    folders.push((path, depth + 1));
                }
                Ok((path, kind)) if kind.is_dir() => {
                    note(unreadable, &path, &"folders are nested too deeply");
                }
                Ok((path, kind)) if kind.is_file() => found.push(path),
                Ok(_) => {}
                Err(error) => note(unreadable, &folder, &error),
            }
        }
    }
    found.sort();
    found
}

fn note(unreadable: &mut Vec<Unreadable>, path: &Path, why: &dyn std::fmt::Display) {
    if unreadable.iter().all(|known| known.path != path) {
        unreadable.push(Unreadable {
            path: path.to_owned(),
            why: why.to_string(),
        });
    }
}

fn ends_with(path: &Path, suffix: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(suffix))
}

/// Every release below `folder`.
pub(super) fn releases(folder: &Path, unreadable: &mut Vec<Unreadable>) -> Vec<Found> {
    let all = files(folder, unreadable);
    let manifests = all.iter().filter(|path| ends_with(path, MANIFEST_SUFFIX));
    manifests.filter_map(|path| found(path)).collect()
}

/// A JSON file; `None` for anything else, which the check then reports.
fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&redact_record::manifest::read_bytes(path).ok()?).ok()
}

fn found(manifest: &Path) -> Option<Found> {
    let document = json(manifest);
    let is_other = document
        .as_ref()
        .is_some_and(|d| d["schema"] != PUBLIC_SCHEMA);
    if is_other {
        return None;
    }
    let document = document.unwrap_or_default();
    let name = manifest.file_name()?.to_string_lossy().into_owned();
    let stem = name.strip_suffix(MANIFEST_SUFFIX)?;
    let release = manifest.with_file_name(format!("{stem}.mp4"));
    let sealed = json(&manifest.with_file_name(format!("{stem}.sealed.json"))).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let digest = |value: &Value| Digest::from_hex(value.as_str()?);
    let body = &sealed["body"];
    Some(Found {
        release,
        manifest: manifest.to_owned(),
        sha256: text(&document["release"]["sha256"]).unwrap_or_default(),
        created: text(&document["created"]).unwrap_or_default(),
        source: digest(&document["source"]["sha256"]),
        source_bytes: document["source"]["bytes"].as_u64(),
        requester: text(&body["request"]["requester"]),
        made_from: digest(&body["plan_content_sha256"]).zip(digest(&body["findings_sha256"])),
    })
}

/// Recordings below `folder`, by length and SHA-256.
///
/// # Errors
/// When a person stopped it.
pub(super) fn sources(
    folder: &Path,
    unreadable: &mut Vec<Unreadable>,
) -> Result<HashMap<(u64, Digest), PathBuf>> {
    let mut sources = HashMap::new();
    for path in files(folder, unreadable) {
        let go = &mut |_, _| match progress::interrupted() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        match redact_record::digest_file(&path, go) {
            Ok((digest, bytes)) => {
                sources.insert((bytes, digest), path);
            }
            Err(error) => {
                progress::check_interrupted()?;
                note(unreadable, &path, &error);
            }
        }
    }
    Ok(sources)
}

/// Plans and findings, by the digests that sealed manifests name them with.
pub(super) struct Working {
    plans: HashMap<Digest, redact_core::Plan>,
    findings: HashMap<Digest, PathBuf>,
}

impl Working {
    pub(super) fn index(folder: &Path, unreadable: &mut Vec<Unreadable>) -> Self {
        let mut working = Self {
            plans: HashMap::new(),
            findings: HashMap::new(),
        };
        for path in files(folder, unreadable) {
            if ends_with(&path, "plan.json")
                && let Ok((plan, _)) = plan::read(&path)
            {
                working.plans.insert(plan::content(&plan), plan);
            } else if ends_with(&path, "findings.json")
                && let Ok((_, digest)) = findings::read(&path)
            {
                working.findings.insert(digest, path);
            }
        }
        working
    }

    /// What the plan of a release leaves out of its findings; nothing where they are not here.
    pub(super) fn check(&self, found: &Found) -> Vec<String> {
        let checked = found.made_from.and_then(|(content, digest)| {
            let (plan, path) = (self.plans.get(&content)?, self.findings.get(&digest)?);
            let (findings, digest) = findings::read(path).ok()?;
            Some(plan::check_findings(plan, &findings, digest))
        });
        match checked {
            Some(Err(refused)) => vec![format!("plan against its findings: {refused}")],
            Some(Ok(())) | None => Vec::new(),
        }
    }
}
