//! The yardstick "E": a bare hyper server that sends back what it was sent, in the same layout as our listener: one
//! single-threaded runtime per core, each with a socket of its own on the same port. No route, limit, header or metric.
//!
//! `cargo run --release -p charye-web --example echo [THREADS]` prints `ready http://ADDR` and serves until it is ended.
//! `charye-rehearsal`'s bench `http` takes every figure as a multiple of what one of its requests costs. `GET /N` is answered
//! with N bytes, at most 64 KiB: what a page of that size costs at least.

use std::convert::Infallible;
use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use socket2::{Domain, Protocol, Socket, Type};

type ListenerThread = std::thread::JoinHandle<()>;

fn main() -> Result<(), Box<dyn Error>> {
    let threads = match std::env::args().nth(1) {
        Some(threads) => threads.parse()?,
        None => std::thread::available_parallelism()?.get(),
    };
    let first = socket(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = first.local_addr()?;
    let mut sockets = vec![first];
    for _ in 1..threads {
        sockets.push(socket(address)?);
    }
    let serving: Vec<ListenerThread> =
        sockets.into_iter().map(|socket| std::thread::spawn(move || serve(socket))).collect();
    writeln!(std::io::stdout().lock(), "ready http://{address}")?;
    for thread in serving {
        thread.join().map_err(|_| "a listener ended")?;
    }
    Ok(())
}

fn socket(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(4_096)?;
    Ok(socket.into())
}

fn serve(socket: std::net::TcpListener) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime can be made");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let socket = tokio::net::TcpListener::from_std(socket).expect("the socket does not block");
        while let Ok((stream, _)) = socket.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::task::spawn_local(async move {
                let connection = hyper::server::conn::http1::Builder::new()
                    .half_close(true)
                    .header_read_timeout(None)
                    .serve_connection(TokioIo::new(stream), service_fn(echo));
                // A peer that leaves in the middle of a request is no news.
                let _ = connection.await;
            });
        }
    });
}

/// What `GET /N` is answered from.
static BYTES: [u8; 64 * 1024] = [b'x'; 64 * 1024];

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::GET {
        let wanted = request.uri().path().get(1..).and_then(|number| number.parse().ok()).unwrap_or(0);
        let bytes = Bytes::from_static(&BYTES).split_to(BYTES.len().min(wanted));
        return Ok(Response::new(Full::new(bytes)));
    }
    let sent = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut response = Response::new(Full::new(sent));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
