//! The plan that a policy proposes for findings.

use redact_core::{
    Damage, Decision, Digest, Findings, MuteRegion, MuteStreams, Plan, PlannedTrack, PolicyRef,
    Reason, ReasonCode, TimeSpan, UtcNanos,
};

use crate::RecordError;
use crate::json::check_text;
use crate::policy::Policy;

/// The plan that `policy` proposes for `findings`: every track decided, speech muted if the policy
/// requires it.
///
/// - `findings_digest`: SHA-256 of the findings file.
/// - `by`, `at`: author and time of the decisions, e.g. `policy public-release`.
///
/// If speech must be muted and no speech detector ran, all sound is muted.
///
/// # Errors
/// [`RecordError::Field`] for an empty `by`.
pub fn propose(
    findings: &Findings,
    findings_digest: Digest,
    policy: &Policy,
    by: &str,
    at: UtcNanos,
) -> Result<Plan, RecordError> {
    check_text("by", by, 200)?;
    let tracks = findings.tracks.iter().map(|track| {
        let rule = policy.rule(track.class());
        PlannedTrack {
            track: track.clone(),
            decision: Some(Decision {
                verdict: rule.verdict,
                reason: rule.reason.clone(),
                by: by.to_owned(),
                at,
            }),
        }
    });
    Ok(Plan {
        source: findings.source.clone(),
        findings: findings_digest,
        policy: PolicyRef {
            name: policy.name.clone(),
            digest: policy.digest,
            rules: policy.text.clone(),
        },
        second_person: policy.second_person,
        reasons: with_own_reasons(policy.reasons.clone(), &findings.damage),
        tracks: tracks.collect(),
        drawn: Vec::new(),
        mutes: speech_mutes(findings, policy),
        kept_speech: Vec::new(),
        damage: findings.damage.clone(),
        models: findings.models.clone(),
        missing: findings.missing.clone(),
        acknowledged: Vec::new(),
        weak_effects_accepted: policy.weak_effects_accepted(),
        approvals: Vec::new(),
    })
}

/// Reason code for tracks that a reviewer keeps or rejects, unless the policy defines its own.
pub const NOTHING_TO_WITHHOLD: &str = "nothing-to-withhold";

/// Reason code for what an excerpt leaves out, unless a person names another.
pub const NOT_REQUESTED: &str = "not-requested";

/// The reason with the code [`NOT_REQUESTED`].
#[must_use]
pub fn not_requested() -> Reason {
    Reason {
        code: ReasonCode(NOT_REQUESTED.into()),
        statute: "No exemption claimed".into(),
        text: "It is outside of the excerpt that was requested.".into(),
    }
}

/// `reasons` with those that the program adds: [`NOTHING_TO_WITHHOLD`] and, if anything is damaged,
/// the reason for hiding damage. A policy that defines the same code takes precedence.
#[must_use]
pub fn with_own_reasons(mut reasons: Vec<Reason>, damage: &Damage) -> Vec<Reason> {
    let reviewed = Reason {
        code: ReasonCode(NOTHING_TO_WITHHOLD.into()),
        statute: "none".into(),
        text: "A reviewer found nothing in it that may be withheld.".into(),
    };
    let damaged = (!damage.is_empty()).then(Damage::reason);
    for own in [Some(reviewed), damaged].into_iter().flatten() {
        if !reasons.iter().any(|reason| reason.code == own.code) {
            reasons.push(own);
        }
    }
    reasons
}

/// How far sound may extend beyond the video at either end: one hour.
const SOUND_BEYOND_NANOS: i64 = 3_600_000_000_000;

/// The mutes that `policy` requires for the speech in `findings`, padded and merged; all sound if
/// no speech detector ran.
#[must_use]
pub fn speech_mutes(findings: &Findings, policy: &Policy) -> Vec<MuteRegion> {
    let audio = &policy.audio;
    if !audio.mute_speech || findings.source.info.audio.is_empty() {
        return Vec::new();
    }
    // Speech may be anywhere. The span extends past both ends, because sound may start before the
    // first frame and end after the last.
    let everything = || {
        let nanos = findings.source.duration_nanos();
        TimeSpan::new(
            -SOUND_BEYOND_NANOS,
            nanos.saturating_add(SOUND_BEYOND_NANOS),
        )
    };
    let spans: Vec<TimeSpan> = match &findings.speech {
        Some(spans) => spans.clone(),
        None => everything().into_iter().collect(),
    };
    let padded = spans.iter().map(|span| span.padded(audio.padding_nanos));
    let merged = TimeSpan::merged(padded.collect(), 0);
    let mute = |(number, span)| MuteRegion {
        id: format!("speech-{number}"),
        span,
        streams: MuteStreams::All,
        style: audio.style,
        reason: audio.reason.clone(),
    };
    (1..).zip(merged).map(mute).collect()
}
