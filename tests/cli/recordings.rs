//! Recordings as cameras and tools make them, released and compared with their source.

use serde_json::Value;

use crate::shared::shared;
use crate::work::{Work, policy};

/// A folder with a policy that lets one person release everything as it is.
fn work() -> Work {
    let work = Work::new();
    let court = std::fs::read_to_string(policy("court.toml")).unwrap();
    let alone = court.replace("second_person = true", "second_person = false");
    std::fs::write(work.path("audible.toml"), alone).unwrap();
    work
}

/// Options of `run` in such a folder.
const RUN: [&str; 8] = [
    "--policy",
    "audible.toml",
    "--accept-missing",
    "face",
    "--accept-missing",
    "plate",
    "--accept-missing",
    "screen",
];

/// Releases `clip`, compares the release with it, and gives the manifest.
#[track_caller]
fn released(work: &Work, clip: &str, more: &[&str]) -> Value {
    let run = [
        &["run", clip, "--out-dir", ".", "--name", "made", "--force"],
        &RUN[..],
        more,
    ];
    work.redact(&run.concat()).expect_status(0);
    let verify = ["verify", "made.redacted.mp4", "--source", clip];
    work.redact(&verify).expect_status(0);
    assert_eq!(work.ffmpeg_warnings("made.redacted.mp4"), "", "{clip}");
    work.json("made.redacted.manifest.json")
}

fn video(rate: u32, seconds: &str) -> String {
    format!("-f lavfi -i testsrc2=size=96x64:rate={rate}:duration={seconds}")
}

/// Goal: sound whose edit is a whole number of packets is copied, however the edit is rounded.
/// Method: rates, clocks of the edit and of the pictures, containers, two tracks. Control: sound
/// that the edit hides is not copied.
#[test]
fn sound_of_whole_packets_is_copied() {
    let work = work();
    for (hz, fps, scale, packets, name) in [
        (48_000, 30, 1000, 103, "a.mp4"),
        (48_000, 25, 600, 50, "b.mov"),
        (44_100, 30, 90_000, 61, "c.mp4"),
        (44_100, 24, 600, 60, "d.mov"),
        (32_000, 30, 48_000, 47, "e.mp4"),
    ] {
        let samples = (packets - 1) * 1024;
        let tone =
            |pitch: u32| format!("-f lavfi -i aevalsrc='0.5*sin(2*PI*{pitch}*t)':s={hz}:d=3");
        work.ffmpeg(&format!(
            "{} {} {} -map 0 -map 1 -map 2 -af atrim=end_sample={samples} -c:v libx264 -g 10 \
             -preset ultrafast -c:a aac -movie_timescale {scale} {name}",
            video(fps, "1"),
            tone(440),
            tone(880)
        ));
        let manifest = released(&work, name, &[]);
        for track in [0, 1] {
            let sound = &manifest["coding"]["sound"][track];
            assert_eq!(sound["copied"], true, "{name}: {sound:#}");
        }
    }
    work.ffmpeg("-ss 0.55 -i a.mp4 -map 0 -c copy cut.mp4");
    let manifest = released(&work, "cut.mp4", &[]);
    let sound = &manifest["coding"]["sound"][0];
    assert_eq!(sound["copied"], false, "{sound:#}");
    let why = "it stores sound that is not played";
    assert_eq!(sound["encoded_because"], why, "{sound:#}");
}

/// Goal: sound that begins loudly a moment before the first picture, or later, is released.
/// Controls: the tests of the comparison, in which sound is added and removed there.
#[test]
fn sound_may_begin_before_or_after_the_pictures() {
    let work = work();
    for (name, codec, after) in [
        ("a.ts", "mp2", -0.010),
        ("b.mpg", "mp2", -0.004),
        ("c.mkv", "libmp3lame", -0.150),
        ("d.ts", "aac", -0.030),
        // Later than the pictures by more than any padding.
        ("e.ts", "aac", 0.700),
    ] {
        work.ffmpeg(&format!(
            "-itsoffset 1 {} -itsoffset {} -f lavfi -i \
             aevalsrc='0.9*sin(2*PI*997*t)':s=48000:d=1.2 -map 0 -map 1 -c:v mpeg2video -c:a {codec} {name}",
            video(25, "1"),
            1.0 + after
        ));
        released(&work, name, &[]);
    }
}

#[test]
fn collected_recordings_are_released() {
    for name in [
        "13-sound-track-without-samples.mp4",
        "17-program-stream-named.mp4",
        "42-aac-whole-packets.mp4",
        "43-sound-a-moment-early.ts",
    ] {
        if let Some(clip) = shared(&format!("trials/recordings/{name}")) {
            released(&work(), &clip.display().to_string(), &[]);
        }
    }
}

/// The brightness, 0 to 255, of a part of the first picture of `file`.
fn brightness(work: &Work, file: &str, crop: &str) -> u8 {
    work.ffmpeg(&format!(
        "-i {file} -frames:v 1 -vf crop={crop},scale=1:1 -pix_fmt gray -f rawvideo gray.raw"
    ));
    std::fs::read(work.path("gray.raw")).unwrap()[0]
}

/// Goal: of a front and a rear camera in one file either is released; what is not is declared.
/// Controls: a stream that is no video; a manifest that names the other stream.
#[test]
fn either_camera_of_a_recording_is_released() {
    let work = work();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=96x64:rate=10:duration=1 \
         -f lavfi -i color=white:size=64x48:rate=10:duration=1 \
         -f lavfi -i sine=frequency=440:duration=1 \
         -map 0 -map 2 -map 1 -c:v libx264 -g 5 -c:a aac two.mp4",
    );
    for (stream, other, width) in [("0", 2, 96), ("2", 0, 64)] {
        let manifest = released(&work, "two.mp4", &["--video-stream", stream]);
        assert_eq!(manifest["source"]["width"], width);
        let removed = manifest["removed"].to_string();
        let expected = format!("Another video stream: stream {other} (h264)");
        assert!(removed.contains(&expected), "{removed}");
        assert_eq!(manifest["coding"]["pictures"][0]["copied"], true);
    }
    let said = work.redact(&["scan", "two.mp4"]).expect_status(0).stdout();
    let listed = "video stream 0 is read; not in this release: 2 (h264)";
    assert!(said.contains(listed), "{said}");
    work.redact(&["scan", "two.mp4", "--video-stream", "1", "--force"])
        .expect_refusal(&["stream 1 is not a video stream", "0, 2"]);

    let run = ["run", "two.mp4", "--video-stream", "2", "--name", "clip"];
    work.redact(&[&run[..], &RUN].concat()).expect_status(0);
    work.forge("clip.redacted.mp4", |manifest| {
        let streams = manifest["source"]["streams"].as_array_mut().unwrap();
        streams[0]["kept"] = true.into();
        streams[2]["kept"] = false.into();
    });
    let verify = ["verify", "clip.redacted.mp4", "--source", "two.mp4"];
    work.redact(&verify).expect_status(1);
}

/// Goal: what a render of one camera leaves in the cache is not taken for the other's. Method: two
/// cameras of one size, the same mask over both; the release of the second is compared with it.
#[test]
fn cached_segments_belong_to_one_camera() {
    let work = work();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=96x64:rate=10:duration=1 \
         -f lavfi -i testsrc=size=96x64:rate=10:duration=1 -map 0 -map 1 -pix_fmt yuv420p \
         -c:v libx264 -g 5 two.mp4",
    );
    for stream in ["0", "1"] {
        for file in ["clip.findings.json", "clip.plan.json"] {
            std::fs::remove_file(work.path(file)).ok();
        }
        let scan = ["scan", "two.mp4", "--video-stream", stream];
        work.redact(&[&scan[..], &["-o", "clip.findings.json"]].concat())
            .expect_status(0);
        let mut plan = work.approve_findings();
        plan["drawn"] = serde_json::json!([{
            "id": "door", "effect": {"kind": "fill"}, "reason": "privacy-face", "frames": [6, 8],
            "keyframes": [[6, 0.25, 0.25, 0.5, 0.5]],
        }]);
        work.write_json("clip.plan.json", &plan);
        work.redact(&["approve", "clip.plan.json", "--by", "Ada", "--force"])
            .expect_status(0);
        let render = [
            "render",
            "two.mp4",
            "clip.plan.json",
            "-o",
            "made.redacted.mp4",
            "--force",
        ];
        work.redact(&render).expect_status(0);
        let verify = ["verify", "made.redacted.mp4", "--source", "two.mp4"];
        work.redact(&verify).expect_status(0);
    }
}

/// Goal: the release of a camera that was mounted sideways is upright, and says so. Control: a
/// manifest that names another turn.
#[test]
fn a_recording_is_turned_as_requested() {
    let work = work();
    work.ffmpeg(
        "-f lavfi -i color=black:size=96x64:rate=10:duration=1 \
         -vf drawbox=x=0:y=0:w=48:h=64:color=white:t=fill -c:v libx264 side.mp4",
    );
    for (degrees, size, bright) in [
        ("90", [64, 96], "64:40:0:0"),
        ("180", [96, 64], "40:64:56:0"),
        ("270", [64, 96], "64:40:0:56"),
    ] {
        let manifest = released(&work, "side.mp4", &["--turn", degrees]);
        let source = &manifest["source"];
        assert_eq!([&source["width"], &source["height"]], size, "{degrees}");
        let changes = source["conversions"].to_string();
        let turned = format!("rotated by {degrees} degrees as requested");
        assert!(changes.contains(&turned), "{changes}");
        assert!(
            brightness(&work, "made.redacted.mp4", bright) > 200,
            "{degrees}"
        );
    }
    // The container's own turn comes first.
    work.ffmpeg("-i side.mp4 -c copy -metadata:s:v rotate=90 tagged.mp4");
    let manifest = released(&work, "tagged.mp4", &["--turn", "90"]);
    assert_eq!(manifest["source"]["width"], 96, "{manifest:#}");

    let run = ["run", "side.mp4", "--turn", "90", "--name", "clip"];
    work.redact(&[&run[..], &RUN].concat()).expect_status(0);
    work.forge("clip.redacted.mp4", |manifest| {
        manifest["source"]["turned_degrees"] = 270.into();
    });
    let verify = ["verify", "clip.redacted.mp4", "--source", "side.mp4"];
    work.redact(&verify).expect_status(1);
}

/// Goal: bare streams of recorders are released at their own rate or a given one, and it is
/// declared. Controls: a rate for a recording with times; a stream under another name.
#[test]
fn bare_streams_are_released() {
    let work = work();
    for (name, encoder) in [
        ("a.h264", "libx264"),
        ("b.hevc", "libx265 -x265-params log-level=error"),
        ("c.m2v", "mpeg2video"),
    ] {
        work.ffmpeg(&format!("{} -c:v {encoder} {name}", video(30, "1")));
        let manifest = released(&work, name, &[]);
        let source = &manifest["source"];
        assert_eq!(source["frames"], 30, "{name}");
        assert_eq!(source["duration_seconds"], 1.0, "{name}");
        let changes = source["conversions"].to_string();
        assert!(
            changes.contains("at 30/1 frames per second"),
            "{name}: {changes}"
        );
        let manifest = released(&work, name, &["--frame-rate", "12.5"]);
        assert_eq!(manifest["source"]["duration_seconds"], 2.4, "{name}");
    }
    work.ffmpeg(&format!("{} -c:v libx264 timed.mp4", video(30, "1")));
    work.redact(&["scan", "timed.mp4", "--frame-rate", "25"])
        .expect_refusal(&["frame rate", "has its own timestamps"]);
    std::fs::copy(work.path("a.h264"), work.path("export.bin")).unwrap();
    work.redact(&["scan", "export.bin"])
        .expect_refusal(&["export.bin"]);
    released(&work, "export.bin", &["--frame-rate", "30"]);
    std::fs::write(work.path("odd.dav"), b"DAHUB of another maker").unwrap();
    work.redact(&["scan", "odd.dav"])
        .expect_refusal(&["odd.dav"]);
}

/// One picture of a recorder's file. Source: FFmpeg `libavformat/dhav.c`, `read_chunk`.
fn dhav_chunk(number: u32, unit: &[u8]) -> Vec<u8> {
    let is_key = unit.windows(5).any(|bytes| bytes == [0, 0, 0, 1, 0x67]);
    // Codec and rate; width and height in blocks of 8.
    let more = [0x81, 0, 2, 25, 0x80, 0, 96 / 8, 64 / 8];
    let length = u32::try_from(24 + more.len() + unit.len() + 8).unwrap();
    let millis = number * 40;
    let date = (millis / 1000) | (10 << 6) | (9 << 12) | (3 << 17) | (4 << 22) | (24 << 26);
    let mut chunk = b"DHAV".to_vec();
    chunk.extend([if is_key { 0xfd } else { 0xfc }, 0, 0, 0]);
    for word in [number, length, date] {
        chunk.extend(word.to_le_bytes());
    }
    chunk.extend(u16::try_from(millis).unwrap().to_le_bytes());
    chunk.extend([8, 0]);
    chunk.extend(more);
    chunk.extend(unit);
    chunk.extend(b"dhav");
    chunk.extend(length.to_le_bytes());
    chunk
}

#[test]
fn a_recorders_dav_file_is_released() {
    let work = work();
    work.ffmpeg(&format!(
        "{} -c:v libx264 -bf 0 -g 25 -x264-params aud=1 a.h264",
        video(25, "2")
    ));
    let bare = std::fs::read(work.path("a.h264")).unwrap();
    let starts: Vec<usize> = bare
        .windows(5)
        .enumerate()
        .filter(|(_, bytes)| *bytes == [0, 0, 0, 1, 9])
        .map(|(at, _)| at)
        .chain([bare.len()])
        .collect();
    let units = starts.windows(2).map(|ends| &bare[ends[0]..ends[1]]);
    let chunks = (0..)
        .zip(units)
        .flat_map(|(number, unit)| dhav_chunk(number, unit));
    std::fs::write(work.path("a.dav"), chunks.collect::<Vec<_>>()).unwrap();
    let manifest = released(&work, "a.dav", &[]);
    assert_eq!(manifest["source"]["frames"], 50);
    assert_eq!(manifest["source"]["container"], "dhav");
    std::fs::rename(work.path("a.h264"), work.path("bare.dav")).unwrap();
    let manifest = released(&work, "bare.dav", &[]);
    assert_eq!(manifest["source"]["container"], "h264");
}

/// Goal: sound that no release can hold is refused before anything is scanned, with what is needed.
/// Control: eight channels are released.
#[test]
fn sixteen_channels_are_refused_before_the_scan() {
    let work = work();
    for (channels, name) in [(16, "many.mov"), (8, "eight.mov")] {
        let tones = vec!["0.1*sin(2*PI*50*t)"; channels].join("|");
        work.ffmpeg(&format!(
            "{} -f lavfi -i aevalsrc={tones}:s=48000:d=1 -c:v libx264 -c:a pcm_s16le {name}",
            video(10, "1")
        ));
    }
    work.redact(&["scan", "many.mov"])
        .expect_refusal(&["many.mov", "16 channels"]);
    assert!(!work.path("many.findings.json").exists());
    released(&work, "eight.mov", &[]);
}

/// Goal: a recording of which no sound can be decoded is released without sound only where that was
/// accepted, and the manifest says so. Control: accepting it takes no sound that decodes.
#[test]
fn lost_sound_must_be_accepted() {
    let work = work();
    work.ffmpeg(&format!(
        "{} -f lavfi -i sine=frequency=440:duration=1 -c:v libx264 -c:a pcm_s16le clip.mov",
        video(10, "1")
    ));
    let manifest = released(&work, "clip.mov", &["--accept-lost-sound"]);
    assert_eq!(manifest["totals"]["sound"].as_array().unwrap().len(), 1);
    let mut bytes = std::fs::read(work.path("clip.mov")).unwrap();
    let places: Vec<usize> = (0..bytes.len() - 4)
        .filter(|&at| &bytes[at..at + 4] == b"sowt")
        .collect();
    for at in places {
        bytes[at..at + 4].copy_from_slice(b"apac");
    }
    std::fs::write(work.path("lost.mov"), bytes).unwrap();
    let run = [&["run", "lost.mov"], &RUN[..]].concat();
    work.redact(&run).expect_refusal(&[
        "no sound track can be decoded",
        "accept a release without sound",
    ]);
    let manifest = released(&work, "lost.mov", &["--accept-lost-sound"]);
    assert_eq!(manifest["totals"]["sound"].as_array().unwrap().len(), 0);
    let changes = manifest["source"]["conversions"].to_string();
    assert!(changes.contains("the release has no sound"), "{changes}");
    let removed = manifest["removed"].to_string();
    assert!(
        removed.contains("Sound that cannot be decoded"),
        "{removed}"
    );
}
