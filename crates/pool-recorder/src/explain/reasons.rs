//! The rules that keep a request from a connection, as the state of the pool shows them.

use std::collections::BTreeMap;
use std::time::Duration;

use pool_core::{
    Action, Call, CloseReason, ConnId, ConnectionInfo, EndpointId, Event, Lifecycle, Phase, Pool, Standing,
    Time,
};

use super::Tale;
use super::words::event_in_words;
use crate::replay::Step;

/// What has been seen of connects: the last failure of each endpoint, with its reason.
#[derive(Default)]
pub(super) struct Connects {
    dialled: BTreeMap<ConnId, EndpointId>,
    failed: BTreeMap<EndpointId, String>,
}

impl Connects {
    pub(super) fn see(&mut self, step: &Step) {
        if let Call::Handle(event @ Event::ConnectFailed { conn, .. }) = step.call
            && let Some(&endpoint) = self.dialled.get(&conn)
        {
            self.failed.insert(endpoint, event_in_words(event));
        }
        for action in &step.actions {
            if let Action::Connect { conn, endpoint, .. } = *action {
                self.dialled.insert(conn, endpoint);
            }
            if let Action::Close { conn, reason: CloseReason::ConnectTimeout } = *action
                && let Some(&endpoint) = self.dialled.get(&conn)
            {
                self.failed.insert(endpoint, format!("the connect of {conn} took too long"));
            }
        }
    }

    /// The endpoints that may not be dialled now, and why.
    pub(super) fn downs(&self, pool: &Pool, tale: &Tale) -> Vec<String> {
        let down = pool.endpoints().filter_map(|endpoint| {
            let (id, retry_at) = (endpoint.id, endpoint.retry_at?);
            let why = self.failed.get(&id).map_or("", String::as_str);
            let until = tale.at(retry_at);
            let times = match endpoint.failures {
                1 => "a failed connect".to_owned(),
                times => format!("{times} failed connects in a row"),
            };
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            Some(format!("endpoint {id} backs off until {until} after {times}{why}"))
        });
        down.collect()
    }
}

/// Why a request with this standing has no connection now: every rule that holds it up.
pub(super) fn reasons(
    pool: &Pool,
    standing: Option<Standing>,
    connects: &Connects,
    tale: &Tale,
) -> Vec<String> {
    let status = pool.status();
    let mut why = Vec::new();
    let (ahead, proven) = match standing {
        Some(Standing::Waiting { ahead, proven_since, .. }) => (ahead, proven_since),
        Some(Standing::Granted(_) | Standing::Failed(_)) | None => (0, None),
    };
    if ahead > 0 {
        why.push(format!("{ahead} before it in the queue"));
    }
    if status.phase == Phase::Suspended {
        why.push(
            "the pool is suspended: nothing is granted and nothing dialled until it is resumed".to_owned(),
        );
    }
    let leased = pool.connections().filter(|conn| conn.lifecycle == Lifecycle::Leased);
    let full = leased.filter(|conn| conn.in_use >= conn.leases_max).count();
    if full > 0 {
        why.push(format!("{full} of {} connections are leased and have no room", status.total));
    }
    why.extend(pool.connections().filter_map(|conn| held_up(pool, &conn, proven, tale)));
    if status.total >= status.max {
        why.push(format!("no room for another connection: {} of {}", status.total, status.max));
    } else {
        why.extend(connects.downs(pool, tale));
    }
    if status.total == 0 && why.is_empty() {
        why.push("no connection is open".to_owned());
    }
    why
}

/// Why one connection cannot be had, beside that it has no room.
fn held_up(pool: &Pool, conn: &ConnectionInfo, proven: Option<Time>, tale: &Tale) -> Option<String> {
    let id = conn.id;
    if let Some(mark) = conn.mark {
        return Some(format!("connection {id} is on its way out: {}", mark.name()));
    }
    let idle = |since: Time| pool.now().since(since);
    match conn.lifecycle {
        Lifecycle::Connecting => {
            Some(format!("connection {id} is being dialled, since {}", tale.at(conn.created_at)))
        }
        Lifecycle::Probing => {
            let silent = conn.last_proven.map_or(Duration::ZERO, idle);
            let limit = pool.endpoints().find(|row| row.id == conn.endpoint).map(|row| row.freshness);
            Some(match (proven, limit) {
                (Some(since), _) if conn.last_proven < Some(since) => {
                    format!(
                        "connection {id} is asked for a sign of life, since it has given none after {}",
                        tale.at(since)
                    )
                }
                (_, Some(limit)) if silent > limit => format!(
                    "connection {id} was silent for longer than the {limit:?} that its endpoint keeps connections: it is asked for a sign of life"
                ),
                _ => format!("connection {id} is being probed"),
            })
        }
        Lifecycle::Idle => Some(format!("connection {id} is idle and {}", conn.health.word())),
        Lifecycle::Leased if conn.stalled => {
            let silent = conn.last_proven.map_or(Duration::ZERO, idle);
            Some(format!(
                "connection {id} makes no progress, and its last sign of life is {silent:?} old: it is asked for one"
            ))
        }
        Lifecycle::Closing | Lifecycle::Leased | Lifecycle::Gone => None,
    }
}
