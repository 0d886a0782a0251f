use std::time::Instant;

use ground::contest::{Contest, Sample};
use ground::runtime::Tokio;
use pool_async::pool_core::Config;
use supabase_sim::Simulator;

use super::{DIRECT, KIT, PINNED, SHARED, Scenario, ping, room, with};
use crate::caller::{Ask, Caller, Direct, Kit, Pinned, Shared, Target};
use crate::load::{Seen, all};

const CALLERS: usize = 256;

/// As many as a pool has by default.
const CONNECTIONS: u32 = 10;

/// 256 callers at once, and nothing is open yet; over TLS, with the protocol that is negotiated: HTTP/2.
#[derive(Clone)]
struct Cold;

pub fn contest() -> Contest<()> {
    let contest = Contest::new("256 callers at once on a cold client, TLS");
    let contest = with(contest, &Cold, SHARED, async |target: Target| Shared::new(&target));
    let kit = async |target: Target| Kit::new(&target, CONNECTIONS as usize);
    let contest = with(contest, &Cold, KIT, kit);
    let contest = with(contest, &Cold, DIRECT, async |target: Target| Direct::open(&target, config(), None));
    let shared = async |target: Target| Direct::open(&target, config(), Some(100));
    let contest = with(contest, &Cold, "… 100 streams a connection", shared);
    with(contest, &Cold, PINNED, async |target: Target| Pinned::open(&target, config(), None))
}

/// The defaults; the queue is bounded at ten callers per connection, which is less than there are.
fn config() -> Config {
    Config { waiters_max: Some(CALLERS as u32), ..room(CONNECTIONS) }
}

impl Scenario for Cold {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let sim = Simulator::builder().tls().start().expect("a free port");
        let mut target = ping(sim.url(), &sim);
        target.root = sim.root_certificate().map(|root| root.der().to_vec());
        let caller = make(target).await;
        let begun = Instant::now();
        let mut seen = all::<Tokio, _, _>(CALLERS, |_| {
            let caller = caller.clone();
            async move {
                let mut seen = Seen::default();
                seen.call(&caller, Ask::Get).await;
                seen
            }
        })
        .await;
        vec![
            ("connections", sim.counters().opened as f64),
            ("p50 ms", seen.at(0.5)),
            ("p99 ms", seen.at(0.99)),
            ("all answered after, ms", begun.elapsed().as_secs_f64() * 1e3),
            ("failed, %", seen.failed_percent()),
        ]
    }
}
