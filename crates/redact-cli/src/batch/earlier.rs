//! Whether an earlier run has done a recording: the same recording with the same policy and options
//! has a whole release.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_release::files::{check_recording, digest};
use redact_release::names::{FINDINGS_SUFFIX, RELEASE_SUFFIX, folder_of, named};
use serde_json::Value;

use super::inputs::{plain, shown};
use super::journal::{Done, FileFacts, Past, real};
use super::result::{ClipResult, End};
use super::tasks::BatchTask;
use crate::args::BatchArgs;
use crate::progress::TerminalProgress;
use crate::run::Figures;

/// Finds out what is done already: the same recording with the same policy and options has a whole
/// release. A release of another recording under that name is not replaced.
pub(super) fn settle(task: &mut BatchTask, args: &BatchArgs, past: &Past) {
    if let Err(error) = check_usable(&task.clip) {
        task.done = Some(task.result(End::Failed, &format!("{error:#}")));
        return;
    }
    let force = args.release.force;
    task.done = match earlier(task, &args.out_dir, past) {
        Ok(Some(name)) => {
            task.name = name;
            let release = task.release(&args.out_dir);
            match with_same_settings(task, &release, past) {
                _ if force => None,
                Ok(()) => Some(skipped(task, &release, past)),
                Err(error) => Some(task.result(End::Failed, &format!("{error:#}"))),
            }
        }
        Ok(None) => None,
        Err(_) if force => None,
        Err(error) => Some(task.result(End::Failed, &format!("{error:#}"))),
    };
}

fn check_usable(clip: &Path) -> Result<()> {
    if clip.to_str().is_none() {
        bail!("the name is not UTF-8, and manifests need names that are; rename the file");
    }
    Ok(check_recording(clip)?)
}

/// The result of a release that is there: as the journal has it, else from its findings and its
/// manifest, where the batch was killed before it could record the release.
fn skipped(task: &BatchTask, release: &Path, past: &Past) -> ClipResult {
    let known = past.done.get(&task.name);
    let known = known.map(|done| (done.figures.clone(), done.needs_person.clone()));
    let read = || {
        let folder = folder_of(release);
        let findings = named(&task.name, FINDINGS_SUFFIX, &folder);
        let manifest = std::fs::read(redact_record::release_paths(release).manifest).ok()?;
        Figures::of_earlier(&findings, &manifest)
    };
    let (figures, needs_person) = known.or_else(read).unzip();
    ClipResult {
        release: Some(plain(release)),
        figures,
        needs_person: needs_person.unwrap_or_default(),
        ..task.result(End::Skipped, &format!("{} exists already", shown(release)))
    }
}

/// The name of the release that the recording has. Where another recording has the task's name, as
/// cameras use their names again, the task gets a name that is free.
fn earlier(task: &mut BatchTask, out_dir: &Path, past: &Past) -> Result<Option<String>> {
    let release = task.release(out_dir);
    if !release.exists() {
        return Ok(None);
    }
    let source = source_of(&release)?;
    let digest = digest_of(task, past)?;
    if source == digest {
        return Ok(Some(task.name.clone()));
    }
    // The name may have got such an ending before.
    let ending = past
        .done
        .get(&task.name)
        .map(|done| short(&done.figures.source_sha256));
    let base = ending.and_then(|ending| task.name.strip_suffix(&format!("-{ending}")));
    let other = format!("{}-{}", base.unwrap_or(&task.name), short(&digest));
    let there = named(&other, RELEASE_SUFFIX, out_dir);
    if there.exists() && source_of(&there)? == digest {
        return Ok(Some(other));
    }
    task.name = other;
    Ok(None)
}

/// The first digits of a digest, which tell recordings of one name apart.
fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}

/// SHA-256 of the recording, hexadecimal: read, unless the file is the one that was read before.
fn digest_of(task: &BatchTask, past: &Past) -> Result<String> {
    let clip = real(&task.clip);
    let facts = FileFacts::of(&task.clip);
    let is_it = |done: &&Done| done.clip == clip && Some(&done.file) == facts.as_ref();
    let likely = past.done.get(&task.name).filter(is_it);
    if let Some(done) = likely.or_else(|| past.done.values().find(is_it)) {
        return Ok(done.figures.source_sha256.clone());
    }
    let (digest, _) = digest(&task.clip, &TerminalProgress::new(true))?;
    Ok(digest.to_string())
}

/// The manifest of a release, not checked.
fn manifest_of(release: &Path) -> Result<Value> {
    let path = redact_record::release_paths(release).manifest;
    let read = || -> Result<Value> { Ok(serde_json::from_slice(&std::fs::read(&path)?)?) };
    read().with_context(|| {
        format!(
            "{} is there and its manifest cannot be read; move it away, or replace it with --force",
            shown(release)
        )
    })
}

/// SHA-256 of the recording that a release was made of, as its manifest says, hexadecimal.
fn source_of(release: &Path) -> Result<String> {
    let manifest = manifest_of(release)?;
    Ok(manifest["source"]["sha256"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

/// Compares policy and options with those of the release that is there, and its length with its
/// manifest. Releases that no batch made are compared by their policy.
fn with_same_settings(task: &BatchTask, release: &Path, past: &Past) -> Result<()> {
    let manifest = manifest_of(release)?;
    let bytes = std::fs::metadata(release).map_or(0, |data| data.len());
    if manifest["release"]["bytes"].as_u64() != Some(bytes) {
        bail!(
            "{} is not the file that its manifest describes; move it away, or replace it with \
             --force",
            shown(release)
        );
    }
    let known = past.done.get(&task.name).map(|done| &done.settings);
    let known = known.or_else(|| past.started.get(&task.name));
    let policy = manifest["policy"]["sha256"].as_str().unwrap_or_default();
    let policy = vec![format!("policy={policy}")];
    let (found, needed) = match known {
        Some(known) => (known, &task.settings[..]),
        None => (&policy, &task.settings[..1]),
    };
    if found == needed {
        return Ok(());
    }
    bail!(
        "{} was made with other settings ({}); --force replaces it, another --out-dir leaves it",
        shown(release),
        difference(found, needed)
    )
}

/// What differs, by name, with values that a person can read.
fn difference(found: &[String], needed: &[String]) -> String {
    let names = |setting: &String| setting.split('=').next().unwrap_or_default().to_owned();
    let only = |these: &[String], others: &[String]| -> Vec<String> {
        these
            .iter()
            .filter(|setting| !others.contains(setting))
            .cloned()
            .collect()
    };
    let (found, needed) = (only(found, needed), only(needed, found));
    let mut all: Vec<String> = found.iter().chain(&needed).map(names).collect();
    all.sort();
    all.dedup();
    let value = |settings: &[String], name: &str| {
        let setting = settings.iter().find(|setting| names(setting) == name);
        let value =
            setting.map(|setting| setting.split_once('=').map_or("yes", |(_, value)| value));
        value.unwrap_or("not given").to_owned()
    };
    let lines = all.iter().map(|name| match name.as_str() {
        "policy" | "request" => format!("another {name}"),
        name => format!(
            "{name}: {}, now {}",
            value(&found, name),
            value(&needed, name)
        ),
    });
    lines.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn differences_are_named() {
        let check = |found: &str, needed: &str, expected: &str| {
            assert_eq!(difference(&words(found), &words(needed)), expected);
        };
        check("policy=a crf=20", "policy=b crf=20", "another policy");
        check(
            "policy=a preset=slow",
            "policy=a preset=fast",
            "preset: slow, now fast",
        );
        check("policy=a", "policy=a crf=20", "crf: not given, now 20");
        check(
            "policy=a captions",
            "policy=a request=x",
            "captions: yes, now not given, another request",
        );
    }
}
