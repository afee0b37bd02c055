//! The redaction log as an HTML page.

use askama::Template;
use redact_core::Digest;

use super::format::{clock, created};
use super::rows::{
    CheckGroup, GroupRow, SoundRow, StatuteTotal, check_groups, closed_channels, grouped, items,
    not_withheld, speech_facts, statute_totals,
};
use super::timeline::timeline;
use crate::RecordError;
use crate::manifest::PublicManifest;
use crate::timeline::svg::{Drawing, LaneArea};

/// Position of the timeline's lanes.
const LANES: LaneArea = LaneArea {
    left: 110.0,
    width: 870.0,
    lane_height: 30,
};

/// The redaction log of `manifest`, whose file has SHA-256 `manifest_digest`, as an HTML page.
///
/// # Errors
/// [`RecordError::Log`] if the page cannot be produced.
pub fn html(manifest: &PublicManifest, manifest_digest: Digest) -> Result<String, RecordError> {
    let rows = items(manifest);
    let page = LogPage {
        manifest,
        manifest_digest,
        created: created(manifest),
        duration: clock(manifest.totals.seconds),
        count: rows.len(),
        statutes: statute_totals(&rows),
        groups: grouped(rows),
        closed: closed_channels(manifest).join(", "),
        sound: manifest
            .totals
            .sound
            .iter()
            .map(|sound| SoundRow::new(&sound.0))
            .collect(),
        checks: check_groups(manifest),
        not_withheld: not_withheld(manifest),
        speech: speech_facts(manifest),
        drawing: Drawing::new(&timeline(manifest), LANES),
    };
    page.render().map_err(|source| RecordError::Log {
        source: Box::new(source),
    })
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage<'a> {
    manifest: &'a PublicManifest,
    manifest_digest: Digest,
    created: String,
    duration: String,
    count: usize,
    statutes: Vec<StatuteTotal<'a>>,
    groups: Vec<GroupRow<'a>>,
    closed: String,
    sound: Vec<SoundRow>,
    checks: Vec<CheckGroup<'a>>,
    not_withheld: Vec<String>,
    speech: Vec<(&'static str, String)>,
    drawing: Drawing,
}
