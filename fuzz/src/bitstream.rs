//! Recordings and releases: H.264, AAC and MP4.

use std::io::Cursor;
use std::sync::OnceLock;

use redact_bitstream::aac::{Walker, adts as headers};
use redact_bitstream::h264::annex_b as byte_stream;
use redact_bitstream::h264::avcc::{
    AvcConfig, from_annex_b_without_sei, parameter_sets, picture_nal_units,
};
use redact_bitstream::h264::frame_num::FrameNumCheck;
use redact_bitstream::h264::gop_digest::GopDigest;
use redact_bitstream::h264::nal::{self, Framing};
use redact_bitstream::h264::picture_order::PictureOrder;
use redact_bitstream::h264::slice_data::Workspace;
use redact_bitstream::leak::{ExpectedStreams, LeakVerdict, scan, scan_outside_slices};

use crate::ignore;

/// `nal_unit_type` of supplemental enhancement information.
const SEI: u8 = 6;

/// AVC configuration records of x264: Baseline (CAVLC), Main and High (CABAC).
const RECORDS: [&[u8]; 3] = [
    include_bytes!("../records/baseline.avcc"),
    include_bytes!("../records/main.avcc"),
    include_bytes!("../records/high.avcc"),
];

/// A released file: the walk through its boxes, NAL units and packets of sound.
///
/// # Panics
/// Where the walk into slices finds less than the one around them.
pub fn leak(file: &[u8]) {
    let expected = ExpectedStreams {
        audio_tracks: 1,
        frames: None,
    };
    let whole = scan(Cursor::new(file), &expected);
    let outside = scan_outside_slices(Cursor::new(file), &expected);
    if let (Ok(whole), Ok(outside)) = (whole, outside) {
        let is_clean = |found: &[LeakVerdict]| found.iter().all(|verdict| verdict.clean);
        assert!(!is_clean(&whole) || is_clean(&outside));
    }
}

/// A decoder configuration (an AVC configuration record, or the parameter sets of a byte stream)
/// and a sample: what decides whether a GOP is copied. Two bytes with the configuration's length,
/// the configuration, the sample.
///
/// # Panics
/// Where a record that is understood is not understood after it was written again.
pub fn avcc(data: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
    let (record, sample) = rest.split_at(length);
    ignore(parameter_sets(record));
    ignore(FrameNumCheck::new(record).is_gap_before(sample));
    let Ok(config) = AvcConfig::of_stream(record) else {
        return;
    };
    if let Some(fields) = config.order_fields(sample) {
        let mut order = PictureOrder::default();
        ignore((order.next(&fields), order.next(&fields)));
    }
    if let Some(merged) = config.merged_with(None) {
        assert!(AvcConfig::read(&merged).is_ok());
    }
    ignore(config.account(sample, &mut Workspace::default()));
    if let Ok(found) = config.access_unit(sample) {
        let units = picture_nal_units(sample, config.framing);
        let mut digest = GopDigest::new();
        digest.add(&config, &found, &units);
        ignore(digest.finish());
        // What is copied is one picture by the rules of MP4, too.
        let copied = config.with_four_byte_lengths().access_unit(&units);
        let copied = copied.expect("what may be copied is understood after it was copied");
        assert_eq!((copied.sei, copied.filler), (0, 0));
        assert_eq!(
            (copied.is_idr, &copied.pps_ids),
            (found.is_idr, &found.pps_ids)
        );
    }
}

/// A slice behind known parameter sets, for the entropy walkers: a byte that chooses the sets, the
/// NAL unit.
///
/// # Panics
/// Where a walk depends on what an earlier one left in the workspace.
pub fn slice(data: &[u8]) {
    static CONFIGS: OnceLock<Vec<AvcConfig>> = OnceLock::new();
    let configs = CONFIGS.get_or_init(|| {
        let read = |record: &&[u8]| AvcConfig::read(record).expect("x264's records are understood");
        RECORDS.iter().map(read).collect()
    });
    let Some((choice, unit)) = data.split_first() else {
        return;
    };
    let config = &configs[usize::from(*choice) % configs.len()];
    let mut sample = Vec::new();
    nal::push(&mut sample, unit);
    let mut workspace = Workspace::default();
    let first = config.account(&sample, &mut workspace);
    assert_eq!(first, config.account(&sample, &mut workspace));
}

/// A byte stream of H.264: splitting it into NAL units and taking SEI out.
///
/// # Panics
/// Where SEI is left, or parameter sets that are understood are not understood in a record.
pub fn annex_b(stream: &[u8]) {
    let is_sei = |unit: &[u8]| nal::kind(unit) == Some(SEI);
    if let Some(without) = nal::byte_stream_without_sei(stream) {
        assert!(!byte_stream::units(&without).any(is_sei));
    }
    let sample = from_annex_b_without_sei(stream);
    let mut units = nal::units(&sample, Framing::Lengths(4));
    assert!(units.all(|unit| unit.is_some_and(|unit| !is_sei(unit))));
    assert!(picture_nal_units(&sample, Framing::Lengths(4)).len() <= sample.len());
    if let Ok(config) = AvcConfig::from_annex_b(stream)
        && let Some(record) = config.merged_with(None)
    {
        assert!(AvcConfig::read(&record).is_ok());
    }
}

/// A packet of AAC with a header (ADTS).
///
/// # Panics
/// Where more is left than the packet had behind its header.
pub fn adts(packet: &[u8]) {
    if let Ok(frame) = headers::read(packet) {
        assert!(frame.block.len() + 7 <= packet.len() && packet.ends_with(frame.block));
        if let Some((walker, _)) = Walker::new(&frame.config) {
            ignore(walker.walk(frame.block, true));
        }
    }
}

/// A packet of AAC-LC, walked to its last bit: two bytes of configuration, one that says whether
/// it is a track's first packet, the packet.
///
/// # Panics
/// Where a packet passes later in a track and not at its beginning, where more is allowed.
pub fn aac(data: &[u8]) {
    let Some((config, rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    let Some((first, packet)) = rest.split_first() else {
        return;
    };
    let Some((walker, rate)) = Walker::new(config) else {
        return;
    };
    assert!(rate > 0 && walker.channels() > 0);
    let walked = walker.walk(packet, first & 1 == 1);
    if walker.walk(packet, false).is_ok() {
        assert!(walked.is_ok() && walker.walk(packet, true).is_ok());
    }
}
