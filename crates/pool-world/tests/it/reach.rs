//! The engines come by everything there is: a rule that no run touches is a rule that nothing tests.

use pool_world::oracle::Reach;
use pool_world::sim::{Driver, Sim};

#[test]
fn the_simulator_sees_every_transition_every_reason_and_every_error_i5() {
    let mut reach = Reach::default();
    for seed in 1_000..1_040 {
        let mut sim = Sim::random(if seed % 2 == 0 { Driver::Exact } else { Driver::Sloppy }, seed);
        sim.run_steps(10_000);
        sim.epilogue();
        reach.join(sim.world.reach());
    }
    assert_eq!(reach.missing_moves(), [], "transitions that no run has made");
    assert_eq!(reach.missing_reasons(), [], "reasons for which no run has closed a connection");
    let errors: Vec<&str> = reach.errors.iter().copied().collect();
    assert_eq!(errors, ["closed", "exhausted", "queue_full", "timeout", "unavailable"]);
}
