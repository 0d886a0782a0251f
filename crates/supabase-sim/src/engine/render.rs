//! Rows to JSON, with what is embedded in them.
//!
//! Rules: members come in the order they were selected in; an embedded row the role may not see is not there.

use super::{Role, Shape};
use crate::data::datum::write_string;
use crate::data::{Database, Datum, Row};
use crate::dialect::Output;
use crate::errors::ApiError;

/// The body for some rows; [`Shape::Object`] demands exactly one.
pub(super) fn rows(
    rows: &[Row],
    outputs: &[Output],
    shape: Shape,
    role: Role,
    database: &Database,
) -> Result<String, ApiError> {
    match shape {
        Shape::Array => Ok(array(rows, outputs, role, database)),
        Shape::Object => {
            let [row] = rows else { return Err(ApiError::not_exactly_one(rows.len())) };
            let mut body = String::new();
            object(&mut body, row, outputs, role, database);
            Ok(body)
        }
    }
}

fn array(rows: &[Row], outputs: &[Output], role: Role, database: &Database) -> String {
    let mut body = String::from("[");
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            // PostgreSQL's json_agg breaks the line between elements.
            body.push_str(", \n ");
        }
        object(&mut body, row, outputs, role, database);
    }
    body.push(']');
    body
}

fn object(body: &mut String, row: &[Datum], outputs: &[Output], role: Role, database: &Database) {
    body.push('{');
    for (index, output) in outputs.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        member(body, row, output, role, database);
    }
    body.push('}');
}

fn member(body: &mut String, row: &[Datum], output: &Output, role: Role, database: &Database) {
    let (Output::Column { key, .. } | Output::One { key, .. } | Output::Many { key, .. }) = output;
    write_string(body, key);
    body.push(':');
    match output {
        Output::Column { index, .. } => row[*index].write_json(body),
        Output::One { column, target, outputs, .. } => {
            let table = database.of(target);
            let found = table.find_unique(0, &row[*column]).and_then(|id| table.get(id));
            match found.filter(|found| role.sees(target, found)) {
                Some(found) => object(body, found, outputs, role, database),
                None => body.push_str("null"),
            }
        }
        Output::Many { column, target, outputs, .. } => {
            let table = database.of(target);
            let found: Vec<Row> = table
                .iter()
                .map(|(_, child)| child)
                .filter(|child| child[*column] == row[0] && role.sees(target, child))
                .cloned()
                .collect();
            body.push_str(&array(&found, outputs, role, database));
        }
    }
}
