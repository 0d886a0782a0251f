//! Wakers, destructors and errors that call back into the pool from wherever it runs them: nothing of that is under its lock.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use pool_async::pool_core::{Config, FaultClass, Outcome, Reuse};
use pool_async::{Backend, ConnectContext, Connected, Fault, ManualClock, Pool};

use crate::world::{SECOND, World, lazy, poll};

/// What calls the pool, and how often it could.
#[derive(Clone, Default)]
struct Caller(Arc<(OnceLock<Pool<Nosy, ManualClock>>, AtomicU32)>);

impl Caller {
    fn call(&self) {
        let Some(pool) = self.0.0.get() else { return };
        drop((pool.status(), pool.connections(), pool.try_acquire()));
        self.0.1.fetch_add(1, Ordering::SeqCst);
    }

    /// A hand-out that asked for another hand-out would never end.
    fn look(&self) {
        if let Some(pool) = self.0.0.get() {
            let _ = pool.status();
        }
    }

    fn calls(&self) -> u32 {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}

/// Connections and errors that look at the pool when they go.
#[derive(Clone, Default)]
struct Nosy {
    caller: Caller,
    refuses: Arc<AtomicU32>,
}

struct Conn(Caller);

impl Drop for Conn {
    fn drop(&mut self) {
        self.0.call();
    }
}

#[derive(Debug)]
struct Refused(Caller);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl Drop for Refused {
    fn drop(&mut self) {
        self.0.call();
    }
}

impl Backend for Nosy {
    type Conn = Conn;
    type Error = Refused;

    async fn connect(&self, _: ConnectContext) -> Result<Connected<Conn>, Refused> {
        if self.refuses.load(Ordering::SeqCst) > 0 {
            self.refuses.fetch_sub(1, Ordering::SeqCst);
            return Err(Refused(self.caller.clone()));
        }
        Ok(Connected::exclusive(Conn(self.caller.clone())))
    }
    async fn probe(&self, _: &mut Conn) -> Result<(), Refused> {
        Ok(())
    }
    fn is_broken(&self, _: &Conn) -> bool {
        self.caller.look();
        false
    }
    async fn close(&self, _: Conn) {}
    fn classify(&self, _: &Refused) -> Fault {
        Fault::new(FaultClass::Endpoint, Reuse::Discard)
    }
}

#[test]
fn connections_and_errors_may_call_the_pool_when_they_are_dropped() {
    let (nosy, clock) = (Nosy::default(), ManualClock::new());
    let caller = nosy.caller.clone();
    nosy.refuses.store(2, Ordering::SeqCst);
    let config = Config { min_connections: 2, ..lazy(3) };
    let (pool, driver) = Pool::builder(nosy, clock.clone()).config(config).build().unwrap();
    assert!(caller.0.0.set(pool.clone()).is_ok());
    let mut driver = Box::pin(driver.run());
    for _ in 0..4 {
        assert!(poll(driver.as_mut()).is_pending());
        clock.advance(SECOND);
    }
    assert_eq!(caller.calls(), 2, "each error was replaced by what came after it");
    pool.try_acquire().unwrap().release(Outcome::BROKEN);
    assert!(poll(driver.as_mut()).is_pending());
    assert_eq!(caller.calls(), 3, "closed");
    let (kept, given) = (pool.try_acquire().unwrap(), pool.try_acquire().unwrap());
    drop(given);
    drop(driver);
    assert_eq!(caller.calls(), 4, "idle when its driver went");
    drop(kept);
    assert_eq!(caller.calls(), 5, "came back too late");
    pool.check().unwrap();
}

/// A task that calls the pool as soon as it is woken, where it is woken.
struct Eager(crate::world::Pool, AtomicU32);

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        drop((self.0.status(), self.0.try_acquire()));
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_connection_that_its_driver_was_too_slow_to_close_may_call_the_pool_when_it_makes_way_for_another() {
    let (nosy, clock) = (Nosy::default(), ManualClock::new());
    let caller = nosy.caller.clone();
    let (pool, driver) = Pool::builder(nosy, clock.clone()).config(lazy(1)).build().unwrap();
    assert!(caller.0.0.set(pool.clone()).is_ok());
    let mut driver = Box::pin(driver.run());
    let mut first = Box::pin(pool.acquire());
    assert!(poll(first.as_mut()).is_pending() && poll(driver.as_mut()).is_pending());
    drop(first);
    assert_eq!((pool.status().available, caller.calls()), (1, 0));
    pool.invalidate();
    // The driver is not run: the time for closing passes, and the slot goes to the next connection.
    clock.advance(pool.config().release_timeout);
    let mut second = Box::pin(pool.acquire());
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!((pool.status().connecting, caller.calls()), (1, 1));
    assert!(poll(driver.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_ready());
}

#[test]
fn wakers_may_call_the_pool_where_they_are_woken() {
    let mut world = World::new(lazy(1));
    let (pool, lease) = (world.pool.clone(), world.lease());
    let eager = Arc::new(Eager(pool.clone(), AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&eager));
    let mut cx = Context::from_waker(&waker);
    let (mut first, mut second) = (Box::pin(pool.acquire()), Box::pin(pool.acquire()));
    assert!(first.as_mut().poll(&mut cx).is_pending() && second.as_mut().poll(&mut cx).is_pending());
    drop(lease);
    assert_eq!(eager.1.load(Ordering::SeqCst), 1, "a return wakes one");
    drop(first);
    assert_eq!(eager.1.load(Ordering::SeqCst), 2, "so does a place given up");
    let Poll::Ready(Ok(lease)) = second.as_mut().poll(&mut cx) else { panic!("not granted") };
    let mut third = Box::pin(pool.acquire());
    assert!(third.as_mut().poll(&mut cx).is_pending());
    let mut changed = pin!(pool.status_changed());
    assert!(changed.as_mut().poll(&mut cx).is_pending());
    world.drop_driver();
    assert_eq!(eager.1.load(Ordering::SeqCst), 4, "who waits, and who watches");
    drop((lease, third));
    pool.check().unwrap();
}
