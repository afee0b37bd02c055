//! What a batch did: rows and totals on the terminal, as CSV and as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::Class;
use redact_record::Overwrite;
use serde::Serialize;

use super::inputs::shown;
use super::progress_line::clock_of;
use super::result::{ClipResult, End};

/// So many recordings that need a person are printed with their reasons.
const LISTED_MAX: usize = 50;

/// Columns of the CSV file.
const COLUMNS: [&str; 22] = [
    "path",
    "request_number",
    "case_number",
    "evidence_id",
    "state",
    "release",
    "reason",
    "needs_person",
    "video_seconds",
    "faces",
    "plates",
    "screens",
    "vehicles",
    "review_first",
    "speech_minutes",
    "muted_minutes",
    "frames",
    "frames_masked",
    "source_bytes",
    "release_bytes",
    "seconds_spent",
    "source_sha256",
];

/// What a JSON summary begins with.
const SCHEMA: &str = "redact-batch/1";

/// The totals.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Totals {
    pub(super) recordings: usize,
    pub(super) ok: usize,
    pub(super) wrong: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    /// Not begun, or cancelled.
    pub(super) not_done: usize,
    pub(super) companions: usize,
    pub(super) other_files: usize,
    pub(super) needs_person: usize,
    /// Of the recordings that have a release.
    pub(super) video_hours: f64,
    pub(super) tracks: BTreeMap<String, usize>,
    pub(super) speech_minutes: f64,
    pub(super) muted_minutes: f64,
    /// From start to end of this run.
    pub(super) seconds: f64,
    /// Minutes that this run took for an hour of video that it released.
    pub(super) minutes_per_video_hour: Option<f64>,
}

impl Totals {
    /// Those of `results`.
    ///
    /// - `seconds`: from start to end of the run.
    pub(super) fn new(results: &[ClipResult], seconds: f64) -> Self {
        let count = |end| results.iter().filter(|result| result.end == end).count();
        let mut totals = Self {
            recordings: results.len(),
            ok: count(End::Ok),
            wrong: count(End::Wrong),
            failed: count(End::Failed),
            skipped: count(End::Skipped),
            not_done: count(End::Cancelled),
            needs_person: results
                .iter()
                .filter(|r| !r.needs_person.is_empty())
                .count(),
            seconds,
            ..Self::default()
        };
        let mut released_now = 0.0;
        for result in results {
            let Some(figures) = &result.figures else {
                continue;
            };
            totals.video_hours += figures.video_seconds / 3600.0;
            totals.speech_minutes += figures.speech_seconds.unwrap_or(0.0) / 60.0;
            totals.muted_minutes += figures.muted_seconds / 60.0;
            for (class, tracks) in &figures.tracks {
                *totals.tracks.entry(class.clone()).or_default() += tracks;
            }
            if result.end == End::Ok {
                released_now += figures.video_seconds / 3600.0;
            }
        }
        totals.minutes_per_video_hour = (released_now > 0.0).then(|| seconds / 60.0 / released_now);
        totals
    }

    /// For people: one line of counts, and what they amount to.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![format!(
            "{} recordings: {} released, {} wrong, {} failed, {} skipped",
            self.recordings, self.ok, self.wrong, self.failed, self.skipped
        )];
        if self.not_done > 0 {
            lines[0].push_str(&format!(
                ", {} not done (run the same command again to continue)",
                self.not_done
            ));
        }
        if self.ok + self.skipped > 0 {
            let tracks = self.tracks.iter().map(|(class, n)| format!("{n} {class}"));
            let tracks: Vec<String> = tracks.collect();
            let tracks = match tracks.is_empty() {
                true => "no tracks".to_owned(),
                false => format!("tracks: {}", tracks.join(", ")),
            };
            lines.push(format!(
                "{} of video; {tracks}; {:.1} min of speech, {:.1} min muted",
                clock_of(self.video_hours * 3600.0),
                self.speech_minutes,
                self.muted_minutes
            ));
        }
        if let Some(minutes) = self.minutes_per_video_hour {
            let spent = clock_of(self.seconds);
            lines.push(format!(
                "time: {spent}, {minutes:.1} min for an hour of video"
            ));
        }
        lines.join("\n")
    }
}

/// The head of the table on the terminal.
pub(super) fn table_head() -> String {
    let [state, video, tracks, speech, muted, spent] =
        ["state", "video", "tracks", "speech", "muted", "time"];
    format!("{state:<8}{video:>8}{tracks:>8}{speech:>8}{muted:>8}{spent:>8}  recording and release")
}

/// One row of it.
pub(super) fn table_row(result: &ClipResult) -> String {
    let figures = result.figures.as_ref();
    let of = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let tracks = figures.map(|figures| figures.tracks.values().sum::<usize>().to_string());
    format!(
        "{:<8}{:>8}{:>8}{:>8}{:>8}{:>8}  {}: {}",
        result.end.word(),
        of(figures.map(|figures| clock_of(figures.video_seconds))),
        of(tracks),
        of(figures
            .and_then(|figures| figures.speech_seconds)
            .map(clock_of)),
        of(figures.map(|figures| clock_of(figures.muted_seconds))),
        clock_of(result.seconds),
        redact_record::visible(&result.clip),
        redact_record::visible(&result.detail)
    )
}

/// What needs a person and why; nothing if nothing does.
pub(super) fn person_list(results: &[ClipResult]) -> Option<String> {
    let needing: Vec<&ClipResult> = results
        .iter()
        .filter(|r| !r.needs_person.is_empty())
        .collect();
    if needing.is_empty() {
        return None;
    }
    let mut lines = vec![format!("needs a person: {}", needing.len())];
    for result in needing.iter().take(LISTED_MAX) {
        let line = format!("{}: {}", result.clip, result.needs_person.join("; "));
        lines.push(format!("  {}", redact_record::visible(&line)));
    }
    if needing.len() > LISTED_MAX {
        let more = needing.len() - LISTED_MAX;
        lines.push(format!("  and {more} more (--summary lists them all)"));
    }
    Some(lines.join("\n"))
}

/// Refuses to replace what is no summary of an earlier run, before anything is done.
///
/// # Errors
/// Which file is in the way, or that its folder is not there.
pub(super) fn check_targets(targets: &[PathBuf]) -> Result<()> {
    for target in targets {
        let folder = redact_release::names::folder_of(target);
        if !folder.is_dir() {
            bail!("{}: no such folder", shown(&folder));
        }
        if target.symlink_metadata().is_err() {
            continue;
        }
        let start = redact_record::read_start(target, 256).with_context(|| shown(target))?;
        let start = String::from_utf8_lossy(&start).into_owned();
        let is_ours = match is_json(target) {
            true => start.contains(SCHEMA),
            false => start
                .trim_start_matches('\u{feff}')
                .starts_with(&COLUMNS[..7].join(",")),
        };
        if !is_ours {
            bail!(
                "{}: exists already, and is not the summary of a batch; choose another name",
                shown(target)
            );
        }
    }
    Ok(())
}

fn is_json(target: &Path) -> bool {
    target.extension().is_some_and(|ending| ending == "json")
}

/// Writes a summary; it replaces that of an earlier run.
///
/// # Errors
/// When the system refuses.
pub(super) fn write(target: &Path, results: &[ClipResult], totals: &Totals) -> Result<()> {
    let bytes = match is_json(target) {
        true => {
            let document = serde_json::json!({
                "format": SCHEMA, "totals": totals, "recordings": results,
            });
            serde_json::to_vec_pretty(&document)?
        }
        false => csv(results)?,
    };
    redact_record::write_for_owner(target, &bytes, Overwrite::Replace)
        .with_context(|| shown(target))
}

/// Comma-separated values for spreadsheets, as the redaction log has them (RFC 4180, UTF-8 with a
/// BOM).
fn csv(results: &[ClipResult]) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(COLUMNS)?;
    for result in results {
        writer.write_record(cells(result).map(redact_record::log::no_formula))?;
    }
    Ok(writer.into_inner()?)
}

fn cells(result: &ClipResult) -> [String; 22] {
    let figures = result.figures.as_ref();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<f64>| number.map(|n| format!("{n:.1}")).unwrap_or_default();
    let tracks = |class: Class| {
        let known = figures.map(|f| f.tracks.get(class.name()).copied().unwrap_or(0));
        known.map(|count| count.to_string()).unwrap_or_default()
    };
    let whole = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
    let reason = match result.end.is_released() {
        true => String::new(),
        false => result.detail.clone(),
    };
    [
        result.clip.clone(),
        text(&result.request.request_number),
        text(&result.request.case_number),
        text(&result.request.evidence_id),
        state(result.end).to_owned(),
        text(&result.release),
        reason,
        result.needs_person.join("; "),
        number(figures.map(|f| f.video_seconds)),
        tracks(Class::Face),
        tracks(Class::Plate),
        tracks(Class::Screen),
        tracks(Class::Vehicle),
        whole(figures.map(|f| f.review_first as u64)),
        number(figures.and_then(|f| f.speech_seconds).map(|s| s / 60.0)),
        number(figures.map(|f| f.muted_seconds / 60.0)),
        whole(figures.map(|f| f.frames.into())),
        whole(figures.map(|f| f.frames_masked.into())),
        whole(figures.map(|f| f.source_bytes)),
        whole(figures.map(|f| f.release_bytes)),
        number(Some(result.seconds)),
        figures.map(|f| f.source_sha256.clone()).unwrap_or_default(),
    ]
}

/// As a spreadsheet is filtered by.
const fn state(end: End) -> &'static str {
    match end {
        End::Ok => "released",
        End::Wrong => "wrong",
        End::Failed => "failed",
        End::Skipped => "released earlier",
        End::Cancelled => "not done",
        End::Companion | End::Ignored => "no recording",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Figures;

    fn results() -> Vec<ClipResult> {
        let mut ok = ClipResult::without_work(Path::new("=a,\"b\".mp4"), End::Ok, "out/a");
        ok.request.case_number = Some("-1+2".into());
        ok.request.evidence_id = Some("@EV".into());
        ok.figures = Some(Figures {
            video_seconds: 1800.0,
            tracks: [("face".to_owned(), 3)].into(),
            speech_seconds: Some(90.0),
            muted_seconds: 60.0,
            ..Figures::default()
        });
        let failed = ClipResult::without_work(Path::new("b.mp4"), End::Failed, "no\nvideo");
        vec![ok, failed]
    }

    /// Goal: no cell of a summary is a formula, and each is read back. Control: numbers stay.
    #[test]
    fn a_summary_is_safe_in_a_spreadsheet() {
        let bytes = csv(&results()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(&rows[0][0], "'=a,\"b\".mp4");
        assert_eq!(&rows[0][2], "'-1+2");
        assert_eq!(&rows[0][3], "'@EV");
        assert_eq!(
            (&rows[0][4], &rows[0][8], &rows[0][9]),
            ("released", "1800.0", "3")
        );
        assert_eq!((&rows[1][6], &rows[1][7]), ("no\nvideo", "no\nvideo"));
    }

    /// Goal: totals count what has a release, and the time of what was released now.
    #[test]
    fn totals_add_up() {
        let totals = Totals::new(&results(), 600.0);
        assert_eq!((totals.ok, totals.failed, totals.needs_person), (1, 1, 1));
        assert_eq!(totals.tracks["face"], 3);
        let text = totals.text();
        for words in [
            "30:00 of video",
            "3 face",
            "1.5 min of speech",
            "20.0 min for an hour",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let row = table_row(&results()[1]);
        assert!(row.starts_with("FAILED") && !row.contains('\n'), "{row:?}");
    }

    /// Goal: a summary replaces one of an earlier run, and nothing else.
    #[test]
    fn only_a_summary_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["s.csv", "s.json"] {
            let target = folder.path().join(name);
            check_targets(std::slice::from_ref(&target)).unwrap();
            write(&target, &results(), &Totals::new(&results(), 1.0)).unwrap();
            check_targets(std::slice::from_ref(&target)).unwrap();
            std::fs::write(&target, "path,notes\n").unwrap();
            let refused = check_targets(std::slice::from_ref(&target)).unwrap_err();
            assert!(refused.to_string().contains("another name"), "{refused}");
        }
    }
}
