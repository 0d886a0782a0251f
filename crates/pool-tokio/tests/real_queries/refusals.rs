//! What the service refuses comes back as one typed error with its own words, and the connection goes on.

use std::time::{Duration, SystemTime};

use pool_tokio::pool_core::{CloseReason, Outcome};
use pool_tokio::pool_http::{HttpConnection, Limits};
use pool_tokio::pool_supabase::{ApiError, CallOptions, Error, ErrorClass, Role};
use pool_tokio::{Expr, SupabasePool};
use serde_json::{Value, json};
use xtask::Pair;

use crate::pool;
use crate::support::{LONG, towards};

/// Runs what is refused; gives the class of the error and its words.
macro_rules! refused {
    ($db:expr, $query:expr) => {{
        let error = $db.execute_with_connection($query).await.unwrap_err();
        (error.class(), error.to_string())
    }};
}

fn says(class: ErrorClass, text: &str) -> (ErrorClass, String) {
    (class, format!("the service answered {text}"))
}

/// None of this was the connection's fault: one has served them all.
fn one_connection_served(db: &SupabasePool, requests: u64) {
    let stats = db.pool().stats();
    assert_eq!((stats.leases, stats.opened, stats.retries), (requests, 1, 0));
    assert_eq!(stats.closed, [0; CloseReason::ALL.len()]);
}

#[tokio::test]
async fn a_name_that_does_not_exist() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Service);
    assert_eq!(
        refused!(db, db.from("blog").select::<Value>("id")),
        says(ErrorClass::Schema, r#"404 42P01: relation "public.blog" does not exist"#)
    );
    assert_eq!(
        refused!(db, db.from("blogs").select::<Value>("headline")),
        says(ErrorClass::Schema, "400 42703: column blogs.headline does not exist")
    );
    assert_eq!(
        refused!(db, db.from("blogs").select::<Value>("id,writers(name)")),
        says(
            ErrorClass::Schema,
            "400 PGRST200: Could not find a relationship between 'blogs' and 'writers' in the schema cache; details: Searched for a \
             foreign key relationship between 'blogs' and 'writers' in the schema 'public', but no matches were found."
        )
    );
    assert_eq!(
        refused!(db, db.from("blogs").insert(&[json!({ "headline": 1 })])),
        says(ErrorClass::Schema, "400 PGRST204: Column 'headline' of relation 'blogs' does not exist")
    );
    assert_eq!(
        refused!(db, db.rpc::<i32>("pong", &json!({ "a": 1 }))),
        says(
            ErrorClass::Schema,
            "404 PGRST202: Could not find the function public.pong(a) in the schema cache; details: Searched for the function \
             public.pong with parameter a or with a single unnamed json/jsonb parameter, but no matches were found in the schema \
             cache.; hint: Perhaps you meant to call the function public.ping"
        )
    );
    one_connection_served(&db, 5);
}

#[tokio::test]
async fn a_value_that_does_not_fit() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Service);
    assert_eq!(
        refused!(db, db.from("blogs").select::<Value>("id").eq("id", "seven")),
        says(ErrorClass::Data, r#"400 22P02: invalid input syntax for type bigint: "seven""#)
    );
    let view = |blog: i64| json!({ "blog_id": blog, "viewer": "nobody", "request_key": "seed-1" });
    assert_eq!(
        refused!(db, db.from("blog_views").insert(&view(1))),
        says(
            ErrorClass::Conflict,
            "409 23505: duplicate key value violates unique constraint \"blog_views_request_key_key\"; \
             details: Key (request_key)=(seed-1) already exists."
        )
    );
    assert_eq!(
        refused!(db, db.from("blog_views").insert(&json!({ "blog_id": -1, "viewer": "nobody" }))),
        says(
            ErrorClass::Conflict,
            "409 23503: insert or update on table \"blog_views\" violates foreign key constraint \"blog_views_blog_id_fkey\"; \
             details: Key (blog_id)=(-1) is not present in table \"blogs\"."
        )
    );
    let (class, text) = refused!(db, db.from("blogs").update(&json!({ "views": -1 })).eq("id", 1));
    assert_eq!(class, ErrorClass::Data);
    let start = r#"the service answered 400 23514: new row for relation "blogs" violates check constraint "blogs_views_check""#;
    assert!(text.starts_with(start), "{text}");
    one_connection_served(&db, 4);
}

#[tokio::test]
async fn what_the_role_may_not_do() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let denied = |table: &str, status: u16| {
        says(ErrorClass::Permission, &format!("{status} 42501: permission denied for table {table}"))
    };
    assert_eq!(refused!(db, db.from("blogs").delete().eq("id", 0)), denied("blogs", 401));
    assert_eq!(refused!(db, db.from("blog_views").select::<Value>("*")), denied("blog_views", 401));
    one_connection_served(&db, 2);
    let token = pair.token("authenticated", SystemTime::now() + Duration::from_secs(3600));
    let user = pool_tokio::connect(&towards(&pair, Role::Anon).key(token).build().unwrap()).unwrap();
    assert_eq!(refused!(user, user.from("blogs").delete().eq("id", 0)), denied("blogs", 403));
}

#[tokio::test]
async fn a_query_in_words_that_postgrest_does_not_know() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let blogs = || db.from("blogs").select::<Value>("id");
    let (class, text) = refused!(db, blogs().filter(Expr::raw("id", "above.3")));
    assert_eq!(class, ErrorClass::Request);
    assert!(
        text.starts_with(r#"the service answered 400 PGRST100: "failed to parse filter (above.3)""#),
        "{text}"
    );
    let (class, text) = refused!(db, blogs().raw("order", "id.sideways"));
    assert_eq!(class, ErrorClass::Request);
    assert!(
        text.starts_with(r#"the service answered 400 PGRST100: "failed to parse order (id.sideways)""#),
        "{text}"
    );
    one_connection_served(&db, 2);
}

#[tokio::test]
async fn a_body_that_is_not_json() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    // The builder writes no such thing, so the body is spoilt behind its back.
    let mut request = db.from("blog_views").insert(&json!({ "blog_id": 1, "viewer": "x" })).build().unwrap();
    request.body = request.body.slice(..request.body.len() - 1);
    let mut lease = db.pool().acquire().await.unwrap();
    let answer = lease.send(request, Limits::within(LONG)).await.unwrap();
    lease.release(Outcome::Success);
    let error = Error::from(ApiError::from_response(&answer));
    assert_eq!(error.class(), ErrorClass::Request);
    assert_eq!(error.to_string(), "the service answered 400 PGRST102: Empty or invalid json");
    one_connection_served(&db, 1);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_cut_off_and_a_write_is_not_repeated() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let slow = || db.rpc::<i32>("slow", &json!({ "ms": 60_000 }));
    assert_eq!(
        refused!(db, slow()),
        says(ErrorClass::Timeout, "500 57014: canceling statement due to statement timeout")
    );
    one_connection_served(&db, 1);
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_repeated_once_within_the_callers_time() {
    let pair = Pair::ensure().unwrap();
    let db = pool(&pair, Role::Anon);
    let slow = db.rpc::<i32>("slow", &json!({ "ms": 60_000 })).read_only();
    let error = db.execute_with_connection(slow.clone()).await.unwrap_err();
    assert_eq!((error.class(), db.pool().stats().retries), (ErrorClass::Timeout, 1));
    let options = CallOptions { timeout: Duration::from_millis(200), ..CallOptions::default() };
    let error = db.execute_with_options(slow, options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the deadline came while waiting for the answer; the last error: the time limit was reached while waiting for the answer"
    );
    assert_eq!(db.pool().stats().closed_for(CloseReason::Broken), 1, "an answer is still under way on it");
}
