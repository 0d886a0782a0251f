//! bb8-postgres' and deadpool-postgres' managers on a real server. Every story is told of both, and of deadpool's also without the
//! closure that knows dead connections, so that only errors and probes tell.

use std::error::Error;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use bb8_postgres::PostgresConnectionManager;
use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod};
use futures::future::{join, join_all, try_join_all};
use pool_async::pool_core::{CloseReason, Config, FaultClass, Outcome, RetryPolicy, Safety, StopReason};
use pool_async::{AcquireOptions, Backend, ConnectError, ExecuteError, Fault, Pool, TokioClock};
use pool_compat::{Bb8, Bb8Conn, Deadpool, DeadpoolConn, Failure};
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::types::FromSql;
use tokio_postgres::{Client, Config as Server, Error as PgError, NoTls};

use crate::login::Login;

type Bb8Postgres = Bb8<PostgresConnectionManager<NoTls>>;
type DeadpoolPostgres = Deadpool<Manager>;

/// A backend of PostgreSQL sessions, however wrapped.
trait Sessions: Backend<Error = Failure<PgError>> {
    fn session(conn: &mut Self::Conn) -> &Client;
}

impl Sessions for Bb8Postgres {
    fn session(conn: &mut Self::Conn) -> &Client {
        conn.get_mut()
    }
}

impl Sessions for DeadpoolPostgres {
    fn session(conn: &mut Self::Conn) -> &Client {
        conn
    }
}

fn judge(failure: &Failure<PgError>) -> Fault {
    let answered = |error: &DbError| error.parsed_severity() == Some(Severity::Error);
    let fair = matches!(failure, Failure::Work(error) if error.as_db_error().is_some_and(answered));
    if fair { Fault::application() } else { failure.fault() }
}

fn bb8(server: Server) -> Bb8Postgres {
    Bb8::new(PostgresConnectionManager::new(server, NoTls)).classify(judge)
}

fn deadpool(server: Server) -> DeadpoolPostgres {
    deadpool_unknowing(server).broken_when(|client| client.is_closed())
}

fn deadpool_unknowing(server: Server) -> DeadpoolPostgres {
    // `Fast`, the default, asks the client and not the server: no sign of life.
    let recycling_method = RecyclingMethod::Verified;
    let manager = Manager::from_config(server, NoTls, ManagerConfig { recycling_method });
    Deadpool::new(manager).classify(judge)
}

/// Nothing here is to end by a time limit.
fn config() -> Config {
    let hour = Duration::from_secs(3600);
    Config {
        min_connections: 0,
        max_connections: 4,
        waiters_max: Some(1000),
        acquire_timeout: hour,
        connection_timeout: hour,
        probe_timeout: hour,
        retry: RetryPolicy { delay: Duration::from_millis(1), ..RetryPolicy::default() },
        ..Config::default()
    }
}

type Sessioned<B> = Pool<B, TokioClock>;

/// Runs `story` beside the driver, and ends when the pool has drained.
async fn tell<B: Backend>(backend: B, story: impl AsyncFnOnce(&Sessioned<B>)) {
    let (pool, driver) = Pool::builder(backend, TokioClock::new()).config(config()).build().unwrap();
    let told = async {
        story(&pool).await;
        pool.check().unwrap();
        pool.drain().await;
    };
    join(driver.run(), told).await;
}

async fn number<B: Sessions, T: for<'a> FromSql<'a>>(pool: &Sessioned<B>, sql: &str) -> T {
    let ask = async |conn: &mut B::Conn| Ok(B::session(conn).query_one(sql, &[]).await?.get(0));
    pool.execute(Safety::Safe, ask).await.unwrap()
}

async fn pid<B: Sessions>(pool: &Sessioned<B>) -> i32 {
    number(pool, "select pg_backend_pid()").await
}

/// Has four connections open at once.
async fn fill<B: Sessions>(pool: &Sessioned<B>) {
    for lease in try_join_all((0..4).map(|_| pool.acquire())).await.unwrap() {
        lease.release(Outcome::Success);
    }
}

macro_rules! told_of_all {
    ($($story:ident)*) => {
        told_of_all!(in with_bb8, bb8: $($story)*);
        told_of_all!(in with_deadpool, deadpool: $($story)*);
        told_of_all!(in with_deadpool_unknowing, deadpool_unknowing: $($story)*);
    };
    (in $name:ident, $backend:ident: $($story:ident)*) => {
        mod $name {
            $(#[tokio::test]
            async fn $story() {
                super::$story(super::$backend).await;
            })*
        }
    };
}

told_of_all! {
    a_killed_session_is_replaced
    all_that_are_killed_at_once_are_replaced
    a_pool_of_four_never_opens_more_than_four
    a_refused_server_gives_the_cause_at_once
    a_wrong_password_is_told_as_the_server_tells_it
    an_error_of_sql_keeps_its_connection_and_is_not_tried_again
    a_connection_that_must_prove_alive_is_tested_by_its_manager
}

/// The runtime stands still while the server kills: the client has not noticed anything when the connection is handed out.
async fn a_killed_session_is_replaced<B: Sessions>(backend: fn(Server) -> B) {
    let login = Login::new().unwrap();
    tell(backend(login.config()), async |pool| {
        let before = pid(pool).await;
        assert_eq!(pid(pool).await, before);
        login.kill(before);
        let after = pid(pool).await;
        assert_ne!(after, before);
        assert_eq!(pid(pool).await, after);
        let stats = pool.stats();
        assert_eq!((stats.opened, stats.closed_for(CloseReason::Broken)), (2, 1));
    })
    .await;
}

async fn all_that_are_killed_at_once_are_replaced<B: Sessions>(backend: fn(Server) -> B) {
    let login = Login::new().unwrap();
    tell(backend(login.config()), async |pool| {
        fill(pool).await;
        assert_eq!(login.kill_all(), 4);
        join_all((0..16).map(|_| pid(pool))).await;
        let status = pool.status();
        assert_eq!((status.unhealthy, status.closing, status.waiting), (0, 0, 0));
        let closed: u64 = pool.stats().closed.iter().sum();
        assert_eq!(closed, 4, "{:?}", pool.stats());
    })
    .await;
}

async fn a_pool_of_four_never_opens_more_than_four<B: Sessions>(backend: fn(Server) -> B) {
    let login = Login::new().unwrap();
    tell(backend(login.config()), async |pool| {
        let leases = try_join_all((0..4).map(|_| pool.acquire())).await.unwrap();
        assert!(pool.try_acquire().unwrap_err().is_exhausted());
        drop(leases);
        let count = "select count(*) from pg_stat_activity where usename = current_user";
        let seen = join_all((0..64).map(|_| number::<B, i64>(pool, count))).await;
        assert_eq!(seen, [4; 64]);
        assert_eq!(pool.stats().opened, 4);
    })
    .await;
}

async fn a_refused_server_gives_the_cause_at_once<B: Sessions>(backend: fn(Server) -> B) {
    // Nobody listens on a port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Server::new();
    server.host("127.0.0.1").port(port).user("nobody");
    tell(backend(server), async |pool| {
        // It could wait for an hour.
        let error = pool.acquire().await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
        assert_eq!(error.cause().unwrap().class, FaultClass::Endpoint);
        assert!(
            matches!(error.connect_error(), Some(ConnectError::Failed(Failure::Connect(_)))),
            "{error:?}"
        );
        let refused = error_of_socket(&error).expect("an error of the socket");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    })
    .await;
}

fn error_of_socket<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    error.downcast_ref().or_else(|| error.source().and_then(error_of_socket))
}

async fn a_wrong_password_is_told_as_the_server_tells_it<B: Sessions>(backend: fn(Server) -> B) {
    let login = Login::new().unwrap();
    let mut server = login.config();
    server.password("wrong");
    tell(backend(server), async |pool| {
        let error = pool.acquire().await.unwrap_err();
        let Some(ConnectError::Failed(Failure::Connect(cause))) = error.connect_error() else {
            panic!("{error:?}");
        };
        assert_eq!(cause.code(), Some(&SqlState::INVALID_PASSWORD));
    })
    .await;
}

async fn an_error_of_sql_keeps_its_connection_and_is_not_tried_again<B: Sessions>(backend: fn(Server) -> B) {
    let login = Login::new().unwrap();
    tell(backend(login.config()), async |pool| {
        let before = pid(pool).await;
        let error = pool.execute(Safety::Safe, divide_by_zero::<B>).await.unwrap_err();
        let ExecuteError::Failed { error, attempts, stop, .. } = error else { panic!("{error}") };
        assert_eq!((attempts, stop), (1, StopReason::Permanent));
        assert_eq!(error.error().and_then(PgError::code), Some(&SqlState::DIVISION_BY_ZERO));
        assert_eq!(pid(pool).await, before);
    })
    .await;
}

async fn divide_by_zero<B: Sessions>(conn: &mut B::Conn) -> Result<(), Failure<PgError>> {
    Ok(B::session(conn).batch_execute("select 1 / 0").await?)
}

async fn a_connection_that_must_prove_alive_is_tested_by_its_manager<B: Sessions>(backend: fn(Server) -> B) {
    let login = Login::new().unwrap();
    tell(backend(login.config()), async |pool| {
        let before = pid(pool).await;
        let proven = AcquireOptions { proven_since: Some(pool.now()), ..AcquireOptions::default() };
        drop(pool.acquire_with(proven).await.unwrap());
        assert_eq!((pool.stats().probes, pool.stats().probe_failures), (1, 0));
        assert_eq!(pid(pool).await, before);
        login.kill(before);
        let proven = AcquireOptions { proven_since: Some(pool.now()), ..AcquireOptions::default() };
        drop(pool.acquire_with(proven).await.unwrap());
        assert_ne!(pid(pool).await, before);
        assert_eq!(pool.stats().probe_failures, 1);
    })
    .await;
}

#[tokio::test]
async fn an_error_that_nobody_judges_closes_its_connection() {
    let login = Login::new().unwrap();
    let manager = PostgresConnectionManager::new(login.config(), NoTls);
    tell(Bb8::new(manager), async |pool| {
        let before = pid(pool).await;
        let error = pool.execute(Safety::Unsafe, divide_by_zero::<Bb8Postgres>).await.unwrap_err();
        assert!(matches!(error, ExecuteError::Failed { stop: StopReason::MaybeSent, .. }), "{error}");
        assert_ne!(pid(pool).await, before);
        assert_eq!(pool.stats().closed_for(CloseReason::Broken), 1);
    })
    .await;
}

const fn assert_send_and_sync<T: Send + Sync>() {}

const _: () = {
    assert_send_and_sync::<Sessioned<Bb8Postgres>>();
    assert_send_and_sync::<Sessioned<DeadpoolPostgres>>();
    assert_send_and_sync::<Failure<PgError>>();
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_can_be_spawned_on_a_runtime_with_several_threads() {
    let login = Login::new().unwrap();
    let (one, first) =
        Pool::builder(bb8(login.config()), TokioClock::new()).config(config()).build().unwrap();
    let (other, second) =
        Pool::builder(deadpool(login.config()), TokioClock::new()).config(config()).build().unwrap();
    let drivers = [tokio::spawn(first.run()), tokio::spawn(second.run())];
    let caller = tokio::spawn(async move {
        let first = one.execute(Safety::Safe, async |conn: &mut Bb8Conn<Client>| {
            Ok(conn.get_mut().query_one("select 1", &[]).await?.get::<_, i32>(0))
        });
        assert_eq!(first.await.unwrap(), 1);
        let second = other.execute(Safety::Safe, async |conn: &mut DeadpoolConn<Manager>| {
            Ok(conn.query_one("select 1", &[]).await?.get::<_, i32>(0))
        });
        assert_eq!(second.await.unwrap(), 1);
        join(one.drain(), other.drain()).await;
    });
    caller.await.unwrap();
    for driver in drivers {
        driver.await.unwrap();
    }
}
