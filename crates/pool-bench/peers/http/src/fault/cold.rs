use std::time::Instant;

use ground::contest::{Contest, Sample};
use ground::runtime::Tokio;
use supabase_sim::Simulator;

use super::entrants::Entrants;
use super::{Scenario, ping};
use crate::caller::{Ask, Caller, Opening, Target};
use crate::load::{Seen, all};

const CALLERS: usize = 256;

/// As many as a pool has by default.
const CONNECTIONS: u32 = 10;

/// 256 callers at once, and nothing is open yet; over TLS, with the protocol that is negotiated: HTTP/2.
#[derive(Clone)]
struct Cold;

pub fn contest() -> Contest<()> {
    let contest = Contest::new("256 callers at once on a cold client, TLS");
    let pool = Opening::room(CONNECTIONS).queue(CALLERS);
    Entrants::new(contest, Cold)
        .shared()
        .kit(CONNECTIONS as usize)
        .direct(&pool)
        .direct_as("… 100 streams a connection", &pool.clone().streams(100))
        .pinned(&pool)
        .contest()
}

impl Scenario for Cold {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let sim = Simulator::builder().tls().start().expect("a free port");
        let mut target = ping(sim.url(), &sim);
        target.root = sim.root_certificate().map(|root| root.der().to_vec());
        let caller = make(target).await;
        let begun = Instant::now();
        let mut seen = all::<Tokio, _, _>(CALLERS, |_| Seen::once(caller.clone(), Ask::Get)).await;
        vec![
            ("connections", sim.counters().opened as f64),
            ("p50 ms", seen.at(0.5)),
            ("p99 ms", seen.at(0.99)),
            ("all answered after, ms", begun.elapsed().as_secs_f64() * 1e3),
            ("failed, %", seen.failed_percent()),
        ]
    }
}
