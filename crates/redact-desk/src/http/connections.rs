//! Limits on connections: how many, how long each may be idle, and which one closes first.
//!
//! A connection without a session is anonymous. Anonymous connections have short time limits, and
//! few idle ones are allowed per address. At the limit, the one that has been idle longest is
//! closed for the newest, so that idle connections never lock anyone out. A connection that serves
//! a signed-in user is never closed for another.

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

/// How many connections there may be, and how long each may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections in total.
    pub(crate) total: usize,
    /// Anonymous connections per address (IPv6: per /64) before idle ones are closed.
    pub(crate) anonymous_per_address: usize,
    /// How long a connection may be idle before it can be closed for another of its address.
    /// Several that open at once are not idle yet.
    pub(crate) grace: Duration,
    /// From the start of the connection, or a request's first byte, to the end of the header.
    pub(crate) header: Duration,
    /// Between two requests.
    pub(crate) idle: Duration,
    /// For the next bytes of a body.
    pub(crate) body: Duration,
    /// For a whole body.
    pub(crate) whole_body: Duration,
    /// Until an anonymous or a signed-in client reads the next bytes of a response. A paused video
    /// reads none.
    pub(crate) write_anonymous: Duration,
    pub(crate) write_signed_in: Duration,
}

impl Limits {
    /// The limits of a process that may have `descriptors` open files.
    pub(crate) fn for_descriptors(descriptors: usize) -> Self {
        Self {
            // The rest is for recordings, the database and jobs.
            total: descriptors.saturating_sub(256).clamp(64, 2048),
            anonymous_per_address: 64,
            grace: Duration::from_secs(1),
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body: Duration::from_secs(30),
            whole_body: Duration::from_secs(600),
            write_anonymous: Duration::from_secs(30),
            write_signed_in: Duration::from_secs(900),
        }
    }
}

/// All open connections.
pub(crate) struct Connections {
    limits: Limits,
    /// The zero of all times.
    start: Instant,
    open: Mutex<Vec<Arc<ClientConnection>>>,
}

/// One connection.
pub(crate) struct ClientConnection {
    limits: Limits,
    start: Instant,
    network: IpAddr,
    /// Whether a request on it had a session.
    signed_in: AtomicBool,
    /// Requests in progress.
    serving: AtomicUsize,
    /// Whether the client must send more of a body.
    body_waits: AtomicBool,
    body_began: AtomicU64,
    /// The last activity, in milliseconds since `start`.
    last: AtomicU64,
    /// When the header must be complete.
    header_due: AtomicU64,
    closed: AtomicBool,
    waker: AtomicWaker,
}

/// The closing order: the smallest first.
type Rank = (u8, u64);

impl ClientConnection {
    fn now(&self) -> u64 {
        millis(self.start.elapsed())
    }

    fn record_activity(&self) {
        self.last.store(self.now(), Ordering::SeqCst);
    }

    /// Marks the connection as serving a signed-in user.
    pub(crate) fn mark_signed_in(&self) {
        self.signed_in.store(true, Ordering::SeqCst);
    }

    fn is_anonymous(&self) -> bool {
        !self.signed_in.load(Ordering::SeqCst)
    }

    /// The closing order; `None` is never closed for another.
    fn rank(&self) -> Option<Rank> {
        let serving = self.serving.load(Ordering::SeqCst) > 0;
        let group = match (self.is_anonymous(), serving) {
            (true, false) => 0,
            (true, true) => 1,
            (false, false) => 2,
            (false, true) => return None,
        };
        Some((group, self.last.load(Ordering::SeqCst)))
    }

    /// Whether it has been idle for `grace` milliseconds.
    fn is_silent_for(&self, now: u64, grace: u64) -> bool {
        let serving = self.serving.load(Ordering::SeqCst) > 0;
        !serving && now.saturating_sub(self.last.load(Ordering::SeqCst)) >= grace
    }

    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    /// When a pending read times out; `None` if nothing is awaited.
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
        let limit = if self.is_anonymous() {
            self.limits.write_anonymous
        } else {
            self.limits.write_signed_in
        };
        self.last.load(Ordering::SeqCst) + millis(limit)
    }

    /// The first bytes of a request end the idle time: the header must follow.
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

    /// Adds a connection; `None` if there is no room, which idle connections cannot cause.
    fn take(self: &Arc<Self>, ip: IpAddr) -> Option<Open> {
        let now = millis(self.start.elapsed());
        let connection = Arc::new(ClientConnection {
            limits: self.limits,
            start: self.start,
            network: peer::network(ip),
            signed_in: AtomicBool::new(false),
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
            |other: &ClientConnection| other.is_anonymous() && other.network == network;
        let strangers = open.iter().filter(|other| of_address(other)).count();
        if strangers >= self.limits.anonymous_per_address {
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

/// Closes the first connection in closing order among those that `fits`.
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

/// A listed connection; removed when dropped.
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

/// Applies the limits to accepted connections.
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

/// A stream that fails when the client is idle for too long, or when it is closed for another.
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

    /// Fails once `due` has passed; otherwise wakes the task then.
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
            self.open.connection.record_activity();
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
            connection.record_activity();
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

/// A service whose requests carry their connection.
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

/// Marks a connection as serving from a request's header to the end of the response.
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
        connection.record_activity();
        let due = connection.now() + millis(connection.limits.idle);
        connection.header_due.store(due, Ordering::SeqCst);
        connection.serving.fetch_sub(1, Ordering::SeqCst);
        // Wake the reading task: it now waits for a header.
        connection.waker.wake();
    }
}

/// A request's body, which reports when more of it is awaited.
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
                self.connection.record_activity();
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

/// A response's body. The request is in progress until it is dropped.
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

    fn limits(total: usize, anonymous_per_address: usize, grace: Duration) -> Limits {
        Limits {
            total,
            anonymous_per_address,
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

    /// Goal: the newest connection always gets in, the one idle longest is closed, and a served
    /// user is never closed for an anonymous client.
    #[tokio::test]
    async fn the_silent_make_room_and_the_served_do_not() {
        let all = Connections::new(limits(3, 64, Duration::ZERO));
        let person = all.take(ip(1)).unwrap();
        person.connection.mark_signed_in();
        let _serving = Serving::new(&person.connection);
        let first = all.take(ip(2)).unwrap();
        let second = all.take(ip(3)).unwrap();
        let third = all.take(ip(4)).unwrap();
        assert!(is_closed(&first) && !is_closed(&second) && !is_closed(&person));
        let busy = Serving::new(&second.connection);
        let fourth = all.take(ip(5)).unwrap();
        assert!(is_closed(&third) && !is_closed(&second));
        for open in [&second, &fourth] {
            open.connection.mark_signed_in();
        }
        let also = Serving::new(&fourth.connection);
        assert!(all.take(ip(6)).is_none(), "all of them are served");
        drop((busy, also));
        assert!(all.take(ip(6)).is_some());
    }

    /// Goal: an address may open many connections at once, and one that leaves them idle loses its
    /// own, not those of others.
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
