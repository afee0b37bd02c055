//! Where things are on this machine. The only reader of the environment.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_release::options::ModelOptions;

use crate::args::ModelArgs;

/// The folder with model cards: the given one, `$REDACT_MODELS`, or `models` near the program or
/// the working folder.
///
/// # Errors
/// When there is none; the message lists where it was looked for.
fn models_dir(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(dir) = given {
        return Ok(dir.to_owned());
    }
    if let Some(dir) = env::var_os("REDACT_MODELS") {
        return Ok(dir.into());
    }
    near("models").context(
        "no folder with models: give --models DIR, set REDACT_MODELS, or run scripts/setup",
    )
}

/// The ONNX Runtime library: `$ORT_DYLIB_PATH`, or `.deps/onnxruntime` near the program or the
/// working folder; `None` when there is none.
fn onnx_runtime() -> Option<PathBuf> {
    let given = env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    given.or_else(|| near(".deps/onnxruntime/libonnxruntime.so"))
}

/// Which detectors run, and where their models are.
///
/// # Errors
/// Those of [`models_dir`].
pub(crate) fn model_options(args: &ModelArgs) -> Result<ModelOptions> {
    Ok(ModelOptions {
        folder: models_dir(args.models.as_deref())?,
        runtime: onnx_runtime(),
        profile: args.profile.0,
    })
}

/// What of this process's environment a confined process gets, and what it has of its own.
///
/// No passphrase and no home. A model runtime that could report to its maker is told not to before
/// it is loaded, whatever the user's environment says.
pub(crate) fn child_environment() -> Vec<(&'static str, std::ffi::OsString)> {
    const PASSED_ON: [&str; 3] = ["LD_LIBRARY_PATH", "REDACT_LOG", "RUST_BACKTRACE"];
    let passed = PASSED_ON
        .into_iter()
        .filter_map(|name| Some((name, env::var_os(name)?)));
    passed
        .chain([("ORT_DISABLE_TELEMETRY", "1".into())])
        .collect()
}

/// The newest version of Landlock that may be used: `$REDACT_LANDLOCK_MAX`, for tests of what
/// holds on older kernels. Manifest and log name the version in force.
pub(crate) fn landlock_max() -> Option<i32> {
    env::var("REDACT_LANDLOCK_MAX").ok()?.parse().ok()
}

/// The folder with policies: the given one, or `policies` near the program or the working folder.
///
/// # Errors
/// When there is none.
pub(crate) fn policies_dir(given: Option<&Path>) -> Result<PathBuf> {
    match given {
        Some(dir) => Ok(dir.to_owned()),
        None => near("policies").context("no folder with policies: give --policies DIR"),
    }
}

/// `name` in the working folder, in the program's folder, or in a folder above either.
fn near(name: &str) -> Option<PathBuf> {
    let program = env::current_exe().ok();
    let starts = [env::current_dir().ok(), program];
    starts
        .iter()
        .flatten()
        .flat_map(|start| start.ancestors())
        .find_map(|folder| {
            let candidate = folder.join(name);
            candidate.exists().then_some(candidate)
        })
}

/// The folder that holds this user's keys: `$REDACT_HOME`, or the configuration folder.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn key_dir() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("REDACT_HOME") {
        return Ok(dir.into());
    }
    if let Some(dir) = env::var_os("XDG_CONFIG_HOME") {
        return Ok(PathBuf::from(dir).join("redact"));
    }
    match env::var_os("HOME") {
        Some(home) => Ok(PathBuf::from(home).join(".config/redact")),
        None => bail!("no place for keys: set HOME or REDACT_HOME"),
    }
}

/// This user's secret signing key.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn secret_key() -> Result<PathBuf> {
    Ok(key_dir()?.join("redact.key"))
}

/// The secret key that signs this user's approvals.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn approver_key() -> Result<PathBuf> {
    Ok(key_dir()?.join("approver.key"))
}

/// The secret key that vouches for other keys, where it is on this machine.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn rotation_key() -> Result<PathBuf> {
    Ok(key_dir()?.join("rotation.key"))
}

/// The secret key that signs cached segments.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn segment_key() -> Result<PathBuf> {
    Ok(key_dir()?.join("segment.key"))
}

/// The passphrase of backups: `$REDACT_BACKUP_PASSPHRASE`.
pub(crate) fn backup_passphrase() -> Option<String> {
    env::var("REDACT_BACKUP_PASSPHRASE")
        .ok()
        .filter(|passphrase| !passphrase.is_empty())
}

/// This user's event log.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn event_log() -> Result<PathBuf> {
    Ok(key_dir()?.join("events.jsonl"))
}

/// This user's segment cache.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn segment_cache() -> Result<PathBuf> {
    Ok(key_dir()?.join("runs"))
}

/// The folder with public keys that this user trusts.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn trusted_keys() -> Result<PathBuf> {
    Ok(key_dir()?.join("trusted"))
}

/// The passphrase of the secret signing key, when it has one: `$REDACT_KEY_PASSPHRASE`.
pub(crate) fn passphrase() -> Option<String> {
    env::var("REDACT_KEY_PASSPHRASE")
        .ok()
        .filter(|passphrase| !passphrase.is_empty())
}

/// The passphrase of the rotation key: `$REDACT_ROTATION_PASSPHRASE`, or that of the other keys.
pub(crate) fn rotation_passphrase() -> Option<String> {
    env::var("REDACT_ROTATION_PASSPHRASE")
        .ok()
        .filter(|passphrase| !passphrase.is_empty())
        .or_else(passphrase)
}

/// The passphrase for a key that follows another: `$REDACT_NEW_KEY_PASSPHRASE`, or the old one's.
pub(crate) fn new_passphrase() -> Option<String> {
    env::var("REDACT_NEW_KEY_PASSPHRASE")
        .ok()
        .filter(|passphrase| !passphrase.is_empty())
        .or_else(passphrase)
}
