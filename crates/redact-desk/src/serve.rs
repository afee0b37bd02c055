//! Listening: without TLS on this machine only, with TLS everywhere else.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::time::OffsetDateTime;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::der::Decode as _;

use crate::desk::Desk;
use crate::error::DeskError;
use crate::http::connections::{Acceptor, Connections, Limits};
use crate::private;
use crate::service::app::{App, Shared};
use crate::service::refusals;
use crate::service::views::{self, Sessions};
use crate::service::watch_folder;
use crate::time::{self, Millis};

/// How long requests may take to finish when the desk closes.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// The validity of a certificate that the desk makes. Browsers accept at most 825 days.
const VALID_FOR: Duration = Duration::from_secs(800 * 24 * 3600);

/// A certificate is renewed at a start within this time before it expires.
const RENEWED_BEFORE: Duration = Duration::from_secs(60 * 24 * 3600);

/// How often mail is collected and sent.
const MAIL_EVERY: Duration = Duration::from_secs(30);

const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(2);

/// How often the folders of requests are looked into.
const WATCH_EVERY: Duration = Duration::from_secs(10);

/// The desk's certificate.
#[derive(Clone, Debug)]
pub enum Certificate {
    /// A certificate that the office's machines trust: chain and key in PEM.
    Given {
        /// The chain.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// A self-signed certificate for these names, in the data folder; renewed at a start before it
    /// expires.
    Own {
        /// Host names and addresses.
        names: Vec<String>,
    },
}

/// Where the desk listens.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// TLS; `None` listens on this machine only.
    pub certificate: Option<Certificate>,
}

impl Listen {
    /// Binds the address, so that the port is known.
    ///
    /// # Errors
    /// [`DeskError::NeedsTls`], [`DeskError::Listen`].
    pub fn bind(&self) -> Result<TcpListener, DeskError> {
        let address = self.address;
        if self.certificate.is_none() && !address.ip().is_loopback() {
            return Err(DeskError::NeedsTls { address });
        }
        let failed = |source| DeskError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(listener)
    }
}

impl Desk {
    /// Serves requests on `listener` until `stop` completes, then closes the desk.
    ///
    /// # Errors
    /// [`DeskError::Certificate`], [`DeskError::Listen`].
    pub async fn serve(
        &self,
        listener: TcpListener,
        listen: &Listen,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), DeskError> {
        let service = self
            .router()
            .into_make_service_with_connect_info::<SocketAddr>();
        let acceptor = Acceptor(Connections::new(Limits::for_descriptors(descriptors())));
        let housekeeping = tokio::spawn(run_housekeeping(Arc::clone(&self.app)));
        let mail = tokio::spawn(run_mail(self.clone()));
        let watching = tokio::spawn(run_watching(Arc::clone(&self.app)));
        let handle = Handle::new();
        let closing = handle.clone();
        tokio::spawn(async move {
            stop.await;
            closing.graceful_shutdown(Some(CLOSE_WITHIN));
        });
        let address = listen.address;
        let failed = |source| DeskError::Listen { address, source };
        match &listen.certificate {
            None => {
                let server = axum_server::from_tcp(listener).map_err(failed)?;
                let server = server.http1_only().acceptor(acceptor).handle(handle);
                server.serve(service).await.map_err(failed)?;
            }
            Some(certificate) => {
                let config = tls(certificate, &self.app)?;
                let server = axum_server::from_tcp(listener).map_err(failed)?;
                let acceptor = RustlsAcceptor::new(config).acceptor(acceptor);
                let server = server.http1_only().acceptor(acceptor).handle(handle);
                server.serve(service).await.map_err(failed)?;
            }
        }
        housekeeping.abort();
        mail.abort();
        watching.abort();
        self.close().await;
        Ok(())
    }
}

/// Sends mail beside everything else: a slow mail server holds nothing up.
async fn run_mail(desk: Desk) {
    loop {
        tokio::time::sleep(MAIL_EVERY).await;
        desk.send_mail().await;
    }
}

/// Tasks that must run without a request.
async fn run_housekeeping(app: App) {
    loop {
        tokio::time::sleep(HOUSEKEEPING_EVERY).await;
        for done in [
            refusals::flush(&app, false).await,
            views::log_finished(&app, Sessions::Ended).await,
        ] {
            if let Err(error) = done {
                tracing::error!("desk: the event log: {error:?}");
            }
        }
    }
}

/// Adds what arrives in the folders of requests. It copies large files, so it waits for nobody and
/// nobody for it.
async fn run_watching(app: App) {
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        if let Err(error) = watch_folder::take_new(&app).await {
            tracing::error!("desk: the watch folder: {error:?}");
        }
    }
}

/// The number of files that this process may have open.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    // The minimum of POSIX systems, if the limit is not known.
    soft.and_then(|soft| soft.parse().ok()).unwrap_or(256)
}

fn wrong(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DeskError {
    DeskError::Certificate(error.into())
}

fn tls(certificate: &Certificate, app: &Shared) -> Result<RustlsConfig, DeskError> {
    let (chain, key) = match certificate {
        Certificate::Given { chain, key } => (
            std::fs::read(chain).map_err(wrong)?,
            std::fs::read(key).map_err(wrong)?,
        ),
        Certificate::Own { names } => own(names, app.folders.root(), app.now())?,
    };
    if let Some(ends) = end_of(&chain) {
        // A second server on the same desk has the same certificate.
        app.certificate_ends.set(ends).ok();
    }
    let chain = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(wrong)?;
    let mut config =
        rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(wrong)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// The desk's own certificate for these names, created if there is none that is valid for a while.
fn own(names: &[String], folder: &Path, now: Millis) -> Result<(Vec<u8>, Vec<u8>), DeskError> {
    let name = redact_record::digest_bytes(names.join("\n").as_bytes()).to_string();
    let chain = folder.join(format!("tls-{}.pem", &name[..16]));
    let key = folder.join(format!("tls-{}.key", &name[..16]));
    let now = time::moment(now);
    if let (Ok(chain), Ok(key)) = (std::fs::read(&chain), std::fs::read(&key))
        && is_good(&chain, now)
    {
        return Ok((chain, key));
    }
    let signing_key = rcgen::KeyPair::generate().map_err(wrong)?;
    let mut params = rcgen::CertificateParams::new(names.to_vec()).map_err(wrong)?;
    let name = rcgen::DnType::CommonName;
    params.distinguished_name.push(name, "Redact release desk");
    // Allow for clocks that differ.
    params.not_before = now - Duration::from_secs(24 * 3600);
    params.not_after = params.not_before + VALID_FOR;
    let made = params.self_signed(&signing_key).map_err(wrong)?;
    let (chain_pem, key_pem) = (made.pem(), signing_key.serialize_pem());
    private::write(&key, key_pem.as_bytes())?;
    private::write(&chain, chain_pem.as_bytes())?;
    Ok((chain_pem.into_bytes(), key_pem.into_bytes()))
}

/// When the first certificate of a chain in PEM ends; `None` if it cannot be read.
fn end_of(pem: &[u8]) -> Option<Millis> {
    let first = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    let certificate = x509_cert::Certificate::from_der(&first).ok()?;
    let ends = certificate.tbs_certificate.validity.not_after;
    Millis::try_from(ends.to_unix_duration().as_millis()).ok()
}

/// Whether the desk's own certificate is valid for a while, and no longer than browsers accept.
fn is_good(pem: &[u8], now: OffsetDateTime) -> bool {
    // Decode it as a whole first: the reader of DER in PEM accepts text that is cut short.
    let Ok((_, der)) = x509_cert::der::pem::decode_vec(pem) else {
        return false;
    };
    let Ok(certificate) = x509_cert::Certificate::from_der(&der) else {
        return false;
    };
    let validity = certificate.tbs_certificate.validity;
    let (from, to) = (
        validity.not_before.to_unix_duration(),
        validity.not_after.to_unix_duration(),
    );
    let Ok(now) = u64::try_from(now.unix_timestamp()).map(Duration::from_secs) else {
        return false;
    };
    from <= now && now + RENEWED_BEFORE < to && to - from <= VALID_FOR
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_cert::der::DecodePem as _;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    /// Goal: a certificate is valid as long as browsers accept, and is renewed in time; one of an
    /// earlier version, valid for two thousand years, is replaced.
    #[test]
    fn a_certificate_is_renewed_before_it_ends() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::TempDir::new().unwrap();
        let names = ["localhost".to_owned()];
        let now = 1_790_000_000_000;
        let days = |days: i64| days * 24 * 3_600_000;
        let (first, _) = own(&names, folder.path(), now).unwrap();
        let (same, _) = own(&names, folder.path(), now + days(700)).unwrap();
        assert_eq!(first, same);
        assert_eq!(end_of(&first), Some(now + days(799)));
        assert_eq!(end_of(b"not a certificate"), None);
        let (renewed, _) = own(&names, folder.path(), now + days(780)).unwrap();
        assert_ne!(first, renewed);
        let validity = x509_cert::Certificate::from_pem(&renewed).unwrap();
        let validity = validity.tbs_certificate.validity;
        let length = validity.not_after.to_unix_duration() - validity.not_before.to_unix_duration();
        assert!(length <= 825 * DAY, "{length:?}");
        let old = rcgen::generate_simple_self_signed(names.to_vec()).unwrap();
        assert!(!is_good(old.cert.pem().as_bytes(), time::moment(now)));
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let mode = file.unwrap().metadata().unwrap().mode() & 0o777;
            assert_eq!(mode, 0o600);
        }
    }
}
