//! What is behind the lock, and what a turn does with the core's actions.
//!
//! Rule kept here: nothing of the backend's, of a task's or of a clock's is run or dropped; what has to be goes into [`Effects`].

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;
use std::time::Duration;

use pool_core::{Action, CloseReason, ConnId, EndpointId, Event, Lifecycle, Notice, TicketId, Time, Verdict};

use crate::backend::Backend;
use crate::bell::Bell;
use crate::error::{AcquireError, ConnectError, DriverState};
use crate::events::Hub;
use crate::slots::{Object, Slots};
use crate::sync::Arc;
use crate::table::Table;

#[cfg(not(feature = "recorder"))]
pub(crate) use pool_core::Pool as Core;

#[cfg(feature = "recorder")]
pub(crate) use crate::recorder::Core;

/// What is behind the lock; the core first, so that it begins in the lock's line of the cache.
#[repr(C)]
pub(crate) struct State<B: Backend> {
    pub(crate) core: Core,
    pub(crate) slots: Slots<B::Conn>,
    /// By `TicketId::index`.
    wakers: Table<Waker>,
    /// What the driver is to do, in the core's order.
    pub(crate) orders: VecDeque<Action>,
    /// The instant at which the driver's sleep ends at the latest.
    pub(crate) armed: Time,
    pub(crate) driver: DriverState,
    /// Nothing is left of the pool.
    pub(crate) closed: bool,
    /// Something happened in this turn that observers look at. The end of the pool is such a thing.
    pub(crate) changed: bool,
    #[cfg(feature = "test-util")]
    pub(crate) turns: u64,
    connection_timeout: Duration,
    /// The last failed connect by `EndpointId::index`, and to which of those that had the place it was.
    errors: Table<(EndpointId, Arc<ConnectError<B::Error>>)>,
    mail: Vec<Event>,
}

/// What few turns leave to do after the lock. What the others leave is to wake one task, or nothing.
pub(crate) struct Effects<B: Backend> {
    pub(crate) ring: bool,
    pub(crate) changed: bool,
    pub(crate) wakers: Vec<Waker>,
    /// To be dropped: their destructors are not ours.
    pub(crate) objects: Vec<Object<B::Conn>>,
    pub(crate) errors: Vec<Arc<ConnectError<B::Error>>>,
}

impl<B: Backend> State<B> {
    pub(crate) fn new(core: Core, connection_timeout: Duration) -> Self {
        State {
            core,
            slots: Slots::new(),
            orders: VecDeque::new(),
            armed: Time::ZERO,
            driver: DriverState::Alive,
            closed: false,
            changed: false,
            #[cfg(feature = "test-util")]
            turns: 0,
            connection_timeout,
            wakers: Table::new(),
            errors: Table::new(),
            mail: Vec::new(),
        }
    }

    /// Hands in what the transports have noticed since the last turn.
    pub(crate) fn hear(&mut self, bell: &Bell, now: Time) {
        let mut mail = mem::take(&mut self.mail);
        bell.collect(&mut mail);
        for mut event in mail.drain(..) {
            let known = self.core.connection(event.conn());
            if known.is_some_and(|conn| conn.lifecycle == Lifecycle::Connecting) {
                // Its transport was faster than the report of its connect: heard in the turn after that.
                bell.note(event);
                continue;
            }
            if let Event::LeaseLimit { conn, leases_max } = &mut event {
                *leases_max = if self.slots.is_shared(*conn) { *leases_max } else { 1 };
            }
            let _ = self.report(now, event);
        }
        self.mail = mail;
    }

    /// Reports to the core, and to observers that something has changed.
    pub(crate) fn report(&mut self, now: Time, event: Event) -> Verdict {
        let verdict = self.core.handle(now, event);
        self.changed |= verdict == Verdict::Accepted && !matches!(event, Event::Progress { .. });
        verdict
    }

    /// Whether nothing came of the turn, but for a task that is to be woken.
    #[inline(always)]
    pub(crate) fn is_quiet(&self) -> bool {
        !self.core.has_actions() && !self.changed && self.core.wake_by() >= self.armed
    }

    /// Takes the core's actions: performs what needs no driver, leaves the rest to it, and decides whether it must be rung.
    #[inline(never)]
    pub(crate) fn perform(&mut self, hub: &Hub, now: Time) -> Effects<B> {
        let mut effects = Effects {
            ring: self.core.wake_by() < self.armed,
            changed: false,
            wakers: Vec::new(),
            objects: Vec::new(),
            errors: Vec::new(),
        };
        while let Some(action) = self.core.poll_action() {
            match action {
                Action::Wake { ticket } => effects.wakers.extend(self.take_waker(ticket)),
                Action::Notice(notice) => {
                    hub.keep(now, notice);
                    self.changed = true;
                    if let Notice::LeaseAbandoned { conn } = notice {
                        // It may be under a probe, which the core has given up together with it.
                        self.order(now, Action::Forget { conn }, &mut effects);
                    }
                }
                Action::Connect { .. }
                | Action::Probe { .. }
                | Action::Close { .. }
                | Action::Forget { .. } => {
                    self.changed = true;
                    self.order(now, action, &mut effects);
                }
            }
        }
        if self.changed {
            self.take_notice_of_change(hub, &mut effects);
        }
        effects
    }

    fn take_notice_of_change(&mut self, hub: &Hub, effects: &mut Effects<B>) {
        (self.changed, effects.changed) = (false, true);
        if !self.closed && self.core.is_closed() {
            self.closed = true;
            hub.end();
            effects.ring = true;
        }
    }

    /// Leaves an action to the driver; without one, nothing can be dialled or probed, and closing is dropping.
    fn order(&mut self, now: Time, action: Action, effects: &mut Effects<B>) {
        if let Action::Connect { conn, endpoint, .. } = action {
            effects.discard(self.slots.begin(conn, endpoint));
        }
        if let Action::Close { conn, reason: CloseReason::ConnectTimeout } = action {
            let error = Arc::new(ConnectError::TimedOut(self.connection_timeout));
            let former = self.keep_error(conn, error);
            effects.errors.extend(former);
        }
        match (self.driver, action) {
            (DriverState::Alive, _) => {
                self.orders.push_back(action);
                effects.ring = true;
            }
            (DriverState::Dropped, Action::Close { conn, .. } | Action::Forget { conn }) => {
                effects.discard(self.slots.end(conn));
                // Stale after a `Forget`: there was nothing left to report.
                let _ = self.core.handle(now, Event::Closed { conn });
            }
            (DriverState::Dropped, _) => {}
        }
    }

    /// Keeps why a connect failed, for those who go without a connection because of it. Returns the former reason.
    pub(crate) fn keep_error(
        &mut self,
        conn: ConnId,
        error: Arc<ConnectError<B::Error>>,
    ) -> Option<Arc<ConnectError<B::Error>>> {
        let endpoint = self.slots.endpoint(conn)?;
        let (_, former) = self.errors.place(endpoint.index()).replace((endpoint, error))?;
        Some(former)
    }

    /// A connect has succeeded: what failed before explains nothing any more.
    pub(crate) fn clear_error(&mut self, conn: ConnId) -> Option<Arc<ConnectError<B::Error>>> {
        let (_, former) = self.errors.take(self.slots.endpoint(conn)?.index())?;
        Some(former)
    }

    /// The core's reason with the backend's.
    pub(crate) fn explain(&self, why: pool_core::AcquireError) -> AcquireError<B::Error> {
        let error = why.cause.and_then(|cause| self.connect_error(cause.endpoint));
        AcquireError::new(why, error, self.driver)
    }

    /// Why the last connect to an endpoint failed, if it did.
    pub(crate) fn connect_error(&self, endpoint: EndpointId) -> Option<Arc<ConnectError<B::Error>>> {
        let (failed, error) = self.errors.get(endpoint.index())?;
        (*failed == endpoint).then(|| Arc::clone(error))
    }

    /// The place of a ticket's waker.
    pub(crate) fn waker(&mut self, ticket: TicketId) -> &mut Option<Waker> {
        self.wakers.place(ticket.index())
    }

    /// Takes a ticket's waker, to be woken or dropped after the lock.
    pub(crate) fn take_waker(&mut self, ticket: TicketId) -> Option<Waker> {
        self.wakers.take(ticket.index())
    }

    /// The driver is gone: what it has at hand is over, and so is the pool. Returns what the slots held.
    pub(crate) fn driver_dropped(&mut self, now: Time) -> Vec<Object<B::Conn>> {
        if self.closed {
            return Vec::new();
        }
        (self.driver, self.changed) = (DriverState::Dropped, true);
        self.armed = Time::ZERO;
        self.orders.clear();
        self.core.shutdown(now, Duration::ZERO);
        self.core.advance(now);
        let closing = self.core.connections().filter(|row| row.lifecycle == Lifecycle::Closing);
        for conn in closing.map(|row| row.id).collect::<Vec<ConnId>>() {
            let _ = self.core.handle(now, Event::Closed { conn });
        }
        self.slots.clear()
    }
}

impl<B: Backend> Effects<B> {
    fn discard(&mut self, object: Object<B::Conn>) {
        if !matches!(object, Object::Out) {
            self.objects.push(object);
        }
    }
}
