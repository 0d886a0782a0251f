//! The monitor over pools of an in-memory backend, in virtual time: nothing here sleeps, and nothing waits for real.

mod alerts;
mod fake;
mod figures;
mod held;
mod lives;
mod metrics;
mod openmetrics;
mod operate;
mod panel;
mod sentences;
mod serve;
mod status;
mod telling;
mod tokens;
mod wire;
mod work;
mod world;
