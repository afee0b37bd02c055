//! Decoded pictures and sound.
//!
//! A [`Picture`] is always 8-bit planar 4:2:0 with even sides, upright and as displayed: one
//! layout means one mask routine to prove. `redact-media` converts everything else and declares
//! that (see [`crate::Conversion`]). Samples stay in the decoder's own buffer, behind
//! [`PictureBuffer`], until something writes to them: unmasked frames are never copied.

use crate::{CodedPictures, CodedSound, ColorRange, FrameIndex, PixelSize, Timestamp};

/// A plane of a picture.
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
    /// The three planes in storage order.
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

/// Storage for the samples of a [`Picture`].
///
/// A plane consists of rows of `stride` bytes; the last row may end at the plane's width.
pub trait PictureBuffer: Send + Sync + std::any::Any {
    /// The samples of one plane and its stride in bytes.
    fn plane(&self, kind: PlaneKind) -> (&[u8], usize);

    /// The same, writable. Copies a shared buffer first: a decoder that still refers to it must
    /// never observe the write.
    fn plane_mut(&mut self, kind: PlaneKind) -> (&mut [u8], usize);

    /// Another handle to the same samples; a write through one handle is never visible through
    /// the other.
    fn share(&self) -> Box<dyn PictureBuffer>;

    /// The buffer as its concrete type, so that a sink can recognize its source's frames.
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
    /// If a side is odd or a plane is smaller than `size` requires, which is a bug in the decoder's
    /// wrapper.
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
    /// If a side is odd.
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

    /// Another handle to the same picture, without a copy if the buffer supports that.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            size: self.size,
            range: self.range,
            buffer: self.buffer.share(),
        }
    }

    /// Whether `other` has the same size, range and samples.
    #[must_use]
    pub fn has_samples_of(&self, other: &Self) -> bool {
        self.size == other.size
            && self.range == other.range
            && PlaneKind::ALL
                .into_iter()
                .all(|kind| self.plane(kind).rows().eq(other.plane(kind).rows()))
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

    /// A plane for reading.
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

    /// A plane for writing; copies the buffer first if a decoder still refers to it.
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

    /// Returns the buffer, for a sink that may recognize its type.
    #[must_use]
    pub fn into_buffer(self) -> Box<dyn PictureBuffer> {
        self.buffer
    }
}

impl std::fmt::Debug for Picture {
    // Samples are left out: debug output may reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture")
            .field("size", &self.size)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// A plane of a picture, for reading.
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
    /// Row `y`: `width` samples.
    #[inline]
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

/// A plane of a picture, for writing.
pub struct PlaneMut<'a> {
    samples: &'a mut [u8],
    stride: usize,
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl PlaneMut<'_> {
    /// Row `y`: `width` samples.
    #[must_use]
    pub fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.stride..][..self.width]
    }

    /// Row `y` for writing: `width` samples.
    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.samples[y * self.stride..][..self.width]
    }
}

/// One frame of the video stream.
#[derive(Debug)]
pub struct Frame {
    /// Position in presentation order.
    pub index: FrameIndex,
    /// Presentation time in ticks of the video stream's time base, as in the source.
    pub timestamp: Timestamp,
    /// How long it is shown, in ticks; at least 1.
    pub duration_ticks: i64,
    /// The decoded picture.
    pub picture: Picture,
}

impl Frame {
    /// Another handle to the same frame: see [`Picture::share`].
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

/// A block of consecutive samples of one sound track.
#[derive(Clone, PartialEq)]
pub struct AudioBlock {
    /// Index into [`crate::SourceInfo::audio`].
    pub stream: usize,
    /// First sample, counted per channel at `rate_hz` from the recording's zero (the first video
    /// frame); negative if the sound starts earlier.
    pub start: i64,
    /// Samples per second and channel; the same in every block of a track.
    pub rate_hz: u32,
    /// Channels; the same in every block of a track.
    pub channels: u16,
    /// Interleaved samples, nominally `-1.0..=1.0`; peaks may exceed that.
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
    // Samples are left out: debug output may reach a log.
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

/// What a source delivers and a sink accepts.
#[derive(Debug)]
pub enum MediaItem {
    /// A picture.
    Frame(Frame),
    /// Decoded sound.
    Audio(AudioBlock),
    /// Coded pictures; only where a render requested them.
    Coded(CodedPictures),
    /// Coded sound; only where a render requested it.
    CodedSound(CodedSound),
}

impl MediaItem {
    /// Size of the samples in bytes, for bounded queues.
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

    /// Goal: pictures are the same only if every sample is. Method: one sample of each plane is
    /// changed. Control: a copy is the same.
    #[test]
    fn one_other_sample_makes_another_picture() {
        let size = PixelSize::new(6, 4).unwrap();
        let picture = Picture::filled(size, ColorRange::Limited, [16, 128, 129]);
        assert!(picture.has_samples_of(&picture.to_owned_copy()));
        for kind in PlaneKind::ALL {
            let mut other = picture.to_owned_copy();
            let (width, height) = kind.extent(size);
            other.plane_mut(kind).row_mut(height - 1)[width - 1] += 1;
            assert!(!picture.has_samples_of(&other), "{kind:?}");
        }
        let full = Picture::filled(size, ColorRange::Full, [16, 128, 129]);
        assert!(!picture.has_samples_of(&full));
        let smaller = PixelSize::new(6, 2).unwrap();
        let smaller = Picture::filled(smaller, ColorRange::Limited, [16, 128, 129]);
        assert!(!picture.has_samples_of(&smaller));
    }

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
