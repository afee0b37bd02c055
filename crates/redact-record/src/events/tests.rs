use redact_core::UtcNanos;

use super::*;

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

fn event(number: u64) -> Event {
    let acts = [
        Act::Scan,
        Act::Decision,
        Act::Approval,
        Act::Render,
        Act::Verify,
        Act::Export,
    ];
    Event {
        at: UtcNanos(1_790_000_000_123_456_789 + i64::try_from(number).unwrap() * 1_000_000_000),
        who: format!("operator {number}"),
        what: acts[usize::try_from(number).unwrap() % acts.len()],
        program: "redact 0.1.0".into(),
        machine: "desk-1".into(),
        outcome: if number % 7 == 3 {
            Outcome::Refused
        } else {
            Outcome::Success
        },
        subjects: vec![(label("source"), digest_bytes(&number.to_le_bytes()))],
        details: vec![
            (label("frames"), Detail::Count(number)),
            (label("policy"), Detail::Label(label("public-release"))),
        ],
    }
}

struct Work {
    folder: tempfile::TempDir,
    log: EventLog,
}

impl Work {
    fn new(entries: u64) -> (Self, Vec<Checkpoint>) {
        let folder = tempfile::tempdir().unwrap();
        let log = EventLog::open(&folder.path().join("events.jsonl")).unwrap();
        let heads = (0..entries)
            .map(|n| log.append(&event(n)).unwrap())
            .collect();
        (Self { folder, log }, heads)
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.log.path()).unwrap()
    }
}

/// The verdict on a log of these bytes.
fn verify_bytes(bytes: &[u8], checkpoints: &[Checkpoint]) -> ChainReport {
    chain::check(bytes, checkpoints).unwrap()
}

fn join(lines: &[&[u8]]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| [*line, b"\n"].concat())
        .collect()
}

/// Negative control for all tests below: an unmodified log is intact.
#[test]
fn an_untouched_log_is_intact_and_has_every_checkpoint() {
    let (work, heads) = Work::new(20);
    let report = verify_with_checkpoints(work.log.path(), &heads).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.entries, report.clock_steps_back), (20, 0));
    assert_eq!(report.head, heads.last().copied());
    assert_eq!(work.log.head().unwrap(), heads.last().copied());
}

#[test]
fn a_line_says_who_did_what_when_where_and_with_what_outcome() {
    let (work, _) = Work::new(1);
    let text = String::from_utf8(work.bytes()).unwrap();
    let (body, hash) = text.split_once(",\"hash\":\"").unwrap();
    assert_eq!(
        body,
        format!(
            "{{\"format_version\":1,\"seq\":0,\"at\":\"2026-09-21T14:13:20.12+00:00\",\
             \"who\":\"operator 0\",\"what\":\"scan\",\"program\":\"redact 0.1.0\",\
             \"machine\":\"desk-1\",\"outcome\":\"success\",\
             \"subjects\":[[\"source\",\"{}\"]],\
             \"details\":[[\"frames\",0],[\"policy\",\"public-release\"]],\"prev\":\"{}\"",
            digest_bytes(&0_u64.to_le_bytes()),
            "0".repeat(64),
        )
    );
    assert_eq!(hash, format!("{}\"}}\n", digest_bytes(body.as_bytes())));
}

/// Goal: every changed byte of a log is detected.
/// Method: each byte of 20 entries is changed to two others, one of them a line break.
#[test]
fn every_changed_byte_is_found() {
    let (work, _) = Work::new(20);
    let bytes = work.bytes();
    let mut missed = Vec::new();
    for at in 0..bytes.len() {
        for other in [bytes[at] ^ 1, b'\n'] {
            let mut changed = bytes.clone();
            changed[at] = other;
            if other != bytes[at] && verify_bytes(&changed, &[]).is_intact() {
                missed.push(at);
            }
        }
    }
    assert_eq!(missed, Vec::<usize>::new(), "of {} bytes", bytes.len());
}

/// Goal: removed, repeated and moved entries are detected, although each line by itself stays
/// valid. Only removing the last line needs a checkpoint.
#[test]
fn every_removal_repetition_and_change_of_order_is_found() {
    let (work, heads) = Work::new(20);
    let bytes = work.bytes();
    let lines: Vec<&[u8]> = bytes
        .strip_suffix(b"\n")
        .unwrap()
        .split(|&b| b == b'\n')
        .collect();
    for at in 0..20 {
        let mut removed = lines.clone();
        removed.remove(at);
        let alone = verify_bytes(&join(&removed), &[]);
        assert_eq!(alone.is_intact(), at == 19, "entry {at} removed");
        let held = verify_bytes(&join(&removed), &heads[19..]);
        assert!(!held.is_intact(), "entry {at} removed, with a checkpoint");
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        assert!(
            !verify_bytes(&join(&doubled), &[]).is_intact(),
            "entry {at} doubled"
        );
        for to in (0..20).filter(|&to| to != at) {
            let mut moved = lines.clone();
            moved.swap(at, to);
            assert!(
                !verify_bytes(&join(&moved), &[]).is_intact(),
                "{at} and {to} swapped"
            );
        }
    }
}

/// Goal: a log cut at any byte is found by the checkpoint of its last entry, and by itself unless
/// the cut is between two lines.
#[test]
fn every_cut_is_found() {
    let (work, heads) = Work::new(20);
    let bytes = work.bytes();
    for length in 0..bytes.len() {
        let cut = &bytes[..length];
        let between = length == 0 || cut.ends_with(b"\n");
        assert_eq!(
            verify_bytes(cut, &[]).is_intact(),
            between,
            "cut to {length} bytes"
        );
        let held = verify_bytes(cut, &heads[19..]);
        assert!(
            held.problems.contains(&ChainProblem::Cut { seq: 19 }),
            "cut to {length} bytes"
        );
    }
}

/// Goal: any released manifest contradicts a completely forged chain.
#[test]
fn a_forged_chain_is_consistent_but_contradicts_a_checkpoint() {
    let (_, heads) = Work::new(20);
    let (forged, _) = Work::new(0);
    for number in 0..20 {
        let mut event = event(number);
        if number == 5 {
            event.who = "somebody else".into();
        }
        forged.log.append(&event).unwrap();
    }
    assert!(verify(forged.log.path()).unwrap().is_intact());
    let before = verify_with_checkpoints(forged.log.path(), &heads[..5]).unwrap();
    assert!(before.is_intact(), "the forgery begins at entry 5");
    let report = verify_with_checkpoints(forged.log.path(), &heads[9..10]).unwrap();
    assert_eq!(report.problems, [ChainProblem::Rewritten { seq: 9 }]);
}

#[test]
fn the_place_of_an_edit_is_named() {
    let (work, _) = Work::new(20);
    let text = String::from_utf8(work.bytes()).unwrap();
    let report = verify_bytes(text.replace("operator 7", "operator 8").as_bytes(), &[]);
    let lines: Vec<u64> = report
        .problems
        .iter()
        .map(|problem| match problem {
            ChainProblem::Changed { line, .. } | ChainProblem::Link { line } => *line,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(lines, [8, 9], "the edited line, and the one that quoted it");
}

/// Goal: two writers never share a number and never tear a line.
/// Method: two threads with their own handles, which the system locks like two processes.
#[test]
fn two_appenders_make_one_chain() {
    let (work, _) = Work::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let log = EventLog::open(work.log.path()).unwrap();
                for number in 0..40 {
                    log.append(&event(number)).unwrap();
                }
            });
        }
    });
    let report = verify(work.log.path()).unwrap();
    assert_eq!((report.entries, report.is_intact()), (80, true));
}

/// Goal: what a crash leaves of a line is moved aside and recorded, wherever the line was cut.
#[test]
fn a_torn_tail_is_moved_aside_and_recorded() {
    let (work, heads) = Work::new(3);
    let whole = work.bytes();
    let last = whole.len()
        - whole[..whole.len() - 1]
            .iter()
            .rposition(|&b| b == b'\n')
            .unwrap();
    for length in (whole.len() - last + 2..whole.len())
        .step_by(37)
        .chain([whole.len() - 1])
    {
        std::fs::write(work.log.path(), &whole[..length]).unwrap();
        assert!(!verify(work.log.path()).unwrap().is_intact());
        assert_eq!(work.log.head().unwrap(), Some(heads[1]));
        let head = work.log.append(&event(9)).unwrap();
        assert_eq!(head.seq, 3, "two entries, the repair, the event");
        let report = verify_with_checkpoints(work.log.path(), &heads[..2]).unwrap();
        assert!(report.is_intact(), "{:?}", report.problems);
        let torn = &whole[whole.len() - last + 1..length];
        let digest = digest_bytes(torn).to_string();
        let kept = work
            .folder
            .path()
            .join(format!("events.jsonl.torn-{digest}"));
        assert_eq!(std::fs::read(kept).unwrap(), torn);
        let text = String::from_utf8(work.bytes()).unwrap();
        let repair = text.lines().nth(2).unwrap();
        assert!(repair.contains("\"what\":\"repair\"") && repair.contains(&digest));
    }
}

#[test]
fn a_file_that_is_no_log_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for bytes in [
        b"dear diary\n".to_vec(),
        vec![b'x'; 3 * LINE_BYTES_MAX],
        b"{}\n".to_vec(),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        assert!(EventLog::open(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert!(!verify(&path).unwrap().is_intact());
    }
    assert!(matches!(
        EventLog::open(folder.path()),
        Err(RecordError::NotAFile)
    ));
    assert!(matches!(verify(folder.path()), Err(RecordError::NotAFile)));
}

#[test]
fn an_event_that_says_too_much_is_refused() {
    let (work, _) = Work::new(1);
    let before = work.bytes();
    let nobody = Event {
        who: "  ".into(),
        ..event(1)
    };
    let two_lines = Event {
        machine: "desk\n1".into(),
        ..event(1)
    };
    let flood = Event {
        details: vec![event(1).details[0].clone(); 33],
        ..event(1)
    };
    for event in [nobody, two_lines, flood] {
        assert!(matches!(
            work.log.append(&event),
            Err(RecordError::Field { .. })
        ));
    }
    assert_eq!(work.bytes(), before);
    assert_eq!(Label::new("KL 8432 P"), None);
    assert_eq!(Label::new(&"a".repeat(65)), None);
}

#[test]
fn only_its_owner_may_read_a_log() {
    use std::os::unix::fs::PermissionsExt;
    let (work, _) = Work::new(1);
    let mode = std::fs::metadata(work.log.path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_clock_that_was_set_back_is_reported_and_is_not_a_problem() {
    let (work, _) = Work::new(2);
    work.log.append(&event(0)).unwrap();
    let report = verify(work.log.path()).unwrap();
    assert_eq!((report.clock_steps_back, report.is_intact()), (1, true));
}

#[test]
fn a_later_format_is_named_as_such() {
    let (work, _) = Work::new(1);
    let text = String::from_utf8(work.bytes()).unwrap();
    let later = text.replace("\"format_version\":1", "\"format_version\":2");
    let report = verify_bytes(later.as_bytes(), &[]);
    assert!(
        report.problems[0].to_string().contains("newer"),
        "{}",
        report.problems[0]
    );
}

/// Goal: entries are read back as appended; a changed line is an error at its place.
#[test]
fn entries_are_read_back_as_they_were_appended() {
    let (work, heads) = Work::new(3);
    let mut read_back = Vec::new();
    read(work.log.path(), &mut |entry| read_back.push(entry)).unwrap();
    assert_eq!(read_back.len(), heads.len());
    for (number, entry) in (0..).zip(&read_back) {
        let entry = entry.as_ref().unwrap();
        let whole = Event {
            at: UtcNanos(event(number).at.0 / 10_000_000 * 10_000_000),
            ..event(number)
        };
        assert_eq!((entry.seq, &entry.event), (number, &whole));
    }
    let changed = String::from_utf8(work.bytes()).unwrap();
    let changed = changed.replacen("operator 1", "operator 9", 1);
    std::fs::write(work.log.path(), changed).unwrap();
    let mut sound = Vec::new();
    read(work.log.path(), &mut |entry| sound.push(entry.is_ok())).unwrap();
    assert_eq!(sound, [true, false, true]);
}

/// Goal: after mending, appending touches no other file, so a confined process can do it.
#[test]
fn a_torn_log_can_be_mended_before_it_is_appended_to() {
    let (work, _) = Work::new(2);
    let mut torn = work.bytes();
    torn.extend_from_slice(b"{\"format_version\":1,");
    std::fs::write(work.log.path(), &torn).unwrap();
    work.log.mend(&event(2)).unwrap();
    let files = || std::fs::read_dir(work.folder.path()).unwrap().count();
    assert_eq!(files(), 2);
    assert_eq!(work.log.head().unwrap().unwrap().seq, 2);
    work.log.mend(&event(2)).unwrap();
    assert_eq!(work.log.append(&event(3)).unwrap().seq, 3);
    assert!(verify(work.log.path()).unwrap().is_intact());
}
