//! The handle, continued: what operators ask of a pool, and its end.

use std::time::Duration;

use pool_core::{ConfigError, EndpointId, EndpointSpec, Time};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::pool::Pool;
use crate::state::Core;

impl<B: Backend, C: Clock> Pool<B, C> {
    /// Does what a person asked for, and tells observers to look.
    pub(crate) fn operate<R>(&self, operation: impl FnOnce(&mut Core, Time) -> R) -> R {
        self.shared.turn(|state, now| {
            state.changed = true;
            operation(&mut state.core, now)
        })
    }

    /// Sets how many connections are kept and allowed. Too many idle ones are closed now, too many leased ones at their return.
    ///
    /// # Errors
    ///
    /// When the numbers are out of range; then nothing changes.
    pub fn resize(&self, min: u32, max: u32) -> Result<(), ConfigError> {
        self.operate(|core, now| core.resize(now, min, max))
    }

    /// Holds back grants and connects until [`resume`](Pool::resume). Leases that are out go on.
    pub fn suspend(&self) {
        self.operate(|core, now| core.suspend(now));
    }

    /// Ends [`suspend`](Pool::suspend).
    pub fn resume(&self) {
        self.operate(|core, now| core.resume(now));
    }

    /// Replaces every connection: idle ones now, leased ones at their return. For a new key, a new address, a failover.
    pub fn invalidate(&self) {
        self.operate(|core, now| core.invalidate(now));
    }

    /// Adds an endpoint. The one that the pool was made with is `#0v1`.
    pub fn add_endpoint(&self, spec: EndpointSpec) -> EndpointId {
        self.operate(|core, now| core.add_endpoint(now, spec))
    }

    /// Stops dialling an endpoint; its idle connections close now, leased ones at their return.
    pub fn drain_endpoint(&self, endpoint: EndpointId) {
        self.operate(|core, now| core.drain_endpoint(now, endpoint));
    }

    /// Refuses new callers, serves those that wait, and ends when the last lease is back and the last connection closed.
    ///
    /// # Cancel safety
    ///
    /// The pool drains from the first poll on, whether this is awaited to the end or not.
    pub async fn drain(&self) {
        self.operate(|core, now| core.drain(now));
        self.closed().await;
    }

    /// Refuses new callers, fails those that wait, and gives leases `grace` to return; those that have not by then drop their
    /// connections whenever they do. Ends when the last connection is closed: no later than `grace` and
    /// [`Config::release_timeout`](pool_core::Config::release_timeout) together.
    ///
    /// # Cancel safety
    ///
    /// The pool shuts down from the first poll on, whether this is awaited to the end or not.
    pub async fn shutdown(&self, grace: Duration) {
        self.operate(|core, now| core.shutdown(now, grace));
        self.closed().await;
    }

    /// Ends when the pool is closed and nothing is left of it.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time.
    pub async fn closed(&self) {
        loop {
            let changed = self.status_changed();
            if self.is_closed() {
                return;
            }
            changed.await;
        }
    }

    /// Whether the pool is closed and nothing is left of it.
    pub fn is_closed(&self) -> bool {
        self.shared.turn(|state, _| state.closed)
    }
}
