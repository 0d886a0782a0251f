//! The end of a run: the faults are over, and within a bounded time everything has healed (I22, I44).

use std::time::Duration;

use pool_core::{ConnId, ConnectionInfo, Health, Lifecycle, Outcome, Request, Verdict};

use super::{Happening, Load, Mood, Sim};
use crate::holds;
use crate::input::{Answer, Input};

/// Time for what is under way to end or to time out, and for every backoff to pass: longer than any of a [`Setup`](crate::Setup).
const PATIENCE: Duration = Duration::from_secs(120);

fn is_idle(conn: &&ConnectionInfo) -> bool {
    conn.lifecycle == Lifecycle::Idle
}

impl Sim {
    /// Ends the faults; then some easy traffic, under which everything has to become healthy, and some that needs what that left; then silence, in which the pool has to
    /// shrink to its minimum; then a shutdown, after which nothing is left.
    pub fn epilogue(&mut self) {
        self.heal();
        self.run_for(PATIENCE);
        holds!(self.world.books.waiters.is_empty(), "I22", "{:?} never heard", self.world.books.waiters);
        self.easy_traffic();
        self.use_what_nobody_needed();
        self.all_is_well();
        self.silence();
        self.shut_down();
    }

    fn heal(&mut self) {
        self.faults = false;
        self.swarm.cease();
        for key in std::mem::take(&mut self.kept) {
            self.feed(Input::Release(key, Outcome::Returned));
        }
        for server in &mut self.servers {
            server.mood = Mood::Well;
        }
        let lasting = |happening: &Happening| !matches!(happening, Happening::Arrive | Happening::Change);
        self.agenda.retain(lasting);
        self.load = Load { every: Duration::ZERO, leases_max: self.load.leases_max, ..Load::default() };
        self.feed(Input::Resume);
    }

    /// I22: in a world without faults, everyone with patience is served.
    fn easy_traffic(&mut self) {
        let drained = self.world.view().ends.iter().all(|end| end.draining);
        let (served, failed) = (self.served, self.failed);
        self.load.every = Duration::from_millis(20);
        self.open_doors();
        self.run_for(Duration::from_secs(20));
        self.agenda.retain(|happening| *happening != Happening::Arrive);
        self.load.every = Duration::ZERO;
        self.run_for(Duration::from_secs(10));
        // Without room in the queue, a caller who finds none idle is refused, and rightly so.
        let queue = self.world.config().waiters_limit() >= 20;
        let (missed, last) = (self.failed - failed, self.last_error);
        holds!(
            drained || !queue || missed == 0,
            "I22",
            "{missed} callers were not served, the last: {last:?}"
        );
        let came = self.served - served;
        holds!(drained || !queue || came > 500, "I22", "{came} callers were served");
        holds!(self.world.books.tenants.is_empty(), "I22", "{:?} are out", self.world.books.tenants);
    }

    /// I44: without active probes nobody asks a connection that nobody needs: it stays suspect or on probation until somebody does.
    /// So many come, and keep what they have, that each is needed; its first use has to make it healthy.
    fn use_what_nobody_needed(&mut self) {
        let left = self.unasked();
        self.unneeded
            .extend(left.iter().filter_map(|&id| self.world.view().conn(id)).map(|conn| conn.health));
        let idle = |sim: &Sim| left.iter().find_map(|&id| sim.world.view().conn(id).filter(is_idle)).copied();
        let room: u32 = self.world.view().conns.iter().map(|conn| conn.leases_max).sum();
        self.load.thinks = PATIENCE;
        // Without room in the queue, who meets one that has been idle for too long only has it asked for a sign of life.
        for _ in 0..2 * room {
            if idle(self).is_none() {
                break;
            }
            self.arrive();
            self.run_for(Duration::from_millis(10));
        }
        self.load.thinks = Duration::ZERO;
        let forgotten = idle(self);
        holds!(forgotten.is_none(), "I44", "however many came, nobody was given {forgotten:?}");
        self.agenda.retain(|happening| !matches!(happening, Happening::Done(_)));
        for key in self.world.books.tenants.iter().map(|tenant| tenant.key).collect::<Vec<_>>() {
            self.feed(Input::Release(key, Outcome::Success));
        }
    }

    /// What is not well, and not used, and not probed.
    fn unasked(&self) -> Vec<ConnId> {
        let probed = !self.world.config().health_check_interval.is_zero();
        let unwell = |conn: &&ConnectionInfo| matches!(conn.health, Health::Suspect | Health::Probation);
        let unasked = |conn: &&ConnectionInfo| !probed && is_idle(conn) && unwell(conn);
        self.world.view().conns.iter().filter(unasked).map(|conn| conn.id).collect()
    }

    fn all_is_well(&self) {
        let view = self.world.view();
        for conn in &view.conns {
            let well = matches!(conn.health, Health::Healthy | Health::Unknown);
            holds!(well || conn.lifecycle == Lifecycle::Closing, "I44", "never healed: {conn:?}");
        }
        for end in view.ends.iter().filter(|end| end.connections > 0) {
            holds!(end.retry_at.is_none() && end.health != Health::Unhealthy, "I44", "never healed: {end:?}");
        }
        holds!(view.status.waiting == 0, "I44", "{} wait", view.status.waiting);
    }

    /// What is left in silence is the minimum, and what replaces its oldest.
    fn silence(&mut self) {
        let idle = self.world.config().max_idle_time;
        self.run_for(idle * 2 + PATIENCE);
        let status = &self.world.view().status;
        let dialable = self.world.view().ends.iter().any(|end| !end.draining);
        // At the end of its life a connection lives beside its replacement for at most a tenth of a life; and retirements are
        // a `max`th of a life apart.
        let renewing = status.max.div_ceil(10) + 1;
        let (least, most) = if dialable { (status.min, status.min + renewing) } else { (0, 0) };
        let settled = (least..=most + status.closing).contains(&status.total);
        holds!(settled, "I44", "{} connections in silence, the minimum is {}", status.total, status.min);
    }

    /// Whoever still holds a lease then keeps the connection; the pool ends without it.
    fn shut_down(&mut self) {
        let key = self.world.next_key();
        let held = matches!(self.feed(Input::Acquire(Request::default())), Answer::Ready(_));
        self.feed(Input::Shutdown(Duration::from_millis(50)));
        let answer = self.feed(Input::Acquire(Request::default()));
        let refused = matches!(answer, Answer::Failed(error) if error.is_closed());
        holds!(refused, "I30", "after the shutdown a caller got {answer:?}");
        self.run_for(PATIENCE);
        let pool = self.world.pool();
        holds!(pool.is_closed(), "I30", "after the shutdown: {:?}", pool.status());
        let late = held.then(|| self.feed(Input::Release(key, Outcome::Success)));
        let stale = late.is_none_or(|verdict| verdict == Answer::Verdict(Verdict::Stale));
        holds!(stale, "I30", "a lease that the pool had given up came back {late:?}");
        holds!(self.world.until.is_none(), "I23", "a closed pool wakes for {:?}", self.world.until);
    }
}
