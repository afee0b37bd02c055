//! Many connections, slow ones and silent ones, at a real listener.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use redact_desk::Listen;
use tokio::sync::oneshot;

use crate::bench::{Bench, HOST};

struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
}

async fn serve(bench: &Bench) -> Serving {
    let listen = Listen {
        address: "127.0.0.1:0".parse().unwrap(),
        certificate: None,
    };
    let listener = listen.bind().unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let desk = bench.desk.clone();
    let done = tokio::spawn(async move {
        let stop = async {
            stopped.await.ok();
        };
        desk.serve(listener, &listen, stop).await.unwrap();
    });
    Serving {
        address,
        stop,
        done,
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

const STATE: &str = "GET /api/state HTTP/1.1\r\nHost: 127.0.0.1:7350\r\n";

fn ask(address: SocketAddr) -> String {
    let mut stream = connect(address);
    let request = format!("{STATE}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

/// How long until the other end closes.
fn closed_after(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).ok();
    began.elapsed()
}

/// Goal: 1,100 silent connections and as many half requests keep nobody out, not even from the same
/// address, and each is closed in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn silent_connections_keep_nobody_out() {
    let bench = Bench::new().await;
    let serving = serve(&bench).await;
    let address = serving.address;
    let checked = tokio::task::spawn_blocking(move || {
        assert!(ask(address).starts_with("HTTP/1.1 200"), "the control");
        let mut silent = Vec::new();
        for n in 0..1100 {
            let mut stream = connect(address);
            if n % 2 == 0 {
                stream.write_all(STATE.as_bytes()).ok();
            }
            silent.push(stream);
            if n % 100 == 0 {
                let began = Instant::now();
                assert!(ask(address).starts_with("HTTP/1.1 200"));
                assert!(began.elapsed() < Duration::from_secs(5));
            }
        }
        // The newest is among those that were not closed for others.
        let newest = silent.pop().unwrap();
        let after = closed_after(newest);
        let header = Duration::from_secs(8)..Duration::from_secs(16);
        assert!(header.contains(&after), "{after:?}");
        assert!(closed_after(silent.swap_remove(0)) < Duration::from_secs(1));
    });
    checked.await.unwrap();
    serving.stop.send(()).unwrap();
    serving.done.await.unwrap();
}

/// Goal: a header that comes byte by byte, and a body that does not come, are not waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_header_that_drips_and_a_body_that_stops_are_given_up() {
    let bench = Bench::new().await;
    let serving = serve(&bench).await;
    let address = serving.address;
    let drip = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let mut stream = connect(address);
        stream.write_all(STATE.as_bytes()).unwrap();
        while stream.write_all(b"X-A: b\r\n").is_ok() {
            assert!(began.elapsed() < Duration::from_secs(20), "still open");
            std::thread::sleep(Duration::from_millis(300));
        }
        assert!(began.elapsed() > Duration::from_secs(8), "not too early");
    });
    let body = tokio::task::spawn_blocking(move || {
        let mut stream = connect(address);
        let head = format!(
            "POST /api/session HTTP/1.1\r\nHost: {HOST}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let after = closed_after(stream);
        assert!(after < Duration::from_secs(40), "{after:?}");
    });
    drip.await.unwrap();
    body.await.unwrap();
    serving.stop.send(()).unwrap();
    serving.done.await.unwrap();
}

/// Goal: many real sign-ins at once are all answered, and no more are tried than the limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_sign_ins_at_once_are_all_answered() {
    let bench = Bench::new().await;
    let serving = serve(&bench).await;
    let address = serving.address;
    let sign_in = move || {
        let body = r#"{"login":"pat","password":"wrong password!","code":"123456"}"#;
        let mut stream = connect(address);
        let request = format!(
            "POST /api/session HTTP/1.1\r\nHost: {HOST}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.get(9..12).unwrap_or_default().to_owned()
    };
    let answers = tokio::task::spawn_blocking(move || {
        let threads: Vec<_> = (0..200).map(|_| std::thread::spawn(sign_in)).collect();
        let answers = threads.into_iter().map(|thread| thread.join().unwrap());
        answers.collect::<Vec<String>>()
    });
    let answers = answers.await.unwrap();
    let count = |status: &str| answers.iter().filter(|answer| *answer == status).count();
    assert_eq!((count("401"), count("429")), (5, 195), "{answers:?}");
    serving.stop.send(()).unwrap();
    serving.done.await.unwrap();
}
