//! What each query looks like on the wire.

use http::Method;
use pool_http::{Request, Safety};
use pool_supabase::query::{Filtered, Select};
use pool_supabase::{Client, Count, Error, Expr, Order, Query, SupabaseConfig, Token, token::Epoch};
use serde_json::{Value, json};

const ANON_JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2ln";

fn client() -> Client {
    Client::new(
        &SupabaseConfig::builder()
            .url("http://localhost")
            .key("sb_publishable_x")
            .rest_path("/")
            .build()
            .unwrap(),
    )
}

fn select() -> Query<Vec<Value>, Select> {
    client().from("blogs").select("*")
}

fn target<T, K>(query: &Query<T, K>) -> String {
    query.build().unwrap().target.to_string()
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(|value| value.to_str().unwrap())
}

fn problem<T, K>(query: &Query<T, K>) -> String {
    match query.build() {
        Err(error @ Error::Build(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_filter() {
    fn with<K: Filtered>(_: &Query<Vec<Value>, K>) {}
    with(&select());
    let cases = [
        (select().eq("id", 7), "id=eq.7"),
        (select().neq("title", "a b"), "title=neq.a%20b"),
        (select().gt("n", 1.5), "n=gt.1.5"),
        (select().gte("n", 1), "n=gte.1"),
        (select().lt("n", -1), "n=lt.-1"),
        (select().lte("n", i64::MAX), "n=lte.9223372036854775807"),
        (select().like("title", "%50\\%"), "title=like.%2550%5C%25"),
        (select().ilike("title", "a*"), "title=ilike.a*"),
        (select().in_("id", [1, 2]), "id=in.(1,2)"),
        (select().in_("title", ["a,b", "c"]), "title=in.(%22a,b%22,c)"),
        (select().in_("id", [0_i64; 0]), "id=in.()"),
        (select().is_null("x"), "x=is.null"),
        (select().is_not_null("x"), "x=not.is.null"),
        (select().is_true("x"), "x=is.true"),
        (select().is_false("x"), "x=is.false"),
        (select().is_unknown("x"), "x=is.unknown"),
        (select().contains("tags", ["a"]), "tags=cs.%7B%22a%22%7D"),
        (select().contained_by("tags", ["a"]), "tags=cd.%7B%22a%22%7D"),
        (select().overlaps("tags", [1]), "tags=ov.%7B%221%22%7D"),
        (select().not(Expr::eq("id", 1)), "id=not.eq.1"),
        (
            select().or([Expr::eq("a", 1), Expr::all([Expr::gt("b", 2), !Expr::is_null("c")])]),
            "or=(a.eq.1,and(b.gt.2,c.not.is.null))",
        ),
        (select().not(Expr::any([Expr::eq("a", "x,y")])), "not.or=(a.eq.%22x,y%22)"),
        (select().filter(Expr::raw("body", "fts(english).cat")), "body=fts(english).cat"),
        (select().raw("author.limit", "3"), "author.limit=3"),
        (select().eq("data->>city", "Köln"), "data-%3E%3Ecity=eq.K%C3%B6ln"),
        (select().eq("order", 1), "%22order%22=eq.1"),
        (select().eq("a", 1).eq("a", "b+c"), "a=eq.1&a=eq.b%2Bc"),
    ];
    for (query, expected) in cases {
        assert_eq!(target(&query), format!("/blogs?select=*&{expected}"));
    }
}

#[test]
fn order_and_pages() {
    let cases = [
        (select().order("a", Order::ASC), "order=a.asc"),
        (
            select().order("a", Order::DESC.nulls_last()).order("b", Order::ASC.nulls_first()),
            "order=a.desc.nullslast,b.asc.nullsfirst",
        ),
        (select().limit(3).offset(6), "limit=3&offset=6"),
        (select().range(20..30), "limit=10&offset=20"),
        (select().range(20..=29), "limit=10&offset=20"),
        (select().range(..5), "limit=5&offset=0"),
        (select().range(5..), "offset=5"),
    ];
    for (query, expected) in cases {
        assert_eq!(target(&query), format!("/blogs?select=*&{expected}"));
    }
}

#[test]
fn the_shape_of_the_answer_is_asked_for_in_headers() {
    let list = select().build().unwrap();
    assert_eq!((header(&list, "accept"), header(&list, "prefer")), (Some("application/json"), None));
    let one = select().single().build().unwrap();
    assert_eq!(header(&one, "accept"), Some("application/vnd.pgrst.object+json"));
    let maybe = select().maybe_single().build().unwrap();
    assert_eq!(header(&maybe, "accept"), Some("application/json"));
    assert_eq!(maybe.target, "/blogs?select=*&limit=2");
    for (count, expected) in [
        (Count::Exact, "count=exact"),
        (Count::Planned, "count=planned"),
        (Count::Estimated, "count=estimated"),
    ] {
        assert_eq!(header(&select().count(count).build().unwrap(), "prefer"), Some(expected));
    }
}

#[test]
fn columns_lose_the_spaces_that_mean_nothing() {
    let query: Query<Vec<Value>> =
        client().from("blogs").select("id, \"two words\",\n  author:authors ( name )");
    assert_eq!(target(&query), "/blogs?select=id,%22two%20words%22,author:authors(name)");
}

#[test]
fn inserts() {
    let one = client().from("blogs").insert(&json!({"title": "x"})).build().unwrap();
    assert_eq!(
        (one.method.clone(), one.target.as_str(), &one.body[..]),
        (Method::POST, "/blogs", &br#"{"title":"x"}"#[..])
    );
    assert_eq!(header(&one, "prefer"), Some("return=minimal"));
    assert_eq!(header(&one, "content-type"), Some("application/json"));
    assert_eq!((one.meta.safety, one.meta.operation), (Safety::Unsafe, "insert"));

    let many = client().from("blogs").insert(&json!([{"b": 1}, {"a": 2, "b\"c": 3}])).missing_as_default();
    assert_eq!(target(&many), "/blogs?columns=%22a%22,%22b%22,%22b%5C%22c%22");
    assert_eq!(header(&many.build().unwrap(), "prefer"), Some("return=minimal,missing=default"));

    let back = client()
        .from("blogs")
        .insert(&json!({"title": "x"}))
        .returning::<Value>("id")
        .single()
        .build()
        .unwrap();
    assert_eq!(back.target, "/blogs?select=id");
    assert_eq!(header(&back, "prefer"), Some("return=representation"));
    assert_eq!(header(&back, "accept"), Some("application/vnd.pgrst.object+json"));
}

#[test]
fn upserts() {
    let query = client()
        .from("t")
        .upsert(&json!({"slug": "a", "lang": "de"}))
        .on_conflict(["slug", "lang"])
        .idempotent();
    let request = query.build().unwrap();
    assert_eq!(request.target, "/t?on_conflict=%22slug%22,%22lang%22");
    assert_eq!(header(&request, "prefer"), Some("return=minimal,resolution=merge-duplicates"));
    assert_eq!(request.meta.safety, Safety::Idempotent);
    let ignoring = client().from("t").upsert(&json!({"a": 1})).ignore_duplicates().build().unwrap();
    assert_eq!(header(&ignoring, "prefer"), Some("return=minimal,resolution=ignore-duplicates"));
    assert_eq!(ignoring.meta.safety, Safety::Unsafe, "nobody said that it may be repeated");
}

#[test]
fn updates_and_deletes_want_a_filter() {
    let update = client().from("t").update(&json!({"a": 1}));
    assert_eq!(
        problem(&update),
        "the update on \"t\" cannot be sent: it has no filter and would touch every row: add one, or say all_rows()"
    );
    let request = update.clone().eq("id", 1).returning::<Value>("*").build().unwrap();
    assert_eq!((request.method.clone(), request.target.as_str()), (Method::PATCH, "/t?select=*&id=eq.1"));
    assert_eq!(target(&update.all_rows()), "/t");
    let delete = client().from("t").delete();
    assert!(delete.build().is_err());
    let request = delete.clone().in_("id", [1]).build().unwrap();
    assert_eq!(
        (request.method.clone(), request.target.as_str(), request.body.len()),
        (Method::DELETE, "/t?id=in.(1)", 0)
    );
    assert_eq!(header(&request, "content-type"), None);
    assert_eq!(target(&delete.all_rows()), "/t");
}

#[test]
fn calls_are_posts_unless_they_only_read() {
    let arguments = json!({"a": 1, "tags": ["x", "y"], "text": "a b"});
    let call = client().rpc::<Vec<Value>>("search", &arguments);
    let request = call.build().unwrap();
    assert_eq!((request.method.clone(), request.target.as_str()), (Method::POST, "/rpc/search"));
    assert_eq!(
        (serde_json::from_slice::<Value>(&request.body).unwrap(), request.meta.safety),
        (arguments, Safety::Unsafe)
    );
    let read = call.read_only().select("id").gt("id", 3).limit(5).build().unwrap();
    assert_eq!(
        (read.method.clone(), read.target.as_str()),
        (Method::GET, "/rpc/search?select=id&id=gt.3&limit=5&a=1&tags=%7B%22x%22,%22y%22%7D&text=a%20b")
    );
    assert_eq!((read.meta.safety, read.body.len()), (Safety::Safe, 0));
    let none = client().rpc::<()>("ping", &()).read_only().build().unwrap();
    assert_eq!((none.method.clone(), none.target.as_str()), (Method::GET, "/rpc/ping"));
}

#[test]
fn an_argument_is_the_same_number_to_its_last_bit() {
    let number = 7.406180613319727e-302;
    let request = client().rpc::<Value>("f", &json!({ "a": number })).read_only().build().unwrap();
    assert_eq!(request.target, "/rpc/f?a=7.406180613319727e-302");
    assert_eq!(serde_json::from_str::<f64>("7.406180613319727e-302").unwrap(), number, "nor when it is read");
}

#[test]
fn a_read_whose_arguments_do_not_fit_into_a_query_stays_a_post() {
    let long = "x".repeat(9000);
    let arguments = [
        json!({"a": null}),
        json!({"a": {"b": 1}}),
        json!({"a": [[1]]}),
        json!({"a": "eq.5"}),
        json!({"a": "not.x"}),
        json!({"a": "fts(english).x"}),
        json!({"a": "is"}),
        json!({"order": "x"}),
        json!({"a.b": 1}),
        json!({"a": long}),
    ];
    for arguments in arguments {
        let request = client().rpc::<Value>("f", &arguments).read_only().build().unwrap();
        assert_eq!(
            (request.method.clone(), request.target.as_str()),
            (Method::POST, "/rpc/f"),
            "{arguments}"
        );
        assert_eq!(request.meta.safety, Safety::Safe, "its author says that it only reads");
        assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), arguments);
    }
}

#[test]
fn keys_and_tokens_go_where_they_may() {
    let build = |key: &str| {
        let config =
            SupabaseConfig::builder().url("http://localhost").key(key).schema("api").build().unwrap();
        Client::new(&config).from("t").select::<Value>("*").build().unwrap()
    };
    let new = build("sb_publishable_x");
    assert_eq!((header(&new, "apikey"), header(&new, "authorization")), (Some("sb_publishable_x"), None));
    let mut legacy = build(ANON_JWT);
    assert_eq!(header(&legacy, "apikey"), Some(ANON_JWT));
    assert_eq!(header(&legacy, "authorization"), Some(format!("Bearer {ANON_JWT}").as_str()));
    let user = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYXV0aGVudGljYXRlZCJ9.c2ln";
    Client::authorize(&mut legacy, &Token::new(user, Epoch(1)).unwrap());
    assert_eq!(header(&legacy, "authorization"), Some(format!("Bearer {user}").as_str()));
    assert_eq!(header(&legacy, "apikey"), Some(ANON_JWT));
    assert!(header(&new, "user-agent").unwrap().starts_with("supabase-pool/"));
    assert_eq!(header(&new, "x-client-info"), header(&new, "user-agent"));
}

#[test]
fn the_schema_is_named_for_reads_and_writes() {
    let config = SupabaseConfig::builder().url("http://localhost").key("x").schema("api").build().unwrap();
    let client = Client::new(&config);
    let read = client.from("t").select::<Value>("*").build().unwrap();
    assert_eq!((header(&read, "accept-profile"), header(&read, "content-profile")), (Some("api"), None));
    let write = client.from("t").insert(&json!({})).build().unwrap();
    assert_eq!((header(&write, "accept-profile"), header(&write, "content-profile")), (None, Some("api")));
}

#[test]
fn everything_that_is_wrong_with_a_query_is_told_at_once() {
    let query = client().from("a/b").select::<Value>(" ").eq("x y/", 1).or([]).order("p.q", Order::ASC);
    assert_eq!(
        problem(&query),
        "the select on \"a/b\" cannot be sent: no columns are selected: name some, or write *; \
         the name contains a slash, a question mark, two dots in a row or a control character"
    );
    let query = client().from("b").select::<Value>("*").eq("x(y", 1).or([]).order("p.q", Order::ASC);
    assert_eq!(
        problem(&query),
        "the select on \"b\" cannot be sent: \
         the column \"x(y\" contains a character that needs double quotes around the name, as in \"odd:name\"; \
         any() has no conditions: PostgREST has no form for that; \
         the order by \"p.q\" names an embedded resource: use raw() for that"
    );
    let long = select().in_("id", 0..4000);
    assert!(
        problem(&long)
            .ends_with("at most 8000 get through the gateways: split long lists, or call a function")
    );
    for rows in [json!(1), json!("x"), json!(null), json!([1])] {
        assert!(client().from("t").insert(&rows).build().is_err(), "{rows}");
    }
    assert!(client().from("t").update(&json!([{}])).eq("id", 1).build().is_err());
    assert!(client().rpc::<()>("f", &json!([1])).build().is_err());
    assert_eq!(
        problem(&select().or([Expr::eq("author.name", "x")])),
        "the select on \"blogs\" cannot be sent: \
         the column author.name of an embedded resource cannot stand inside any() or all()"
    );
}

#[test]
fn a_query_is_built_the_same_every_time_and_its_debug_shows_no_values() {
    let query = select().eq("email", "someone@example.com");
    assert_eq!(query.build().unwrap().target, query.clone().build().unwrap().target);
    assert!(!format!("{query:?}").contains("someone"));
}
