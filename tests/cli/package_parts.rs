//! Packages of releases larger than their parts may be, and what packing costs.

use std::fs;
use std::process::Command;

use crate::package::{REQUEST, copy, failed, package_with, release};
use crate::work::Work;

/// Goal: a release that is larger than the profile allows goes out in parts that are complete, each
/// a release by itself; a missing and two swapped parts are named. Control: a release that fits
/// stays in one piece.
#[test]
fn large_releases_go_out_in_parts() {
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
    let releases = ["large.redacted.mp4", "small.redacted.mp4"];
    let make = |output: &str| {
        package_with(&work, "./small-parts.toml", output, &releases).expect_status(0);
    };
    make("case");
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
    make("again");
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

/// A release of `bytes` bytes with records that hold, whatever is in it: a package is made without
/// decoding. Each number gives other content.
fn forge_release(work: &Work, number: u32, bytes: u64) -> String {
    use std::io::Write as _;
    let name = format!("big-{number}.mp4");
    let mut file = std::io::BufWriter::new(fs::File::create(work.path(&name)).unwrap());
    let mut state = u64::from(number) + 1;
    for _ in 0..bytes / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
    work.forge(&name, |_| {});
    let public = fs::read(work.path(&format!("big-{number}.manifest.json"))).unwrap();
    let sealed = fs::read_to_string(work.path("clip.redacted.sealed.json")).unwrap();
    // The body stays as it is, byte for byte: the public manifest has its digest.
    let (head, body) = sealed.split_once("\"body\"").unwrap();
    let old = head.split('"').find(|word| word.len() == 64).unwrap();
    let new = redact_record::digest_bytes(&public).to_string();
    let sealed = format!("{}\"body\"{body}", head.replace(old, &new));
    let name_of_sealed = format!("big-{number}.sealed.json");
    let kind = redact_record::sign::Signed::SealedManifest;
    work.sign(&name_of_sealed, sealed.as_bytes(), kind);
    name
}

/// A measurement for `benches/packages.md`: a package of 20 releases against copying and digesting
/// the same bytes. `REDACT_BENCH_GB` sets the size of all releases together.
#[test]
#[ignore = "a measurement: see benches/packages.md"]
fn packing_costs_hardly_more_than_copying() {
    let gigabytes = std::env::var("REDACT_BENCH_GB")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let total = gigabytes.unwrap_or(1) * 1_000_000_000;
    let work = Work::new();
    fs::write(work.path("request.toml"), REQUEST).unwrap();
    work.clip("clip.mp4");
    release(&work, "clip.mp4", "request.toml", &[]);
    let names: Vec<String> = (0..20)
        .map(|number| forge_release(&work, number, total / 20))
        .collect();
    let timed = |what: &dyn Fn()| {
        let began = std::time::Instant::now();
        what();
        began.elapsed().as_secs_f64()
    };
    let copy = || {
        let script = "mkdir copy && cp big-*.mp4 copy && sync -f copy && sha256sum big-*.mp4";
        let status = Command::new("sh")
            .args(["-c", script])
            .current_dir(work.path("."))
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.unwrap().success());
        fs::remove_dir_all(work.path("copy")).unwrap();
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for form in ["case", "case.zip", "case.iso"] {
        let pack = || drop(package_with(&work, "public", form, &names).expect_status(0));
        let (copied, packed) = (timed(&copy), timed(&pack));
        let ratio = packed / copied;
        eprintln!(
            "{form}: packed in {packed:.1} s, copied and digested in {copied:.1} s: {ratio:.2}"
        );
        let path = work.path(form);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }
}
