//! One table: rows in the order of their insertion, and an index for each unique column.
//!
//! Rules: `set` is the only way to change a row, so that rows and indices cannot disagree; nulls are not indexed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::datum::Datum;
use super::schema::TableDef;
use crate::errors::ApiError;

/// A row is shared, not copied, between the table, its undo and an answer.
pub(crate) type Row = Arc<[Datum]>;
/// The place of a row in its table: what PostgreSQL calls `ctid`.
pub(crate) type RowId = u64;

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) def: &'static TableDef,
    rows: BTreeMap<RowId, Row>,
    unique: Vec<HashMap<Datum, RowId>>,
    last_row: RowId,
    last_identity: i64,
}

impl Table {
    pub(crate) fn new(def: &'static TableDef) -> Self {
        let unique = def.unique.iter().map(|_| HashMap::new()).collect();
        Self { def, rows: BTreeMap::new(), unique, last_row: 0, last_identity: 0 }
    }

    pub(crate) fn get(&self, id: RowId) -> Option<&Row> {
        self.rows.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (RowId, &Row)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    pub(crate) fn next_row_id(&mut self) -> RowId {
        self.last_row += 1;
        self.last_row
    }

    pub(crate) fn next_identity(&mut self) -> Datum {
        self.last_identity += 1;
        Datum::Int(self.last_identity)
    }

    /// The row with this value in a column that has a unique constraint (`constraint` counts within the definition).
    pub(crate) fn find_unique(&self, constraint: usize, value: &Datum) -> Option<RowId> {
        self.unique[constraint].get(value).copied()
    }

    /// All rows with this value in a column.
    pub(crate) fn rows_with(&self, column: usize, value: &Datum) -> Vec<RowId> {
        self.iter().filter(|(_, row)| row[column] == *value).map(|(id, _)| id).collect()
    }

    /// Puts, replaces or removes a row; returns what was there.
    pub(crate) fn set(&mut self, id: RowId, after: Option<Row>) -> Option<Row> {
        let before = self.rows.remove(&id);
        for (constraint, index) in self.def.unique.iter().zip(&mut self.unique) {
            if let Some(old) = &before {
                index.remove(&old[constraint.column]);
            }
            if let Some(new) = after.as_ref().filter(|new| !new[constraint.column].is_null()) {
                index.insert(new[constraint.column].clone(), id);
            }
        }
        if let Some(new) = after {
            self.rows.insert(id, new);
        }
        before
    }

    pub(crate) fn check_not_null(&self, row: &[Datum]) -> Result<(), ApiError> {
        let missing =
            self.def.columns.iter().zip(row).find(|(column, value)| !column.nullable && value.is_null());
        let Some((column, _)) = missing else { return Ok(()) };
        Err(ApiError::new(
            400,
            "23502",
            format!(
                "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                column.name, self.def.name
            ),
        )
        .details(failing_row(row)))
    }

    pub(crate) fn check_values(&self, row: &[Datum]) -> Result<(), ApiError> {
        let broken = self.def.checks.iter().find(|check| !(check.holds)(&row[check.column]));
        let Some(check) = broken else { return Ok(()) };
        let (table, constraint) = (self.def.name, check.constraint);
        let message = format!("new row for relation \"{table}\" violates check constraint \"{constraint}\"");
        Err(ApiError::new(400, "23514", message).details(failing_row(row)))
    }

    pub(crate) fn check_unique(&self, id: RowId, row: &[Datum]) -> Result<(), ApiError> {
        for (constraint, index) in self.def.unique.iter().zip(&self.unique) {
            let value = &row[constraint.column];
            if index.get(value).is_some_and(|owner| *owner != id) {
                let column = self.def.columns[constraint.column].name;
                let message =
                    format!("duplicate key value violates unique constraint \"{}\"", constraint.constraint);
                return Err(ApiError::new(409, "23505", message)
                    .details(format!("Key ({column})=({value}) already exists.")));
            }
        }
        Ok(())
    }
}

fn failing_row(row: &[Datum]) -> String {
    let values: Vec<String> = row.iter().map(Datum::to_string).collect();
    format!("Failing row contains ({}).", values.join(", "))
}
