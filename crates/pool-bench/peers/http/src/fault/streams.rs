use std::net::SocketAddr;
use std::time::Instant;

use ground::contest::{Contest, Sample};
use ground::runtime::Tokio;

use super::Scenario;
use super::entrants::Entrants;
use crate::caller::{Ask, Caller, Opening, Shared, Target};
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
    let contest =
        Contest::new("1,000 requests of 50 ms, 100 streams a connection").beside(Shared::NAME, "reqwest");
    let pool = Opening::room(CONNECTIONS).queue(CALLERS).streams(FEW_STREAMS).full().warm();
    let streams = Streams(server.narrow);
    Entrants::new(contest, streams).shared().kit(CALLERS).direct(&pool).pinned(&pool).contest()
}

impl Scenario for Streams {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let target = Target::new(format!("http://{}", self.0), format!("/{SERVICE}")).http2();
        let caller = make(target).await;
        caller.call(Ask::Get).await.expect("an answer");
        let begun = Instant::now();
        let mut seen = all::<Tokio, _, _>(CALLERS, |_| Seen::once(caller.clone(), Ask::Get)).await;
        vec![
            ("ms in all", begun.elapsed().as_secs_f64() * 1e3),
            ("p50 ms", seen.at(0.5)),
            ("failed, %", seen.failed_percent()),
        ]
    }
}
