//! The simulated world that every test engine of pool-core stands on.
