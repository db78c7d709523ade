//! Room: gateway/identity. Decoupled sign-in as carriers and banks build it: JSON over HTTPS, a push, then questions until
//! the citizen has confirmed. Which field is which is configuration. Built from `[identity.provider.decoupled]`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use charye_engine::ports::{
    AskedField, BeginAt, Begun, CompleteAt, Completed, Doing, IdentityProvider, Keys, ProviderFacts, ProviderFailure,
    ProviderFault, ProviderReply, SignInRefusal,
};
use serde_json::{Map, Value};

use super::ciba::compared_number;
use super::openid::{WentOut, read_document, reply};
use super::outbound::{Address, AskOutside, Body, Method, OutboundRequest};
use super::profile::ProfileBlock;
use super::secret::Secret;

const POLL_EVERY: Duration = Duration::from_secs(3);
const EXPIRES_AFTER: Duration = Duration::from_secs(300);
/// Characters of the provider's own id of a request.
const REQUEST_CHARS_MAX: usize = 512;

/// One provider whose app is asked by JSON.
pub(crate) struct DecoupledProvider {
    pub(crate) facts: ProviderFacts,
    pub(crate) begin: Address,
    pub(crate) poll: Address,
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
    /// Names of the request's fields: ours for what is filled in, the provider's for where it goes.
    pub(crate) fields: Vec<(AskedField, String)>,
    /// The provider's names for our id, its id of a request and the number to compare.
    pub(crate) names: FieldNames,
    pub(crate) status: StatusWords,
    pub(crate) profile: ProfileBlock,
    pub(crate) outside: Arc<dyn AskOutside>,
    pub(crate) keys: Arc<dyn Keys>,
}

/// What the provider calls things.
#[derive(Clone, Debug)]
pub(crate) struct FieldNames {
    pub(crate) client_id: String,
    pub(crate) compare: Option<String>,
    /// Pointer in the answer to the push, and field of the question.
    pub(crate) request_pointer: String,
    pub(crate) request_field: String,
}

/// How the provider says how far it is.
#[derive(Clone, Debug)]
pub(crate) struct StatusWords {
    pub(crate) pointer: String,
    pub(crate) done: String,
    pub(crate) pending: String,
    pub(crate) refused: Vec<String>,
}

impl IdentityProvider for DecoupledProvider {
    fn facts(&self) -> &ProviderFacts {
        &self.facts
    }

    fn begin<'a>(&'a self, begin: BeginAt<'a>) -> Doing<'a, ProviderReply<Begun>> {
        Box::pin(async move {
            let went_out = WentOut::new(false);
            let result = self.push(begin, &went_out).await;
            reply(&went_out, result)
        })
    }

    fn complete<'a>(&'a self, complete: CompleteAt<'a>) -> Doing<'a, ProviderReply<Completed>> {
        Box::pin(async move {
            let went_out = WentOut::new(false);
            let result = self.ask_status(complete, &went_out).await;
            reply(&went_out, result)
        })
    }

    fn probe(&self) -> Doing<'_, Result<(), ProviderFault>> {
        Box::pin(async move {
            let body = Map::from_iter([(self.names.request_field.clone(), Value::from("probe"))]);
            let answer = self.outside.ask(self.question(&self.poll, body)).await?;
            if answer.status >= 500 || answer.status == 429 {
                Err(ProviderFault::Status(answer.status))
            } else {
                Ok(())
            }
        })
    }
}

impl DecoupledProvider {
    fn question(&self, to: &Address, mut body: Map<String, Value>) -> OutboundRequest {
        body.insert(self.names.client_id.clone(), Value::from(self.client_id.as_str()));
        let authorization = Some(format!("Bearer {}", self.secret.expose()));
        let body = Body::Json(Value::Object(body).to_string().into_bytes());
        OutboundRequest { to: to.clone(), method: Method::Post, authorization, body }
    }

    async fn push(&self, begin: BeginAt<'_>, went_out: &WentOut) -> Result<Begun, ProviderFailure> {
        let mut body = Map::new();
        for (field, name) in &self.fields {
            body.insert(name.clone(), Value::from(begin.filled_in.one(field.code())?));
        }
        let compare = self.names.compare.as_ref().map(|name| (name.clone(), compared_number(&begin.secrets.nonce)));
        if let Some((name, number)) = &compare {
            body.insert(name.clone(), Value::from(number.as_str()));
        }
        went_out.store(true, Ordering::Relaxed);
        let answer = self.outside.ask(self.question(&self.begin, body)).await?;
        if answer.status == 404 {
            return Err(SignInRefusal::NotFound.into());
        }
        let told = Value::Object(read_document(&answer, "push")?);
        let request = told.pointer(&self.names.request_pointer).and_then(Value::as_str);
        let request = request.filter(|id| !id.is_empty() && id.len() <= REQUEST_CHARS_MAX);
        Ok(Begun::Decoupled {
            carried: request.ok_or(ProviderFault::Malformed("no request id"))?.as_bytes().to_vec(),
            poll_after: POLL_EVERY,
            expires_after: EXPIRES_AFTER,
            compare: compare.map(|(_, number)| number),
        })
    }

    async fn ask_status(&self, complete: CompleteAt<'_>, went_out: &WentOut) -> Result<Completed, ProviderFailure> {
        let request = std::str::from_utf8(complete.carried).map_err(|_| SignInRefusal::NotBegunHere)?;
        let body = Map::from_iter([(self.names.request_field.clone(), Value::from(request))]);
        went_out.store(true, Ordering::Relaxed);
        let answer = self.outside.ask(self.question(&self.poll, body)).await?;
        if answer.status == 404 {
            return Err(SignInRefusal::Expired.into());
        }
        let told = Value::Object(read_document(&answer, "status")?);
        // Whose status it is: an answer about another request is no answer.
        let echoed = told.pointer(&self.names.request_pointer).and_then(Value::as_str);
        if echoed.is_some_and(|echoed| echoed != request) {
            return Err(ProviderFault::Unbelievable("request id").into());
        }
        let status = told.pointer(&self.status.pointer).and_then(Value::as_str);
        match status.ok_or(ProviderFault::Malformed("no status"))? {
            word if word == self.status.done => {
                let proven = self.profile.prove(&[&told], &*self.keys, self.facts.scheme, self.facts.assurance)?;
                Ok(Completed::Proven(proven))
            }
            word if word == self.status.pending => Ok(Completed::NotYet { poll_after: POLL_EVERY }),
            word if self.status.refused.iter().any(|refused| refused == word) => Err(SignInRefusal::Cancelled.into()),
            _ => Err(ProviderFault::Malformed("status").into()),
        }
    }
}
