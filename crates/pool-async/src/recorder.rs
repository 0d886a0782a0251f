//! The core with a recorder: every call that can change it is noted before it is made.
//!
//! Rule kept here: nothing can be left out. With the feature `recorder` the driver holds its core as [`Core`], which shows the pool for
//! looking at and has one method for each thing that can change it; a call that is not noted does not compile. Taking an action is not
//! noted: a replay takes them after each call, and the decisions are the same (I32).

use std::ops::Deref;
use std::time::Duration;

use futures::StreamExt;
use pool_core::{
    Acquire, AcquireError, Action, Call, Claim, ConfigError, EndpointId, EndpointSpec, Event, Failure, Lease,
    Notice, Outcome, Pool, Request, Retry, Ticket, TicketId, Time, Verdict,
};
use pool_recorder::{Recording, Ring, Tape};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::events::Events;
use crate::sync::Arc;
use crate::turn::Shared;

/// The core, and the ring that it is recorded on. Its methods are the core's. It begins with the core, as what is behind the lock does.
#[repr(C)]
pub(crate) struct Core {
    core: Pool,
    ring: Option<Box<Ring>>,
}

/// The methods that change the core: each is the core's own, and leaves a record.
macro_rules! calls {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty, $call:expr;)*) => {
        impl Core {$(
            #[inline]
            pub(crate) fn $name(&mut self, now: Time, $($argument: $type),*) -> $answer {
                if let Some(ring) = &mut self.ring {
                    ring.note(&self.core, now, $call);
                }
                self.core.$name(now, $($argument),*)
            }
        )*}
    };
}

calls! {
    acquire(request: Request) -> Result<Acquire, AcquireError>, Call::Acquire(request);
    claim(ticket: Ticket) -> Claim, Call::Claim(ticket.id());
    cancel(ticket: Ticket) -> (), Call::Cancel(ticket.id());
    release(lease: Lease, outcome: Outcome) -> Verdict, Call::Release(lease.id(), outcome);
    reject(lease: Lease) -> Verdict, Call::Reject(lease.id());
    detach(lease: Lease) -> Verdict, Call::Detach(lease.id());
    handle(event: Event) -> Verdict, Call::Handle(event);
    advance() -> (), Call::Advance;
    resize(min: u32, max: u32) -> Result<(), ConfigError>, Call::Resize(min, max);
    suspend() -> (), Call::Suspend;
    resume() -> (), Call::Resume;
    invalidate() -> (), Call::Invalidate;
    add_endpoint(spec: EndpointSpec) -> EndpointId, Call::AddEndpoint(spec);
    drain_endpoint(endpoint: EndpointId) -> (), Call::DrainEndpoint(endpoint);
    drain() -> (), Call::Drain;
    shutdown(grace: Duration) -> (), Call::Shutdown(grace);
    retry(failure: Failure) -> Retry, Call::Retry(failure);
}

impl Core {
    pub(crate) fn new(core: Pool, ring: Option<Ring>) -> Core {
        Core { core, ring: ring.map(Box::new) }
    }

    /// A call that may come to nothing is noted when it has given something: then it was an acquire like any other.
    #[inline]
    pub(crate) fn acquire_at_once(&mut self, now: Time) -> Option<Lease> {
        self.note_if_given(now, |core| core.acquire_at_once(now), || Call::Acquire(Request::default()))
    }

    #[inline]
    pub(crate) fn claim_at_once(&mut self, now: Time, ticket: &Ticket) -> Option<Lease> {
        self.note_if_given(now, |core| core.claim_at_once(now, ticket), || Call::Claim(ticket.id()))
    }

    /// Where a note would need a copy of the pool as it was before, the call is not made: its longer form follows, and is noted first.
    #[inline(always)]
    fn note_if_given(
        &mut self,
        now: Time,
        give: impl FnOnce(&mut Pool) -> Option<Lease>,
        call: impl FnOnce() -> Call,
    ) -> Option<Lease> {
        let Some(ring) = &mut self.ring else { return give(&mut self.core) };
        if !ring.has_room() {
            return None;
        }
        let lease = give(&mut self.core)?;
        ring.note(&self.core, now, call());
        Some(lease)
    }

    #[inline]
    pub(crate) fn poll_wake(&mut self) -> Option<TicketId> {
        self.core.poll_wake()
    }

    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.core.poll_action()
    }

    /// Records on `ring` from now on. Returns the former one, to be dropped after the lock.
    pub(crate) fn record(&mut self, ring: Option<Box<Ring>>) -> Option<Box<Ring>> {
        std::mem::replace(&mut self.ring, ring)
    }

    /// A copy of what is recorded, to be made into a recording without the lock.
    pub(crate) fn tape(&self) -> Option<Tape> {
        self.ring.as_ref().map(|ring| ring.copy(&self.core))
    }
}

impl Deref for Core {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.core
    }
}

impl<B: Backend, C: Clock> Shared<B, C> {
    /// What is recorded now. Under the lock it is copied, 32 bytes a call; the rest is done after it.
    pub(crate) fn recording(&self) -> Option<Recording> {
        self.turn(|state, _| state.core.tape()).map(Tape::into_recording)
    }

    /// Keeps a recording at each notice that is `wanted`, at most one in an `interval`, until the pool is closed.
    pub(crate) async fn record_alerts(
        shared: Arc<Self>,
        wanted: impl Fn(&Notice) -> bool,
        interval: Duration,
        mut keep: impl FnMut(Notice, Recording),
    ) {
        let mut events = Events::new(&shared.hub);
        let mut next = Time::ZERO;
        while let Some(observed) = events.next().await {
            if observed.at >= next
                && wanted(&observed.notice)
                && let Some(recording) = shared.recording()
            {
                next = observed.at + interval;
                keep(observed.notice, recording);
            }
        }
    }
}
