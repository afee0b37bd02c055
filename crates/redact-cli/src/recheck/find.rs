//! Releases, recordings, plans and findings below a folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_core::Digest;
use redact_record::manifest::PUBLIC_SCHEMA;
use redact_record::{findings, plan};
use serde_json::Value;

/// How manifests of releases end.
const MANIFEST_SUFFIX: &str = ".manifest.json";
/// The deepest folder that is looked into.
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

/// Files below `folder`, by path; links are not followed.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let name = || format!("{}: cannot read", folder.display());
        for entry in std::fs::read_dir(&folder).with_context(name)? {
            let entry = entry.with_context(name)?;
            let kind = entry.file_type().with_context(name)?;
            if kind.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn ends_with(path: &Path, suffix: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(suffix))
}

/// Every release below `folder`.
pub(super) fn releases(folder: &Path) -> Result<Vec<Found>> {
    let all = files(folder)?;
    let manifests = all.iter().filter(|path| ends_with(path, MANIFEST_SUFFIX));
    Ok(manifests.filter_map(|path| found(path)).collect())
}

/// A JSON file; `None` for what is none, which is for the check to say.
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
pub(super) fn sources(folder: &Path) -> Result<HashMap<(u64, Digest), PathBuf>> {
    let go = &mut |_, _| std::ops::ControlFlow::Continue(());
    let mut sources = HashMap::new();
    for path in files(folder)? {
        let (digest, bytes) =
            redact_record::digest_file(&path, go).with_context(|| path.display().to_string())?;
        sources.insert((bytes, digest), path);
    }
    Ok(sources)
}

/// Plans and findings, by the digests that sealed manifests name them with.
pub(super) struct Working {
    plans: HashMap<Digest, redact_core::Plan>,
    findings: HashMap<Digest, PathBuf>,
}

impl Working {
    pub(super) fn index(folder: &Path) -> Result<Self> {
        let mut working = Self {
            plans: HashMap::new(),
            findings: HashMap::new(),
        };
        for path in files(folder)? {
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
        Ok(working)
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
