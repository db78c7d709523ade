//! Room: web/api. How a row of the API stands in the OpenAPI document, and the document itself, made from the rows. A row
//! without documentation does not start (see `routes`), so the document and the table cannot drift apart.
//!
//! Called by `api::routes` once a process. It must never describe what the code does not do: schemas come from the types.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::gate::Access;
use crate::problem::KINDS;
use crate::routes::Route;

/// What one row takes and gives.
#[derive(Clone, Debug)]
pub struct ApiDoc {
    /// One sentence, without a full stop.
    pub summary: &'static str,
    /// The query's fields; any other is refused.
    pub query: &'static [QueryField],
    /// Whether an `Idempotency-Key` must come with the request.
    pub keyed: bool,
    pub request: Option<SchemaOf>,
    /// Whether the body may be left out.
    pub request_optional: bool,
    /// Status of success.
    pub status: u16,
    pub answer: Option<SchemaOf>,
    /// Codes told besides those that follow from the row itself.
    pub problems: &'static [&'static str],
}

/// A field of a query.
#[derive(Clone, Copy, Debug)]
pub struct QueryField {
    pub name: &'static str,
    pub about: &'static str,
    pub kind: QueryKind,
    pub required: bool,
}

/// What a field of a query looks like.
#[derive(Clone, Copy, Debug)]
pub enum QueryKind {
    /// Up to so many characters.
    Text(u32),
    /// Both ends included.
    Integer(u32, u32),
    /// Both ends included.
    Number(i32, i32),
    /// `2021-08-26`.
    Date,
    /// `09:00`.
    Time,
    OneOf(&'static [&'static str]),
}

/// A type's schema, and those it refers to.
#[derive(Clone, Copy)]
pub struct SchemaOf {
    name: fn() -> Cow<'static, str>,
    schema: fn() -> RefOr<Schema>,
    others: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl SchemaOf {
    /// The schema of a type.
    pub fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: <T as PartialSchema>::schema, others: T::schemas }
    }

    fn reference(self) -> Value {
        json!({ "$ref": format!("#/components/schemas/{}", (self.name)()) })
    }
}

impl std::fmt::Debug for SchemaOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&(self.name)())
    }
}

impl ApiDoc {
    /// A row that answers 200 with a `T`.
    pub fn answers<T: ToSchema>(summary: &'static str) -> Self {
        let answer = Some(SchemaOf::of::<T>());
        Self {
            summary,
            query: &[],
            keyed: false,
            request: None,
            request_optional: false,
            status: 200,
            answer,
            problems: &[],
        }
    }

    /// Takes a JSON body.
    pub fn takes<T: ToSchema>(self) -> Self {
        Self { request: Some(SchemaOf::of::<T>()), ..self }
    }

    /// Takes a JSON body, or none.
    pub fn may_take<T: ToSchema>(self) -> Self {
        Self { request_optional: true, ..self.takes::<T>() }
    }

    /// Takes a query.
    pub fn query(self, query: &'static [QueryField]) -> Self {
        Self { query, ..self }
    }

    /// Demands an `Idempotency-Key`.
    pub fn keyed(self) -> Self {
        Self { keyed: true, ..self }
    }

    /// Succeeds with 201.
    pub fn created(self) -> Self {
        Self { status: 201, ..self }
    }

    /// May be refused with these codes.
    pub fn problems(self, problems: &'static [&'static str]) -> Self {
        Self { problems, ..self }
    }
}

/// The OpenAPI 3.1 document of these rows; `problem` is the schema of every refusal.
pub fn document(routes: &[Route], problem: SchemaOf) -> Value {
    let mut schemas = BTreeMap::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    collect(&mut schemas, problem);
    for route in routes {
        let Some(doc) = &route.doc else { continue };
        doc.request.into_iter().chain(doc.answer).for_each(|schema| collect(&mut schemas, schema));
        let operation = operation(route, doc, problem);
        paths.entry(route.path).or_default().insert(route.method.as_str().to_ascii_lowercase(), operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Charye",
            "version": "1",
            "description": "Vaccination reservations. Answers are of three kinds: done (durable), refused (a problem \
                with a stable code), or unknown (`outcome_unknown`: ask for the operation by its key). What is no \
                HTTP/1.1, or has too long a head or too many headers, is answered 400 or 431 without a body, and the \
                connection ends: such a request never got as far as this table.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "login": { "type": "http", "scheme": "bearer" },
                "pass": { "type": "apiKey", "in": "header", "name": "Charye-Pass" },
            },
        },
    })
}

fn collect(schemas: &mut BTreeMap<String, Value>, wanted: SchemaOf) {
    let mut found = vec![((wanted.name)().into_owned(), (wanted.schema)())];
    (wanted.others)(&mut found);
    for (name, schema) in found {
        // Serialising a schema of our own cannot fail; the tests read every one of them.
        schemas.entry(name).or_insert_with(|| serde_json::to_value(schema).unwrap_or(Value::Null));
    }
}

fn operation(route: &Route, doc: &ApiDoc, problem: SchemaOf) -> Value {
    let mut object = Map::new();
    object.insert("operationId".into(), operation_id(route).into());
    object.insert("summary".into(), doc.summary.into());
    object.insert("security".into(), security(route.access));
    let parameters: Vec<Value> = path_parameters(route.path).chain(doc.query.iter().map(query_parameter)).collect();
    let mut parameters = parameters;
    if doc.keyed {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "8 to 128 printable characters, new for each operation. Repeating it repeats the answer.",
            "schema": { "type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]{8,128}$" },
        }));
    }
    if !parameters.is_empty() {
        object.insert("parameters".into(), parameters.into());
    }
    if let Some(request) = doc.request {
        let content = json!({ "application/json": { "schema": request.reference() } });
        object.insert("requestBody".into(), json!({ "required": !doc.request_optional, "content": content }));
    }
    object.insert("responses".into(), responses(route, doc, problem));
    Value::Object(object)
}

/// `get /api/v1/holds/{hold}` is `get_holds_hold`.
fn operation_id(route: &Route) -> String {
    let path = route.path.trim_start_matches("/api/v1/");
    let words = path.split(['/', '.', '-']).map(|segment| segment.trim_matches(['{', '}']));
    let words: Vec<&str> = words.collect();
    format!("{}_{}", route.method.as_str().to_ascii_lowercase(), words.join("_"))
}

fn security(access: Access) -> Value {
    match access {
        Access::Anyone => json!([]),
        Access::SignedIn => json!([{ "login": [] }]),
        Access::Inside => json!([{ "login": [], "pass": [] }]),
        Access::Operator => json!([{ "operator": [] }]),
        Access::Agent => json!([{ "agent": [] }]),
    }
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = Value> {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let about = match name {
            "campaign" => "The campaign's code",
            "opening" => "The opening's position in the campaign, from 0",
            "clinic" => "The clinic's code",
            "product" => "The product's code",
            "date" => "A day of the campaign, such as 2021-08-26",
            "hold" => "A hold, as it was answered",
            "number" => "A reservation number; hyphens may be left out",
            "key" => "The Idempotency-Key that was sent",
            "help" => "The number of an invitation or of a consent",
            "provider" => "An identity provider's id",
            _ => "As it was answered",
        };
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 128 });
        json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema })
    })
}

fn query_parameter(field: &QueryField) -> Value {
    let schema = match field.kind {
        QueryKind::Text(longest) => json!({ "type": "string", "maxLength": longest }),
        QueryKind::Integer(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        QueryKind::Number(from, to) => json!({ "type": "number", "minimum": from, "maximum": to }),
        QueryKind::Date => json!({ "type": "string", "format": "date" }),
        QueryKind::Time => json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$" }),
        QueryKind::OneOf(texts) => json!({ "type": "string", "enum": texts }),
    };
    json!({
        "name": field.name, "in": "query", "required": field.required, "description": field.about, "schema": schema,
    })
}

/// Codes that follow from what a row is: who may call it, what it takes.
fn codes_of(route: &Route, doc: &ApiDoc) -> BTreeSet<&'static str> {
    let mut codes: BTreeSet<&'static str> = doc.problems.iter().copied().collect();
    codes.extend(["request_malformed", "request_too_large", "fault", "busy"]);
    if route.path.contains('{') {
        codes.insert("not_found");
    }
    if route.access != Access::Anyone {
        codes.insert("sign_in_first");
    }
    if route.access == Access::Inside {
        codes.insert("wait_first");
    }
    if !doc.query.is_empty() || doc.request.is_some() {
        codes.insert("request_invalid");
    }
    if route.method != Method::GET {
        codes.extend(["request_too_slow", "media_type_unsupported", "outcome_unknown"]);
    }
    if doc.keyed {
        codes.extend(["idempotency_key_missing", "key_reused"]);
    }
    codes
}

fn responses(route: &Route, doc: &ApiDoc, problem: SchemaOf) -> Value {
    let mut responses = Map::new();
    let mut success = json!({ "description": doc.summary });
    if let Some(answer) = doc.answer {
        success["content"] = json!({ "application/json": { "schema": answer.reference() } });
    }
    responses.insert(doc.status.to_string(), success);
    if route.method == Method::GET {
        responses.insert("304".into(), json!({ "description": "What the client has is still true" }));
    }
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    let codes = codes_of(route, doc);
    for kind in KINDS.iter().filter(|kind| codes.contains(kind.code)) {
        by_status.entry(kind.status).or_default().push(kind.code);
    }
    for (status, codes) in by_status {
        let content = json!({ "application/problem+json": { "schema": problem.reference() } });
        responses.insert(status.to_string(), json!({ "description": codes.join(", "), "content": content }));
    }
    if doc.keyed {
        for response in responses.values_mut() {
            response["headers"] = operation_headers();
        }
    }
    Value::Object(responses)
}

/// What answers to operations say beside their body, once the request made sense.
fn operation_headers() -> Value {
    json!({
        "Charye-Operation": {
            "description": "The key under which the journal has the operation, if it has it; clients' histories name it",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        },
        "Idempotency-Replayed": {
            "description": "Present if this answer had been given before to the same Idempotency-Key",
            "schema": { "type": "string", "const": "true" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_a_row_names_exists() {
        for route in crate::api::routes() {
            let doc = route.doc.clone().unwrap();
            for code in codes_of(&route, &doc) {
                assert!(KINDS.iter().any(|kind| kind.code == code), "{route:?} names {code}");
            }
        }
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let names: Vec<_> = crate::api::routes().iter().map(operation_id).collect();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), distinct.len(), "{names:?}");
    }
}
