//! The clocks, and how the driver sleeps on them.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use pool_async::pool_core::{Config, Outcome, Time};
use pool_async::{Clock, ManualClock, Pool, TokioClock};

use crate::fake::Fake;
use crate::world::{SECOND, Task, lazy, poll};

#[test]
fn each_sleep_ends_at_its_own_instant_and_wakes_its_own_newest_waker() {
    let clock = ManualClock::new();
    let [before, one, two] = [(); 3].map(|()| Arc::new(Task::default()));
    let (mut short, mut long) = (pin!(clock.sleep(SECOND)), pin!(clock.sleep(2 * SECOND)));
    assert!(before.poll(short.as_mut()).is_pending());
    assert!(two.poll(long.as_mut()).is_pending());
    assert!(one.poll(short.as_mut()).is_pending());
    assert_eq!(clock.next_wakeup(), Some(Time::ZERO + SECOND));
    clock.advance(SECOND);
    assert_eq!([before.woken(), one.woken(), two.woken()], [0, 1, 0]);
    assert!(one.poll(short.as_mut()).is_ready() && two.poll(long.as_mut()).is_pending());
    assert_eq!(clock.next_wakeup(), Some(Time::ZERO + 2 * SECOND));
    clock.advance(SECOND);
    assert_eq!([before.woken(), one.woken(), two.woken()], [0, 1, 1]);
    assert!(two.poll(long.as_mut()).is_ready());
}

#[test]
fn a_sleep_that_is_dropped_is_forgotten_and_the_others_are_not() {
    let (clock, task) = (ManualClock::new(), Arc::new(Task::default()));
    let mut stays = Box::pin(clock.sleep(2 * SECOND));
    let mut goes = Box::pin(clock.sleep(SECOND));
    assert!(task.poll(stays.as_mut()).is_pending() && task.poll(goes.as_mut()).is_pending());
    drop(goes);
    assert_eq!(clock.next_wakeup(), Some(Time::ZERO + 2 * SECOND));
    drop(stays);
    assert_eq!((clock.next_wakeup(), Arc::strong_count(&task)), (None, 1));
}

#[tokio::test]
async fn tokios_clock_goes_with_tokios_timer() {
    let clock = TokioClock::new();
    let before = clock.now();
    clock.sleep(Duration::from_millis(20)).await;
    assert!(clock.now().since(before) >= Duration::from_millis(20), "{:?}", clock.now());
}

/// Counts how often it is read, and the sleeps that are begun.
#[derive(Clone, Default)]
struct Counting {
    clock: ManualClock,
    reads: Arc<AtomicU32>,
    sleeps: Arc<AtomicU32>,
}

impl Clock for Counting {
    fn now(&self) -> Time {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        self.sleeps.fetch_add(1, Ordering::SeqCst);
        self.clock.sleep(duration)
    }
}

#[test]
fn the_driver_begins_a_sleep_only_for_an_earlier_deadline() {
    let (fake, clock) = (Fake::new(), Counting::default());
    let config = Config { min_connections: 1, health_check_interval: Duration::ZERO, ..lazy(1) };
    let (pool, driver) = Pool::builder(fake.clone(), clock.clone()).config(config).build().unwrap();
    let (mut driver, task) = (pin!(driver.run()), Arc::new(Task::default()));
    let mut turns = || (0..3).for_each(|_| assert!(task.poll(driver.as_mut()).is_pending()));
    turns();
    assert_eq!(fake.opened(), 1);
    // The sleep for the connect's own deadline is over: the next one is for what is still due.
    clock.clock.advance(10 * SECOND);
    turns();
    let begun = clock.sleeps.load(Ordering::SeqCst);
    assert!(begun > 0);
    // It rings the driver, and says nothing that the pool did not assume.
    for _ in 0..5 {
        let woken = task.woken();
        fake.reporter(1).keep_alive(3600 * SECOND);
        assert_eq!(task.woken(), woken + 1);
        turns();
    }
    assert_eq!(clock.sleeps.load(Ordering::SeqCst), begun);
    drop(pool);
}

#[test]
fn uses_of_an_idle_connection_leave_the_driver_alone_and_a_claim_reads_no_clock() {
    let (fake, clock) = (Fake::new(), Counting::default());
    let config = Config { min_connections: 1, max_connections: 1, ..Config::default() };
    let (pool, driver) = Pool::builder(fake.clone(), clock.clone()).config(config).build().unwrap();
    let (mut driver, task) = (pin!(driver.run()), Arc::new(Task::default()));
    (0..3).for_each(|_| assert!(task.poll(driver.as_mut()).is_pending()));
    // The first one proves it; the driver then knows of everything that is due.
    pool.try_acquire().unwrap().release(Outcome::Success);
    (0..3).for_each(|_| assert!(task.poll(driver.as_mut()).is_pending()));
    let (woken, reads) = (task.woken(), || clock.reads.load(Ordering::SeqCst));
    for _ in 0..5 {
        let before = reads();
        let held = pool.try_acquire().unwrap();
        let mut waits = pin!(pool.acquire());
        assert!(poll(waits.as_mut()).is_pending());
        held.release(Outcome::Success);
        assert_eq!(
            reads() - before,
            4,
            "one to acquire, two to queue where nobody expected it, one to release"
        );
        let Poll::Ready(Ok(claimed)) = poll(waits) else { panic!("it was granted") };
        assert_eq!(reads() - before, 4, "the use began with the grant");
        claimed.release(Outcome::Success);
        assert_eq!(reads() - before, 5);
    }
    assert_eq!(task.woken(), woken, "nothing of this is the driver's");
}

#[test]
fn a_driver_that_is_dropped_leaves_its_task_alone() {
    let (pool, driver) = Pool::builder(Fake::new(), ManualClock::new()).config(lazy(1)).build().unwrap();
    let (mut driver, task) = (Box::pin(driver.run()), Arc::new(Task::default()));
    assert!(task.poll(driver.as_mut()).is_pending());
    assert!(Arc::strong_count(&task) > 1, "the bell holds its waker");
    drop(driver);
    assert_eq!(Arc::strong_count(&task), 1);
    assert!(pool.is_closed());
    // The same, if it ends by itself.
    let (pool, driver) = Pool::builder(Fake::new(), ManualClock::new()).config(lazy(1)).build().unwrap();
    let mut driver = Box::pin(driver.run());
    assert!(task.poll(driver.as_mut()).is_pending());
    assert!(poll(pin!(pool.drain())).is_ready(), "there was nothing to close");
    assert!(task.poll(driver.as_mut()).is_ready());
    assert_eq!(Arc::strong_count(&task), 1);
}
