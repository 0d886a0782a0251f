//! `program.rs` on smol: `cargo run -p examples --features smol --bin on_smol`. The port from tokio is the next line, and who runs `main`.

use pool_smol as pool;
use supabase_sim::Simulator;

mod program;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sim = Simulator::start()?;
    smol::block_on(program::run(&sim))
}
