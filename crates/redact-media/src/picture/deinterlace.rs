//! Deinterlacing: one progressive picture from two fields.
//!
//! A release is progressive, and players would show combing artifacts. Lines of the first field are
//! unchanged; where a line of the second field does not fit between its neighbors because of
//! motion, it is replaced by their mean. Lines without motion are unchanged.

use ffmpeg_next::Error;
use ffmpeg_next::frame::Video;
use redact_core::PlaneKind;

use crate::ffi;

/// Least product of a sample's differences from both neighbors that counts as combing: about 10
/// levels each.
const COMB: i32 = 100;

/// Removes combing from a 4:2:0 frame of `stored` size, in its own buffer.
pub(super) fn deinterlace(
    frame: &mut Video,
    stored: (u32, u32),
    is_top_first: bool,
) -> Result<(), Error> {
    ffi::make_writable(frame)?;
    let (width, height) = (stored.0 as usize, stored.1 as usize);
    for kind in PlaneKind::ALL {
        let extent = match kind {
            PlaneKind::Luma => (width, height),
            _ => (width.div_ceil(2), height.div_ceil(2)),
        };
        let plane = ffi::plane_mut(frame, kind as usize, extent);
        let (samples, stride) = plane.ok_or(Error::InvalidData)?;
        smooth(samples, stride, extent, usize::from(is_top_first));
    }
    Ok(())
}

/// Replaces combed samples in every second line, from line `first` on.
fn smooth(samples: &mut [u8], stride: usize, (width, height): (usize, usize), first: usize) {
    let mut combs = vec![false; width];
    for y in (first..height)
        .step_by(2)
        .filter(|y| (1..height - 1).contains(y))
    {
        let (above, rest) = samples.split_at_mut(y * stride);
        let above = &above[(y - 1) * stride..][..width];
        let (line, below) = rest.split_at_mut(stride);
        let (line, below) = (&mut line[..width], &below[..width]);
        for (x, comb) in combs.iter_mut().enumerate() {
            let [a, b, c] = [above[x], line[x], below[x]].map(i32::from);
            *comb = (a - b) * (c - b) > COMB;
        }
        for x in 0..width {
            if combs[x.saturating_sub(1)..(x + 2).min(width)].contains(&true) {
                line[x] = above[x].midpoint(below[x]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: an edge that moved between the fields is straight again. Control: one that did not
    /// move is unchanged.
    #[test]
    fn combing_is_removed_and_still_edges_are_unchanged() {
        let edge = |at: [usize; 2]| -> Vec<u8> {
            let line = |y: usize| (0..16).map(move |x| if x < at[y % 2] { 200 } else { 40 });
            (0..8).flat_map(line).collect()
        };
        let mut moved = edge([4, 10]);
        smooth(&mut moved, 16, (16, 8), 1);
        for y in 1..7 {
            let line = &moved[y * 16..][..16];
            assert!(line[..4].iter().all(|s| *s == 200) && line[4..].iter().all(|s| *s == 40));
        }
        let mut still = edge([4, 4]);
        smooth(&mut still, 16, (16, 8), 1);
        assert_eq!(still, edge([4, 4]));
    }
}
