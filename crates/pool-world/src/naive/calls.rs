//! What each call means to the naive pool, and whether the core's answer is one of the right ones.

use pool_core::{
    AcquireErrorKind, CloseReason, ConnId, Event, Outcome, Patience, Place, Request, Reuse, Time,
};

use super::{Conn, Ending, NaivePool, Outs, State, Waiter};
use crate::holds;
use crate::input::{Answer, Input, Key};
use crate::view::View;

impl NaivePool {
    pub(super) fn apply(&mut self, input: Input, answer: Answer, core: &View, outs: &mut Outs) {
        match input {
            Input::Acquire(request) => self.acquire(request, answer, core),
            Input::Claim(key) => self.claim(key, answer),
            Input::Cancel(key) => {
                self.waiters.retain(|waiter| waiter.key != key);
                self.give_back(key, Outcome::Returned, core, outs);
            }
            Input::Release(key, outcome) => self.give_back(key, outcome, core, outs),
            Input::Detach(key) => {
                let held = self.leases.iter().find(|lease| lease.0 == key).and_then(|lease| lease.1);
                self.conns.retain(|conn| Some(conn.id) != held);
                self.leases.retain(|lease| lease.0 != key);
            }
            Input::Report(event) => self.report(event),
            Input::Suspend => self.suspended = self.ending == Ending::Not,
            Input::Resume => self.suspended = false,
            Input::Invalidate => self.mark_all(CloseReason::Invalidated, outs),
            Input::Drain if self.ending == Ending::Not => {
                (self.ending, self.suspended) = (Ending::Draining, false)
            }
            Input::Shutdown(_) => {
                (self.ending, self.suspended) = (Ending::Over, false);
                outs.wakes.extend(self.waiters.drain(..).map(|waiter| waiter.key));
                self.mark_all(CloseReason::Shutdown, outs);
            }
            Input::Advance | Input::Drain => {}
            Input::Resize(..)
            | Input::AddEndpoint(_)
            | Input::DrainEndpoint(_)
            | Input::Retry(_)
            | Input::Reject(_) => {
                panic!("the naive pool does not know {input:?}")
            }
        }
    }

    fn acquire(&mut self, request: Request, answer: Answer, core: &View) {
        let key = self.acquires;
        self.acquires += 1;
        let deadline = match request.patience {
            Patience::Configured => self.now + self.config.acquire_timeout,
            Patience::Until(at) => at,
            Patience::None => self.now,
        };
        let free = self.conns.iter().any(|conn| conn.state == State::Idle) && !self.suspended;
        let served = self.ending == Ending::Not && free && self.waiters.is_empty();
        match answer {
            Answer::Ready(id) => {
                holds!(
                    served,
                    "I36",
                    "acquire {key} was served on {id}, and the naive pool has {:?}",
                    self.conns
                );
                let state = self.conn(id).map(|conn| std::mem::replace(&mut conn.state, State::Leased));
                holds!(state == Some(State::Idle), "I36", "{id} was granted while {state:?}");
                self.leases.push((key, Some(id)));
            }
            Answer::Queued => {
                let full = self.waiters.len() as u32 >= self.config.waiters_limit();
                let fit = !served && !full && self.ending == Ending::Not && deadline > self.now;
                holds!(fit, "I36", "acquire {key} was queued behind {:?}", self.waiters);
                let place = match request.place {
                    Place::Back => {
                        self.waiters.iter().filter(|other| other.class <= request.priority).count()
                    }
                    Place::Front => {
                        self.waiters.iter().filter(|other| other.class < request.priority).count()
                    }
                };
                self.waiters.insert(place, Waiter { key, class: request.priority, deadline });
            }
            Answer::Failed(error) => {
                let kind = error.kind;
                holds!(!served, "I36", "acquire {key} failed with {kind:?} beside {:?}", self.conns);
                let closed = kind == AcquireErrorKind::Closed;
                holds!(closed == (self.ending != Ending::Not), "I36", "acquire {key} failed with {kind:?}");
                let down = kind == AcquireErrorKind::Unavailable;
                holds!(!down || self.is_down(core), "I36", "acquire {key} failed with {kind:?}");
            }
            other => panic!("I36: an acquire was answered {other:?}"),
        }
    }

    fn claim(&mut self, key: Key, answer: Answer) {
        match answer {
            Answer::Ready(id) => {
                let Some(place) = self.leases.iter().position(|lease| lease.0 == key) else {
                    panic!("I36: acquire {key} has a lease, and was not granted one");
                };
                self.leases[place].1 = Some(id);
                let state = self.conn(id).map(|conn| conn.state);
                holds!(
                    state == Some(State::Leased),
                    "I36",
                    "the lease of acquire {key} is on {id}, which is {state:?}"
                );
            }
            Answer::Pending => {
                let waits = self.waiters.iter().any(|waiter| waiter.key == key);
                holds!(waits, "I36", "acquire {key} is pending, and the naive pool has {:?}", self.waiters);
            }
            _ => {
                let granted = self.leases.iter().any(|lease| lease.0 == key);
                let waits = self.waiters.iter().any(|waiter| waiter.key == key);
                holds!(!granted && !waits, "I36", "acquire {key} was answered {answer:?}");
            }
        }
    }

    /// A lease or a grant ends. On which connection a grant was is told by the core: one that is no longer leased there.
    fn give_back(&mut self, key: Key, outcome: Outcome, core: &View, outs: &mut Outs) {
        let Some(place) = self.leases.iter().position(|lease| lease.0 == key) else { return };
        let (_, known) = self.leases.remove(place);
        let claimed: Vec<ConnId> = self.leases.iter().filter_map(|lease| lease.1).collect();
        let leased = |conn: &&Conn| conn.state == State::Leased && !claimed.contains(&conn.id);
        let freed = |conn: &&Conn| core.conn(conn.id).is_none_or(|there| there.in_use == 0);
        let candidates = || self.conns.iter().filter(leased);
        let handed_on = candidates().find(|conn| conn.mark.is_none()).map(|conn| conn.id);
        let Some(id) = known.or(candidates().find(freed).map(|conn| conn.id)).or(handed_on) else { return };
        let conn = self.conn(id).expect("a lease is on a connection");
        let broken = matches!(outcome, Outcome::Failed { reuse: Reuse::Discard, .. });
        match conn.mark {
            Some(reason) => self.close(id, reason, outs),
            None if broken => self.close(id, CloseReason::Broken, outs),
            None => conn.state = State::Idle,
        }
    }

    fn report(&mut self, event: Event) {
        let id = event.conn();
        let Some(state) = self.conn(id).map(|conn| conn.state) else { return };
        match (event, state) {
            (Event::Connected { .. }, State::Connecting) => {
                let conn = self.conn(id).expect("just looked");
                (conn.state, conn.due) = (State::Idle, Time::MAX);
            }
            (Event::ConnectFailed { .. }, State::Connecting) | (Event::Closed { .. }, State::Closing) => {
                self.conns.retain(|conn| conn.id != id);
            }
            _ => {}
        }
    }
}
