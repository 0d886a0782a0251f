//! Backends, clocks and callers that do not behave: the pool stays whole, and nobody is left behind.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use pool_async::pool_core::{CloseReason, Config, EndpointSpec, Safety, Time};
use pool_async::{Backend, Clock, ConnectContext, Connected, ExecuteOptions, Fault, ManualClock, Pool};

use crate::fake::{Fake, FakeError, Mood};
use crate::world::{SECOND, World, lazy, poll};

/// What the connections of an [`Odd`] backend do when they are asked.
type Act<T> = Rc<dyn Fn(u32) -> T>;

/// A backend of numbered connections, each answer of which the test makes up, by the number of the question.
struct Odd {
    asked: Cell<u32>,
    broken: Act<bool>,
    share: Act<Option<u32>>,
    early: Act<fn(&pool_async::Reporter)>,
}

impl Odd {
    fn new() -> Self {
        let early: fn(&pool_async::Reporter) = |_| {};
        Odd {
            asked: Cell::new(0),
            broken: Rc::new(|_| false),
            share: Rc::new(|_| None),
            early: Rc::new(move |_| early),
        }
    }

    fn ask<T>(&self, act: &Act<T>) -> T {
        self.asked.set(self.asked.get() + 1);
        act(self.asked.get())
    }

    fn pool(self, config: Config) -> (Pool<Odd, ManualClock>, impl Future<Output = ()>) {
        let (pool, driver) = Pool::builder(self, ManualClock::new()).config(config).build().unwrap();
        (pool, driver.run())
    }
}

impl Backend for Odd {
    type Conn = u32;
    type Error = Infallible;

    async fn connect(&self, cx: ConnectContext) -> Result<Connected<u32>, Infallible> {
        self.ask(&self.early)(&cx.reporter);
        Ok(Connected::shared(cx.conn.version(), 8))
    }
    async fn probe(&self, _: &mut u32) -> Result<(), Infallible> {
        Ok(())
    }
    fn is_broken(&self, _: &u32) -> bool {
        self.ask(&self.broken)
    }
    async fn close(&self, _: u32) {}
    fn classify(&self, error: &Infallible) -> Fault {
        match *error {}
    }
    fn share(&self, _: &u32) -> Option<u32> {
        self.ask(&self.share)
    }
}

#[test]
fn what_a_transport_reports_while_it_connects_is_heard_when_it_is_open() {
    let mut odd = Odd::new();
    let early: fn(&pool_async::Reporter) = |reporter| {
        reporter.lease_limit(3);
        reporter.keep_alive(4 * SECOND);
    };
    odd.early = Rc::new(move |_| early);
    odd.share = Rc::new(|_| Some(1));
    let (pool, driver) = odd.pool(Config { min_connections: 1, ..lazy(1) });
    let mut driver = pin!(driver);
    assert!(poll(driver.as_mut()).is_pending());
    assert_eq!(pool.connections()[0].info.leases_max, 3);
    assert_eq!(pool.endpoints()[0].freshness, 3 * SECOND);
}

#[test]
fn a_status_changes_when_a_connection_has_opened_and_when_it_was_probed() {
    let mut world = World::new(Config { min_connections: 1, ..lazy(1) });
    world.fake.connects(Mood::Silent);
    world.settle();
    let pool = world.pool.clone();
    let mut opened = pin!(pool.status_changed());
    assert!(poll(opened.as_mut()).is_pending());
    world.fake.connects(Mood::Answers);
    world.settle();
    assert_eq!(pool.status().available, 1);
    assert!(poll(opened).is_ready());
    world.fake.probes(Mood::Silent);
    while world.fake.probed().is_empty() {
        world.advance(SECOND / 2);
    }
    let mut probed = pin!(pool.status_changed());
    world.fake.probes(Mood::Answers);
    world.settle();
    assert!(poll(probed.as_mut()).is_ready());
}

#[test]
fn a_status_changes_with_the_phase() {
    let mut world = World::new(lazy(1));
    let (pool, _lease) = (world.pool.clone(), world.lease());
    let told = |operate: &dyn Fn()| {
        let mut changed = pin!(pool.status_changed());
        operate();
        poll(changed.as_mut()).is_ready()
    };
    assert!(told(&|| pool.suspend()));
    assert!(told(&|| pool.resume()));
    assert!(told(&|| _ = pool.add_endpoint(EndpointSpec::default())));
    assert!(told(&|| pool.resize(0, 3).unwrap()));
    assert!(told(&|| assert!(poll(pin!(pool.drain())).is_pending())));
}

#[test]
fn a_probe_that_never_ends_does_not_keep_the_driver_after_the_grace() {
    let fake = Fake::new();
    fake.shares(4);
    let clock = ManualClock::new();
    let (pool, driver) =
        crate::world::Pool::builder(fake.clone(), clock.clone()).config(lazy(1)).build().unwrap();
    let mut driver = Box::pin(driver.run());
    let mut acquire = Box::pin(pool.acquire());
    assert!(poll(acquire.as_mut()).is_pending());
    assert!(poll(driver.as_mut()).is_pending());
    let std::task::Poll::Ready(Ok(lease)) = poll(acquire.as_mut()) else { panic!("not granted") };
    fake.probes(Mood::Silent);
    clock.advance(SECOND / 4);
    assert!(poll(driver.as_mut()).is_pending());
    assert_eq!(fake.probed(), [1], "it stalls, and is asked");
    assert!(poll(pin!(pool.shutdown(SECOND / 10))).is_pending());
    clock.advance(SECOND / 10);
    assert!(poll(driver.as_mut()).is_ready(), "the lease was given up, and the probe with it");
    assert!(pool.is_closed());
    drop(lease);
    assert_eq!(fake.live(), 0);
}

/// A clock whose sleeps end at once, now and then.
#[derive(Clone)]
struct Hasty(ManualClock, Rc<Cell<u32>>);

impl Clock for Hasty {
    fn now(&self) -> Time {
        self.0.now()
    }
    async fn sleep(&self, duration: Duration) {
        self.1.set(self.1.get() + 1);
        if self.1.get().is_multiple_of(3) {
            self.0.sleep(duration).await;
        }
    }
}

#[test]
fn a_sleep_that_ends_early_cuts_no_work_short() {
    let fake = Fake::new();
    let clock = Hasty(ManualClock::new(), Rc::default());
    let (pool, driver) = Pool::builder(fake, clock).config(lazy(1)).build().unwrap();
    let mut driver = pin!(driver.run());
    let options = ExecuteOptions::new(Safety::Safe).timeout(5 * SECOND);
    let work = async |_: &mut _| std::future::pending::<Result<(), FakeError>>().await;
    let mut execute = pin!(pool.execute_with(options, |error| pool.backend().classify(error), work));
    for _ in 0..4 {
        assert!(poll(execute.as_mut()).is_pending(), "no time has passed");
        assert!(poll(driver.as_mut()).is_pending());
    }
}

/// A pool of one connection, of which the driver has opened the first.
fn opened(odd: Odd) -> (Pool<Odd, ManualClock>, Pin<Box<impl Future<Output = ()>>>) {
    let (pool, driver) = odd.pool(Config { min_connections: 1, ..lazy(1) });
    let mut driver = Box::pin(driver);
    assert!(poll(driver.as_mut()).is_pending());
    assert_eq!(pool.status().available, 1);
    (pool, driver)
}

#[test]
fn a_panic_at_the_hand_out_or_the_return_costs_a_connection_and_no_slot() {
    for at in 0..3 {
        let bad = Rc::new(Cell::new(false));
        let mut odd = Odd::new();
        let (share_bad, broken_bad) = (Rc::clone(&bad), Rc::clone(&bad));
        odd.share = Rc::new(move |_| {
            assert!(!(at == 0 && share_bad.get()), "share");
            (at == 0).then_some(1)
        });
        odd.broken = Rc::new(move |_| {
            assert!(!(at > 0 && broken_bad.get()), "is_broken");
            false
        });
        let (pool, mut driver) = opened(odd);
        let panicked = if at == 2 {
            let lease = pool.try_acquire().unwrap();
            bad.set(true);
            catch_unwind(AssertUnwindSafe(|| drop(lease))).is_err()
        } else {
            bad.set(true);
            catch_unwind(AssertUnwindSafe(|| drop(pool.try_acquire()))).is_err()
        };
        bad.set(false);
        assert!(panicked, "{at}");
        pool.check().unwrap();
        assert_eq!(pool.status().leases, 0, "{at}");
        assert_eq!(pool.stats().closed_for(CloseReason::Lost), 1, "{at}");
        pool.clock().advance(SECOND);
        assert!(poll(driver.as_mut()).is_pending());
        drop(pool.try_acquire().unwrap());
    }
}

#[test]
fn an_answer_that_changes_with_each_question_ends_no_poll_in_a_loop() {
    let mut odd = Odd::new();
    odd.broken = Rc::new(|asked| asked % 2 == 0);
    let (pool, driver) = odd.pool(Config { min_connections: 2, ..lazy(2) });
    let mut driver = pin!(driver);
    assert!(poll(driver.as_mut()).is_pending());
    let mut leases = Vec::new();
    for _ in 0..4 {
        leases.extend(pool.try_acquire());
        assert!(poll(driver.as_mut()).is_pending());
    }
    drop(leases);
    pool.check().unwrap();
}

#[test]
fn a_connection_that_cannot_be_shared_any_more_is_replaced() {
    let mut odd = Odd::new();
    let shares = Rc::new(Cell::new(true));
    let asked = Rc::clone(&shares);
    odd.share = Rc::new(move |_| asked.get().then_some(1));
    let (pool, mut driver) = opened(odd);
    shares.set(false);
    assert!(pool.try_acquire().is_err());
    shares.set(true);
    pool.clock().advance(SECOND);
    assert!(poll(driver.as_mut()).is_pending());
    drop(pool.try_acquire().unwrap());
}

#[test]
fn the_worse_of_two_endpoints_is_dialled_only_when_the_better_one_is_down() {
    let mut world = World::new(Config { min_connections: 0, ..lazy(4) });
    let better = world.pool.endpoints()[0].id;
    let worse = world.pool.add_endpoint(EndpointSpec { priority: 1, weight: 1 });
    let leases: Vec<_> = (0..2).map(|_| world.lease()).collect();
    let pool = world.pool.clone();
    let mut waiters: Vec<_> = (0..2).map(|_| Box::pin(pool.acquire())).collect();
    for waiter in &mut waiters {
        assert!(poll(waiter.as_mut()).is_pending());
    }
    let to = |endpoint| pool.connections().iter().filter(|row| row.info.endpoint == endpoint).count();
    assert_eq!((to(better), to(worse)), (3, 0), "the better one's gate is full, which is no reason");
    world.fake.connects(Mood::Refuses("down"));
    world.settle();
    assert!(to(worse) <= 1 && to(better) == 2);
    drop((leases, waiters));
}

#[test]
fn who_never_waits_is_refused_a_stale_connection_once_and_not_for_ever() {
    let config = Config { health_check_interval: Duration::ZERO, waiters_max: Some(0), ..lazy(1) };
    let mut world = World::new(Config { min_connections: 1, ..config });
    world.settle();
    world.advance(40 * SECOND);
    assert!(world.pool.try_acquire().unwrap_err().is_exhausted());
    world.settle();
    assert_eq!(world.fake.probed(), [1]);
    drop(world.pool.try_acquire().unwrap());
    world.advance(40 * SECOND);
    let pool = world.pool.clone();
    assert!(world.run(pool.acquire()).unwrap_err().is_exhausted(), "the queue is full with nobody in it");
    world.settle();
    drop(world.run(pool.acquire()).unwrap());
}
