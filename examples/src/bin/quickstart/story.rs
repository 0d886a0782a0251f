//! What happens in the round, act by act; on a project of the user's, nothing but traffic.
//!
//! Rules kept here: a recovery is measured from the moment at which the harm ends, until none of the connections from before
//! is left, the minimum is open, all are healthy, and a request that began afterwards has succeeded.

use std::time::Duration;

use examples::words;
use pool_tokio::SupabasePool;
use pool_tokio::pool_core::{ConnId, Phase};
use supabase_sim::{CannedAnswer, Fault, Simulator};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::load::Load;

/// How far away the simulator pretends to be: each answer takes a time between these.
const DISTANCE: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(24));
/// How long a recovery may take; far beyond the longest pause between two dials that an outage of this round can lead to.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether all is well: the precision of what is measured.
const LOOK: Duration = Duration::from_millis(5);

/// A part of the story.
#[derive(Clone, Debug, Default)]
pub(crate) struct Act {
    pub(crate) title: &'static str,
    pub(crate) text: String,
}

/// Something that the story tells.
pub(crate) enum Beat {
    /// An act begins.
    Act(Act),
    /// Something was done.
    Event(String),
}

/// What was done to the pool, and how it came out of it.
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    /// What was done.
    pub(crate) harm: String,
    /// How long it took from the end of the harm; `None`: too long to wait for.
    pub(crate) took: Option<Duration>,
}

/// Makes the simulator answer as from some distance.
pub(crate) fn set_the_stage(simulator: &Simulator) {
    let (min, max) = DISTANCE;
    simulator.inject(Fault::Latency { min, max });
}

/// Tells the story; ends with how the pool recovered from each harm.
pub(crate) async fn tell(
    pool: &SupabasePool,
    simulator: Option<&Simulator>,
    load: &Load,
    length: Duration,
    tell: UnboundedSender<Beat>,
) -> Vec<Recovery> {
    let teller = Teller { pool, load, length, began: Instant::now(), tell };
    match simulator {
        Some(simulator) => teller.four_acts(simulator).await,
        None => {
            let text = "four readers ask your project; nothing is cut there".to_owned();
            teller.act("Traffic", text);
            teller.until(100).await;
            Vec::new()
        }
    }
}

struct Teller<'a> {
    pool: &'a SupabasePool,
    load: &'a Load,
    length: Duration,
    began: Instant,
    tell: UnboundedSender<Beat>,
}

impl Teller<'_> {
    async fn four_acts(&self, simulator: &Simulator) -> Vec<Recovery> {
        let (near, far) = (words::time(DISTANCE.0), words::time(DISTANCE.1));
        self.act("1 of 4, traffic", format!("16 readers share the pool; each answer takes {near} to {far}"));
        self.until(25).await;
        let cut = self.connections_cut(simulator).await;
        self.until(48).await;
        let outage = self.outage(simulator).await;
        self.act("4 of 4, traffic again", "the pool needed no help to get here".to_owned());
        // However long the recovery took, some traffic comes after it.
        sleep(self.length * 12 / 100).await;
        self.until(100).await;
        vec![cut, outage]
    }

    async fn connections_cut(&self, simulator: &Simulator) -> Recovery {
        let before = self.connections();
        self.act("2 of 4, connections cut", "the server resets all of them at once".to_owned());
        sleep(LOOK).await;
        let cut = simulator.kill_connections();
        let cut = words::count(cut as u64, "connection");
        self.event(&format!("{cut} were cut"));
        let harm = format!("the cut of {cut}");
        self.recovery(harm, &before).await
    }

    /// As when PostgREST restarts: first nobody listens, then it answers 503 until it has read the schema.
    async fn outage(&self, simulator: &Simulator) -> Recovery {
        let (down, starting) = (self.length * 7 / 100, self.length * 7 / 100);
        let before = self.connections();
        let times = (words::time(down), words::time(starting));
        self.act(
            "3 of 4, outage",
            format!("for {} nobody listens, then for {} all answers are 503", times.0, times.1),
        );
        sleep(LOOK).await;
        let crashed = simulator.crash();
        sleep(down).await;
        let rule = simulator.inject(Fault::answer(CannedAnswer::schema_cache_missing()));
        let listening = crashed.and_then(|_| simulator.listen());
        self.event("the server listens again, and answers 503 while it starts");
        sleep(starting).await;
        simulator.remove(rule);
        let harm = format!("an outage of {}", words::time(down + starting));
        if let Err(error) = listening {
            self.event(&format!("the simulator did not come back: {error}"));
            return Recovery { harm, took: None };
        }
        self.event("the server answers normally again");
        self.recovery(harm, &before).await
    }

    async fn recovery(&self, harm: String, before: &[ConnId]) -> Recovery {
        let start = Instant::now();
        let recovered = async {
            while !self.is_well(before) || self.load.tally().success_began < Some(start) {
                sleep(LOOK).await;
            }
        };
        let took = timeout(PATIENCE, recovered).await.ok().map(|()| start.elapsed());
        match took {
            Some(took) => self.event(&format!("recovered from {harm} after {}", words::time(took))),
            None => self.event(&format!("not recovered from {harm} after {}", words::time(PATIENCE))),
        }
        Recovery { harm, took }
    }

    fn is_well(&self, before: &[ConnId]) -> bool {
        let status = self.pool.status().status;
        let open = status.available + status.in_use;
        status.phase == Phase::Running
            && open >= status.min
            && status.unhealthy == 0
            && !self.connections().iter().any(|conn| before.contains(conn))
    }

    fn connections(&self) -> Vec<ConnId> {
        self.pool.pool().connections().iter().map(|connection| connection.info.id).collect()
    }

    fn act(&self, title: &'static str, text: String) {
        self.say(Beat::Act(Act { title, text }));
    }

    fn event(&self, text: &str) {
        self.say(Beat::Event(text.to_owned()));
    }

    fn say(&self, beat: Beat) {
        // When nobody listens any more the round is being ended.
        let _ = self.tell.send(beat);
    }

    /// Waits until so many hundredths of the round have passed.
    async fn until(&self, hundredths: u32) {
        sleep_until(self.began + self.length * hundredths / 100).await;
    }
}
