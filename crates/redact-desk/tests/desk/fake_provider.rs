//! A small identity provider in the test: discovery, keys, and tokens with anything wrong in them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::authenticator::base64;

/// What the provider answers.
pub(crate) struct Answers {
    pub(crate) issuer: String,
    /// Claims of the next token.
    pub(crate) claims: Value,
    /// The algorithm that the token names.
    pub(crate) algorithm: &'static str,
    key: EcdsaKeyPair,
    key_name: String,
    /// Signs tokens instead of the key that the provider publishes.
    foreign: Option<EcdsaKeyPair>,
    /// What the desk sent with the code.
    pub(crate) exchange: HashMap<String, String>,
}

/// A provider that listens on this machine.
pub(crate) struct FakeProvider {
    pub(crate) answers: Arc<Mutex<Answers>>,
    pub(crate) issuer: String,
    serving: tokio::task::JoinHandle<()>,
}

fn new_key() -> EcdsaKeyPair {
    let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let document = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).unwrap()
}

type Shared = Arc<Mutex<Answers>>;

async fn discovery(State(answers): State<Shared>) -> Json<Value> {
    let answers = answers.lock().unwrap();
    let at = |path: &str| format!("{}{path}", answers.issuer);
    Json(json!({
        "issuer": answers.issuer, "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"), "jwks_uri": at("/keys"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn keys(State(answers): State<Shared>) -> Json<Value> {
    let answers = answers.lock().unwrap();
    let point = answers.key.public_key().as_ref();
    Json(json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": answers.key_name,
        "x": base64(&point[1..33]), "y": base64(&point[33..65]),
    }] }))
}

async fn token(State(answers): State<Shared>, body: String) -> Json<Value> {
    let mut answers = answers.lock().unwrap();
    let given = openidconnect::url::form_urlencoded::parse(body.as_bytes());
    answers.exchange = given.into_owned().collect();
    let header = json!({ "alg": answers.algorithm, "typ": "JWT", "kid": answers.key_name });
    let part = |value: &Value| base64(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&header), part(&answers.claims));
    let signature = match answers.algorithm {
        "none" => String::new(),
        _ => base64(
            answers
                .foreign
                .as_ref()
                .unwrap_or(&answers.key)
                .sign(&SystemRandom::new(), signed.as_bytes())
                .unwrap()
                .as_ref(),
        ),
    };
    Json(json!({
        "access_token": "unused", "token_type": "Bearer",
        "id_token": format!("{signed}.{signature}"),
    }))
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(Answers {
            issuer: issuer.clone(),
            claims: Value::Null,
            algorithm: "ES256",
            key: new_key(),
            key_name: "one".to_owned(),
            foreign: None,
            exchange: HashMap::new(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&answers));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            answers,
            issuer,
            serving,
        }
    }

    /// As an outage: nothing answers any more.
    pub(crate) fn stop(&self) {
        self.serving.abort();
    }

    /// Other keys from now on, as providers change theirs.
    pub(crate) fn rotate(&self) {
        let mut answers = self.answers.lock().unwrap();
        answers.key = new_key();
        answers.key_name = "two".to_owned();
    }

    /// Whether tokens are signed with a key that the provider does not publish.
    pub(crate) fn forge(&self, is_forged: bool) {
        self.answers.lock().unwrap().foreign = is_forged.then(new_key);
    }
}
