//! Where things are on this machine. The only reader of the environment.

mod shipped;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_record::sign::Purpose;
use redact_release::options::ModelOptions;

use crate::args::ModelArgs;

use shipped::Shipped;

/// The folder with model cards: the given one, `$REDACT_MODELS`, or the one that comes with the
/// program.
///
/// # Errors
/// When there is none; the message lists the ways to name one.
pub(crate) fn models_dir(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(dir) = given {
        return Ok(dir.to_owned());
    }
    if let Some(dir) = env::var_os("REDACT_MODELS") {
        return Ok(dir.into());
    }
    Shipped::find().data("models").context(
        "no folder with models: give --models DIR, set REDACT_MODELS, or run scripts/setup",
    )
}

/// The ONNX Runtime library: `$ORT_DYLIB_PATH`, or the one that comes with the program; `None` when
/// there is none.
pub(crate) fn onnx_runtime() -> Option<PathBuf> {
    let given = env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    given.or_else(|| Shipped::find().onnx_runtime())
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

/// The number that a scheduler gave this process as part of an array of tasks.
///
/// # Errors
/// When none did, a number is none, or two schedulers gave different ones.
pub(crate) fn array_task() -> Result<u32> {
    task_number(|name| env::var(name).ok())
}

/// Variables with the number of a task: Slurm, Kubernetes (indexed jobs), AWS Batch.
const TASK_VARIABLES: [&str; 3] = [
    "SLURM_ARRAY_TASK_ID",
    "JOB_COMPLETION_INDEX",
    "AWS_BATCH_JOB_ARRAY_INDEX",
];

fn task_number(var: impl Fn(&str) -> Option<String>) -> Result<u32> {
    let mut found: Option<(&str, u32)> = None;
    for name in TASK_VARIABLES {
        let Some(text) = var(name) else { continue };
        let Ok(task) = text.parse::<u32>() else {
            bail!("{name}: found {text:?}; expected the number of a task");
        };
        match found {
            None => found = Some((name, task)),
            Some((other, first)) if first != task => {
                bail!("{other} is {first} and {name} is {task}; give --task N")
            }
            Some(_) => {}
        }
    }
    let (_, task) = found.with_context(|| {
        let names = TASK_VARIABLES.join(", ");
        format!("no task: give --task N, or run as part of an array of tasks ({names})")
    })?;
    Ok(task)
}

/// The address of the queue: the given one, or `$REDACT_QUEUE`.
///
/// # Errors
/// When there is none.
pub(crate) fn queue_address(given: Option<&str>) -> Result<String> {
    if given.is_some_and(has_password) {
        bail!(
            "the --queue address has a password, which other users of this machine can read in the \
             list of processes; need it in $PGPASSWORD, in the file that $PGPASSFILE names, or in \
             $REDACT_QUEUE"
        );
    }
    let address = given.map(str::to_owned).or_else(|| text("REDACT_QUEUE"));
    address.context("no queue: give --queue URL, or set REDACT_QUEUE")
}

/// Whether a URL has a password: before the host, or as a parameter.
fn has_password(url: &str) -> bool {
    let behind_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = behind_scheme.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || url.contains("password=")
}

/// Whether a queue is named by `$REDACT_QUEUE`.
pub(crate) fn has_queue() -> bool {
    text("REDACT_QUEUE").is_some()
}

/// The store of the queue's files: the given one, or `$REDACT_STORE`.
///
/// # Errors
/// When there is none.
pub(crate) fn queue_store(given: Option<&str>) -> Result<String> {
    let store = given.map(str::to_owned).or_else(|| text("REDACT_STORE"));
    store.context("no store: give --store FOLDER or s3://BUCKET/PREFIX, or set REDACT_STORE")
}

/// The options of a bucket, with the credentials that the environment names as for every program
/// that uses S3.
#[cfg(feature = "queue")]
pub(crate) fn bucket_options(bucket: &str, prefix: &str) -> redact_queue::S3Options {
    redact_queue::S3Options {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        region: text("AWS_REGION").or_else(|| text("AWS_DEFAULT_REGION")),
        endpoint: text("AWS_ENDPOINT_URL_S3").or_else(|| text("AWS_ENDPOINT_URL")),
        access_key_id: text("AWS_ACCESS_KEY_ID"),
        secret_access_key: text("AWS_SECRET_ACCESS_KEY"),
        session_token: text("AWS_SESSION_TOKEN"),
        allow_http: text("AWS_ALLOW_HTTP").is_some_and(|allowed| allowed == "true"),
    }
}

/// What processes that do chunks must not inherit: credentials of the queue and of the store.
pub(crate) const QUEUE_SECRETS: [&str; 9] = [
    "REDACT_QUEUE",
    "REDACT_STORE",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSSLKEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
];

/// Where workers put temporary files.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn worker_scratch() -> Result<PathBuf> {
    Ok(user_folders()?.cache("worker"))
}

/// A variable that is set and not empty.
fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// What of this process's environment a confined process gets, and what it has of its own.
///
/// No passphrase and no home. Telemetry of the model runtime is switched off before it is loaded,
/// whatever the user's environment says.
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

/// The folder with policies: the given one, or the one that comes with the program.
///
/// # Errors
/// When there is none.
pub(crate) fn policies_dir(given: Option<&Path>) -> Result<PathBuf> {
    let shipped = || {
        Shipped::find()
            .data("policies")
            .context("no folder with policies: give --policies DIR")
    };
    given.map_or_else(shipped, |dir| Ok(dir.to_owned()))
}

/// The file of a policy: `given`, or, where that is the bare name of a policy that comes with the
/// program, as in `public-release`, that one. A file of the same name in the working folder counts
/// first.
///
/// # Errors
/// When it is a bare name that neither has.
pub(crate) fn policy_file(given: &Path) -> Result<PathBuf> {
    named_policy(given, || Shipped::find().data("policies"))
}

fn named_policy(given: &Path, folder: impl Fn() -> Option<PathBuf>) -> Result<PathBuf> {
    let is_name = |name: &&str| {
        let mut bytes = name.bytes();
        !name.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let name = given.to_str().filter(is_name);
    let Some((name, folder)) = name.filter(|_| !given.exists()).zip(folder()) else {
        return Ok(given.to_owned());
    };
    let file = folder.join(format!("{name}.toml"));
    if file.is_file() {
        return Ok(file);
    }
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some(name.strip_suffix(".toml")?.to_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    bail!(
        "no policy {name:?}: found neither a file of that name here nor {}; need a file, or one of \
         {}",
        file.display(),
        names.join(", ")
    )
}

/// The folders of this user's files, one for each kind.
struct UserFolders {
    /// Keys, and which keys are trusted.
    config: PathBuf,
    /// The event log, and the desk's folder.
    data: PathBuf,
    /// What can be made again.
    cache: PathBuf,
}

impl UserFolders {
    /// `$REDACT_HOME` for all three, or those of the XDG base directory specification.
    ///
    /// - `var`: the environment.
    ///
    /// # Errors
    /// When the environment names no home.
    fn find(var: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        if let Some(folder) = var("REDACT_HOME").map(PathBuf::from) {
            return Ok(Self {
                config: folder.clone(),
                data: folder.clone(),
                cache: folder,
            });
        }
        let xdg = |name: &str, below_home: &str| {
            let set = var(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute());
            let base = set.or_else(|| Some(PathBuf::from(var("HOME")?).join(below_home)));
            let base = base.context("no folder for keys and logs: set HOME or REDACT_HOME")?;
            Ok::<_, anyhow::Error>(base.join("redact"))
        };
        Ok(Self {
            config: xdg("XDG_CONFIG_HOME", ".config")?,
            data: xdg("XDG_DATA_HOME", ".local/share")?,
            cache: xdg("XDG_CACHE_HOME", ".cache")?,
        })
    }

    /// A file or folder of the data. Earlier versions had it beside the keys, where it is still
    /// found.
    fn data(&self, name: &str) -> PathBuf {
        self.earlier(name).unwrap_or_else(|| self.data.join(name))
    }

    /// The same for the cache.
    fn cache(&self, name: &str) -> PathBuf {
        self.earlier(name).unwrap_or_else(|| self.cache.join(name))
    }

    fn earlier(&self, name: &str) -> Option<PathBuf> {
        let earlier = self.config.join(name);
        earlier.exists().then_some(earlier)
    }
}

fn user_folders() -> Result<UserFolders> {
    UserFolders::find(|name| env::var_os(name))
}

/// The folder with this user's keys.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn key_dir() -> Result<PathBuf> {
    Ok(user_folders()?.config)
}

/// The folder with the office's letterhead, letters and transmittal profiles, if there is one: that
/// of the keys.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn office() -> Result<PathBuf> {
    key_dir()
}

/// `verify.html`: the one that comes with the program, or that `make checker` built.
pub(crate) fn verifier() -> Option<PathBuf> {
    Shipped::find().verifier()
}

/// The desk's data folder.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn desk_data() -> Result<PathBuf> {
    Ok(user_folders()?.data("desk"))
}

/// This user's secret key for a purpose, where it is on this machine.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn secret_key(purpose: Purpose) -> Result<PathBuf> {
    Ok(key_dir()?.join(match purpose {
        Purpose::Release => "redact.key",
        Purpose::Approver => "approver.key",
        Purpose::Rotation => "rotation.key",
        Purpose::Segment => "segment.key",
    }))
}

/// This user's event log.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn event_log() -> Result<PathBuf> {
    Ok(user_folders()?.data("events.jsonl"))
}

/// How fast this machine releases recordings.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn batch_rates() -> Result<PathBuf> {
    Ok(user_folders()?.data("batch-rates.jsonl"))
}

/// This user's segment cache.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn segment_cache() -> Result<PathBuf> {
    Ok(user_folders()?.cache("runs"))
}

/// The folder with public keys that this user trusts.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn trusted_keys() -> Result<PathBuf> {
    Ok(key_dir()?.join("trusted"))
}

/// The folder with public keys of workers whose segments this user's renders take.
///
/// # Errors
/// When the environment names no home.
pub(crate) fn worker_keys() -> Result<PathBuf> {
    Ok(key_dir()?.join("workers"))
}

/// The passphrase of a secret key, when it has one: `$REDACT_KEY_PASSPHRASE`, for the rotation key
/// `$REDACT_ROTATION_PASSPHRASE` before that. The key of the segment cache has none.
pub(crate) fn passphrase(purpose: Purpose) -> Option<String> {
    let own = || secret("REDACT_KEY_PASSPHRASE");
    match purpose {
        Purpose::Segment => None,
        Purpose::Rotation => secret("REDACT_ROTATION_PASSPHRASE").or_else(own),
        Purpose::Release | Purpose::Approver => own(),
    }
}

/// The passphrase for a key that follows another: `$REDACT_NEW_KEY_PASSPHRASE`, or the old one's.
pub(crate) fn new_passphrase() -> Option<String> {
    secret("REDACT_NEW_KEY_PASSPHRASE").or_else(|| passphrase(Purpose::Release))
}

/// The passphrase of backups: `$REDACT_BACKUP_PASSPHRASE`.
pub(crate) fn backup_passphrase() -> Option<String> {
    secret("REDACT_BACKUP_PASSPHRASE")
}

/// The variable with the passphrase of an encrypted package.
pub(crate) const PACKAGE_PASSPHRASE: &str = "REDACT_PACKAGE_PASSPHRASE";

/// The passphrase of an encrypted package: `$REDACT_PACKAGE_PASSPHRASE`.
pub(crate) fn package_passphrase() -> Option<String> {
    secret(PACKAGE_PASSPHRASE)
}

fn secret(name: &str) -> Option<String> {
    env::var(name).ok().filter(|secret| !secret.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(set: &[(&str, &Path)]) -> Result<UserFolders> {
        UserFolders::find(|name| {
            let known = set.iter().find(|(known, _)| *known == name);
            known.map(|(_, path)| path.as_os_str().to_owned())
        })
    }

    /// Goal: keys, data and cache are apart, and one variable puts them together. Control: without
    /// a home there is no folder, and a relative one is ignored.
    #[test]
    fn files_of_each_kind_have_a_folder_of_their_own() {
        let home = Path::new("/h");
        let found = folders(&[("HOME", home)]).unwrap();
        assert_eq!(found.config, Path::new("/h/.config/redact"));
        let log = Path::new("/h/.local/share/redact/events.jsonl");
        assert_eq!(found.data("events.jsonl"), log);
        assert_eq!(found.cache("runs"), Path::new("/h/.cache/redact/runs"));
        let xdg = [("HOME", home), ("XDG_DATA_HOME", Path::new("/d"))];
        assert_eq!(
            folders(&xdg).unwrap().data("desk"),
            Path::new("/d/redact/desk")
        );
        let relative = [("HOME", home), ("XDG_CACHE_HOME", Path::new("c"))];
        assert_eq!(
            folders(&relative).unwrap().cache,
            Path::new("/h/.cache/redact")
        );
        let one = folders(&[("HOME", home), ("REDACT_HOME", Path::new("one"))]).unwrap();
        assert_eq!(one.config, Path::new("one"));
        assert_eq!(one.data("events.jsonl"), Path::new("one/events.jsonl"));
        assert_eq!(one.cache("runs"), Path::new("one/runs"));
        assert!(folders(&[]).is_err());
    }

    /// Goal: what earlier versions put beside the keys is still found there.
    #[test]
    fn an_event_log_beside_the_keys_goes_on() {
        let home = tempfile::tempdir().unwrap();
        let found = folders(&[("HOME", home.path())]).unwrap();
        std::fs::create_dir_all(&found.config).unwrap();
        assert!(
            found
                .data("events.jsonl")
                .starts_with(home.path().join(".local"))
        );
        std::fs::write(found.config.join("events.jsonl"), "").unwrap();
        std::fs::create_dir(found.config.join("runs")).unwrap();
        assert_eq!(
            found.data("events.jsonl"),
            found.config.join("events.jsonl")
        );
        assert_eq!(found.cache("runs"), found.config.join("runs"));
        assert_eq!(found.data("desk"), found.data.join("desk"));
    }
    /// Goal: a policy that comes with the program has a short name, and for another name a person
    /// reads which there are. Control: a path and a file of that name are taken as they are.
    #[test]
    fn a_policy_of_the_program_has_a_short_name() {
        let home = tempfile::tempdir().unwrap();
        let policy = home.path().join("public-release.toml");
        std::fs::write(&policy, "").unwrap();
        let find = |name: &str| named_policy(Path::new(name), || Some(home.path().to_owned()));
        assert_eq!(find("public-release").unwrap(), policy);
        let as_given = ["public-release.toml", "./public-release", "a/court", ""];
        for other in as_given.into_iter().chain(policy.to_str()) {
            assert_eq!(find(other).unwrap(), Path::new(other));
        }
        let without = named_policy(Path::new("public-release"), || None);
        assert_eq!(without.unwrap(), Path::new("public-release"));
        let refused = find("public-relase").unwrap_err().to_string();
        assert!(refused.contains("one of public-release"), "{refused}");
    }
}
