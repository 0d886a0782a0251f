//! A recording as a test, in Rust: it compiles as it is printed, and holds until a decision changes.

use std::fmt::Write;
use std::time::Duration;

use pool_core::{
    Backoff, Call, Config, Event, Failure, FaultClass, Image, Outcome, Patience, Pool, Request, RetryPolicy,
    Time,
};

use crate::recording::Recording;

impl Recording {
    /// The recording as the source of a test of that name, for a file that depends on this crate. It asserts that the decisions are
    /// these: put right what is wrong in them. A pool that was not new at the beginning is given as the bytes of its image.
    pub fn to_rust(&self, name: &str) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "#[test]\nfn {name}() {{");
        let _ = writeln!(text, "    #[allow(unused_imports)]\n    use std::time::Duration;\n");
        let _ = writeln!(text, "    #[allow(unused_imports)]\n    use pool_recorder::pool_core::*;");
        let _ = writeln!(text, "    use pool_recorder::Recording;\n");
        text.push_str("    #[allow(unused_macros)]\n    macro_rules! id {\n");
        text.push_str("        ($kind:ident, $slot:expr, $version:expr) => {\n");
        text.push_str("            $kind::of($slot, std::num::NonZeroU32::new($version).unwrap())\n");
        text.push_str("        };\n    }\n\n");
        let first = self.first().pool();
        let (config, now) = (first.config(), first.now());
        let new = Pool::new(config.clone(), now).ok();
        if new.is_some_and(|new| Image::of(&new).to_bytes() == self.first().to_bytes()) {
            let _ = writeln!(text, "    let config = {};", settings(config));
            let _ = writeln!(text, "    let first = Image::of(&Pool::new(config, {}).unwrap());", time(now));
        } else {
            let bytes = self.first().to_bytes().escape_ascii().to_string();
            let _ = writeln!(text, "    let first = Image::from_bytes(b\"{bytes}\").unwrap();");
        }
        text.push_str("    let recording = Recording::of_calls(\n        first,\n        [\n");
        for (at, call) in self.calls() {
            let _ = writeln!(text, "            ({}, {}),", time(at), call_source(call));
        }
        text.push_str("        ],\n    );\n    let decided = [\n");
        for line in self.decisions() {
            let _ = writeln!(text, "        {line:?},");
        }
        text.push_str("    ];\n    assert_eq!(recording.decisions(), decided);\n}\n");
        text
    }
}

fn time(at: Time) -> String {
    let nanos = at.as_nanos();
    match nanos {
        0 => "Time::ZERO".to_owned(),
        u64::MAX => "Time::MAX".to_owned(),
        _ if nanos.is_multiple_of(1_000_000) => format!("Time::from_millis({})", nanos / 1_000_000),
        _ => format!("Time::from_nanos({nanos})"),
    }
}

fn duration(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_nanos()) {
        (0, 0) => "Duration::ZERO".to_owned(),
        (seconds, 0) => format!("Duration::from_secs({seconds})"),
        (_, nanos) if nanos % 1_000_000 == 0 => format!("Duration::from_millis({})", duration.as_millis()),
        (seconds, nanos) => format!("Duration::new({seconds}, {nanos})"),
    }
}

fn option<T>(value: Option<T>, source: impl Fn(T) -> String) -> String {
    value.map_or("None".to_owned(), |value| format!("Some({})", source(value)))
}

/// A struct in which what is as in the default is left out.
fn with_default(name: &str, fields: &[(&str, String, String)]) -> String {
    let other = fields.iter().filter(|(_, value, default)| value != default);
    let other: Vec<String> = other.map(|(name, value, _)| format!("{name}: {value}")).collect();
    match other.len() {
        0 => format!("{name}::default()"),
        n if n == fields.len() => format!("{name} {{ {} }}", other.join(", ")),
        _ => format!("{name} {{ {}, ..{name}::default() }}", other.join(", ")),
    }
}

fn settings(config: &Config) -> String {
    let (these, default) = (fields(config), fields(&Config::default()));
    let fields: Vec<_> =
        these.into_iter().zip(default).map(|((name, value), (_, default))| (name, value, default)).collect();
    with_default("Config", &fields)
}

/// A setting that is missing here does not compile.
fn fields(config: &Config) -> Vec<(&'static str, String)> {
    let Config {
        min_connections,
        max_connections,
        acquire_timeout,
        release_timeout,
        health_check_interval,
        max_idle_time,
        connection_timeout,
        retry,
        max_lifetime,
        waiters_max,
        connects_max,
        backoff,
        when_down,
        freshness,
        probe_timeout,
        faults_max,
        probe_failures_max,
        recovery_successes,
        stall_after,
        leak_after,
        seed,
    } = config;
    let RetryPolicy { attempts, delay, delay_max, budget } = retry;
    let Backoff { initial, max } = backoff;
    vec![
        ("min_connections", min_connections.to_string()),
        ("max_connections", max_connections.to_string()),
        ("acquire_timeout", duration(*acquire_timeout)),
        ("release_timeout", duration(*release_timeout)),
        ("health_check_interval", duration(*health_check_interval)),
        ("max_idle_time", duration(*max_idle_time)),
        ("connection_timeout", duration(*connection_timeout)),
        (
            "retry",
            format!(
                "RetryPolicy {{ attempts: {attempts}, delay: {}, delay_max: {}, budget: RetryBudget::{budget:?} }}",
                duration(*delay),
                duration(*delay_max)
            ),
        ),
        ("max_lifetime", duration(*max_lifetime)),
        ("waiters_max", option(*waiters_max, |waiters| waiters.to_string())),
        ("connects_max", connects_max.to_string()),
        ("backoff", format!("Backoff {{ initial: {}, max: {} }}", duration(*initial), duration(*max))),
        ("when_down", format!("WhenDown::{when_down:?}")),
        ("freshness", duration(*freshness)),
        ("probe_timeout", duration(*probe_timeout)),
        ("faults_max", faults_max.to_string()),
        ("probe_failures_max", probe_failures_max.to_string()),
        ("recovery_successes", recovery_successes.to_string()),
        ("stall_after", duration(*stall_after)),
        ("leak_after", option(*leak_after, duration)),
        ("seed", seed.to_string()),
    ]
}

fn id(kind: &str, slot: usize, version: u32) -> String {
    format!("id!({kind}, {slot}, {version})")
}

fn class(class: FaultClass) -> String {
    format!("FaultClass::{class:?}")
}

fn call_source(call: Call) -> String {
    let lease = |lease: pool_core::LeaseId| id("LeaseId", lease.index(), lease.version());
    let ticket = |ticket: pool_core::TicketId| id("TicketId", ticket.index(), ticket.version());
    match call {
        Call::Acquire(request) => format!("Call::Acquire({})", request_source(request)),
        Call::Claim(id) => format!("Call::Claim({})", ticket(id)),
        Call::Cancel(id) => format!("Call::Cancel({})", ticket(id)),
        Call::Release(id, outcome) => format!("Call::Release({}, {})", lease(id), outcome_source(outcome)),
        Call::Reject(id) => format!("Call::Reject({})", lease(id)),
        Call::Detach(id) => format!("Call::Detach({})", lease(id)),
        Call::Handle(event) => format!("Call::Handle(Event::{})", event_source(event)),
        Call::AddEndpoint(spec) => format!("Call::AddEndpoint({spec:?})"),
        Call::DrainEndpoint(endpoint) => {
            format!("Call::DrainEndpoint({})", id("EndpointId", endpoint.index(), endpoint.version()))
        }
        Call::Shutdown(grace) => format!("Call::Shutdown({})", duration(grace)),
        Call::Retry(failure) => format!("Call::Retry({})", failure_source(failure)),
        Call::Advance | Call::Resize(..) | Call::Suspend | Call::Resume | Call::Invalidate | Call::Drain => {
            format!("Call::{call:?}")
        }
    }
}

fn request_source(request: Request) -> String {
    let source = |request: Request| {
        let patience = match request.patience {
            Patience::Configured => "Patience::Configured".to_owned(),
            Patience::Until(at) => format!("Patience::Until({})", time(at)),
            Patience::None => "Patience::None".to_owned(),
        };
        [
            format!("Priority::{:?}", request.priority),
            patience,
            format!("Place::{:?}", request.place),
            option(request.proven_since, time),
        ]
    };
    let names = ["priority", "patience", "place", "proven_since"];
    let fields: Vec<_> = names
        .into_iter()
        .zip(source(request).into_iter().zip(source(Request::default())))
        .map(|(name, (value, default))| (name, value, default))
        .collect();
    with_default("Request", &fields)
}

fn outcome_source(outcome: Outcome) -> String {
    match outcome {
        Outcome::Success => "Outcome::Success".to_owned(),
        Outcome::Returned => "Outcome::Returned".to_owned(),
        Outcome::Failed { class: fault, reuse } => {
            format!("Outcome::Failed {{ class: {}, reuse: Reuse::{reuse:?} }}", class(fault))
        }
    }
}

fn event_source(event: Event) -> String {
    let conn = id("ConnId", event.conn().index(), event.conn().version());
    match event {
        Event::Connected { leases_max, .. } => {
            format!("Connected {{ conn: {conn}, leases_max: {leases_max} }}")
        }
        Event::ConnectFailed { class: fault, .. } => {
            format!("ConnectFailed {{ conn: {conn}, class: {} }}", class(fault))
        }
        Event::ProbeFailed { class: fault, reuse, .. } => {
            format!("ProbeFailed {{ conn: {conn}, class: {}, reuse: Reuse::{reuse:?} }}", class(fault))
        }
        Event::LeaseLimit { leases_max, .. } => {
            format!("LeaseLimit {{ conn: {conn}, leases_max: {leases_max} }}")
        }
        Event::KeepAlive { timeout, .. } => {
            format!("KeepAlive {{ conn: {conn}, timeout: {} }}", duration(timeout))
        }
        Event::Probed { .. } => format!("Probed {{ conn: {conn} }}"),
        Event::Closed { .. } => format!("Closed {{ conn: {conn} }}"),
        Event::Lost { .. } => format!("Lost {{ conn: {conn} }}"),
        Event::Retiring { .. } => format!("Retiring {{ conn: {conn} }}"),
        Event::Progress { .. } => format!("Progress {{ conn: {conn} }}"),
        _ => format!("{event:?}"),
    }
}

fn failure_source(failure: Failure) -> String {
    let Failure { attempt, class: fault, sent, safety, after, deadline } = failure;
    format!(
        "Failure {{ attempt: {attempt}, class: {}, sent: Sent::{sent:?}, safety: Safety::{safety:?}, after: {}, deadline: {} }}",
        class(fault),
        option(after, duration),
        time(deadline)
    )
}
