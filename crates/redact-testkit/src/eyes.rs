//! Eyes and ears that know the scene, and callers that watch or stop a job.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use redact_core::{
    AudioBlock, CameraMotion, DetectError, Detection, Detector, Frame, Motion, Phase, Progress,
    SpeechByTrack, SpeechDetector, TimeSpan,
};

use crate::Scene;

/// Sees what the scene holds, changed frame by frame as the test wants it.
pub struct TruthDetector<F> {
    scene: Scene,
    change: F,
}

impl<F> TruthDetector<F>
where
    F: FnMut(u32, Vec<Detection>) -> Vec<Detection> + Send,
{
    /// Sees `scene`; `change` gets each frame's number and truth and says what is seen of it.
    pub fn new(scene: &Scene, change: F) -> Self {
        Self {
            scene: scene.clone(),
            change,
        }
    }
}

impl<F> Detector for TruthDetector<F>
where
    F: FnMut(u32, Vec<Detection>) -> Vec<Detection> + Send,
{
    fn detect(&mut self, frames: &[&Frame]) -> Result<Vec<Vec<Detection>>, DetectError> {
        Ok(frames
            .iter()
            .map(|frame| {
                let index = frame.index.get();
                (self.change)(index, self.scene.truth(index))
            })
            .collect())
    }
}

/// Knows how the scene's camera moves.
pub struct PanMotion {
    scene: Scene,
}

impl PanMotion {
    /// The motion of `scene`.
    #[must_use]
    pub fn new(scene: &Scene) -> Self {
        Self {
            scene: scene.clone(),
        }
    }
}

impl CameraMotion for PanMotion {
    fn advance(&mut self, frame: &Frame) -> Result<Motion, DetectError> {
        Ok(self.scene.motion(frame.index.get()))
    }
}

/// Knows when the scene's people speak.
pub struct TruthSpeech {
    speech: SpeechByTrack,
}

impl TruthSpeech {
    /// The speech of every track of `scene`.
    #[must_use]
    pub fn new(scene: &Scene) -> Self {
        let sounds = scene.sounds.iter().enumerate();
        let merged = |spans: &[TimeSpan]| TimeSpan::merged(spans.to_vec(), 0);
        Self {
            speech: sounds
                .map(|(at, sound)| (at, merged(&sound.speech)))
                .collect(),
        }
    }
}

impl SpeechDetector for TruthSpeech {
    fn listen(&mut self, _block: &AudioBlock) -> Result<(), DetectError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<SpeechByTrack, DetectError> {
        Ok(self.speech.clone())
    }
}

/// A caller that never stops a job.
pub struct Quiet;

impl Progress for Quiet {
    fn advance(&self, _phase: Phase, _done: u64, _total: Option<u64>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// A caller that stops a job after so many calls.
pub struct StopAfter(AtomicU64);

impl StopAfter {
    /// Lets `calls` calls pass and stops at the next.
    #[must_use]
    pub const fn new(calls: u64) -> Self {
        Self(AtomicU64::new(calls))
    }
}

impl Progress for StopAfter {
    fn advance(&self, _phase: Phase, _done: u64, _total: Option<u64>) -> ControlFlow<()> {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        if left.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}
