//! What is told: each change that a watcher is promised to hear of, once, and nothing else (I48).
//!
//! A notice turns something over; so whatever was told last must be what is now, however many turns lie between two looks.

use std::time::Duration;

use pool_core::{Action, ConnId, EndpointId, Health, Notice};

use super::Step;
use crate::holds;

/// What watchers believe.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    endpoints: Vec<Endpoint>,
    /// Connections that were said to be unhealthy and have not been seen healthy since.
    unhealthy: Vec<ConnId>,
    /// Leases that are out and were said to be held too long, by their connections.
    held: Vec<ConnId>,
}

#[derive(Clone, Debug)]
struct Endpoint {
    id: EndpointId,
    down: bool,
    unhealthy: bool,
    freshness: Duration,
}

impl Told {
    pub(super) fn judge(&mut self, step: &Step<'_>) {
        for action in step.outs {
            if let Action::Notice(notice) = *action {
                self.hear(notice, step);
            }
        }
        self.endpoints_are_as_told(step);
        self.connections_are_as_told(step);
    }

    fn endpoint(&mut self, id: EndpointId) -> Option<&mut Endpoint> {
        self.endpoints.iter_mut().find(|endpoint| endpoint.id == id)
    }

    fn hear(&mut self, notice: Notice, step: &Step<'_>) {
        match notice {
            Notice::EndpointDown { endpoint, failures } => {
                holds!(failures > 0, "I48", "{endpoint} is down after no failure");
                let news =
                    self.endpoint(endpoint).is_none_or(|known| !std::mem::replace(&mut known.down, true));
                holds!(news, "I48", "{endpoint} is said to be down twice");
            }
            Notice::EndpointUp { endpoint } => {
                let news = self.endpoint(endpoint).is_none_or(|known| std::mem::take(&mut known.down));
                holds!(news, "I48", "{endpoint} is said to be up and was not down");
            }
            Notice::EndpointUnhealthy { endpoint } => {
                let known = self.endpoint(endpoint);
                let news = known.is_none_or(|known| !std::mem::replace(&mut known.unhealthy, true));
                holds!(news, "I48", "{endpoint} is said to be unhealthy twice");
            }
            Notice::EndpointHealthy { endpoint } => {
                let news = self.endpoint(endpoint).is_none_or(|known| std::mem::take(&mut known.unhealthy));
                holds!(news, "I48", "{endpoint} is said to be healthy and was not unhealthy");
            }
            Notice::ConnectionUnhealthy { conn } => {
                let news = step.flushing || !self.unhealthy.contains(&conn);
                holds!(news, "I48", "{conn} is said to be unhealthy twice");
                self.unhealthy.retain(|&known| known != conn);
                self.unhealthy.push(conn);
            }
            Notice::FreshnessLearned { endpoint, limit_ms } => {
                let limit = Duration::from_millis(limit_ms.into());
                let news = self.endpoint(endpoint).is_none_or(|known| {
                    let lower = limit <= known.freshness;
                    known.freshness = limit;
                    lower
                });
                holds!(news, "I48", "{endpoint} is said to keep idle ones for {limit:?}, which is longer");
            }
            Notice::LeaseHeld { conn, held_ms } => {
                let least = step.config.leak_after.map(|least| least.as_millis());
                let due = least.is_some_and(|least| u128::from(held_ms) >= least);
                holds!(due, "I48", "a lease on {conn} is said to be held too long after {held_ms} ms");
                self.held.push(conn);
            }
            Notice::LeaseReturned { conn, .. } => {
                let place = self.held.iter().position(|&held| held == conn);
                holds!(place.is_some(), "I48", "a lease on {conn} is back that was not said to be held");
                place.map(|place| self.held.swap_remove(place));
            }
            _ => {}
        }
    }

    fn endpoints_are_as_told(&mut self, step: &Step<'_>) {
        for end in &step.after.ends {
            let (down, unhealthy) = (end.failures > 0, end.health == Health::Unhealthy);
            let Some(known) = self.endpoint(end.id) else {
                let (id, freshness) = (end.id, end.freshness);
                self.endpoints.push(Endpoint { id, down, unhealthy, freshness });
                continue;
            };
            holds!(known.down == down, "I48", "watchers believe {known:?}, it is {end:?}");
            holds!(known.unhealthy == unhealthy, "I48", "watchers believe {known:?}, it is {end:?}");
            // Told in whole milliseconds.
            let same = known.freshness.as_millis() == end.freshness.as_millis();
            holds!(same, "I48", "watchers believe {known:?}, it is {end:?}");
        }
        self.endpoints.retain(|known| step.after.end(known.id).is_some());
    }

    fn connections_are_as_told(&mut self, step: &Step<'_>) {
        // One that is on its way out is not spoken of any more.
        for conn in step.after.conns.iter().filter(|conn| conn.mark.is_none()) {
            let bad = matches!(conn.health, Health::Unhealthy | Health::Probation);
            let told = self.unhealthy.contains(&conn.id);
            holds!(bad <= told, "I48", "nobody was told of {conn:?}");
            if told && !bad {
                holds!(conn.health == Health::Healthy, "I48", "{conn:?} was said to be unhealthy");
                self.unhealthy.retain(|&known| known != conn.id);
            }
        }
        self.unhealthy.retain(|&known| step.after.conn(known).is_some());
        self.held.retain(|&known| step.after.conn(known).is_some());
        for conn in &step.after.conns {
            let held = self.held.iter().filter(|&&known| known == conn.id).count();
            holds!(held <= conn.in_use as usize, "I48", "{held} leases are said to be held: {conn:?}");
        }
    }
}
