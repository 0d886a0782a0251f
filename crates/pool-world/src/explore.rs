//! Every history up to a depth, breadth first, of a small pool: nothing is left to chance.
//!
//! Two histories that lead to the same fingerprint have the same future, so only the shorter is extended
//! (`pool-core/src/fingerprint.rs`): symmetric connections are one, time is relative, and the source of chance is set anew before each
//! step. A step's `nth` goes through all the candidates that there are, so that the symmetry is sound.
//!
//! A state is kept as the step that led to it from an earlier one: its history is played again once, and the world that results
//! is cloned for each of its next steps.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use crate::books::{Ending, Fate, Link, Stage};
use crate::history::{History, START};
use crate::op::Op;
use crate::oracle::Reach;
use crate::setup::Setup;
use crate::world::World;

/// The steps of callers, reports, the clock, and the faults that matter most; `nth` stands for each that there is.
pub const CALLERS: [Op; 6] = [
    Op::Acquire { class: 1, ms: 255, front: false, proven: 7 },
    Op::Acquire { class: 0, ms: 255, front: false, proven: 7 },
    Op::Claim { nth: 0 },
    Op::Cancel { nth: 0 },
    Op::Release { nth: 0, how: 0 },
    Op::Release { nth: 0, how: 3 },
];

/// What a driver reports.
pub const REPORTS: [Op; 6] = [
    Op::Connected { nth: 0, leases: 1 },
    Op::Refused { nth: 0, class: 1 },
    Op::Probed { nth: 0 },
    Op::ProbeFailed { nth: 0, class: 0, discard: false },
    Op::Closed { nth: 0 },
    Op::Lost { nth: 0 },
];

/// Time goes to the pool's deadline, or a tenth of a second on.
pub const CLOCK: [Op; 2] = [Op::Tick, Op::Wait { ms: 100 }];

/// What is explored.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// What the pool is made from.
    pub setup: Setup,
    /// What has happened before: the exploration begins there.
    pub root: Vec<Op>,
    /// The steps to choose from.
    pub alphabet: Vec<Op>,
    /// The most steps after the root.
    pub depth: usize,
    /// Whether connections are told apart by their slots: where those born together retire, those idle since the
    /// same instant expire, or the pool is made smaller.
    pub slots: bool,
    /// The most callers at a time, waiting, served and with an answer that they have not fetched.
    pub callers: usize,
}

/// What an exploration has covered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Covered {
    /// Different states.
    pub states: usize,
    /// Steps taken, each judged.
    pub steps: usize,
    /// What was come by.
    pub reach: Reach,
}

/// How a state was reached: from which, by which step. The first one is the root.
struct Node {
    from: u32,
    op: Op,
}

type Seen = HashSet<u64, BuildHasherDefault<Itself>>;

/// Fingerprints are hashes already.
#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are kept")
    }

    fn write_u64(&mut self, print: u64) {
        self.0 = print;
    }
}

impl Exploration {
    /// Takes every step from every state that is at most `depth` steps away; the oracle judges each.
    ///
    /// A violation panics, after the history was printed.
    pub fn run(&self) -> Covered {
        let mut covered = Covered::default();
        let mut nodes = vec![Node { from: 0, op: Op::Tick }];
        let mut seen = Seen::default();
        let root = self.play(&[]);
        covered.reach.join(root.reach());
        seen.insert(self.fingerprint(&root));
        let mut layer = 0..1;
        for depth in 1..=self.depth {
            for at in layer.clone() {
                let world = self.play(&path(&nodes, at as u32));
                for op in self.steps(&world) {
                    let next = self.step(&world, || path(&nodes, at as u32), op);
                    covered.steps += 1;
                    covered.reach.join(next.reach());
                    if seen.insert(self.fingerprint(&next)) && depth < self.depth {
                        nodes.push(Node { from: at as u32, op });
                    }
                }
            }
            layer = layer.end..nodes.len();
        }
        covered.states = seen.len();
        covered
    }

    /// Whether a fingerprint is worth its name: of every state that is reached in two ways, the next states must be the same. Returns
    /// how many were compared.
    ///
    /// A difference panics, with both histories.
    pub fn compare_twins(&self) -> usize {
        let mut firsts: HashMap<u64, (Vec<Op>, Vec<u64>)> = HashMap::new();
        let mut layer = vec![Vec::new()];
        let mut twins = 0;
        for _ in 0..self.depth {
            let mut next_layer = Vec::new();
            for ops in layer {
                let world = self.play(&ops);
                let next: Vec<(Op, World)> = self
                    .steps(&world)
                    .into_iter()
                    .map(|op| (op, self.step(&world, || ops.clone(), op)))
                    .collect();
                let mut prints: Vec<u64> = next.iter().map(|(_, world)| self.fingerprint(world)).collect();
                prints.sort_unstable();
                prints.dedup();
                let first = firsts.entry(self.fingerprint(&world)).or_insert_with(|| {
                    next_layer.extend(next.iter().map(|(op, _)| [&ops[..], &[*op]].concat()));
                    (ops.clone(), prints.clone())
                });
                twins += 1;
                assert!(first.1 == prints, "one fingerprint, two futures: {:?} and {ops:?}", first.0);
            }
            layer = next_layer;
        }
        twins - firsts.len()
    }

    /// The world after the root and these steps.
    fn play(&self, ops: &[Op]) -> World {
        let mut world = World::new(self.setup.config(), START);
        for &op in self.root.iter().chain(ops) {
            world.reseed(self.setup.seed.into());
            op.apply(&mut world);
        }
        world
    }

    /// One step on; should it break a rule, its history is printed while the panic passes by.
    fn step(&self, world: &World, path: impl Fn() -> Vec<Op>, op: Op) -> World {
        struct Witness<'a, P: Fn() -> Vec<Op>>(&'a Exploration, P, Op);
        impl<P: Fn() -> Vec<Op>> Drop for Witness<'_, P> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    let ops = [&self.0.root[..], &(self.1)(), &[self.2]].concat();
                    eprintln!("{:?}", History { setup: self.0.setup, ops });
                }
            }
        }
        let _witness = Witness(self, path, op);
        let mut next = world.clone();
        next.reseed(self.setup.seed.into());
        op.apply(&mut next);
        next
    }

    /// The steps of the alphabet that find something to do, one for each candidate.
    fn steps(&self, world: &World) -> Vec<Op> {
        let each = |&op: &Op| (0..self.candidates(op, world)).map(move |nth| with(op, nth as u8));
        self.alphabet.iter().flat_map(each).collect()
    }

    /// The core's fingerprint, and what only the books know: which endpoints there were, how the pool was ended, and how many callers
    /// hold leases that the pool has ended.
    fn fingerprint(&self, world: &World) -> u64 {
        let mut hasher = DefaultHasher::new();
        let ending = match world.books.ending {
            Ending::Not => 0,
            Ending::Draining => 1,
            Ending::ShutDown(at) => 2 + at.since(world.clock).as_nanos(),
        };
        for (id, _) in &world.books.endpoints {
            world.view().end(*id).map(|end| end.id.index()).hash(&mut hasher);
        }
        let void = world.books.tenants.iter().filter(|tenant| tenant.abandoned).count();
        (world.pool().fingerprint::<DefaultHasher>(self.slots), ending, void).hash(&mut hasher);
        hasher.finish()
    }

    fn candidates(&self, op: Op, world: &World) -> usize {
        let links = |fits: fn(&&Link) -> bool| world.books.links.iter().filter(fits).count();
        let waiters = &world.books.waiters;
        let tenants = world.books.tenants.len();
        match op {
            Op::Acquire { .. } => usize::from(waiters.len() + tenants < self.callers),
            Op::Claim { .. } => waiters.iter().filter(|waiter| waiter.fate != Fate::Waiting).count(),
            Op::Cancel { .. } => waiters.len(),
            Op::Release { .. } | Op::Detach { .. } | Op::Reject { .. } => tenants,
            Op::Connected { .. } | Op::Refused { .. } => links(|link| link.stage == Stage::Dialling),
            Op::Probed { .. } | Op::ProbeFailed { .. } => links(|link| link.probing.is_some()),
            Op::Closed { .. } => links(|link| link.stage == Stage::Closing),
            Op::Lost { .. } | Op::Retiring { .. } | Op::Progress { .. } => {
                links(|link| link.stage == Stage::Open)
            }
            Op::DrainEndpoint { .. } => world.books.endpoints.len(),
            Op::Tick => usize::from(world.until.is_some()),
            _ => 1,
        }
    }
}

/// The steps that led to a state.
fn path(nodes: &[Node], at: u32) -> Vec<Op> {
    let mut path = Vec::new();
    let mut at = at;
    while at != 0 {
        let node = &nodes[at as usize];
        path.push(node.op);
        at = node.from;
    }
    path.reverse();
    path
}

/// The same step about another candidate.
fn with(op: Op, n: u8) -> Op {
    match op {
        Op::Claim { .. } => Op::Claim { nth: n },
        Op::Cancel { .. } => Op::Cancel { nth: n },
        Op::Release { how, .. } => Op::Release { nth: n, how },
        Op::Detach { .. } => Op::Detach { nth: n },
        Op::Reject { .. } => Op::Reject { nth: n },
        Op::Connected { leases, .. } => Op::Connected { nth: n, leases },
        Op::Refused { class, .. } => Op::Refused { nth: n, class },
        Op::Probed { .. } => Op::Probed { nth: n },
        Op::ProbeFailed { class, discard, .. } => Op::ProbeFailed { nth: n, class, discard },
        Op::Closed { .. } => Op::Closed { nth: n },
        Op::Lost { .. } => Op::Lost { nth: n },
        Op::Retiring { .. } => Op::Retiring { nth: n },
        Op::Progress { .. } => Op::Progress { nth: n },
        Op::DrainEndpoint { .. } => Op::DrainEndpoint { nth: n },
        other => other,
    }
}
