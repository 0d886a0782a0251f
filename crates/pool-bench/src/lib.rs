//! Measurements live in `benches/`; run them with `cargo bench -p pool-bench`.
