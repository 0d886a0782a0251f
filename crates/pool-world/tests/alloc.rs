//! I34: after warm-up the pool allocates nothing on the paths that callers take.
//!
//! In a binary of its own: the counting allocator of `allocation-counter` is the program's.

use std::time::Duration;

use pool_core::{Acquire, Action, Claim, Config, Event, Outcome, Output, Patience, Pool, Request, Time};

/// Performs what the pool asks for at once, as a driver with no latency would.
fn serve(pool: &mut Pool, now: Time) {
    while let Output::Do(action) = pool.poll() {
        match action {
            Action::Connect { conn, .. } => drop(pool.handle(now, Event::Connected { conn, leases_max: 1 })),
            Action::Probe { conn } => drop(pool.handle(now, Event::Probed { conn })),
            Action::Close { conn, .. } => drop(pool.handle(now, Event::Closed { conn })),
            Action::Forget { .. } | Action::Wake { .. } | Action::Notice(_) => {}
        }
    }
}

fn acquire(pool: &mut Pool, now: Time, request: Request) -> Acquire {
    pool.acquire(now, request).expect("a pool with room in its queue")
}

/// Four callers on two connections: two are served at once, two wait; of these one gives up and one is served.
fn round(pool: &mut Pool, now: &mut Time) {
    let request = Request::default();
    let first = acquire(pool, *now, request);
    let second =
        acquire(pool, *now, Request { patience: Patience::Until(*now + Duration::from_secs(1)), ..request });
    let (third, fourth) = (acquire(pool, *now, request), acquire(pool, *now, request));
    serve(pool, *now);
    let claimed = |pool: &mut Pool, now, acquired| match acquired {
        Acquire::Ready(lease) => Some(lease),
        Acquire::Queued(ticket) => match pool.claim(now, ticket) {
            Claim::Ready(lease) => Some(lease),
            Claim::Pending(ticket) => {
                pool.cancel(now, ticket);
                None
            }
            Claim::Failed(error) => panic!("{error}"),
        },
    };
    let held = [claimed(pool, *now, first), claimed(pool, *now, second), claimed(pool, *now, third)];
    assert_eq!(
        held.iter().flatten().count(),
        2,
        "of three callers two hold a lease, and the third has given up"
    );
    *now = *now + Duration::from_millis(3);
    pool.advance(*now);
    for lease in held.into_iter().flatten() {
        let _ = pool.release(*now, lease, Outcome::Success);
    }
    serve(pool, *now);
    if let Some(lease) = claimed(pool, *now, fourth) {
        let _ = pool.release(*now, lease, Outcome::Returned);
    }
    serve(pool, *now);
}

#[test]
fn nothing_is_allocated_after_warm_up_i34() {
    let config = Config { min_connections: 2, max_connections: 2, ..Config::default() };
    let mut now = Time::from_millis(5);
    let mut pool = Pool::new(config, now).expect("a valid configuration");
    serve(&mut pool, now);
    for _ in 0..100 {
        round(&mut pool, &mut now);
    }
    let seen = allocation_counter::measure(|| {
        // Long enough for probes, idle checks, retirements and the dials that follow them.
        for _ in 0..1_000_000 {
            round(&mut pool, &mut now);
        }
    });
    assert_eq!(seen.count_total, 0, "I34: {seen:?}");
    assert!(pool.stats().opened > 2, "connections were replaced on the way: {:?}", pool.stats().opened);
}
