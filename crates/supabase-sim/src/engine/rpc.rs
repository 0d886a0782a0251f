//! Functions: GET, HEAD and POST on `rpc/<name>`.
//!
//! Rules: arguments are found by name, all required ones must be there and no strangers (PGRST202); a function that
//! writes runs only by POST (25006); rows that a function returns can be filtered, ordered and paged like a table.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::page;
use super::read::PARAMETERS;
use super::{Answer, Context, Role};
use crate::data::schema::{BLOG_VIEWS, BLOGS, Column, Default, index};
use crate::data::{Database, Datum, Row, Type, now};
use crate::dialect::{Pair, Query, Relation, bind_filters, bind_order, bind_select};
use crate::errors::ApiError;

const KEY_CONSTRAINT: usize = 1;
const TITLE: usize = index(&BLOGS, "title");
const SLUG: usize = index(&BLOGS, "slug");
const VIEWS: usize = index(&BLOGS, "views");
const BLOG_ID: usize = index(&BLOG_VIEWS, "blog_id");
const VIEWER: usize = index(&BLOG_VIEWS, "viewer");
const VIEWED_AT: usize = index(&BLOG_VIEWS, "viewed_at");

struct Argument {
    name: &'static str,
    kind: Type,
    required: bool,
}

const fn required(name: &'static str, kind: Type) -> Argument {
    Argument { name, kind, required: true }
}

struct Function {
    name: &'static str,
    arguments: &'static [Argument],
    writes: bool,
    body: Body,
}

enum Body {
    Scalar(fn(&[Datum], &mut Database) -> Result<Scalar, ApiError>),
    Rows { columns: &'static [Column], run: fn(&[Datum], &Database) -> Vec<Row> },
}

struct Scalar {
    value: Datum,
    runs_for: Duration,
}

const fn result(name: &'static str, kind: Type) -> Column {
    Column { name, kind, nullable: true, default: Default::Null }
}

static FUNCTIONS: [Function; 4] = [
    Function {
        name: "ping",
        arguments: &[],
        writes: false,
        body: Body::Scalar(|_, _| Ok(at_once(Datum::Int(1)))),
    },
    Function {
        name: "slow",
        arguments: &[required("ms", Type::Integer)],
        writes: false,
        body: Body::Scalar(|arguments, _| Ok(slow(&arguments[0]))),
    },
    Function {
        name: "record_blog_view",
        arguments: &[
            required("blog_id", Type::Bigint),
            required("viewer", Type::Text),
            Argument { name: "request_key", kind: Type::Text, required: false },
        ],
        writes: true,
        body: Body::Scalar(record_blog_view),
    },
    Function {
        name: "blog_analytics",
        arguments: &[required("days", Type::Integer)],
        writes: false,
        body: Body::Rows {
            columns: &[
                result("slug", Type::Text),
                result("title", Type::Text),
                result("views", Type::Bigint),
                result("unique_viewers", Type::Bigint),
            ],
            run: blog_analytics,
        },
    },
];

/// Calls a function.
pub(super) fn call(
    method: &Method,
    name: &str,
    context: Context<'_>,
    database: &mut Database,
) -> Result<Answer, ApiError> {
    if !matches!(*method, Method::GET | Method::HEAD | Method::POST) {
        return Err(ApiError::new(405, "PGRST101", format!("Cannot use the {method} method on RPC")));
    }
    let function = FUNCTIONS.iter().find(|function| function.name == name);
    let (named, rest) = match *method {
        Method::POST => (body_arguments(context.body)?, context.pairs.clone()),
        _ => query_arguments(function, &context.pairs),
    };
    let missing = || not_found(method, name, function, &named);
    let function = function.ok_or_else(missing)?;
    let arguments = arguments(function, &named)?.ok_or_else(missing)?;
    let query = Query::parse(&rest)?.only(&PARAMETERS)?;
    if function.writes && *method != Method::POST {
        return Err(ApiError::new(405, "25006", "cannot execute UPDATE in a read-only transaction"));
    }
    match &function.body {
        Body::Scalar(run) => {
            query.only(&[])?;
            let scalar = database.transaction(|database| run(&arguments, database))?;
            let mut body = String::new();
            scalar.value.write_json(&mut body);
            let headers = vec![("content-range", "0-0/*".to_owned())];
            Ok(Answer { status: 200, headers, body, runs_for: scalar.runs_for, ..Answer::default() })
        }
        Body::Rows { columns, run } => {
            let rows = run(&arguments, database);
            answer_rows(rows, columns, &query, &context, database)
        }
    }
}

/// Like PostgREST, which asks the function for the selected columns only, filters and orders by no others.
fn answer_rows(
    rows: Vec<Row>,
    columns: &'static [Column],
    query: &Query,
    context: &Context<'_>,
    database: &Database,
) -> Result<Answer, ApiError> {
    let outputs = bind_select(Relation::of_function("pgrst_call", columns), query.select.as_deref())?;
    let record = Relation::of_function("record", columns).only(&outputs);
    let predicate = bind_filters(record, &query.filters)?;
    let order = bind_order(record, &query.order)?;
    let rows = rows.into_iter().filter(|row| predicate.admits(row)).collect();
    page::answer(rows, &order, query, &outputs, context, database)
}

type Named = Vec<(String, Value)>;

fn body_arguments(body: &[u8]) -> Result<Named, ApiError> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object.into_iter().collect()),
        Ok(Value::Array(_)) => Err(ApiError::unsupported("an array as the body of a function call")),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | Err(_) => {
            Err(ApiError::bad_body("Empty or invalid json"))
        }
    }
}

/// Parameters of a GET: for a function with rows, reserved words and its result columns are not arguments.
fn query_arguments(function: Option<&Function>, pairs: &[Pair]) -> (Named, Vec<Pair>) {
    let is_argument = |key: &str| match function.map(|function| (function, &function.body)) {
        Some((function, Body::Rows { columns, .. })) => {
            let known = function.arguments.iter().any(|argument| argument.name == key);
            let reserved =
                matches!(key, "select" | "order" | "limit" | "offset" | "and" | "or" | "not.and" | "not.or");
            known || !(reserved || columns.iter().any(|column| column.name == key))
        }
        Some((_, Body::Scalar(_))) | None => true,
    };
    let (own, rest): (Vec<Pair>, Vec<Pair>) = pairs.iter().cloned().partition(|(key, _)| is_argument(key));
    (own.into_iter().map(|(key, value)| (key, Value::String(value))).collect(), rest)
}

/// The arguments in their order; `None` when they are not those of the function.
fn arguments(function: &Function, named: &Named) -> Result<Option<Vec<Datum>>, ApiError> {
    let known = |key: &str| function.arguments.iter().any(|argument| argument.name == key);
    let find = |name: &str| named.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let complete =
        function.arguments.iter().all(|argument| !argument.required || find(argument.name).is_some());
    if !complete || !named.iter().all(|(key, _)| known(key)) {
        return Ok(None);
    }
    let value = |argument: &Argument| {
        find(argument.name).map_or(Ok(Datum::Null), |value| argument.kind.read_json(value))
    };
    function.arguments.iter().map(value).collect::<Result<_, _>>().map(Some)
}

fn not_found(method: &Method, name: &str, like: Option<&Function>, named: &Named) -> ApiError {
    let mut names: Vec<&str> = named.iter().map(|(key, _)| key.as_str()).collect();
    names.sort_unstable();
    let list = names.join(", ");
    let (called, with) = match names.len() {
        0 => (format!("{name} without parameters"), "without parameters".to_owned()),
        1 => (format!("{name}({list})"), format!("with parameter {list}")),
        _ => (format!("{name}({list})"), format!("with parameters {list}")),
    };
    let or_body = if *method == Method::POST { " or with a single unnamed json/jsonb parameter" } else { "" };
    let error = ApiError::new(
        404,
        "PGRST202",
        format!("Could not find the function public.{called} in the schema cache"),
    )
    .details(format!(
        "Searched for the function public.{name} {with}{or_body}, but no matches were found in the schema cache."
    ));
    match like.filter(|_| !names.is_empty()) {
        Some(like) => {
            let arguments: Vec<&str> = like.arguments.iter().map(|argument| argument.name).collect();
            error.hint(format!(
                "Perhaps you meant to call the function public.{name}({})",
                arguments.join(", ")
            ))
        }
        None => error,
    }
}

fn at_once(value: Datum) -> Scalar {
    Scalar { value, runs_for: Duration::ZERO }
}

fn slow(milliseconds: &Datum) -> Scalar {
    let wait = if let Datum::Int(wait) = milliseconds { u64::try_from(*wait).unwrap_or(0) } else { 0 };
    Scalar { value: milliseconds.clone(), runs_for: Duration::from_millis(wait) }
}

/// A key that was seen before changes nothing, so that a call with a key can be repeated.
fn record_blog_view(arguments: &[Datum], database: &mut Database) -> Result<Scalar, ApiError> {
    let [blog_id, viewer, request_key] = arguments else { return Ok(at_once(Datum::Null)) };
    let seen = database.of(&BLOG_VIEWS).find_unique(KEY_CONSTRAINT, request_key).is_some();
    if seen {
        database.attempted(request_key);
    } else {
        let id = database.default_of(&BLOG_VIEWS, &BLOG_VIEWS.columns[0]);
        database
            .insert(&BLOG_VIEWS, vec![id, blog_id.clone(), viewer.clone(), request_key.clone(), now()])?;
    }
    let blogs = database.of(&BLOGS);
    let found = blogs.find_unique(0, blog_id).and_then(|id| Some((id, blogs.get(id)?.to_vec())));
    let Some((id, mut blog)) = found else { return Ok(at_once(Datum::Null)) };
    let Datum::Int(views) = blog[VIEWS] else { return Ok(at_once(Datum::Null)) };
    let counted = Datum::Int(views + i64::from(!seen));
    blog[VIEWS] = counted.clone();
    database.update(&BLOGS, id, blog)?;
    Ok(at_once(counted))
}

fn blog_analytics(arguments: &[Datum], database: &Database) -> Vec<Row> {
    let (Datum::Int(days), Datum::Timestamp(now)) = (&arguments[0], now()) else { return Vec::new() };
    let since = Datum::Timestamp(now.saturating_sub(days.saturating_mul(86_400_000_000)));
    let mut viewers: HashMap<&Datum, Vec<&Datum>> = HashMap::new();
    for (_, view) in database.of(&BLOG_VIEWS).iter().filter(|(_, view)| view[VIEWED_AT] > since) {
        viewers.entry(&view[BLOG_ID]).or_default().push(&view[VIEWER]);
    }
    let count = |number: usize| Datum::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let published = database.of(&BLOGS).iter().filter(|(_, blog)| Role::Anon.sees(&BLOGS, blog));
    let mut rows: Vec<Row> = published
        .map(|(_, blog)| {
            let all = viewers.get(&blog[0]).map_or(&[][..], Vec::as_slice);
            let distinct: HashSet<&Datum> = all.iter().copied().collect();
            Row::from([blog[SLUG].clone(), blog[TITLE].clone(), count(all.len()), count(distinct.len())])
        })
        .collect();
    rows.sort_by(|left, right| right[2].cmp(&left[2]).then_with(|| left[0].cmp(&right[0])));
    rows
}
