//! Watches pools, whatever they pool: key figures over time, alerts by rules, metrics for Prometheus, and an admin panel for the browser.
//!
//! ```
//! # use std::convert::Infallible;
//! # use pool_async::{Backend, ConnectContext, Connected, Fault, ManualClock, Pool};
//! # struct Echo;
//! # impl Backend for Echo {
//! #     type Conn = u32;
//! #     type Error = Infallible;
//! #     async fn connect(&self, cx: ConnectContext) -> Result<Connected<u32>, Infallible> {
//! #         Ok(Connected::exclusive(cx.conn.index() as u32))
//! #     }
//! #     async fn probe(&self, _: &mut u32) -> Result<(), Infallible> { Ok(()) }
//! #     fn is_broken(&self, _: &u32) -> bool { false }
//! #     async fn close(&self, _: u32) {}
//! #     fn classify(&self, error: &Infallible) -> Fault { match *error {} }
//! # }
//! use pool_monitor::{Monitor, Panel};
//!
//! # let clock = ManualClock::new();
//! # let (pool, driver) = Pool::builder(Echo, clock.clone()).build()?;
//! let monitor = Monitor::builder()
//!     .on_alert(|alert| eprintln!("{}: {} {:?}: {}", alert.pool, alert.name, alert.state, alert.says))
//!     .build();
//! monitor.watch("main", &pool)?;
//! // On a runtime: spawn(monitor.run(clock)); without one, call it once in a while:
//! monitor.sample();
//!
//! // In a web server of one's own: each request that is for the panel goes through this.
//! let panel = Panel::new(monitor).operators("a token of sixteen or more".replace(' ', "-"))?;
//! let request = http::Request::get("/metrics").body("")?;
//! assert!(panel.answer(&request).status().is_success());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | what it knows |
//! |---|---|
//! | `monitor` | which pools, how often, by which rules |
//! | `pooled` | how each is looked at, and in which order its alerts are told |
//! | `watched`, `operation` | what is asked of a pool, and what may be done to it |
//! | `record`, `point`, `log` | what is kept of each |
//! | `rule`, `alert` | what is worth a person's attention, and when |
//! | `work` | what is done over each, by name |
//! | `metrics` | what Prometheus is told |
//! | `panel`, `answer`, `access`, `page/` | the admin panel: routes, JSON, tokens, the page |
//! | `serve` | a socket for it |
//! | [`words`] | numbers and names, for people |
//!
//! # Features
//!
//! | feature | adds | extra dependencies |
//! |---|---|---|
//! | `serve` | `serve`: the panel on a socket of its own | hyper's server, http-body-util, futures |

mod access;
mod alert;
mod answer;
mod log;
mod metrics;
mod monitor;
mod operation;
mod panel;
mod point;
mod pooled;
mod record;
mod rule;
#[cfg(feature = "serve")]
mod serve;
mod watched;
pub mod words;
mod work;

pub use access::{TOKEN_MIN, TokenError};
pub use alert::{Alert, AlertState};
pub use log::Entry;
pub use metrics::METRICS_TYPE;
pub use monitor::{Builder, Monitor, OperateError, View, WatchError};
pub use operation::Operation;
pub use panel::Panel;
pub use point::Point;
pub use rule::{Condition, Rule, Severity};
#[cfg(feature = "serve")]
pub use serve::serve;
pub use work::Work;
