//! Recordings that are odd as pictures: one frame, one colour, a cut, 4K, a crowd, mirrored,
//! turned.
//!
//! All are made from the demo clip, whose first frame shows one face at a known place. Needs the
//! face model; says so and passes where it is absent.

use serde_json::Value;

use crate::work::{Work, models, repository};

/// Left, top, right, bottom of the face in the demo clip's first frame, as shares of the picture.
const FACE: [f64; 4] = [624.2 / 1280.0, 204.2 / 720.0, 721.4 / 1280.0, 315.8 / 720.0];

/// Makes `clip.mp4` from the demo clip and scans it; `None` when there is no face model.
#[track_caller]
fn scanned(input: &str, arguments: &str) -> Option<(Work, Value)> {
    let models = models()?;
    let work = Work::new();
    let demo = repository().join("fixtures/demo.mp4");
    std::fs::copy(demo, work.path("demo.mp4")).unwrap();
    let encode = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -an";
    work.ffmpeg(&format!("{input} {arguments} {encode} clip.mp4"));
    work.redact_with_models(
        &models,
        &["scan", "clip.mp4", "--profile", "fast", "--json"],
    )
    .expect_status(0);
    let findings = work.json("clip.findings.json");
    Some((work, findings))
}

/// Boxes of faces in `frame`: left, top, right, bottom.
fn faces(findings: &Value, frame: u64) -> Vec<[f64; 4]> {
    let tracks = findings["tracks"].as_array().unwrap();
    tracks
        .iter()
        .filter(|track| track["class"] == "face")
        .flat_map(|track| track["boxes"].as_array().unwrap())
        .filter(|item| item[0] == frame)
        .map(|item| [1, 2, 3, 4].map(|side| item[side].as_f64().unwrap()))
        .collect()
}

#[track_caller]
fn covered(findings: &Value, frame: u64, face: [f64; 4]) {
    let all = faces(findings, frame);
    let over = |mask: &[f64; 4]| {
        mask[0] <= face[0] && mask[1] <= face[1] && mask[2] >= face[2] && mask[3] >= face[3]
    };
    assert!(
        all.iter().any(over),
        "{face:?} is not inside any of {all:?}"
    );
}

#[test]
fn a_recording_of_one_frame() {
    let Some((_work, findings)) = scanned("-i demo.mp4", "-frames:v 1") else {
        return;
    };
    covered(&findings, 0, FACE);
}

#[test]
fn a_picture_of_one_colour_holds_nothing() {
    let gray = "-f lavfi -i color=gray:size=640x360:rate=25:duration=2";
    let Some((_work, findings)) = scanned(gray, "") else {
        return;
    };
    assert_eq!(findings["tracks"].as_array().unwrap().len(), 0);
}

/// Goal: a scene cut ends every track, although a face was there just before and just after.
/// Method: a second of the demo, a second of a test picture, the second of the demo again.
#[test]
fn nothing_is_hidden_across_a_cut() {
    let inputs = "-i demo.mp4 -f lavfi -i smptehdbars=size=1280x720:rate=30:duration=1";
    let cut = "-filter_complex \
               [0:v]trim=end_frame=30,setpts=PTS-STARTPTS,split[a][c];\
               [1:v]format=yuv420p[b];[a][b][c]concat=n=3:v=1 -r 30";
    let Some((_work, findings)) = scanned(inputs, cut) else {
        return;
    };
    covered(&findings, 0, FACE);
    covered(&findings, 60, FACE);
    for frame in [30, 32, 45, 58, 59] {
        assert_eq!(faces(&findings, frame), Vec::<[f64; 4]>::new(), "{frame}");
    }
}

#[test]
fn pictures_of_3840_by_2160() {
    let enlarged = "-frames:v 4 -vf scale=3840:2160";
    let Some((_work, findings)) = scanned("-i demo.mp4", enlarged) else {
        return;
    };
    covered(&findings, 0, FACE);
}

#[test]
fn a_mirrored_picture() {
    let mirrored = "-frames:v 8 -vf hflip";
    let Some((_work, findings)) = scanned("-i demo.mp4", mirrored) else {
        return;
    };
    let [left, top, right, bottom] = FACE;
    covered(&findings, 0, [1.0 - right, top, 1.0 - left, bottom]);
}

/// Goal: a recording that is stored lying down, as phones do, is looked at upright.
#[test]
fn a_turned_recording() {
    let turned = "-frames:v 8 -vf transpose=clock";
    let Some((work, _)) = scanned("-i demo.mp4", turned) else {
        return;
    };
    // The samples lie down; the file says by how much to turn them to see them upright.
    work.ffmpeg("-i clip.mp4 -c copy -metadata:s:v:0 rotate=90 upright.mp4");
    let models = repository().join("models");
    work.redact_with_models(&models, &["scan", "upright.mp4", "--profile", "fast"])
        .expect_status(0);
    covered(&work.json("upright.findings.json"), 0, FACE);
}

/// Goal: a crowd takes bounded time and is found. Method: one face, 1000 times, each of about 35
/// pixels, in a picture of 2400 by 1500.
#[test]
fn a_thousand_faces() {
    let crowd = "-vf trim=end_frame=1,crop=160:160:592:180,scale=60:60,loop=loop=1999:size=1,\
                 tile=40x25 -frames:v 2";
    let Some((_work, findings)) = scanned("-i demo.mp4", crowd) else {
        return;
    };
    let found = faces(&findings, 0).len();
    assert!((500..4000).contains(&found), "{found} of 1000 faces");
}
