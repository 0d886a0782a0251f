use std::time::{Duration, Instant};

use ground::contest::{Contest, Sample};
use ground::runtime::Tokio;
use supabase_sim::Simulator;

use super::entrants::Entrants;
use super::{ByAsk, Scenario, ask_of, ping};
use crate::caller::{Caller, Opening, Target};
use crate::load::all;

/// Requests that the server answers on a connection before it closes it.
const EACH: u64 = 50;

const CALLERS: usize = 32;
const TURN: Duration = Duration::from_millis(800);

/// The server closes each connection after its fiftieth answer, without a word: 32 callers who ask again at once, half of whom post.
#[derive(Clone)]
struct Abrupt;

pub fn contest() -> Contest<()> {
    let contest = Contest::new("every connection closed after 50 requests");
    let pool = Opening::room(CALLERS as u32);
    Entrants::new(contest, Abrupt).shared().kit(CALLERS).direct(&pool).pinned(&pool).contest()
}

impl Scenario for Abrupt {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let sim = Simulator::builder().settings(|settings| settings.keep_alive.max_requests = Some(EACH));
        let sim = sim.start().expect("a free port");
        let caller = make(ping(sim.url(), &sim)).await;
        let end = Instant::now() + TURN;
        let mut seen = all::<Tokio, _, _>(CALLERS, |number| {
            let caller = caller.clone();
            async move {
                let mut seen = ByAsk::default();
                while Instant::now() < end {
                    seen.call(&caller, ask_of(number)).await;
                }
                seen
            }
        })
        .await;
        vec![
            ("GETs failed, %", seen.get.failed_percent()),
            ("POSTs failed, %", seen.post.failed_percent()),
            ("answers/s", (seen.get.took.len() + seen.post.took.len()) as f64 / TURN.as_secs_f64()),
            ("p99 ms", seen.get.at(0.99)),
        ]
    }
}
