//! Binding: the names of a parsed query meet the columns of a relation.
//!
//! Rules: an unknown column is 42703, an unknown relation PGRST200; literals are read with the type of their column,
//! so what a predicate compares is always of one type.

use super::filter::{Filter, Is, Operand, Test};
use super::predicate::{BoundTest, Predicate};
use super::select::{Item, OrderTerm};
use crate::data::datum::parse_array;
use crate::data::schema::{Column, TABLES, TableDef};
use crate::data::{Datum, Type};
use crate::errors::ApiError;

/// What a query reads: a table, or the rows that a function returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relation {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
    /// The table, when it is one: only tables have relationships.
    pub(crate) table: Option<&'static TableDef>,
    /// The columns that can be named, one bit for each.
    named: u64,
}

/// One member of the objects in the answer.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Column {
        key: String,
        index: usize,
    },
    /// The row of `target` that the foreign key `column` of this relation points to.
    One {
        key: String,
        column: usize,
        target: &'static TableDef,
        outputs: Vec<Output>,
    },
    /// The rows of `target` whose `column` points to this row.
    Many {
        key: String,
        column: usize,
        target: &'static TableDef,
        outputs: Vec<Output>,
    },
}

impl Relation {
    pub(crate) fn of(table: &'static TableDef) -> Self {
        Self { name: table.name, columns: table.columns, table: Some(table), named: u64::MAX }
    }

    pub(crate) fn of_function(name: &'static str, columns: &'static [Column]) -> Self {
        Self { name, columns, table: None, named: u64::MAX }
    }

    /// The same, but only what is put out can be named.
    pub(crate) fn only(self, outputs: &[Output]) -> Self {
        let bit = |output: &Output| if let Output::Column { index, .. } = output { 1 << index } else { 0 };
        Self { named: outputs.iter().map(bit).fold(0, |named, bit| named | bit), ..self }
    }

    fn index(&self, column: &str) -> Result<usize, ApiError> {
        let found = self.columns.iter().position(|candidate| candidate.name == column);
        found
            .filter(|index| self.named >> index & 1 == 1)
            .ok_or_else(|| ApiError::undefined_column(self.name, column))
    }
}

/// Binds filters that all have to hold.
pub(crate) fn bind_filters(relation: Relation, filters: &[Filter]) -> Result<Predicate, ApiError> {
    filters.iter().map(|filter| bind_filter(relation, filter)).collect::<Result<_, _>>().map(Predicate::All)
}

fn bind_filter(relation: Relation, filter: &Filter) -> Result<Predicate, ApiError> {
    let bind_each = |parts: &[Filter]| {
        parts.iter().map(|part| bind_filter(relation, part)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match filter {
        Filter::All(parts) => Predicate::All(bind_each(parts)?),
        Filter::Any(parts) => Predicate::Any(bind_each(parts)?),
        Filter::Not(inner) => Predicate::Not(Box::new(bind_filter(relation, inner)?)),
        Filter::Test { column, test } => {
            let index = relation.index(column)?;
            bind_test(index, relation.columns[index].kind, test)?
        }
    })
}

fn bind_test(column: usize, kind: Type, test: &Test) -> Result<Predicate, ApiError> {
    let one = |test: BoundTest| Predicate::Test { column, test };
    Ok(match test {
        Test::Compare(compare, operand) => {
            expand(operand, |text| Ok(one(BoundTest::Compare(*compare, kind.parse(text)?))))?
        }
        Test::Like { insensitive, pattern } => {
            if kind != Type::Text {
                return Err(no_operator(kind, if *insensitive { "~~*" } else { "~~" }, "unknown"));
            }
            expand(pattern, |text| {
                Ok(one(BoundTest::Like { insensitive: *insensitive, pattern: text.replace('*', "%") }))
            })?
        }
        Test::In(texts) => {
            let values: Result<Vec<Datum>, ApiError> = texts.iter().map(|text| kind.parse(text)).collect();
            one(BoundTest::In(values?))
        }
        Test::Is(is) => {
            if matches!(is, Is::True | Is::False | Is::Unknown) && kind != Type::Boolean {
                let word = format!("{is:?}").to_uppercase();
                let message = format!("argument of IS {word} must be type boolean, not type {}", kind.name());
                return Err(ApiError::new(400, "42804", message));
            }
            one(BoundTest::Is(*is))
        }
        Test::IsDistinct(text) => one(BoundTest::IsDistinct(kind.parse(text)?)),
        Test::Contains(text) => one(BoundTest::Contains(array(kind, "@>", text)?)),
        Test::ContainedBy(text) => one(BoundTest::ContainedBy(array(kind, "<@", text)?)),
        Test::Overlaps(text) => one(BoundTest::Overlaps(array(kind, "&&", text)?)),
    })
}

fn expand(
    operand: &Operand,
    bind: impl Fn(&str) -> Result<Predicate, ApiError>,
) -> Result<Predicate, ApiError> {
    let each = |texts: &[String]| texts.iter().map(|text| bind(text)).collect::<Result<Vec<_>, _>>();
    Ok(match operand {
        Operand::One(text) => bind(text)?,
        Operand::Any(texts) => Predicate::Any(each(texts)?),
        Operand::All(texts) => Predicate::All(each(texts)?),
    })
}

fn array(kind: Type, operator: &str, text: &str) -> Result<Vec<String>, ApiError> {
    if kind != Type::TextArray {
        return Err(no_operator(kind, operator, "unknown"));
    }
    parse_array(text).ok_or_else(|| {
        ApiError::new(400, "22P02", format!("malformed array literal: \"{text}\""))
            .details("Array value must start with \"{\" or dimension information.")
    })
}

fn no_operator(kind: Type, operator: &str, other: &str) -> ApiError {
    ApiError::new(404, "42883", format!("operator does not exist: {} {operator} {other}", kind.name())).hint(
        "No operator matches the given name and argument types. You might need to add explicit type casts.",
    )
}

/// An order with the columns found: index, descending, nulls first.
pub(crate) fn bind_order(
    relation: Relation,
    terms: &[OrderTerm],
) -> Result<Vec<(usize, bool, bool)>, ApiError> {
    terms.iter().map(|term| Ok((relation.index(&term.column)?, term.descending, term.nulls_first))).collect()
}

/// Binds a column list; no list is `*`.
pub(crate) fn bind_select(relation: Relation, items: Option<&[Item]>) -> Result<Vec<Output>, ApiError> {
    let mut outputs = Vec::new();
    for item in items.unwrap_or(&[Item::Star]) {
        match item {
            Item::Star => {
                let all = relation.columns.iter().enumerate();
                outputs
                    .extend(all.map(|(index, column)| Output::Column { key: column.name.to_owned(), index }));
            }
            Item::Column { name, alias } => {
                let index = relation.index(name)?;
                outputs.push(Output::Column { key: alias.as_ref().unwrap_or(name).clone(), index });
            }
            Item::Embed { relation: target, alias, items } => {
                outputs.push(bind_embed(relation, target, alias.as_ref().unwrap_or(target).clone(), items)?);
            }
        }
    }
    Ok(outputs)
}

fn bind_embed(relation: Relation, target: &str, key: String, items: &[Item]) -> Result<Output, ApiError> {
    let missing = || ApiError::no_relationship(relation.name, target);
    let own = relation.table.ok_or_else(missing)?;
    let target = TABLES.into_iter().find(|table| table.name == target).ok_or_else(missing)?;
    let outputs = bind_select(Relation::of(target), Some(items))?;
    if let Some(to_one) = own.foreign.iter().find(|foreign| foreign.target == target.name) {
        return Ok(Output::One { key, column: to_one.column, target, outputs });
    }
    let to_many = target.foreign.iter().find(|foreign| foreign.target == own.name).ok_or_else(missing)?;
    Ok(Output::Many { key, column: to_many.column, target, outputs })
}
