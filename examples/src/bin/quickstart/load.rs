//! A moderate load: some readers, each with one request at a time and a pause after it.
//!
//! Rules kept here: every request that was begun ends in a result that is counted; a reader who got an error waits longer
//! before the next try, as people do.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use examples::blog::BlogService;
use examples::target::Target;
use pool_tokio::ErrorClass;
use pool_tokio::pool_supabase::Error;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::rehearsal::{Kind, Rehearsal, view};

/// After an error.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(250);
/// Of ten requests, which are which, where all four work.
const MIX: [Kind; 10] = [
    Kind::Blogs,
    Kind::Courses,
    Kind::View,
    Kind::Blogs,
    Kind::Courses,
    Kind::Blogs,
    Kind::View,
    Kind::Courses,
    Kind::Blogs,
    Kind::Analytics,
];

/// What became of all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Begun.
    pub(crate) asked: u64,
    /// Ended with rows.
    pub(crate) succeeded: u64,
    /// Ended with an error, by class.
    pub(crate) failures: Vec<Failures>,
    /// When the one that began last, of those that ended with rows, began.
    pub(crate) success_began: Option<Instant>,
}

/// The errors of one class.
#[derive(Clone, Debug)]
pub(crate) struct Failures {
    pub(crate) class: ErrorClass,
    pub(crate) count: u64,
    /// The text of the first.
    pub(crate) example: String,
}

impl Tally {
    pub(crate) fn failed(&self) -> u64 {
        self.failures.iter().map(|failures| failures.count).sum()
    }

    fn succeed(&mut self, began: Instant) {
        self.succeeded += 1;
        self.success_began = self.success_began.max(Some(began));
    }

    fn fail(&mut self, error: &Error) {
        let class = error.class();
        match self.failures.iter_mut().find(|failures| failures.class == class) {
            Some(failures) => failures.count += 1,
            None => self.failures.push(Failures { class, count: 1, example: error.to_string() }),
        }
    }
}

/// The readers, at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    readers: JoinSet<()>,
}

struct Shared {
    blog: BlogService,
    mix: Vec<Kind>,
    posts: Vec<i64>,
    pause: Duration,
    begun: AtomicU64,
    stop: AtomicBool,
    tally: Mutex<Tally>,
}

impl Load {
    /// Sends the readers in: 16 for the simulator, 4 slow ones for a project that also has other things to do.
    ///
    /// # Errors
    ///
    /// No operation works here.
    pub(crate) fn start(
        blog: &BlogService,
        rehearsal: &Rehearsal,
        target: &Target,
    ) -> Result<Load, &'static str> {
        let mix: Vec<Kind> = MIX.into_iter().filter(|kind| rehearsal.kinds.contains(kind)).collect();
        if mix.is_empty() {
            return Err("none of the four operations works here: see above why");
        }
        let (readers, pause) = match target {
            Target::Simulator(_) => (16, Duration::from_millis(25)),
            Target::Project => (4, Duration::from_millis(150)),
        };
        let shared = Arc::new(Shared {
            blog: blog.clone(),
            mix,
            posts: rehearsal.posts.clone(),
            pause,
            begun: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            tally: Mutex::default(),
        });
        let readers = (0..readers).map(|_| read(Arc::clone(&shared))).collect();
        Ok(Load { shared, readers })
    }

    /// What became of the requests so far.
    pub(crate) fn tally(&self) -> Tally {
        self.shared.tally().clone()
    }

    /// Lets each reader end its request, and sends them home; whoever is not done after `grace` is cut off.
    pub(crate) async fn stop(mut self, grace: Duration) -> Tally {
        self.shared.stop.store(true, Ordering::Relaxed);
        let all_home = async { while self.readers.join_next().await.is_some() {} };
        // Too late or not: the tally says who is missing.
        let _ = timeout(grace, all_home).await;
        self.tally()
    }
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        // Only counters change under this lock.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(shared: Arc<Shared>) {
    while !shared.stop.load(Ordering::Relaxed) {
        let n = shared.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let kind = shared.mix[(n % shared.mix.len() as u64) as usize];
        let post =
            shared.posts.get((n % shared.posts.len().max(1) as u64) as usize).copied().unwrap_or_default();
        shared.tally().asked += 1;
        let began = Instant::now();
        let pause = match kind.run(&shared.blog, || view(post, n)).await {
            Ok(_) => {
                shared.tally().succeed(began);
                shared.pause
            }
            Err(error) => {
                shared.tally().fail(&error);
                PAUSE_AFTER_ERROR
            }
        };
        sleep(pause).await;
    }
}
