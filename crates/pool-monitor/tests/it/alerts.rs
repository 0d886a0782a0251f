//! Who is told of an alert, when, and how often.

use std::sync::{Arc, Mutex, OnceLock};

use pool_async::pool_core::Config;
use pool_monitor::{Alert, AlertState, Condition, Monitor, Rule, Severity};

use crate::fake::Mood;
use crate::world::{SECOND, World, lazy, named, rule};

/// A world whose monitor writes down whom it tells what.
fn told(rules: impl IntoIterator<Item = Rule>) -> (World, Arc<Mutex<Vec<Alert>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let monitor = Monitor::builder()
        .rules(rules)
        .on_alert(move |alert| list.lock().unwrap().push(alert.clone()))
        .build();
    (World::with(monitor), told)
}

fn states(told: &Mutex<Vec<Alert>>) -> Vec<AlertState> {
    told.lock().unwrap().iter().map(|alert| alert.state).collect()
}

#[test]
fn each_way_is_told_once() {
    let rule = Rule::new("stopped", Severity::Critical, Condition::Suspended).hold(2 * SECOND);
    let (mut world, told) = told([rule]);
    let pool = world.watched("main", lazy(1));
    pool.suspend();
    world.interval();
    assert_eq!(world.alerts("main")[0].state, AlertState::Pending);
    assert_eq!(states(&told), []);
    for _ in 0..5 {
        world.interval();
    }
    assert_eq!(states(&told), [AlertState::Firing]);
    pool.resume();
    for _ in 0..4 {
        world.interval();
    }
    let still = &world.alerts("main")[0];
    assert_eq!(still.state, AlertState::Firing, "four seconds are not calm enough");
    assert_eq!(still.quiet, Some(4 * SECOND), "and it says so");
    for _ in 0..9 {
        world.interval();
    }
    assert_eq!(states(&told), [AlertState::Firing, AlertState::Resolved]);
    let told = told.lock().unwrap();
    let firing = &told[0];
    assert_eq!((&*firing.pool, &*firing.name, firing.severity), ("main", "stopped", Severity::Critical));
    assert_eq!((firing.lasted, firing.quiet), (2 * SECOND, None));
    let log = world.monitor.view("main").unwrap().log;
    let texts: Vec<_> = log.iter().map(|entry| (entry.severity, &*entry.text)).collect();
    let fired = format!("alert stopped: {}", firing.says);
    assert_eq!(texts, [(Severity::Critical, &*fired), (Severity::Info, "alert stopped is over")]);
}

#[test]
fn whoever_is_told_may_call_the_monitor_back() {
    let handle: Arc<OnceLock<Monitor>> = Arc::default();
    let (seen, monitor) = (Arc::new(Mutex::new(Vec::new())), Arc::clone(&handle));
    let list = Arc::clone(&seen);
    let back = move |alert: &Alert| {
        let monitor = monitor.get().unwrap();
        let view = monitor.view(&alert.pool).unwrap();
        monitor.metrics();
        monitor.sample();
        monitor.operate(&alert.pool, pool_monitor::Operation::Resume).unwrap();
        list.lock().unwrap().push((alert.state, view.alerts.len(), monitor.names()));
        monitor.unwatch("other");
    };
    let monitor = Monitor::builder().rules([rule(Condition::Suspended)]).on_alert(back).build();
    handle.set(monitor.clone()).unwrap();
    let mut world = World::with(monitor);
    let pool = world.watched("main", lazy(1));
    let _other = world.watched("other", lazy(1));
    pool.suspend();
    world.interval();
    let both = vec!["main".to_owned(), "other".to_owned()];
    assert_eq!(*seen.lock().unwrap(), [(AlertState::Firing, 1, both)]);
    world.interval();
    assert_eq!(seen.lock().unwrap()[1].0, AlertState::Resolved);
}

#[test]
fn the_alerts_of_a_pool_end_with_it() {
    let (mut world, told) = told(Rule::usual());
    let pool = world.watched("main", Config { waiters_max: Some(0), ..lazy(1) });
    pool.backend().connects(Mood::Refuses("down"));
    world.acquire(&pool).unwrap_err();
    world.monitor.sample();
    assert_eq!(states(&told), [AlertState::Firing], "somebody was turned away");
    drop(pool);
    world.interval();
    assert_eq!(states(&told), [AlertState::Firing, AlertState::Resolved]);
    assert_eq!(world.alerts("main"), []);
    world.interval();
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[test]
fn the_alerts_of_a_pool_end_before_another_one_has_its_name() {
    let (mut world, told) = told([rule(Condition::Suspended)]);
    let pool = world.watched("main", lazy(1));
    pool.suspend();
    world.monitor.sample();
    drop(pool);
    world.settle();
    let _next = world.watched("main", lazy(1));
    assert_eq!(states(&told), [AlertState::Firing, AlertState::Resolved]);
    assert_eq!(world.alerts("main"), []);
}

#[test]
fn a_pool_that_is_forgotten_takes_its_alerts_along() {
    let (mut world, told) = told([rule(Condition::Suspended)]);
    let pool = world.watched("main", lazy(1));
    pool.suspend();
    world.monitor.sample();
    assert!(world.monitor.unwatch("main"));
    assert_eq!(states(&told), [AlertState::Firing, AlertState::Resolved]);
    assert!(!world.monitor.unwatch("main"));
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[test]
fn a_pool_that_is_forgotten_while_it_is_looked_at_raises_no_alert() {
    let (mut world, told) = told([rule(Condition::NoEndpoint)]);
    let pool = world.watched("main", lazy(1));
    let monitor = world.monitor.clone();
    pool.backend().when_written(move || _ = monitor.unwatch("main"));
    pool.backend().connects(Mood::Refuses("down"));
    world.acquire(&pool).unwrap_err();
    world.monitor.sample();
    assert_eq!((states(&told), world.monitor.names()), (vec![], vec![]));
}

#[test]
fn the_worst_comes_first_and_of_these_the_oldest() {
    let rules = [
        named("pending", Severity::Critical, Condition::Suspended).hold(60 * SECOND),
        named("late", Severity::Warning, Condition::Suspended),
        named("early", Severity::Warning, Condition::LeaseHeld),
        named("worst", Severity::Critical, Condition::Suspended),
    ];
    let (mut world, _) = told(rules);
    let pool = world.watched("main", Config { leak_after: Some(SECOND), ..lazy(1) });
    let lease = world.lease(&pool);
    world.interval();
    pool.suspend();
    world.interval();
    let names: Vec<_> = world.alerts("main").into_iter().map(|alert| alert.name).collect();
    assert_eq!(names, ["worst", "early", "late", "pending"]);
    drop(lease);
}

#[test]
fn the_usual_rules_leave_a_pool_alone_that_is_well() {
    let (mut world, told) = told(Rule::usual());
    let pool = world.watched("main", Config::default());
    for _ in 0..120 {
        drop(world.lease(&pool));
        world.interval();
        assert_eq!(world.alerts("main"), []);
    }
    assert_eq!(told.lock().unwrap().len(), 0);
    let mut names: Vec<_> = Rule::usual().into_iter().map(|rule| rule.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), Rule::usual().len(), "a name tells one rule from another");
}
