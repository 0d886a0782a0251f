//! Drives pool-core on any async runtime.
