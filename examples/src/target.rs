//! Where an example runs: your project, if the environment names one, else a simulator in this process.
//!
//! Rules kept here: no account is needed; half a configuration is an error that names the other half, not a reason to fall
//! back; nothing is ever done to a project but queries.

use std::error::Error;

use pool_tokio::{PoolSettings, SupabaseConfig};
use supabase_sim::Simulator;

/// The variables by which a project is named; any of them means that one is meant.
pub const VARIABLES: [&str; 6] = [
    "SUPABASE_URL",
    "VITE_SUPABASE_URL",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_ANON_KEY",
    "VITE_SUPABASE_PUBLISHABLE_KEY",
    "VITE_SUPABASE_ANON_KEY",
];

/// Where an example runs.
#[derive(Debug)]
pub enum Target {
    /// A simulator in this process, with which anything may be done.
    Simulator(Simulator),
    /// A project of the user's.
    Project,
}

impl Target {
    /// Chooses by the environment. For the simulator the pool has 2 to 8 connections; for a project, what the environment says.
    ///
    /// # Errors
    ///
    /// The environment names a project, but not completely or not correctly; or the simulator cannot start.
    pub async fn choose() -> Result<(Target, SupabaseConfig), Box<dyn Error>> {
        if VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
            return Ok((Target::Project, SupabaseConfig::from_env()?));
        }
        // It has a runtime of its own, which must not be started on this one's threads.
        let simulator = tokio::task::spawn_blocking(Simulator::start).await??;
        let settings = PoolSettings { min_connections: 2, max_connections: 8, ..PoolSettings::development() };
        let config = SupabaseConfig::builder()
            .url(simulator.url())
            .key(simulator.anon_key())
            .settings(settings)
            .build()?;
        Ok((Target::Simulator(simulator), config))
    }

    /// The simulator, if it is one.
    pub fn simulator(&self) -> Option<&Simulator> {
        match self {
            Target::Simulator(simulator) => Some(simulator),
            Target::Project => None,
        }
    }

    /// What to call it, with its address.
    pub fn title(&self, config: &SupabaseConfig) -> String {
        let place = config.base().authority();
        match self {
            Target::Simulator(_) => format!("the built-in simulator at {place}"),
            Target::Project => format!("your project at {place}"),
        }
    }
}
