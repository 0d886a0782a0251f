//! Watching pools on smol: all of [`pool_monitor`], and its panel on a socket of smol's.
//!
//! ```no_run
//! use pool_smol::SmolClock;
//! use pool_smol::monitor::{Monitor, Panel, serve};
//!
//! # async fn run(db: pool_smol::SupabasePool) -> Result<(), Box<dyn std::error::Error>> {
//! let monitor = Monitor::builder().on_alert(|alert| eprintln!("{}: {}", alert.name, alert.says)).build();
//! // The pool; with a service layer, and the figures of its operations: service.watch(&monitor, "main")?
//! monitor.watch("main", db.pool())?;
//! smol::spawn(monitor.run(SmolClock::new())).detach();
//!
//! let panel = Panel::new(monitor).operators(std::env::var("PANEL_TOKEN")?)?;
//! let listener = smol::net::TcpListener::bind("127.0.0.1:9090").await?;
//! smol::spawn(serve(panel, listener)).detach();
//! # Ok(())
//! # }
//! ```

use futures::stream;
use smol::net::TcpListener;
use smol_hyper::rt::{FuturesIo, SmolTimer};

pub use pool_monitor::*;

/// Serves the panel to whoever comes to `listener`, for good.
///
/// # Cancel safety
///
/// It may be dropped at any time; its sockets are closed then.
pub async fn serve(panel: Panel, listener: TcpListener) {
    let incoming = stream::unfold(listener, |listener| async move {
        let came = listener.accept().await.map(|(socket, _)| FuturesIo::new(socket));
        Some((came, listener))
    });
    pool_monitor::serve(panel, incoming, SmolTimer::new()).await;
}
