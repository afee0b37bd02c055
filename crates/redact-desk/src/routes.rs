//! Every route with its method and the roles that may use it, in one table.
//!
//! The router is made of the table, so there is no route that it does not name.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde::{Deserialize, Serialize};

use crate::answer::ApiError;
use crate::app::App;
use crate::{
    accounts, audits, clocks, connections, events, grants, guard, page, people, policies, queue,
    rechecks, recordings, releases, requests, review, stream, uploads, views, watch_folder,
};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum Role {
    /// Decides what is hidden.
    Operator,
    /// The same, and approves releases.
    Approver,
    /// Checks releases and reads the log.
    Auditor,
    /// Manages accounts and sees no evidence.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::Operator,
        Self::Approver,
        Self::Auditor,
        Self::Administrator,
    ];

    /// As `API.md` spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }
}

/// A route, its method and who may use it; `None` for roles means without signing in.
#[derive(Clone, Debug)]
pub struct RouteInfo {
    /// The method.
    pub method: Method,
    /// The path, with `{…}` for what varies.
    pub path: &'static str,
    /// Who may use it.
    pub roles: Option<&'static [Role]>,
}

struct Route {
    info: RouteInfo,
    handler: MethodRouter<App>,
}

const OPEN: Option<&[Role]> = None;
const ALL: Option<&[Role]> = Some(&Role::ALL);
const WORK: Option<&[Role]> = Some(&[Role::Operator, Role::Approver]);
const SHOW: Option<&[Role]> = Some(&[Role::Operator, Role::Approver, Role::Auditor]);
const LOG: Option<&[Role]> = Some(&[Role::Auditor, Role::Administrator]);
const ADMIN: Option<&[Role]> = Some(&[Role::Administrator]);

macro_rules! routes {
    ($($method:ident $path:literal $roles:ident => $handler:path,)+) => {
        vec![$(Route {
            info: RouteInfo { method: Method::$method, path: $path, roles: $roles },
            handler: on(MethodFilter::$method, $handler),
        },)+]
    };
}

fn table() -> Vec<Route> {
    routes! {
        GET "/api/state" OPEN => accounts::state,
        POST "/api/session" OPEN => accounts::sign_in,
        DELETE "/api/session" ALL => accounts::sign_out,
        GET "/api/me" ALL => accounts::me,
        POST "/api/me/password" ALL => accounts::change_password,
        GET "/api/invites/{token}" OPEN => accounts::invite,
        POST "/api/invites/{token}" OPEN => accounts::enrol,
        POST "/api/invites/{token}/confirm" OPEN => accounts::confirm,
        GET "/api/users" ADMIN => people::list,
        POST "/api/users" ADMIN => people::add,
        PATCH "/api/users/{id}" ADMIN => people::change,
        POST "/api/users/{id}/reset" ADMIN => people::reset,
        POST "/api/users/{id}/confirm" ADMIN => grants::confirm,
        POST "/api/users/{id}/refuse" ADMIN => grants::refuse,
        GET "/api/notices" ALL => grants::notices,
        POST "/api/notices/{id}/dismiss" ALL => grants::dismiss,
        GET "/api/people" WORK => people::people,
        GET "/api/requests" SHOW => requests::list,
        POST "/api/requests" WORK => requests::add,
        GET "/api/requests/{id}" SHOW => requests::one,
        PATCH "/api/requests/{id}" WORK => requests::change,
        GET "/api/clocks" WORK => clocks::list,
        GET "/api/policies" WORK => policies::list,
        GET "/api/policies/{digest}" WORK => policies::one,
        GET "/api/uploads" SHOW => uploads::list,
        POST "/api/uploads" SHOW => uploads::begin,
        GET "/api/uploads/{id}" SHOW => uploads::one,
        PUT "/api/uploads/{id}" SHOW => uploads::piece,
        DELETE "/api/uploads/{id}" SHOW => uploads::remove,
        POST "/api/uploads/{id}/finish" SHOW => uploads::finish,
        GET "/api/watch-folder" WORK => watch_folder::list,
        POST "/api/watch-folder/{id}/take" WORK => watch_folder::take,
        GET "/api/recordings/{id}" WORK => recordings::one,
        POST "/api/recordings/{id}/retry" WORK => recordings::retry,
        POST "/api/recordings/{id}/accept" WORK => recordings::accept,
        GET "/api/recordings/{id}/timeline" WORK => recordings::timeline,
        GET "/api/recordings/{id}/tracks" WORK => recordings::tracks,
        GET "/api/recordings/{id}/proxy" WORK => recordings::proxy,
        GET "/api/recordings/{id}/waveform/{track}" WORK => recordings::waveform,
        GET "/api/recordings/{id}/thumbnails/{track}" WORK => recordings::thumbnail,
        GET "/api/recordings/{id}/frames/{frame}" WORK => recordings::frame,
        GET "/api/recordings/{id}/views" SHOW => views::list,
        POST "/api/recordings/{id}/follow" WORK => recordings::follow,
        POST "/api/recordings/{id}/reviews" WORK => review::add,
        GET "/api/reviews/{id}" WORK => review::one,
        PUT "/api/reviews/{id}" WORK => review::save,
        GET "/api/reviews/{id}/revisions" WORK => review::revisions,
        GET "/api/reviews/{id}/revisions/{revision}" WORK => review::revision,
        GET "/api/reviews/{id}/summary" WORK => review::summary,
        GET "/api/reviews/{id}/differences/{other}" WORK => review::differences,
        GET "/api/reviews/{id}/preview/{frame}" WORK => review::preview_frame,
        POST "/api/reviews/{id}/preview" WORK => review::preview_clip,
        POST "/api/reviews/{id}/approve" WORK => review::approve,
        POST "/api/reviews/{id}/withdraw" WORK => review::withdraw,
        POST "/api/reviews/{id}/releases" WORK => releases::begin,
        GET "/api/jobs" WORK => queue::list,
        GET "/api/jobs/{id}" SHOW => queue::one,
        POST "/api/jobs/{id}/cancel" WORK => queue::cancel,
        POST "/api/jobs/{id}/retry" WORK => queue::retry,
        GET "/api/jobs/{id}/clip" WORK => queue::clip,
        GET "/api/releases" SHOW => releases::list,
        GET "/api/releases/{id}" SHOW => releases::one,
        GET "/api/releases/{id}/differences/{other}" WORK => releases::differences,
        GET "/api/releases/{id}/files/{kind}" SHOW => releases::file,
        POST "/api/releases/{id}/verify" WORK => releases::verify,
        GET "/api/releases/{id}/copies" SHOW => releases::copies,
        POST "/api/releases/{id}/copies" WORK => releases::hand_over,
        GET "/api/rechecks" ALL => rechecks::show,
        POST "/api/rechecks" ALL => rechecks::begin,
        POST "/api/audits" SHOW => audits::begin,
        GET "/api/audits" SHOW => audits::list,
        GET "/api/audits/{id}" SHOW => audits::one,
        GET "/api/events" LOG => events::list,
        GET "/api/events/check" LOG => events::check,
        GET "/api/stream" SHOW => stream::stream,
    }
}

/// Every route of the API, for tests of who may do what.
#[must_use]
pub fn route_table() -> Vec<RouteInfo> {
    table().into_iter().map(|route| route.info).collect()
}

/// The service: the table behind the guards, the page for everything else.
pub(crate) fn router(app: &App) -> Router {
    let mut router: Router<App> = Router::new();
    for Route { info, handler } in table() {
        let roles = info.roles;
        let guarded = handler.route_layer(from_fn_with_state(
            app.clone(),
            move |state, request, next| guard::admit(state, roles, request, next),
        ));
        router = router.route(info.path, guarded);
    }
    let not_allowed = || async {
        let message = "Method not allowed.";
        ApiError::new(
            axum::http::StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    };
    router
        .method_not_allowed_fallback(not_allowed)
        .fallback(page::page)
        // Bodies are bounded where they are read: pieces of uploads are large, the rest is not.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), guard::same_site))
        .layer(from_fn_with_state(app.clone(), guard::known_host))
        .layer(from_fn(guard::json_errors))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .layer(from_fn(connections::serving))
        .with_state(app.clone())
}
