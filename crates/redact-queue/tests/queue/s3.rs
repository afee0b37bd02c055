//! The store in a bucket, against an emulator: `moto`, from PyPI as `moto[server]`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redact_queue::{S3Options, S3Store, Store, StoreError, digest_bytes};

/// Goal: a bucket is a store as a folder is: what it gives is what its name says, and what it lost
/// is named. Controls: small and large objects come back as they were.
#[tokio::test]
async fn a_bucket_is_a_store() {
    let Some(emulator) = Emulator::start() else {
        eprintln!("skipped: no emulator of S3; `pip install 'moto[server]'` installs one");
        return;
    };
    emulator.put("/evidence", b"").await;
    let store = Store::S3(S3Store::new(&emulator.options()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let large: Vec<u8> = (0..251).cycle().take(40_000_000).collect();
    for (n, bytes) in [b"output".as_slice(), b"", &large].into_iter().enumerate() {
        let object = digest_bytes(bytes);
        let file = folder.path().join(format!("out {n}"));
        let to = folder.path().join(format!("fetched {n}"));
        let missing = store.get(object, &to).await.unwrap_err();
        assert!(matches!(missing, StoreError::Missing { .. }), "{missing:?}");
        assert!(missing.to_string().contains(&object.to_string()));
        std::fs::write(&file, bytes).unwrap();
        store.put(&file, object).await.unwrap();
        store.put(&file, object).await.unwrap();
        store.get(object, &to).await.unwrap();
        assert!(std::fs::read(&to).unwrap() == bytes);
    }
    let object = digest_bytes(b"output");
    emulator
        .put(&format!("/evidence/a%20b/objects/{object}"), b"outp")
        .await;
    let to = folder.path().join("damaged");
    let damaged = store.get(object, &to).await.unwrap_err();
    assert!(
        matches!(damaged, StoreError::Damaged { bytes: 4, .. }),
        "{damaged:?}"
    );
    assert!(!to.exists());
    store
        .put(&folder.path().join("out 0"), object)
        .await
        .unwrap();
    store.get(object, &to).await.unwrap();

    let refused = store
        .put(&folder.path().join("out 1"), object)
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::OtherFile { .. }));
}

struct Emulator {
    child: Child,
    port: u16,
}

impl Emulator {
    fn start() -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut emulator = Self {
            child: child.ok()?,
            port,
        };
        let give_up = Instant::now() + Duration::from_secs(40);
        while Instant::now() < give_up {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(emulator);
            }
            // Without its web server it ends at once.
            if emulator.child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("moto_server does not answer");
    }

    fn options(&self) -> S3Options {
        S3Options {
            bucket: "evidence".to_owned(),
            prefix: "a b".to_owned(),
            region: Some("us-gov-west-1".to_owned()),
            endpoint: Some(format!("http://127.0.0.1:{}", self.port)),
            access_key_id: Some("key".to_owned()),
            secret_access_key: Some("secret".to_owned()),
            session_token: None,
            allow_http: true,
        }
    }

    /// Writes past the store: buckets, and damaged objects.
    async fn put(&self, path: &str, bytes: &[u8]) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port))
            .await
            .unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request\r\n\r\n",
            bytes.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
