//! Numbers and names of a pool, for people.

use std::time::Duration;

use pool_async::pool_core::{CloseReason, Health, Lifecycle, Notice};

/// A time with the precision that its size deserves: `840 µs`, `12.5 ms`, `310 ms`, `4.2 s`, `3 min`.
pub fn time(time: Duration) -> String {
    let micros = time.as_micros();
    let (millis, seconds) = (time.as_secs_f64() * 1e3, time.as_secs_f64());
    match micros {
        0 => "0 ms".to_owned(),
        1..1_000 => format!("{micros} µs"),
        1_000..100_000 => format!("{millis:.1} ms"),
        100_000..1_000_000 => format!("{millis:.0} ms"),
        1_000_000..120_000_000 => format!("{seconds:.1} s"),
        _ => format!("{:.0} min", seconds / 60.0),
    }
}

/// A part of one, as `12 %`, or `0.3 %` where it is small.
pub fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent > 0.0 && percent < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// A number with its noun: `1 connection`, `7 connections`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Where a connection is in its life.
pub const fn lifecycle(life: Lifecycle) -> &'static str {
    match life {
        Lifecycle::Connecting => "connecting",
        Lifecycle::Idle => "idle",
        Lifecycle::Leased => "in use",
        Lifecycle::Probing => "probing",
        Lifecycle::Closing => "closing",
        Lifecycle::Gone => "gone",
    }
}

/// The health of a connection or an endpoint.
pub const fn health(health: Health) -> &'static str {
    match health {
        Health::Unknown => "unknown",
        Health::Healthy => "healthy",
        Health::Suspect => "suspect",
        Health::Unhealthy => "unhealthy",
        Health::Probation => "on probation",
    }
}

/// Why a connection was closed.
pub const fn reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::IdleExpired => "idle for too long",
        CloseReason::Surplus => "more than the load needs",
        CloseReason::Lifetime => "at the end of their life",
        CloseReason::Broken => "broke while in use",
        CloseReason::Lost => "the server hung up",
        CloseReason::Retired => "the server announced its end",
        CloseReason::Unhealthy => "too many errors in a row",
        CloseReason::ConnectTimeout => "took too long to open",
        CloseReason::ProbeTimeout => "did not answer a probe",
        CloseReason::Dead => "dead while in use",
        CloseReason::Invalidated => "invalidated",
        CloseReason::Resized => "the pool was made smaller",
        CloseReason::EndpointDrained => "the endpoint is drained",
        CloseReason::Shutdown => "the pool was closed",
        // A reason that is added later has at least its name.
        _ => reason.name(),
    }
}

/// A notice of the pool.
pub fn notice(notice: Notice) -> String {
    let seconds = |millis: u32| time(Duration::from_millis(millis.into()));
    match notice {
        Notice::EndpointDown { .. } => {
            "endpoint down: it cannot be dialled; the pool tries again after growing pauses".to_owned()
        }
        Notice::EndpointUp { .. } => "endpoint up: it accepts connections again".to_owned(),
        Notice::EndpointUnhealthy { .. } => {
            "endpoint unhealthy: connections open, but answers are errors".to_owned()
        }
        Notice::EndpointHealthy { .. } => "endpoint healthy: it answers as it should again".to_owned(),
        Notice::ConnectionUnhealthy { conn } => {
            format!("connection {conn} unhealthy: too many errors in a row; it will be replaced")
        }
        Notice::LeaseHeld { conn, held_ms } => {
            format!("connection {conn} has been in use for {}", seconds(held_ms))
        }
        Notice::LeaseReturned { conn, held_ms } => {
            format!("connection {conn} came back after {}", seconds(held_ms))
        }
        Notice::FreshnessLearned { limit_ms, .. } => {
            format!("learned: connections idle for {} are probed before use", seconds(limit_ms))
        }
        Notice::LeaseAbandoned { conn } => format!("connection {conn} was still in use when the grace ended"),
        // A notice that is added later has at least its name.
        _ => format!("{notice:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_precision_of_their_size() {
        let said = [0, 840, 12_540, 310_400, 4_249_000, 180_000_000]
            .map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(said, ["0 ms", "840 µs", "12.5 ms", "310 ms", "4.2 s", "3 min"]);
    }

    #[test]
    fn small_parts_keep_a_digit() {
        assert_eq!([0.0, 0.004, 0.1, 1.0].map(percent), ["0 %", "0.4 %", "10 %", "100 %"]);
    }
}
