//! What can be added to a query that looks at rows: conditions.

use super::{Expr, FilterValue, Query};

/// The kind of a query that reads a table.
#[derive(Debug)]
pub enum Select {}

/// Kinds of queries that take conditions.
pub trait Filtered: sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Select {}
    impl Sealed for crate::query::Update {}
    impl Sealed for crate::query::Delete {}
    impl Sealed for crate::query::Call {}
}

impl Filtered for Select {}
impl Filtered for super::Update {}
impl Filtered for super::Delete {}
impl Filtered for super::Call {}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        pub fn $name(self, column: impl Into<String>, value: impl Into<FilterValue>) -> Self {
            self.filter(Expr::$name(column, value))
        }
    )* };
}

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        pub fn $name<V: Into<FilterValue>>(self, column: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
            self.filter(Expr::$name(column, values))
        }
    )* };
}

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        pub fn $name(self, column: impl Into<String>) -> Self {
            self.filter(Expr::$name(column))
        }
    )* };
}

/// Conditions; all of them have to hold. A column is a name, a name in double quotes, a path into JSON (`data->>city`), or a
/// column of an embedded resource (`author.name`).
impl<T, K: Filtered> Query<T, K> {
    comparisons! {
        /// Equal. For null there is [`is_null`](Self::is_null).
        eq
        /// Not equal; false for null.
        neq
        /// Greater.
        gt
        /// Greater or equal.
        gte
        /// Less.
        lt
        /// Less or equal.
        lte
        /// Matches a pattern: `%` is any text, `_` any character, `\` takes away their meaning. `*` is the same as `%`, always.
        like
        /// Like [`like`](Self::like), without regard to case.
        ilike
    }

    lists! {
        /// Equal to one of these; to nothing, if there are none.
        in_
        /// The array column contains all of these.
        contains
        /// All of the array column's elements are among these.
        contained_by
        /// The array column has one of these at least.
        overlaps
    }

    states! {
        /// Is null.
        is_null
        /// Is true, and not null.
        is_true
        /// Is false, and not null.
        is_false
        /// Is neither true nor false.
        is_unknown
    }

    /// Is not null.
    pub fn is_not_null(self, column: impl Into<String>) -> Self {
        self.filter(!Expr::is_null(column))
    }

    /// Not this condition.
    pub fn not(self, condition: Expr) -> Self {
        self.filter(!condition)
    }

    /// One of these conditions at least.
    pub fn or(self, conditions: impl IntoIterator<Item = Expr>) -> Self {
        self.filter(Expr::any(conditions))
    }

    /// Any condition.
    pub fn filter(mut self, condition: Expr) -> Self {
        self.draft.filters.push(condition);
        self
    }
}
