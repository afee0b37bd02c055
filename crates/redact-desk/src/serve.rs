//! Listening: plain on this machine alone, TLS everywhere else.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Desk, DeskError};

/// Requests under way have so long to end when the desk closes.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

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
    /// One of its own, made once and kept in the data folder, for these names.
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
        let service = self.router().into_make_service();
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
                server.handle(handle).serve(service).await.map_err(failed)?;
            }
            Some(certificate) => {
                let config = tls(certificate, self.app.folders.root())?;
                let server = axum_server::from_tcp_rustls(listener, config).map_err(failed)?;
                server.handle(handle).serve(service).await.map_err(failed)?;
            }
        }
        self.close().await;
        Ok(())
    }
}

fn wrong(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DeskError {
    DeskError::Certificate(error.into())
}

fn tls(certificate: &Certificate, folder: &Path) -> Result<RustlsConfig, DeskError> {
    let (chain, key) = match certificate {
        Certificate::Given { chain, key } => (
            std::fs::read(chain).map_err(wrong)?,
            std::fs::read(key).map_err(wrong)?,
        ),
        Certificate::Own { names } => own(names, folder)?,
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

/// The certificate that the desk made for these names, made now if it is not there.
fn own(names: &[String], folder: &Path) -> Result<(Vec<u8>, Vec<u8>), DeskError> {
    let name = redact_record::digest_bytes(names.join("\n").as_bytes()).to_string();
    let chain = folder.join(format!("tls-{}.pem", &name[..16]));
    let key = folder.join(format!("tls-{}.key", &name[..16]));
    if let (Ok(chain), Ok(key)) = (std::fs::read(&chain), std::fs::read(&key)) {
        return Ok((chain, key));
    }
    let made = rcgen::generate_simple_self_signed(names.to_vec()).map_err(wrong)?;
    let (chain_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
    // The folder is its owner's alone, and so is what is in it.
    redact_record::write(&key, key_pem.as_bytes(), redact_record::Overwrite::Replace)?;
    redact_record::write(
        &chain,
        chain_pem.as_bytes(),
        redact_record::Overwrite::Replace,
    )?;
    Ok((chain_pem.into_bytes(), key_pem.into_bytes()))
}
