//! Input and output of the leak scan.

use crate::mp4::Malformed;

/// Why a file could not be scanned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeakError {
    /// The file could not be read.
    #[error("cannot read the file")]
    Read(#[from] std::io::Error),
    /// The file cannot be parsed as MP4.
    #[error("cannot parse the file as MP4: {found}")]
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

/// What a release must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedStreams {
    /// Sound tracks.
    pub audio_tracks: usize,
    /// Number of stored frames, if known.
    pub frames: Option<u32>,
}

/// A way in which a release could reveal what was redacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeakChannel {
    /// The original as another video stream.
    ExtraVideo,
    /// Unexpected sound: another track, or data inside coded sound.
    AudioTracks,
    /// Subtitles, captions, timed text.
    TimedText,
    /// SEI in the video stream: captions, positions, serial numbers.
    SeiUserData,
    /// The encoder's own SEI.
    EncoderSei,
    /// Titles, comments, positions, handler names, creation times.
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

/// The result for one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakVerdict {
    /// The channel.
    pub channel: LeakChannel,
    /// Whether nothing was found.
    pub clean: bool,
    /// What was checked or found: keys, counts and offsets.
    pub evidence: String,
}
