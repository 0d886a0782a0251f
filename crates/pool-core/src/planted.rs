//! Known bugs of other pools, planted into this one (`--cfg planted`, and nobody else's build): a proof of the engines, which have to
//! find each of them. `cargo xtask planted` runs it, `docs/planted.md` shows what came of it.
//!
//! Rules: each bug is the mechanism of the original, told in the terms of this design, in one line at the place where this design
//! would have it; at most one is alive at a time; without the cfg a line of [`planted!`] is nothing at all.

/// The bug, and what it does if it is the one that is alive.
#[cfg(planted)]
#[macro_export]
macro_rules! planted {
    ($bug:ident => $($what:tt)+) => {
        if $crate::Bug::$bug.is_alive() {
            $($what)+
        }
    };
}

#[cfg(not(planted))]
macro_rules! planted {
    ($bug:ident => $($what:tt)+) => {};
}

#[cfg(planted)]
pub use bugs::Bug;

#[cfg(planted)]
mod bugs {
    use core::sync::atomic::{AtomicU8, Ordering};

    use crate::id::ConnId;
    use crate::pool::Pool;
    use crate::time::{Time, nanos};
    use crate::timers::Key;

    static ALIVE: AtomicU8 = AtomicU8::new(0);

    /// A known bug of another pool.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Bug {
        /// Somebody looks for a connection, finds none, and joins those who wait; what comes back in between wakes nobody.
        LostWakeUp = 1,
        /// A caller gives up just after a connection was sent to it: nobody receives the connection.
        GrantLost,
        /// Each caller who finds nothing dials, whatever is on its way already.
        OverDialling,
        /// A broken connection comes back and is thrown away; those who wait are not told that there is room for another.
        NoReplacement,
        /// An attempt that is given up keeps its permit.
        PermitDrift,
        /// Those who wait are on a stack.
        LastInFirstOut,
        /// To close a connection is to wait for its peer, however long.
        EndlessClose,
        /// Whether a connection is too old is decided with a jitter that is drawn anew each time: sooner or later one is zero.
        JitterPerCheck,
        /// The timer that looks for idle connections goes on when there are none.
        TimerOnEmpty,
        /// Who was woken gives up, and does not pass the wake on.
        WakeSwallowed,
    }

    impl Bug {
        /// All of them, by their numbers.
        pub const ALL: [Bug; 10] = [
            Bug::LostWakeUp,
            Bug::GrantLost,
            Bug::OverDialling,
            Bug::NoReplacement,
            Bug::PermitDrift,
            Bug::LastInFirstOut,
            Bug::EndlessClose,
            Bug::JitterPerCheck,
            Bug::TimerOnEmpty,
            Bug::WakeSwallowed,
        ];

        /// Where it was found.
        pub const fn issue(self) -> &'static str {
            match self {
                Bug::LostWakeUp => "djc/bb8#122",
                Bug::GrantLost => "launchbadge/sqlx#83",
                Bug::OverDialling => "djc/bb8#223",
                Bug::NoReplacement => "djc/bb8#167",
                Bug::PermitDrift => "deadpool-rs/deadpool#18",
                Bug::LastInFirstOut => "hyperium/hyper-util#298",
                Bug::EndlessClose => "launchbadge/sqlx#4349",
                Bug::JitterPerCheck => "jackc/pgx#1437",
                Bug::TimerOnEmpty => "hyperium/hyper#4100",
                Bug::WakeSwallowed => "boostorg/mysql#509",
            }
        }

        /// Lets this bug live, or none: in the whole program, from here on.
        pub fn plant(bug: Option<Bug>) {
            ALIVE.store(bug.map_or(0, |bug| bug as u8), Ordering::Relaxed);
        }

        /// Whether it is the one that lives.
        pub fn is_alive(self) -> bool {
            ALIVE.load(Ordering::Relaxed) == self as u8
        }
    }

    impl Pool {
        /// [`Bug::EndlessClose`]: the close has no deadline.
        pub(crate) fn close_without_end(&mut self, id: ConnId) {
            self.conns[id].deadline = Time::MAX;
            self.timers.set(Key::Conn(id.slot()), Time::MAX);
        }

        /// [`Bug::JitterPerCheck`]: whether a connection that comes back is older than a lifetime and a jitter of up to another.
        pub(crate) fn is_too_old(&mut self, id: ConnId) -> bool {
            let life = self.config.max_lifetime;
            if life.is_zero() {
                return false;
            }
            let jitter = core::time::Duration::from_nanos(self.rng.between(0, nanos(life)));
            self.conns[id].opened_at + life + jitter <= self.now
        }
    }
}
