//! Seeded simulations with faults, then without: 200 seeds, each by an exact and by a sloppy driver (more with `POOL_WORLD_TIMES`).
//! Together they come by every trouble, every transition, every reason and every error.
//!
//! A failing seed is named beside the panic; `seed(…)` in `regressions.rs` repeats it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pool_core::{Health, Patience, Request};
use pool_world::oracle::Reach;
use pool_world::sim::{Driver, Load, Mood, Sim, Swarm};
use pool_world::{Proof, Setup};

use crate::strategy::{is_full, scaled};

const STEPS: u64 = 20_000;
const SEEDS: u32 = 200;

/// What runs have come by.
#[derive(Default)]
struct Seen {
    steps: u64,
    reach: Reach,
    swarm: Swarm,
}

/// One run; the name of a failing one comes with its panic.
pub(crate) fn seed(driver: Driver, seed: u64) -> Sim {
    struct Witness(Driver, u64);
    impl Drop for Witness {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("repeat with: seed(Driver::{:?}, {})", self.0, self.1);
            }
        }
    }
    let _witness = Witness(driver, seed);
    let mut sim = Sim::random(driver, seed);
    sim.run_steps(STEPS);
    sim.epilogue();
    sim
}

/// Takes one seed after the other until there are no more.
fn worker(drivers: &[Driver], next: &AtomicU64, seeds: u64) -> Seen {
    let mut seen = Seen::default();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= seeds {
            return seen;
        }
        for &driver in drivers {
            let sim = seed(driver, n);
            seen.steps += sim.steps;
            seen.reach.join(sim.world.reach());
            seen.swarm.join(&sim.swarm);
        }
    }
}

/// Every seed with each of these drivers, by two threads.
fn run(drivers: &[Driver], seeds: u64) -> Seen {
    let (next, mut seen) = (AtomicU64::new(0), Seen::default());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(|| worker(drivers, &next, seeds))).collect();
        for worker in workers {
            let more = worker.join().expect("a seed broke a rule: it is named above");
            seen.steps += more.steps;
            seen.reach.join(&more.reach);
            seen.swarm.join(&more.swarm);
        }
    });
    seen
}

#[test]
fn worlds_full_of_faults_keep_every_invariant_heal_and_come_by_everything_there_is_i22_i44() {
    let mut proof = Proof::of("simulator");
    let seeds = u64::from(scaled(SEEDS));
    let seen = run(&[Driver::Exact, Driver::Sloppy], seeds);
    proof.add("seeds", seeds);
    proof.add("steps", seen.steps);
    proof.done();
    if !is_full() {
        return;
    }
    assert_eq!(seen.swarm.missing(), [], "troubles that no run has had");
    // A probe takes milliseconds: what can be decided in the midst of one is left to the exhaustive engine.
    let mut missing = seen.reach.missing();
    missing.retain(|what| !(what.starts_with("mark: ") && what.ends_with("while Probing")));
    assert_eq!(missing, [""; 0], "what no run has come by");
}

/// Without active probes, and with so little freshness that easy traffic gets along with one or two connections: of the others nobody
/// knows better.
#[test]
fn what_nobody_needs_and_nobody_probes_heals_with_its_next_use_i44() {
    let setup = Setup { min: 6, max: 6, waiters: 20, freshness: 30, stall: 20, ..Setup::default() };
    let mut unneeded = Vec::new();
    for n in 0..100 {
        let mut sim = Sim::new(setup.config(), Driver::Exact, n);
        // Who does not wait leaves behind what its probe found; who does comes back to it.
        let patience = if n % 2 == 0 { Patience::None } else { Patience::Configured };
        let (every, thinks) = (Duration::from_millis(20), Duration::from_millis(100));
        let request = Request { patience, ..Request::default() };
        sim.load = Load { every, thinks, request, leases_max: 2, ..Load::default() };
        sim.run_for(Duration::from_secs(1));
        sim.open_doors();
        sim.servers[0].mood = Mood::Broken;
        sim.run_for(Duration::from_secs(3));
        sim.epilogue();
        unneeded.extend(sim.unneeded);
    }
    for health in [Health::Suspect, Health::Probation] {
        assert!(unneeded.contains(&health), "none was left {health:?}: {unneeded:?}");
    }
}

/// Each driver on its own, to see which of the two finds a planted bug.
#[cfg(planted)]
mod alone {
    use super::{Driver, SEEDS, run};

    #[test]
    fn exact() {
        run(&[Driver::Exact], SEEDS.into());
    }

    #[test]
    fn sloppy() {
        run(&[Driver::Sloppy], SEEDS.into());
    }
}
