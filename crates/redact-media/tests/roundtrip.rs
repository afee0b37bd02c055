//! Recordings with one oddity each, from file to release and back.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;
#[path = "../../../tests/shared.rs"]
mod shared;

use common::{assert_clean, assert_kept, complaints, ffmpeg, folder, read, release};

/// One second of moving pictures with a tone that starts half a second in.
const CLIP: &str = "-f lavfi -i testsrc2=size=192x128:rate=25:duration=1.4 \
    -f lavfi -i aevalsrc=sin(2*PI*1000*t)*gte(t\\,0.5):sample_rate=48000:duration=1.4";

/// Makes a clip, releases it and checks what must hold for every recording.
#[track_caller]
fn check(arguments: &str, name: &str) -> (common::Content, common::Content) {
    let folder = folder();
    let clip = folder.path().join(name);
    ffmpeg(arguments, &clip);
    let source = read(&clip).unwrap();
    let output = release(&clip, folder.path());
    let back = read(&output).unwrap();
    assert_kept(&source, &back);
    assert_eq!(complaints(&output), "");
    assert_clean(&output, source.info.audio.len());
    for track in 0..source.info.audio.len() {
        let (a, b) = (source.onset(track, 0.2), back.onset(track, 0.2));
        let apart = a.zip(b).map_or(9.0, |(a, b)| (a - b).abs());
        assert!(
            apart < 0.003,
            "tone of track {track} at {a:?} s came back at {b:?} s"
        );
    }
    (source, back)
}

#[test]
fn a_plain_clip_is_kept() {
    let (source, back) = check(&format!("{CLIP} -c:v libx264 -c:a aac"), "clip.mp4");
    assert_eq!(source.frames.len(), 35);
    let onset = back.onset(0, 0.2).unwrap();
    assert!((onset - 0.5).abs() < 0.005, "{onset}");
}

#[test]
fn sound_may_be_stream_zero() {
    let (source, _) = check(
        &format!("{CLIP} -map 1 -map 0 -c:v libx264 -c:a aac"),
        "clip.mp4",
    );
    assert_eq!(
        (source.info.video.stream, source.info.audio[0].stream),
        (1, 0)
    );
}

#[test]
fn a_clip_without_sound_is_kept() {
    let (source, back) = check(&format!("{CLIP} -an -c:v libx264"), "clip.mp4");
    assert!(source.info.audio.is_empty() && back.sound.is_empty());
}

/// Goal: a camera's pre-event buffer has pictures but no sound.
#[test]
fn sound_that_starts_later_stays_later() {
    let clip = "-f lavfi -i testsrc2=size=192x128:rate=25:duration=4 -itsoffset 2.5 \
        -f lavfi -i sine=frequency=1000:sample_rate=48000:duration=1.5 \
        -af volume=4 -c:v libx264 -c:a aac";
    for name in ["clip.mp4", "clip.mkv", "clip.ts"] {
        let (source, back) = check(clip, name);
        let first = source.sound[0].start as f64 / 48_000.0;
        assert!((first - 2.5).abs() < 0.03, "{name}: {first}");
        assert!((back.onset(0, 0.2).unwrap() - 2.5).abs() < 0.03);
    }
}

/// Goal: the end of a track that begins late is measured, scanned and released, too, though FFmpeg
/// declares its last packet too short. Control: an encoder's padding is left out where sound and
/// pictures begin together.
#[test]
fn sound_that_starts_later_is_read_to_its_end() {
    let end = |offset: &str| {
        let folder = folder();
        let clip = folder.path().join("clip.mp4");
        let made = format!(
            "-f lavfi -i testsrc2=size=192x128:rate=25:duration=2 -itsoffset {offset} \
             -f lavfi -i sine=frequency=1000:sample_rate=48000:duration=1.2 -c:v libx264 -c:a aac"
        );
        ffmpeg(&made, &clip);
        let sound = read(&clip).unwrap().sound;
        let last = sound.last().unwrap();
        last.start + last.frames() as i64
    };
    assert_eq!(end("0"), 57_600);
    assert!(end("0.01") >= 57_600 + 480, "{}", end("0.01"));
}

#[test]
fn sound_that_starts_earlier_stays_earlier() {
    let clip = "-itsoffset 0.7 -f lavfi -i testsrc2=size=192x128:rate=25:duration=1.4 \
        -f lavfi -i aevalsrc=sin(2*PI*1000*t)*gte(t\\,0.2):sample_rate=48000:duration=2 \
        -vsync passthrough -c:v libx264 -c:a aac";
    for name in ["clip.mkv", "clip.mp4", "clip.ts"] {
        let (source, back) = check(clip, name);
        let onset = source.onset(0, 0.2).unwrap();
        assert!((onset + 0.5).abs() < 0.03, "{name}: {onset}");
        assert!(
            (back.sound[0].start as f64 / 48_000.0 + 0.7).abs() < 0.06,
            "{name}"
        );
    }
}

/// Method: every third frame is dropped and the rest keep their times.
#[test]
fn a_variable_frame_rate_stays_variable() {
    let clip = "-f lavfi -i testsrc2=size=192x128:rate=25:duration=2 \
        -vf select='not(eq(mod(n\\,7)\\,3)+eq(mod(n\\,5)\\,1))' -vsync passthrough -c:v libx264";
    for name in ["clip.mp4", "clip.mkv"] {
        let (source, _) = check(clip, name);
        let nanos = source.frame_nanos();
        let gaps: std::collections::BTreeSet<i64> = nanos
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) / 10_000_000)
            .collect();
        assert!(gaps.len() > 1, "{name}: {gaps:?}");
    }
}

#[test]
fn a_negative_first_time_is_kept() {
    let clip = format!(
        "{CLIP} -c:v libx264 -bf 2 -c:a aac -output_ts_offset -3 \
        -avoid_negative_ts disabled"
    );
    let (source, _) = check(&clip, "clip.ts");
    assert!(source.info.video.first_timestamp.ticks() < 0);
}

/// Method: a copy that starts between key frames hides the frames before its start.
#[test]
fn frames_that_an_edit_list_hides_are_not_delivered() {
    let folder = folder();
    let (whole, cut) = (
        folder.path().join("whole.mp4"),
        folder.path().join("cut.mp4"),
    );
    ffmpeg(&format!("{CLIP} -c:v libx264 -g 50 -c:a aac"), &whole);
    ffmpeg(&format!("-ss 0.6 -i {} -c copy", whole.display()), &cut);
    let source = read(&cut).unwrap();
    assert!(
        (19..=21).contains(&source.frames.len()),
        "{}",
        source.frames.len()
    );
    let back = read(&release(&cut, folder.path())).unwrap();
    assert_kept(&source, &back);
    // The scan of the copy itself finds what is hidden.
    let verdicts = redact_bitstream::leak::scan(
        std::fs::File::open(&cut).unwrap(),
        &redact_bitstream::leak::ExpectedStreams {
            audio_tracks: 1,
            frames: None,
        },
    );
    let edits = verdicts
        .unwrap()
        .into_iter()
        .find(|verdict| verdict.channel == redact_bitstream::leak::LeakChannel::EditLists);
    assert!(!edits.unwrap().clean);
}

/// Goal: pictures are upright and the tag is gone.
/// Method: only the stored picture's top left corner is bright.
#[test]
fn tagged_rotations_are_applied() {
    let clip = "-f lavfi -i color=black:size=192x128:rate=25:duration=0.4 \
        -vf drawbox=x=0:y=0:w=iw/4:h=ih/4:color=white:t=fill -c:v libx264 -pix_fmt yuv420p";
    let folder = folder();
    let plain = folder.path().join("plain.mp4");
    ffmpeg(clip, &plain);
    for (tag, degrees, corner, size) in [
        ("90", 270, 2, (128, 192)),
        ("180", 180, 3, (192, 128)),
        ("270", 90, 1, (128, 192)),
    ] {
        // What ffmpeg writes for `rotate` turns the other way round than the tag counts.
        let turned = folder.path().join(format!("turned{tag}.mov"));
        let arguments = format!(
            "-i {} -c copy -metadata:s:v:0 rotate={tag}",
            plain.display()
        );
        ffmpeg(&arguments, &turned);
        let source = read(&turned).unwrap();
        let expected = if source.info.video.rotation_degrees == degrees {
            degrees
        } else {
            360 - degrees
        };
        assert_eq!(source.info.video.rotation_degrees, expected, "{tag}");
        let size_found = source.info.video.size;
        assert_eq!((size_found.width(), size_found.height()), size, "{tag}");
        let bright = |corners: [u8; 4]| corners.iter().position(|mean| *mean > 200);
        let by_ffmpeg = folder.path().join(format!("upright{tag}.mp4"));
        ffmpeg(&format!("-i {} -c:v libx264", turned.display()), &by_ffmpeg);
        let upright = read(&by_ffmpeg).unwrap();
        assert_eq!(
            bright(source.corners(3)),
            bright(upright.corners(3)),
            "{tag}"
        );
        let _ = corner;
        let back = read(&release(&turned, folder.path())).unwrap();
        assert_eq!(back.info.video.rotation_degrees, 0);
        assert_eq!(bright(back.corners(3)), bright(upright.corners(3)), "{tag}");
    }
}

#[test]
fn pixels_that_are_not_square_stay_so() {
    let (source, back) = check(&format!("{CLIP} -vf setsar=16/11 -c:v libx264"), "clip.mp4");
    assert_eq!(source.info.video.pixel_aspect, (16, 11));
    assert_eq!(back.info.video.pixel_aspect, (16, 11));
}

#[test]
fn odd_sides_are_padded_and_declared() {
    let clip =
        "-f lavfi -i testsrc=size=191x127:rate=25:duration=0.5 -pix_fmt yuv444p -c:v libx264";
    let (source, _) = check(clip, "clip.mkv");
    let size = source.info.video.size;
    assert_eq!((size.width(), size.height()), (192, 128));
    let declared: Vec<String> = source
        .info
        .conversions
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        declared,
        [
            "pixel format yuv444p to 8-bit 4:2:0",
            "padded from 191x127 to even sides"
        ]
    );
    let plane = source.frames[0].picture.plane(redact_core::PlaneKind::Luma);
    assert_eq!(plane.row(127), plane.row(126));
    assert!(plane.rows().all(|row| row[191] == row[190]));
}

#[test]
fn frames_out_of_order_in_the_file_are_delivered_in_order() {
    check(
        &format!("{CLIP} -c:v libx264 -bf 3 -b_strategy 0 -c:a aac"),
        "clip.mp4",
    );
    check(
        &format!("{CLIP} -c:v libx264 -bf 3 -b_strategy 0 -c:a aac"),
        "clip.ts",
    );
}

#[test]
fn several_sound_tracks_are_all_kept() {
    let clip = format!(
        "{CLIP} -f lavfi -i \
         aevalsrc=0.5*sin(2*PI*400*t)*gte(t\\,0.8)|0:sample_rate=44100:duration=1.4 -map 0 -map 1 -map 2 -c:v libx264 -c:a aac"
    );
    let (source, _) = check(&clip, "clip.mkv");
    assert_eq!(
        source
            .info
            .audio
            .iter()
            .map(|a| a.channels)
            .collect::<Vec<_>>(),
        [1, 2]
    );
}

#[test]
fn full_range_and_color_tags_are_kept() {
    let clip = format!(
        "{CLIP} -vf scale=out_range=full -pix_fmt yuvj420p -color_range pc \
        -colorspace bt709 -color_primaries bt709 -color_trc bt709 -c:v libx264"
    );
    let (source, back) = check(&clip, "clip.mp4");
    assert_eq!(source.info.video.range, redact_core::ColorRange::Full);
    assert_eq!(back.info.video.range, redact_core::ColorRange::Full);
}

/// Every container and codec that is promised, with what its sound track is allowed to be.
#[test]
fn every_container_and_codec_is_kept() {
    let table = [
        ("clip.mp4", "-c:v libx264 -pix_fmt yuv420p10le -c:a aac"),
        ("clip.mp4", "-c:v libx264 -pix_fmt yuv422p -c:a libmp3lame"),
        (
            "clip.mkv",
            "-c:v libx265 -x265-params log-level=none -c:a ac3",
        ),
        ("clip.mov", "-c:v mpeg4 -c:a pcm_s16le"),
        ("clip.avi", "-c:v mpeg4 -c:a libmp3lame"),
        ("clip.avi", "-c:v mjpeg -c:a pcm_mulaw -ar 8000"),
        (
            "clip.avi",
            "-c:v mjpeg -pix_fmt yuvj422p -c:a adpcm_ima_wav",
        ),
        (
            "clip.mov",
            "-c:v mjpeg -pix_fmt yuvj444p -c:a pcm_alaw -ar 8000",
        ),
        ("clip.webm", "-c:v libvpx -c:a libopus"),
        (
            "clip.webm",
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
        ),
        (
            "clip.mkv",
            "-c:v libvpx-vp9 -pix_fmt yuv444p -deadline realtime -cpu-used 8 -c:a pcm_s24le",
        ),
        ("clip.mkv", "-c:v libsvtav1 -preset 10 -c:a libopus"),
        ("clip.ts", "-c:v mpeg2video -c:a mp2"),
        ("clip.ts", "-c:v libx264 -c:a ac3"),
        ("clip.mpg", "-c:v mpeg2video -c:a mp2"),
        ("clip.wmv", "-c:v wmv2 -c:a wmav2"),
        ("clip.3gp", "-c:v h263 -s 176x144 -c:a aac -ar 8000"),
        ("clip.flv", "-c:v libx264 -c:a aac -ar 44100"),
        (
            "clip.avi",
            "-c:v dvvideo -s 720x576 -pix_fmt yuv420p -r 25 -c:a pcm_s16le",
        ),
        ("clip.mkv", "-c:v ffv1 -c:a flac -ac 6"),
        ("clip.mkv", "-c:v libx264 -c:a pcm_s16le -ar 96000"),
        ("clip.mkv", "-c:v libx264 -c:a pcm_s16le -ar 22000"),
    ];
    for (name, codecs) in table {
        println!("{name} {codecs}");
        let (source, _) = check(&format!("{CLIP} {codecs}"), name);
        assert!(
            (34..=36).contains(&source.frames.len()),
            "{}",
            source.frames.len()
        );
    }
}

/// Goal: containers without presentation times lose neither frames nor sync.
#[test]
fn frames_out_of_order_in_avi_are_timed_from_the_first() {
    let clip = format!("{CLIP} -c:v mpeg4 -bf 2 -c:a pcm_s16le");
    let (source, _) = check(&clip, "clip.avi");
    assert_eq!(source.frames.len(), 35);
    assert_eq!(source.frame_nanos()[34], 34 * 40_000_000);
    assert!((source.onset(0, 0.2).unwrap() - 0.5).abs() < 0.003);
}

/// Method: a clip's display matrix is overwritten with one that mirrors left to right.
#[test]
fn tagged_mirrors_are_applied() {
    let folder = folder();
    let clip = folder.path().join("clip.mp4");
    ffmpeg(
        "-f lavfi -i color=black:size=192x128:rate=25:duration=0.4 \
         -vf drawbox=x=0:y=0:w=iw/4:h=ih/4:color=white:t=fill -c:v libx264 -pix_fmt yuv420p",
        &clip,
    );
    let mut bytes = std::fs::read(&clip).unwrap();
    let matrix = bytes.windows(4).position(|kind| kind == b"tkhd").unwrap() + 44;
    bytes[matrix..matrix + 4].copy_from_slice(&[0xff, 0xff, 0, 0]);
    std::fs::write(&clip, bytes).unwrap();
    let source = read(&clip).unwrap();
    assert_eq!(source.info.conversions, [redact_core::Conversion::Mirrored]);
    let corners = source.corners(3);
    assert!(corners[1] > 200 && corners[0] < 40, "{corners:?}");
}

/// Method: two streams of different size and sample rate, one behind the other.
#[test]
fn a_change_of_size_and_rate_midway_is_scaled_to_the_first() {
    let folder = folder();
    let mut list = String::new();
    for (size, rate) in [("192x128", 48_000), ("320x240", 44_100)] {
        let part = folder.path().join(format!("{size}.ts"));
        let arguments = format!(
            "-f lavfi -i testsrc2=size={size}:rate=25:duration=1 \
             -f lavfi -i sine=frequency=500:sample_rate={rate}:duration=1 \
             -c:v libx264 -c:a mp2"
        );
        ffmpeg(&arguments, &part);
        list += &format!("file {size}.ts\n");
    }
    std::fs::write(folder.path().join("list.txt"), list).unwrap();
    let clip = folder.path().join("clip.ts");
    let list = folder.path().join("list.txt");
    ffmpeg(&format!("-f concat -i {} -c copy", list.display()), &clip);
    let source = read(&clip).unwrap();
    assert_eq!(source.frames.len(), 50);
    assert!(
        source
            .frames
            .iter()
            .all(|frame| frame.picture.size() == source.info.video.size)
    );
    assert!(source.sound.iter().all(|block| block.rate_hz == 48_000));
    let end = source
        .sound
        .last()
        .map(|block| block.start + block.frames() as i64)
        .unwrap();
    assert!((end - 96_000).abs() < 4000, "{end}");
    assert_kept(&source, &read(&release(&clip, folder.path())).unwrap());
}

/// Goal: sound keeps its place to the sample.
/// Method: noise below 2 kHz is compared with itself at every shift of up to 64 samples.
#[test]
fn sound_is_not_shifted_by_a_single_sample() {
    let folder = folder();
    let clip = folder.path().join("clip.mkv");
    ffmpeg(
        "-f lavfi -i testsrc2=size=192x128:rate=25:duration=2 -itsoffset 0.31 \
         -f lavfi -i anoisesrc=seed=7:sample_rate=48000:duration=1.2:amplitude=0.6,lowpass=f=2000 \
         -c:v libx264 -c:a pcm_s16le",
        &clip,
    );
    let (source, back) = (
        read(&clip).unwrap(),
        read(&release(&clip, folder.path())).unwrap(),
    );
    let samples = |content: &common::Content| -> Vec<f32> {
        let mut line = vec![0.0; 96_000];
        for block in &content.sound {
            for (i, sample) in block.samples.iter().enumerate() {
                line[usize::try_from(block.start).unwrap() + i] = *sample;
            }
        }
        line
    };
    let (a, b) = (samples(&source), samples(&back));
    // 64 stands for no shift.
    let likeness = |shift: usize| -> f32 {
        (30_000..34_000)
            .map(|at: usize| a[at] * b[at + shift - 64])
            .sum()
    };
    let best = (0..=128_usize).max_by(|x, y| likeness(*x).total_cmp(&likeness(*y)));
    assert_eq!(best, Some(64));
    let end = |content: &common::Content| {
        content
            .sound
            .last()
            .map(|block| block.start + block.frames() as i64)
            .unwrap()
    };
    assert_eq!(end(&source), end(&back), "the encoder's padding is cut");
}

/// Goal: full range stays full when the layout is converted.
/// Method: white in the source is 255, and must not become 235.
#[test]
fn converted_layouts_keep_their_range() {
    let folder = folder();
    let clip = folder.path().join("clip.avi");
    ffmpeg(
        "-f lavfi -i color=white:size=64x64:rate=25:duration=0.2 -pix_fmt yuvj422p -c:v mjpeg",
        &clip,
    );
    let source = read(&clip).unwrap();
    assert_eq!(source.info.video.range, redact_core::ColorRange::Full);
    let back = read(&release(&clip, folder.path())).unwrap();
    for content in [&source, &back] {
        assert!(content.corners(1)[0] > 250, "{:?}", content.corners(1));
    }
}

/// Goal: a picture in plain memory is encoded as one of the decoder's.
#[test]
fn pictures_of_plain_memory_are_encoded() {
    use redact_core::{MediaItem, Sink};
    let folder = folder();
    let clip = folder.path().join("clip.mp4");
    ffmpeg(&format!("{CLIP} -an -c:v libx264"), &clip);
    let source = read(&clip).unwrap();
    let path = folder.path().join("out.mp4");
    let sink = redact_media::FileSink::create(&path, &source.info, &common::fast()).unwrap();
    let mut sink = Box::new(sink);
    let copies = read(&clip).unwrap();
    for mut frame in copies.frames {
        frame.picture = frame.picture.to_owned_copy();
        sink.write_item(MediaItem::Frame(frame)).unwrap();
    }
    sink.finish().unwrap();
    let back = read(&path).unwrap();
    assert_kept(&source, &back);
    assert!(
        source
            .corners(5)
            .iter()
            .zip(back.corners(5))
            .all(|(a, b)| a.abs_diff(b) < 6)
    );
}

/// Goal: writing to a delivered picture never changes another one.
/// Method: every second picture is blackened as it comes; the others must stay as they were.
#[test]
fn writing_to_a_picture_does_not_spoil_the_next() {
    use redact_core::{MediaItem, PlaneKind, Source};
    let folder = folder();
    let clip = folder.path().join("clip.mp4");
    ffmpeg(&format!("{CLIP} -an -c:v libx264 -bf 2"), &clip);
    let untouched = read(&clip).unwrap();
    let mut source =
        redact_media::FileSource::open(&clip, &redact_media::OpenOptions::default()).unwrap();
    let mut at = 0;
    while let Some(item) = source.next_item().unwrap() {
        let MediaItem::Frame(mut frame) = item else {
            continue;
        };
        if at % 2 == 0 {
            let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
            (0..plane.height).for_each(|y| plane.row_mut(y).fill(16));
        } else {
            let expected = untouched.frames[at].picture.plane(PlaneKind::Luma);
            assert!(
                frame
                    .picture
                    .plane(PlaneKind::Luma)
                    .rows()
                    .eq(expected.rows()),
                "frame {at}"
            );
        }
        at += 1;
    }
    assert_eq!(at, 35);
}

/// Goal: real recordings pass too.
/// Method: the first dozen frames of every clip in `../shared/footage`, with their sound.
#[test]
fn real_footage_is_released_without_a_complaint() {
    use redact_core::{MediaItem, Sink, Source};
    let Some(footage) = shared::shared("footage") else {
        return;
    };
    let folder = folder();
    for clip in std::fs::read_dir(footage).unwrap() {
        let path = clip.unwrap().path();
        let mut source =
            redact_media::FileSource::open(&path, &redact_media::OpenOptions::default()).unwrap();
        let tracks = source.info().audio.len();
        let output = folder.path().join("release.mp4");
        let sink = redact_media::FileSink::create(&output, source.info(), &common::fast());
        let mut sink = Box::new(sink.unwrap());
        let mut frames = 0;
        while frames < 12 {
            let Some(item) = source.next_item().unwrap() else {
                break;
            };
            frames += usize::from(matches!(item, MediaItem::Frame(_)));
            sink.write_item(item).unwrap();
        }
        sink.finish().unwrap();
        assert_eq!(complaints(&output), "", "{}", path.display());
        assert_clean(&output, tracks);
        assert_eq!(
            read(&output).unwrap().frames.len(),
            frames,
            "{}",
            path.display()
        );
    }
}

/// Goal: players show the release in the source's colors.
#[test]
fn color_tags_reach_the_release() {
    let folder = folder();
    let clip = folder.path().join("clip.mp4");
    let arguments = format!(
        "{CLIP} -an -c:v libx264 -colorspace bt709 -color_primaries bt709 -color_trc bt709 \
         -color_range tv -chroma_sample_location left"
    );
    ffmpeg(&arguments, &clip);
    let tags = |path: &std::path::Path| {
        let entries =
            "stream=color_range,color_space,color_transfer,color_primaries,chroma_location";
        let output = std::process::Command::new("ffprobe")
            .args(["-v", "error", "-show_entries", entries, "-of", "compact"])
            .arg(path)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let found = tags(&clip);
    assert!(found.contains("color_space=bt709"), "{found}");
    assert_eq!(found, tags(&release(&clip, folder.path())));
}
