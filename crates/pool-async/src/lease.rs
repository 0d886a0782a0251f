//! The right to use one connection, and the way it ends.
//!
//! Rules kept here: every lease ends exactly once, by `release`, `detach` or `Drop`; `Drop` takes one turn and neither
//! spawns nor blocks nor awaits, on a runtime or off it. Giving back is synchronous: there is nothing to wait for, since what
//! has to be closed is closed by the driver, within [`Config::release_timeout`](pool_core::Config::release_timeout).

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::thread;

use pool_core::{ConnId, Event, Lease as Grant, Outcome, Reuse, Verdict};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::slots::Object;
use crate::turn::Shared;

/// A connection on loan; it derefs to [`Backend::Conn`].
///
/// Dropped, it goes back as [`Outcome::Returned`] (or as [`drop_as`](Lease::drop_as) says), and as [`Outcome::BROKEN`] if the thread
/// began to panic since it was granted. A lease that comes back after the grace of a shutdown drops its connection.
#[must_use = "a lease that is dropped at once gives its connection back at once"]
pub struct Lease<B: Backend, C: Clock> {
    shared: Arc<Shared<B, C>>,
    on_drop: Outcome,
    panicking: bool,
    held: Option<Held<B::Conn>>,
}

struct Held<T> {
    grant: Grant,
    conn: T,
}

const HELD: &str = "a lease holds its connection until it ends";

impl<B: Backend, C: Clock> Lease<B, C> {
    /// Makes a lease of a grant, unless its connection turns out to be dead: then that is reported and the grant is over.
    pub(crate) fn admit(shared: &Arc<Shared<B, C>>, grant: Grant, object: Object<B::Conn>) -> Option<Self> {
        let conn = object.lend(|conn| shared.backend.share(conn));
        match conn {
            Some(conn) if !shared.backend.is_broken(&conn) => Some(Lease {
                shared: Arc::clone(shared),
                on_drop: Outcome::Returned,
                panicking: thread::panicking(),
                held: Some(Held { grant, conn }),
            }),
            dead => {
                // What has no place any more leaves with the turn's result, to be dropped after the lock.
                drop(shared.turn(|state, now| {
                    let id = grant.conn();
                    match state.core.reject(now, grant) {
                        Verdict::Accepted => dead.and_then(|conn| state.slots.give_back(id, conn)),
                        Verdict::Stale => dead,
                    }
                }));
                None
            }
        }
    }

    /// The connection's name.
    pub fn conn_id(&self) -> ConnId {
        self.held().grant.conn()
    }

    /// Says how the lease ends if it is dropped: [`Outcome::ABANDONED`] while a request is under way whose answer would
    /// otherwise be read by the next caller.
    pub fn drop_as(&mut self, outcome: Outcome) {
        self.on_drop = outcome;
    }

    /// Ends the lease and reports how its use went.
    ///
    /// It does not wait: if the connection has to be closed, the driver does that, within
    /// [`Config::release_timeout`](pool_core::Config::release_timeout).
    pub fn release(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    /// Takes the connection out of the pool for good; the pool opens another when it needs one. Of a connection that carries
    /// several leases, the caller keeps its handle and the pool keeps the connection.
    pub fn detach(mut self) -> B::Conn {
        let Held { grant, conn } = self.held.take().expect(HELD);
        drop(self.shared.turn(|state, now| {
            let id = grant.conn();
            let shared = state.slots.is_shared(id);
            // Stale after the grace of a shutdown: the connection is the caller's in any case.
            let _ = state.core.detach(now, grant);
            // A shared connection on which this was the only lease may be gone with it, or still be there.
            let gone = !shared || state.core.connections().all(|row| row.id != id);
            gone.then(|| state.slots.end(id))
        }));
        conn
    }

    fn end(&mut self, outcome: Outcome) {
        let Some(Held { grant, conn }) = self.held.take() else { return };
        let discarded = matches!(outcome, Outcome::Failed { reuse: Reuse::Discard, .. });
        let lost = !discarded && self.shared.backend.is_broken(&conn);
        // What has no place any more leaves with the turn's result, to be dropped after the lock.
        drop(self.shared.turn(|state, now| {
            let id = grant.conn();
            if lost {
                let _ = state.core.handle(now, Event::Lost { conn: id });
            }
            match state.core.release(now, grant, outcome) {
                Verdict::Accepted => state.slots.give_back(id, conn),
                Verdict::Stale => Some(conn),
            }
        }));
    }

    fn held(&self) -> &Held<B::Conn> {
        self.held.as_ref().expect(HELD)
    }
}

impl<B: Backend, C: Clock> Deref for Lease<B, C> {
    type Target = B::Conn;

    fn deref(&self) -> &B::Conn {
        &self.held().conn
    }
}

impl<B: Backend, C: Clock> DerefMut for Lease<B, C> {
    fn deref_mut(&mut self) -> &mut B::Conn {
        &mut self.held.as_mut().expect(HELD).conn
    }
}

impl<B: Backend, C: Clock> Drop for Lease<B, C> {
    fn drop(&mut self) {
        let panicked = !self.panicking && thread::panicking();
        self.end(if panicked { Outcome::BROKEN } else { self.on_drop });
    }
}

impl<B: Backend, C: Clock> fmt::Debug for Lease<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("conn", &self.held.as_ref().map(|held| held.grant.conn()))
            .finish_non_exhaustive()
    }
}
