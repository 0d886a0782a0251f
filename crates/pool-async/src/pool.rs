//! The handle: what callers can ask of a pool, and what can be seen of it.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pool_core::{Config, ConnectionInfo, EndpointId, EndpointInfo, Failure, Retry, Stats, Status, Time};

use crate::acquire::{Acquire, AcquireOptions};
use crate::backend::Backend;
use crate::builder::Builder;
use crate::clock::Clock;
use crate::error::{AcquireError, ConnectError};
use crate::events::{Events, StatusChanged};
use crate::lease::Lease;
use crate::sync::{Arc, Ordering};
use crate::turn::Shared;

/// A handle to a pool; cheap to clone. When the last one is dropped the pool drains: it opens nothing more, closes what is
/// idle, and what is leased when it comes back.
pub struct Pool<B: Backend, C: Clock> {
    pub(crate) shared: Arc<Shared<B, C>>,
    /// Whether it is one of those whose last one drains the pool.
    keeps_open: bool,
}

/// One connection, for people and for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// What the pool knows of it.
    pub info: ConnectionInfo,
    /// What the backend calls it ([`Backend::label`]).
    pub label: Option<std::sync::Arc<str>>,
}

impl<B: Backend, C: Clock> Pool<B, C> {
    pub(crate) fn new(shared: Arc<Shared<B, C>>) -> Self {
        Pool { shared, keeps_open: true }
    }

    /// A handle that does not keep the pool open: when the last other one is dropped, the pool drains, whoever still has one of these. For
    /// those who watch it. Clones of it are such handles too.
    #[must_use]
    pub fn watcher(&self) -> Self {
        Pool { shared: Arc::clone(&self.shared), keeps_open: false }
    }

    /// Begins a pool of what `backend` connects to.
    pub fn builder(backend: B, clock: C) -> Builder<B, C> {
        Builder::new(backend, clock)
    }

    /// Waits for a connection, as long as [`Config::acquire_timeout`]; first come, first served.
    ///
    /// # Errors
    ///
    /// When the time is up, too many wait, the backend cannot be reached, or the pool is closed.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any time; its place, or the connection granted to it, goes to the next.
    pub fn acquire(&self) -> Acquire<'_, B, C> {
        self.acquire_with(AcquireOptions::default())
    }

    /// Waits for a connection, as `options` say.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Pool::acquire).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Pool::acquire).
    pub fn acquire_with(&self, options: AcquireOptions) -> Acquire<'_, B, C> {
        Acquire::new(&self.shared, options)
    }

    /// A connection that is idle now. It waits for nothing and opens nothing: a pool without a minimum has none until somebody has
    /// waited for one.
    ///
    /// # Errors
    ///
    /// When none is, or the pool is closed.
    pub fn try_acquire(&self) -> Result<Lease<B, C>, AcquireError<B::Error>> {
        let options = AcquireOptions { timeout: Some(Duration::ZERO), ..AcquireOptions::default() };
        match pin!(self.acquire_with(options)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => unreachable!("an acquire without patience never queues"),
        }
    }

    /// Waits until `open` connections are open (at most [`Config::max_connections`]; for the configured minimum, give that), or
    /// tells why they cannot be. While it waits it holds leases on some of them, so it belongs before the traffic.
    ///
    /// Connections beyond the minimum are closed again when they stay idle.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Pool::acquire), with the cause of the last failed connect.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives back what it holds; connections that are being opened stay with the pool.
    pub async fn warm_up(&self, open: u32, timeout: Duration) -> Result<(), AcquireError<B::Error>> {
        let deadline = Some(self.now() + timeout);
        let options = AcquireOptions { deadline, ..AcquireOptions::default() };
        let mut held = Vec::new();
        loop {
            let status = self.status();
            let (now_open, wanted) = (status.healthy + status.unknown, open.min(status.max));
            if now_open >= wanted {
                return Ok(());
            }
            // One more waiter than there are leases to be had makes the pool dial. A connection that carries several
            // leases is filled first.
            let abreast = (wanted - now_open).min(self.config().connects_max);
            let acquires = (0..abreast).map(|_| self.acquire_with(options));
            held.extend(futures::future::try_join_all(acquires).await?);
        }
    }

    /// The pool at this moment.
    pub fn status(&self) -> Status {
        self.shared.turn(|state, now| {
            state.core.advance(now);
            state.core.status()
        })
    }

    /// Each connection at this moment.
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.turn(|state, now| {
            state.core.advance(now);
            let rows = state.core.connections();
            rows.map(|info| Connection { info, label: state.slots.label(info.id) }).collect()
        })
    }

    /// Each endpoint at this moment.
    pub fn endpoints(&self) -> Vec<EndpointInfo> {
        self.shared.turn(|state, now| {
            state.core.advance(now);
            state.core.endpoints().collect()
        })
    }

    /// Why the last connect to an endpoint failed; nothing if it succeeded, or none has ended yet.
    pub fn connect_error(&self, endpoint: EndpointId) -> Option<Arc<ConnectError<B::Error>>> {
        self.shared.turn(|state, _| state.connect_error(endpoint))
    }

    /// Counters and histograms since the start.
    pub fn stats(&self) -> Stats {
        self.shared.turn(|state, _| state.core.stats().clone())
    }

    /// The configuration in force, after [`resize`](Pool::resize).
    pub fn config(&self) -> Config {
        self.shared.turn(|state, _| state.core.config().clone())
    }

    /// The time on the pool's clock.
    pub fn now(&self) -> Time {
        self.shared.clock.now()
    }

    pub(crate) fn acquire_timeout(&self) -> Duration {
        Duration::from_nanos(self.shared.acquire_timeout)
    }

    /// The clock.
    pub fn clock(&self) -> &C {
        &self.shared.clock
    }

    /// The backend.
    pub fn backend(&self) -> &B {
        &self.shared.backend
    }

    /// The notices from now on.
    pub fn events(&self) -> Events {
        Events::new(&self.shared.hub)
    }

    /// Ends when a connection or an endpoint came, went or was probed, or the pool changed its phase or its size, since this call.
    /// Leases coming and going do not count.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time.
    pub fn status_changed(&self) -> StatusChanged {
        self.shared.hub.listen()
    }

    /// Asks whether and after which wait to try a failed request again. For those who write their own loop around
    /// [`acquire_with`](Pool::acquire_with); [`execute`](Pool::execute) has one.
    pub fn retry(&self, failure: Failure) -> Retry {
        self.shared.turn(|state, now| state.core.retry(now, failure))
    }

    /// The whole state of the pool, to be kept as bytes ([`to_bytes`](pool_core::Image::to_bytes)) for
    /// [`Builder::restart`](crate::Builder::restart), or to be looked at. Under the lock it is copied, and nothing more.
    #[cfg(feature = "snapshot")]
    pub fn snapshot(&self) -> pool_core::Image {
        self.shared.turn(|state, now| {
            state.core.advance(now);
            pool_core::Image::of(&state.core)
        })
    }

    /// Begins to record anew, the last `events` calls, as [`Builder::recorder`](crate::Builder::recorder) does; 0 ends it. It may be
    /// called at any time, whoever waits or holds a lease.
    #[cfg(feature = "recorder")]
    pub fn record(&self, events: usize) {
        let ring = (events > 0).then(|| Box::new(pool_recorder::Ring::new(events)));
        let former = self.shared.turn(|state, _| state.core.record(ring));
        drop(former);
    }

    /// What the recorder holds now; nothing while it is off. Under the lock the calls are
    /// copied, 32 bytes each, and the state twice; the rest is done after it.
    #[cfg(feature = "recorder")]
    pub fn recording(&self) -> Option<pool_recorder::Recording> {
        self.shared.recording()
    }

    /// Hands `keep` a recording each time a notice is `wanted` (such as [`Notice::EndpointUnhealthy`](pool_core::Notice)), at most one
    /// in an `interval`. Spawn it beside the driver: it is no handle of the pool, and ends when the pool is closed. `keep` runs
    /// there, so it may take its time; notices that come meanwhile are seen later, or missed beyond
    /// [`NOTICES_KEPT`](crate::NOTICES_KEPT).
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time.
    #[cfg(feature = "recorder")]
    pub fn record_alerts<W, K>(
        &self,
        wanted: W,
        interval: Duration,
        keep: K,
    ) -> impl Future<Output = ()> + use<B, C, W, K>
    where
        W: Fn(&pool_core::Notice) -> bool,
        K: FnMut(pool_core::Notice, pool_recorder::Recording),
    {
        Shared::record_alerts(Arc::clone(&self.shared), wanted, interval, keep)
    }

    /// Whether the core's invariants hold; what does not is named.
    ///
    /// # Errors
    ///
    /// The first invariant that does not hold, with its number.
    #[cfg(feature = "test-util")]
    pub fn check(&self) -> Result<(), String> {
        self.shared.turn(|state, _| state.core.check())
    }

    /// How often the pool's lock was taken, this call included.
    #[cfg(feature = "test-util")]
    pub fn turns(&self) -> u64 {
        self.shared.turn(|state, _| state.turns)
    }
}

impl<B: Backend, C: Clock> Clone for Pool<B, C> {
    fn clone(&self) -> Self {
        if self.keeps_open {
            self.shared.handles.fetch_add(1, Ordering::Relaxed);
        }
        Pool { shared: Arc::clone(&self.shared), keeps_open: self.keeps_open }
    }
}

impl<B: Backend, C: Clock> Drop for Pool<B, C> {
    fn drop(&mut self) {
        if self.keeps_open && self.shared.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.operate(|core, now| core.drain(now));
        }
    }
}

impl<B: Backend, C: Clock> fmt::Debug for Pool<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handles = self.shared.handles.load(Ordering::Relaxed);
        f.debug_struct("Pool").field("handles", &handles).finish_non_exhaustive()
    }
}
