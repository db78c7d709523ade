//! Room: web/api. What handlers do alike before and after the use case: find the campaign, read a strict query, take the
//! idempotency key, say as of which sequence number they answer, spare the client what it has.

use std::sync::Arc;

use charye_domain::book::{Channel, Operation, Places};
use charye_domain::campaign::Campaign;
use charye_engine::operations::{client_key_is_usable, is_repetition, operation};
use charye_engine::reservation::PlaceFailure;
use charye_engine::{Answered, Inside};
use hyper::header::{CACHE_CONTROL, ETAG, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::doc::QueryField;
use super::told::{AlternativesTold, parse_slot};
use crate::kept_answers::{Standing, is_known, tag_of};
use crate::problem::{FieldError, OperationAnswered, Problem};
use crate::{Answer, Asked};

/// As of which sequence number an answer is.
const SEQ_HEADER: HeaderName = HeaderName::from_static("charye-seq");
/// Shortest key a client may send: shorter ones are guessed or counted, and then shared by mistake.
const KEY_BYTES_MIN: usize = 8;

/// The campaign named by the path's placeholder at `index`.
pub(super) fn campaign_at(asked: &Asked, index: usize) -> Result<Arc<Campaign>, Problem> {
    campaign_by_code(asked, asked.path_value(index)?)
}

/// The campaign with this code.
pub(super) fn campaign_by_code(asked: &Asked, code: &str) -> Result<Arc<Campaign>, Problem> {
    let campaigns = asked.app.engine.campaigns();
    let unknown = || Problem { recorded: Some(false), ..Problem::new("campaign_unknown") };
    campaigns.by_code(code).cloned().ok_or_else(unknown)
}

/// The campaign of the caller's pass.
pub(super) fn campaign_of_pass(asked: &Asked) -> Result<Arc<Campaign>, Problem> {
    let campaigns = asked.app.engine.campaigns();
    campaigns.get(asked.pass()?.campaign).cloned().ok_or_else(|| Problem::new("campaign_unknown"))
}

/// Refuses fields of the query that the row does not list, and those sent twice.
pub(super) fn strict_query(asked: &Asked, fields: &[QueryField]) -> Result<(), Problem> {
    let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let mut errors = asked.query.unknown(&known);
    let twice = known.iter().filter(|name| asked.query.iter().filter(|(sent, _)| sent == *name).count() > 1);
    errors.extend(twice.map(|name| FieldError { field: (*name).to_owned().into(), code: "twice" }));
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
}

/// A body with nothing in it: absent, or an empty object.
pub(super) fn no_body(asked: &Asked) -> Result<(), Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    if asked.body.is_empty() { Ok(()) } else { asked.json::<Nothing>().map(|Nothing {}| ()) }
}

/// The client's idempotency key.
///
/// # Errors
/// `idempotency_key_missing`: absent, sent twice, shorter than 8 or longer than 128, or not printable.
pub(super) fn client_key(asked: &Asked) -> Result<&str, Problem> {
    let mut sent = asked.headers.get_all("idempotency-key").iter();
    let key = match (sent.next(), sent.next()) {
        (Some(key), None) => key.to_str().ok(),
        _ => None,
    };
    let usable = |key: &&str| key.len() >= KEY_BYTES_MIN && client_key_is_usable(key);
    let missing = || Problem { recorded: Some(false), ..Problem::new("idempotency_key_missing") };
    key.filter(usable).ok_or_else(missing)
}

/// The operation that the client's key names: `name` scopes the key, `parts` are what the request means.
pub(super) fn keyed(asked: &Asked, name: &'static str, parts: &[&str]) -> Result<Operation, Problem> {
    // Parts are codes, ids and numbers: none contains the separator.
    let canonical = parts.join("|");
    let person = asked.login()?.person;
    Ok(operation(asked.app.engine.keys(), person, name, client_key(asked)?, canonical.as_bytes()))
}

/// Answers an operation. Whatever it comes to, the answer says under which key the journal has it, and whether it is one
/// that had been given before. Another request under a used key is no repetition; that a first answer is still on its way
/// is not known here, so a repetition sent at the same time may be told as if it were the first.
pub(super) async fn answer_operation(
    asked: &Asked,
    operation: Operation,
    answering: impl Future<Output = Result<Answer, Problem>>,
) -> Result<Answer, Problem> {
    // A book too busy to be asked says so when it is asked for more.
    let again = is_repetition(&asked.app.engine, operation.key).await.unwrap_or(false);
    let about = |replayed| OperationAnswered { key: operation.key, replayed };
    match answering.await {
        Ok(answer) => Ok(answer.about(&about(again))),
        Err(problem) => {
            let replayed = again && problem.recorded != Some(false) && problem.kind.code != "key_reused";
            Err(Problem { operation: Some(Box::new(about(replayed))), ..problem })
        }
    }
}

/// The caller, inside, with an operation.
pub(super) fn inside(asked: &Asked, operation: Operation) -> Result<Inside, Problem> {
    let (login, pass) = (asked.login()?, asked.pass()?);
    let generation = pass.generation;
    let by = login.by(Channel::Api);
    Ok(Inside::on_visit(login.person, pass.campaign, generation, login.facts(), by, Some(operation)))
}

/// The places that two slot texts name.
pub(super) fn places(first: &str, second: Option<&str>) -> Result<Places, Problem> {
    let slot = |field: &'static str, text| parse_slot(text).ok_or_else(|| Problem::invalid_field(field, "malformed"));
    Ok(Places { first: slot("/first", first)?, second: second.map(|second| slot("/second", second)).transpose()? })
}

/// Why places could not be had, with what is near.
pub(super) fn places_refused(asked: &Asked, campaign: &Campaign, failure: PlaceFailure) -> Problem {
    match failure {
        PlaceFailure::Other(failure) => asked.failed(failure),
        PlaceFailure::SoldOut { rejection, recorded, alternatives } => {
            let mut problem = Problem::rejected(rejection, recorded);
            let availability = asked.app.engine.availability();
            let told = AlternativesTold::of(&availability, campaign, &alternatives);
            problem.more.insert("alternatives".into(), serde_json::to_value(told).unwrap_or_default());
            problem
        }
    }
}

/// An answer, and as of which sequence number it is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct SeqTold {
    /// Sequence number of the last durable entry that you may have seen the effect of.
    pub(super) seq: u64,
}

/// The JSON answer with its sequence number in a header; the type tells it as a member too.
pub(super) fn as_of<T, U: Serialize>(answered: Answered<T>, tell: impl FnOnce(T, u64) -> U) -> Answer {
    let seq = answered.seq;
    Answer::json(&tell(answered.value, seq)).with(SEQ_HEADER, HeaderValue::from(seq))
}

/// An answer that anyone may get and keep for `max_age_secs`, or 304 if the client has it.
pub(super) fn shared(asked: &Asked, answer: Answer, max_age_secs: u32) -> Answer {
    let hash = blake3::hash(answer.body()).to_hex();
    let tag = format!("\"{}\"", &hash.as_str()[..32]);
    let age = HeaderValue::from_str(&format!("public, max-age={max_age_secs}"));
    let answer = answer.with(CACHE_CONTROL, age.unwrap_or_else(|_| HeaderValue::from_static("no-cache")));
    unless_known(asked, &tag, answer)
}

/// The caller's own answer, or 304 if nothing at all was recorded since the client asked.
pub(super) fn own(asked: &Asked, seq: u64, answer: Answer) -> Answer {
    let answer = answer.with(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    unless_known(asked, &format!("W/\"{seq}\""), answer)
}

/// An answer that anyone may get again as long as `standing` holds, if that is known, or 304 if the client has it. Who has it
/// asks each time whether it still stands.
pub(super) fn standing(asked: &Asked, answer: Answer, standing: Option<Standing>) -> Answer {
    let tag = tag_of(answer.body());
    let answer = answer.with(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if is_known(&asked.headers, &tag) {
        return answer.not_modified().with(ETAG, tag);
    }
    let answer = answer.with(ETAG, tag);
    match standing {
        Some(standing) => answer.standing(standing),
        None => answer,
    }
}

fn unless_known(asked: &Asked, tag: &str, answer: Answer) -> Answer {
    let Ok(tag) = HeaderValue::from_str(tag) else { return answer };
    let answer = if is_known(&asked.headers, &tag) { answer.not_modified() } else { answer };
    answer.with(ETAG, tag)
}
