//! What is hidden stays hidden: what an insider leaves under a mask or in a mute is found, though
//! the forged file has a manifest that fits and the agency's own signature.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::work::Work;

const FORGED: &str = "x.mp4";

/// A release of two seconds with one mask of `effect` over the middle of the picture and a mute of
/// one second, encoded as a whole.
fn released(effect: &Value) -> Work {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2 \
         -f lavfi -i aevalsrc=0.3*sin(2*PI*300*t)*(1+sin(2*PI*4*t)):s=48000:d=2 \
         -c:v libx264 -preset ultrafast -c:a aac -shortest clip.mp4",
    );
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut plan = work.approve_findings();
    plan["drawn"] = json!([{
        "id": "a", "effect": effect, "reason": "privacy-face", "frames": [0, 50],
        "keyframes": [[0, 0.25, 0.25, 0.75, 0.75]],
    }]);
    let mute = json!([{
        "id": "s", "start_seconds": 0.5, "end_seconds": 1.5, "sound_tracks": "all",
        "style": "tone", "reason": "privacy-speech",
    }]);
    Work::mute_only(&mut plan, mute);
    work.approve_edited(&plan);
    let render = ["render", "clip.mp4", "clip.plan.json", "--reencode", "all"];
    work.redact(&render).expect_status(0);
    work
}

/// The checks that fail for the forged release: name and evidence.
fn failed(work: &Work, source: bool) -> BTreeMap<String, String> {
    work.forge(FORGED, |_| {});
    let mut args = vec!["verify", FORGED, "--json"];
    if source {
        args.extend(["--source", "clip.mp4"]);
    }
    let document = work.redact(&args).json();
    let checks = document["checks"].as_array().unwrap().iter();
    let failed = checks.filter(|check| check["passed"] == false);
    failed
        .map(|check| {
            let word = |key: &str| check[key].as_str().unwrap().to_owned();
            (word("name"), word("evidence"))
        })
        .collect()
}

/// Writes the release with a copy of what its mask hides, `share` times as strong, on top.
fn forge_picture(work: &Work, share: f64, crf: u32) {
    work.ffmpeg(&format!(
        "-i clip.redacted.mp4 -i clip.mp4 -filter_complex \
         [0:v]crop=160:120:80:60[mask];[1:v]crop=160:120:80:60[hidden];\
         [mask][hidden]blend=c0_expr=A+(B-126)*{share}:c1_expr=A:c2_expr=A[both];\
         [0:v][both]overlay=80:60:format=yuv420 \
         -map 0:a -c:a copy -c:v libx264 -preset veryfast -bf 0 -crf {crf} \
         -x264-params slices=1:threads=1 {FORGED}"
    ));
}

/// Goal: a copy of what is hidden, at a few levels under a fill or on a blur, fails the verdict;
/// with the source a weaker one does, too. Control: nothing hidden passes at every quality.
#[test]
fn a_weak_copy_under_a_mask_fails_the_verdict() {
    let blur = json!({"kind": "blur", "cells_across": 8});
    let pixelate = json!({"kind": "pixelate", "cells_across": 8});
    for effect in [json!({"kind": "fill"}), blur, pixelate] {
        let work = released(&effect);
        for crf in [14, 18, 23] {
            forge_picture(&work, 0.0, crf);
            let honest = failed(&work, true);
            for check in ["masks", "picture inside masks"] {
                assert!(!honest.contains_key(check), "{effect} at {crf}: {honest:?}");
            }
        }
        // testsrc2 spreads over about 60 levels: a copy of about 5, one of 2.
        forge_picture(&work, 0.08, 14);
        assert!(failed(&work, false).contains_key("masks"), "{effect}");
        forge_picture(&work, 0.03, 10);
        assert!(
            failed(&work, true).contains_key("picture inside masks"),
            "{effect}"
        );
    }
}

/// Goal: speech at -83 dB of full scale in a mute fails the verdict. Control: the same sound
/// encoded again, with nothing added. A plan that asks for a tone gets silence, and the manifest
/// says so.
#[test]
fn quiet_sound_in_a_mute_fails_the_verdict() {
    let work = released(&json!({"kind": "fill"}));
    let manifest = work.json("clip.redacted.manifest.json");
    assert_eq!(manifest["mutes"][0]["style"], "silence");
    assert_eq!(manifest["mutes"][0]["asked_style"], "tone");
    for (volume, caught) in [("0", false), ("0.00012", true)] {
        work.ffmpeg(&format!(
            "-i clip.redacted.mp4 -i clip.mp4 -filter_complex \
             [1:a]volume={volume}[quiet];[0:a][quiet]amix=inputs=2:normalize=0 \
             -map 0:v -c:v copy -c:a aac -b:a 256k {FORGED}"
        ));
        assert_eq!(
            failed(&work, false).contains_key("mutes"),
            caught,
            "{volume}"
        );
    }
}

/// Goal: a picture in rows or columns that are coded and not shown fails the verdict: at the bottom
/// or at the right, in some frames only, or so faint that no single frame shows it. Method: the
/// release is encoded again with lettering there and cropped to its size. Control: encoded again
/// with the edge repeated there, at several qualities, it passes; and every verdict says what it
/// did not check.
#[test]
fn a_picture_that_is_cropped_off_fails_the_verdict() {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=314x234:rate=25:duration=2,noise=alls=8:allf=t \
         -c:v libx264 -preset ultrafast -pix_fmt yuv420p clip.mp4",
    );
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    work.approve_findings();
    work.redact(&["render", "clip.mp4", "clip.plan.json", "--reencode", "all"])
        .expect_status(0);
    let verdict = work
        .redact(&["verify", "clip.redacted.mp4"])
        .expect_status(0);
    for open in [
        "leak, coded values: not checked",
        "audit, second look: not checked",
    ] {
        assert!(verdict.stdout().contains(open), "{}", verdict.stdout());
    }
    let forge = |crf: u32, draw: &str| {
        work.ffmpeg(&format!(
            "-i clip.redacted.mp4 -vf pad=320:240,fillborders=right=6:bottom=6:mode=smear{draw} \
             -c:v libx264 -preset veryfast -bf 0 -g 25 -crf {crf} -x264-params slices=1:threads=1 \
             -bsf:v h264_metadata=crop_right=6:crop_bottom=6 {FORGED}"
        ));
        failed(&work, false).remove("cropped edges")
    };
    for crf in [15, 21, 28] {
        assert_eq!(forge(crf, ""), None, "quality {crf}");
    }
    let bottom = "x=40:y=235:w=5:h=5:t=fill:color=white,drawbox=x=56:y=235:w=9:h=3:t=fill";
    let right = "x=315:y=40:w=5:h=8:t=fill:color=white,drawbox=x=315:y=56:w=3:h=8:t=fill";
    let some = format!(",drawbox=enable='between(n,30,31)':{bottom}:enable='between(n,30,31)'");
    let faint = ",drawbox=x=40:y=235:w=9:h=5:t=fill:color=white@0.12,drawbox=x=60:y=235:w=18:h=5:\
                 t=fill:color=white@0.12";
    for (what, draw) in [
        ("bottom", format!(",drawbox={bottom}")),
        ("right", format!(",drawbox={right}")),
        ("some frames", some),
        ("faint", faint.to_owned()),
    ] {
        assert!(forge(15, &draw).is_some(), "{what}");
    }
}

/// Goal: a blur shows the same levels in every frame, wherever a render starts: rendered as a
/// whole, and again after a correction that leaves its beginning in the cache, it declares the
/// same. Control: a mask that begins elsewhere declares others.
#[test]
fn levels_do_not_depend_on_where_a_render_starts() {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=6 -c:v libx264 -preset ultrafast \
         -g 25 -bf 0 clip.mp4",
    );
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut plan = work.approve_findings();
    let blur = json!({"kind": "blur", "cells_across": 8});
    let levels = |work: &Work, plan: &Value| {
        work.approve_edited(plan);
        work.redact(&["render", "clip.mp4", "clip.plan.json", "--force"])
            .expect_status(0);
        work.redact(&["verify", "clip.redacted.mp4", "--source", "clip.mp4"])
            .expect_status(0);
        let manifest = work.json("clip.redacted.manifest.json");
        let mask = &manifest["masks"][0];
        assert_eq!(mask["protection"], "reduced");
        mask["levels"].clone()
    };
    let mask = |start: u32| {
        json!([{
            "id": "a", "effect": blur, "reason": "privacy-face", "frames": [start, 140],
            "keyframes": [[start, 0.25, 0.25, 0.75, 0.75]],
        }])
    };
    plan["drawn"] = mask(30);
    let whole = levels(&work, &plan);
    assert!(whole.is_object(), "{whole}");
    let fill = json!({
        "id": "b", "effect": {"kind": "fill"}, "reason": "privacy-face", "frames": [110, 120],
        "keyframes": [[110, 0.4, 0.4, 0.6, 0.6]],
    });
    plan["drawn"].as_array_mut().unwrap().push(fill);
    assert_eq!(levels(&work, &plan), whole);
    plan["drawn"] = mask(40);
    assert_ne!(levels(&work, &plan), whole);
}
