//! No value can become anything but a value: written, found and told from all others, whatever is in it.

use pool_tokio::pool_supabase::Role;
use pool_tokio::{Expr, Order, SupabasePool};
use serde_json::json;
use xtask::Pair;

use crate::scratch::Scratch;
use crate::{Blog, below, pool};

const AWKWARD: [&str; 30] = [
    "",
    "plain",
    "Plain",
    "two words",
    " leading",
    "trailing ",
    "comma,comma",
    "dot.dot",
    "(paren)",
    ")(",
    "{brace}",
    "[bracket]",
    r#"O'Hara, "Scarlett""#,
    r#"""#,
    r#"\""#,
    r"back\slash",
    r"\",
    "a&b=c#d?e",
    "50%25 + 1",
    "*",
    "%_",
    "null",
    "eq.5",
    "not.eq.x",
    "in.(1,2)",
    "and(id.gt.0)",
    "line\nbreak\ttab",
    "漢字 🦀 é e\u{301}",
    "\u{202e}right-to-left",
    "'; drop table blogs; --",
];

/// One row per value.
async fn write(db: &SupabasePool, scratch: &Scratch<'_>) {
    let rows: Vec<_> = AWKWARD
        .iter()
        .enumerate()
        .map(|(n, value)| {
            let (slug, author) = (below(scratch, n), scratch.name());
            json!({ "slug": slug, "title": "awkward", "author": author, "content": value, "tags": [value] })
        })
        .collect();
    db.execute_with_connection(db.from("blogs").insert(&rows)).await.unwrap();
}

/// The contents of the rows that meet `condition`, in the order in which they were written.
async fn found(db: &SupabasePool, scratch: &Scratch<'_>, condition: Expr) -> Vec<String> {
    let query = db.from("blogs").select::<Blog>("content").eq("author", scratch.name());
    let rows = db.execute_with_connection(query.filter(condition).order("id", Order::ASC)).await.unwrap();
    rows.into_iter().map(|row| row.content).collect()
}

#[tokio::test]
async fn each_awkward_value_is_found_and_no_other() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Service), Scratch::new(&pair));
    write(&db, &scratch).await;
    for value in AWKWARD {
        let ways = [
            Expr::eq("content", value),
            Expr::in_("content", [value]),
            Expr::in_("content", [value, "no such"]),
            Expr::any([Expr::eq("content", value), Expr::eq("id", 0)]),
            Expr::any([Expr::in_("content", [value]), Expr::in_("content", ["no such", value])]),
            Expr::contains("tags", [value]),
            Expr::any([Expr::overlaps("tags", [value, "no such"])]),
            !Expr::neq("content", value),
        ];
        for way in ways {
            assert_eq!(found(&db, &scratch, way.clone()).await, [value], "{way:?}");
        }
        let others: Vec<&str> = AWKWARD.into_iter().filter(|other| *other != value).collect();
        for way in [
            Expr::neq("content", value),
            !Expr::eq("content", value),
            !Expr::in_("content", [value]),
            Expr::any([!Expr::contains("tags", [value])]),
        ] {
            assert_eq!(found(&db, &scratch, way.clone()).await, others, "{way:?}");
        }
    }
}

#[tokio::test]
async fn all_awkward_values_fit_into_one_list() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Service), Scratch::new(&pair));
    write(&db, &scratch).await;
    assert_eq!(found(&db, &scratch, Expr::in_("content", AWKWARD)).await, AWKWARD);
    assert_eq!(found(&db, &scratch, !Expr::in_("content", AWKWARD)).await, [""; 0]);
    assert_eq!(found(&db, &scratch, Expr::contained_by("tags", AWKWARD)).await, AWKWARD);
    assert_eq!(found(&db, &scratch, Expr::in_("content", ["", ""])).await, [""]);
}

#[tokio::test]
async fn a_pattern_means_what_it_says() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Service), Scratch::new(&pair));
    write(&db, &scratch).await;
    for (pattern, expected) in [
        ("plain", ["plain"].as_slice()),
        ("%lain", &["plain", "Plain"]),
        ("_lain", &["plain", "Plain"]),
        ("*lain", &["plain", "Plain"]),
        (r"\%\_", &["%_"]),
        (r"\\", &[r"\"]),
        ("(%)", &["(paren)"]),
        ("%,%", &["comma,comma", r#"O'Hara, "Scarlett""#, "in.(1,2)"]),
        (r#"%"Scarlett""#, &[r#"O'Hara, "Scarlett""#]),
    ] {
        assert_eq!(found(&db, &scratch, Expr::like("content", pattern)).await, expected, "{pattern:?}");
        let inside = Expr::any([Expr::like("content", pattern), Expr::eq("id", 0)]);
        assert_eq!(found(&db, &scratch, inside).await, expected, "or: {pattern:?}");
    }
    assert_eq!(found(&db, &scratch, Expr::ilike("content", "PLAIN")).await, ["plain", "Plain"]);
}
