//! Parses coded pictures of H.264 to their last bit.
//!
//! A slice is parsed like a decoder does, syntax element by syntax element, without reconstructing
//! the picture: [`account`] checks that every bit belongs to a macroblock of the picture, that all
//! macroblocks are present, and that nothing follows them. The values of the elements are not
//! judged, nor whether a viewer would notice other values.
//!
//! For pictures that are one slice, coded as frames, 8-bit 4:2:0, Baseline to High.
//!
//! Source: ITU-T H.264, 7.3.2.8 and 7.3.4 (slices), 7.3.2.10 and 7.3.2.11 (trailing bits).

use super::cabac_elements::Cabac;
use super::cavlc_elements::Cavlc;
use super::macroblock::{self, Macroblock, Near};
use super::rbsp::{self, Bits, Unaccounted};
use super::slice_header::{Kind, Parameters, SliceHeader};
use super::x264_end_bits::Mark;

/// Memory that is reused from slice to slice.
#[derive(Default)]
pub struct Workspace {
    payload: Vec<u8>,
    /// One row of macroblocks: the current row up to the current one, then the row above.
    row: Vec<Macroblock>,
}

/// Parses the slice NAL unit `unit` of a picture with these parameters; returns the bit that x264
/// may leave at its end, for [`Marks`](super::x264_end_bits::Marks).
///
/// # Errors
/// The first thing that is not accounted for.
pub fn account(
    unit: &[u8],
    parameters: &Parameters,
    workspace: &mut Workspace,
) -> Result<Mark, Unaccounted> {
    rbsp::payload(unit, &mut workspace.payload)?;
    let mut bits = Bits::new(&workspace.payload).ok_or(Unaccounted::Trailing)?;
    let header = *unit.first().ok_or(Unaccounted::Syntax)?;
    let slice = SliceHeader::read(&mut bits, header, parameters)?;
    if !bits.has_more() {
        return Err(Unaccounted::Missing);
    }
    let picture = Picture {
        parameters,
        slice: &slice,
    };
    workspace.row.clear();
    workspace
        .row
        .resize(parameters.width, Macroblock::default());
    if parameters.is_cabac {
        picture.walk_cabac(&mut bits, &mut workspace.row)
    } else {
        picture.walk_cavlc(&mut bits, &mut workspace.row)
    }
}

/// The macroblocks of a picture in one slice.
struct Picture<'a> {
    parameters: &'a Parameters,
    slice: &'a SliceHeader,
}

impl Picture<'_> {
    const fn macroblocks(&self) -> usize {
        self.parameters.width * self.parameters.height
    }

    fn near<'a>(&self, row: &'a [Macroblock], address: usize) -> Near<'a> {
        let x = address % self.parameters.width;
        Near {
            left: x.checked_sub(1).map(|x| &row[x]),
            above: (address >= self.parameters.width).then(|| &row[x]),
        }
    }

    fn walk_cavlc(&self, bits: &mut Bits<'_>, row: &mut [Macroblock]) -> Result<Mark, Unaccounted> {
        let mut elements = Cavlc::new(bits, self.slice);
        let (mut address, width) = (0, self.parameters.width);
        while elements.has_more() {
            if address == self.macroblocks() {
                return Err(Unaccounted::Trailing);
            }
            if self.slice.kind != Kind::I {
                let skipped = elements.skipped(self.macroblocks() - address)?;
                for address in address..address + skipped {
                    row[address % width] = Macroblock::default();
                }
                address += skipped;
                if skipped > 0 && !elements.has_more() {
                    break;
                }
                if address == self.macroblocks() {
                    return Err(Unaccounted::Trailing);
                }
            }
            let near = self.near(row, address);
            let context = (self.parameters, self.slice);
            row[address % width] = macroblock::read(&mut elements, context, near)?;
            address += 1;
        }
        if elements.is_beyond() {
            return Err(Unaccounted::Syntax);
        }
        if address < self.macroblocks() {
            return Err(Unaccounted::Missing);
        }
        Ok(None)
    }

    fn walk_cabac(&self, bits: &mut Bits<'_>, row: &mut [Macroblock]) -> Result<Mark, Unaccounted> {
        let mut elements = Cabac::new(bits, self.slice)?;
        for address in 0..self.macroblocks() {
            let x = address % self.parameters.width;
            let near = self.near(row, address);
            let is_skipped = self.slice.kind != Kind::I && elements.is_skipped(near);
            row[x] = if is_skipped {
                macroblock::Elements::no_quantizer(&mut elements);
                Macroblock::default()
            } else {
                macroblock::read(&mut elements, (self.parameters, self.slice), near)?
            };
            if elements.is_beyond() {
                return Err(Unaccounted::Syntax);
            }
            if elements.is_end() {
                return if address + 1 < self.macroblocks() {
                    Err(Unaccounted::Missing)
                } else {
                    stop_of_cabac(bits.bytes(), elements.at())
                };
            }
        }
        Err(Unaccounted::Trailing)
    }
}

/// Checks the bits after the last symbol, whose last bit was the one before `end`: the stop bit.
fn stop_of_cabac(bytes: &[u8], end: usize) -> Result<Mark, Unaccounted> {
    let (Some(last), Some(spare)) = (bytes.last(), (bytes.len() * 8).checked_sub(end)) else {
        return Err(Unaccounted::Syntax);
    };
    if spare > 7 || last >> spare & 1 == 0 {
        return Err(Unaccounted::Trailing);
    }
    let behind = last & ((1 << spare) - 1);
    if behind > 1 {
        return Err(Unaccounted::Trailing);
    }
    Ok((spare > 0).then_some(behind == 1))
}

#[cfg(test)]
mod tests;
