//! How a request stands: for whoever explains what became of it.

use crate::error::AcquireErrorKind;
use crate::id::{ConnId, TicketId};
use crate::pool::Pool;
use crate::time::Time;
use crate::waiter::WaitState;

/// How the request of a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits.
    Waiting {
        /// How many will be served before it.
        ahead: u32,
        /// Since when.
        since: Time,
        /// Until when it will.
        deadline: Time,
        /// Only a connection that has proved alive since then will do.
        proven_since: Option<Time>,
    },
    /// A lease on this connection is kept for it until it is claimed.
    Granted(ConnId),
    /// It has failed, and will learn that when it asks.
    Failed(AcquireErrorKind),
}

impl Pool {
    /// How the request of `ticket` stands; nothing once it was claimed or cancelled. Linear in those who wait.
    pub fn standing(&self, ticket: TicketId) -> Option<Standing> {
        let waiter = self.tickets.get(ticket)?;
        Some(match waiter.state() {
            WaitState::Waiting => Standing::Waiting {
                ahead: self.queue.iter(&self.tickets).take_while(|&other| other != ticket).count() as u32,
                since: waiter.since,
                deadline: self.timers.deadline(&self.tickets, ticket).unwrap_or(Time::MAX),
                proven_since: (waiter.proven_since > Time::ZERO).then_some(waiter.proven_since),
            },
            WaitState::Granted(lease) => Standing::Granted(self.leases[lease].conn),
            WaitState::Failed(kind) => Standing::Failed(kind),
        })
    }
}
