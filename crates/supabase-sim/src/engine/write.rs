//! POST, PATCH and DELETE on a table. Each runs inside a transaction of the caller.
//!
//! Rules: an update or a delete without a filter is refused, as a hosted project refuses it; a write touches only
//! rows its role can see; an object that is asked for and is not exactly one takes the write back.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::page::content_range;
use super::{Answer, Context, check_outputs, render};
use crate::data::{Database, Datum, Row, RowId, TableDef};
use crate::dialect::{Query, Relation, Resolution, Return, bind_filters, bind_select};
use crate::errors::ApiError;

type Object = Map<String, Value>;

pub(super) fn insert(
    def: &'static TableDef,
    query: &Query,
    context: &Context<'_>,
    database: &mut Database,
) -> Result<Answer, ApiError> {
    let objects = parse_objects(context.body)?;
    let columns = named_columns(def, query, &objects)?;
    let conflict = conflict_target(def, query, context)?;
    let mut touched = Vec::new();
    let mut inserted = 0;
    for object in &objects {
        let row = complete_row(def, &columns, query.columns.is_some(), object, context, database)?;
        let existing = conflict.and_then(|constraint| {
            database.of(def).find_unique(constraint, &row[def.unique[constraint].column])
        });
        match existing {
            None => {
                touched.push(database.insert(def, row)?);
                inserted += 1;
            }
            Some(_) if context.prefer.resolution == Some(Resolution::Ignore) => {}
            Some(id) => touched.push(merge(def, &columns, id, &row, &touched, database)?),
        }
    }
    let status =
        if inserted == 0 && context.prefer.resolution == Some(Resolution::Merge) { 200 } else { 201 };
    let rows = fetch(def, &touched, database);
    let range = content_range(0, 0, context.prefer.count.map(|_| rows.len()));
    let mut answer = finish(status, status, range, &rows, def, query, context, database)?;
    if let ([row], Some(Return::HeadersOnly)) = (rows.as_slice(), context.prefer.returns) {
        answer.headers.push(("location", format!("/{}?id=eq.{}", def.name, row[0])));
    }
    Ok(answer)
}

pub(super) fn update(
    def: &'static TableDef,
    query: &Query,
    context: &Context<'_>,
    database: &mut Database,
) -> Result<Answer, ApiError> {
    let objects = parse_objects(context.body)?;
    let columns = named_columns(def, query, &objects)?;
    let [object] = objects.as_slice() else {
        return Err(ApiError::bad_body("All object keys must match").details("An update takes one object."));
    };
    let ids = meant_rows(def, query, context, "UPDATE", database)?;
    let ids = if columns.is_empty() { Vec::new() } else { ids };
    for &id in &ids {
        let Some(row) = database.of(def).get(id) else { continue };
        let mut row = row.to_vec();
        for &column in &columns {
            let value = object.get(def.columns[column].name).unwrap_or(&Value::Null);
            row[column] = def.columns[column].kind.read_json(value)?;
        }
        database.update(def, id, row)?;
    }
    let rows = fetch(def, &ids, database);
    let range = content_range(0, rows.len(), context.prefer.count.map(|_| rows.len()));
    finish(200, 204, range, &rows, def, query, context, database)
}

pub(super) fn delete(
    def: &'static TableDef,
    query: &Query,
    context: &Context<'_>,
    database: &mut Database,
) -> Result<Answer, ApiError> {
    let ids = meant_rows(def, query, context, "DELETE", database)?;
    let rows = fetch(def, &ids, database);
    for id in ids {
        database.delete(def, id);
    }
    let range = content_range(0, 0, context.prefer.count.map(|_| rows.len()));
    finish(200, 204, range, &rows, def, query, context, database)
}

fn parse_objects(body: &[u8]) -> Result<Vec<Object>, ApiError> {
    let invalid = || ApiError::bad_body("Empty or invalid json");
    let objects = match serde_json::from_slice(body).map_err(|_| invalid())? {
        Value::Object(object) => return Ok(vec![object]),
        Value::Array(objects) => objects,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(invalid()),
    };
    let mixed = || ApiError::bad_body("All object keys must match");
    let as_object = |value| if let Value::Object(object) = value { Ok(object) } else { Err(mixed()) };
    objects.into_iter().map(as_object).collect()
}

/// The columns a body writes: those of `columns=`, else the keys, which all objects must share.
fn named_columns(def: &TableDef, query: &Query, objects: &[Object]) -> Result<Vec<usize>, ApiError> {
    let find = |name: &String| def.column(name).ok_or_else(|| ApiError::unknown_body_column(def.name, name));
    if let Some(names) = &query.columns {
        return names.iter().map(find).collect();
    }
    let Some(first) = objects.first() else { return Ok(Vec::new()) };
    let same_keys =
        |object: &Object| object.len() == first.len() && object.keys().all(|key| first.contains_key(key));
    if !objects.iter().all(same_keys) {
        return Err(ApiError::bad_body("All object keys must match"));
    }
    first.keys().map(find).collect()
}

/// The unique constraint whose conflicts are resolved, when they are.
fn conflict_target(def: &TableDef, query: &Query, context: &Context<'_>) -> Result<Option<usize>, ApiError> {
    let Some(names) = &query.on_conflict else { return Ok(context.prefer.resolution.map(|_| 0)) };
    if context.prefer.resolution.is_none() {
        return Err(ApiError::parse(
            "query string",
            "on_conflict",
            "it has no meaning without Prefer: resolution=merge-duplicates or ignore-duplicates",
        ));
    }
    let columns: Result<Vec<usize>, ApiError> =
        names.iter().map(|name| def.column(name).ok_or_else(|| no_such_column(name))).collect();
    let columns = columns?;
    let constraint = def.unique.iter().position(|unique| columns == [unique.column]);
    constraint.map(Some).ok_or_else(|| {
        ApiError::new(
            400,
            "42P10",
            "there is no unique or exclusion constraint matching the ON CONFLICT specification",
        )
    })
}

fn no_such_column(name: &str) -> ApiError {
    ApiError::new(400, "42703", format!("column \"{name}\" does not exist"))
}

fn complete_row(
    def: &TableDef,
    named: &[usize],
    columns_given: bool,
    object: &Object,
    context: &Context<'_>,
    database: &mut Database,
) -> Result<Vec<Datum>, ApiError> {
    let missing_is_null = columns_given && !context.prefer.missing_default;
    let mut row = Vec::with_capacity(def.columns.len());
    for (index, column) in def.columns.iter().enumerate() {
        let given = if named.contains(&index) { object.get(column.name) } else { None };
        row.push(match given {
            Some(value) => column.kind.read_json(value)?,
            None if missing_is_null && named.contains(&index) => Datum::Null,
            None => database.default_of(def, column),
        });
    }
    Ok(row)
}

fn merge(
    def: &TableDef,
    columns: &[usize],
    id: RowId,
    proposed: &[Datum],
    touched: &[RowId],
    database: &mut Database,
) -> Result<RowId, ApiError> {
    database.of(def).check_not_null(proposed)?;
    if touched.contains(&id) {
        return Err(ApiError::new(
            400,
            "21000",
            "ON CONFLICT DO UPDATE command cannot affect row a second time",
        )
        .hint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values."));
    }
    let mut merged = database.of(def).get(id).map(|row| row.to_vec()).unwrap_or_default();
    for &column in columns {
        merged[column] = proposed[column].clone();
    }
    database.update(def, id, merged)?;
    Ok(id)
}

fn meant_rows(
    def: &'static TableDef,
    query: &Query,
    context: &Context<'_>,
    command: &str,
    database: &Database,
) -> Result<Vec<RowId>, ApiError> {
    let predicate = bind_filters(Relation::of(def), &query.filters)?;
    if query.filters.is_empty() {
        return Err(ApiError::new(400, "21000", format!("{command} requires a WHERE clause")));
    }
    let meant = |row: &Row| context.role.sees(def, row) && predicate.admits(row);
    Ok(database.of(def).iter().filter(|(_, row)| meant(row)).map(|(id, _)| id).collect())
}

/// The rows as they are now, each once, in the order they were touched.
fn fetch(def: &TableDef, ids: &[RowId], database: &Database) -> Vec<Row> {
    let mut seen = HashSet::new();
    let table = database.of(def);
    ids.iter().filter(|id| seen.insert(**id)).filter_map(|id| table.get(*id).cloned()).collect()
}

#[expect(clippy::too_many_arguments, reason = "one place where every write ends")]
fn finish(
    full: u16,
    minimal: u16,
    range: String,
    rows: &[Row],
    def: &'static TableDef,
    query: &Query,
    context: &Context<'_>,
    database: &Database,
) -> Result<Answer, ApiError> {
    context.prefer.check_affected(rows.len())?;
    let outputs = bind_select(Relation::of(def), query.select.as_deref())?;
    check_outputs(context.role, &outputs)?;
    let wants_rows = context.prefer.returns == Some(Return::Representation);
    let body = match wants_rows {
        true => render::rows(rows, &outputs, context.shape, context.role, database)?,
        false => String::new(),
    };
    let status = if wants_rows { full } else { minimal };
    Ok(Answer { status, headers: vec![("content-range", range)], body, ..Answer::default() })
}
