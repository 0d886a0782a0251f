//! Where the crate's locks, atomics, counted references and waker cells come from, so that all of them can be the model checker's:
//! loom's, in a build with `--cfg loom`, which is how `tests/model` runs the pool. `event-listener` is loom's then too.
//!
//! `futures` knows no loom, but what is used of it beyond [`AtomicWaker`] (`FuturesUnordered`, `Abortable`) belongs to the driver's
//! future, and in it only wakers come from other threads. [`crate::blocking`] has threads of its own and is left out of that build.
//!
//! The locks are `parking_lot`'s: they do not ask whether the thread is panicking, twice a turn, which nothing here would make use of; and
//! who finds one taken backs off, where std's asks again at once, then goes to sleep, so that every unlock is a call into the system as
//! long as two threads want it.
//!
//! Nobody stays away for the time of many turns, so that the other thread has the lock's lines of the cache for itself. It was tried, and
//! threads that do nothing but acquire and release gain by it; those that work for some microseconds in between, as users' do, wait for many
//! times longer whenever they meet.

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

#[cfg(not(loom))]
pub(crate) use parking_lot::{Mutex, MutexGuard};

#[cfg(not(loom))]
pub(crate) use futures::task::AtomicWaker;

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Takes a lock.
#[cfg(not(loom))]
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

/// What is behind a lock that nobody else has any more.
#[cfg(not(loom))]
pub(crate) fn unlocked<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner()
}

/// Takes a lock, poisoned or not: whatever unwound under it left the data whole.
#[cfg(loom)]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// What is behind a lock that nobody else has any more.
#[cfg(loom)]
pub(crate) fn unlocked<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(|poison| poison.into_inner())
}

/// [`futures::task::AtomicWaker`] in steps that the model checker sees: one for each call, and the waker's own after it.
#[cfg(loom)]
#[derive(Debug, Default)]
pub(crate) struct AtomicWaker(Mutex<Option<std::task::Waker>>);

#[cfg(loom)]
impl AtomicWaker {
    pub(crate) fn register(&self, waker: &std::task::Waker) {
        let former = lock(&self.0).replace(waker.clone());
        drop(former);
    }

    pub(crate) fn take(&self) -> Option<std::task::Waker> {
        lock(&self.0).take()
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }
}
