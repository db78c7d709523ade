//! Room: web, the hot path. Answers that anyone may get, kept by one thread as long as they are what would be answered
//! now: on the evening of an opening a whole district asks the same. Called by `routes` before and after the table.
//!
//! An answer is kept when it is asked for again: what is asked once would only push out what is asked often, and the memory it
//! lies in would be cold each time. Never holds an answer that a proof was needed for, never asks a clock how old one is: each says itself what it rests
//! on, and is given again only while that stands. Can be emptied at any moment without anybody noticing but the CPU.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use bytes::Bytes;
use charye_domain::time::UnixMillis;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use hyper::{Response, StatusCode};
use rustc_hash::{FxBuildHasher, FxHasher};

use crate::App;
use crate::listener::Body;

/// What an answer rests on.
#[derive(Clone)]
pub(crate) struct Standing {
    /// Path and query that it answers, as sent.
    pub(crate) target: String,
    /// Whether the same would be answered at a time. Asked on the thread on which the answer was made.
    pub(crate) holds: Arc<Holds>,
}

/// Says whether an answer holds at a time.
pub(crate) type Holds = dyn Fn(&App, UnixMillis) -> bool + Send + Sync;

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Standing({})", self.target)
    }
}

/// The answers of one thread: a place for each remainder of a hash, so that nobody can make them more.
pub(crate) struct KeptAnswers {
    places: Box<[Option<Kept>]>,
    /// A part of the hash of what was asked for last, for each remainder of the hash.
    asked_lately: Box<[u32]>,
    given: metrics::Counter,
}

struct Kept {
    standing: Standing,
    headers: HeaderMap,
    body: Bytes,
    /// Counts what is answered, by class of status.
    answered: [metrics::Counter; 2],
}

impl Default for KeptAnswers {
    fn default() -> Self {
        let places = (0..Self::PLACES).map(|_| None).collect();
        let given = metrics::counter!("charye_http_answers_given_again_total");
        Self { places, asked_lately: vec![0; Self::ASKED_LATELY].into(), given }
    }
}

impl KeptAnswers {
    const PLACES: usize = 256;
    /// Larger answers are not kept: 256 of these are 6 MiB a thread.
    const BODY_BYTES_MAX: usize = 24 * 1024;
    const TARGET_BYTES_MAX: usize = 256;
    /// 16 KiB a thread.
    const ASKED_LATELY: usize = 4_096;

    /// Whether this was asked for lately, as far as is remembered, and notes that it was now. Says so of something else once
    /// in four thousand million, which costs a place.
    pub(crate) fn is_asked_again(&mut self, target: &str) -> bool {
        let hash = FxBuildHasher.hash_one(target);
        // The lowest bits of this hash are its worst.
        let (place, mark) = ((hash >> 20) as usize % Self::ASKED_LATELY, (hash >> 32) as u32 | 1);
        std::mem::replace(&mut self.asked_lately[place], mark) == mark
    }

    /// The answer to a request for `target`, if it is kept and stands.
    pub(crate) fn find(&self, target: &str, asked: &HeaderMap, app: &App) -> Option<Response<Body>> {
        let kept = self.places[place_of(target)].as_ref()?;
        if kept.standing.target != target || !(kept.standing.holds)(app, app.engine.now()) {
            return None;
        }
        self.given.increment(1);
        let mut response = Response::new(Body::default());
        *response.headers_mut() = kept.headers.clone();
        let [whole, not_modified] = &kept.answered;
        if kept.headers.get(ETAG).is_some_and(|tag| is_known(asked, tag)) {
            not_modified.increment(1);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(CONTENT_TYPE);
        } else {
            whole.increment(1);
            *response.body_mut() = Body::new(kept.body.clone());
        }
        Some(response)
    }

    /// Keeps an answer as it goes out, in the place of whichever was there. `answered` counts it when it is given again:
    /// whole, and not modified.
    pub(crate) fn keep(
        &mut self,
        standing: Standing,
        headers: &HeaderMap,
        body: Bytes,
        answered: [metrics::Counter; 2],
    ) {
        if standing.target.len() <= Self::TARGET_BYTES_MAX && body.len() <= Self::BODY_BYTES_MAX {
            let place = place_of(&standing.target);
            self.places[place] = Some(Kept { standing, headers: headers.clone(), body, answered });
        }
    }
}

fn place_of(target: &str) -> usize {
    (FxBuildHasher.hash_one(target) >> 32) as usize % KeptAnswers::PLACES
}

/// The tag of a body: the same bytes have the same tag, on every thread and after every restart. Not for secrets.
pub(crate) fn tag_of(body: &[u8]) -> HeaderValue {
    let mut hasher = FxHasher::default();
    hasher.write(body);
    let tag = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Whether a request says that its sender has what this tag stands for.
pub(crate) fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let Ok(tag) = tag.to_str() else { return false };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let sent = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|list| list.split(',')).any(|sent| sent.trim() == "*" || opaque(sent) == opaque(tag))
}
