//! A desk in a folder of its own, with jobs that write what real ones would and a clock to turn.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use redact_core::UtcNanos;
use redact_desk::{
    Desk, EventLogConfig, Jobs, Machines, MailConfig, Options, Profiles, ProviderConfig, Role,
};
use redact_record::Overwrite;
use redact_record::events::EventLog;
use redact_record::sign::{KeyPair, Signed, TrustStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use totp_rs::{Builder, Secret};
use tower::ServiceExt as _;

use crate::fake_jobs::FakeJobs;

pub(crate) const HOST: &str = "127.0.0.1:7350";
/// The same desk by a name.
pub(crate) const NAMED_HOST: &str = "localhost:7350";
pub(crate) const PASSWORD: &str = "correct horse battery";
const BEGUN: i64 = 1_790_000_000_000_000_000;

pub(crate) struct Bench {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) desk: Desk,
    pub(crate) jobs: Arc<FakeJobs>,
    now: Arc<AtomicI64>,
}

/// The profiles of the program, as far as the desk's tests need them.
const PROFILES: [(&str, &str); 2] = [
    (
        "public",
        include_str!("../../../../transmittals/public.toml"),
    ),
    (
        "prosecutor",
        include_str!("../../../../transmittals/prosecutor.toml"),
    ),
];

/// What was answered.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.bytes)))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        assert!(self.status.is_success(), "{}: {text}", self.status);
        if self.bytes.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
}

/// Somebody's browser.
#[derive(Clone, Default)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) login: String,
    pub(crate) cookie: Option<String>,
    pub(crate) secret: String,
}

/// Vouches with the bench's release key, which is trusted.
fn vouch(folder: &Path) -> redact_desk::Vouch {
    let path = folder.join("redact.key");
    if !path.exists() {
        let pair = KeyPair::generate(None).unwrap();
        pair.save(&path, Overwrite::Never).unwrap();
        let mut trust = TrustStore::open(&folder.join("trusted")).unwrap();
        trust.add("agency", &pair.public()).unwrap();
    }
    Arc::new(move |new| Ok(KeyPair::load(&path, None)?.vouch_for(new)?))
}

/// The identity provider that a test wrote the configuration of.
fn provider(folder: &TempDir) -> Option<ProviderConfig> {
    let path = folder.path().join("provider.toml");
    path.exists().then(|| ProviderConfig::read(&path).unwrap())
}

/// The mail server that a test wrote the configuration of.
fn mail(folder: &TempDir) -> Option<MailConfig> {
    let path = folder.path().join("mail.toml");
    path.exists().then(|| MailConfig::read(&path).unwrap())
}

/// Signs with the bench's release key.
fn sign(folder: &Path, kind: Signed) -> redact_desk::SignExport {
    let path = folder.join("redact.key");
    Arc::new(move |bytes, at| {
        let key = KeyPair::load(&path, None)?;
        Ok(key.sign_bytes(bytes, kind, at)?)
    })
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let policies = folder.path().join("policies");
        std::fs::create_dir(&policies).unwrap();
        std::fs::create_dir(folder.path().join("inbox")).unwrap();
        for (name, approval) in [
            ("public-release", "second_person = false"),
            ("two-people", "second_person = true"),
            ("two-signed", "second_person = true\nsigned = true"),
        ] {
            let text = policy(name, approval);
            std::fs::write(policies.join(format!("{name}.toml")), text).unwrap();
        }
        let federal = policy("federal", "second_person = false")
            .replace("note =", "laws = [\"us-federal\"]\nnote =")
            .replace("\"privacy\"", "\"fed-privacy\"")
            .replace("for = \"both\"", "for = \"hide\"");
        std::fs::write(policies.join("federal.toml"), federal).unwrap();
        let set = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reasons/minnesota.toml");
        std::fs::create_dir(folder.path().join("reasons")).unwrap();
        std::fs::copy(set, folder.path().join("reasons/minnesota.toml")).unwrap();
        let rule =
            "mute = \"personal\"\npersonal = [{ class = \"person-name\", reason = \"name\" }]";
        let reason = "[[reason]]\ncode = \"name\"\nstatute = \"none\"\ntext = \"A name.\"\n";
        let personal = policy("without-names", "second_person = false");
        let personal = personal.replace("mute_speech = true", rule) + reason;
        std::fs::write(policies.join("without-names.toml"), personal).unwrap();
        let now = Arc::new(AtomicI64::new(BEGUN));
        let jobs = FakeJobs {
            trusted: folder.path().join("trusted"),
            ..FakeJobs::default()
        };
        Self::open(folder, now, Arc::new(jobs), false).await
    }

    /// A desk in a copy of the data folder that an earlier version wrote, a day later.
    pub(crate) async fn of_an_earlier_version(fixture: &Path) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        copy_folder(fixture, folder.path());
        std::fs::create_dir_all(folder.path().join("inbox")).unwrap();
        let jobs = FakeJobs {
            trusted: folder.path().join("trusted"),
            ..FakeJobs::default()
        };
        let now = BEGUN + 24 * 3_600 * 1_000_000_000;
        Self::open(folder, Arc::new(AtomicI64::new(now)), Arc::new(jobs), false).await
    }

    /// A desk that browsers reach through TLS.
    pub(crate) async fn behind_tls() -> Self {
        let Self {
            folder,
            desk,
            jobs,
            now,
        } = Self::new().await;
        desk.close().await;
        drop(desk);
        // Certificates are checked by the time of the machine.
        let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let real = i64::try_from(real.unwrap().as_nanos()).unwrap();
        now.store(real, Ordering::SeqCst);
        Self::open(folder, now, jobs, true).await
    }

    async fn open(
        folder: Arc<TempDir>,
        now: Arc<AtomicI64>,
        jobs: Arc<FakeJobs>,
        tls: bool,
    ) -> Self {
        let desk = Desk::open(Self::options(&folder, &now, &jobs, tls))
            .await
            .unwrap();
        Self {
            folder,
            desk,
            jobs,
            now,
        }
    }

    /// A desk in a folder that an earlier desk of a test left, a day later.
    pub(crate) async fn of_folder(folder: Arc<TempDir>) -> Self {
        let jobs = FakeJobs {
            trusted: folder.path().join("trusted"),
            ..FakeJobs::default()
        };
        let now = BEGUN + 24 * 3_600 * 1_000_000_000;
        Self::open(folder, Arc::new(AtomicI64::new(now)), Arc::new(jobs), false).await
    }

    /// The same folder once more, beside this desk, which has to be closed.
    pub(crate) async fn open_again(&self) -> Result<Desk, redact_desk::DeskError> {
        let mut options = Self::options(&self.folder, &self.now, &self.jobs, false);
        // The lock is held as long as the closed desk lives.
        let copy = self.folder.path().join("copy");
        std::fs::remove_dir_all(&copy).ok();
        std::fs::create_dir(&copy).unwrap();
        let data = self.folder.path().join("data");
        for file in std::fs::read_dir(data).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
            }
        }
        options.folder = copy;
        Desk::open(options).await
    }

    fn options(folder: &TempDir, now: &Arc<AtomicI64>, jobs: &Arc<FakeJobs>, tls: bool) -> Options {
        let clock = Arc::clone(now);
        Options {
            folder: folder.path().join("data"),
            policies: folder.path().join("policies"),
            profiles: Profiles {
                built_in: &PROFILES,
                own: folder.path().join("transmittals"),
            },
            office: folder.path().join("office"),
            verifier: Some(folder.path().join("verify.html")).filter(|path| path.exists()),
            trusted: folder.path().join("trusted"),
            vouch: vouch(folder.path()),
            sign_export: sign(folder.path(), Signed::EventLog),
            sign_disposal: sign(folder.path(), Signed::Disposal),
            caches: vec![folder.path().join("cache")],
            queue_store: Some("/mnt/queue-store".to_owned()),
            agency: (!folder.path().join("no-agency").exists())
                .then(|| "Example Police Department".to_owned()),
            provider: provider(folder),
            mail: mail(folder),
            watch: Some(folder.path().join("inbox")),
            time_zone: Some("UTC".to_owned()),
            law: None,
            hosts: vec![HOST.to_owned(), NAMED_HOST.to_owned()],
            tls,
            upload_bytes_max: 20 << 20,
            clock: Arc::new(move || UtcNanos(clock.load(Ordering::SeqCst))),
            event_log: EventLogConfig {
                log: EventLog::open(&folder.path().join("events.jsonl")).unwrap(),
                program: "redact test".into(),
                machine: "here".into(),
            },
            jobs: Arc::clone(jobs) as Arc<dyn Jobs>,
            machines: Some(Arc::clone(jobs) as Arc<dyn Machines>),
        }
    }

    /// The same folder, served anew.
    pub(crate) async fn again(self) -> Self {
        self.desk.close().await;
        let Self {
            folder,
            desk,
            jobs,
            now,
        } = self;
        drop(desk);
        Self::open(folder, now, jobs, false).await
    }

    pub(crate) fn turn_clock(&self, seconds: i64) {
        self.now
            .fetch_add(seconds * 1_000_000_000, Ordering::SeqCst);
    }

    pub(crate) fn router(&self) -> Router {
        self.desk.router()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap().to_vec();
        Answered {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    /// A request as this page's own code sends it.
    pub(crate) fn request(
        person: &Person,
        method: Method,
        path: &str,
    ) -> axum::http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, HOST)
            .header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &person.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request
    }

    pub(crate) async fn get(&self, person: &Person, path: &str) -> Answered {
        let request = Self::request(person, Method::GET, path);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn call(
        &self,
        person: &Person,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answered {
        let request =
            Self::request(person, method, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    pub(crate) async fn post(&self, person: &Person, path: &str, body: Value) -> Answered {
        self.call(person, Method::POST, path, body).await
    }

    pub(crate) fn code(&self, secret: &str) -> String {
        let totp = Builder::new()
            .with_secret(Secret::try_from_base32(secret).unwrap())
            .with_account_name("test")
            .build()
            .unwrap();
        let seconds = self.now.load(Ordering::SeqCst) / 1_000_000_000;
        totp.generate(u64::try_from(seconds).unwrap()).to_string()
    }

    /// Accepts an invitation.
    pub(crate) async fn accept(&self, token: &str, login: &str, body: Value) -> Person {
        let nobody = Person::default();
        let path = format!("/api/invites/{token}");
        let enrolled = self.post(&nobody, &path, body).await.ok();
        let secret = enrolled["secret"].as_str().unwrap().to_owned();
        let code = json!({ "code": self.code(&secret) });
        let answered = self.post(&nobody, &format!("{path}/confirm"), code).await;
        let cookie = cookie(&answered);
        let me = answered.ok();
        self.turn_clock(60);
        Person {
            id: me["id"].as_str().unwrap().to_owned(),
            login: login.to_owned(),
            cookie,
            secret,
        }
    }

    pub(crate) async fn administrator(&self) -> Person {
        let token = self.desk.setup_token().await.unwrap().unwrap();
        let body = json!({ "login": "root", "name": "Ruth Root", "password": PASSWORD });
        self.accept(&token, "root", body).await
    }

    pub(crate) async fn invited(&self, admin: &Person, login: &str, role: Role) -> Person {
        let body =
            json!({ "login": login, "name": format!("{login} Person"), "role": role.name() });
        let made = self.post(admin, "/api/users", body).await.ok();
        let link = made["link"].as_str().unwrap();
        let token = link.rsplit('/').next().unwrap();
        self.accept(token, login, json!({ "password": PASSWORD }))
            .await
    }

    pub(crate) async fn sign_in(&self, person: &Person) -> Answered {
        let body = json!({
            "login": person.login, "password": PASSWORD, "code": self.code(&person.secret),
        });
        self.post(&Person::default(), "/api/session", body).await
    }

    /// The person with a new session, if the one there was has ended.
    pub(crate) async fn signed_in(&self, person: &Person) -> Person {
        if self.get(person, "/api/me").await.status.is_success() {
            return person.clone();
        }
        let answered = self.sign_in(person).await;
        assert!(answered.status.is_success(), "{}", answered.status);
        Person {
            cookie: cookie(&answered),
            ..person.clone()
        }
    }

    /// A request with a recording that is ready, and its first review.
    pub(crate) async fn ready(&self, person: &Person) -> (String, String, String) {
        let body = json!({
            "number": "2026-17", "requester_kind": "press", "jurisdiction": "us-ca",
            "received_on": "2026-09-20",
        });
        let request = self.post(person, "/api/requests", body).await.ok();
        let request = request["id"].as_str().unwrap().to_owned();
        let recording = self.upload(person, &request, b"not really a video").await;
        let recording = recording["id"].as_str().unwrap().to_owned();
        let path = format!("/api/recordings/{recording}");
        let shown = self.until(person, &path, |shown| {
            shown["reviews"]
                .as_array()
                .is_some_and(|list| !list.is_empty())
        });
        let review = shown.await["reviews"][0]["id"].as_str().unwrap().to_owned();
        (request, recording, review)
    }

    pub(crate) async fn upload(&self, person: &Person, request: &str, bytes: &[u8]) -> Value {
        let body = json!({
            "name": "clip.mp4", "bytes": bytes.len(), "purpose": "recording", "request": request,
        });
        let upload = self.post(person, "/api/uploads", body).await.ok();
        let id = upload["id"].as_str().unwrap().to_owned();
        self.put(person, &id, 0, bytes).await.ok();
        self.post(person, &format!("/api/uploads/{id}/finish"), json!({}))
            .await
            .ok()
    }

    /// A sign-in from an address, with a browser's cookie.
    pub(crate) async fn sign_in_from(
        &self,
        address: &str,
        cookie: Option<&str>,
        body: Value,
    ) -> Answered {
        let mut request = Self::request(&Person::default(), Method::POST, "/api/session")
            .header(header::CONTENT_TYPE, "application/json")
            .extension(ConnectInfo(SocketAddr::new(
                address.parse().unwrap(),
                40_000,
            )));
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    pub(crate) async fn put(
        &self,
        person: &Person,
        id: &str,
        offset: u64,
        bytes: &[u8],
    ) -> Answered {
        let path = format!("/api/uploads/{id}?offset={offset}");
        let request = Self::request(person, Method::PUT, &path);
        self.send(request.body(Body::from(bytes.to_vec())).unwrap())
            .await
    }

    /// What `path` shows once it is as wanted.
    pub(crate) async fn until(
        &self,
        person: &Person,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        for _ in 0..1000 {
            let shown = self.get(person, path).await.ok();
            if wanted(&shown) {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} never became what it should");
    }

    /// Writes the times of a recording's frames, which the fake scan leaves out.
    pub(crate) fn write_timeline(&self, recording: &str) {
        let timeline = json!({ "frames": 1000, "num": 1, "den": 30, "runs": [[1000, 1]] });
        let folder = self.folder.path().join("data/recordings").join(recording);
        std::fs::write(folder.join("timeline.json"), timeline.to_string()).unwrap();
    }

    /// The newest document of a review with every track decided and what is missing accepted.
    pub(crate) async fn decided(&self, person: &Person, review: &str) -> (i64, Value) {
        let shown = self
            .get(person, &format!("/api/reviews/{review}"))
            .await
            .ok();
        let mut document = shown["document"].clone();
        for track in document["tracks"].as_array_mut().unwrap() {
            track["decision"] = json!({
                "verdict": "redact", "effect": { "kind": "fill" }, "reason": "privacy",
            });
        }
        document["acknowledged"] = json!(["screen"]);
        (shown["revision"].as_i64().unwrap(), document)
    }

    pub(crate) async fn save(
        &self,
        person: &Person,
        review: &str,
        base: i64,
        document: &Value,
    ) -> Answered {
        let body = json!({ "base": base, "document": document });
        self.call(person, Method::PUT, &format!("/api/reviews/{review}"), body)
            .await
    }

    pub(crate) async fn approve(&self, person: &Person, review: &str, revision: i64) -> Answered {
        let body = json!({ "revision": revision, "password": PASSWORD });
        self.post(person, &format!("/api/reviews/{review}/approve"), body)
            .await
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The cookie that an answer sets, as a browser shows it.
pub(crate) fn cookie(answered: &Answered) -> Option<String> {
    let line = answered.headers.get(header::SET_COOKIE)?.to_str().unwrap();
    line.split(';').next().map(str::to_owned)
}

fn policy(name: &str, approval: &str) -> String {
    let class = |class: &str| {
        format!(
            "[[class]]\nclass = \"{class}\"\nverdict = \"redact\"\n\
             effect = {{ kind = \"fill\" }}\nreason = \"privacy\"\n"
        )
    };
    format!(
        "format_version = 1\nname = \"{name}\"\ntitle = \"For a test\"\njurisdiction = \"here\"\n\
         note = \"None.\"\n[approval]\n{approval}\n{}{}{}\
         [audio]\nmute_speech = true\nstyle = \"silence\"\npadding_ms = 0\nreason = \"privacy\"\n\
         [[reason]]\ncode = \"privacy\"\nstatute = \"none\"\ntext = \"For a test.\"\n\
         for = \"both\"\n",
        class("face"),
        class("plate"),
        class("screen"),
    )
}
