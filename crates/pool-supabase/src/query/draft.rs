//! A query under construction and the one place that writes it as a request.

use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pool_http::{Request, RequestMeta, Safety};

use super::expr::Expr;
use super::ident;
use super::page::{Count, Order};
use crate::Client;

/// What stays readable in a query. A plus does not: it would be read as a space.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'*')
    .remove(b',')
    .remove(b'(')
    .remove(b')')
    .remove(b':')
    .remove(b'!');

/// The longest target: gateways on the way refuse longer ones, or hang.
pub(super) const TARGET_MAX: usize = 8000;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Asks the server for exactly one row, as an object; it undoes a write that touches another number.
const ONE_ROW: HeaderValue = HeaderValue::from_static("application/vnd.pgrst.object+json");

/// Everything that is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    operation: &'static str,
    resource: String,
    problems: Vec<String>,
}

impl BuildError {
    /// What is wrong, each with what to do.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(String::as_str)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the {} on {:?} cannot be sent: {}",
            self.operation,
            self.resource,
            self.problems.join("; ")
        )
    }
}

impl std::error::Error for BuildError {}

/// How many rows the answer has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Any,
    One,
    /// At most one; checked here, since the server has no form for it.
    MaybeOne,
}

#[derive(Clone)]
pub(super) struct Draft {
    pub(super) client: Client,
    pub(super) method: Method,
    pub(super) operation: &'static str,
    /// The name as the caller gave it, for messages.
    pub(super) resource: String,
    pub(super) is_function: bool,
    pub(super) safety: Safety,
    pub(super) select: Option<String>,
    pub(super) filters: Vec<Expr>,
    pub(super) order: Vec<(String, Order)>,
    pub(super) limit: Option<u64>,
    pub(super) offset: Option<u64>,
    /// Parameters that belong to the kind: `on_conflict`, `columns`, the arguments of a function.
    pub(super) own: Vec<(String, String)>,
    pub(super) raw: Vec<(String, String)>,
    pub(super) rows: Rows,
    pub(super) count: Option<Count>,
    pub(super) prefer: Vec<&'static str>,
    /// An update or delete without filters would touch every row.
    pub(super) needs_filter: bool,
    pub(super) body: Bytes,
    pub(super) problems: Vec<String>,
}

impl Draft {
    pub(super) fn new(client: Client, method: Method, operation: &'static str, resource: String) -> Self {
        let safety = if method == Method::GET { Safety::Safe } else { Safety::Unsafe };
        Draft {
            client,
            method,
            operation,
            resource,
            is_function: false,
            safety,
            select: None,
            filters: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
            own: Vec::new(),
            raw: Vec::new(),
            rows: Rows::Any,
            count: None,
            prefer: Vec::new(),
            needs_filter: false,
            body: Bytes::new(),
            problems: Vec::new(),
        }
    }

    pub(super) fn build(&self) -> Result<Request, BuildError> {
        let mut problems = self.problems.clone();
        let target = self.target(&mut problems);
        if self.needs_filter && self.filters.is_empty() {
            problems.push("it has no filter and would touch every row: add one, or say all_rows()".into());
        }
        match target {
            Some(target) if problems.is_empty() => Ok(Request {
                method: self.method.clone(),
                target,
                headers: self.headers(),
                body: self.body.clone(),
                meta: RequestMeta { operation: self.operation, safety: self.safety },
            }),
            _ => Err(BuildError { operation: self.operation, resource: self.resource.clone(), problems }),
        }
    }

    fn target(&self, problems: &mut Vec<String>) -> Option<PathAndQuery> {
        let segment =
            ident::segment(&self.resource).map_err(|says| problems.push(format!("the name {says}"))).ok()?;
        let mut target = String::from(self.client.rest_path());
        target.push_str(if self.is_function { "rpc/" } else { "" });
        target.push_str(&segment);
        for (n, (name, value)) in self.parameters(problems).iter().enumerate() {
            target.push(if n == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, QUERY));
            target.push('=');
            target.extend(utf8_percent_encode(value, QUERY));
        }
        if target.len() > TARGET_MAX {
            problems.push(format!(
                "its URL has {} bytes and at most {TARGET_MAX} get through the gateways: split long lists, or call a function",
                target.len()
            ));
        }
        PathAndQuery::try_from(target)
            .map_err(|error| problems.push(format!("its URL is not valid: {error}")))
            .ok()
    }

    fn parameters(&self, problems: &mut Vec<String>) -> Vec<(String, String)> {
        let mut parameters = Vec::new();
        let mut add = |name: &str, value: String| parameters.push((name.to_owned(), value));
        if let Some(select) = &self.select {
            add("select", select.clone());
        }
        for filter in &self.filters {
            match filter.parameter() {
                Ok((name, value)) => add(&name, value),
                Err(problem) => problems.push(problem),
            }
        }
        if let Some(order) = self.order(problems) {
            add("order", order);
        }
        // One more than the one row that may be there tells two from one, and spares the rest.
        let limit = if self.rows == Rows::MaybeOne { Some(self.limit.unwrap_or(2)) } else { self.limit };
        if let Some(limit) = limit {
            add("limit", limit.to_string());
        }
        if let Some(offset) = self.offset {
            add("offset", offset.to_string());
        }
        parameters.extend(self.own.iter().chain(&self.raw).cloned());
        parameters
    }

    fn order(&self, problems: &mut Vec<String>) -> Option<String> {
        let mut terms = Vec::with_capacity(self.order.len());
        for (column, order) in &self.order {
            match ident::column(column) {
                Ok(column) if column.embedded => {
                    problems.push(format!(
                        "the order by {:?} names an embedded resource: use raw() for that",
                        column.text
                    ));
                }
                Ok(column) => terms.push(format!("{}{order}", column.text)),
                Err(says) => problems.push(format!("the column {column:?} {says}")),
            }
        }
        (!terms.is_empty()).then(|| terms.join(","))
    }

    fn headers(&self) -> HeaderMap {
        let writes = self.method != Method::GET;
        let mut headers = self.client.headers(writes);
        headers.insert(ACCEPT, if self.rows == Rows::One { ONE_ROW } else { JSON });
        if !self.body.is_empty() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        let preferences =
            self.prefer.iter().copied().chain(self.count.map(Count::preference)).collect::<Vec<_>>();
        if let Ok(value) = HeaderValue::try_from(preferences.join(","))
            && !value.is_empty()
        {
            headers.insert(HeaderName::from_static("prefer"), value);
        }
        headers
    }
}

/// Without values: they are the caller's data.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("operation", &self.operation)
            .field("resource", &self.resource)
            .field("safety", &self.safety)
            .field("filters", &self.filters.len())
            .finish_non_exhaustive()
    }
}
