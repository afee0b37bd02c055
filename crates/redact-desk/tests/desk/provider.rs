//! Sign-in through an identity provider: who gets in, and every answer that must not let in.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Answered, Bench, HOST, PASSWORD, Person, cookie};
use crate::fake_provider::FakeProvider;

/// The time of the bench, in seconds.
const NOW: i64 = 1_790_000_000;

async fn office(more: &str) -> (Bench, FakeProvider, Person) {
    let provider = FakeProvider::start().await;
    let bench = Bench::new().await;
    let text = format!(
        "issuer = \"{}\"\nclient_id = \"desk\"\ntitle = \"City account\"\n{more}",
        provider.issuer
    );
    std::fs::write(bench.folder.path().join("provider.toml"), text).unwrap();
    let bench = bench.again().await;
    let admin = bench.administrator().await;
    (bench, provider, admin)
}

/// A browser that went to the provider.
struct Away {
    cookie: Option<String>,
    state: String,
    nonce: String,
}

fn parameter(url: &str, name: &str) -> String {
    let start = url.find(&format!("{name}=")).unwrap() + name.len() + 1;
    url[start..].split('&').next().unwrap().to_owned()
}

async fn leave(bench: &Bench) -> Away {
    let nobody = Person::default();
    let begun = bench
        .post(&nobody, "/api/session/provider", json!({}))
        .await;
    let cookie = cookie(&begun);
    let url = begun.ok()["url"].as_str().unwrap().to_owned();
    assert!(url.contains("code_challenge_method=S256"), "{url}");
    Away {
        cookie,
        state: parameter(&url, "state"),
        nonce: parameter(&url, "nonce"),
    }
}

/// Returns as a browser does from another site.
async fn come_back(bench: &Bench, away: &Away) -> Answered {
    let path = format!("/sign-in/return?code=a-code&state={}", away.state);
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header(header::HOST, HOST)
        .header("sec-fetch-site", "cross-site");
    if let Some(cookie) = &away.cookie {
        request = request.header(header::COOKIE, cookie);
    }
    bench.send(request.body(Body::empty()).unwrap()).await
}

fn claims(provider: &FakeProvider, away: &Away) -> Value {
    json!({
        "iss": provider.issuer, "aud": "desk", "sub": "person-1", "nonce": away.nonce,
        "iat": NOW, "exp": NOW + 3_600 * 24, "preferred_username": "Oli@city",
        "name": "Oli Stone", "groups": ["records"],
    })
}

fn place(answered: &Answered) -> String {
    assert_eq!(answered.status, StatusCode::SEE_OTHER);
    answered.headers[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned()
}

/// Signs in with a token that `change` alters; gives where the browser is led, and its session.
async fn sign_in(
    bench: &Bench,
    provider: &FakeProvider,
    change: impl FnOnce(&mut Value),
) -> (String, Person) {
    let away = leave(bench).await;
    let mut token = claims(provider, &away);
    change(&mut token);
    provider.answers.lock().unwrap().claims = token;
    let answered = come_back(bench, &away).await;
    let session = Person {
        cookie: cookie(&answered),
        ..Person::default()
    };
    (place(&answered), session)
}

async fn link(bench: &Bench, admin: &Person, user: &str, account: Value) -> Answered {
    let path = format!("/api/users/{user}/provider");
    bench
        .post(admin, &path, json!({ "account": account }))
        .await
}

/// Goal: whom an administrator connected is signed in, and afterwards by the provider's own id,
/// whatever the account is called then. Control: others, and everybody before, are not.
#[tokio::test]
async fn a_connected_account_signs_in() {
    let (bench, provider, admin) = office("").await;
    let oli = bench.invited(&admin, "oli", Role::Operator).await;
    let pat = bench.invited(&admin, "pat", Role::Approver).await;
    let state = bench.get(&Person::default(), "/api/state").await.ok();
    assert_eq!(state["provider"], "City account");
    let (led, nobody) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(led, "/#/sign-in?problem=provider_not_linked");
    assert_eq!(bench.get(&nobody, "/api/me").await.code(), "signed_out");
    let shown = link(&bench, &admin, &oli.id, json!("oli@CITY")).await.ok();
    assert_eq!(shown["provider_account"], "oli@city");
    let taken = link(&bench, &admin, &pat.id, json!("Oli@city")).await;
    assert_eq!(taken.code(), "provider_taken");
    let (led, person) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(led, "/#/");
    assert_eq!(bench.get(&person, "/api/me").await.ok()["login"], "oli");
    let exchange = provider.answers.lock().unwrap().exchange.clone();
    assert!(exchange["code_verifier"].len() >= 43);
    assert_eq!(exchange["code"], "a-code");
    assert!(exchange["redirect_uri"].ends_with("/sign-in/return"));
    // Renamed at the provider; and somebody else who got the old name.
    let renamed = |token: &mut Value| token["preferred_username"] = json!("o.stone@city");
    let (led, _) = sign_in(&bench, &provider, renamed).await;
    assert_eq!(led, "/#/");
    let other = |token: &mut Value| token["sub"] = json!("person-2");
    let (led, _) = sign_in(&bench, &provider, other).await;
    assert_eq!(led, "/#/sign-in?problem=provider_not_linked");
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("provider-bound") && log.contains("[\"with\",\"provider\"]"));
    assert!(!log.contains("oli@city"));
    link(&bench, &admin, &oli.id, Value::Null).await.ok();
    let (led, _) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(led, "/#/sign-in?problem=provider_not_linked");
}

/// Goal: no token lets in that is for another program, from another issuer, of another sign-in, too
/// old, from the future, not signed or signed by somebody else. Control: clocks may differ a
/// little.
#[tokio::test]
async fn a_wrong_token_is_refused() {
    let (bench, provider, admin) = office("").await;
    let oli = bench.invited(&admin, "oli", Role::Operator).await;
    link(&bench, &admin, &oli.id, json!("oli@city")).await.ok();
    // The bench's clock was turned by the invitations.
    let now = NOW + 120;
    let refused = "/#/sign-in?problem=provider_answer";
    let changes: [(&str, Value); 10] = [
        ("aud", json!("another-program")),
        ("aud", json!(["desk", "another-program"])),
        ("iss", json!("https://attacker.example")),
        ("nonce", json!("another-sign-in")),
        ("nonce", Value::Null),
        ("exp", json!(now - 61)),
        ("exp", Value::Null),
        ("iat", json!(now + 120)),
        ("sub", Value::Null),
        ("sub", json!(7)),
    ];
    for (claim, value) in changes {
        let what = format!("{claim} {value}");
        let change = |token: &mut Value| match value {
            Value::Null => drop(token.as_object_mut().unwrap().remove(claim)),
            value => token[claim] = value,
        };
        let (led, nobody) = sign_in(&bench, &provider, change).await;
        assert_eq!(led, refused, "{what}");
        assert_eq!(bench.get(&nobody, "/api/me").await.code(), "signed_out");
    }
    for algorithm in ["none", "HS256"] {
        provider.answers.lock().unwrap().algorithm = algorithm;
        let (led, _) = sign_in(&bench, &provider, |_| ()).await;
        assert_eq!(led, refused, "{algorithm}");
    }
    provider.answers.lock().unwrap().algorithm = "ES256";
    // The desk asks for the keys again, which are the real ones.
    provider.forge(true);
    let (led, _) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(
        led, refused,
        "signed with a key that the provider does not publish"
    );
    provider.forge(false);
    for (claim, value) in [("exp", now - 30), ("iat", now + 30)] {
        let change = |token: &mut Value| token[claim] = json!(value);
        let (led, _) = sign_in(&bench, &provider, change).await;
        assert_eq!(led, "/#/", "{claim} within a minute");
    }
    provider.rotate();
    let (led, _) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(led, "/#/", "with the provider's new keys");
}

/// Goal: a sign-in is finished once, by the browser that began it, and within ten minutes.
#[tokio::test]
async fn a_sign_in_belongs_to_its_browser() {
    let (bench, provider, admin) = office("").await;
    let oli = bench.invited(&admin, "oli", Role::Operator).await;
    link(&bench, &admin, &oli.id, json!("oli@city")).await.ok();
    let unknown = "/#/sign-in?problem=provider_state";
    let victim = leave(&bench).await;
    let mut attacker = leave(&bench).await;
    provider.answers.lock().unwrap().claims = claims(&provider, &victim);
    attacker.state.clone_from(&victim.state);
    assert_eq!(place(&come_back(&bench, &attacker).await), unknown);
    let without = Away {
        cookie: None,
        state: victim.state.clone(),
        nonce: String::new(),
    };
    assert_eq!(place(&come_back(&bench, &without).await), unknown);
    assert_eq!(
        place(&come_back(&bench, &victim).await),
        "/#/",
        "the control"
    );
    assert_eq!(place(&come_back(&bench, &victim).await), unknown, "again");
    let late = leave(&bench).await;
    bench.turn_clock(601);
    assert_eq!(place(&come_back(&bench, &late).await), unknown, "too late");
    let denied = "/sign-in/return?error=access_denied";
    let answered = bench.get(&Person::default(), denied).await;
    assert_eq!(place(&answered), "/#/sign-in?problem=provider_denied");
}

/// Goal: while the provider is down, the page says so and passwords work.
#[tokio::test]
async fn an_outage_stops_nobody_with_a_password() {
    let (bench, provider, admin) = office("").await;
    provider.stop();
    let nobody = Person::default();
    let answered = bench
        .post(&nobody, "/api/session/provider", json!({}))
        .await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answered.code(), "provider_down");
    let text = answered.json()["error"]["hint"].to_string();
    assert!(text.contains("password"), "{text}");
    bench.turn_clock(60);
    assert_eq!(bench.sign_in(&admin).await.status, StatusCode::OK);
    let plain = Bench::new().await;
    let answered = plain
        .post(&nobody, "/api/session/provider", json!({}))
        .await;
    assert_eq!(answered.status, StatusCode::NOT_FOUND, "none configured");
}

/// Goal: groups admit people and give the role, which follows them; nobody becomes an
/// administrator, and whoever is in no group stays out.
#[tokio::test]
async fn groups_give_accounts_and_roles() {
    let more = "[groups]\noperator = [\"records\"]\napprover = [\"chiefs\"]\n";
    let (bench, provider, admin) = office(more).await;
    let without = |token: &mut Value| token["groups"] = json!(["parks"]);
    let (led, _) = sign_in(&bench, &provider, without).await;
    assert_eq!(led, "/#/sign-in?problem=provider_no_group");
    let (led, person) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(led, "/#/");
    let me = bench.get(&person, "/api/me").await.ok();
    assert_eq!(
        (&me["login"], &me["role"]),
        (&json!("oli"), &json!("operator"))
    );
    let chief = |token: &mut Value| token["groups"] = json!(["chiefs", "records"]);
    let (_, person) = sign_in(&bench, &provider, chief).await;
    assert_eq!(bench.get(&person, "/api/me").await.ok()["role"], "approver");
    // An approval needs a password, which this account does not have.
    let (_, _, review) = bench.ready(&person).await;
    let path = format!("/api/reviews/{review}/approve");
    let body = json!({ "revision": 1, "password": PASSWORD });
    assert_eq!(bench.post(&person, &path, body).await.code(), "no_password");
    let (led, _) = sign_in(&bench, &provider, without).await;
    assert_eq!(led, "/#/sign-in?problem=provider_no_group");
    // A name that is in use is nobody else's.
    let root = |token: &mut Value| {
        token["sub"] = json!("person-3");
        token["preferred_username"] = json!("root@city");
    };
    let (led, _) = sign_in(&bench, &provider, root).await;
    assert_eq!(led, "/#/sign-in?problem=provider_not_created");
    assert_eq!(bench.get(&admin, "/api/me").await.ok()["login"], "root");
}

/// Goal: where only administrators have passwords, others need the provider, and a second
/// administrator confirms who is connected.
#[tokio::test]
async fn administrators_can_always_get_in() {
    let (bench, provider, admin) = office("local_sign_in = \"administrators\"\n").await;
    let oli = bench.invited(&admin, "oli", Role::Operator).await;
    let sam = bench.invited(&admin, "sam", Role::Administrator).await;
    bench.turn_clock(60);
    assert_eq!(bench.sign_in(&oli).await.code(), "provider_only");
    assert_eq!(bench.sign_in(&admin).await.status, StatusCode::OK);
    let shown = link(&bench, &admin, &oli.id, json!("oli@city")).await.ok();
    assert_eq!(shown["pending"]["action"], "link");
    let (led, _) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(led, "/#/sign-in?problem=awaiting_administrator");
    let path = format!("/api/users/{}", oli.id);
    let refused = bench.post(&sam, &format!("{path}/refuse"), json!({})).await;
    assert_eq!(refused.ok()["provider_account"], Value::Null);
    link(&bench, &admin, &oli.id, json!("oli@city")).await.ok();
    bench
        .post(&sam, &format!("{path}/confirm"), json!({}))
        .await
        .ok();
    let (led, person) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(led, "/#/");
    assert_eq!(bench.get(&person, "/api/me").await.ok()["login"], "oli");
    let off = json!({ "active": false });
    bench.call(&admin, Method::PATCH, &path, off).await.ok();
    let (led, _) = sign_in(&bench, &provider, |_| ()).await;
    assert_eq!(led, "/#/sign-in?problem=provider_closed");
}
