use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::{Contender, Denied};
use crate::site::{Conn, Site};
use ground::runtime::Runtime;

/// The least that any pool with one lock must pay: a lock to take, a lock to give back; with `CLOCKS`, the time read at both. Nobody can
/// wait for it.
#[derive(Clone)]
pub struct Bound<const CLOCKS: bool>(Arc<Mutex<Vec<Conn>>>);

pub struct Taken<'a, const CLOCKS: bool> {
    idle: &'a Mutex<Vec<Conn>>,
    conn: Option<Conn>,
}

impl<R: Runtime, const CLOCKS: bool> Contender<R> for Bound<CLOCKS> {
    type Guard<'a> = Taken<'a, CLOCKS>;

    async fn build(size: usize, site: Site) -> Self {
        Bound(Arc::new(Mutex::new((0..size).map(|_| site.connect().expect("it accepts")).collect())))
    }

    async fn acquire(&self) -> Result<Taken<'_, CLOCKS>, Denied> {
        if CLOCKS {
            black_box(Instant::now());
        }
        let conn = self.0.lock().expect("never poisoned").pop();
        Ok(Taken { idle: &self.0, conn })
    }
}

impl<const CLOCKS: bool> Drop for Taken<'_, CLOCKS> {
    fn drop(&mut self) {
        if CLOCKS {
            black_box(Instant::now());
        }
        self.idle.lock().expect("never poisoned").extend(self.conn.take());
    }
}

impl<const CLOCKS: bool> Deref for Taken<'_, CLOCKS> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("there are as many as callers")
    }
}

impl<const CLOCKS: bool> DerefMut for Taken<'_, CLOCKS> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("there are as many as callers")
    }
}
