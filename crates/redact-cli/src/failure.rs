//! One line that says what went wrong, and a hint where one helps.

use std::error::Error;
use std::ffi::OsString;

use redact_core::{PlanError, SourceError};
use redact_desk::DeskError;
use redact_engine::RenderError;
use redact_jail::JailError;
use redact_record::RecordError;
use redact_release::chunks::ChunkError;
use redact_release::chunks::render::SegmentError;
use redact_release::{JobFailure, ReleaseError, Remedy, WorkerError, is_refused_record};

use crate::features::{WITHOUT_FEATURE, WithoutQueue};

/// What to do about `error`, when there is something to do.
pub(crate) fn hint(error: &anyhow::Error) -> Option<String> {
    let typed = error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<ReleaseError>() {
            return release_hint(error);
        }
        let plan = cause.downcast_ref::<PlanError>().and_then(plan_hint);
        let source = cause.downcast_ref::<SourceError>().and_then(source_hint);
        let is_there = matches!(cause.downcast_ref(), Some(RecordError::Exists));
        let is_weak = matches!(cause.downcast_ref(), Some(JailError::Weak { .. }));
        let other = is_there.then_some(FORCE).or(is_weak.then_some(WEAK_JAIL));
        let other = other.or(lacks_feature(cause).then_some(WITHOUT_FEATURE));
        plan.or(source).or(other).map(str::to_owned)
    });
    let other = || {
        let is_full = error.chain().any(is_disk_full);
        is_full.then(|| DISK_FULL.to_owned())
    };
    let words = std::env::args_os();
    typed.or_else(other).or_else(|| name_hint(error, words))
}

/// Whether this program was built without what is needed.
fn lacks_feature(cause: &(dyn Error + 'static)) -> bool {
    let is_desk = matches!(cause.downcast_ref(), Some(DeskError::NoSingleSignOn));
    is_desk || cause.is::<WithoutQueue>()
}

/// Names the argument that no record can name, where that is what failed.
fn name_hint(error: &anyhow::Error, mut words: impl Iterator<Item = OsString>) -> Option<String> {
    let is_name = |cause: &(dyn Error + 'static)| cause.to_string().contains("invalid UTF-8");
    let word = words.find(|word| word.to_str().is_none())?;
    error.chain().any(is_name).then(|| {
        format!(
            "{word:?} is not valid UTF-8, which records need to name a file: rename the file or \
             its folder"
        )
    })
}

const FORCE: &str = "--force replaces it";

const DISK_FULL: &str =
    "free some space and run the same command again; no partial files were left";

const EVENT_LOG: &str = "nothing is done that is not recorded: make the file writable, or name \
     another with --events FILE; `redact events verify` says what is wrong with a log";

const WEAK_JAIL: &str = "recordings are decoded where the system has Landlock (Linux 5.13 and \
     later) and seccomp; --allow-weak-jail decodes without, and the manifest and the event log \
     record that";

const UNTRANSCRIBED: &str = "`redact transcript make FINDINGS` adds it (`scripts/setup --speech` \
     or the package redact-models installs the model); --accept-untranscribed mutes all speech instead";

const NO_RECOGNIZER: &str =
    "`scripts/setup --speech` installs one; for an installed program, the package redact-models";

const NO_TRANSCRIPT: &str = "`redact transcript make FINDINGS` adds a transcript to the findings, which \
     are then approved again; or leave --captions out";

const OLD_SCAN: &str = "damage is hidden and changes are declared as the scan found them, whatever \
     was edited in the plan: scan the recording again with this version of the program";

fn release_hint(error: &ReleaseError) -> Option<String> {
    let fixed = match error.cause() {
        ReleaseError::Worker(error) => return worker_hint(error),
        ReleaseError::Exists | ReleaseError::Record(RecordError::Exists) => Some(FORCE),
        ReleaseError::EventLog(_) => Some(EVENT_LOG),
        ReleaseError::Segment(SegmentError::UntrustedWorker { key, .. }) => {
            let key = key.to_base64();
            return Some(format!(
                "compare the key with what `redact worker key` prints on the worker; if it is the \
                 same, `redact key trust-worker {key}` trusts it"
            ));
        }
        ReleaseError::IsFolder => Some("`redact batch` takes folders"),
        ReleaseError::NoRuntime => Some("set ORT_DYLIB_PATH, or run scripts/setup"),
        ReleaseError::NoDetectors => Some("run scripts/setup, or give --models DIR"),
        ReleaseError::Untranscribed { .. } => Some(UNTRANSCRIBED),
        ReleaseError::NoRecognizer => Some(NO_RECOGNIZER),
        ReleaseError::NoPolicy => Some("give --policy FILE"),
        ReleaseError::Chunk(error) => chunk_hint(error),
        ReleaseError::NoFindings { .. } => Some("give --findings FILE"),
        ReleaseError::NoTranscript => Some(NO_TRANSCRIPT),
        ReleaseError::Render(RenderError::Damage { .. } | RenderError::Undeclared { .. }) => {
            Some(OLD_SCAN)
        }
        _ => error
            .plan_error()
            .and_then(plan_hint)
            .or_else(|| error.source_error().and_then(source_hint)),
    };
    fixed.map(str::to_owned)
}

/// The worker's own hint, or what to do where it could not work.
fn worker_hint(error: &WorkerError) -> Option<String> {
    match error {
        WorkerError::Failed(JobFailure {
            out_of_memory: Some(bytes),
            ..
        }) => Some(format!(
            "it may take {} GiB of memory; --memory-max GIB allows more",
            bytes >> 30
        )),
        WorkerError::Failed(failure) => failure.hint.clone(),
        WorkerError::Limit { option, .. } => Some(format!("{option} N allows more")),
        WorkerError::Jail(JailError::Weak { .. }) => Some(WEAK_JAIL.to_owned()),
        _ => None,
    }
}

/// What to do about a chunk plan or a chunk.
fn chunk_hint(error: &ChunkError) -> Option<&'static str> {
    match error {
        ChunkError::Program { .. } => {
            Some("all machines need the same version; divide the work again with this one")
        }
        ChunkError::OtherRecording { .. } => Some(
            "--clip FILE names the recording if it has another path here; if the recording was \
             changed, divide it again",
        ),
        ChunkError::OtherModels { .. } => {
            Some("all machines need the same models: run scripts/setup, or give --models DIR")
        }
        ChunkError::OtherMachine { .. } => Some(
            "divide the work again into an empty folder, and do all tasks on machines with the \
             same processor features and libraries",
        ),
        ChunkError::Missing { .. } => Some("do them with `redact worker --plan FILE --task N`"),
        ChunkError::ChangedOutput { .. } => Some(
            "the file was lost or changed: remove it and the task's file in done/, and do the task \
             again",
        ),
        ChunkError::Unfit { .. } => Some(
            "this recording cannot be scanned in chunks; use `redact chunks scan --whole`, which \
             makes it one task, or `redact scan`",
        ),
        _ => None,
    }
}

fn plan_hint(error: &PlanError) -> Option<&'static str> {
    match error {
        PlanError::NotApproved => Some("`redact approve PLAN --by NAME` approves it"),
        PlanError::Undecided { .. } => {
            Some("give each track in the plan a \"decision\", then `redact approve PLAN --by NAME`")
        }
        PlanError::Unacknowledged { .. } => Some(
            "install a model for it (scripts/setup), or accept that no detector ran for it with \
             --accept-missing CLASS; the manifest will record that",
        ),
        PlanError::WeakEffect { .. } => Some(
            "plates and screens stay readable through blur and mosaic: give the track the effect \
             {\"kind\": \"fill\"}, or use a policy whose class says accept_weak_effect = true",
        ),
        PlanError::SecondPersonMissing { .. } => {
            Some("`redact approve PLAN --by 'ANOTHER NAME' --force` adds the second approval")
        }
        PlanError::OtherSource { .. } => {
            Some("a plan belongs to one file: scan this recording and approve its findings")
        }
        _ => None,
    }
}

fn source_hint(error: &SourceError) -> Option<&'static str> {
    match error {
        SourceError::Damaged { .. } | SourceError::BadTime { .. } => Some(
            "request the file again from its source; if there is no better copy, \
             `--damaged mask` (of scan, run and batch) hides the whole picture while the damage \
             lasts and lists it in the manifest",
        ),
        SourceError::Truncated { .. } => Some(
            "request the file again from its source; a recording that is cut short is not released",
        ),
        SourceError::NoSound { .. } => Some(
            "export the recording with sound in another codec, or release it without: \
             --accept-lost-sound (of scan, run and batch); the manifest will record that",
        ),
        SourceError::Encrypted => Some("export the recording without encryption"),
        SourceError::NoVideo { .. } => Some("sound without pictures is not supported yet"),
        _ => None,
    }
}

fn is_disk_full(cause: &(dyn Error + 'static)) -> bool {
    is_full_message(&cause.to_string())
}

/// Whether a message, also one of another process, says that a disk is full.
pub(crate) fn is_full_message(text: &str) -> bool {
    const WORDS: [&str; 4] = [
        "os error 28",
        "No space left",
        "os error 27",
        "File too large",
    ];
    WORDS.iter().any(|words| text.contains(words))
}

/// What a person can do about a recording that cannot be read; `--json` prints it as `code`.
pub(crate) fn remedy(error: &anyhow::Error) -> Option<Remedy> {
    error.chain().find_map(|cause| {
        let source = cause.downcast_ref().and_then(Remedy::of);
        source.or_else(|| cause.downcast_ref().and_then(ReleaseError::remedy))
    })
}

/// Whether a rule forbids what was asked, as against something that went wrong.
pub(crate) fn is_refusal(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        is(cause, ReleaseError::is_refusal)
            || cause.is::<PlanError>()
            || cause.downcast_ref().is_some_and(is_refused_record)
    })
}

/// Whether `error` is a person's Ctrl-C.
pub(crate) fn is_cancelled(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| is(cause, ReleaseError::is_cancelled))
}

fn is(cause: &(dyn Error + 'static), claim: fn(&ReleaseError) -> bool) -> bool {
    cause.downcast_ref().is_some_and(claim)
}
