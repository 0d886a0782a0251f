//! Who takes part in the pools' contests, and in which work.

use std::time::Duration;

pub use ground::contest::Sample;
use ground::runtime::{Runtime, Smol, Tokio};

use crate::contender::{
    Asyncband, Bb8, Bound, Contender, Deadpool, Mobc, Ours, OursFast, Strawman, Unmanaged,
};

pub const OURS: &str = "here";
/// This pool, on `FastClock`.
pub const FAST: &str = "here, FastClock";
pub const STRAWMAN: &str = "semaphore + mutex";

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    /// Pairs in a turn, where they are counted.
    pub pairs: u64,
    /// How long a turn is, where it is timed.
    pub turn: Duration,
}

impl Plan {
    pub const FULL: Plan = Plan { rounds: 9, pairs: 300_000, turn: Duration::from_millis(250) };
    pub const SHORT: Plan = Plan { rounds: 2, pairs: 10_000, turn: Duration::from_millis(40) };
}

/// Work that any pool can be put to.
pub trait Scenario: Copy + Send + 'static {
    fn play<R: Runtime, C: Contender<R>>(self, plan: Plan) -> Sample;
}

/// Who takes part.
#[derive(Clone, Copy)]
pub enum Field {
    /// Everyone, and the lower bounds, which nobody can wait for.
    NobodyWaits,
    Everyone,
    /// Those that connect by themselves.
    Dialling,
}

/// The pools' own, each with the ratios to ours and to the strawman.
pub type Contest = ground::contest::Contest<Plan>;

pub fn contest(title: &str) -> Contest {
    Contest::new(title).beside(OURS, "here").beside(STRAWMAN, "strawman")
}

fn with<R: Runtime, C: Contender<R>>(
    contest: Contest,
    name: &'static str,
    scenario: impl Scenario,
) -> Contest {
    contest.entry(name, move |plan| scenario.play::<R, C>(plan))
}

pub fn tokio(title: &str, field: Field, scenario: impl Scenario) -> Contest {
    let mut all = with::<Tokio, Ours<Tokio>>(contest(title), OURS, scenario);
    all = with::<Tokio, Asyncband>(all, "asyncband", scenario);
    all = with::<Tokio, Deadpool>(all, "deadpool", scenario);
    all = with::<Tokio, Bb8>(all, "bb8", scenario);
    all = with::<Tokio, Mobc>(all, "mobc", scenario);
    if !matches!(field, Field::Dialling) {
        all = with::<Tokio, OursFast<Tokio>>(all, FAST, scenario);
        all = with::<Tokio, Unmanaged>(all, "deadpool, unmanaged", scenario);
        all = with::<Tokio, Strawman>(all, STRAWMAN, scenario);
    }
    if matches!(field, Field::NobodyWaits) {
        all = with::<Tokio, Bound<false>>(all, "bound: two mutex pairs", scenario);
        all = with::<Tokio, Bound<true>>(all, "… and two clock reads", scenario);
    }
    all
}

/// Those that need no tokio.
pub fn smol(title: &str, scenario: impl Scenario) -> Contest {
    let mut all = with::<Smol, Ours<Smol>>(contest(&format!("{title}, on smol")), OURS, scenario);
    all = with::<Smol, Asyncband>(all, "asyncband", scenario);
    all = with::<Smol, Deadpool>(all, "deadpool", scenario);
    all = with::<Smol, OursFast<Smol>>(all, FAST, scenario);
    all = with::<Smol, Unmanaged>(all, "deadpool, unmanaged", scenario);
    with::<Smol, Strawman>(all, STRAWMAN, scenario)
}
