//! `select=` and `order=`.
//!
//! Rules: `*`, `column`, `alias:column`, and one level of `relation(columns)`; casts, aggregates, hints, spreads and
//! deeper embedding are refused with the code that says so.

use super::scan::Scan;
use crate::errors::ApiError;

/// One item of a column list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Star,
    Column { name: String, alias: Option<String> },
    Embed { relation: String, alias: Option<String>, items: Vec<Item> },
}

/// One term of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderTerm {
    pub(crate) column: String,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

pub(super) fn parse_select(text: &str) -> Result<Vec<Item>, ApiError> {
    let mut scan = Scan::new("select parameter", text);
    let items = items(&mut scan, 0)?;
    scan.end()?;
    Ok(items)
}

fn items(scan: &mut Scan<'_>, depth: usize) -> Result<Vec<Item>, ApiError> {
    let mut items = Vec::new();
    loop {
        scan.skip_spaces();
        items.push(item(scan, depth)?);
        scan.skip_spaces();
        if !scan.eat(",") {
            return Ok(items);
        }
    }
}

fn item(scan: &mut Scan<'_>, depth: usize) -> Result<Item, ApiError> {
    if scan.eat("*") {
        return Ok(Item::Star);
    }
    if scan.rest().starts_with("...") {
        return Err(ApiError::unsupported("spread embedding ('...')"));
    }
    let mut name = scan.name()?;
    let mut alias = None;
    if scan.rest().starts_with(':') && !scan.rest().starts_with("::") {
        scan.eat(":");
        alias = Some(std::mem::replace(&mut name, scan.name()?));
    }
    match scan.peek() {
        Some(':') => Err(ApiError::unsupported(format!("casts such as '{name}::…'"))),
        Some('!') => Err(ApiError::unsupported(format!("embedding hints such as '{name}!…'"))),
        Some('.') => Err(ApiError::new(400, "PGRST123", "Use of aggregate functions is not allowed")
            .details(format!("In the select list, after '{name}'."))),
        Some('(') if scan.rest().starts_with("()") => {
            Err(ApiError::new(400, "PGRST123", "Use of aggregate functions is not allowed")
                .details(format!("In the select list: '{name}()'.")))
        }
        Some('(') if depth > 0 => {
            Err(ApiError::unsupported(format!("more than one level of embedding (at '{name}')")))
        }
        Some('(') => {
            scan.expect("(")?;
            let items = items(scan, depth + 1)?;
            scan.expect(")")?;
            Ok(Item::Embed { relation: name, alias, items })
        }
        Some(_) | None => Ok(Item::Column { name, alias }),
    }
}

pub(super) fn parse_order(text: &str) -> Result<Vec<OrderTerm>, ApiError> {
    let mut scan = Scan::new("order", text);
    let mut terms = Vec::new();
    loop {
        scan.skip_spaces();
        terms.push(order_term(&mut scan)?);
        scan.skip_spaces();
        if !scan.eat(",") {
            scan.end()?;
            return Ok(terms);
        }
    }
}

fn order_term(scan: &mut Scan<'_>) -> Result<OrderTerm, ApiError> {
    let column = scan.name()?;
    if scan.peek() == Some('(') {
        return Err(ApiError::unsupported("ordering by an embedded resource"));
    }
    let descending = scan.eat(".desc");
    if !descending {
        scan.eat(".asc");
    }
    let nulls_first = match () {
        () if scan.eat(".nullsfirst") => true,
        () if scan.eat(".nullslast") => false,
        () => descending,
    };
    if matches!(scan.peek(), Some(c) if c != ',' && c != ' ') {
        return Err(scan.unexpected("\"asc\", \"desc\", \"nullsfirst\", \"nullslast\" or \",\""));
    }
    Ok(OrderTerm { column, descending, nulls_first })
}

#[cfg(test)]
mod tests {
    use super::{Item, OrderTerm, parse_order, parse_select};

    fn column(name: &str, alias: Option<&str>) -> Item {
        Item::Column { name: name.to_owned(), alias: alias.map(str::to_owned) }
    }

    #[test]
    fn lists_aliases_and_one_embedding_are_understood() {
        let embed = Item::Embed {
            relation: "blogs".to_owned(),
            alias: Some("blog".to_owned()),
            items: vec![Item::Star],
        };
        assert_eq!(
            parse_select("id, name:title,\"odd,name\",blog:blogs(*)"),
            Ok(vec![column("id", None), column("title", Some("name")), column("odd,name", None), embed])
        );
    }

    #[test]
    fn what_select_does_not_know_is_refused() {
        for (text, code) in [
            ("", "PGRST100"),
            ("id,", "PGRST100"),
            ("id)", "PGRST100"),
            ("id::text", "PGRST127"),
            ("meta->>x", "PGRST127"),
            ("blogs!inner(id)", "PGRST127"),
            ("...blogs(id)", "PGRST127"),
            ("a(b(c))", "PGRST127"),
            ("count()", "PGRST123"),
            ("views.sum()", "PGRST123"),
        ] {
            assert_eq!(parse_select(text).map_err(|error| error.code), Err(code), "{text}");
        }
    }

    #[test]
    fn nulls_come_last_ascending_and_first_descending_unless_said() {
        let term = |descending, nulls_first| OrderTerm { column: "a".to_owned(), descending, nulls_first };
        for (text, expected) in [
            ("a", term(false, false)),
            ("a.asc.nullsfirst", term(false, true)),
            ("a.desc", term(true, true)),
            ("a.desc.nullslast", term(true, false)),
            ("a.nullsfirst", term(false, true)),
        ] {
            assert_eq!(parse_order(text), Ok(vec![expected]), "{text}");
        }
        for wrong in ["", "a.up", "a.desc.first", "a,"] {
            assert_eq!(parse_order(wrong).map_err(|error| error.code), Err("PGRST100"), "{wrong}");
        }
    }
}
