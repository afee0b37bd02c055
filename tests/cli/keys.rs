//! Keys that follow each other, keys that are believed no more, and passphrases.

use std::fs;
use std::process::Command;

use crate::tamper::{MANIFEST, RELEASE, released};
use crate::work::Work;

const VERIFY: [&str; 3] = ["verify", RELEASE, "--no-media"];
const RENDER: [&str; 4] = ["render", "clip.mp4", "clip.plan.json", "--force"];

/// The key that signs now, as auditors get it.
fn public(work: &Work, name: &str) -> String {
    let shown = work.redact(&["key", "show"]).expect_status(0).stdout();
    fs::write(work.path(name), shown).unwrap();
    let json = work.redact(&["key", "show", "--json"]).json();
    json["id"].as_str().unwrap().to_owned()
}

/// Where the statement lies by which `old` hands over to `new`.
fn statement(old: &str, new: &str) -> String {
    format!("keys/trusted/{old}-to-{new}.rotation.json")
}

/// Goal: after a rotation old and new releases verify, for the agency and for an auditor who had
/// the first key alone and was handed the statements. Control: without them the new key is unknown.
#[test]
fn trust_follows_a_rotation_and_an_auditor_can_follow_too() {
    let work = released();
    let first = public(&work, "first.pub");
    work.redact(&["key", "rotate"]).expect_status(0);
    let second = public(&work, "second.pub");
    work.redact(&["key", "rotate"]).expect_status(0);
    let third = public(&work, "third.pub");
    assert!(first != second && second != third && first != third);
    work.redact(&VERIFY).expect_status(0);
    work.redact(&RENDER).expect_status(0);
    work.redact(&VERIFY).expect_status(0);

    let trusting = |files: &[&str]| {
        let mut args = VERIFY.to_vec();
        for file in files {
            args.extend(["--trust", file]);
        }
        work.redact(&args)
    };
    let (to_second, to_third) = (statement(&first, &second), statement(&second, &third));
    let unknown = trusting(&["first.pub"]).expect_status(1).stdout();
    assert!(unknown.contains("is not trusted here"), "{unknown}");
    trusting(&["first.pub", &to_second]).expect_status(1);
    trusting(&["first.pub", &to_second, &to_third]).expect_status(0);
    // A statement vouches for nothing unless its signer is believed.
    trusting(&["first.pub", &to_third]).expect_refusal(&["rotation.json", &second]);

    let text = fs::read_to_string(work.path(&to_second)).unwrap();
    let forged = text.replace("new_key\": \"RW", "new_key\": \"RX");
    assert_ne!(text, forged);
    fs::write(work.path("f.rotation.json"), forged).unwrap();
    let signature = work.path(&format!("{to_second}.minisig"));
    fs::copy(signature, work.path("f.rotation.json.minisig")).unwrap();
    trusting(&["first.pub", "f.rotation.json"]).expect_refusal(&["f.rotation.json"]);
    work.redact(&["key", "trust", "f.rotation.json"])
        .expect_refusal(&["f.rotation.json"]);
}

/// Goal: once there is a rotation key, it alone says which key follows and whose an approver's key
/// is; a release key, stolen or not, vouches for releases alone, and a rotation key for none.
/// Method: statements by each, for the agency and for an auditor who was given public keys.
/// Control: the statement from before the rotation key still counts in the folder, and without a
/// rotation key a release key stands in for one.
#[test]
fn a_rotation_key_alone_vouches_for_keys() {
    let work = released();
    let first = public(&work, "first.pub");
    work.redact(&["key", "rotate"]).expect_status(0);
    let second = public(&work, "second.pub");
    work.redact(&["key", "new", "--rotation"]).expect_status(0);
    let shown = work.redact(&["key", "show", "--rotation"]).expect_status(0);
    assert!(
        shown.stderr().contains("announced with"),
        "{}",
        shown.stderr()
    );
    fs::write(work.path("agency.rotation.pub"), shown.stdout()).unwrap();
    let old = work.key();
    work.redact(&["key", "rotate"]).expect_status(0);
    let third = public(&work, "third.pub");
    work.redact(&VERIFY).expect_status(0);
    work.redact(&RENDER).expect_status(0);
    work.redact(&VERIFY).expect_status(0);
    let trusting = |files: &[&str]| {
        let trust = files.iter().flat_map(|file| ["--trust", file]);
        work.redact(&VERIFY.into_iter().chain(trust).collect::<Vec<_>>())
    };
    let to_third = statement(&second, &third);
    trusting(&["second.pub", "agency.rotation.pub", &to_third]).expect_status(0);
    trusting(&["first.pub", "agency.rotation.pub", &to_third])
        .expect_refusal(&["rotation.json", &second]);
    trusting(&["second.pub", &to_third]).expect_refusal(&["rotation.json", "trusted here"]);
    trusting(&["first.pub", &statement(&first, &second)]).expect_status(1);

    // Whoever has a release key names no successor.
    let stranger = redact_record::sign::KeyPair::generate(None).unwrap();
    let stolen = old
        .hand_over(&stranger.public(), redact_core::UtcNanos(0))
        .unwrap();
    fs::write(work.path("x.rotation.json"), &stolen.bytes).unwrap();
    fs::write(work.path("x.rotation.json.minisig"), &stolen.signature).unwrap();
    let refused = ["x.rotation.json", "a release key; it needs a rotation key"];
    work.redact(&["key", "trust", "x.rotation.json"])
        .expect_refusal(&refused);
    trusting(&["second.pub", "agency.rotation.pub", "x.rotation.json"]).expect_refusal(&refused);
    trusting(&["second.pub", "third.pub", "x.rotation.json"]).expect_status(0);

    // Nor does it bind a key to a name, and a rotation key signs no release.
    stranger
        .public()
        .save(&work.path("ben.pub"), redact_record::Overwrite::Never)
        .unwrap();
    let bind = ["key", "trust", "--approver", "Ben Ruiz", "ben.pub"];
    fs::rename(work.path("keys/rotation.key"), work.path("away.key")).unwrap();
    work.redact(&bind)
        .expect_refusal(&["no rotation key found"]);
    work.redact(&[&bind[..], &["--rotation-key", "keys/redact.key"]].concat())
        .expect_refusal(&["not trusted here as a rotation key"]);
    work.redact(&[&bind[..], &["--rotation-key", "away.key"]].concat())
        .expect_status(0);
    work.redact(&[&RENDER[..], &["--key", "away.key"]].concat());
    work.redact(&VERIFY).expect_status(1);
}

/// Goal: a stock tool checks manifests and statements of every key.
#[test]
fn minisign_checks_manifests_and_statements() {
    let work = released();
    let first = public(&work, "first.pub");
    work.redact(&["key", "rotate"]).expect_status(0);
    let second = public(&work, "second.pub");
    let stock = |file: &str, key: &str| {
        let mut command = Command::new("minisign");
        command.args(["-V", "-q", "-m", file, "-p", key]);
        let status = command.current_dir(work.path(".")).output();
        status
            .expect("tests need minisign; scripts/setup installs it")
            .status
    };
    assert!(stock(MANIFEST, "first.pub").success());
    assert!(stock(&statement(&first, &second), "first.pub").success());
    assert!(!stock(MANIFEST, "second.pub").success());
    work.redact(&RENDER).expect_status(0);
    assert!(stock(MANIFEST, "second.pub").success());
}

/// Goal: what a revoked key signed is not believed, nor what only it vouches for.
#[test]
fn a_revoked_key_is_believed_no_more() {
    let work = released();
    let first = public(&work, "first.pub");
    work.redact(&["key", "rotate"]).expect_status(0);
    let second = public(&work, "second.pub");
    work.redact(&VERIFY).expect_status(0);
    work.redact(&["key", "revoke", "first.pub"])
        .expect_status(0);
    let said = work.redact(&VERIFY).expect_status(1).stdout();
    assert!(said.contains("which was revoked here"), "{said}");
    let keys = work.redact(&["key", "list", "--json"]).json();
    assert_eq!(keys["trusted"].as_array().unwrap().len(), 0, "{keys}");
    assert_eq!(keys["revoked"][0], first);

    // The plan was approved with another key, which is not revoked.
    // The second key stands on the first alone, until somebody trusts it for itself.
    work.redact(&RENDER).expect_status(0);
    work.redact(&VERIFY).expect_status(1);
    work.redact(&["key", "trust", "second.pub"])
        .expect_status(0);
    work.redact(&VERIFY).expect_status(0);
    let keys = work.redact(&["key", "list", "--json"]).json();
    assert_eq!(keys["trusted"][0]["id"], second);
}

/// Goal: a plan whose approver's key was revoked must be approved anew.
#[test]
fn a_revoked_approver_approves_nothing() {
    let work = released();
    let shown = work.redact(&["key", "show", "--key", "keys/approver.key"]);
    fs::write(work.path("ada.pub"), shown.expect_status(0).stdout()).unwrap();
    work.redact(&RENDER).expect_status(0);
    work.redact(&["key", "revoke", "ada.pub"]).expect_status(0);
    work.redact(&RENDER)
        .expect_refusal(&["which was revoked here"]);
}

/// Goal: a backup brings the keys back on another machine, for whoever has its passphrase; nothing
/// is replaced. Control: the wrong passphrase, and a key that is there.
#[test]
fn a_backup_brings_the_keys_back() {
    let work = released();
    let first = public(&work, "first.pub");
    let words = [("REDACT_BACKUP_PASSPHRASE", "correct horse battery")];
    let backup = ["key", "backup", "agency.backup"];
    work.redact(&backup)
        .expect_refusal(&["REDACT_BACKUP_PASSPHRASE"]);
    work.redact_with_words(&backup, &[("REDACT_BACKUP_PASSPHRASE", "short")])
        .expect_refusal(&["at least 12"]);
    work.redact_with_words(&backup, &words).expect_status(0);
    let file = fs::read_to_string(work.path("agency.backup")).unwrap();
    assert!(!file.contains("RWQAAE"), "no key in the open");
    let restore = ["key", "restore", "agency.backup"];
    let elsewhere = |passphrase: &str| {
        let words = [
            ("REDACT_HOME", "new"),
            ("REDACT_BACKUP_PASSPHRASE", passphrase),
        ];
        work.redact_with_words(&restore, &words)
    };
    elsewhere("correct horse batterx").expect_refusal(&["agency.backup", "can be recovered"]);
    elsewhere("correct horse battery").expect_status(0);
    let home = [("REDACT_HOME", "new")];
    let shown = work.redact_with_words(&["key", "show", "--json"], &home);
    assert_eq!(shown.json()["id"], first);
    work.redact_with_words(&VERIFY, &home).expect_status(0);
    // A key that is there stays.
    work.redact_with_words(&["key", "new"], &[("REDACT_HOME", "other")])
        .expect_status(0);
    let words = [("REDACT_HOME", "other"), words[0]];
    work.redact_with_words(&restore, &words)
        .expect_refusal(&["redact.key"]);
}

/// Goal: what an agency publishes of its key is printed, and fits the file that minisign reads.
#[test]
fn the_fingerprint_is_shown_with_a_sentence_for_the_website() {
    let work = released();
    let run = work.redact(&["key", "show"]).expect_status(0);
    assert_eq!(run.stdout().lines().count(), 2, "{}", run.stdout());
    let json = work.redact(&["key", "show", "--json"]).json();
    let fingerprint = json["fingerprint"].as_str().unwrap();
    assert!(run.stderr().contains("website"), "{}", run.stderr());
    assert!(run.stderr().contains(fingerprint), "{}", run.stderr());
    // Control: a key that signs approvals is not what releases are checked with.
    let approver = ["key", "show", "--key", "keys/approver.key"];
    let said = work.redact(&approver).expect_status(0).stderr();
    assert!(said.contains("signs approvals"), "{said}");
    assert!(!said.contains("Redacted recordings"), "{said}");
}

/// Goal: rotation works for keys under a passphrase, and each key keeps its own.
#[test]
fn passphrases_are_kept_apart() {
    let work = Work::new();
    let run = |args: &[&str], words: &[(&str, &str)]| work.redact_with_words(args, words);
    let old = ("REDACT_KEY_PASSPHRASE", "old words");
    run(&["key", "new"], &[old]).expect_status(0);
    run(&["key", "rotate"], &[]).expect_refusal(&["passphrase"]);
    run(&["key", "rotate"], &[("REDACT_KEY_PASSPHRASE", "wrong")])
        .expect_refusal(&["wrong passphrase"]);
    let new = ("REDACT_NEW_KEY_PASSPHRASE", "new words");
    run(&["key", "rotate"], &[old, new]).expect_status(0);
    run(&["key", "show"], &[old]).expect_refusal(&["wrong passphrase"]);
    run(&["key", "show"], &[("REDACT_KEY_PASSPHRASE", "new words")]).expect_status(0);
}
