//! What is refused in an image, each lie by its own words, and what a restart makes of what was learned.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::time::Duration;

use crate::conn::Shelf;
use crate::error::AcquireErrorKind;
use crate::state::Lifecycle;
use crate::time::Span;
use crate::timers::Key;
use crate::waiter::WaitState;
use crate::{
    Acquire, Action, Config, ConnId, EndpointId, EndpointSpec, Event, Image, ImageError, LeaseId, Pool,
    Priority, Request, Standing, TicketId, Time,
};

const NOW: Time = Time::from_millis(9_000);
const SOON: Time = Time::from_millis(9_001);
const FIRST: NonZeroU32 = NonZeroU32::MIN;

/// In use, idle, and being dialled.
const LEASED: ConnId = ConnId::of(0, FIRST);
const IDLE: ConnId = ConnId::of(1, FIRST);
const DIALLED: ConnId = ConnId::of(2, FIRST);
const LEASE: LeaseId = LeaseId::of(0, FIRST);
const WAITER: TicketId = TicketId::of(0, FIRST);
const ENDPOINT: EndpointId = EndpointId::of(0, FIRST);

/// A pool with one of everything.
fn busy() -> Pool {
    let config = Config {
        min_connections: 3,
        max_connections: 3,
        connects_max: 3,
        connection_timeout: Duration::from_secs(60),
        ..Config::default()
    };
    let mut pool = Pool::new(config, Time::ZERO).unwrap();
    for conn in [LEASED, IDLE] {
        let _ = pool.handle(NOW, Event::Connected { conn, leases_max: 1 });
    }
    let Ok(Acquire::Ready(lease)) = pool.acquire(NOW, Request::default()) else { panic!("two are idle") };
    pool.suspend(NOW);
    assert!(matches!(pool.acquire(NOW, Request::default()), Ok(Acquire::Queued(_))));
    assert_eq!((lease.conn(), pool.conns[DIALLED].life), (LEASED, Lifecycle::Connecting));
    pool
}

fn read(lie: impl FnOnce(&mut Pool)) -> Result<(), String> {
    let mut pool = busy();
    lie(&mut pool);
    match Image::from_bytes(&Image::of(&pool).to_bytes()) {
        Ok(_) => Ok(()),
        Err(ImageError::State(what)) => Err(what),
        Err(other) => panic!("{other}"),
    }
}

/// What no one can make of these bytes but by reading them.
fn written<T: serde::de::DeserializeOwned>(zeros: usize, rest: &[u8]) -> T {
    let bytes: Vec<u8> = core::iter::repeat_n(0, zeros).chain(rest.iter().copied()).collect();
    postcard::from_bytes(&bytes).unwrap()
}

fn refused(what: &str, lies: &[fn(&mut Pool)]) {
    for (n, lie) in lies.iter().enumerate() {
        assert_eq!(read(lie), Err(what.to_string()), "lie {n}");
    }
}

#[test]
fn what_is_true_is_read() {
    let truths: [fn(&mut Pool); 9] = [
        |_| {},
        |pool| pool.conns[IDLE].uses = u64::MAX / 2 - 1,
        |pool| pool.conns[IDLE].recoveries = u32::MAX / 2 - 1,
        |pool| pool.endpoints[ENDPOINT].recoveries = u32::MAX / 2 - 1,
        |pool| pool.stats.acquires = u64::MAX / 2 - 1,
        |pool| pool.conns[IDLE].last_used = Time::MAX,
        |pool| pool.stats.hold = counted(u64::MAX / 2 - 2, 1),
        |pool| pool.shrink = written(15, &[14]),
        |pool| pool.budget = budget(500, u64::MAX / 2 - 1),
    ];
    for (n, truth) in truths.into_iter().enumerate() {
        assert_eq!(read(truth), Ok(()), "truth {n}");
    }
}

#[test]
fn names_of_what_is_not_there_are_refused() {
    let gone = "a connection goes to an endpoint that is not there";
    refused(gone, &[|pool| pool.conns[IDLE].endpoint = EndpointId::of(0, FIRST.saturating_add(1))]);
    let gone = "a lease is on a connection that is not there";
    refused(gone, &[|pool| pool.leases[LEASE].conn = ConnId::of(7, FIRST)]);
    refused("its time is later than any", &[|pool| pool.now = Time::MAX]);
    let what = read(|pool| pool.config.max_connections = 0).unwrap_err();
    assert!(what.contains("max_connections is 0"), "{what}");
}

#[test]
fn lists_that_do_not_hold_who_they_say_are_refused() {
    refused(
        "the queue is not whole",
        &[
            |pool| pool.tickets[WAITER].set(WaitState::Failed(AcquireErrorKind::Closed)),
            |pool| pool.tickets[WAITER].priority = Priority::High,
        ],
    );
    refused("a shelf is not whole", &[|pool| pool.conns[IDLE].shelf = Some(Shelf::Sick)]);
    refused(
        "a connection is on no shelf and says that it is on one",
        &[|pool| pool.conns[LEASED].shelf = Some(Shelf::Ready)],
    );
    refused(
        "the list of kept ones is not whole",
        &[
            |pool| pool.kept.push_back(&mut pool.conns, IDLE),
            |pool| {
                pool.conns[LEASED].expired = true;
                pool.kept.push_back(&mut pool.conns, LEASED);
            },
            |pool| {
                pool.conns[DIALLED].expired = true;
                pool.kept.push_back(&mut pool.conns, DIALLED);
            },
        ],
    );
    refused("a connection is kept and not among the kept", &[|pool| pool.conns[IDLE].expired = true]);
    refused("the leases of a connection are not whole", &[|pool| pool.leases[LEASE].conn = IDLE]);
    refused(
        "the timers are not whole",
        &[
            |pool| pool.timers.set(Key::Conn(7), NOW),
            |pool| pool.timers.set(Key::Endpoint(7), NOW),
            |pool| pool.timers.set(Key::Ticket(7), NOW),
        ],
    );
}

#[test]
fn a_limit_of_idleness_that_is_not_the_configurations_is_refused() {
    refused("it goes by another limit of idleness than it was given", &[|pool| pool.idle_limit = Span::ZERO]);
}

#[test]
fn a_past_that_is_yet_to_come_is_refused() {
    refused(
        "a connection has a past that is yet to come",
        &[
            |pool| pool.conns[IDLE].created_at = SOON,
            |pool| pool.conns[IDLE].opened_at = SOON,
            |pool| pool.conns[IDLE].proven = SOON,
            |pool| pool.conns[IDLE].looked_at = SOON,
            |pool| pool.conns[IDLE].last_used = SOON,
            |pool| pool.conns[IDLE].progress_at = SOON,
        ],
    );
    refused(
        "a caller came who is yet to come",
        &[
            |pool| pool.leases[LEASE].since = SOON,
            |pool| pool.tickets[WAITER].since = SOON,
            |pool| pool.tickets[WAITER].proven_since = SOON,
        ],
    );
}

#[test]
fn numbers_that_cannot_be_counted_on_from_are_refused() {
    refused(
        "a window is not whole",
        &[
            |pool| pool.shrink = written(15, &[15]),
            |pool| pool.budget = budget(501, 0),
            |pool| pool.budget = budget(500, u64::MAX / 2),
        ],
    );
    refused(
        "an endpoint's counts are not whole",
        &[
            |pool| pool.endpoints[ENDPOINT].recoveries = u32::MAX / 2,
            |pool| pool.endpoints[ENDPOINT].retry_at = SOON,
        ],
    );
    refused(
        "a connection counts fewer uses than it has leases",
        &[|pool| pool.conns[LEASED].uses = 0, |pool| pool.conns[IDLE].uses = u64::MAX / 2],
    );
    refused(
        "a connection's counts are not whole",
        &[|pool| pool.conns[IDLE].leases_max = 0, |pool| pool.conns[IDLE].recoveries = u32::MAX / 2],
    );
    refused("a connection is gone and still there", &[|pool| pool.conns[DIALLED].life = Lifecycle::Gone]);
    refused("a connection that is not open is probed", &[|pool| pool.conns[DIALLED].probing = true]);
    refused("a connection closes without a reason", &[|pool| pool.conns[DIALLED].life = Lifecycle::Closing]);
    refused(
        "the statistics are not whole",
        &[
            |pool| pool.stats.retries_refused = u64::MAX / 2,
            |pool| pool.stats.closed[3] = u64::MAX / 2,
            |pool| pool.stats.faults[2] = u64::MAX / 2,
            |pool| pool.stats.wait = counted(u64::MAX / 2, 0),
            |pool| pool.stats.connect = counted(0, u64::MAX / 2),
            |pool| pool.stats.hold = counted(u64::MAX, 1),
        ],
    );
}

/// A budget of so many tokens, with a window that has seen so many seconds.
fn budget(tokens: u32, second: u64) -> crate::retry::Budget {
    let window = ([[0_u32; 2]; 10], second, 0_u64, [0_u32; 2]);
    postcard::from_bytes(&postcard::to_allocvec(&(tokens, window)).unwrap()).unwrap()
}

/// A histogram with so many in its first and its last bucket.
fn counted(first: u64, last: u64) -> crate::Histogram {
    let buckets: Vec<u64> = [first].into_iter().chain([0; 142]).chain([last]).collect();
    let bytes = postcard::to_allocvec(&(0_u64, buckets, 0_u64)).unwrap();
    postcard::from_bytes(&bytes).unwrap()
}

/// Learned nothing, asked for nothing.
fn idle(freshness: u64) -> Config {
    Config { min_connections: 0, freshness: Duration::from_secs(freshness), ..Config::default() }
}

#[test]
fn a_restart_of_a_pool_that_has_learned_nothing_is_a_new_pool() {
    let former = Pool::new(idle(30), Time::from_millis(700)).unwrap();
    for now in [Time::ZERO, NOW] {
        let restarted = Image::of(&former).restart(idle(30), now, Duration::ZERO).unwrap();
        let new = Pool::new(idle(30), now).unwrap();
        assert_eq!(Image::of(&restarted).to_bytes(), Image::of(&new).to_bytes(), "at {now:?}");
    }
}

#[test]
fn an_idle_time_that_was_learned_stands_and_one_that_was_not_is_the_configurations() {
    let freshness = |learned: bool, configured: u64| {
        let mut former = Pool::new(idle(30), Time::ZERO).unwrap();
        let endpoint = former.endpoints().next().unwrap().id;
        if learned {
            assert!(former.endpoints[endpoint].lower_freshness(Duration::from_secs(20)));
        }
        let pool = Image::of(&former).restart(idle(configured), NOW, Duration::ZERO).unwrap();
        pool.endpoints().next().unwrap().freshness.as_secs()
    };
    assert_eq!((freshness(false, 60), freshness(false, 10)), (60, 10));
    assert_eq!((freshness(true, 60), freshness(true, 10)), (20, 10));
}

#[test]
fn a_close_before_the_restart_is_as_long_ago_after_it() {
    let learns = |after_ms: u64| {
        let mut former = Pool::new(idle(30), Time::ZERO).unwrap();
        former.advance(NOW);
        let five = Duration::from_secs(5);
        assert!(!former.endpoints[ENDPOINT].closed_at_age(NOW, five));
        // Two of the five seconds that have to lie between go by meanwhile.
        let now = Time::from_millis(100_000);
        let mut pool = Image::of(&former).restart(idle(30), now, Duration::from_secs(2)).unwrap();
        pool.endpoints[ENDPOINT].closed_at_age(now + Duration::from_millis(after_ms), five)
    };
    assert!(learns(3_000) && !learns(2_999));
}

#[test]
fn a_drained_endpoint_does_not_come_back_and_leaves_its_place_to_another() {
    let mut former = Pool::new(idle(30), Time::ZERO).unwrap();
    let second = former.add_endpoint(NOW, EndpointSpec::default());
    former.resize(NOW, 1, 1).unwrap();
    former.drain_endpoint(NOW, ENDPOINT);
    assert!(former.endpoints().any(|row| row.draining), "a connect to it is under way");
    let mut pool = Image::of(&former).restart(idle(30), NOW, Duration::ZERO).unwrap();
    assert_eq!(pool.endpoints().map(|row| row.id).collect::<Vec<_>>(), [second]);
    let third = pool.add_endpoint(NOW, EndpointSpec::default());
    assert_eq!((third.index(), third.version()), (0, 2), "the slot, and not the name, is used again");
    assert!(!matches!(pool.poll_action(), Some(Action::Connect { endpoint, .. }) if endpoint == ENDPOINT));
}

#[test]
fn who_waits_is_told_how_many_come_before_and_what_it_waits_for() {
    let mut pool = busy();
    let late = Request { priority: Priority::Low, proven_since: Some(SOON), ..Request::default() };
    let Ok(Acquire::Queued(last)) = pool.acquire(SOON, late) else { panic!("it is suspended") };
    let standing = |pool: &Pool, ticket: TicketId| pool.standing(ticket);
    let (first_until, last_until) = (NOW + Duration::from_secs(10), SOON + Duration::from_secs(10));
    assert_eq!(
        standing(&pool, WAITER),
        Some(Standing::Waiting { ahead: 0, since: NOW, deadline: first_until, proven_since: None })
    );
    assert_eq!(
        standing(&pool, last.id()),
        Some(Standing::Waiting { ahead: 1, since: SOON, deadline: last_until, proven_since: Some(SOON) })
    );
    pool.resume(SOON);
    assert_eq!(standing(&pool, WAITER), Some(Standing::Granted(IDLE)));
    pool.advance(last_until);
    assert_eq!(standing(&pool, last.id()), Some(Standing::Failed(AcquireErrorKind::Timeout)));
    pool.cancel(last_until, last);
    assert_eq!(standing(&pool, TicketId::of(1, FIRST)), None);
}
