//! How fast this machine releases recordings: measured at every release, for estimates.
//!
//! In the user's data folder, `batch-rates.jsonl`. It has no names and no paths.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tasks::BatchTask;
use crate::run::Figures;

/// Bytes from which on the older half is dropped.
const BYTES_MAX: u64 = 256 << 10;

/// One release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rate {
    /// Which detectors ran.
    pub(super) profile: String,
    /// Whether the recording's pictures can be copied bit for bit.
    pub(super) is_h264: bool,
    /// Pixels of a picture.
    pub(super) pixels: u64,
    /// Duration of the video, seconds.
    pub(super) video_seconds: f64,
    /// Seconds that the machine took, all its cores together.
    pub(super) machine_seconds: f64,
    pub(super) source_bytes: u64,
    pub(super) release_bytes: u64,
}

impl Rate {
    /// That of a release.
    ///
    /// - `seconds`: how long it took;
    /// - `running`: recordings that were processed at that time, which shared the machine.
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    pub(super) fn new(task: &BatchTask, figures: &Figures, seconds: f64, running: usize) -> Self {
        let (width, height) = figures.size;
        Self {
            profile: task.models.profile.0.name().to_owned(),
            is_h264: figures.codec == "h264",
            pixels: u64::from(width) * u64::from(height),
            video_seconds: figures.video_seconds,
            machine_seconds: seconds / running.max(1) as f64,
            source_bytes: figures.source_bytes,
            release_bytes: figures.release_bytes,
        }
    }
}

/// The rates of earlier releases, oldest first.
#[derive(Debug, Default)]
pub(super) struct Rates {
    file: PathBuf,
    /// As read.
    pub(super) all: Vec<Rate>,
}

impl Rates {
    /// Reads them; what cannot be read does not count.
    pub(super) fn read(file: &Path) -> Self {
        let bytes = redact_record::read(file, 2 * BYTES_MAX).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let all = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Self {
            file: file.to_owned(),
            all: all.collect(),
        }
    }

    /// Adds one to the file. Where that fails, estimates are less exact, and nothing else.
    pub(super) fn add(&self, rate: &Rate) {
        let write = || -> anyhow::Result<()> {
            let mut line = serde_json::to_vec(rate)?;
            line.push(b'\n');
            if std::fs::metadata(&self.file).is_ok_and(|data| data.len() > BYTES_MAX) {
                let all = Self::read(&self.file).all;
                let mut rest = Vec::new();
                for rate in &all[all.len() / 2..] {
                    serde_json::to_writer(&mut rest, rate)?;
                    rest.push(b'\n');
                }
                let replace = redact_record::Overwrite::Replace;
                redact_record::write_for_owner(&self.file, &rest, replace)?;
            }
            std::fs::create_dir_all(redact_release::names::folder_of(&self.file))?;
            let mut how = std::fs::File::options();
            how.append(true)
                .create(true)
                .open(&self.file)?
                .write_all(&line)?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!("cannot record how long a release took: {error:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(seconds: f64) -> Rate {
        Rate {
            profile: "standard".into(),
            is_h264: true,
            pixels: 100,
            video_seconds: 10.0,
            machine_seconds: seconds,
            source_bytes: 1,
            release_bytes: 2,
        }
    }

    /// Goal: rates come back, a torn line is ignored, and the file does not grow without end.
    #[test]
    fn rates_come_back_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rates");
        let rates = Rates::read(&file);
        rates.add(&rate(1.0));
        rates.add(&rate(2.0));
        assert_eq!(Rates::read(&file).all, [rate(1.0), rate(2.0)]);
        let mut text = std::fs::read_to_string(&file).unwrap();
        text.push_str("{\"profile\":\n");
        std::fs::write(&file, &text).unwrap();
        assert_eq!(Rates::read(&file).all.len(), 2);
        let line = serde_json::to_string(&rate(3.0)).unwrap() + "\n";
        let count = usize::try_from(BYTES_MAX).unwrap() / line.len() + 1;
        std::fs::write(&file, line.repeat(count)).unwrap();
        rates.add(&rate(4.0));
        let all = Rates::read(&file).all;
        assert_eq!(all.len(), count - count / 2 + 1);
        assert_eq!(all.last(), Some(&rate(4.0)));
    }
}
