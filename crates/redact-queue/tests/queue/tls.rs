//! A database on the network, reached over TLS.

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use redact_queue::{Access, Database, QueueError};

use crate::server::Server;

/// A database that is away is tried for longer.
const FIRST_WITHIN: Duration = Duration::from_secs(20);

/// A certificate authority, and a certificate that it made for `localhost`.
struct Authority {
    /// Its own certificate, which clients trust, in a file.
    file: tempfile::NamedTempFile,
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let own_key = KeyPair::generate().unwrap();
        let mut own = CertificateParams::new(Vec::new()).unwrap();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.distinguished_name.push(DnType::CommonName, "An office");
        let file = tempfile::NamedTempFile::new().unwrap();
        let certificate = own.self_signed(&own_key).unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        let issuer = Issuer::new(own, own_key);
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
        Self {
            file,
            certificate: server.signed_by(&key, &issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// Goal: with `sslmode=verify-full`, a database is used only if the authority that is named made a
/// certificate for its name. Control: the server takes connections from the network over TLS alone,
/// and the right authority and name connect.
#[tokio::test]
async fn the_server_is_verified() {
    let (office, stranger) = (Authority::new(), Authority::new());
    let server = Server::with_tls(&office.certificate, &office.key);
    let connect = async |host: &str, mode: &str, root: &Authority| {
        let (port, root) = (server.tls_port(), root.file.path().display());
        let address =
            format!("postgres://owner@{host}:{port}/postgres?sslmode={mode}&sslrootcert={root}");
        Database::connect(&address, Access::Protected, 2).await
    };
    connect("localhost", "verify-full", &office).await.unwrap();
    let refused = [
        ("another authority", "localhost", "verify-full", &stranger),
        ("another name", "127.0.0.1", "verify-full", &office),
        ("no TLS", "localhost", "disable", &office),
    ];
    for (why, host, mode, root) in refused {
        let found = tokio::time::timeout(FIRST_WITHIN, connect(host, mode, root)).await;
        let found =
            found.expect("refused at once, not when the database was tried for long enough");
        assert!(
            matches!(found, Err(QueueError::Database { .. })),
            "{why}: {found:?}"
        );
    }
}
