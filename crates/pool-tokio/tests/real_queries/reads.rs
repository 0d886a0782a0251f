//! Rows as they are asked for: which columns, in which order, which of them, and how many there are.

use pool_tokio::pool_supabase::{ErrorClass, Page, Role};
use pool_tokio::{Count, Order};
use serde::Deserialize;
use xtask::Pair;

use crate::{Blog, Slug, pool, slugs};

/// The published blogs, oldest first.
const PUBLISHED: [&str; 10] = [
    "pool-of-ten",
    "rls-by-example",
    "reading-a-query-plan",
    "timeouts-outside-in",
    "retry-but-not-that",
    "cursors-or-pages",
    "indexes-you-do-not-need",
    "quotes-commas-brackets",
    "unicode-title",
    "observability-without-noise",
];

#[tokio::test]
async fn rows_come_typed_and_in_the_order_that_was_asked_for() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let query = db.from("blogs").select::<Blog>("*").order("published_at", Order::DESC).limit(2);
    let rows = db.execute_with_connection(query).await.unwrap();
    assert_eq!(rows[0].slug, PUBLISHED[9]);
    assert_eq!(rows[1].title, "Größe, naïveté, 漢字");
    assert_eq!(rows[1].tags, ["unicode"]);
    assert_eq!(rows[1].published_at.as_deref(), Some("2025-05-05T08:00:00+00:00"));
    let query = db.from("blogs").select("slug").order("published_at", Order::ASC);
    assert_eq!(slugs(db.execute_with_connection(query).await.unwrap()), PUBLISHED);
}

#[tokio::test]
async fn equal_rows_are_ordered_by_the_next_column_and_nulls_where_they_were_wished() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Service);
    let drafts = ["draft-queues", "draft-sharding"];
    let query = |order: Order| {
        let of = PUBLISHED[..2].iter().chain(&drafts).copied();
        let query = db.from("blogs").select::<Slug>("slug").in_("slug", of);
        query.order("published_at", order).order("slug", Order::ASC)
    };
    let rows = async |order| slugs(db.execute_with_connection(query(order)).await.unwrap());
    assert_eq!(rows(Order::ASC).await, [PUBLISHED[0], PUBLISHED[1], drafts[0], drafts[1]]);
    assert_eq!(rows(Order::ASC.nulls_first()).await, [drafts[0], drafts[1], PUBLISHED[0], PUBLISHED[1]]);
    assert_eq!(rows(Order::DESC).await, [drafts[0], drafts[1], PUBLISHED[1], PUBLISHED[0]]);
    assert_eq!(rows(Order::DESC.nulls_last()).await, [PUBLISHED[1], PUBLISHED[0], drafts[0], drafts[1]]);
}

#[tokio::test]
async fn a_range_is_a_part_of_the_whole() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let all = || db.from("blogs").select::<Slug>("slug").order("published_at", Order::ASC);
    let rows = async |query| slugs(db.execute_with_connection(query).await.unwrap());
    assert_eq!(rows(all().range(2..5)).await, PUBLISHED[2..5]);
    assert_eq!(rows(all().range(2..=4)).await, PUBLISHED[2..5]);
    assert_eq!(rows(all().range(8..)).await, PUBLISHED[8..]);
    assert_eq!(rows(all().limit(3).offset(1)).await, PUBLISHED[1..4]);
    assert_eq!(rows(all().range(10..12)).await, [""; 0], "past the end, and nobody counts");
    assert_eq!(rows(all().limit(0)).await, [""; 0]);
}

#[tokio::test]
async fn one_row_is_one_row_and_any_other_number_is_an_error() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let of = |slug: &str| db.from("blogs").select::<Slug>("slug").like("slug", slug);
    assert_eq!(db.execute_with_connection(of("pool-of-ten").single()).await.unwrap().slug, "pool-of-ten");
    for (pattern, says) in [
        (
            "nothing",
            "JSON object requested, multiple (or no) rows returned; details: The result contains 0 rows",
        ),
        ("r%", "JSON object requested, multiple (or no) rows returned; details: The result contains 3 rows"),
    ] {
        let error = db.execute_with_connection(of(pattern).single()).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Cardinality);
        assert_eq!(error.to_string(), format!("the service answered 406 PGRST116: {says}"));
    }
    let found = db.execute_with_connection(of("pool-of-ten").maybe_single()).await.unwrap();
    assert_eq!(found.map(|row| row.slug).as_deref(), Some("pool-of-ten"));
    assert!(db.execute_with_connection(of("nothing").maybe_single()).await.unwrap().is_none());
    let error = db.execute_with_connection(of("r%").maybe_single()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Cardinality);
    assert_eq!(
        error.to_string(),
        "the service answered 406 PGRST116: at most one row was asked for, and the answer has 2 or more"
    );
}

#[tokio::test]
async fn a_page_knows_how_many_rows_there_are_in_all() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let all = || db.from("blogs").select::<Slug>("slug").order("published_at", Order::ASC);
    let page = async |query| -> (usize, Option<u64>, Option<(u64, u64)>) {
        let Page { rows, count, range, .. } = db.execute_with_connection(query).await.unwrap();
        (rows.len(), count, range.map(|range| range.into_inner()))
    };
    assert_eq!(page(all().count(Count::Exact)).await, (10, Some(10), Some((0, 9))), "answered with 200");
    let part = all().range(4..7).count(Count::Exact);
    assert_eq!(page(part).await, (3, Some(10), Some((4, 6))), "answered with 206");
    let beyond = all().range(20..30).count(Count::Exact);
    assert_eq!(page(beyond).await, (0, Some(10), None), "answered with 416");
    let none = all().eq("slug", "nothing").count(Count::Exact);
    assert_eq!(page(none).await, (0, Some(0), None));
    for guess in [Count::Planned, Count::Estimated] {
        let (rows, count, range) = page(all().limit(2).count(guess)).await;
        assert_eq!((rows, range), (2, Some((0, 1))));
        assert!(count.is_some(), "{guess:?} gives some number");
    }
}

#[tokio::test]
async fn columns_are_renamed_cast_and_taken_from_other_tables() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        name: String,
        number: String,
        seen: Vec<Seen>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Seen {
        request_key: String,
    }
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Service);
    let query = db.from("blogs").select::<Row>("name:slug, number:id::text, seen:blog_views( request_key )");
    let query = query.in_("seen.request_key", ["seed-5", "seed-10"]).eq("slug", "pool-of-ten").single();
    let mut row = db.execute_with_connection(query).await.unwrap();
    row.seen.sort_by(|one, other| one.request_key.cmp(&other.request_key));
    let seen = |key: &str| Seen { request_key: key.into() };
    assert_eq!(row.seen, [seen("seed-10"), seen("seed-5")]);
    assert_eq!((row.name.as_str(), row.number.as_str()), ("pool-of-ten", "1"));
}

#[tokio::test]
async fn a_schema_is_asked_for_by_name() {
    let pair = Pair::ensure().unwrap();
    let with = |schema: &str| {
        let config = crate::support::towards(&pair, Role::Anon).schema(schema).build().unwrap();
        pool_tokio::connect(&config).unwrap()
    };
    let db = with("public");
    let ping = db.rpc::<i32>("ping", &()).read_only();
    assert_eq!(db.execute_with_connection(ping).await.unwrap(), 1);
    let error = {
        let db = with("private");
        db.execute_with_connection(db.from("blogs").select::<Slug>("slug")).await.unwrap_err()
    };
    assert_eq!(error.class(), ErrorClass::Request);
    assert_eq!(
        error.to_string(),
        "the service answered 406 PGRST106: The schema must be one of the following: public"
    );
}
