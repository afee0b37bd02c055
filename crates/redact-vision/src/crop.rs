//! Crops of a picture for a model.

use redact_core::{NormRect, Picture, PixelRect, PixelSize, PlaneKind};

/// A copy of the area `cut` of `picture`, which has even sides.
pub(crate) fn crop(picture: &Picture, cut: PixelRect) -> Picture {
    let size = PixelSize::new(cut.width(), cut.height()).expect("a crop has pixels");
    let mut part = Picture::filled(size, picture.range(), [0, 128, 128]);
    for kind in PlaneKind::ALL {
        let area = match kind {
            PlaneKind::Luma => cut,
            PlaneKind::ChromaBlue | PlaneKind::ChromaRed => cut.halved(),
        };
        let source = picture.plane(kind);
        let mut target = part.plane_mut(kind);
        let columns = area.x_min() as usize..area.x_max() as usize;
        for (y, from) in (area.y_min() as usize..area.y_max() as usize).enumerate() {
            target
                .row_mut(y)
                .copy_from_slice(&source.row(from)[columns.clone()]);
        }
    }
    part
}

/// Maps a box in the crop `cut` to the whole picture of `size`.
pub(crate) fn uncrop(rect: NormRect, cut: PixelRect, size: PixelSize) -> Option<NormRect> {
    let [x_min, y_min, x_max, y_max] = rect.sides();
    let x = |at: f32| (cut.x_min() as f32 + at * cut.width() as f32) / size.width() as f32;
    let y = |at: f32| (cut.y_min() as f32 + at * cut.height() as f32) / size.height() as f32;
    NormRect::clipped([x(x_min), y(y_min), x(x_max), y(y_max)])
}
