//! The processor's counter tells the same time as the system's clock.

use std::time::{Duration, Instant};

use pool_async::{Clock, FastClock, ManualClock};

/// By how many thousandths the two may differ: clocks that are disciplined from outside are slewed by half a thousandth.
const TOLERANCE: u32 = 2;

#[test]
fn it_passes_as_fast_as_the_systems_and_the_same_for_clones() {
    let clock = FastClock::new(ManualClock::new());
    let clone = clock.clone();
    // What is read between two readings of the other clock lies between them.
    let before = Instant::now();
    let first = clock.now();
    let after = Instant::now();
    let mut last = first;
    while after.elapsed() < Duration::from_millis(50) {
        let now = if last.as_nanos().is_multiple_of(2) { clock.now() } else { clone.now() };
        assert!(now >= last, "{now:?} comes after {last:?}");
        last = now;
    }
    let inner = after.elapsed();
    let passed = clock.now().since(first);
    let outer = before.elapsed();
    assert!(passed + inner / 1000 * TOLERANCE >= inner, "{passed:?} of at least {inner:?}");
    assert!(passed <= outer + outer / 1000 * TOLERANCE, "{passed:?} of at most {outer:?}");
}

#[test]
fn what_is_shown_of_it_names_whoever_sleeps_for_it() {
    let shown = format!("{:?}", FastClock::new(ManualClock::new()));
    assert!(shown.starts_with("FastClock { sleeper: ManualClock"), "{shown}");
}
