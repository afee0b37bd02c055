//! Many recordings at once, some of them bad.

mod dry_run;
mod inputs;
mod resume;

use crate::work::{Work, policy};

/// `batch` with `inputs`, the public policy and the folder `out`, whatever was not looked for.
fn batch_args<'a>(inputs: &[&'a str], policy: &'a str) -> Vec<&'a str> {
    let mut args = vec!["batch"];
    args.extend(inputs);
    args.extend(["--out-dir", "out"]);
    if !policy.is_empty() {
        args.extend(["--policy", policy]);
    }
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    args
}

/// A short recording with sound.
fn short_clip(work: &Work, name: &str, seconds: &str) {
    work.ffmpeg(&format!(
        "-f lavfi -i testsrc2=size=96x64:rate=10:duration={seconds} \
         -f lavfi -i sine=duration={seconds} -c:v libx264 -c:a aac {name}"
    ));
}

/// Goal: one bad clip never stops the others, each has its line, and a second run does only what
/// is left.
#[test]
fn a_bad_clip_does_not_stop_the_others() {
    let work = Work::new();
    std::fs::create_dir(work.path("in")).unwrap();
    work.clip("in/a.mp4");
    std::fs::write(work.path("in/b.mp4"), b"broken").unwrap();
    work.clip("in/c.mkv");
    std::fs::write(work.path("in/notes.txt"), b"not a clip").unwrap();
    let policy = policy("public-release.toml");
    let args = [
        "batch",
        "in",
        "--policy",
        &policy,
        "--out-dir",
        "out",
        "--accept-missing",
        "face",
        "--accept-missing",
        "plate",
        "--accept-missing",
        "screen",
    ];
    let first = work.redact(&args).expect_status(2).stdout();
    assert!(
        first.contains("3 recordings: 2 released, 0 wrong, 1 failed, 0 skipped"),
        "{first}"
    );
    assert!(
        first
            .lines()
            .any(|l| l.starts_with("FAILED") && l.contains("b.mp4")),
        "{first}"
    );
    for name in ["out/a.redacted.mp4", "out/c.redacted.mp4"] {
        work.redact(&["verify", name]).expect_status(0);
    }
    assert!(!work.path("out/b.redacted.mp4").exists());

    std::fs::remove_file(work.path("in/b.mp4")).unwrap();
    let second = work.redact(&args).expect_status(0).stdout();
    assert!(
        second.contains("2 recordings: 0 released, 0 wrong, 0 failed, 2 skipped"),
        "{second}"
    );
}

#[test]
fn a_folder_without_recordings_is_an_error() {
    let work = Work::new();
    std::fs::create_dir(work.path("in")).unwrap();
    let policy = policy("court.toml");
    work.redact(&["batch", "in", "--policy", &policy, "--out-dir", "out"])
        .expect_refusal(&["in", "no recording"]);
}

/// Goal: every recording of a memory card gets a release of its own, whatever else lies there.
/// Method: companions of a Mac and of a camera, folders, one name with two endings and in two
/// folders, names that are too long for their records; then the card comes back with another
/// recording under a known name.
#[test]
fn a_memory_card_is_released_as_a_whole() {
    let work = Work::new();
    for folder in ["in/DCIM/100GOPRO", "in/DCIM/101GOPRO"] {
        std::fs::create_dir_all(work.path(folder)).unwrap();
    }
    let clip = |name: &str, seconds: &str| {
        work.ffmpeg(&format!(
            "-f lavfi -i testsrc2=size=96x64:rate=10:duration={seconds} -c:v libx264 {name}"
        ));
    };
    clip("in/DCIM/100GOPRO/A.MP4", "0.5");
    clip("in/DCIM/100GOPRO/A.MOV", "0.6");
    clip("in/DCIM/101GOPRO/a.mp4", "0.7");
    clip("in/B.mp4", "0.8");
    let long: [String; 2] = ["1", "2"].map(|end| "é".repeat(122) + end);
    for (name, seconds) in long.iter().zip(["0.9", "1.0"]) {
        clip(&format!("in/DCIM/{name}.mp4"), seconds);
    }
    std::fs::write(work.path("in/DCIM/100GOPRO/._A.MP4"), b"a Mac's").unwrap();
    std::fs::write(work.path("in/._gone.MP4"), [0, 5, 22, 7, 0, 2, 0, 0]).unwrap();
    for name in ["A.THM", "A.LRV", "notes.txt"] {
        std::fs::write(work.path("in/DCIM/100GOPRO").join(name), b"beside").unwrap();
    }
    let policy = policy("public-release.toml");
    let mut args = vec!["batch", "in", "--policy", &policy, "--out-dir", "in/out"];
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    let said = work.redact(&args).expect_status(0).stdout();
    let all = "6 recordings: 6 released, 0 wrong, 0 failed, 0 skipped";
    assert!(said.contains(all), "{said}");
    let companions = said.lines().filter(|line| line.starts_with("no clip"));
    assert_eq!(companions.count(), 4, "{said}");
    assert!(said.contains("1 other files (.txt)"), "{said}");
    let releases = || {
        let files = std::fs::read_dir(work.path("in/out")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names
            .filter(|name| name.ends_with(".redacted.mp4"))
            .collect();
        names.sort();
        names
    };
    let found = releases();
    assert_eq!(found.len(), 6, "{found:?}");
    for name in ["A-MOV", "B", "DCIM-100GOPRO-A-MP4", "DCIM-101GOPRO-a-mp4"] {
        let name = format!("{name}.redacted.mp4");
        assert!(found.contains(&name), "{name}: {found:?}");
    }
    for name in &found {
        work.redact(&["verify", &format!("in/out/{name}")])
            .expect_status(0);
    }
    // Control: nothing is done twice, but another recording under a known name is done.
    std::fs::copy(work.path("in/DCIM/100GOPRO/A.MOV"), work.path("in/B.mp4")).unwrap();
    let said = work.redact(&args).expect_status(0).stdout();
    let again = "6 recordings: 1 released, 0 wrong, 0 failed, 5 skipped";
    assert!(said.contains(again), "{said}");
    assert_eq!(releases().len(), 7);
    let said = work.redact(&args).expect_status(0).stdout();
    assert!(
        said.contains("0 released, 0 wrong, 0 failed, 6 skipped"),
        "{said}"
    );
}
