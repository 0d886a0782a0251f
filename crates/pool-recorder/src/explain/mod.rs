//! Why a request waited or failed, in words: the rules that held it up, each time they changed.
#![expect(clippy::wildcard_enum_match_arm, reason = "words are for the few cases that need their own")]

mod reasons;
mod words;

use std::fmt;
use std::fmt::Write;
use std::str::FromStr;

use pool_core::{AcquireErrorKind, Call, Patience, Pool, Priority, Standing, TicketId, Time};

use reasons::{Connects, reasons};
use words::{because_of, step_in_words};

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
