//! Options for reading a recording.

use redact_core::SourceSettings;

/// What happens where a recording is damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Damaged {
    /// Reading fails with an error that names the place.
    #[default]
    Stop,
    /// Reading continues, and the damage is reported: see [`redact_core::Source::diagnostics`].
    Mask,
}

/// Options for reading a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// Whether sound tracks are decoded and delivered.
    pub audio: bool,
    /// Threads of the video decoder; 0 means one per core.
    pub threads: usize,
    /// What happens at damage.
    pub damaged: Damaged,
    /// Whether to refuse a recording that has sound tracks, none of which can be decoded.
    pub require_sound: bool,
    /// What the operator declared about the recording.
    pub settings: SourceSettings,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            audio: true,
            threads: 0,
            damaged: Damaged::Stop,
            require_sound: false,
            settings: SourceSettings::default(),
        }
    }
}
