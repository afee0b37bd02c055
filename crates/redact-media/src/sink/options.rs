//! How a release is encoded.

/// Speed of the H.264 encoder: slower presets make smaller files of the same quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "libx264's own names")]
pub enum Preset {
    Ultrafast,
    Superfast,
    Veryfast,
    Faster,
    Fast,
    Medium,
    Slow,
}

impl Preset {
    /// All presets, fastest first.
    pub const ALL: [Self; 7] = [
        Self::Ultrafast,
        Self::Superfast,
        Self::Veryfast,
        Self::Faster,
        Self::Fast,
        Self::Medium,
        Self::Slow,
    ];

    /// libx264's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Superfast => "superfast",
            Self::Veryfast => "veryfast",
            Self::Faster => "faster",
            Self::Fast => "fast",
            Self::Medium => "medium",
            Self::Slow => "slow",
        }
    }

    /// Whether the preset uses B-frames. With the quick presets they cost a fifth of the time and
    /// make files smaller by about as much.
    pub(super) const fn predicts_from_later(self) -> bool {
        !matches!(self, Self::Ultrafast | Self::Superfast | Self::Veryfast)
    }

    /// Number of reference pictures. Source: x264 `common/base.c`,
    /// `param_apply_preset`.
    pub(super) const fn references(self) -> u32 {
        match self {
            Self::Ultrafast | Self::Superfast | Self::Veryfast => 1,
            Self::Faster | Self::Fast => 2,
            Self::Medium => 3,
            Self::Slow => 5,
        }
    }
}

/// How a release is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Speed of the encoder.
    pub preset: Preset,
    /// Constant rate factor of libx264, 0 to 51: lower is better and larger.
    pub crf: u8,
    /// Whether to use B-frames with presets that do not: a fifth fewer bytes for more time. Applies
    /// only where nothing is copied.
    pub b_frames: bool,
    /// Threads of the video encoder; 0 means one per core.
    pub threads: usize,
    /// Bits per second and channel of sound.
    pub audio_bits_per_second_per_channel: u32,
    /// Distance of key frames in frames, without B-frames, so that a player can show any frame at
    /// once; `None` for a release: a key frame every two seconds.
    pub scrub_frames: Option<u32>,
}

impl Default for EncodeOptions {
    /// `veryfast` is the fastest preset that keeps adaptive quantization and in-loop deblocking
    /// at full strength (25 frames/s at 1080p on two cores, `medium` has 12); at 18 its pictures
    /// are held to be visually lossless. 96 kb/s per channel is above where AAC is transparent.
    fn default() -> Self {
        Self {
            preset: Preset::Veryfast,
            crf: 18,
            b_frames: false,
            threads: 0,
            audio_bits_per_second_per_channel: 96_000,
            scrub_frames: None,
        }
    }
}
