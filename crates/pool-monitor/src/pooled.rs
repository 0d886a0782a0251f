//! One pool that is watched: how it is looked at, and who is told.
//!
//! Rules kept here: the pool is asked, and alerts are told, while no lock is held that anybody waits for, since a waker, an error that is
//! written, or whoever is told may call back; no older look is taken in after a newer one; alerts are told one at a time, in the order in
//! which they began and ended, whoever of several threads saw them.

use std::sync::{Mutex, MutexGuard, TryLockError};

use crate::alert::Alert;
use crate::record::Record;
use crate::rule::Rule;
use crate::watched::Watched;
use crate::work::Source;

/// Whom to tell.
pub(crate) type Told = Box<dyn Fn(&Alert) + Send + Sync>;

/// One pool that is watched.
pub(crate) struct Pooled {
    pub(crate) name: String,
    pub(crate) pool: Box<dyn Watched>,
    pub(crate) work: Source,
    record: Mutex<Record>,
    /// Held while it is looked at, and while somebody is told of it; nobody waits for it.
    busy: Mutex<()>,
}

impl Pooled {
    pub(crate) fn new(name: String, pool: impl Watched + 'static) -> Self {
        let record = Mutex::new(Record::new(&pool));
        Pooled { name, pool: Box::new(pool), work: Source::default(), record, busy: Mutex::default() }
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        lock(&self.record)
    }

    /// Looks at the pool, unless somebody is at it or it is over; tells of the alerts that began or ceased to fire.
    pub(crate) fn sample(&self, rules: &[Rule], told: Option<&Told>) {
        if let Some(_alone) = self.alone()
            && !self.is_over()
        {
            self.listen();
            let pulse = self.pool.pulse();
            self.record().take(&self.name, rules, pulse);
        }
        self.tell(told);
    }

    /// Ends the watching; tells of the alerts that ceased to fire by that.
    pub(crate) fn end(&self, rules: &[Rule], told: Option<&Told>) {
        self.record().end(&self.name, rules);
        self.tell(told);
    }

    /// Tells what was not told yet. If somebody is at it, on this thread or another, they tell it when they are done.
    fn tell(&self, told: Option<&Told>) {
        while !self.is_all_told()
            && let Some(_alone) = self.alone()
        {
            while let Some(alert) = self.next_untold() {
                if let Some(told) = told {
                    told(&alert);
                }
            }
        }
    }

    fn alone(&self) -> Option<MutexGuard<'_, ()>> {
        match self.busy.try_lock() {
            Ok(alone) => Some(alone),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
        }
    }

    fn is_over(&self) -> bool {
        self.record().is_over()
    }

    fn is_all_told(&self) -> bool {
        self.record().is_all_told()
    }

    fn next_untold(&self) -> Option<Alert> {
        self.record().next_untold()
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
