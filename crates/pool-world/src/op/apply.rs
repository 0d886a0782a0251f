//! From small numbers to calls: which candidate is meant, and with what.

use std::time::Duration;

use pool_core::{
    ConnId, EndpointSpec, Event, Failure, FaultClass, Outcome, Patience, Place, Priority, Request, Reuse,
    Safety, Sent, Time,
};

use crate::books::{Fate, Link, Stage};
use crate::input::{Input, Key};
use crate::world::World;

use super::Op;

fn class(n: u8) -> FaultClass {
    FaultClass::ALL[usize::from(n) % FaultClass::ALL.len()]
}

fn outcome(how: u8) -> Outcome {
    match how % 12 {
        0 | 1 => Outcome::Success,
        2 => Outcome::Returned,
        n => {
            let reuse = if n % 2 == 0 { Reuse::Keep } else { Reuse::Discard };
            Outcome::Failed { class: class((n - 3) / 2), reuse }
        }
    }
}

fn nth<T>(candidates: impl Iterator<Item = T> + Clone, n: u8) -> Option<T> {
    let count = candidates.clone().count();
    candidates.into_iter().nth(usize::from(n).checked_rem(count)?)
}

/// The connection of the nth link that fits.
fn link(world: &World, n: u8, fits: impl Fn(&Link) -> bool + Clone) -> Option<ConnId> {
    nth(world.books.links.iter().filter(|link| fits(link)).map(|link| link.id), n)
}

fn ticket(world: &World, n: u8, woken_first: bool) -> Option<Key> {
    let waiters = world.books.waiters.iter();
    let woken = waiters.clone().filter(|waiter| waiter.fate != Fate::Waiting).map(|waiter| waiter.key);
    let woken = if woken_first { nth(woken, n) } else { None };
    woken.or_else(|| nth(waiters.map(|waiter| waiter.key), n))
}

impl Op {
    /// Does the step in `world`.
    pub fn apply(self, world: &mut World) {
        match self {
            Op::Wait { ms } => world.pass(Duration::from_millis(ms.into())),
            Op::Sleep { hours } => world.pass(Duration::from_secs(3600 * (1 + u64::from(hours)))),
            Op::Tick => world.tick(),
            Op::Oversleep { ms } => world.clock = world.clock + Duration::from_millis(ms.into()),
            Op::Back { ms } => {
                let now = world.clock.as_nanos().saturating_sub(u64::from(ms) * 1_000_000);
                world.clock = Time::from_nanos(now);
                world.feed(Input::Advance);
                world.clock = world.pool().now();
            }
            Op::Hold => world.hold(),
            Op::Unhold => world.unhold(),
            _ => {
                if let Some(input) = self.input(world) {
                    world.feed(input);
                }
            }
        }
        // This player of the driver knows what to do from the books.
        world.inbox.clear();
    }

    fn input(self, world: &World) -> Option<Input> {
        if let Some(event) = self.report(world) {
            return Some(Input::Report(event));
        }
        let lease = |n| nth(world.books.tenants.iter().map(|tenant| tenant.key), n);
        Some(match self {
            Op::Acquire { class, ms, front, proven } => {
                Input::Acquire(request(world, class, ms, front, proven))
            }
            Op::Claim { nth } => Input::Claim(ticket(world, nth, true)?),
            Op::Cancel { nth } => Input::Cancel(ticket(world, nth, false)?),
            Op::Release { nth, how } => Input::Release(lease(nth)?, outcome(how)),
            Op::Detach { nth } => Input::Detach(lease(nth)?),
            Op::Reject { nth } => Input::Reject(lease(nth)?),
            Op::Resize { min, max } => {
                let max = 1 + u32::from(max) % 6;
                Input::Resize(u32::from(min) % (max + 1), max)
            }
            Op::Suspend => Input::Suspend,
            Op::Resume => Input::Resume,
            Op::Invalidate => Input::Invalidate,
            Op::AddEndpoint { priority, weight } if world.books.endpoints.len() < 3 => {
                let spec = EndpointSpec { priority: priority % 3, weight: 1 + u16::from(weight) };
                Input::AddEndpoint(spec)
            }
            Op::DrainEndpoint { nth } => Input::DrainEndpoint(world.endpoint(nth.into())),
            Op::Drain => Input::Drain,
            Op::Shutdown { ms } => Input::Shutdown(Duration::from_millis(ms.into())),
            Op::Retry { attempt, class: of, kind, ms } => Input::Retry(Failure {
                attempt: 1 + u32::from(attempt % 4),
                class: class(of),
                sent: if kind & 1 == 0 { Sent::No } else { Sent::Maybe },
                safety: [Safety::Safe, Safety::Idempotent, Safety::Unsafe][usize::from(kind / 2) % 3],
                after: (kind & 64 != 0).then(|| Duration::from_millis(u64::from(ms) / 2)),
                deadline: world.clock + Duration::from_millis(ms.into()),
            }),
            _ => return None,
        })
    }

    fn report(self, world: &World) -> Option<Event> {
        let open = |link: &Link| link.stage == Stage::Open;
        let dialling = |link: &Link| link.stage == Stage::Dialling;
        Some(match self {
            Op::Connected { nth, leases } => {
                Event::Connected { conn: link(world, nth, dialling)?, leases_max: u32::from(leases % 5) }
            }
            Op::Refused { nth, class: of } => {
                Event::ConnectFailed { conn: link(world, nth, dialling)?, class: class(of) }
            }
            Op::Probed { nth } => Event::Probed { conn: link(world, nth, |link| link.probing.is_some())? },
            Op::ProbeFailed { nth, class: of, discard } => Event::ProbeFailed {
                conn: link(world, nth, |link| link.probing.is_some())?,
                class: class(of),
                reuse: if discard { Reuse::Discard } else { Reuse::Keep },
            },
            Op::Closed { nth } => {
                Event::Closed { conn: link(world, nth, |link| link.stage == Stage::Closing)? }
            }
            Op::Lost { nth } => Event::Lost { conn: link(world, nth, open)? },
            Op::Retiring { nth } => Event::Retiring { conn: link(world, nth, open)? },
            Op::Progress { nth } => Event::Progress { conn: link(world, nth, open)? },
            Op::LeaseLimit { nth, leases } => {
                Event::LeaseLimit { conn: link(world, nth, open)?, leases_max: u32::from(leases % 5) }
            }
            Op::KeepAlive { nth, seconds } => Event::KeepAlive {
                conn: link(world, nth, open)?,
                timeout: Duration::from_secs(seconds.into()),
            },
            // A driver may be late with what it was asked for, but does not report what it was not asked for yet.
            Op::Stray { nth: n, what, gone } if !world.is_held() && world.pool().now() >= world.clock => {
                let conn =
                    if gone { nth(world.books.graves.iter().copied(), n) } else { link(world, n, |_| true) };
                stray(conn?, what)
            }
            _ => return None,
        })
    }
}

fn request(world: &World, class: u8, ms: u8, front: bool, proven: u8) -> Request {
    let now = world.clock;
    Request {
        priority: Priority::ALL[usize::from(class) % 3],
        patience: match ms {
            0 => Patience::None,
            255 => Patience::Configured,
            // Up to half a minute, in steps that grow.
            ms => Patience::Until(now + Duration::from_millis(u64::from(ms) * u64::from(ms) / 2)),
        },
        place: if front { Place::Front } else { Place::Back },
        proven_since: match proven % 8 {
            0 => Some(now),
            1 => Some(Time::from_nanos(now.as_nanos().saturating_sub(50_000_000))),
            _ => None,
        },
    }
}

fn stray(conn: ConnId, what: u8) -> Event {
    match what % 10 {
        0 => Event::Connected { conn, leases_max: 1 },
        1 => Event::ConnectFailed { conn, class: FaultClass::Endpoint },
        2 => Event::Probed { conn },
        3 => Event::ProbeFailed { conn, class: FaultClass::Connection, reuse: Reuse::Discard },
        4 => Event::Closed { conn },
        5 => Event::Lost { conn },
        6 => Event::Retiring { conn },
        7 => Event::Progress { conn },
        8 => Event::LeaseLimit { conn, leases_max: 3 },
        _ => Event::KeepAlive { conn, timeout: Duration::from_secs(1) },
    }
}
