//! `program.rs` on async-std: `cargo run -p examples --features smol --bin on_async_std`. For programs that have not moved to smol yet, which
//! async-std is discontinued in favour of.

use pool_smol::async_std as pool;
use supabase_sim::Simulator;

mod program;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sim = Simulator::start()?;
    async_std::task::block_on(program::run(&sim))
}
