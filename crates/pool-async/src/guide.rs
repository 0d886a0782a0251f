//! Your own transport: how to pool anything that connects, answers and ends.
//!
//! # Seven questions
//!
//! A transport is a [`Backend`](crate::Backend). It makes no decision; it answers questions, and the core decides.
//!
//! | method | the question | a wrong answer costs |
//! |---|---|---|
//! | [`connect`](crate::Backend::connect) | Can you give me a connection that can carry a request *now*? | counted as open before its handshake is over, it is lent, and the first request on it fails |
//! | [`probe`](crate::Backend::probe) | Does the peer still answer on this one? | a probe that does not ask the peer finds no dead connection |
//! | [`is_broken`](crate::Backend::is_broken) | Do you know already that it is dead? | a caller finds out instead |
//! | [`close`](crate::Backend::close) | Is it gone? | ended before the socket is closed, the peer sees more connections than you allowed |
//! | [`classify`](crate::Backend::classify) | Whose fault was that? | good connections closed, bad ones kept, requests repeated that must not be |
//! | [`share`](crate::Backend::share) | Can another request travel on it beside this one? | answers mixed up, or connections that nobody needed |
//! | [`label`](crate::Backend::label) | What shall I call it? | nothing |
//!
//! # A transport in full
//!
//! Its connections are channels into the mailbox of a thread, so that it runs here without a server; with a socket in their place, every
//! line keeps its reason. Two others run from the command line: `examples/src/bin/length_prefixed` (frames over TCP on smol) and
//! `examples/src/bin/postgres_wire` (sessions of a real PostgreSQL on tokio).
//!
//! ```
//! use std::error::Error;
//! use std::{fmt, thread};
//!
//! use futures::channel::{mpsc, oneshot};
//! use futures::executor::{block_on, block_on_stream};
//! use futures::future::{join, try_join_all};
//! use pool_async::pool_core::{Config, Safety, Sent};
//! use pool_async::{Backend, ConnectContext, Connected, Fault, ManualClock, Pool};
//!
//! type Letter = (String, oneshot::Sender<String>);
//!
//! struct Office;
//!
//! /// A connection. Its clones go to the same clerk.
//! #[derive(Clone)]
//! struct Desk(mpsc::UnboundedSender<Letter>);
//!
//! #[derive(Debug)]
//! enum Failure {
//!     /// The clerk had gone before the letter was in the box.
//!     Closed,
//!     /// The clerk took the letter and never answered.
//!     Unanswered,
//!     /// The clerk answered: no.
//!     Refused(String),
//! }
//!
//! impl Desk {
//!     async fn ask(&self, letter: &str) -> Result<String, Failure> {
//!         let (reply, answer) = oneshot::channel();
//!         self.0.unbounded_send((letter.to_owned(), reply)).map_err(|_| Failure::Closed)?;
//!         let answer = answer.await.map_err(|_| Failure::Unanswered)?;
//!         if answer.is_empty() { Err(Failure::Refused(letter.to_owned())) } else { Ok(answer) }
//!     }
//! }
//!
//! impl Backend for Office {
//!     type Conn = Desk;
//!     type Error = Failure;
//!
//!     async fn connect(&self, cx: ConnectContext) -> Result<Connected<Desk>, Failure> {
//!         let (desk, mailbox) = mpsc::unbounded::<Letter>();
//!         thread::spawn(move || {
//!             for (letter, reply) in block_on_stream(mailbox) {
//!                 match letter.as_str() {
//!                     "go home" => break,
//!                     "dance" => drop(reply.send(String::new())),
//!                     _ => drop(reply.send(letter.to_uppercase())),
//!                 }
//!             }
//!             // However it ended, and also if the pool knows: a report too many changes nothing.
//!             cx.reporter.lost();
//!         });
//!         Ok(Connected::shared(Desk(desk), 8))
//!     }
//!
//!     async fn probe(&self, desk: &mut Desk) -> Result<(), Failure> {
//!         desk.ask("are you there?").await.map(drop)
//!     }
//!
//!     fn is_broken(&self, desk: &Desk) -> bool {
//!         desk.0.is_closed()
//!     }
//!
//!     async fn close(&self, desk: Desk) {
//!         desk.0.close_channel();
//!     }
//!
//!     fn classify(&self, error: &Failure) -> Fault {
//!         match error {
//!             Failure::Closed => Fault::broken().sent(Sent::No),
//!             Failure::Unanswered => Fault::broken(),
//!             Failure::Refused(_) => Fault::application(),
//!         }
//!     }
//!
//!     fn share(&self, desk: &Desk) -> Option<Desk> {
//!         Some(desk.clone())
//!     }
//! }
//!
//! let config = Config { min_connections: 1, max_connections: 2, ..Config::default() };
//! let (pool, driver) = Pool::builder(Office, ManualClock::new()).config(config).build()?;
//! let ask = |letter: &'static str| pool.execute(Safety::Safe, async move |desk| desk.ask(letter).await);
//! block_on(join(driver.run(), async {
//!     // Sixteen at once, on two connections of eight leases.
//!     let answers = try_join_all((0..16).map(|_| ask("hello"))).await.expect("somebody is there");
//!     assert_eq!(answers, ["HELLO"; 16]);
//!     assert!(pool.stats().opened <= 2);
//!
//!     // A refusal is the letter's fault: the desk stays, and there is no second try.
//!     assert_eq!(ask("dance").await.unwrap_err().attempts(), 1);
//!
//!     // A clerk who left is replaced; whoever comes next does not notice.
//!     let sent_home = pool.execute(Safety::Unsafe, async |desk| desk.ask("go home").await).await;
//!     assert!(sent_home.is_err());
//!     assert_eq!(ask("hello").await.expect("somebody else is there"), "HELLO");
//!     pool.drain().await;
//! }));
//! # impl fmt::Display for Failure {
//! #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{self:?}") }
//! # }
//! # impl Error for Failure {}
//! # Ok::<(), pool_async::pool_core::ConfigError>(())
//! ```
//!
//! # What each report means
//!
//! The driver makes a report to the core of whatever your futures answer; the [`Reporter`](crate::Reporter) that comes with each connect is for
//! what a transport notices by itself. A report about a connection that is gone changes nothing, and one that comes while it still connects is
//! heard when it is open: report from any thread, at any time, twice.
//!
//! | what happens | the report ([`Event`](pool_core::Event)) | what the core makes of it |
//! |---|---|---|
//! | `connect` gives a connection | `Connected`, with the leases that it carries | it is open; its endpoint is up, the backoff forgotten; whoever waits first gets it |
//! | `connect` fails | `ConnectFailed`, with the class | the slot is free; the endpoint backs off; with nothing open, callers get this error as the cause ([`Config::when_down`](pool_core::Config::when_down)) |
//! | `connect` takes too long | none: the deadline is the core's | your future is dropped; as a failed connect |
//! | `probe` succeeds | `Probed` | proof of life: it is not probed again before it has been idle for a while |
//! | `probe` fails | `ProbeFailed`, with class and reuse | a fault of the connection counts against it, of the endpoint against that; with [`Reuse::Discard`](pool_core::Reuse::Discard) it is closed |
//! | `probe` takes too long | none | your future is dropped; counts against the connection, which is closed |
//! | `probe` of a shared connection in use takes too long, or fails with class `Connection` and `Discard` | none, or `ProbeFailed` | the connection is dead: its leases are over, it is closed under them ([`CloseReason::Dead`](pool_core::CloseReason::Dead)) |
//! | `close` ends, or takes too long | `Closed`, or none | the slot is free: another connect may begin |
//! | [`lost`](crate::Reporter::lost) | `Lost` | never lent again; closed now, or when its leases are back. If it was idle: the endpoint closes idle connections after this long, which is remembered |
//! | [`retiring`](crate::Reporter::retiring) | `Retiring` | never lent again, and closed likewise; nobody is blamed |
//! | [`progress`](crate::Reporter::progress) | `Progress` | a shared connection in use that makes none for [`Config::stall_after`](pool_core::Config::stall_after) gets no more leases while others have room |
//! | [`lease_limit`](crate::Reporter::lease_limit) | `LeaseLimit` | so many at once from now on; those above it stay until they end |
//! | [`keep_alive`](crate::Reporter::keep_alive) | `KeepAlive` | connections to this endpoint that were idle for ¾ of it are probed before they are lent |
//!
//! # `is_broken`
//!
//! It is asked at each hand-out and each return, on the caller's task, so it must not wait and should not make a system call if it can be
//! had for less: a flag that a reading task sets, a closed channel. Where nothing reads between requests, a non-blocking peek at the
//! socket answers: the end of the stream means dead, and bytes that nobody asked for mean out of step, which is just as bad.
//!
//! A caller to whom a broken connection would have gone keeps its place in the queue and its deadline, and gets another one. With
//! [`lost`](crate::Reporter::lost), the pool need not wait for somebody to ask; a good transport has both.
//!
//! # `share`
//!
//! `None`, the default, makes a connection exclusive: it is *moved* to the caller and back, and nobody else can touch it. A protocol that
//! multiplexes gives each lease a handle of its own; the original stays in the pool. The number of handles is
//! [`Connected::leases_max`](crate::Connected::leases_max), and then two things are yours: dropping one handle must not disturb the others, and a request
//! that is dropped must be cancelled on the wire, or at least its answer be told from the others'.
//!
//! A shared connection that makes no progress is probed under its leases, and that probe asks one thing: does it live? Answer from what a
//! busy peer answers at once, and from whatever else comes in; a slow service on a live connection must lose no request. Where there is no
//! sign of life, `close` is called while handles are out: it must fail what is under way on them.
//!
//! # `classify`
//!
//! | class | means | the connection | the endpoint | tried again |
//! |---|---|---|---|---|
//! | [`Connection`](pool_core::FaultClass::Connection) | reset, closed under a request, nonsense | a bad sign | – | if it was never sent, or may be repeated |
//! | [`Endpoint`](pool_core::FaultClass::Endpoint) | refused, unknown name, "I cannot serve" | proved alive, if kept | a bad sign | likewise |
//! | [`Saturation`](pool_core::FaultClass::Saturation) | "too many requests" | proved alive, if kept | has too much to do | likewise, no sooner than [`after`](crate::Fault::after) |
//! | [`Application`](pool_core::FaultClass::Application) | an answer, but an error | proved alive, if kept | – | no: it would fail again |
//! | [`Caller`](pool_core::FaultClass::Caller) | gave up, or asked nonsense | – | – | no |
//!
//! Three more answers come with the class:
//!
//! - [`Reuse`](pool_core::Reuse): whether the *stream* is in step. An error that arrived as a complete answer keeps the connection; one that came up
//!   while writing or reading does not. When in doubt, [`Fault::broken`](crate::Fault::broken): a handshake too many is cheaper than somebody else's answer.
//! - [`Sent`](pool_core::Sent): `No` only if the peer cannot have acted: the connect failed, not a byte was written, or the peer says that it did not begin.
//!   Then even a write is repeated.
//! - [`after`](crate::Fault::after): how long the peer asks to be left alone.
//!
//! Judge by types, codes and the step in which the error came up, never by its text.
//!
//! # Cancellation
//!
//! Everything may be dropped at any await:
//!
//! | dropped | when | what must hold |
//! |---|---|---|
//! | `connect` | [`Config::connection_timeout`](pool_core::Config::connection_timeout), shutdown | nothing is left behind: what was opened closes in its own `Drop`, and tasks that were spawned end by themselves |
//! | `probe` | [`Config::probe_timeout`](pool_core::Config::probe_timeout), a close | nothing: the connection is closed, since an answer may still be under way |
//! | `close` | [`Config::release_timeout`](pool_core::Config::release_timeout) | the rest happens in the `Drop` of the connection |
//! | a connection | with the driver, or after a shutdown's grace, without `close` | `Drop` releases what it holds; it must not need a runtime |
//! | a caller's request | whenever the caller likes | the pool must be told |
//!
//! The last row is the one that other pools get wrong: a request that is dropped half-way leaves its answer on the wire, and the next caller
//! reads it. [`Pool::execute`](crate::Pool::execute) knows: such a connection is closed. Who holds a [`Lease`](crate::Lease) says so before the first byte:
//!
//! ```
//! # use pool_async::{Backend, Clock, Lease};
//! use pool_async::pool_core::Outcome;
//!
//! # async fn ask<T>(_: &mut T) -> Result<String, std::io::Error> { Ok(String::new()) }
//! # async fn example<B: Backend, C: Clock>(mut lease: Lease<B, C>) -> Result<String, std::io::Error> {
//! lease.drop_as(Outcome::ABANDONED);
//! let answer = ask(&mut *lease).await?; // Dropped here, or failed: the connection is closed.
//! lease.release(Outcome::Success);
//! # Ok(answer)
//! # }
//! ```
//!
//! # The clock
//!
//! tokio's is `TokioClock`, with the feature `tokio` of this crate; smol's and async-std's come with `pool-smol`; plain threads need none. Another
//! runtime's is ten lines, as these are with tokio's sleep in the place of its own. The clock is the truth and the sleep only a hint,
//! so it may end early or late:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use pool_async::Clock;
//! use pool_async::pool_core::Time;
//!
//! #[derive(Clone)]
//! struct MyClock(Instant);
//!
//! impl Clock for MyClock {
//!     fn now(&self) -> Time {
//!         Time::ZERO + self.0.elapsed()
//!     }
//!
//!     async fn sleep(&self, duration: Duration) {
//!         tokio::time::sleep(duration).await;
//!     }
//! }
//! ```
//!
//! # What to test
//!
//! With `ManualClock` (feature `test-util`) the pool's time moves when the test says so. Five stories find most mistakes: a server that
//! refuses, a connection that dies while it is idle, one that dies under a request, a request that is dropped half-way and the answer that the
//! next caller gets, and a crowd on few connections while the server counts them.
