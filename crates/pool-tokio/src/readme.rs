//! The README's examples are compiled with the tests.

#[doc = include_str!("../../../README.md")]
struct Readme;
