//! No value can become anything but a value: whatever is written is read back by an independent reader of the grammar.

mod postgrest;

use std::collections::{BTreeMap, BTreeSet};

use pool_supabase::{Client, Expr, SupabaseConfig};
use postgrest::{Condition, Operand, Tree};
use proptest::prelude::*;
use serde_json::Value;

fn client() -> Client {
    Client::new(&SupabaseConfig::builder().url("http://localhost").key("sb_publishable_x").build().unwrap())
}

/// Any text that PostgreSQL can hold, most of them made of what has a meaning somewhere.
fn text() -> impl Strategy<Value = String> {
    let meaningful = prop::sample::select(vec![
        "\"", "\\", ",", "(", ")", "{", "}", ".", "'", "&", "=", "?", "#", "%", "+", " ", "*", ":", "null",
        "eq.", "not.", "in.(", "or(", "and", "%2C", "%00", "\n", "ä", "😀", "--", "a", "1", ";",
    ]);
    prop_oneof![
        prop::collection::vec(meaningful, 0..8).prop_map(|parts| parts.concat()),
        any::<String>().prop_map(|text| text.replace('\0', "")),
    ]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..5)
}

/// The one condition of a query that selects and nothing else.
fn only_condition(filter: Expr) -> (String, String) {
    let request = client().from("t").select::<Value>("*").filter(filter).build().unwrap();
    let mut parameters = postgrest::parameters(request.target.as_str());
    assert_eq!(parameters.len(), 2, "{parameters:?}");
    assert_eq!(parameters.remove(0), ("select".into(), "*".into()));
    parameters.remove(0)
}

/// A condition and what the reader has to find.
#[derive(Clone, Debug)]
struct Pair {
    written: Expr,
    read: Tree,
}

fn leaf() -> impl Strategy<Value = Pair> {
    let column = prop::sample::select(vec![
        "id",
        "title",
        "or",
        "and",
        "not",
        "in",
        "is",
        "eq",
        "with space",
        "kebab-case",
    ]);
    (column, 0..4, text(), texts(), any::<bool>()).prop_map(|(column, kind, text, texts, negated)| {
        let (written, operator, operand) = match kind {
            0 => (Expr::eq(column, text.clone()), "eq", Operand::Text(text)),
            1 => (Expr::ilike(column, text.clone()), "ilike", Operand::Text(text)),
            2 => (Expr::is_null(column), "is", Operand::Text("null".into())),
            _ => {
                // What a list of one empty text has to be written as, and what the empty list is.
                let read = match texts.as_slice() {
                    [only] if only.is_empty() => vec![String::new(); 2],
                    [] => vec![String::new()],
                    _ => texts.clone(),
                };
                (Expr::in_(column, texts), "in", Operand::List(read))
            }
        };
        let condition = Condition { negated, operator: operator.into(), operand };
        let written = if negated { !written } else { written };
        Pair { written, read: Tree::Leaf { column: column.into(), condition } }
    })
}

fn tree() -> impl Strategy<Value = Pair> {
    leaf().prop_recursive(3, 12, 4, |member| {
        (prop::collection::vec(member, 1..4), any::<bool>(), any::<bool>()).prop_map(
            |(members, any, negated)| {
                let (written, of): (Vec<_>, Vec<_>) =
                    members.into_iter().map(|pair| (pair.written, pair.read)).unzip();
                let written = if any { Expr::any(written) } else { Expr::all(written) };
                let joint = if any { "or" } else { "and" }.to_owned();
                Pair {
                    written: if negated { !written } else { written },
                    read: Tree::Joint { negated, joint, of },
                }
            },
        )
    })
}

/// One of the builder's comparisons, from a column and a value.
type Comparison = fn(&'static str, String) -> Expr;

proptest! {
    #[test]
    fn a_scalar_is_read_back(value in text(), operator in 0..8usize) {
        let build: [(&str, Comparison); 8] = [
            ("eq", Expr::eq), ("neq", Expr::neq), ("gt", Expr::gt), ("gte", Expr::gte),
            ("lt", Expr::lt), ("lte", Expr::lte), ("like", Expr::like), ("ilike", Expr::ilike),
        ];
        let (operator, build) = build[operator];
        let (name, written) = only_condition(build("title", value.clone()));
        prop_assert_eq!(name, "title");
        let expected = Condition { negated: false, operator: operator.into(), operand: Operand::Text(value) };
        prop_assert_eq!(postgrest::condition(&written), Ok(expected));
    }

    #[test]
    fn a_list_matches_its_values_and_no_others(values in texts()) {
        let (_, written) = only_condition(Expr::in_("title", values.clone()));
        let Ok(Condition { operand: Operand::List(list), .. }) = postgrest::condition(&written) else {
            return Err(TestCaseError::fail(written));
        };
        prop_assert_eq!(postgrest::matched(&list), values.into_iter().collect::<BTreeSet<_>>());
    }

    #[test]
    fn an_array_is_read_back_at_the_top_and_in_a_tree(values in texts()) {
        let expected: Vec<_> = values.iter().cloned().map(Some).collect();
        let (_, written) = only_condition(Expr::contains("tags", values.clone()));
        let Ok(Condition { operand: Operand::Text(array), .. }) = postgrest::condition(&written) else {
            return Err(TestCaseError::fail(written));
        };
        prop_assert_eq!(postgrest::array(&array), Ok(expected.clone()));

        let (name, written) = only_condition(Expr::any([Expr::overlaps("tags", values), Expr::eq("id", 1)]));
        let Ok(Tree::Joint { of, .. }) = postgrest::tree(&name, &written) else {
            return Err(TestCaseError::fail(written));
        };
        let [Tree::Leaf { condition: Condition { operand: Operand::Text(array), .. }, .. }, _] = of.as_slice() else {
            return Err(TestCaseError::fail(written));
        };
        prop_assert_eq!(postgrest::array(array), Ok(expected));
    }

    #[test]
    fn a_tree_is_read_back(pair in tree()) {
        let (name, written) = only_condition(pair.written);
        let read = match postgrest::column(&name) {
            // A leaf at the top is a parameter of its own.
            Ok(path) if matches!(pair.read, Tree::Leaf { .. }) => {
                prop_assert!(!postgrest::is_reserved(&name), "{}", name);
                let condition = postgrest::condition(&written).map_err(TestCaseError::fail)?;
                Tree::Leaf { column: path.concat(), condition }
            }
            _ => postgrest::tree(&name, &written).map_err(TestCaseError::fail)?,
        };
        prop_assert_eq!(read, pair.read);
    }

    #[test]
    fn a_column_is_refused_or_stays_one_column(column in text()) {
        let query = client().from("t").select::<Value>("*").eq(column.clone(), 1);
        if let Ok(request) = query.build() {
            let parameters = postgrest::parameters(request.target.as_str());
            prop_assert_eq!(parameters.len(), 2);
            let (name, value) = &parameters[1];
            prop_assert!(!postgrest::is_reserved(name), "{}", name);
            prop_assert!(postgrest::column(name).is_ok(), "{}", name);
            prop_assert_eq!(value, "eq.1");
        }
    }

    #[test]
    fn a_table_is_refused_or_stays_one_segment_of_the_path(name in text()) {
        if let Ok(request) = client().from(name.clone()).select::<Value>("*").build() {
            let segment = request.target.path().strip_prefix("/rest/v1/").unwrap();
            prop_assert!(!segment.contains('/'));
            let decoded = percent_encoding::percent_decode_str(segment).decode_utf8().unwrap();
            prop_assert_eq!(decoded, name);
        }
    }

    #[test]
    fn the_columns_of_many_rows_are_the_union_of_their_keys(
        rows in prop::collection::vec(prop::collection::btree_map(text(), 0..9i32, 0..4), 0..4),
    ) {
        let request = client().from("t").insert(&rows).build();
        let request = match request {
            Ok(request) => request,
            // Only the length of the URL can be in the way.
            Err(error) => return Err(TestCaseError::reject(error.to_string())),
        };
        let expected: BTreeSet<String> = rows.iter().flat_map(BTreeMap::keys).cloned().collect();
        match postgrest::parameters(request.target.as_str()).as_slice() {
            [] => prop_assert!(expected.is_empty()),
            [(name, columns)] => {
                prop_assert_eq!(name, "columns");
                let read = postgrest::names(columns).map_err(TestCaseError::fail)?;
                prop_assert_eq!(read.into_iter().collect::<BTreeSet<_>>(), expected);
            }
            more => prop_assert!(false, "{:?}", more),
        }
    }

    #[test]
    fn an_argument_of_a_call_never_becomes_a_condition(
        arguments in prop::collection::btree_map("[a-z_]{1,6}", prop_oneof![text(), Just("eq".into()), Just("in.(1)".into())], 0..4),
    ) {
        let request = client().rpc::<Value>("f", &arguments).read_only().build().unwrap();
        let parameters = postgrest::parameters(request.target.as_str());
        if request.method == http::Method::POST {
            prop_assert!(parameters.is_empty());
            let sent: BTreeMap<String, String> = serde_json::from_slice(&request.body).unwrap();
            prop_assert_eq!(sent, arguments);
        } else {
            for (name, value) in &parameters {
                prop_assert!(!postgrest::is_condition(name, value), "{}={}", name, value);
                prop_assert!(!postgrest::is_reserved(name), "{}", name);
            }
            prop_assert_eq!(parameters.into_iter().collect::<BTreeMap<_, _>>(), arguments);
        }
    }
}

#[test]
fn a_nul_is_refused_since_the_server_would_cut_the_value_off_there() {
    for filter in [
        Expr::eq("a", "x\0y"),
        Expr::in_("a", ["x\0"]),
        Expr::contains("a", ["\0"]),
        Expr::any([Expr::eq("a", "\0")]),
    ] {
        let error = client().from("t").select::<Value>("*").filter(filter).build().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the select on \"t\" cannot be sent: the value for a contains a NUL character, which PostgreSQL cannot hold"
        );
    }
}
