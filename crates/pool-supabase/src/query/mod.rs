//! Queries: built as values, written as requests, read back as rows. No I/O.
//!
//! | to | begin with | its answer |
//! |---|---|---|
//! | read | [`from`](crate::Client::from)`.select(…)` | `Vec<T>`; `T` by `single`, `Option<T>` by `maybe_single`, [`Page<T>`] by `count` |
//! | write | [`from`](crate::Client::from)`.insert(…)`, `.upsert(…)`, `.update(…)`, `.delete()` | `()`; rows by `returning` |
//! | call | [`rpc`](crate::Client::rpc) | what the function returns |
//!
//! Three rules: no value can become anything but a value, whatever is in it; what is wrong with a query is told at
//! [`Query::build`], all at once; and a write never counts as repeatable unless its author says so.

mod call;
mod decode;
mod draft;
mod expr;
mod filter;
mod ident;
mod page;
mod value;
mod write;

use std::fmt;
use std::marker::PhantomData;

use pool_http::{Request, Response, Safety};

pub use call::Call;
pub(crate) use call::call;
pub use decode::Page;
pub use draft::BuildError;
pub use expr::Expr;
pub use filter::{Filtered, Select};
pub use page::{Count, Order};
pub use value::FilterValue;
pub use write::{Delete, Insert, Table, Update, Upsert, Write};

use crate::error::Error;
use decode::Decode;
use draft::Draft;

/// A query whose answer is a `T`. `K` is its kind, which says what can be added to it.
#[must_use = "a query does nothing until it is sent"]
pub struct Query<T, K = Select> {
    draft: Draft,
    decode: Decode<T>,
    kind: PhantomData<fn() -> K>,
}

impl<T, K> Query<T, K> {
    fn new(draft: Draft, decode: Decode<T>) -> Self {
        Query { draft, decode, kind: PhantomData }
    }

    /// The same query, read another way.
    fn read_as<U>(self, decode: Decode<U>) -> Query<U, K> {
        Query::new(self.draft, decode)
    }

    /// A query parameter in PostgREST's own words, for what has no method here. It is percent-encoded, so it stays one parameter;
    /// nothing else is checked.
    pub fn raw(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.draft.raw.push((name.into(), value.into()));
        self
    }

    /// The request. Pure: the same query gives the same request every time.
    pub fn build(&self) -> Result<Request, Error> {
        Ok(self.draft.build()?)
    }

    /// What the answer says.
    pub fn decode(&self, response: &Response) -> Result<T, Error> {
        (self.decode)(response)
    }

    /// What it would mean to run this query twice.
    pub fn safety(&self) -> Safety {
        self.draft.safety
    }
}

impl<T, K> Clone for Query<T, K> {
    fn clone(&self) -> Self {
        Query::new(self.draft.clone(), self.decode)
    }
}

impl<T, K> fmt::Debug for Query<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draft.fmt(f)
    }
}
