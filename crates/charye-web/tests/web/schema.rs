//! As much of JSON Schema as the API's document uses, to hold answers against it.

use serde_json::{Map, Value};

/// Whether `value` is as `schema` says; else where it is not.
pub(crate) fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    check_at(document, schema, value, "", true)
}

fn check_at(document: &Value, schema: &Value, value: &Value, at: &str, closed: bool) -> Result<(), String> {
    let Some(schema) = schema.as_object() else { return Err(format!("{at}: schema is {schema}")) };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let found = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        return check_at(document, found.ok_or(format!("{at}: no {reference}"))?, value, at, closed);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema.get(key).and_then(Value::as_array) {
            let fits = choices.iter().any(|choice| check_at(document, choice, value, at, closed).is_ok());
            return if fits { Ok(()) } else { Err(format!("{at}: {value} fits none of {key}")) };
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return parts.iter().try_for_each(|part| check_at(document, part, value, at, false));
    }
    if let Some(listed) = schema.get("enum").and_then(Value::as_array)
        && !listed.contains(value)
    {
        return Err(format!("{at}: {value} is not listed"));
    }
    check_type(schema, value, at)?;
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            check_at(document, items, value, &format!("{at}/{index}"), true)?;
        }
    }
    match value.as_object() {
        Some(object) => check_members(document, schema, object, at, closed),
        None => Ok(()),
    }
}

fn check_members(
    document: &Value,
    schema: &Map<String, Value>,
    object: &Map<String, Value>,
    at: &str,
    closed: bool,
) -> Result<(), String> {
    for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = required.as_str().unwrap_or_default();
        if !object.contains_key(name) {
            return Err(format!("{at}: {name} is missing"));
        }
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(()) };
    for (name, value) in object {
        match properties.get(name) {
            Some(schema) => check_at(document, schema, value, &format!("{at}/{name}"), true)?,
            None if closed => return Err(format!("{at}: {name} is not in the document")),
            None => {}
        }
    }
    Ok(())
}

fn check_type(schema: &Map<String, Value>, value: &Value, at: &str) -> Result<(), String> {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if types.iter().any(|name| is(name)) { Ok(()) } else { Err(format!("{at}: {value} is no {types:?}")) }
}

#[test]
fn the_checker_bites() {
    let document = serde_json::json!({ "components": { "schemas": { "A": {
        "type": "object", "required": ["a"], "properties": { "a": { "type": "string" }, "b": { "enum": ["x"] } },
    } } } });
    let schema = serde_json::json!({ "$ref": "#/components/schemas/A" });
    let check = |value: Value| check(&document, &schema, &value).is_ok();
    assert!(check(serde_json::json!({ "a": "", "b": "x" })));
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({ "a": 1 }),
        serde_json::json!({ "a": "", "b": "y" }),
        serde_json::json!({ "a": "", "c": 1 }),
        serde_json::json!([]),
    ] {
        assert!(!check(wrong.clone()), "{wrong}");
    }
}
