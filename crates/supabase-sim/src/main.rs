//! Runs the simulator until it is stopped: `cargo run -p supabase-sim [-- PORT]`.

use std::error::Error;

use supabase_sim::Simulator;

fn main() -> Result<(), Box<dyn Error>> {
    let port = match std::env::args().nth(1) {
        None => 0,
        Some(text) => {
            text.parse().map_err(|_| format!("the port must be a number from 0 to 65535, not '{text}'"))?
        }
    };
    let sim = Simulator::builder().port(port).start()?;
    println!("SUPABASE_URL={}", sim.url());
    println!("SUPABASE_PUBLISHABLE_KEY={}", sim.anon_key());
    println!("SUPABASE_SECRET_KEY={}", sim.service_key());
    eprintln!(
        "\nTry: curl -H 'apikey: {}' '{}/rest/v1/blogs?select=slug,views&limit=3'",
        sim.anon_key(),
        sim.url()
    );
    eprintln!("Ctrl-C stops it.");
    loop {
        std::thread::park();
    }
}
