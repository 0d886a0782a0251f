//! What the handle and the server thread share.
//!
//! Rules: each part has its own lock, held for one step only and never across an await; a poisoned lock is taken
//! over, because a panic in one request must not turn every later test into a riddle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use crate::auth::Keys;
use crate::data::Database;
use crate::link::Link;
use crate::observe::Observer;
use crate::rule::Faults;
use crate::settings::Settings;

pub(crate) struct Shared {
    pub(crate) keys: Keys,
    pub(crate) observer: Observer,
    settings: Mutex<Settings>,
    faults: Mutex<Faults>,
    data: Mutex<Database>,
    links: Mutex<HashMap<u64, Arc<Link>>>,
    slots: Mutex<Arc<Semaphore>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Self {
        let slots = Mutex::new(Arc::new(Semaphore::new(settings.database.connections)));
        Self {
            keys: Keys::new(),
            observer: Observer::default(),
            settings: Mutex::new(settings),
            faults: Mutex::default(),
            data: Mutex::new(Database::seeded()),
            links: Mutex::default(),
            slots,
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    /// Changes the settings. Another size of the database pool is a new pool: who holds a slot of the old one keeps it.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = lock(&self.settings);
        let before = settings.database.connections;
        change(&mut settings);
        if settings.database.connections != before {
            *lock(&self.slots) = Arc::new(Semaphore::new(settings.database.connections));
        }
    }

    /// The slots of the server's own pool.
    pub(crate) fn database_slots(&self) -> Arc<Semaphore> {
        lock(&self.slots).clone()
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn data(&self) -> MutexGuard<'_, Database> {
        lock(&self.data)
    }

    /// Counts a new connection. Whoever sees it counted finds it among the links: both happen under one lock.
    pub(crate) fn open_link(&self, tls: bool) -> Arc<Link> {
        let keep_alive = self.settings().keep_alive;
        let mut links = lock(&self.links);
        let link = Arc::new(Link::new(self.observer.opened(), tls, &keep_alive));
        links.insert(link.id, link.clone());
        link
    }

    /// Counts a connection whose socket is closed.
    pub(crate) fn close_link(&self, id: u64) {
        let mut links = lock(&self.links);
        self.observer.closed(id);
        links.remove(&id);
    }

    pub(crate) fn links(&self) -> Vec<Arc<Link>> {
        lock(&self.links).values().cloned().collect()
    }
}
