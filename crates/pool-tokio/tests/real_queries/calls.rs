//! Calls of functions: by GET where they only read, by POST where they write or where a GET would change their meaning.

use std::time::Duration;

use http::Method;
use pool_tokio::pool_core::Priority;
use pool_tokio::pool_supabase::{Call, ErrorClass, Operation, Query, Role};
use pool_tokio::{Client, Order, Service};
use serde::Deserialize;
use serde_json::json;
use xtask::Pair;

use crate::scratch::Scratch;
use crate::{below, pool};

#[derive(Debug, Deserialize)]
struct Views {
    slug: String,
    #[serde(default)]
    title: Option<String>,
}

#[tokio::test]
async fn a_value_comes_back_by_either_method() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let (read, write) = (db.rpc::<i32>("ping", &()).read_only(), db.rpc::<i32>("ping", &()));
    assert_eq!((read.build().unwrap().method, write.build().unwrap().method), (Method::GET, Method::POST));
    assert_eq!(db.execute_with_connection(read).await.unwrap(), 1);
    assert_eq!(db.execute_with_connection(write).await.unwrap(), 1);
    let slow = |ms: Option<i32>| db.rpc::<Option<i32>>("slow", &json!({ "ms": ms })).read_only();
    assert_eq!(db.execute_with_connection(slow(Some(2))).await.unwrap(), Some(2));
    let nothing = slow(None);
    assert_eq!(nothing.build().unwrap().method, Method::POST, "null has no text in a URL");
    assert_eq!(db.execute_with_connection(nothing).await.unwrap(), None);
}

#[tokio::test]
async fn rows_of_a_function_are_chosen_ordered_and_filtered_like_those_of_a_table() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    for read_only in [true, false] {
        let call = db.rpc::<Vec<Views>>("blog_analytics", &json!({ "days": 36500 }));
        let call = if read_only { call.read_only() } else { call };
        let call = call.select("slug").like("slug", "r%").order("slug", Order::DESC).range(1..3);
        let rows = db.execute_with_connection(call).await.unwrap();
        let seen: Vec<_> = rows.iter().map(|row| row.slug.as_str()).collect();
        assert_eq!(seen, ["retry-but-not-that", "reading-a-query-plan"]);
        assert!(rows[0].title.is_none(), "not asked for");
    }
    let call = db.rpc::<Vec<Views>>("blog_analytics", &json!({ "days": 1 })).eq("slug", "unicode-title");
    let row = db.execute_with_connection(call.single()).await.unwrap();
    assert_eq!(row.title.as_deref(), Some("Größe, naïveté, 漢字"));
}

#[tokio::test]
async fn an_argument_that_looks_like_a_condition_stays_an_argument() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Anon), Scratch::new(&pair));
    // The function writes; that it is said to read only shows by which method it goes.
    let call = |viewer: &str, key: &str| {
        let arguments = json!({ "blog_id": 1, "viewer": viewer, "request_key": below(&scratch, key) });
        db.rpc::<i32>("record_blog_view", &arguments).read_only()
    };
    let harmless = call("somebody", "a");
    assert_eq!(harmless.build().unwrap().method, Method::GET);
    let error = db.execute_with_connection(harmless).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Request);
    assert_eq!(
        error.to_string(),
        "the service answered 405 25006: cannot execute UPDATE in a read-only transaction"
    );
    let seen =
        || pair.sql(&format!("select viewer from blog_views where request_key like '{}%'", scratch.name()));
    for (n, viewer) in ["eq.5", "not.in.(1)", "is(null)"].into_iter().enumerate() {
        let call = call(viewer, &n.to_string());
        assert_eq!(call.build().unwrap().method, Method::POST, "{viewer}");
        db.execute_with_connection(call).await.unwrap();
        assert_eq!(seen().unwrap(), viewer);
        pair.sql(&format!("delete from blog_views where request_key like '{}%'", scratch.name())).unwrap();
    }
}

#[tokio::test]
async fn a_request_key_makes_a_write_repeatable() {
    let pair = Pair::ensure().unwrap();
    let (db, scratch) = (pool(&pair, Role::Anon), Scratch::new(&pair));
    let arguments = json!({ "blog_id": 2, "viewer": scratch.name(), "request_key": scratch.name() });
    for _ in 0..3 {
        let call = db.rpc::<i32>("record_blog_view", &arguments).idempotent();
        assert!(db.execute_with_connection(call).await.unwrap() > 0);
    }
    let recorded = pair.sql(&format!("select count(*) from blog_views where viewer = '{}'", scratch.name()));
    assert_eq!(recorded.unwrap(), "1");
}

/// Views of the last days.
struct Analytics {
    days: i32,
}

impl Operation for Analytics {
    type Output = Vec<Views>;
    type Kind = Call;
    const NAME: &'static str = "analytics";
    const PRIORITY: Priority = Priority::Low;
    const TIMEOUT: Duration = Duration::from_secs(20);

    fn query(&self, db: &Client) -> Query<Vec<Views>, Call> {
        db.rpc("blog_analytics", &json!({ "days": self.days })).read_only()
    }
}

#[tokio::test]
async fn an_operation_runs_over_the_pool_and_is_counted() {
    let pair = Pair::ensure().unwrap();
    let service = Service::new(pool(&pair, Role::Anon));
    let rows = service.execute_with_pool(&Analytics { days: 7 }).await.unwrap();
    assert_eq!(rows.len(), 10);
    // As interval, more days than PostgreSQL can count.
    let error = service.execute_with_pool(&Analytics { days: i32::MAX }).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Data);
    let figures = &service.operations()["analytics"];
    assert_eq!((figures.succeeded, figures.failed, figures.dropped, figures.in_flight), (1, 1, 0, 0));
    assert_eq!(service.get_pool_status().stats.leases, 2);
}
