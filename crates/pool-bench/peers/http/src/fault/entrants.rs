use ground::contest::Contest;
use ground::runtime::{Runtime, Tokio};

use super::Scenario;
use crate::caller::{Caller, Direct, Kit, Opening, Pinned, Shared, Target};

/// The clients of a scenario, in the order of its table. Each is made anew for each turn, for the target that the scenario names.
pub struct Entrants<S> {
    contest: Contest<()>,
    scenario: S,
}

impl<S: Scenario> Entrants<S> {
    pub fn new(contest: Contest<()>, scenario: S) -> Self {
        Entrants { contest, scenario }
    }

    /// One `reqwest::Client` for all.
    pub fn shared(self) -> Self {
        self.with(Shared::NAME, async |target| Shared::new(&target))
    }

    /// The same with retry, and a semaphore for so many at once.
    pub fn kit(self, at_once: usize) -> Self {
        self.with(Kit::NAME, async move |target| Kit::new(&target, at_once))
    }

    /// A pool of direct connections.
    pub fn direct(self, opening: &Opening) -> Self {
        self.direct_as(Direct::NAME, opening)
    }

    /// One more of them, opened otherwise.
    pub fn direct_as(self, name: &'static str, opening: &Opening) -> Self {
        let opening = opening.clone();
        self.with(name, async move |target| Direct::open(&target, &opening).await)
    }

    /// A pool of pinned connections.
    pub fn pinned(self, opening: &Opening) -> Self {
        let opening = opening.clone();
        self.with(Pinned::NAME, async move |target| Pinned::open(&target, &opening).await)
    }

    /// Any other client.
    pub fn with<C: Caller>(
        mut self,
        name: &'static str,
        make: impl AsyncFn(Target) -> C + Send + 'static,
    ) -> Self {
        let scenario = self.scenario.clone();
        self.contest = self.contest.entry(name, move |()| Tokio::block_on(scenario.play(&make)));
        self
    }

    pub fn contest(self) -> Contest<()> {
        self.contest
    }
}
