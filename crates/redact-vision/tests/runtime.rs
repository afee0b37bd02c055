//! Loading ONNX Runtime. A process can do that only once, so this is a single test in its own file.

#[path = "../../../tests/shared.rs"]
mod shared;

use std::path::Path;

use redact_vision::{Runtime, VisionError};

#[track_caller]
fn refused(path: &Path) {
    let error = Runtime::load(path).expect_err("no runtime there");
    assert!(matches!(error, VisionError::Runtime { .. }), "{error}");
}

/// Goal: a file that is not a library, another library, or a second load is an error without a
/// crash; a failure does not prevent a later success.
#[test]
fn only_the_right_library_is_loaded_and_only_once() {
    let dir = tempfile::tempdir().unwrap();
    refused(&dir.path().join("absent.so"));
    refused(dir.path());
    let text = dir.path().join("libonnxruntime.so");
    std::fs::write(&text, "not a library").unwrap();
    refused(&text);
    for name in ["x86_64", "aarch64"] {
        let other = format!("/lib/{name}-linux-gnu/libm.so.6");
        if Path::new(&other).exists() {
            refused(Path::new(&other));
        }
    }

    let library = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../.deps/onnxruntime/libonnxruntime.so"
    );
    let library = Path::new(library);
    if !library.exists() {
        shared::skip_without("ONNX Runtime in .deps/onnxruntime");
        return;
    }
    // The same library with a telemetry address is rejected before it is loaded, so that the right
    // one can still be loaded afterwards.
    let reports = dir.path().join("reports.so");
    let mut bytes = std::fs::read(library).unwrap();
    bytes.extend(b"https://mobile.events.data.microsoft.com/OneCollector/1.0/");
    std::fs::write(&reports, bytes).unwrap();
    let link = dir.path().join("link.so");
    std::os::unix::fs::symlink(&reports, &link).unwrap();
    for path in [&reports, &link] {
        let error = Runtime::load(path).expect_err("it reports to a host");
        assert!(
            matches!(error, VisionError::NetworkedRuntime { .. }),
            "{error}"
        );
    }
    let runtime = Runtime::load(library).unwrap();
    refused(library);
    drop(runtime);
}
