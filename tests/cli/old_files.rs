//! Files that earlier versions wrote still open: `fixtures/v0.1.0` holds each kind once.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::work::{Run, Work, repository};

const PASSPHRASES: &[(&str, &str)] = &[
    ("REDACT_KEY_PASSPHRASE", "fixture"),
    ("REDACT_BACKUP_PASSPHRASE", "fixture backup"),
];
const ROTATION: &str = "D41E40F1984A0D0E-to-4373B8E34ECC285B.rotation.json";

/// A folder with the files of `version`, and the agency's keys, trust and event log of then.
fn files_of(version: &str) -> Work {
    let work = Work::new();
    let from = repository().join("fixtures").join(version);
    copy(&from, &work.path(""));
    fs::rename(work.path("home"), work.path("keys")).unwrap();
    for name in ["redact.key", "approver.key", "segment.key"] {
        // Git holds no modes, and a secret key that others can read is refused.
        let owner_only = fs::Permissions::from_mode(0o600);
        fs::set_permissions(work.path("keys").join(name), owner_only).unwrap();
    }
    work
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}

fn redact(work: &Work, args: &[&str]) -> Run {
    work.redact_with_words(args, PASSPHRASES)
}

/// Replaces the first `from` in the file `name` with `to`.
fn edit(work: &Work, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(work.path(name)).unwrap();
    assert!(text.contains(from), "{from} is in {name}");
    fs::write(work.path(name), text.replacen(from, to, 1)).unwrap();
}

/// Goal: a release of version 0.1.0 verifies in full, with its manifests, signatures, policy,
/// source and event log. Control: one changed byte of either manifest or of the log does not.
#[test]
fn a_release_of_0_1_0_still_verifies() {
    let work = files_of("v0.1.0");
    let verify = [
        "verify",
        "clip.redacted.mp4",
        "--source",
        "clip.mp4",
        "--policy",
        "policy.toml",
    ];
    redact(&work, &verify).expect_status(0);
    let log = [
        "events",
        "verify",
        "--manifest",
        "clip.redacted.manifest.json",
    ];
    redact(&work, &log).expect_status(0);

    edit(&work, "keys/events.jsonl", "\"render\"", "\"rendes\"");
    let changed = redact(&work, &log);
    assert_ne!(changed.status(), Some(0), "{}", changed.stdout());
    for manifest in ["clip.redacted.sealed.json", "clip.redacted.manifest.json"] {
        edit(&work, manifest, "privacy-face", "privacy-fact");
        redact(&work, &verify).expect_status(1);
    }
}

/// Goal: findings and an approved plan of version 0.1.0 can be rendered today, for the request that
/// was written then, and the policy of then still makes a plan. Controls: a format version that
/// does not exist yet, and a plan whose approval no longer covers it.
#[test]
fn findings_plan_policy_and_request_of_0_1_0_still_make_a_release() {
    let work = files_of("v0.1.0");
    fs::remove_file(work.path("clip.redacted.mp4")).unwrap();
    let render = [
        "render",
        "clip.mp4",
        "clip.plan.json",
        "--crf",
        "14",
        "--request-file",
        "request.toml",
        "-o",
        "again.mp4",
        "--force",
    ];
    redact(&work, &render).expect_status(0);
    redact(&work, &["verify", "again.mp4", "--source", "clip.mp4"]).expect_status(0);
    let manifest = work.json("again.manifest.json");
    let before = fs::read_to_string(work.path("clip.redacted.manifest.json")).unwrap();
    // The one word that is spelled otherwise since.
    let before = before.replace("Licence plate", "License plate");
    let before: serde_json::Value = serde_json::from_str(&before).unwrap();
    for part in ["masks", "mutes", "kept", "rejected", "kept_speech"] {
        assert_eq!(manifest[part], before[part], "{part}");
    }
    let approve = [
        "approve",
        "clip.findings.json",
        "--policy",
        "policy.toml",
        "--by",
        "Ada Okafor",
        "-o",
        "new.plan.json",
    ];
    redact(&work, &approve).expect_status(0);

    edit(
        &work,
        "clip.plan.json",
        "\"door number\"",
        "\"house number\"",
    );
    fs::remove_file(work.path("again.mp4")).unwrap();
    redact(&work, &render).expect_refusal(&["clip.plan.json"]);
    for name in ["clip.findings.json", "clip.plan.json"] {
        edit(
            &work,
            name,
            "\"format_version\": 1",
            "\"format_version\": 9",
        );
    }
    redact(&work, &render).expect_refusal(&["version 9"]);
    redact(&work, &approve).expect_refusal(&["version 9"]);
}

/// Goal: keys, trust, approvers' records, the backup and the rotation of version 0.1.0 still open.
/// Control: another passphrase, and a rotation that its key did not sign.
#[test]
fn keys_and_trust_of_0_1_0_still_open() {
    let work = files_of("v0.1.0");
    let listed = redact(&work, &["key", "list"]).expect_status(0).stdout();
    for part in ["D41E40F1984A0D0E", "C53929C66B9BB436", "Ben Ruiz"] {
        assert!(listed.contains(part), "{part} in {listed}");
    }
    redact(&work, &["key", "trust", ROTATION]).expect_status(0);
    let listed = redact(&work, &["key", "list"]).expect_status(0).stdout();
    assert!(listed.contains("4373B8E34ECC285B"), "{listed}");
    for name in ["redact.key", "approver.key", "segment.key"] {
        fs::remove_file(work.path("keys").join(name)).unwrap();
    }
    let wrong = [("REDACT_BACKUP_PASSPHRASE", "another passphrase")];
    work.redact_with_words(&["key", "restore", "agency.backup"], &wrong)
        .expect_status(2);
    redact(&work, &["key", "restore", "agency.backup"]).expect_status(0);
    let shown = redact(&work, &["key", "show"]).expect_status(0).stdout();
    assert!(shown.contains("D41E40F1984A0D0E"), "{shown}");

    let work = files_of("v0.1.0");
    edit(&work, ROTATION, "2026-", "2025-");
    redact(&work, &["key", "trust", ROTATION]).expect_status(2);
}
