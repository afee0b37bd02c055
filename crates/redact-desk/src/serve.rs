//! Listening: plain on this machine alone, TLS everywhere else.

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
use crate::service::views::{self, Over};
use crate::time::{self, Millis};

/// Requests under way have so long to end when the desk closes.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// How long a certificate of the desk's own holds: browsers take 825 days at most.
const VALID_FOR: Duration = Duration::from_secs(800 * 24 * 3600);

/// A start so long before its end makes another one.
const RENEWED_BEFORE: Duration = Duration::from_secs(60 * 24 * 3600);

const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(2);

/// What the desk shows to browsers.
#[derive(Clone, Debug)]
pub enum Certificate {
    /// One that an office's machines trust: the chain, and its key, in PEM.
    Given {
        /// The chain.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// One of its own for these names, in the data folder; renewed at a start before it ends.
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
    /// TLS; `None` is for this machine alone.
    pub certificate: Option<Certificate>,
}

impl Listen {
    /// Takes the address, so that its port is known.
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
    /// Answers requests on `listener` until `stop` is done; then closes the desk.
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
        let housekeeping = tokio::spawn(keep_house(Arc::clone(&self.app)));
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
        self.close().await;
        Ok(())
    }
}

/// What has to be done although nobody asks for anything.
async fn keep_house(app: App) {
    loop {
        tokio::time::sleep(HOUSEKEEPING_EVERY).await;
        for done in [
            refusals::flush(&app, false).await,
            views::settle(&app, Over::Ended).await,
        ] {
            if let Err(error) = done {
                tracing::error!("desk: the event log: {error:?}");
            }
        }
    }
}

/// How many files this process may have open, by the system's word.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    // What POSIX has always given, where the system does not say.
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

/// The certificate that the desk made for these names, made now if there is none that is good for
/// a while.
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
    // Clocks differ.
    params.not_before = now - Duration::from_secs(24 * 3600);
    params.not_after = params.not_before + VALID_FOR;
    let made = params.self_signed(&signing_key).map_err(wrong)?;
    let (chain_pem, key_pem) = (made.pem(), signing_key.serialize_pem());
    private::write(&key, key_pem.as_bytes())?;
    private::write(&chain, chain_pem.as_bytes())?;
    Ok((chain_pem.into_bytes(), key_pem.into_bytes()))
}

/// Whether a certificate of our own holds for a while, and no longer than browsers take.
fn is_good(pem: &[u8], now: OffsetDateTime) -> bool {
    // As a whole first: the reader of DER in PEM does not end where the text is cut short.
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

    /// Goal: a certificate is as good as browsers want it, and another is made in time; one of an
    /// earlier version, good for two thousand years, is replaced.
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
