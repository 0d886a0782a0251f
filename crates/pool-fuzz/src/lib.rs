//! What the fuzzers run, as plain functions that the tests run too.
//!
//! Each function takes any bytes and panics if a rule is broken by them. `fuzz/fuzz_targets` calls them with bytes that
//! libFuzzer makes up, `tests/corpus.rs` with those that it kept in `fuzz/corpus`: so what was found once is tried at every
//! test run, on a stable compiler and without a fuzzer.
//!
//! | target | the bytes are | what must hold |
//! |---|---|---|
//! | [`history`] | a setup and steps | every invariant, by the oracle and `check()`, after every step |
//! | [`differential`] | a setup and plain steps | the core does what the naive pool does, output for output |
//! | [`config`] | settings, URL, key, variables, a document | no panic; a problem names its setting; no key in any text |
//! | [`query`] | names, values, conditions, rows, arguments | the URL is valid, and every value is read back as it was |
//! | [`errors`] | status, headers, body | no panic; no key in any text; what may be repeated only shrinks with safety |
//!
//! How bytes become numbers and texts is in one place, `source.rs`. The corpus depends on it: what is added to a decoder
//! goes where bytes had no meaning of their own yet.

pub mod config;
pub mod differential;
pub mod errors;
pub mod history;
pub mod query;

mod secret;
mod source;
mod steps;

/// A target: its name, which is that of its corpus, and the function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 5] = [
    ("config", config::check),
    ("differential", differential::check),
    ("errors", errors::check),
    ("history", history::check),
    ("query", query::check),
];

/// Shows `value` if the thread panics before the guard is dropped. A fuzzer aborts instead; the tests show it.
fn shown<T: std::fmt::Debug>(value: &T) -> impl Drop {
    struct Shown<'a, T: std::fmt::Debug>(&'a T);
    impl<T: std::fmt::Debug> Drop for Shown<'_, T> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{:?}", self.0);
            }
        }
    }
    Shown(value)
}
