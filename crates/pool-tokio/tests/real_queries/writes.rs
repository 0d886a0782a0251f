//! Writes do what they say, give back what was asked for, and are undone where they do not fit.

use pool_tokio::pool_supabase::{ErrorClass, Page, Role};
use pool_tokio::{Count, Order, SupabasePool};
use serde::Serialize;
use serde_json::{Value, json};
use xtask::Pair;

use crate::scratch::Scratch;
use crate::{Blog, below, pool};

#[derive(Serialize)]
struct Draft {
    slug: String,
    title: &'static str,
    content: &'static str,
    author: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    views: Option<i32>,
}

fn draft(scratch: &Scratch<'_>, slug: &str) -> Draft {
    let (slug, author) = (below(scratch, slug), scratch.name().to_owned());
    Draft { slug, title: "T", content: "C", author, tags: None, views: None }
}

/// The rows of this test, in the order in which they were written.
async fn rows(db: &SupabasePool, scratch: &Scratch<'_>) -> Vec<Blog> {
    let query = db.from("blogs").select("*").eq("author", scratch.name()).order("id", Order::ASC);
    db.execute_with_connection(query).await.unwrap()
}

#[tokio::test]
async fn an_insert_gives_nothing_back_or_what_was_asked_for() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Service), Scratch::new(&pair));
    let nothing: () =
        db.execute_with_connection(db.from("blogs").insert(&draft(&scratch, "a"))).await.unwrap();
    assert_eq!(nothing, ());
    let query = db.from("blogs").insert(&draft(&scratch, "b")).returning::<Blog>("id,slug,views");
    let back = db.execute_with_connection(query).await.unwrap();
    assert_eq!(back[0].slug, below(&scratch, "b"));
    assert!(back[0].title.is_empty(), "not asked for");
    let query = db.from("blogs").insert(&draft(&scratch, "c")).returning::<Blog>("*").single();
    let one = db.execute_with_connection(query).await.unwrap();
    assert_eq!(rows(&db, &scratch).await.last(), Some(&one));
    assert_eq!(rows(&db, &scratch).await.len(), 3);
}

#[tokio::test]
async fn of_many_rows_each_may_have_other_keys() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Service), Scratch::new(&pair));
    let many = [
        draft(&scratch, "a"),
        Draft { tags: Some(vec!["x"]), ..draft(&scratch, "b") },
        Draft { views: Some(7), ..draft(&scratch, "c") },
    ];
    // What a row lacks is null, and these columns may not be.
    let error = db.execute_with_connection(db.from("blogs").insert(&many)).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Data);
    assert!(error.to_string().starts_with("the service answered 400 23502: null value in column"), "{error}");
    assert_eq!(rows(&db, &scratch).await, [], "all or nothing");
    let query = db.from("blogs").insert(&many).missing_as_default();
    db.execute_with_connection(query).await.unwrap();
    let written = rows(&db, &scratch).await;
    let seen: Vec<_> = written.iter().map(|row| (row.tags.join(" "), row.views)).collect();
    assert_eq!(seen, [(String::new(), 0), ("x".into(), 0), (String::new(), 7)]);
}

#[tokio::test]
async fn an_upsert_changes_what_is_there_and_adds_what_is_not() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Service), Scratch::new(&pair));
    db.execute_with_connection(db.from("blogs").insert(&draft(&scratch, "a"))).await.unwrap();
    let again =
        [Draft { views: Some(5), ..draft(&scratch, "a") }, Draft { views: Some(6), ..draft(&scratch, "b") }];
    let upsert = || db.from("blogs").upsert(&again).on_conflict(["slug"]);
    let views = async || rows(&db, &scratch).await.iter().map(|row| row.views).collect::<Vec<_>>();
    db.execute_with_connection(upsert().ignore_duplicates()).await.unwrap();
    assert_eq!(views().await, [0, 6], "what is there stays as it is");
    let back = db.execute_with_connection(upsert().idempotent().returning::<Blog>("views")).await.unwrap();
    assert_eq!(back.iter().map(|row| row.views).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(views().await, [5, 6]);
    let error = db.execute_with_connection(db.from("blogs").upsert(&again)).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict, "by the primary key, which is not given");
}

#[tokio::test]
async fn an_update_changes_the_rows_that_it_finds_and_no_others() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Service), Scratch::new(&pair));
    let two = [draft(&scratch, "a"), draft(&scratch, "b")];
    db.execute_with_connection(db.from("blogs").insert(&two)).await.unwrap();
    let change =
        |views: i32| db.from("blogs").update(&json!({ "views": views })).eq("author", scratch.name());
    let views = async || rows(&db, &scratch).await.iter().map(|row| row.views).collect::<Vec<_>>();
    db.execute_with_connection(change(1).eq("slug", below(&scratch, "a"))).await.unwrap();
    assert_eq!(views().await, [1, 0]);
    let back = db.execute_with_connection(change(2).returning::<Blog>("slug,views")).await.unwrap();
    assert_eq!(back.iter().map(|row| row.views).collect::<Vec<_>>(), [2, 2]);
    let page = change(3).returning::<Value>("id").count(Count::Exact);
    let Page { rows: changed, count, .. } = db.execute_with_connection(page).await.unwrap();
    assert_eq!((changed.len(), count), (2, Some(2)));
    let none = change(4).eq("slug", "nothing").returning::<Blog>("*");
    assert_eq!(db.execute_with_connection(none).await.unwrap(), []);
    let error = db.execute_with_connection(change(5).returning::<Blog>("*").single()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Cardinality);
    assert_eq!(views().await, [3, 3], "two were found where one was meant: undone");
}

#[tokio::test]
async fn a_delete_removes_the_rows_that_it_finds_and_gives_them_back() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Service), Scratch::new(&pair));
    let three = ["a", "b", "c"].map(|slug| draft(&scratch, slug));
    db.execute_with_connection(db.from("blogs").insert(&three)).await.unwrap();
    let delete = |slug: &str| db.from("blogs").delete().eq("slug", below(&scratch, slug));
    db.execute_with_connection(delete("a")).await.unwrap();
    let gone = db.execute_with_connection(delete("b").returning::<Blog>("slug").single()).await.unwrap();
    assert_eq!(gone.slug, below(&scratch, "b"));
    assert_eq!(rows(&db, &scratch).await[0].slug, below(&scratch, "c"));
    assert_eq!(rows(&db, &scratch).await.len(), 1);
}

#[tokio::test]
async fn what_would_touch_every_row_is_not_sent_by_mistake() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let error = db.execute_with_connection(db.from("blogs").delete()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the delete on \"blogs\" cannot be sent: it has no filter and would touch every row: add one, or say all_rows()"
    );
    let error =
        db.execute_with_connection(db.from("blogs").update(&json!({ "views": 0 }))).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Request);
    // Said and meant, it is the server that refuses.
    let error = db.execute_with_connection(db.from("blogs").delete().all_rows()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Permission);
    assert_eq!(db.pool().stats().leases, 1, "the others took no connection");
}
