//! The one place that locks: core, slots and wakers are behind one mutex, and a **turn** takes it once.
//!
//! A turn reads the clock, locks, hands in what transports have noticed, lets the caller act, performs what can be
//! performed at once, unlocks, and only then does what could call back: it rings the driver, wakes tasks, tells
//! observers, drops objects. So nothing runs under the lock but the core and moves of memory: no waker, no destructor, no
//! code of a backend or a clock. With an idle connection a turn allocates nothing.
//!
//! Two leaf locks may be taken under it, for a few instructions: the bell's box and the notices' ring.

use std::task::Waker;
use std::time::Duration;

use pool_core::Time;

use crate::backend::Backend;
use crate::bell::Bell;
use crate::events::Hub;
use crate::state::{Core, Effects, State};
use crate::sync::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering, lock};
use crate::wish::nanos;

/// What handles, leases and the driver have in common. The lock comes first, and behind it, in the same line of the cache, the core begins
/// with what every turn writes; what is read before a turn, and the count of those who hold this, are not in that line.
#[repr(C, align(64))]
pub(crate) struct Shared<B: Backend, C> {
    state: Mutex<State<B>>,
    pub(crate) backend: B,
    pub(crate) clock: C,
    pub(crate) bell: Arc<Bell>,
    pub(crate) hub: Arc<Hub>,
    /// How many `Pool`s there are.
    pub(crate) handles: AtomicUsize,
    /// Whether the last acquire had to queue: then the next one makes its waker ready before it locks. A guess, never relied on.
    pub(crate) crowded: AtomicBool,
    /// In nanoseconds, as every acquire takes it along.
    pub(crate) acquire_timeout: u64,
    pub(crate) connection_timeout: Duration,
}

impl<B: Backend, C: crate::Clock> Shared<B, C> {
    pub(crate) fn new(backend: B, clock: C, core: Core) -> Self {
        let config = core.config();
        let (acquire_timeout, connection_timeout) =
            (nanos(config.acquire_timeout), config.connection_timeout);
        Shared {
            backend,
            clock,
            bell: Arc::default(),
            hub: Arc::default(),
            handles: AtomicUsize::new(1),
            crowded: AtomicBool::new(false),
            acquire_timeout,
            connection_timeout,
            state: Mutex::new(State::new(core, connection_timeout)),
        }
    }

    /// One turn: see the module.
    #[inline]
    pub(crate) fn turn<R>(&self, act: impl FnOnce(&mut State<B>, Time) -> R) -> R {
        self.turn_at(self.clock.now(), act)
    }

    /// One turn at the time of the last one, where nothing hangs on the present: the clock is not read.
    #[inline]
    pub(crate) fn turn_again<R>(&self, act: impl FnOnce(&mut State<B>, Time) -> R) -> R {
        self.turn_at(Time::ZERO, act)
    }

    #[inline(always)]
    fn turn_at<R>(&self, now: Time, act: impl FnOnce(&mut State<B>, Time) -> R) -> R {
        let mut state = lock(&self.state);
        let now = now.max(state.core.now());
        #[cfg(feature = "test-util")]
        {
            state.turns += 1;
        }
        if self.bell.has_mail() {
            state.hear(&self.bell, now);
        }
        let result = act(&mut state, now);
        let woken = state.core.poll_wake().and_then(|ticket| state.take_waker(ticket));
        let effects = if state.is_quiet() { None } else { Some(state.perform(&self.hub, now)) };
        drop(state);
        if let Some(effects) = effects {
            self.take_effect(woken, effects);
        } else if let Some(waker) = woken {
            waker.wake();
        }
        result
    }

    #[inline(never)]
    fn take_effect(&self, woken: Option<Waker>, effects: Effects<B>) {
        if effects.ring {
            self.bell.ring();
        }
        woken.into_iter().chain(effects.wakers).for_each(Waker::wake);
        if effects.changed {
            self.hub.tell();
        }
        // Last, since a destructor that panics must not keep anybody asleep.
        drop((effects.objects, effects.errors));
    }

    /// Notes whether callers have to queue at the moment. Written only when it changes: the line is shared.
    pub(crate) fn guess_crowded(&self, crowded: bool) {
        if self.crowded.load(Ordering::Relaxed) != crowded {
            self.crowded.store(crowded, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(loom), target_pointer_width = "64"))]
mod tests {
    use std::convert::Infallible;
    use std::future;
    use std::ptr;

    use super::*;
    use crate::{Clock, ConnectContext, Connected, Fault};

    #[derive(Clone)]
    struct Still;

    impl Clock for Still {
        fn now(&self) -> Time {
            Time::ZERO
        }

        async fn sleep(&self, _: Duration) {
            future::pending().await
        }
    }

    struct Nothing;

    impl Backend for Nothing {
        type Conn = ();
        type Error = Infallible;

        async fn connect(&self, _: ConnectContext) -> Result<Connected<()>, Infallible> {
            Ok(Connected::exclusive(()))
        }

        async fn probe(&self, (): &mut ()) -> Result<(), Infallible> {
            Ok(())
        }

        fn is_broken(&self, (): &()) -> bool {
            false
        }

        async fn close(&self, (): ()) {}

        fn classify(&self, error: &Infallible) -> Fault {
            match *error {}
        }
    }

    /// As the lines of the core have it (`pool_core::Pool`).
    #[test]
    fn the_core_begins_a_word_behind_the_lock_in_its_line() {
        let (pool, _driver) = crate::Pool::builder(Nothing, Still).build().unwrap();
        let shared = &pool.shared;
        let mutex = ptr::from_ref(&shared.state).addr();
        let core = ptr::from_ref(&lock(&shared.state).core).addr();
        assert_eq!((mutex % 64, core - mutex), (0, 8));
    }
}
