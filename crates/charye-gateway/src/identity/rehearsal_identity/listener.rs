//! Room: gateway/identity/rehearsal_identity. Its connections, on a thread of its own: a question in, the trouble that a
//! rehearsal wants, an answer out.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;

use super::answers::{self, Answer, Asked};
use super::{NAMES, Shared, Trouble};

const BODY_BYTES_MAX: usize = 64 * 1024;
const CONNECTIONS_MAX: usize = 2_048;
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// What hangs is let go of in the end.
const HANGS_FOR: Duration = Duration::from_secs(120);
const LATENCY_MAX: Duration = Duration::from_secs(60);

/// Serves until the sender is dropped.
pub(super) fn serve(listener: TcpListener, shared: Arc<Shared>) -> std::io::Result<oneshot::Sender<()>> {
    let (end, mut ended) = oneshot::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _within = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    std::thread::Builder::new().name("rehearsal-identity".into()).spawn(move || {
        runtime.block_on(async move {
            let room = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = &mut ended => return,
                };
                let (Ok((stream, _)), Ok(place)) = (accepted, Arc::clone(&room).try_acquire_owned()) else { continue };
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let shared = Arc::clone(&shared);
                        async move { Ok::<_, Infallible>(respond(&shared, request).await) }
                    });
                    let served = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEAD_WITHIN)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                    if let Err(error) = served {
                        tracing::debug!(%error, "a connection to the rehearsal's identity providers ended");
                    }
                    drop(place);
                });
            }
        });
    })?;
    Ok(end)
}

async fn respond(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return to_response(Answer::text(413, "too large"));
    };
    let header = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
    let asked = Asked {
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        body: body.to_bytes().to_vec(),
    };
    let name = asked.path.split('/').nth(1).and_then(|first| NAMES.into_iter().find(|name| *name == first));
    let Some(name) = name else { return to_response(answers::others(shared, &asked)) };
    let Some((trouble, _place)) = Place::of(shared, name) else { return to_response(Answer::text(503, "busy")) };
    let chance = shared.random.bits() % 100;
    if chance < u64::from(trouble.hang_percent) {
        tokio::time::sleep(HANGS_FOR).await;
    }
    tokio::time::sleep(trouble.latency.min(LATENCY_MAX)).await;
    if shared.random.bits() % 100 < u64::from(trouble.error_percent) {
        return to_response(Answer::text(500, "an error, as was asked for"));
    }
    to_response(answers::answer(shared, name, &asked))
}

/// A place among the questions that one provider takes at once.
struct Place<'a>(&'a Shared, &'static str);

impl<'a> Place<'a> {
    fn of(shared: &'a Shared, name: &'static str) -> Option<(Trouble, Self)> {
        let mut troubles = shared.troubles();
        let (trouble, under_way) = troubles.get_mut(name)?;
        if *under_way >= trouble.at_once_max {
            return None;
        }
        *under_way += 1;
        Some((*trouble, Self(shared, name)))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some((_, under_way)) = self.0.troubles().get_mut(self.1) {
            *under_way = under_way.saturating_sub(1);
        }
    }
}

fn to_response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        hyper::StatusCode::from_u16(answer.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    if let Some(location) = answer.location.and_then(|to| HeaderValue::try_from(to).ok()) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
