//! The page: files that are part of the program.

use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::api_error::ApiError;

/// The page as built by `npm run build`; empty if it was not built before the program.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

/// Shown if the page was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>Redact</title>\
    <h1>The page was not built</h1>\
    <p>Build it with <code>npm ci &amp;&amp; npm run build</code> in \
    <code>crates/redact-desk/web</code>, then build the program again.</p></html>";

/// Any address outside the API: a file of the page, or else the page itself.
pub(crate) async fn page(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    if path == "/api" || path.starts_with("/api/") {
        return ApiError::not_found().into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let name = path.trim_start_matches('/');
    let name = if name.is_empty() { "index.html" } else { name };
    if let Some(file) = Files::get(name) {
        let kind = kind(name);
        // Names under `assets/` contain a digest of the content.
        let caching = if name.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-store"
        };
        let head = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, caching),
        ];
        return (head, file.data).into_response();
    }
    if name.contains('.') {
        return (StatusCode::NOT_FOUND, "Not found.").into_response();
    }
    match Files::get("index.html") {
        Some(file) => Html(file.data).into_response(),
        None => Html(NOT_BUILT).into_response(),
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("json" | "webmanifest") => "application/json",
        _ => "application/octet-stream",
    }
}
