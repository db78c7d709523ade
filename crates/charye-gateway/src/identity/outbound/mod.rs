//! Room: gateway/identity. The way out to identity providers: one thread with a runtime of its own, so that nothing a
//! provider does can hold up a listener. No redirects, no private addresses, a limit on everything.
//!
//! Used by every flow through [`AskOutside`]; made by `server/wiring`. It must never log an address's query, a header or a
//! body.

mod address;
mod connection;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use charye_engine::ports::{Doing, ProviderFault};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub use address::{Address, PrivateHosts};
use connection::Connections;
pub use connection::TrustedRoots;

/// Bytes of a body that is read. A key set of a hundred RSA keys has 60 KB.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Time for one question, from the name look-up to the last byte: drip-fed bodies end here. Deadlines of providers are
/// usually shorter.
pub const QUESTION_MAX: Duration = Duration::from_secs(10);
/// Threads that look up names. A hung name server holds up no more than these.
const LOOKUP_THREADS_MAX: usize = 4;

/// One question to a provider.
#[derive(Clone)]
pub struct OutboundRequest {
    pub to: Address,
    pub method: Method,
    /// Besides `host`, `accept` and `content-type`.
    pub authorization: Option<String>,
    pub body: Body,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// What is sent along.
#[derive(Clone)]
pub enum Body {
    Nothing,
    /// `application/x-www-form-urlencoded`.
    Form(String),
    /// `application/json`.
    Json(Vec<u8>),
}

/// What a provider answered: any status but a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundAnswer {
    pub status: u16,
    /// Whether the content type says JSON.
    pub is_json: bool,
    pub body: Bytes,
}

/// The way out, or a stand-in for it in tests and benches.
pub trait AskOutside: Send + Sync {
    /// Asks one question. Giving up on it ends it.
    ///
    /// # Errors
    /// `TimedOut`, `Unreachable`, `Status` (a redirect), `Malformed` (too large, a coding we did not ask for).
    fn ask(&self, request: OutboundRequest) -> Doing<'_, Result<OutboundAnswer, ProviderFault>>;

    /// Goes on with something that must not end with whoever asked for it: a fetch that several wait for.
    fn go_on(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>);
}

/// The way out over TCP and TLS.
pub struct Outbound {
    runtime: Handle,
    connections: Arc<Connections>,
    /// Dropped last: the thread ends when it is.
    _end: oneshot::Sender<()>,
}

impl Outbound {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system gives no thread or no poller, or TLS cannot be set up.
    pub fn start(roots: Option<&TrustedRoots>, private_hosts: PrivateHosts) -> std::io::Result<Self> {
        let connections = Arc::new(Connections::new(roots, private_hosts)?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(LOOKUP_THREADS_MAX)
            .thread_name("identity-lookup")
            .build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name("identity-outbound".into()).spawn(move || {
            // Ends when the sender is dropped.
            drop(runtime.block_on(ended));
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, connections, _end: end })
    }

    /// The runtime of the thread: probing runs there too.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl AskOutside for Outbound {
    fn ask(&self, request: OutboundRequest) -> Doing<'_, Result<OutboundAnswer, ProviderFault>> {
        let connections = Arc::clone(&self.connections);
        let question = async move {
            match tokio::time::timeout(QUESTION_MAX, connections.ask(&request)).await {
                Ok(answer) => answer,
                Err(_) => Err(ProviderFault::TimedOut),
            }
        };
        let asking = EndsWithAsker(self.runtime.spawn(question));
        Box::pin(asking)
    }

    fn go_on(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.runtime.spawn(work);
    }
}

/// A question under way on the other thread, which ends when nobody waits for it any more.
struct EndsWithAsker(tokio::task::JoinHandle<Result<OutboundAnswer, ProviderFault>>);

impl Future for EndsWithAsker {
    type Output = Result<OutboundAnswer, ProviderFault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        // A task that panicked or was stopped with the runtime gave no answer.
        Pin::new(&mut self.0).poll(context).map(|joined| joined.unwrap_or(Err(ProviderFault::Unreachable)))
    }
}

impl Drop for EndsWithAsker {
    fn drop(&mut self) {
        self.0.abort();
    }
}
