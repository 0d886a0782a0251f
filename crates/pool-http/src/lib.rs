//! HTTP vocabulary for pooled connections: requests, phase-tagged faults, outcome classes, the retry loop.
