//! What is repeated and counted: each cycle leaves the pool as it found it, so that the cost of one does not depend on how many
//! came before. A cycle is prepared at a size, of connections or of waiters, and what the preparation takes is not counted.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use pool_core::{Acquire, Action, Config, Event, Lease, Outcome, Output, Pool, Request, Ticket, Time};

use crate::bounds::{anywhere, visits_as_found, visits_as_told};
use crate::driven;
use crate::inputs;

/// Instants this far apart never meet again when the pool's jitter, a multiple of 30 ms, is added.
const APART: Duration = Duration::from_nanos(1009);
/// Between two inputs.
const TICK: Duration = Duration::from_nanos(100);

/// What a cycle grows with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Open connections.
    Connections,
    /// Callers in the queue.
    Waiters,
}

/// A cycle of inputs.
#[derive(Clone, Copy, Debug)]
pub struct Cycle {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it grows with.
    pub by: By,
    /// Its inputs, as `inputs` calls them.
    pub inputs: &'static [&'static str],
    prepare: Prepare,
    /// What the memory alone takes for it, where it goes to records anywhere in a large pool.
    bound: Option<Prepare>,
}

/// Prepares a cycle at a size; what comes back repeats it as often as told.
type Prepare = fn(u32) -> Box<dyn FnMut(u64)>;

/// Every cycle.
pub const CYCLES: [Cycle; 6] = [
    Cycle::of("idle", By::Connections, &["acquire", "release"], idle),
    Cycle::of("queue", By::Waiters, &["hand_over", "claim", "queue"], queue),
    Cycle { bound: Some(visits_as_told), ..Cycle::of("cancel", By::Waiters, &["cancel", "queue"], cancel) },
    Cycle {
        bound: Some(visits_as_found),
        ..Cycle::of("probe", By::Connections, &["fire_probe", "probed"], probe)
    },
    Cycle::of("deadline", By::Waiters, &["expire", "claim_expired", "queue"], deadline),
    Cycle::of("driven", By::Connections, &["acquire_and_release"], driven),
];

impl Cycle {
    const fn of(name: &'static str, by: By, inputs: &'static [&'static str], prepare: Prepare) -> Cycle {
        Cycle { name, by, inputs, prepare, bound: None }
    }

    /// The cycle of this name.
    pub fn named(name: &str) -> Option<&'static Cycle> {
        CYCLES.iter().find(|cycle| cycle.name == name)
    }

    /// The sizes at which it is looked at.
    pub fn sizes(&self) -> [u32; 3] {
        match self.by {
            By::Connections => [10, 1_000, 100_000],
            By::Waiters => [10, 10_000, 1_000_000],
        }
    }

    /// Prepares it at `size`; what comes back repeats it as often as told.
    pub fn prepare(&self, size: u32) -> Box<dyn FnMut(u64)> {
        (self.prepare)(size)
    }

    /// Prepares what the memory alone takes for it, if that was asked.
    pub fn prepare_bound(&self, size: u32) -> Option<Box<dyn FnMut(u64)>> {
        self.bound.map(|prepare| prepare(size))
    }
}

/// A pool where a driver has it: a word behind the beginning of a line of the cache, in which its lock is.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Behind {
    lock: u64,
    pool: Pool,
}

impl Deref for Behind {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

impl DerefMut for Behind {
    fn deref_mut(&mut self) -> &mut Pool {
        &mut self.pool
    }
}

/// A pool of `connections` open ones, all idle, opened one after the other.
pub fn open_pool(connections: u32) -> Behind {
    let config = Config {
        min_connections: connections,
        max_connections: connections,
        connects_max: connections,
        waiters_max: Some(2_000_000),
        max_lifetime: Duration::ZERO,
        ..Config::default()
    };
    let mut pool = Pool::new(config, Time::ZERO).expect("a valid configuration");
    while let Output::Do(action) = pool.poll() {
        if let Action::Connect { conn, .. } = action {
            let _ = pool.handle(pool.now() + APART, Event::Connected { conn, leases_max: 1 });
        }
    }
    assert_eq!(pool.status().available, connections);
    // Each has served once: the first use of a connection is what proves it, and costs more.
    for _ in 0..connections {
        let Ok(Acquire::Ready(lease)) = pool.acquire(pool.now() + APART, Request::default()) else {
            panic!("a connection is idle");
        };
        let _ = pool.release(pool.now() + APART, lease, Outcome::Success);
    }
    Behind { lock: 0, pool }
}

/// A pool of one connection, which is on lease.
pub fn busy_pool() -> (Behind, Lease) {
    let mut pool = open_pool(1);
    let now = pool.now();
    let Ok(Acquire::Ready(lease)) = pool.acquire(now, Request::default()) else {
        panic!("a connection is idle");
    };
    (pool, lease)
}

/// Puts `waiters` into the queue, one after the other.
pub fn fill_queue(pool: &mut Pool, waiters: u32) -> VecDeque<Ticket> {
    let mut tickets = VecDeque::with_capacity(waiters as usize + 1);
    for _ in 0..waiters {
        let Ok(Acquire::Queued(ticket)) = pool.acquire(pool.now() + APART, Request::default()) else {
            panic!("nothing is idle");
        };
        tickets.push_back(ticket);
    }
    tickets
}

fn idle(connections: u32) -> Box<dyn FnMut(u64)> {
    let mut pool = open_pool(connections);
    Box::new(move |times| {
        for _ in 0..times {
            let now = pool.now() + TICK;
            let lease = inputs::acquire(&mut pool, now);
            inputs::release(&mut pool, now + TICK, lease);
        }
    })
}

fn queue(waiters: u32) -> Box<dyn FnMut(u64)> {
    let (mut pool, lease) = busy_pool();
    let mut tickets = fill_queue(&mut pool, waiters);
    let mut lease = Some(lease);
    Box::new(move |times| {
        for _ in 0..times {
            let now = pool.now() + TICK;
            inputs::hand_over(&mut pool, now, lease.take().expect("one lease is out"));
            let oldest = tickets.pop_front().expect("somebody waits");
            lease = Some(inputs::claim(&mut pool, now, oldest));
            tickets.push_back(inputs::queue(&mut pool, now + TICK));
        }
    })
}

fn cancel(waiters: u32) -> Box<dyn FnMut(u64)> {
    let (mut pool, lease) = busy_pool();
    let mut tickets = fill_queue(&mut pool, waiters);
    let mut place = 0;
    Box::new(move |times| {
        let _held = &lease;
        for _ in 0..times {
            let now = pool.now() + TICK;
            // From anywhere in the queue.
            place = anywhere(place, tickets.len());
            let gone = tickets.swap_remove_back(place).expect("somebody waits");
            inputs::cancel(&mut pool, now, gone);
            tickets.push_back(inputs::queue(&mut pool, now + TICK));
        }
    })
}

fn probe(connections: u32) -> Box<dyn FnMut(u64)> {
    let mut pool = open_pool(connections);
    Box::new(move |times| {
        for _ in 0..times {
            let conn = loop {
                let due = pool.wake_by();
                if let Some(conn) = inputs::fire_probe(&mut pool, due) {
                    break conn;
                }
            };
            let now = pool.now() + TICK;
            inputs::probed(&mut pool, now, conn);
        }
    })
}

fn deadline(waiters: u32) -> Box<dyn FnMut(u64)> {
    let (mut pool, lease) = busy_pool();
    let mut tickets = fill_queue(&mut pool, waiters);
    Box::new(move |times| {
        let _held = &lease;
        for _ in 0..times {
            loop {
                let due = pool.wake_by();
                if inputs::expire(&mut pool, due) {
                    break;
                }
            }
            let now = pool.now();
            let oldest = tickets.pop_front().expect("somebody waits");
            inputs::claim_expired(&mut pool, now, oldest);
            tickets.push_back(inputs::queue(&mut pool, now));
        }
    })
}

fn driven(connections: u32) -> Box<dyn FnMut(u64)> {
    let (pool, driver) = driven::open(connections);
    Box::new(move |times| {
        let _kept = &driver;
        for _ in 0..times {
            inputs::acquire_and_release(&pool);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cycle_can_be_repeated() {
        for cycle in &CYCLES {
            let mut repeat = cycle.prepare(10);
            repeat(100);
            repeat(1);
        }
    }
}
