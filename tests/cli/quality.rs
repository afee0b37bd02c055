//! The figures for what was encoded anew, beside those of another program.

use std::process::Command;

use serde_json::{Value, json};

use crate::work::Work;

/// The mean of `ffmpeg`'s own figure for the luma of all frames.
fn by_ffmpeg(work: &Work, a: &str, b: &str) -> f64 {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-i"])
        .arg(work.path(a))
        .arg("-i")
        .arg(work.path(b))
        .args(["-lavfi", "[0:v][1:v]ssim", "-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let figure = said
        .split("SSIM Y:")
        .nth(1)
        .unwrap_or_else(|| panic!("{said}"));
    figure.split_whitespace().next().unwrap().parse().unwrap()
}

/// The mean over the seconds of the release's manifest, which are equally long.
fn by_manifest(work: &Work) -> f64 {
    let manifest = work.json("clip.redacted.manifest.json");
    let seconds = manifest["checks"]["change_by_second"].as_array().unwrap();
    assert_eq!(seconds.len(), 2);
    let figures: Vec<f64> = seconds
        .iter()
        .map(|s| s["ssim"].as_f64().unwrap())
        .collect();
    let checks = manifest["checks"]["change"].as_array().unwrap();
    let said = |check: &Value| {
        check["evidence"]
            .as_str()
            .unwrap()
            .contains("SSIM of the worst")
    };
    assert!(checks.iter().any(said), "{checks:?}");
    figures.iter().sum::<f64>() / 2.0
}

/// Goal: SSIM in the manifest is what FFmpeg's filter says of the same two files. Control: a
/// release of better quality has another figure, and a mask does not count as a loss.
#[test]
fn similarity_in_the_manifest_is_that_of_ffmpeg() {
    let work = Work::new();
    work.redact(&["key", "new"]).expect_status(0);
    work.ffmpeg(
        "-f lavfi -i mandelbrot=size=320x240:rate=25:maxiter=300 -t 2 -c:v libx264 -preset fast \
         -crf 12 clip.mp4",
    );
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut plan = work.approve_findings();
    let render = |crf: &str| {
        let args = [
            "render",
            "clip.mp4",
            "clip.plan.json",
            "--reencode",
            "all",
            "--force",
            "--crf",
        ];
        work.redact(&[&args[..], &[crf]].concat()).expect_status(0);
        by_manifest(&work)
    };
    let rough = render("27");
    let theirs = by_ffmpeg(&work, "clip.redacted.mp4", "clip.mp4");
    assert!((rough - theirs).abs() < 0.01, "{rough} {theirs}");
    let fine = render("12");
    let theirs = by_ffmpeg(&work, "clip.redacted.mp4", "clip.mp4");
    assert!((fine - theirs).abs() < 0.01, "{fine} {theirs}");
    assert!(fine - rough > 0.005, "{fine} {rough}");

    plan["drawn"] = json!([{
        "id": "half", "effect": {"kind": "fill"}, "reason": "privacy-face", "frames": [0, 50],
        "keyframes": [[0, 0.0, 0.0, 0.5, 1.0]],
    }]);
    plan["approvals"] = json!([]);
    work.approve_edited(&plan);
    let masked = render("12");
    let theirs = by_ffmpeg(&work, "clip.redacted.mp4", "clip.mp4");
    assert!(masked > 0.9 && theirs < masked - 0.1, "{masked} {theirs}");
}
