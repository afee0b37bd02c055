//! The plan that a policy makes of findings.

use redact_core::{
    Damage, Decision, Digest, Findings, MuteRegion, MuteStreams, Plan, PlannedTrack, PolicyRef,
    Reason, ReasonCode, TimeSpan, UtcNanos,
};

use crate::RecordError;
use crate::json::check_text;
use crate::policy::Policy;

/// The plan that `policy` makes of `findings`: every track decided, speech muted if it says so.
///
/// - `findings_digest`: SHA-256 of the findings file.
/// - `by`, `at`: who the decisions are attributed to and when, e.g. `policy public-release`.
///
/// When speech is to be muted and no model listened, all sound is.
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

/// Code of the reason for what a reviewer keeps or rejects, where the policy has none of its own.
pub const NOTHING_TO_WITHHOLD: &str = "nothing-to-withhold";

/// `reasons` with the program's own: the one that damaged stretches are hidden for, where there are
/// any, and [`NOTHING_TO_WITHHOLD`]. A policy that has words of its own defines the code itself.
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

/// How far sound may reach beyond the pictures at either end: an hour.
const SOUND_BEYOND_NANOS: i64 = 3_600_000_000_000;

/// The mutes that `policy` asks for over the speech of `findings`, padded and merged; all sound
/// where no speech detector ran.
#[must_use]
pub fn speech_mutes(findings: &Findings, policy: &Policy) -> Vec<MuteRegion> {
    let audio = &policy.audio;
    if !audio.mute_speech || findings.source.info.audio.is_empty() {
        return Vec::new();
    }
    // Nothing listened: speech may be anywhere, so all sound goes. The span reaches past both
    // ends, because sound may start before the first frame and end after the last.
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
