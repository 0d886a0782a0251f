//! Answers that are no answers: refused keys, missing tables, pages instead of JSON, half a body.

use std::time::{Duration, SystemTime};

use pool_tokio::SupabaseConfig;
use pool_tokio::pool_supabase::{Error, ErrorClass, Role};
use supabase_sim::{CannedAnswer, Ending, Fault, Framing, Simulator};
use xtask::Pair;

use crate::support::{Secrets, towards};
use crate::{pool, refusal};

/// What a read is told when `fault` meets it.
async fn told(fault: Fault) -> (ErrorClass, String) {
    let sim = Simulator::start().unwrap();
    let db = pool(SupabaseConfig::builder().url(sim.url()).key(sim.anon_key()));
    sim.inject(fault);
    let error = refusal(&db, &Secrets::new([sim.anon_key().to_owned(), sim.service_key().to_owned()])).await;
    (error.class(), error.to_string())
}

/// What a read is told when it is answered so.
async fn answered(answer: CannedAnswer) -> (ErrorClass, String) {
    told(Fault::answer(answer)).await
}

fn says(class: ErrorClass, text: &str) -> (ErrorClass, String) {
    (class, text.to_owned())
}

#[tokio::test]
async fn a_wrong_key_at_the_gateway() {
    let sim = Simulator::start().unwrap();
    let wrong = "sb_publishable_0000000000wrong";
    let db = pool(SupabaseConfig::builder().url(sim.url()).key(wrong));
    let error = refusal(&db, &Secrets::new([wrong.to_owned(), sim.anon_key().to_owned()])).await;
    assert_eq!(error.class(), ErrorClass::Config);
    assert_eq!(
        error.to_string(),
        "the service answered 401: Invalid API key; hint: Double check your Supabase `anon` or `service_role` API key.; \
         check the API key: the gateway does not accept it for this project"
    );
}

#[tokio::test]
async fn a_wrong_key_at_postgrest() {
    let pair = Pair::ensure().unwrap();
    let (claims, signature) = (pair.anon_key(), pair.service_key());
    let wrong = format!("{}.{}", claims.rsplit_once('.').unwrap().0, signature.rsplit_once('.').unwrap().1);
    let secrets = Secrets::new([wrong.clone(), claims, signature]);
    let error = refusal(&pool(towards(&pair, Role::Anon).key(wrong)), &secrets).await;
    assert_eq!(error.class(), ErrorClass::Auth);
    assert_eq!(
        error.to_string(),
        "the service answered 401 PGRST301: JWSError JWSInvalidSignature; \
         check the API key, or the user's token: the service does not accept what was sent"
    );
}

#[tokio::test]
async fn an_expired_key() {
    let pair = Pair::ensure().unwrap();
    let expired = pair.token("anon", SystemTime::now() - Duration::from_secs(3600));
    let secrets = Secrets::new([expired.clone()]);
    let error = refusal(&pool(towards(&pair, Role::Anon).key(expired)), &secrets).await;
    assert_eq!(error.class(), ErrorClass::Auth);
    assert_eq!(
        error.to_string(),
        "the service answered 401 PGRST301: JWT expired; \
         check the API key, or the user's token: the service does not accept what was sent"
    );
}

#[tokio::test]
async fn a_wrong_path() {
    let pair = Pair::ensure().unwrap();
    let db = pool(towards(&pair, Role::Anon).rest_path("/rest/v1/"));
    let error = refusal(&db, &Secrets::new([pair.anon_key()])).await;
    // PostgREST without a gateway takes the first segment for a table.
    assert_eq!((error.class(), error.api().unwrap().status.as_u16()), (ErrorClass::Config, 404));
    assert_eq!(
        error.to_string(),
        "the service answered 404: Not Found; check the project URL and the REST path: nothing is served there"
    );
}

#[tokio::test]
async fn an_unknown_table() {
    let pair = Pair::ensure().unwrap();
    let db = pool(towards(&pair, Role::Anon));
    let query = db.from("blog").select::<serde_json::Value>("id");
    let error = db.execute_with_connection(query).await.unwrap_err();
    Secrets::new([pair.anon_key()]).are_not_in_error(&error);
    assert_eq!(error.class(), ErrorClass::Schema);
    assert_eq!(error.to_string(), r#"the service answered 404 42P01: relation "public.blog" does not exist"#);
}

#[tokio::test]
async fn a_page_instead_of_rows() {
    assert_eq!(
        answered(CannedAnswer::html_ok()).await,
        says(
            ErrorClass::Decode,
            "the answer (200) is text/html, not JSON: check that the URL leads to PostgREST; \
             it begins: Please sign in to the network"
        )
    );
    assert_eq!(
        answered(CannedAnswer::edge(521)).await,
        says(
            ErrorClass::Unavailable,
            "the service answered 521: sim.local | 521 Error 521 The web server is not returning a connection."
        )
    );
    assert_eq!(
        answered(CannedAnswer::envoy_unreachable()).await,
        says(
            ErrorClass::Unavailable,
            "the service answered 503: upstream connect error or disconnect/reset before headers. reset reason: connection \
             failure, transport failure reason: delayed connect error: 111"
        )
    );
}

#[tokio::test]
async fn a_body_that_is_not_what_it_says() {
    let json = |body: &str| CannedAnswer::new(200, "application/json; charset=utf-8", body);
    for (body, says) in [
        (r#"[{"id":1},{"i"#, r#"is cut short; it begins: [{"id":1},{"i"#),
        (
            r#"[{"id":1},]"#,
            r#"is not valid JSON: trailing comma at line 1 column 11; it begins: [{"id":1},]"#,
        ),
        ("", "is cut short"),
        (
            r#"{"id":1}"#,
            r#"does not fit the type asked for: invalid type: map, expected a sequence at line 1 column 0; it begins: {"id":1}"#,
        ),
    ] {
        assert_eq!(answered(json(body)).await, (ErrorClass::Decode, format!("the answer (200) {says}")));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off() {
    let cut = |framing| Fault::CutBody { framing, ending: Ending::Close };
    for framing in [Framing::Length, Framing::Chunked] {
        assert_eq!(
            told(cut(framing)).await,
            says(ErrorClass::Connection, "the answer was cut short while reading the body of the answer"),
            "{framing:?}"
        );
    }
    assert_eq!(
        told(Fault::reset()).await,
        says(ErrorClass::Connection, "the peer reset the connection while waiting for the answer")
    );
}

#[tokio::test]
async fn a_project_that_does_not_serve() {
    assert_eq!(
        answered(CannedAnswer::project_paused()).await,
        says(
            ErrorClass::Paused,
            "the service answered 540: Project paused; the project is paused: restore it in the Supabase dashboard"
        )
    );
    assert_eq!(
        answered(CannedAnswer::too_many_requests(Duration::from_secs(7))).await,
        says(ErrorClass::Overload, "the service answered 429: API rate limit exceeded; it asks to wait 7s")
    );
    assert_eq!(
        answered(CannedAnswer::no_database()).await,
        says(
            ErrorClass::Unavailable,
            "the service answered 503 PGRST000: Database connection error. Retrying the connection."
        )
    );
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_sent() {
    let sim = Simulator::start().unwrap();
    let db = pool(SupabaseConfig::builder().url(sim.url()).key(sim.anon_key()));
    let (key, token) = (sim.anon_key(), sim.user_token(SystemTime::now() + Duration::from_secs(3600)));
    let secrets = Secrets::new([key.to_owned(), token.clone()]);
    let echo = format!("apikey: {key}, authorization: Bearer {token}");
    let object =
        serde_json::json!({ "code": "XX000", "message": echo, "details": echo, "hint": echo }).to_string();
    let list =
        serde_json::json!({ "code": "PGRST201", "message": "m", "details": [{ "sent": echo }] }).to_string();
    for answer in [
        CannedAnswer::new(500, "application/json", object),
        CannedAnswer::new(300, "application/json", list),
        CannedAnswer::new(500, "text/plain", echo.clone()),
        CannedAnswer::new(500, "text/html", format!("<html><body>{echo}</body></html>")),
        CannedAnswer::new(200, "text/plain", echo.clone()),
        CannedAnswer::new(200, "application/json", serde_json::json!(echo).to_string()),
        CannedAnswer::new(200, "application/json", echo.clone()),
        CannedAnswer::new(200, &format!("text/{key}"), ""),
        CannedAnswer::postgrest(500, &token, "m"),
    ] {
        sim.heal();
        sim.inject(Fault::answer(answer));
        let error = refusal(&db, &secrets).await;
        assert!(matches!(error, Error::Api(_) | Error::Decode { .. }), "it is one of the service's answers");
    }
}
