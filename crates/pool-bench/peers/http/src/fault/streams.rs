use std::net::SocketAddr;
use std::time::Instant;

use ground::contest::{Contest, Sample};
use ground::runtime::Tokio;
use pool_async::pool_core::Config;

use super::{DIRECT, KIT, PINNED, SHARED, Scenario, room, with};
use crate::caller::{Ask, Caller, Direct, Kit, Pinned, Shared, Target};
use crate::load::{Seen, all};
use crate::server::{FEW_STREAMS, Server};

const CALLERS: usize = 1000;
const CONNECTIONS: u32 = 10;

/// Microseconds.
const SERVICE: u64 = 50_000;

/// The peer allows 100 streams on an HTTP/2 connection and takes 50 ms for an answer: a thousand callers at once, all connections open.
#[derive(Clone)]
struct Streams(SocketAddr);

pub fn contest(server: &Server) -> Contest<()> {
    let contest = Contest::new("1,000 requests of 50 ms, 100 streams a connection").beside(SHARED, "reqwest");
    let streams = Streams(server.narrow);
    let contest = with(contest, &streams, SHARED, async |target: Target| Shared::new(&target));
    let contest = with(contest, &streams, KIT, async |target: Target| Kit::new(&target, CALLERS));
    let direct =
        async |target: Target| Direct::open(&target, config(), Some(FEW_STREAMS)).warm(CONNECTIONS).await;
    let contest = with(contest, &streams, DIRECT, direct);
    let pinned =
        async |target: Target| Pinned::open(&target, config(), Some(FEW_STREAMS)).warm(CONNECTIONS).await;
    with(contest, &streams, PINNED, pinned)
}

fn config() -> Config {
    Config { min_connections: CONNECTIONS, waiters_max: Some(CALLERS as u32), ..room(CONNECTIONS) }
}

impl Scenario for Streams {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let target = Target::new(format!("http://{}", self.0), format!("/{SERVICE}")).http2();
        let caller = make(target).await;
        caller.call(Ask::Get).await.expect("an answer");
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
            ("ms in all", begun.elapsed().as_secs_f64() * 1e3),
            ("p50 ms", seen.at(0.5)),
            ("failed, %", seen.failed_percent()),
        ]
    }
}
