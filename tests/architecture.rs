//! The arrows between crates, as a constant: any other arrow fails. Between the modules of a crate
//! there are no circles.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "architecture/modules.rs"]
mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Normal dependencies between the workspace's crates.
const ARROWS: &[(&str, &[&str])] = &[
    ("redact-core", &[]),
    ("redact-bitstream", &["redact-core"]),
    ("redact-media", &["redact-bitstream", "redact-core"]),
    ("redact-vision", &["redact-core"]),
    ("redact-engine", &["redact-core"]),
    ("redact-jail", &[]),
    ("redact-record", &["redact-core"]),
    (
        "redact-check",
        &["redact-bitstream", "redact-core", "redact-record"],
    ),
    (
        "redact-verify",
        &["redact-check", "redact-core", "redact-record"],
    ),
    (
        "redact-checker",
        &[
            "redact-bitstream",
            "redact-check",
            "redact-core",
            "redact-engine",
            "redact-record",
        ],
    ),
    (
        "redact-desk",
        &["redact-core", "redact-engine", "redact-record"],
    ),
    (
        "redact-release",
        &[
            "redact-bitstream",
            "redact-check",
            "redact-core",
            "redact-engine",
            "redact-jail",
            "redact-media",
            "redact-record",
            "redact-speech",
            "redact-vision",
        ],
    ),
    (
        "redact-cli",
        &[
            "redact-check",
            "redact-core",
            "redact-desk",
            "redact-engine",
            "redact-jail",
            "redact-media",
            "redact-queue",
            "redact-record",
            "redact-release",
            "redact-speech",
        ],
    ),
    (
        "redact-fuzz",
        &[
            "redact-bitstream",
            "redact-check",
            "redact-core",
            "redact-desk",
            "redact-record",
            "redact-release",
        ],
    ),
    ("redact-queue", &["redact-core"]),
    ("redact-speech", &["redact-core"]),
    ("redact-testkit", &["redact-core"]),
];

/// Crates that only the named crate may use: native code and formats stay where they belong.
const OWNED: &[(&str, &[&str])] = &[
    ("ffmpeg-next", &["redact-media"]),
    ("ort", &["redact-vision"]),
    ("minisign", &["redact-record"]),
    ("cms", &["redact-record"]),
    ("x509-tsp", &["redact-record"]),
    ("anyhow", &["redact-cli", "redact-verify"]),
    ("indicatif", &["redact-cli"]),
    ("clap", &["redact-cli", "redact-verify"]),
    ("rayon", &["redact-engine"]),
    ("landlock", &["redact-jail"]),
    ("seccompiler", &["redact-jail"]),
    ("age", &["redact-check", "redact-release"]),
    ("hadris-iso", &["redact-check", "redact-release"]),
    ("zip", &["redact-check", "redact-release"]),
    ("axum", &["redact-desk"]),
    ("sqlx", &["redact-desk", "redact-queue"]),
    ("apalis-postgres", &["redact-queue"]),
    ("object_store", &["redact-queue"]),
    ("wasm-bindgen", &["redact-checker"]),
];

struct Crate {
    normal: BTreeSet<String>,
    dev: BTreeSet<String>,
}

fn crates() -> BTreeMap<String, Crate> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(root)
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo reads the workspace");
    let names = |package: &cargo_metadata::Package, kind: DependencyKind| {
        let of_kind = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == kind);
        of_kind.map(|dependency| dependency.name.clone()).collect()
    };
    metadata
        .packages
        .iter()
        .map(|package| {
            let normal = names(package, DependencyKind::Normal);
            let dev = names(package, DependencyKind::Development);
            (package.name.to_string(), Crate { normal, dev })
        })
        .collect()
}

#[test]
fn arrows_between_crates_are_exactly_the_drawn_ones() {
    let found: BTreeMap<String, BTreeSet<String>> = crates()
        .into_iter()
        .map(|(name, c)| {
            (
                name,
                c.normal
                    .into_iter()
                    .filter(|d| d.starts_with("redact-"))
                    .collect(),
            )
        })
        .collect();
    let drawn: BTreeMap<String, BTreeSet<String>> = ARROWS
        .iter()
        .map(|(name, to)| {
            (
                (*name).to_owned(),
                to.iter().map(|to| (*to).to_owned()).collect(),
            )
        })
        .collect();
    assert_eq!(found, drawn);
}

#[test]
fn native_and_terminal_crates_stay_where_they_belong() {
    for (name, krate) in crates() {
        for (dependency, owners) in OWNED {
            let allowed = owners.contains(&name.as_str());
            assert!(
                allowed || !krate.normal.contains(*dependency),
                "{name} uses {dependency}"
            );
        }
    }
}

#[test]
fn core_depends_on_thiserror_alone_and_the_testkit_is_for_tests() {
    let crates = crates();
    assert_eq!(
        crates["redact-core"].normal,
        BTreeSet::from(["thiserror".to_owned()])
    );
    for (name, krate) in &crates {
        assert!(
            !krate.normal.contains("redact-testkit"),
            "{name} ships the testkit"
        );
        let dev_arrows = krate.dev.iter().filter(|d| d.starts_with("redact-"));
        for arrow in dev_arrows {
            assert_eq!(arrow, "redact-testkit", "{name} tests with {arrow}");
        }
    }
}

/// Goal: `unsafe` is written in one file. The lint denies it; this finds exemptions from the lint.
#[test]
fn only_one_file_is_exempt_from_the_ban_on_unsafe() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut exempt = Vec::new();
    let mut folders = vec![crates];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                if text.contains("unsafe {") || text.contains("unsafe impl") {
                    exempt.push(path);
                }
            }
        }
    }
    assert_eq!(exempt.len(), 1, "{exempt:?}");
    assert!(exempt[0].ends_with("redact-media/src/ffi.rs"), "{exempt:?}");
}

/// Goal: each promise of SECURITY.md is held by a test that is there. Control: a name that is not
/// in any source is missed.
#[test]
fn promises_name_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut sources = Vec::new();
    for folder in ["crates", "tests"] {
        read_sources(&root.join(folder), &mut sources);
    }
    let text = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let absent: Vec<&str> = quoted
        .filter(|quoted| !exists(&root, &sources, quoted))
        .collect();
    assert!(absent.is_empty(), "SECURITY.md names {absent:?}");
    for made_up in ["leaks::no_such_test", "tests/cli/no_such_file.rs"] {
        assert!(!exists(&root, &sources, made_up));
    }
}

/// Whether what SECURITY.md quotes is there, if it is a path or a test.
fn exists(root: &Path, sources: &[(String, String)], quoted: &str) -> bool {
    let (place, test) = quoted.split_once("::").unwrap_or((quoted, ""));
    if place == "NAME" {
        return true;
    }
    if test.is_empty() {
        let is_path = ["crates/", "tests/", "scripts/", "benches/"]
            .iter()
            .any(|folder| place.starts_with(folder));
        return match place.strip_prefix('…') {
            Some(name) => sources.iter().any(|(_, text)| has_test(text, name)),
            None => !is_path || root.join(place).exists(),
        };
    }
    let place = place.trim_start_matches('…');
    let file = if place.ends_with(".rs") {
        place.to_owned()
    } else {
        format!("tests/cli/{place}.rs")
    };
    sources
        .iter()
        .any(|(path, text)| path.ends_with(&file) && (test == "*" || has_test(text, test)))
}

fn has_test(text: &str, name: &str) -> bool {
    text.contains(&format!("fn {name}("))
}

fn read_sources(folder: &Path, sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            sources.push((path.display().to_string(), text));
        }
    }
}
