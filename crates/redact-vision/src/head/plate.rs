//! Plausible sizes and shapes of plates.
//!
//! LPD-YuNet's large priors respond to blank walls and dark rooms, with boxes over most of the
//! picture and scores up to 0.8, so that a threshold cannot separate them. Other models do the
//! same, though less often.

/// Maximum size of a plate, as fractions of the width and height of a picture that fills the input.
#[derive(Clone, Copy)]
pub(super) struct Largest {
    width: f32,
    height: f32,
}

/// For LPD-YuNet.
pub(super) const LPD: Largest = Largest {
    width: 0.3,
    height: 0.22,
};
/// For plate-screen, which was trained on close-ups.
pub(super) const PLATE_SCREEN: Largest = Largest {
    width: 0.6,
    height: 0.4,
};
/// For plate-screen with an input so small that it only serves for close-ups: it detects 59 of 61
/// plates higher than 64 pixels with scores from 0.4, and none falsely in 133 frames of eight
/// recordings.
pub(super) const CLOSE_UP: Largest = Largest {
    width: 0.98,
    height: 0.9,
};
/// Maximum longer side of such an input, in model pixels.
pub(super) const CLOSE_UP_SIDE: usize = 192;
/// A picture smaller than the input is a crop or a small recording: a plate in it may be larger, up
/// to LPD-YuNet's largest prior.
const SIDE_MAX: f32 = 256.0;
/// Ratio of width to height: motorcycle plates have two or three rows, and a plate seen from the
/// side is narrow.
const ASPECT: std::ops::RangeInclusive<f32> = 0.6..=8.0;

/// Whether a box can be a plate.
///
/// - `inner`: `[width, height]` of the picture in the input, in model pixels.
/// - `reduced`: whether the picture is larger than that.
pub(super) fn can_be(
    rect_in_model: [f32; 4],
    largest: Largest,
    inner: [usize; 2],
    reduced: bool,
) -> bool {
    let [x_min, y_min, x_max, y_max] = rect_in_model;
    let (width, height) = (x_max - x_min, y_max - y_min);
    let most = |share: f32, side: usize| {
        let share = share * side as f32;
        if reduced { share } else { share.max(SIDE_MAX) }
    };
    width < most(largest.width, inner[0])
        && height < most(largest.height, inner[1])
        && ASPECT.contains(&(width / height))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: walls are rejected and plates are not. Method: measured sizes of plates and of false
    /// boxes in an input of 640x360.
    #[test]
    fn a_box_over_half_the_picture_is_not_a_plate() {
        let check = |width: f32, height: f32, reduced| {
            let rect = [10.0, 20.0, 10.0 + width, 20.0 + height];
            can_be(rect, LPD, [640, 360], reduced)
        };
        assert!(check(120.0, 30.0, true) && check(20.0, 18.0, true));
        assert!(!check(563.0, 200.0, true) && !check(563.0, 200.0, false));
        assert!(!check(230.0, 60.0, true) && check(230.0, 60.0, false));
        assert!(!check(100.0, 90.0, true));
        assert!(!check(10.0, 30.0, true) && !check(90.0, 9.0, true));
        assert!(!check(f32::NAN, 30.0, true));
        let near = [10.0, 20.0, 240.0, 100.0];
        assert!(can_be(near, PLATE_SCREEN, [640, 360], true));
        assert!(!can_be(
            [10.0, 20.0, 573.0, 220.0],
            PLATE_SCREEN,
            [640, 360],
            true
        ));
        // A plate may fill an input for close-ups.
        let filling = [4.0, 20.0, 184.0, 90.0];
        assert!(can_be(filling, CLOSE_UP, [192, 108], true));
        assert!(!can_be(filling, PLATE_SCREEN, [192, 108], true));
    }
}
