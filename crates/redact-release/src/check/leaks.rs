//! What the bytes of a release give away, and what its cropped edges show.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use redact_bitstream::leak::{self, ExpectedStreams};
use redact_engine::{Check, Expected};
use redact_media::CroppedEdges;

use crate::error::{Context as _, Result};

/// One check per leak channel of the file at `path`. Coded pictures that are `accounted` for, by
/// their place, are not parsed again.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn leaks(
    path: &Path,
    expected: &Expected,
    accounted: &[Range<u32>],
) -> Result<Vec<Check>> {
    let streams = ExpectedStreams {
        audio_tracks: expected.audio_tracks,
        frames: Some(expected.frames),
    };
    let verdicts = File::open(path)
        .map_err(leak::LeakError::from)
        .and_then(|file| leak::scan_known(file, &streams, accounted))
        .in_file(path)?;
    let check = |verdict: leak::LeakVerdict| Check {
        name: verdict.channel.name(),
        passed: verdict.clean,
        evidence: verdict.evidence,
    };
    Ok(verdicts.into_iter().map(check).collect())
}

/// Whether the rows and columns of the file at `path` that are coded but not shown repeat the edge
/// of what is shown, or are plain.
///
/// # Errors
/// When the file cannot be decoded.
pub(crate) fn cropped_edges(path: &Path, threads: usize) -> Result<Check> {
    let found = redact_media::cropped_edges(path, threads).in_file(path)?;
    Ok(edges_check(found.as_ref()))
}

/// The check of what was measured of those rows and columns.
pub(super) fn edges_check(found: Option<&CroppedEdges>) -> Check {
    let evidence = match found {
        None => "no coded row or column is cropped off".to_owned(),
        Some(edges) => format!(
            "{} frames: {} with a picture in the rows or columns that are cropped off, at most \
             {:.1} levels from the edge; in the mean of a GOP {}, at most {:.1}",
            edges.frames, edges.odd, edges.deviation, edges.odd_means, edges.mean_deviation
        ),
    };
    Check {
        name: "cropped edges",
        passed: found.is_none_or(CroppedEdges::are_plain),
        evidence,
    }
}

/// Names of the leak channels that are open in a recording; only an MP4 can be scanned.
pub(crate) fn source_channels(clip: &Path, audio_tracks: usize) -> Result<Vec<String>> {
    let streams = ExpectedStreams {
        audio_tracks,
        frames: None,
    };
    let file = File::open(clip).map_err(leak::LeakError::from);
    match file.and_then(|file| leak::scan_outside_slices(file, &streams)) {
        Err(leak::LeakError::Malformed { .. }) => Ok(vec!["not-mp4".to_owned()]),
        Err(error) => Err(error).in_file(clip),
        Ok(verdicts) => {
            let open = verdicts.into_iter().filter(|verdict| !verdict.clean);
            Ok(open
                .map(|verdict| verdict.channel.name().to_owned())
                .collect())
        }
    }
}
