//! The OpenAPI document: it says what the table has, and holds together.

use std::collections::BTreeSet;

use charye_web::api;
use charye_web::gate::Surface;
use serde_json::Value;

use crate::stage::{Stage, all_routes};

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

#[test]
fn the_document_and_the_table_name_the_same_routes() {
    let stage = Stage::open();
    let documented: BTreeSet<String> =
        operations(stage.document()).map(|(path, method, _)| format!("{} {path}", method.to_uppercase())).collect();
    let rows = all_routes();
    let rows = rows.iter().filter(|row| row.surface == Surface::Api);
    let tabled: BTreeSet<String> = rows.map(|row| format!("{} {}", row.method, row.path)).collect();
    assert_eq!(documented, tabled);
    assert_eq!(tabled.len(), api::routes().len());
}

#[test]
fn the_document_holds_together() {
    let stage = Stage::open();
    let document = stage.document();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, method, operation) in operations(document) {
        let wanted: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let given = parameters.filter(|parameter| parameter["in"] == "path");
        assert_eq!(wanted, given.map(|parameter| parameter["name"].as_str().unwrap()).collect(), "{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{method} {path}");
        assert!(operation["responses"].as_object().unwrap().len() >= 3, "{method} {path}");
        for security in operation["security"].as_array().unwrap() {
            let known = &document["components"]["securitySchemes"];
            assert!(security.as_object().unwrap().keys().all(|name| known[name].is_object()), "{method} {path}");
        }
    }
    let mut referred = Vec::new();
    references(document, &mut referred);
    assert!(referred.len() > 20);
    for reference in referred {
        let found = document.pointer(reference.strip_prefix('#').unwrap());
        assert!(found.is_some_and(Value::is_object), "{reference}");
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}
