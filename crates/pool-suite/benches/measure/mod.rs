//! How contenders are compared: in one process, taking turns, by the medians of their rounds; and a server that costs little.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, join_all};
use smol::LocalExecutor;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};

/// The length of each answer of [`serve`].
pub(crate) const BODY: usize = 1024;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) requests: usize,
    pub(crate) concurrency: usize,
}

impl Plan {
    /// What `cargo bench` asks for, or one short round that shows that it works.
    pub(crate) fn new(rounds: usize, requests: usize, concurrency: usize) -> Plan {
        match std::env::args().any(|argument| argument == "--bench") {
            true => Plan { rounds, requests, concurrency },
            false => Plan { rounds: 1, requests: requests.min(2 * concurrency), concurrency },
        }
    }
}

/// Requests per second; latencies in microseconds.
struct Round {
    rate: f64,
    p50: f64,
    p99: f64,
}

type Play = Box<dyn Fn(Plan) -> BoxFuture<'static, (Vec<Duration>, Duration)>>;

/// Contenders for the same work. The first is what the others are compared with.
pub(crate) struct Contest {
    title: String,
    plan: Plan,
    contenders: Vec<(&'static str, Play)>,
}

impl Contest {
    pub(crate) fn new(title: &str, plan: Plan) -> Contest {
        Contest { title: title.to_owned(), plan, contenders: Vec::new() }
    }

    /// A contender: `one` is a request with its answer read to the end, and `spawn` runs a task on its runtime.
    pub(crate) fn contender<F, S>(
        mut self,
        name: &'static str,
        spawn: fn(BoxFuture<'static, Vec<Duration>>) -> S,
        one: impl Fn() -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        S: Future<Output = Vec<Duration>> + Send + 'static,
    {
        let play = move |plan: Plan| -> BoxFuture<'static, (Vec<Duration>, Duration)> {
            let begun = Instant::now();
            let tasks: Vec<S> = (0..plan.concurrency)
                .map(|_| spawn(Box::pin(caller(plan.requests / plan.concurrency, one.clone()))))
                .collect();
            Box::pin(async move { (join_all(tasks).await.concat(), begun.elapsed()) })
        };
        self.contenders.push((name, Box::new(play)));
        self
    }

    /// Has the contenders take turns, and prints the medians.
    pub(crate) async fn run(self) {
        let Contest { title, plan, contenders } = self;
        let mut rounds: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
        for _ in 0..plan.rounds {
            for ((_, play), rounds) in contenders.iter().zip(&mut rounds) {
                let (took, elapsed) = play(plan).await;
                rounds.push(summary(took, elapsed));
            }
        }
        let Plan { rounds: count, requests, concurrency } = plan;
        println!("\n{title}: {concurrency} at once, {requests} requests a round, medians of {count} rounds");
        let of = |rounds: &[Round], what: fn(&Round) -> f64| median(rounds.iter().map(what));
        let first = of(&rounds[0], |round| round.rate);
        println!("{:34} {:>9} {:>7} {:>9} {:>9}", "", "/s", "ratio", "p50 us", "p99 us");
        for ((name, _), rounds) in contenders.iter().zip(&rounds) {
            let rate = of(rounds, |round| round.rate);
            let (p50, p99) = (of(rounds, |round| round.p50), of(rounds, |round| round.p99));
            println!("{name:34} {rate:9.0} {:7.2} {p50:9.0} {p99:9.0}", rate / first);
        }
    }
}

async fn caller<F: Future<Output = ()>>(requests: usize, one: impl Fn() -> F) -> Vec<Duration> {
    let mut took = Vec::with_capacity(requests);
    for _ in 0..requests {
        let begun = Instant::now();
        one().await;
        took.push(begun.elapsed());
    }
    took
}

fn summary(mut took: Vec<Duration>, elapsed: Duration) -> Round {
    let rate = took.len() as f64 / elapsed.as_secs_f64();
    took.sort_unstable();
    let at = |percent: usize| took[took.len() * percent / 100].as_secs_f64() * 1e6;
    Round { rate, p50: at(50), p99: at(99) }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server on a thread of its own, which answers [`BODY`] bytes to every request without looking at it.
pub(crate) fn serve() -> SocketAddr {
    let (tell, address) = mpsc::channel();
    std::thread::spawn(move || {
        let executor = LocalExecutor::new();
        smol::block_on(executor.run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("somebody listens");
            while let Ok((socket, _)) = listener.accept().await {
                executor.spawn(answer(socket)).detach();
            }
        }));
    });
    address.recv().expect("an address")
}

async fn answer(mut socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\n\r\n").into_bytes();
    answer.extend_from_slice(&[b'x'; BODY]);
    let mut head = [0; 4096];
    let mut filled = 0;
    loop {
        let length = socket.read(&mut head[filled..]).await?;
        if length == 0 {
            return Ok(());
        }
        filled += length;
        if head[..filled].ends_with(b"\r\n\r\n") {
            filled = 0;
            socket.write_all(&answer).await?;
        }
    }
}
