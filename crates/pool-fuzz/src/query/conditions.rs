//! Conditions, orders and limits.

use pool_supabase::{Expr, Order};
use serde_json::Value;

use super::postgrest::{self, Condition, Operand, Tree};
use super::{Parameters, built, client};
use crate::source::Source;

/// Trees are no deeper.
const DEPTH_MAX: u8 = 4;

/// Columns with a meaning elsewhere, so that a fuzzer need not spell them.
const COLUMNS: [&str; 12] =
    ["id", "or", "and", "not", "select", "limit", "order", "in", "eq", "a b", "data->>k", "author.name"];

/// A condition and what the reader has to find.
struct Pair {
    written: Expr,
    read: Tree,
}

pub(super) fn of_a_select(source: &mut Source<'_>) {
    let (table, columns) = (source.text(), source.text());
    let pairs = pairs(source);
    let mut query = client().from(table.clone()).select::<Value>(&columns);
    for pair in &pairs {
        query = query.filter(pair.written.clone());
    }
    let parts = source.byte();
    let order = (parts & 1 != 0).then(|| column(source));
    if let Some(order) = &order {
        query = query.order(order.clone(), Order::DESC.nulls_last());
    }
    let limit = (parts & 2 != 0).then(|| source.long());
    if let Some(limit) = limit {
        query = query.limit(limit);
    }
    let raw = (parts & 4 != 0).then(|| (source.text(), source.text()));
    if let Some((name, value)) = &raw {
        query = query.raw(name.clone(), value.clone());
    }
    let Some((_, mut parameters)) = built(&query, "/rest/v1/", &table) else { return };
    // Spaces mean nothing there; everything else arrives as it was given.
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    assert_eq!(bare(&parameters.named("select")), bare(&columns));
    read_back(&mut parameters, pairs);
    if let Some(order) = order {
        let written = parameters.named("order");
        let found = written.strip_suffix(".desc.nullslast").expect("the order has its direction");
        assert_eq!(postgrest::column(found), postgrest::column(&order));
    }
    if let Some(limit) = limit {
        assert_eq!(parameters.named("limit"), limit.to_string());
    }
    if let Some(raw) = raw {
        assert_eq!(parameters.next(), raw);
    }
    parameters.end();
}

pub(super) fn of_a_write(source: &mut Source<'_>) {
    let (table, deletes) = (source.text(), source.flag());
    let pairs = pairs(source);
    let built = if deletes {
        let query = client().from(table.clone()).delete();
        let query = pairs.iter().fold(query, |query, pair| query.filter(pair.written.clone()));
        built(&query, "/rest/v1/", &table)
    } else {
        let changes = Value::Object([(source.text(), source.text().into())].into_iter().collect());
        let query = client().from(table.clone()).update(&changes);
        let query = pairs.iter().fold(query, |query, pair| query.filter(pair.written.clone()));
        let built = built(&query, "/rest/v1/", &table);
        if let Some((request, _)) = &built {
            assert_eq!(serde_json::from_slice::<Value>(&request.body).expect("JSON"), changes);
        }
        built
    };
    let Some((_, mut parameters)) = built else { return };
    assert!(!pairs.is_empty(), "a write of every row was let through");
    read_back(&mut parameters, pairs);
    parameters.end();
}

/// The next parameters are these conditions.
fn read_back(parameters: &mut Parameters, pairs: Vec<Pair>) {
    for pair in pairs {
        let (name, written) = parameters.next();
        let read = match &pair.read {
            // A leaf at the top is a parameter of its own.
            Tree::Leaf { .. } => {
                assert!(!postgrest::is_reserved(&name), "{name} is a parameter of the server's own");
                let column = read_column(&name).unwrap_or_else(|error| panic!("{name}: {error}"));
                Tree::Leaf { column, condition: postgrest::condition(&written).expect("a condition") }
            }
            Tree::Joint { .. } => {
                postgrest::tree(&name, &written).unwrap_or_else(|error| panic!("{name}={written}: {error}"))
            }
        };
        assert_eq!(read, pair.read, "{name}={written}");
    }
}

fn pairs(source: &mut Source<'_>) -> Vec<Pair> {
    (0..source.byte() % 4).map(|_| pair(source, 0)).collect()
}

fn column(source: &mut Source<'_>) -> String {
    let known = source.byte();
    COLUMNS.get(usize::from(known)).map_or_else(|| source.text(), |&column| column.to_owned())
}

/// The path of a column as the reader sees it, in one text.
fn read_column(text: &str) -> Result<String, String> {
    postgrest::column(text).map(|path| path.join("\0"))
}

fn pair(source: &mut Source<'_>, depth: u8) -> Pair {
    let kind = source.byte();
    let negated = kind & 64 != 0;
    let pair =
        if kind & 32 != 0 && depth < DEPTH_MAX { joint(source, depth) } else { leaf(source, kind % 16) };
    if !negated {
        return pair;
    }
    let read = match pair.read {
        Tree::Leaf { column, condition } => {
            Tree::Leaf { column, condition: Condition { negated: true, ..condition } }
        }
        Tree::Joint { joint, of, .. } => Tree::Joint { negated: true, joint, of },
    };
    Pair { written: !pair.written, read }
}

fn joint(source: &mut Source<'_>, depth: u8) -> Pair {
    let any = source.flag();
    let members = (0..source.byte() % 4).map(|_| pair(source, depth + 1));
    let (written, of): (Vec<_>, Vec<_>) = members.map(|pair| (pair.written, pair.read)).unzip();
    let written = if any { Expr::any(written) } else { Expr::all(written) };
    Pair { written, read: Tree::Joint { negated: false, joint: if any { "or" } else { "and" }.into(), of } }
}

/// One of the builder's comparisons, from a column and a value.
type Comparison = fn(String, String) -> Expr;
/// One of its lists.
type List = fn(String, Vec<String>) -> Expr;

const COMPARISONS: [(&str, Comparison); 8] = [
    ("eq", Expr::eq),
    ("neq", Expr::neq),
    ("gt", Expr::gt),
    ("gte", Expr::gte),
    ("lt", Expr::lt),
    ("lte", Expr::lte),
    ("like", Expr::like),
    ("ilike", Expr::ilike),
];
const ARRAYS: [(&str, List); 3] =
    [("cs", Expr::contains), ("cd", Expr::contained_by), ("ov", Expr::overlaps)];

fn leaf(source: &mut Source<'_>, kind: u8) -> Pair {
    let column = column(source);
    let kind = usize::from(kind);
    let (written, operator, operand) = if let Some((operator, build)) = COMPARISONS.get(kind) {
        let value = source.text();
        (build(column.clone(), value.clone()), *operator, Operand::Text(value))
    } else if let Some((operator, build)) = ARRAYS.get(kind - COMPARISONS.len()) {
        let values = source.texts(4);
        (build(column.clone(), values.clone()), *operator, Operand::Text(array(&values)))
    } else if kind == 11 {
        (Expr::is_null(column.clone()), "is", Operand::Text("null".into()))
    } else {
        let values = source.texts(4);
        // What a list of one empty text has to be written as, and what the empty list is.
        let read = match values.as_slice() {
            [only] if only.is_empty() => vec![String::new(); 2],
            [] => vec![String::new()],
            _ => values.clone(),
        };
        (Expr::in_(column.clone(), values), "in", Operand::List(read))
    };
    let condition = Condition { negated: false, operator: operator.into(), operand };
    // Where the reader sees no column, the builder must not have built one; then nothing is compared with this.
    let column = read_column(&column).unwrap_or(column);
    Pair { written, read: Tree::Leaf { column, condition } }
}

/// The only form that the builder writes, if the reader finds the same values in it.
fn array(values: &[String]) -> String {
    let escape = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    let text = format!("{{{}}}", values.iter().map(escape).collect::<Vec<_>>().join(","));
    let expected: Vec<_> = values.iter().cloned().map(Some).collect();
    assert_eq!(postgrest::array(&text), Ok(expected), "the reader does not read {text}");
    text
}
