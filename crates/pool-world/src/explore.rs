//! Every history up to a depth, breadth first, over a small alphabet.
//!
//! Two histories that lead to the same fingerprint have the same future, so only the shorter is extended. The fingerprint
//! is what can be seen, with ids replaced by their order and instants by the time since or until them. Tickets and leases cannot
//! be copied, so a state is reached by playing its history again.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use pool_core::Time;

use crate::books::Ending;
use crate::history::History;
use crate::op::Op;
use crate::setup::Setup;
use crate::world::World;

/// The steps that an exploration chooses from: callers, reports, the clock, and the faults that matter most.
pub const ALPHABET: [Op; 13] = [
    Op::Acquire { class: 1, ms: 255, front: false, proven: 7 },
    Op::Acquire { class: 0, ms: 255, front: false, proven: 7 },
    Op::Claim { nth: 0 },
    Op::Cancel { nth: 0 },
    Op::Release { nth: 0, how: 0 },
    Op::Release { nth: 0, how: 3 },
    Op::Connected { nth: 0, leases: 1 },
    Op::Refused { nth: 0, class: 1 },
    Op::Probed { nth: 0 },
    Op::Closed { nth: 0 },
    Op::Lost { nth: 0 },
    Op::Tick,
    Op::Wait { ms: 150 },
];

/// What an exploration has covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Different states.
    pub states: usize,
    /// Histories played.
    pub histories: usize,
}

/// Plays every history of up to `depth` steps that leads to a state not seen before; the oracle judges each.
///
/// A violation panics, after the history was printed.
pub fn explore(setup: Setup, alphabet: &[Op], depth: usize) -> Covered {
    let mut seen = HashSet::new();
    let mut frontier: Vec<Vec<Op>> = vec![Vec::new()];
    let mut histories = 0;
    for _ in 0..depth {
        let mut next = Vec::new();
        for prefix in &frontier {
            for &op in alphabet {
                histories += 1;
                let mut ops = prefix.clone();
                ops.push(op);
                let history = History { setup, ops };
                if seen.insert(fingerprint(&watched(&history))) {
                    next.push(history.ops);
                }
            }
        }
        frontier = next;
    }
    Covered { states: seen.len(), histories }
}

/// Plays a history; should it fail, it is printed while the panic passes by.
fn watched(history: &History) -> World {
    struct Witness<'a>(&'a History);
    impl Drop for Witness<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{:?}", self.0);
            }
        }
    }
    let _witness = Witness(history);
    history.play()
}

/// What can be seen of a world, free of names and of the absolute time.
fn fingerprint(world: &World) -> u64 {
    let view = world.view();
    let ago = |at: Option<Time>| at.map(|at| view.now.since(at));
    let mut hasher = DefaultHasher::new();
    for conn in &view.conns {
        let state = (conn.id.index(), conn.lifecycle, conn.health, conn.mark, conn.error_count, conn.in_use);
        let times =
            (ago(Some(conn.created_at)), ago(conn.opened_at), ago(conn.last_used), ago(conn.last_proven));
        (state, times).hash(&mut hasher);
    }
    for end in &view.ends {
        (end.failures, end.health, end.retry_at.map(|at| at.since(view.now)), end.freshness)
            .hash(&mut hasher);
    }
    for waiter in &world.books.waiters {
        (waiter.class, waiter.fate as u8, waiter.deadline.since(view.now)).hash(&mut hasher);
    }
    for tenant in &world.books.tenants {
        (tenant.lease.conn().index(), ago(Some(tenant.since))).hash(&mut hasher);
    }
    for link in &world.books.links {
        (link.stage as u8, ago(link.probing), link.closing.since(view.now)).hash(&mut hasher);
    }
    let ending = match world.books.ending {
        Ending::Not => None,
        Ending::Draining => Some(None),
        Ending::ShutDown(at) => Some(Some(at.since(view.now))),
    };
    (view.suspended, ending, world.until.map(|until| until.at.since(view.now))).hash(&mut hasher);
    hasher.finish()
}
