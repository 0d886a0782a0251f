//! Those who call: 64 tasks that draw one call after the other, and note how each ended.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pool_tokio::pool_supabase::{CallOptions, Code, Error, ErrorClass};
use pool_tokio::{Order, SupabasePool};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::scratch::Scratch;
use crate::support::Secrets;

/// Calls in all.
pub(crate) const CALLS: usize = 10_000;
/// Calls at once.
const HANDS: usize = 64;
/// Calls from this one on wait until the trouble is over.
const AFTER: usize = CALLS * 7 / 10;
/// The time for one call, with all its attempts and waits.
const CALL: Duration = Duration::from_secs(20);
/// By how much a loaded machine may be late; a call that takes longer is stuck.
const GRACE: Duration = Duration::from_secs(20);

/// All 64, at work.
pub(crate) struct Crew {
    hands: JoinSet<()>,
    desk: Arc<Desk>,
    ended: watch::Sender<usize>,
    go_on: watch::Sender<bool>,
}

/// What the hands share.
struct Desk {
    next: AtomicUsize,
    /// The beginning of the names of all viewers.
    name: String,
    secrets: Secrets,
    report: Mutex<Report>,
}

/// How the calls ended.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: usize,
    errors: BTreeMap<String, usize>,
    /// Did not end within their time.
    pub(crate) stuck: usize,
    /// The longest that a call took.
    slowest: Duration,
    /// Errors of calls that began after the trouble, and errors that such a trouble is no reason for.
    pub(crate) surprises: Vec<String>,
    /// What became of each write, as its caller knows it.
    pub(crate) writes: BTreeMap<String, Known>,
}

/// What the caller of a write knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Done,
    NotDone,
    Maybe,
}

impl Crew {
    pub(crate) fn start(db: &SupabasePool, scratch: &Scratch<'_>, secrets: Secrets) -> Self {
        let (next, name, report) = (AtomicUsize::new(0), scratch.name().to_owned(), Mutex::default());
        let desk = Arc::new(Desk { next, name, secrets, report });
        let (ended, go_on) = (watch::Sender::new(0), watch::Sender::new(false));
        let mut hands = JoinSet::new();
        for _ in 0..HANDS {
            hands.spawn(work(db.clone(), desk.clone(), ended.clone(), go_on.subscribe()));
        }
        Crew { hands, desk, ended, go_on }
    }

    /// Waits until so many calls have ended.
    pub(crate) async fn ended(&self, calls: usize) {
        self.ended.subscribe().wait_for(|ended| *ended >= calls).await.expect("the sender is here");
    }

    /// Says that the trouble is over.
    pub(crate) fn go_on(&self) {
        self.go_on.send_replace(true);
    }

    /// Waits for all calls to end.
    pub(crate) async fn finish(mut self) -> Report {
        while let Some(hand) = self.hands.join_next().await {
            hand.expect("no call panics");
        }
        std::mem::take(&mut *self.desk.report.lock().unwrap())
    }
}

/// One of the 64.
async fn work(
    db: SupabasePool,
    desk: Arc<Desk>,
    ended: watch::Sender<usize>,
    mut go_on: watch::Receiver<bool>,
) {
    loop {
        let n = desk.next.fetch_add(1, Ordering::Relaxed);
        if n >= CALLS {
            return;
        }
        if n >= AFTER {
            go_on.wait_for(|over| *over).await.expect("the crew is there");
        }
        let viewer = format!("{}-{n}", desk.name);
        let start = Instant::now();
        let answer = timeout(CALL + GRACE, call(&db, n, &viewer)).await;
        desk.note(n, viewer, start.elapsed(), answer.ok());
        ended.send_modify(|ended| *ended += 1);
    }
}

/// The calls in turn: three reads and two writes of five.
async fn call(db: &SupabasePool, n: usize, viewer: &str) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Blog {
        id: i64,
    }
    let (blog, options) = (1 + (n / 5 % 10), CallOptions { timeout: CALL, ..CallOptions::default() });
    match n % 5 {
        0 => {
            let query = db.from("blogs").select::<Blog>("id,title,tags").order("id", Order::ASC).limit(5);
            db.execute_with_options(query, options).await.map(|rows| assert_eq!(rows.len(), 5))
        }
        1 => {
            let row = json!({ "blog_id": blog, "viewer": viewer });
            db.execute_with_options(db.from("blog_views").insert(&row), options).await
        }
        2 => {
            let query = db.from("blogs").select::<Blog>("id").eq("id", blog as u64).single();
            db.execute_with_options(query, options).await.map(|row| assert_eq!(row.id, blog as i64))
        }
        3 => {
            let arguments = json!({ "blog_id": blog, "viewer": viewer });
            let query = db.rpc::<i64>("record_blog_view", &arguments);
            db.execute_with_options(query, options).await.map(|views| assert!(views > 0))
        }
        _ => {
            let query =
                db.rpc::<Vec<serde_json::Value>>("blog_analytics", &json!({ "days": 30 })).read_only();
            db.execute_with_options(query, options).await.map(|rows| assert_eq!(rows.len(), 10))
        }
    }
}

impl Desk {
    fn note(&self, n: usize, viewer: String, took: Duration, answer: Option<Result<(), Error>>) {
        if let Some(Err(error)) = &answer {
            self.secrets.are_not_in_error(error);
        }
        let mut report = self.report.lock().unwrap();
        report.slowest = report.slowest.max(took);
        let known = match answer {
            Some(Ok(())) => {
                report.rows += 1;
                Known::Done
            }
            Some(Err(error)) => {
                *report.errors.entry(format!("{:?}", error.class())).or_default() += 1;
                if n >= AFTER || !is_expected(error.class()) {
                    report.surprises.push(error.to_string());
                }
                if did_not_run(&error) { Known::NotDone } else { Known::Maybe }
            }
            None => {
                report.stuck += 1;
                Known::Maybe
            }
        };
        if matches!(n % 5, 1 | 3) {
            report.writes.insert(viewer, known);
        }
    }
}

/// A call without a connection in the end was never sent, or was refused before without having run; and where PostgREST had no
/// connection to the database, or no schema, nothing ran either.
fn did_not_run(error: &Error) -> bool {
    matches!(error, Error::Acquire { .. }) || matches!(error.code(), Some(Code::Postgrest(0 | 2 | 3)))
}

/// Whether a server that goes down is a reason for an error of this class.
fn is_expected(class: ErrorClass) -> bool {
    use ErrorClass::{Connection, Overload, Timeout, Unavailable};
    [Connection, Overload, Timeout, Unavailable].contains(&class)
}

impl Report {
    /// Calls that ended, or that were given up.
    pub(crate) fn calls(&self) -> usize {
        self.rows + self.errors.values().sum::<usize>() + self.stuck
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |known| self.writes.values().filter(|&&each| each == known).count();
        let Report { rows, errors, stuck, slowest, .. } = self;
        let (done, not, maybe) = (count(Known::Done), count(Known::NotDone), count(Known::Maybe));
        write!(
            f,
            "{rows} answered, errors {errors:?}, {stuck} stuck; writes: {done} done, {not} not done, {maybe} uncertain; \
             slowest call {slowest:.1?}"
        )
    }
}
