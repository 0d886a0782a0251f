//! GET and HEAD on tables.

use serde_json::json;

use crate::support::{Client, start};

const BLOGS: &str = "/rest/v1/blogs";

#[test]
fn filters_find_their_rows() {
    let sim = start();
    let mut client = Client::service(&sim);
    for (filter, ids) in [
        ("id=eq.3", "3"),
        ("id=neq.3&id=lte.4", "1 2 4"),
        ("id=gt.10", "11 12"),
        ("id=gte.11", "11 12"),
        ("id=lt.2", "1"),
        ("id=not.gt.2", "1 2"),
        ("title=like.A*", "11 12"),
        ("title=like.*a%25draft*", ""),
        ("title=ilike.*POOL*", "1"),
        ("title=like(any).{R*,T*}", "2 3 4 5"),
        ("title=ilike(all).{*retry*,*that}", "5"),
        ("slug=eq(any).{rls-by-example,unicode-title}", "2 9"),
        ("id=in.(1,3,99)", "1 3"),
        ("id=not.in.(1,2,3,4,5,6,7,8)", "9 10 11 12"),
        ("id=in.()", ""),
        ("published_at=is.null", "11 12"),
        ("published_at=is.not_null&id=lt.3", "1 2"),
        ("published_at=not.is.null&id=lt.3", "1 2"),
        ("published=is.false", "11 12"),
        ("published=eq.false", "11 12"),
        ("published_at=isdistinct.2025-01-06T08:00Z&id=lt.3", "2"),
        ("published_at=lt.2025-02-01", "1 2"),
        ("tags=cs.{postgres,pooling}", "1"),
        ("tags=cs.{%22odd, tag%22}", "8"),
        ("tags=cd.{unicode,operations}", "9 10 12"),
        ("tags=ov.{pagination,security}", "2 6"),
        ("or=(id.eq.1,and(id.gt.4,id.lt.7))", "1 5 6"),
        ("not.or=(id.gt.2,id.eq.1)", "2"),
        ("and=(id.gt.2,not.or(id.gt.4,id.eq.3))", "4"),
        ("or=(id.in.(1,2),slug.not.neq.unicode-title)", "1 2 9"),
    ] {
        let answer = client.get(&format!("{BLOGS}?select=id&order=id&{}", filter.replace(' ', "%20")));
        assert_eq!((answer.status, answer.column("id").as_str()), (200, ids), "{filter}");
    }
}

#[test]
fn quoting_is_postgrests() {
    let sim = start();
    let mut client = Client::connect(&sim);
    // The title of blog 8 is: Quotes, "commas", and (brackets)
    for filter in [
        "title=eq.Quotes,%20%22commas%22,%20and%20(brackets)",
        "title=eq.Quotes,+%22commas%22,+and+(brackets)",
        "title=in.(x,%22Quotes,%20%5C%22commas%5C%22,%20and%20(brackets)%22)",
        "or=(title.eq.%22Quotes,%20%5C%22commas%5C%22,%20and%20(brackets)%22,id.eq.99)",
        "or=(content.like.%22*a%5C%5C%5C%5Cb,%20c*%22)",
        "content=like.*a%5C%5Cb,%20c*",
        "%22title%22=like.*(brackets)",
    ] {
        assert_eq!(client.get(&format!("{BLOGS}?select=id&{filter}")).column("id"), "8", "{filter}");
    }
    let quoted = client.get(&format!("{BLOGS}?slug=eq.%22pool-of-ten%22"));
    assert_eq!(quoted.body, "[]", "at the top level quotes are part of the value");
    let unicode = client.get(&format!(
        "{BLOGS}?select=author&title=eq.Gr%C3%B6%C3%9Fe,%20na%C3%AFvet%C3%A9,%20%E6%BC%A2%E5%AD%97"
    ));
    assert_eq!(unicode.column("author"), "\"Grüß Gott\"");
}

#[test]
fn columns_are_chosen_renamed_and_embedded() {
    let sim = start();
    let mut client = Client::service(&sim);
    let answer = client.get("/rest/v1/courses?select=id,name:title,price,created_at&id=eq.3");
    let course = json!({
        "id": 3, "name": "Rust for backend people", "price": 99.5, "created_at": "2025-01-16T09:00:00+00:00"
    });
    assert_eq!(answer.json(), json!([course]));
    assert!(answer.body.starts_with("[{\"id\":3,\"name\":"), "members come in the order of the list");
    assert!(answer.body.contains("\"price\":99.50"), "numerics keep their scale");
    let views = client.get("/rest/v1/blog_views?select=viewer,blogs(slug)&id=eq.1");
    assert_eq!(views.json(), json!([{ "viewer": "reader-1", "blogs": { "slug": "rls-by-example" } }]));
    let blogs = client.get(&format!("{BLOGS}?select=id,seen:blog_views(request_key)&id=eq.1"));
    let keys = json!([{ "request_key": "seed-5" }, { "request_key": "seed-10" }]);
    assert_eq!(blogs.json(), json!([{ "id": 1, "seen": keys }]));
    let all = client.get(&format!("{BLOGS}?id=eq.12"));
    assert_eq!(all.json()[0].as_object().map(serde_json::Map::len), Some(9));
}

#[test]
fn order_and_page_and_count_agree() {
    let sim = start();
    let mut client = Client::service(&sim);
    for (query, ids) in [
        ("order=published_at.desc&limit=3", "11 12 10"),
        ("order=published_at.desc.nullslast&limit=2", "10 9"),
        ("order=published_at&limit=1", "1"),
        ("order=published_at.asc.nullsfirst,id.desc&limit=3", "12 11 1"),
        ("order=views.desc,id.desc&limit=3", "3 2 5"),
        ("order=id&limit=2&offset=4", "5 6"),
        ("order=id&limit=0", ""),
        ("order=id&offset=50", ""),
    ] {
        let answer = client.get(&format!("{BLOGS}?select=id&{query}"));
        assert_eq!((answer.status, answer.column("id").as_str()), (200, ids), "{query}");
    }
    for (query, status, range) in [
        ("limit=5", 206, "0-4/12"),
        ("", 200, "0-11/12"),
        ("id=gt.5&limit=2&offset=4", 206, "4-5/7"),
        ("id=eq.99", 200, "*/0"),
        ("offset=12", 206, "*/12"),
    ] {
        for kind in ["exact", "planned", "estimated"] {
            let prefer = format!("count={kind}");
            let answer = client.call("GET", &format!("{BLOGS}?{query}"), &[("prefer", &prefer)], "");
            assert_eq!((answer.status, answer.header("content-range")), (status, Some(range)), "{query}");
            assert_eq!(answer.header("preference-applied"), Some(prefer.as_str()));
        }
    }
    let uncounted = client.get(&format!("{BLOGS}?limit=5"));
    assert_eq!((uncounted.status, uncounted.header("content-range")), (200, Some("0-4/*")));
    let past = client.call("GET", &format!("{BLOGS}?offset=13"), &[("prefer", "count=exact")], "");
    assert_eq!(past.error(), (416, "PGRST103".to_owned()));
    assert_eq!(past.header("content-range"), Some("*/12"));
}

#[test]
fn a_head_is_a_get_without_a_body() {
    let sim = start();
    let mut client = Client::connect(&sim);
    let answer = client.call("HEAD", &format!("{BLOGS}?limit=2"), &[("prefer", "count=exact")], "");
    assert_eq!((answer.status, answer.header("content-range")), (206, Some("0-1/10")));
    assert_eq!(
        client.get(&format!("{BLOGS}?select=id&limit=1")).column("id"),
        "1",
        "nothing was left on the wire"
    );
}

#[test]
fn one_object_is_exactly_one_row() {
    let sim = start();
    let mut client = Client::connect(&sim);
    let object = [("accept", "application/vnd.pgrst.object+json")];
    let one = client.call("GET", &format!("{BLOGS}?select=id&id=eq.7"), &object, "");
    assert_eq!((one.status, one.body.as_str()), (200, "{\"id\":7}"));
    assert_eq!(one.header("content-type"), Some("application/vnd.pgrst.object+json; charset=utf-8"));
    for (filter, rows) in [("id=eq.99", 0), ("id=lt.4", 3)] {
        let answer = client.call("GET", &format!("{BLOGS}?{filter}"), &object, "");
        assert_eq!(answer.error(), (406, "PGRST116".to_owned()));
        assert_eq!(answer.json()["details"], format!("The result contains {rows} rows"));
    }
}

#[test]
fn what_is_not_understood_is_an_error() {
    let sim = start();
    let mut client = Client::connect(&sim);
    for (target, status, code) in [
        ("/rest/v1/blogs?nope=eq.1", 400, "42703"),
        ("/rest/v1/blogs?select=nope", 400, "42703"),
        ("/rest/v1/blogs?order=nope", 400, "42703"),
        ("/rest/v1/blogs?or=(nope.eq.1)", 400, "42703"),
        ("/rest/v1/blogs?select=id,courses(id)", 400, "PGRST200"),
        ("/rest/v1/nope", 404, "PGRST205"),
        ("/rest/v1/blogs?id=1", 400, "PGRST100"),
        ("/rest/v1/blogs?id=in.(1", 400, "PGRST100"),
        ("/rest/v1/blogs?select=id,,title", 400, "PGRST100"),
        ("/rest/v1/blogs?order=id.upward", 400, "PGRST100"),
        ("/rest/v1/blogs?limit=few", 400, "PGRST100"),
        ("/rest/v1/blogs?limit=-1", 416, "PGRST103"),
        ("/rest/v1/blogs?on_conflict=id", 400, "PGRST100"),
        ("/rest/v1/blogs?columns=id", 400, "PGRST100"),
        ("/rest/v1/blogs?id=eq.one", 400, "22P02"),
        ("/rest/v1/blogs?id=in.(1,two)", 400, "22P02"),
        ("/rest/v1/blogs?published=eq.maybe", 400, "22P02"),
        ("/rest/v1/blogs?tags=cs.rust", 400, "22P02"),
        ("/rest/v1/blogs?views=eq.99999999999", 400, "22003"),
        ("/rest/v1/blogs?published_at=gt.yesterday", 400, "22007"),
        ("/rest/v1/blogs?title=is.true", 400, "42804"),
        ("/rest/v1/blogs?id=like.1*", 404, "42883"),
        ("/rest/v1/blogs?title=fts.pool", 400, "PGRST127"),
        ("/rest/v1/blogs?select=id::text", 400, "PGRST127"),
        ("/rest/v1/blogs?select=id.sum()", 400, "PGRST123"),
        ("/rest/v1/", 404, "PGRST126"),
        ("/rest/v2/blogs", 404, "PGRST125"),
    ] {
        assert_eq!(client.get(target).error(), (status, code.to_owned()), "{target}");
    }
    for (name, value, status, code) in [
        ("accept", "text/csv", 406, "PGRST107"),
        ("accept", "application/vnd.pgrst.object+json;nulls=stripped", 406, "PGRST107"),
        ("accept-profile", "private", 406, "PGRST106"),
        ("prefer", "count=roughly", 400, "PGRST122"),
        ("prefer", "tx=rollback", 400, "PGRST122"),
    ] {
        let answer = client.call("GET", BLOGS, &[(name, value)], "");
        assert_eq!(answer.error(), (status, code.to_owned()), "{name}: {value}");
        assert_eq!(answer.header("proxy-status"), Some(format!("PostgREST; error={code}").as_str()));
    }
    assert_eq!(client.call("PUT", BLOGS, &[], "{}").error(), (400, "PGRST127".to_owned()));
    assert_eq!(client.call("GET", BLOGS, &[("accept-profile", "public")], "").status, 200);
}
