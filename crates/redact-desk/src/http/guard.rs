//! What every request must pass before a route handles it: a known host, the same origin, a
//! session, a role. Also the headers of every response.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use redact_record::events::Act;

use super::connections::ClientConnection;
use super::cookies;
use crate::api_error::{ApiError, ApiResult, Status, too_large};
use crate::db::practice;
use crate::event::Event;
use crate::id::Id;
use crate::model::{Role, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::{sealed, sessions};

/// Only the page's own scripts; pictures and clips may also come from memory.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; \
     worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Refuses unknown host names: a browser may have been led here through another site's name.
pub(crate) async fn check_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let named = host(&request);
    let known = named.is_some_and(|named| {
        let hosts = &app.options.hosts;
        hosts.iter().any(|host| host.eq_ignore_ascii_case(&named))
    });
    if known {
        return next.run(request).await;
    }
    let message = "This host name is not allowed.";
    ApiError::new(Status::MisdirectedRequest, "wrong_host", message)
        .hint("Use the address that `redact desk` printed, or start it with --host NAME.")
        .into_response()
}

/// The host of a request, from its only `Host` header or from its target.
fn host(request: &Request) -> Option<String> {
    let mut lines = request.headers().get_all(header::HOST).iter();
    let line = match (lines.next(), lines.next()) {
        (Some(line), None) => Some(line.to_str().ok()?.to_owned()),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    let target = request.uri().authority().map(ToString::to_string);
    match (line, target) {
        (Some(line), Some(target)) => (line == target).then_some(line),
        (line, target) => line.or(target),
    }
}

/// Refuses requests that another site makes a browser send.
pub(crate) async fn check_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    if !api || is_same_origin(&app, request.method(), request.headers()) {
        return next.run(request).await;
    }
    let message = "Requests from other sites are not allowed.";
    ApiError::new(Status::Forbidden, "cross_site", message).into_response()
}

fn is_same_origin(app: &Shared, method: &Method, headers: &HeaderMap) -> bool {
    let reading = matches!(*method, Method::GET | Method::HEAD);
    let fetch = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let fetch_right = match fetch {
        // Typed or opened from a bookmark, as with a download.
        Some(b"none") => reading,
        Some(site) => site == b"same-origin",
        None => true,
    };
    let origin_right = origin.is_none_or(|origin| {
        let scheme: &[u8] = if app.options.tls {
            b"https://"
        } else {
            b"http://"
        };
        let hosts = &app.options.hosts;
        origin.strip_prefix(scheme).is_some_and(|named| {
            hosts
                .iter()
                .any(|host| host.as_bytes().eq_ignore_ascii_case(named))
        })
    });
    // Browsers send at least one of the two with a request that changes something.
    fetch_right && origin_right && (reading || fetch.is_some() || origin.is_some())
}

/// Lets a request through if the user's role allows the route; `None` allows everyone.
pub(crate) async fn authorize(
    State(app): State<App>,
    roles: Option<&'static [Role]>,
    mut request: Request,
    next: Next,
) -> Response {
    // No path of the API has a character that needs an escape. What is escaped would be another
    // path to the checks below than to the route.
    if request.uri().path().contains('%') {
        return ApiError::not_found().into_response();
    }
    let Some(roles) = roles else {
        return next.run(request).await;
    };
    let who = match cookies::who(&app, request.headers()).await {
        Ok(Some(who)) => who,
        Ok(None) => return sessions::signed_out().into_response(),
        Err(error) => return error.into_response(),
    };
    if let Some(connection) = request.extensions().get::<Arc<ClientConnection>>() {
        connection.mark_signed_in();
    }
    if !roles.contains(&who.role) {
        let message = format!("The role {} does not allow this.", who.role.name());
        return ApiError::new(Status::Forbidden, "forbidden", message).into_response();
    }
    // The event stream does not extend a session.
    if request.uri().path() != "/api/stream"
        && let Err(error) = sessions::touch(&app, &who).await
    {
        return ApiError::from(error).into_response();
    }
    if let Err(error) = check_practice(&app, &who, request.uri().path()).await {
        return error.into_response();
    }
    if let Err(error) = check_sealed(&app, &who, request.uri().path()).await {
        return error.into_response();
    }
    request.extensions_mut().insert(who);
    next.run(request).await
}

/// Hides other people's practice: its requests, recordings, reviews, releases, packages and jobs.
///
/// # Errors
/// 404.
async fn check_practice(app: &App, who: &SessionUser, path: &str) -> ApiResult<()> {
    let mut pieces = path.trim_start_matches("/api/").split('/');
    let (Some(kind), Some(id)) = (pieces.next(), pieces.next()) else {
        return Ok(());
    };
    let Some(id) = Id::read(id) else {
        return Ok(());
    };
    match practice::owner(&app.db, kind, &id).await? {
        Some(owner) if owner != who.id => Err(ApiError::not_found()),
        _ => Ok(()),
    }
}

/// Refuses what an order of a court closes to the user, whichever place of the path names it. That
/// somebody tried to open it is in the event log.
///
/// # Errors
/// 403 `sealed`.
async fn check_sealed(app: &App, who: &SessionUser, path: &str) -> ApiResult<()> {
    let mut pieces = path.trim_start_matches("/api/").split('/');
    let Some(kind) = pieces.next() else {
        return Ok(());
    };
    let rest: Vec<&str> = pieces.collect();
    for id in rest.iter().filter_map(|piece| Id::read(piece)) {
        let Err(refused) = sealed::check(app, who, kind, &id).await else {
            continue;
        };
        // One entry for each page that is opened, not for each picture on it.
        if rest.len() == 1 && refused.is("sealed") {
            let event = Event::new(Act::View, "sealed").refused();
            let one = kind.strip_suffix('s').unwrap_or(kind);
            app.log_event(&who.name, event.id(one, &id)).await?;
        }
        return Err(refused);
    }
    Ok(())
}

/// The route does not support the method.
pub(crate) fn method_not_allowed() -> ApiError {
    let message = "Method not allowed.";
    ApiError::new(Status::MethodNotAllowed, "method_not_allowed", message)
}

/// Rewrites errors of the framework in the API's form.
pub(crate) async fn json_errors(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !api || !plain || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    match status {
        StatusCode::NOT_FOUND => ApiError::not_found(),
        StatusCode::BAD_REQUEST => ApiError::field("path", "The address is malformed."),
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(),
        _ if status.is_client_error() => {
            ApiError::new(Status::BadRequest, "malformed", "The request is malformed.")
        }
        _ => ApiError::internal(&"an error without a message"),
    }
    .into_response()
}

/// Headers of every response.
pub(crate) async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), usb=()",
    );
    if app.options.tls {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
