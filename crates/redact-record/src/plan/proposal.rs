//! The plan that a policy proposes for findings.

use redact_core::{
    CaptionWord, Damage, Decision, Digest, Findings, MuteRegion, MuteStreams, Plan, PlannedTrack,
    PolicyRef, Reason, ReasonCode, TimeSpan, Transcript, UtcNanos,
};

use crate::RecordError;
use crate::json::check_text;
use crate::policy::{AudioRule, PersonalRule, Policy, SpeechRule};

/// The plan that `policy` proposes for `findings`: every track decided, speech muted if the policy
/// requires it.
///
/// - `findings_digest`: SHA-256 of the findings file.
/// - `by`, `at`: author and time of the decisions, e.g. `policy public-release`.
///
/// If speech must be muted and no speech detector ran, all sound is muted. Captions are what was
/// transcribed.
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
        captions: findings.transcript.as_ref().map(caption_words),
        damage: findings.damage.clone(),
        models: findings.models.clone(),
        missing: findings.missing.clone(),
        acknowledged: Vec::new(),
        weak_effects_accepted: policy.weak_effects_accepted(),
        approvals: Vec::new(),
    })
}

/// The words of `transcript` as captions tell them: of all voices, by time. Words that were not
/// understood are replaced by [`INAUDIBLE`].
#[must_use]
pub fn caption_words(transcript: &Transcript) -> Vec<CaptionWord> {
    let mut words: Vec<CaptionWord> = Vec::new();
    for voice in &transcript.voices {
        let unclear = TimeSpan::merged(voice.unclear.iter().map(|part| part.span).collect(), 0);
        let understood = voice.words.iter().filter(|word| {
            let next = unclear.partition_point(|span| span.end_nanos() <= word.span.start_nanos());
            let inside = unclear.get(next);
            inside.is_none_or(|span| span.start_nanos() >= word.span.end_nanos())
        });
        words.extend(understood.map(|word| CaptionWord {
            text: word.text.clone(),
            span: word.span,
        }));
        words.extend(unclear.into_iter().map(|span| CaptionWord {
            text: INAUDIBLE.into(),
            span,
        }));
    }
    words.sort_by_key(|word| word.span);
    words
}

/// What captions have for speech that was not understood.
pub const INAUDIBLE: &str = "[inaudible]";

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

/// The mutes that `policy` requires for what was said, padded; those with one reason are merged.
///
/// Where personal data is muted, so is everything that was not understood. All speech is muted
/// where the policy says so or nothing was transcribed, and all sound if no speech detector ran.
#[must_use]
pub fn speech_mutes(findings: &Findings, policy: &Policy) -> Vec<MuteRegion> {
    mutes_by_rule(findings, &policy.audio)
}

/// [`speech_mutes`] by the rule `audio`.
#[must_use]
pub fn mutes_by_rule(findings: &Findings, audio: &AudioRule) -> Vec<MuteRegion> {
    if findings.source.info.audio.is_empty() {
        return Vec::new();
    }
    let by_reason = match (&audio.mute, &findings.transcript) {
        (SpeechRule::None, _) => return Vec::new(),
        (SpeechRule::Personal(rules), Some(transcript)) if findings.speech.is_some() => {
            personal_spans(transcript, rules, &audio.reason)
        }
        (SpeechRule::Speech | SpeechRule::Personal(_), _) => {
            vec![(&audio.reason, spoken(findings))]
        }
    };
    let mut mutes: Vec<(TimeSpan, &ReasonCode)> = Vec::new();
    for (reason, spans) in by_reason {
        let padded = spans.iter().map(|span| span.padded(audio.padding_nanos));
        let merged = TimeSpan::merged(padded.collect(), 0);
        mutes.extend(merged.into_iter().map(|span| (span, reason)));
    }
    mutes.sort_by_key(|(span, _)| *span);
    let mutes = without_contained(mutes);
    let mute = |(number, (span, reason)): (usize, (TimeSpan, &ReasonCode))| MuteRegion {
        id: format!("speech-{number}"),
        span,
        streams: MuteStreams::All,
        style: audio.style,
        reason: reason.clone(),
    };
    (1..).zip(mutes).map(mute).collect()
}

/// The mutes that lie in no longer one: sound is withheld once, for the reason of the longer mute.
/// They are ordered by start.
fn without_contained(mutes: Vec<(TimeSpan, &ReasonCode)>) -> Vec<(TimeSpan, &ReasonCode)> {
    let mut kept: Vec<(TimeSpan, &ReasonCode)> = Vec::with_capacity(mutes.len());
    for (span, reason) in mutes {
        let covers = |(known, _): &&(TimeSpan, &ReasonCode)| known.end_nanos() >= span.end_nanos();
        if kept.iter().rev().any(|known| covers(&known)) {
            continue;
        }
        // Of those that begin together, the longest comes last.
        kept.retain(|(known, _)| known.start_nanos() < span.start_nanos());
        kept.push((span, reason));
    }
    kept
}

/// All speech; everything if no speech detector ran. The span then extends past both ends, because
/// sound may start before the first frame and end after the last.
fn spoken(findings: &Findings) -> Vec<TimeSpan> {
    let everything = || {
        let nanos = findings.source.duration_nanos();
        let end = nanos.saturating_add(SOUND_BEYOND_NANOS);
        TimeSpan::new(-SOUND_BEYOND_NANOS, end)
    };
    match &findings.speech {
        Some(spans) => spans.clone(),
        None => everything().into_iter().collect(),
    }
}

/// What is muted of `transcript` by reason: personal data of the classes in `rules`, and speech
/// that was not understood.
fn personal_spans<'a>(
    transcript: &Transcript,
    rules: &'a [PersonalRule],
    unclear: &'a ReasonCode,
) -> Vec<(&'a ReasonCode, Vec<TimeSpan>)> {
    let mut by_reason: Vec<(&ReasonCode, Vec<TimeSpan>)> = Vec::new();
    let mut add = |reason: &'a ReasonCode, span: TimeSpan| match by_reason
        .iter_mut()
        .find(|(known, _)| *known == reason)
    {
        Some((_, spans)) => spans.push(span),
        None => by_reason.push((reason, vec![span])),
    };
    for voice in &transcript.voices {
        for part in &voice.unclear {
            add(unclear, part.span);
        }
        for item in &voice.personal {
            let rule = rules.iter().find(|rule| rule.class == item.class);
            if let Some(rule) = rule {
                add(&rule.reason, item.span);
            }
        }
    }
    by_reason
}

/// How much speech was not understood, in nanoseconds of time; `None` without a transcript.
#[must_use]
pub fn unclear_nanos(findings: &Findings) -> Option<i64> {
    let voices = &findings.transcript.as_ref()?.voices;
    let spans = voices.iter().flat_map(|voice| &voice.unclear);
    let merged = TimeSpan::merged(spans.map(|part| part.span).collect(), 0);
    Some(merged.iter().map(|span| span.length_nanos()).sum())
}
