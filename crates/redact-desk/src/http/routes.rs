//! All routes with their methods and roles, in one table.
//!
//! The router is built from the table, so there is no other route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::{
    absences, access, access_pdf, accounts, audits, cameras, clips, clocks, comments, connections,
    disposal_pdf, disposals, event_pdf, events, fees, grants, guard, health, holds, imports, inbox,
    invites, invoices, jobs, letters, machines, mail, manual, misuse, office, packages, page,
    passkeys, policies, policy_versions, practice, provider, queue, queue_views, rechecks,
    recording_changes, recordings, releases, reports, requests, retention, reviews, sealings,
    search, second_factor, settings, statistics, statistics_pdf, stream, templates, thread,
    transcripts, uploads, users, verifier, views, watch_folder,
};
use crate::model::Role;
use crate::service::app::App;

/// A route, its method and its roles. `None` for roles means that no session is needed.
#[derive(Clone, Debug)]
pub struct RouteInfo {
    /// The method.
    pub method: Method,
    /// The path, with `{…}` for parameters.
    pub path: &'static str,
    /// The roles that may use it.
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

const QUEUE: Option<&[Role]> = Some(&[Role::Operator, Role::Approver, Role::Administrator]);

const LOG: Option<&[Role]> = Some(&[Role::Auditor, Role::Administrator]);

const APPROVE: Option<&[Role]> = Some(&[Role::Approver]);
const DECIDE: Option<&[Role]> = Some(&[Role::Approver, Role::Administrator]);

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
    let mut table = people_and_requests();
    table.extend(recordings_and_reviews());
    table.extend(jobs_and_releases());
    table.extend(ways_in());
    table.extend(letters_and_invoices());
    table.extend(access_and_figures());
    table.extend(records_life());
    table.extend(intake_and_queue());
    table
}

/// Names, second factors and other ways to sign in.
fn ways_in() -> Vec<Route> {
    routes! {
        POST "/api/users/{id}/rename" ADMIN => users::rename,
        POST "/api/me/recovery-codes" ALL => second_factor::make_codes,
        POST "/api/me/second-factor" ALL => second_factor::begin,
        POST "/api/me/second-factor/confirm" ALL => second_factor::confirm,
        GET "/api/me/passkeys" ALL => passkeys::list,
        POST "/api/me/passkeys" ALL => passkeys::add,
        POST "/api/me/passkeys/begin" ALL => passkeys::begin,
        DELETE "/api/me/passkeys/{id}" ALL => passkeys::remove,
        GET "/api/me/mail" ALL => mail::show,
        PUT "/api/me/mail" ALL => mail::choose,
        GET "/api/mail" ADMIN => mail::state,
        POST "/api/mail/test" ADMIN => mail::test,
        POST "/api/mail/{id}/retry" ADMIN => mail::retry,
        DELETE "/api/mail/{id}" ADMIN => mail::remove,
        GET "/api/me/absence" WORK => absences::show,
        PUT "/api/me/absence" WORK => absences::enter,
        DELETE "/api/me/absence" WORK => absences::end,
        PUT "/api/users/{id}/absence" ADMIN => absences::enter_for,
        DELETE "/api/users/{id}/absence" ADMIN => absences::end_for,
        POST "/api/session/provider" OPEN => provider::begin,
        GET "/sign-in/return" OPEN => provider::finish,
        POST "/api/users/{id}/provider" ADMIN => provider::link,
        POST "/api/session/passkey" OPEN => passkeys::sign_in,
        POST "/api/session/passkey/begin" OPEN => passkeys::begin_sign_in,
    }
}

/// The search, the queue, and what people write about requests.
fn intake_and_queue() -> Vec<Route> {
    routes! {
        GET "/api/policies/{digest}/text" ALL => policy_versions::text,
        GET "/api/policy-versions" ALL => policy_versions::list,
        POST "/api/policy-versions" ADMIN => policy_versions::propose,
        POST "/api/policy-versions/{id}/confirm" DECIDE => policy_versions::confirm,
        POST "/api/policy-versions/{id}/refuse" DECIDE => policy_versions::refuse,
        GET "/api/settings" ADMIN => settings::show,
        PUT "/api/settings" ADMIN => settings::change,
        GET "/api/health" OPEN => health::word,
        GET "/api/health/details" ADMIN => health::show,
        GET "/api/search" ALL => search::find,
        GET "/api/queue" SHOW => queue::show,
        GET "/api/queue/csv" SHOW => queue::csv,
        GET "/api/queue/views" SHOW => queue_views::list,
        POST "/api/queue/views" SHOW => queue_views::add,
        PUT "/api/queue/views/{id}" SHOW => queue_views::change,
        DELETE "/api/queue/views/{id}" SHOW => queue_views::remove,
        PUT "/api/recordings/{id}/details" WORK => recording_changes::set_details,
        GET "/api/requests/{id}/watch" WORK => watch_folder::show,
        PUT "/api/requests/{id}/watch" WORK => watch_folder::begin,
        DELETE "/api/requests/{id}/watch" WORK => watch_folder::end,
        POST "/api/imports/preview" WORK => imports::preview,
        POST "/api/imports" WORK => imports::commit,
        DELETE "/api/requests/{id}/expected/{entry}" WORK => imports::remove_expected,
        GET "/api/templates" WORK => templates::list,
        POST "/api/templates" WORK => templates::add,
        PUT "/api/templates/{id}" WORK => templates::change,
        DELETE "/api/templates/{id}" WORK => templates::remove,
        POST "/api/inbox/seen" WORK => inbox::see,
        GET "/api/requests/{id}/thread" SHOW => thread::show,
        POST "/api/requests/{id}/notes" WORK => thread::add_note,
        POST "/api/requests/{id}/notes/seen" WORK => thread::see_notes,
        PUT "/api/requests/{id}/notes/{entry}" WORK => thread::change_note,
        POST "/api/requests/{id}/tasks" WORK => thread::add_task,
        PUT "/api/requests/{id}/tasks/{entry}" WORK => thread::change_task,
        DELETE "/api/requests/{id}/tasks/{entry}" WORK => thread::remove_task,
    }
}

/// Accounts, requests, uploads.
fn people_and_requests() -> Vec<Route> {
    routes! {
        GET "/api/state" OPEN => accounts::state,
        POST "/api/session" OPEN => accounts::sign_in,
        DELETE "/api/session" ALL => accounts::sign_out,
        GET "/api/me" ALL => accounts::me,
        POST "/api/me/password" ALL => accounts::change_password,
        GET "/api/invites/{token}" OPEN => invites::invite,
        POST "/api/invites/{token}" OPEN => invites::enroll,
        POST "/api/invites/{token}/confirm" OPEN => invites::confirm,
        GET "/api/users" ADMIN => users::list,
        POST "/api/users" ADMIN => users::add,
        PATCH "/api/users/{id}" ADMIN => users::change,
        POST "/api/users/{id}/reset" ADMIN => users::reset,
        POST "/api/users/{id}/confirm" ADMIN => grants::confirm,
        POST "/api/users/{id}/refuse" ADMIN => grants::refuse,
        GET "/api/notices" ALL => grants::notices,
        POST "/api/notices/{id}/dismiss" ALL => grants::dismiss,
        GET "/api/people" WORK => users::people,
        GET "/api/requests" SHOW => requests::list,
        POST "/api/requests" WORK => requests::add,
        GET "/api/requests/{id}" SHOW => requests::one,
        PATCH "/api/requests/{id}" WORK => requests::change,
        POST "/api/requests/{id}/close" WORK => requests::close,
        POST "/api/requests/{id}/reopen" WORK => requests::reopen,
        PUT "/api/requests/{id}/cameras" WORK => cameras::place,
        GET "/api/due" WORK => clocks::due,
        POST "/api/requests/{id}/clock/stop" WORK => clocks::stop,
        POST "/api/requests/{id}/clock/start" WORK => clocks::start,
        POST "/api/requests/{id}/clock/extend" WORK => clocks::extend,
        POST "/api/requests/{id}/clock/take-back" WORK => clocks::take_back,
        POST "/api/requests/{id}/clock/record" WORK => clocks::record,
        GET "/api/requests/{id}/fees" WORK => fees::show,
        POST "/api/requests/{id}/time" WORK => fees::add_time,
        PUT "/api/requests/{id}/time/{entry}" WORK => fees::change_time,
        DELETE "/api/requests/{id}/time/{entry}" WORK => fees::remove_time,
        POST "/api/requests/{id}/estimates" WORK => fees::estimate,
        GET "/api/office" ALL => office::show,
        GET "/api/inbox" WORK => inbox::list,
        GET "/api/laws" SHOW => clocks::laws,
        GET "/api/policies" ALL => policies::list,
        GET "/api/policies/{digest}" ALL => policies::one,
        GET "/api/uploads" SHOW => uploads::list,
        POST "/api/uploads" SHOW => uploads::begin,
        GET "/api/uploads/{id}" SHOW => uploads::one,
        PUT "/api/uploads/{id}" SHOW => uploads::piece,
        DELETE "/api/uploads/{id}" SHOW => uploads::remove,
        POST "/api/uploads/{id}/finish" SHOW => uploads::finish,
        GET "/api/manual" OPEN => manual::show,
        GET "/api/manual/{file}" ALL => manual::pdf,
        GET "/api/practice" WORK => practice::show,
        POST "/api/practice" WORK => practice::start,
        DELETE "/api/practice" WORK => practice::remove,
        GET "/api/watch-folder" WORK => watch_folder::list,
        POST "/api/watch-folder/{id}/take" WORK => watch_folder::take,
    }
}

/// Recordings and decisions about them.
fn recordings_and_reviews() -> Vec<Route> {
    routes! {
        GET "/api/recordings/{id}" WORK => recordings::one,
        PATCH "/api/recordings/{id}" WORK => recording_changes::change,
        POST "/api/recordings/{id}/remove" WORK => recording_changes::remove,
        POST "/api/recordings/{id}/retry" WORK => recordings::retry,
        POST "/api/recordings/{id}/accept" WORK => recordings::accept,
        POST "/api/recordings/{id}/options" WORK => recordings::set_options,
        POST "/api/recordings/{id}/again" WORK => recordings::add_again,
        GET "/api/recordings/{id}/timeline" WORK => recordings::timeline,
        GET "/api/recordings/{id}/tracks" WORK => recordings::tracks,
        GET "/api/recordings/{id}/proxy" WORK => recordings::proxy,
        GET "/api/recordings/{id}/waveform/{track}" WORK => recordings::waveform,
        GET "/api/recordings/{id}/thumbnails/{track}" WORK => recordings::thumbnail,
        GET "/api/recordings/{id}/thumbnails/{track}/worst" WORK => recordings::worst_thumbnail,
        GET "/api/recordings/{id}/frames/{frame}" WORK => recordings::frame,
        GET "/api/recordings/{id}/views" SHOW => views::list,
        POST "/api/recordings/{id}/follow" WORK => recordings::follow,
        POST "/api/recordings/{id}/reviews" WORK => reviews::add,
        GET "/api/reviews/{id}" WORK => reviews::one,
        PUT "/api/reviews/{id}" WORK => reviews::save,
        GET "/api/reviews/{id}/revisions" WORK => reviews::revisions,
        GET "/api/reviews/{id}/revisions/{revision}" WORK => reviews::revision,
        GET "/api/reviews/{id}/transcript" WORK => transcripts::show,
        GET "/api/reviews/{id}/named" WORK => cameras::named,
        GET "/api/reviews/{id}/summary" WORK => reviews::summary,
        GET "/api/practice/reviews/{id}/score" WORK => practice::score,
        GET "/api/reviews/{id}/sheet" WORK => reviews::sheet,
        GET "/api/reviews/{id}/comments" WORK => comments::list,
        POST "/api/reviews/{id}/comments" WORK => comments::comment,
        POST "/api/reviews/{id}/send-back" WORK => comments::send_back,
        POST "/api/reviews/{id}/hand-in" WORK => comments::hand_in,
        GET "/api/reviews/{id}/reasons" WORK => comments::reasons,
        POST "/api/reviews/{id}/reasons" WORK => comments::change_reasons,
        GET "/api/reviews/{id}/differences/{other}" WORK => reviews::differences,
        GET "/api/reviews/{id}/preview/{frame}" WORK => reviews::preview_frame,
        POST "/api/reviews/{id}/preview" WORK => reviews::preview_clip,
        GET "/api/reviews/{id}/clip" WORK => clips::show,
        POST "/api/reviews/{id}/clip" WORK => clips::make,
        POST "/api/reviews/{id}/approve" WORK => reviews::approve,
        POST "/api/reviews/{id}/withdraw" WORK => reviews::withdraw,
        POST "/api/reviews/{id}/releases" WORK => releases::begin,
    }
}

/// Jobs, releases, packages, audits, the event log.
fn jobs_and_releases() -> Vec<Route> {
    routes! {
        GET "/api/jobs" WORK => jobs::list,
        GET "/api/jobs/{id}" SHOW => jobs::one,
        POST "/api/jobs/{id}/cancel" WORK => jobs::cancel,
        POST "/api/jobs/{id}/retry" WORK => jobs::retry,
        GET "/api/jobs/{id}/clip" WORK => jobs::clip,
        GET "/api/machines" QUEUE => machines::list,
        GET "/api/releases" SHOW => releases::list,
        GET "/api/releases/{id}" SHOW => releases::one,
        GET "/api/releases/{id}/differences/{other}" WORK => releases::differences,
        GET "/api/releases/{id}/files/{kind}" SHOW => releases::file,
        POST "/api/releases/{id}/verify" WORK => releases::verify,
        GET "/api/releases/{id}/copies" SHOW => releases::copies,
        POST "/api/releases/{id}/copies" WORK => releases::hand_over,
        GET "/api/transmittals" WORK => packages::profiles,
        POST "/api/requests/{id}/packages" WORK => packages::begin,
        GET "/api/packages/{id}" SHOW => packages::one,
        GET "/api/packages/{id}/file" SHOW => packages::file,
        POST "/api/packages/{id}/copies" WORK => packages::hand_over,
        GET "/api/verifier" SHOW => verifier::show,
        GET "/api/verifier/file" SHOW => verifier::file,
        GET "/api/rechecks" ALL => rechecks::show,
        POST "/api/rechecks" ALL => rechecks::begin,
        POST "/api/audits" SHOW => audits::begin,
        GET "/api/audits" SHOW => audits::list,
        GET "/api/audits/{id}" SHOW => audits::one,
        GET "/api/audits/{id}/report" SHOW => audits::report,
        GET "/api/events" LOG => events::list,
        GET "/api/events/csv" LOG => events::csv,
        POST "/api/events/pdf" LOG => event_pdf::make,
        GET "/api/exports/{id}/pdf" ALL => reports::pdf,
        GET "/api/exports/{id}/signature" ALL => reports::signature,
        GET "/api/events/check" LOG => events::check,
        GET "/api/statistics" ALL => statistics::show,
        GET "/api/statistics/csv" ALL => statistics::csv,
        GET "/api/stream" SHOW => stream::stream,
    }
}

/// Letters to requesters, invoices, payments.
fn letters_and_invoices() -> Vec<Route> {
    routes! {
        GET "/api/requests/{id}/letters" SHOW => letters::list,
        POST "/api/requests/{id}/letters" WORK => letters::make,
        POST "/api/requests/{id}/letters/preview" WORK => letters::preview,
        DELETE "/api/requests/{id}/letters/{letter}" WORK => letters::remove,
        GET "/api/requests/{id}/letters/{letter}/pdf" SHOW => letters::pdf,
        POST "/api/requests/{id}/letters/{letter}/sends" WORK => letters::record_send,
        GET "/api/requests/{id}/invoices" SHOW => invoices::list,
        POST "/api/requests/{id}/invoices" WORK => invoices::make,
        POST "/api/requests/{id}/invoices/preview" WORK => invoices::preview,
        GET "/api/requests/{id}/invoices/{invoice}/pdf" SHOW => invoices::pdf,
        POST "/api/requests/{id}/invoices/{invoice}/void" WORK => invoices::void,
        POST "/api/requests/{id}/invoices/{invoice}/payments" WORK => invoices::pay,
        POST "/api/requests/{id}/invoices/{invoice}/payments/{payment}/void" WORK =>
            invoices::void_payment,
    }
}

/// Who got at what, and figures for a council.
fn access_and_figures() -> Vec<Route> {
    routes! {
        GET "/api/access" LOG => access::show,
        GET "/api/access/csv" LOG => access::csv,
        POST "/api/access/pdf" LOG => access_pdf::pdf,
        GET "/api/misuse" LOG => misuse::list,
        GET "/api/misuse/csv" LOG => misuse::csv,
        POST "/api/misuse/{id}/review" LOG => misuse::review,
        GET "/api/statistics/pdf" ALL => statistics_pdf::pdf,
    }
}

/// How long recordings stay, and how they go.
fn records_life() -> Vec<Route> {
    routes! {
        GET "/api/retention" WORK => retention::list,
        GET "/api/requests/{id}/retention" WORK => retention::of_request,
        PUT "/api/recordings/{id}/retention" WORK => retention::set,
        POST "/api/recordings/{id}/retention/asked" WORK => retention::ask,
        POST "/api/holds" WORK => holds::place,
        POST "/api/holds/{id}/release" APPROVE => holds::release,
        GET "/api/sealings" WORK => sealings::list,
        POST "/api/sealings" WORK => sealings::enter,
        POST "/api/sealings/{id}/told" WORK => sealings::told,
        POST "/api/sealings/{id}/lift" APPROVE => sealings::lift,
        POST "/api/recordings/{id}/disposal" WORK => disposals::propose,
        GET "/api/disposals" SHOW => disposals::list,
        GET "/api/disposals/{id}" SHOW => disposals::one,
        POST "/api/disposals/{id}/confirm" APPROVE => disposals::confirm,
        POST "/api/disposals/{id}/refuse" WORK => disposals::refuse,
        GET "/api/disposals/{id}/certificate" SHOW => disposals::certificate,
        GET "/api/disposals/{id}/signature" SHOW => disposals::signature,
        POST "/api/disposals/{id}/pdf" SHOW => disposal_pdf::make,
    }
}

/// All routes of the API, for tests of permissions.
#[must_use]
pub fn route_table() -> Vec<RouteInfo> {
    table().into_iter().map(|route| route.info).collect()
}

/// The service: the routes behind the guards, and the page for everything else.
pub(crate) fn router(app: &App) -> Router {
    let mut router: Router<App> = Router::new();
    for Route { info, handler } in table() {
        let roles = info.roles;
        let guarded = handler.route_layer(from_fn_with_state(
            app.clone(),
            move |state, request, next| guard::authorize(state, roles, request, next),
        ));
        router = router.route(info.path, guarded);
    }
    router
        .method_not_allowed_fallback(|| async { guard::method_not_allowed() })
        .fallback(page::page)
        // Bodies are limited where they are read: only pieces of uploads are large.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), guard::check_origin))
        .layer(from_fn_with_state(app.clone(), guard::check_host))
        .layer(from_fn(guard::json_errors))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .layer(from_fn(connections::serving))
        .with_state(app.clone())
}
