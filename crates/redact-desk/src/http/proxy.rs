//! Sends video to a browser, counted as viewed by the bytes sent: proxies, and clips of previews.

use std::ops::Range;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{StatusCode, header};
use axum::response::Response;
use http_body::{Frame, SizeHint};

use crate::api_error::ApiResult;
use crate::domain::frames::Frames;
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::SessionUser;
use crate::paths::recording_files::PROXY;
use crate::service::app::App;
use crate::service::recordings::frames;
use crate::service::views::note;

/// Bytes of video between two counts.
const COUNT_EVERY: u64 = 1 << 20;

/// What is sent.
pub(crate) struct Shown {
    pub(crate) seen: Seen,
    pub(crate) path: PathBuf,
    /// The frames of the recording that are in the file.
    pub(crate) frames: Range<u32>,
}

impl Shown {
    /// The proxy of a recording.
    ///
    /// # Errors
    /// 404, 409 `not_ready`.
    pub(crate) async fn proxy(app: &App, recording: &Id) -> ApiResult<Self> {
        Ok(Self {
            seen: Seen::Video,
            path: app.folders.recording(recording).join(PROXY),
            frames: 0..frames(app, recording).await?,
        })
    }
}

/// Counts the bytes sent as viewed video.
///
/// # Errors
/// Those of [`note`].
pub(crate) async fn note_video(
    app: &App,
    (who, recording): (&SessionUser, &Id),
    shown: Shown,
    answer: Response,
) -> ApiResult<Response> {
    note(app, who, recording, shown.seen, 0..0).await?;
    let Shown { seen, path, frames } = shown;
    let (first, count) = (frames.start, frames.end.saturating_sub(frames.start));
    let frames = tokio::task::spawn_blocking(move || Frames::of(&path, count)).await?;
    let start = range_start(&answer);
    let sent = Sent {
        app: Arc::clone(app),
        who: who.clone(),
        recording: recording.clone(),
        seen,
        first,
        frames,
        counted: start,
        at: start,
    };
    Ok(answer.map(|body| Body::new(Counted { body, sent })))
}

/// The first byte of a partial response.
fn range_start(answer: &Response) -> u64 {
    let line = answer.headers().get(header::CONTENT_RANGE);
    let line = line.filter(|_| answer.status() == StatusCode::PARTIAL_CONTENT);
    line.and_then(|line| line.to_str().ok()?.strip_prefix("bytes "))
        .and_then(|line| line.split('-').next()?.parse().ok())
        .unwrap_or(0)
}

/// A video being sent.
struct Sent {
    app: App,
    who: SessionUser,
    recording: Id,
    seen: Seen,
    /// The frame of the recording that is the file's first one.
    first: u32,
    frames: Frames,
    counted: u64,
    at: u64,
}

impl Sent {
    fn count(&mut self) {
        let (start, end) = self.frames.within(self.counted, self.at);
        self.counted = self.at;
        let (start, end) = (self.first + start, self.first + end);
        let app = &self.app;
        app.views
            .change(app.now(), &self.who, &self.recording, |view| {
                if view.seen.is_empty() {
                    // The session has ended; what is still sent becomes a new view.
                    view.seen.insert(self.seen.word().to_owned(), 1);
                }
                if view.spans.add(start, end) {
                    view.stored = false;
                }
            });
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.count();
    }
}

/// A body that counts the bytes read from it.
struct Counted {
    body: Body,
    sent: Sent,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.sent.at += bytes.len() as u64;
            if self.sent.at - self.sent.counted >= COUNT_EVERY {
                self.sent.count();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
