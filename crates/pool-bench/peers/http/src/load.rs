//! Callers in a closed loop: each asks again when it has its answer.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use ground::contest::Sample;
use ground::quantile;
use ground::runtime::Runtime;
use rustix::time::{ClockId, clock_gettime};

use crate::caller::{Ask, Caller, Failed};

/// Whether each failure is printed: for whoever wonders at a figure.
static WHY: LazyLock<bool> = LazyLock::new(|| std::env::var_os("PEERS_WHY").is_some());

/// What callers have seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// How long each answer took.
    pub took: Vec<Duration>,
    pub failed: Vec<Failed>,
}

impl Seen {
    /// Asks once, and sees what comes of it.
    pub async fn call(&mut self, caller: &impl Caller, ask: Ask) {
        let begun = Instant::now();
        match caller.call(ask).await {
            Ok(_) => self.took.push(begun.elapsed()),
            Err(failed) => {
                if *WHY {
                    eprintln!("failed after {:?}: {}", begun.elapsed(), failed.why);
                }
                self.failed.push(failed);
            }
        }
    }

    /// What comes of asking once.
    pub async fn once(caller: impl Caller, ask: Ask) -> Seen {
        let mut seen = Seen::default();
        seen.call(&caller, ask).await;
        seen
    }

    /// Of a hundred calls, how many failed; not known without a call.
    pub fn failed_percent(&self) -> f64 {
        let failed = self.failed.len() as f64;
        100.0 * failed / (failed + self.took.len() as f64)
    }

    /// The answers' latency in milliseconds at this share of them, if there are enough to say.
    pub fn at(&mut self, share: f64) -> f64 {
        quantile(&mut self.took, share).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }
}

/// What several have seen is added up.
pub trait Merge: Default + Send + 'static {
    fn merge(&mut self, other: Self);
}

impl Merge for Seen {
    fn merge(&mut self, other: Seen) {
        self.took.extend(other.took);
        self.failed.extend(other.failed);
    }
}

/// So many callers for so long, all of whom succeed.
pub async fn closed<R: Runtime, C: Caller>(caller: &C, callers: usize, turn: Duration) -> Sample {
    let (begun, used) = (Instant::now(), processor_time());
    let end = begun + turn;
    let done = Arc::new(AtomicUsize::new(0));
    let mut seen = all::<R, _, _>(callers, |_| {
        let (caller, done) = (caller.clone(), Arc::clone(&done));
        async move {
            let mut seen = Seen::default();
            let mut last = Instant::now();
            while last < end {
                if let Err(failed) = caller.call(Ask::Get).await {
                    panic!("a call failed where none should: {}", failed.why);
                }
                let now = Instant::now();
                // What ends after the turn is not part of it, but for the processor's time.
                if now < end {
                    seen.took.push(now - last);
                }
                done.fetch_add(1, Ordering::Relaxed);
                last = now;
            }
            seen
        }
    })
    .await;
    let used = processor_time() - used;
    vec![
        ("requests/s", seen.took.len() as f64 / turn.as_secs_f64()),
        ("p50 ms", seen.at(0.5)),
        ("p99 ms", seen.at(0.99)),
        ("p99.9 ms", seen.at(0.999)),
        ("CPU µs/request", used.as_secs_f64() * 1e6 / done.load(Ordering::Relaxed) as f64),
    ]
}

/// What `callers` tasks have seen, together.
pub async fn all<R, M, F>(callers: usize, make: M) -> F::Output
where
    R: Runtime,
    M: Fn(usize) -> F,
    F: Future<Output: Merge> + Send + 'static,
{
    let tasks: Vec<_> = (0..callers).map(|number| R::spawn(make(number))).collect();
    let mut seen = F::Output::default();
    for task in tasks {
        seen.merge(task.await);
    }
    seen
}

/// What all threads of this process have used so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
