//! The right to use one connection, and the way it ends.
//!
//! Rules kept here: every lease ends exactly once, by `release`, `detach` or `Drop`, whatever the backend does meanwhile; `Drop` takes one turn and neither
//! spawns nor blocks nor awaits, on a runtime or off it. Giving back is synchronous: there is nothing to wait for, since what
//! has to be closed is closed by the driver, within [`Config::release_timeout`](pool_core::Config::release_timeout).

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::thread;

use pool_core::{ConnId, Event, Lease as Grant, Outcome, Reuse, Verdict};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::slots::Object;
use crate::sync::Arc;
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

/// How a lease ends.
#[derive(Clone, Copy)]
enum Way {
    /// Its connection was found dead before its caller could use it.
    Rejected,
    /// Its connection was found dead when it came back.
    Lost(Outcome),
    Released(Outcome),
}

/// The end of a lease: one turn, when this is dropped, so that it comes to pass also when the backend panics on being asked about
/// the connection.
struct Ending<'s, B: Backend, C: Clock> {
    shared: &'s Shared<B, C>,
    grant: Option<Grant>,
    conn: Option<B::Conn>,
    way: Way,
}

impl<B: Backend, C: Clock> Drop for Ending<'_, B, C> {
    fn drop(&mut self) {
        let Some(grant) = self.grant.take() else { return };
        let (id, conn, way) = (grant.conn(), self.conn.take(), self.way);
        // What has no place any more leaves with the turn's result, to be dropped after the lock.
        drop(self.shared.turn(|state, now| {
            if matches!(way, Way::Lost(_)) {
                let _ = state.report(now, Event::Lost { conn: id });
            }
            let verdict = match way {
                Way::Rejected => state.core.reject(now, grant),
                Way::Lost(outcome) | Way::Released(outcome) => state.core.release(now, grant, outcome),
            };
            match verdict {
                Verdict::Accepted => conn.and_then(|conn| state.slots.give_back(id, conn)),
                Verdict::Stale => conn,
            }
        }));
    }
}

const HELD: &str = "a lease holds its connection until it ends";

impl<B: Backend, C: Clock> Lease<B, C> {
    /// Makes a lease of a grant, unless its connection turns out to be dead: then that is reported and the grant is over.
    pub(crate) fn admit(shared: &Arc<Shared<B, C>>, grant: Grant, object: Object<B::Conn>) -> Option<Self> {
        let mut ending = Ending { shared, grant: Some(grant), conn: None, way: Way::Rejected };
        ending.conn = object.lend(|conn| shared.backend.share(conn));
        if ending.conn.as_ref().is_none_or(|conn| shared.backend.is_broken(conn)) {
            return None;
        }
        let (grant, conn) = ending.grant.take().zip(ending.conn.take())?;
        Some(Lease {
            shared: Arc::clone(shared),
            on_drop: Outcome::Returned,
            panicking: thread::panicking(),
            held: Some(Held { grant, conn }),
        })
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
            // Stale after the grace of a shutdown: the connection is the caller's in any case.
            let _ = state.core.detach(now, grant);
            // A connection that carries several leases stays, unless it had come down to this one.
            state.core.connection(id).is_none().then(|| state.slots.end(id))
        }));
        conn
    }

    fn end(&mut self, outcome: Outcome) {
        let Some(Held { grant, conn }) = self.held.take() else { return };
        let way = Way::Released(outcome);
        let mut ending = Ending { shared: &self.shared, grant: Some(grant), conn: Some(conn), way };
        if !matches!(outcome, Outcome::Failed { reuse: Reuse::Discard, .. }) {
            // Until the backend has said otherwise: should the question end in a panic, it is not used again.
            ending.way = Way::Lost(outcome);
            if ending.conn.as_ref().is_some_and(|conn| !self.shared.backend.is_broken(conn)) {
                ending.way = Way::Released(outcome);
            }
        }
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
