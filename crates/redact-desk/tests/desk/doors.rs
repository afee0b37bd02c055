//! Who gets through which door: roles, other sites, other names.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use redact_desk::{Role, route_table};

use crate::bench::{Bench, HOST, Person};

/// Who may do what, written down a second time: O operator, P approver, U auditor, A administrator,
/// `-` without signing in.
const MATRIX: &str = "
-     GET    /api/state
-     POST   /api/session
OPUA  DELETE /api/session
OPUA  GET    /api/me
OPUA  POST   /api/me/password
-     GET    /api/invites/{token}
-     POST   /api/invites/{token}
-     POST   /api/invites/{token}/confirm
A     GET    /api/users
A     POST   /api/users
A     PATCH  /api/users/{id}
A     POST   /api/users/{id}/reset
A     POST   /api/users/{id}/confirm
A     POST   /api/users/{id}/refuse
A     POST   /api/users/{id}/rename
A     PUT    /api/users/{id}/absence
A     DELETE /api/users/{id}/absence
OPUA  POST   /api/me/recovery-codes
OPUA  POST   /api/me/second-factor
OPUA  POST   /api/me/second-factor/confirm
OPUA  GET    /api/me/passkeys
OPUA  POST   /api/me/passkeys
OPUA  POST   /api/me/passkeys/begin
OPUA  DELETE /api/me/passkeys/{id}
-     POST   /api/session/passkey
OPUA  GET    /api/me/mail
OPUA  PUT    /api/me/mail
A     GET    /api/mail
A     POST   /api/mail/test
A     POST   /api/mail/{id}/retry
A     DELETE /api/mail/{id}
OP    GET    /api/me/absence
OP    PUT    /api/me/absence
OP    DELETE /api/me/absence
-     POST   /api/session/provider
-     GET    /sign-in/return
A     POST   /api/users/{id}/provider
-     POST   /api/session/passkey/begin
OPUA  GET    /api/notices
OPUA  POST   /api/notices/{id}/dismiss
OP    GET    /api/people
OPU   GET    /api/requests
OP    POST   /api/requests
OPU   GET    /api/requests/{id}
OP    PATCH  /api/requests/{id}
OP    POST   /api/requests/{id}/close
OP    POST   /api/requests/{id}/reopen
OP    PUT    /api/requests/{id}/cameras
OP    GET    /api/reviews/{id}/named
OP    GET    /api/due
OP    POST   /api/requests/{id}/clock/stop
OP    POST   /api/requests/{id}/clock/start
OP    POST   /api/requests/{id}/clock/extend
OP    POST   /api/requests/{id}/clock/take-back
OP    POST   /api/requests/{id}/clock/record
OP    GET    /api/requests/{id}/fees
OP    POST   /api/requests/{id}/time
OP    PUT    /api/requests/{id}/time/{entry}
OP    DELETE /api/requests/{id}/time/{entry}
OP    POST   /api/requests/{id}/estimates
OPU   GET    /api/requests/{id}/letters
OP    POST   /api/requests/{id}/letters
OP    POST   /api/requests/{id}/letters/preview
OP    DELETE /api/requests/{id}/letters/{letter}
OPU   GET    /api/requests/{id}/letters/{letter}/pdf
OP    POST   /api/requests/{id}/letters/{letter}/sends
OPU   GET    /api/requests/{id}/invoices
OP    POST   /api/requests/{id}/invoices
OP    POST   /api/requests/{id}/invoices/preview
OPU   GET    /api/requests/{id}/invoices/{invoice}/pdf
OP    POST   /api/requests/{id}/invoices/{invoice}/void
OP    POST   /api/requests/{id}/invoices/{invoice}/payments
OP    POST   /api/requests/{id}/invoices/{invoice}/payments/{payment}/void
OPUA  GET    /api/office
OP    GET    /api/inbox
OPU   GET    /api/laws
-     GET    /api/manual
OPUA  GET    /api/manual/{file}
OP    GET    /api/practice
OP    POST   /api/practice
OP    DELETE /api/practice
OP    GET    /api/practice/reviews/{id}/score
OPUA  GET    /api/policies
OPUA  GET    /api/policies/{digest}
OPU   GET    /api/uploads
OPU   POST   /api/uploads
OPU   GET    /api/uploads/{id}
OPU   PUT    /api/uploads/{id}
OPU   DELETE /api/uploads/{id}
OPU   POST   /api/uploads/{id}/finish
OP    GET    /api/watch-folder
OP    POST   /api/watch-folder/{id}/take
OP    GET    /api/recordings/{id}
OP    PATCH  /api/recordings/{id}
OP    POST   /api/recordings/{id}/remove
OP    POST   /api/recordings/{id}/retry
OP    POST   /api/recordings/{id}/accept
OP    POST   /api/recordings/{id}/options
OP    POST   /api/recordings/{id}/again
OP    GET    /api/recordings/{id}/timeline
OP    GET    /api/recordings/{id}/tracks
OP    GET    /api/recordings/{id}/proxy
OP    GET    /api/recordings/{id}/waveform/{track}
OP    GET    /api/recordings/{id}/thumbnails/{track}
OP    GET    /api/recordings/{id}/thumbnails/{track}/worst
OP    GET    /api/recordings/{id}/frames/{frame}
OPU   GET    /api/recordings/{id}/views
OP    POST   /api/recordings/{id}/follow
OP    POST   /api/recordings/{id}/reviews
OP    GET    /api/reviews/{id}
OP    PUT    /api/reviews/{id}
OP    GET    /api/reviews/{id}/revisions
OP    GET    /api/reviews/{id}/revisions/{revision}
OP    GET    /api/reviews/{id}/transcript
OP    GET    /api/reviews/{id}/summary
OP    GET    /api/reviews/{id}/sheet
OP    GET    /api/reviews/{id}/comments
OP    POST   /api/reviews/{id}/comments
OP    POST   /api/reviews/{id}/send-back
OP    POST   /api/reviews/{id}/hand-in
OP    GET    /api/reviews/{id}/reasons
OP    POST   /api/reviews/{id}/reasons
OP    GET    /api/reviews/{id}/differences/{other}
OP    GET    /api/reviews/{id}/preview/{frame}
OP    POST   /api/reviews/{id}/preview
OP    GET    /api/reviews/{id}/clip
OP    POST   /api/reviews/{id}/clip
OP    POST   /api/reviews/{id}/approve
OP    POST   /api/reviews/{id}/withdraw
OP    POST   /api/reviews/{id}/releases
OP    GET    /api/jobs
OPU   GET    /api/jobs/{id}
OP    POST   /api/jobs/{id}/cancel
OP    POST   /api/jobs/{id}/retry
OP    GET    /api/jobs/{id}/clip
OPU   GET    /api/releases
OPU   GET    /api/releases/{id}
OP    GET    /api/releases/{id}/differences/{other}
OPU   GET    /api/releases/{id}/files/{kind}
OP    POST   /api/releases/{id}/verify
OPU   GET    /api/releases/{id}/copies
OP    POST   /api/releases/{id}/copies
OPA   GET    /api/machines
OP    GET    /api/transmittals
OP    POST   /api/requests/{id}/packages
OPU   GET    /api/packages/{id}
OPU   GET    /api/packages/{id}/file
OP    POST   /api/packages/{id}/copies
OPU   GET    /api/verifier
OPU   GET    /api/verifier/file
OPUA  GET    /api/rechecks
OPUA  POST   /api/rechecks
OPU   POST   /api/audits
OPU   GET    /api/audits
OPU   GET    /api/audits/{id}
OPU   GET    /api/audits/{id}/report
UA    GET    /api/events
UA    GET    /api/events/csv
UA    POST   /api/events/pdf
OPUA  GET    /api/exports/{id}/pdf
OPUA  GET    /api/exports/{id}/signature
UA    GET    /api/events/check
OPUA  GET    /api/statistics
OPUA  GET    /api/statistics/csv
OPUA  GET    /api/statistics/pdf
UA    GET    /api/access
UA    GET    /api/access/csv
UA    POST   /api/access/pdf
UA    GET    /api/misuse
UA    GET    /api/misuse/csv
UA    POST   /api/misuse/{id}/review
OPU   GET    /api/stream
OP    GET    /api/retention
OP    GET    /api/requests/{id}/retention
OP    PUT    /api/recordings/{id}/retention
OP    POST   /api/recordings/{id}/retention/asked
OP    POST   /api/holds
P     POST   /api/holds/{id}/release
OP    GET    /api/sealings
OP    POST   /api/sealings
OP    POST   /api/sealings/{id}/told
P     POST   /api/sealings/{id}/lift
OP    POST   /api/recordings/{id}/disposal
OPU   GET    /api/disposals
OPU   GET    /api/disposals/{id}
P     POST   /api/disposals/{id}/confirm
OP    POST   /api/disposals/{id}/refuse
OPU   GET    /api/disposals/{id}/certificate
OPU   GET    /api/disposals/{id}/signature
OPU   POST   /api/disposals/{id}/pdf
OPUA  GET    /api/policies/{digest}/text
OPUA  GET    /api/policy-versions
A     POST   /api/policy-versions
PA    POST   /api/policy-versions/{id}/confirm
PA    POST   /api/policy-versions/{id}/refuse
A     GET    /api/settings
A     PUT    /api/settings
-     GET    /api/health
A     GET    /api/health/details
OPUA  GET    /api/search
OPU   GET    /api/queue
OPU   GET    /api/queue/csv
OPU   GET    /api/queue/views
OPU   POST   /api/queue/views
OPU   PUT    /api/queue/views/{id}
OPU   DELETE /api/queue/views/{id}
OP    PUT    /api/recordings/{id}/details
OP    GET    /api/requests/{id}/watch
OP    PUT    /api/requests/{id}/watch
OP    DELETE /api/requests/{id}/watch
OP    POST   /api/imports/preview
OP    POST   /api/imports
OP    DELETE /api/requests/{id}/expected/{entry}
OP    GET    /api/templates
OP    POST   /api/templates
OP    PUT    /api/templates/{id}
OP    DELETE /api/templates/{id}
OP    POST   /api/inbox/seen
OPU   GET    /api/requests/{id}/thread
OP    POST   /api/requests/{id}/notes
OP    POST   /api/requests/{id}/notes/seen
OP    PUT    /api/requests/{id}/notes/{entry}
OP    POST   /api/requests/{id}/tasks
OP    PUT    /api/requests/{id}/tasks/{entry}
OP    DELETE /api/requests/{id}/tasks/{entry}
";

fn letter(role: Role) -> char {
    match role {
        Role::Operator => 'O',
        Role::Approver => 'P',
        Role::Auditor => 'U',
        Role::Administrator => 'A',
    }
}

/// A path with something of the right shape in every place that varies.
fn example(path: &str) -> String {
    let id = "0123456789abcdef0123456789abcdef";
    let mut path = path.to_owned();
    for (place, value) in [
        ("{id}", id),
        ("{other}", id),
        ("{digest}", "00"),
        ("{token}", "00"),
        ("{track}", "1"),
        ("{frame}", "1"),
        ("{revision}", "1"),
        ("{kind}", "release"),
        ("{entry}", id),
        ("{letter}", id),
        ("{invoice}", id),
        ("{payment}", id),
        ("{file}", "clerk.pdf"),
    ] {
        path = path.replace(place, value);
    }
    assert!(!path.contains('{'), "{path}");
    path
}

/// Goal: no role gets through a door that is not its own, and every door of its own opens.
/// Method: every role at every route; a door is closed when the answer is 401 or 403.
#[tokio::test]
async fn every_role_gets_through_its_own_doors_and_no_other() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let mut people = BTreeMap::new();
    for (login, role) in [
        ("oli", Role::Operator),
        ("pat", Role::Approver),
        ("uma", Role::Auditor),
        ("ada", Role::Administrator),
    ] {
        people.insert(letter(role), bench.invited(&admin, login, role).await);
    }
    let mut written = 0;
    for line in MATRIX.trim().lines() {
        let [who, method, path] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        written += 1;
        let table = route_table();
        let route = table
            .iter()
            .find(|r| r.method.as_str() == method && r.path == path);
        let route = route.unwrap_or_else(|| panic!("{line}: no such route"));
        let method: Method = method.parse().unwrap();
        if path == "/api/stream" || path == "/api/session" {
            // One does not end, the other ends the session: the table says who may.
            let roles = route.roles.map_or(vec![], <[Role]>::to_vec);
            let letters: String = roles.into_iter().map(letter).collect();
            assert_eq!(letters, who.trim_matches('-'), "{line}");
            continue;
        }
        let path = example(path);
        let nobody = bench
            .call(&Person::default(), method.clone(), &path, "{}".into())
            .await;
        let open = nobody.status != StatusCode::UNAUTHORIZED;
        assert_eq!(
            open,
            who == "-",
            "{line} without signing in: {}",
            nobody.status
        );
        for (letter, person) in &people {
            let answered = bench.call(person, method.clone(), &path, "{}".into()).await;
            let shut = answered.status == StatusCode::FORBIDDEN;
            let expected = who != "-" && !who.contains(*letter);
            assert_eq!(shut, expected, "{line} as {letter}: {}", answered.status);
        }
    }
    assert_eq!(
        written,
        route_table().len(),
        "every route is written down twice"
    );
}

/// Goal: no page of another site, and no other name for this machine, gets anything done.
#[tokio::test]
async fn other_names_and_other_sites_are_turned_away() {
    let bench = Bench::new().await;
    let ask = async |method: Method, lines: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri("/api/state");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        bench
            .send(request.body(Body::empty()).unwrap())
            .await
            .status
    };
    let host = ("host", HOST);
    assert_eq!(ask(Method::GET, &[host]).await, StatusCode::OK);
    for wrong in [
        "attacker.example",
        "attacker.example:7350",
        "127.0.0.1",
        "127.0.0.1:80",
        "",
    ] {
        let status = ask(Method::GET, &[("host", wrong)]).await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{wrong:?}");
    }
    assert_eq!(ask(Method::GET, &[]).await, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(
        ask(Method::GET, &[host, host]).await,
        StatusCode::MISDIRECTED_REQUEST
    );
    for site in ["cross-site", "same-site", "weird"] {
        let status = ask(Method::GET, &[host, ("sec-fetch-site", site)]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{site}");
    }
    let here = "http://127.0.0.1:7350";
    let through = |status: StatusCode| status != StatusCode::FORBIDDEN;
    let post = Method::POST;
    assert!(
        !through(ask(post.clone(), &[host]).await),
        "a form says where it comes from"
    );
    assert!(!through(
        ask(post.clone(), &[host, ("sec-fetch-site", "none")]).await
    ));
    assert!(!through(
        ask(post.clone(), &[host, ("origin", "null")]).await
    ));
    assert!(!through(
        ask(post.clone(), &[host, ("origin", "https://127.0.0.1:7350")]).await
    ));
    let mixed = [
        host,
        ("sec-fetch-site", "same-origin"),
        ("origin", "http://a.example"),
    ];
    assert!(!through(ask(post.clone(), &mixed).await));
    assert!(through(ask(post.clone(), &[host, ("origin", here)]).await));
    assert!(through(
        ask(post, &[host, ("sec-fetch-site", "same-origin")]).await
    ));
}

#[tokio::test]
async fn every_answer_forbids_foreign_code_and_frames() {
    let bench = Bench::new().await;
    for path in ["/", "/api/state", "/api/nothing", "/anything"] {
        let answered = bench.get(&Person::default(), path).await;
        let policy = answered.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answered.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
    let state = bench.get(&Person::default(), "/api/state").await;
    assert_eq!(state.headers[header::CACHE_CONTROL], "no-store");
}

/// Goal: nothing outside the page's own files and a person's own records can be named.
#[tokio::test]
async fn no_path_leads_out() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let person = bench.invited(&admin, "oli", Role::Operator).await;
    for path in [
        "/../Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/assets/../../desk.sqlite",
        "/desk.sqlite",
        "/api/recordings/..%2f..%2fdesk.sqlite/proxy",
        "/api/recordings/0123456789abcdef0123456789abcdef/thumbnails/..%2f..%2fsource",
        "/api/recordings/%2e%2e/proxy",
        "/api/releases/..%2f..%2f/files/release",
        "/api/releases/0123456789abcdef0123456789abcdef/files/..%2fplan.json",
        "/api/recordings/0123456789abcdef0123456789abcdef/proxy",
    ] {
        let answered = bench.get(&person, path).await;
        let text = String::from_utf8_lossy(&answered.bytes).into_owned();
        assert!(
            answered.status.is_client_error(),
            "{path}: {} {text}",
            answered.status
        );
        assert!(!text.contains("SQLite"), "{path}");
    }
}
