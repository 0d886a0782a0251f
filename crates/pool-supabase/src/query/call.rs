//! Calls of functions in the database.
//!
//! A call is a POST that may do anything, unless its author says that it only reads: then it is a GET, which the server runs in
//! a read-only transaction and which may be repeated. In a GET the arguments share the query with the conditions, and PostgREST
//! tells them apart by their looks: an argument that looks like a condition (`eq.5`) would become one. Such calls stay POSTs.

use http::Method;
use pool_http::Safety;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::draft::{Draft, TARGET_MAX};
use super::value::array;
use super::write::set_columns;
use super::{Query, decode, ident};
use crate::Client;

/// The kind of a query that calls a function.
#[derive(Debug)]
pub enum Call {}

/// Names before a dot or parenthesis that make a value a condition, of all versions.
const OPERATORS: &[&str] = &[
    "not",
    "eq",
    "neq",
    "gt",
    "gte",
    "lt",
    "lte",
    "like",
    "ilike",
    "match",
    "imatch",
    "in",
    "is",
    "isdistinct",
    "fts",
    "plfts",
    "phfts",
    "wfts",
    "cs",
    "cd",
    "ov",
    "sl",
    "sr",
    "nxr",
    "nxl",
    "adj",
];

pub(crate) fn call<T: DeserializeOwned, A: Serialize + ?Sized>(
    client: Client,
    name: String,
    arguments: &A,
) -> Query<T, Call> {
    let mut draft = Draft::new(client, Method::POST, "rpc", name);
    draft.is_function = true;
    match serde_json::to_value(arguments) {
        Ok(Value::Object(arguments)) => set_arguments(&mut draft, &arguments),
        Ok(Value::Null) => set_arguments(&mut draft, &Map::new()),
        Ok(_) => draft
            .problems
            .push("the arguments are not an object: derive Serialize on a struct or use a map".into()),
        Err(error) => draft.problems.push(format!("the arguments cannot be written as JSON: {error}")),
    }
    Query::new(draft, decode::whole_or_null)
}

fn set_arguments(draft: &mut Draft, arguments: &Map<String, Value>) {
    for name in arguments.keys() {
        if let Err(says) = ident::parameter(name) {
            draft.problems.push(format!("the argument {name:?} {says}"));
        }
    }
    draft.body = Value::Object(arguments.clone()).to_string().into();
}

impl<T> Query<T, Call> {
    /// Says that the function only reads (`stable` or `immutable`): it may be repeated, and is sent as a GET where its
    /// arguments allow that.
    pub fn read_only(mut self) -> Self {
        self.draft.safety = Safety::Safe;
        let arguments = serde_json::from_slice(&self.draft.body).ok();
        if let Some(parameters) = arguments.and_then(|arguments| parameters(&arguments)) {
            self.draft.method = Method::GET;
            self.draft.own = parameters;
            self.draft.body = bytes::Bytes::new();
        }
        self
    }

    /// Only these columns of the rows that the function returns.
    pub fn select(mut self, columns: &str) -> Self {
        set_columns(&mut self.draft, columns);
        self
    }
}

/// The arguments as query parameters, if they can be said that way.
fn parameters(arguments: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::with_capacity(arguments.len());
    // Percent-encoding at most triples a text; half of what is allowed leaves room for conditions.
    let mut room = TARGET_MAX / 6;
    for (name, value) in arguments {
        let text = parameter(value)?;
        if name.contains('.')
            || ident::RESERVED.contains(&name.as_str())
            || looks_like_condition(&text)
            || text.contains('\0')
        {
            return None;
        }
        room = room.checked_sub(name.len() + text.len() + 2)?;
        parameters.push((name.clone(), text));
    }
    Some(parameters)
}

fn parameter(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(elements) => {
            let scalar = |element: &Value| if element.is_array() { None } else { parameter(element) };
            let texts: Option<Vec<String>> = elements.iter().map(scalar).collect();
            Some(array(&texts?))
        }
        // Null has no text, and an object would have to be JSON in one place and a row in another.
        Value::Null | Value::Object(_) => None,
    }
}

fn looks_like_condition(text: &str) -> bool {
    let start = text.split(['.', '(']).next().unwrap_or_default();
    OPERATORS.contains(&start)
}
