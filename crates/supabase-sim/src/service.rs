//! One request from its head to its answer: plan of faults, gateway, the server's own pool, engine, answer.
//!
//! Rules: a statement that began is finished even when its client has gone, as in the real server; a fault before
//! execution leaves the data alone, one after it only changes what the client sees.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};

use crate::body::ScriptedBody;
use crate::canned::CannedAnswer;
use crate::engine::{self, Answer, Call, Role};
use crate::errors::ApiError;
use crate::fault::{Ending, Fault, Stage, StreamReset};
use crate::link::{Link, Order};
use crate::observe::{self, Executed};
use crate::rule::Plan;
use crate::shared::Shared;

/// The largest body that is read; more is answered with 413.
const BODY_LIMIT: usize = 16 << 20;
const JSON: &str = "application/json; charset=utf-8";

/// Counts a request as in flight until it is dropped with the last of its answer.
pub(crate) struct InFlight {
    shared: Arc<Shared>,
    link: Arc<Link>,
    head: bool,
}

impl InFlight {
    fn begin(shared: &Arc<Shared>, link: &Arc<Link>, head: bool) -> Self {
        link.request_began();
        shared.observer.request_began(link.id);
        Self { shared: shared.clone(), link: link.clone(), head }
    }

    pub(crate) fn link(&self) -> Arc<Link> {
        self.link.clone()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.link.request_ended(&self.shared.settings().keep_alive, self.head);
        self.shared.observer.request_ended(self.link.id);
    }
}

/// Answers a request, or does to it what its faults demand. An error resets the stream with its reason.
pub(crate) async fn handle(
    shared: Arc<Shared>,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> Result<Response<ScriptedBody>, h2::Error> {
    let in_flight = InFlight::begin(&shared, &link, request.method() == Method::HEAD);
    let (parts, body) = request.into_parts();
    let Plan { latency, query, fault } = shared.faults().plan(parts.method.as_str(), parts.uri.path());
    let version = parts.version;
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let answer = CannedAnswer::new(413, "text/plain", "Request entity too large");
            return Ok(respond(canned(&answer), version, None, in_flight));
        }
        // The request broke off; the connection is gone, and with it whoever would read an answer.
        Err(_) => return std::future::pending().await,
    };
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    if let Some(answer) = strike(fault.as_ref(), Stage::BeforeExecution, version, &link).await? {
        return Ok(respond(canned(&answer), version, None, in_flight));
    }
    let statement = tokio::spawn(execute(shared.clone(), link.id, parts, body, query));
    let answer =
        statement.await.unwrap_or_else(|_| Answer::from(&ApiError::new(500, "PGRSTX00", "Internal error")));
    if let Some(answer) = strike(fault.as_ref(), Stage::AfterExecution, version, &link).await? {
        return Ok(respond(canned(&answer), version, None, in_flight));
    }
    Ok(respond(answer, version, fault.as_ref(), in_flight))
}

/// Carries out a fault that replaces the answer at this stage; returns the answer it puts in its place, if any.
async fn strike(
    fault: Option<&Fault>,
    now: Stage,
    version: Version,
    link: &Link,
) -> Result<Option<CannedAnswer>, h2::Error> {
    let Some(fault) = fault else { return Ok(None) };
    match fault {
        Fault::Drop { ending, stage } if *stage == now => {
            link.end(Order::Now(*ending));
            std::future::pending().await
        }
        Fault::ResetStream { stage, .. } if *stage == now && version < Version::HTTP_2 => {
            link.end(Order::Now(Ending::Reset));
            std::future::pending().await
        }
        Fault::ResetStream { reason, stage } if *stage == now => Err(match reason {
            StreamReset::Refused => Reason::REFUSED_STREAM,
            StreamReset::EnhanceYourCalm => Reason::ENHANCE_YOUR_CALM,
            StreamReset::InternalError => Reason::INTERNAL_ERROR,
        }
        .into()),
        Fault::Hang { stage } if *stage == now => std::future::pending().await,
        Fault::Answer { answer, stage } if *stage == now => Ok(Some(answer.clone())),
        Fault::ResetStream { .. }
        | Fault::Drop { .. }
        | Fault::Hang { .. }
        | Fault::Answer { .. }
        | Fault::Latency { .. }
        | Fault::SlowQuery { .. }
        | Fault::DropAfterHead(_)
        | Fault::CutBody { .. }
        | Fault::StallBody
        | Fault::Drip { .. }
        | Fault::AnnounceClose
        | Fault::EarlyHints => Ok(None),
    }
}

async fn execute(shared: Arc<Shared>, connection: u64, parts: Parts, body: Bytes, query: Duration) -> Answer {
    let path = parts.uri.path();
    let role = match shared.keys.authorize(&parts.headers, shared.settings().jwt_errors) {
        Ok(role) => role,
        Err(refusal) => return refusal,
    };
    if path == "/auth/v1/health" {
        let body = r#"{"version":"supabase-sim","name":"GoTrue","description":"GoTrue is a user registration and authentication API"}"#;
        return Answer { status: 200, body: body.to_owned(), ..Answer::default() };
    }
    let Some(resource) = path.strip_prefix("/rest/v1/") else {
        return Answer::from(&ApiError::new(404, "PGRST125", "Invalid path specified in request URL"));
    };
    if resource.is_empty() {
        return Answer::from(&ApiError::new(404, "PGRST126", "Root endpoint metadata is disabled"));
    }
    let call = Call {
        role,
        method: &parts.method,
        resource,
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
    };
    match run(&shared, connection, path, &call, query).await {
        Ok(answer) => answer,
        Err(error) => Answer::from(&error),
    }
}

/// Runs a statement on a connection of the server's own pool, within the role's statement timeout.
async fn run(
    shared: &Shared,
    connection: u64,
    path: &str,
    call: &Call<'_>,
    query: Duration,
) -> Result<Answer, ApiError> {
    let mut statement = shared.observer.statement_waits();
    let pool = shared.settings().database;
    let slot = tokio::time::timeout(pool.acquisition_timeout, shared.database_slots().acquire_owned()).await;
    let Ok(Ok(_slot)) = slot else { return Err(ApiError::pool_timeout()) };
    statement.runs();
    let limit = pool.statement_timeout(call.role);
    hold(query, limit).await?;
    let (result, keys) = {
        let mut data = shared.data();
        let result = engine::execute(call, &mut data);
        (result, data.take_keys())
    };
    let status = result.as_ref().map_or_else(|error| error.status, |answer| answer.status);
    let executed = logged(connection, path, call, status);
    let (executed, applied) = observe::executed(executed, keys);
    shared.observer.executed(executed, applied);
    if let Ok(answer) = &result {
        hold(answer.runs_for, limit.saturating_sub(query)).await?;
    }
    result
}

/// Lets a statement take its time; beyond its limit it is cancelled.
async fn hold(time: Duration, limit: Duration) -> Result<(), ApiError> {
    if !time.is_zero() {
        tokio::time::sleep(time.min(limit)).await;
    }
    if time < limit || time.is_zero() {
        return Ok(());
    }
    Err(ApiError::new(500, "57014", "canceling statement due to statement timeout"))
}

fn logged(connection: u64, path: &str, call: &Call<'_>, status: u16) -> Executed {
    let (method, query) = (call.method.to_string(), call.query.to_owned());
    let role: Role = call.role;
    Executed { connection, method, path: path.to_owned(), query, role, status, keys: Vec::new() }
}

fn canned(answer: &CannedAnswer) -> Answer {
    Answer {
        status: answer.status,
        extra: answer.headers.clone(),
        body: answer.body.clone(),
        ..Answer::default()
    }
}

fn respond(
    answer: Answer,
    version: Version,
    fault: Option<&Fault>,
    in_flight: InFlight,
) -> Response<ScriptedBody> {
    let link = in_flight.link();
    let mut response = Response::new(ScriptedBody::new(answer.body, fault, in_flight));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let own = answer.headers.into_iter().map(|(name, value)| (name.to_owned(), value));
    for (name, value) in own.chain(answer.extra) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    if !headers.contains_key("content-type") && answer.status != 204 {
        headers.insert("content-type", HeaderValue::from_static(JSON));
    }
    let http1 = version < Version::HTTP_2;
    match fault {
        Some(Fault::AnnounceClose) if http1 => {
            headers.insert("connection", HeaderValue::from_static("close"));
        }
        Some(Fault::AnnounceClose) => link.end(Order::Gracefully),
        Some(Fault::EarlyHints) if http1 && !link.tls => {
            link.write_first(Bytes::from_static(
                b"HTTP/1.1 103 Early Hints\r\nlink: </>; rel=preconnect\r\n\r\n",
            ));
        }
        Some(_) | None => {}
    }
    response
}
