//! AAC in the form of a byte stream: a header before each packet (ADTS).
//!
//! Nothing of a header is copied: what a decoder needs of it follows from the configuration of the
//! track, and the rest could carry anything.
//!
//! Source: ISO/IEC 14496-3, 1.A.2.2 (syntax), 1.6.2.1 (`AudioSpecificConfig`).

use super::Odd;

/// Bytes of a header, and of the checksum behind it.
const HEADER_BYTES: usize = 7;
const CHECKSUM_BYTES: usize = 2;

/// A frame of ADTS with one packet of AAC-LC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdtsFrame<'a> {
    /// The configuration that the header states, as an `AudioSpecificConfig`.
    pub config: [u8; 2],
    /// The packet (`raw_data_block`).
    pub block: &'a [u8],
}

/// Reads a frame that fills `packet`.
///
/// # Errors
/// Why it is not one packet of AAC-LC.
pub fn read(packet: &[u8]) -> Result<AdtsFrame<'_>, Odd> {
    let header: &[u8; HEADER_BYTES] = packet.first_chunk().ok_or("packet without a header")?;
    // Twelve ones, then MPEG-4 or MPEG-2, and layer 0.
    if header[0] != 0xff || header[1] & 0xf6 != 0xf0 {
        return Err("packet without a header");
    }
    // Profile, rate, a free bit, channels.
    let (profile, rate) = (header[2] >> 6, header[2] >> 2 & 15);
    let channels = header[2] << 2 & 4 | header[3] >> 6;
    if profile != 1 {
        return Err("not AAC-LC");
    }
    if channels == 0 {
        return Err("the header does not give the channel count");
    }
    let length = usize::from(header[3] & 3) << 11
        | usize::from(header[4]) << 3
        | usize::from(header[5] >> 5);
    if length != packet.len() {
        return Err("the header's length differs from its packet's");
    }
    if header[6] & 3 != 0 {
        return Err("more than one block after a header");
    }
    let has_checksum = header[1] & 1 == 0;
    let skip = HEADER_BYTES + if has_checksum { CHECKSUM_BYTES } else { 0 };
    // Object type 2 is LC; the last three bits flag 960 samples, a core coder, an extension.
    let config = 2 << 11 | u16::from(rate) << 7 | u16::from(channels) << 3;
    Ok(AdtsFrame {
        config: config.to_be_bytes(),
        block: packet.get(skip..).ok_or("packet without a header")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 48 kHz, stereo, without a checksum, and two bytes of sound.
    const FRAME: [u8; 9] = [0xff, 0xf1, 0x4c, 0x80, 0x01, 0x3f, 0xfc, 0x21, 0x10];

    fn changed(at: usize, byte: u8) -> [u8; 9] {
        let mut frame = FRAME;
        frame[at] = byte;
        frame
    }

    /// Goal: only the packet is left, and the configuration is that of the header.
    #[test]
    fn a_header_is_taken_off() {
        let frame = read(&FRAME).unwrap();
        assert_eq!(
            (frame.config, frame.block),
            ([0x11, 0x90], &[0x21, 0x10][..])
        );
        let with_checksum = changed(1, 0xf0);
        assert!(read(&with_checksum).unwrap().block.is_empty());
    }

    /// Goal: a packet with more than one block, or of another kind, is refused. Control: above.
    #[test]
    fn other_packets_are_refused() {
        let several = "more than one block after a header";
        assert_eq!(read(&changed(6, 0xfd)), Err(several));
        let kind = "not AAC-LC";
        assert_eq!(read(&changed(2, 0x0c)), Err(kind));
        let length = "the header's length differs from its packet's";
        assert_eq!(read(&changed(4, 0x02)), Err(length));
        assert_eq!(read(&[&FRAME[..], &[0]].concat()), Err(length));
        let channels = "the header does not give the channel count";
        assert_eq!(read(&changed(3, 0)), Err(channels));
        let none = "packet without a header";
        assert_eq!(read(&changed(0, 0xfe)), Err(none));
        assert_eq!(read(&changed(1, 0xf7)), Err(none));
        assert_eq!(read(&FRAME[..6]), Err(none));
    }
}
