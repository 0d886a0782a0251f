//! Whoever is told of alerts: in which order, and what may be done meanwhile.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use pool_async::{ManualClock, Pool};
use pool_monitor::{Alert, AlertState, Condition, Monitor, Rule, Severity};

use crate::fake::Fake;
use crate::world::{World, lazy, named};

type Heard = Arc<Mutex<Vec<(String, AlertState)>>>;

/// A monitor that tells `heard` of every alert, after it has done this with the monitor.
fn telling(rules: [Rule; 2], then: impl Fn(&Monitor) + Send + Sync + 'static) -> (Monitor, Heard) {
    let heard = Heard::default();
    let (own, hears) = (Arc::new(OnceLock::<Monitor>::new()), Arc::clone(&heard));
    let handle = Arc::clone(&own);
    let told = move |alert: &Alert| {
        hears.lock().unwrap().push((alert.name.to_string(), alert.state));
        then(handle.get().unwrap());
    };
    let monitor = Monitor::builder().rules(rules).on_alert(told).build();
    own.set(monitor.clone()).unwrap();
    (monitor, heard)
}

fn suspended(name: &'static str) -> Rule {
    named(name, Severity::Warning, Condition::Suspended)
}

#[test]
fn whoever_forgets_a_pool_while_told_of_it_is_told_every_end_after_its_beginning() {
    let (monitor, heard) =
        telling([suspended("one"), suspended("two")], |monitor| _ = monitor.unwatch("main"));
    let mut world = World::with(monitor);
    let pool = world.watched("main", lazy(1));
    pool.suspend();
    world.interval();
    let told = heard.lock().unwrap().clone();
    let of =
        |name: &str| told.iter().filter(|(of, _)| of == name).map(|(_, state)| *state).collect::<Vec<_>>();
    for name in ["one", "two"] {
        assert_eq!(of(name), [AlertState::Firing, AlertState::Resolved], "{told:?}");
    }
}

#[test]
fn an_alert_that_could_not_be_told_is_told_by_the_next_look() {
    let panics = AtomicU32::new(1);
    let panic_once =
        move |_: &Monitor| assert_eq!(panics.swap(0, Ordering::Relaxed), 0, "a callback that panics");
    let (monitor, heard) = telling([suspended("one"), suspended("two")], panic_once);
    let mut world = World::with(monitor);
    let pool = world.watched("main", lazy(1));
    pool.suspend();
    let look = std::panic::AssertUnwindSafe(|| world.interval());
    std::panic::catch_unwind(look).unwrap_err();
    world.interval();
    let firing = |name: &str| (name.to_owned(), AlertState::Firing);
    assert_eq!(*heard.lock().unwrap(), [firing("one"), firing("two")]);
}

#[test]
fn a_pool_that_is_replaced_by_whoever_is_told_of_it_ends_its_alerts() {
    let make = || Pool::builder(Fake::new(), ManualClock::new()).config(lazy(1)).build().unwrap();
    let (former, next) = (make(), make());
    former.0.suspend();
    let (watched, former) = (former.0.watcher(), Mutex::new(Some(former)));
    let replace = move |monitor: &Monitor| {
        let former = former.lock().unwrap().take();
        if former.is_some() {
            drop(former);
            monitor.watch("main", &next.0).unwrap();
        }
    };
    let (monitor, heard) = telling([suspended("one"), suspended("two")], replace);
    monitor.watch("main", &watched).unwrap();
    monitor.sample();
    let told = |name: &str, state| (name.to_owned(), state);
    assert_eq!(
        *heard.lock().unwrap(),
        [
            told("one", AlertState::Firing),
            told("two", AlertState::Firing),
            told("one", AlertState::Resolved),
            told("two", AlertState::Resolved),
        ]
    );
}
