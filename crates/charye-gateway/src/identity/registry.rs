//! Room: gateway/identity. A registry, server to server: a member of staff attests what a document or a caller says, the
//! authority answers with a person key. For callers, under-14s and people without a phone. Never offered to citizens.
//! Built from `[identity.provider.registry]`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use charye_engine::ports::{
    AskedField, BeginAt, Begun, CompleteAt, Completed, Doing, IdentityProvider, Keys, ProviderFacts, ProviderFailure,
    ProviderFault, ProviderReply, SignInRefusal,
};
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::openid::{WentOut, read_document, reply};
use super::outbound::{Address, AskOutside, Body, Method, OutboundRequest};
use super::profile::ProfileBlock;
use super::secret::Secret;

/// Characters of what is filled in.
const FILLED_CHARS_MAX: usize = 80;

/// One registry.
pub(crate) struct RegistryProvider {
    pub(crate) facts: ProviderFacts,
    pub(crate) address: Address,
    pub(crate) secret: Secret,
    /// The registry's names for what is attested.
    pub(crate) fields: Vec<(AskedField, String)>,
    pub(crate) profile: ProfileBlock,
    pub(crate) outside: Arc<dyn AskOutside>,
    pub(crate) keys: Arc<dyn Keys>,
}

impl IdentityProvider for RegistryProvider {
    fn facts(&self) -> &ProviderFacts {
        &self.facts
    }

    fn begin<'a>(&'a self, _: BeginAt<'a>) -> Doing<'a, ProviderReply<Begun>> {
        Box::pin(async { ProviderReply { asked_outside: false, result: Ok(Begun::Attested) } })
    }

    fn complete<'a>(&'a self, complete: CompleteAt<'a>) -> Doing<'a, ProviderReply<Completed>> {
        Box::pin(async move {
            let went_out = WentOut::new(false);
            let result = self.look_up(complete, &went_out).await;
            reply(&went_out, result)
        })
    }

    fn probe(&self) -> Doing<'_, Result<(), ProviderFault>> {
        Box::pin(async move {
            let answer = self.outside.ask(self.question(Map::new())).await?;
            if answer.status >= 500 || answer.status == 429 {
                Err(ProviderFault::Status(answer.status))
            } else {
                Ok(())
            }
        })
    }
}

impl RegistryProvider {
    fn question(&self, body: Map<String, Value>) -> OutboundRequest {
        let authorization = Some(format!("Bearer {}", self.secret.expose()));
        let body = Body::Json(Value::Object(body).to_string().into_bytes());
        OutboundRequest { to: self.address.clone(), method: Method::Post, authorization, body }
    }

    async fn look_up(&self, complete: CompleteAt<'_>, went_out: &WentOut) -> Result<Completed, ProviderFailure> {
        let mut body = Map::new();
        for (field, name) in &self.fields {
            let filled_in = complete.callback.one(field.code())?.trim();
            let is_date = *field != AskedField::BirthDate || filled_in.parse::<Date>().is_ok();
            let is_short = filled_in.chars().count() <= FILLED_CHARS_MAX;
            if filled_in.is_empty() || !is_short || !is_date || filled_in.chars().any(char::is_control) {
                return Err(SignInRefusal::ParameterUnfit(field.code()).into());
            }
            body.insert(name.clone(), Value::from(filled_in));
        }
        went_out.store(true, Ordering::Relaxed);
        let answer = self.outside.ask(self.question(body)).await?;
        if answer.status == 404 {
            return Err(SignInRefusal::NotFound.into());
        }
        let told = Value::Object(read_document(&answer, "registry entry")?);
        // What the document says and what the registry says must be one person's.
        let attested = Value::Object(
            self.fields
                .iter()
                .filter_map(|(field, _)| {
                    let said = complete.callback.maybe(field.code()).ok().flatten()?;
                    Some((field.code().to_owned(), Value::from(said.trim())))
                })
                .collect(),
        );
        if told.pointer(&self.profile.identifier).is_none() {
            return Err(ProviderFault::Malformed("no person key").into());
        }
        let documents = [&told, &attested];
        let proven = self.profile.prove(&documents, &*self.keys, self.facts.scheme, self.facts.assurance)?;
        let born =
            complete.callback.maybe(AskedField::BirthDate.code())?.and_then(|said| said.trim().parse::<Date>().ok());
        if born.is_some_and(|born| born != proven.details.birth_date) {
            return Err(SignInRefusal::NotFound.into());
        }
        Ok(Completed::Proven(proven))
    }
}
