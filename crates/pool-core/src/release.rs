//! The end of a lease, and what its outcome says about the connection and the endpoint.
//!
//! The rule of blame: a connection fault touches the connection, an endpoint fault the endpoint, saturation the endpoint's rate;
//! application and caller faults touch nothing but the statistics.

use crate::conn::LeaseRecord;
use crate::endpoint::Change;
use crate::fault::{FaultClass, Outcome, Reuse};
use crate::health::Sign;
use crate::id::{ConnId, EndpointId, LeaseId};
use crate::input::Lease;
use crate::output::{Notice, Verdict};
use crate::pool::Pool;
use crate::state::CloseReason;
use crate::time::{Time, millis};

/// A connection that breaks within so many nanoseconds of its grant was dead before: two slow round trips.
const STALE_WITHIN: u64 = 1_000_000_000;

impl Pool {
    /// Gives a lease back with what became of its use. [`Verdict::Stale`]: the pool has ended the lease (its grace was over, or its connection
    /// was found dead), and what is left of the connection is the driver's to drop.
    pub fn release(&mut self, now: Time, lease: Lease, outcome: Outcome) -> Verdict {
        if self.give_back(now, &lease, outcome) {
            return Verdict::Accepted;
        }
        self.release_with_care(now, &lease, outcome)
    }

    #[inline(never)]
    fn release_with_care(&mut self, now: Time, lease: &Lease, outcome: Outcome) -> Verdict {
        self.tick(now);
        let verdict = match self.held(lease) {
            None => Verdict::Stale,
            Some(record) => {
                let (idled, held) = (record.idled, self.now.nanos_since(record.since));
                self.stats.hold.record_nanos(held);
                self.judge(lease.conn, outcome);
                // What breaks at once was closed while it was idle; what breaks later broke for another reason.
                if outcome == Outcome::BROKEN && held < STALE_WITHIN {
                    self.learn_idle_close(lease.conn, core::time::Duration::from_nanos(idled));
                }
                self.end_lease(lease.id);
                Verdict::Accepted
            }
        };
        self.settle();
        verdict
    }

    /// Gives back a lease whose connection was found dead before its caller could use it: it counts as lost, and not as used.
    /// [`Verdict::Stale`] as for [`Pool::release`].
    pub fn reject(&mut self, now: Time, lease: Lease) -> Verdict {
        self.tick(now);
        let verdict = if self.held(&lease).is_none() {
            Verdict::Stale
        } else {
            // The counter of leases stays: what reads counters takes one that falls for a restart.
            self.conns[lease.conn].uses -= 1;
            self.lost(lease.conn);
            self.end_lease(lease.id);
            Verdict::Accepted
        };
        self.settle();
        verdict
    }

    /// Takes an exclusive connection out of the pool for good: it is the caller's now. On a connection that carries several
    /// leases this is a release without a verdict. [`Verdict::Stale`]: the pool had given it up already.
    pub fn detach(&mut self, now: Time, lease: Lease) -> Verdict {
        self.tick(now);
        let verdict = if self.held(&lease).is_none() {
            Verdict::Stale
        } else {
            if self.conns[lease.conn].leases_max == 1 && self.conns[lease.conn].leases.len() == 1 {
                self.conns[lease.conn].leases.remove(&mut self.leases, lease.id);
                self.leases.remove(lease.id);
                self.stats.detached += 1;
                self.free(lease.conn);
            } else {
                self.stats.returned += 1;
                self.end_lease(lease.id);
            }
            Verdict::Accepted
        };
        self.settle();
        verdict
    }

    /// The record of a lease that its caller holds; nothing, if the pool has given it up or never gave it.
    pub(crate) fn held(&self, lease: &Lease) -> Option<&LeaseRecord> {
        self.leases.get(lease.id).filter(|record| record.conn == lease.conn && record.granted_to.is_none())
    }

    fn judge(&mut self, id: ConnId, outcome: Outcome) {
        let endpoint = self.conns[id].endpoint;
        match outcome {
            Outcome::Success => {
                self.stats.successes += 1;
                self.budget.succeeded();
                self.proof(id, Sign::Traffic);
                let change = self.endpoints[endpoint].good(self.now, &self.config);
                self.tell(endpoint, change);
            }
            Outcome::Returned => self.stats.returned += 1,
            Outcome::Failed { class, reuse } => {
                self.stats.faults[class as usize] += 1;
                if outcome.proves_life() {
                    self.alive(id);
                }
                let change = match class {
                    FaultClass::Connection => {
                        self.trouble(id, Sign::Traffic);
                        Change::None
                    }
                    FaultClass::Endpoint => self.endpoints[endpoint].fault(self.now, &self.config),
                    FaultClass::Saturation => self.endpoints[endpoint].saturated(self.now),
                    FaultClass::Application | FaultClass::Caller => Change::None,
                };
                self.tell(endpoint, change);
                if reuse == Reuse::Discard {
                    self.mark(id, CloseReason::Broken);
                }
            }
        }
    }

    /// Tells of an endpoint's change of health.
    pub(crate) fn tell(&mut self, endpoint: EndpointId, change: Change) {
        match change {
            Change::None => {}
            Change::Unhealthy => self.notice(Notice::EndpointUnhealthy { endpoint }),
            Change::Healthy => self.notice(Notice::EndpointHealthy { endpoint }),
        }
    }

    /// Something came back on the connection, which says nothing about its health but that it is alive.
    pub(crate) fn alive(&mut self, id: ConnId) {
        let conn = &mut self.conns[id];
        (conn.proven, conn.looked_at) = (self.now, self.now);
    }

    /// Takes a lease off its connection. The last one to go lets a marked connection close.
    pub(crate) fn end_lease(&mut self, lease: LeaseId) {
        let Some(record) = self.leases.get(lease) else { return };
        let (id, reported) = (record.conn, record.reported);
        if reported {
            self.tell_returned(lease);
        }
        planted!(JitterPerCheck => if self.is_too_old(id) { self.mark(id, CloseReason::Lifetime); });
        let conn = &mut self.conns[id];
        conn.leases.remove(&mut self.leases, lease);
        self.leases.remove(lease);
        conn.last_used = self.now;
        (conn.progress_at, conn.stalled, conn.stalls) = (self.now, false, 0);
        let marked = conn.mark.is_some();
        if conn.leases.is_empty() {
            if marked {
                return self.begin_close(id);
            }
        } else if marked {
            self.bury(id);
            if !self.conns[id].is_open() {
                return;
            }
        }
        self.enter_by_use(id);
        self.shelve(id);
        if self.conns[id].leases.is_empty() { self.arm_idle(id) } else { self.arm(id) }
    }

    /// Tells that a lease is back, if it was said to be held for too long.
    pub(crate) fn tell_returned(&mut self, lease: LeaseId) {
        let record = &self.leases[lease];
        if record.reported {
            let held_ms = millis(self.now.since(record.since));
            self.notice(Notice::LeaseReturned { conn: record.conn, held_ms });
        }
    }

    /// The peer closed a connection that had been idle for `age`.
    pub(crate) fn learn_idle_close(&mut self, id: ConnId, age: core::time::Duration) {
        let endpoint = self.conns[id].endpoint;
        if self.endpoints[endpoint].closed_at_age(self.now, age) {
            self.tell_freshness(endpoint);
        }
    }

    pub(crate) fn tell_freshness(&mut self, endpoint: EndpointId) {
        let limit_ms = millis(self.endpoints[endpoint].freshness.as_duration());
        self.notice(Notice::FreshnessLearned { endpoint, limit_ms });
    }
}
