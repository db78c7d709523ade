//! Room: web/listener. Our own accept loop: one single-threaded runtime per core, each with a socket of its own on the
//! same port (SO_REUSEPORT), and a limit on everything a stranger can make us wait for or keep.
//!
//! Called by server. Must never look at a path or a cookie: it moves bytes and counts connections.

mod connection;
mod limits;
mod tls;
mod watched_io;

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;

pub use connection::{Body, Respond};
pub use limits::{AddressCounts, Limits};
pub use tls::{Tls, TlsFailure};

/// Sockets bound to one address, one a thread.
#[derive(Debug)]
pub struct Bound {
    sockets: Vec<TcpListener>,
    tls: Option<Tls>,
    /// Where we really listen: the port is never 0 here.
    pub address: SocketAddr,
}

/// Why we do not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenFailure {
    #[error("could not listen on {address}")]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error("could not start a listener thread")]
    Thread(#[source] std::io::Error),
}

/// Binds `threads` sockets to `address`. Port 0 picks a free one, the same for all.
pub fn bind(address: SocketAddr, threads: usize) -> Result<Bound, ListenFailure> {
    let failed = |source| ListenFailure::Bind { address, source };
    let first = reusable_socket(address).map_err(failed)?;
    let bound = first.local_addr().map_err(failed)?;
    let mut sockets = vec![first];
    for _ in 1..threads.max(1) {
        sockets.push(reusable_socket(bound).map_err(failed)?);
    }
    Ok(Bound { sockets, tls: None, address: bound })
}

impl Bound {
    /// The same sockets, speaking TLS.
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }
}

fn reusable_socket(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(4_096)?;
    Ok(socket.into())
}

/// What the threads of a listener are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    No,
    /// Accept no more; finish what was asked; close.
    Begin,
}

/// The running threads of a listener.
#[derive(Debug)]
pub struct Serving {
    threads: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Waits until every thread has drained. Each gives up on its last connections after [`Limits::drain`].
    pub fn join(self) {
        for thread in self.threads {
            // A thread that panicked has already said so through the panic hook; the others still drain.
            let _ = thread.join();
        }
    }
}

/// Serves on every socket of `bound`. `respond` is made once a thread, on that thread.
pub fn serve<R: Respond>(
    bound: Bound,
    limits: &Limits,
    drain: &watch::Receiver<Drain>,
    make: impl Fn() -> R + Send + Sync + 'static,
) -> Result<Serving, ListenFailure> {
    let make = Arc::new(make);
    let addresses = Arc::new(AddressCounts::new(limits));
    let mut threads = Vec::with_capacity(bound.sockets.len());
    for (index, socket) in bound.sockets.into_iter().enumerate() {
        let (drain, make, addresses) = (drain.clone(), make.clone(), addresses.clone());
        let manner = Manner { limits: limits.clone(), tls: bound.tls.clone() };
        let thread = std::thread::Builder::new()
            .name(format!("listener-{index}"))
            .spawn(move || run_thread(socket, manner, drain, &addresses, || make()))
            .map_err(ListenFailure::Thread)?;
        threads.push(thread);
    }
    Ok(Serving { threads })
}

/// How a thread treats its connections.
struct Manner {
    limits: Limits,
    tls: Option<Tls>,
}

fn run_thread<R: Respond>(
    socket: TcpListener,
    manner: Manner,
    drain: watch::Receiver<Drain>,
    addresses: &Arc<AddressCounts>,
    make: impl Fn() -> R,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "could not start a listener's runtime");
            return;
        }
    };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        match tokio::net::TcpListener::from_std(socket) {
            Ok(socket) => accept_loop(socket, manner, drain, addresses, Rc::new(make())).await,
            Err(error) => tracing::error!(%error, "could not hand a socket to its runtime"),
        }
    });
}

async fn accept_loop<R: Respond>(
    socket: tokio::net::TcpListener,
    Manner { limits, tls }: Manner,
    mut drain: watch::Receiver<Drain>,
    addresses: &Arc<AddressCounts>,
    respond: Rc<R>,
) {
    let watch_list = Rc::new(connection::WatchList::new(limits.clone()));
    let mut ticks = tokio::time::interval(connection::TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = drain.wait_for(|drain| *drain == Drain::Begin) => break,
            _ = ticks.tick() => watch_list.tick(),
            accepted = socket.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let Some(guard) = addresses.admit(peer.ip()) {
                        // Without this, small answers wait for the peer's delayed acknowledgement.
                        let _ = stream.set_nodelay(true);
                        connection::spawn(stream, tls.as_ref(), peer, guard, &watch_list, &respond);
                    }
                    // Over a limit: the stream is dropped, which closes it. Nobody who is inside notices.
                }
                Err(error) => {
                    // Out of file descriptors, most likely: let the connections we have finish first.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(socket);
    watch_list.drain();
    let mut left = limits.drain.as_millis() / connection::TICK.as_millis();
    while watch_list.open() > 0 && left > 0 {
        ticks.tick().await;
        watch_list.tick();
        left -= 1;
    }
    if watch_list.open() > 0 {
        tracing::warn!(open = watch_list.open(), "gave up on connections that did not drain");
    }
}
