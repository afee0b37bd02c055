//! The corpus, and inputs that once failed, through every target: without libFuzzer, in every test
//! run. `scripts/fuzz` goes on from the same files.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redact_fuzz::{TARGETS, Target};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// Inputs of one target's corpus, each whole, cut short, and with single bytes changed.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut inputs = Vec::new();
    for path in files(&format!("corpus/{target}")) {
        let whole = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let step = whole.len().div_ceil(64).max(1);
        for at in (0..whole.len()).step_by(step) {
            inputs.push((format!("{name}, first {at} bytes"), whole[..at].to_vec()));
            for mask in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= mask;
                inputs.push((format!("{name}, byte {at} ^ {mask:#x}"), changed));
            }
        }
        inputs.push((name, whole));
    }
    inputs
}

/// Runs `target` over `inputs`; gives the first one at which it panics.
fn first_failure(target: Target, inputs: &[(String, Vec<u8>)]) -> Option<&str> {
    inputs
        .iter()
        .find(|(_, data)| catch_unwind(AssertUnwindSafe(|| target(data))).is_err())
        .map(|(name, _)| name.as_str())
}

/// Goal: no input of the corpus, whole or damaged, makes a parser panic. Control: a target that
/// panics at one of them is found.
#[test]
fn no_target_panics_on_its_corpus() {
    for (name, target) in TARGETS {
        let inputs = inputs(name);
        assert!(inputs.len() > 10, "{name} has hardly any corpus");
        assert_eq!(first_failure(target, &inputs), None, "{name}");
    }
    let inputs = inputs("range");
    let faulty: Target = |data| assert_ne!(&data[data.len() - 3..], b"0-9");
    assert_eq!(first_failure(faulty, &inputs[inputs.len() - 1..]), None);
    let whole: Vec<_> = inputs.into_iter().filter(|(name, _)| name == "0").collect();
    assert_eq!(first_failure(faulty, &whole), Some("0"));
}

/// Goal: corpora, programs and targets are the same list.
#[test]
fn every_target_has_a_program_and_a_corpus() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |folder: &str| -> BTreeSet<String> {
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        files(folder).iter().map(stem).collect()
    };
    assert_eq!(stems("corpus"), targets);
    assert_eq!(stems("fuzz_targets"), targets);
}

/// Goal: the corpus gets past the first checks. Without that, a run finds nothing and says so.
#[test]
fn working_files_of_the_corpus_are_read() {
    let corpus = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(name);
        std::fs::read(path).unwrap()
    };
    redact_record::plan::from_bytes(&corpus("plan/plan.json")).unwrap();
    redact_record::findings::from_bytes(&corpus("findings/findings.json")).unwrap();
    redact_record::reasons::parse(&corpus("policy/oregon.toml")).unwrap();
    for plan in ["chunks/plan-whole", "chunks/plan-parts"] {
        redact_release::chunks::ChunkPlan::from_bytes(&corpus(plan)[1..]).unwrap();
    }
    for output in [
        "chunks/output-pictures",
        "chunks/output-sound",
        "chunks/output-whole",
    ] {
        redact_release::chunks::ChunkOutput::from_bytes(&corpus(output)[1..]).unwrap();
    }
    let expected = redact_bitstream::leak::ExpectedStreams {
        audio_tracks: 1,
        frames: Some(6),
    };
    let file = std::io::Cursor::new(corpus("leak/baseline.mp4"));
    assert!(redact_bitstream::leak::scan(file, &expected).is_ok());
}
