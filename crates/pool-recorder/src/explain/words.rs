//! The calls of a pool, in words.
#![expect(clippy::wildcard_enum_match_arm, reason = "words are for the few cases that need their own")]

use pool_core::{Call, Event};

use crate::player::Answer;
use crate::replay::Step;

/// Why something happened at this step: what the call says, or what came due with its time.
pub(super) fn because_of(step: &Step) -> String {
    match step.call {
        Call::Advance => "because its time had come".to_owned(),
        _ => format!("as {}", step_in_words(step)),
    }
}

pub(super) fn step_in_words(step: &Step) -> String {
    match step.call {
        Call::Acquire(_) => match step.answer {
            Answer::Queued(ticket) => format!("request {ticket} joined the queue"),
            _ => "another request came".to_owned(),
        },
        Call::Claim(ticket) => format!("request {ticket} asked what had become of it"),
        Call::Cancel(ticket) => format!("request {ticket} was given up"),
        Call::Release(lease, outcome) => format!("lease {lease} came back ({outcome:?})"),
        Call::Reject(lease) => format!("lease {lease} came back: its connection was dead"),
        Call::Detach(lease) => format!("the connection of lease {lease} was taken out of the pool"),
        Call::Handle(event) => event_in_words(event),
        Call::Advance => "time went by".to_owned(),
        Call::Resize(min, max) => format!("the pool was resized to {min} to {max} connections"),
        Call::Suspend => "the pool was suspended".to_owned(),
        Call::Resume => "the pool was resumed".to_owned(),
        Call::Invalidate => "all connections were invalidated".to_owned(),
        Call::AddEndpoint(_) => "an endpoint was added".to_owned(),
        Call::DrainEndpoint(endpoint) => format!("endpoint {endpoint} began to drain"),
        Call::Drain => "the pool began to drain".to_owned(),
        Call::Shutdown(grace) => format!("the pool was shut down, with a grace of {grace:?}"),
        Call::Retry(_) => "another request asked whether to try again".to_owned(),
    }
}

pub(super) fn event_in_words(event: Event) -> String {
    let conn = event.conn();
    match event {
        Event::Connected { leases_max: 0 | 1, .. } => format!("connection {conn} opened"),
        Event::Connected { leases_max, .. } => {
            format!("connection {conn} opened, for {leases_max} leases at once")
        }
        Event::ConnectFailed { class, .. } => format!("the connect of {conn} failed (fault: {class:?})"),
        Event::Probed { .. } => format!("connection {conn} answered its probe"),
        Event::ProbeFailed { class, reuse, .. } => {
            format!("the probe of {conn} failed (fault: {class:?}, {reuse:?})")
        }
        Event::Closed { .. } => format!("connection {conn} was closed"),
        Event::Lost { .. } => format!("connection {conn} was lost"),
        Event::Retiring { .. } => format!("the peer asked for no further requests on {conn}"),
        Event::Progress { .. } => format!("something came back on {conn}"),
        Event::LeaseLimit { leases_max, .. } => format!("the peer allows {leases_max} leases on {conn}"),
        Event::KeepAlive { timeout, .. } => {
            format!("the peer of {conn} keeps idle connections for {timeout:?}")
        }
        _ => format!("{event:?}"),
    }
}
