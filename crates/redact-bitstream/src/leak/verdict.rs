//! What a scan is asked and what it answers.

use crate::mp4::Malformed;

/// Why a file could not be scanned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeakError {
    /// The file could not be read.
    #[error("cannot read the file")]
    Read(#[from] std::io::Error),
    /// The file is no MP4 that can be walked.
    #[error("not an MP4 that can be checked: {found}")]
    Malformed {
        /// What was found and where.
        found: String,
    },
}

impl From<Malformed> for LeakError {
    fn from(Malformed { found }: Malformed) -> Self {
        Self::Malformed { found }
    }
}

/// What a release is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedStreams {
    /// Sound tracks.
    pub audio_tracks: usize,
    /// Frames, where they are known: as many must be stored.
    pub frames: Option<u32>,
}

/// A way in which a release could give away what was redacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeakChannel {
    /// The original kept as another video stream.
    ExtraVideo,
    /// Sound that was not announced: another track, or data inside coded sound.
    AudioTracks,
    /// Subtitles, captions, timed text.
    TimedText,
    /// Messages inside the pictures' stream: captions, positions, serial numbers.
    SeiUserData,
    /// The encoder's own message inside the pictures' stream.
    EncoderSei,
    /// Titles, comments, positions, handler names, times of making.
    ContainerTags,
    /// Chapters, as a list or as a track.
    Chapters,
    /// Telemetry and other tracks of data.
    DataTracks,
    /// Cover art, thumbnails, attached files.
    Attachments,
    /// Frames, sound and parts of pictures that are stored but not shown.
    EditLists,
    /// Bytes that no sample refers to.
    LeftoverBytes,
}

impl LeakChannel {
    /// Every channel, in the order in which it is reported.
    pub const ALL: [Self; 11] = [
        Self::ExtraVideo,
        Self::AudioTracks,
        Self::TimedText,
        Self::SeiUserData,
        Self::EncoderSei,
        Self::ContainerTags,
        Self::Chapters,
        Self::DataTracks,
        Self::Attachments,
        Self::EditLists,
        Self::LeftoverBytes,
    ];

    /// A stable name for manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExtraVideo => "extra-video-streams",
            Self::AudioTracks => "audio-tracks",
            Self::TimedText => "timed-text",
            Self::SeiUserData => "sei-user-data",
            Self::EncoderSei => "encoder-sei",
            Self::ContainerTags => "container-tags",
            Self::Chapters => "chapters",
            Self::DataTracks => "data-tracks",
            Self::Attachments => "attachments",
            Self::EditLists => "edit-lists",
            Self::LeftoverBytes => "leftover-bytes",
        }
    }
}

/// What the scan says of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakVerdict {
    /// The channel.
    pub channel: LeakChannel,
    /// Whether nothing was found.
    pub clean: bool,
    /// What was looked at or found: keys, counts and offsets.
    pub evidence: String,
}
