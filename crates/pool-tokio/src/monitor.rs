//! Watching pools on tokio: all of [`pool_monitor`], and its panel on a socket of tokio's.
//!
//! ```no_run
//! use pool_tokio::TokioClock;
//! use pool_tokio::monitor::{Monitor, Panel, serve};
//!
//! # async fn run(service: pool_tokio::Service) -> Result<(), Box<dyn std::error::Error>> {
//! let monitor = Monitor::builder().on_alert(|alert| eprintln!("{}: {}", alert.name, alert.says)).build();
//! // The pool and the figures of the service's operations; a pool by itself: monitor.watch("main", db.pool())?
//! service.watch(&monitor, "main")?;
//! tokio::spawn(monitor.run(TokioClock::new()));
//!
//! let panel = Panel::new(monitor).operators(std::env::var("PANEL_TOKEN")?)?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9090").await?;
//! tokio::spawn(serve(panel, listener));
//! # Ok(())
//! # }
//! ```

use futures::stream;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

pub use pool_monitor::*;

/// Serves the panel to whoever comes to `listener`, for good.
///
/// # Cancel safety
///
/// It may be dropped at any time; its sockets are closed then.
pub async fn serve(panel: Panel, listener: TcpListener) {
    let incoming = stream::unfold(listener, |listener| async move {
        let came = listener.accept().await.map(|(socket, _)| TokioIo::new(socket));
        Some((came, listener))
    });
    pool_monitor::serve(panel, incoming, TokioTimer::new()).await;
}
