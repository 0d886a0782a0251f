//! A program over the pool, for any of its runtimes. This file is compiled once for each: all that says which is `crate::pool`, one import in
//! the file that includes it.
//!
//! Rule kept here: nothing is used but the names that are the same everywhere, so that what compiles for one runtime does for all.

use std::error::Error;
use std::time::Duration;

use supabase_sim::{CannedAnswer, Fault, Simulator};

use crate::pool::pool_core::{Config, Safety};
use crate::pool::pool_http::Limits;
use crate::pool::pool_supabase::query::Select;
use crate::pool::{
    Builder, Client, ErrorClass, HttpError, Operation, Order, PoolSettings, Priority, Probe, Protocol, Query,
    Service, SupabaseConfig, SupabasePool, http,
};

const SECOND: Duration = Duration::from_secs(1);

#[derive(serde::Deserialize)]
struct Blog {
    id: i64,
}

/// The newest posts, as an operation of a service.
struct Newest(u64);

impl Operation for Newest {
    type Output = Vec<Blog>;
    type Kind = Select;
    const NAME: &'static str = "newest";
    const PRIORITY: Priority = Priority::High;
    const TIMEOUT: Duration = SECOND;

    fn query(&self, db: &Client) -> Query<Vec<Blog>> {
        db.from("blogs").select("id").order("id", Order::DESC).limit(self.0)
    }
}

/// Tells its story on standard output; the same on every runtime.
pub(crate) async fn run(sim: &Simulator) -> Result<(), Box<dyn Error>> {
    let db = open(sim)?;
    a_query(&db).await?;
    a_bad_gateway(&db, sim).await?;
    a_request_of_ones_own(&db, sim).await?;
    a_service(db).await
}

/// Not `connect` alone, to show that what lies deeper has the same names too.
fn open(sim: &Simulator) -> Result<SupabasePool, Box<dyn Error>> {
    let settings = PoolSettings { max_connections: 4, ..PoolSettings::development() };
    let config = SupabaseConfig::builder().url(sim.url()).key(sim.anon_key()).settings(settings).build()?;
    let key: http::HeaderValue = sim.anon_key().parse()?;
    let probe = Probe::get("/rest/v1/rpc/ping".parse()?).header(http::HeaderName::from_static("apikey"), key);
    let db = Builder::new(&config)
        .transport(|transport| transport.protocol(Protocol::Http1).probe(probe))
        .pool(|pool| Config { waiters_max: Some(100), ..pool })
        .connect()?;
    Ok(db)
}

async fn a_query(db: &SupabasePool) -> Result<(), Box<dyn Error>> {
    let query = db.from("blogs").select::<Blog>("id").lte("id", 3).order("id", Order::ASC);
    let ids: Vec<i64> = db.execute_with_connection(query).await?.iter().map(|blog| blog.id).collect();
    println!("a query: {ids:?}");
    Ok(())
}

/// A read is tried again; an error that stays has a class.
async fn a_bad_gateway(db: &SupabasePool, sim: &Simulator) -> Result<(), Box<dyn Error>> {
    sim.inject(Fault::answer(CannedAnswer::edge(522)).times(1));
    let query = db.from("blogs").select::<Blog>("id").eq("id", 4);
    println!("a read survives one 522: {} row", db.execute_with_connection(query).await?.len());
    let Err(error) = db.execute_with_connection(db.from("nothing").select::<Blog>("id")).await else {
        return Err("there is a table of that name".into());
    };
    assert_eq!(error.class(), ErrorClass::Schema);
    println!("a table that is not there: {:?}", error.class());
    Ok(())
}

/// Past the query builder: what a lease lends speaks the pool's own HTTP types on every runtime.
async fn a_request_of_ones_own(db: &SupabasePool, sim: &Simulator) -> Result<(), Box<dyn Error>> {
    use crate::pool::pool_http::{HttpConnection, Request};

    let mut request = Request::new(http::Method::GET, "/rest/v1/rpc/ping".parse()?, "ping");
    request.headers.insert("apikey", sim.anon_key().parse()?);
    let answer = db
        .pool()
        .execute(Safety::Safe, async |conn| {
            conn.send(request.clone(), Limits::within(SECOND)).await.map_err(HttpError::from)
        })
        .await?;
    println!("a request of one's own: {}", answer.status);
    Ok(())
}

async fn a_service(db: SupabasePool) -> Result<(), Box<dyn Error>> {
    let service = Service::new(db);
    let newest = service.execute_with_pool(&Newest(2)).await?;
    let stats = service.operations();
    println!("a service: {} rows; `newest` succeeded {} time", newest.len(), stats["newest"].succeeded);
    service.pool().pool().shutdown(SECOND).await;
    let late = service.execute_with_pool(&Newest(1)).await;
    println!("after the end: {:?}", late.err().map(|error| error.class()));
    Ok(())
}
