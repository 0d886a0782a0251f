//! The language of requests: query string and `Prefer`, parsed into types that know nothing of tables.
//!
//! Rules: every parameter is a reserved word or a filter; one that is given twice, or where it has no meaning, or
//! with a value it cannot have, is an error and never skipped.

mod bind;
mod filter;
mod predicate;
mod prefer;
mod scan;
mod select;

use std::borrow::Cow;

pub(crate) use bind::{Output, Relation, bind_filters, bind_order, bind_select};
pub(crate) use filter::Filter;
pub(crate) use prefer::{Prefer, Resolution, Return};
pub(crate) use select::{Item, OrderTerm};

use crate::errors::ApiError;
use percent_encoding::percent_decode_str;
use scan::Scan;

/// A decoded `key=value` of the query string.
pub(crate) type Pair = (String, String);

/// The query string of a request to a table (or of what a function returned).
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) select: Option<Vec<Item>>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) order: Vec<OrderTerm>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
    pub(crate) on_conflict: Option<Vec<String>>,
    pub(crate) columns: Option<Vec<String>>,
}

/// Splits and decodes a raw query string.
pub(crate) fn decode_pairs(raw: &str) -> Result<Vec<Pair>, ApiError> {
    raw.split('&').filter(|pair| !pair.is_empty()).map(decode_pair).collect()
}

fn decode_pair(pair: &str) -> Result<Pair, ApiError> {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok((decode(key, pair)?, decode(value, pair)?))
}

fn decode(part: &str, pair: &str) -> Result<String, ApiError> {
    let spaced = part.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned);
    decoded.map_err(|_| ApiError::parse("query string", pair, "it is not percent-encoded UTF-8"))
}

impl Query {
    pub(crate) fn parse(pairs: &[Pair]) -> Result<Self, ApiError> {
        let mut query = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in pairs {
            if matches!(key.as_str(), "select" | "order" | "limit" | "offset" | "on_conflict" | "columns") {
                if seen.contains(&key.as_str()) {
                    return Err(ApiError::parse(
                        "query string",
                        key,
                        "the parameter is given more than once",
                    ));
                }
                seen.push(key);
            }
            match key.as_str() {
                "select" => query.select = Some(select::parse_select(value)?),
                "order" => query.order = select::parse_order(value)?,
                "limit" => query.limit = Some(count_of("limit", value)?),
                "offset" => query.offset = count_of("offset", value)?,
                "on_conflict" => query.on_conflict = Some(Scan::new("on_conflict", value).names()?),
                "columns" => query.columns = Some(Scan::new("columns", value).names()?),
                _ => query.filters.push(filter::parse(key, value)?),
            }
        }
        Ok(query)
    }

    /// Refuses the parameters that the request has no use for; `names` says which of the optional ones it has.
    pub(crate) fn only(self, names: &[&str]) -> Result<Self, ApiError> {
        let present = [
            ("select", self.select.is_some()),
            ("order", !self.order.is_empty()),
            ("limit", self.limit.is_some()),
            ("offset", self.offset > 0),
            ("on_conflict", self.on_conflict.is_some()),
            ("columns", self.columns.is_some()),
            ("filter", !self.filters.is_empty()),
        ];
        let stray = present.iter().find(|(name, present)| *present && !names.contains(name));
        match stray {
            Some((name, _)) => {
                Err(ApiError::parse("query string", name, "the parameter has no meaning for this request"))
            }
            None => Ok(self),
        }
    }
}

fn count_of(what: &str, text: &str) -> Result<usize, ApiError> {
    let number: i64 = text.parse().map_err(|_| ApiError::parse(what, text, "a whole number was expected"))?;
    let name = if what == "limit" { "Limit" } else { "Offset" };
    usize::try_from(number)
        .map_err(|_| ApiError::out_of_range(format!("{name} should be greater than or equal to zero.")))
}

#[cfg(test)]
mod tests {
    use super::{Query, decode_pairs};

    #[test]
    fn a_query_string_is_decoded_once() {
        let pairs = decode_pairs("title=eq.a%2Bb+c%26d&x=").expect("it is well formed");
        assert_eq!(pairs[0], ("title".to_owned(), "eq.a+b c&d".to_owned()));
        assert_eq!(decode_pairs("a=%ff").map_err(|error| error.code), Err("PGRST100"));
    }

    #[test]
    fn numbers_must_be_numbers_and_parameters_single() {
        let parse = |raw: &str| {
            decode_pairs(raw).and_then(|pairs| Query::parse(&pairs)).map(drop).map_err(|error| error.code)
        };
        assert_eq!(parse("limit=ten"), Err("PGRST100"));
        assert_eq!(parse("limit=-1"), Err("PGRST103"));
        assert_eq!(parse("limit=1&limit=2"), Err("PGRST100"));
        assert_eq!(parse("id=gt.1&id=lt.9&limit=5"), Ok(()));
    }
}
