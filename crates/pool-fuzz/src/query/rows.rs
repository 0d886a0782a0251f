//! What is sent: rows to write, arguments of a call.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Map, Value};

use super::{built, client, postgrest};
use crate::source::Source;

pub(super) fn of_a_write(source: &mut Source<'_>) {
    let (table, upserts) = (source.text(), source.flag());
    let on_conflict = source.texts(3);
    let rows: Vec<Map<String, Value>> = (0..source.byte() % 4).map(|_| object(source, 0)).collect();
    let built = if upserts {
        let query = client().from(table.clone()).upsert(&rows);
        let query = if on_conflict.is_empty() { query } else { query.on_conflict(&on_conflict) };
        built(&query, "/rest/v1/", &table)
    } else {
        built(&client().from(table.clone()).insert(&rows), "/rest/v1/", &table)
    };
    let Some((request, mut parameters)) = built else { return };
    let sent: Vec<Map<String, Value>> = serde_json::from_slice(&request.body).expect("an array of objects");
    assert_eq!(sent, rows);
    let keys: BTreeSet<String> = rows.iter().flat_map(Map::keys).cloned().collect();
    if !keys.is_empty() {
        let names = postgrest::names(&parameters.named("columns")).expect("names");
        assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), keys);
    }
    if upserts && !on_conflict.is_empty() {
        assert_eq!(postgrest::names(&parameters.named("on_conflict")), Ok(on_conflict));
    }
    parameters.end();
}

pub(super) fn arguments_of_a_call(source: &mut Source<'_>) {
    let (function, reads) = (source.text(), source.flag());
    let arguments = object(source, 0);
    let query = client().rpc::<Value>(function.clone(), &arguments);
    let query = if reads { query.read_only() } else { query };
    let Some((request, parameters)) = built(&query, "/rest/v1/rpc/", &function) else { return };
    if request.method == Method::POST {
        assert_eq!(
            serde_json::from_slice::<Map<String, Value>>(&request.body).expect("an object"),
            arguments
        );
        return parameters.end();
    }
    assert!(reads, "a call that may write is a GET");
    let found: Vec<(String, String)> = parameters.0.collect();
    for (name, value) in &found {
        assert!(!postgrest::is_condition(name, value), "{name}={value} is a condition");
        assert!(!postgrest::is_reserved(name), "{name} is a parameter of the server's own");
    }
    let found: BTreeMap<String, Value> =
        found.into_iter().map(|(name, text)| (name.clone(), as_it_was(&arguments[&name], &text))).collect();
    assert_eq!(found, arguments.into_iter().collect());
}

/// The value that `text` says, given the type of the one that was sent.
fn as_it_was(sent: &Value, text: &str) -> Value {
    match sent {
        Value::String(_) => text.into(),
        Value::Array(elements) => {
            let texts = postgrest::array(text).expect("an array");
            assert_eq!(texts.len(), elements.len(), "{text}");
            elements.iter().zip(texts).map(|(sent, text)| as_it_was(sent, &text.expect("no null"))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            serde_json::from_str(text).expect("JSON")
        }
    }
}

/// At a depth that stays far from where JSON's reader gives up.
fn object(source: &mut Source<'_>, depth: u8) -> Map<String, Value> {
    (0..source.byte() % 4).map(|_| (source.text(), value(source, depth))).collect()
}

fn value(source: &mut Source<'_>, depth: u8) -> Value {
    match source.byte() % 8 {
        0 => Value::Null,
        1 => source.flag().into(),
        2 => source.long().into(),
        3 => f64::from_bits(source.long()).into(),
        4 if depth < 2 => (0..source.byte() % 4).map(|_| value(source, depth + 1)).collect(),
        5 if depth < 2 => object(source, depth + 1).into(),
        _ => source.text().into(),
    }
}
