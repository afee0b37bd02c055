//! Sends video to a browser, counted as viewed by the bytes sent.

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

/// Counts the bytes sent of a proxy as viewed video.
///
/// # Errors
/// Those of [`note`].
pub(crate) async fn note_video(
    app: &App,
    who: &SessionUser,
    recording: &Id,
    answer: Response,
) -> ApiResult<Response> {
    note(app, who, recording, Seen::Video, 0..0).await?;
    let path = app.folders.recording(recording).join(PROXY);
    let count = frames(app, recording).await?;
    let frames = tokio::task::spawn_blocking(move || Frames::of(&path, count)).await?;
    let start = range_start(&answer);
    let sent = Sent {
        app: Arc::clone(app),
        who: who.clone(),
        recording: recording.clone(),
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

/// A proxy being sent.
struct Sent {
    app: App,
    who: SessionUser,
    recording: Id,
    frames: Frames,
    counted: u64,
    at: u64,
}

impl Sent {
    fn count(&mut self) {
        let (start, end) = self.frames.within(self.counted, self.at);
        self.counted = self.at;
        let app = &self.app;
        app.views
            .change(app.now(), &self.who, &self.recording, |view| {
                if view.seen.is_empty() {
                    // The session has ended; what is still sent becomes a new view.
                    view.seen.insert(Seen::Video.word().to_owned(), 1);
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
