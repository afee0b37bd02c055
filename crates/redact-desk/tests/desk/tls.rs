//! The desk behind TLS: a real listener, a certificate of its own, and what must not get through.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use redact_desk::{Certificate, DeskError, Listen};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio::sync::oneshot;

use crate::bench::{Bench, HOST};

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    stream
}

/// What is answered to a request for `host`; empty when the connection is closed without a word.
fn ask(stream: &mut (impl std::io::Read + std::io::Write), host: &str) -> String {
    let request = format!("GET /api/state HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that is cut off says what it said until then.
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A browser that trusts `chain` and nothing else.
fn browser(chain: &[u8]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(chain) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

fn secure(config: &Arc<ClientConfig>, address: SocketAddr, host: &str) -> std::io::Result<String> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let client = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut stream = StreamOwned::new(client, connect(address));
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(ask(&mut stream, host))
}

/// Goal: behind TLS the desk answers who trusts its certificate and asks for it by name, tells
/// browsers to stay with TLS, and answers nobody in the clear.
#[tokio::test(flavor = "multi_thread")]
async fn behind_tls_nothing_is_said_in_the_clear() {
    let bench = Bench::behind_tls().await;
    let listen = Listen {
        address: "127.0.0.1:0".parse().unwrap(),
        certificate: Some(Certificate::Own {
            names: vec!["localhost".into(), "127.0.0.1".into()],
        }),
    };
    let listener = listen.bind().unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let desk = bench.desk.clone();
    let serving = tokio::spawn(async move {
        let stop = async {
            stopped.await.ok();
        };
        desk.serve(listener, &listen, stop).await
    });
    let data = bench.folder.path().join("data");
    let checked = tokio::task::spawn_blocking(move || {
        let chain = std::iter::repeat_with(|| {
            std::thread::sleep(Duration::from_millis(20));
            let files = std::fs::read_dir(&data).unwrap().flatten();
            let mut pem = files.filter(|file| file.path().extension().is_some_and(|e| e == "pem"));
            pem.next().map(|file| std::fs::read(file.path()).unwrap())
        });
        let chain = chain.take(500).flatten().next().unwrap();
        let trusting = browser(&chain);
        let answer = secure(&trusting, address, HOST).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(
            answer.contains("strict-transport-security: max-age=31536000"),
            "{answer}"
        );
        assert!(answer.contains("\"tls\":true"), "{answer}");
        let rebound = secure(&trusting, address, "attacker.example").unwrap();
        assert!(rebound.starts_with("HTTP/1.1 421"), "{rebound}");
        let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let distrusting = browser(other.cert.pem().as_bytes());
        assert!(
            secure(&distrusting, address, HOST).is_err(),
            "a certificate of somebody else"
        );
        let clear = ask(&mut connect(address), HOST);
        assert!(
            !clear.contains("HTTP/1.1") && !clear.contains("version"),
            "{clear}"
        );
    });
    checked.await.unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

#[test]
fn without_tls_the_desk_is_for_this_machine_alone() {
    let listen = |address: &str| Listen {
        address: address.parse().unwrap(),
        certificate: None,
    };
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.7:0"] {
        let refused = listen(open).bind();
        assert!(matches!(refused, Err(DeskError::NeedsTls { .. })), "{open}");
    }
    assert!(listen("127.0.0.1:0").bind().is_ok());
}
