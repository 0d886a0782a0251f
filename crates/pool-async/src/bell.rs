//! What reaches the driver from outside a turn: a ring, and a box for what transports notice.
//!
//! Rules kept here: nothing generic, so that a connection can hold a `Reporter` without knowing its pool; the box is
//! bounded by the kinds of reports times the connections; its lock is a leaf, under which nothing else happens.

use std::mem::discriminant;
use std::task::{Context, Poll};

use pool_core::Event;

use crate::sync::{AtomicBool, AtomicWaker, Mutex, Ordering, lock};

#[derive(Debug, Default)]
pub(crate) struct Bell {
    driver: AtomicWaker,
    rung: AtomicBool,
    has_mail: AtomicBool,
    mail: Mutex<Vec<Event>>,
}

impl Bell {
    /// Has the driver take a turn soon.
    pub(crate) fn ring(&self) {
        // Whoever finds it rung already knows that a wake is on its way, and that the driver's turn comes after it.
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.driver.wake();
        }
    }

    /// Ready once it has been rung since the last time it was ready.
    pub(crate) fn poll_rung(&self, cx: &Context<'_>) -> Poll<()> {
        self.driver.register(cx.waker());
        if self.rung.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The driver is gone: its task need not be kept for a ring.
    pub(crate) fn silence(&self) {
        drop(self.driver.take());
    }

    /// Leaves a report for the next turn, whoever takes it, and asks for one.
    pub(crate) fn report(&self, event: Event) {
        self.note(event);
        self.ring();
    }

    /// Leaves a report for the next turn. A later report of the same kind about the same connection takes its place.
    pub(crate) fn note(&self, event: Event) {
        let mut mail = lock(&self.mail);
        let same =
            |known: &&mut Event| known.conn() == event.conn() && discriminant(*known) == discriminant(&event);
        match mail.iter_mut().find(same) {
            Some(known) => *known = event,
            None => mail.push(event),
        }
        self.has_mail.store(true, Ordering::Release);
    }

    /// Whether something was left since the box was emptied: one load, so that every turn can ask.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    /// Swaps what is in the box with `empty`, so that no turn allocates.
    pub(crate) fn collect(&self, empty: &mut Vec<Event>) {
        let mut mail = lock(&self.mail);
        std::mem::swap(&mut *mail, empty);
        self.has_mail.store(false, Ordering::Release);
    }
}
