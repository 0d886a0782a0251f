//! A step in the core's own terms, and what came back. Tickets and leases are named by the acquire they came from, so
//! that a list of inputs means the same to every pool it is given to.

use std::time::Duration;

use pool_core::{
    AcquireError, EndpointId, EndpointSpec, Event, Failure, Outcome, Patience, Request, Retry, Verdict,
};

/// How many acquires came before the one that this names.
pub type Key = u32;

/// One call of the pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// `Pool::acquire`.
    Acquire(Request),
    /// `Pool::claim`.
    Claim(Key),
    /// `Pool::cancel`.
    Cancel(Key),
    /// `Pool::release`.
    Release(Key, Outcome),
    /// `Pool::detach`.
    Detach(Key),
    /// `Pool::reject`.
    Reject(Key),
    /// `Pool::handle`.
    Report(Event),
    /// `Pool::advance`.
    Advance,
    /// `Pool::resize`.
    Resize(u32, u32),
    /// `Pool::suspend`.
    Suspend,
    /// `Pool::resume`.
    Resume,
    /// `Pool::invalidate`.
    Invalidate,
    /// `Pool::add_endpoint`.
    AddEndpoint(EndpointSpec),
    /// `Pool::drain_endpoint`.
    DrainEndpoint(EndpointId),
    /// `Pool::drain`.
    Drain,
    /// `Pool::shutdown`.
    Shutdown(Duration),
    /// `Pool::retry`.
    Retry(Failure),
}

impl Input {
    /// The same call with every instant in it moved by `delta` (I33).
    pub fn shifted(self, delta: Duration) -> Input {
        match self {
            Input::Acquire(mut request) => {
                if let Patience::Until(at) = request.patience {
                    request.patience = Patience::Until(at + delta);
                }
                request.proven_since = request.proven_since.map(|at| at + delta);
                Input::Acquire(request)
            }
            Input::Retry(mut failure) => {
                failure.deadline = failure.deadline + delta;
                Input::Retry(failure)
            }
            Input::Claim(_)
            | Input::Cancel(_)
            | Input::Release(..)
            | Input::Detach(_)
            | Input::Reject(_)
            | Input::Report(_)
            | Input::Advance
            | Input::Resize(..)
            | Input::Suspend
            | Input::Resume
            | Input::Invalidate
            | Input::AddEndpoint(_)
            | Input::DrainEndpoint(_)
            | Input::Drain
            | Input::Shutdown(_) => self,
        }
    }
}

/// What a call came back with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// A lease, on the connection of that slot and version.
    Ready(pool_core::ConnId),
    /// A ticket.
    Queued,
    /// Still waiting.
    Pending,
    /// No lease.
    Failed(AcquireError),
    /// Whether the report or the lease was known.
    Verdict(Verdict),
    /// Whether to try again.
    Retry(Retry),
    /// A new endpoint.
    Endpoint(EndpointId),
    /// Nothing to say; also for a key that names nothing any more.
    Done,
}
