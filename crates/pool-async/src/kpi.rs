//! The figures that people watch, over a span of time.

use std::time::Duration;

use pool_core::{Stats, Status};

/// Key figures over a span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Kpis {
    /// The span.
    pub span: Duration,
    /// Connections in use, of all there may be, at the end of the span: 0 to 1.
    pub utilization: f64,
    /// Open connections that are not unhealthy, of all open ones, at the end of the span: 0 to 1; 0 when none is open.
    pub health_ratio: f64,
    /// Leases that ended with a verdict per second.
    pub throughput: f64,
    /// Of these, the ones that ended in a fault of connection, endpoint or load: 0 to 1.
    pub error_rate: f64,
    /// Response time: from the grant of a connection to its return. The median.
    pub response_p50: Duration,
    /// Its 95th percentile.
    pub response_p95: Duration,
    /// Its 99th percentile.
    pub response_p99: Duration,
    /// From the wish for a connection to its grant: the 99th percentile.
    pub wait_p99: Duration,
}

impl Kpis {
    /// The figures of a span at whose end the pool was as `status` says, and in which it counted `stats`.
    pub fn of(span: Duration, status: &Status, stats: &Stats) -> Self {
        let seconds = span.as_secs_f64();
        Kpis {
            span,
            utilization: status.utilization(),
            health_ratio: status.health_ratio(),
            throughput: if seconds > 0.0 { stats.verdicts() as f64 / seconds } else { 0.0 },
            error_rate: stats.error_rate(),
            response_p50: stats.hold.quantile(500),
            response_p95: stats.hold.quantile(950),
            response_p99: stats.hold.quantile(990),
            wait_p99: stats.wait.quantile(990),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(in_use: u32, healthy: u32, unhealthy: u32) -> Status {
        let core = pool_core::Pool::new(pool_core::Config::default(), pool_core::Time::ZERO).unwrap();
        Status { max: 8, in_use, healthy, unhealthy, ..core.status() }
    }

    #[test]
    fn a_rate_is_of_the_span_and_a_share_of_the_verdicts() {
        let mut stats = Stats { successes: 30, faults: [3, 2, 1, 3, 1], returned: 7, ..Stats::default() };
        stats.hold.record(Duration::from_millis(3));
        stats.wait.record(Duration::from_millis(1));
        let kpis = Kpis::of(Duration::from_secs(4), &status(2, 3, 1), &stats);
        assert_eq!((kpis.throughput, kpis.error_rate), (10.0, 0.15));
        assert_eq!((kpis.utilization, kpis.health_ratio), (0.25, 0.75));
        assert_eq!(kpis.response_p99, Duration::from_millis(3));
        assert_eq!(kpis.wait_p99, Duration::from_millis(1));
        assert_eq!((kpis.response_p50, kpis.response_p95), (kpis.response_p99, kpis.response_p99));
    }

    #[test]
    fn nothing_in_no_time_is_no_rate() {
        let kpis = Kpis::of(Duration::ZERO, &status(0, 0, 0), &Stats { successes: 1, ..Stats::default() });
        assert_eq!((kpis.span, kpis.throughput, kpis.error_rate), (Duration::ZERO, 0.0, 0.0));
    }
}
