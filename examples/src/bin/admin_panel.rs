//! A pool that is watched: `cargo run -p examples --bin admin_panel`, then open what it prints.
//!
//! The panel, the metrics and the alerts are what an application gets in five lines, which are in `watch`. Without an account the pool
//! is one to a simulator in this process, and once a minute something goes wrong there; with one, its project is queried gently.

use std::error::Error;
use std::hash::BuildHasher;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use examples::arguments::Arguments;
use examples::blog::BlogService;
use examples::program;
use examples::target::Target;
use examples::words;
use pool_tokio::TokioClock;
use pool_tokio::monitor::{Alert, AlertState, Monitor, Panel, serve};
use pool_tokio::pool_supabase::Error as QueryError;
use supabase_sim::{Fault, Simulator};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

const HELP: &str = "\
A pool under load, with its admin panel, its metrics and its alerts.

    cargo run -p examples --bin admin_panel -- [--port N] [--seconds N]

    --port N      where the panel listens on 127.0.0.1; 9090 if not said, 0 for any
    --seconds N   how long it runs, 3 to 600; until Ctrl-C if not said

Without an account it runs on a simulator in this process, where something goes wrong once a minute.
Set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY to run on your project, which is only queried, and gently.";

/// The panel's port, if it was not said.
const PORT: u16 = 9090;
/// Readers of the simulator's blog, and of a project's.
const READERS: (usize, usize) = (24, 2);
/// How long those who are being served have when the pool closes.
const GRACE: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    program::main("admin_panel", HELP, run).await
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let (target, config) = Target::choose().await?;
    let blog = BlogService::new(pool_tokio::connect(&config)?);
    let panel = watch(&blog, arguments.port.unwrap_or(PORT)).await?;

    let readers = if target.simulator().is_some() { READERS.0 } else { READERS.1 };
    println!("{} read a blog on {}.\n", words::count(readers as u64, "reader"), target.title(&config));
    println!("The panel    http://{panel}/");
    println!("The metrics  http://{panel}/metrics\n");
    let mut tasks = JoinSet::new();
    for number in 0..readers {
        tasks.spawn(read(blog.clone(), number as u64, target.simulator().is_some()));
    }
    let end = async {
        match arguments.length {
            Some(length) => sleep(length).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = end => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
        () = trouble(target.simulator()) => {}
    }
    tasks.shutdown().await;
    blog.close(GRACE).await;
    println!("Closed.");
    Ok(ExitCode::SUCCESS)
}

/// What an application writes to be watched. Returns where the panel is.
async fn watch(blog: &BlogService, port: u16) -> Result<std::net::SocketAddr, Box<dyn Error>> {
    let begun = Instant::now();
    let monitor = Monitor::builder().on_alert(move |alert| tell(begun, alert)).build();
    blog.watch(&monitor)?;
    tokio::spawn(monitor.run(TokioClock::new()));

    let token = token();
    println!("Whoever brings the token {token} may operate the pool.");
    let panel = Panel::new(monitor).operators(token)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(|error| {
        format!("cannot listen on 127.0.0.1:{port}: {error}; choose another port with --port")
    })?;
    let place = listener.local_addr()?;
    tokio::spawn(serve(panel, listener));
    Ok(place)
}

/// An application would page somebody.
fn tell(begun: Instant, alert: &Alert) {
    let at = begun.elapsed().as_secs();
    match alert.state {
        AlertState::Resolved => println!("{at:>5} s  over: {}", alert.name),
        AlertState::Pending | AlertState::Firing => {
            println!("{at:>5} s  {}: {}: {}", alert.severity.name(), alert.name, alert.says);
        }
    }
}

/// A reader looks at the front page, thinks, and looks again; what fails is the reader's bad luck, and the panel's to show.
async fn read(blog: BlogService, number: u64, hurried: bool) -> Result<(), QueryError> {
    let thinks = if hurried { Duration::from_millis(40 + 7 * number) } else { Duration::from_secs(1) };
    loop {
        _ = blog.front_page().await;
        sleep(thinks).await;
    }
}

/// What goes wrong in each minute, on the simulator.
async fn trouble(simulator: Option<&Simulator>) {
    let Some(simulator) = simulator else { return std::future::pending().await };
    let seconds = Duration::from_secs;
    loop {
        sleep(seconds(12)).await;
        println!("         (the server is gone)");
        if simulator.crash().is_err() {
            return;
        }
        sleep(seconds(10)).await;
        println!("         (the server is back)");
        if simulator.restart().is_err() {
            return;
        }
        sleep(seconds(14)).await;
        println!("         (the server is slow)");
        let slow = simulator.inject(Fault::slow_query(Duration::from_millis(300)));
        sleep(seconds(12)).await;
        println!("         (the server is quick again)");
        simulator.remove(slow);
        sleep(seconds(6)).await;
        println!("         (every connection is cut)");
        simulator.kill_connections();
        sleep(seconds(6)).await;
    }
}

/// A token for this run: the standard library's hashers are seeded by the system.
fn token() -> String {
    let word = || std::hash::RandomState::new().hash_one("a token for the panel");
    format!("{:016x}{:016x}", word(), word())
}
