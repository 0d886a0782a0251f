//! Managers of both kinds: against a real PostgreSQL (that of `cargo xtask setup`; without it the tests fail with that command), and
//! managers made for a test in virtual time.

mod counting;
mod login;
mod mapping;
mod postgres;
