//! `redact score --speech`: how well speech was understood and muted, against what was really said.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_core::{MuteStyle, PersonalClass, ReasonCode, TimeSpan};
use redact_record::findings;
use redact_record::plan::mutes_by_rule;
use redact_record::policy::{AudioRule, PersonalRule, SpeechRule};
use redact_release::approve::read_policy;
use redact_speech::score::{ClassScore, SpeechScore, SpeechTruth, TrueItem, TrueWord, score};
use serde::Deserialize;
use serde_json::json;

use crate::args::GlobalArgs;
use crate::outcome::Outcome;
use crate::terminal::say;

/// Largest truth file in bytes.
const BYTES_MAX: u64 = 256 << 20;

/// Padding of mutes where no policy says otherwise: that of the policies that come along.
const PADDING_NANOS: i64 = 250_000_000;

/// What was really said. Unknown keys are notes.
#[derive(Deserialize)]
struct TruthFile {
    words: Vec<WordRow>,
    items: Vec<ItemRow>,
    clear: Vec<SpanRow>,
}

#[derive(Deserialize)]
struct WordRow {
    text: String,
    start: Option<f64>,
    end: Option<f64>,
}

#[derive(Deserialize)]
struct ItemRow {
    class: String,
    start: f64,
    end: f64,
}

#[derive(Deserialize)]
struct SpanRow {
    start: f64,
    end: f64,
}

/// Prints the figures of findings with a transcript, with the mutes that `policy` asks for; without
/// one, all personal data is muted.
///
/// # Errors
/// When a file cannot be read, or the findings have no transcript.
pub(super) fn speech(
    found: &Path,
    truth: &Path,
    policy: Option<&Path>,
    global: &GlobalArgs,
) -> Result<Outcome> {
    let (findings, _) = findings::read(found).with_context(|| found.display().to_string())?;
    let Some(transcript) = &findings.transcript else {
        bail!("{}: the findings have no transcript", found.display());
    };
    let truth = read(truth).with_context(|| truth.display().to_string())?;
    let rule = match policy {
        Some(policy) => read_policy(policy)?.audio,
        None => all_personal(),
    };
    let mutes: Vec<TimeSpan> = mutes_by_rule(&findings, &rule)
        .into_iter()
        .map(|mute| mute.span)
        .collect();
    let score = score(&truth, transcript, &mutes);
    say(&match global.json {
        true => document(&score, rule.mute.name()).to_string(),
        false => text(&score),
    });
    Ok(Outcome::Done)
}

/// All personal data is muted, and what was not understood.
fn all_personal() -> AudioRule {
    let reason = ReasonCode("score".into());
    let rule = |class| PersonalRule {
        class,
        reason: reason.clone(),
    };
    AudioRule {
        mute: SpeechRule::Personal(PersonalClass::ALL.into_iter().map(rule).collect()),
        style: MuteStyle::Silence,
        padding_nanos: PADDING_NANOS,
        reason: reason.clone(),
    }
}

fn read(path: &Path) -> Result<SpeechTruth> {
    let bytes = redact_record::read(path, BYTES_MAX)?;
    let file: TruthFile = serde_json::from_slice(&bytes)?;
    let words = file.words.into_iter().map(|word| {
        let times = word.start.zip(word.end);
        let span = times.map(|(start, end)| span("words", start, end));
        Ok(TrueWord {
            text: word.text,
            span: span.transpose()?,
        })
    });
    let items = file.items.into_iter().map(|item| {
        let class = PersonalClass::from_name(&item.class);
        Ok(TrueItem {
            class: class.with_context(|| format!("items: unknown class {:?}", item.class))?,
            span: span("items", item.start, item.end)?,
        })
    });
    let clear = file
        .clear
        .iter()
        .map(|row| span("clear", row.start, row.end));
    Ok(SpeechTruth {
        words: words.collect::<Result<_>>()?,
        items: items.collect::<Result<_>>()?,
        clear: clear.collect::<Result<_>>()?,
    })
}

/// Seconds as a span.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked, and a fraction of a nanosecond does not count"
)]
fn span(list: &str, start: f64, end: f64) -> Result<TimeSpan> {
    const SECONDS_MAX: f64 = 1e9;
    let is_time = |seconds: f64| seconds.abs() < SECONDS_MAX;
    let nanos = |seconds: f64| (seconds * 1e9).round() as i64;
    let made = TimeSpan::new(nanos(start), nanos(end)).filter(|_| is_time(start) && is_time(end));
    made.with_context(|| {
        format!("{list}: found {start} to {end}, expected a span that starts before it ends")
    })
}

fn said(score: &SpeechScore) -> impl Iterator<Item = &ClassScore> {
    let classes = score.classes.iter();
    classes.filter(|class| class.items > 0 || class.proposals > 0)
}

fn text(score: &SpeechScore) -> String {
    let mut lines = vec![format!(
        "{:<24}{:>6}{:>10}{:>11}{:>8}{:>9}",
        "class", "items", "proposed", "precision", "muted", "of time"
    )];
    for class in said(score) {
        let items = class.items.max(1) as f64;
        lines.push(format!(
            "{:<24}{:>6}{:>10.3}{:>11.3}{:>8}{:>9.3}",
            class.class.name(),
            class.items,
            class.recall(),
            class.precision(),
            class.muted,
            class.muted_share / items
        ));
    }
    let (items, muted) = score.muted_items();
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    let error = |nanos: Option<i64>| {
        nanos.map_or_else(
            || "-".to_owned(),
            |nanos| format!("{:.3} s", seconds(nanos)),
        )
    };
    lines.extend([
        String::new(),
        format!(
            "items muted from start to end: {muted} of {items} ({:.1} %)",
            100.0 * muted as f64 / items.max(1) as f64
        ),
        format!(
            "speech without personal data: {:.1} s, of which {:.1} s are muted ({:.1} %)",
            seconds(score.clear_nanos),
            seconds(score.clear_muted_nanos),
            100.0 * score.clear_muted_share()
        ),
        format!("not understood: {:.1} s", seconds(score.unclear_nanos)),
        format!(
            "word error rate: {:.1} % of {} words; median error of starts {}, of ends {}",
            100.0 * score.word_error_rate(),
            score.words,
            error(score.start_error_nanos),
            error(score.end_error_nanos)
        ),
    ]);
    lines.join("\n")
}

fn document(score: &SpeechScore, mute: &str) -> serde_json::Value {
    let (items, muted) = score.muted_items();
    let classes: serde_json::Map<String, serde_json::Value> = said(score)
        .map(|class| {
            let row = json!({
                "items": class.items, "proposed": class.proposed, "muted": class.muted,
                "muted_share": class.muted_share / class.items.max(1) as f64,
                "proposals": class.proposals, "right": class.right,
                "recall": class.recall(), "precision": class.precision(),
            });
            (class.class.name().to_owned(), row)
        })
        .collect();
    json!({
        "mute": mute, "items": items, "muted": muted, "classes": classes,
        "clear_nanos": score.clear_nanos, "clear_muted_nanos": score.clear_muted_nanos,
        "clear_muted_share": score.clear_muted_share(), "unclear_nanos": score.unclear_nanos,
        "words": score.words, "word_errors": score.word_errors,
        "word_error_rate": score.word_error_rate(),
        "start_error_nanos": score.start_error_nanos, "end_error_nanos": score.end_error_nanos,
    })
}
