//! Writes: insert, upsert, update, delete.
//!
//! They answer nothing unless rows are asked for, and none is repeated after a failure that leaves its fate open, unless
//! its author says that repeating it is harmless.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use pool_http::Safety;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::draft::Draft;
use super::value::write_quoted;
use super::{Call, Query, Select, decode};
use crate::Client;

/// The kind of a query that adds rows.
#[derive(Debug)]
pub enum Insert {}

/// The kind of a query that adds rows or changes those that are there.
#[derive(Debug)]
pub enum Upsert {}

/// The kind of a query that changes rows.
#[derive(Debug)]
pub enum Update {}

/// The kind of a query that removes rows.
#[derive(Debug)]
pub enum Delete {}

/// Kinds of queries that write to a table, and can give the rows back that they wrote.
pub trait Write: sealed::Sealed {}

/// Kinds of queries that may change something.
pub trait Effects: sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Insert {}
    impl Sealed for super::Upsert {}
    impl Sealed for super::Update {}
    impl Sealed for super::Delete {}
    impl Sealed for super::Call {}
}

impl Write for Insert {}
impl Write for Upsert {}
impl Write for Update {}
impl Write for Delete {}
impl<K: Write> Effects for K {}
impl Effects for Call {}

/// A table or view, from which a query begins.
#[derive(Clone, Debug)]
#[must_use = "a table is only the beginning of a query"]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Table { client, name }
    }

    fn draft(self, method: Method, operation: &'static str) -> Draft {
        Draft::new(self.client, method, operation, self.name)
    }

    /// Reads rows. `columns` is PostgREST's `select`: names, `*`, embedded resources (`title,author:authors(name)`).
    pub fn select<T: DeserializeOwned>(self, columns: &str) -> Query<Vec<T>, Select> {
        let mut draft = self.draft(Method::GET, "select");
        set_columns(&mut draft, columns);
        Query::new(draft, decode::whole)
    }

    /// Adds a row, or many: anything that serialises to an object or to an array of objects. Of many, each row may have other
    /// keys; what one lacks is null, or the column's default after [`missing_as_default`](Query::missing_as_default).
    pub fn insert<R: Serialize + ?Sized>(self, rows: &R) -> Query<(), Insert> {
        let mut draft = self.draft(Method::POST, "insert");
        set_rows(&mut draft, rows);
        minimal(draft)
    }

    /// Adds rows, and changes those that are there already by primary key or by [`on_conflict`](Query::on_conflict).
    pub fn upsert<R: Serialize + ?Sized>(self, rows: &R) -> Query<(), Upsert> {
        let mut draft = self.draft(Method::POST, "upsert");
        draft.prefer.push("resolution=merge-duplicates");
        set_rows(&mut draft, rows);
        minimal(draft)
    }

    /// Changes rows: `changes` serialises to an object. Without a filter it is an error at build, unless
    /// [`all_rows`](Query::all_rows) is said.
    pub fn update<R: Serialize + ?Sized>(self, changes: &R) -> Query<(), Update> {
        let mut draft = self.draft(Method::PATCH, "update");
        draft.needs_filter = true;
        if set_body(&mut draft, changes) == Some(b'[') {
            draft.problems.push("the changes are an array: an update takes one object".into());
        }
        minimal(draft)
    }

    /// Removes rows. Without a filter it is an error at build, unless [`all_rows`](Query::all_rows) is said.
    pub fn delete(self) -> Query<(), Delete> {
        let mut draft = self.draft(Method::DELETE, "delete");
        draft.needs_filter = true;
        minimal(draft)
    }
}

fn minimal<K>(mut draft: Draft) -> Query<(), K> {
    draft.prefer.insert(0, "return=minimal");
    Query::new(draft, decode::nothing)
}

impl<K: Write> Query<(), K> {
    /// Gives the rows back as they are after the write (before it, for a delete).
    pub fn returning<T: DeserializeOwned>(mut self, columns: &str) -> Query<Vec<T>, K> {
        self.draft.prefer[0] = "return=representation";
        set_columns(&mut self.draft, columns);
        self.read_as(decode::whole)
    }
}

impl<T, K: Effects> Query<T, K> {
    /// Says that running this twice is the same as running it once, so that it may be repeated after a failure that leaves
    /// open whether it ran. True of an upsert or an update by key to fixed values; not of a counter, nor of most inserts.
    pub fn idempotent(mut self) -> Self {
        if self.draft.safety == Safety::Unsafe {
            self.draft.safety = Safety::Idempotent;
        }
        self
    }
}

impl<T> Query<T, Insert> {
    /// In many rows with different keys, what a row lacks is its column's default, not null.
    pub fn missing_as_default(mut self) -> Self {
        self.draft.prefer.push("missing=default");
        self
    }
}

impl<T> Query<T, Upsert> {
    /// In many rows with different keys, what a row lacks is its column's default, not null.
    pub fn missing_as_default(mut self) -> Self {
        self.draft.prefer.push("missing=default");
        self
    }

    /// The columns of the unique constraint by which a row is found to be there already. Default: the primary key.
    pub fn on_conflict<C: AsRef<str>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        let mut list = String::new();
        for column in columns {
            list.push_str(if list.is_empty() { "" } else { "," });
            write_quoted(&mut list, column.as_ref());
        }
        self.draft.own.push(("on_conflict".into(), list));
        self
    }

    /// Leaves the rows that are there already as they are.
    pub fn ignore_duplicates(mut self) -> Self {
        for preference in &mut self.draft.prefer {
            if *preference == "resolution=merge-duplicates" {
                *preference = "resolution=ignore-duplicates";
            }
        }
        self
    }
}

impl<T> Query<T, Update> {
    /// Means it: changes every row.
    pub fn all_rows(mut self) -> Self {
        self.draft.needs_filter = false;
        self
    }
}

impl<T> Query<T, Delete> {
    /// Means it: removes every row.
    pub fn all_rows(mut self) -> Self {
        self.draft.needs_filter = false;
        self
    }
}

/// The `select` parameter: PostgREST's own language, in which spaces outside of quotes mean nothing.
pub(super) fn set_columns(draft: &mut Draft, columns: &str) {
    let mut quoted = false;
    let mut written = String::with_capacity(columns.len());
    for c in columns.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if quoted || !c.is_whitespace() {
            written.push(c);
        }
    }
    if written.chars().any(char::is_control) {
        draft.problems.push(format!("the columns {columns:?} contain a control character"));
    }
    if written.is_empty() {
        draft.problems.push("no columns are selected: name some, or write *".into());
    }
    draft.select = Some(written);
}

/// Sets the body and tells its first byte.
pub(super) fn set_body<R: Serialize + ?Sized>(draft: &mut Draft, value: &R) -> Option<u8> {
    match serde_json::to_vec(value) {
        Ok(json) => {
            let first = json.first().copied();
            if !matches!(first, Some(b'{' | b'[')) {
                draft.problems.push("what it sends is neither an object nor an array: derive Serialize on a struct or use a map".into());
            }
            draft.body = json.into();
            first
        }
        Err(error) => {
            draft.problems.push(format!("what it sends cannot be written as JSON: {error}"));
            None
        }
    }
}

/// Sets the body, and names the columns if there are many rows: without that the server takes the keys of the first
/// row for those of all.
fn set_rows<R: Serialize + ?Sized>(draft: &mut Draft, rows: &R) {
    if set_body(draft, rows) != Some(b'[') {
        return;
    }
    let keys: Result<Vec<BTreeMap<String, IgnoredAny>>, _> = serde_json::from_slice(&draft.body);
    let Ok(rows) = keys else {
        draft.problems.push("not every element of what it sends is an object".into());
        return;
    };
    let keys: BTreeSet<&String> = rows.iter().flat_map(BTreeMap::keys).collect();
    let mut columns = String::new();
    for key in keys {
        columns.push_str(if columns.is_empty() { "" } else { "," });
        write_quoted(&mut columns, key);
    }
    if !columns.is_empty() {
        draft.own.push(("columns".into(), columns));
    }
}
