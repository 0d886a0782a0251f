//! For those who watch: a bounded stream of notices that says how many it missed, and a bell for "look again".
//!
//! Rules kept here: a slow watcher costs a fixed amount of memory and never holds up the pool; nothing generic, so a
//! watcher need not know what is pooled.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use event_listener::EventListener;
use futures::Stream;
use pool_core::{Notice, Time};

use crate::sync::{Arc, Mutex, lock};

/// Notices kept for watchers that have not looked yet.
pub const NOTICES_KEPT: usize = 256;

/// A notice, with the moment it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed {
    /// When, on the pool's clock.
    pub at: Time,
    /// What.
    pub notice: Notice,
    /// How many notices between the one before and this one were lost, because the stream was not read for too long.
    pub missed: u64,
}

/// The notices of a pool from now on; made by [`Pool::events`](crate::Pool::events). Ends when the pool is closed.
///
/// A stream that is not read loses the oldest notices beyond [`NOTICES_KEPT`] and says so in the next one.
pub struct Events {
    hub: Arc<Hub>,
    next: u64,
    listener: Option<EventListener>,
}

/// What observers share with the pool.
#[derive(Default)]
pub(crate) struct Hub {
    ring: Mutex<Ring>,
    noticed: event_listener::Event,
    changed: event_listener::Event,
}

#[derive(Default)]
struct Ring {
    kept: VecDeque<(Time, Notice)>,
    /// The number of the first one kept; notices are numbered from 0.
    first: u64,
    watchers: usize,
    ended: bool,
}

impl Hub {
    /// Keeps a notice, if anybody watches. Called under the pool's lock, so that the order is the core's; tells nobody.
    pub(crate) fn keep(&self, at: Time, notice: Notice) {
        let mut ring = lock(&self.ring);
        if ring.watchers == 0 {
            return;
        }
        if ring.kept.len() == NOTICES_KEPT {
            ring.kept.pop_front();
            ring.first += 1;
        }
        ring.kept.push_back((at, notice));
    }

    /// Says that no further notice will come.
    pub(crate) fn end(&self) {
        lock(&self.ring).ended = true;
    }

    /// Wakes whoever watches, to look again.
    pub(crate) fn tell(&self) {
        self.noticed.notify(usize::MAX);
        self.changed.notify(usize::MAX);
    }

    pub(crate) fn listen(&self) -> StatusChanged {
        StatusChanged { listener: self.changed.listen() }
    }
}

impl Events {
    pub(crate) fn new(hub: &Arc<Hub>) -> Self {
        let mut ring = lock(&hub.ring);
        ring.watchers += 1;
        let next = ring.first + ring.kept.len() as u64;
        drop(ring);
        Events { hub: Arc::clone(hub), next, listener: None }
    }

    /// The next notice, if there is one already.
    pub fn try_next(&mut self) -> Option<Observed> {
        let ring = lock(&self.hub.ring);
        let missed = ring.first.saturating_sub(self.next);
        let number = self.next.max(ring.first);
        let &(at, notice) = ring.kept.get((number - ring.first) as usize)?;
        self.next = number + 1;
        Some(Observed { at, notice, missed })
    }

    fn has_ended(&self) -> bool {
        lock(&self.hub.ring).ended
    }
}

impl Stream for Events {
    type Item = Observed;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Observed>> {
        loop {
            // Asked before the notices are read: one that came in between is then still seen.
            let ended = self.has_ended();
            if let Some(observed) = self.try_next() {
                self.listener = None;
                return Poll::Ready(Some(observed));
            }
            if ended {
                return Poll::Ready(None);
            }
            match &mut self.listener {
                None => self.listener = Some(self.hub.noticed.listen()),
                Some(listener) => match Pin::new(listener).poll(cx) {
                    Poll::Ready(()) => self.listener = None,
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mut ring = lock(&self.hub.ring);
        ring.watchers -= 1;
        if ring.watchers == 0 {
            // Nobody is left to whom a number would mean anything.
            ring.kept.clear();
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("next", &self.next).finish_non_exhaustive()
    }
}

/// "Look again": made, and explained, by [`Pool::status_changed`](crate::Pool::status_changed).
#[must_use = "it does nothing unless awaited"]
pub struct StatusChanged {
    listener: EventListener,
}

impl Future for StatusChanged {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.listener).poll(cx)
    }
}

impl fmt::Debug for StatusChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatusChanged")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_when_nobody_watches() {
        let core = pool_core::Pool::new(pool_core::Config::default(), Time::ZERO).unwrap();
        let endpoint = core.endpoints().next().unwrap().id;
        let (hub, notice) = (Arc::new(Hub::default()), Notice::EndpointUp { endpoint });
        let kept = || lock(&hub.ring).kept.len();
        hub.keep(Time::ZERO, notice);
        assert_eq!(kept(), 0);
        let (one, two) = (Events::new(&hub), Events::new(&hub));
        hub.keep(Time::ZERO, notice);
        drop(one);
        assert_eq!(kept(), 1, "the other may still look");
        drop(two);
        assert_eq!(kept(), 0);
        hub.keep(Time::ZERO, notice);
        assert_eq!(kept(), 0);
    }
}
