//! A protocol of one's own on smol: frames over TCP, pooled.
//!
//! `wire.rs` is the protocol, `backend.rs` all that the pool needs to know of it, `server.rs` the other side, in threads of this program.
//!
//! ```sh
//! cargo run -p examples --features transports --bin length_prefixed
//! ```

mod backend;
mod server;
mod wire;

use std::error::Error;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use pool_async::pool_core::{CloseReason, Config, Safety};
use pool_async::{ExecuteError, Pool};
use smol::future::{or, zip};

use crate::backend::{Frames, SmolClock};
use crate::server::Server;
use crate::wire::{WireError, ask};

type FramePool = Pool<Frames, SmolClock>;

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::start()?;
    println!("a server listens on {}", server.address);
    let config = Config { max_connections: 4, waiters_max: Some(200), ..Config::default() };
    let (pool, driver) =
        Pool::builder(Frames(server.address), SmolClock(Instant::now())).config(config).build()?;
    smol::block_on(async {
        let told = async {
            let told = tell(&pool, &server).await;
            pool.drain().await;
            told
        };
        zip(driver.run(), told).await.1
    })?;
    println!("the pool is drained");
    Ok(())
}

async fn tell(pool: &FramePool, server: &Server) -> Result<(), Box<dyn Error>> {
    pool.warm_up(4, Duration::from_secs(10)).await?;
    let served = crowd(pool, 200).await?;
    println!("{served} callers at once were served over at most {} connections", server.most());

    // Whoever is quicker ends the other: the one in silence is dropped in the middle of its request.
    let silence = async { request(pool, "silence").await.map(drop) };
    or(silence, async { crowd(pool, 4).await.map(drop) }).await?;
    let served = crowd(pool, 50).await?;
    let closed = pool.stats().closed_for(CloseReason::Broken);
    println!(
        "a request was dropped half-way; {served} later ones got their own answers, {closed} connection was closed"
    );

    request(pool, "bye").await?;
    let served = crowd(pool, 50).await?;
    println!("the server hung up on one connection; {served} later requests did not notice");

    match request(pool, "dance").await {
        Err(ExecuteError::Failed { error: WireError::Said(words), attempts, .. }) => {
            println!("tried {attempts} time, connection kept: {words}");
        }
        other => return Err(format!("an error of the server's was expected, not {other:?}").into()),
    }

    println!("{}", pool.status());
    Ok(())
}

type Failed = ExecuteError<WireError, WireError>;

async fn request(pool: &FramePool, request: &str) -> Result<String, Failed> {
    pool.execute(Safety::Safe, async |socket| ask(socket, request).await).await
}

/// So many requests at once, each of which must get its own answer.
async fn crowd(pool: &FramePool, callers: usize) -> Result<usize, Failed> {
    let caller = async |n: usize| {
        let answer = request(pool, &format!("shout caller {n}")).await?;
        assert_eq!(answer, format!("CALLER {n}"));
        Ok(())
    };
    Ok(try_join_all((0..callers).map(caller)).await?.len())
}
