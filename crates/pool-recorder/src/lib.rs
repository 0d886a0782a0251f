//! A recording of a pool: what went into it, 32 bytes a call, from an image of its whole state on. The pool's decisions follow from
//! that, so they are not in it: [`Recording::replay`] makes them again, bit for bit, on any machine.
//!
//! | you want to | use |
//! |---|---|
//! | record, in production | [`Ring`]; `pool-async` has one built in (feature `recorder`) |
//! | keep a recording, and read it elsewhere | [`Recording::to_bytes`], [`Recording::from_bytes`] |
//! | see every decision | [`Recording::replay`], [`Recording::decisions`] |
//! | know that it is what happened | [`Recording::verify`] |
//! | know why a request waited or failed | [`Recording::explain`] |
//! | have the shortest history that still shows it | [`Recording::shrink`] |
//! | have that as a test | [`Recording::to_rust`] |
//!
//! On the command line: `pool-recorder replay FILE`, `explain FILE REQUEST`, `shrink FILE TEXT`.
//!
//! ```
//! use pool_recorder::pool_core::{Call, Config, Pool, Request, Time};
//! use pool_recorder::Ring;
//!
//! let mut pool = Pool::new(Config { min_connections: 0, ..Config::default() }, Time::ZERO)?;
//! let mut ring = Ring::new(1024);
//!
//! // Before each call of the pool, the ring is told of it.
//! let (now, request) = (Time::from_millis(7), Request::default());
//! ring.note(&pool, now, Call::Acquire(request));
//! let _ = pool.acquire(now, request)?;
//!
//! let recording = ring.copy(&pool).into_recording();
//! recording.verify()?;
//! assert!(recording.decisions()[0].starts_with("t=7ms Acquire"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The format of a recording, version 1
//!
//! All numbers are little endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `sbp-tape` |
//! | 8..10 | [`FORMAT_VERSION`] |
//! | 10..12 | `v`, the length of the version of the crate that wrote it |
//! | 12..16 | `f`, the length of the first image |
//! | 16..20 | `r`, the number of records |
//! | 20..24 | `l`, the length of the last image; 0: there is none |
//! | 24..28 | the CRC-32 (IEEE) of all that follows |
//! | `v` bytes | the version of the crate, UTF-8 |
//! | `f` bytes | the state before the first record, as [`pool_core::Image`] |
//! | 32 × `r` bytes | the calls, as [`pool_core::Record`] describes them field by field |
//! | `l` bytes | the state after the last record, its actions taken |
//!
//! Images are of private state: they are read by versions of `pool-core` with the same `IMAGE_VERSION`. Any other is refused, by name.
//!
//! # What is not recorded
//!
//! Taking the actions: however often that is done, the decisions are the same (I32), so a replay takes them after each call. And
//! nothing but what the pool is told: no address, no query, no key is in a recording.

mod explain;
mod player;
mod recording;
mod replay;
mod ring;
mod shrink;
mod source;

pub use pool_core;

pub use explain::{Asked, Unknown};
pub use player::Answer;
pub use recording::{FORMAT_VERSION, ReadError, Recording};
pub use replay::{Diverged, Replay, Step};
pub use ring::{Ring, Tape};
