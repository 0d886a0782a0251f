//! An endpoint as its clients know it: how long things take, and how they end.

use std::time::Duration;

use pool_core::{FaultClass, Outcome, Reuse};

use crate::rng::Rng;

/// How an endpoint behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    #[default]
    Well,
    /// Everything takes twenty times as long: connects may end after their timeout.
    Slow,
    /// Nobody gets in, those inside are served.
    Refusing,
    /// It answers nothing at all, not even a close.
    BlackHole,
    /// It accepts and drops soon after.
    Flapping,
    /// It accepts, and then answers nothing.
    HalfOpen,
    /// Half of its answers say that it has too much to do.
    Overloaded,
    /// It answers, and every answer is that it cannot serve.
    Broken,
}

impl Mood {
    /// All of them.
    pub const ALL: [Mood; 8] = [
        Mood::Well,
        Mood::Slow,
        Mood::Refusing,
        Mood::BlackHole,
        Mood::Flapping,
        Mood::HalfOpen,
        Mood::Overloaded,
        Mood::Broken,
    ];
}

/// An endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// How it behaves now.
    pub mood: Mood,
    /// Time for a connect.
    pub connect: Duration,
    /// Time for a request or a probe.
    pub answer: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Server { mood: Mood::Well, connect: Duration::from_millis(20), answer: Duration::from_millis(2) }
    }
}

impl Server {
    fn takes(&self, usual: Duration, rng: &mut Rng) -> Duration {
        let usual = usual * rng.between(50, 150) as u32 / 100;
        if self.mood == Mood::Slow { usual * 20 } else { usual }
    }

    /// When a connect ends and whether it succeeds; `None` if it never ends.
    pub fn connect(&self, rng: &mut Rng) -> Option<(Duration, bool)> {
        let after = self.takes(self.connect, rng);
        match self.mood {
            Mood::BlackHole => None,
            Mood::Refusing => Some((after / 10, false)),
            Mood::Well | Mood::Slow | Mood::Flapping | Mood::HalfOpen | Mood::Overloaded | Mood::Broken => {
                Some((after, true))
            }
        }
    }

    /// When a probe ends and how.
    pub fn probe(&self, rng: &mut Rng) -> Option<(Duration, bool)> {
        let after = self.takes(self.answer, rng);
        match self.mood {
            Mood::BlackHole | Mood::HalfOpen => None,
            Mood::Flapping | Mood::Broken => Some((after, rng.chance(50))),
            Mood::Well | Mood::Slow | Mood::Refusing | Mood::Overloaded => Some((after, true)),
        }
    }

    /// When a close is done.
    pub fn close(&self, rng: &mut Rng) -> Option<Duration> {
        if self.mood == Mood::BlackHole { None } else { Some(self.takes(self.answer, rng)) }
    }

    /// How long an accepted connection lives, if the peer drops it.
    pub fn lifetime(&self, rng: &mut Rng) -> Option<Duration> {
        if self.mood == Mood::Flapping { Some(rng.micros(0, 200_000)) } else { None }
    }

    /// How long a request takes and how it ends; one that is not answered is given up by its caller.
    pub fn work(&self, rng: &mut Rng) -> (Duration, Outcome) {
        let after = self.takes(self.answer, rng);
        let fault = |class| Outcome::Failed { class, reuse: Reuse::Keep };
        match self.mood {
            Mood::Well | Mood::Slow | Mood::Refusing => match rng.between(0, 19) {
                0 => (after, fault(FaultClass::Application)),
                1 => (after, Outcome::Returned),
                _ => (after, Outcome::Success),
            },
            Mood::BlackHole | Mood::HalfOpen => (Duration::from_millis(500), Outcome::BROKEN),
            Mood::Flapping if rng.chance(50) => (after, Outcome::BROKEN),
            Mood::Overloaded if rng.chance(50) => (after, fault(FaultClass::Saturation)),
            Mood::Broken => (after, fault(FaultClass::Endpoint)),
            Mood::Flapping | Mood::Overloaded => (after, Outcome::Success),
        }
    }
}
