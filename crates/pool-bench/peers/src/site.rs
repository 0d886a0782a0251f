//! What is connected to: nothing, in memory, which can be told to refuse. The same for every pool.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// A connection: a number of uses, and whether it is broken.
#[derive(Debug, Default)]
pub struct Conn {
    pub uses: u64,
    pub broken: bool,
}

/// The peer refused.
#[derive(Clone, Copy, Debug)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {}

/// What becomes of a connect.
#[derive(Clone, Copy)]
pub enum Mood {
    Accepts,
    /// Half of the connects, by a fixed pseudo-random sequence.
    RefusesHalf,
    Refuses,
}

#[derive(Clone, Debug, Default)]
pub struct Site(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    mood: AtomicU8,
    attempts: AtomicU64,
    opened: AtomicU64,
}

impl Site {
    pub fn set(&self, mood: Mood) {
        self.0.mood.store(mood as u8, Ordering::Relaxed);
    }

    /// Connects so far, refused ones too.
    pub fn attempts(&self) -> u64 {
        self.0.attempts.load(Ordering::Relaxed)
    }

    /// Connects that succeeded.
    pub fn opened(&self) -> u64 {
        self.0.opened.load(Ordering::Relaxed)
    }

    pub fn connect(&self) -> Result<Conn, Refused> {
        let attempt = self.0.attempts.fetch_add(1, Ordering::Relaxed);
        let refused = match self.0.mood.load(Ordering::Relaxed) {
            0 => false,
            1 => (attempt + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 63 == 1,
            _ => true,
        };
        if refused {
            return Err(Refused);
        }
        self.0.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Conn::default())
    }
}

/// What a pool asks about a connection before or after its use.
pub fn check(conn: &Conn) -> Result<(), Refused> {
    if conn.broken { Err(Refused) } else { Ok(()) }
}
