//! What is never in a release: the source's other streams, its chapters and the messages in its
//! video stream.

use super::items::{Medium, RemovedItem};
use super::parts::SourceSummary;
use super::{OneLine, StreamKindName};

/// The leak scan's channel for SEI messages.
const MESSAGES_CHANNEL: &str = "sei-user-data";

/// Descriptions by this version, and by earlier versions, whose manifests still hold.
#[derive(Clone, Copy)]
enum Wording {
    Current,
    Earlier,
}

/// The parts of `source` that are not in any release, numbered from `item` on.
pub(super) fn removed(source: &SourceSummary, item: u32) -> Vec<OneLine<RemovedItem>> {
    list(source, item, Wording::Current)
}

/// Whether `listed` are the parts of `source` that are not in any release, numbered from `item` on.
///
/// They follow from the source alone, so a manifest that omits one contradicts itself.
pub(super) fn is_complete(
    listed: &[OneLine<RemovedItem>],
    source: &SourceSummary,
    item: u32,
) -> bool {
    let mut wordings = [Wording::Current, Wording::Earlier].into_iter();
    wordings.any(|wording| listed == list(source, item, wording))
}

fn list(source: &SourceSummary, item: u32, wording: Wording) -> Vec<OneLine<RemovedItem>> {
    let choose = |current: &'static str, earlier: &'static str| match wording {
        Wording::Current => current,
        Wording::Earlier => earlier,
    };
    let dropped = source.streams.iter().filter(|stream| !stream.0.kept);
    let streams = dropped.map(|OneLine(stream)| {
        let (medium, what) = match stream.kind {
            StreamKindName::Video => {
                let what = choose("Another video stream", "Another picture");
                (Medium::Picture, what)
            }
            StreamKindName::Audio => (Medium::Sound, "Sound that cannot be decoded"),
            StreamKindName::Subtitle => (Medium::Caption, "Subtitles or captions"),
            StreamKindName::Data => (Medium::Metadata, "Data"),
            StreamKindName::Attachment => (Medium::Metadata, "An attached file or still picture"),
            StreamKindName::Other => {
                let what = choose("A stream of unknown kind", "Something unknown");
                (Medium::Metadata, what)
            }
        };
        // Kind and codec only: nothing about the content.
        let what = format!("{what}: stream {} ({})", stream.index, stream.codec);
        (medium, Some(stream.index), what)
    });
    let chapters = (source.chapters > 0).then(|| {
        let what = format!("Chapter marks: {}", source.chapters);
        (Medium::Metadata, None, what)
    });
    let carries = |channel: &String| channel == MESSAGES_CHANNEL;
    let messages = source.closed_channels.iter().any(carries).then(|| {
        let what = choose(
            "Messages in the video stream, such as captions and positions",
            "Messages inside the pictures' stream: captions, positions and the like",
        );
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
