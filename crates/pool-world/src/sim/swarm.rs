//! What may go wrong in a run. Each seed has its own subset of it, for what goes wrong all the time hides what goes wrong alone: a
//! pool that is invalidated every second never grows old. [swarm testing]

use crate::rng::Rng;

/// Something that may happen to a pool beside easy traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An endpoint takes twenty times as long for everything.
    Slow,
    /// An endpoint refuses connects.
    Refusing,
    /// An endpoint answers nothing, not even a close.
    BlackHole,
    /// An endpoint accepts and drops soon after.
    Flapping,
    /// An endpoint accepts, and then answers nothing.
    HalfOpen,
    /// An endpoint has too much to do.
    Overloaded,
    /// An endpoint answers that it cannot serve.
    Broken,
    /// A connect ends well after the pool has given it up.
    LateConnect,
    /// The machine sleeps for hours.
    Sleep,
    /// Dozens of callers come and go away again at once.
    Storm,
    /// A caller keeps its lease.
    Kept,
    /// A caller takes its connection out of the pool.
    Detach,
    /// A caller finds its connection dead.
    Reject,
    /// A caller asks whether to try again.
    Retry,
    /// A caller who was woken comes late, or gives up before it comes.
    Tardy,
    /// Callers differ in class, patience and what they ask of a connection.
    Varied,
    /// The operator holds everything back for a while.
    Suspend,
    /// The operator wants new connections.
    Invalidate,
    /// The operator changes the sizes.
    Resize,
    /// Endpoints come and go.
    Endpoints,
    /// The peer closes a connection.
    Lost,
    /// The peer wants no more requests on a connection.
    Retiring,
    /// The peer changes how much a connection carries.
    LeaseLimit,
    /// The peer says how long it keeps idle connections.
    KeepAlive,
}

impl Trouble {
    /// All of it.
    pub const ALL: [Trouble; 24] = [
        Trouble::Slow,
        Trouble::Refusing,
        Trouble::BlackHole,
        Trouble::Flapping,
        Trouble::HalfOpen,
        Trouble::Overloaded,
        Trouble::Broken,
        Trouble::LateConnect,
        Trouble::Sleep,
        Trouble::Storm,
        Trouble::Kept,
        Trouble::Detach,
        Trouble::Reject,
        Trouble::Retry,
        Trouble::Tardy,
        Trouble::Varied,
        Trouble::Suspend,
        Trouble::Invalidate,
        Trouble::Resize,
        Trouble::Endpoints,
        Trouble::Lost,
        Trouble::Retiring,
        Trouble::LeaseLimit,
        Trouble::KeepAlive,
    ];
}

/// The troubles that a run may have, and how often it had each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Swarm {
    allowed: u32,
    struck: [u32; Trouble::ALL.len()],
}

impl Swarm {
    /// One seed in four has all of it; the others have each with an even chance.
    pub(super) fn random(rng: &mut Rng) -> Swarm {
        let all = rng.chance(25);
        let allowed = if all { u32::MAX } else { rng.next() as u32 };
        Swarm { allowed, ..Swarm::default() }
    }

    /// Whether that may happen; if so, it does.
    pub(super) fn strikes(&mut self, trouble: Trouble) -> bool {
        let allowed = self.allowed & 1 << trouble as u32 != 0;
        if allowed {
            self.happened(trouble);
        }
        allowed
    }

    /// It happened, as a consequence of something else.
    pub(super) fn happened(&mut self, trouble: Trouble) {
        self.struck[trouble as usize] += 1;
    }

    /// Nothing happens any more.
    pub(super) fn cease(&mut self) {
        self.allowed = 0;
    }

    /// Adds what happened in another run.
    pub fn join(&mut self, other: &Swarm) {
        self.struck.iter_mut().zip(other.struck).for_each(|(mine, other)| *mine += other);
    }

    /// What has never happened.
    pub fn missing(&self) -> Vec<Trouble> {
        Trouble::ALL.into_iter().filter(|&trouble| self.struck[trouble as usize] == 0).collect()
    }
}
