//! HTTP: what a pool costs and gives beside a client without one, by protocol, time of service and callers at once.
//!
//! Rules: nobody has to wait for a limit of its own: a pool, a semaphore and a client that has a bound get as many connections as
//! there are callers; over HTTP/2 a pool has [`SHARED`] connections, that callers share.

use std::net::SocketAddr;
use std::time::Duration;

use ground::contest::{Contest, Sample};
use ground::runtime::{Runtime, Smol, Tokio};

use crate::caller::{Ask, Caller, Curl, Direct, Kit, Opening, OwnTypes, Pinned, Shared, Stock, Surf, Target};
use crate::load::{Seen, all, closed};
use crate::server::{STREAMS, Server};

/// Connections of a pool over HTTP/2.
const SHARED: u32 = 4;

/// curl, as it is built for isahc, knows no file descriptor from 1024 on: beyond so many callers there is room for one client over it,
/// and only if it is the first to open its sockets.
const CURL_AT_MOST: usize = 64;

/// How long a turn is.
pub type Turn = Duration;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum On {
    Tokio,
    Smol,
}

/// One cell of the matrix.
#[derive(Clone, Copy)]
pub struct Cell {
    pub on: On,
    pub http2: bool,
    /// Milliseconds of service.
    pub service: u64,
    pub callers: usize,
}

impl Cell {
    /// All of them, or a few.
    pub fn all(short: bool) -> Vec<Cell> {
        let (services, crowds): (&[u64], &[usize]) =
            if short { (&[1], &[64]) } else { (&[0, 1, 20], &[1, 8, 64, 512]) };
        let mut cells = Vec::new();
        for on in [On::Tokio, On::Smol] {
            for http2 in [false, true] {
                for &service in services {
                    cells.extend(crowds.iter().map(|&callers| Cell { on, http2, service, callers }));
                }
            }
        }
        cells
    }

    /// What is the same in all cells of a group, which get one table in the docs.
    pub fn group(self) -> String {
        let on = match self.on {
            On::Tokio => "tokio",
            On::Smol => "smol",
        };
        format!("HTTP/{} on {on}", if self.http2 { "2" } else { "1.1" })
    }

    pub fn title(self) -> String {
        format!("{}, {} ms of service, {} at once", self.group(), self.service, self.callers)
    }

    /// The contenders.
    pub fn contest(self, server: &Server) -> Contest<Turn> {
        let at: SocketAddr = if self.http2 { server.http2 } else { server.http1 };
        let mut target = Target::new(format!("http://{at}"), format!("/{}", self.service * 1000));
        target.http2 = self.http2;
        match self.on {
            On::Tokio => self.tokio(target),
            On::Smol => self.smol(target),
        }
    }

    fn tokio(self, target: Target) -> Contest<Turn> {
        let callers = self.callers;
        let contest = Contest::new(self.title()).beside(Shared::NAME, "reqwest");
        let to = target.clone();
        let contest = self.entry::<Tokio, _>(contest, Shared::NAME, async move || Shared::new(&to));
        let to = target.clone();
        let kit = async move || Kit::new(&to, callers);
        let contest = self.entry::<Tokio, _>(contest, Kit::NAME, kit);
        let (to, pool) = (target.clone(), self.opening());
        let direct = async move || Direct::open(&to, &pool).await;
        let contest = self.entry::<Tokio, _>(contest, Direct::NAME, direct);
        let pool = self.opening();
        let pinned = async move || Pinned::open(&target, &pool).await;
        self.entry::<Tokio, _>(contest, Pinned::NAME, pinned)
    }

    fn smol(self, target: Target) -> Contest<Turn> {
        let callers = self.callers;
        let mut contest = Contest::new(self.title());
        if !self.http2 {
            contest = contest.beside("surf over h1", "surf, h1");
        }
        contest = contest.beside("isahc", "isahc");
        let to = target.clone();
        contest = self.entry::<Smol, _>(contest, "isahc", async move || Curl::new(&to));
        if !self.http2 && callers <= CURL_AT_MOST {
            let to = target.clone();
            contest = self.entry::<Smol, _>(contest, "surf over curl", async move || Stock::curl(&to));
        }
        if !self.http2 {
            let to = target.clone();
            contest = self.entry::<Smol, _>(contest, "surf over h1", async move || Stock::h1(&to, callers));
        }
        let (to, pool) = (target.clone(), self.opening());
        let surf = async move || Surf::open(&to, &pool).await;
        contest = self.entry::<Smol, _>(contest, "here, surf's types", surf);
        let pool = self.opening();
        let own = async move || OwnTypes(Surf::open(&target, &pool).await);
        self.entry::<Smol, _>(contest, "here, its own types", own)
    }

    fn opening(self) -> Opening {
        match self.http2 {
            true => Opening::room(SHARED).streams(STREAMS).full().warm(),
            false => Opening::room(self.callers as u32).full().warm(),
        }
    }

    /// A contender, made and warmed up in its first turn.
    fn entry<R: Runtime, C: Caller>(
        self,
        contest: Contest<Turn>,
        name: &'static str,
        make: impl AsyncFn() -> C + Send + 'static,
    ) -> Contest<Turn> {
        let mut kept: Option<C> = None;
        contest.entry(name, move |turn| {
            R::block_on(async {
                if kept.is_none() {
                    let caller = make().await;
                    warm::<R, C>(&caller, self.callers).await;
                    kept = Some(caller);
                }
                match &kept {
                    Some(caller) => closed::<R, C>(caller, self.callers, turn).await,
                    None => Sample::new(),
                }
            })
        })
    }
}

/// Everyone asks twice at once, so that what can be open is open.
async fn warm<R: Runtime, C: Caller>(caller: &C, callers: usize) {
    for _ in 0..2 {
        all::<R, _, _>(callers, |_| {
            let caller = caller.clone();
            async move {
                caller.call(Ask::Get).await.expect("an answer");
                Seen::default()
            }
        })
        .await;
    }
}
