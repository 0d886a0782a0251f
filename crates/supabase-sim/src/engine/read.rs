//! GET and HEAD on a table.

use super::{Answer, Context, check_outputs, page};
use crate::data::{Database, Row, TableDef};
use crate::dialect::{Query, Relation, bind_filters, bind_order, bind_select};
use crate::errors::ApiError;

/// The parameters a read understands.
pub(super) const PARAMETERS: [&str; 5] = ["select", "filter", "order", "limit", "offset"];

pub(super) fn read(
    def: &'static TableDef,
    query: &Query,
    context: &Context<'_>,
    database: &Database,
) -> Result<Answer, ApiError> {
    let relation = Relation::of(def);
    let outputs = bind_select(relation, query.select.as_deref())?;
    check_outputs(context.role, &outputs)?;
    let predicate = bind_filters(relation, &query.filters)?;
    let order = bind_order(relation, &query.order)?;
    let rows: Vec<Row> = database
        .of(def)
        .iter()
        .map(|(_, row)| row)
        .filter(|row| context.role.sees(def, row) && predicate.admits(row))
        .cloned()
        .collect();
    page::answer(rows, &order, query, &outputs, context, database)
}
