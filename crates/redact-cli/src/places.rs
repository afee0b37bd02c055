//! Where things are on this machine. The only reader of the environment.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// What a release's name adds to the recording's.
pub(crate) const RELEASE_SUFFIX: &str = ".redacted.mp4";

/// Most bytes of a file's name on the file systems of Linux. Source: `limits.h`, `NAME_MAX`.
const NAME_BYTES_MAX: usize = 255;

/// Bytes of a recording's name that the names of its records begin with. The longest ending is
/// that of a manifest's signature, of which a partial file is made.
const STEM_BYTES_MAX: usize = 200;

/// Bytes that the name of a partial file adds.
const PARTIAL_BYTES: usize = 20;

/// The folder with model cards: the given one, `$REDACT_MODELS`, or `models` near the program or
/// the working folder.
///
/// # Errors
/// When there is none; the message lists where it was looked for.
pub(crate) fn models_dir(given: Option<&Path>) -> Result<PathBuf> {
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

/// The same options with the folder that they lead to.
///
/// # Errors
/// Those of [`models_dir`].
pub(crate) fn resolved(models: &crate::args::ModelArgs) -> Result<crate::args::ModelArgs> {
    Ok(crate::args::ModelArgs {
        models: Some(models_dir(models.models.as_deref())?),
        ..models.clone()
    })
}

/// The ONNX Runtime library: `$ORT_DYLIB_PATH`, or `.deps/onnxruntime` near the program or the
/// working folder.
///
/// # Errors
/// When there is none.
pub(crate) fn onnx_runtime() -> Result<PathBuf> {
    if let Some(path) = env::var_os("ORT_DYLIB_PATH") {
        return Ok(path.into());
    }
    near(".deps/onnxruntime/libonnxruntime.so")
        .context("no ONNX Runtime library: set ORT_DYLIB_PATH, or run scripts/setup")
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

/// The secret key that vouches for other keys, where it is kept here.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn rotation_key() -> Result<PathBuf> {
    Ok(key_dir()?.join("rotation.key"))
}

/// The secret key that signs what renders leave for the next one.
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

/// This user's runs of pictures that renders keep for the next one.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn kept_runs() -> Result<PathBuf> {
    Ok(key_dir()?.join("runs"))
}

/// The user that this process runs as, by the system's word and not the environment's: its name
/// in the system's list, or its number.
pub(crate) fn user() -> String {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(process) = std::fs::metadata("/proc/self") else {
        return "unknown".to_owned();
    };
    let number = process.uid().to_string();
    // passwd(5): name, password, user's number, …
    let named = std::fs::read_to_string("/etc/passwd")
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == number).then(|| name.to_owned())
        });
    named.unwrap_or_else(|| format!("user {number}"))
}

/// This machine's name.
pub(crate) fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "unknown".to_owned(),
        name => name.to_owned(),
    }
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

/// `clip.mp4` and `.findings.json` make `clip.findings.json`, in `dir` or beside the clip.
pub(crate) fn beside(clip: &Path, suffix: &str, dir: Option<&Path>) -> PathBuf {
    let mut name = shortened(clip.file_stem().unwrap_or(OsStr::new("recording")));
    name.push(suffix);
    match dir {
        Some(dir) => dir.join(name),
        None => clip.with_file_name(name),
    }
}

/// `clip` and `.findings.json` make `clip.findings.json`, in `dir`.
pub(crate) fn named(name: &str, suffix: &str, dir: &Path) -> PathBuf {
    let mut name = shortened(OsStr::new(name));
    name.push(suffix);
    dir.join(name)
}

/// A name to which every ending of a record can be added: one that is too long ends in eight
/// hexadecimal digits of its SHA-256 instead.
fn shortened(stem: &OsStr) -> OsString {
    if stem.len() <= STEM_BYTES_MAX {
        return stem.to_owned();
    }
    let digest = redact_record::digest_bytes(stem.as_encoded_bytes()).to_string();
    let text = stem.to_string_lossy();
    let mut end = STEM_BYTES_MAX - 9;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}-{}", &text[..end], &digest[..8]).into()
}

/// `clip.findings.json` makes `clip.plan.json`.
pub(crate) fn plan_beside(findings: &Path) -> PathBuf {
    let name = findings.file_name().unwrap_or_default().to_string_lossy();
    let stem = name
        .strip_suffix(".findings.json")
        .or(name.strip_suffix(".json"));
    findings.with_file_name(format!("{}.plan.json", stem.unwrap_or(&name)))
}

/// `clip.plan.json` was made of `clip.findings.json`.
pub(crate) fn findings_beside(plan: &Path) -> PathBuf {
    let name = plan.file_name().unwrap_or_default().to_string_lossy();
    let stem = name
        .strip_suffix(".plan.json")
        .or(name.strip_suffix(".json"));
    plan.with_file_name(format!("{}.findings.json", stem.unwrap_or(&name)))
}

/// Refuses an output that is there already, or that is the input by any name.
///
/// # Errors
/// Says which, and what to do.
pub(crate) fn check_output(output: &Path, inputs: &[&Path], force: bool) -> Result<()> {
    let same = |input: &&&Path| match (output.canonicalize(), input.canonicalize()) {
        (Ok(output), Ok(input)) => output == input,
        _ => false,
    };
    if inputs.iter().any(|input| same(&input)) {
        bail!("{}: the output would replace an input", output.display());
    }
    let length = output.file_name().map_or(0, OsStr::len);
    if length > NAME_BYTES_MAX - PARTIAL_BYTES {
        bail!(
            "{}: the name of the output is too long: {length} bytes; at most {} can be written",
            output.display(),
            NAME_BYTES_MAX - PARTIAL_BYTES
        );
    }
    if output.symlink_metadata().is_ok() && !force {
        bail!("{}: exists already", output.display());
    }
    match output.parent() {
        Some(dir) if !dir.as_os_str().is_empty() && !dir.is_dir() => {
            bail!("{}: there is no such folder", dir.display())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_after_the_clip() {
        let clip = Path::new("in/clip.v2.mp4");
        assert_eq!(
            beside(clip, ".plan.json", None),
            Path::new("in/clip.v2.plan.json")
        );
        let dir = Some(Path::new("out"));
        assert_eq!(
            beside(clip, ".redacted.mp4", dir),
            Path::new("out/clip.v2.redacted.mp4")
        );
    }

    #[test]
    fn long_names_are_shortened_and_stay_apart() {
        let longest = ".redacted.manifest.json.minisig".len() + PARTIAL_BYTES;
        assert!(STEM_BYTES_MAX + longest <= NAME_BYTES_MAX);
        for letter in ["a", "é", "語", "😀"] {
            let long = letter.repeat(240 / letter.len());
            let [one, other] = ["1", "2"].map(|end| {
                let clip = format!("{long}{end}.mp4");
                beside(Path::new(&clip), "", None).into_os_string()
            });
            assert!(one.len() <= STEM_BYTES_MAX, "{}", one.len());
            assert!(one != other && one.to_string_lossy().starts_with(&letter.repeat(40)));
        }
        let long = format!("{}.mp4", "a".repeat(240));
        assert!(check_output(Path::new(&long), &[], false).is_err());
        assert!(check_output(Path::new(&"a".repeat(200)), &[], false).is_ok());
    }

    #[test]
    fn an_input_is_never_replaced_even_by_force() {
        let dir = tempfile::tempdir().unwrap();
        let clip = dir.path().join("clip.mp4");
        std::fs::write(&clip, b"x").unwrap();
        let detour = dir.path().join("./clip.mp4");
        assert!(check_output(&detour, &[&clip], true).is_err());
        assert!(check_output(&dir.path().join("other.mp4"), &[&clip], false).is_ok());
        assert!(check_output(&dir.path().join("no/such/other.mp4"), &[&clip], false).is_err());
    }
}
