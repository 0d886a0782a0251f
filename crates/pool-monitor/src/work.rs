//! What an application does over a pool, by name: its queries and calls, as its service layer counts them.
//!
//! Rule kept here: whoever counts it is asked while no lock of the monitor is held that anybody waits for, and once per answer.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use pool_async::pool_core::Histogram;

use crate::monitor::{Monitor, WatchError};
use crate::pooled::lock;

/// One kind of work, since the start.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// What it is called: few names, and fixed ones.
    pub name: Cow<'static, str>,
    /// Under way now.
    pub in_flight: u64,
    /// Ended as it should.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Given up before its end.
    pub dropped: u64,
    /// How long it took from the call to its end, waits and retries included.
    pub time: Histogram,
}

impl Monitor {
    /// Shows what is done over the pool of this name, in the panel and in metrics: `work` is asked for it each time, and replaces whom was
    /// asked before. It must answer at once, and hold no handle of the pool, or the pool stays open. Of several with one name the first is
    /// shown. It ends with the watching of the pool.
    ///
    /// # Errors
    ///
    /// When no pool of this name is watched.
    pub fn watch_work(
        &self,
        pool: &str,
        work: impl Fn() -> Vec<Work> + Send + Sync + 'static,
    ) -> Result<(), WatchError> {
        let pooled = self.find(pool).ok_or_else(|| WatchError::NoPool(pool.to_owned()))?;
        pooled.work.ask(work);
        Ok(())
    }
}

type Ask = dyn Fn() -> Vec<Work> + Send + Sync;

/// Whom to ask.
#[derive(Default)]
pub(crate) struct Source(Mutex<Option<Arc<Ask>>>);

impl Source {
    fn ask(&self, work: impl Fn() -> Vec<Work> + Send + Sync + 'static) {
        let former = lock(&self.0).replace(Arc::new(work));
        drop(former);
    }

    /// What is done now, each name once.
    pub(crate) fn now(&self) -> Vec<Work> {
        let ask = lock(&self.0).clone();
        let mut work = ask.map_or_else(Vec::new, |ask| ask());
        let mut seen = HashSet::new();
        work.retain(|work| seen.insert(work.name.clone()));
        work
    }
}
