//! Under faults: each scenario is written once, for any client; each client is used as its users write it.
//!
//! Rules: a client that is told a limit is told the same as all others; all have room for every caller, where the scenario is not about
//! room; a scenario makes its server anew for each turn, and each client begins cold unless the scenario says otherwise.

mod abrupt;
mod cold;
mod entrants;
mod hole;
mod idle;
mod relay;
mod saturated;
mod streams;

use std::future::Future;
use std::time::Duration;

use ground::contest::{Board, Sample};
use supabase_sim::Simulator;

use crate::caller::{Ask, Caller, Target};
use crate::load::{Merge, Seen};
use crate::server::Server;

pub use saturated::Place;

/// Where callers ask who only want an answer.
const PING: &str = "/rest/v1/rpc/ping";

/// What the clients of a contest have of each other, if all have their turns at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// Next to nothing: the work waits most of its time.
    Nothing,
    /// The processor: figures of such a round show only that it works.
    Processor,
    /// The server: none would get what it should.
    Server,
}

/// Runs those with the word in their titles, in the order of the docs. A short run measures nothing, and so needs no turns.
pub fn run(server: &Server, postgrest: Option<Place>, short: bool, rounds: usize, word: &str) -> Vec<Board> {
    let mut all = vec![
        (idle::contest(), Share::Processor),
        (abrupt::contest(), Share::Processor),
        (hole::contest(hole::Hole::One), Share::Nothing),
        (hole::contest(hole::Hole::All), Share::Nothing),
        (streams::contest(server), Share::Processor),
        (cold::contest(), Share::Processor),
    ];
    all.extend(postgrest.map(|place| (saturated::contest(place), Share::Server)));
    all.retain(|(contest, _)| contest.title().contains(word));
    let boards = all.into_iter().map(|(contest, share)| match share {
        Share::Nothing => contest.run_together(rounds, ()),
        Share::Processor if short => contest.run_together(rounds, ()),
        Share::Processor | Share::Server => contest.run(rounds, ()),
    });
    boards.inspect(|board| println!("{}", board.table())).collect()
}

/// What happens, and what is measured meanwhile, for any client that is made for the target.
trait Scenario: Clone + Send + 'static {
    fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> impl Future<Output = Sample>;
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
}

impl Merge for ByAsk {
    fn merge(&mut self, other: ByAsk) {
        self.get.merge(other.get);
        self.post.merge(other.post);
    }
}

/// What a caller asks for where half of them post.
fn ask_of(number: usize) -> Ask {
    if number.is_multiple_of(2) { Ask::Get } else { Ask::Post }
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
