//! The order in which the pictures of a GOP are shown, for containers without presentation times.
//!
//! Only for pictures coded as frames, with a count of picture order of type 0 or 2. Encoders of
//! cameras and recorders write no other.
//!
//! Source: ITU-T H.264, 8.2.1 (picture order count).

use super::rbsp::{self, Bits};
use super::slice_header::{Order, Parameters, SliceHeader};

/// What a slice says about when its picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderFields {
    is_idr: bool,
    is_reference: bool,
    /// Bits of the coded counter; `None` where pictures are shown in decoding order.
    bits: Option<u32>,
    low: u32,
    bottom: i64,
}

impl OrderFields {
    /// Reads a slice NAL unit; `None` where it cannot be parsed or its order not be computed.
    pub(super) fn read(unit: &[u8], parameters: &Parameters) -> Option<Self> {
        let mut payload = Vec::new();
        rbsp::payload(unit, &mut payload).ok()?;
        let header = *unit.first()?;
        let slice = SliceHeader::read(&mut Bits::new(&payload)?, header, parameters).ok()?;
        let bits = match parameters.order {
            Order::Bits(bits) => Some(bits),
            Order::Decoding => None,
            Order::Deltas | Order::Cycle => return None,
        };
        let (low, bottom) = slice.order;
        (!slice.resets).then_some(Self {
            is_idr: header & 0x1f == 5,
            is_reference: header & 0x60 != 0,
            bits,
            low,
            bottom,
        })
    }
}

/// Follows the count of picture order through a GOP.
#[derive(Clone, Copy, Debug, Default)]
pub struct PictureOrder {
    /// Pictures so far.
    pictures: i64,
    /// High and low part of the last reference picture's count.
    high: i64,
    low: i64,
}

impl PictureOrder {
    /// Takes the next picture in decoding order; pictures of a GOP are shown in ascending order of
    /// what this returns. It starts over at each IDR picture.
    pub fn next(&mut self, picture: &OrderFields) -> i64 {
        if picture.is_idr {
            *self = Self::default();
        }
        self.pictures += 1;
        let Some(bits) = picture.bits else {
            return self.pictures;
        };
        let (range, low) = (1_i64 << bits, i64::from(picture.low));
        let high = if low < self.low && self.low - low >= range / 2 {
            self.high + range
        } else if low > self.low && low - self.low > range / 2 {
            self.high - range
        } else {
            self.high
        };
        if picture.is_reference {
            (self.high, self.low) = (high, low);
        }
        let top = high + low;
        top.min(top.saturating_add(picture.bottom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(low: u32, is_reference: bool, is_idr: bool) -> OrderFields {
        OrderFields {
            is_idr,
            is_reference,
            bits: Some(4),
            low,
            bottom: 0,
        }
    }

    /// Goal: B pictures are shown before the picture that they are decoded after, also where the
    /// counter starts over. Control: the same pictures without the difference of references.
    #[test]
    fn counts_go_on_where_the_coded_bits_start_over() {
        let mut order = PictureOrder::default();
        let mut next = |low, is_reference| order.next(&picture(low, is_reference, false));
        assert_eq!(next(0, true), 0);
        assert_eq!((next(6, true), next(2, false), next(4, false)), (6, 2, 4));
        assert_eq!((next(12, true), next(8, false)), (12, 8));
        // 16 bits more: 18 is coded as 2, and the picture before it as 14.
        assert_eq!((next(2, true), next(14, false)), (18, 14));
        assert_eq!(order.next(&picture(0, true, true)), 0);
    }

    /// Goal: pictures that are shown in decoding order are counted.
    #[test]
    fn without_a_counter_the_order_is_that_of_decoding() {
        let mut order = PictureOrder::default();
        let plain = OrderFields {
            bits: None,
            ..picture(0, true, false)
        };
        let shown: Vec<i64> = (0..3).map(|_| order.next(&plain)).collect();
        assert_eq!(shown, [1, 2, 3]);
    }
}
