//! Room: gateway/identity. JSON as strangers send it: a key that stands twice in an object is refused, so that nobody can
//! show one value to a check and another to us. Depth is bounded by the parser (128), size by whoever fetched it.
//!
//! Called by everything here that reads a document or a token.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one JSON text.
///
/// `None`: it is none, a key stands twice, or something follows it.
pub fn parse(text: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Strict>(text).ok().map(|strict| strict.0)
}

/// Reads one JSON object.
pub(crate) fn parse_object(text: &[u8]) -> Option<Map<String, Value>> {
    match parse(text)? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without doubled keys")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Strict(value) = entries.next_value()?;
            if object.insert(key, value).is_some() {
                return Err(serde::de::Error::custom("a key stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_doubled_key_is_refused_wherever_it_stands() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"[{"x":[{"y":1,"y":2}]}]"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":1} {"b":2}"#,
            r#"{"a":1"#,
            "",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        let deep = "[".repeat(1_000) + &"]".repeat(1_000);
        assert_eq!(parse(deep.as_bytes()), None);
        assert_eq!(parse_object(b"[1]"), None);
    }

    proptest! {
        /// Where no key is doubled, it reads what the ordinary parser reads.
        #[test]
        fn otherwise_it_is_ordinary_json(text in r#"(\{("[a-c]":(1|-2|0\.5|true|null|"x"|\[1,"y"\]),){0,2}"d":\{\}\})"#) {
            let ordinary: Value = serde_json::from_str(&text).unwrap();
            match parse(text.as_bytes()) {
                Some(strict) => prop_assert_eq!(strict, ordinary),
                None => prop_assert!(ordinary.as_object().unwrap().len() < text.matches("\":").count()),
            }
        }
    }
}
