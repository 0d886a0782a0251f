//! Programs that use the pool; each runs without an account.
