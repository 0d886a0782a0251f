//! The tap: every call that a run makes of the core, with its time and what came back, to be made again elsewhere.
//!
//! Rule kept here: nothing can be left out. With `test-util` the driver holds its core as [`Core`], which shows the pool for looking at
//! and has one method for each thing that can change it; a call that is not recorded does not compile.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::ops::Deref;
use std::time::Duration;

use pool_core::{
    Acquire, AcquireError, Action, Claim, ConfigError, EndpointId, EndpointSpec, Event, Failure, Lease,
    LeaseId, Outcome, Pool, Request, Retry, Ticket, TicketId, Time, Verdict,
};

/// A recorded part of a pool's life: how the core was when it began, and every call of it since. Made by
/// [`Pool::record`](crate::Pool::record).
#[derive(Clone)]
pub struct Tape {
    start: Pool,
    calls: Vec<(Time, Call)>,
    log: String,
}

/// A call of the core. Tickets and leases are named by their ids, which a second run gives out alike.
#[derive(Clone, Copy, Debug)]
enum Call {
    Acquire(Request),
    Claim(TicketId),
    Cancel(TicketId),
    Release(LeaseId, Outcome),
    Reject(LeaseId),
    Detach(LeaseId),
    Handle(Event),
    Advance,
    Resize(u32, u32),
    Suspend,
    Resume,
    Invalidate,
    AddEndpoint(EndpointSpec),
    DrainEndpoint(EndpointId),
    Drain,
    Shutdown(Duration),
    Retry(Failure),
    /// Takes the next action. It is a call like the others, so that a second run takes its actions where the first did.
    Poll,
}

impl Tape {
    /// How many calls there are.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The decisions: a line for each call, with its time, what it was, and what the core answered. Where the core is at rest, the
    /// line says when it wants to be woken.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Begins to make the same calls, of a copy of the core as it was when the recording began.
    pub fn replay(&self) -> Replay<'_> {
        let mut core = Core { core: self.start.clone(), tape: None };
        core.record();
        Replay { left: self.calls.iter(), core, tickets: BTreeMap::new(), leases: BTreeMap::new() }
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}

/// A run of recorded calls, on its way. No clock is read: the times are the tape's.
pub struct Replay<'t> {
    left: std::slice::Iter<'t, (Time, Call)>,
    core: Core,
    tickets: BTreeMap<TicketId, Ticket>,
    leases: BTreeMap<LeaseId, Lease>,
}

impl Replay<'_> {
    /// Makes the next call; false when there is none left.
    pub fn step(&mut self) -> bool {
        let Some(&(now, call)) = self.left.next() else { return false };
        self.call(now, call);
        true
    }

    /// What was recorded of this run, so far.
    pub fn tape(&self) -> Option<&Tape> {
        self.core.tape.as_deref()
    }

    /// What has no meaning in this run, because it took another course, is left out, and so missing in its log.
    fn call(&mut self, now: Time, call: Call) {
        let core = &mut self.core;
        match call {
            Call::Acquire(request) => match core.acquire(now, request) {
                Ok(Acquire::Ready(lease)) => self.keep(lease),
                Ok(Acquire::Queued(ticket)) => drop(self.tickets.insert(ticket.id(), ticket)),
                Err(_) => {}
            },
            Call::Claim(id) => {
                let Some(ticket) = self.tickets.remove(&id) else { return };
                match core.claim(now, ticket) {
                    Claim::Ready(lease) => self.keep(lease),
                    Claim::Pending(ticket) => drop(self.tickets.insert(ticket.id(), ticket)),
                    Claim::Failed(_) => {}
                }
            }
            Call::Cancel(id) => {
                if let Some(ticket) = self.tickets.remove(&id) {
                    core.cancel(now, ticket);
                }
            }
            Call::Release(id, outcome) => self.end(id, |core, lease| core.release(now, lease, outcome)),
            Call::Reject(id) => self.end(id, |core, lease| core.reject(now, lease)),
            Call::Detach(id) => self.end(id, |core, lease| core.detach(now, lease)),
            Call::Handle(event) => drop(core.handle(now, event)),
            Call::Advance => core.advance(now),
            Call::Resize(min, max) => drop(core.resize(now, min, max)),
            Call::Suspend => core.suspend(now),
            Call::Resume => core.resume(now),
            Call::Invalidate => core.invalidate(now),
            Call::AddEndpoint(spec) => drop(core.add_endpoint(now, spec)),
            Call::DrainEndpoint(endpoint) => core.drain_endpoint(now, endpoint),
            Call::Drain => core.drain(now),
            Call::Shutdown(grace) => core.shutdown(now, grace),
            Call::Retry(failure) => drop(core.retry(now, failure)),
            Call::Poll => drop(core.poll_action()),
        }
    }

    fn keep(&mut self, lease: Lease) {
        self.leases.insert(lease.id(), lease);
    }

    fn end(&mut self, id: LeaseId, end: impl FnOnce(&mut Core, Lease) -> Verdict) {
        if let Some(lease) = self.leases.remove(&id) {
            let _ = end(&mut self.core, lease);
        }
    }
}

impl fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("left", &self.left.len()).finish_non_exhaustive()
    }
}

/// The core with the tap. Its methods are the core's.
pub(crate) struct Core {
    core: Pool,
    tape: Option<Box<Tape>>,
}

/// The methods that change the core: each is the core's own, and leaves a line.
macro_rules! calls {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty, $call:expr;)*) => {
        impl Core {$(
            pub(crate) fn $name(&mut self, now: Time, $($argument: $type),*) -> $answer {
                let call = $call;
                let answer = self.core.$name(now, $($argument),*);
                self.note(now, call, &answer);
                answer
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
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        let action = self.core.poll_action();
        let now = self.core.now();
        match action {
            Some(action) => self.note(now, Call::Poll, &action),
            None => self.note(now, Call::Poll, &format_args!("at rest until {:?}", self.core.wake_by())),
        }
        action
    }

    /// Begins a tape. Whether it could: not while somebody waits or holds a lease, whose calls would name what the tape does not know.
    pub(crate) fn record(&mut self) -> bool {
        let status = self.core.status();
        let quiet = (status.leases, status.waiting) == (0, 0);
        if quiet {
            let start = self.core.clone();
            self.tape = Some(Box::new(Tape { start, calls: Vec::new(), log: String::new() }));
        }
        quiet
    }

    /// Ends the tape and gives it out.
    pub(crate) fn recorded(&mut self) -> Option<Tape> {
        self.tape.take().map(|tape| *tape)
    }

    fn note(&mut self, now: Time, call: Call, answer: &dyn fmt::Debug) {
        let Some(tape) = &mut self.tape else { return };
        tape.calls.push((now, call));
        writeln!(tape.log, "{now:?} {call:?}: {answer:?}").expect("a text has room");
    }
}

impl From<Pool> for Core {
    fn from(core: Pool) -> Self {
        Core { core, tape: None }
    }
}

impl Deref for Core {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.core
    }
}
