//! What an engine has done, as one line for people and for `cargo xtask prove`, shown with `--nocapture`:
//!
//! ```text
//! proved: engine=simulator seeds=200 steps=5000000 seconds=3.1
//! ```
//!
//! `proved:`, then `name=value` pairs; an engine may print several lines, whose counts add up.

use std::time::Instant;

/// The count of one engine's run, from its beginning.
#[derive(Debug)]
pub struct Proof {
    engine: &'static str,
    began: Instant,
    counts: Vec<(&'static str, u64)>,
}

impl Proof {
    /// A run of that engine begins.
    pub fn of(engine: &'static str) -> Proof {
        Proof { engine, began: Instant::now(), counts: Vec::new() }
    }

    /// Counts so many more of something.
    pub fn add(&mut self, what: &'static str, count: u64) {
        match self.counts.iter_mut().find(|known| known.0 == what) {
            Some(known) => known.1 += count,
            None => self.counts.push((what, count)),
        }
    }

    /// The line.
    pub fn line(&self) -> String {
        let counts: String = self.counts.iter().map(|(what, count)| format!(" {what}={count}")).collect();
        format!("proved: engine={}{counts} seconds={:.1}", self.engine, self.began.elapsed().as_secs_f64())
    }

    /// The run has ended well: prints the line.
    pub fn done(self) {
        println!("{}", self.line());
    }
}
