//! One pool that is watched: how it is looked at.
//!
//! Rules kept here: the pool is asked while no lock is held that anybody waits for, since a waker, or an error that is written, may call
//! back; no older look is taken in after a newer one.

use std::sync::{Mutex, MutexGuard, TryLockError};

use crate::alert::Alert;
use crate::record::Record;
use crate::rule::Rule;
use crate::watched::Watched;

/// One pool that is watched.
pub(crate) struct Pooled {
    pub(crate) name: String,
    pub(crate) pool: Box<dyn Watched>,
    record: Mutex<Record>,
    /// Held while it is looked at, so that no older look is taken in after a newer one; nobody waits for it.
    looking: Mutex<()>,
}

impl Pooled {
    pub(crate) fn new(name: String, pool: impl Watched + 'static) -> Self {
        let record = Mutex::new(Record::new(&pool));
        Pooled { name, pool: Box::new(pool), record, looking: Mutex::default() }
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        lock(&self.record)
    }

    /// Looks at the pool, unless somebody is looking or it is over. Returns the alerts that began or ceased to fire.
    pub(crate) fn sample(&self, rules: &[Rule]) -> Vec<Alert> {
        let _looking = match self.looking.try_lock() {
            Ok(looking) => looking,
            Err(TryLockError::WouldBlock) => return Vec::new(),
            Err(TryLockError::Poisoned(poison)) => poison.into_inner(),
        };
        if self.record().is_over() {
            return Vec::new();
        }
        self.listen();
        let pulse = self.pool.pulse();
        self.record().take(&self.name, rules, pulse)
    }

    /// Takes in the notices, and makes good for those that were missed.
    fn listen(&self) {
        let is_unsure = {
            let log = &mut self.record().log;
            log.listen();
            log.is_unsure()
        };
        if is_unsure {
            let (now, config) = (self.pool.now(), self.pool.config());
            let connections = self.pool.connections();
            self.record().log.recount(now, &connections, config.leak_after);
        }
    }
}

/// Whoever panicked under it has left nothing half-done that the next sample would not replace.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poison| poison.into_inner())
}
