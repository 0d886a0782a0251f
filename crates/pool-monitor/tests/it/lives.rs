//! Pools that come and go, and a monitor that ends.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use http::StatusCode;
use pool_async::pool_core::Phase;
use pool_async::{Backend, Clock, ConnectContext, Connected, Fault, ManualClock, Pool};
use pool_monitor::{Monitor, OperateError, Operation, WatchError};

use crate::fake::Mood;
use crate::world::{SECOND, World, get, lazy, read_json};

#[test]
fn a_pool_needs_a_name_of_its_own() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    let taken = world.monitor.watch("main", &pool).unwrap_err();
    assert_eq!(taken, WatchError::NameTaken("main".to_owned()));
    assert_eq!(
        taken.to_string(),
        "a pool named `main` is watched already: give this one another name, or unwatch that one first"
    );
    let none = world.monitor.watch("", &pool).unwrap_err();
    assert_eq!(
        none.to_string(),
        "the name of a pool is empty: give it one, to tell it from others in the panel and in metrics"
    );
    world.monitor.watch("again", &pool).unwrap();
    assert_eq!(world.monitor.names(), ["main", "again"], "one pool may have two names");
}

#[test]
fn watching_keeps_no_pool_open_and_its_name_is_free_then() {
    let mut world = World::new();
    let panel = world.panel();
    let pool = world.watched("main", lazy(1));
    drop(world.lease(&pool));
    world.monitor.sample();
    drop(pool);
    world.settle();
    // Before the next look as after it.
    for _ in 0..2 {
        let status = read_json(&get(&panel, "/api/status"));
        assert_eq!(
            (&status["pools"][0]["phase"], &status["pools"][0]["gone"]),
            (&"closed".into(), &true.into())
        );
        let health = get(&panel, "/health");
        assert_eq!(health.status(), StatusCode::SERVICE_UNAVAILABLE);
        let refused = world.monitor.operate("main", Operation::Suspend).unwrap_err();
        assert_eq!(refused, OperateError::Closed("main".to_owned()));
        world.interval();
    }
    assert_eq!(world.monitor.view("main").unwrap().status.phase, Phase::Closed);
    let points = world.monitor.view("main").unwrap().points.len();
    world.interval();
    assert_eq!(world.monitor.view("main").unwrap().points.len(), points, "nothing happens to it any more");

    let _next = world.watched("main", lazy(1));
    assert_eq!(world.monitor.names(), ["main"]);
    assert_eq!(world.monitor.view("main").unwrap().points.len(), 0, "another pool, another record");
    assert_eq!(get(&panel, "/health").status(), StatusCode::OK);
}

#[test]
fn a_name_is_free_as_soon_as_its_pool_is_closed() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    let lease = world.lease(&pool);
    drop(pool);
    world.settle();
    let next = world.pool(lazy(1));
    assert!(world.monitor.watch("main", &next).is_err(), "the former one has a lease out");
    drop(lease);
    world.settle();
    world.monitor.watch("main", &next).unwrap();
}

/// A backend that tells when it is dropped, by way of the monitor.
struct Last {
    monitor: Arc<OnceLock<Monitor>>,
    dropped: mpsc::Sender<Vec<String>>,
}

impl Drop for Last {
    fn drop(&mut self) {
        let (monitor, dropped) = (self.monitor.get().unwrap().clone(), self.dropped.clone());
        // Not on this thread: a lock that is held here would hang the test instead of failing it.
        let (tell, told) = mpsc::channel();
        thread::spawn(move || _ = tell.send(monitor.names()));
        _ = dropped.send(told.recv_timeout(Duration::from_secs(5)).expect("a lock of the monitor is held"));
    }
}

impl Backend for Last {
    type Conn = ();
    type Error = Infallible;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<()>, Infallible> {
        Ok(Connected::exclusive(()))
    }

    async fn probe(&self, _: &mut ()) -> Result<(), Infallible> {
        Ok(())
    }

    fn is_broken(&self, _: &()) -> bool {
        false
    }

    async fn close(&self, _: ()) {}

    fn classify(&self, error: &Infallible) -> Fault {
        match *error {}
    }
}

#[test]
fn a_backend_is_dropped_outside_of_the_monitors_lock() {
    let monitor = Monitor::new();
    let handle = Arc::new(OnceLock::from(monitor.clone()));
    let (dropped, told) = mpsc::channel();
    let make = || {
        let backend = Last { monitor: Arc::clone(&handle), dropped: dropped.clone() };
        Pool::builder(backend, ManualClock::new()).config(lazy(1)).build().unwrap()
    };
    let (pool, driver) = make();
    monitor.watch("main", &pool).unwrap();
    drop((pool, driver));
    let (next, driver) = make();
    monitor.watch("main", &next).unwrap();
    assert_eq!(told.try_recv().unwrap(), ["main"], "replaced");
    drop((next, driver));
    assert!(monitor.unwatch("main"));
    assert_eq!(told.try_recv().unwrap(), Vec::<String>::new(), "forgotten");
}

#[test]
fn it_looks_once_in_an_interval_until_nobody_has_it() {
    let mut world = World::with(Monitor::builder().interval(2 * SECOND).build());
    let (done, ended) = futures::channel::oneshot::channel();
    let run = world.monitor.run(world.clock.clone());
    world.spawn(async move {
        run.await;
        _ = done.send(());
    });
    let _pool = world.watched("main", lazy(1));
    world.advance(7 * SECOND);
    let view = world.monitor.view("main").unwrap();
    let at: Vec<_> =
        view.points.iter().map(|point| point.at.since(pool_async::pool_core::Time::ZERO)).collect();
    assert_eq!(at, [2 * SECOND, 4 * SECOND, 6 * SECOND]);
    world.monitor = Monitor::new();
    world.run(ended).unwrap();
    assert_eq!(world.clock.now().since(view.points[2].at), 2 * SECOND);
}

#[test]
fn an_interval_is_a_tenth_of_a_second_at_least() {
    let mut world = World::with(Monitor::builder().interval(Duration::ZERO).build());
    let _pool = world.watched("main", lazy(1));
    let run = world.monitor.run(world.clock.clone());
    world.spawn(run);
    world.advance(SECOND);
    assert_eq!(world.monitor.view("main").unwrap().points.len(), 10);
}

#[test]
fn an_error_that_looks_at_the_monitor_while_it_is_written_is_harmless() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    let monitor = world.monitor.clone();
    let depth = AtomicU32::new(0);
    pool.backend().when_written(move || {
        if depth.fetch_add(1, Ordering::Relaxed) == 0 {
            monitor.sample();
            monitor.view("main").unwrap();
            monitor.metrics();
        }
    });
    pool.backend().connects(Mood::Refuses("down"));
    world.acquire(&pool).unwrap_err();
    world.monitor.sample();
    assert_eq!(world.monitor.view("main").unwrap().points.len(), 1, "what is being looked at is left alone");
}

#[test]
fn a_look_that_panicked_is_not_the_last() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    pool.backend().when_written(|| panic!("an error that cannot be written"));
    pool.backend().connects(Mood::Refuses("down"));
    world.acquire(&pool).unwrap_err();
    let look = std::panic::AssertUnwindSafe(|| world.monitor.sample());
    std::panic::catch_unwind(look).unwrap_err();
    pool.backend().connects(Mood::Answers);
    world.advance(60 * SECOND);
    drop(world.lease(&pool));
    world.monitor.sample();
    assert_eq!(world.monitor.view("main").unwrap().points.len(), 1);
}

#[test]
fn samples_from_many_threads_count_nothing_twice() {
    let mut world = World::new();
    let pool = world.watched("main", lazy(1));
    drop(world.lease(&pool));
    let monitor = &world.monitor;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..290).for_each(|_| monitor.sample()));
        }
        for _ in 0..2000 {
            pool.try_acquire().unwrap().release(pool_async::pool_core::Outcome::Success);
        }
    });
    world.monitor.sample();
    let view = world.monitor.view("main").unwrap();
    assert!(view.points.last().unwrap().seq <= 871);
    assert_eq!(view.points.iter().map(|point| point.verdicts).sum::<u64>(), 2000);
}
