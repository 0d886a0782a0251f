//! The pool on plain threads: callers that block, a driver that may be blocked, and an end that leaves nothing behind.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures::executor::block_on;
use pool_async::blocking::{OpenError, Pool};
use pool_async::pool_core::{Config, FaultClass, RetryPolicy, Reuse, Safety, StopReason};
use pool_async::{AcquireOptions, Backend, Clock, ConnectContext, Connected, ExecuteError, Fault};

/// Longer than anything takes that happens at all.
const LONG: Duration = Duration::from_secs(30);
/// For what is expected to time out.
const SHORT: Duration = Duration::from_millis(50);

/// What a test sees of its connections: how many were made, and are there.
#[derive(Default)]
struct Census {
    made: AtomicU32,
    open: AtomicU32,
    most: AtomicU32,
}

/// A connection that is counted.
struct Counted(Arc<Census>);

impl Counted {
    fn new(census: &Arc<Census>) -> Self {
        census.made.fetch_add(1, Ordering::SeqCst);
        let open = census.open.fetch_add(1, Ordering::SeqCst) + 1;
        census.most.fetch_max(open, Ordering::SeqCst);
        Counted(Arc::clone(census))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Failed {
    Refused,
    Broken,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Failed {}

type Connecting = dyn Fn(&Arc<Census>) -> Result<Counted, Failed> + Send + Sync;

struct Counting {
    census: Arc<Census>,
    connect: Box<Connecting>,
}

impl Backend for Counting {
    type Conn = Counted;
    type Error = Failed;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<Counted>, Failed> {
        (self.connect)(&self.census).map(Connected::exclusive)
    }

    async fn probe(&self, _: &mut Counted) -> Result<(), Failed> {
        Ok(())
    }

    fn is_broken(&self, _: &Counted) -> bool {
        false
    }

    async fn close(&self, _: Counted) {}

    fn classify(&self, error: &Failed) -> Fault {
        match error {
            Failed::Refused => Fault::new(FaultClass::Endpoint, Reuse::Discard),
            Failed::Broken => Fault::broken(),
        }
    }
}

fn at_most(max: u32) -> Config {
    Config {
        min_connections: 0,
        max_connections: max,
        health_check_interval: Duration::ZERO,
        ..Config::default()
    }
}

fn open_with(
    config: Config,
    connect: impl Fn(&Arc<Census>) -> Result<Counted, Failed> + Send + Sync + 'static,
) -> (Pool<Counting>, Arc<Census>) {
    let census = Arc::new(Census::default());
    let backend = Counting { census: Arc::clone(&census), connect: Box::new(connect) };
    (Pool::open(backend, config).expect("a pool"), census)
}

fn open(max: u32) -> (Pool<Counting>, Arc<Census>) {
    open_with(at_most(max), |census| Ok(Counted::new(census)))
}

fn patience(timeout: Duration) -> AcquireOptions {
    AcquireOptions { timeout: Some(timeout), ..AcquireOptions::default() }
}

#[test]
fn a_connection_is_lent_again_and_again() {
    let (pool, census) = open(2);
    for _ in 0..1000 {
        drop(pool.get().unwrap());
    }
    assert_eq!(census.made.load(Ordering::SeqCst), 1);
}

#[test]
fn a_caller_blocks_until_another_thread_gives_back() {
    let (pool, _) = open(1);
    let lease = pool.get().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.get_with(patience(LONG)).map(|lease| lease.conn_id()));
        while pool.pool().status().waiting == 0 {
            thread::yield_now();
        }
        let id = lease.conn_id();
        drop(lease);
        assert_eq!(waiting.join().unwrap().unwrap(), id);
    });
}

#[test]
fn there_are_never_more_connections_than_allowed_however_many_threads_ask() {
    let (pool, census) = open(3);
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..200 {
                    drop(pool.get_with(patience(LONG)).unwrap());
                }
            });
        }
    });
    assert!(census.most.load(Ordering::SeqCst) <= 3);
    assert_eq!(pool.pool().stats().leases, 16 * 200);
}

#[test]
fn who_does_not_want_to_wait_does_not() {
    let (pool, _) = open(1);
    let lease = pool.get().unwrap();
    assert!(pool.try_get().unwrap_err().is_exhausted());
    drop(lease);
    assert!(pool.try_get().is_ok());
}

#[test]
fn a_deadline_holds_while_every_connection_is_out() {
    let (pool, _) = open(1);
    let _lease = pool.get().unwrap();
    assert!(pool.get_with(patience(SHORT)).unwrap_err().is_timeout());
    let deadline = AcquireOptions { deadline: Some(pool.pool().now() + SHORT), ..AcquireOptions::default() };
    assert!(pool.get_with(deadline).unwrap_err().is_timeout());
}

#[test]
fn a_deadline_holds_while_the_drivers_thread_is_blocked_in_a_connect() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let (pool, _) = open_with(at_most(1), move |census| {
        released.lock().unwrap().recv_timeout(LONG).expect("the test lets it go on");
        Ok(Counted::new(census))
    });
    assert!(pool.get_with(patience(SHORT)).unwrap_err().is_timeout());
    release.send(()).unwrap();
    assert!(pool.get_with(patience(LONG)).is_ok());
}

#[test]
fn a_refused_connect_is_the_cause_that_the_caller_is_told() {
    let (pool, _) = open_with(at_most(1), |_| Err(Failed::Refused));
    let error = pool.get().unwrap_err();
    assert!(error.is_unavailable());
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
    assert_eq!(cause, Some(&Failed::Refused));
}

#[test]
fn work_is_tried_again_on_another_connection_after_a_wait() {
    let retry = RetryPolicy { attempts: 3, delay: Duration::from_millis(1), ..RetryPolicy::default() };
    let (pool, census) = open_with(Config { retry, ..at_most(1) }, |census| Ok(Counted::new(census)));
    let mut tries = 0;
    let result = pool.execute(Safety::Safe, |_| {
        tries += 1;
        if tries < 3 { Err(Failed::Broken) } else { Ok("done") }
    });
    assert_eq!(result.unwrap(), "done");
    assert_eq!((tries, census.made.load(Ordering::SeqCst)), (3, 3));
    let result = pool.execute(Safety::Unsafe, |_| Err::<(), _>(Failed::Broken));
    assert!(matches!(result, Err(ExecuteError::Failed { stop: StopReason::MaybeSent, attempts: 1, .. })));
}

#[test]
fn the_last_handle_joins_the_thread_and_leaves_nothing_behind() {
    let (pool, census) = open(3);
    let leases: Vec<_> = (0..3).map(|_| pool.get().unwrap()).collect();
    drop(leases);
    let other = pool.clone();
    drop(pool);
    assert_eq!(census.open.load(Ordering::SeqCst), 3, "there is another handle");
    drop(other);
    assert_eq!(census.open.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&census), 1, "backend and driver are gone");
}

#[test]
fn a_lease_that_outlives_its_pool_holds_nobody_up_and_closes_its_connection() {
    let (pool, census) = open(1);
    let lease = pool.get().unwrap();
    drop(pool);
    assert_eq!(census.open.load(Ordering::SeqCst), 1);
    drop(lease);
    assert_eq!(census.open.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&census), 1);
}

#[test]
fn a_shutdown_waits_for_the_leases_and_refuses_everyone_after() {
    let (pool, census) = open(2);
    let lease = pool.get().unwrap();
    thread::scope(|scope| {
        let closing = scope.spawn(|| pool.shutdown(LONG));
        while !pool.get_with(patience(LONG)).is_err_and(|error| error.is_closed()) {
            thread::yield_now();
        }
        drop(lease);
        closing.join().unwrap();
    });
    assert_eq!(census.open.load(Ordering::SeqCst), 0);
    assert!(pool.try_get().unwrap_err().is_closed());
}

#[test]
fn a_backend_that_panics_ends_its_pool_and_nobodys_wait_lasts() {
    let (pool, _) = open_with(at_most(1), |_| panic!("a backend at fault"));
    assert!(pool.get_with(patience(LONG)).unwrap_err().is_closed());
    drop(pool);
}

#[test]
fn work_that_panics_costs_its_connection_and_no_slot() {
    let (pool, census) = open(1);
    for made in 1..=3 {
        let panicking = || pool.execute(Safety::Safe, |_| -> Result<(), Failed> { panic!("work at fault") });
        assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
        assert_eq!(census.made.load(Ordering::SeqCst), made);
        assert_eq!(pool.pool().status().leases, 0);
    }
    assert!(pool.get_with(patience(LONG)).is_ok());
}

#[test]
fn a_lease_that_is_never_given_back_holds_up_no_end() {
    let (pool, census) = open(2);
    std::mem::forget(pool.get().unwrap());
    drop(pool.get_with(patience(LONG)).unwrap());
    drop(pool);
    assert_eq!(census.open.load(Ordering::SeqCst), 1, "the one that nobody can close");
}

/// Dropped when hardly anything of the thread is left.
#[test]
fn a_pool_and_a_lease_may_live_until_the_end_of_their_thread() {
    thread_local! {
        static KEPT: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) };
    }
    let (pool, census) = open(2);
    let keep =
        move || KEPT.set(Some(Box::new((pool.get().unwrap(), pool.clone(), pool.get().unwrap(), pool))));
    thread::spawn(keep).join().unwrap();
    assert_eq!(census.open.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&census), 1);
}

#[test]
fn sleeps_end_in_order_on_any_executor_and_with_the_pool() {
    let (pool, _) = open(1);
    let clock = pool.pool().clock().clone();
    let (soon, later) = (clock.sleep(SHORT / 2), clock.sleep(SHORT));
    let first = futures::executor::block_on(futures::future::select(Box::pin(soon), Box::pin(later)));
    assert!(matches!(first, futures::future::Either::Left(_)));
    let never = clock.sleep(Duration::MAX / 2);
    assert!(futures::future::FutureExt::now_or_never(never).is_none());
    thread::scope(|scope| {
        let asleep = clock.sleep(LONG * 100);
        let sleeping = scope.spawn(move || futures::executor::block_on(asleep));
        drop(pool);
        sleeping.join().unwrap();
    });
    futures::executor::block_on(clock.sleep(LONG * 100));
}

#[test]
fn a_setting_out_of_its_range_is_said_before_anything_is_opened() {
    let census = Arc::new(Census::default());
    let connect: Box<Connecting> = Box::new(|census| Ok(Counted::new(census)));
    let config = Config { max_connections: 0, ..Config::default() };
    let error = Pool::open(Counting { census, connect }, config).unwrap_err();
    assert!(
        matches!(&error, OpenError::Config(_)) && error.to_string().contains("max_connections"),
        "{error}"
    );
    assert_eq!(error.source().unwrap().to_string(), error.to_string());
    let error = OpenError::Thread(std::io::Error::other("none left"));
    assert_eq!(error.to_string(), "no thread could be started for the pool's driver: none left");
    assert_eq!(error.source().unwrap().to_string(), "none left");
}

#[test]
fn a_sleep_lasts_until_its_instant_and_is_forgotten_when_it_is_dropped() {
    struct Nobody;
    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }
    let (pool, _) = open(1);
    let clock = pool.pool().clock();
    let begun = clock.now();
    block_on(clock.sleep(SHORT));
    assert!(clock.now().since(begun) >= SHORT);
    let [stays, goes] = [(); 2].map(|()| Arc::new(Nobody));
    let poll = |nobody: &Arc<Nobody>| {
        let mut sleep = Box::pin(clock.sleep(LONG));
        let waker = Waker::from(Arc::clone(nobody));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        sleep
    };
    let (_stays, dropped) = (poll(&stays), poll(&goes));
    drop(dropped);
    // Another one ends: the thread has looked at all of them, and woke nobody before the time.
    block_on(clock.sleep(SHORT));
    assert_eq!((Arc::strong_count(&stays), Arc::strong_count(&goes)), (2, 1));
}

#[test]
fn what_is_shown_of_a_pool_and_its_clock_names_them() {
    let (pool, _) = open(1);
    assert!(format!("{pool:?}").starts_with("Pool(Pool { handles: "), "{pool:?}");
    let clock = pool.pool().clock();
    assert!(format!("{clock:?}").starts_with("ThreadClock { now: t="), "{clock:?}");
}

#[test]
fn the_last_drop_waits_until_what_is_idle_is_closed_and_the_thread_has_ended() {
    /// Belongs to the driver's thread, and goes with it, slowly.
    struct Last(Arc<AtomicU32>);
    impl Drop for Last {
        fn drop(&mut self) {
            thread::sleep(SHORT);
            self.0.fetch_add(10, Ordering::SeqCst);
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    struct Slow(Arc<AtomicU32>);
    impl Backend for Slow {
        type Conn = ();
        type Error = Failed;
        async fn connect(&self, _: ConnectContext) -> Result<Connected<()>, Failed> {
            LAST.with_borrow_mut(|last| _ = last.get_or_insert_with(|| Last(Arc::clone(&self.0))));
            Ok(Connected::exclusive(()))
        }
        async fn probe(&self, (): &mut ()) -> Result<(), Failed> {
            Ok(())
        }
        fn is_broken(&self, (): &()) -> bool {
            false
        }
        async fn close(&self, (): ()) {
            // A peer that takes its time.
            thread::sleep(SHORT);
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        fn classify(&self, _: &Failed) -> Fault {
            Fault::broken()
        }
    }
    let ended = Arc::new(AtomicU32::new(0));
    let pool = Pool::open(Slow(Arc::clone(&ended)), at_most(2)).expect("a pool");
    let both = (pool.get().unwrap(), pool.get().unwrap());
    drop(both);
    drop(pool.clone());
    assert_eq!(ended.load(Ordering::SeqCst), 0, "a clone is left");
    drop(pool);
    assert_eq!(ended.load(Ordering::SeqCst), 12, "two closes, and the thread");
}
