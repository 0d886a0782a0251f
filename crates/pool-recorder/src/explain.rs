//! Why a request waited or failed, in words: the rules that held it up, each time they changed.
#![expect(clippy::wildcard_enum_match_arm, reason = "words are for the few cases that need their own")]

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;
use std::str::FromStr;
use std::time::Duration;

use pool_core::{
    AcquireErrorKind, Action, Call, ConnId, ConnectionInfo, EndpointId, Event, Lifecycle, Patience, Phase,
    Pool, Priority, Standing, TicketId, Time,
};

use crate::player::Answer;
use crate::recording::Recording;
use crate::replay::{Replay, Step};

/// Which request is asked about: `#3v7` or `3v7` is a ticket, `@12` the call of that number (for those that got no ticket).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The request that got this ticket.
    Ticket(TicketId),
    /// The acquire that was this call, from 0.
    Call(usize),
}

/// There is no such request in the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such request: name one by its ticket (#3v7) or by the number of its call (@12)")
    }
}

impl std::error::Error for Unknown {}

impl FromStr for Asked {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Asked, Unknown> {
        if let Some(number) = text.strip_prefix('@') {
            return number.parse().map(Asked::Call).map_err(|_| Unknown);
        }
        let (slot, version) = text.strip_prefix('#').unwrap_or(text).split_once('v').ok_or(Unknown)?;
        let id = slot.parse().ok().zip(version.parse().ok());
        id.map(|(slot, version)| Asked::Ticket(TicketId::of(slot, version))).ok_or(Unknown)
    }
}

impl From<TicketId> for Asked {
    fn from(ticket: TicketId) -> Asked {
        Asked::Ticket(ticket)
    }
}

impl Recording {
    /// What became of a request: when it came, what held it up at each moment until it did not, and how it ended. Times are from the
    /// beginning of the recording.
    ///
    /// # Errors
    ///
    /// When there is no such request in the recording.
    pub fn explain(&self, asked: impl Into<Asked>) -> Result<String, Unknown> {
        let mut tale = Tale { start: self.first().pool().now(), text: String::new(), said: String::new() };
        let mut connects = Connects::default();
        let mut replay = self.replay();
        let ticket = match asked.into() {
            Asked::Ticket(ticket) => ticket,
            Asked::Call(number) => {
                let before = replay.by_ref().take(number).map(|step| connects.see(&step)).count();
                let step = replay.next().filter(|_| before == number).ok_or(Unknown)?;
                connects.see(&step);
                tale.begin(&step);
                match step.answer {
                    Answer::Queued(ticket) => ticket,
                    Answer::Failed(error) => {
                        let why = match error.kind {
                            AcquireErrorKind::Unavailable => connects.downs(replay.pool(), &tale),
                            _ => reasons(replay.pool(), None, &connects, &tale),
                        };
                        tale.say(step.at, &format!("refused at once: {error}"));
                        tale.because(&why);
                        return Ok(tale.text);
                    }
                    _ if matches!(step.call, Call::Acquire(_)) => {
                        tale.say(step.at, &format!("served at once: {:?}", step.answer));
                        return Ok(tale.text);
                    }
                    _ => return Err(Unknown),
                }
            }
        };
        tale.follow(ticket, &mut replay, &mut connects)
    }
}

/// What is being told.
struct Tale {
    start: Time,
    text: String,
    /// The reasons that were given last.
    said: String,
}

impl Tale {
    fn say(&mut self, at: Time, what: &str) {
        let _ = writeln!(self.text, "{:>12}  {what}", self.at(at));
    }

    fn at(&self, at: Time) -> String {
        format!("+{:?}", at.since(self.start))
    }

    fn because(&mut self, reasons: &[String]) {
        let text = reasons.join("\n");
        if text != self.said {
            for reason in reasons {
                let _ = writeln!(self.text, "{:>12}  - {reason}", "");
            }
            self.said = text;
        }
    }

    fn begin(&mut self, step: &Step) {
        if let Call::Acquire(request) = step.call {
            let proven =
                request.proven_since.map(|at| format!(", on a connection proven since {}", self.at(at)));
            let class = match request.priority {
                Priority::High => ", before others",
                Priority::Normal => "",
                Priority::Low => ", after others",
            };
            let patience = match request.patience {
                Patience::Configured => String::new(),
                Patience::Until(deadline) => format!(", until {}", self.at(deadline)),
                Patience::None => ", now or not at all".to_owned(),
            };
            let what = format!("asks for a connection{class}{patience}{}", proven.unwrap_or_default());
            self.say(step.at, &what);
        }
    }

    /// From where the replay stands to the end of the request.
    fn follow(
        mut self,
        ticket: TicketId,
        replay: &mut Replay<'_>,
        connects: &mut Connects,
    ) -> Result<String, Unknown> {
        let mut before = replay.pool().standing(ticket);
        if before.is_some() {
            if self.text.is_empty() {
                self.say(self.start, "has been waiting since before the recording begins");
            }
            self.waits(replay.pool(), ticket, connects);
        }
        while let Some(step) = replay.next() {
            connects.see(&step);
            if step.answer == Answer::Queued(ticket) {
                self.begin(&step);
            }
            let now = replay.pool().standing(ticket);
            let at = step.at.max(replay.pool().now());
            if let Some(how) = turn(before, now) {
                self.say(at, &format!("{how}, {}", because_of(&step)));
                if let Some(Standing::Failed(AcquireErrorKind::Unavailable)) = now {
                    let downs = connects.downs(replay.pool(), &self);
                    self.because(&downs);
                }
            }
            if matches!(now, Some(Standing::Waiting { .. })) {
                let length = self.text.len();
                self.waits(replay.pool(), ticket, connects);
                if self.text.len() > length {
                    let since = match step.answer {
                        Answer::Queued(joined) if joined == ticket => String::new(),
                        _ => format!(", after {}", step_in_words(&step)),
                    };
                    let line = format!("{:>12}  waits{since}:\n", self.at(at));
                    self.text.insert_str(length, &line);
                }
            }
            if now.is_none() && before.is_some() {
                self.say(at, &end(&step));
                return Ok(self.text);
            }
            before = now;
        }
        match before {
            None => Err(Unknown),
            Some(_) => {
                self.say(replay.pool().now(), "is still there at the end of the recording");
                Ok(self.text)
            }
        }
    }

    fn waits(&mut self, pool: &Pool, ticket: TicketId, connects: &Connects) {
        let standing = pool.standing(ticket);
        if matches!(standing, Some(Standing::Waiting { .. })) {
            let why = reasons(pool, standing, connects, self);
            self.because(&why);
        }
    }
}

/// A change in how a request stands.
fn turn(before: Option<Standing>, now: Option<Standing>) -> Option<String> {
    if before == now {
        return None;
    }
    match now? {
        Standing::Granted(conn) => Some(format!("is granted connection {conn}")),
        Standing::Failed(kind) => Some(format!("fails: {kind:?}")),
        Standing::Waiting { .. } => None,
    }
}

fn end(step: &Step) -> String {
    match (step.call, step.answer) {
        (Call::Claim(_), Answer::Ready(lease, conn)) => {
            format!("takes its lease {lease} on connection {conn}")
        }
        (Call::Claim(_), Answer::Failed(error)) => format!("learns that it has failed: {error}"),
        _ => "is given up by its caller".to_owned(),
    }
}

/// Why something happened at this step: what the call says, or what came due with its time.
fn because_of(step: &Step) -> String {
    match step.call {
        Call::Advance => "because its time had come".to_owned(),
        _ => format!("as {}", step_in_words(step)),
    }
}

fn step_in_words(step: &Step) -> String {
    match step.call {
        Call::Acquire(_) => match step.answer {
            Answer::Queued(ticket) => format!("request {ticket} joined the queue"),
            _ => "another request came".to_owned(),
        },
        Call::Claim(ticket) => format!("request {ticket} asked what had become of it"),
        Call::Cancel(ticket) => format!("request {ticket} was given up"),
        Call::Release(lease, outcome) => format!("lease {lease} came back ({outcome:?})"),
        Call::Reject(lease) => format!("lease {lease} came back: its connection was dead"),
        Call::Detach(lease) => format!("the connection of lease {lease} was taken out of the pool"),
        Call::Handle(event) => event_in_words(event),
        Call::Advance => "time went by".to_owned(),
        Call::Resize(min, max) => format!("the pool was resized to {min} to {max} connections"),
        Call::Suspend => "the pool was suspended".to_owned(),
        Call::Resume => "the pool was resumed".to_owned(),
        Call::Invalidate => "all connections were invalidated".to_owned(),
        Call::AddEndpoint(_) => "an endpoint was added".to_owned(),
        Call::DrainEndpoint(endpoint) => format!("endpoint {endpoint} began to drain"),
        Call::Drain => "the pool began to drain".to_owned(),
        Call::Shutdown(grace) => format!("the pool was shut down, with a grace of {grace:?}"),
        Call::Retry(_) => "another request asked whether to try again".to_owned(),
    }
}

fn event_in_words(event: Event) -> String {
    let conn = event.conn();
    match event {
        Event::Connected { leases_max, .. } => {
            format!("connection {conn} opened, for {leases_max} leases at once")
        }
        Event::ConnectFailed { class, .. } => format!("the connect of {conn} failed (fault: {class:?})"),
        Event::Probed { .. } => format!("connection {conn} answered its probe"),
        Event::ProbeFailed { class, reuse, .. } => {
            format!("the probe of {conn} failed (fault: {class:?}, {reuse:?})")
        }
        Event::Closed { .. } => format!("connection {conn} was closed"),
        Event::Lost { .. } => format!("connection {conn} was lost"),
        Event::Retiring { .. } => format!("the peer asked for no further requests on {conn}"),
        Event::Progress { .. } => format!("something came back on {conn}"),
        Event::LeaseLimit { leases_max, .. } => format!("the peer allows {leases_max} leases on {conn}"),
        Event::KeepAlive { timeout, .. } => {
            format!("the peer of {conn} keeps idle connections for {timeout:?}")
        }
        _ => format!("{event:?}"),
    }
}

/// What has been seen of connects: the last failure of each endpoint, with its reason.
#[derive(Default)]
struct Connects {
    dialled: BTreeMap<ConnId, EndpointId>,
    failed: BTreeMap<EndpointId, String>,
}

impl Connects {
    fn see(&mut self, step: &Step) {
        if let Call::Handle(event @ Event::ConnectFailed { conn, .. }) = step.call
            && let Some(&endpoint) = self.dialled.get(&conn)
        {
            self.failed.insert(endpoint, event_in_words(event));
        }
        for action in &step.actions {
            if let Action::Connect { conn, endpoint, .. } = *action {
                self.dialled.insert(conn, endpoint);
            }
            if let Action::Close { conn, reason: pool_core::CloseReason::ConnectTimeout } = *action
                && let Some(&endpoint) = self.dialled.get(&conn)
            {
                self.failed.insert(endpoint, format!("the connect of {conn} took too long"));
            }
        }
    }

    /// The endpoints that may not be dialled now, and why.
    fn downs(&self, pool: &Pool, tale: &Tale) -> Vec<String> {
        let down = pool.endpoints().filter_map(|endpoint| {
            let (id, retry_at) = (endpoint.id, endpoint.retry_at?);
            let why = self.failed.get(&id).map_or("", String::as_str);
            let until = tale.at(retry_at);
            let times = match endpoint.failures {
                1 => "a failed connect".to_owned(),
                times => format!("{times} failed connects in a row"),
            };
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            Some(format!("endpoint {id} backs off until {until} after {times}{why}"))
        });
        down.collect()
    }
}

/// Why a request with this standing has no connection now: every rule that holds it up.
fn reasons(pool: &Pool, standing: Option<Standing>, connects: &Connects, tale: &Tale) -> Vec<String> {
    let status = pool.status();
    let mut why = Vec::new();
    let (ahead, proven) = match standing {
        Some(Standing::Waiting { ahead, proven_since, .. }) => (ahead, proven_since),
        Some(Standing::Granted(_) | Standing::Failed(_)) | None => (0, None),
    };
    if ahead > 0 {
        why.push(format!("{ahead} before it in the queue"));
    }
    if status.phase == Phase::Suspended {
        why.push(
            "the pool is suspended: nothing is granted and nothing dialled until it is resumed".to_owned(),
        );
    }
    let leased = pool.connections().filter(|conn| conn.lifecycle == Lifecycle::Leased);
    let full = leased.filter(|conn| conn.in_use >= conn.leases_max).count();
    if full > 0 {
        why.push(format!("{full} of {} connections are leased and have no room", status.total));
    }
    why.extend(pool.connections().filter_map(|conn| held_up(pool, &conn, proven, tale)));
    if status.total >= status.max {
        why.push(format!("no room for another connection: {} of {}", status.total, status.max));
    } else {
        why.extend(connects.downs(pool, tale));
    }
    if status.total == 0 && why.is_empty() {
        why.push("no connection is open".to_owned());
    }
    why
}

/// Why one connection that is not in use cannot be had.
fn held_up(pool: &Pool, conn: &ConnectionInfo, proven: Option<Time>, tale: &Tale) -> Option<String> {
    let id = conn.id;
    if let Some(mark) = conn.mark {
        return Some(format!("connection {id} is on its way out: {}", mark.name()));
    }
    let idle = |since: Time| pool.now().since(since);
    match conn.lifecycle {
        Lifecycle::Connecting => {
            Some(format!("connection {id} is being dialled, since {}", tale.at(conn.created_at)))
        }
        Lifecycle::Probing => {
            let silent = conn.last_proven.map_or(Duration::ZERO, idle);
            let limit = pool.endpoints().find(|row| row.id == conn.endpoint).map(|row| row.freshness);
            Some(match (proven, limit) {
                (Some(since), _) if conn.last_proven < Some(since) => {
                    format!(
                        "connection {id} is asked for a sign of life, since it has given none after {}",
                        tale.at(since)
                    )
                }
                (_, Some(limit)) if silent > limit => format!(
                    "connection {id} was silent for longer than the {limit:?} that its endpoint keeps connections: it is asked for a sign of life"
                ),
                _ => format!("connection {id} is being probed"),
            })
        }
        Lifecycle::Idle => Some(format!("connection {id} is idle and {}", conn.health.word())),
        Lifecycle::Closing | Lifecycle::Leased | Lifecycle::Gone => None,
    }
}
