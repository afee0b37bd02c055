//! Turns decoded frames into upright 8-bit 4:2:0 pictures with even sides.
//!
//! A frame that already is one stays in the decoder's buffer ([`AvPicture`]) and reaches the
//! encoder without a copy. Any other frame is converted by the scaler, padded and rotated, in this
//! order. The range of sample values is unchanged: full range stays full range.

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;
use redact_core::{ColorRange, Conversion, Picture, PictureBuffer, PixelSize, PlaneKind};

use crate::ffi;

mod deinterlace;

/// A picture in an FFmpeg frame, which is the decoder's own buffer until it is written to.
pub(crate) struct AvPicture {
    frame: Video,
    size: PixelSize,
}

impl AvPicture {
    /// Wraps a frame; returns it as an error unless it is 8-bit 4:2:0 of `size` with top-down rows.
    pub(crate) fn new(frame: Video, size: PixelSize) -> Result<Self, Video> {
        let fits = (frame.width(), frame.height()) == (size.width(), size.height())
            && PlaneKind::ALL
                .into_iter()
                .all(|kind| ffi::plane(&frame, kind as usize, kind.extent(size)).is_some());
        if fits {
            Ok(Self { frame, size })
        } else {
            Err(frame)
        }
    }

    /// Returns the frame.
    pub(crate) fn into_frame(self) -> Video {
        self.frame
    }
}

impl PictureBuffer for AvPicture {
    fn plane(&self, kind: PlaneKind) -> (&[u8], usize) {
        ffi::plane(&self.frame, kind as usize, kind.extent(self.size))
            .expect("checked when the frame was wrapped")
    }

    fn plane_mut(&mut self, kind: PlaneKind) -> (&mut [u8], usize) {
        // Decoded frames may be reference pictures: writing into a shared buffer would corrupt the
        // frames that are predicted from it.
        ffi::make_writable(&mut self.frame).expect("memory for one picture");
        ffi::plane_mut(&mut self.frame, kind as usize, kind.extent(self.size))
            .expect("checked when the frame was wrapped, and made writable")
    }

    fn share(&self) -> Box<dyn PictureBuffer> {
        Box::new(Self {
            frame: ffi::share(&self.frame).expect("memory for a reference"),
            size: self.size,
        })
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

/// How stored pictures become upright: mirrored left to right first, then rotated clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) mirrored: bool,
    /// 0, 90, 180 or 270.
    pub(crate) degrees: u16,
}

impl Turn {
    /// Reads a display matrix: nine 32-bit numbers in native order, of which `[a, b]`, `[c, d]`
    /// at 0, 1, 3, 4 map a stored point `(x, y)` to `(a x + c y, b x + d y)` on display.
    ///
    /// Source: ISO/IEC 14496-12, 6.2.2; FFmpeg `libavutil/display.h`. Angles that are not
    /// multiples of 90 degrees are rounded to the nearest one.
    pub(crate) fn from_matrix(bytes: &[u8]) -> Self {
        let at = |i: usize| -> i64 {
            let Some(Ok(word)) = bytes.get(i * 4..i * 4 + 4).map(<[u8; 4]>::try_from) else {
                return 0;
            };
            i64::from(i32::from_ne_bytes(word))
        };
        let (mut a, mut b, c, d) = (at(0), at(1), at(3), at(4));
        let mirrored = a * d - b * c < 0;
        if mirrored {
            (a, b) = (-a, -b);
        }
        let degrees = match (a.abs() >= b.abs(), a >= 0, b >= 0) {
            (true, true, _) => 0,
            (true, false, _) => 180,
            (false, _, true) => 90,
            (false, _, false) => 270,
        };
        Self { mirrored, degrees }
    }

    /// Whether width and height are swapped.
    pub(crate) const fn swaps_sides(self) -> bool {
        matches!(self.degrees, 90 | 270)
    }

    /// The stored sample that is displayed at `(x, y)`; `width` and `height` are the stored ones.
    const fn stored_at(self, x: usize, y: usize, width: usize, height: usize) -> (usize, usize) {
        let (u, v) = match self.degrees {
            90 => (y, height - 1 - x),
            180 => (width - 1 - x, height - 1 - y),
            270 => (width - 1 - y, x),
            _ => (x, y),
        };
        (if self.mirrored { width - 1 - u } else { u }, v)
    }
}

/// Converts whatever the decoder returns to pictures of one size and layout.
pub(crate) struct Shaper {
    stored: (u32, u32),
    format: Pixel,
    range: ColorRange,
    /// The rotation that the source declares.
    tagged: Turn,
    /// The degrees that the operator asked for in addition.
    requested: u16,
    /// Both combined.
    turn: Turn,
    size: PixelSize,
    scaler: Option<(Form, ffi::SendScaler)>,
    has_rescaled: bool,
    has_deinterlaced: bool,
}

/// Input of a scaler: format, width, height, and whether the range is full.
type Form = (Pixel, u32, u32, bool);

impl Shaper {
    /// A shaper for pictures like the first frame; `None` when its size is not supported.
    ///
    /// `tagged` is the rotation that the source declares, `requested` the degrees that the operator
    /// asked for in addition.
    pub(crate) fn new(first: &Video, tagged: Turn, requested: u16) -> Option<Self> {
        let turn = Turn {
            degrees: (tagged.degrees + requested % 360) % 360,
            ..tagged
        };
        let stored = (first.width(), first.height());
        let even = (stored.0.next_multiple_of(2), stored.1.next_multiple_of(2));
        let shown = if turn.swaps_sides() {
            (even.1, even.0)
        } else {
            even
        };
        PixelSize::new(stored.0, stored.1)?;
        Some(Self {
            stored,
            format: first.format(),
            range: if is_full(first) {
                ColorRange::Full
            } else {
                ColorRange::Limited
            },
            tagged,
            requested,
            turn,
            size: PixelSize::new(shown.0, shown.1)?,
            scaler: None,
            has_rescaled: false,
            has_deinterlaced: false,
        })
    }

    /// The size of every picture.
    pub(crate) const fn size(&self) -> PixelSize {
        self.size
    }

    /// The combined rotation of every picture.
    pub(crate) const fn turn(&self) -> Turn {
        self.turn
    }

    /// The range of every picture.
    pub(crate) const fn range(&self) -> ColorRange {
        self.range
    }

    /// Whether a picture had another size, format or range than the first.
    pub(crate) const fn has_rescaled(&self) -> bool {
        self.has_rescaled
    }

    /// Whether a picture was interlaced.
    pub(crate) const fn has_deinterlaced(&self) -> bool {
        self.has_deinterlaced
    }

    /// The conversions that every picture goes through.
    pub(crate) fn conversions(&self) -> Vec<Conversion> {
        let mut found = Vec::new();
        if !is_planar_420(self.format) {
            found.push(Conversion::PixelFormat {
                from: format_name(self.format),
            });
        }
        let odd = self.stored.0 % 2 == 1 || self.stored.1 % 2 == 1;
        if odd && let Some(from) = PixelSize::new(self.stored.0, self.stored.1) {
            found.push(Conversion::PaddedToEven { from });
        }
        if self.tagged.mirrored {
            found.push(Conversion::Mirrored);
        }
        if self.tagged.degrees != 0 {
            found.push(Conversion::Rotated {
                degrees: self.tagged.degrees,
            });
        }
        if self.requested != 0 {
            found.push(Conversion::Turned {
                degrees: self.requested,
            });
        }
        found
    }

    /// Converts a frame to a picture, in place if it already has the right form.
    pub(crate) fn shape(&mut self, mut frame: Video) -> Result<Picture, ffmpeg_next::Error> {
        ffi::strip_side_data(&mut frame);
        let is_full = is_full(&frame);
        let as_first = (frame.width(), frame.height()) == self.stored
            && is_full == (self.range == ColorRange::Full);
        self.has_rescaled |= !as_first || frame.format() != self.format;
        let fields = frame.is_interlaced().then(|| frame.is_top_first());
        let mut frame = if as_first && is_planar_420(frame.format()) {
            frame
        } else {
            self.scale(&frame)?
        };
        if let Some(is_top_first) = fields {
            self.has_deinterlaced = true;
            deinterlace::deinterlace(&mut frame, self.stored, is_top_first)?;
        }
        if self.turn == Turn::default() {
            match AvPicture::new(frame, self.size) {
                Ok(picture) => {
                    return Ok(Picture::from_buffer(
                        self.size,
                        self.range,
                        Box::new(picture),
                    ));
                }
                Err(back) => frame = back,
            }
        }
        // Bottom-up rows cannot be sliced; the scaler reverses them.
        if ffi::plane(&frame, 0, (1, 1)).is_none() {
            frame = self.scale(&frame)?;
        }
        let upright = self.rearranged(&frame)?;
        let picture = AvPicture::new(upright, self.size).map_err(|_| ffmpeg_next::Error::Bug)?;
        Ok(Picture::from_buffer(
            self.size,
            self.range,
            Box::new(picture),
        ))
    }

    /// Scales a frame to 8-bit 4:2:0 of the first frame's stored size.
    fn scale(&mut self, frame: &Video) -> Result<Video, ffmpeg_next::Error> {
        let key = (
            frame.format(),
            frame.width(),
            frame.height(),
            is_full(frame),
        );
        if self.scaler.as_ref().is_none_or(|(form, _)| *form != key) {
            let flags = scaling::Flags::BICUBIC
                | scaling::Flags::ACCURATE_RND
                | scaling::Flags::FULL_CHR_H_INP
                | scaling::Flags::BITEXACT;
            let (width, height) = self.stored;
            let mut scaler =
                scaling::Context::get(key.0, key.1, key.2, Pixel::YUV420P, width, height, flags)?;
            ffi::preserve_range(&mut scaler, key.3);
            self.scaler = Some((key, ffi::SendScaler(scaler)));
        }
        let mut scaled = ffi::new_frame(self.stored.0, self.stored.1)?;
        if let Some((_, scaler)) = &mut self.scaler {
            scaler.0.run(frame, &mut scaled)?;
        }
        ffi::copy_tags(&mut scaled, frame);
        if key.3 != (self.range == ColorRange::Full) {
            convert_range(&mut scaled, self.stored, self.range)?;
        }
        if is_rgb(frame.format()) {
            // The scaler's default matrix; without the tag players guess it from the size.
            scaled.set_color_space(ffmpeg_next::color::Space::SMPTE170M);
            scaled.set_color_range(ffmpeg_next::color::Range::MPEG);
        }
        scaled.set_pts(frame.timestamp());
        Ok(scaled)
    }

    /// A copy that is padded to even sides, mirrored and rotated.
    fn rearranged(&self, frame: &Video) -> Result<Video, ffmpeg_next::Error> {
        let mut upright = ffi::new_frame(self.size.width(), self.size.height())?;
        ffi::copy_tags(&mut upright, frame);
        for kind in PlaneKind::ALL {
            let (width, height) = kind.extent(self.size);
            let stored = if self.turn.swaps_sides() {
                (height, width)
            } else {
                (width, height)
            };
            // The chroma of an odd side already covers the padding; only luma is repeated.
            let real = match kind {
                PlaneKind::Luma => (self.stored.0 as usize, self.stored.1 as usize),
                PlaneKind::ChromaBlue | PlaneKind::ChromaRed => stored,
            };
            let (source, source_stride) =
                ffi::plane(frame, kind as usize, real).ok_or(ffmpeg_next::Error::InvalidData)?;
            let (target, target_stride) =
                ffi::plane_mut(&mut upright, kind as usize, (width, height))
                    .ok_or(ffmpeg_next::Error::Bug)?;
            for (y, row) in target.chunks_mut(target_stride).enumerate() {
                for (x, sample) in row[..width].iter_mut().enumerate() {
                    let (u, v) = self.turn.stored_at(x, y, stored.0, stored.1);
                    *sample = source[v.min(real.1 - 1) * source_stride + u.min(real.0 - 1)];
                }
            }
        }
        Ok(upright)
    }
}

/// Converts the samples of a 4:2:0 frame of size `stored` from the other range to `range`.
///
/// Source: ITU-T H.273, 8.3: luma has 219 levels from 16 on in limited range, chroma 224 around
/// 128.
fn convert_range(
    frame: &mut Video,
    stored: (u32, u32),
    range: ColorRange,
) -> Result<(), ffmpeg_next::Error> {
    use ffmpeg_next::color::Range;
    let (width, height) = (stored.0 as usize, stored.1 as usize);
    for kind in PlaneKind::ALL {
        let (levels, low, extent) = match kind {
            PlaneKind::Luma => (219, 16, (width, height)),
            _ => (224, 16, (width.div_ceil(2), height.div_ceil(2))),
        };
        let table: Vec<u8> = (0..256_i32)
            .map(|sample| match range {
                ColorRange::Limited => low + (sample * levels + 127) / 255,
                ColorRange::Full => ((sample - low) * 255 + levels / 2) / levels,
            })
            .map(|sample| u8::try_from(sample.clamp(0, 255)).unwrap_or(0))
            .collect();
        let (samples, _) =
            ffi::plane_mut(frame, kind as usize, extent).ok_or(ffmpeg_next::Error::Bug)?;
        for sample in samples {
            *sample = table[usize::from(*sample)];
        }
    }
    frame.set_color_range(match range {
        ColorRange::Full => Range::JPEG,
        ColorRange::Limited => Range::MPEG,
    });
    Ok(())
}

/// FFmpeg's name of a pixel format.
pub(crate) fn format_name(format: Pixel) -> String {
    format
        .descriptor()
        .map_or_else(|| "unknown".to_owned(), |found| found.name().to_owned())
}

const fn is_planar_420(format: Pixel) -> bool {
    matches!(format, Pixel::YUV420P | Pixel::YUVJ420P)
}

fn is_rgb(format: Pixel) -> bool {
    let name = format_name(format);
    ["rgb", "bgr", "gbr", "pal", "argb", "abgr", "0rgb", "0bgr"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

fn is_full(frame: &Video) -> bool {
    // The J formats are full range by name, whatever the tag says.
    let by_name = matches!(
        frame.format(),
        Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P | Pixel::YUVJ440P | Pixel::YUVJ411P
    );
    let tagged = frame.color_range() == ffmpeg_next::color::Range::JPEG;
    by_name || (tagged && !is_rgb(frame.format()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(matrix: [i32; 4], expected: Turn) {
        let [a, b, c, d] = matrix.map(|value| value << 16);
        let words = [a, b, 0, c, d, 0, 0, 0, 1 << 30];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        assert_eq!(Turn::from_matrix(&bytes), expected);
    }

    #[test]
    fn display_matrices_are_read_as_mirror_then_rotation() {
        check(
            [1, 0, 0, 1],
            Turn {
                mirrored: false,
                degrees: 0,
            },
        );
        check(
            [0, 1, -1, 0],
            Turn {
                mirrored: false,
                degrees: 90,
            },
        );
        check(
            [-1, 0, 0, -1],
            Turn {
                mirrored: false,
                degrees: 180,
            },
        );
        check(
            [0, -1, 1, 0],
            Turn {
                mirrored: false,
                degrees: 270,
            },
        );
        check(
            [-1, 0, 0, 1],
            Turn {
                mirrored: true,
                degrees: 0,
            },
        );
        check(
            [1, 0, 0, -1],
            Turn {
                mirrored: true,
                degrees: 180,
            },
        );
    }

    #[test]
    fn a_short_matrix_counts_as_upright() {
        assert_eq!(Turn::from_matrix(&[0; 7]), Turn::default());
    }

    /// Goal: the mapping of samples agrees with the matrix it was read from.
    #[test]
    fn the_first_stored_sample_lands_where_the_turn_says() {
        let corner = |degrees, mirrored| {
            let turn = Turn { mirrored, degrees };
            let (width, height) = if turn.swaps_sides() { (2, 4) } else { (4, 2) };
            let shown = |x, y| turn.stored_at(x, y, 4, 2) == (0, 0);
            (0..width)
                .flat_map(|x| (0..height).map(move |y| (x, y)))
                .find(|(x, y)| shown(*x, *y))
        };
        assert_eq!(corner(0, false), Some((0, 0)));
        assert_eq!(corner(90, false), Some((1, 0)));
        assert_eq!(corner(180, false), Some((3, 1)));
        assert_eq!(corner(270, false), Some((0, 3)));
        assert_eq!(corner(0, true), Some((3, 0)));
    }
}
