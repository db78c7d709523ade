//! Room: web/listener. A stream that notes in which phase its connection is, for the price of a cell write per read.
//! Never reads a clock: the accept loop ticks.

use std::cell::Cell;
use std::future::Future as _;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// What a connection is doing, as far as its deadlines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepted; nothing was sent yet.
    Fresh,
    /// A request's head has begun to arrive.
    Head,
    /// A request is being answered, its body perhaps still arriving.
    Answering,
    /// The answer is on its way out.
    Sending,
    /// Kept open between requests.
    Idle,
}

/// The phase and since which tick it lasts.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) phase: Cell<Phase>,
    pub(super) since: Cell<u32>,
    /// The accept loop's tick count, shared by its connections.
    pub(super) now: Rc<Cell<u32>>,
}

impl Progress {
    /// Enters a phase; its clock starts now, except that sending the answer is still on the request's clock.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        if phase != Phase::Sending {
            self.since.set(self.now.get());
        }
    }
}

/// A stream whose socket can be looked at without reading from it.
pub(super) trait OverSocket {
    fn socket(&self) -> &TcpStream;
}

impl OverSocket for TokioIo<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.inner()
    }
}

impl OverSocket for TokioIo<TlsStream<TcpStream>> {
    fn socket(&self) -> &TcpStream {
        self.inner().get_ref().0
    }
}

/// Whether the peer has closed. If not, the task is woken when it does. Asks the kernel nothing: it has told already.
fn has_left(socket: &TcpStream, cx: &mut Context<'_>) -> bool {
    match socket.poll_read_ready(cx) {
        Poll::Pending => false,
        Poll::Ready(Err(_)) => true,
        // More of a request, or the end.
        Poll::Ready(Ok(())) => match pin!(socket.ready(Interest::READABLE)).poll(cx) {
            Poll::Ready(Ok(ready)) => ready.is_read_closed(),
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        },
    }
}

/// The stream hyper reads from and writes to.
///
/// hyper flushes whenever it is woken. While a request is being answered there is nothing to flush, and we look there whether
/// anybody still waits for the answer: hyper itself would look by reading, into eight kilobytes laid out for every request.
#[derive(Debug)]
pub(super) struct WatchedIo<I> {
    pub(super) inner: I,
    pub(super) progress: Rc<Progress>,
}

impl<I: Read + Unpin> Read for WatchedIo<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let arrived = matches!(polled, Poll::Ready(Ok(())));
        if arrived && matches!(self.progress.phase.get(), Phase::Fresh | Phase::Idle) {
            self.progress.enter(Phase::Head);
        }
        polled
    }
}

impl<I: Write + OverSocket + Unpin> Write for WatchedIo<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.progress.phase.get() == Phase::Answering && has_left(self.inner.socket(), cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        // The answer's last byte has left: the phase ends here, not when the handler returned, so that a peer who
        // reads slowly is still on the request's clock.
        if matches!(polled, Poll::Ready(Ok(()))) && self.progress.phase.get() == Phase::Sending {
            self.progress.enter(Phase::Idle);
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }
}
