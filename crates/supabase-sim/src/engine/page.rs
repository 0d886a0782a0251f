//! Order, page, count, and the `Content-Range` that tells of them.
//!
//! Rules: the order is stable over the insertion order; without a count a page past the end is empty and 200, with a
//! count it is 416; a page that is not the whole is 206 only when counted.

use std::cmp::Ordering;

use super::{Answer, Context, render};
use crate::data::{Database, Datum, Row};
use crate::dialect::{Output, Query};
use crate::errors::ApiError;

/// The limit a hosted project sets on every answer (`db-max-rows`).
const MAX_ROWS: usize = 1_000;

/// An order with its columns found: index, descending, nulls first.
pub(super) type Order = Vec<(usize, bool, bool)>;

/// Sorts, cuts and renders what a read found.
pub(super) fn answer(
    mut rows: Vec<Row>,
    order: &Order,
    query: &Query,
    outputs: &[Output],
    context: &Context<'_>,
    database: &Database,
) -> Result<Answer, ApiError> {
    rows.sort_by(|left, right| compare(order, left, right));
    let total = rows.len();
    let limit = query.limit.unwrap_or(MAX_ROWS).min(MAX_ROWS);
    let page: Vec<Row> = rows.into_iter().skip(query.offset).take(limit).collect();
    let counted = context.prefer.count.map(|_| total);
    if counted.is_some() && query.offset > total {
        let offset = query.offset;
        let error = ApiError::out_of_range(format!(
            "An offset of {offset} was requested, but there are only {total} rows."
        ));
        let mut answer = Answer::from(&error);
        answer.headers.push(("content-range", content_range(0, 0, counted)));
        return Ok(answer);
    }
    let status = if counted.is_some() && page.len() < total { 206 } else { 200 };
    let range = content_range(query.offset, page.len(), counted);
    let body = render::rows(&page, outputs, context.shape, context.role, database)?;
    Ok(Answer { status, headers: vec![("content-range", range)], body, ..Answer::default() })
}

/// `first-last/total`, with `*` for an empty page and for an unknown total.
pub(super) fn content_range(offset: usize, rows: usize, total: Option<usize>) -> String {
    let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    if rows == 0 { format!("*/{total}") } else { format!("{offset}-{}/{total}", offset + rows - 1) }
}

fn compare(order: &Order, left: &[Datum], right: &[Datum]) -> Ordering {
    for &(column, descending, nulls_first) in order {
        let (left, right) = (&left[column], &right[column]);
        let ordering = match (left.is_null(), right.is_null()) {
            (false, false) if descending => right.cmp(left),
            (false, false) => left.cmp(right),
            (left, right) if nulls_first => right.cmp(&left),
            (left, right) => left.cmp(&right),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::{compare, content_range};
    use crate::data::Datum;
    use std::cmp::Ordering;

    #[test]
    fn nulls_go_where_they_are_sent() {
        let (null, one) = ([Datum::Null], [Datum::Int(1)]);
        for descending in [false, true] {
            assert_eq!(compare(&vec![(0, descending, true)], &null, &one), Ordering::Less);
            assert_eq!(compare(&vec![(0, descending, false)], &null, &one), Ordering::Greater);
        }
    }

    #[test]
    fn ranges_read_as_postgrest_writes_them() {
        assert_eq!(content_range(0, 10, None), "0-9/*");
        assert_eq!(content_range(10, 2, Some(12)), "10-11/12");
        assert_eq!(content_range(0, 0, Some(0)), "*/0");
    }
}
