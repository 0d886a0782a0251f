//! What is said about requests that waited or failed.

use pool_recorder::pool_core::{
    Call, Config, ConnId, Event, FaultClass, Image, LeaseId, Outcome, Pool, Request, TicketId, Time,
};
use pool_recorder::{Asked, Recording, Unknown};

pub(crate) fn of(config: Config, calls: Vec<(u64, Call)>) -> Recording {
    let pool = Pool::new(config, Time::ZERO).unwrap();
    Recording::of_calls(Image::of(&pool), calls.into_iter().map(|(ms, call)| (Time::from_millis(ms), call)))
}

const ONE: std::num::NonZeroU32 = std::num::NonZeroU32::MIN;

pub(crate) fn conn(slot: u32) -> ConnId {
    ConnId::of(slot, ONE)
}

pub(crate) fn lease(slot: u32) -> LeaseId {
    LeaseId::of(slot, ONE)
}

fn ticket(slot: u32) -> TicketId {
    TicketId::of(slot, ONE)
}

pub(crate) const ACQUIRE: Call = Call::Acquire(Request {
    priority: pool_recorder::pool_core::Priority::Normal,
    patience: pool_recorder::pool_core::Patience::Configured,
    place: pool_recorder::pool_core::Place::Back,
    proven_since: None,
});

fn single() -> Config {
    Config { min_connections: 0, max_connections: 1, ..Config::default() }
}

#[test]
fn a_request_that_waits_for_its_turn() {
    let calls = vec![
        (10, ACQUIRE),
        (30, Call::Handle(Event::Connected { conn: conn(0), leases_max: 1 })),
        (31, Call::Claim(ticket(0))),
        (40, ACQUIRE),
        (50, Call::Release(lease(0), Outcome::BROKEN)),
        (60, Call::Handle(Event::Closed { conn: conn(0) })),
        (90, Call::Handle(Event::Connected { conn: ConnId::of(0, ONE.saturating_add(1)), leases_max: 1 })),
        (91, Call::Claim(TicketId::of(0, ONE.saturating_add(1)))),
    ];
    let told = of(single(), calls).explain("#0v2".parse::<Asked>().unwrap()).unwrap();
    assert_eq!(
        told,
        concat!(
            "       +40ms  asks for a connection\n",
            "       +40ms  waits:\n",
            "              - 1 of 1 connections are leased and have no room\n",
            "              - no room for another connection: 1 of 1\n",
            "       +50ms  waits, after lease #0v1 came back (Failed { class: Connection, reuse: Discard }):\n",
            "              - connection #0v1 is on its way out: broken\n",
            "              - no room for another connection: 1 of 1\n",
            "       +60ms  waits, after connection #0v1 was closed:\n",
            "              - connection #0v2 is being dialled, since +60ms\n",
            "              - no room for another connection: 1 of 1\n",
            "       +90ms  is granted connection #0v2, as connection #0v2 opened\n",
            "       +91ms  takes its lease #0v2 on connection #0v2\n",
        )
    );
}

#[test]
fn a_request_that_fails_since_the_endpoint_cannot_be_reached() {
    let calls = vec![
        (10, ACQUIRE),
        (30, Call::Handle(Event::ConnectFailed { conn: conn(0), class: FaultClass::Endpoint })),
        (31, Call::Claim(ticket(0))),
        (40, ACQUIRE),
    ];
    let recording = of(single(), calls);
    assert_eq!(
        recording.explain(ticket(0)).unwrap(),
        concat!(
            "       +10ms  asks for a connection\n",
            "       +10ms  waits:\n",
            "              - connection #0v1 is being dialled, since +10ms\n",
            "              - no room for another connection: 1 of 1\n",
            "       +30ms  fails: Unavailable, as the connect of #0v1 failed (fault: Endpoint)\n",
            "              - endpoint #0v1 backs off until +298.5ms after a failed connect: the connect of #0v1 failed (fault: Endpoint)\n",
            "       +31ms  learns that it has failed: no connection: the endpoint cannot be reached (0 of 1 connections: 0 in use, 0 free, 0 connecting; 0 waiting); the last connect to endpoint #0v1 failed\n",
        )
    );
    assert_eq!(
        recording.explain("@3".parse::<Asked>().unwrap()).unwrap(),
        concat!(
            "       +40ms  asks for a connection\n",
            "       +40ms  refused at once: no connection: the endpoint cannot be reached (0 of 1 connections: 0 in use, 0 free, 0 connecting; 0 waiting); the last connect to endpoint #0v1 failed\n",
            "              - endpoint #0v1 backs off until +298.5ms after a failed connect: the connect of #0v1 failed (fault: Endpoint)\n",
        )
    );
}

#[test]
fn a_request_behind_others_in_a_suspended_pool_until_its_patience_ends() {
    let calls = vec![
        (0, Call::Suspend),
        (5, ACQUIRE),
        (6, ACQUIRE),
        (7, Call::Cancel(ticket(0))),
        (20_000, Call::Advance),
    ];
    assert_eq!(
        of(single(), calls).explain(ticket(1)).unwrap(),
        concat!(
            "        +6ms  asks for a connection\n",
            "        +6ms  waits:\n",
            "              - 1 before it in the queue\n",
            "              - the pool is suspended: nothing is granted and nothing dialled until it is resumed\n",
            "        +7ms  waits, after request #0v1 was given up:\n",
            "              - the pool is suspended: nothing is granted and nothing dialled until it is resumed\n",
            "        +20s  fails: Timeout, because its time had come\n",
            "        +20s  is still there at the end of the recording\n",
        )
    );
}

#[test]
fn a_connection_that_was_silent_for_too_long_is_asked_first() {
    let calls = vec![
        (0, ACQUIRE),
        (1, Call::Handle(Event::Connected { conn: conn(0), leases_max: 1 })),
        (2, Call::Claim(ticket(0))),
        (3, Call::Release(lease(0), Outcome::Success)),
        (31_000, ACQUIRE),
        (31_020, Call::Handle(Event::Probed { conn: conn(0) })),
    ];
    let config = Config { health_check_interval: std::time::Duration::ZERO, ..single() };
    let told = of(config, calls).explain(TicketId::of(0, ONE.saturating_add(1))).unwrap();
    assert_eq!(
        told,
        concat!(
            "        +31s  asks for a connection\n",
            "        +31s  waits:\n",
            "              - connection #0v1 was silent for longer than the 30s that its endpoint keeps connections: it is asked for a sign of life\n",
            "              - no room for another connection: 1 of 1\n",
            "     +31.02s  is granted connection #0v1, as connection #0v1 answered its probe\n",
            "     +31.02s  is still there at the end of the recording\n",
        )
    );
}

#[test]
fn a_connection_without_progress_keeps_who_wants_a_proof_waiting() {
    let strict = Request { proven_since: Some(Time::from_millis(300)), ..Request::default() };
    let calls = vec![
        (0, ACQUIRE),
        (1, Call::Handle(Event::Connected { conn: conn(0), leases_max: 10 })),
        (2, Call::Claim(ticket(0))),
        (300, Call::Acquire(strict)),
        (320, Call::Handle(Event::Probed { conn: conn(0) })),
    ];
    let told = of(single(), calls).explain(TicketId::of(0, ONE.saturating_add(1))).unwrap();
    assert_eq!(
        told,
        concat!(
            "      +300ms  asks for a connection, on a connection proven since +300ms\n",
            "      +300ms  waits:\n",
            "              - connection #0v1 makes no progress, and its last sign of life is 299ms old: it is asked for one\n",
            "              - no room for another connection: 1 of 1\n",
            "      +320ms  is granted connection #0v1, as connection #0v1 answered its probe\n",
            "      +320ms  is still there at the end of the recording\n",
        )
    );
}

#[test]
fn what_is_not_there_is_said_to_be_unknown() {
    let recording = of(single(), vec![(10, ACQUIRE)]);
    assert_eq!(recording.explain(ticket(7)), Err(Unknown));
    assert_eq!(recording.explain(Asked::Call(1)), Err(Unknown));
    for text in ["", "#", "#1", "1v0", "@", "@x", "v"] {
        assert_eq!(text.parse::<Asked>(), Err(Unknown), "{text}");
    }
}
