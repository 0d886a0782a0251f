//! Pinned.
/// x
#[derive(Debug, thiserror::Error)]
#[error("reopened")]
pub struct Reopened;
