use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ground::contest::{Contest, Sample};
use ground::runtime::Tokio;
use pool_tokio::{PoolSettings, SupabaseConfig, SupabasePool};

use super::Scenario;
use super::entrants::Entrants;
use crate::caller::{Ask, Caller, Failed, Target};
use crate::load::{Seen, all};

const CALLERS: usize = 200;
const TURN: Duration = Duration::from_secs(3);

/// What a call may take, by anybody's watch.
const LIMIT: Duration = Duration::from_secs(10);

/// Milliseconds that a statement takes. With PostgREST's ten connections, 200 callers wait two seconds for one of them, which is longer than
/// the second that this PostgREST gives them.
const STATEMENT: u32 = 100;

/// PostgREST's status when none of its connections was free in time (PGRST003).
const NO_CONNECTION: u16 = 504;

/// A PostgREST with ten connections to PostgreSQL, for one of which a request waits a second at the most.
#[derive(Clone)]
pub struct Place {
    pub url: String,
    pub key: String,
}

/// 200 callers who ask again at once, and a PostgREST that can do a hundred statements a second.
#[derive(Clone)]
struct Saturated(Place);

pub fn contest(place: Place) -> Contest<()> {
    let contest = Contest::new("PostgREST's own ten connections, 200 callers");
    let to = place.clone();
    let ours = async move |_| Supabase::open(&to, PoolSettings::default());
    let to = place.clone();
    let once = async move |_| {
        let settings = PoolSettings { retry_attempts: 1, ..PoolSettings::default() };
        Supabase::open(&to, settings)
    };
    Entrants::new(contest, Saturated(place))
        .shared()
        // As many as there are callers: it knows of no limit at the other end.
        .kit(CALLERS)
        .with("here, 10 connections", ours)
        .with("… without retry", once)
        .contest()
}

impl Scenario for Saturated {
    async fn play<C: Caller>(&self, make: &impl AsyncFn(Target) -> C) -> Sample {
        let Place { url, key } = &self.0;
        let target = Target::new(url.clone(), format!("/rpc/slow?ms={STATEMENT}"))
            .header("apikey", key)
            .header("authorization", &format!("Bearer {key}"))
            .limit(LIMIT);
        let caller = make(target).await;
        let begun = Instant::now();
        let end = begun + TURN;
        let mut seen = all::<Tokio, _, _>(CALLERS, |_| {
            let caller = caller.clone();
            async move {
                let mut seen = Seen::default();
                while Instant::now() < end {
                    seen.call(&caller, Ask::Get).await;
                }
                seen
            }
        })
        .await;
        let turned_away = seen.failed.iter().filter(|failed| failed.status == Some(NO_CONNECTION)).count();
        vec![
            ("answers/s", seen.took.len() as f64 / begun.elapsed().as_secs_f64()),
            ("PGRST003", turned_away as f64),
            ("failed, %", seen.failed_percent()),
            ("p50 ms", seen.at(0.5)),
            ("p99 ms", seen.at(0.99)),
        ]
    }
}

/// A call of the database's function `slow`, through this project's own pool.
#[derive(Clone)]
struct Supabase(SupabasePool);

impl Supabase {
    fn open(place: &Place, settings: PoolSettings) -> Supabase {
        let config =
            SupabaseConfig::builder().url(&place.url).rest_path("/").key(&place.key).settings(settings);
        // The queue is bounded at ten callers per connection, which is less than there are.
        let builder = pool_tokio::Builder::new(&config.build().expect("a configuration"));
        let wide = builder.pool(|mut config| {
            config.waiters_max = Some(CALLERS as u32);
            config
        });
        Supabase(wide.connect().expect("a valid configuration"))
    }
}

impl Caller for Supabase {
    async fn call(&self, _: Ask) -> Result<u16, Failed> {
        let query = self.0.rpc::<u32>("slow", &BTreeMap::from([("ms", STATEMENT)]));
        let options = pool_tokio::pool_supabase::CallOptions { timeout: LIMIT, ..Default::default() };
        match self.0.execute_with_options(query.read_only(), options).await {
            Ok(_) => Ok(200),
            Err(error) => {
                let status = error.api().map(|answer| answer.status.as_u16());
                Err(Failed::new(&error).status(status))
            }
        }
    }
}
