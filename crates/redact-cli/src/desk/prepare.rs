//! What a browser needs of a recording: a proxy, the times of its frames, its sound as a picture.
//!
//! The proxy holds every frame of the recording in order, at its own time since the first frame,
//! so that a frame's number and its time correspond exactly. Sound before the first frame is
//! left out of it: its clock is the recording's.

use std::path::Path;

use anyhow::{Context as _, Result};
use redact_core::{
    AudioBlock, Frame, MediaItem, Picture, PixelSize, PlaneKind, Sink as _, Source as _,
    SourceInfo, StreamKind,
};
use redact_desk::ReadOptions;
use redact_desk::recording_files::{MEDIA, PROXY, TIMELINE, waveform};
use redact_media::{Damaged, EncodeOptions, FileSink, FileSource, OpenOptions, Preset};
use redact_record::Overwrite;
use serde_json::{Value, json};

use super::proxy::{KEY_FRAMES, Timeline};
use super::recorded_at::recorded_at;
use crate::progress;

/// The longest side of a proxy.
const SIDE_MAX: u32 = 1920;

/// Pairs of peaks per second of sound.
const PEAKS_PER_SECOND: i64 = 100;

/// Writes proxy, timeline, waveforms and, last, what the recording is.
///
/// # Errors
/// When the recording cannot be read to its end, or the disk is full.
pub(super) fn prepare(
    clip: &Path,
    options: ReadOptions,
    folder: &Path,
    threads: usize,
) -> Result<Value> {
    let options = OpenOptions {
        audio: true,
        threads,
        damaged: if options.mask_damage {
            Damaged::Mask
        } else {
            Damaged::Stop
        },
        settings: options.settings(),
        ..OpenOptions::default()
    };
    // Errors have no path: the desk names the recording.
    let mut source = FileSource::open(clip, &options)?;
    let info = source.info().clone();
    let (width, height) = (info.video.size.width(), info.video.size.height());
    let shrink = width.max(height).div_ceil(SIDE_MAX);
    let mut small = info.clone();
    small.video.size = shrunk(info.video.size, shrink);
    let encode = EncodeOptions {
        preset: Preset::Ultrafast,
        crf: 23,
        threads,
        scrub_frames: Some(KEY_FRAMES),
        ..EncodeOptions::default()
    };
    let partial = folder.join("proxy.partial");
    let sink = FileSink::create(&partial, &small, &encode).context("cannot write the proxy")?;
    let mut sink = Box::new(sink);
    let mut timeline = Timeline::new(info.video.time_base);
    let mut peaks: Vec<Peaks> = info
        .audio
        .iter()
        .map(|track| Peaks::new(track.rate_hz))
        .collect();
    while let Some(item) = source.next_item()? {
        let item = match item {
            MediaItem::Frame(frame) => {
                progress::check_interrupted()?;
                timeline.push(frame.duration_ticks);
                let done = u64::from(timeline.frames());
                if done.is_multiple_of(16) {
                    progress::report("prepare", done, info.video.frames_hint);
                }
                MediaItem::Frame(if shrink > 1 {
                    smaller(frame, shrink)
                } else {
                    frame
                })
            }
            MediaItem::Audio(block) => {
                if let Some(peaks) = peaks.get_mut(block.stream) {
                    peaks.take(&block);
                }
                match after_zero(block) {
                    Some(block) => MediaItem::Audio(block),
                    None => continue,
                }
            }
            // Only a source that was asked for it delivers anything as it is coded.
            MediaItem::Coded(_) | MediaItem::CodedSound(_) => continue,
        };
        sink.write_item(item).context("cannot write the proxy")?;
    }
    sink.finish().context("cannot write the proxy")?;
    std::fs::rename(&partial, folder.join(PROXY)).context("cannot write the proxy")?;
    let mut media = media(&info, &timeline);
    if let Some(at) = start_of(clip) {
        media["recorded_at"] = json!(at);
    }
    write_beside(folder, &timeline, &peaks, &media)?;
    Ok(media)
}

/// When the recording began, if its file says so.
fn start_of(clip: &Path) -> Option<String> {
    let file = std::fs::File::open(clip).ok()?;
    let at = recorded_at(std::io::BufReader::new(file))?;
    Some(at.to_string())
}

/// The files beside the proxy: waveforms, timeline and, last, what the recording is.
fn write_beside(folder: &Path, timeline: &Timeline, peaks: &[Peaks], media: &Value) -> Result<()> {
    for (number, peaks) in peaks.iter().enumerate() {
        write(&folder.join(waveform(number)), &peaks.bytes)?;
    }
    let timeline = timeline.json().to_string();
    write(&folder.join(TIMELINE), timeline.as_bytes())?;
    write(&folder.join(MEDIA), media.to_string().as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    redact_record::write(path, bytes, Overwrite::Replace).with_context(|| name)
}

fn media(info: &SourceInfo, timeline: &Timeline) -> Value {
    let audio: Vec<Value> = info
        .audio
        .iter()
        .map(|track| {
            json!({ "codec": track.codec, "rate_hz": track.rate_hz, "channels": track.channels })
        })
        .collect();
    let videos = info.streams.iter();
    let videos: Vec<Value> = videos
        .filter(|stream| stream.kind == StreamKind::Video)
        .map(|stream| json!({ "index": stream.index, "codec": stream.codec }))
        .collect();
    let conversions: Vec<String> = info.conversions.iter().map(ToString::to_string).collect();
    json!({
        "width": info.video.size.width(), "height": info.video.size.height(),
        "frames": timeline.frames(), "duration_seconds": timeline.seconds(),
        "container": info.container, "video_codec": info.video.codec,
        "frame_rate": info.video.frame_rate, "conversions": conversions, "audio": audio,
        "video_stream": info.video.stream, "video_streams": videos,
    })
}

fn shrunk(size: PixelSize, by: u32) -> PixelSize {
    if by <= 1 {
        return size;
    }
    let side = |side: u32| ((side / by) & !1).max(2);
    PixelSize::new(side(size.width()), side(size.height())).unwrap_or(size)
}

/// The frame with the mean of `by` x `by` samples in place of each.
fn smaller(frame: Frame, by: u32) -> Frame {
    let size = shrunk(frame.picture.size(), by);
    let mut picture = Picture::filled(size, frame.picture.range(), [0, 128, 128]);
    let step = by as usize;
    for kind in PlaneKind::ALL {
        let from = frame.picture.plane(kind);
        let mut to = picture.plane_mut(kind);
        for y in 0..to.height {
            let rows = y * step..((y + 1) * step).min(from.height);
            for (x, sample) in to.row_mut(y).iter_mut().enumerate() {
                let columns = x * step..((x + 1) * step).min(from.width);
                let mut sum = 0_u32;
                for row in rows.clone() {
                    let row = &from.row(row)[columns.clone()];
                    sum += row.iter().map(|&value| u32::from(value)).sum::<u32>();
                }
                let count = u32::try_from(rows.len() * columns.len())
                    .unwrap_or(1)
                    .max(1);
                *sample = u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX);
            }
        }
    }
    Frame { picture, ..frame }
}

/// The part of a run of sound that plays once the pictures have begun.
fn after_zero(mut block: AudioBlock) -> Option<AudioBlock> {
    if block.start < 0 {
        let early = usize::try_from(-block.start)
            .unwrap_or(usize::MAX)
            .min(block.frames());
        block.samples.drain(..early * usize::from(block.channels));
        block.start = 0;
    }
    (!block.samples.is_empty()).then_some(block)
}

/// Lowest and highest sample of every hundredth of a second, of all channels.
struct Peaks {
    rate_hz: u32,
    bytes: Vec<u8>,
}

impl Peaks {
    const fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz,
            bytes: Vec::new(),
        }
    }

    fn take(&mut self, block: &AudioBlock) {
        for (place, samples) in
            (block.start..).zip(block.samples.chunks(usize::from(block.channels.max(1))))
        {
            let pair = (place * PEAKS_PER_SECOND).div_euclid(i64::from(self.rate_hz.max(1)));
            let Ok(pair) = usize::try_from(pair) else {
                continue;
            };
            if self.bytes.len() < (pair + 1) * 2 {
                self.bytes.resize((pair + 1) * 2, 0);
            }
            for &sample in samples {
                #[expect(clippy::cast_possible_truncation, reason = "clamped to a signed byte")]
                let value = (sample * 127.0).round().clamp(-127.0, 127.0) as i8;
                let lowest = &mut self.bytes[pair * 2];
                *lowest = lowest.cast_signed().min(value).cast_unsigned();
                let highest = &mut self.bytes[pair * 2 + 1];
                *highest = highest.cast_signed().max(value).cast_unsigned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_where_the_sound_is_and_nothing_is_before_zero() {
        let block = |start, samples: Vec<f32>| AudioBlock {
            stream: 0,
            start,
            rate_hz: 1000,
            channels: 1,
            samples,
        };
        let mut peaks = Peaks::new(1000);
        peaks.take(&block(-5, vec![1.0; 5]));
        peaks.take(&block(20, vec![0.5, -1.0]));
        let values: Vec<i8> = peaks.bytes.iter().map(|byte| byte.cast_signed()).collect();
        assert_eq!(values, [0, 0, 0, 0, -127, 64]);
        assert!(after_zero(block(-5, vec![1.0; 5])).is_none());
        assert_eq!(after_zero(block(-5, vec![1.0; 7])).unwrap().frames(), 2);
    }

    #[test]
    fn a_large_picture_is_halved_and_keeps_its_colors() {
        let size = PixelSize::new(3840, 2160).unwrap();
        let frame = Frame {
            index: redact_core::FrameIndex::ZERO,
            timestamp: redact_core::Timestamp::new(0),
            duration_ticks: 1,
            picture: Picture::filled(size, redact_core::ColorRange::Limited, [90, 120, 140]),
        };
        let small = smaller(frame, 2).picture;
        assert_eq!(small.size(), PixelSize::new(1920, 1080).unwrap());
        assert_eq!(small.plane(PlaneKind::Luma).row(1079)[1919], 90);
        assert_eq!(small.plane(PlaneKind::ChromaRed).row(539)[959], 140);
    }
}
