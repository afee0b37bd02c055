//! Decoded pictures and sound.
//!
//! A [`Picture`] is always 8-bit planar 4:2:0 with even sides, upright and as displayed: one
//! layout means one mask routine to prove. `redact-media` converts what is not and declares it
//! (see [`crate::Conversion`]). The samples stay in the decoder's own buffer, behind
//! [`PictureBuffer`], until they are written to: untouched frames are never copied.

use crate::{CodedPictures, CodedSound, ColorRange, FrameIndex, PixelSize, Timestamp};

/// Which samples of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaneKind {
    /// Brightness, one sample per pixel.
    Luma,
    /// Blue difference, one sample per 2x2 pixels.
    ChromaBlue,
    /// Red difference, one sample per 2x2 pixels.
    ChromaRed,
}

impl PlaneKind {
    /// The three planes, in the order in which files and decoders store them.
    pub const ALL: [Self; 3] = [Self::Luma, Self::ChromaBlue, Self::ChromaRed];

    /// Columns and rows of the plane in a picture of `size` (even sides).
    #[must_use]
    pub const fn extent(self, size: PixelSize) -> (usize, usize) {
        let (width, height) = (size.width() as usize, size.height() as usize);
        match self {
            Self::Luma => (width, height),
            Self::ChromaBlue | Self::ChromaRed => (width / 2, height / 2),
        }
    }
}

/// Where the samples of a [`Picture`] are stored.
///
/// Planes are rows of `stride` bytes; the last row may be cut at the plane's width.
pub trait PictureBuffer: Send + Sync + std::any::Any {
    /// The samples of one plane and its stride in bytes.
    fn plane(&self, kind: PlaneKind) -> (&[u8], usize);

    /// The same to write to. The buffer becomes this picture's own first: writing must never be
    /// seen by a decoder that still refers to it.
    fn plane_mut(&mut self, kind: PlaneKind) -> (&mut [u8], usize);

    /// One more holder of the same samples: what is written through one is never seen through the
    /// other.
    fn share(&self) -> Box<dyn PictureBuffer>;

    /// The buffer as itself, so that a sink can recognise a source's own frames.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send>;
}

/// Samples in plain memory, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnedPlanes {
    planes: [Vec<u8>; 3],
    widths: [usize; 3],
}

impl PictureBuffer for OwnedPlanes {
    fn plane(&self, kind: PlaneKind) -> (&[u8], usize) {
        (&self.planes[kind as usize], self.widths[kind as usize])
    }

    fn plane_mut(&mut self, kind: PlaneKind) -> (&mut [u8], usize) {
        (&mut self.planes[kind as usize], self.widths[kind as usize])
    }

    fn share(&self) -> Box<dyn PictureBuffer> {
        Box::new(self.clone())
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

/// A decoded picture: 8-bit planar 4:2:0, upright, as displayed, both sides even.
pub struct Picture {
    size: PixelSize,
    range: ColorRange,
    buffer: Box<dyn PictureBuffer>,
}

impl Picture {
    /// Wraps a decoder's buffer.
    ///
    /// # Panics
    /// When a side is odd or a plane is smaller than `size` needs: the decoder's wrapper is wrong.
    #[must_use]
    pub fn from_buffer(size: PixelSize, range: ColorRange, buffer: Box<dyn PictureBuffer>) -> Self {
        assert!(
            size.width().is_multiple_of(2) && size.height().is_multiple_of(2),
            "even sides"
        );
        for kind in PlaneKind::ALL {
            let (width, height) = kind.extent(size);
            let (samples, stride) = buffer.plane(kind);
            assert!(stride >= width && samples.len() >= stride * (height - 1) + width);
        }
        Self {
            size,
            range,
            buffer,
        }
    }

    /// A picture of one color in plain memory: `[luma, chroma blue, chroma red]`.
    ///
    /// # Panics
    /// When a side is odd.
    #[must_use]
    pub fn filled(size: PixelSize, range: ColorRange, color: [u8; 3]) -> Self {
        let extents = PlaneKind::ALL.map(|kind| kind.extent(size));
        let planes = OwnedPlanes {
            planes: [0, 1, 2].map(|i| vec![color[i]; extents[i].0 * extents[i].1]),
            widths: extents.map(|(width, _)| width),
        };
        Self::from_buffer(size, range, Box::new(planes))
    }

    /// A copy in plain memory.
    #[must_use]
    pub fn to_owned_copy(&self) -> Self {
        let mut copy = Self::filled(self.size, self.range, [0, 128, 128]);
        for kind in PlaneKind::ALL {
            let source = self.plane(kind);
            let mut target = copy.plane_mut(kind);
            for y in 0..source.height {
                target.row_mut(y).copy_from_slice(source.row(y));
            }
        }
        copy
    }

    /// The same picture once more, without a copy where the buffer knows how.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            size: self.size,
            range: self.range,
            buffer: self.buffer.share(),
        }
    }

    /// Size in displayed pixels.
    #[must_use]
    pub const fn size(&self) -> PixelSize {
        self.size
    }

    /// How sample values map to black and white.
    #[must_use]
    pub const fn range(&self) -> ColorRange {
        self.range
    }

    /// One plane to read.
    #[must_use]
    pub fn plane(&self, kind: PlaneKind) -> Plane<'_> {
        let (width, height) = kind.extent(self.size);
        let (samples, stride) = self.buffer.plane(kind);
        Plane {
            samples,
            stride,
            width,
            height,
        }
    }

    /// One plane to write; copies the buffer first if a decoder still refers to it.
    pub fn plane_mut(&mut self, kind: PlaneKind) -> PlaneMut<'_> {
        let (width, height) = kind.extent(self.size);
        let (samples, stride) = self.buffer.plane_mut(kind);
        PlaneMut {
            samples,
            stride,
            width,
            height,
        }
    }

    /// Gives the buffer back, for a sink that may know its kind.
    #[must_use]
    pub fn into_buffer(self) -> Box<dyn PictureBuffer> {
        self.buffer
    }
}

impl std::fmt::Debug for Picture {
    // Samples stay out: a debug line may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture")
            .field("size", &self.size)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// One plane of a picture, to read.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    samples: &'a [u8],
    stride: usize,
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl<'a> Plane<'a> {
    /// Row `y`, `width` samples.
    #[must_use]
    pub fn row(&self, y: usize) -> &'a [u8] {
        &self.samples[y * self.stride..][..self.width]
    }

    /// The rows from top to bottom.
    pub fn rows(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let plane = *self;
        (0..plane.height).map(move |y| plane.row(y))
    }
}

/// One plane of a picture, to write.
pub struct PlaneMut<'a> {
    samples: &'a mut [u8],
    stride: usize,
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl PlaneMut<'_> {
    /// Row `y`, `width` samples.
    #[must_use]
    pub fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.stride..][..self.width]
    }

    /// Row `y`, `width` samples, to write.
    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.samples[y * self.stride..][..self.width]
    }
}

/// One frame of the video stream.
#[derive(Debug)]
pub struct Frame {
    /// Place in presentation order.
    pub index: FrameIndex,
    /// Presentation time, ticks of the video stream's time base, as in the source.
    pub timestamp: Timestamp,
    /// How long it is shown, ticks; at least 1.
    pub duration_ticks: i64,
    /// What is shown.
    pub picture: Picture,
}

impl Frame {
    /// The same frame once more: see [`Picture::share`].
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            index: self.index,
            timestamp: self.timestamp,
            duration_ticks: self.duration_ticks,
            picture: self.picture.share(),
        }
    }
}

/// A run of sound of one track.
#[derive(Clone, PartialEq)]
pub struct AudioBlock {
    /// Index into [`crate::SourceInfo::audio`].
    pub stream: usize,
    /// First sample, counted per channel at `rate_hz` since the recording's zero (the first video
    /// frame); negative when the sound starts earlier.
    pub start: i64,
    /// Samples per second and channel; the same in every block of a track.
    pub rate_hz: u32,
    /// Channels; the same in every block of a track.
    pub channels: u16,
    /// Interleaved, `-1.0..=1.0` (louder peaks are possible).
    pub samples: Vec<f32>,
}

impl AudioBlock {
    /// Samples per channel.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.samples.len() / usize::from(self.channels.max(1))
    }
}

impl std::fmt::Debug for AudioBlock {
    // Samples stay out: a debug line may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioBlock")
            .field("stream", &self.stream)
            .field("start", &self.start)
            .field("rate_hz", &self.rate_hz)
            .field("channels", &self.channels)
            .field("frames", &self.frames())
            .finish_non_exhaustive()
    }
}

/// What a source delivers and a sink takes.
#[derive(Debug)]
pub enum MediaItem {
    /// A picture.
    Frame(Frame),
    /// A run of sound.
    Audio(AudioBlock),
    /// Pictures as the source has them coded; only where a render asked for them.
    Coded(CodedPictures),
    /// Sound as the source has it coded; only where a render asked for it.
    CodedSound(CodedSound),
}

impl MediaItem {
    /// Bytes of samples, for bounded queues.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Frame(frame) => {
                let size = frame.picture.size();
                size.width() as usize * size.height() as usize * 3 / 2
            }
            Self::Audio(block) => block.samples.len() * size_of::<f32>(),
            Self::Coded(pictures) => pictures.bytes,
            Self::CodedSound(sound) => sound.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_in_memory_has_three_planes_of_its_color() {
        let size = PixelSize::new(6, 4).unwrap();
        let picture = Picture::filled(size, ColorRange::Limited, [16, 128, 129]);
        assert_eq!(picture.plane(PlaneKind::Luma).rows().count(), 4);
        assert_eq!(picture.plane(PlaneKind::ChromaRed).row(1), [129; 3]);
        assert_eq!(
            picture.to_owned_copy().plane(PlaneKind::Luma).row(3),
            [16; 6]
        );
    }

    #[test]
    fn debug_output_shows_no_samples() {
        let block = AudioBlock {
            stream: 0,
            start: 0,
            rate_hz: 8000,
            channels: 1,
            samples: vec![0.75; 4],
        };
        assert!(!format!("{block:?}").contains("0.75"));
    }
}
