//! Ten thousand requests through eight connections while a server goes down and comes back in the middle.
//!
//! What has to hold: every call ends, in its answer or in a typed error, within its time; no write is executed twice, and each
//! that was answered is there; never more sockets than connections allowed; every lease comes back; the pool recovers by itself.

#[path = "../real_support/scratch.rs"]
mod scratch;
#[path = "../real_support/mod.rs"]
mod support;

mod crew;
mod ledger;
mod watch;

use std::sync::Arc;

use pool_tokio::pool_core::{CloseReason, Phase, Stats, Status};
use pool_tokio::pool_supabase::Role;
use pool_tokio::{Builder, PoolSettings, SupabasePool};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use xtask::{Failure, Pair};

use crew::{CALLS, Crew, Report};
use scratch::Scratch;
use support::{LONG, Secrets, towards};
use watch::Watch;

/// Connections, and so sockets and requests in flight.
const CONNECTIONS: u32 = 8;
/// How many calls have ended when the server goes down.
const BEFORE: usize = CALLS * 3 / 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgrest_is_killed_and_started_again_in_the_middle() {
    let report = survive(Pair::own().unwrap(), |pair| {
        pair.kill_postgrest()?;
        pair.start_postgrest()
    });
    println!("PostgREST killed: {}", report.await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_restarted_in_the_middle() {
    let report = survive(Pair::own_cluster().unwrap(), |pair| {
        pair.restart_postgres()?;
        pair.wait_ready()
    });
    println!("PostgreSQL restarted: {}", report.await);
}

/// Runs all calls with `trouble` in the middle, and judges the run.
async fn survive(pair: Pair, trouble: fn(&Pair) -> Result<(), Failure>) -> Report {
    let pair = Arc::new(pair);
    let scratch = Scratch::new(&pair);
    let db = open(&pair);
    let watch = Watch::start(pair.clone(), db.pool().clone());
    let crew = Crew::start(&db, &scratch, Secrets::new([pair.anon_key(), pair.service_key()]));
    crew.ended(BEFORE).await;
    let (troubled, asking) = (pair.clone(), watch.asking());
    spawn_blocking(move || asking.during(|| trouble(&troubled))).await.unwrap().unwrap();
    // Nobody helps: the pool finds by itself that the server is back.
    until(&db, "all connections to be healthy", is_well).await;
    crew.go_on();
    let report = crew.finish().await;
    until(&db, "the last lease to be back", |status| is_well(status) && status.in_use == 0).await;
    let most = watch.stop();

    assert_eq!(report.calls(), CALLS, "{report}");
    assert_eq!(report.stuck, 0, "{report}");
    assert!(report.surprises.is_empty(), "{report}: {:#?}", report.surprises);
    ledger::check(&pair, &scratch, &report);
    assert!(most.sockets <= CONNECTIONS as usize, "{} sockets were open at once", most.sockets);
    assert!(most.connections <= CONNECTIONS, "{} connections were there at once", most.connections);
    assert!(most.in_use <= CONNECTIONS && most.samples > 100, "{most:?}");
    all_accounted_for(&db.pool().stats());
    report
}

fn open(pair: &Pair) -> SupabasePool {
    let settings = PoolSettings {
        min_connections: CONNECTIONS,
        max_connections: CONNECTIONS,
        // A connection that no call happens to use is known to be healthy only by its probe.
        health_check_interval: std::time::Duration::from_secs(1),
        ..PoolSettings::default()
    };
    let config = towards(pair, Role::Anon).settings(settings).build().unwrap();
    Builder::new(&config).connect().unwrap()
}

fn is_well(status: &Status) -> bool {
    let all = (status.healthy, status.endpoints_up) == (CONNECTIONS, 1);
    all && status.phase == Phase::Running && status.waiting == 0 && status.endpoints_down == 0
}

/// Waits for a state of the pool.
async fn until(db: &SupabasePool, what: &str, holds: fn(&Status) -> bool) {
    let wait = async {
        loop {
            let changed = db.pool().status_changed();
            if holds(&db.pool().status()) {
                return;
            }
            // Leases that come and go ring no bell, and every probe does.
            changed.await;
        }
    };
    let waited = timeout(LONG, wait).await;
    assert!(
        waited.is_ok(),
        "waited in vain for {what}: {:?} {:#?}",
        db.pool().status(),
        db.pool().endpoints()
    );
}

/// Whatever was begun has ended in one of the known ways.
fn all_accounted_for(stats: &Stats) {
    let refused =
        stats.timeouts + stats.queue_full + stats.exhausted + stats.unavailable + stats.refused_closed;
    assert_eq!(stats.acquires, stats.leases + refused + stats.cancelled, "{stats:?}");
    let returned = stats.successes + stats.returned + stats.faults.iter().sum::<u64>();
    assert_eq!((stats.leases, stats.detached, stats.abandoned), (returned, 0, 0), "{stats:?}");
    let closed: u64 = stats.closed.iter().sum();
    let never_open = stats.closed_for(CloseReason::ConnectTimeout);
    assert_eq!(stats.opened - (closed - never_open), u64::from(CONNECTIONS), "{stats:?}");
}
