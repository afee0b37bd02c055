//! A recording that is computed: what is where, and when it sounds, is known exactly.

use std::ops::Range;

use redact_core::{
    AudioBlock, AudioInfo, Class, ColorRange, Detection, Frame, FrameIndex, MediaItem, Motion,
    NormRect, Picture, PixelRect, PixelSize, PlaneKind, SourceInfo, StreamKind, StreamSummary,
    TimeBase, TimeSpan, Timestamp, VideoInfo,
};

/// Ticks per second of every scene's video.
const TICKS_PER_SECOND: u32 = 90_000;

/// Samples per channel in a block of sound.
const BLOCK_SAMPLES: i64 = 1024;

/// A textured box that moves in a straight line over the background.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// What it is.
    pub class: Class,
    /// Frames in which it is there.
    pub frames: Range<u32>,
    /// `[x, y]` of its middle in frame 0, fractions of the picture.
    pub center: [f32; 2],
    /// `[x, y]` it moves per frame, the camera's motion not counted.
    pub velocity: [f32; 2],
    /// `[width, height]`.
    pub size: [f32; 2],
}

/// A sound track: a quiet hum, and loud noise where somebody "speaks".
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Samples per second and channel.
    pub rate_hz: u32,
    /// Channels; all alike.
    pub channels: u16,
    /// First sample since the recording's zero.
    pub start: i64,
    /// When somebody speaks.
    pub speech: Vec<TimeSpan>,
}

/// A recording that is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Size of the pictures, even sides.
    pub size: PixelSize,
    /// Frames.
    pub frames: u32,
    /// Frames per second.
    pub frame_rate: u32,
    /// `[x, y]` by which the whole picture moves per frame, fractions of the picture.
    pub pan: [f32; 2],
    /// Frames at which another background begins and every actor's place jumps by half a picture.
    pub cuts: Vec<u32>,
    /// Boxes, later ones in front.
    pub actors: Vec<Actor>,
    /// Sound tracks.
    pub sounds: Vec<Sound>,
}

impl Scene {
    /// An empty, silent scene of `width` x `height` pixels at 30 frames per second.
    ///
    /// # Panics
    /// When a side is 0, odd or too large for a picture.
    #[must_use]
    pub fn new(width: u32, height: u32, frames: u32) -> Self {
        let size = PixelSize::new(width, height).expect("a size that a picture can have");
        assert!(
            width.is_multiple_of(2) && height.is_multiple_of(2),
            "even sides"
        );
        Self {
            size,
            frames,
            frame_rate: 30,
            pan: [0.0, 0.0],
            cuts: Vec::new(),
            actors: Vec::new(),
            sounds: Vec::new(),
        }
    }

    /// What a source of this scene says of itself.
    ///
    /// # Panics
    /// When the scene has more than a few thousand million sound tracks.
    #[must_use]
    pub fn info(&self) -> SourceInfo {
        let stream = |index: usize| u32::try_from(index).expect("few streams");
        let audio: Vec<AudioInfo> = (1..)
            .zip(&self.sounds)
            .map(|(index, sound)| AudioInfo {
                stream: stream(index),
                codec: "pcm_f32le".into(),
                rate_hz: sound.rate_hz,
                channels: sound.channels,
            })
            .collect();
        let summary = |index: u32, kind, codec: &str| StreamSummary {
            index,
            kind,
            codec: codec.into(),
            included: true,
            time_base: None,
            start: None,
        };
        let mut streams = vec![summary(0, StreamKind::Video, "rawvideo")];
        streams.extend(
            audio
                .iter()
                .map(|track| summary(track.stream, StreamKind::Audio, &track.codec)),
        );
        SourceInfo {
            container: "memory".into(),
            video: VideoInfo {
                stream: 0,
                codec: "rawvideo".into(),
                pixel_format: "yuv420p".into(),
                size: self.size,
                rotation_degrees: 0,
                pixel_aspect: (1, 1),
                time_base: TimeBase::new(1, TICKS_PER_SECOND).expect("not zero"),
                frame_rate: Some((self.frame_rate, 1)),
                frames_hint: Some(u64::from(self.frames)),
                duration_hint_nanos: None,
                first_timestamp: Timestamp::new(0),
                range: ColorRange::Limited,
            },
            audio,
            streams,
            chapters: 0,
            tag_keys: Vec::new(),
            conversions: Vec::new(),
        }
    }

    /// Where actor `index` is in `frame`; `None` when it is not there or not on the picture.
    #[must_use]
    pub fn rect_of(&self, index: usize, frame: u32) -> Option<NormRect> {
        let actor = &self.actors[index];
        if !actor.frames.contains(&frame) {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "scenes are short")]
        let at = frame as f32;
        let jump = if self.cuts_before(frame) % 2 == 1 {
            0.5
        } else {
            0.0
        };
        let center = [0, 1].map(|axis| {
            let moved = actor.center[axis] + (actor.velocity[axis] + self.pan[axis]) * at;
            if jump > 0.0 {
                (moved + jump).rem_euclid(1.0)
            } else {
                moved
            }
        });
        let half = actor.size.map(|side| side / 2.0);
        NormRect::clipped([
            center[0] - half[0],
            center[1] - half[1],
            center[0] + half[0],
            center[1] + half[1],
        ])
    }

    /// Everything that is to be found in `frame`, with score 0.9.
    #[must_use]
    pub fn truth(&self, frame: u32) -> Vec<Detection> {
        (0..self.actors.len())
            .filter_map(|index| {
                Some(Detection {
                    class: self.actors[index].class,
                    rect: self.rect_of(index, frame)?,
                    score: 0.9,
                })
            })
            .collect()
    }

    /// How the picture moved from the frame before `frame`.
    #[must_use]
    pub fn motion(&self, frame: u32) -> Motion {
        if frame == 0 {
            Motion::Unknown
        } else if self.cuts.contains(&frame) {
            Motion::Cut
        } else {
            Motion::Affine([1.0, 0.0, self.pan[0], 0.0, 1.0, self.pan[1]])
        }
    }

    fn cuts_before(&self, frame: u32) -> usize {
        self.cuts.iter().filter(|&&cut| cut <= frame).count()
    }

    /// Frame `index` with everything in it.
    ///
    /// # Panics
    /// When the scene has no such frame.
    #[must_use]
    pub fn frame(&self, index: u32) -> Frame {
        assert!(index < self.frames, "the scene has {} frames", self.frames);
        let mut picture = Picture::filled(self.size, ColorRange::Limited, [16, 128, 128]);
        let shift = [0, 1].map(|axis| {
            let side = [self.size.width(), self.size.height()][axis];
            whole_pixels(f64::from(self.pan[axis]) * f64::from(index) * f64::from(side))
        });
        let seed = self.cuts_before(index) as u64;
        let whole = PixelRect::covering(NormRect::WHOLE, self.size);
        draw(&mut picture, whole, shift, seed, 40);
        for actor in 0..self.actors.len() {
            if let Some(rect) = self.rect_of(actor, index) {
                let rect = PixelRect::covering(rect, self.size).even();
                let origin = [i64::from(rect.x_min()), i64::from(rect.y_min())];
                draw(&mut picture, rect, origin, 1000 + actor as u64, 110);
            }
        }
        let duration_ticks = i64::from(TICKS_PER_SECOND / self.frame_rate.max(1));
        Frame {
            index: FrameIndex::new(index),
            timestamp: Timestamp::new(i64::from(index) * duration_ticks),
            duration_ticks,
            picture,
        }
    }

    /// `frames` samples of sound track `stream` from `start` on.
    ///
    /// # Panics
    /// When the scene has no such track.
    #[must_use]
    pub fn block(&self, stream: usize, start: i64, frames: i64) -> AudioBlock {
        let sound = &self.sounds[stream];
        let spoken: Vec<Range<i64>> = sound
            .speech
            .iter()
            .map(|span| span.covering_samples(sound.rate_hz))
            .collect();
        let mut samples = Vec::new();
        for at in start..start + frames {
            let speaks = spoken.iter().any(|span| span.contains(&at));
            let value = sample_at(at, sound.rate_hz, speaks);
            samples.extend(std::iter::repeat_n(value, usize::from(sound.channels)));
        }
        AudioBlock {
            stream,
            start,
            rate_hz: sound.rate_hz,
            channels: sound.channels,
            samples,
        }
    }

    /// Frames and sound in the order in which a file holds them.
    pub fn items(&self) -> impl Iterator<Item = MediaItem> + Send + use<> {
        let scene = self.clone();
        let mut next: Vec<i64> = scene.sounds.iter().map(|sound| sound.start).collect();
        (0..scene.frames).flat_map(move |index| {
            let mut items = vec![MediaItem::Frame(scene.frame(index))];
            for (stream, next) in next.iter_mut().enumerate() {
                let rate = i64::from(scene.sounds[stream].rate_hz);
                let end = i64::from(index + 1) * rate / i64::from(scene.frame_rate.max(1));
                while *next < end {
                    let frames = BLOCK_SAMPLES.min(end - *next);
                    items.push(MediaItem::Audio(scene.block(stream, *next, frames)));
                    *next += frames;
                }
            }
            items
        })
    }
}

/// A hum at -40 dB, and noise that swells like syllables while somebody speaks.
fn sample_at(at: i64, rate_hz: u32, speaks: bool) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "scenes are short")]
    let seconds = at as f64 / f64::from(rate_hz.max(1));
    let hum = 0.01 * (seconds * 120.0 * std::f64::consts::TAU).sin();
    let voice = if speaks {
        // Noise through a short mean, so that its weight lies where a voice's does.
        let noise: f64 = (0..8).map(|i| signed_unit(at + i)).sum::<f64>() / 8.0;
        let syllable = 0.6 + 0.4 * (seconds * 4.0 * std::f64::consts::TAU).sin();
        1.2 * noise * syllable
    } else {
        0.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a sample's precision is enough"
    )]
    let sample = (hum + voice) as f32;
    sample
}

fn signed_unit(at: i64) -> f64 {
    let bits = hash(at.cast_unsigned()) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let unit = bits as f64 / (1_u64 << 53) as f64;
    unit * 2.0 - 1.0
}

/// Scrambles 64 bits. Source: the finalizer of `SplitMix64`, Steele, Lea and Flood, "Fast
/// Splittable Pseudorandom Number Generators" (2014).
fn hash(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn whole_pixels(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "scenes are short")]
    let rounded = value.round() as i64;
    rounded
}

/// Fills `rect` with texture number `seed`, whose origin lies at `origin`.
fn draw(picture: &mut Picture, rect: PixelRect, origin: [i64; 2], seed: u64, base: u8) {
    for kind in PlaneKind::ALL {
        let (step, base, rect) = match kind {
            PlaneKind::Luma => (1, base, rect),
            PlaneKind::ChromaBlue => (2, 108, rect.halved()),
            PlaneKind::ChromaRed => (2, 124, rect.halved()),
        };
        let seed = seed * 4 + kind as u64;
        let mut plane = picture.plane_mut(kind);
        for y in rect.y_min()..rect.y_max() {
            let row = plane.row_mut(y as usize);
            for x in rect.x_min()..rect.x_max() {
                let place = [
                    i64::from(x) * step - origin[0],
                    i64::from(y) * step - origin[1],
                ];
                row[x as usize] = base + texture(place, seed) / if step == 1 { 1 } else { 4 };
            }
        }
    }
}

/// Blocks of 4x4 pixels with some grain on them, `0..=111`.
fn texture([x, y]: [i64; 2], seed: u64) -> u8 {
    let at = |x: i64, y: i64, salt: u64| {
        let place = (x.cast_unsigned() & 0xffff) | ((y.cast_unsigned() & 0xffff) << 16);
        hash(place | ((seed * 2 + salt) << 32)).to_le_bytes()[0]
    };
    let coarse = at(x.div_euclid(4), y.div_euclid(4), 0) % 96;
    coarse + at(x, y, 1) % 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_drawn_where_the_truth_says() {
        let mut scene = Scene::new(64, 48, 2);
        scene.actors.push(Actor {
            class: Class::Face,
            frames: 0..2,
            center: [0.5, 0.5],
            velocity: [0.0, 0.0],
            size: [0.25, 0.25],
        });
        let empty = Scene {
            actors: Vec::new(),
            ..scene.clone()
        };
        let rect = PixelRect::covering(scene.rect_of(0, 1).unwrap(), scene.size).even();
        let (with, without) = (scene.frame(1), empty.frame(1));
        let (with, without) = (
            with.picture.plane(PlaneKind::Luma),
            without.picture.plane(PlaneKind::Luma),
        );
        let mut changed = 0;
        for y in 0..48_usize {
            for x in 0..64_usize {
                let inside = rect.contains(u32::try_from(x).unwrap(), u32::try_from(y).unwrap());
                let differs = with.row(y)[x] != without.row(y)[x];
                assert!(inside || !differs);
                changed += usize::from(differs);
            }
        }
        assert!(changed > 100);
    }

    #[test]
    fn speech_is_loud_exactly_where_it_is_said_to_be() {
        let mut scene = Scene::new(16, 16, 30);
        scene.sounds.push(Sound {
            rate_hz: 16_000,
            channels: 2,
            start: -100,
            speech: vec![TimeSpan::new(250_000_000, 500_000_000).unwrap()],
        });
        let peak = |start, frames| {
            let block = scene.block(0, start, frames);
            block.samples.iter().fold(0.0_f32, |a, s| a.max(s.abs()))
        };
        assert!(peak(4000, 4000) > 0.1);
        assert!(peak(0, 4000) < 0.02 && peak(8000, 8000) < 0.02);
        let blocks: i64 = scene
            .items()
            .filter_map(|item| match item {
                MediaItem::Audio(block) => Some(i64::try_from(block.frames()).unwrap()),
                _ => None,
            })
            .sum();
        assert_eq!(blocks, 16_000 + 100);
    }
}
