//! The connection to the agency's mail server.
//!
//! The server is contacted only if it is configured, and only when there is something to send.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use crate::api_error::{ApiError, ApiResult};
use crate::error::DeskError;
use crate::mail::{MailConfig, MailSecurity};
use crate::sign_on::read_text;

/// How long the server may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Why a message could not be sent.
pub(crate) struct MailFault {
    pub(crate) why: String,
    /// Whether the server will say the same the next time.
    pub(crate) is_permanent: bool,
}

/// Sends mail.
pub(crate) struct Mailer {
    /// The server and its port.
    pub(crate) place: String,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// The address of the desk.
    base: String,
}

impl Mailer {
    /// A mailer; nothing is sent yet.
    ///
    /// # Errors
    /// [`DeskError::Configuration`].
    pub(crate) fn new(config: &MailConfig, host: &str, tls: bool) -> Result<Self, DeskError> {
        let invalid = |what: String| DeskError::Configuration {
            path: "mail".into(),
            what,
        };
        let from = config.from.parse();
        let from = from.map_err(|error| invalid(format!("from = {:?}: {error}", config.from)))?;
        let mut parameters = TlsParameters::builder(config.server.clone());
        if let Some(file) = &config.certificates {
            let pem = read_text(file)?;
            let root = Certificate::from_pem(pem.as_bytes()).map_err(|error| {
                DeskError::Configuration {
                    path: file.clone(),
                    what: format!("expected certificates in PEM: {error}"),
                }
            })?;
            parameters = parameters.add_root_certificate(root);
        }
        let parameters = parameters
            .build_rustls()
            .map_err(|error| invalid(error.to_string()))?;
        let encryption = match config.security {
            MailSecurity::Starttls => Tls::Required(parameters),
            MailSecurity::Tls => Tls::Wrapper(parameters),
            MailSecurity::None => Tls::None,
        };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.server.clone())
                .port(config.port_or_usual())
                .hello_name(ClientId::Domain(name.to_owned()))
                .timeout(Some(ANSWER_WITHIN))
                .tls(encryption);
        if let (Some(user), Some(password)) = (&config.user, &config.password) {
            transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
        }
        let scheme = if tls { "https" } else { "http" };
        let base = config
            .link_to
            .clone()
            .unwrap_or_else(|| format!("{scheme}://{host}"));
        Ok(Self {
            place: config.place(),
            transport: transport.build(),
            from,
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// The link to a place of the page, as in `#/request/…`.
    pub(crate) fn link(&self, place: &str) -> String {
        format!("{}/{place}", self.base)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`MailFault`].
    pub(crate) async fn send(
        &self,
        to: &str,
        (subject, text): (String, String),
    ) -> Result<(), MailFault> {
        let lasting = |why: String| MailFault {
            why,
            is_permanent: true,
        };
        let address: Address = to
            .parse()
            .map_err(|_| lasting("invalid address".to_owned()))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| lasting(error.to_string()))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(MailFault {
                is_permanent: error.is_permanent(),
                why: redact_core::error::with_causes(&error),
            }),
        }
    }
}

/// An e-mail address.
///
/// # Errors
/// 400 for `address`.
pub(crate) fn address(given: &str) -> ApiResult<String> {
    let parsed = given.trim().parse::<Address>();
    let parsed = parsed
        .ok()
        .filter(|address| address.to_string().len() <= 254);
    parsed.map(|address| address.to_string()).ok_or_else(|| {
        ApiError::field(
            "address",
            "This is not an email address. Expected one such as ada@city.gov.",
        )
    })
}
