//! What the panel's page is told: the shapes of its JSON.
//!
//! Rules kept here: times are milliseconds, moments are ages, so that no clock of the browser's is needed; what is not known is null; no
//! answer grows with the pool beyond its bounds.

use std::time::Duration;

use pool_async::pool_core::{CloseReason, Config, ConnectionInfo, FaultClass, Phase, Stats, Time};
use pool_async::{Connection, Kpis};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::log::Entry;
use crate::monitor::Monitor;
use crate::point::{Outcomes, Point};
use crate::pooled::Pooled;
use crate::watched::{Endpoint, Pulse};
use crate::words;
use crate::work::Work;

/// Connections, and kinds of work, that are listed.
pub(crate) const ROWS_MAX: usize = 200;

/// What of one pool's history the page has already.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) pool: Option<String>,
    pub(crate) points: u64,
    pub(crate) notices: u64,
}

/// Whether a page may operate, for whoever asked.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operations {
    Off,
    Locked,
    Open,
}

pub(crate) fn status(monitor: &Monitor, known: &Known, operations: Operations) -> Value {
    let pools = monitor.pools();
    let shown = |pooled: &Pooled| known.pool.as_ref().is_none_or(|name| *name == pooled.name);
    let place = pools.iter().position(|pooled| shown(pooled)).unwrap_or(0);
    let rows = pools.iter().enumerate().map(|(number, pooled)| {
        // Before the pulse, so that no row is younger than now.
        let looked = (number == place).then(|| (pooled.pool.connections(), pooled.work.now()));
        let pulse = pooled.pool.pulse();
        let mut row = summary(monitor, pooled, &pulse);
        if let Some((connections, work)) = looked {
            let known = if shown(pooled) { known } else { &Known::default() };
            row.insert("detail".to_owned(), detail(pooled, known, &pulse, &connections, &work));
        }
        Value::Object(row)
    });
    json!({
        "operations": operations,
        "interval_ms": ms(monitor.interval()),
        "pools": rows.collect::<Vec<_>>(),
    })
}

fn summary(monitor: &Monitor, pooled: &Pooled, pulse: &Pulse) -> Map<String, Value> {
    // The load is of now; what needs an interval is of the last one.
    let record = pooled.record();
    let alerts = record.alerts.all(&pooled.name, monitor.rules(), pulse.at);
    let (kpis, stats) = record.kpis();
    let status = pulse.status;
    let Value::Object(row) = json!({
        "name": pooled.name,
        "phase": status.phase.name(),
        "gone": status.phase == Phase::Closed,
        "status": {
            "min": status.min, "max": status.max, "total": status.total, "available": status.available,
            "in_use": status.in_use, "leases": status.leases, "connecting": status.connecting,
            "probing": status.probing, "closing": status.closing, "healthy": status.healthy,
            "unhealthy": status.unhealthy, "unknown": status.unknown, "waiting": status.waiting,
            "oldest_wait_ms": status.oldest_wait.map(ms), "endpoints_up": status.endpoints_up,
            "endpoints_down": status.endpoints_down, "generation": status.generation,
            "utilization": status.utilization(), "health_ratio": status.health_ratio(),
        },
        "kpis": figures(&kpis, &stats),
        "alerts": alerts.iter().map(|alert| json!({
            "name": alert.name, "severity": alert.severity, "state": alert.state,
            "for_ms": ms(alert.lasted), "quiet_ms": alert.quiet.map(ms), "says": alert.says,
        })).collect::<Vec<_>>(),
    }) else {
        unreachable!("it is written as an object")
    };
    row
}

fn figures(kpis: &Kpis, stats: &Stats) -> Value {
    let response = |time: Duration| (stats.hold.count() > 0).then(|| ms(time));
    json!({
        "span_ms": ms(kpis.span),
        "throughput": kpis.throughput,
        "failed": Outcomes::of(stats).failed(),
        "response_p50_ms": response(kpis.response_p50),
        "response_p95_ms": response(kpis.response_p95),
        "response_p99_ms": response(kpis.response_p99),
        "wait_p99_ms": (stats.wait.count() > 0).then(|| ms(kpis.wait_p99)),
    })
}

fn detail(pooled: &Pooled, known: &Known, pulse: &Pulse, connections: &[Connection], done: &[Work]) -> Value {
    let config = pooled.pool.config();
    let record = pooled.record();
    // A page that was opened before the process was started anew knows numbers that are not given yet.
    let is_older = known.points > record.last_seq() || known.notices > record.log.last_seq();
    let (points, notices) = if is_older { (0, 0) } else { (known.points, known.notices) };
    json!({
        "settings": settings(&config),
        "totals": totals(&pulse.stats),
        "endpoints": pulse.endpoints.iter().map(|row| endpoint(row, pulse.at)).collect::<Vec<_>>(),
        "work_total": done.len(),
        "work": done.iter().take(ROWS_MAX).map(work).collect::<Vec<_>>(),
        "connections_total": connections.len(),
        "connections": connections.iter().take(ROWS_MAX).map(|row| connection(row, pulse.at)).collect::<Vec<_>>(),
        "points": record.after(points).map(|row| point(row, pulse.at)).collect::<Vec<_>>(),
        "notices": record.log.after(notices).iter().map(|entry| notice(entry, pulse.at)).collect::<Vec<_>>(),
    })
}

fn work(work: &Work) -> Value {
    let time = |permille: u32| (work.time.count() > 0).then(|| ms(work.time.quantile(permille)));
    json!({
        "id": work.name, "in_flight": work.in_flight, "succeeded": work.succeeded, "failed": work.failed,
        "dropped": work.dropped, "time_p50_ms": time(500), "time_p95_ms": time(950), "time_p99_ms": time(990),
    })
}

fn point(point: &Point, now: Time) -> Value {
    json!({
        "seq": point.seq, "age_ms": ms(now.since(point.at)), "total": point.total, "in_use": point.in_use,
        "available": point.available, "connecting": point.connecting, "waiting": point.waiting,
        "max": point.max, "throughput": point.throughput, "failures": point.failures,
        "faults": point.faults, "rejected": point.rejected, "response_p50_ms": point.response_p50.map(ms),
        "response_p99_ms": point.response_p99.map(ms), "wait_p99_ms": point.wait_p99.map(ms),
    })
}

fn notice(entry: &Entry, now: Time) -> Value {
    json!({
        "seq": entry.seq, "age_ms": ms(now.since(entry.at)), "severity": entry.severity,
        "text": entry.text, "missed": entry.missed,
    })
}

fn connection(row: &Connection, now: Time) -> Value {
    let Connection { info, label, .. } = row;
    let age = |at: Time| ms(now.since(at));
    let ConnectionInfo { id, endpoint, lifecycle, health, mark, in_use, leases_max, uses, .. } = *info;
    json!({
        "id": id.to_string(), "label": label.as_deref(), "endpoint": endpoint.to_string(),
        "lifecycle": words::lifecycle(lifecycle), "health": words::health(health), "word": health.word(),
        "stalled": info.stalled, "mark": mark.map(CloseReason::name), "age_ms": age(info.created_at),
        "idle_ms": if in_use > 0 { Some(0.0) } else { info.last_used.map(age) },
        "proven_ms": info.last_proven.map(age), "errors": info.error_count, "in_use": in_use,
        "leases_max": leases_max, "uses": uses,
    })
}

fn endpoint(row: &Endpoint, now: Time) -> Value {
    let Endpoint { info: row, error } = row;
    json!({
        "id": row.id.to_string(), "health": words::health(row.health), "failures": row.failures,
        "retry_in_ms": row.retry_at.map(|at| ms(at.since(now))), "connections": row.connections,
        "freshness_ms": ms(row.freshness), "draining": row.draining, "error": error,
    })
}

fn totals(stats: &Stats) -> Value {
    let faults = FaultClass::ALL.into_iter().zip(stats.faults);
    let closed = CloseReason::ALL.into_iter().map(|reason| (reason.name(), stats.closed_for(reason)));
    let map = |rows: &mut dyn Iterator<Item = (&'static str, u64)>| -> Value {
        rows.map(|(name, count)| (name.to_owned(), count.into())).collect::<Map<_, _>>().into()
    };
    json!({
        "acquires": stats.acquires, "leases": stats.leases, "successes": stats.successes,
        "returned": stats.returned, "timeouts": stats.timeouts, "queue_full": stats.queue_full,
        "exhausted": stats.exhausted, "unavailable": stats.unavailable,
        "refused_closed": stats.refused_closed, "cancelled": stats.cancelled,
        "faults": map(&mut faults.map(|(class, count)| (class.name(), count))),
        "connects": stats.connects, "opened": stats.opened, "connect_failures": stats.connect_failures,
        "probes": stats.probes, "probe_failures": stats.probe_failures,
        "close_timeouts": stats.close_timeouts, "detached": stats.detached, "abandoned": stats.abandoned,
        "retries": stats.retries, "retries_refused": stats.retries_refused,
        "closed": map(&mut closed.filter(|(_, count)| *count > 0)),
    })
}

fn settings(config: &Config) -> Vec<(&'static str, String)> {
    let time = |time: Duration| format!("{time:?}");
    vec![
        ("min_connections", config.min_connections.to_string()),
        ("max_connections", config.max_connections.to_string()),
        ("acquire_timeout", time(config.acquire_timeout)),
        ("release_timeout", time(config.release_timeout)),
        ("health_check_interval", time(config.health_check_interval)),
        ("max_idle_time", time(config.max_idle_time)),
        ("connection_timeout", time(config.connection_timeout)),
        ("max_lifetime", time(config.max_lifetime)),
        ("waiters_max", config.waiters_max.map_or("10 per connection".to_owned(), |max| max.to_string())),
        ("connects_max", config.connects_max.to_string()),
        ("retry", format!("{:?}", config.retry)),
        ("backoff", format!("{:?}", config.backoff)),
        ("when_down", format!("{:?}", config.when_down)),
        ("freshness", time(config.freshness)),
        ("probe_timeout", time(config.probe_timeout)),
        ("stall_after", time(config.stall_after)),
        ("leak_after", config.leak_after.map_or("off".to_owned(), time)),
    ]
}

pub(crate) fn ms(time: Duration) -> f64 {
    // To a microsecond: what is beyond it would only lengthen the answer.
    (time.as_secs_f64() * 1e6).round() / 1e3
}
