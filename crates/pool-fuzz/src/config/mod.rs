//! Configurations: the core's in numbers, Supabase's in texts, variables and a document.
//!
//! What is refused is refused with the names of the settings; what is accepted works; no text shows a key.

mod core;
mod project;

use crate::secret;
use crate::source::Source;

/// Tries the configuration that `data` says, in the way that its first byte chooses.
pub fn check(data: &[u8]) {
    if secret::is_in(data) {
        return;
    }
    let mut source = Source::new(data);
    match source.byte() % 4 {
        0 => core::check(&mut source),
        1 => project::built(&mut source),
        2 => project::from_variables(&mut source),
        _ => project::from_document(&mut source),
    }
}
