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
        return Err(ApiError::new(405, "PGRST101", "Only GET, HEAD and POST verbs are allowed on functions"));
    }
    let function = FUNCTIONS.iter().find(|function| function.name == name);
    let (named, rest) = match *method {
        Method::POST => (body_arguments(context.body)?, context.pairs.clone()),
        _ => query_arguments(function, &context.pairs),
    };
    let function = function.ok_or_else(|| not_found(name, &named))?;
    let arguments = arguments(function, &named)?;
    let query = Query::parse(&rest)?.only(&PARAMETERS)?;
    if function.writes && *method != Method::POST {
        return Err(ApiError::new(405, "25006", "cannot execute INSERT in a read-only transaction"));
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
            let relation = Relation { name: function.name, columns, table: None };
            answer_rows(rows, relation, &query, &context, database)
        }
    }
}

fn answer_rows(
    rows: Vec<Row>,
    relation: Relation,
    query: &Query,
    context: &Context<'_>,
    database: &Database,
) -> Result<Answer, ApiError> {
    let outputs = bind_select(relation, query.select.as_deref())?;
    let predicate = bind_filters(relation, &query.filters)?;
    let order = bind_order(relation, &query.order)?;
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

fn arguments(function: &Function, named: &Named) -> Result<Vec<Datum>, ApiError> {
    let known = |key: &str| function.arguments.iter().any(|argument| argument.name == key);
    let find = |name: &str| named.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let complete =
        function.arguments.iter().all(|argument| !argument.required || find(argument.name).is_some());
    if !complete || !named.iter().all(|(key, _)| known(key)) {
        return Err(not_found(function.name, named));
    }
    let value = |argument: &Argument| {
        find(argument.name).map_or(Ok(Datum::Null), |value| argument.kind.read_json(value))
    };
    function.arguments.iter().map(value).collect()
}

fn not_found(name: &str, named: &Named) -> ApiError {
    let mut names: Vec<&str> = named.iter().map(|(key, _)| key.as_str()).collect();
    names.sort_unstable();
    let (list, with) = match names.join(", ") {
        list if list.is_empty() => (String::new(), "without parameters".to_owned()),
        list => (format!("({list})"), format!("with parameters {list}")),
    };
    let without = if list.is_empty() { " without parameters" } else { "" };
    ApiError::new(404, "PGRST202", format!("Could not find the function public.{name}{list}{without} in the schema cache"))
        .details(format!(
            "Searched for the function public.{name} {with} or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache."
        ))
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
