//! Which rows, in which order, and how many: what shapes the answer of a query for rows.

use std::fmt;
use std::ops::{Bound, RangeBounds};

use serde::de::DeserializeOwned;

use super::decode::{self, Page};
use super::draft::Rows;
use super::{Call, Query, Select};

/// How all matching rows are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Count {
    /// By counting them: slow on a large table.
    Exact,
    /// As the query planner guesses.
    Planned,
    /// Exactly if there are few, else as the planner guesses.
    Estimated,
}

impl Count {
    pub(super) const fn preference(self) -> &'static str {
        match self {
            Count::Exact => "count=exact",
            Count::Planned => "count=planned",
            Count::Estimated => "count=estimated",
        }
    }
}

/// The direction of an order, and where nulls come.
///
/// ```
/// use pool_supabase::Order;
///
/// let newest_first = Order::DESC.nulls_last();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    direction: &'static str,
    nulls: &'static str,
}

impl Order {
    /// Smallest first; nulls last, unless said otherwise.
    pub const ASC: Order = Order { direction: ".asc", nulls: "" };
    /// Greatest first; nulls first, unless said otherwise.
    pub const DESC: Order = Order { direction: ".desc", nulls: "" };

    /// Nulls before everything else.
    #[must_use]
    pub const fn nulls_first(self) -> Self {
        Order { nulls: ".nullsfirst", ..self }
    }

    /// Nulls after everything else.
    #[must_use]
    pub const fn nulls_last(self) -> Self {
        Order { nulls: ".nullslast", ..self }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.direction, self.nulls)
    }
}

/// Kinds of queries whose rows have an order.
pub trait Ordered: super::Filtered {}

impl Ordered for Select {}
impl Ordered for Call {}

impl<T, K: Ordered> Query<T, K> {
    /// Orders the rows; called again, it orders those that are equal so far.
    pub fn order(mut self, column: impl Into<String>, order: Order) -> Self {
        self.draft.order.push((column.into(), order));
        self
    }

    /// At most this many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.draft.limit = Some(rows);
        self
    }

    /// Without the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.draft.offset = Some(rows);
        self
    }

    /// Rows by their number, counted from 0: `range(20..30)` or `range(20..=29)`.
    pub fn range(mut self, rows: impl RangeBounds<u64>) -> Self {
        let first = match rows.start_bound() {
            Bound::Included(&first) => first,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match rows.end_bound() {
            Bound::Included(&last) => Some(last.saturating_add(1)),
            Bound::Excluded(&end) => Some(end),
            Bound::Unbounded => None,
        };
        self.draft.offset = Some(first);
        self.draft.limit = end.map(|end| end.saturating_sub(first));
        self
    }
}

impl<T: DeserializeOwned, K> Query<Vec<T>, K> {
    /// Exactly one row; any other number is an error with code PGRST116, and a write is then undone.
    pub fn single(mut self) -> Query<T, K> {
        self.draft.rows = Rows::One;
        self.read_as(decode::whole)
    }

    /// The rows of this page, and how many match in all.
    pub fn count(mut self, count: Count) -> Query<Page<T>, K> {
        self.draft.count = Some(count);
        self.read_as(decode::page)
    }
}

impl<T: DeserializeOwned, K: Ordered> Query<Vec<T>, K> {
    /// One row or none; more is an error with code PGRST116.
    pub fn maybe_single(mut self) -> Query<Option<T>, K> {
        self.draft.rows = Rows::MaybeOne;
        self.read_as(decode::maybe)
    }
}
