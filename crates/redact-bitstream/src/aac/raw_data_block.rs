//! Finds what a packet of AAC-LC holds other than sound.
//!
//! Every bit is parsed: the configured channels in order, then the end element, then nothing. Data
//! elements, extensions, extra channels and bytes after the end can carry anything, and no player
//! plays them. The values of the samples are not judged.
//!
//! Source: ISO/IEC 14496-3, 4.4.2 and 4.6.3 (syntax of AAC-LC, 1024 samples to a frame).

use super::{codebooks, scale_factor_bands};

/// Special codebooks: 0 is silence, 13 noise, 14 and 15 intensity stereo.
const SILENCE: u8 = 0;
const RESERVED: u8 = 12;
const NOISE: u8 = 13;

/// Bits of the first noise energy; the others are differences.
const NOISE_BITS: u32 = 9;

/// A value of 16 in codebook 11 is followed by an escape sequence.
const ESCAPE: usize = 16;

/// Byte of a fill element. Source: table 4.57, `fill_byte`.
const FILL_BYTE: u32 = 0xa5;

/// Why a packet is not only sound. The texts name syntax elements, never content.
pub type Odd = &'static str;

const CUT: Odd = "packet ends within a channel";

/// The configuration of a track, with which its packets are parsed.
pub struct Walker {
    long: Vec<u16>,
    short: Vec<u16>,
    elements: &'static [u8],
    spectra: Vec<Book>,
    scale_factors: Book,
}

/// Elements of a packet (`id_syn_ele`): a single channel, a channel pair, a low-frequency channel.
/// Source: ISO/IEC 14496-3, table 4.85.
const SCE: u8 = 0;
const CPE: u8 = 1;
const LFE: u8 = 3;
const FIL: u8 = 6;
const END: u8 = 7;

impl Walker {
    /// Parses an `AudioSpecificConfig` of plain AAC-LC without trailing data; returns the walker
    /// and the sampling rate in Hz.
    #[must_use]
    pub fn new(config: &[u8]) -> Option<(Self, u32)> {
        // FFmpeg appends that there is no SBR extension: sync word 0x2b7, type 5, flag 0.
        let (&[first, second], &[] | &[0x56, 0xe5, 0]) = (config.first_chunk()?, &config[2..])
        else {
            return None;
        };
        let word = u16::from_be_bytes([first, second]);
        // Object type 2 is LC; the last three bits flag 960 samples, a core coder, an extension.
        if word >> 11 != 2 || word & 7 != 0 {
            return None;
        }
        let rate = u8::try_from(word >> 7 & 15).ok()?;
        // Source: table 1.19, channel configurations; 0 would define its own.
        let elements: &[u8] = match word >> 3 & 15 {
            1 => &[SCE],
            2 => &[CPE],
            3 => &[SCE, CPE],
            4 => &[SCE, CPE, SCE],
            5 => &[SCE, CPE, CPE],
            6 => &[SCE, CPE, CPE, LFE],
            7 => &[SCE, CPE, CPE, CPE, LFE],
            _ => return None,
        };
        let walker = Self {
            long: scale_factor_bands::ends(rate, false)?,
            short: scale_factor_bands::ends(rate, true)?,
            elements,
            spectra: codebooks::SPECTRA
                .iter()
                .map(|words| Book::new(words))
                .collect(),
            scale_factors: Book::new(&codebooks::SCALE_FACTORS),
        };
        Some((walker, scale_factor_bands::rate_hz(rate)?))
    }

    /// Configured channels.
    #[must_use]
    pub fn channels(&self) -> u16 {
        self.elements
            .iter()
            .map(|&kind| if kind == CPE { 2 } else { 1 })
            .sum()
    }

    /// Parses a packet; an encoder may name itself in the `first` one of a track.
    ///
    /// # Errors
    /// What it holds other than sound.
    pub fn walk(&self, packet: &[u8], first: bool) -> Result<(), Odd> {
        let mut bits = Bits {
            bytes: packet,
            at: 0,
        };
        let mut due = self.elements.iter();
        loop {
            let element = bits.take(3).ok_or("packet without an end element")?;
            let element = u8::try_from(element).unwrap_or(END);
            match element {
                END => break,
                FIL => fill(&mut bits, first)?,
                _ if due.next() != Some(&element) => {
                    return Err(match element {
                        SCE | CPE | LFE => "unexpected channel",
                        4 => "a data element",
                        _ => "element that is not a channel",
                    });
                }
                CPE => self.pair(&mut bits)?,
                _ => {
                    bits.take(4).ok_or(CUT)?;
                    self.channel(&mut bits, None)?;
                }
            }
        }
        if due.next().is_some() {
            return Err("missing channel");
        }
        let left = packet.len() * 8 - bits.at;
        if left >= 8 || bits.take(u32::try_from(left).unwrap_or(0)) != Some(0) {
            return Err("bytes after the end of a packet");
        }
        Ok(())
    }

    fn pair(&self, bits: &mut Bits<'_>) -> Result<(), Odd> {
        bits.take(4).ok_or(CUT)?;
        let mut common = None;
        if bits.flag().ok_or(CUT)? {
            let info = self.info(bits)?;
            // 1: a mid/side flag per band; 3 is reserved.
            match bits.take(2).ok_or(CUT)? {
                1 => bits.skip(info.groups.len() * info.bands).ok_or(CUT)?,
                3 => return Err("a reserved value in a packet"),
                _ => {}
            }
            common = Some(info);
        }
        self.channel(bits, common.as_ref())?;
        self.channel(bits, common.as_ref())
    }

    /// `ics_info`.
    fn info(&self, bits: &mut Bits<'_>) -> Result<Info, Odd> {
        if bits.flag().ok_or(CUT)? {
            return Err("a reserved value in a packet");
        }
        let short = bits.take(2).ok_or(CUT)? == 2;
        bits.take(1).ok_or(CUT)?;
        let bands = bits.take(if short { 4 } else { 6 }).ok_or(CUT)? as usize;
        let mut groups = vec![1];
        if short {
            let grouping = bits.take(7).ok_or(CUT)?;
            for window in (0..7).rev() {
                match groups.last_mut() {
                    Some(windows) if grouping >> window & 1 == 1 => *windows += 1,
                    _ => groups.push(1),
                }
            }
        } else if bits.flag().ok_or(CUT)? {
            return Err("prediction, which AAC-LC does not have");
        }
        if bands > self.ends(short).len() {
            return Err("too many bands");
        }
        Ok(Info {
            short,
            bands,
            groups,
        })
    }

    const fn ends(&self, short: bool) -> &Vec<u16> {
        if short { &self.short } else { &self.long }
    }

    /// `individual_channel_stream`.
    fn channel(&self, bits: &mut Bits<'_>, common: Option<&Info>) -> Result<(), Odd> {
        bits.take(8).ok_or(CUT)?;
        let own;
        let info = match common {
            Some(info) => info,
            None => {
                own = self.info(bits)?;
                &own
            }
        };
        let sections = sections(bits, info)?;
        self.scale_factors(bits, &sections)?;
        if bits.flag().ok_or(CUT)? {
            if info.short {
                return Err("pulses in a short window");
            }
            let pulses = bits.take(2).ok_or(CUT)? as usize + 1;
            bits.skip(6 + pulses * 9).ok_or(CUT)?;
        }
        if bits.flag().ok_or(CUT)? {
            shaping(bits, info.short).ok_or(CUT)?;
        }
        if bits.flag().ok_or(CUT)? {
            return Err("gain control, which AAC-LC does not have");
        }
        sections
            .iter()
            .try_for_each(|section| self.spectrum(bits, info, section).ok_or(CUT))
    }

    fn scale_factors(&self, bits: &mut Bits<'_>, sections: &[Section]) -> Result<(), Odd> {
        let mut noisy = false;
        for section in sections.iter().filter(|section| section.book != SILENCE) {
            for _ in section.start..section.end {
                if section.book == NOISE && !noisy {
                    noisy = true;
                    bits.take(NOISE_BITS).ok_or(CUT)?;
                } else {
                    self.scale_factors.read(bits).ok_or(CUT)?;
                }
            }
        }
        Ok(())
    }

    /// `spectral_data` of one section.
    fn spectrum(&self, bits: &mut Bits<'_>, info: &Info, section: &Section) -> Option<()> {
        let number = usize::from(section.book);
        let Some(book) = number.checked_sub(1).and_then(|i| self.spectra.get(i)) else {
            return Some(());
        };
        let ends = self.ends(info.short);
        let edge = |band: usize| band.checked_sub(1).map_or(0, |band| ends[band]);
        let samples = usize::from(edge(section.end) - edge(section.start)) * section.windows;
        // Values come in quadruples or pairs, each from 0 to the codebook's largest.
        let (at_once, signs, values) = match number {
            1 | 2 => (4, false, 3),
            3 | 4 => (4, true, 3),
            5 | 6 => (2, false, 9),
            7 | 8 => (2, true, 8),
            9 | 10 => (2, true, 13),
            _ => (2, true, 17),
        };
        for _ in 0..samples / at_once {
            let mut word = book.read(bits)?;
            if !signs {
                continue;
            }
            let mut escapes = 0;
            for _ in 0..at_once {
                let value = word % values;
                word /= values;
                bits.skip(usize::from(value != 0))?;
                escapes += usize::from(number == 11 && value == ESCAPE);
            }
            for _ in 0..escapes {
                let mut more = 4;
                while bits.flag()? {
                    more += 1;
                }
                bits.skip(more)?;
            }
        }
        Some(())
    }
}

/// Windows of a channel: of one length, in groups.
struct Info {
    short: bool,
    bands: usize,
    /// Windows per group.
    groups: Vec<usize>,
}

/// Bands of one group that share a codebook.
struct Section {
    book: u8,
    start: usize,
    end: usize,
    windows: usize,
}

/// `section_data`.
fn sections(bits: &mut Bits<'_>, info: &Info) -> Result<Vec<Section>, Odd> {
    let length_bits = if info.short { 3 } else { 5 };
    let more = (1 << length_bits) - 1;
    let mut found = Vec::new();
    for &windows in &info.groups {
        let mut start = 0;
        while start < info.bands {
            let book = u8::try_from(bits.take(4).ok_or(CUT)?).unwrap_or(RESERVED);
            let mut end = start;
            loop {
                let length = bits.take(length_bits).ok_or(CUT)?;
                end += length as usize;
                if length != more {
                    break;
                }
            }
            if book == RESERVED || end == start || end > info.bands {
                return Err("sections do not match the bands");
            }
            found.push(Section {
                book,
                start,
                end,
                windows,
            });
            start = end;
        }
    }
    Ok(found)
}

/// `tns_data`.
fn shaping(bits: &mut Bits<'_>, short: bool) -> Option<()> {
    let (windows, count_bits, length_bits, order_bits) =
        if short { (8, 1, 4, 3) } else { (1, 2, 6, 5) };
    for _ in 0..windows {
        let filters = bits.take(count_bits)?;
        if filters == 0 {
            continue;
        }
        let resolution = bits.take(1)? + 3;
        for _ in 0..filters {
            bits.take(length_bits)?;
            let order = bits.take(order_bits)?;
            if order > 0 {
                bits.take(1)?;
                let width = resolution - bits.take(1)?;
                bits.skip((order * width) as usize)?;
            }
        }
    }
    Some(())
}

/// `fill_element`: only fill bytes, or the encoder's name.
fn fill(bits: &mut Bits<'_>, first: bool) -> Result<(), Odd> {
    let cut = "packet ends within a fill element";
    let mut count = bits.take(4).ok_or(cut)?;
    if count == 15 {
        count += bits.take(8).ok_or(cut)?;
        count = count.checked_sub(1).ok_or(cut)?;
    }
    if count == 0 {
        return Ok(());
    }
    let end = bits.at + count as usize * 8;
    let kind = bits.take(4).ok_or(cut)?;
    let name_at = bits.at.next_multiple_of(8);
    if first && kind == 0 && bits.is_zero_until(name_at) {
        let mut named = Bits {
            at: name_at,
            ..*bits
        };
        if is_encoder_name(&mut named, end) {
            bits.at = end;
            return Ok(());
        }
    }
    let blank = match kind {
        0 => bits.is_zero_until(end),
        1 => bits.take(4) == Some(0) && (1..count).all(|_| bits.take(8) == Some(FILL_BYTE)),
        _ => return Err("sound extension"),
    };
    bits.at = end;
    if blank {
        Ok(())
    } else {
        Err("data in a fill element")
    }
}

/// `Lavc` and a version, followed by zeros up to `end`.
/// Source: FFmpeg `libavcodec/aacenc.c`, `put_bitstream_info`.
fn is_encoder_name(bits: &mut Bits<'_>, end: usize) -> bool {
    let mut name = Vec::new();
    while bits.at + 8 <= end && name.len() <= 16 {
        match bits.take(8).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte @ 1..) => name.push(byte),
            Some(0) => break,
            _ => return false,
        }
    }
    let version = name.strip_prefix(b"Lavc").unwrap_or(&[0]);
    let plain = version.iter().all(|c| c.is_ascii_digit() || *c == b'.');
    plain && version.len() <= 12 && bits.is_zero_until(end)
}

/// Code words as a binary tree.
struct Book {
    nodes: Vec<[Next; 2]>,
}

#[derive(Clone, Copy)]
enum Next {
    Nothing,
    Node(usize),
    Value(usize),
}

impl Book {
    /// Each of `words` is preceded by a 1 bit; their index is the value.
    fn new(words: &[u32]) -> Self {
        let mut nodes = vec![[Next::Nothing; 2]];
        for (value, word) in words.iter().enumerate() {
            let mut at = 0;
            let bits = word.ilog2();
            for left in (0..bits).rev() {
                let bit = (word >> left & 1) as usize;
                at = match nodes[at][bit] {
                    _ if left == 0 => {
                        nodes[at][bit] = Next::Value(value);
                        break;
                    }
                    Next::Node(node) => node,
                    _ => {
                        nodes.push([Next::Nothing; 2]);
                        nodes[at][bit] = Next::Node(nodes.len() - 1);
                        nodes.len() - 1
                    }
                };
            }
        }
        Self { nodes }
    }

    fn read(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let mut at = 0;
        loop {
            match self.nodes[at][usize::from(bits.flag()?)] {
                Next::Nothing => return None,
                Next::Node(node) => at = node,
                Next::Value(value) => return Some(value),
            }
        }
    }
}

/// Reads bits, most significant first.
#[derive(Clone, Copy)]
struct Bits<'a> {
    bytes: &'a [u8],
    /// Position of the next bit; it may be past the end.
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// The next `count` bits, at most 32, as a number.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            number = number << 1 | u32::from(self.flag()?);
        }
        Some(number)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        (self.at <= self.bytes.len() * 8).then_some(())
    }

    /// Whether only zeros precede bit `end`, and all of them exist.
    fn is_zero_until(mut self, end: usize) -> bool {
        (self.at..end).all(|_| self.flag() == Some(false))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
