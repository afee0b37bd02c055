//! One line that says what went wrong, and a hint where one helps.

use redact_core::{PlanError, SourceError};
use redact_engine::{RenderError, ScanError};
use redact_record::RecordError;

/// What to do about `error`, when there is something to do.
pub(crate) fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(hint) = error.chain().find_map(confinement_hint) {
        return Some(hint);
    }
    let known = error.chain().find_map(|cause| {
        let plan = cause.downcast_ref::<PlanError>().and_then(plan_hint);
        let source = cause.downcast_ref::<SourceError>().and_then(source_hint);
        let render = cause.downcast_ref::<RenderError>().and_then(render_hint);
        plan.or(source)
            .or(render)
            .or_else(|| text_hint(&cause.to_string()))
    });
    known.map(str::to_owned)
}

/// What the confined process said, or what to do where it could not work.
fn confinement_hint(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(child) = cause.downcast_ref::<FromChild>() {
        return match child.out_of_memory {
            Some(bytes) => Some(format!(
                "it may take {} GiB of memory; --memory-max GIB allows more",
                bytes >> 30
            )),
            None => child.hint.clone(),
        };
    }
    if let Some(limit) = cause.downcast_ref::<Limit>() {
        return Some(format!("{} N allows more", limit.option));
    }
    let weak = matches!(
        cause.downcast_ref(),
        Some(redact_jail::JailError::Weak { .. })
    );
    weak.then(|| {
        "recordings are decoded where the system has Landlock (Linux 5.13 and later) and seccomp; \
         --allow-weak-jail goes without, and manifest and log say so"
            .to_owned()
    })
}

fn render_hint(error: &RenderError) -> Option<&'static str> {
    matches!(
        error,
        RenderError::Damage { .. } | RenderError::Undeclared { .. }
    )
    .then_some(
        "what is damaged is hidden, and what a release changes is declared, as the scan found it, \
         whoever edits the plan: scan the recording again with this version of the program",
    )
}

fn plan_hint(error: &PlanError) -> Option<&'static str> {
    match error {
        PlanError::NotApproved => Some("`redact approve PLAN --by NAME` approves it"),
        PlanError::Undecided { .. } => {
            Some("give each track in the plan a \"decision\", then `redact approve PLAN --by NAME`")
        }
        PlanError::Unacknowledged { .. } => Some(
            "install a model for it (scripts/setup), or accept that nothing looked for it with \
             --accept-missing CLASS; the manifest will say so",
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
            "ask for the file again from where it came; where there is no better one, \
             `--damaged mask` (of scan, run and batch) hides the whole picture while the damage \
             lasts and lists it in the manifest",
        ),
        SourceError::Truncated { .. } => {
            Some("ask for the file again from where it came; a cut recording is not released")
        }
        SourceError::NoSound { .. } => Some(
            "export the recording with sound in another codec, or release it without: \
             --accept-lost-sound (of scan, run and batch); the manifest will say so",
        ),
        SourceError::Encrypted => Some("export the recording without encryption"),
        SourceError::NoVideo { .. } => Some("sound without pictures is not supported yet"),
        _ => None,
    }
}

fn text_hint(text: &str) -> Option<&'static str> {
    if text.ends_with("exists already") {
        return Some("--force replaces it");
    }
    if text.ends_with("cannot keep the event log") {
        return Some(
            "nothing is done that is not written down: make the file writable, or name another \
             with --events FILE; `redact events verify` says what is wrong with a log",
        );
    }
    let full = [
        "os error 28",
        "No space left",
        "os error 27",
        "File too large",
    ];
    if full.iter().any(|words| text.contains(words)) {
        return Some("free some space and run the same command again; nothing was left half done");
    }
    None
}

/// What the desk offers a person to accept; as `--json` and the desk's jobs spell it.
pub(crate) const LOST_SOUND: &str = "lost_sound";

/// The word for an error that a program acts on.
pub(crate) fn code(error: &anyhow::Error) -> Option<&'static str> {
    let lost_sound = |cause: &(dyn std::error::Error + 'static)| {
        let here = cause.downcast_ref::<SourceError>();
        matches!(here, Some(SourceError::NoSound { .. })) || is_lost_sound_in_child(cause)
    };
    error.chain().any(lost_sound).then_some(LOST_SOUND)
}

/// Whether a rule forbids what was asked, as against something that went wrong.
pub(crate) fn is_refusal(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        is_refused_in_child(cause)
            || cause.is::<PlanError>()
            || matches!(
                cause.downcast_ref::<RecordError>(),
                Some(
                    RecordError::ChangedAfterApproval { .. }
                        | RecordError::CheckFailed { .. }
                        | RecordError::Mismatch { .. }
                        | RecordError::NoPerson { .. }
                        | RecordError::SamePerson { .. }
                        | RecordError::Signature(_)
                        | RecordError::Uncovered { .. }
                        | RecordError::Unsigned { .. }
                        | RecordError::WeakerThanPolicy { .. }
                        | RecordError::WeakEffect { .. }
                )
            )
    })
}

/// Whether `error` is a person's Ctrl-C.
pub(crate) fn is_cancelled(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        matches!(
            cause.downcast_ref::<ScanError>(),
            Some(ScanError::Cancelled)
        ) || matches!(
            cause.downcast_ref::<RenderError>(),
            Some(RenderError::Cancelled)
        ) || cause.is::<Interrupted>()
            || is_cancelled_in_child(cause)
    })
}

/// A person asked to stop.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub(crate) struct Interrupted;

/// Why a confined process could not do its job, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct FromChild {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Whether a rule forbids what was asked.
    pub(crate) refused: bool,
    pub(crate) cancelled: bool,
    /// Whether none of the recording's sound can be decoded.
    pub(crate) lost_sound: bool,
    /// The limit, in bytes, where memory ran out.
    pub(crate) out_of_memory: Option<u64>,
}

/// A job took more than it may.
#[derive(Debug, thiserror::Error)]
#[error("stopped at a limit: {what}")]
pub(crate) struct Limit {
    pub(crate) what: String,
    /// The option that raises it.
    pub(crate) option: &'static str,
}

fn is_lost_sound_in_child(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause
        .downcast_ref::<FromChild>()
        .is_some_and(|child| child.lost_sound)
}

fn is_refused_in_child(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause
        .downcast_ref::<FromChild>()
        .is_some_and(|child| child.refused)
}

fn is_cancelled_in_child(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause
        .downcast_ref::<FromChild>()
        .is_some_and(|child| child.cancelled)
}
