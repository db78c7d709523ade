//! Room: web/listener. One connection: hyper's HTTP/1 between a watched stream and whoever responds, under deadlines
//! that one sweep a tick enforces for all. Never knows what is asked.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::limits::{Admitted, Limits};
use super::tls::Tls;
use super::watched_io::{OverSocket, Phase, Progress, WatchedIo};

/// How often deadlines are looked at.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// An answer's body: always whole in memory, always bounded by who made it.
pub type Body = Full<Bytes>;

/// Who answers requests. One a thread; it never leaves its thread.
pub trait Respond: 'static {
    /// Answers one request. There is always an answer.
    fn respond(&self, request: Request<Incoming>, peer: SocketAddr) -> impl Future<Output = Response<Body>>;
}

/// The open connections of one thread.
pub(super) struct WatchList {
    limits: Limits,
    now: Rc<Cell<u32>>,
    draining: Cell<bool>,
    connections: RefCell<Vec<Option<Rc<Watched>>>>,
    vacant: RefCell<Vec<usize>>,
}

struct Watched {
    progress: Rc<Progress>,
    /// Woken to close at once, or to stop after the request at hand when draining.
    wake: Notify,
    overdue: Cell<bool>,
}

impl WatchList {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            now: Rc::default(),
            draining: Cell::new(false),
            connections: RefCell::default(),
            vacant: RefCell::default(),
        }
    }

    /// Looks at every deadline of this thread's connections and closes those overdue.
    pub(super) fn tick(&self) {
        self.now.set(self.now.get().wrapping_add(1));
        for watched in self.connections.borrow().iter().flatten() {
            let waited = TICK * self.now.get().wrapping_sub(watched.progress.since.get());
            let allowed = match watched.progress.phase.get() {
                Phase::Fresh => self.limits.first_byte,
                Phase::Head => self.limits.head,
                Phase::Answering | Phase::Sending => self.limits.request,
                Phase::Idle => self.limits.idle,
            };
            if waited > allowed {
                watched.overdue.set(true);
                watched.wake.notify_one();
            }
        }
    }

    /// Tells every connection to end after the request at hand.
    pub(super) fn drain(&self) {
        self.draining.set(true);
        for watched in self.connections.borrow().iter().flatten() {
            watched.wake.notify_one();
        }
    }

    pub(super) fn open(&self) -> usize {
        self.connections.borrow().len() - self.vacant.borrow().len()
    }

    fn enlist(&self, watched: Rc<Watched>) -> usize {
        let mut connections = self.connections.borrow_mut();
        if let Some(index) = self.vacant.borrow_mut().pop() {
            connections[index] = Some(watched);
            return index;
        }
        connections.push(Some(watched));
        connections.len() - 1
    }

    fn forget(&self, index: usize) {
        self.connections.borrow_mut()[index] = None;
        self.vacant.borrow_mut().push(index);
    }
}

/// Serves one connection on this thread until it ends, is overdue, or has drained.
pub(super) fn spawn<R: Respond>(
    stream: TcpStream,
    tls: Option<&Tls>,
    peer: SocketAddr,
    admitted: Admitted,
    watch_list: &Rc<WatchList>,
    respond: &Rc<R>,
) {
    let progress = Rc::new(Progress {
        phase: Cell::new(Phase::Fresh),
        since: Cell::new(watch_list.now.get()),
        now: watch_list.now.clone(),
    });
    let watched = Rc::new(Watched { progress: progress.clone(), wake: Notify::new(), overdue: Cell::new(false) });
    let index = watch_list.enlist(watched.clone());
    let listed = Listed { watch_list: watch_list.clone(), index, _admitted: admitted };
    let respond = respond.clone();
    let acceptor = tls.map(|tls| TlsAcceptor::from(tls.config.clone()));
    tokio::task::spawn_local(async move {
        let watch_list = &listed.watch_list;
        let Some(acceptor) = acceptor else {
            return serve_connection(TokioIo::new(stream), peer, &progress, &watched, watch_list, &*respond).await;
        };
        // The whole handshake is on the clock of the first byte.
        let handshake = tokio::select! {
            biased;
            done = acceptor.accept(stream) => done,
            () = watched.wake.notified() => return,
        };
        match handshake {
            Ok(stream) => {
                serve_connection(TokioIo::new(stream), peer, &progress, &watched, watch_list, &*respond).await;
            }
            Err(error) => tracing::debug!(%error, "handshake failed"),
        }
    });
}

/// A connection's places on the list and among those admitted: given back when it ends, also if a handler panics.
struct Listed {
    watch_list: Rc<WatchList>,
    index: usize,
    _admitted: Admitted,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.watch_list.forget(self.index);
    }
}

async fn serve_connection<I: Read + Write + OverSocket + Unpin + 'static, R: Respond>(
    stream: I,
    peer: SocketAddr,
    progress: &Rc<Progress>,
    watched: &Watched,
    watch_list: &WatchList,
    respond: &R,
) {
    let io = WatchedIo { inner: stream, progress: progress.clone() };
    let service = service_fn(|request: Request<Incoming>| async move {
        progress.enter(Phase::Answering);
        let response = respond.respond(request, peer).await;
        progress.enter(Phase::Sending);
        Ok::<_, Infallible>(response)
    });
    let limits = &watch_list.limits;
    let mut connection = pin!(
        hyper::server::conn::http1::Builder::new()
            .half_close(true) // whoever leaves is noticed by the stream, without a read a request
            .header_read_timeout(None) // the sweep keeps this deadline, without a timer a request
            .max_buf_size(limits.head_bytes_max.max(8 * 1024))
            .max_headers(limits.headers_max)
            .serve_connection(io, service)
    );
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended with an error");
                }
                return;
            }
            () = watched.wake.notified() => {
                if watched.overdue.get() {
                    metrics::counter!("charye_connections_overdue_total").increment(1);
                    return;
                }
                if watch_list.draining.get() {
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
