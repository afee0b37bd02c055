//! Noise as a codec adds it, for tests.

use redact_core::{Frame, PlaneKind};

/// Adds noise to every macroblock by its contrast: up to `levels` where there is detail, up to 1
/// on a slope, and to one sample in sixteen of a block that is one level throughout.
pub(crate) fn add_noise(frame: &mut Frame, levels: u8) {
    let mut state = frame.index.get().wrapping_mul(0x9e37_79b9) | 1;
    for kind in PlaneKind::ALL {
        let side = if kind == PlaneKind::Luma { 16 } else { 8 };
        let mut plane = frame.picture.plane_mut(kind);
        for y in (0..plane.height).step_by(side) {
            for x in (0..plane.width).step_by(side) {
                let rows = y..(y + side).min(plane.height);
                let columns = x..(x + side).min(plane.width);
                let all = rows
                    .clone()
                    .flat_map(|y| plane.row(y)[columns.clone()].to_vec());
                let (low, high) = all.fold((255, 0), |(low, high), s| (s.min(low), s.max(high)));
                for y in rows {
                    for sample in &mut plane.row_mut(y)[columns.clone()] {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let amount = match high - low {
                            0 if (state >> 12).is_multiple_of(16) => 1,
                            0 => 0,
                            1..=48 => 1,
                            _ => levels,
                        };
                        let span = u32::from(amount) * 2 + 1;
                        let noise = ((state >> 16) % span).to_le_bytes()[0];
                        *sample = sample.saturating_add(noise).saturating_sub(amount);
                    }
                }
            }
        }
    }
}
