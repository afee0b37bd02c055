use super::*;

// A stream of 64x64 pictures in Baseline profile, put together by hand from H.264, 7.3.
const SEQUENCE: [u8; 7] = [0x67, 0x42, 0xc0, 0x0a, 0xda, 0x10, 0x99];
const SEQUENCE_OF_FIELDS: [u8; 8] = [0x67, 0x42, 0xc0, 0x0a, 0xda, 0x10, 0x84, 0x80];
const PICTURE: [u8; 4] = [0x68, 0xce, 0x38, 0x80];
const PICTURE_REDUNDANT: [u8; 4] = [0x68, 0xce, 0x39, 0x80];
const IDR: &[u8] = &[0x65, 0x88, 0x84];
const IDR_FROM_MACROBLOCK_8: &[u8] = &[0x65, 0x12, 0x22, 0x10];
const IDR_WITH_SET_3: &[u8] = &[0x65, 0x88, 0x20, 0x40];
const PREDICTED: &[u8] = &[0x41, 0x88, 0x84];

fn record(sequence: &[u8], picture: &[u8]) -> Vec<u8> {
    let mut record = vec![1, 0x42, 0xc0, 0x0a, 0xff, 0xe1];
    record.extend([0, u8::try_from(sequence.len()).unwrap()]);
    record.extend(sequence);
    record.extend([1, 0, u8::try_from(picture.len()).unwrap()]);
    record.extend(picture);
    record
}

fn packet(units: &[&[u8]]) -> Vec<u8> {
    let mut packet = Vec::new();
    units.iter().for_each(|unit| nal::push(&mut packet, unit));
    packet
}

#[track_caller]
fn check(units: &[&[u8]], expected: Result<(bool, u32, u32), CopyRefusal>) {
    let header = AvcConfig::read(&record(&SEQUENCE, &PICTURE)).unwrap();
    let found = header
        .access_unit(&packet(units))
        .map(|found| (found.is_idr, found.sei, found.filler));
    assert_eq!(found, expected);
}

#[test]
fn pictures_are_recognized_and_sei_is_counted() {
    check(&[IDR], Ok((true, 0, 0)));
    check(&[PREDICTED], Ok((false, 0, 0)));
    check(&[&[9, 0x10], &[6, 5, 1, 7, 0x80], IDR], Ok((true, 1, 0)));
    check(&[IDR, &[12, 0xff]], Ok((true, 0, 1)));
    check(&[&SEQUENCE, &PICTURE, IDR], Ok((true, 0, 0)));
}

/// Goal: whatever could carry hidden data rules out its GOP.
#[test]
fn what_is_not_one_plain_picture_is_refused() {
    check(&[IDR, IDR], Err(CopyRefusal::Picture));
    check(&[IDR, PREDICTED], Err(CopyRefusal::Picture));
    check(
        &[IDR, IDR_FROM_MACROBLOCK_8],
        Err(CopyRefusal::SeveralSlices),
    );
    check(&[IDR_FROM_MACROBLOCK_8], Err(CopyRefusal::SeveralSlices));
    check(&[&[6, 5, 1, 7, 0x80]], Err(CopyRefusal::Picture));
    check(&[], Err(CopyRefusal::Picture));
    for kind in [2, 3, 4, 10, 11, 13, 14, 15, 19, 20, 30, 31, 0] {
        check(&[IDR, &[kind, 1, 2, 3]], Err(CopyRefusal::NalUnit(kind)));
    }
    check(&[&[9, 0x10, 1], IDR], Err(CopyRefusal::NalUnit(9)));
    check(&[IDR_WITH_SET_3], Err(CopyRefusal::ParameterSets));
    check(
        &[&[0x67, 0x42, 0xc0, 0x0b], IDR],
        Err(CopyRefusal::ParameterSets),
    );
}

/// Goal: a recording whose release would fail the leak scan is re-encoded instead.
#[test]
fn bytes_behind_the_end_of_a_slice_are_not_copied() {
    check(&[&[IDR, &[0]].concat()], Err(CopyRefusal::StartCode));
    check(
        &[&[IDR, b"\0\0\x01text"].concat()],
        Err(CopyRefusal::StartCode),
    );
}

#[test]
fn a_packet_that_ends_within_a_unit_is_refused() {
    let header = AvcConfig::read(&record(&SEQUENCE, &PICTURE)).unwrap();
    for cut in [&[0, 0, 0, 9, 0x65][..], &[0, 0], &[0, 0, 0, 0]] {
        let whole = packet(&[IDR]);
        assert_eq!(
            header.access_unit(&[&whole, cut].concat()),
            Err(CopyRefusal::Cut)
        );
    }
}

#[test]
fn a_record_is_parsed_to_its_last_bit_or_refused() {
    let refused = |record: &[u8]| AvcConfig::read(record).unwrap_err();
    let behind_the_set = [&SEQUENCE[..], b"camera 4711"].concat();
    let header = |odd| matches!(odd, CopyRefusal::Record(_));
    assert!(header(refused(&record(&behind_the_set, &PICTURE))));
    assert!(header(refused(&record(
        &SEQUENCE,
        &[&PICTURE[..], &[1, 2]].concat()
    ))));
    assert!(header(refused(
        &[&record(&SEQUENCE, &PICTURE)[..], &[7; 5]].concat()
    )));
    assert_eq!(
        refused(&record(&SEQUENCE_OF_FIELDS, &PICTURE)),
        CopyRefusal::Fields
    );
    assert_eq!(
        refused(&record(&SEQUENCE, &PICTURE_REDUNDANT)),
        CopyRefusal::Slices
    );
    let whole = record(&SEQUENCE, &PICTURE);
    (0..whole.len()).for_each(|length| {
        refused(&whole[..length]);
    });
}

#[test]
fn only_sei_and_filler_data_are_removed() {
    let whole = packet(&[&[9, 0x10], &[6, 5, 1, 7, 0x80], IDR, &[12, 0xff], PREDICTED]);
    assert_eq!(
        picture_nal_units(&whole, Framing::Lengths(4)),
        packet(&[&[9, 0x10], IDR, PREDICTED])
    );
    let short_lengths = [&[2][..], &[9, 0x10], &[3], IDR].concat();
    assert_eq!(
        picture_nal_units(&short_lengths, Framing::Lengths(1)),
        packet(&[&[9, 0x10], IDR])
    );
}

/// Goal: a release's record has both parameter sets of the source and the encoder, and parses.
#[test]
fn records_are_merged() {
    let header = AvcConfig::read(&record(&SEQUENCE, &PICTURE)).unwrap();
    assert_eq!(header.unused_id(), Some(1));
    assert_eq!(header.profile_name(), "baseline");
    // The same sets with id 1.
    let (sequence, picture) = (
        [0x67, 0x42, 0xc0, 0x0a, 0x56, 0x84, 0x26, 0x40],
        [0x68, 0x48, 0xe3, 0x88],
    );
    let annex_b = [
        &[0, 0, 0, 1][..],
        &sequence,
        &[0, 0, 1],
        &picture,
        &[0, 0, 1, 6, 5, 9],
    ]
    .concat();
    let encoder = AvcConfig::from_annex_b(&annex_b).unwrap();
    let joined = AvcConfig::read(&header.merged_with(Some(&encoder)).unwrap()).unwrap();
    assert_eq!(joined.framing, Framing::Lengths(4));
    assert_eq!(joined.ids, [0, 1, 0, 1]);
    assert_eq!(joined.unused_id(), Some(2));
    assert_ne!(joined.parameter_sets_of(0), joined.parameter_sets_of(1));
    let alone = AvcConfig::read(&header.merged_with(None).unwrap()).unwrap();
    assert_eq!(alone.ids, header.ids);
}

fn byte_stream(units: &[&[u8]]) -> Vec<u8> {
    let coded = units
        .iter()
        .flat_map(|unit| [&[0, 0, 0, 1][..], *unit].concat());
    coded.collect()
}

/// Goal: a byte stream is held to the rules of MP4, and what delimits its pictures is removed.
/// Control: the first packets.
#[test]
fn packets_of_a_byte_stream_hold_one_picture() {
    let sets = byte_stream(&[&SEQUENCE, &PICTURE, &SEQUENCE]);
    let config = AvcConfig::of_stream(&sets).unwrap();
    assert!(config.shows_only(64, 64) && !config.shows_only(64, 62));
    let delimiter: &[u8] = &[9, 0x10];
    let whole = byte_stream(&[delimiter, &SEQUENCE, &PICTURE, &[6, 5, 1, 7, 0x80], IDR]);
    let found = config.access_unit(&whole).unwrap();
    assert!(found.is_idr && found.sei == 1 && found.repeated_sets.is_empty());
    assert_eq!(picture_nal_units(&whole, config.framing), packet(&[IDR]));
    let padded = [&[0, 0][..], &byte_stream(&[IDR]), &[0, 0, 0]].concat();
    assert!(config.access_unit(&padded).is_ok());
    assert_eq!(picture_nal_units(&padded, config.framing), packet(&[IDR]));
    let refused = |units: &[&[u8]]| config.access_unit(&byte_stream(units)).unwrap_err();
    assert_eq!(refused(&[IDR, PREDICTED]), CopyRefusal::Picture);
    assert_eq!(refused(&[delimiter]), CopyRefusal::Picture);
    assert_eq!(refused(&[IDR, &[10]]), CopyRefusal::NalUnit(10));
    let other = [0x67, 0x42, 0xc0, 0x0b, 0xda, 0x10, 0x99];
    assert_eq!(refused(&[&other, IDR]), CopyRefusal::ParameterSets);
    let before = [&[7][..], &byte_stream(&[IDR])].concat();
    assert_eq!(config.access_unit(&before), Err(CopyRefusal::Before));
    // Lengths instead of start codes.
    assert!(config.access_unit(&packet(&[IDR])).is_err());
    assert_eq!(AvcConfig::of_stream(&[]).unwrap_err(), CopyRefusal::NoSets);
}
