//! An input of the pool as a value: what a recording is a list of. And its record: 32 bytes, of which the file format is made too.
//!
//! | bytes | | holds |
//! |---|---|---|
//! | 0..8 | `at` | the time that came with the call, nanoseconds |
//! | 8..16 | `a` | the id (slot in the low half, version in the high one); of an acquire the instant of its patience; of a resize the minimum; of a retry what the peer asked for, in nanoseconds |
//! | 16..24 | `b` | a duration in nanoseconds; of an acquire `proven_since`; of a resize the maximum; of a retry the deadline |
//! | 24..28 | `n` | how many leases; the weight; the attempt |
//! | 28 | `tag` | which call, from 1 in the order of [`Call`] with the reports in the place of `Handle` in the order of [`Event`] |
//! | 29..32 | `x` `y` `z` | enums by the number of their variant: priority, patience, place and whether `b` is there; how it ended, class, reuse; class, sent, safety (and 4 in `z` if `a` is there) |
//!
//! All numbers are little endian. What a call does not use is zero. Durations beyond 584 years become that: the pool takes them alike.

use core::num::NonZeroU32;
use core::time::Duration;

use crate::arena::Id;
use crate::fault::{FaultClass, Outcome, Reuse, Safety, Sent};
use crate::id::{ConnId, EndpointId, LeaseId, TicketId};
use crate::input::{EndpointSpec, Event, Patience, Place, Priority, Request};
use crate::retry::Failure;
use crate::time::{Time, nanos};

/// One call of a [`Pool`](crate::Pool) that can change it, but for taking its actions. Tickets and leases are named by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`Pool::acquire`](crate::Pool::acquire).
    Acquire(Request),
    /// [`Pool::claim`](crate::Pool::claim).
    Claim(TicketId),
    /// [`Pool::cancel`](crate::Pool::cancel).
    Cancel(TicketId),
    /// [`Pool::release`](crate::Pool::release).
    Release(LeaseId, Outcome),
    /// [`Pool::reject`](crate::Pool::reject).
    Reject(LeaseId),
    /// [`Pool::detach`](crate::Pool::detach).
    Detach(LeaseId),
    /// [`Pool::handle`](crate::Pool::handle).
    Handle(Event),
    /// [`Pool::advance`](crate::Pool::advance).
    Advance,
    /// [`Pool::resize`](crate::Pool::resize): minimum and maximum.
    Resize(u32, u32),
    /// [`Pool::suspend`](crate::Pool::suspend).
    Suspend,
    /// [`Pool::resume`](crate::Pool::resume).
    Resume,
    /// [`Pool::invalidate`](crate::Pool::invalidate).
    Invalidate,
    /// [`Pool::add_endpoint`](crate::Pool::add_endpoint).
    AddEndpoint(EndpointSpec),
    /// [`Pool::drain_endpoint`](crate::Pool::drain_endpoint).
    DrainEndpoint(EndpointId),
    /// [`Pool::drain`](crate::Pool::drain).
    Drain,
    /// [`Pool::shutdown`](crate::Pool::shutdown): the grace.
    Shutdown(Duration),
    /// [`Pool::retry`](crate::Pool::retry).
    Retry(Failure),
}

/// A [`Call`] and its time in 32 bytes: four words, so that a note is four moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record([u64; 4]);

/// What the words are made of.
#[derive(Clone, Copy)]
struct Parts {
    at: u64,
    a: u64,
    b: u64,
    n: u32,
    tag: u8,
    x: u8,
    y: u8,
    z: u8,
}

const _: () = assert!(size_of::<Record>() == Record::SIZE);

/// The bit of `z` that says that an optional value is there.
const THERE: u8 = 4;

const EMPTY: Parts = Parts { at: 0, a: 0, b: 0, n: 0, tag: 0, x: 0, y: 0, z: 0 };

impl Parts {
    #[inline(always)]
    const fn words(self) -> Record {
        let Parts { at, a, b, n, tag, x, y, z } = self;
        let last = u64::from_le_bytes([0, 0, 0, 0, tag, x, y, z]);
        Record([at, a, b, last + n as u64])
    }

    const fn of(record: &Record) -> Parts {
        let Record([at, a, b, last]) = *record;
        let [_, _, _, _, tag, x, y, z] = last.to_le_bytes();
        Parts { at, a, b, n: last as u32, tag, x, y, z }
    }
}

impl Record {
    /// Bytes of a record.
    pub const SIZE: usize = 32;

    /// The record of a call.
    #[inline(always)]
    pub fn of(now: Time, call: Call) -> Record {
        let at = now.as_nanos();
        let plain = |tag: u8| Parts { at, tag, ..EMPTY };
        let parts = match call {
            Call::Acquire(Request { priority, patience, place, proven_since }) => {
                let (y, a) = match patience {
                    Patience::Configured => (0, 0),
                    Patience::Until(deadline) => (1, deadline.as_nanos()),
                    Patience::None => (2, 0),
                };
                let there = if proven_since.is_some() { THERE } else { 0 };
                let b = proven_since.map_or(0, Time::as_nanos);
                Parts { a, b, x: priority as u8, y, z: place as u8 + there, ..plain(1) }
            }
            Call::Claim(ticket) => Parts { a: bits(ticket), ..plain(2) },
            Call::Cancel(ticket) => Parts { a: bits(ticket), ..plain(3) },
            Call::Release(lease, outcome) => {
                let (x, y, z) = match outcome {
                    Outcome::Success => (0, 0, 0),
                    Outcome::Returned => (1, 0, 0),
                    Outcome::Failed { class, reuse } => (2, class as u8, reuse as u8),
                };
                Parts { a: bits(lease), x, y, z, ..plain(4) }
            }
            Call::Reject(lease) => Parts { a: bits(lease), ..plain(5) },
            Call::Detach(lease) => Parts { a: bits(lease), ..plain(6) },
            Call::Handle(event) => Parts { at, a: bits(event.conn()), ..Parts::of_event(event) },
            Call::Advance => plain(17),
            Call::Resize(min, max) => Parts { a: min.into(), b: max.into(), ..plain(18) },
            Call::Suspend => plain(19),
            Call::Resume => plain(20),
            Call::Invalidate => plain(21),
            Call::AddEndpoint(EndpointSpec { priority, weight }) => {
                Parts { n: weight.into(), x: priority, ..plain(22) }
            }
            Call::DrainEndpoint(endpoint) => Parts { a: bits(endpoint), ..plain(23) },
            Call::Drain => plain(24),
            Call::Shutdown(grace) => Parts { b: nanos(grace), ..plain(25) },
            Call::Retry(Failure { attempt, class, sent, safety, after, deadline }) => {
                let there = if after.is_some() { THERE } else { 0 };
                let (a, b) = (after.map_or(0, nanos), deadline.as_nanos());
                Parts {
                    a,
                    b,
                    n: attempt,
                    x: class as u8,
                    y: sent as u8,
                    z: safety as u8 + there,
                    ..plain(26)
                }
            }
        };
        parts.words()
    }
}

impl Parts {
    fn event(self, conn: ConnId) -> Option<Event> {
        let Parts { b, n, tag, y, z, .. } = self;
        Some(match tag {
            7 => Event::Connected { conn, leases_max: n },
            8 => Event::ConnectFailed { conn, class: class(y)? },
            9 => Event::Probed { conn },
            10 => Event::ProbeFailed { conn, class: class(y)?, reuse: reuse(z)? },
            11 => Event::Closed { conn },
            12 => Event::Lost { conn },
            13 => Event::Retiring { conn },
            14 => Event::Progress { conn },
            15 => Event::LeaseLimit { conn, leases_max: n },
            16 => Event::KeepAlive { conn, timeout: Duration::from_nanos(b) },
            _ => return None,
        })
    }

    /// Without the time and the connection.
    fn of_event(event: Event) -> Parts {
        let plain = |tag: u8| Parts { tag, ..EMPTY };
        match event {
            Event::Connected { leases_max, .. } => Parts { n: leases_max, ..plain(7) },
            Event::ConnectFailed { class, .. } => Parts { y: class as u8, ..plain(8) },
            Event::Probed { .. } => plain(9),
            Event::ProbeFailed { class, reuse, .. } => Parts { y: class as u8, z: reuse as u8, ..plain(10) },
            Event::Closed { .. } => plain(11),
            Event::Lost { .. } => plain(12),
            Event::Retiring { .. } => plain(13),
            Event::Progress { .. } => plain(14),
            Event::LeaseLimit { leases_max, .. } => Parts { n: leases_max, ..plain(15) },
            Event::KeepAlive { timeout, .. } => Parts { b: nanos(timeout), ..plain(16) },
        }
    }
}

impl Record {
    /// When the call was made.
    pub const fn at(&self) -> Time {
        Time::from_nanos(self.0[0])
    }

    /// The call; nothing, if these bytes are of none.
    pub fn call(&self) -> Option<Call> {
        let parts @ Parts { a, b, n, tag, x, y, z, .. } = Parts::of(self);
        Some(match tag {
            1 => Call::Acquire(Request {
                priority: *Priority::ALL.get(usize::from(x))?,
                patience: match y {
                    0 => Patience::Configured,
                    1 => Patience::Until(Time::from_nanos(a)),
                    2 => Patience::None,
                    _ => return None,
                },
                place: *[Place::Back, Place::Front].get(usize::from(z & !THERE))?,
                proven_since: (z & THERE != 0).then(|| Time::from_nanos(b)),
            }),
            2 => Call::Claim(id(a)?),
            3 => Call::Cancel(id(a)?),
            4 => {
                let outcome = match x {
                    0 => Outcome::Success,
                    1 => Outcome::Returned,
                    2 => Outcome::Failed { class: class(y)?, reuse: reuse(z)? },
                    _ => return None,
                };
                Call::Release(id(a)?, outcome)
            }
            5 => Call::Reject(id(a)?),
            6 => Call::Detach(id(a)?),
            7..=16 => Call::Handle(parts.event(id(a)?)?),
            17 => Call::Advance,
            18 => Call::Resize(u32::try_from(a).ok()?, u32::try_from(b).ok()?),
            19 => Call::Suspend,
            20 => Call::Resume,
            21 => Call::Invalidate,
            22 => Call::AddEndpoint(EndpointSpec { priority: x, weight: u16::try_from(n).ok()? }),
            23 => Call::DrainEndpoint(id(a)?),
            24 => Call::Drain,
            25 => Call::Shutdown(Duration::from_nanos(b)),
            26 => Call::Retry(Failure {
                attempt: n,
                class: class(x)?,
                sent: *[Sent::No, Sent::Maybe].get(usize::from(y))?,
                safety: *[Safety::Safe, Safety::Idempotent, Safety::Unsafe].get(usize::from(z & !THERE))?,
                after: (z & THERE != 0).then(|| Duration::from_nanos(a)),
                deadline: Time::from_nanos(b),
            }),
            _ => return None,
        })
    }

    /// As the bytes of the table above.
    pub fn to_bytes(&self) -> [u8; Record::SIZE] {
        let mut bytes = [0; Record::SIZE];
        for (place, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// From the bytes of the table above; nothing, if they are of no call.
    pub fn from_bytes(bytes: &[u8; Record::SIZE]) -> Option<Record> {
        let word = |nth: usize| u64::from_le_bytes(core::array::from_fn(|n| bytes[8 * nth + n]));
        let record = Record([word(0), word(1), word(2), word(3)]);
        // What is not used must be zero: then equal calls have equal bytes.
        let again = Record::of(record.at(), record.call()?);
        (again == record).then_some(record)
    }
}

fn bits(id: impl Id) -> u64 {
    (u64::from(id.version()) << 32) + u64::from(id.slot())
}

fn id<I: Id>(bits: u64) -> Option<I> {
    Some(I::new(bits as u32, NonZeroU32::new((bits >> 32) as u32)?))
}

fn class(number: u8) -> Option<FaultClass> {
    FaultClass::ALL.get(usize::from(number)).copied()
}

fn reuse(number: u8) -> Option<Reuse> {
    [Reuse::Keep, Reuse::Discard].get(usize::from(number)).copied()
}
