//! The one future that does the work: connects, probes, closes, and one sleep until the core's next deadline.
//!
//! Rules kept here: the clock is the truth and the sleep a hint; every order of the core ends in its report; at most one
//! job per connection is under way, and an order to close stops it first; when this future is dropped, the pool is shut down.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures::future::AbortHandle;
use futures::stream::{FuturesUnordered, Stream};
use pool_core::{Action, ConnId, Event, Time, Verdict};

use crate::backend::{Backend, ConnectContext, Reporter};
use crate::clock::Clock;
use crate::error::ConnectError;
use crate::job::{End, Ended, Job, perform};
use crate::slots::{Label, Object};
use crate::sync::Arc;
use crate::table::Table;
use crate::turn::Shared;

/// Does the pool's work; made with the pool by [`Builder::build`](crate::Builder::build).
///
/// Spawn [`run`](Driver::run) on the runtime of your choice, or poll it beside the work that uses the pool. Without it nothing is
/// opened and nobody's patience ends. Dropping it, running or not, shuts the pool down: waiters fail at once, leases that are out
/// drop their connections when they come back.
#[must_use = "without a running driver the pool opens no connection"]
pub struct Driver<B: Backend, C: Clock> {
    shared: Arc<Shared<B, C>>,
    orders: VecDeque<Action>,
    /// By `ConnId::index`.
    running: Table<Running>,
}

/// A job under way.
struct Running {
    conn: ConnId,
    stop: AbortHandle,
    /// It was told to stop, because the connection is to be closed.
    closing: bool,
}

/// Why the driver woke up.
enum Woke<B: Backend> {
    Ended(Ended<B>),
    Rung,
    Slept,
}

/// What to start next.
type Start<B> = (ConnId, Job<<B as Backend>::Conn>);

impl<B: Backend, C: Clock> Driver<B, C> {
    pub(crate) fn new(shared: Arc<Shared<B, C>>) -> Self {
        Driver { shared, orders: VecDeque::new(), running: Table::new() }
    }

    /// Runs until the pool is closed and its last connection with it. `Send` if the backend's futures and the clock's are.
    ///
    /// A panic of the backend in here ends this future, and the pool with it.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends the pool; nothing leaks.
    pub async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut jobs = FuturesUnordered::new();
        let mut sleep = pin!(None);
        let mut armed = Time::MAX;
        loop {
            let (now, until, closed) = self.take_orders(armed);
            if until < armed {
                armed = until;
                sleep.set(Some(shared.clock.sleep(until.since(now))));
            }
            while let Some(action) = self.orders.pop_front() {
                if let Some(start) = self.follow(action) {
                    jobs.push(self.start(start));
                }
            }
            if closed && jobs.is_empty() {
                return;
            }
            match poll_fn(|cx| shared.poll_woke(cx, Pin::new(&mut jobs), sleep.as_mut())).await {
                Woke::Ended(ended) => {
                    if let Some(start) = self.ended(ended) {
                        jobs.push(self.start(start));
                    }
                }
                Woke::Rung => {}
                Woke::Slept => {
                    armed = Time::MAX;
                    sleep.set(None);
                }
            }
        }
    }

    /// One turn: lets the core act on the time, takes its orders, and learns the next deadline.
    fn take_orders(&mut self, armed: Time) -> (Time, Time, bool) {
        let orders = &mut self.orders;
        self.shared.turn(|state, now| {
            state.core.advance(now);
            std::mem::swap(orders, &mut state.orders);
            let until = state.core.wake_by();
            state.armed = armed.min(until);
            (now, until, state.closed)
        })
    }

    /// Follows one order, and says what to start for it.
    fn follow(&mut self, action: Action) -> Option<Start<B>> {
        match action {
            Action::Connect { conn, endpoint, attempt } => {
                let timeout = self.shared.connection_timeout;
                let reporter = Reporter::new(conn, Arc::clone(&self.shared.bell));
                Some((conn, Job::Connect(ConnectContext { conn, endpoint, attempt, timeout, reporter })))
            }
            Action::Probe { conn } => {
                let object = self.shared.turn(|state, _| state.slots.lend(conn));
                Some((conn, Job::Probe(object)))
            }
            Action::Close { conn, .. } => match self.running(conn) {
                Some(running) => {
                    running.closing = true;
                    running.stop.abort();
                    None
                }
                None => self.close(conn, Object::Out),
            },
            Action::Forget { conn } => {
                if let Some(running) = self.finish(conn) {
                    running.stop.abort();
                }
                drop(self.shared.turn(|state, _| state.slots.end(conn)));
                None
            }
            // Performed in the turn that said so.
            Action::Wake { .. } | Action::Notice(_) => None,
        }
    }

    /// Makes a future of a job, and a way to stop it.
    fn start(&mut self, (conn, job): Start<B>) -> impl Future<Output = Ended<B>> + use<B, C> {
        let (stop, registration) = AbortHandle::new_pair();
        *self.running.place(conn.index()) = Some(Running { conn, stop, closing: false });
        perform(Arc::clone(&self.shared), conn, job, registration)
    }

    /// Reports a job's end, and says what to start next.
    fn ended(&mut self, Ended { conn, end }: Ended<B>) -> Option<Start<B>> {
        // Forgotten: the slot may have another tenant by now, and what is left is dropped here.
        let running = self.finish(conn)?;
        if running.closing {
            return self.close(conn, end.into_object());
        }
        match end {
            End::Opened { object, leases_max, label, broken } => {
                self.opened(conn, object, leases_max, label, broken)
            }
            End::ConnectFailed { error, fault } => {
                let error = Arc::new(ConnectError::Failed(error));
                drop(self.shared.turn(|state, now| {
                    let former = state.keep_error(conn, Arc::clone(&error));
                    // Stale: the order to close it is on its way, and will find nothing to close.
                    let _ = state.report(now, Event::ConnectFailed { conn, class: fault.class });
                    former
                }));
                None
            }
            End::Probed { object, fault } => {
                let event = match fault {
                    None => Event::Probed { conn },
                    Some(fault) => Event::ProbeFailed { conn, class: fault.class, reuse: fault.reuse },
                };
                // Not of a connection that carries several leases: that has stayed in its slot.
                let mut back = object.into_inner(|_| None);
                self.shared.turn(|state, now| {
                    // Stale: the order to close it is on its way, and must find the connection in its slot.
                    let _ = state.report(now, event);
                    state.slots.give_back(conn, &mut back);
                });
                None
            }
            End::Closed | End::Stopped { .. } => self.closed(conn),
        }
    }

    fn opened(
        &self,
        conn: ConnId,
        object: Object<B::Conn>,
        leases_max: u32,
        label: Option<Label>,
        broken: bool,
    ) -> Option<Start<B>> {
        drop(self.shared.turn(|state, now| {
            // Stale: the order to close it is on its way, and must find the connection in its slot.
            let verdict = state.report(now, Event::Connected { conn, leases_max });
            let former = if verdict == Verdict::Accepted { state.clear_error(conn) } else { None };
            let displaced = state.slots.open(conn, object, label);
            if broken {
                let _ = state.report(now, Event::Lost { conn });
            }
            (former, displaced)
        }));
        None
    }

    /// Closes what there is to close: the connection at hand, or the one in the slot.
    fn close(&self, conn: ConnId, at_hand: Object<B::Conn>) -> Option<Start<B>> {
        let kept = self.shared.turn(|state, _| state.slots.end(conn));
        let share = |conn: &B::Conn| self.shared.backend.share(conn);
        match at_hand.into_inner(share).or_else(|| kept.into_inner(share)) {
            Some(object) => Some((conn, Job::Close(object))),
            None => self.closed(conn),
        }
    }

    fn closed(&self, conn: ConnId) -> Option<Start<B>> {
        // Stale: the close came too late, and the slot has been freed without it.
        let _ = self.shared.turn(|state, now| state.report(now, Event::Closed { conn }));
        None
    }

    fn running(&mut self, conn: ConnId) -> Option<&mut Running> {
        self.running.get_mut(conn.index()).filter(|running| running.conn == conn)
    }

    fn finish(&mut self, conn: ConnId) -> Option<Running> {
        self.running.take_if(conn.index(), |running| running.conn == conn)
    }
}

impl<B: Backend, C: Clock> Shared<B, C> {
    fn poll_woke<J, S>(
        &self,
        cx: &mut Context<'_>,
        jobs: Pin<&mut FuturesUnordered<J>>,
        sleep: Pin<&mut Option<S>>,
    ) -> Poll<Woke<B>>
    where
        J: Future<Output = Ended<B>>,
        S: Future<Output = ()>,
    {
        // Jobs first: a bell that never rests must not starve them. The time is looked at in every turn.
        if let Poll::Ready(Some(ended)) = jobs.poll_next(cx) {
            return Poll::Ready(Woke::Ended(ended));
        }
        if self.bell.poll_rung(cx).is_ready() {
            return Poll::Ready(Woke::Rung);
        }
        match sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(cx).map(|()| Woke::Slept),
            None => Poll::Pending,
        }
    }
}

impl<B: Backend, C: Clock> Drop for Driver<B, C> {
    fn drop(&mut self) {
        drop(self.shared.turn(|state, now| state.driver_dropped(now)));
        self.shared.bell.silence();
    }
}

impl<B: Backend, C: Clock> fmt::Debug for Driver<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.running.iter().count();
        f.debug_struct("Driver").field("running", &running).finish_non_exhaustive()
    }
}
