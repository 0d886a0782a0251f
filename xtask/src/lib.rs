//! The project's own commands, and as a library the real servers for end-to-end tests.
//!
//! | module | what it does |
//! |---|---|
//! | `pair` | a PostgREST over a PostgreSQL: shared by all, or a test's own |
//! | `postgres`, `postgrest` | one server each: make, start, stop, kill, ask |
//! | `install` | gets both onto a Debian or Ubuntu machine |
//! | `state`, `keys`, `account` | what is remembered, what is secret, whom PostgreSQL runs as |
//! | `suite`, `gate`, `prove`, `planted`, `fuzz`, `bench` | `cargo xtask test` and `model`, `cargo xtask ci`, `cargo xtask prove`, and so on |
//! | `trees` | what each crate brings along, as the gate checks it |
//! | `pages` | tables that commands make, in pages of the docs |
//! | `run`, `process`, `net`, `failure` | commands, server processes, loopback, and what a failure says |
//!
//! ```no_run
//! # fn main() -> Result<(), xtask::Failure> {
//! let pair = xtask::Pair::own()?;
//! let answer = pair.get("/blogs?select=slug", Some(&pair.anon_key()))?;
//! assert_eq!(answer.status, 200);
//! pair.kill_postgrest()?;
//! pair.start_postgrest()?;
//! # Ok(())
//! # }
//! ```

mod account;
mod bench;
mod failure;
mod fuzz;
mod gate;
mod install;
mod keys;
mod net;
mod pages;
mod pair;
mod planted;
mod postgres;
mod postgrest;
mod process;
mod prove;
mod run;
mod state;
mod suite;
mod trees;

pub use bench::bench;
pub use failure::Failure;
pub use fuzz::fuzz;
pub use gate::ci;
pub use net::Answer;
pub use pair::Pair;
pub use planted::planted;
pub use postgrest::Limits;
pub use prove::prove;
pub use state::workspace;
pub use suite::{model, test};
