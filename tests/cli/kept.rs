//! Runs of pictures that one render keeps for the next.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::work::Work;

/// Twelve groups of 25 frames; runs that share an encoder begin at 0, 75, 150, 200 and 275.
pub(crate) const CLIP: &str = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=12 \
     -f lavfi -i sine=frequency=440:duration=12 -c:v libx264 -preset veryfast -g 25 \
     -keyint_min 25 -sc_threshold 0 -c:a aac clip.mp4";

pub(crate) fn mask(id: &str, frames: [u32; 2], left: f64) -> Value {
    json!({
        "id": id, "effect": {"kind": "fill"}, "reason": "privacy-face", "frames": frames,
        "keyframes": [[frames[0], left, 0.25, left + 0.2, 0.6]],
    })
}

/// A recording with an approved plan that hides `masks`.
pub(crate) fn work(clip: &str, masks: &[Value]) -> Work {
    let work = Work::new();
    work.ffmpeg(clip);
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    work.approve_findings();
    approve(&work, masks);
    work
}

pub(crate) fn approve(work: &Work, masks: &[Value]) {
    let mut plan = work.json("clip.plan.json");
    plan["drawn"] = masks.into();
    Work::mute_only(&mut plan, json!([]));
    plan["approvals"] = json!([]);
    work.approve_edited(&plan);
}

/// Renders to `clip.redacted.mp4`; gives the frames that were kept from an earlier render.
///
/// Every one of them is verified against the source. The bytes are compared only where nothing was
/// encoded: libx264 does not make the same ones twice.
fn render(work: &Work, more: &[&str]) -> u64 {
    let words = [
        &["--json", "render", "clip.mp4", "clip.plan.json", "--force"],
        more,
    ]
    .concat();
    let said = work.redact(&words).expect_status(0).json();
    let both = ["verify", "clip.redacted.mp4", "--source", "clip.mp4"];
    work.redact(&both).expect_status(0);
    said["frames_kept"].as_u64().unwrap()
}

fn release(work: &Work) -> redact_core::Digest {
    work.binding("clip.redacted.mp4").sha256
}

fn kept(work: &Work, kind: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(work.path("keys/runs"));
    let paths = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == kind))
        .collect()
}

fn damage(path: &PathBuf) {
    let mut bytes = std::fs::read(path).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Goal: a correction encodes, decodes and checks only what it touches.
#[test]
fn a_corrected_region_is_all_that_is_made_again() {
    let whole = mask("all", [0, 300], 0.1);
    let work = work(CLIP, std::slice::from_ref(&whole));
    assert_eq!(render(&work, &[]), 0);
    assert_eq!(kept(&work, "pictures").len(), 5);
    assert_eq!(kept(&work, "found").len(), 5);
    let first = release(&work);
    let audit = |work: &Work| work.json("clip.redacted.manifest.json")["checks"].clone();
    let said = audit(&work)["audit"].to_string();
    assert!(
        said.contains("300 of 300 frames decoded (300 while they were written"),
        "{said}"
    );
    // The very same again: nothing is left to do, and the same comes out.
    assert_eq!(render(&work, &[]), 300);
    assert_eq!(release(&work), first);
    let said = audit(&work)["audit"].to_string();
    assert!(
        said.contains("0 of them decoded, 300 coded as an earlier"),
        "{said}"
    );
    // One more region in one run of 50 frames.
    approve(&work, &[whole, mask("more", [160, 170], 0.6)]);
    assert_eq!(render(&work, &[]), 250);
    let said = audit(&work)["audit"].to_string();
    // The run, the group before it, and the first frame behind it.
    assert!(said.contains("310 masked rectangles measured"), "{said}");
    assert!(!said.contains("300 of them decoded"), "{said}");
    assert_ne!(release(&work), first);
}

/// Goal: what was kept is used only as it was kept.
#[test]
fn kept_pictures_that_were_changed_are_noticed_and_made_again() {
    let work = work(
        CLIP,
        &[mask("door", [80, 90], 0.1), mask("face", [210, 220], 0.6)],
    );
    assert_eq!(render(&work, &[]), 0);
    let pictures = kept(&work, "pictures");
    assert_eq!(pictures.len(), 2);
    pictures.iter().for_each(damage);
    assert_eq!(render(&work, &[]), 0);
    // One run under the other's name.
    let pictures = kept(&work, "pictures");
    std::fs::copy(&pictures[0], &pictures[1]).unwrap();
    assert_eq!(render(&work, &[]), 25);
    // Findings that were changed are not believed: all is looked at again.
    kept(&work, "found").iter().for_each(damage);
    assert_eq!(render(&work, &[]), 50);
    let said = work.json("clip.redacted.manifest.json")["checks"]["audit"].to_string();
    assert!(!said.contains("earlier render"), "{said}");
}

#[test]
fn nothing_is_kept_when_nothing_is_to_be_kept() {
    let work = work(CLIP, &[mask("door", [80, 90], 0.1)]);
    assert_eq!(render(&work, &["--no-cache"]), 0);
    assert_eq!(render(&work, &["--reencode", "all"]), 0);
    assert_eq!(kept(&work, "pictures").len(), 0);
    assert_eq!(render(&work, &[]), 0);
}

/// Goal: a render that was killed goes on where it was.
#[test]
fn a_killed_render_goes_on_where_it_was() {
    let clip = "-f lavfi -i testsrc2=size=640x360:rate=30:duration=20 -c:v libx264 \
         -preset ultrafast -g 30 -keyint_min 30 -sc_threshold 0 clip.mp4";
    let work = work(clip, &[mask("all", [0, 600], 0.1)]);
    let args = ["render", "clip.mp4", "clip.plan.json", "--preset", "slow"];
    let mut child = work.spawn(&args);
    let began = Instant::now();
    while kept(&work, "pictures").is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "nothing is kept"
        );
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was killed"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!work.path("clip.redacted.mp4").exists());
    let kept = render(&work, &["--preset", "slow"]);
    assert!((60..600).contains(&kept), "{kept} frames were kept");
    let resumed = release(&work);
    assert_eq!(render(&work, &["--preset", "slow"]), 600);
    assert_eq!(release(&work), resumed);
}
