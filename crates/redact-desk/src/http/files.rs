//! Sends files to a browser, whole or as one byte range.

use std::io::SeekFrom;
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::api_error::{ApiError, ApiResult, Status};

/// How a file is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendAs<'a> {
    /// Its media type.
    pub(crate) kind: &'static str,
    /// The name to save it under; `None` displays it in the page.
    pub(crate) save_as: Option<&'a str>,
}

impl SendAs<'static> {
    /// A file that is displayed in the page.
    pub(crate) const fn inline(kind: &'static str) -> Self {
        Self {
            kind,
            save_as: None,
        }
    }
}

/// Sends a file; 404 if it does not exist.
///
/// # Errors
/// 404, 416.
pub(crate) async fn send(
    path: &Path,
    shown: SendAs<'_>,
    headers: &HeaderMap,
) -> ApiResult<Response> {
    let opened = tokio::fs::File::open(path).await;
    let mut file = opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ApiError::not_found(),
        _ => error.into(),
    })?;
    let length = file.metadata().await?.len();
    let range = match headers.get(header::RANGE) {
        Some(line) => {
            let range = line.to_str().ok().and_then(|line| byte_range(line, length));
            Some(range.ok_or_else(|| bad_range(length))?)
        }
        None => None,
    };
    let (start, end) = range.unwrap_or((0, length));
    file.seek(SeekFrom::Start(start)).await?;
    let body = Body::from_stream(ReaderStream::with_capacity(
        file.take(end - start),
        64 << 10,
    ));
    let mut response = body.into_response();
    let head = response.headers_mut();
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static(shown.kind));
    head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    head.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    if let Some(name) = shown.save_as {
        head.insert(header::CONTENT_DISPOSITION, attachment(name));
    }
    if range.is_some() {
        let line = format!("bytes {start}-{}/{length}", end - 1);
        head.insert(header::CONTENT_RANGE, value(&line));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn bad_range(length: u64) -> ApiError {
    let message = format!("Expected one byte range within {length} bytes.");
    ApiError::new(Status::RangeNotSatisfiable, "bad_range", message)
}

/// Parses the header `Range`: `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-COUNT`. Returns the
/// range within a file of `length` bytes, half-open; `None` for anything else. Source: RFC 9110,
/// 14.1.2.
#[must_use]
pub fn byte_range(line: &str, length: u64) -> Option<(u64, u64)> {
    let spec = line.strip_prefix("bytes=")?.trim();
    let (first, last) = spec.split_once('-')?;
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (start, end) = match (first, last) {
        ("", count) => (length.saturating_sub(number(count)?), length),
        (first, "") => (number(first)?, length),
        (first, last) => (number(first)?, number(last)?.checked_add(1)?.min(length)),
    };
    (start < end).then_some((start, end))
}

/// Bytes to save under a name.
pub(crate) fn download(kind: &'static str, name: &str, bytes: impl Into<Vec<u8>>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, attachment(name)),
    ];
    (headers, bytes.into()).into_response()
}

/// `attachment` with a name that is safe everywhere. Source: RFC 6266.
fn attachment(name: &str) -> HeaderValue {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    value(&format!("attachment; filename=\"{name}\""))
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(u64, u64)>) {
        assert_eq!(byte_range(line, 100), expected, "{line}");
    }

    #[test]
    fn one_range_within_the_file_is_taken_and_nothing_else() {
        check("bytes=0-9", Some((0, 10)));
        check("bytes=90-", Some((90, 100)));
        check("bytes=-10", Some((90, 100)));
        check("bytes=-1000", Some((0, 100)));
        check("bytes=0-1000", Some((0, 100)));
        for wrong in [
            "bytes=100-",
            "bytes=5-4",
            "bytes=0-1,3-4",
            "bytes=-0",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "items=0-1",
            "bytes=18446744073709551615-18446744073709551615",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        let value = attachment("a\"; filename=\"../b\r\nx.mp4");
        assert_eq!(value, "attachment; filename=\"a___filename__.._b__x.mp4\"");
    }
}
