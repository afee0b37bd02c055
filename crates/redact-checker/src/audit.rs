//! Masks and mutes of a release, measured in what a browser decodes or shows.

use redact_core::{AudioBlock, Frame, FrameIndex, Picture, Redactions, Timestamp};
use redact_engine::{Check, Expected, FillMeter, FillReport, ReleaseMeter};
use redact_record::RecordError;
use redact_record::manifest::PublicManifest;

/// Why something is not measured in pictures that a browser only shows.
const ONLY_SHOWN: &str =
    "this browser hands over pictures as a screen shows them; use `redact verify`";

/// What a browser has decoded.
pub enum AuditInput<'a> {
    /// The next picture, in presentation order.
    Picture(Picture),
    /// The picture of a frame as a screen shows it, see [`Audit::begin_shown`].
    Shown(FrameIndex, Picture),
    /// The next samples of a sound track.
    Sound(&'a AudioBlock),
}

/// What an audit came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFindings {
    /// The checks of `redact verify` on masks and mutes, in its order and words.
    pub checks: Vec<Check>,
    /// What was not measured, and why.
    pub not_measured: Vec<(String, &'static str)>,
}

/// Measures a release that the caller decodes.
pub struct Audit {
    redactions: Redactions,
    meter: ReleaseMeter,
    expected: Expected,
    frames: u32,
    shown: Option<Shown>,
}

/// Fills in pictures as a screen shows them.
struct Shown {
    meter: FillMeter,
    /// Frames in the file.
    in_file: u32,
    /// Frames that a decoder handed over; `None` where a player showed them.
    decoded: Option<u32>,
}

impl AuditFindings {
    /// Whether pictures, or mutes, were measured.
    pub(crate) fn is_measured(&self, has_sound: bool) -> bool {
        let measured = |check: &Check| check.name == MASKS || (has_sound && check.name == MUTES);
        self.checks.iter().any(measured)
    }
}

impl Audit {
    /// For the release of `manifest`, which has `tracks` sound tracks in its file.
    ///
    /// # Errors
    /// [`RecordError::Field`] if a mask or mute of the manifest cannot be placed.
    pub fn new(manifest: &PublicManifest, tracks: usize) -> Result<Self, RecordError> {
        let redactions = manifest.redactions()?;
        Ok(Self {
            meter: ReleaseMeter::new(redactions.clone(), tracks),
            redactions,
            expected: Expected {
                frames: manifest.totals.frames,
                audio_tracks: manifest.totals.sound.len(),
            },
            frames: 0,
            shown: None,
        })
    }

    /// Measures fills in pictures as a screen shows them, because the browser does not hand over
    /// what is coded. Returns the frames that have a fill, ascending, of the `in_file` in the file.
    pub fn begin_shown(&mut self, in_file: u32) -> Vec<FrameIndex> {
        let meter = FillMeter::new(self.redactions.clone(), in_file);
        let due = meter.due().collect();
        self.shown = Some(Shown {
            meter,
            in_file,
            decoded: None,
        });
        due
    }

    /// Notes that a decoder handed over `frames` frames, of which those with fills were measured.
    pub const fn note_decoded(&mut self, frames: u32) {
        if let Some(shown) = &mut self.shown {
            shown.decoded = Some(frames);
        }
    }

    /// Measures what was decoded.
    pub fn take(&mut self, input: AuditInput<'_>) {
        match input {
            AuditInput::Picture(picture) => {
                self.meter.take_frame(&frame(self.frames, picture));
                self.frames = self.frames.saturating_add(1);
            }
            AuditInput::Shown(index, picture) => {
                if let Some(shown) = &mut self.shown {
                    shown.meter.take_frame(&frame(index.get(), picture));
                }
            }
            AuditInput::Sound(block) => self.meter.take_sound(block),
        }
    }

    /// Pictures measured, and pictures that the manifest declares.
    #[must_use]
    pub const fn frames(&self) -> (u32, u32) {
        (self.frames, self.expected.frames)
    }

    /// The verdict on masks and mutes.
    #[must_use]
    pub fn into_findings(self) -> AuditFindings {
        let checks = self.meter.into_report(&self.expected).checks;
        let Some(shown) = self.shown else {
            return AuditFindings {
                checks,
                not_measured: Vec::new(),
            };
        };
        let mut findings = shown.into_findings(self.expected.frames);
        let of_sound = |check: &Check| !matches!(check.name, FRAMES | MASKS);
        findings.checks.extend(checks.into_iter().filter(of_sound));
        findings
    }
}

/// The names of checks of `redact verify`.
const FRAMES: &str = "frames";
const MASKS: &str = "masks";
pub(crate) const MUTES: &str = "mutes";

impl Shown {
    /// What is said of frames, of which the manifest declares `declared`, and of masks.
    fn into_findings(self, declared: u32) -> AuditFindings {
        let FillReport {
            masks,
            measured,
            due,
            others,
        } = self.meter.into_report();
        let in_file = self.in_file;
        let (frames, how) = match self.decoded {
            Some(frames) => (frames, "decoded"),
            None => (in_file, "in the file"),
        };
        let mut evidence = format!("{frames} of {declared} frames {how}");
        if frames != declared {
            evidence.push_str(&format!(
                "; 1 failed: {frames} frames instead of {declared}"
            ));
        }
        let mut findings = AuditFindings::default();
        findings.checks.push(Check {
            name: FRAMES,
            passed: frames == declared,
            evidence,
        });
        if measured > 0 || (due == 0 && others == 0) {
            findings.checks.push(Check {
                name: MASKS,
                passed: masks.passed,
                evidence: format!(
                    "fills measured in {measured} of {due} frames that have some ({in_file} frames \
                     in the file), as a screen shows them; {}",
                    masks.evidence
                ),
            });
        }
        let mut leave = |what: String, why| findings.not_measured.push((what, why));
        if due > measured {
            let why = "this browser did not show them; use `redact verify`";
            leave(format!("fills in {} frames", due - measured), why);
        }
        if others > 0 {
            leave(format!("{others} blurred or pixelated masks"), ONLY_SHOWN);
        }
        if measured > 0 {
            leave("data darker than black in fills".to_owned(), ONLY_SHOWN);
        }
        findings
    }
}

fn frame(index: u32, picture: Picture) -> Frame {
    Frame {
        index: FrameIndex::new(index),
        // Masks are placed by frame alone.
        timestamp: Timestamp::new(i64::from(index)),
        duration_ticks: 1,
        picture,
    }
}
