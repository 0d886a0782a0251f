//! Filters: `column=op.value` and the trees `or=(…)`, `and=(…)`, `not.or=(…)`.
//!
//! Rules: at the top level a value is everything after the operator, quotes included; in a list and in a tree an
//! element may be quoted; `in.()` is the empty list; an operator PostgREST has and the simulator lacks is PGRST127.

use super::scan::Scan;
use crate::data::datum::parse_array;
use crate::errors::ApiError;

/// A filter as written: names and texts, not yet bound to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test { column: String, test: Test },
}

/// What is asked of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Compare(Compare, Operand),
    Like { insensitive: bool, pattern: Operand },
    In(Vec<String>),
    Is(Is),
    IsDistinct(String),
    Contains(String),
    ContainedBy(String),
    Overlaps(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    Null,
    NotNull,
    True,
    False,
    Unknown,
}

/// One value, or several with a quantifier: `like(all).{a*,b*}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    One(String),
    Any(Vec<String>),
    All(Vec<String>),
}

/// Operators of PostgREST that the simulator does not have.
const UNSUPPORTED: [&str; 11] =
    ["match", "imatch", "fts", "plfts", "phfts", "wfts", "sl", "sr", "nxr", "nxl", "adj"];

const OPERATORS: &str = "\"not\" or operator (eq, gt, ...)";

/// Parses the filter of one query parameter.
pub(super) fn parse(key: &str, value: &str) -> Result<Filter, ApiError> {
    match key {
        "and" | "or" | "not.and" | "not.or" => tree(key, value),
        _ => {
            let mut scan = Scan::new("tree path", key);
            let column = scan.name()?;
            if scan.peek() == Some('.') {
                return Err(ApiError::unsupported(format!("filters on embedded resources such as '{key}'")));
            }
            scan.end()?;
            let mut scan = Scan::new("filter", value);
            let filter = test(&mut scan, column, Place::Top)?;
            scan.end()?;
            Ok(filter)
        }
    }
}

fn tree(key: &str, value: &str) -> Result<Filter, ApiError> {
    let mut scan = Scan::new("logic tree", value);
    let (negated, operator) = key.strip_prefix("not.").map_or((false, key), |rest| (true, rest));
    let filter = branch(&mut scan, operator == "and")?;
    scan.end()?;
    Ok(negate_if(negated, filter))
}

fn branch(scan: &mut Scan<'_>, all: bool) -> Result<Filter, ApiError> {
    scan.skip_spaces();
    scan.expect("(")?;
    let mut parts = vec![leaf(scan)?];
    while scan.eat(",") {
        parts.push(leaf(scan)?);
    }
    scan.skip_spaces();
    scan.expect(")")?;
    scan.skip_spaces();
    Ok(if all { Filter::All(parts) } else { Filter::Any(parts) })
}

fn leaf(scan: &mut Scan<'_>) -> Result<Filter, ApiError> {
    scan.skip_spaces();
    for (token, negated, all) in
        [("and(", false, true), ("or(", false, false), ("not.and(", true, true), ("not.or(", true, false)]
    {
        if scan.rest().starts_with(token) {
            scan.expect(&token[..token.len() - 1])?;
            return Ok(negate_if(negated, branch(scan, all)?));
        }
    }
    let column = scan.name()?;
    scan.expect(".")?;
    test(scan, column, Place::Tree)
}

fn negate_if(negated: bool, filter: Filter) -> Filter {
    if negated { Filter::Not(Box::new(filter)) } else { filter }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Tree,
}

fn test(scan: &mut Scan<'_>, column: String, place: Place) -> Result<Filter, ApiError> {
    let negated = scan.eat("not.");
    let start = scan.unexpected(OPERATORS);
    let operator = scan.take_while(|c| c.is_ascii_alphabetic());
    let quantifier = quantifier(scan)?;
    if UNSUPPORTED.contains(&operator) {
        return Err(ApiError::unsupported(format!("the operator '{operator}'")));
    }
    if !scan.eat(".") {
        return Err(start);
    }
    let test = operand(scan, operator, quantifier, place)?.ok_or(start)?;
    Ok(negate_if(negated, Filter::Test { column, test }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    Any,
    All,
}

fn quantifier(scan: &mut Scan<'_>) -> Result<Option<Quantifier>, ApiError> {
    if !scan.eat("(") {
        return Ok(None);
    }
    let found = match scan.take_while(|c| c.is_ascii_alphabetic()) {
        "any" => Quantifier::Any,
        "all" => Quantifier::All,
        _ => return Err(scan.unexpected("\"any\" or \"all\"")),
    };
    scan.expect(")")?;
    Ok(Some(found))
}

/// The test an operator makes of what follows; `None` when there is no such operator (or it takes no quantifier).
fn operand(
    scan: &mut Scan<'_>,
    operator: &str,
    quantifier: Option<Quantifier>,
    place: Place,
) -> Result<Option<Test>, ApiError> {
    let compare = match operator {
        "eq" => Some(Compare::Eq),
        "neq" => Some(Compare::Neq),
        "gt" => Some(Compare::Gt),
        "gte" => Some(Compare::Gte),
        "lt" => Some(Compare::Lt),
        "lte" => Some(Compare::Lte),
        _ => None,
    };
    if let Some(compare) = compare {
        return Ok(Some(Test::Compare(compare, quantified(scan, quantifier, place)?)));
    }
    if matches!(operator, "like" | "ilike") {
        let pattern = quantified(scan, quantifier, place)?;
        return Ok(Some(Test::Like { insensitive: operator == "ilike", pattern }));
    }
    if quantifier.is_some() {
        return Ok(None);
    }
    Ok(Some(match operator {
        "in" => Test::In(scan.list()?),
        "is" => Test::Is(is_value(scan)?),
        "isdistinct" => Test::IsDistinct(single(scan, place)),
        "cs" => Test::Contains(single(scan, place)),
        "cd" => Test::ContainedBy(single(scan, place)),
        "ov" => Test::Overlaps(single(scan, place)),
        _ => return Ok(None),
    }))
}

fn quantified(
    scan: &mut Scan<'_>,
    quantifier: Option<Quantifier>,
    place: Place,
) -> Result<Operand, ApiError> {
    let value = single(scan, place);
    let Some(quantifier) = quantifier else { return Ok(Operand::One(value)) };
    let values = parse_array(&value).ok_or_else(|| {
        ApiError::new(400, "22P02", format!("malformed array literal: \"{value}\""))
            .details("Array value must start with \"{\" or dimension information.")
    })?;
    Ok(match quantifier {
        Quantifier::Any => Operand::Any(values),
        Quantifier::All => Operand::All(values),
    })
}

fn single(scan: &mut Scan<'_>, place: Place) -> String {
    match place {
        Place::Top => scan.take_rest().to_owned(),
        Place::Tree => array_literal(scan).unwrap_or_else(|| scan.element()),
    }
}

/// In a tree, `{…}` reaches to its closing brace, commas included.
fn array_literal(scan: &mut Scan<'_>) -> Option<String> {
    let rest = scan.rest();
    let inner = rest.strip_prefix('{')?;
    let end = inner.find(['{', '}']).filter(|end| inner[*end..].starts_with('}'))?;
    scan.eat(&rest[..end + 2]);
    Some(rest[..end + 2].to_owned())
}

fn is_value(scan: &mut Scan<'_>) -> Result<Is, ApiError> {
    let failure = scan.unexpected("null or trilean value (unknown, true, false)");
    match scan.take_while(|c| c.is_ascii_alphabetic() || c == '_').to_ascii_lowercase().as_str() {
        "null" => Ok(Is::Null),
        "not_null" => Ok(Is::NotNull),
        "true" => Ok(Is::True),
        "false" => Ok(Is::False),
        "unknown" => Ok(Is::Unknown),
        _ => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::{Compare, Filter, Is, Operand, Test, parse};

    fn equal(column: &str, value: &str) -> Filter {
        let test = Test::Compare(Compare::Eq, Operand::One(value.to_owned()));
        Filter::Test { column: column.to_owned(), test }
    }

    #[test]
    fn a_top_level_value_is_taken_as_it_is() {
        for value in ["", "a.b,c)", "\"quoted\"", "back\\slash"] {
            assert_eq!(parse("title", &format!("eq.{value}")), Ok(equal("title", value)));
        }
    }

    #[test]
    fn list_elements_are_unquoted() {
        let parsed = parse("title", r#"in.(plain,"a,b","say \"hi\"","c:\\d",mid"quote)"#);
        let elements = ["plain", "a,b", "say \"hi\"", "c:\\d", "mid\"quote"].map(str::to_owned).to_vec();
        assert_eq!(parsed, Ok(Filter::Test { column: "title".to_owned(), test: Test::In(elements) }));
        let empty = Filter::Test { column: "id".to_owned(), test: Test::In(Vec::new()) };
        assert_eq!(parse("id", "in.()"), Ok(empty));
    }

    #[test]
    fn trees_nest_and_negate() {
        let parsed = parse("or", r#"(a.eq."x,y",not.and(b.not.is.null, c.eq.z))"#);
        let is_null = Filter::Test { column: "b".to_owned(), test: Test::Is(Is::Null) };
        let inner = Filter::All(vec![Filter::Not(Box::new(is_null)), equal("c", "z")]);
        assert_eq!(parsed, Ok(Filter::Any(vec![equal("a", "x,y"), Filter::Not(Box::new(inner))])));
    }

    #[test]
    fn what_does_not_parse_is_an_error() {
        for (key, value) in [
            ("id", "1"),
            ("id", "equals.1"),
            ("id", "in.(1,2"),
            ("id", "in.(1)2"),
            ("id", "is.maybe"),
            ("id", "in(any).{1}"),
            ("or", "(id.eq.1"),
            ("or", "id.eq.1"),
            ("or", "()"),
        ] {
            assert_eq!(parse(key, value).map_err(|error| error.code), Err("PGRST100"), "{key}={value}");
        }
        assert_eq!(parse("title", "fts.cat").map_err(|error| error.code), Err("PGRST127"));
        assert_eq!(parse("blogs.title", "eq.x").map_err(|error| error.code), Err("PGRST127"));
    }
}
