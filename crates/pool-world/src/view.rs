//! The pool as anyone can see it, taken before and after every step, with the words of the specification as
//! questions. Nothing here looks into the core.

use std::time::Duration;

use pool_core::{ConnId, ConnectionInfo, EndpointId, EndpointInfo, Health, Lifecycle, Pool, Status, Time};

/// One look at a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The pool's clock.
    pub now: Time,
    /// The pool as a whole.
    pub status: Status,
    /// Every connection.
    pub conns: Vec<ConnectionInfo>,
    /// Every endpoint.
    pub ends: Vec<EndpointInfo>,
    /// Connections that have been asked for a sign of life and have not answered.
    pub asked: Vec<ConnId>,
    /// Whether grants are held back: the world knows, for it gave the order.
    pub suspended: bool,
}

impl View {
    /// Looks at `pool`.
    pub fn of(pool: &Pool) -> View {
        let (conns, ends) = (pool.connections().collect(), pool.endpoints().collect());
        View { now: pool.now(), status: pool.status(), conns, ends, asked: Vec::new(), suspended: false }
    }

    /// Looks again, into the same buffers.
    pub fn refresh(&mut self, pool: &Pool) {
        self.now = pool.now();
        self.status = pool.status();
        self.conns.clear();
        self.conns.extend(pool.connections());
        self.ends.clear();
        self.ends.extend(pool.endpoints());
    }

    /// Whether the pool looks the same.
    pub fn same(&self, other: &View) -> bool {
        self.now == other.now
            && self.status == other.status
            && self.conns == other.conns
            && self.ends == other.ends
    }

    /// The connection of that name.
    pub fn conn(&self, id: ConnId) -> Option<&ConnectionInfo> {
        self.conns.iter().find(|conn| conn.id == id)
    }

    /// The endpoint of that name.
    pub fn end(&self, id: EndpointId) -> Option<&EndpointInfo> {
        self.ends.iter().find(|end| end.id == id)
    }

    /// Connections in that state.
    pub fn count(&self, lifecycle: Lifecycle) -> u32 {
        self.conns.iter().filter(|conn| conn.lifecycle == lifecycle).count() as u32
    }

    /// Connects in flight to that endpoint.
    pub fn connecting_to(&self, id: EndpointId) -> u32 {
        let there = |conn: &&ConnectionInfo| conn.endpoint == id && conn.lifecycle == Lifecycle::Connecting;
        self.conns.iter().filter(there).count() as u32
    }

    /// Open connections that are not about to go and not unhealthy.
    pub fn usable(&self) -> u32 {
        self.conns.iter().filter(|conn| usable(conn)).count() as u32
    }

    /// Leases out, granted or claimed.
    pub fn leases(&self) -> u32 {
        self.conns.iter().map(|conn| conn.in_use).sum()
    }

    /// Whether `conn` has room and may be granted to someone, however long it has been idle. One that stalls is the last resort, also
    /// while it is asked.
    pub fn grantable(&self, conn: &ConnectionInfo) -> bool {
        let room = match conn.lifecycle {
            Lifecycle::Idle => true,
            Lifecycle::Leased => conn.in_use < conn.leases_max,
            Lifecycle::Connecting | Lifecycle::Probing | Lifecycle::Closing | Lifecycle::Gone => false,
        };
        room && usable(conn)
            && (conn.stalled || !self.asked.contains(&conn.id))
            && (conn.health != Health::Probation || conn.in_use == 0)
            && !self.suspended
    }

    /// Whether a caller that asks for a proof of life since then may have `conn`; one that stalls is only for who asks for none.
    pub fn suits(&self, conn: &ConnectionInfo, since: Option<Time>) -> bool {
        let strict = since.is_some_and(|since| since > Time::ZERO);
        self.grantable(conn) && if conn.stalled { !strict } else { self.fresh(conn, since) }
    }

    /// Whether `conn` is fresh enough for a caller that asks for a proof of life since then.
    pub fn fresh(&self, conn: &ConnectionInfo, since: Option<Time>) -> bool {
        let freshness = self.end(conn.endpoint).map_or(Duration::ZERO, |end| end.freshness);
        let oldest = Time::from_nanos(self.now.as_nanos().saturating_sub(freshness.as_nanos() as u64));
        conn.last_proven.is_some_and(|proven| proven >= oldest && since.is_none_or(|since| proven >= since))
    }

    /// Whether the endpoint may be dialled now, its gate aside.
    pub fn reachable(&self, end: &EndpointInfo) -> bool {
        !end.draining && end.retry_at.is_none_or(|at| at <= self.now)
    }

    /// Whether the endpoint may be dialled and its gate has room for one more connect.
    pub fn dialable(&self, end: &EndpointInfo, connects_max: u32) -> bool {
        let gate = if end.failures > 0 { 1 } else { connects_max };
        self.reachable(end) && self.connecting_to(end.id) < gate
    }
}

/// Open, not marked, not unhealthy.
pub fn usable(conn: &ConnectionInfo) -> bool {
    is_open(conn) && conn.mark.is_none() && conn.health != Health::Unhealthy
}

/// Open, whatever its health and its future.
pub fn is_open(conn: &ConnectionInfo) -> bool {
    matches!(conn.lifecycle, Lifecycle::Idle | Lifecycle::Leased | Lifecycle::Probing)
}

/// Since when nobody uses the connection, if it is open and nobody does.
pub fn idle_since(conn: &ConnectionInfo) -> Option<Time> {
    if conn.lifecycle == Lifecycle::Idle { conn.last_used.max(conn.opened_at) } else { None }
}
