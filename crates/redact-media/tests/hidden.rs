//! What a faulty or hostile renderer could hide in a release, each hidden and each found.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;
mod surgery;

use std::path::Path;

use common::{ffmpeg, folder, release};
use redact_bitstream::leak::{self, ExpectedStreams, LeakError};
use surgery::{File, words};

const FRAMES: u32 = 25;

/// The bytes that are hidden.
const SECRET: &[u8] = b"a face that nobody may see, in some sixty bytes of a small file";

/// What the scan says of `bytes`; empty when they are clean.
fn found(bytes: &[u8], folder: &Path) -> Vec<String> {
    let path = folder.join("changed.mp4");
    std::fs::write(&path, bytes).unwrap();
    let expected = ExpectedStreams {
        audio_tracks: 1,
        frames: Some(FRAMES),
    };
    match leak::scan(std::fs::File::open(&path).unwrap(), &expected) {
        Ok(verdicts) => verdicts
            .into_iter()
            .filter(|verdict| !verdict.clean)
            .map(|verdict| verdict.evidence)
            .collect(),
        Err(LeakError::Malformed { found }) => vec![found],
        Err(error) => panic!("{error}"),
    }
}

type Hide = fn(&mut File);

const VIDEO: &str = "moov/trak/";
const SOUND: &str = "moov/trak:1/";

/// Goal: each way to hide bytes is found.
/// Method: a release is taken apart, changed and put together again; that without a change it is
/// clean is the control.
#[track_caller]
fn check(table: &[(&str, Hide)]) {
    let folder = folder();
    let plain = folder.path().join("plain.mp4");
    ffmpeg(
        "-f lavfi -i testsrc2=size=192x120:rate=25:duration=1 -f lavfi -i \
            sine=frequency=500:sample_rate=48000:duration=1 -c:v libx264 -c:a aac",
        &plain,
    );
    let bytes = std::fs::read(release(&plain, folder.path())).unwrap();
    let untouched = File::read(&bytes).write();
    assert_eq!(found(&untouched, folder.path()), [""; 0]);
    let mut missed = Vec::new();
    for (what, hide) in table {
        let mut file = File::read(&bytes);
        hide(&mut file);
        let changed = file.write();
        assert_ne!(changed, untouched, "{what} changes nothing");
        if found(&changed, folder.path()).is_empty() {
            missed.push(*what);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:#?}");
}

#[test]
fn nothing_hides_in_the_boxes() {
    check(&[
        ("a brand", |f| f.body("ftyp").extend(b"seen")),
        ("bytes of the film's header", |f| {
            f.body("moov/mvhd")[80..90].copy_from_slice(&SECRET[..10])
        }),
        ("bytes of a track's header", |f| {
            f.body(&format!("{VIDEO}tkhd"))[24..28].copy_from_slice(&SECRET[..4])
        }),
        ("a picture turned over", |f| {
            f.body(&format!("{VIDEO}tkhd"))[40] = 0xff
        }),
        ("bytes of a media header", |f| {
            *f.body(&format!("{VIDEO}mdia/mdhd")).last_mut().unwrap() = 7
        }),
        ("another media header", |f| f.again("mdia/mdhd")),
        ("another handler", |f| f.again("mdia/hdlr")),
        ("another video header", |f| f.again("mdia/minf/vmhd")),
        ("another table", |f| f.again("mdia/minf/stbl/stsd")),
        ("bytes of a handler", |f| {
            f.body(&format!("{VIDEO}mdia/hdlr"))[4..8].copy_from_slice(b"seen")
        }),
        ("bytes of a video header", |f| {
            f.body(&format!("{VIDEO}mdia/minf/vmhd"))[4..12].copy_from_slice(&SECRET[..8])
        }),
        ("bytes of a sound header", |f| {
            f.body(&format!("{SOUND}mdia/minf/smhd"))[6..8].copy_from_slice(&SECRET[..2])
        }),
        ("a group of samples", |f| {
            let body = f.body(&format!("{SOUND}mdia/minf/stbl/sgpd"));
            body.extend(&SECRET[..16]);
        }),
        ("bytes of a picture's description", |f| {
            f.entry("avc1").head[8..24].copy_from_slice(&SECRET[..16])
        }),
        ("bytes of a sound's description", |f| {
            f.entry("mp4a").head[8..16].copy_from_slice(&SECRET[..8])
        }),
        ("bytes behind the decoder's description", |f| {
            f.entry_body("mp4a", "esds").extend(&SECRET[..8])
        }),
        ("another decoder's description", |f| {
            let again = f.entry("mp4a").children[0].clone();
            f.entry("mp4a").children.push(again);
        }),
        ("a third parameter set", |f| {
            let body = f.entry_body("avc1", "avcC");
            let at = 6 + 2 + usize::from(u16::from_be_bytes([body[6], body[7]]));
            body[at] += 1;
            let unit = [&[0, 40, 0x68][..], &SECRET[..39]].concat();
            body.splice(at + 1..at + 1, unit);
        }),
        ("bytes behind a parameter set", |f| {
            let body = f.entry_body("avc1", "avcC");
            let at = 6 + 2 + usize::from(u16::from_be_bytes([body[6], body[7]]));
            body.splice(at..at, SECRET.iter().copied());
            body[7] += u8::try_from(SECRET.len()).unwrap();
        }),
    ]);
}

#[test]
fn nothing_hides_in_the_tables() {
    check(&[
        ("more key frames than frames", |f| {
            f.append(VIDEO, "stss", &[0x6162_6364, 0x6565_6667])
        }),
        ("a run of no samples' times", |f| {
            f.append(VIDEO, "stts", &[0, 0x6162_6364])
        }),
        ("a run of no samples' shifts", |f| {
            let shifts = words(&[0, 2, FRAMES, 0, 0, 0x6162_6364]);
            f.add(VIDEO, "ctts", shifts);
        }),
        ("a run of no chunks", |f| {
            f.append(SOUND, "stsc", &[0x6162_6364, 1, 1])
        }),
        ("a chunk of no samples", |f| {
            f.append(VIDEO, "stco", &[0x6162_6364])
        }),
        ("an unknown description", |f| {
            let body = f.table(VIDEO, "stsc");
            *body.last_mut().unwrap() = 2;
        }),
        ("flags of a table", |f| f.table(VIDEO, "stsz")[1] = b'x'),
        ("pauses before the film", |f| {
            let edits = f.body(&format!("{VIDEO}edts/elst"));
            edits[7] += 2;
            let pause = words(&[0x6162_6364, u32::MAX, 0x0001_0000]);
            edits.splice(8..8, pause.repeat(2));
        }),
    ]);
}

#[test]
fn nothing_is_stored_that_is_not_shown() {
    check(&[
        ("two frames at one time", |f| {
            let step = f.table(VIDEO, "stts")[12..16].to_vec();
            let step = u32::from_be_bytes(step.try_into().unwrap());
            *f.table(VIDEO, "stts") = words(&[0, 2, FRAMES - 1, step, 1, step]);
            f.add(VIDEO, "ctts", words(&[0, 2, 1, step, FRAMES - 1, 0]));
        }),
        ("a frame more than the manifest says", |f| {
            let last = f.samples[0].last().unwrap().clone();
            f.samples[0].push(last);
            let count = &mut f.table(VIDEO, "stts")[8..12];
            count.copy_from_slice(&(FRAMES + 1).to_be_bytes());
        }),
        ("sound before a start in a coarse unit", |f| {
            let scale = f.body(&format!("{SOUND}mdia/mdhd"));
            scale[12..16].copy_from_slice(&47_u32.to_be_bytes());
            let count = u32::try_from(f.samples[1].len()).unwrap();
            *f.table(SOUND, "stts") = words(&[0, 1, count, 1]);
            f.body(&format!("{SOUND}edts/elst"))[12..16].copy_from_slice(&20_u32.to_be_bytes());
        }),
        ("sound in packets without a length", |f| {
            let count = u32::try_from(f.samples[1].len()).unwrap();
            *f.table(SOUND, "stts") = words(&[0, 2, count - 1, 1, 1, 1024]);
        }),
        ("frames behind the end of a film in whole seconds", |f| {
            f.body("moov/mvhd")[12..16].copy_from_slice(&1_u32.to_be_bytes());
            f.body(&format!("{VIDEO}edts/elst"))[8..12].copy_from_slice(&[0; 4]);
        }),
        ("a picture behind a picture", |f| {
            let second = f.samples[0][1].clone();
            f.samples[0][0].extend(second);
        }),
        ("a sample without a picture", |f| {
            f.samples[0][3] = vec![0, 0, 0, 2, 9, 0x10]
        }),
    ]);
}

#[test]
fn nothing_hides_in_the_samples() {
    fn unit(header: u8) -> Vec<u8> {
        let length = u32::try_from(SECRET.len() + 1).unwrap();
        [&length.to_be_bytes()[..], &[header], SECRET].concat()
    }
    check(&[
        ("a delimiter with a secret", |f| {
            f.samples[0][2].splice(..0, unit(9)).for_each(drop)
        }),
        ("parameters with a secret", |f| {
            f.samples[0][2].splice(..0, unit(0x67)).for_each(drop)
        }),
        ("parameters of another picture", |f| {
            f.samples[0][2].splice(..0, unit(0x68)).for_each(drop)
        }),
        ("a message", |f| {
            f.samples[0][2].splice(..0, unit(6)).for_each(drop)
        }),
        ("filler", |f| f.samples[0][2].extend(unit(12))),
        ("an auxiliary picture", |f| f.samples[0][2].extend(unit(19))),
        ("a part of a picture", |f| f.samples[0][2].extend(unit(2))),
        ("a unit of no known type", |f| {
            f.samples[0][2].extend(unit(31))
        }),
        ("a slice of no known set", |f| {
            f.samples[0][2].extend(unit(0x41))
        }),
        ("a unit within a unit", |f| {
            let picture = &mut f.samples[0][2];
            picture.extend([&[0, 0, 1, 6][..], SECRET].concat());
            let length = u32::try_from(picture.len() - 4).unwrap();
            picture[..4].copy_from_slice(&length.to_be_bytes());
        }),
        ("bytes behind the end of a picture", |f| {
            let picture = &mut f.samples[0][2];
            picture.extend(SECRET);
            let length = u32::try_from(picture.len() - 4).unwrap();
            picture[..4].copy_from_slice(&length.to_be_bytes());
        }),
        ("zero words behind a picture", |f| {
            let picture = &mut f.samples[0][2];
            picture.extend([0, 0, 3]);
            let length = u32::try_from(picture.len() - 4).unwrap();
            picture[..4].copy_from_slice(&length.to_be_bytes());
        }),
        ("a unit that is cut", |f| f.samples[0][2].extend([0, 0, 1])),
        ("a data element in the sound", |f| {
            let length = u8::try_from(SECRET.len()).unwrap();
            let data = [&[0x80, length][..], SECRET].concat();
            f.samples[1][5].splice(..0, data).for_each(drop);
        }),
        ("bytes behind the sound", |f| f.samples[1][5].extend(SECRET)),
        ("no sound", |f| f.samples[1][5] = SECRET.to_vec()),
    ]);
}
