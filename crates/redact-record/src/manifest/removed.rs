//! What no release holds, whatever is decided: the streams, chapters and messages that a source
//! has beside its picture and its sound.

use super::items::{Medium, RemovedItem};
use super::parts::SourceSummary;
use super::{OneLine, StreamFile, StreamKindName};

/// The channel of the leak scan that says that the pictures carry messages.
const MESSAGES_CHANNEL: &str = "sei-user-data";

/// What of `source` reaches no release, numbered from `item` on.
///
/// It follows from the source alone, so a manifest that leaves something out contradicts itself.
pub(super) fn removed(source: &SourceSummary, item: u32) -> Vec<OneLine<RemovedItem>> {
    let dropped = source.streams.iter().filter(|stream| !stream.0.kept);
    let streams = dropped.map(|OneLine(stream)| {
        let (medium, what) = named(stream);
        (medium, Some(stream.index), what)
    });
    let chapters = (source.chapters > 0).then(|| {
        let what = format!("Chapter marks: {}", source.chapters);
        (Medium::Metadata, None, what)
    });
    let carries = |channel: &String| channel == MESSAGES_CHANNEL;
    let messages = source.closed_channels.iter().any(carries).then(|| {
        let what = "Messages inside the pictures' stream: captions, positions and the like";
        (Medium::Caption, None, what.to_owned())
    });
    let all = streams.chain(chapters).chain(messages);
    (item..)
        .zip(all)
        .map(|(item, (medium, stream, description))| {
            OneLine(RemovedItem {
                item,
                medium,
                stream,
                description,
            })
        })
        .collect()
}

/// Medium and neutral description of a stream: its kind and its codec, nothing that it holds.
fn named(stream: &StreamFile) -> (Medium, String) {
    let (medium, what) = match stream.kind {
        StreamKindName::Video => (Medium::Picture, "Another picture"),
        StreamKindName::Audio => (Medium::Sound, "Sound that cannot be decoded"),
        StreamKindName::Subtitle => (Medium::Caption, "Subtitles or captions"),
        StreamKindName::Data => (Medium::Metadata, "Data"),
        StreamKindName::Attachment => (Medium::Metadata, "An attached file or still picture"),
        StreamKindName::Other => (Medium::Metadata, "Something unknown"),
    };
    (
        medium,
        format!("{what}: stream {} ({})", stream.index, stream.codec),
    )
}
