//! Packages: made whole or not at all, the same each time, and every change is found by name.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::shared::skip_without;
use crate::work::{Run, Work, policy};

pub(crate) const REQUEST: &str = r#"
format_version = 1
[terms]
agency = "Example Police Department"
[request]
requester = "Requester Ray"
request_number = "R-77"
case_number = "C-5"
"#;

/// Recordings with names that no system likes, and their releases.
const CLIPS: [(&str, &str); 2] = [
    (
        "Officer Ünal's \"copy\" 1.mp4",
        "Officer Ünal's \"copy\" 1.redacted.mp4",
    ),
    ("b.mp4", "b.redacted.mp4"),
];

/// Releases a recording for the request in `request`.
#[track_caller]
pub(crate) fn release(work: &Work, clip: &str, request: &str, more: &[&str]) {
    let policy = policy("public-release.toml");
    let mut args = vec![
        "run",
        clip,
        "--policy",
        &policy,
        "--out-dir",
        ".",
        "--request-file",
    ];
    args.push(request);
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    args.extend(more);
    work.redact(&args).expect_status(0);
}

/// A folder with two releases of one request.
fn office() -> Work {
    let work = Work::new();
    fs::write(work.path("request.toml"), REQUEST).unwrap();
    work.clip("clip.mp4");
    fs::rename(work.path("clip.mp4"), work.path(CLIPS[0].0)).unwrap();
    work.ffmpeg(
        "-f lavfi -i testsrc=size=320x240:rate=25:duration=1 -c:v libx264 -preset ultrafast b.mp4",
    );
    for (clip, _) in CLIPS {
        release(&work, clip, "request.toml", &[]);
    }
    work
}

pub(crate) fn package_with(work: &Work, profile: &str, output: &str, more: &[&str]) -> Run {
    let mut args = vec![
        "package",
        "--request-file",
        "request.toml",
        "--profile",
        profile,
    ];
    args.extend(["-o", output, "--no-verifier", "--quiet"]);
    args.extend(more);
    work.redact(&args)
}

fn package(work: &Work, profile: &str, output: &str, more: &[&str]) -> Run {
    let releases = CLIPS.map(|(_, release)| release);
    package_with(work, profile, output, &[&releases[..], more].concat())
}

/// The failed checks of a package as `group, name: evidence`.
pub(crate) fn failed(work: &Work, path: &str) -> Vec<String> {
    let run = work.redact(&["verify", path, "--no-media", "--json"]);
    let verdict = run.json();
    let checks = verdict["checks"].as_array().unwrap().clone();
    let wrong = checks.iter().filter(|check| check["passed"] == false);
    let failed: Vec<String> = wrong
        .map(|check| {
            let text = |key: &str| check[key].as_str().unwrap().to_owned();
            format!("{}, {}: {}", text("group"), text("name"), text("evidence"))
        })
        .collect();
    assert_eq!(
        run.status(),
        Some(i32::from(!failed.is_empty())),
        "{failed:#?}"
    );
    failed
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Goal: the three forms hold the same files, pass every check including decoded pictures, come out
/// the same when made again, and tell nothing that the profile withholds. Control: what it allows
/// is in the index.
#[test]
fn every_form_of_a_package_passes_and_is_the_same_twice() {
    let work = office();
    for form in ["case", "case.zip", "case.iso"] {
        let made = package(&work, "public", form, &["--json"])
            .expect_status(0)
            .json();
        assert_eq!(made["exhibits"], 2, "{made}");
        // Whoever started the program learns which releases went out.
        assert_eq!(made["verifier"], false, "{made}");
        for (release, (_, path)) in made["releases"].as_array().unwrap().iter().zip(CLIPS) {
            let digest = redact_record::digest_bytes(&fs::read(work.path(path)).unwrap());
            assert_eq!(release["release_sha256"], digest.to_string(), "{made}");
        }
        let verified = work.redact(&["verify", form]).expect_status(0);
        let text = verified.stdout();
        for line in [
            "ok    package, signature",
            "ok    package, exhibit 2 as in its manifest",
            "ok    exhibit 1: audit, masks",
            "ok    exhibit 2: leak, leftover-bytes",
            "verdict: ok (",
        ] {
            assert!(text.contains(line), "{form}: {line}: {text}");
        }
    }
    package(&work, "public", "again", &[]).expect_status(0);
    for form in ["zip", "iso"] {
        package(&work, "public", &format!("again.{form}"), &[]).expect_status(0);
        let read = |name: &str| fs::read(work.path(&format!("{name}.{form}"))).unwrap();
        assert!(read("case") == read("again"), "{form}");
    }
    let sums = |folder: &str| fs::read(work.path(&format!("{folder}/SHA256SUMS"))).unwrap();
    assert_eq!(sums("case"), sums("again"));
    let checked = Command::new("sha256sum")
        .args(["-c", "--quiet", "--strict", "SHA256SUMS"])
        .current_dir(work.path("case"))
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");

    let manifest = fs::read_to_string(work.path("case/package.json")).unwrap();
    for secret in ["Ray", "C-5", "nal's", "b.mp4\"", "Officer"] {
        assert!(!manifest.contains(secret), "{secret}");
    }
    assert!(manifest.contains("R-77"));
    let mut names: Vec<String> = fs::read_dir(work.path("case/exhibits"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 12, "{names:?}");
    assert!(
        names.iter().all(|name| name.starts_with("exhibit-0")),
        "{names:?}"
    );
    let events = work
        .redact(&["events", "show", "--json"])
        .expect_status(0)
        .stdout();
    assert!(events.contains("\"package\""), "{events}");
    work.redact(&["verify", "case/exhibits/exhibit-01.mp4", "--no-media"])
        .expect_status(0);
}

/// Goal: missing, added, changed and swapped files are found by name in each form that a recipient
/// may have. Control: the same package before.
#[test]
#[expect(clippy::too_many_lines, reason = "one change after the other")]
fn every_change_of_a_package_is_found_by_name() {
    let work = office();
    package(&work, "court-500mb", "good", &[]).expect_status(0);
    assert_eq!(failed(&work, "good"), Vec::<String>::new());
    type Attack = fn(&Path);
    let attacks: [(Attack, &str); 7] = [
        (
            |folder| {
                let path = folder.join("exhibits/exhibit-01.mp4");
                let mut bytes = fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(path, bytes).unwrap();
            },
            "package, changed file: exhibits/exhibit-01.mp4",
        ),
        (
            |folder| fs::remove_file(folder.join("exhibits/exhibit-02.log.pdf")).unwrap(),
            "package, missing file: exhibits/exhibit-02.log.pdf",
        ),
        (
            |folder| fs::write(folder.join("exhibits/notes.txt"), "x").unwrap(),
            "package, added file: exhibits/notes.txt",
        ),
        (
            |folder| {
                let [one, two] = ["exhibit-01.mp4", "exhibit-02.mp4"]
                    .map(|name| folder.join("exhibits").join(name));
                let aside = folder.join("aside");
                fs::rename(&one, &aside).unwrap();
                fs::rename(&two, &one).unwrap();
                fs::rename(&aside, &two).unwrap();
            },
            "package, swapped file: exhibits/exhibit-01.mp4 has the content of exhibits/exhibit-02",
        ),
        (
            |folder| {
                let path = folder.join("package.json");
                let text = fs::read_to_string(&path).unwrap().replace("R-77", "R-78");
                fs::write(path, text).unwrap();
            },
            "package, signature",
        ),
        (
            |folder| fs::remove_file(folder.join("package.json.minisig")).unwrap(),
            "package, missing file: package.json.minisig",
        ),
        (
            |folder| {
                let target = folder.join("index.html");
                fs::remove_file(&target).unwrap();
                std::os::unix::fs::symlink("index.pdf", target).unwrap();
            },
            "package, missing file: index.html",
        ),
    ];
    for (number, (attack, expected)) in attacks.into_iter().enumerate() {
        let name = format!("bad-{number}");
        copy(&work.path("good"), &work.path(&name));
        attack(&work.path(&name));
        let failed = failed(&work, &name);
        assert!(
            failed[0].starts_with(expected),
            "{failed:#?}, expected {expected}"
        );
    }
    package(&work, "court-500mb", "good.zip", &[]).expect_status(0);
    let mut bytes = fs::read(work.path("good.zip")).unwrap();
    let place = bytes.windows(4).position(|four| four == b"mdat").unwrap();
    bytes[place + 100] ^= 1;
    fs::write(work.path("bad.zip"), &bytes).unwrap();
    let found = failed(&work, "bad.zip");
    assert!(
        found[0].starts_with("package, changed file: exhibits/exhibit-01.mp4"),
        "{found:#?}"
    );
    bytes.truncate(bytes.len() / 2);
    fs::write(work.path("cut.zip"), &bytes).unwrap();
    assert!(failed(&work, "cut.zip")[0].starts_with("package, can be read"));
    let other = work.path("other.pub");
    let key = redact_record::sign::KeyPair::generate(None)
        .unwrap()
        .public();
    key.save(&other, redact_record::Overwrite::Never).unwrap();
    let stranger = ["verify", "good.zip", "--no-media", "--trust", "other.pub"];
    let text = work.redact(&stranger).expect_status(1).stdout();
    assert!(
        text.contains("WRONG package, signature: valid, but key"),
        "{text}"
    );
}

/// Goal: what must not go out is refused with the file's name, before anything is written. Control:
/// the same command without the fault.
#[test]
fn releases_that_must_not_go_out_are_refused() {
    let work = office();
    let refused = |run: Run, words: &[&str]| {
        let said = run.expect_status(2).stderr();
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!work.path("case.zip").exists());
        let left = fs::read_dir(work.path(".")).unwrap();
        let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<String> = left.filter(|name| name.contains("partial")).collect();
        assert_eq!(left, Vec::<String>::new());
    };
    let to = |profile: &str, more: &[&str]| package_with(&work, profile, "case.zip", more);
    let (one, two) = (CLIPS[0].1, CLIPS[1].1);

    refused(
        to("public", &[two, two]),
        &["b.redacted.mp4", "the same release"],
    );
    refused(
        to("pubic", &[two]),
        &["no transmittal profile", "court-500mb"],
    );
    refused(to("prosecutor", &[two]), &["requires encryption"]);
    let other = to("public", &["--agency", "Another Agency", two]);
    refused(other, &["wrong agency", "Example Police", "Another Agency"]);
    fs::write(work.path("other.toml"), REQUEST.replace("R-77", "R-78")).unwrap();
    let other = [
        "--request-file",
        "other.toml",
        "--profile",
        "public",
        "-o",
        "case.zip",
    ];
    let run = work.redact(&[&["package", two][..], &other].concat());
    refused(run, &["b.redacted.mp4", "R-77", "R-78"]);

    let video = fs::read(work.path(two)).unwrap();
    let mut bad = video.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    fs::write(work.path(two), &bad).unwrap();
    refused(
        to("public", &[one, two]),
        &["b.redacted.mp4", "its manifest describes"],
    );
    bad.push(0);
    fs::write(work.path(two), &bad).unwrap();
    refused(to("public", &[one, two]), &["b.redacted.mp4", "length"]);
    fs::write(work.path(two), &video).unwrap();

    let record = work.path("b.redacted.manifest.json");
    let good = fs::read(&record).unwrap();
    fs::write(&record, [&good[..], b"\n"].concat()).unwrap();
    refused(to("public", &[two]), &["manifest, signature"]);
    fs::write(&record, good).unwrap();
    let sealed = work.path("b.redacted.sealed.json");
    fs::rename(&sealed, work.path("aside")).unwrap();
    refused(to("public", &[two]), &["sealed manifest is needed"]);
    fs::rename(work.path("aside"), &sealed).unwrap();

    to("public", &[one, two]).expect_status(0);
    let before = fs::read(work.path("case.zip")).unwrap();
    let again = to("public", &[one, two]).expect_status(2).stderr();
    assert!(
        again.contains("exists already") && again.contains("--force"),
        "{again}"
    );
    assert_eq!(fs::read(work.path("case.zip")).unwrap(), before);
    to("public", &[two, "--force"]).expect_status(0);
    assert_ne!(fs::read(work.path("case.zip")).unwrap(), before);
}

/// Goal: a release that another one replaces is refused, also when the newer one lies elsewhere, as
/// the event log knows. Control: the newer one.
#[test]
fn superseded_releases_are_refused() {
    let work = office();
    let newer = ["render", "b.mp4", "b.plan.json", "-o", "new/b.redacted.mp4"];
    fs::create_dir(work.path("new")).unwrap();
    let more = [
        "--supersedes",
        "b.redacted.manifest.json",
        "--request-file",
        "request.toml",
    ];
    work.redact(&[&newer[..], &more].concat()).expect_status(0);
    let old = package_with(&work, "public", "case.zip", &["b.redacted.mp4"]);
    let said = old.expect_status(2).stderr();
    assert!(
        said.contains("superseded") && said.contains("event log"),
        "{said}"
    );
    let both = package_with(
        &work,
        "public",
        "case.zip",
        &["b.redacted.mp4", "new/b.redacted.mp4"],
    );
    let said = both.expect_status(2).stderr();
    assert!(
        said.contains("superseded") && said.contains("new/b.redacted.manifest.json"),
        "{said}"
    );
    package_with(&work, "public", "case.zip", &["new/b.redacted.mp4"]).expect_status(0);
}

/// Goal: sealed records leave the office encrypted, and only the right passphrase opens them.
/// Control: a public package has none.
#[test]
fn sealed_records_leave_encrypted() {
    let work = office();
    fs::write(work.path("phrase"), "correct horse battery\n").unwrap();
    fs::write(work.path("wrong"), "another passphrase\n").unwrap();
    let phrase = ["--passphrase-file", "phrase"];
    let made = package(
        &work,
        "prosecutor",
        "case.zip.age",
        &[&phrase[..], &["--json"]].concat(),
    );
    assert_eq!(made.expect_status(0).json()["sealed_records"], true);
    let bytes = fs::read(work.path("case.zip.age")).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    assert!(!bytes.windows(4).any(|four| four == b"mdat"));
    let verify = |file: &str| work.redact(&["verify", "case.zip.age", "--passphrase-file", file]);
    let text = verify("phrase").expect_status(0).stdout();
    assert!(
        text.contains("ok    exhibit 1: sealed manifest, belongs to the manifest"),
        "{text}"
    );
    let said = verify("wrong").expect_status(2).stderr();
    assert!(
        said.contains("no given passphrase or key opens it"),
        "{said}"
    );
    let said = work
        .redact(&["verify", "case.zip.age"])
        .expect_status(2)
        .stderr();
    assert!(said.contains("give one"), "{said}");
    let plain = package(&work, "prosecutor", "case.zip", &phrase)
        .expect_status(2)
        .stderr();
    assert!(plain.contains(".zip.age"), "{plain}");
    package(&work, "public", "public", &[]).expect_status(0);
    assert!(!work.path("public/exhibits/exhibit-01.sealed.json").exists());
    let open = ["--no-encryption", "--json"];
    package(&work, "prosecutor", "open", &open).expect_status(0);
    assert!(work.path("open/exhibits/exhibit-01.findings.json").exists());
}

/// Goal: a full disk leaves nothing behind, and the next run needs no `--force`.
#[test]
fn a_full_disk_leaves_nothing() {
    let work = office();
    for form in ["case", "case.zip", "case.iso"] {
        let before = work.files();
        let args = [
            "package",
            CLIPS[1].1,
            "--request-file",
            "request.toml",
            "--profile",
            "public",
        ];
        let run = work.redact_with_small_files(&[&args[..], &["-o", form]].concat());
        run.expect_status(2);
        let mut after = work.files();
        after.retain(|name| name != "events.jsonl");
        assert_eq!(after, before, "{form}");
        assert!(!work.path(form).exists() && !work.path(".case.partial").exists());
    }
}

/// Goal: other programs read our archives and discs as we do.
#[test]
fn other_programs_read_the_same_files() {
    let work = office();
    package(&work, "public", "case", &[]).expect_status(0);
    package(&work, "public", "case.zip", &[]).expect_status(0);
    package(&work, "public", "case.iso", &[]).expect_status(0);
    let run = |program: &str, args: &[&str]| {
        let output = Command::new(program)
            .args(args)
            .current_dir(work.path("."))
            .output();
        output
            .ok()
            .map(|output| (output.status.success(), output.stdout))
    };
    let video = fs::read(work.path("case/exhibits/exhibit-01.mp4")).unwrap();
    match run("unzip", &["-p", "case.zip", "exhibits/exhibit-01.mp4"]) {
        None => skip_without("unzip"),
        Some((is_good, bytes)) => assert!(is_good && bytes == video),
    }
    match run(
        "python3",
        &[
            "-c",
            "import zipfile; assert zipfile.ZipFile('case.zip').testzip() is None",
        ],
    ) {
        None => skip_without("python3"),
        Some((is_good, _)) => assert!(is_good),
    }
    // With the names that Windows reads (Joliet), and with those of other systems.
    for (kind, folder) in [("norock", "joliet"), ("any", "rock-ridge")] {
        let extract = ["-read_fs", kind, "-osirrox", "on", "-indev", "case.iso"];
        let extract = [&extract[..], &["-extract", "/", folder]].concat();
        match run("xorriso", &extract) {
            None => skip_without("xorriso"),
            Some((is_good, _)) => {
                assert!(is_good);
                assert_eq!(failed(&work, folder), Vec::<String>::new());
            }
        }
    }
}

/// Goal: a disc that cannot be written to is checked like any other package.
#[test]
fn read_only_media_are_checked() {
    let work = office();
    package(&work, "public", "case", &[]).expect_status(0);
    let set = |mode: &str| {
        let changed = Command::new("chmod")
            .args(["-R", mode])
            .arg(work.path("case"))
            .status();
        assert!(changed.unwrap().success());
    };
    set("a-w");
    let verdict: Value = work
        .redact(&["verify", "case", "--json"])
        .expect_status(0)
        .json();
    set("u+w");
    assert_eq!(verdict["verdict"], "ok");
    assert!(verdict["package"].as_str().unwrap().ends_with("case"));
}
