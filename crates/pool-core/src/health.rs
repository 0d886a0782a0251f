//! What signs of life and of trouble do to a connection's health.
//!
//! ```text
//! Unknown ──proof──► Healthy ◄──proof── Suspect          Probation ──success of a lease──► Healthy
//!    └──────trouble────► Suspect ◄──trouble── Healthy        ▲  └──────trouble──────► Unhealthy
//! Suspect ──too much trouble in a row──► Unhealthy ──enough answered probes──┘
//! ```

use crate::conn::Conn;
use crate::id::ConnId;
use crate::output::Notice;
use crate::pool::Pool;
use crate::status::Health;

/// What a sign came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Traffic,
    Probe,
}

impl Pool {
    /// The connection answered.
    pub(crate) fn proof(&mut self, id: ConnId, sign: Sign) {
        self.alive(id);
        let enough = self.config.recovery_successes;
        let conn = &mut self.conns[id];
        (conn.faults, conn.probe_failures) = (0, 0);
        let next = match (conn.health, sign) {
            (Health::Healthy, _) => return,
            (Health::Unknown | Health::Suspect, _) | (Health::Probation, Sign::Traffic) => Health::Healthy,
            (Health::Probation, Sign::Probe) => Health::Probation,
            (Health::Unhealthy, _) => {
                conn.recoveries += 1;
                if conn.recoveries < enough { Health::Unhealthy } else { Health::Probation }
            }
        };
        self.set_health(id, next);
    }

    /// The connection failed. Marks nothing: whether it can go on is another question.
    pub(crate) fn trouble(&mut self, id: ConnId, sign: Sign) {
        let (faults_max, probe_failures_max) = (self.config.faults_max, self.config.probe_failures_max);
        let conn = &mut self.conns[id];
        conn.recoveries = 0;
        conn.looked_at = self.now;
        match sign {
            Sign::Traffic => conn.faults = conn.faults.saturating_add(1),
            Sign::Probe => conn.probe_failures = conn.probe_failures.saturating_add(1),
        }
        let too_many = conn.faults >= faults_max || conn.probe_failures >= probe_failures_max;
        let next = match conn.health {
            Health::Unhealthy | Health::Probation => Health::Unhealthy,
            Health::Unknown | Health::Healthy | Health::Suspect => {
                if too_many {
                    Health::Unhealthy
                } else {
                    Health::Suspect
                }
            }
        };
        let falls =
            next == Health::Unhealthy && !matches!(conn.health, Health::Unhealthy | Health::Probation);
        let tell = falls && conn.mark.is_none();
        self.set_health(id, next);
        if tell {
            self.notice(Notice::ConnectionUnhealthy { conn: id });
        }
    }
}

/// Faults and failed probes in a row.
pub(crate) const fn errors(conn: &Conn) -> u32 {
    conn.faults.saturating_add(conn.probe_failures)
}
