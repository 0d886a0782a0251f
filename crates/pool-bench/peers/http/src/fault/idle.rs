use std::time::Duration;

use ground::contest::{Contest, Sample};
use ground::runtime::{Runtime, Tokio};
use pool_async::pool_core::Config;
use supabase_sim::Simulator;

use super::{ByAsk, DIRECT, KIT, PINNED, SHARED, Scenario, draw, ping, room, wait, with};
use crate::caller::{Ask, Caller, Direct, Kit, Pinned, Shared, Target};

/// How long the server keeps a connection after an answer.
const KEPT: Duration = Duration::from_millis(600);

/// How far from that instant requests come, at most, in microseconds to either side.
const SPREAD: u64 = 1000;

const CALLERS: usize = 200;
const BURSTS: usize = 5;

/// The server closes connections at a fixed time after their last answer, and requests come at just that time: two hundred callers at
/// once, half of whom post, five times.
#[derive(Clone)]
struct Idle;

pub fn contest() -> Contest<()> {
    let contest = Contest::new("idle connections closed at a fixed time");
    let contest = with(contest, &Idle, SHARED, async |target: Target| Shared::new(&target));
    let contest = with(contest, &Idle, KIT, async |target: Target| Kit::new(&target, CALLERS));
    let direct = async |target: Target| Direct::open(&target, room(CALLERS as u32), None);
    let contest = with(contest, &Idle, DIRECT, direct);
    let told = async |target: Target| {
        let config = Config { freshness: KEPT / 2, ..room(CALLERS as u32) };
        Direct::open(&target, config, None)
    };
    let contest = with(contest, &Idle, "… told how long they are kept", told);
    let pinned = async |target: Target| Pinned::open(&target, room(CALLERS as u32), None);
    with(contest, &Idle, PINNED, pinned)
}

impl Scenario for Idle {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let sim = Simulator::builder().settings(|settings| settings.keep_alive.after_response = Some(KEPT));
        let sim = sim.start().expect("a free port");
        let caller = make(ping(sim.url(), &sim)).await;
        let tasks: Vec<_> = (0..CALLERS).map(|number| Tokio::spawn(bursts(caller.clone(), number))).collect();
        let mut seen = ByAsk::default();
        for task in tasks {
            seen.merge(task.await);
        }
        vec![
            ("GETs failed, %", seen.get.failed_percent()),
            ("POSTs failed, %", seen.post.failed_percent()),
            ("p50 ms", seen.get.at(0.5)),
            ("p99 ms", seen.get.at(0.99)),
            ("connections", sim.counters().opened as f64),
        ]
    }
}

async fn bursts(caller: impl Caller, number: usize) -> ByAsk {
    let ask = if number.is_multiple_of(2) { Ask::Get } else { Ask::Post };
    let (mut seen, mut state) = (ByAsk::default(), number as u64);
    for burst in 0..BURSTS {
        if burst > 0 {
            let spread = Duration::from_micros(draw(&mut state, 2 * SPREAD));
            wait(KEPT - Duration::from_micros(SPREAD) + spread).await;
        }
        seen.call(&caller, ask).await;
    }
    seen
}
