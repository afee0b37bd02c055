//! Prepares a model's input from a picture's planes, and maps boxes back.
//!
//! The picture is in the top-left corner with the same scale for both axes; the rest of the input
//! is padding. Scaling and color conversion take one pass over the 8-bit 4:2:0 planes, without an
//! intermediate picture.
//!
//! Limits: a picture does not state its color matrix. As in decoders, small pictures are treated as
//! ITU-R BT.601 and others as BT.709. A wrong guess shifts hues slightly, which the models
//! tolerate.

use redact_core::{ColorRange, NormRect, Picture, PixelSize, PlaneKind};

use crate::card::{CardInput, Channels};
use crate::plane_scale::PlaneScaler;

/// Minimum side of an input in model pixels: the largest stride of any head, so that each feature
/// map has a cell.
const INPUT_SIDE_MIN: usize = 64;

/// Position of a picture in a model's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placement {
    /// `[width, height]` of the picture in the input, in model pixels.
    pub(crate) inner: [usize; 2],
    /// `[width, height]` of the input in model pixels: multiples of the card's `side_multiple`.
    pub(crate) input: [usize; 2],
}

impl Placement {
    /// Places a picture of `size` in an input whose longer side is at most `long_side`, rounded up
    /// to `side_multiple` (at least 1). A smaller picture is enlarged, by at most `enlarge_max`;
    /// the input is padded to at least [`INPUT_SIDE_MIN`].
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and a picture's side, at most 16384"
    )]
    pub(crate) fn new(
        size: PixelSize,
        long_side: u32,
        side_multiple: u32,
        enlarge_max: u32,
    ) -> Self {
        let longest = size.width().max(size.height());
        let long_side = long_side.min(longest * enlarge_max);
        let inner = [size.width(), size.height()].map(|side| {
            let scaled = f64::from(side) * f64::from(long_side) / f64::from(longest);
            (scaled.round() as usize).max(1)
        });
        let input = inner.map(|side| {
            side.max(INPUT_SIDE_MIN)
                .next_multiple_of(side_multiple as usize)
        });
        Self { inner, input }
    }

    /// Maps a box from model space back to the picture, clipped to its edges.
    ///
    /// - `rect_in_model`: `[x_min, y_min, x_max, y_max]` in model pixels, of any magnitude.
    ///
    /// Returns `None` if no part of the box is in the picture, because it is in the padding, or if
    /// a side is NaN.
    pub(crate) fn norm_from_model(&self, rect_in_model: [f32; 4]) -> Option<NormRect> {
        let [x_min, y_min, x_max, y_max] = rect_in_model;
        let [width, height] = self.inner.map(|side| side as f32);
        // Rounding to `f32` costs 1e-7 of the picture; masks round outward to whole pixels.
        NormRect::clipped([x_min / width, y_min / height, x_max / width, y_max / height])
    }
}

/// Larger pictures are treated as BT.709: the maximum sizes of standard definition, with some room
/// for overscan.
const BT601_HEIGHT_MAX: u32 = 576;
const BT601_WIDTH_MAX: u32 = 1024;

/// Conversion of luma and chroma to red, green and blue, all `0.0..=255.0`.
///
/// Source: ITU-R BT.601-7 and BT.709-6, items 3.2 to 3.4 (luma coefficients and quantization).
#[derive(Clone, Copy, Debug, PartialEq)]
struct ColorMatrix {
    luma_black: f32,
    luma_gain: f32,
    red_from_cr: f32,
    green_from_cb: f32,
    green_from_cr: f32,
    blue_from_cb: f32,
}

impl ColorMatrix {
    fn new(size: PixelSize, range: ColorRange) -> Self {
        let small = size.width() <= BT601_WIDTH_MAX && size.height() <= BT601_HEIGHT_MAX;
        let (red, blue) = if small {
            (0.299, 0.114)
        } else {
            (0.2126, 0.0722)
        };
        let green: f32 = 1.0 - red - blue;
        let (luma_black, luma_gain, chroma_gain) = match range {
            ColorRange::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
            ColorRange::Full => (0.0, 1.0, 1.0),
        };
        let red_from_cr = 2.0 * (1.0 - red) * chroma_gain;
        let blue_from_cb = 2.0 * (1.0 - blue) * chroma_gain;
        Self {
            luma_black,
            luma_gain,
            red_from_cr,
            green_from_cb: blue_from_cb * blue / green,
            green_from_cr: red_from_cr * red / green,
            blue_from_cb,
        }
    }

    /// `[red, green, blue]` of one pixel.
    fn rgb(&self, luma: f32, cb: f32, cr: f32) -> [f32; 3] {
        let luma = (luma - self.luma_black) * self.luma_gain;
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        [
            luma + self.red_from_cr * cr,
            luma - self.green_from_cb * cb - self.green_from_cr * cr,
            luma + self.blue_from_cb * cb,
        ]
        .map(|value| value.clamp(0.0, 255.0))
    }
}

/// Prepares inputs for pictures of one size.
#[derive(Clone, Debug)]
pub(crate) struct Letterbox {
    size: PixelSize,
    range: ColorRange,
    placement: Placement,
    matrix: ColorMatrix,
    card: CardInput,
    scalers: [PlaneScaler; 3],
    /// One row of each plane at the model's size.
    rows: [Vec<f32>; 3],
}

impl Letterbox {
    /// For pictures with the size and range of `picture`, in an input of at most `long_side`.
    pub(crate) fn new(
        picture: &Picture,
        long_side: u32,
        enlarge_max: u32,
        card: &CardInput,
    ) -> Self {
        let size = picture.size();
        let placement = Placement::new(size, long_side, card.side_multiple, enlarge_max);
        let scalers = PlaneKind::ALL.map(|kind| {
            let (width, height) = kind.extent(size);
            PlaneScaler::new([width, height], placement.inner)
        });
        Self {
            size,
            range: picture.range(),
            placement,
            matrix: ColorMatrix::new(size, picture.range()),
            card: card.clone(),
            scalers,
            rows: [(); 3].map(|()| vec![0.0; placement.inner[0]]),
        }
    }

    /// Whether it was created for pictures with this size and range.
    pub(crate) fn fits(&self, picture: &Picture) -> bool {
        self.size == picture.size() && self.range == picture.range()
    }

    /// Position of the picture in the input.
    pub(crate) const fn placement(&self) -> Placement {
        self.placement
    }

    /// Writes `picture` to `input`: `[3, height, width]`, with the card's channel order and range.
    pub(crate) fn fill(&mut self, picture: &Picture, input: &mut Vec<f32>) {
        assert!(self.fits(picture), "created for pictures of this size");
        let [width, height] = self.placement.input;
        let [inner_width, inner_height] = self.placement.inner;
        let pad =
            [0, 1, 2].map(|i| (f32::from(self.card.pad) - self.card.mean[i]) * self.card.scale);
        input.clear();
        for value in pad {
            input.resize(input.len() + width * height, value);
        }
        let planes = PlaneKind::ALL.map(|kind| picture.plane(kind));
        let (first, rest) = input.split_at_mut(width * height);
        let (second, third) = rest.split_at_mut(width * height);
        for y in 0..inner_height {
            for ((scaler, plane), row) in self.scalers.iter_mut().zip(planes).zip(&mut self.rows) {
                scaler.row(plane, y, row);
            }
            let span = y * width..y * width + inner_width;
            let target = [
                &mut first[span.clone()],
                &mut second[span.clone()],
                &mut third[span],
            ];
            color_row(&self.rows, &self.matrix, &self.card, target);
        }
    }
}

/// Converts one row of luma, blue and red difference to the card's channels.
fn color_row(
    rows: &[Vec<f32>; 3],
    matrix: &ColorMatrix,
    card: &CardInput,
    target: [&mut [f32]; 3],
) {
    let (mean, scale) = (card.mean, card.scale);
    let turned = card.channels == Channels::Bgr;
    let [first, second, third] = target;
    let sources = rows[0].iter().zip(&rows[1]).zip(&rows[2]);
    let targets = first.iter_mut().zip(second).zip(third);
    for (((luma, cb), cr), ((a, b), c)) in sources.zip(targets) {
        let [red, green, blue] = matrix.rgb(*luma, *cb, *cr);
        let (one, three) = if turned { (blue, red) } else { (red, blue) };
        *a = (one - mean[0]) * scale;
        *b = (green - mean[1]) * scale;
        *c = (three - mean[2]) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Layout;
    use proptest::prelude::*;

    fn card(channels: Channels) -> CardInput {
        CardInput {
            layout: Layout::Nchw,
            channels,
            mean: [1.0, 2.0, 3.0],
            scale: 0.5,
            side_multiple: 32,
            pad: 114,
        }
    }

    fn size(width: u32, height: u32) -> PixelSize {
        PixelSize::new(width, height).unwrap()
    }

    #[track_caller]
    fn check(color: [u8; 3], at: PixelSize, range: ColorRange, expected: [f32; 3]) {
        let [luma, cb, cr] = color.map(f32::from);
        let rgb = ColorMatrix::new(at, range).rgb(luma, cb, cr);
        for (found, expected) in rgb.iter().zip(expected) {
            assert!((found - expected).abs() < 1.5, "{rgb:?}");
        }
    }

    /// Goal: the four color encodings are converted. Expected values: the primaries of color bars.
    #[test]
    fn known_colors_come_out() {
        let (small, large) = (size(640, 480), size(1920, 1080));
        check([16, 128, 128], small, ColorRange::Limited, [0.0; 3]);
        check([235, 128, 128], large, ColorRange::Limited, [255.0; 3]);
        check([255, 128, 128], large, ColorRange::Full, [255.0; 3]);
        check([81, 90, 240], small, ColorRange::Limited, [254.0, 0.0, 0.0]);
        check(
            [63, 102, 240],
            large,
            ColorRange::Limited,
            [255.0, 0.0, 0.0],
        );
        check([76, 85, 255], small, ColorRange::Full, [254.0, 0.0, 0.0]);
        check([29, 255, 107], small, ColorRange::Full, [0.0, 0.0, 254.0]);
    }

    /// Goal: channel order, value range and padding are those on the card.
    #[test]
    fn the_input_matches_the_card() {
        const PIXELS: usize = 64 * 64;
        let red = Picture::filled(size(20, 10), ColorRange::Full, [76, 85, 255]);
        for (channels, red_plane) in [(Channels::Rgb, 0), (Channels::Bgr, 2)] {
            let card = card(channels);
            let mut letterbox = Letterbox::new(&red, 640, 1, &card);
            let mut input = Vec::new();
            letterbox.fill(&red, &mut input);
            assert_eq!(letterbox.placement().input, [64, 64]);
            assert_eq!(input.len(), 3 * PIXELS);
            for plane in 0..3 {
                let value = if plane == red_plane { 254.0 } else { 0.0 };
                let corner = input[plane * PIXELS];
                assert!((corner - (value - card.mean[plane]) * 0.5).abs() < 1.0);
                let padding = input[plane * PIXELS + PIXELS - 1];
                assert!((padding - (114.0 - card.mean[plane]) * 0.5).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_large_picture_is_reduced_and_a_small_one_enlarged() {
        let larger = |w, h| Placement::new(size(w, h), 640, 32, 2).inner;
        assert_eq!(larger(1920, 1080), [640, 360]);
        assert_eq!(larger(480, 270), [640, 360]);
        assert_eq!(larger(100, 50), [200, 100]);
        let place = |w, h| Placement::new(size(w, h), 640, 32, 1);
        assert_eq!(place(1920, 1080).inner, [640, 360]);
        assert_eq!(place(1920, 1080).input, [640, 384]);
        assert_eq!(place(608, 1080).inner, [360, 640]);
        assert_eq!(place(320, 240).inner, [320, 240]);
        assert_eq!(place(320, 240).input, [320, 256]);
        assert_eq!(place(16_384, 2).inner, [640, 1]);
    }

    #[test]
    fn a_box_in_the_padding_is_none() {
        let placement = Placement::new(size(1920, 1080), 640, 32, 1);
        assert!(
            placement
                .norm_from_model([0.0, 365.0, 50.0, 380.0])
                .is_none()
        );
        assert!(
            placement
                .norm_from_model([0.0, f32::NAN, 5.0, 38.0])
                .is_none()
        );
        let clipped = placement
            .norm_from_model([-9.0, 300.0, 9e9, 380.0])
            .unwrap();
        assert_eq!(clipped.sides()[2..], [1.0, 1.0]);
    }

    proptest! {
        /// Goal: a box survives the mapping to the model and back.
        /// Method: map it with the exact scale and back, and compare within half a pixel.
        #[test]
        fn a_box_is_mapped_back_within_half_a_pixel(
            width in 2_u32..4096, height in 2_u32..4096, long in 32_u32..1920,
            enlarge_max in 1_u32..9, corners in prop::array::uniform4(0.0_f32..1.0),
        ) {
            let picture = size(width, height);
            let placement = Placement::new(picture, long, 32, enlarge_max);
            prop_assert!(placement.input.iter().all(|side| side % 32 == 0));
            let [a, b, c, d] = corners;
            let sides = [a.min(c), b.min(d), a.max(c), b.max(d)];
            prop_assume!(NormRect::new(sides).is_some());
            let [w, h] = placement.inner.map(|side| side as f32);
            let model = [sides[0] * w, sides[1] * h, sides[2] * w, sides[3] * h];
            let back = placement.norm_from_model(model);
            prop_assume!(back.is_some());
            let pixels = [width as f32, height as f32, width as f32, height as f32];
            for ((found, expected), pixels) in
                back.unwrap().sides().iter().zip(sides).zip(pixels)
            {
                prop_assert!((found - expected).abs() * pixels < 0.5);
            }
        }
    }
}
