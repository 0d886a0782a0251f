//! `program.rs` on tokio: `cargo run -p examples --bin on_tokio`.

use pool_tokio as pool;
use supabase_sim::Simulator;
use tokio::runtime::Runtime;

mod program;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // It has a runtime of its own, which must not be started on this one's threads.
    let sim = Simulator::start()?;
    Runtime::new()?.block_on(program::run(&sim))
}
