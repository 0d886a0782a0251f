//! Watching: which pools, how often, by which rules, and who is told.
//!
//! Rules kept here: watching keeps no pool open, and holds its lock for a copy of its figures, once in an interval; while a lock of the
//! monitor is held that anybody waits for, nobody is told anything, no pool is asked for anything, and no backend is dropped.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pool_async::pool_core::{ConfigError, Phase, Stats, Status, Time};
use pool_async::{Backend, Clock, Kpis, Pool};

use crate::alert::Alert;
use crate::log::Entry;
use crate::operation::Operation;
use crate::point::Point;
use crate::pooled::{Pooled, Told, lock};
use crate::rule::{Rule, Severity};

/// Watches pools. Cheap to clone; the clones share everything.
#[derive(Clone)]
pub struct Monitor {
    inner: Arc<Inner>,
}

/// How to watch: made by [`Monitor::builder`].
#[must_use = "nothing is watched before build()"]
pub struct Builder {
    interval: Duration,
    rules: Vec<Rule>,
    told: Option<Told>,
}

struct Inner {
    interval: Duration,
    rules: Vec<Rule>,
    told: Option<Told>,
    pools: Mutex<Vec<Arc<Pooled>>>,
}

/// What is known of a pool.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct View {
    /// When it was seen last, on the pool's clock.
    pub at: Time,
    /// The pool at that moment.
    pub status: Status,
    /// Counters and histograms since the pool was made.
    pub stats: Stats,
    /// The key figures of the last minute.
    pub kpis: Kpis,
    /// What is pending or firing, the worst first.
    pub alerts: Vec<Alert>,
    /// The last intervals, oldest first: fifteen minutes at one a second.
    pub points: Vec<Point>,
    /// What happened, oldest first: the last three hundred.
    pub log: Vec<Entry>,
}

/// Why a pool, or what is done over it, is not watched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// Another pool has this name.
    #[error("a pool named `{0}` is watched already: give this one another name, or unwatch that one first")]
    NameTaken(String),
    /// Nothing is watched by this name.
    #[error("no pool named `{0}` is watched: watch it first")]
    NoPool(String),
    /// There is nothing to call it by.
    #[error("the name of a pool is empty: give it one, to tell it from others in the panel and in metrics")]
    NoName,
}

/// Why an operation was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// Nothing is watched by this name.
    #[error("no pool is named `{0}`")]
    NoPool(String),
    /// The pool has ended.
    #[error("the pool `{0}` is closed")]
    Closed(String),
    /// The numbers are out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Builder {
    /// How often to look; at least a tenth of a second. Default: every second.
    pub fn interval(self, interval: Duration) -> Self {
        Builder { interval: interval.max(Duration::from_millis(100)), ..self }
    }

    /// The rules that raise alerts. Default: [`Rule::usual`].
    pub fn rules(self, rules: impl IntoIterator<Item = Rule>) -> Self {
        Builder { rules: rules.into_iter().collect(), ..self }
    }

    /// Whom to tell when an alert fires and when it is over: of each pool one alert at a time, in their order. Called where
    /// [`Monitor::run`] runs, and by [`Monitor::sample`], [`Monitor::unwatch`] and [`Monitor::watch`], so it must not take long: send it on. It
    /// may call the monitor back; a handle of the monitor that it owns keeps the monitor for good. If it panics, so does whoever called
    /// it, which ends [`Monitor::run`].
    pub fn on_alert(self, told: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        Builder { told: Some(Box::new(told)), ..self }
    }

    /// The monitor; it looks at nothing before [`Monitor::run`] is spawned.
    pub fn build(self) -> Monitor {
        let Builder { interval, rules, told } = self;
        Monitor { inner: Arc::new(Inner { interval, rules, told, pools: Mutex::default() }) }
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Monitor::builder().build()
    }
}

impl Monitor {
    /// A monitor that looks every second, by the usual rules, and tells nobody.
    pub fn new() -> Self {
        Monitor::default()
    }

    /// Begins a monitor of one's own.
    pub fn builder() -> Builder {
        Builder { interval: Duration::from_secs(1), rules: Rule::usual(), told: None }
    }

    /// Watches `pool` from now on, without keeping it open. One that is closed is still shown, keeps its backend in memory, and counts as
    /// not serving in the panel's `/health`, until it is [unwatched](Monitor::unwatch) or another takes its name, which is free then.
    ///
    /// A pool that is bound to one thread cannot be watched: the panel may be asked on any.
    ///
    /// # Errors
    ///
    /// When the name is empty, or another pool that is not closed has it.
    pub fn watch<B, C>(&self, name: impl Into<String>, pool: &Pool<B, C>) -> Result<(), WatchError>
    where
        B: Backend + Send + Sync,
        B::Conn: Send,
        B::Error: Send + Sync,
        C: Clock + Send + Sync,
    {
        let (name, pool) = (name.into(), pool.watcher());
        if name.is_empty() {
            return Err(WatchError::NoName);
        }
        let new = Arc::new(Pooled::new(name, pool));
        let former = self.find(&new.name).filter(|former| former.pool.is_closed());
        let mut pools = lock(&self.inner.pools);
        match pools.iter_mut().find(|old| old.name == new.name) {
            Some(old) if former.as_ref().is_some_and(|former| Arc::ptr_eq(former, old)) => *old = new,
            Some(_) => return Err(WatchError::NameTaken(new.name.clone())),
            None => pools.push(new),
        }
        drop(pools);
        if let Some(former) = former {
            self.inner.look(&former);
            // Whoever is looking at it may have done so before it was closed.
            self.inner.end(&former);
        }
        Ok(())
    }

    /// Ceases to watch the pool of this name, and forgets it; its alerts are over. Returns whether there was one.
    pub fn unwatch(&self, name: &str) -> bool {
        let mut pools = lock(&self.inner.pools);
        let place = pools.iter().position(|pooled| pooled.name == name);
        let former = place.map(|place| pools.remove(place));
        drop(pools);
        let Some(former) = former else { return false };
        self.inner.end(&former);
        true
    }

    /// Looks at every pool once in an interval. Spawn it; it ends when the last handle of the monitor (a [`Panel`](crate::Panel) has one) is dropped.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time; then nothing is looked at any more.
    pub fn run<C: Clock>(&self, clock: C) -> impl Future<Output = ()> + use<C> {
        let (inner, interval) = (Arc::downgrade(&self.inner), self.inner.interval);
        async move {
            loop {
                clock.sleep(interval).await;
                let Some(inner) = inner.upgrade() else { return };
                inner.sample();
            }
        }
    }

    /// Looks at every pool now: what [`run`](Monitor::run) does once in an interval, for those who have a loop of their own. A pool that
    /// another thread is looking at is left to it.
    pub fn sample(&self) {
        self.inner.sample();
    }

    /// The names of the pools, in the order in which they came.
    pub fn names(&self) -> Vec<String> {
        self.pools().iter().map(|pooled| pooled.name.clone()).collect()
    }

    /// What was seen of a pool, up to the last time that it was looked at.
    pub fn view(&self, name: &str) -> Option<View> {
        let pooled = self.find(name)?;
        let record = pooled.record();
        Some(View {
            at: record.last.at,
            status: record.last.status,
            stats: record.last.stats.clone(),
            kpis: record.kpis().0,
            alerts: record.alerts.all(name, &self.inner.rules, record.last.at),
            points: record.after(0).copied().collect(),
            log: record.log.after(0),
        })
    }

    /// Does to a pool what a person asked for, and notes it in the pool's log.
    ///
    /// # Errors
    ///
    /// When there is no such pool, it is closed, or the numbers are out of range; then nothing changes.
    pub fn operate(&self, name: &str, operation: Operation) -> Result<(), OperateError> {
        let pooled = self.find(name).ok_or_else(|| OperateError::NoPool(name.to_owned()))?;
        let pulse = pooled.pool.pulse();
        if pulse.status.phase == Phase::Closed {
            return Err(OperateError::Closed(name.to_owned()));
        }
        pooled.pool.operate(operation)?;
        let text = match operation {
            Operation::Suspend => "suspended by an operator".to_owned(),
            Operation::Resume => "resumed by an operator".to_owned(),
            Operation::Invalidate => "every connection is replaced: an operator asked for it".to_owned(),
            Operation::Resize { min, max } => format!("resized by an operator: {min} to {max} connections"),
        };
        pooled.record().log.add(pulse.at, Severity::Info, text, 0);
        Ok(())
    }

    pub(crate) fn interval(&self) -> Duration {
        self.inner.interval
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.inner.rules
    }

    pub(crate) fn pools(&self) -> Vec<Arc<Pooled>> {
        lock(&self.inner.pools).clone()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Pooled>> {
        self.pools().into_iter().find(|pooled| pooled.name == name)
    }
}

impl Inner {
    fn sample(&self) {
        let pools = lock(&self.pools).clone();
        pools.iter().for_each(|pooled| self.look(pooled));
    }

    fn look(&self, pooled: &Pooled) {
        pooled.sample(&self.rules, self.told.as_ref());
    }

    fn end(&self, pooled: &Pooled) {
        pooled.end(&self.rules, self.told.as_ref());
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("pools", &self.names()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Builder { interval, rules, .. } = self;
        f.debug_struct("Builder").field("interval", interval).field("rules", rules).finish_non_exhaustive()
    }
}
