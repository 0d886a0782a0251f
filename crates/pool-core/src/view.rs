//! Looking at the pool: the snapshot, the rows, and the error with the load in it. Nothing here changes anything.

use core::time::Duration;

use crate::conn::{Conn, Shelf};
use crate::error::{AcquireError, AcquireErrorKind, Cause, Load};
use crate::health::errors;
use crate::id::ConnId;
use crate::pool::{Mode, Pool};
use crate::state::Lifecycle;
use crate::stats::Stats;
use crate::status::{ConnectionInfo, EndpointInfo, Health, Phase, Status};
use crate::time::Time;

impl Pool {
    /// The pool as it was at its last input.
    pub fn status(&self) -> Status {
        let load = self.load();
        let life = |life: Lifecycle| self.counts.life[life as usize];
        let health = |health: Health| self.counts.health[health as usize];
        let down =
            self.endpoints.iter().filter(|(_, endpoint)| endpoint.is_backing_off(self.now)).count() as u32;
        Status {
            phase: self.phase(),
            min: self.config.min_connections,
            max: load.max,
            total: load.total,
            available: load.available,
            in_use: load.in_use,
            leases: self.leases.len(),
            connecting: load.connecting,
            probing: self.counts.probes,
            closing: life(Lifecycle::Closing),
            healthy: health(Health::Healthy) + health(Health::Suspect),
            unhealthy: health(Health::Unhealthy),
            unknown: health(Health::Unknown) + health(Health::Probation),
            waiting: load.waiting,
            oldest_wait: self.queue.oldest(&self.tickets).map(|since| self.now.since(since)),
            endpoints_up: self.endpoints.len() - down,
            endpoints_down: down,
            generation: self.generation,
        }
    }

    fn phase(&self) -> Phase {
        let troubled = |(_, endpoint): (_, &crate::endpoint::Endpoint)| {
            endpoint.failures > 0 || endpoint.health == Health::Unhealthy
        };
        match self.mode {
            Mode::Closing if self.is_closed() => Phase::Closed,
            Mode::Draining | Mode::Closing => Phase::Draining,
            Mode::Starting | Mode::Running if self.suspended => Phase::Suspended,
            Mode::Starting | Mode::Running if self.endpoints.iter().any(troubled) => Phase::Degraded,
            Mode::Starting => Phase::Starting,
            Mode::Running => Phase::Running,
        }
    }

    /// Whether the pool has ended: nothing is left of it, and nothing will come.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.mode == Mode::Closing && self.conns.len() == 0
    }

    /// A row per connection, in the order of their slots.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionInfo> {
        self.conns.iter().map(|(id, conn)| self.connection_info(id, conn))
    }

    /// One connection, if it is still there.
    pub fn connection(&self, id: ConnId) -> Option<ConnectionInfo> {
        self.conns.get(id).map(|conn| self.connection_info(id, conn))
    }

    fn connection_info(&self, id: ConnId, conn: &Conn) -> ConnectionInfo {
        let seen = |at: Time| (at != Time::MAX).then_some(at);
        ConnectionInfo {
            id,
            endpoint: conn.endpoint,
            lifecycle: conn.life,
            health: conn.health,
            is_active: conn.is_open() && conn.mark.is_none(),
            mark: conn.mark,
            created_at: conn.created_at,
            opened_at: seen(conn.opened_at),
            last_used: seen(conn.last_used),
            last_proven: conn.is_open().then_some(conn.proven),
            error_count: errors(conn),
            stalled: conn.stalled,
            in_use: conn.leases.len(),
            leases_max: conn.leases_max,
            uses: conn.uses,
        }
    }

    /// A row per endpoint, in the order of their slots.
    pub fn endpoints(&self) -> impl Iterator<Item = EndpointInfo> {
        self.endpoints.iter().map(|(id, endpoint)| EndpointInfo {
            id,
            health: endpoint.health,
            failures: endpoint.failures,
            retry_at: endpoint.is_backing_off(self.now).then_some(endpoint.retry_at),
            connections: endpoint.connections,
            freshness: endpoint.freshness.as_duration(),
            draining: endpoint.draining,
        })
    }

    /// Counters and histograms since the start.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The load now, in constant time.
    pub fn load(&self) -> Load {
        let shelf = |shelf: Shelf| self.shelves[shelf].len();
        Load {
            total: self.total(),
            in_use: self.counts.life[Lifecycle::Leased as usize],
            available: shelf(Shelf::Ready) + shelf(Shelf::Stale) + shelf(Shelf::Stalled),
            connecting: self.counts.life[Lifecycle::Connecting as usize],
            waiting: self.queue.len(),
            max: self.config.max_connections,
        }
    }

    pub(crate) fn error(&self, kind: AcquireErrorKind, waited: Duration) -> AcquireError {
        AcquireError { kind, waited, load: self.load(), cause: self.cause() }
    }

    /// The endpoint that has failed most often in a row.
    fn cause(&self) -> Option<Cause> {
        let failing = self.endpoints.iter().filter(|(_, endpoint)| endpoint.failures > 0);
        failing.max_by_key(|(_, endpoint)| endpoint.failures).map(|(id, endpoint)| Cause {
            endpoint: id,
            class: endpoint.class,
            failures: endpoint.failures,
            retry_at: endpoint.retry_at,
        })
    }
}
