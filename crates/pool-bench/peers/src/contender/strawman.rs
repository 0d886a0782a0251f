use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Contender, Denied};
use crate::site::{Conn, Site};
use ground::runtime::Runtime;

/// What one writes without a pool: fair, as tokio's semaphore is, without a deadline, a check, a lifetime or a figure.
#[derive(Clone)]
pub struct Strawman(Arc<(Semaphore, Mutex<Vec<Conn>>)>);

pub struct Straw<'a> {
    idle: &'a Mutex<Vec<Conn>>,
    conn: Option<Conn>,
    // Given back after the connection: fields are dropped after `drop` has run.
    _permit: SemaphorePermit<'a>,
}

impl<R: Runtime> Contender<R> for Strawman {
    type Guard<'a> = Straw<'a>;

    async fn build(size: usize, site: Site) -> Self {
        let opened = (0..size).map(|_| site.connect().expect("it accepts")).collect();
        Strawman(Arc::new((Semaphore::new(size), Mutex::new(opened))))
    }

    async fn acquire(&self) -> Result<Straw<'_>, Denied> {
        let (semaphore, idle) = &*self.0;
        let permit = semaphore.acquire().await.map_err(|_| Denied::Blind)?;
        let conn = idle.lock().expect("never poisoned").pop();
        Ok(Straw { idle, conn, _permit: permit })
    }
}

impl Drop for Straw<'_> {
    fn drop(&mut self) {
        self.idle.lock().expect("never poisoned").extend(self.conn.take());
    }
}

impl Deref for Straw<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("it is here until the drop")
    }
}

impl DerefMut for Straw<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("it is here until the drop")
    }
}
