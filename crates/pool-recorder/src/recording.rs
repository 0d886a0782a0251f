//! The recording as a value, and as bytes. No bytes, however wrong, make a panic: they are a [`ReadError`].

use std::fmt;

use pool_core::{Call, Image, ImageError, Record, Time};

/// The version of the format of a recording.
pub const FORMAT_VERSION: u16 = 1;

const MAGIC: &[u8; 8] = b"sbp-tape";
const HEAD: usize = 28;

/// A part of a pool's life: how it was at first, every call since then, and how it was at last.
#[derive(Clone, Debug)]
pub struct Recording {
    version: String,
    first: Image,
    records: Vec<Record>,
    last: Option<Image>,
}

/// Why bytes are no recording.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// They do not begin as a recording does.
    Magic,
    /// They are of another version of the format: this one.
    Version(u16),
    /// They are fewer or more than the recording says it has.
    Length {
        /// What it says.
        said: u64,
        /// What there is.
        there: u64,
    },
    /// They are not what was written.
    Checksum,
    /// The record of this number, from 0, is of no call.
    Record(usize),
    /// An image in it cannot be read; `version` is that of the crate that wrote it.
    Image {
        /// The crate that wrote the recording.
        version: String,
        /// What is wrong with the image.
        error: ImageError,
    },
}

impl Recording {
    pub(crate) fn new(first: Image, records: Vec<Record>, last: Option<Image>) -> Recording {
        Recording { version: env!("CARGO_PKG_VERSION").to_owned(), first, records, last }
    }

    /// A recording made by hand: `calls` of the pool of `first`. It has no last image, so [`verify`](Recording::verify) has nothing
    /// to compare with.
    pub fn of_calls(first: Image, calls: impl IntoIterator<Item = (Time, Call)>) -> Recording {
        let records = calls.into_iter().map(|(at, call)| Record::of(at, call)).collect();
        Recording::new(first, records, None)
    }

    /// The version of the crate that wrote it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The state before the first call.
    pub fn first(&self) -> &Image {
        &self.first
    }

    /// The state after the last call, if it was recorded.
    pub fn last(&self) -> Option<&Image> {
        self.last.as_ref()
    }

    /// How many calls there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no call.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The calls, with their times.
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = (Time, Call)> + ExactSizeIterator {
        self.records.iter().map(|record| (record.at(), record.call().expect("a record is of a call")))
    }

    /// As bytes, in the format that the [crate's documentation](crate) describes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let first = self.first.to_bytes();
        let last = self.last.as_ref().map(Image::to_bytes).unwrap_or_default();
        let mut bytes = vec![0; HEAD];
        bytes.extend_from_slice(self.version.as_bytes());
        bytes.extend_from_slice(&first);
        bytes.extend(self.records.iter().flat_map(Record::to_bytes));
        bytes.extend_from_slice(&last);
        let sum = crc32fast::hash(&bytes[HEAD..]);
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[10..12].copy_from_slice(&(self.version.len() as u16).to_le_bytes());
        for (at, number) in [(12, first.len()), (16, self.records.len()), (20, last.len())] {
            let number = u32::try_from(number).expect("a recording is below 4 GiB");
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        bytes[24..28].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// From bytes. All of it is checked: the frame, the images as [`Image::from_bytes`] does, each record.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Recording, ReadError> {
        let (head, rest) = bytes.split_at_checked(HEAD).ok_or(ReadError::Magic)?;
        if !head.starts_with(MAGIC) {
            return Err(ReadError::Magic);
        }
        let half = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if half(8) != FORMAT_VERSION {
            return Err(ReadError::Version(half(8)));
        }
        let records = u64::from(number(16)) * Record::SIZE as u64;
        let said = u64::from(half(10)) + u64::from(number(12)) + records + u64::from(number(20));
        if said != rest.len() as u64 {
            return Err(ReadError::Length { said, there: rest.len() as u64 });
        }
        if number(24) != crc32fast::hash(rest) {
            return Err(ReadError::Checksum);
        }
        let (version, rest) = rest.split_at(half(10).into());
        let (first, rest) = rest.split_at(number(12) as usize);
        let (records, last) = rest.split_at(records as usize);
        let version = String::from_utf8_lossy(version).into_owned();
        let image = |bytes: &[u8]| {
            Image::from_bytes(bytes).map_err(|error| ReadError::Image { version: version.clone(), error })
        };
        let (first, last) = (image(first)?, if last.is_empty() { None } else { Some(image(last)?) });
        let records = records.as_chunks::<{ Record::SIZE }>().0;
        let record = |(n, bytes)| Record::from_bytes(bytes).ok_or(ReadError::Record(n));
        let records = records.iter().enumerate().map(record).collect::<Result<_, _>>()?;
        Ok(Recording { version, first, records, last })
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Magic => f.write_str("these bytes are no recording of a pool"),
            ReadError::Version(version) => {
                write!(
                    f,
                    "the recording has format {version}, and this is a reader of format {FORMAT_VERSION}"
                )
            }
            ReadError::Length { said, there } => {
                write!(f, "the recording says that it has {said} bytes after its head, and there are {there}")
            }
            ReadError::Checksum => f.write_str("the recording is damaged: its checksum does not agree"),
            ReadError::Record(n) => write!(f, "record {n} is of no call"),
            ReadError::Image { version, error } => {
                write!(f, "{error} (the recording was written by version {version})")
            }
        }
    }
}

impl std::error::Error for ReadError {}
