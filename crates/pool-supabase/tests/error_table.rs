//! Every row of the tables of PostgREST codes, SQLSTATEs and gateway statuses: class, blame, and what a retry may do to a
//! read, to an idempotent write and to any other write.

mod answers;

use std::time::Duration;

use ErrorClass::{
    Auth, Cardinality, Config, Conflict, Contention, Data, Operator, Overload, Paused, Permission, Request,
    Restricted, Schema, Server, Timeout, Unavailable,
};
use FaultClass::{Application, Connection, Endpoint, Saturation};
use answers::{answer, error_answer};
use pool_http::{FaultClass, Response, RetryAction, Safety};
use pool_supabase::{ApiError, Error, ErrorClass};

/// What may be done, in the words of the tables.
#[derive(Clone, Copy, Debug, PartialEq)]
enum May {
    /// Nothing.
    Never,
    /// Again if it is harmless.
    R,
    /// Again, whatever it is: it did not run.
    R1,
    /// Again, whatever it is, after a second at least.
    Slowly,
    /// A read once more.
    Once,
    /// A new credential.
    T,
    /// A second's wait, twice at most, whatever it is.
    Skew,
}
use May::{Never, Once, R, R1, Skew, Slowly, T};

fn expected(may: May) -> [RetryAction; 3] {
    let again = RetryAction::after(Duration::ZERO);
    let no = RetryAction::No;
    match may {
        Never => [no; 3],
        R => [again, again, no],
        R1 => [again; 3],
        Slowly => [RetryAction::after(Duration::from_secs(1)); 3],
        Once => [RetryAction::After { min: Duration::ZERO, at_most: Some(1) }, no, no],
        T => [RetryAction::RefreshCredential; 3],
        Skew => [RetryAction::After { min: Duration::from_secs(1), at_most: Some(2) }; 3],
    }
}

fn check(
    name: &str,
    response: &Response,
    class: ErrorClass,
    blame: FaultClass,
    may: May,
    connection_error: bool,
) {
    let api = ApiError::from_response(response);
    assert_eq!(api.status, response.status, "{name}: the status is never lost");
    assert_eq!((api.class(), api.blame()), (class, blame), "{name}");
    let error = Error::from(api);
    let actions = [Safety::Safe, Safety::Idempotent, Safety::Unsafe].map(|safety| error.action(safety));
    assert_eq!(actions, expected(may), "{name}");
    assert_eq!(error.is_connection_error(), connection_error, "{name}");
}

#[test]
fn postgrest_codes() {
    let table: &[(&str, u16, ErrorClass, FaultClass, May, bool)] = &[
        ("PGRST000", 503, Unavailable, Endpoint, R1, true),
        ("PGRST001", 503, Unavailable, Endpoint, R, true),
        ("PGRST002", 503, Unavailable, Endpoint, R1, true),
        ("PGRST003", 504, Overload, Saturation, Slowly, true),
        ("PGRST100", 400, Request, Application, Never, false),
        ("PGRST101", 405, Request, Application, Never, false),
        ("PGRST102", 400, Request, Application, Never, false),
        ("PGRST103", 416, Request, Application, Never, false),
        ("PGRST105", 405, Request, Application, Never, false),
        ("PGRST106", 406, Request, Application, Never, false),
        ("PGRST107", 415, Request, Application, Never, false),
        ("PGRST107", 406, Request, Application, Never, false),
        ("PGRST108", 400, Request, Application, Never, false),
        ("PGRST109", 400, Request, Application, Never, false),
        ("PGRST110", 400, Request, Application, Never, false),
        ("PGRST111", 500, Operator, Application, Never, false),
        ("PGRST112", 500, Operator, Application, Never, false),
        ("PGRST114", 400, Request, Application, Never, false),
        ("PGRST115", 400, Request, Application, Never, false),
        ("PGRST116", 406, Cardinality, Application, Never, false),
        ("PGRST117", 405, Request, Application, Never, false),
        ("PGRST118", 400, Request, Application, Never, false),
        ("PGRST119", 400, Request, Application, Never, false),
        ("PGRST120", 400, Request, Application, Never, false),
        ("PGRST121", 500, Operator, Application, Never, false),
        ("PGRST122", 400, Request, Application, Never, false),
        ("PGRST123", 400, Operator, Application, Never, false),
        ("PGRST124", 400, Request, Application, Never, false),
        ("PGRST125", 404, Request, Application, Never, false),
        ("PGRST126", 404, Request, Application, Never, false),
        ("PGRST127", 400, Request, Application, Never, false),
        ("PGRST128", 400, Request, Application, Never, false),
        ("PGRST200", 400, Schema, Application, Never, false),
        ("PGRST201", 300, Schema, Application, Never, false),
        ("PGRST202", 404, Schema, Application, Never, false),
        ("PGRST203", 300, Schema, Application, Never, false),
        ("PGRST204", 400, Schema, Application, Never, false),
        ("PGRST205", 404, Schema, Application, Never, false),
        ("PGRST300", 500, Operator, Application, Never, false),
        ("PGRST301", 401, Auth, Application, T, false),
        ("PGRST302", 401, Auth, Application, T, false),
        ("PGRST303", 401, Auth, Application, T, false),
        ("PGRSTX00", 500, Server, Application, Once, false),
        // One of a later version: judged by its status.
        ("PGRST999", 503, Unavailable, Saturation, R, false),
    ];
    for &(code, status, class, blame, may, connection) in table {
        check(code, &error_answer(status, code, "words"), class, blame, may, connection);
    }
}

#[test]
fn a_token_from_the_future_waits_for_the_clock_and_every_other_claim_for_a_refresh() {
    let claims = |message| error_answer(401, "PGRST303", message);
    check("future", &claims("JWT issued at future"), Auth, Application, Skew, false);
    check("expired", &claims("JWT expired"), Auth, Application, T, false);
    check("not yet", &claims("JWT not yet valid"), Auth, Application, T, false);
    // Version 12 says "expired" with another code.
    check("v12", &error_answer(401, "PGRST301", "JWT expired"), Auth, Application, T, false);
}

#[test]
fn sql_states() {
    let table: &[(&str, u16, ErrorClass, FaultClass, May)] = &[
        ("08000", 503, Unavailable, Endpoint, R),
        ("08006", 503, Unavailable, Endpoint, R),
        ("22023", 400, Data, Application, Never),
        ("22P02", 400, Data, Application, Never),
        ("23502", 400, Data, Application, Never),
        ("23503", 409, Conflict, Application, Never),
        ("23505", 409, Conflict, Application, Never),
        ("23514", 400, Data, Application, Never),
        ("23P01", 400, Conflict, Application, Never),
        ("25006", 405, Request, Application, Never),
        ("28P01", 403, Operator, Application, Never),
        ("40001", 500, Contention, Application, Never),
        ("40P01", 500, Contention, Application, R1),
        ("42501", 401, Permission, Application, Never),
        ("42501", 403, Permission, Application, Never),
        ("42703", 400, Schema, Application, Never),
        ("42883", 404, Schema, Application, Never),
        ("42P01", 404, Schema, Application, Never),
        ("53100", 503, Unavailable, Endpoint, R),
        ("53300", 503, Overload, Saturation, R),
        ("53400", 503, Unavailable, Endpoint, R),
        ("53400", 500, Unavailable, Endpoint, R),
        ("54001", 413, Request, Application, Never),
        ("54001", 500, Request, Application, Never),
        ("55P03", 500, Contention, Application, Once),
        ("57014", 500, Timeout, Application, Once),
        ("57P01", 503, Unavailable, Endpoint, R),
        ("57P03", 500, Unavailable, Endpoint, R),
        ("P0001", 400, Data, Application, Never),
        ("XX000", 500, Server, Application, Never),
        // Raised by a function on purpose: judged by its status.
        ("PT402", 402, Restricted, Application, Never),
        ("PT404", 404, Schema, Application, Never),
        ("PT429", 429, Overload, Saturation, R),
        ("PT503", 503, Unavailable, Saturation, R),
        // Unknown, and not from a gateway.
        ("0A000", 500, Server, Application, Never),
        ("0L000", 403, Permission, Application, Never),
    ];
    for &(code, status, class, blame, may) in table {
        check(code, &error_answer(status, code, "words"), class, blame, may, false);
    }
    check(
        "role",
        &error_answer(400, "22023", "role \"nobody\" does not exist"),
        Auth,
        Application,
        Never,
        false,
    );
}

#[test]
fn gateway_statuses() {
    let html = |status| answer(status, &[("content-type", "text/html")], "<html><h1>Sorry</h1></html>");
    let table: &[(u16, ErrorClass, FaultClass, May, bool)] = &[
        (400, Request, Application, Never, false),
        (401, Config, Application, Never, false),
        (402, Restricted, Application, Never, false),
        (403, Permission, Application, Never, false),
        (404, Config, Application, Never, false),
        (408, Unavailable, Connection, R, false),
        (413, Request, Application, Never, false),
        (414, Request, Application, Never, false),
        (421, Unavailable, Connection, R1, false),
        (429, Overload, Saturation, R, false),
        (431, Request, Application, Never, false),
        (500, Server, Application, R, false),
        (501, Server, Application, Never, false),
        (502, Unavailable, Endpoint, R, false),
        (503, Unavailable, Saturation, R, false),
        (504, Timeout, Endpoint, Once, false),
        (520, Unavailable, Endpoint, R, true),
        (521, Unavailable, Endpoint, R1, true),
        (522, Unavailable, Endpoint, R1, true),
        (523, Unavailable, Endpoint, R1, true),
        (524, Timeout, Endpoint, Once, true),
        (525, Operator, Endpoint, Never, true),
        (526, Operator, Endpoint, Never, true),
        (530, Unavailable, Endpoint, R, true),
        (540, Paused, Endpoint, Never, false),
        (544, Timeout, Endpoint, Once, false),
        (546, Server, Application, Never, false),
    ];
    for &(status, class, blame, may, connection) in table {
        check(&status.to_string(), &html(status), class, blame, may, connection);
    }
}

#[test]
fn the_wait_that_is_asked_for_is_the_least_wait() {
    let headers = [("content-type", "application/json"), ("retry-after", "0, 7")];
    let body = r#"{"code":"PGRST003","message":"Timed out acquiring connection from connection pool."}"#;
    let error = Error::from(ApiError::from_response(&answer(504, &headers, body)));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(error.action(Safety::Unsafe), RetryAction::after(Duration::from_secs(7)));
}
