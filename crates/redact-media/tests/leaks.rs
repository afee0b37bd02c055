//! Every channel through which a file can give something away, closed in a release and found in a
//! file that has it.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::path::Path;

use common::{assert_clean, ffmpeg, ffmpeg_words, folder, read, release};
use redact_bitstream::leak::{self, ExpectedStreams, LeakChannel};

const CLIP: &str = "-f lavfi -i testsrc2=size=192x128:rate=25:duration=1 \
    -f lavfi -i sine=frequency=500:sample_rate=48000:duration=1";

/// What the scan does not accept in `path`.
#[track_caller]
fn unclean(path: &Path, audio_tracks: usize) -> Vec<LeakChannel> {
    leak::scan(
        std::fs::File::open(path).unwrap(),
        &ExpectedStreams {
            audio_tracks,
            frames: None,
        },
    )
    .unwrap()
    .into_iter()
    .filter(|verdict| !verdict.clean)
    .map(|verdict| verdict.channel)
    .collect()
}

/// Goal: the scan finds `channel` in a file that `arguments` make, and a release of it is clean.
#[track_caller]
fn check(arguments: &str, channel: LeakChannel) {
    let folder = folder();
    let leaking = folder.path().join("leaking.mp4");
    ffmpeg(
        &format!("{CLIP} {arguments} -movflags +faststart"),
        &leaking,
    );
    let found = unclean(&leaking, 1);
    assert!(found.contains(&channel), "{found:?}");
    let tracks = read(&leaking).unwrap().info.audio.len();
    assert_clean(&release(&leaking, folder.path()), tracks);
}

#[test]
fn another_video_stream_is_found() {
    check(
        "-map 0 -map 0 -map 1 -c:v libx264 -c:a aac",
        LeakChannel::ExtraVideo,
    );
}

#[test]
fn another_sound_track_is_found() {
    check(
        "-map 0 -map 1 -map 1 -c:v libx264 -c:a aac",
        LeakChannel::AudioTracks,
    );
}

#[test]
fn the_encoders_message_is_found() {
    check("-c:v libx264 -c:a aac", LeakChannel::EncoderSei);
}

#[test]
fn messages_in_the_pictures_are_found() {
    let message = "-c:v libx264 -c:a aac -bsf:v \
        h264_metadata=sei_user_data='086f3693-b7b3-4f2c-9653-21492feee5b8+serial'";
    check(message, LeakChannel::SeiUserData);
}

#[test]
fn tags_are_found() {
    for tag in [
        "title=secret",
        "comment=secret",
        "location=+40.0-074.0/",
        "creation_time=2020-01-01",
    ] {
        check(
            &format!("-c:v libx264 -c:a aac -metadata {tag}"),
            LeakChannel::ContainerTags,
        );
    }
    let handler = "-c:v libx264 -c:a aac -metadata:s:v:0 handler_name=unit7";
    check(handler, LeakChannel::ContainerTags);
}

/// Method: one recording with chapters, subtitles and a cover; the release keeps none of them.
#[test]
fn chapters_texts_and_covers_are_found() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let text = "1\n00:00:00,100 --> 00:00:00,900\nwords\n";
    std::fs::write(path("text.srt"), text).unwrap();
    let chapters = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=interview\n";
    std::fs::write(path("chapters.txt"), chapters).unwrap();
    ffmpeg(
        "-f lavfi -i color=red:size=64x64:duration=0.04:rate=25 -frames:v 1",
        &path("cover.jpg"),
    );
    ffmpeg(&format!("{CLIP} -c:v libx264 -c:a aac"), &path("plain.mp4"));
    let leaking = path("leaking.mp4");
    let inputs = ["plain.mp4", "text.srt", "chapters.txt", "cover.jpg"].map(path);
    let mut words: Vec<&str> = Vec::new();
    for input in &inputs {
        words.extend(["-i", input.to_str().unwrap()]);
    }
    words.extend("-map 0 -map 1 -map 3 -map_chapters 2 -c copy -c:s mov_text".split(' '));
    words.extend(["-disposition:v:1", "attached_pic"]);
    ffmpeg_words(&words, &leaking);
    let found = unclean(&leaking, 1);
    for channel in [
        LeakChannel::Chapters,
        LeakChannel::TimedText,
        LeakChannel::Attachments,
    ] {
        assert!(found.contains(&channel), "{channel:?} not in {found:?}");
    }
    let source = read(&leaking).unwrap();
    assert_eq!(source.info.chapters, 1);
    assert_eq!(
        source
            .info
            .streams
            .iter()
            .filter(|stream| stream.included)
            .count(),
        2
    );
    assert_clean(&release(&leaking, folder.path()), 1);
}

#[test]
fn data_tracks_are_found() {
    let folder = folder();
    let (plain, leaking) = (
        folder.path().join("plain.mp4"),
        folder.path().join("leaking.mp4"),
    );
    ffmpeg(&format!("{CLIP} -c:v libx264 -c:a aac"), &plain);
    ffmpeg(
        &format!(
            "-i {} -c copy -timecode 01:00:00:00 -write_tmcd on",
            plain.display()
        ),
        &leaking,
    );
    assert!(unclean(&leaking, 1).contains(&LeakChannel::DataTracks));
    assert_clean(&release(&leaking, folder.path()), 1);
}

/// Goal: no byte can be added to a release without a verdict or an error.
#[test]
fn bytes_that_nothing_refers_to_are_found() {
    let folder = folder();
    let plain = folder.path().join("plain.mp4");
    ffmpeg(&format!("{CLIP} -c:v libx264 -c:a aac"), &plain);
    let clean = release(&plain, folder.path());
    let bytes = std::fs::read(&clean).unwrap();
    let check = |what: &str, bytes: Vec<u8>| {
        let path = folder.path().join("changed.mp4");
        std::fs::write(&path, bytes).unwrap();
        match leak::scan(
            std::fs::File::open(&path).unwrap(),
            &ExpectedStreams {
                audio_tracks: 1,
                frames: None,
            },
        ) {
            Ok(verdicts) => {
                let leftover = verdicts
                    .iter()
                    .find(|v| v.channel == LeakChannel::LeftoverBytes);
                assert!(!leftover.unwrap().clean, "{what}");
            }
            Err(error) => assert!(matches!(error, leak::LeakError::Malformed { .. }), "{what}"),
        }
    };
    check(
        "bytes behind the last box",
        [bytes.as_slice(), b"hidden picture"].concat(),
    );
    check(
        "a box that is not known",
        [bytes.as_slice(), b"\0\0\0\x0cJUNKdata"].concat(),
    );
    check(
        "free space with content",
        [bytes.as_slice(), b"\0\0\0\x0cfreedata"].concat(),
    );
    check("an empty last byte", [bytes.as_slice(), b"\0"].concat());
    // The last box holds the media: its length is stretched over more bytes.
    let media = bytes.windows(4).rposition(|kind| kind == b"mdat").unwrap() - 4;
    let mut stretched = [bytes.as_slice(), b"hidden picture"].concat();
    let length = u32::from_be_bytes(stretched[media..media + 4].try_into().unwrap()) + 14;
    stretched[media..media + 4].copy_from_slice(&length.to_be_bytes());
    check("media that no sample refers to", stretched);
    check("a file that is cut", bytes[..bytes.len() - 1].to_vec());
}

/// Goal: an edited release never makes the scan panic.
/// Method: one byte after the other of the movie box is changed.
#[test]
fn no_changed_byte_of_the_boxes_makes_the_scan_panic() {
    let folder = folder();
    let plain = folder.path().join("plain.mp4");
    ffmpeg(
        "-f lavfi -i testsrc2=size=64x64:rate=25:duration=0.2 -c:v libx264",
        &plain,
    );
    let bytes = std::fs::read(release(&plain, folder.path())).unwrap();
    let media = bytes.windows(4).rposition(|kind| kind == b"mdat").unwrap();
    let path = folder.path().join("changed.mp4");
    for at in 0..media {
        let mut changed = bytes.clone();
        changed[at] ^= 0xff;
        std::fs::write(&path, changed).unwrap();
        leak::scan(
            std::fs::File::open(&path).unwrap(),
            &ExpectedStreams {
                audio_tracks: 0,
                frames: None,
            },
        )
        .ok();
    }
}

#[test]
fn channels_have_names_of_their_own() {
    let names: std::collections::BTreeSet<&str> = LeakChannel::ALL
        .iter()
        .map(|channel| channel.name())
        .collect();
    assert_eq!(names.len(), LeakChannel::ALL.len());
}
