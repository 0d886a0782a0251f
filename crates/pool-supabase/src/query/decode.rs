//! From an answer to what the query asked for.
//!
//! Only JSON is an answer: a page of HTML with status 200 is an error, and so is a body that was cut short.

use std::ops::RangeInclusive;

use http::StatusCode;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use pool_http::Response;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::{ApiError, Code, DecodeProblem, Error, redact};

/// Rows with the number of all rows that match.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many match in all, if the server says.
    pub count: Option<u64>,
    /// Which of them these are, counted from 0; `None` if there are none.
    pub range: Option<RangeInclusive<u64>>,
}

/// How an answer is read.
pub(super) type Decode<T> = fn(&Response) -> Result<T, Error>;

fn succeeded(response: &Response) -> Result<(), Error> {
    if response.status.is_success() { Ok(()) } else { Err(ApiError::from_response(response).into()) }
}

fn json<T: DeserializeOwned>(response: &Response) -> Result<T, Error> {
    if !response.is_json() {
        return Err(Error::decode(response, DecodeProblem::NotJson(shown_media_type(response))));
    }
    parse(response, &response.body)
}

/// The media type as it is told. What looks like a key is replaced first: in lower case it looks like none.
fn shown_media_type(response: &Response) -> String {
    let value = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    redact(value.split(';').next().unwrap_or_default().trim()).to_ascii_lowercase()
}

fn parse<T: DeserializeOwned>(response: &Response, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        // The reader's words may repeat a value from the body.
        let why = redact(&error.to_string());
        let problem = match error.classify() {
            Category::Eof => DecodeProblem::Truncated,
            Category::Data => DecodeProblem::Mismatch(why),
            Category::Syntax | Category::Io => DecodeProblem::Malformed(why),
        };
        Error::decode(response, problem)
    })
}

/// All rows; one row as the server checked it; a function's value.
pub(super) fn whole<T: DeserializeOwned>(response: &Response) -> Result<T, Error> {
    succeeded(response)?;
    json(response)
}

/// A function's value, where nothing is as good as null.
pub(super) fn whole_or_null<T: DeserializeOwned>(response: &Response) -> Result<T, Error> {
    succeeded(response)?;
    if response.body.is_empty() { parse(response, b"null") } else { json(response) }
}

/// Nothing. What is there all the same has to be JSON: a login page would otherwise pass for a write.
pub(super) fn nothing(response: &Response) -> Result<(), Error> {
    succeeded(response)?;
    if response.body.is_empty() { Ok(()) } else { json::<serde::de::IgnoredAny>(response).map(drop) }
}

/// At most one row.
pub(super) fn maybe<T: DeserializeOwned>(response: &Response) -> Result<Option<T>, Error> {
    let mut rows: Vec<T> = whole(response)?;
    if rows.len() > 1 { Err(ApiError::too_many_rows(rows.len()).into()) } else { Ok(rows.pop()) }
}

/// Rows with their number. A page past the end is an empty page.
pub(super) fn page<T: DeserializeOwned>(response: &Response) -> Result<Page<T>, Error> {
    if response.status == StatusCode::RANGE_NOT_SATISFIABLE {
        let error = ApiError::from_response(response);
        return match error.code {
            Some(Code::Postgrest(103)) => {
                Ok(Page { rows: Vec::new(), count: content_range(response).1, range: None })
            }
            _ => Err(error.into()),
        };
    }
    let rows = whole(response)?;
    let (range, count) = content_range(response);
    Ok(Page { rows, count, range })
}

/// `0-24/3573`, `*/0` or `0-24/*`.
fn content_range(response: &Response) -> (Option<RangeInclusive<u64>>, Option<u64>) {
    let value = response.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let value = value.strip_prefix("items ").unwrap_or(value);
    let Some((range, count)) = value.split_once('/') else { return (None, None) };
    let range =
        range.split_once('-').and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    let range = range.filter(|range: &RangeInclusive<u64>| !range.is_empty());
    (range, count.parse().ok())
}
