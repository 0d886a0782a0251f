//! Executors: what must not block them, and what happens where none runs.

use std::io;
use std::sync::{Arc, Mutex, mpsc};

use pool_smol::pool_http::{Phase, TransportErrorKind as Kind};
use pool_smol::{Resolver, Spawner, SurfBackend, TransportConfig};
use smol::Executor;
use smol::future::FutureExt;
use supabase_sim::Simulator;

use crate::support::*;

/// The resolver waits for something that the one thread of the executor has yet to do: were it called there, nobody would.
#[test]
fn resolving_a_name_does_not_block_the_executor() {
    let sim = start(Simulator::builder());
    let address = sim.address();
    let (asked, was_asked) = smol::channel::bounded(1);
    let (answer, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let resolver = Resolver::new(move |host, port| {
        asked.send_blocking((host.to_owned(), port)).map_err(io::Error::other)?;
        wait.lock().unwrap().recv_timeout(LONG).map_err(io::Error::other)?;
        Ok(vec![address])
    });
    let key = sim.anon_key().parse().unwrap();
    let config = TransportConfig::new(base("http://db.example:81")).resolver(resolver);
    let executor = Arc::new(Executor::new());
    let backend = SurfBackend::new(config).unwrap().on(Spawner::on(&executor));
    smol::block_on(executor.run(async {
        let pool = backend.open(at_most(1)).unwrap();
        let mut lease = within(async {
            let acquired = async { pool.acquire().await.unwrap() };
            let resolved = async {
                assert_eq!(was_asked.recv().await.unwrap(), ("db.example".to_owned(), 81));
                answer.send(()).unwrap();
                smol::future::pending().await
            };
            acquired.or(resolved).await
        })
        .await;
        let mut request = request(pool_smol::http::Method::GET, &blog_path(1));
        request.headers.insert("apikey", key);
        assert!(is_blog(&send(&mut *lease, request).await.unwrap(), 1));
    }));
}

#[test]
fn a_resolver_that_fails_finds_nothing_or_panics_is_said_to_know_no_such_name() {
    let table: [fn() -> io::Result<Vec<std::net::SocketAddr>>; 3] =
        [|| Ok(Vec::new()), || Err(io::Error::other("no")), || panic!("a resolver at fault")];
    for resolve in table {
        let config =
            TransportConfig::new(base("http://db.example")).resolver(Resolver::new(move |_, _| resolve()));
        let pool = SurfBackend::new(config).unwrap().open(at_most(1)).unwrap();
        assert_eq!(smol::block_on(connect_failure(&pool)), (Phase::Resolve, Kind::Dns));
    }
}

#[test]
fn when_a_pool_is_dropped_no_task_of_it_is_left() {
    let sim = start(Simulator::builder());
    let executor = Arc::new(Executor::new());
    let backend = SurfBackend::new(towards(&sim)).unwrap().on(Spawner::on(&executor));
    let pool = backend.open(at_most(1)).unwrap();
    let lease = smol::block_on(executor.run(async { pool.acquire().await.unwrap() }));
    assert!(sim.wait_until(|counters| counters.open == 1, LONG));
    drop(lease);
    drop(pool);
    smol::block_on(executor.run(within(async {
        until(&sim, |counters| counters.open == 0).await;
        while !executor.is_empty() {
            smol::future::yield_now().await;
        }
    })));
}

#[test]
fn a_pool_may_be_opened_used_and_dropped_without_an_executor_around() {
    let sim = start(Simulator::builder());
    // smol's global executor has threads of its own.
    let pool = SurfBackend::new(towards(&sim)).unwrap().open(at_most(1)).unwrap();
    let mut lease = futures::executor::block_on(pool.acquire()).unwrap();
    let answer = futures::executor::block_on(send(&mut *lease, blog(&sim, 1)));
    assert!(is_blog(&answer.unwrap(), 1));
    drop(lease);
    drop(pool);
    assert!(sim.wait_until(|counters| counters.open == 0, LONG));
}

/// Whoever ends the executor under a pool ends the pool: callers are told, leases that are out fail, and no socket is left.
#[test]
fn an_executor_that_is_dropped_takes_its_pool_with_it() {
    let sim = start(Simulator::builder());
    let executor = Arc::new(Executor::new());
    let backend = SurfBackend::new(towards(&sim)).unwrap().on(Spawner::on(&executor));
    let pool = backend.open(at_most(2)).unwrap();
    let mut lease = smol::block_on(executor.run(within(pool.acquire()))).unwrap();
    drop(executor);
    smol::block_on(async {
        let late = within(send(&mut *lease, blog(&sim, 1))).await;
        assert_eq!(failure(late), (Phase::NotSent, Kind::Closed));
        assert!(within(pool.acquire()).await.is_err_and(|error| error.is_closed()));
    });
    drop(lease);
    assert!(sim.wait_until(|counters| counters.open == 0, LONG));
}

/// The same if it drops what it is given.
#[test]
fn a_spawner_that_runs_nothing_makes_a_pool_that_says_it_is_closed() {
    let sim = start(Simulator::builder());
    let backend = SurfBackend::new(towards(&sim)).unwrap().on(Spawner::new("nobody", drop));
    let pool = backend.open(at_most(1)).unwrap();
    assert!(smol::block_on(within(pool.acquire())).is_err_and(|error| error.is_closed()));
}
