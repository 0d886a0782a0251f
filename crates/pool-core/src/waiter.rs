//! Who waits: one queue per priority class, first come first served inside it, and the record of a ticket.

use crate::arena::{Arena, Slots};
use crate::error::AcquireErrorKind;
use crate::id::{LeaseId, TicketId};
use crate::input::{Place, Priority};
use crate::list::{Links, List, Via};
use crate::row;
use crate::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum WaitState {
    /// In the queue.
    Waiting,
    /// The lease is kept here until it is claimed or the ticket cancelled.
    Granted(LeaseId),
    /// The reason is kept here until it is claimed or the ticket cancelled.
    Failed(AcquireErrorKind),
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Waiter {
    /// What `state` says, in fewer bytes: there can be many.
    granted: Option<LeaseId>,
    failed: Option<AcquireErrorKind>,
    pub(crate) priority: Priority,
    pub(crate) place: Place,
    pub(crate) since: Time,
    /// Only a connection proven since then will do; `Time::ZERO`: any.
    pub(crate) proven_since: Time,
    in_queue: Links<TicketId>,
    /// Its deadline, if that is in the row.
    pub(crate) in_row: row::Place,
}

impl Waiter {
    #[inline]
    pub(crate) const fn waiting(priority: Priority, place: Place, since: Time, proven_since: Time) -> Self {
        Waiter {
            granted: None,
            failed: None,
            priority,
            place,
            since,
            proven_since,
            in_queue: Links::NONE,
            in_row: row::Place::NONE,
        }
    }

    #[inline]
    pub(crate) const fn state(&self) -> WaitState {
        match (self.granted, self.failed) {
            (Some(lease), _) => WaitState::Granted(lease),
            (None, Some(kind)) => WaitState::Failed(kind),
            (None, None) => WaitState::Waiting,
        }
    }

    #[inline]
    pub(crate) const fn set(&mut self, state: WaitState) {
        (self.granted, self.failed) = match state {
            WaitState::Waiting => (None, None),
            WaitState::Granted(lease) => (Some(lease), None),
            WaitState::Failed(kind) => (None, Some(kind)),
        };
    }
}

/// With the slot's head, a line of the cache.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Option<Waiter>>() == 56);

/// Selects the links of a waiter in its queue.
#[derive(Clone, Debug)]
pub(crate) struct InQueue;

impl Via<TicketId, Waiter> for InQueue {
    fn links(waiter: &Waiter) -> &Links<TicketId> {
        &waiter.in_queue
    }

    fn links_mut(waiter: &mut Waiter) -> &mut Links<TicketId> {
        &mut waiter.in_queue
    }
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub(crate) struct Queue {
    len: u32,
    classes: [List<TicketId, InQueue>; 3],
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Queue { classes: [const { List::new() }; 3], len: 0 }
    }

    /// How many wait.
    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Who is next: the head of the best class that anyone waits in.
    pub(crate) fn head(&self) -> Option<TicketId> {
        self.classes.iter().find_map(List::head)
    }

    /// Who waits, best class first, oldest place first.
    #[cfg(feature = "check")]
    pub(crate) fn iter<'a>(
        &'a self,
        tickets: &'a Arena<TicketId, Waiter>,
    ) -> impl Iterator<Item = TicketId> + 'a {
        self.classes.iter().flat_map(move |class| class.iter(tickets))
    }

    /// Since when the one has waited that has waited longest: of those that joined at the back, the first in each class, and of
    /// those that joined in front of them, any.
    pub(crate) fn oldest(&self, tickets: &Arena<TicketId, Waiter>) -> Option<Time> {
        let class = |class: &List<TicketId, InQueue>| {
            let mut first = class.iter(tickets).map(|id| &tickets[id]);
            let mut oldest = None;
            for waiter in first.by_ref() {
                oldest = oldest.map_or(Some(waiter.since), |since: Time| Some(since.min(waiter.since)));
                if waiter.place == Place::Back {
                    break;
                }
            }
            oldest
        };
        self.classes.iter().filter_map(class).min()
    }

    /// Whether the queues hold what they count, each in the class that it asked for: asked of what was read from outside.
    #[cfg(feature = "image")]
    pub(crate) fn is_whole(&self, tickets: &Arena<TicketId, Waiter>) -> bool {
        let mut classes = self.classes.iter().zip(Priority::ALL);
        let whole = |(list, priority): (&List<TicketId, InQueue>, Priority)| {
            list.is_whole(tickets, |_, waiter| {
                waiter.priority == priority && waiter.state() == WaitState::Waiting
            })
        };
        classes.all(whole)
            && u64::from(self.len) == self.classes.iter().map(|class| u64::from(class.len())).sum::<u64>()
    }

    pub(crate) fn join(&mut self, tickets: &mut Arena<TicketId, Waiter>, id: TicketId) {
        let class = &mut self.classes[tickets[id].priority as usize];
        planted!(LastInFirstOut => { self.len += 1; return class.push_front(tickets, id); });
        match tickets[id].place {
            Place::Back => class.push_back(tickets, id),
            Place::Front => class.push_front(tickets, id),
        }
        self.len += 1;
    }

    /// `id` must be waiting.
    #[inline]
    pub(crate) fn leave(&mut self, tickets: &mut impl Slots<TicketId, Tenant = Waiter>, id: TicketId) {
        let class = tickets.slot(id.slot()).1.priority;
        self.classes[class as usize].remove(tickets, id);
        self.len -= 1;
    }
}
