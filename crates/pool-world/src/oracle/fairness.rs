//! Who is served: in order, once, and never while someone waits who may have what is there.

use pool_core::{
    AcquireErrorKind, Action, CloseReason, ConnId, ConnectionInfo, Lifecycle, Patience, Request, TicketId,
};

use super::Step;
use crate::books::{Books, Ending, Fate, Tenant, Waiter};
use crate::holds;
use crate::input::{Answer, Input};

impl Step<'_> {
    /// I13: who is woken with time left is at the front of the queue; and what each will hear is settled.
    pub(super) fn wakes_are_fair(&self, books: &mut Books) {
        let now = self.after.now;
        let woken = |action: &Action| if let Action::Wake { ticket } = action { Some(*ticket) } else { None };
        if !self.outs.iter().any(|action| woken(action).is_some()) {
            return;
        }
        let in_time = |waiter: &Waiter| waiter.deadline > now;
        let served = |id: TicketId, books: &Books| {
            books.waiter(id).is_some_and(|waiter| waiter.fate == Fate::Waiting && in_time(waiter))
        };
        let served: Vec<TicketId> =
            self.outs.iter().filter_map(woken).filter(|&id| served(id, books)).collect();
        let front: Vec<TicketId> =
            books.order().filter(|&id| books.waiter(id).is_none_or(in_time)).take(served.len()).collect();
        holds!(self.flushing || served == front, "I13", "{served:?} were served, {front:?} were first");
        let left = books.waiting() as usize > served.len() + self.late(books);
        let fate = self.fate_of(served.len() as u32, left, books);
        for id in self.outs.iter().filter_map(woken) {
            let of = |waiter: &Waiter| {
                if in_time(waiter) || fate == Fate::Unknown { fate } else { Fate::TimedOut }
            };
            books.woken(id, of, now);
        }
    }

    fn late(&self, books: &Books) -> usize {
        books
            .order()
            .filter(|&id| books.waiter(id).is_some_and(|waiter| waiter.deadline <= self.after.now))
            .count()
    }

    /// Granted or failed: the leases on the connections tell. A pool that gives up gives up on everyone.
    fn fate_of(&self, served: u32, left: bool, books: &Books) -> Fate {
        if self.flushing {
            return Fate::Unknown;
        }
        if let Ending::ShutDown(_) = books.ending {
            return Fate::Failed;
        }
        let count = |fate: Fate| books.waiters.iter().filter(|waiter| waiter.fate == fate).count() as u32;
        if count(Fate::Unknown) > 0 {
            return if left { Fate::Granted } else { Fate::Unknown };
        }
        let dead = |conn: ConnId| self.outs.contains(&Action::Close { conn, reason: CloseReason::Dead });
        let holds = |tenant: &&Tenant| !tenant.abandoned && !dead(tenant.lease.conn());
        let claimed = books.tenants.iter().filter(holds).count() as u32;
        let (leases, known) = (self.after.leases(), claimed + count(Fate::Granted));
        if leases == known + served {
            return Fate::Granted;
        }
        holds!(leases == known, "I6", "{leases} leases are out, {known} were, and {served} were woken");
        holds!(!left, "I6", "{served} were given up, and others still wait");
        Fate::Failed
    }

    /// The answers to an acquire: I14, I14b, and each error only for its reason.
    pub(super) fn answers_are_right(&self, books: &Books) {
        let Some((Input::Acquire(request), answer)) = self.deed else { return };
        let already = self.before.status.waiting;
        let conn = match answer {
            Answer::Ready(conn) => Some(conn),
            _ => None,
        };
        if conn.is_some() {
            holds!(!self.exact || already == 0, "I14", "{request:?} was served before {already} who waited");
            holds!(!books.refuses() && !self.after.suspended, "I30", "a lease of a pool that gives none");
        }
        if let Answer::Failed(error) = answer {
            self.refusal_is_right(&request, error.kind, books);
        }
        let unsure = books.links.iter().any(|link| link.unsure);
        if self.exact && !unsure && already == 0 && !books.refuses() {
            let suits = |conn: &&ConnectionInfo| self.before.suits(conn, request.proven_since);
            let (stalled, free): (Vec<&ConnectionInfo>, Vec<_>) =
                self.before.conns.iter().filter(suits).partition(|conn| conn.stalled);
            let best = if free.is_empty() { stalled } else { free };
            holds!(
                conn.map_or(best.is_empty(), |conn| best.iter().any(|best| best.id == conn)),
                "I14b",
                "{request:?} got {answer:?} beside {best:?}"
            );
            if let Some(conn) = conn {
                self.choice_is_right(&request, conn, &best);
            }
        }
    }

    fn patient(&self, request: &Request) -> bool {
        !matches!(request.patience, Patience::Until(at) if at <= self.after.now)
    }

    /// The least recently proven of the fresh; for one who asks for a recent proof, the most recently proven.
    fn choice_is_right(&self, request: &Request, chosen: ConnId, free: &[&ConnectionInfo]) {
        // The row is by last proof; one that was used or asked since, and proved nothing, has gone to its end.
        if free
            .iter()
            .any(|conn| conn.leases_max > 1 || conn.error_count > 0 || conn.last_used > conn.last_proven)
        {
            return;
        }
        let proofs = || free.iter().map(|conn| conn.last_proven);
        let best = if request.proven_since.is_none() { proofs().min() } else { proofs().max() };
        let taken = free.iter().find(|conn| conn.id == chosen).map(|conn| conn.last_proven);
        holds!(
            taken == best,
            "I14b",
            "{chosen} was chosen, proven {taken:?}, the policy would have taken {best:?} of {free:?}"
        );
    }

    fn refusal_is_right(&self, request: &Request, kind: AcquireErrorKind, books: &Books) {
        let right = match kind {
            AcquireErrorKind::Closed => books.refuses(),
            AcquireErrorKind::Exhausted => request.patience == Patience::None,
            AcquireErrorKind::Timeout => !self.patient(request),
            AcquireErrorKind::QueueFull => {
                !self.exact || self.before.status.waiting >= self.config.waiters_limit()
            }
            AcquireErrorKind::Unavailable => self.nothing_can_come(),
            _ => false,
        };
        holds!(right, "I6", "{request:?} was refused as {kind:?}");
        holds!(
            !books.refuses() || kind == AcquireErrorKind::Closed,
            "I30",
            "refused as {kind:?} by a closing pool"
        );
    }

    /// Nothing usable is open, nothing is under way, and no endpoint may be dialled.
    pub(super) fn nothing_can_come(&self) -> bool {
        let view = self.after;
        view.usable() == 0
            && view.count(Lifecycle::Connecting) == 0
            && view.ends.iter().all(|end| !view.reachable(end))
    }

    /// I16: nobody waits beside a connection that the first in the queue may have.
    pub(super) fn nobody_is_forgotten(&self, books: &Books) {
        let waiting = self.after.status.waiting;
        holds!(waiting == books.waiting(), "I6", "{waiting} wait, by the books {}", books.waiting());
        let Some(first) = books.order().next().and_then(|id| books.waiter(id)) else { return };
        for conn in self.after.conns.iter().filter(|conn| self.after.suits(conn, first.proven_since)) {
            let asked = books.link(conn.id).is_some_and(|link| link.unsure || link.probing.is_some());
            holds!(asked && !conn.stalled, "I16", "{} waits beside {conn:?}", first.ticket.id());
        }
        holds!(self.until.is_some(), "I18", "{waiting} wait, and no timer is armed");
    }
}
