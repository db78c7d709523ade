//! Room: rehearsal/load. One connection of a crowd, as bytes out and an answer in, in the clear or in TLS; never waits.
//!
//! Called by `crowd` alone. Must never wait for the other side: what the kernel does not take is kept and sent later.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;
use rustix::io::Errno;
use rustls::{ClientConnection, HandshakeKind};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::bounds::GRACE;
use super::connection::{ANSWER_BYTES_MAX, extent_of};
use super::wire::Trust;
use super::{Answer, LoadFailure, Target};

/// An open connection, or one that is being opened.
pub(super) struct Channel {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    /// What could not be sent at once.
    unsent: Vec<u8>,
    /// An answer that has not come whole, or came sealed.
    received: Vec<u8>,
}

impl Channel {
    /// Begins to connect; what is sent meanwhile goes out as soon as it can.
    pub(super) fn begin(target: Target, from: SocketAddr, trust: Option<&Trust>) -> Result<Self, LoadFailure> {
        let connect = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
            socket.bind(&from.into())?;
            match socket.connect(&target.address().into()) {
                Err(error) if error.raw_os_error() != Some(Errno::INPROGRESS.raw_os_error()) => return Err(error),
                _ => {}
            }
            for_benches(&SockRef::from(&socket))?;
            Ok(TcpStream::from_std(socket.into()))
        };
        let tls = trust.map(Trust::begin).transpose()?.map(Box::new);
        Ok(Self { stream: connect().map_err(LoadFailure::Connect)?, tls, unsent: Vec::new(), received: Vec::new() })
    }

    /// Connects, and shakes hands in TLS; waits for it.
    pub(super) fn open(target: Target, from: SocketAddr, trust: Option<&Trust>) -> Result<Self, LoadFailure> {
        let mut tls = trust.map(Trust::begin).transpose()?.map(Box::new);
        let mut connect = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM.cloexec(), Some(Protocol::TCP))?;
            socket.bind(&from.into())?;
            socket.connect_timeout(&target.address().into(), GRACE)?;
            for_benches(&SockRef::from(&socket))?;
            let mut stream = std::net::TcpStream::from(socket);
            if let Some(tls) = &mut tls {
                stream.set_read_timeout(Some(GRACE))?;
                while tls.is_handshaking() {
                    tls.complete_io(&mut stream)?;
                }
            }
            stream.set_nonblocking(true)?;
            Ok(TcpStream::from_std(stream))
        };
        let stream = connect().map_err(LoadFailure::Connect)?;
        Ok(Self { stream, tls, unsent: Vec::new(), received: Vec::new() })
    }

    /// What to be told of.
    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Whether its handshake resumed an earlier one.
    pub(super) fn has_resumed(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.handshake_kind() == Some(HandshakeKind::Resumed))
    }

    /// Sends; what the kernel does not take is sent when it takes more.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), LoadFailure> {
        let Some(tls) = &mut self.tls else { return self.send_plainly(bytes) };
        tls.writer().write_all(bytes).map_err(LoadFailure::Exchange)?;
        self.send_sealed().map_err(LoadFailure::Exchange)
    }

    /// Sends the rest of a request.
    pub(super) fn send_unsent(&mut self) -> Result<(), LoadFailure> {
        if self.tls.is_some() {
            return self.send_sealed().map_err(LoadFailure::Exchange);
        }
        if self.unsent.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.unsent);
        self.send_plainly(&bytes)
    }

    /// Reads what has come, into `room` or, if it is only a part or sealed, into what is kept. `None`: not whole yet.
    pub(super) fn hear<'a>(&'a mut self, room: &'a mut [u8]) -> Result<Option<Answer<'a>>, LoadFailure> {
        loop {
            let count = match self.stream.read(room) {
                Ok(0) => return Err(LoadFailure::Exchange(ErrorKind::UnexpectedEof.into())),
                Ok(count) => count,
                Err(error) if is_later(&error) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(LoadFailure::Exchange(error)),
            };
            let read = room.get(..count).unwrap_or_default();
            if self.tls.is_some() {
                self.unseal(read)?;
            } else {
                if self.received.is_empty()
                    && let Some(extent) = extent_of(read)?
                {
                    return Ok(Some(extent.answer_in(room)));
                }
                self.received.extend_from_slice(read);
            }
            if self.received.len() > ANSWER_BYTES_MAX {
                return Err(LoadFailure::Unreadable { reason: "an answer without an end" });
            }
            if let Some(extent) = extent_of(&self.received)? {
                return Ok(Some(extent.answer_in(&self.received)));
            }
        }
    }

    /// Forgets the answer that was heard.
    pub(super) fn forget(&mut self) {
        self.received.clear();
    }

    /// Says goodbye, as far as that goes without waiting, and ends.
    pub(super) fn end(mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // Nobody waits for a goodbye that does not go out.
            let _ = tls.write_tls(&mut self.stream);
        }
    }

    fn send_plainly(&mut self, bytes: &[u8]) -> Result<(), LoadFailure> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(error) if is_later(&error) => {
                    self.unsent.extend_from_slice(rest);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LoadFailure::Exchange(error)),
            }
        }
        Ok(())
    }

    fn send_sealed(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            match tls.write_tls(&mut self.stream) {
                Ok(_) => {}
                Err(error) if is_later(&error) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes what came in TLS: the other side's part of a handshake, or an answer.
    fn unseal(&mut self, mut read: &[u8]) -> Result<(), LoadFailure> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while !read.is_empty() {
            tls.read_tls(&mut read).map_err(LoadFailure::Exchange)?;
            let state = tls.process_new_packets().map_err(LoadFailure::Tls)?;
            if state.peer_has_closed() {
                return Err(LoadFailure::Exchange(ErrorKind::UnexpectedEof.into()));
            }
            let (had, more) = (self.received.len(), state.plaintext_bytes_to_read());
            self.received.resize(had + more, 0);
            let room = self.received.get_mut(had..).unwrap_or_default();
            tls.reader().read_exact(room).map_err(LoadFailure::Exchange)?;
        }
        self.send_sealed().map_err(LoadFailure::Exchange)
    }
}

/// Small requests at once; without pacing and without a model of the way: there is none on one machine.
fn for_benches(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    // As usual, if that is not allowed.
    let _ = socket.set_tcp_congestion(b"reno");
    Ok(())
}

/// Whether the kernel takes or has nothing at the moment; so says a socket, too, that is not connected yet.
fn is_later(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}
