//! POST, PATCH and DELETE on tables.

use serde_json::json;
use supabase_sim::Simulator;

use crate::support::{Client, start};

const COURSES: &str = "/rest/v1/courses";

fn course(slug: &str) -> String {
    json!({ "title": "T", "slug": slug, "description": "D", "level": "beginner", "price": "12.345" })
        .to_string()
}

fn slugs(sim: &Simulator) -> String {
    Client::service(sim).get(&format!("{COURSES}?select=slug&id=gt.12&order=slug")).column("slug")
}

#[test]
fn an_insert_answers_as_preferred() {
    let sim = start();
    let mut client = Client::service(&sim);
    let plain = client.call("POST", COURSES, &[], &course("a"));
    assert_eq!((plain.status, plain.body.as_str(), plain.header("location")), (201, "", None));
    let headers = client.post(COURSES, "return=headers-only", &course("b"));
    assert_eq!((headers.status, headers.header("location")), (201, Some("/courses?id=eq.14")));
    let full =
        client.post(&format!("{COURSES}?select=id,price,published"), "return=representation", &course("c"));
    assert_eq!((full.status, full.json()), (201, json!([{ "id": 15, "price": 12.35, "published": false }])));
    let counted =
        client.post(COURSES, "return=minimal, count=exact", &format!("[{},{}]", course("d"), course("e")));
    assert_eq!((counted.status, counted.header("content-range")), (201, Some("*/2")));
    assert_eq!(client.post(COURSES, "return=representation", "[]").body, "[]");
    assert_eq!(slugs(&sim), r#""a" "b" "c" "d" "e""#);
}

#[test]
fn columns_decide_between_null_and_default() {
    let sim = start();
    let mut client = Client::service(&sim);
    let rows = r#"[{"title":"A","slug":"a","content":"","author":"","views":3,"ignored":1},
                   {"title":"B","slug":"b","content":"","author":""}]"#;
    let target = "/rest/v1/blogs?columns=%22title%22,slug,content,author,views&select=views";
    let null = client.post(target, "return=representation", rows);
    assert_eq!(null.error(), (400, "23502".to_owned()), "a listed column that is missing is null");
    let default = client.post(target, "return=representation,missing=default", rows);
    assert_eq!((default.status, default.column("views").as_str()), (201, "3 0"));
    assert_eq!(client.post("/rest/v1/blogs", "", rows).error(), (400, "PGRST102".to_owned()));
    let unknown = client.post("/rest/v1/blogs?columns=nope", "", "[{}]");
    assert_eq!(unknown.error(), (400, "PGRST204".to_owned()));
}

#[test]
fn an_upsert_merges_or_ignores() {
    let sim = start();
    let mut client = Client::service(&sim);
    let target = format!("{COURSES}?on_conflict=slug&select=id,title,level");
    let merge = "resolution=merge-duplicates,return=representation";
    let merged = client.post(&target, merge, &course("async-rust"));
    assert_eq!(
        (merged.status, merged.json()),
        (200, json!([{ "id": 4, "title": "T", "level": "beginner" }]))
    );
    let mixed = client.post(&target, merge, &format!("[{},{}]", course("async-rust"), course("new")));
    assert_eq!((mixed.status, mixed.json().as_array().map(Vec::len)), (201, Some(2)));
    let ignored =
        client.post(&target, "resolution=ignore-duplicates,return=representation", &course("http-in-depth"));
    assert_eq!((ignored.status, ignored.body.as_str()), (201, "[]"));
    let by_key = client.post(COURSES, "resolution=ignore-duplicates", &course("http-in-depth"));
    assert_eq!(
        by_key.error(),
        (409, "23505".to_owned()),
        "without on_conflict it is the primary key that counts"
    );
    let twice =
        client.post(&target, merge, &format!("[{},{}]", course("sql-from-zero"), course("sql-from-zero")));
    assert_eq!(twice.error(), (400, "21000".to_owned()));
    let no_constraint = client.post(&format!("{COURSES}?on_conflict=title"), merge, &course("x"));
    assert_eq!(no_constraint.error(), (400, "42P10".to_owned()));
}

#[test]
fn an_update_touches_what_it_means() {
    let sim = start();
    let mut client = Client::service(&sim);
    let target = format!("{COURSES}?level=eq.beginner&select=id,price");
    let minimal =
        client.call("PATCH", &target, &[("prefer", "return=minimal,count=exact")], r#"{"price":1}"#);
    assert_eq!((minimal.status, minimal.header("content-range")), (204, Some("0-3/4")));
    let full = client.call("PATCH", &target, &[("prefer", "return=representation")], r#"{"price":"2.5"}"#);
    assert_eq!((full.status, full.column("price").as_str()), (200, "2.5 2.5 2.5 2.5"));
    let nobody = client.call(
        "PATCH",
        &format!("{COURSES}?id=eq.99"),
        &[("prefer", "return=representation")],
        r#"{"price":1}"#,
    );
    assert_eq!((nobody.status, nobody.body.as_str()), (200, "[]"));
    let single = [("prefer", "return=representation"), ("accept", "application/vnd.pgrst.object+json")];
    let several = client.call("PATCH", &target, &single, r#"{"price":9}"#);
    assert_eq!(several.error(), (406, "PGRST116".to_owned()));
    let strict = [("prefer", "handling=strict,max-affected=3")];
    assert_eq!(
        client.call("PATCH", &target, &strict, r#"{"price":9}"#).error(),
        (400, "PGRST124".to_owned())
    );
    assert_eq!(client.get(&target).column("price"), "2.5 2.5 2.5 2.5", "both were taken back");
    assert_eq!(client.call("PATCH", COURSES, &[], r#"{"price":1}"#).error(), (400, "21000".to_owned()));
    assert_eq!(client.call("PATCH", &target, &[], r#"{"nope":1}"#).error(), (400, "PGRST204".to_owned()));
}

#[test]
fn a_delete_takes_its_children_along() {
    let sim = start();
    let mut client = Client::service(&sim);
    let answer = client.call(
        "DELETE",
        "/rest/v1/blogs?id=in.(2,3)&select=id",
        &[("prefer", "return=representation")],
        "",
    );
    assert_eq!((answer.status, answer.column("id").as_str()), (200, "2 3"));
    assert_eq!(client.get("/rest/v1/blog_views?blog_id=in.(2,3)").body, "[]");
    assert_eq!(client.call("DELETE", "/rest/v1/blogs?id=eq.2", &[], "").status, 204);
    assert_eq!(client.call("DELETE", "/rest/v1/blogs", &[], "").error(), (400, "21000".to_owned()));
}

#[test]
fn constraints_speak_as_postgresql_does() {
    let sim = start();
    let mut client = Client::service(&sim);
    let duplicate = client.call("POST", COURSES, &[], &course("async-rust"));
    assert_eq!(duplicate.error(), (409, "23505".to_owned()));
    let body = duplicate.json();
    assert_eq!(body["message"], "duplicate key value violates unique constraint \"courses_slug_key\"");
    assert_eq!(body["details"], "Key (slug)=(async-rust) already exists.");
    for (table, body, status, code) in [
        ("blog_views", r#"{"blog_id":99,"viewer":"v"}"#, 409, "23503"),
        ("blog_views", r#"{"viewer":"v"}"#, 400, "23502"),
        ("blog_views", r#"{"blog_id":"one","viewer":"v"}"#, 400, "22P02"),
        ("blog_views", r#"{"blog_id":1,"viewer":"v","nope":1}"#, 400, "PGRST204"),
        ("courses", r#"{"title":"","slug":"s","description":"","level":"beginner","price":1}"#, 400, "23514"),
        ("courses", r#"{"title":"t","slug":"s","description":"","level":"guru","price":1}"#, 400, "23514"),
        (
            "courses",
            r#"{"title":"t","slug":"s","description":"","level":"beginner","price":"dear"}"#,
            400,
            "22P02",
        ),
        (
            "courses",
            r#"{"title":"t","slug":"s","description":"","level":"beginner","price":1000000}"#,
            400,
            "22003",
        ),
        ("blog_views", r#"{"blog_id":1,"#, 400, "PGRST102"),
        ("blog_views", "[1]", 400, "PGRST102"),
        ("blog_views", "null", 400, "PGRST102"),
    ] {
        let answer = client.call("POST", &format!("/rest/v1/{table}"), &[], body);
        assert_eq!(answer.error(), (status, code.to_owned()), "{body}");
    }
    let half = client.call("POST", COURSES, &[], &format!("[{},{}]", course("fine"), course("async-rust")));
    assert_eq!((half.status, slugs(&sim).as_str()), (409, ""), "nothing of a failed insert stays");
}

#[test]
fn a_body_has_a_profile_and_a_type() {
    let sim = start();
    let mut client = Client::service(&sim);
    let profile = client.call("POST", COURSES, &[("content-profile", "private")], &course("a"));
    assert_eq!(profile.error(), (406, "PGRST106".to_owned()));
    let length = course("a").len().to_string();
    client.send("POST", COURSES, &[("content-type", "text/csv"), ("content-length", &length)], "");
    client.send_raw(course("a").as_bytes());
    assert_eq!(client.receive("POST").error(), (400, "PGRST102".to_owned()));
    assert_eq!(client.call("POST", COURSES, &[], "").error(), (400, "PGRST102".to_owned()));
}
