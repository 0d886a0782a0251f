//! The engine: one parsed request against the data, one answer. Pure but for the data: no socket, no clock to wait on.
//!
//! Rules: a request is understood wholly before anything is changed; what one role may not see does not exist for it.

mod page;
mod read;
mod render;
mod rpc;
mod write;

use std::time::Duration;

use hyper::{HeaderMap, Method};

use crate::data::schema::{Grant, TABLES};
use crate::data::{Database, Datum, TableDef};
use crate::dialect::{Output, Pair, Prefer, Query, Resolution, Return, decode_pairs};
use crate::errors::ApiError;

/// On whose behalf a request runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The publishable key without a user: sees published rows, may record views, nothing else.
    Anon,
    /// A user's token: here the same as without one.
    Authenticated,
    /// The secret key: sees and may do everything.
    Service,
}

/// A request that passed the gateway.
pub(crate) struct Call<'a> {
    pub(crate) role: Role,
    pub(crate) method: &'a Method,
    /// What follows `/rest/v1/`.
    pub(crate) resource: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// What is sent back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Headers whose names came from outside.
    pub(crate) extra: Vec<(String, String)>,
    pub(crate) body: String,
    /// How long the statement runs before it answers.
    pub(crate) runs_for: Duration,
}

/// How the rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Array,
    /// `application/vnd.pgrst.object+json`: exactly one row, not in an array.
    Object,
}

/// The parts every kind of request needs, understood.
struct Context<'a> {
    role: Role,
    prefer: Prefer,
    shape: Shape,
    pairs: Vec<Pair>,
    body: &'a [u8],
}

/// A privilege on a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Select,
    Insert,
    Update,
    Delete,
}

impl Role {
    /// Whether row-level security lets this role see the row.
    fn sees(self, def: &TableDef, row: &[Datum]) -> bool {
        self == Self::Service || def.visible.is_none_or(|column| row[column] == Datum::Bool(true))
    }

    /// Refuses what the role was not granted.
    fn check_granted(self, def: &TableDef, wanted: &[Wanted]) -> Result<(), ApiError> {
        let granted = |wanted: &Wanted| {
            matches!((def.public, wanted), (Grant::Select, Wanted::Select) | (Grant::Insert, Wanted::Insert))
        };
        if self == Self::Service || wanted.iter().all(granted) {
            return Ok(());
        }
        Err(ApiError::permission_denied(self == Self::Anon, def.name))
    }
}

/// Runs a request.
pub(crate) fn execute(call: &Call<'_>, database: &mut Database) -> Result<Answer, ApiError> {
    check_profile(call)?;
    let preferences = call.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let context = Context {
        role: call.role,
        prefer: Prefer::parse(preferences)?,
        shape: shape(call.headers)?,
        pairs: decode_pairs(call.query)?,
        body: call.body,
    };
    if !context.body.is_empty() {
        check_content_type(call.headers)?;
    }
    let function = call.resource.strip_prefix("rpc/");
    let applied = context.prefer.applied(function.is_some());
    let shape = context.shape;
    let mut answer = match function {
        Some(function) => rpc::call(call.method, function, context, database)?,
        None => statement(call.method, call.resource, context, database)?,
    };
    answer.headers.extend(applied.map(|applied| ("preference-applied", applied)));
    if shape == Shape::Object && answer.status < 300 {
        answer.headers.push(("content-type", "application/vnd.pgrst.object+json; charset=utf-8".to_owned()));
    }
    Ok(answer)
}

/// Refuses to embed a table that the role may not read.
fn check_outputs(role: Role, outputs: &[Output]) -> Result<(), ApiError> {
    outputs.iter().try_for_each(|output| match output {
        Output::Column { .. } => Ok(()),
        Output::One { target, outputs, .. } | Output::Many { target, outputs, .. } => {
            role.check_granted(target, &[Wanted::Select])?;
            check_outputs(role, outputs)
        }
    })
}

fn statement(
    method: &Method,
    table: &str,
    context: Context<'_>,
    database: &mut Database,
) -> Result<Answer, ApiError> {
    let def =
        TABLES.into_iter().find(|def| def.name == table).ok_or_else(|| ApiError::unknown_table(table))?;
    let query = Query::parse(&context.pairs)?;
    context.role.check_granted(def, &wanted(method, &context.prefer))?;
    match *method {
        Method::GET | Method::HEAD => read::read(def, &query.only(&read::PARAMETERS)?, &context, database),
        Method::POST => {
            let query = query.only(&["select", "columns", "on_conflict"])?;
            database.transaction(|database| write::insert(def, &query, &context, database))
        }
        Method::PATCH => {
            let query = query.only(&["select", "columns", "filter"])?;
            database.transaction(|database| write::update(def, &query, &context, database))
        }
        Method::DELETE => {
            let query = query.only(&["select", "filter"])?;
            database.transaction(|database| write::delete(def, &query, &context, database))
        }
        Method::PUT => Err(ApiError::unsupported("PUT (use POST with resolution=merge-duplicates)")),
        _ => Err(ApiError::new(405, "PGRST117", format!("Unsupported HTTP method: {method}"))),
    }
}

/// The privileges a statement needs: what it returns or compares with is also read.
fn wanted(method: &Method, prefer: &Prefer) -> Vec<Wanted> {
    let mut wanted = match *method {
        Method::POST if prefer.resolution == Some(Resolution::Merge) => vec![Wanted::Insert, Wanted::Update],
        Method::POST => vec![Wanted::Insert],
        Method::PATCH => return vec![Wanted::Update],
        Method::DELETE => return vec![Wanted::Delete],
        _ => return vec![Wanted::Select],
    };
    if matches!(prefer.returns, Some(Return::Representation | Return::HeadersOnly))
        || prefer.resolution.is_some()
    {
        wanted.push(Wanted::Select);
    }
    wanted
}

fn check_profile(call: &Call<'_>) -> Result<(), ApiError> {
    let name =
        if matches!(*call.method, Method::GET | Method::HEAD) { "accept-profile" } else { "content-profile" };
    let schema = call.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    match schema {
        Some(schema) if schema != "public" => Err(ApiError::schema_not_exposed(&schema)),
        Some(_) | None => Ok(()),
    }
}

fn shape(headers: &HeaderMap) -> Result<Shape, ApiError> {
    let Some(accept) = headers.get("accept") else { return Ok(Shape::Array) };
    let accept = String::from_utf8_lossy(accept.as_bytes());
    for offer in accept.split(',') {
        let mut parts = offer.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        if parts.any(|parameter| !parameter.starts_with("q=") && !parameter.starts_with("charset=")) {
            continue;
        }
        match media_type {
            "" | "*/*" | "application/*" | "application/json" | "application/vnd.pgrst.array+json" => {
                return Ok(Shape::Array);
            }
            "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object" => return Ok(Shape::Object),
            _ => {}
        }
    }
    Err(ApiError::media_type(&accept))
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get("content-type") else { return Ok(()) };
    let text = String::from_utf8_lossy(value.as_bytes());
    let media_type = text.split(';').next().unwrap_or_default().trim();
    if media_type == "application/json" {
        return Ok(());
    }
    Err(ApiError::bad_body(format!("Content-Type not acceptable: {media_type}")))
}

impl From<&ApiError> for Answer {
    fn from(error: &ApiError) -> Self {
        let headers = vec![("proxy-status", format!("PostgREST; error={}", error.code))];
        Self { status: error.status, headers, body: error.body().to_string(), ..Self::default() }
    }
}
