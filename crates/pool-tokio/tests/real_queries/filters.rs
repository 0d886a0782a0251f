//! Every condition finds the rows that it means, alone, negated and inside a tree.

use pool_tokio::pool_supabase::Role;
use pool_tokio::{Expr, Order, SupabasePool};
use xtask::Pair;

use crate::{Slug, pool, slugs};

/// The slugs, in their own order, of the seeded blogs that meet `condition`.
async fn found(db: &SupabasePool, condition: Expr) -> Vec<String> {
    const SEEDED: &str = "scratch-%";
    let query = db.from("blogs").select::<Slug>("slug").not(Expr::like("author", SEEDED));
    let query = query.filter(condition).order("slug", Order::ASC);
    slugs(db.execute_with_connection(query).await.unwrap())
}

#[tokio::test]
async fn each_condition_finds_what_it_means() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Service);
    let date = "2025-05-05T08:00:00+00:00";
    let drafts = ["draft-queues", "draft-sharding"].as_slice();
    let ada = ["pool-of-ten", "timeouts-outside-in"].as_slice();
    let cases: &[(Expr, &[&str])] = &[
        (Expr::eq("slug", "pool-of-ten"), &["pool-of-ten"]),
        (Expr::eq("id", 1), &["pool-of-ten"]),
        (!Expr::neq("author", "Ada Winter"), ada),
        (Expr::gt("published_at", date), &["observability-without-noise"]),
        (Expr::gte("published_at", date), &["observability-without-noise", "unicode-title"]),
        (Expr::lt("id", 2), &["pool-of-ten"]),
        (Expr::lte("id", 2), &["pool-of-ten", "rls-by-example"]),
        (Expr::like("slug", "re%"), &["reading-a-query-plan", "retry-but-not-that"]),
        (Expr::like("title", "%Queues"), &[]),
        (Expr::ilike("title", "%QUEUES"), &["draft-queues"]),
        (Expr::like("slug", "draft_queues"), &["draft-queues"]),
        (Expr::like("slug", r"draft\_queues"), &[]),
        (Expr::in_("id", [1, 2]), &["pool-of-ten", "rls-by-example"]),
        (Expr::in_("id", [0; 0]), &[]),
        (Expr::is_null("published_at"), drafts),
        (Expr::is_false("published"), drafts),
        (!Expr::is_true("published"), drafts),
        (Expr::is_unknown("published"), &[]),
        (Expr::contains("tags", ["http", "reliability"]), &["retry-but-not-that", "timeouts-outside-in"]),
        (Expr::contains("tags", ["odd, tag"]), &["quotes-commas-brackets"]),
        (
            Expr::contained_by("tags", ["unicode", "operations"]),
            &["draft-queues", "observability-without-noise", "unicode-title"],
        ),
        (
            Expr::overlaps("tags", ["operations", "pagination"]),
            &["cursors-or-pages", "observability-without-noise"],
        ),
        (Expr::raw("title", "fts(english).sharding"), &["draft-sharding"]),
    ];
    for (condition, expected) in cases {
        assert_eq!(found(&db, condition.clone()).await, *expected, "{condition:?}");
        // The same inside a tree, where values are written in another way.
        let inside = Expr::any([condition.clone(), Expr::eq("id", 0)]);
        assert_eq!(found(&db, inside).await, *expected, "or: {condition:?}");
    }
}

#[tokio::test]
async fn negation_takes_away_what_was_found_and_nothing_else() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Service);
    let all = found(&db, Expr::gt("id", 0)).await;
    assert_eq!(all.len(), 12);
    for condition in [
        Expr::eq("slug", "pool-of-ten"),
        Expr::in_("id", [1, 2, 3]),
        Expr::like("slug", "re%"),
        Expr::is_null("published_at"),
        Expr::contains("tags", ["postgres"]),
        Expr::any([Expr::eq("id", 1), Expr::eq("id", 2)]),
        Expr::all([Expr::gt("id", 1), Expr::lt("id", 4)]),
    ] {
        let with = found(&db, condition.clone()).await;
        let without = found(&db, !condition.clone()).await;
        let mut both = [with.clone(), without.clone()].concat();
        both.sort_by_key(|slug| all.iter().position(|known| known == slug));
        assert_eq!(both, all, "{condition:?}");
        assert!(!with.is_empty() && !without.is_empty(), "{condition:?}");
        assert_eq!(found(&db, !!condition.clone()).await, with, "{condition:?}");
    }
}

#[tokio::test]
async fn conditions_make_trees_of_any_depth() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Service);
    let tree = Expr::any([
        Expr::all([Expr::eq("author", "Ada Winter"), !Expr::like("title", "Why%")]),
        Expr::all([
            Expr::is_false("published"),
            Expr::any([Expr::contains("tags", ["postgres"]), Expr::eq("id", 0)]),
        ]),
        !Expr::any([Expr::neq("slug", "quotes-commas-brackets"), Expr::is_null("published_at")]),
    ]);
    let expected = ["draft-sharding", "quotes-commas-brackets", "timeouts-outside-in"];
    assert_eq!(found(&db, tree).await, expected);
}

#[tokio::test]
async fn conditions_of_one_query_all_have_to_hold() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let query = db.from("blogs").select::<Slug>("slug").is_true("published").is_not_null("published_at");
    let query = query.gt("id", 2).gt("id", 3).or([Expr::eq("id", 3), Expr::eq("id", 4)]);
    assert_eq!(slugs(db.execute_with_connection(query).await.unwrap()), ["timeouts-outside-in"]);
}
