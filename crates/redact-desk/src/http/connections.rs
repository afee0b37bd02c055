//! Connections: how many, how long each may be silent, and which goes when there are too many.
//!
//! A connection that shows no session is a stranger's. Strangers have short times, and silent ones
//! few connections per address; when there are too many, the one that has been silent longest makes
//! room for the newest, so that silent connections never keep anybody out. A connection with a
//! request of somebody who is signed in is never closed for another.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use axum_server::accept::Accept;
use futures_util::task::AtomicWaker;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::peer;

/// How many connections there may be, and how long one may wait for the other end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections at a time.
    pub(crate) total: usize,
    /// Strangers' connections of one address (of one /64 in IPv6) before silent ones are closed.
    pub(crate) strangers_per_address: usize,
    /// How long a connection may be silent before it is closed for another of its address: many
    /// that come at once are not yet silent.
    pub(crate) grace: Duration,
    /// From the connection's start, or a request's first byte, to the end of its header.
    pub(crate) header: Duration,
    /// Between two requests.
    pub(crate) idle: Duration,
    /// For the next bytes of a body.
    pub(crate) body: Duration,
    /// For a whole body.
    pub(crate) whole_body: Duration,
    /// Until a stranger, or a person, takes the next bytes of an answer. A paused video takes none.
    pub(crate) write_stranger: Duration,
    pub(crate) write_person: Duration,
}

impl Limits {
    /// The limits of a process that may have `descriptors` files open.
    pub(crate) fn for_descriptors(descriptors: usize) -> Self {
        Self {
            // The rest is for recordings, the database and jobs.
            total: descriptors.saturating_sub(256).clamp(64, 2048),
            strangers_per_address: 64,
            grace: Duration::from_secs(1),
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body: Duration::from_secs(30),
            whole_body: Duration::from_secs(600),
            write_stranger: Duration::from_secs(30),
            write_person: Duration::from_secs(900),
        }
    }
}

/// Every connection that is open.
pub(crate) struct Connections {
    limits: Limits,
    /// What times are counted from.
    start: Instant,
    open: Mutex<Vec<Arc<ClientConnection>>>,
}

/// One connection.
pub(crate) struct ClientConnection {
    limits: Limits,
    start: Instant,
    network: IpAddr,
    /// Whether a request on it showed a session.
    person: AtomicBool,
    /// Requests that are being answered.
    serving: AtomicUsize,
    /// Whether the other end has to send more of a body.
    body_waits: AtomicBool,
    body_began: AtomicU64,
    /// When the other end was last heard of, in milliseconds since `start`.
    last: AtomicU64,
    /// When the header that is awaited has to be there.
    header_due: AtomicU64,
    closed: AtomicBool,
    waker: AtomicWaker,
}

/// Which connection goes first: the smallest.
type Rank = (u8, u64);

impl ClientConnection {
    fn now(&self) -> u64 {
        millis(self.start.elapsed())
    }

    fn heard(&self) {
        self.last.store(self.now(), Ordering::SeqCst);
    }

    /// The request on it is of somebody who is signed in.
    pub(crate) fn is_of_a_person(&self) {
        self.person.store(true, Ordering::SeqCst);
    }

    fn is_strangers(&self) -> bool {
        !self.person.load(Ordering::SeqCst)
    }

    /// `None` is never closed for another.
    fn rank(&self) -> Option<Rank> {
        let serving = self.serving.load(Ordering::SeqCst) > 0;
        let group = match (self.is_strangers(), serving) {
            (true, false) => 0,
            (true, true) => 1,
            (false, false) => 2,
            (false, true) => return None,
        };
        Some((group, self.last.load(Ordering::SeqCst)))
    }

    /// Whether it waits for a request, and has for so many milliseconds.
    fn is_silent_for(&self, now: u64, grace: u64) -> bool {
        let serving = self.serving.load(Ordering::SeqCst) > 0;
        !serving && now.saturating_sub(self.last.load(Ordering::SeqCst)) >= grace
    }

    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    /// When a read that waits now is given up; `None` while nothing is awaited.
    fn read_due(&self) -> Option<u64> {
        if self.body_waits.load(Ordering::SeqCst) {
            let next = self.last.load(Ordering::SeqCst) + millis(self.limits.body);
            let whole = self.body_began.load(Ordering::SeqCst) + millis(self.limits.whole_body);
            return Some(next.min(whole));
        }
        let serving = self.serving.load(Ordering::SeqCst) > 0;
        (!serving).then(|| self.header_due.load(Ordering::SeqCst))
    }

    fn write_due(&self) -> u64 {
        let limit = if self.is_strangers() {
            self.limits.write_stranger
        } else {
            self.limits.write_person
        };
        self.last.load(Ordering::SeqCst) + millis(limit)
    }

    /// A request's first bytes end the time between requests: the header has to follow.
    fn header_began(&self) {
        if self.serving.load(Ordering::SeqCst) == 0 {
            let due = self.now() + millis(self.limits.header);
            self.header_due.fetch_min(due, Ordering::SeqCst);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Connections {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            start: Instant::now(),
            open: Mutex::new(Vec::new()),
        })
    }

    /// Takes a connection in; `None` when there is no room, which silent ones cannot bring about.
    fn take(self: &Arc<Self>, ip: IpAddr) -> Option<Open> {
        let now = millis(self.start.elapsed());
        let connection = Arc::new(ClientConnection {
            limits: self.limits,
            start: self.start,
            network: peer::network(ip),
            person: AtomicBool::new(false),
            serving: AtomicUsize::new(0),
            body_waits: AtomicBool::new(false),
            body_began: AtomicU64::new(0),
            last: AtomicU64::new(now),
            header_due: AtomicU64::new(now + millis(self.limits.header)),
            closed: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let network = connection.network;
        let of_address =
            |other: &ClientConnection| other.is_strangers() && other.network == network;
        let strangers = open.iter().filter(|other| of_address(other)).count();
        if strangers >= self.limits.strangers_per_address {
            let grace = millis(self.limits.grace);
            make_room(&mut open, |other| {
                of_address(other) && other.is_silent_for(now, grace)
            });
        }
        if open.len() >= self.limits.total {
            make_room(&mut open, |_| true)?;
        }
        open.push(Arc::clone(&connection));
        Some(Open {
            connection,
            all: Arc::clone(self),
        })
    }
}

/// Closes the connection among those that `fits` which goes first.
fn make_room(
    open: &mut Vec<Arc<ClientConnection>>,
    fits: impl Fn(&ClientConnection) -> bool,
) -> Option<()> {
    let (_, at) = (0..open.len())
        .filter(|&at| fits(&open[at]))
        .filter_map(|at| Some((open[at].rank()?, at)))
        .min()?;
    open.swap_remove(at).close();
    Some(())
}

/// A connection in the list, as long as this lives.
struct Open {
    connection: Arc<ClientConnection>,
    all: Arc<Connections>,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.all.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|other| !Arc::ptr_eq(other, &self.connection));
    }
}

/// Watches what is accepted.
#[derive(Clone)]
pub(crate) struct Acceptor(pub(crate) Arc<Connections>);

impl<S> Accept<TcpStream, S> for Acceptor {
    type Stream = Watched;
    type Service = Tagged<S>;
    type Future = std::future::Ready<io::Result<(Watched, Tagged<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let taken = || -> io::Result<_> {
            let ip = stream.peer_addr()?.ip();
            stream.set_nodelay(true)?;
            let full = || io::Error::from(io::ErrorKind::ConnectionRefused);
            let open = self.0.take(ip).ok_or_else(full)?;
            let tagged = Tagged {
                service,
                connection: Arc::clone(&open.connection),
            };
            let watched = Watched {
                stream,
                open,
                timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            };
            Ok((watched, tagged))
        };
        std::future::ready(taken())
    }
}

/// A stream that fails when the other end is silent for too long, or makes room for another.
pub(crate) struct Watched {
    stream: TcpStream,
    open: Open,
    timer: Pin<Box<Sleep>>,
}

impl Watched {
    fn check_closed(&self, cx: &Context<'_>) -> io::Result<()> {
        let connection = &self.open.connection;
        connection.waker.register(cx.waker());
        if connection.closed.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }

    /// Fails once `due` is over; else has the task woken then.
    fn wait(&mut self, cx: &mut Context<'_>, due: u64) -> Poll<io::Error> {
        let at = self.open.connection.start + Duration::from_millis(due);
        if self.timer.deadline() != at {
            self.timer.as_mut().reset(at);
        }
        match self.timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Poll::Pending,
        }
    }

    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.open.connection.heard();
            return result;
        }
        let due = self.open.connection.write_due();
        self.wait(cx, due).map(Err)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_closed(cx)?;
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let connection = &self.open.connection;
        if result.is_ready() {
            connection.heard();
            connection.header_began();
            return result;
        }
        match connection.read_due() {
            Some(due) => self.wait(cx, due).map(Err),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_closed(cx)?;
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check_closed(cx)?;
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A service whose requests know their connection.
#[derive(Clone)]
pub(crate) struct Tagged<S> {
    service: S,
    connection: Arc<ClientConnection>,
}

impl<S, B> tower::Service<axum::http::Request<B>> for Tagged<S>
where
    S: tower::Service<axum::http::Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: axum::http::Request<B>) -> Self::Future {
        request
            .extensions_mut()
            .insert(Arc::clone(&self.connection));
        self.service.call(request)
    }
}

/// Marks a connection as serving from a request's header to the end of its answer.
pub(crate) async fn serving(mut request: Request, next: Next) -> Response {
    let Some(connection) = request.extensions().get::<Arc<ClientConnection>>().cloned() else {
        return next.run(request).await;
    };
    let guard = Serving::new(&connection);
    if !request.body().is_end_stream() {
        connection
            .body_began
            .store(connection.now(), Ordering::SeqCst);
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(Incoming { body, connection });
    }
    next.run(request).await.map(|body| {
        Body::new(Outgoing {
            body,
            _guard: guard,
        })
    })
}

struct Serving(Arc<ClientConnection>);

impl Serving {
    fn new(connection: &Arc<ClientConnection>) -> Self {
        connection.serving.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(connection))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let connection = &self.0;
        connection.heard();
        let due = connection.now() + millis(connection.limits.idle);
        connection.header_due.store(due, Ordering::SeqCst);
        connection.serving.fetch_sub(1, Ordering::SeqCst);
        // The task that reads has to learn that it waits for a header now.
        connection.waker.wake();
    }
}

/// A request's body; says when more of it is awaited.
struct Incoming {
    body: Body,
    connection: Arc<ClientConnection>,
}

impl HttpBody for Incoming {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let waits = &self.connection.body_waits;
        if waits.swap(polled.is_pending(), Ordering::SeqCst) != polled.is_pending() {
            if polled.is_pending() {
                self.connection.heard();
            }
            self.connection.waker.wake();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.connection.body_waits.store(false, Ordering::SeqCst);
    }
}

/// An answer's body; the request is served until it is gone.
struct Outgoing {
    body: Body,
    _guard: Serving,
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, axum::Error>>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(total: usize, strangers_per_address: usize, grace: Duration) -> Limits {
        Limits {
            total,
            strangers_per_address,
            grace,
            ..Limits::for_descriptors(1024)
        }
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_closed(open: &Open) -> bool {
        open.connection.closed.load(Ordering::SeqCst)
    }

    /// Goal: the newest always gets in, the one that was silent longest goes, and nobody who is
    /// signed in and served goes for a stranger.
    #[tokio::test]
    async fn the_silent_make_room_and_the_served_do_not() {
        let all = Connections::new(limits(3, 64, Duration::ZERO));
        let person = all.take(ip(1)).unwrap();
        person.connection.is_of_a_person();
        let _serving = Serving::new(&person.connection);
        let first = all.take(ip(2)).unwrap();
        let second = all.take(ip(3)).unwrap();
        let third = all.take(ip(4)).unwrap();
        assert!(is_closed(&first) && !is_closed(&second) && !is_closed(&person));
        let busy = Serving::new(&second.connection);
        let fourth = all.take(ip(5)).unwrap();
        assert!(is_closed(&third) && !is_closed(&second));
        for open in [&second, &fourth] {
            open.connection.is_of_a_person();
        }
        let also = Serving::new(&fourth.connection);
        assert!(all.take(ip(6)).is_none(), "all of them are served");
        drop((busy, also));
        assert!(all.take(ip(6)).is_some());
    }

    /// Goal: an address that opens many at once gets them, and one that leaves them silent loses
    /// its own, not those of others.
    #[tokio::test]
    async fn an_address_loses_its_own_silent_connections() {
        let burst = Connections::new(limits(100, 2, Duration::from_secs(60)));
        let opened: Vec<Open> = (0..10).map(|_| burst.take(ip(1)).unwrap()).collect();
        assert!(!opened.iter().any(is_closed), "they come at once");
        let silent = Connections::new(limits(100, 2, Duration::ZERO));
        let other = silent.take(ip(2)).unwrap();
        let opened: Vec<Open> = (0..10).map(|_| silent.take(ip(1)).unwrap()).collect();
        let closed = opened.iter().filter(|open| is_closed(open)).count();
        assert_eq!(closed, 8);
        assert!(!is_closed(&other));
    }
}
