//! How error answers are read and what they say: the exact text of every kind of error.

mod answers;

use std::time::Duration;

use answers::{answer, error_answer, json_answer};
use pool_core::AcquireErrorKind;
use pool_http::{Outcome, Phase, Response, RetryAction, Safety, TransportError, TransportErrorKind};
use pool_supabase::error::{ErrorSource, Stage};
use pool_supabase::{ApiError, Client, Code, Error, ErrorClass, Page, Query, SupabaseConfig};
use serde_json::{Value, json};

fn read(response: &Response) -> ApiError {
    ApiError::from_response(response)
}

fn client() -> Client {
    Client::new(&SupabaseConfig::builder().url("http://localhost").key("sb_publishable_x").build().unwrap())
}

fn select() -> Query<Vec<i64>> {
    client().from("blogs").select("id")
}

#[test]
fn details_may_be_a_text_nothing_or_a_list() {
    let with = |details: Value| {
        json!({"code": "PGRST201", "message": "m", "details": details, "hint": "h"}).to_string()
    };
    assert_eq!(read(&json_answer(300, with(json!("why")))).details, Some(json!("why")));
    assert_eq!(read(&json_answer(300, with(Value::Null))).details, None);
    let candidates = json!([{"relationship": "a"}, {"relationship": "b"}]);
    let error = read(&json_answer(300, with(candidates.clone())));
    assert_eq!(error.details, Some(candidates));
    assert_eq!(error.to_string(), "the service answered 300 PGRST201: m; details: 2 candidates; hint: h");
}

#[test]
fn the_code_of_an_answer_without_body_is_in_proxy_status() {
    let error = read(&answer(503, &[("proxy-status", "PostgREST; error=PGRST002")], ""));
    assert_eq!((error.code.clone(), error.source), (Some(Code::Postgrest(2)), ErrorSource::Postgrest));
    assert_eq!(error.to_string(), "the service answered 503 PGRST002: Service Unavailable");
}

#[test]
fn an_empty_code_says_that_the_database_went_away() {
    let lost = read(&json_answer(400, r#"{"code":"","details":null,"hint":null,"message":""}"#));
    assert_eq!((lost.class(), lost.source), (ErrorClass::Unavailable, ErrorSource::Postgrest));
    assert_eq!(lost.action(Safety::Safe), RetryAction::after(Duration::ZERO));
    assert_eq!(lost.action(Safety::Unsafe), RetryAction::No, "it may have run");
    assert_eq!(lost.to_string(), "the service answered 400: the connection to the database was lost");
    assert!(Error::from(lost).is_connection_error());
}

#[test]
fn the_dialects_of_gateways_are_understood() {
    let kong =
        json_answer(401, r#"{"message":"No API key found in request","hint":"No `apikey` request header"}"#);
    assert_eq!(
        read(&kong).to_string(),
        "the service answered 401: No API key found in request; hint: No `apikey` request header; \
         check the API key: the gateway does not accept it for this project"
    );
    let auth = json_answer(429, r#"{"code":429,"error_code":"over_request_rate_limit","msg":"Too many"}"#);
    let error = read(&auth);
    assert_eq!(error.code, Some(Code::Other("over_request_rate_limit".into())));
    assert_eq!((error.message.as_str(), error.source), ("Too many", ErrorSource::Gateway));
}

#[test]
fn any_body_at_all_keeps_the_status() {
    let bodies =
        ["", "{", "[]", "null", "\"text\"", "{\"code\":7,\"message\":null}", "<html", "\u{feff}", "\0\0"];
    for media_type in ["application/json", "text/html", ""] {
        for body in bodies {
            let error = read(&answer(502, &[("content-type", media_type)], body));
            assert_eq!(
                (error.status.as_u16(), error.class()),
                (502, ErrorClass::Unavailable),
                "{media_type} {body}"
            );
            assert!(!error.message.is_empty(), "{media_type} {body}");
        }
    }
    let mut response = json_answer(500, "");
    response.body = vec![0xff, 0xfe, 0x00].into();
    assert_eq!(read(&response).status.as_u16(), 500);
}

#[test]
fn every_kind_of_error_says_what_happened_and_what_to_do() {
    let api = |response: Response| Error::from(read(&response)).to_string();
    assert_eq!(
        api(error_answer(404, "42P01", "relation \"public.blog\" does not exist")),
        "the service answered 404 42P01: relation \"public.blog\" does not exist"
    );
    assert_eq!(
        api(answer(
            521,
            &[("content-type", "text/html")],
            "<title>x.supabase.co | 521: Web server is down</title>"
        )),
        "the service answered 521: x.supabase.co | 521: Web server is down"
    );
    assert_eq!(
        api(answer(540, &[], "")),
        "the service answered 540: project paused; the project is paused: restore it in the Supabase dashboard"
    );
    assert_eq!(
        api(json_answer(402, r#"{"message":"exceed_egress_quota"}"#)),
        "the service answered 402: exceed_egress_quota; \
         the project is restricted: see its usage and billing in the Supabase dashboard"
    );
    assert_eq!(
        api(answer(404, &[("content-type", "text/plain")], "no Route matched")),
        "the service answered 404: no Route matched; check the project URL and the REST path: nothing is served there"
    );
    let busy = [("content-type", "application/json"), ("retry-after", "8")];
    assert_eq!(
        api(answer(
            503,
            &busy,
            r#"{"code":"PGRST002","message":"Could not query the database for the schema cache. Retrying."}"#
        )),
        "the service answered 503 PGRST002: Could not query the database for the schema cache. Retrying.; it asks to wait 8s"
    );
    let refused = TransportError::new(Phase::Connect, TransportErrorKind::Refused).at("127.0.0.1:54321");
    assert_eq!(
        Error::from(refused).to_string(),
        "127.0.0.1:54321: the peer refused while connecting; check the port, and that the service runs"
    );
    let acquire = Error::Acquire {
        kind: AcquireErrorKind::Timeout,
        retry_after: None,
        source: "no connection within 10s".into(),
    };
    assert_eq!(
        (acquire.to_string().as_str(), acquire.class()),
        ("no connection within 10s", ErrorClass::Timeout)
    );
    assert_eq!(Error::Closed.to_string(), "the pool is closed: open a new one to run queries");
}

#[test]
fn a_deadline_carries_the_last_error() {
    let last = Error::from(read(&error_answer(
        503,
        "PGRST000",
        "Database connection error. Retrying the connection.",
    )));
    let error = Error::Deadline { stage: Stage::Retry, last: Some(Box::new(last)) };
    assert_eq!(
        error.to_string(),
        "the deadline came before the next attempt could begin; the last error: \
         the service answered 503 PGRST000: Database connection error. Retrying the connection."
    );
    assert_eq!((error.class(), error.code()), (ErrorClass::Timeout, Some(&Code::Postgrest(0))));
    assert!(error.is_timeout() && error.is_connection_error());
    let texts =
        [Stage::Acquire, Stage::Request].map(|stage| Error::Deadline { stage, last: None }.to_string());
    assert_eq!(texts[0], "the deadline came while waiting for a connection");
    assert_eq!(texts[1], "the deadline came while waiting for the answer");
}

#[test]
fn a_success_that_is_not_json_is_an_error() {
    let page = answer(200, &[("content-type", "text/html")], "<html><body>Log in to the Wi-Fi</body></html>");
    let error = select().decode(&page).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the answer (200) is text/html, not JSON: check that the URL leads to PostgREST; it begins: Log in to the Wi-Fi"
    );
    assert_eq!(error.class(), ErrorClass::Decode);
    assert_eq!(error.action(Safety::Safe), RetryAction::After { min: Duration::ZERO, at_most: Some(1) });
    assert_eq!(error.action(Safety::Unsafe), RetryAction::No, "a write may have run");
    let write = client().from("blogs").insert(&json!({"title": "x"}));
    assert!(write.decode(&page).is_err(), "nor does it pass for a write");
}

#[test]
fn a_body_cut_short_is_an_error_and_ends_the_connection() {
    let error = select().decode(&json_answer(200, "[1,2")).unwrap_err();
    assert_eq!(error.to_string(), "the answer (200) is cut short; it begins: [1,2");
    assert_eq!(error.outcome(), Outcome::BROKEN);
    assert_eq!(
        select().decode(&json_answer(200, "[1,]")).unwrap_err().to_string(),
        "the answer (200) is not valid JSON: trailing comma at line 1 column 4; it begins: [1,]"
    );
    assert_eq!(
        select().decode(&json_answer(200, r#"["x"]"#)).unwrap_err().to_string(),
        "the answer (200) does not fit the type asked for: invalid type: string \"x\", expected i64 at line 1 column 4; \
         it begins: [\"x\"]"
    );
}

#[test]
fn answers_become_what_was_asked_for() {
    let rows = |body: &str| json_answer(200, body);
    assert_eq!(select().decode(&rows("[1,2]")).unwrap(), [1, 2]);
    assert_eq!(select().maybe_single().decode(&rows("[]")).unwrap(), None);
    assert_eq!(select().maybe_single().decode(&rows("[4]")).unwrap(), Some(4));
    let error = select().maybe_single().decode(&rows("[4,5]")).unwrap_err();
    assert_eq!((error.class(), error.code()), (ErrorClass::Cardinality, Some(&Code::Postgrest(116))));
    let object = answer(200, &[("content-type", "application/vnd.pgrst.object+json")], "7");
    assert_eq!(select().single().decode(&object).unwrap(), 7);
    let write = client().from("blogs").insert(&json!({"title": "x"}));
    assert!(write.decode(&answer(201, &[], "")).is_ok());
    assert!(client().rpc::<()>("f", &()).decode(&answer(204, &[], "")).is_ok());
    assert_eq!(client().rpc::<Option<i64>>("f", &()).decode(&rows("null")).unwrap(), None);
}

#[test]
fn a_page_knows_its_place_and_one_past_the_end_is_empty() {
    let page = |status, range: &str, body: &str| -> Result<Page<i64>, Error> {
        let headers = [("content-type", "application/json"), ("content-range", range)];
        select().count(pool_supabase::Count::Exact).decode(&answer(status, &headers, body))
    };
    let full = page(206, "2-3/10", "[3,4]").unwrap();
    assert_eq!((full.rows, full.count, full.range), (vec![3, 4], Some(10), Some(2..=3)));
    let unknown = page(200, "0-1/*", "[3,4]").unwrap();
    assert_eq!((unknown.count, unknown.range), (None, Some(0..=1)));
    let empty = page(200, "*/0", "[]").unwrap();
    assert_eq!((empty.count, empty.range), (Some(0), None));
    assert_eq!(page(200, "1-0/4", "[]").unwrap().range, None, "which ends before it begins");
    let past =
        page(416, "*/10", r#"{"code":"PGRST103","message":"Requested range not satisfiable"}"#).unwrap();
    assert_eq!((past.rows, past.count, past.range), (vec![], Some(10), None));
    assert!(page(416, "", "gone").is_err(), "a gateway's 416 is an error");
}

#[test]
fn an_echoed_key_is_not_repeated() {
    let secrets = ["sb_secret_topsecret", "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2ln"];
    for secret in secrets {
        let bodies = [
            error_answer(401, "PGRST301", &format!("cannot decode {secret}")),
            json_answer(
                401,
                json!({"message": "m", "details": secret, "hint": format!("'{secret}'")}).to_string(),
            ),
            answer(401, &[("content-type", "text/html")], format!("<p>Authorization: Bearer {secret}</p>")),
        ];
        for response in bodies {
            let error = Error::from(read(&response));
            assert!(!format!("{error} {error:?}").contains(secret));
        }
        let error =
            client().rpc::<i64>("f", &()).decode(&json_answer(200, json!(secret).to_string())).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret));
        let error = client().rpc::<i64>("f", &()).decode(&answer(200, &[("content-type", secret)], "1"));
        let shown = format!("{error:?}").to_lowercase();
        assert!(shown.contains("[redacted]") && !shown.contains(&secret.to_lowercase()), "{shown}");
    }
}
