//! Under faults: each scenario is written once, for any client; each client is used as its users write it.
//!
//! Rules: a client that is told a limit is told the same as all others; all have room for every caller, where the scenario is not about
//! room; a scenario makes its server anew for each turn, and each client begins cold unless the scenario says otherwise.

mod abrupt;
mod cold;
mod hole;
mod idle;
mod relay;
mod saturated;
mod streams;

use std::future::Future;
use std::time::Duration;

use ground::contest::{Board, Contest, Sample};
use ground::runtime::{Runtime, Tokio};
use pool_async::pool_core::Config;
use supabase_sim::Simulator;

use crate::caller::{Ask, Caller, Target};
use crate::load::Seen;
use crate::server::Server;

pub use saturated::Place;

const SHARED: &str = "reqwest, shared";
const KIT: &str = "reqwest + retry + semaphore";
const DIRECT: &str = "here, direct";
const PINNED: &str = "here, pinned";

/// Where callers ask who only want an answer.
const PING: &str = "/rest/v1/rpc/ping";

/// How a contest is run.
enum Rounds {
    InTurns(Contest<()>),
    /// The work waits most of its time.
    Together(Contest<()>),
}

/// Runs those with the word in their titles, in the order of the docs.
pub fn run(server: &Server, postgrest: Option<Place>, rounds: usize, word: &str) -> Vec<Board> {
    let mut all = vec![
        Rounds::InTurns(idle::contest()),
        Rounds::InTurns(abrupt::contest()),
        Rounds::Together(hole::contest(hole::Hole::One)),
        Rounds::Together(hole::contest(hole::Hole::All)),
        Rounds::InTurns(streams::contest(server)),
        Rounds::InTurns(cold::contest()),
    ];
    all.extend(postgrest.map(|place| Rounds::InTurns(saturated::contest(place))));
    let boards = all.into_iter().filter_map(|contest| match contest {
        Rounds::InTurns(contest) if contest.title().contains(word) => Some(contest.run(rounds, ())),
        Rounds::Together(contest) if contest.title().contains(word) => Some(contest.run_together(rounds, ())),
        Rounds::InTurns(_) | Rounds::Together(_) => None,
    });
    boards.inspect(|board| println!("{}", board.table())).collect()
}

/// What happens, and what is measured meanwhile, for any client that is made for the target.
trait Scenario: Clone + Send + 'static {
    fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> impl Future<Output = Sample>;
}

fn with<C: Caller>(
    contest: Contest<()>,
    scenario: &impl Scenario,
    name: &'static str,
    make: impl AsyncFn(Target) -> C + Send + 'static,
) -> Contest<()> {
    let scenario = scenario.clone();
    contest.entry(name, move |()| Tokio::block_on(scenario.play(&make)))
}

/// A pool with room for so many.
fn room(connections: u32) -> Config {
    Config { max_connections: connections, ..Config::default() }
}

/// Where a simulator's callers ask.
fn ping(base: String, sim: &Simulator) -> Target {
    Target::new(base, PING).header("apikey", sim.anon_key())
}

/// What callers have seen, by what they asked for.
#[derive(Default)]
struct ByAsk {
    get: Seen,
    post: Seen,
}

impl ByAsk {
    async fn call(&mut self, caller: &impl Caller, ask: Ask) {
        let seen = match ask {
            Ask::Get => &mut self.get,
            Ask::Post => &mut self.post,
        };
        seen.call(caller, ask).await;
    }

    fn merge(&mut self, other: ByAsk) {
        self.get.merge(other.get);
        self.post.merge(other.post);
    }
}

/// A wait that ends when it should, and not at a millisecond of tokio's.
async fn wait(duration: Duration) {
    smol::Timer::after(duration).await;
}

/// A cheap pseudo-random number below `limit`.
fn draw(state: &mut u64, limit: u64) -> u64 {
    *state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
    (*state >> 33) % limit
}
