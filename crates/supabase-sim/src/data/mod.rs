//! The data: tables in memory with their constraints, and a transaction over them.
//!
//! Rules: a statement happens wholly or not at all (every change writes its undo first); constraints are checked at
//! each row, in PostgreSQL's order (not null, check, unique, foreign key), with its messages; like a real sequence, the one
//! behind `id` is neither rolled back nor moved by an explicit value.

pub(crate) mod datum;
pub(crate) mod schema;
mod seed;
mod table;
pub(crate) mod time;

use std::time::SystemTime;

pub(crate) use datum::{Datum, Type};
pub(crate) use schema::TableDef;
pub(crate) use table::{Row, RowId, Table};

use crate::errors::ApiError;
use schema::{Column, Default};

/// All tables.
#[derive(Debug)]
pub(crate) struct Database {
    tables: Vec<Table>,
    undo: Vec<Undo>,
    keys: WrittenKeys,
}

/// The values of `request_key` that statements wrote: what proves that no write ran twice.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenKeys {
    /// Reached the table, whatever became of it.
    pub(crate) attempted: Vec<String>,
    /// Were committed.
    pub(crate) applied: Vec<String>,
}

#[derive(Debug)]
struct Undo {
    table: usize,
    row: RowId,
    before: Option<Row>,
}

impl Database {
    /// The three tables with their rows.
    pub(crate) fn seeded() -> Self {
        let tables = schema::TABLES.iter().map(|def| Table::new(def)).collect();
        let mut database = Self { tables, undo: Vec::new(), keys: WrittenKeys::default() };
        seed::plant(&mut database);
        database.undo.clear();
        database.keys = WrittenKeys::default();
        database
    }

    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.def.name == name)
    }

    fn position(&self, def: &TableDef) -> usize {
        let found = self.tables.iter().position(|table| table.def.name == def.name);
        found.expect("every definition of the schema has its table")
    }

    /// The table of a definition.
    pub(crate) fn of(&self, def: &TableDef) -> &Table {
        &self.tables[self.position(def)]
    }

    /// Runs a statement; when it fails, everything it changed is taken back.
    pub(crate) fn transaction<T>(
        &mut self,
        statement: impl FnOnce(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let result = statement(self);
        let undo = std::mem::take(&mut self.undo);
        if result.is_err() {
            self.keys.applied.clear();
            for step in undo.into_iter().rev() {
                self.tables[step.table].set(step.row, step.before);
            }
        }
        result
    }

    /// The keys written since this was last asked.
    pub(crate) fn take_keys(&mut self) -> WrittenKeys {
        std::mem::take(&mut self.keys)
    }

    /// Notes a key that a statement brought and that changed nothing.
    pub(crate) fn attempted(&mut self, key: &Datum) {
        self.keys.attempted.push(key.to_string());
    }

    fn write(&mut self, at: usize, id: RowId, row: Vec<Datum>) -> Result<(), ApiError> {
        let column = self.tables[at].def.column("request_key");
        let key = column.map(|column| &row[column]).filter(|key| !key.is_null()).map(Datum::to_string);
        self.keys.attempted.extend(key.clone());
        self.check(at, id, &row)?;
        self.change(at, id, Some(row.into()));
        self.keys.applied.extend(key);
        Ok(())
    }

    /// The value of a column that a statement does not name.
    pub(crate) fn default_of(&mut self, def: &TableDef, column: &Column) -> Datum {
        match column.default {
            Default::Null => Datum::Null,
            Default::Identity => {
                let at = self.position(def);
                self.tables[at].next_identity()
            }
            Default::False => Datum::Bool(false),
            Default::Zero => Datum::Int(0),
            Default::EmptyArray => Datum::Texts(Vec::new()),
            Default::Now => now(),
        }
    }

    /// Inserts a complete row.
    pub(crate) fn insert(&mut self, def: &TableDef, row: Vec<Datum>) -> Result<RowId, ApiError> {
        let at = self.position(def);
        let id = self.tables[at].next_row_id();
        self.write(at, id, row)?;
        Ok(id)
    }

    /// Replaces a row.
    pub(crate) fn update(&mut self, def: &TableDef, id: RowId, row: Vec<Datum>) -> Result<(), ApiError> {
        let at = self.position(def);
        self.write(at, id, row)
    }

    /// Deletes a row, and the rows that refer to it.
    pub(crate) fn delete(&mut self, def: &TableDef, id: RowId) {
        let at = self.position(def);
        let Some(row) = self.tables[at].get(id).cloned() else { return };
        for other in 0..self.tables.len() {
            let keys = self.tables[other].def.foreign.iter().filter(|key| key.target == def.name);
            for key in keys {
                for child in self.tables[other].rows_with(key.column, &row[0]) {
                    self.change(other, child, None);
                }
            }
        }
        self.change(at, id, None);
    }

    fn change(&mut self, table: usize, row: RowId, after: Option<Row>) {
        let before = self.tables[table].set(row, after);
        self.undo.push(Undo { table, row, before });
    }

    fn check(&self, at: usize, id: RowId, row: &[Datum]) -> Result<(), ApiError> {
        let table = &self.tables[at];
        table.check_not_null(row)?;
        table.check_values(row)?;
        table.check_unique(id, row)?;
        for key in table.def.foreign {
            let value = &row[key.column];
            let target = self.table(key.target).expect("a foreign key names a table of the schema");
            if !value.is_null() && target.find_unique(0, value).is_none() {
                let (name, column) = (table.def.name, table.def.columns[key.column].name);
                return Err(ApiError::new(
                    409,
                    "23503",
                    format!(
                        "insert or update on table \"{name}\" violates foreign key constraint \"{}\"",
                        key.constraint
                    ),
                )
                .details(format!("Key ({column})=({value}) is not present in table \"{}\".", key.target)));
            }
        }
        Ok(())
    }
}

/// The time of a statement.
pub(crate) fn now() -> Datum {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Datum::Timestamp(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::schema::{BLOG_VIEWS, BLOGS, index};
    use super::{Database, Datum};
    use crate::errors::ApiError;

    fn view(database: &mut Database, blog: i64, key: Option<&str>) -> Result<(), ApiError> {
        let id = database.default_of(&BLOG_VIEWS, &BLOG_VIEWS.columns[0]);
        let key = key.map_or(Datum::Null, Datum::text);
        let row = vec![id, Datum::Int(blog), Datum::text("someone"), key, super::now()];
        database.insert(&BLOG_VIEWS, row).map(drop)
    }

    #[test]
    fn a_failed_statement_leaves_nothing_behind() {
        let mut database = Database::seeded();
        let before = database.of(&BLOG_VIEWS).iter().count();
        let failed = database.transaction(|database| {
            view(database, 1, Some("k"))?;
            view(database, 2, Some("k"))
        });
        assert_eq!(failed.map_err(|error| error.code), Err("23505"));
        assert_eq!(database.of(&BLOG_VIEWS).iter().count(), before);
        assert_eq!(database.transaction(|database| view(database, 1, Some("k"))), Ok(()));
    }

    #[test]
    fn a_view_needs_its_blog_and_goes_with_it() {
        let mut database = Database::seeded();
        assert_eq!(view(&mut database, 9_999, None).map_err(|error| error.code), Err("23503"));
        view(&mut database, 1, None).expect("blog 1 is in the seed");
        let blog = database.of(&BLOGS).find_unique(0, &Datum::Int(1)).expect("blog 1 is in the seed");
        database.delete(&BLOGS, blog);
        let orphans = database.of(&BLOG_VIEWS).rows_with(index(&BLOG_VIEWS, "blog_id"), &Datum::Int(1));
        assert!(orphans.is_empty());
    }
}
