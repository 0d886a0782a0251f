use std::time::Duration;

use ground::contest::{Contest, Sample};
use ground::runtime::Tokio;
use supabase_sim::Simulator;

use super::entrants::Entrants;
use super::{ByAsk, Scenario, ask_of, draw, ping, wait};
use crate::caller::{Caller, Opening, Target};
use crate::load::all;

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
    let pool = Opening::room(CALLERS as u32);
    let mut told = pool.clone();
    told.config.freshness = KEPT / 2;
    Entrants::new(contest, Idle)
        .shared()
        .kit(CALLERS)
        .direct(&pool)
        .direct_as("… told how long they are kept", &told)
        .pinned(&pool)
        .contest()
}

impl Scenario for Idle {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let sim = Simulator::builder().settings(|settings| settings.keep_alive.after_response = Some(KEPT));
        let sim = sim.start().expect("a free port");
        let caller = make(ping(sim.url(), &sim)).await;
        let mut seen = all::<Tokio, _, _>(CALLERS, |number| bursts(caller.clone(), number)).await;
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
    let (mut seen, mut state) = (ByAsk::default(), number as u64);
    for burst in 0..BURSTS {
        if burst > 0 {
            let spread = Duration::from_micros(draw(&mut state, 2 * SPREAD));
            wait(KEPT - Duration::from_micros(SPREAD) + spread).await;
        }
        seen.call(&caller, ask_of(number)).await;
    }
    seen
}
