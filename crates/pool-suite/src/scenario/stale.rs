//! A server that closes connections by its own clock, and requests that come at exactly that instant.
//!
//! The pauses here are not waits for something: that a request meets the end of its connection is the scenario.

use std::time::Duration;

use smol::Timer;

use crate::adapter::Adapter;
use crate::site::{Site, TRY, assert_at_rest, is_blog, stubborn};

/// When the server closes a connection after its last answer, whether a request is coming or not.
const TIMEOUT: Duration = Duration::from_millis(25);
const ROUNDS: u32 = 30;

/// A pause that ends within a millisecond of the server's timeout, before or after.
async fn pause(round: u32) {
    let early = Duration::from_micros(1_000);
    Timer::after(TIMEOUT - early + Duration::from_micros(u64::from(round % 11) * 200)).await;
}

/// Reads at that instant are all answered: who meets the end is served by another connection.
pub async fn reads_at_exactly_the_servers_timeout_are_all_answered<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(stubborn(2));
    site.sim.configure(|settings| settings.keep_alive.after_response = Some(TIMEOUT));
    for round in 0..ROUNDS {
        let id = 1 + round % 10;
        let answer = A::ask(pool.clone(), site.blog(id), TRY).await;
        assert!(is_blog(&answer.expect("an answer"), id), "round {round}");
        pause(round).await;
    }
    assert!(pool.stats().opened > 1, "the server did close connections");
    assert_at_rest(&pool);
}

/// Writes at that instant are never executed twice, and those that were answered are executed.
pub async fn writes_at_exactly_the_servers_timeout_are_never_executed_twice<A: Adapter>(site: &Site<A>) {
    let pool = site.pool(stubborn(2));
    site.sim.configure(|settings| settings.keep_alive.after_response = Some(TIMEOUT));
    let mut answered = Vec::new();
    for round in 0..ROUNDS {
        let key = format!("write {round}");
        if let Ok(answer) = A::ask(pool.clone(), site.record(&key), TRY).await {
            assert!(answer.status.is_success(), "{answer:?}");
            answered.push(key);
        }
        pause(round).await;
    }
    let counters = site.sim.counters();
    assert_eq!(counters.keys_applied_twice(), Vec::<&str>::new());
    let lost: Vec<_> = answered.iter().filter(|key| counters.key(key).applied != 1).collect();
    assert!(lost.is_empty(), "answered, but not executed: {lost:?}");
    assert!(!answered.is_empty());
    assert_at_rest(&pool);
}
