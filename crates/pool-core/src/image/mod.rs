//! The whole state as bytes, and back (feature `image`).
//!
//! Rules kept here: a pool read from an image has the future of the pool that the image was made of, decision for decision (I45); and
//! no bytes, however wrong, make a panic or a pool that breaks an invariant: they are an [`ImageError`].
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `sbp-imag` |
//! | 8..10 | [`IMAGE_VERSION`], little endian |
//! | 10..12 | zero |
//! | 12..16 | the length of the rest, little endian |
//! | 16..20 | the CRC-32 (IEEE) of the rest, little endian |
//! | 20.. | the fields of the pool in the order of their declaration, as [postcard] writes them |
//!
//! An image is for the version of this crate that wrote it, and for those with the same [`IMAGE_VERSION`]: it holds private state.
//!
//! [postcard]: https://postcard.jamesmunns.com/wire-format.html

mod call;
mod restart;
mod standing;
mod valid;

pub use call::{Call, Record};
pub use standing::Standing;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::arena::Arena;
use crate::config::Config;
use crate::conn::{Conn, Kept, LeaseRecord};
use crate::endpoint::Endpoint;
use crate::id::{ConnId, EndpointId, LeaseId, TicketId};
use crate::input::{Lease, Ticket};
use crate::list::List;
use crate::output::Action;
use crate::pool::{Counts, Mode, Pool, Shelves};
use crate::rest::Rest;
use crate::retry::Budget;
use crate::rng::Rng;
use crate::shrink::Shrink;
use crate::stats::Stats;
use crate::time::{Span, Time};
use crate::timers::Timers;
use crate::waiter::{Queue, Waiter};

/// The version of the layout of images. It changes whenever the state of a pool does.
pub const IMAGE_VERSION: u16 = 6;

const MAGIC: &[u8; 8] = b"sbp-imag";
const HEAD: usize = 20;

/// A pool at one moment, apart from the pool that it was taken of.
#[derive(Clone, Debug)]
pub struct Image {
    pool: Pool,
}

/// Why bytes are no image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// They do not begin as an image does.
    Magic,
    /// They are of another version of the layout: this one.
    Version(u16),
    /// They are fewer or more than the image says it has.
    Length {
        /// What it says.
        said: usize,
        /// What there is.
        there: usize,
    },
    /// They are not what was written.
    Checksum,
    /// They do not read as the state of a pool.
    Layout,
    /// They read as a state that no pool can be in: what is wrong with it.
    State(String),
}

impl Image {
    /// The pool as it is now. Costs what [`Pool::clone`] does.
    pub fn of(pool: &Pool) -> Image {
        Image { pool: pool.clone() }
    }

    /// The pool, to look at.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The pool, with the tickets and leases that are out, in the order of their slots. It goes on as the original would have.
    pub fn into_pool(self) -> (Pool, Vec<Ticket>, Vec<Lease>) {
        let tickets = self.pool.tickets.iter().map(|(id, _)| Ticket { id }).collect();
        let out = self.pool.leases.iter().filter(|(_, record)| record.granted_to.is_none());
        let leases = out.map(|(id, record)| Lease { id, conn: record.conn }).collect();
        (self.pool, tickets, leases)
    }

    /// As bytes. Two pools in the same state have the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = alloc::vec![0; HEAD];
        let mut bytes =
            postcard::to_extend(&Written::of(&self.pool), bytes).expect("a vector takes all of it");
        let rest = u32::try_from(bytes.len() - HEAD).expect("a pool within its limits is below 4 GiB");
        let sum = crc32fast::hash(&bytes[HEAD..]);
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..10].copy_from_slice(&IMAGE_VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&rest.to_le_bytes());
        bytes[16..20].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// From bytes. What is read is checked: the frame, the structure, and every invariant of the state.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Image, ImageError> {
        let (head, rest) = bytes.split_at_checked(HEAD).ok_or(ImageError::Magic)?;
        if !head.starts_with(MAGIC) {
            return Err(ImageError::Magic);
        }
        let version = u16::from_le_bytes([head[8], head[9]]);
        if version != IMAGE_VERSION {
            return Err(ImageError::Version(version));
        }
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if number(12) as usize != rest.len() || head[10..12] != [0, 0] {
            return Err(ImageError::Length { said: number(12) as usize, there: rest.len() });
        }
        if number(16) != crc32fast::hash(rest) {
            return Err(ImageError::Checksum);
        }
        let (read, left) = postcard::take_from_bytes::<Read>(rest).map_err(|_| ImageError::Layout)?;
        let pool = read.into_pool();
        if !left.is_empty() {
            return Err(ImageError::Layout);
        }
        pool.check_structure().map_err(ImageError::State)?;
        pool.check().map_err(ImageError::State)?;
        Ok(Image { pool })
    }
}

/// The fields of a pool: as they are written, and as they are read before anything is known to be right. A field that is missing here
/// does not compile.
macro_rules! fields {
    ($($field:ident: $type:ty,)*) => {
        #[derive(serde::Serialize)]
        struct Written<'a> {$($field: &'a $type,)*}

        #[derive(serde::Deserialize)]
        struct Read {$($field: $type,)*}

        impl<'a> Written<'a> {
            fn of(pool: &'a Pool) -> Self {
                let Pool { $($field,)* } = pool;
                Written { $($field,)* }
            }
        }

        impl Read {
            fn into_pool(self) -> Pool {
                let Read { $($field,)* } = self;
                Pool { $($field,)* }
            }
        }
    };
}

fields! {
    config: Config,
    now: Time,
    mode: Mode,
    suspended: bool,
    generation: u32,
    endpoints: Arena<EndpointId, Endpoint>,
    conns: Arena<ConnId, Conn>,
    leases: Arena<LeaseId, LeaseRecord>,
    tickets: Arena<TicketId, Waiter>,
    queue: Queue,
    shelves: Shelves,
    kept: List<ConnId, Kept>,
    counts: Counts,
    failing: u32,
    timers: Timers,
    idle_limit: Span,
    rest: Rest,
    shrink: Shrink,
    budget: Budget,
    rng: Rng,
    last_retirement: Time,
    woken: Option<TicketId>,
    actions: VecDeque<Action>,
    stats: Stats,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageError::Magic => f.write_str("these bytes are no image of a pool"),
            ImageError::Version(version) => write!(
                f,
                "the image has version {version}, and this is a reader of version {IMAGE_VERSION}: use the version that wrote it"
            ),
            ImageError::Length { said, there } => {
                write!(f, "the image says that it has {said} bytes after its head, and there are {there}")
            }
            ImageError::Checksum => f.write_str("the image is damaged: its checksum does not agree"),
            ImageError::Layout => f.write_str("the image does not read as the state of a pool"),
            ImageError::State(what) => write!(f, "the image holds a state that no pool can be in: {what}"),
        }
    }
}

impl core::error::Error for ImageError {}
