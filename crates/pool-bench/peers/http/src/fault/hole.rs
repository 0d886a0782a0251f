use std::time::{Duration, Instant};

use ground::contest::{Contest, Sample};
use ground::runtime::{Runtime, Tokio};
use supabase_sim::Simulator;

use super::entrants::Entrants;
use super::relay::Relay;
use super::{Scenario, ping, wait};
use crate::caller::{Ask, Caller, Direct, Kit, Opening, Shared, Target};
use crate::load::{Merge, Seen};

/// What all clients are told that a call may take.
const LIMIT: Duration = Duration::from_secs(1);

/// What the careful ones are told that a try may take.
const TRY: Duration = Duration::from_millis(250);

const BEFORE: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(5);

/// From one request to the next, whatever became of the ones before.
const EVERY: Duration = Duration::from_millis(4);

/// Connections of a pool, and the streams of each.
const CONNECTIONS: u32 = 4;
const STREAMS: u32 = 100;

/// Which connections are lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hole {
    /// The one that was opened first; a client without a pool has no other.
    One,
    /// All that were open.
    All,
}

/// HTTP/2 connections are lost without a word one second after the start: what is sent goes nowhere, and nothing comes. New ones are
/// served. 250 requests a second come all the while.
#[derive(Clone)]
struct Lost(Hole);

pub fn contest(hole: Hole) -> Contest<()> {
    let which = if hole == Hole::One { "an HTTP/2 connection" } else { "all HTTP/2 connections" };
    let contest = Contest::new(format!("{which} black-holed"));
    let pool = Opening::room(CONNECTIONS).streams(STREAMS).warm();
    let careful = pool.clone();
    Entrants::new(contest, Lost(hole))
        .shared()
        .with("… with pings", async |target| Shared::with_pings(&target))
        .with(Kit::NAME, async |target: Target| {
            Kit::new(&target.limit_of_try(TRY), (CONNECTIONS * STREAMS) as usize)
        })
        .direct(&pool)
        .with("… with a limit for each try", async move |target: Target| {
            Direct::open(&target.limit_of_try(TRY), &careful).await
        })
        .pinned(&pool)
        .contest()
}

impl Scenario for Lost {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let sim = Simulator::start().expect("a free port");
        let relay = Relay::start(sim.address()).await.expect("a free port");
        let caller = make(ping(format!("http://{}", relay.address), &sim).http2().limit(LIMIT)).await;
        let begun = Instant::now();
        let mut tasks = Vec::new();
        let mut lost = None;
        while begun.elapsed() < BEFORE + AFTER {
            if lost.is_none() && begun.elapsed() >= BEFORE {
                relay.lose(if self.0 == Hole::One { 1 } else { usize::MAX });
                lost = Some(Instant::now());
            }
            let caller = caller.clone();
            tasks.push(Tokio::spawn(async move {
                let seen = Seen::once(caller, Ask::Get).await;
                (Instant::now(), seen)
            }));
            let due = EVERY * tasks.len() as u32;
            wait(due.saturating_sub(begun.elapsed())).await;
        }
        let lost = lost.expect("before the end");
        let (mut after, mut last) = (Seen::default(), Duration::ZERO);
        for task in tasks {
            let (ended, seen) = task.await;
            if ended < lost {
                continue;
            }
            if !seen.failed.is_empty() {
                last = last.max(ended - lost);
            }
            after.merge(seen);
        }
        vec![
            ("failed, %", after.failed_percent()),
            ("last failure after, s", last.as_secs_f64()),
            ("p50 ms", after.at(0.5)),
            ("p99 ms", after.at(0.99)),
        ]
    }
}
