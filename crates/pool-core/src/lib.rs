//! The connection pool as a pure state machine: no I/O, no clock, no randomness, no dependency.
