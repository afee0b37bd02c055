//! OpenID Connect: discovery, the authorization request, the exchange of the code, and the checks
//! of the token. The signature, issuer, audience, nonce and times are checked by `openidconnect`.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::refusal::{down, refused};
use crate::api_error::ApiResult;
use crate::domain::provider_claims::ProviderClaims;
use crate::error::DeskError;
use crate::sign_on::{ProviderConfig, read_text};
use crate::time::{HOUR, Millis};

/// How long the provider may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The largest answer of the provider, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How long the provider's addresses and keys are held.
const METADATA_LASTS: Millis = HOUR;

/// How long a provider that did not respond is not asked again.
const ASKED_AGAIN_AFTER: Millis = 10_000;

/// How far the provider's clock may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Signatures that are accepted: by keys that only the provider has.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 7] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// All other claims of a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

type DeskTokenResponse = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type DeskClient<A, D, I, R, T, U> = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    DeskTokenResponse,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    A,
    D,
    I,
    R,
    T,
    U,
>;

/// The client of a provider whose addresses are known.
type KnownClient = DeskClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

/// What the desk remembers of a sign-in that is under way.
pub(super) struct Waiting {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// The provider's answer could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("{0}")]
    Response(#[from] openidconnect::http::Error),
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

/// Requests to the provider.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.fetch(request))
    }
}

impl Http {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let (parts, body) = request.into_parts();
        let sent = self
            .0
            .request(parts.method, parts.uri.to_string())
            .headers(parts.headers)
            .body(body);
        let mut answer = sent.send().await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut response = openidconnect::http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        Ok(response.body(bytes)?)
    }
}

/// The connection to a provider.
pub(super) struct Protocol {
    issuer: IssuerUrl,
    client: ClientId,
    secret: Option<ClientSecret>,
    return_to: RedirectUrl,
    title: String,
    claims: (String, String),
    http: Http,
    known: Mutex<Known>,
}

/// What is known of a provider.
#[derive(Default)]
struct Known {
    /// The addresses and keys, and since when.
    metadata: Option<(Millis, CoreProviderMetadata)>,
    /// When the provider did not respond.
    failed_at: Option<Millis>,
}

impl Protocol {
    pub(super) fn new(config: &ProviderConfig, return_to: String) -> Result<Self, DeskError> {
        let invalid = |what: String| DeskError::Configuration {
            path: "single sign-on".into(),
            what,
        };
        let issuer = IssuerUrl::new(config.issuer.clone())
            .map_err(|error| invalid(format!("issuer: {error}")))?;
        let return_to =
            RedirectUrl::new(return_to).map_err(|error| invalid(format!("return_to: {error}")))?;
        // One per process; where the program chose another before, that one is used.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let mut http = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            // A redirect could lead to another machine.
            .redirect(reqwest::redirect::Policy::none());
        if let Some(file) = &config.certificates {
            let pem = read_text(file)?;
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
            let roots = roots.map_err(|error| DeskError::Configuration {
                path: file.clone(),
                what: format!("expected certificates in PEM: {error}"),
            })?;
            http = http.tls_certs_merge(roots);
        }
        let groups = config.groups.as_ref();
        Ok(Self {
            issuer,
            client: ClientId::new(config.client_id.clone()),
            secret: config.client_secret.clone().map(ClientSecret::new),
            return_to,
            title: config.title.clone(),
            claims: (
                config.account_claim.clone(),
                groups.map_or_else(String::new, |groups| groups.claim.clone()),
            ),
            http: Http(http.build().map_err(|error| invalid(error.to_string()))?),
            known: Mutex::default(),
        })
    }

    /// The provider's addresses and keys, fetched again if they are old or `again`.
    async fn metadata(&self, now: Millis, again: bool) -> ApiResult<CoreProviderMetadata> {
        let mut known = self.known.lock().await;
        if let Some((since, metadata)) = &known.metadata
            && !again
            && (0..METADATA_LASTS).contains(&(now - since))
        {
            return Ok(metadata.clone());
        }
        // Whoever is not signed in cannot make the desk ask again and again.
        let is_recent = |at: Millis| (0..ASKED_AGAIN_AFTER).contains(&(now - at));
        if known.failed_at.is_some_and(is_recent) {
            return Err(down(&self.title, &"it did not respond a moment ago"));
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
        let found = found.map_err(|error| {
            known.failed_at = Some(now);
            down(&self.title, &causes(&error))
        })?;
        known.metadata = Some((now, found.clone()));
        known.failed_at = None;
        Ok(found)
    }

    fn client(&self, metadata: CoreProviderMetadata) -> KnownClient {
        Client::from_provider_metadata(metadata, self.client.clone(), self.secret.clone())
            .set_redirect_uri(self.return_to.clone())
    }

    /// The address at which a person signs in, its state, and what to remember.
    ///
    /// # Errors
    /// 503 `provider_down`.
    pub(super) async fn begin(&self, now: Millis) -> ApiResult<(String, String, Waiting)> {
        let client = self.client(self.metadata(now, false).await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("profile".to_owned()))
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let waiting = Waiting { nonce, verifier };
        Ok((url.to_string(), state.secret().clone(), waiting))
    }

    /// Exchanges the code for a token, and checks it.
    ///
    /// # Errors
    /// 503 `provider_down`; 422 `provider_answer`.
    pub(super) async fn finish(
        &self,
        waiting: Waiting,
        code: &str,
        now: Millis,
    ) -> ApiResult<ProviderClaims> {
        let wrong = |why: &dyn std::fmt::Display| refused(&self.title, why);
        let client = self.client(self.metadata(now, false).await?);
        let asked = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let asked = asked.map_err(|error| wrong(&error))?;
        let answer = asked
            .set_pkce_verifier(waiting.verifier)
            .request_async(&self.http)
            .await;
        let answer = answer.map_err(|error| match &error {
            openidconnect::RequestTokenError::Request(cause) => down(&self.title, &causes(cause)),
            other => wrong(&causes(other)),
        })?;
        let token = answer
            .id_token()
            .ok_or_else(|| wrong(&"there is no ID token"))?;
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now).unwrap_or(0));
        let check = |client: &KnownClient| {
            let verifier = client
                .id_token_verifier()
                .set_allowed_algs(ALGORITHMS)
                .set_time_fn(move || (at - CLOCK_SKEW).into())
                .set_issue_time_verifier_fn(move |issued| {
                    if SystemTime::from(issued) > at + CLOCK_SKEW {
                        return Err("the token is from the future; check the clocks".to_owned());
                    }
                    Ok(())
                });
            let claims = token.claims(&verifier, &waiting.nonce)?;
            let mut all = claims.additional_claims().0.clone();
            // Those of the standard are apart from the others.
            if let Ok(Value::Object(standard)) = serde_json::to_value(claims) {
                all.extend(standard);
            }
            let names = (self.claims.0.as_str(), self.claims.1.as_str());
            let subject = claims.subject().as_str();
            Ok::<_, openidconnect::ClaimsVerificationError>(ProviderClaims::of(
                subject, &all, names,
            ))
        };
        match check(&client) {
            Ok(claims) => Ok(claims),
            // The provider may have new keys.
            Err(openidconnect::ClaimsVerificationError::SignatureVerification(_)) => {
                let client = self.client(self.metadata(now, true).await?);
                check(&client).map_err(|error| wrong(&causes(&error)))
            }
            Err(error) => Err(wrong(&causes(&error))),
        }
    }
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    redact_core::error::with_causes(error)
}
