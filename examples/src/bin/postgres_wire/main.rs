//! PostgreSQL's own protocol: tokio-postgres sessions, pooled, against the server that `cargo xtask setup` installs on loopback.
//!
//! `backend.rs` is all that the pool needs to know of PostgreSQL; `login.rs` makes a role for this run and removes it.
//!
//! ```sh
//! cargo xtask setup
//! cargo run -p examples --features transports --bin postgres_wire
//! ```

mod backend;
mod login;

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use futures::future::try_join_all;
use pool_async::pool_core::{CloseReason, Config, Safety};
use pool_async::{ExecuteError, Pool};
use pool_tokio::TokioClock;
use tokio::task::block_in_place;
use tokio_postgres::Error as PgError;

use crate::backend::{Postgres, Session};
use crate::login::Login;

type Sessions = Pool<Postgres, TokioClock>;
type Failed = ExecuteError<PgError, PgError>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let login = Login::new()?;
    println!("PostgreSQL listens on 127.0.0.1:{}", login.pair.postgres_port());
    let config = Config { max_connections: 4, waiters_max: Some(200), ..Config::default() };
    let (pool, driver) =
        Pool::builder(Postgres(login.config.clone()), TokioClock::new()).config(config).build()?;
    let driver = tokio::spawn(driver.run());

    let told = tell(&pool, &login).await;
    pool.drain().await;
    driver.await?;
    told?;
    println!("the pool is drained");
    Ok(())
}

async fn tell(pool: &Sessions, login: &Login) -> Result<(), Box<dyn Error>> {
    pool.warm_up(4, Duration::from_secs(10)).await?;
    let sessions = crowd(pool).await?;
    println!("100 callers at once were served by {} sessions, of 4 allowed", sessions.len());

    let victim = *sessions.first().ok_or("no session")?;
    let end = format!("select pg_terminate_backend({victim}, 60000)");
    block_in_place(|| login.pair.sql(&end))?;
    lost(pool).await;
    println!("the server ended session {victim}; the pool heard of it before any caller did");
    assert!(!crowd(pool).await?.contains(&victim));
    println!("100 more callers were served, none by the dead session");

    match pool.execute(Safety::Safe, async |session| session.client.batch_execute("select 1 / 0").await).await
    {
        Err(ExecuteError::Failed { error, attempts, .. }) if error.as_db_error().is_some() => {
            let words = error.as_db_error().map_or("", |answer| answer.message());
            println!("an error of SQL: {words}; tried {attempts} time, its session goes on");
        }
        other => return Err(format!("division by zero was expected to fail, not {other:?}").into()),
    }

    let total = pool.execute(Safety::Idempotent, transaction).await?;
    println!("a transaction on one session summed up to {total}");
    println!("{}", pool.status());
    Ok(())
}

/// A hundred callers at once, and who served them.
async fn crowd(pool: &Sessions) -> Result<BTreeSet<i32>, Failed> {
    Ok(try_join_all((0..100).map(|_| pid(pool))).await?.into_iter().collect())
}

/// Who served: the process that PostgreSQL has for each session.
async fn pid(pool: &Sessions) -> Result<i32, Failed> {
    let ask = async |session: &mut Session| session.client.query_one("select pg_backend_pid()", &[]).await;
    Ok(pool.execute(Safety::Safe, ask).await?.get(0))
}

/// Its table is gone with it, so running it twice is the same as running it once.
async fn transaction(session: &mut Session) -> Result<i64, PgError> {
    let transaction = session.client.transaction().await?;
    transaction.batch_execute("create temporary table numbers (n bigint) on commit drop").await?;
    let insert = "insert into numbers select generate_series(1, $1::bigint)";
    transaction.execute(insert, &[&100_i64]).await?;
    let sum = transaction.query_one("select sum(n)::bigint from numbers", &[]).await?.get(0);
    transaction.commit().await?;
    Ok(sum)
}

/// Ends when a connection was lost and taken out.
async fn lost(pool: &Sessions) {
    loop {
        let changed = pool.status_changed();
        if pool.stats().closed_for(CloseReason::Lost) > 0 {
            return;
        }
        changed.await;
    }
}
