//! The right to use one connection, and the way it ends.
//!
//! Rules kept here: every lease ends exactly once, by `release`, `detach` or `Drop`, whatever the backend does meanwhile; `Drop` takes one turn and neither
//! spawns nor blocks nor awaits, on a runtime or off it. Giving back is synchronous: there is nothing to wait for, since what
//! has to be closed is closed by the driver, within [`Config::release_timeout`](pool_core::Config::release_timeout).

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};

use pool_core::{ConnId, Event, Lease as Grant, Outcome, Reuse, Verdict};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::on_drop::OnDrop;
use crate::slots::Object;
use crate::sync::Arc;
use crate::turn::Shared;

/// A connection on loan; it derefs to [`Backend::Conn`].
///
/// Dropped, it goes back as [`Outcome::Returned`] (or as [`drop_as`](Lease::drop_as) says), and as [`Outcome::BROKEN`] if the thread
/// began to panic since it was granted. A lease that comes back after the grace of a shutdown drops its connection;
/// one whose shared connection was found dead ended with it, and its requests fail.
#[must_use = "a lease that is dropped at once gives its connection back at once"]
pub struct Lease<B: Backend, C: Clock> {
    // Dropped before what it may need: fields are dropped in this order.
    conn: Option<B::Conn>,
    /// Until the lease has ended.
    grant: Option<Grant>,
    on_drop: OnDrop,
    shared: Arc<Shared<B, C>>,
}

/// A lease on its way to its caller. Dropped, it goes back as one whose connection was dead before it could be used.
struct Admission<'s, B: Backend, C: Clock> {
    shared: &'s Arc<Shared<B, C>>,
    grant: Option<Grant>,
    conn: Option<B::Conn>,
}

const HELD: &str = "a lease holds its connection until it ends";

impl<B: Backend, C: Clock> Lease<B, C> {
    /// Makes a lease of a grant, unless its connection turns out to be dead: then that is reported and the grant is over.
    #[inline(always)]
    pub(crate) fn admit(shared: &Arc<Shared<B, C>>, grant: Grant, object: Object<B::Conn>) -> Option<Self> {
        let mut admission = Admission { shared, grant: Some(grant), conn: None };
        admission.conn = object.lend(|conn| shared.backend.share(conn));
        if admission.conn.as_ref().is_none_or(|conn| shared.backend.is_broken(conn)) {
            return None;
        }
        let (grant, conn) = (admission.grant.take(), admission.conn.take());
        Some(Lease { shared: Arc::clone(shared), grant, conn, on_drop: OnDrop::of(Outcome::Returned) })
    }

    /// The connection's name.
    pub fn conn_id(&self) -> ConnId {
        self.grant.as_ref().expect(HELD).conn()
    }

    /// Says how the lease ends if it is dropped: [`Outcome::ABANDONED`] while a request is under way whose answer would
    /// otherwise be read by the next caller.
    pub fn drop_as(&mut self, outcome: Outcome) {
        self.on_drop.set(outcome);
    }

    /// Ends the lease and reports how its use went.
    ///
    /// It does not wait: if the connection has to be closed, the driver does that, within
    /// [`Config::release_timeout`](pool_core::Config::release_timeout).
    #[inline(never)]
    pub fn release(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    /// Takes the connection out of the pool for good; the pool opens another when it needs one. Of a connection that carries
    /// several leases, the caller keeps its handle and the pool keeps the connection.
    pub fn detach(mut self) -> B::Conn {
        let (grant, conn) = self.grant.take().zip(self.conn.take()).expect(HELD);
        drop(self.shared.turn(|state, now| {
            let id = grant.conn();
            // Stale after the grace of a shutdown: the connection is the caller's in any case.
            let _ = state.core.detach(now, grant);
            state.changed = true;
            // A connection that carries several leases stays, unless it had come down to this one.
            state.core.connection(id).is_none().then(|| state.slots.end(id))
        }));
        conn
    }

    /// Asks the backend, if that is still of interest, whether the connection can be used again; then ends the lease.
    #[inline(never)]
    fn end(&mut self, outcome: Outcome) {
        let discarded = matches!(outcome, Outcome::Failed { reuse: Reuse::Discard, .. });
        if !discarded && self.is_broken(outcome) {
            return self.lose(outcome);
        }
        self.finish(outcome, false);
    }

    /// Asks the backend about the connection. Should it panic, the lease is over, and the connection is not used again.
    #[inline]
    fn is_broken(&mut self, outcome: Outcome) -> bool {
        struct Asking<'l, B: Backend, C: Clock>(&'l mut Lease<B, C>, Outcome);
        impl<B: Backend, C: Clock> Drop for Asking<'_, B, C> {
            fn drop(&mut self) {
                self.0.lose(self.1);
            }
        }
        let asking = Asking(self, outcome);
        let broken = asking.0.conn.as_ref().is_some_and(|conn| asking.0.shared.backend.is_broken(conn));
        mem::forget(asking);
        broken
    }

    /// Ends the lease of a connection that was found dead when it came back.
    #[cold]
    #[inline(never)]
    fn lose(&mut self, outcome: Outcome) {
        self.finish(outcome, true);
    }

    /// One turn, in which everything about the end comes to pass. A connection that has no place any more stays here, to be dropped
    /// after the lock.
    #[inline(always)]
    fn finish(&mut self, outcome: Outcome, lost: bool) {
        let Some(grant) = self.grant.take() else { return };
        let (conn, id) = (&mut self.conn, grant.conn());
        self.shared.turn(|state, now| {
            if lost {
                let _ = state.report(now, Event::Lost { conn: id });
            }
            if state.core.release(now, grant, outcome) == Verdict::Accepted {
                state.slots.give_back(id, conn);
            }
        });
    }
}

impl<B: Backend, C: Clock> Admission<'_, B, C> {
    /// Takes its parts, not itself by reference: then the usual one is never put together in memory, in pieces, before it is a lease.
    #[cold]
    #[inline(never)]
    fn reject(shared: &Shared<B, C>, grant: Grant, mut conn: Option<B::Conn>) {
        shared.turn(|state, now| {
            let id = grant.conn();
            if state.core.reject(now, grant) == Verdict::Accepted {
                state.slots.give_back(id, &mut conn);
            }
        });
    }
}

impl<B: Backend, C: Clock> Drop for Admission<'_, B, C> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(grant) = self.grant.take() {
            Self::reject(self.shared, grant, self.conn.take());
        }
    }
}

impl<B: Backend, C: Clock> Deref for Lease<B, C> {
    type Target = B::Conn;

    fn deref(&self) -> &B::Conn {
        self.conn.as_ref().expect(HELD)
    }
}

impl<B: Backend, C: Clock> DerefMut for Lease<B, C> {
    fn deref_mut(&mut self) -> &mut B::Conn {
        self.conn.as_mut().expect(HELD)
    }
}

impl<B: Backend, C: Clock> Drop for Lease<B, C> {
    #[inline]
    fn drop(&mut self) {
        if self.grant.is_some() {
            self.end(self.on_drop.now());
        }
    }
}

impl<B: Backend, C: Clock> fmt::Debug for Lease<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("conn", &self.grant.as_ref().map(Grant::conn)).finish_non_exhaustive()
    }
}
