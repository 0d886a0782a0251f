//! Metrics in the format of Prometheus and OpenMetrics, computed when they are asked for.
//!
//! Names: what OpenTelemetry's conventions have a name for (`db.client.connection.*`) is called so, with underscores for dots; the rest begins
//! with `pool_`. Every metric has the label `db_client_connection_pool_name`. Times are in seconds.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use pool_async::pool_core::{CloseReason, FaultClass, Histogram, Phase, Stats, Status};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::alert::{Alert, AlertState};
use crate::monitor::Monitor;
use crate::work::Work;

/// The media type of [`Monitor::metrics`].
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper edges of the buckets: every doubling from 16 µs to 69 s.
const EDGES: std::ops::RangeInclusive<u32> = 14..=36;

/// Labels beyond the pool's name.
type Labels = Vec<(&'static str, String)>;

/// A pool, as it is told.
struct Told {
    name: String,
    status: Status,
    stats: Stats,
    alerts: Vec<Alert>,
    work: Vec<Work>,
}

/// A histogram's name, its help, and where it is.
type Time = (&'static str, &'static str, fn(&Stats) -> &Histogram);

/// A family of samples: for each pool, any number of labels with a value.
struct Family<V> {
    name: &'static str,
    help: &'static str,
    of: fn(&Told) -> Vec<(Labels, V)>,
}

const fn family<V>(name: &'static str, help: &'static str, of: fn(&Told) -> Vec<(Labels, V)>) -> Family<V> {
    Family { name, help, of }
}

const GAUGES: [Family<f64>; 12] = [
    family("db_client_connection_count", "Open connections, idle or used", |pool| {
        let Status { total, in_use, connecting, closing, .. } = pool.status;
        let idle = total.saturating_sub(in_use + connecting + closing);
        each("db_client_connection_state", [("idle", idle), ("used", in_use)])
    }),
    family("db_client_connection_idle_min", "The fewest connections kept open", |pool| one(pool.status.min)),
    family("db_client_connection_max", "The most connections at once", |pool| one(pool.status.max)),
    family("db_client_connection_pending_requests", "Callers that wait for a connection", |pool| {
        one(pool.status.waiting)
    }),
    family("pool_oldest_wait_seconds", "How long the caller has waited that has waited longest", |pool| {
        vec![(Labels::new(), pool.status.oldest_wait.unwrap_or_default().as_secs_f64())]
    }),
    family("pool_connections_changing", "Connections on their way", |pool| {
        let Status { connecting, probing, closing, .. } = pool.status;
        each("state", [("connecting", connecting), ("probing", probing), ("closing", closing)])
    }),
    family("pool_connections_health", "Open connections by health", |pool| {
        let Status { healthy, unhealthy, unknown, .. } = pool.status;
        each("health", [("healthy", healthy), ("unhealthy", unhealthy), ("unknown", unknown)])
    }),
    family("pool_leases", "Leases that are out", |pool| one(pool.status.leases)),
    family("pool_endpoints", "Endpoints by whether they are backing off", |pool| {
        each("state", [("up", pool.status.endpoints_up), ("down", pool.status.endpoints_down)])
    }),
    family("pool_work_in_flight", "Operations of the application under way", |pool| {
        let row = |work: &Work| (vec![("work", work.name.to_string())], work.in_flight as f64);
        pool.work.iter().map(row).collect()
    }),
    family("pool_phase", "1 for the phase that the pool is in", |pool| {
        let is = |phase: &Phase| (phase.name(), u32::from(*phase == pool.status.phase));
        each("phase", Phase::ALL.iter().map(is))
    }),
    family("pool_alert", "1 for a rule whose alert is firing", |pool| {
        let firing = |alert: &Alert| f64::from(u8::from(alert.state == AlertState::Firing));
        let labels = |alert: &Alert| {
            vec![("alert", alert.name.to_string()), ("severity", alert.severity.name().to_owned())]
        };
        // Of rules with one name and severity there is one series: what fires comes first.
        let mut seen = HashSet::new();
        let first = pool.alerts.iter().filter(|alert| seen.insert((&alert.name, alert.severity)));
        first.map(|alert| (labels(alert), firing(alert))).collect()
    }),
];

const COUNTERS: [Family<u64>; 15] = [
    family(
        "db_client_connection_timeouts",
        "Callers whose time was up before they got a connection",
        |pool| one(pool.stats.timeouts),
    ),
    family("pool_acquires", "Callers that asked for a connection", |pool| one(pool.stats.acquires)),
    family("pool_leases_granted", "Callers that got one", |pool| one(pool.stats.leases)),
    family("pool_rejections", "Callers that got none, by reason", |pool| {
        let Stats { timeouts, queue_full, exhausted, unavailable, refused_closed, .. } = pool.stats;
        let reasons = [
            ("timeout", timeouts),
            ("queue_full", queue_full),
            ("none_free", exhausted),
            ("unavailable", unavailable),
            ("closed", refused_closed),
        ];
        each("reason", reasons)
    }),
    family("pool_cancellations", "Callers that went away while they waited", |pool| {
        one(pool.stats.cancelled)
    }),
    family("pool_uses", "Leases that ended, by how: a success, no verdict, a fault of that class", |pool| {
        let ends = [("success", pool.stats.successes), ("returned", pool.stats.returned)];
        let faults = FaultClass::ALL.into_iter().zip(pool.stats.faults);
        each("outcome", ends.into_iter().chain(faults.map(|(class, count)| (class.name(), count))))
    }),
    family("pool_work", "Operations of the application that ended, by how", |pool| {
        let ends = |work: &Work| {
            [("succeeded", work.succeeded), ("failed", work.failed), ("dropped", work.dropped)].map(
                |(word, count)| (vec![("work", work.name.to_string()), ("outcome", word.to_owned())], count),
            )
        };
        pool.work.iter().flat_map(ends).collect()
    }),
    family("pool_connects_begun", "Connects begun", |pool| one(pool.stats.connects)),
    family("pool_connects", "Connects that ended, by how", |pool| {
        each("result", [("opened", pool.stats.opened), ("failed", pool.stats.connect_failures)])
    }),
    family("pool_probes", "Probes begun", |pool| one(pool.stats.probes)),
    family("pool_probe_failures", "Probes that failed or took too long", |pool| {
        one(pool.stats.probe_failures)
    }),
    family("pool_connections_closed", "Connections closed, by reason", |pool| {
        each("reason", CloseReason::ALL.into_iter().map(|why| (why.name(), pool.stats.closed_for(why))))
    }),
    family("pool_close_timeouts", "Closes that took too long and were given up", |pool| {
        one(pool.stats.close_timeouts)
    }),
    family("pool_leases_lost", "Leases that left the pool with their connection", |pool| {
        each("how", [("detached", pool.stats.detached), ("abandoned", pool.stats.abandoned)])
    }),
    family("pool_retries", "Retries asked for, by the answer of the budget", |pool| {
        each("answer", [("allowed", pool.stats.retries), ("refused", pool.stats.retries_refused)])
    }),
];

const TIMES: [Time; 3] = [
    ("db_client_connection_create_time", "From the start of a connect to its success", |stats| {
        &stats.connect
    }),
    ("db_client_connection_wait_time", "From the wish for a connection to its grant", |stats| &stats.wait),
    ("db_client_connection_use_time", "From the grant of a connection to its return", |stats| &stats.hold),
];

fn one<V: From<N>, N>(value: N) -> Vec<(Labels, V)> {
    vec![(Labels::new(), value.into())]
}

fn each<V: From<N>, N>(
    label: &'static str,
    values: impl IntoIterator<Item = (&'static str, N)>,
) -> Vec<(Labels, V)> {
    values.into_iter().map(|(word, value)| (vec![(label, word.to_owned())], value.into())).collect()
}

impl Monitor {
    /// All metrics, as text of the type [`METRICS_TYPE`]. The numbers are of now, the alerts of the last interval.
    pub fn metrics(&self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        text::encode(&mut text, &registry).expect("a String takes what is written");
        text
    }
}

/// Register it where an application has its own metrics: `registry.register_collector(Box::new(monitor.clone()))`.
impl Collector for Monitor {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let pools: Vec<Told> = self
            .pools()
            .iter()
            .map(|pooled| {
                let pulse = pooled.pool.pulse();
                let alerts = pooled.record().alerts.all(&pooled.name, self.rules(), pulse.at);
                let (name, work) = (pooled.name.clone(), pooled.work.now());
                Told { name, status: pulse.status, stats: pulse.stats, alerts, work }
            })
            .collect();
        if pools.is_empty() {
            return Ok(());
        }
        for Family { name, help, of } in GAUGES {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            samples(&mut metric, &pools, of, |metric, value| metric.encode_gauge(value))?;
        }
        for Family { name, help, of } in COUNTERS {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            samples(&mut metric, &pools, of, |metric, value| {
                metric.encode_counter::<NoLabelSet, _, u64>(value, None)
            })?;
        }
        for (name, help, of) in TIMES {
            let mut metric =
                encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
            for pool in &pools {
                time(&mut metric, &labelled(pool, Labels::new()), of(&pool.stats))?;
            }
        }
        let (name, help) = ("pool_work_time", "From the call of an operation to its end");
        let mut metric =
            encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for pool in &pools {
            for work in &pool.work {
                let labels = labelled(pool, vec![("work", work.name.to_string())]);
                time(&mut metric, &labels, &work.time)?;
            }
        }
        Ok(())
    }
}

fn time(metric: &mut MetricEncoder<'_>, labels: &Labels, times: &Histogram) -> fmt::Result {
    let (sum, count) = (times.sum().as_secs_f64(), times.count());
    let mut sample = metric.encode_family(labels)?;
    sample.encode_histogram::<NoLabelSet>(sum, count, &buckets(times), None)
}

fn samples<V>(
    metric: &mut MetricEncoder<'_>,
    pools: &[Told],
    of: fn(&Told) -> Vec<(Labels, V)>,
    write: impl Fn(&mut MetricEncoder<'_>, &V) -> fmt::Result,
) -> fmt::Result {
    for pool in pools {
        for (labels, value) in of(pool) {
            write(&mut metric.encode_family(&labelled(pool, labels))?, &value)?;
        }
    }
    Ok(())
}

fn labelled(pool: &Told, labels: Labels) -> Labels {
    let name = ("db_client_connection_pool_name", pool.name.clone());
    std::iter::once(name).chain(labels).collect()
}

/// The counts between one edge and the next; the last one's is infinity.
fn buckets(times: &Histogram) -> Vec<(f64, u64)> {
    let edge = |power: u32| Duration::from_nanos((1 << power) - 1);
    let mut edges = EDGES.map(edge).map(|edge| (edge.as_secs_f64(), edge)).collect::<Vec<_>>();
    edges.push((f64::INFINITY, Duration::MAX));
    let mut fine = times.buckets().peekable();
    let upto = |(told, edge)| {
        let mut count = 0;
        while let Some((_, more)) = fine.next_if(|(upper, _)| *upper <= edge) {
            count += more;
        }
        (told, count)
    };
    edges.into_iter().map(upto).collect()
}
