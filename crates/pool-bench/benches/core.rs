//! What one turn of the core costs: acquire and release beside idle connections, with a queue, and as the pool grows.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pool_core::{Acquire, Action, Claim, Config, Event, Outcome, Output, Pool, Request, Ticket, Time};

/// A pool of `connections` open ones, all idle.
fn open_pool(connections: u32) -> Pool {
    let config = Config {
        min_connections: connections,
        max_connections: connections,
        connects_max: connections,
        waiters_max: Some(2_000_000),
        ..Config::default()
    };
    let mut pool = Pool::new(config, Time::ZERO).expect("a valid configuration");
    drain(&mut pool);
    assert_eq!(pool.status().available, connections);
    pool
}

/// Performs everything the pool asks for, at once and with success.
fn drain(pool: &mut Pool) {
    while let Output::Do(action) = pool.poll() {
        if let Action::Connect { conn, .. } = action {
            let _ = pool.handle(pool.now(), Event::Connected { conn, leases_max: 1 });
        }
    }
}

fn queue(pool: &mut Pool) -> Ticket {
    match pool.acquire(pool.now(), Request::default()) {
        Ok(Acquire::Queued(ticket)) => ticket,
        other => panic!("expected a place in the queue, got {other:?}"),
    }
}

/// Nobody waits: acquire and release, a microsecond apart.
fn uncontended(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("acquire and release, idle connections");
    for connections in [10, 1_000, 100_000] {
        let mut pool = open_pool(connections);
        let mut nanos = 1_000_000;
        group.bench_function(BenchmarkId::from_parameter(connections), |bencher| {
            bencher.iter(|| {
                nanos += 100;
                let now = Time::from_nanos(nanos);
                let Ok(Acquire::Ready(lease)) = pool.acquire(now, Request::default()) else {
                    panic!("a connection is idle");
                };
                let verdict = pool.release(now, black_box(lease), Outcome::Success);
                while pool.poll_action().is_some() {}
                verdict
            });
        });
    }
    group.finish();
}

/// Everyone waits: a release grants to the oldest, who claims and joins the queue again at its end.
fn contended(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("release, claim and queue again, waiters");
    for waiters in [10, 10_000, 1_000_000] {
        let mut pool = open_pool(1);
        let Ok(Acquire::Ready(first)) = pool.acquire(Time::ZERO, Request::default()) else {
            panic!("a connection is idle");
        };
        let mut lease = Some(first);
        let mut tickets: std::collections::VecDeque<Ticket> =
            (0..waiters).map(|_| queue(&mut pool)).collect();
        group.bench_function(BenchmarkId::from_parameter(waiters), |bencher| {
            bencher.iter(|| {
                let held = lease.take().expect("one lease is out");
                let _ = pool.release(pool.now(), held, Outcome::Success);
                while pool.poll_action().is_some() {}
                let oldest = tickets.pop_front().expect("somebody waits");
                let Claim::Ready(granted) = pool.claim(pool.now(), oldest) else {
                    panic!("first come, first served");
                };
                lease = Some(granted);
                tickets.push_back(queue(&mut pool));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, uncontended, contended);
criterion_main!(benches);
