//! How a recording is read.

use redact_core::SourceSettings;

/// What is done where a recording is damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Damaged {
    /// It is an error that names the place.
    #[default]
    Stop,
    /// It is passed over and reported: see [`redact_core::Source::diagnostics`].
    Mask,
}

/// How a recording is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// Whether sound tracks are decoded and delivered.
    pub audio: bool,
    /// Threads of the video decoder; 0 takes the number from the machine.
    pub threads: usize,
    /// What is done at damage.
    pub damaged: Damaged,
    /// Whether a recording is refused that has sound tracks of which none can be decoded.
    pub require_sound: bool,
    /// What a person says of the recording.
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
