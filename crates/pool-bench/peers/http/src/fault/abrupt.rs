use std::time::{Duration, Instant};

use ground::contest::{Contest, Sample};
use ground::runtime::{Runtime, Tokio};
use supabase_sim::Simulator;

use super::{ByAsk, DIRECT, KIT, PINNED, SHARED, Scenario, ping, room, with};
use crate::caller::{Ask, Caller, Direct, Kit, Pinned, Shared, Target};

/// Requests that the server answers on a connection before it closes it.
const EACH: u64 = 50;

const CALLERS: usize = 32;
const TURN: Duration = Duration::from_millis(800);

/// The server closes each connection after its fiftieth answer, without a word: 32 callers who ask again at once, half of whom post.
#[derive(Clone)]
struct Abrupt;

pub fn contest() -> Contest<()> {
    let contest = Contest::new("every connection closed after 50 requests");
    let contest = with(contest, &Abrupt, SHARED, async |target: Target| Shared::new(&target));
    let contest = with(contest, &Abrupt, KIT, async |target: Target| Kit::new(&target, CALLERS));
    let direct = async |target: Target| Direct::open(&target, room(CALLERS as u32), None);
    let contest = with(contest, &Abrupt, DIRECT, direct);
    let pinned = async |target: Target| Pinned::open(&target, room(CALLERS as u32), None);
    with(contest, &Abrupt, PINNED, pinned)
}

impl Scenario for Abrupt {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let sim = Simulator::builder().settings(|settings| settings.keep_alive.max_requests = Some(EACH));
        let sim = sim.start().expect("a free port");
        let caller = make(ping(sim.url(), &sim)).await;
        let end = Instant::now() + TURN;
        let tasks: Vec<_> = (0..CALLERS)
            .map(|number| {
                let caller = caller.clone();
                Tokio::spawn(async move {
                    let ask = if number.is_multiple_of(2) { Ask::Get } else { Ask::Post };
                    let mut seen = ByAsk::default();
                    while Instant::now() < end {
                        seen.call(&caller, ask).await;
                    }
                    seen
                })
            })
            .collect();
        let mut seen = ByAsk::default();
        for task in tasks {
            seen.merge(task.await);
        }
        vec![
            ("GETs failed, %", seen.get.failed_percent()),
            ("POSTs failed, %", seen.post.failed_percent()),
            ("answers/s", (seen.get.took.len() + seen.post.took.len()) as f64 / TURN.as_secs_f64()),
            ("p99 ms", seen.get.at(0.99)),
        ]
    }
}
