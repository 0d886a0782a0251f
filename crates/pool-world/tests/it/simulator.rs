//! Seeded simulations with faults, then without: 200 seeds by two drivers, spread over four tests (more with
//! `POOL_WORLD_TIMES`).
//!
//! A failing seed is named in the panic; `seed(…)` in `regressions.rs` repeats it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pool_world::sim::{Driver, Sim};

use crate::strategy::scaled;

const STEPS: u64 = 25_000;

/// One run; the name of a failing one comes after its panic.
pub(crate) fn seed(driver: Driver, seed: u64) {
    let run = catch_unwind(AssertUnwindSafe(|| {
        let mut sim = Sim::random(driver, seed);
        sim.run_steps(STEPS);
        sim.epilogue();
    }));
    if let Err(panic) = run {
        eprintln!("repeat with: seed(Driver::{driver:?}, {seed})");
        resume_unwind(panic);
    }
}

fn seeds() -> std::ops::Range<u64> {
    0..u64::from(scaled(100))
}

#[test]
fn an_exact_driver_over_even_seeds() {
    seeds().for_each(|n| seed(Driver::Exact, 2 * n));
}

#[test]
fn an_exact_driver_over_odd_seeds() {
    seeds().for_each(|n| seed(Driver::Exact, 2 * n + 1));
}

#[test]
fn a_sloppy_driver_over_even_seeds() {
    seeds().for_each(|n| seed(Driver::Sloppy, 2 * n));
}

#[test]
fn a_sloppy_driver_over_odd_seeds() {
    seeds().for_each(|n| seed(Driver::Sloppy, 2 * n + 1));
}
