//! Errors in PostgREST's shape.
//!
//! Rules: the body is always `{"code","message","details","hint"}` with absent parts as `null`; the status is the one
//! PostgREST maps the code to; nothing the dialect does not understand is ever ignored, it becomes one of these.

use serde_json::{Value, json};

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<String>,
    pub(crate) hint: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: None, hint: None }
    }

    pub(crate) fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn body(&self) -> Value {
        json!({ "code": self.code, "message": self.message, "details": self.details, "hint": self.hint })
    }

    /// PGRST100: the query string does not parse.
    pub(crate) fn parse(what: &str, text: &str, why: impl Into<String>) -> Self {
        Self::new(400, "PGRST100", format!("\"failed to parse {what} ({text})\"")).details(why)
    }

    /// The same, with the place (counted from 1).
    pub(crate) fn parse_at(what: &str, text: &str, column: usize, why: impl Into<String>) -> Self {
        let message = format!("\"failed to parse {what} ({text})\" (line 1, column {column})");
        Self::new(400, "PGRST100", message).details(why)
    }

    /// PGRST127: PostgREST has it, the simulator does not. An honest error instead of a wrong answer.
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::new(400, "PGRST127", "Feature not implemented")
            .details(format!("The simulator does not implement {}.", what.into()))
            .hint("Run this request against a real PostgREST.")
    }

    /// PGRST102: the body cannot be read.
    pub(crate) fn bad_body(message: impl Into<String>) -> Self {
        Self::new(400, "PGRST102", message)
    }

    /// PGRST103: the page starts past the end.
    pub(crate) fn out_of_range(details: impl Into<String>) -> Self {
        Self::new(416, "PGRST103", "Requested range not satisfiable").details(details)
    }

    /// PGRST106: the schema of the profile header is not exposed.
    pub(crate) fn schema_not_exposed(schema: &str) -> Self {
        Self::new(406, "PGRST106", format!("Invalid schema: {schema}"))
            .hint("Only the following schemas are exposed: public")
    }

    /// PGRST107: none of the accepted media types can be produced.
    pub(crate) fn media_type(accept: &str) -> Self {
        Self::new(406, "PGRST107", format!("None of these media types are available: {accept}"))
    }

    /// PGRST116: `single()` did not meet exactly one row.
    pub(crate) fn not_exactly_one(rows: usize) -> Self {
        Self::new(406, "PGRST116", "Cannot coerce the result to a single JSON object")
            .details(format!("The result contains {rows} rows"))
    }

    /// PGRST122: a preference that is not understood.
    pub(crate) fn preference(preference: &str) -> Self {
        Self::new(400, "PGRST122", "Invalid preferences given with handling=strict")
            .details(format!("Invalid preferences: {preference}"))
    }

    /// PGRST200: an embedding without a foreign key.
    pub(crate) fn no_relationship(table: &str, target: &str) -> Self {
        Self::new(
            400,
            "PGRST200",
            format!("Could not find a relationship between '{table}' and '{target}' in the schema cache"),
        )
        .details(format!(
            "Searched for a foreign key relationship between '{table}' and '{target}' in the schema 'public', but no matches were found."
        ))
    }

    /// PGRST204: a body names a column that does not exist.
    pub(crate) fn unknown_body_column(table: &str, column: &str) -> Self {
        Self::new(
            400,
            "PGRST204",
            format!("Could not find the '{column}' column of '{table}' in the schema cache"),
        )
    }

    /// PGRST205: no such table.
    pub(crate) fn unknown_table(table: &str) -> Self {
        Self::new(404, "PGRST205", format!("Could not find the table 'public.{table}' in the schema cache"))
    }

    /// 42703: a filter, an order or a column list names a column that does not exist.
    pub(crate) fn undefined_column(table: &str, column: &str) -> Self {
        Self::new(400, "42703", format!("column {table}.{column} does not exist"))
    }

    /// 22P02: a text that is not a value of the type.
    pub(crate) fn invalid_input(type_name: &str, text: &str) -> Self {
        Self::new(400, "22P02", format!("invalid input syntax for type {type_name}: \"{text}\""))
    }

    /// 42501: the role may not do it; 401 for anonymous, 403 for a user, as PostgREST maps it.
    pub(crate) fn permission_denied(anonymous: bool, table: &str) -> Self {
        let status = if anonymous { 401 } else { 403 };
        Self::new(status, "42501", format!("permission denied for table {table}"))
    }

    /// PGRST003: no slot of PostgREST's own pool became free in time.
    pub(crate) fn pool_timeout() -> Self {
        Self::new(504, "PGRST003", "Timed out acquiring connection from connection pool.")
    }
}
