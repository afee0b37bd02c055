//! Packages of releases larger than their parts may be.

use std::fs;

use serde_json::Value;

use crate::package::{REQUEST, copy, failed, package_with, release};
use crate::timestamps::{authorities, stamp};
use crate::work::Work;

/// A folder with a release that is larger than `small-parts.toml` allows and one that fits, each
/// with a time stamp.
fn office() -> Work {
    let work = Work::new();
    fs::write(work.path("request.toml"), REQUEST).unwrap();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=640x360:rate=25:duration=6 -vf noise=alls=40:allf=t \
         -c:v libx264 -preset ultrafast -g 25 -b:v 4M -maxrate 4M -bufsize 2M large.mp4",
    );
    work.clip("small.mp4");
    for clip in ["large.mp4", "small.mp4"] {
        release(&work, clip, "request.toml", &[]);
    }
    let bytes = fs::metadata(work.path("large.redacted.mp4")).unwrap().len();
    assert!(bytes > 4_000_000, "{bytes}");
    let profile =
        fs::read_to_string(crate::work::repository().join("transmittals/court-500mb.toml"));
    let small = profile.unwrap().replace("500_000_000", "3_000_000");
    fs::write(work.path("small-parts.toml"), small).unwrap();
    authorities(&work);
    for name in ["large", "small"] {
        let manifest = format!("{name}.redacted.manifest.json");
        stamp(&work, &format!("{name}.redacted.mp4"), &manifest);
    }
    work
}

fn make(work: &Work, output: &str) {
    let releases = ["large.redacted.mp4", "small.redacted.mp4"];
    package_with(work, "./small-parts.toml", output, &releases).expect_status(0);
}

/// Goal: a release that is larger than the profile allows goes out in parts that are complete, each
/// a release by itself; a missing and two swapped parts are named. Control: a release that fits
/// stays in one piece.
#[test]
fn large_releases_go_out_in_parts() {
    let work = office();
    make(&work, "case");
    let manifest = work.json("case/package.json");
    let parts = manifest["exhibits"][0]["parts"].as_array().unwrap().len();
    assert!(parts >= 2, "{manifest:#}");
    assert_eq!(
        manifest["exhibits"][1]["parts"].as_array().unwrap().len(),
        0
    );
    for file in manifest["files"].as_array().unwrap() {
        let is_video = file["role"] == "release";
        assert!(
            !is_video || file["bytes"].as_u64().unwrap() <= 3_000_000,
            "{file}"
        );
    }
    let text = work.redact(&["verify", "case"]).expect_status(0).stdout();
    for line in [
        "ok    exhibit 1, part 1: part, its place in the release",
        "ok    exhibit 1, part 2: audit, masks",
        "ok    exhibit 1: whole manifest, signature",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    make(&work, "again");
    let sums = |folder: &str| fs::read(work.path(&format!("{folder}/SHA256SUMS"))).unwrap();
    assert_eq!(sums("case"), sums("again"));

    let names = [1, 2].map(|part| format!("exhibits/exhibit-01-part-{part}-of-{parts}.mp4"));
    copy(&work.path("case"), &work.path("missing"));
    fs::remove_file(work.path("missing").join(&names[0])).unwrap();
    let found = failed(&work, "missing");
    assert_eq!(found, [format!("package, missing file: {}", names[0])]);
    let swapped = work.path("again");
    fs::rename(swapped.join(&names[0]), swapped.join("aside")).unwrap();
    fs::rename(swapped.join(&names[1]), swapped.join(&names[0])).unwrap();
    fs::rename(swapped.join("aside"), swapped.join(&names[1])).unwrap();
    let found = failed(&work, "again");
    let expected = format!(
        "package, swapped file: {} has the content of {}",
        names[0], names[1]
    );
    assert_eq!(found[0], expected, "{found:#?}");
}

/// Goal: the time stamp of the manifest that the parts were made from is that of all parts, and a
/// missing one is named. Control: a certificate that did not make it.
#[test]
fn a_release_in_parts_is_stamped_once() {
    let work = office();
    make(&work, "case");
    let stamped = |tsa: &str| {
        let args = ["verify", "case", "--no-media", "--tsa", tsa, "--json"];
        let verdict = work.redact(&args).json();
        let checks = verdict["checks"].as_array().unwrap().iter();
        let stamps = checks.filter(|check| check["name"] == "time stamp");
        let line = |check: &Value| (check["group"].clone(), check["passed"] == true);
        stamps.map(line).collect::<Vec<_>>()
    };
    let groups = ["exhibit 1: whole manifest", "exhibit 2: manifest"].map(Value::from);
    let all = |passed: bool| groups.clone().map(|group| (group, passed)).to_vec();
    assert_eq!(stamped("ca.pem"), all(true));
    assert_eq!(stamped("other.pem"), all(false));
    copy(&work.path("case"), &work.path("unstamped"));
    let stamp = "exhibits/exhibit-01.manifest.json.tsr";
    fs::remove_file(work.path("unstamped").join(stamp)).unwrap();
    let found = failed(&work, "unstamped");
    assert_eq!(found, [format!("package, missing file: {stamp}")]);
}
