//! A role of this program's own on the server of `cargo xtask setup`: it may log in, and read what the server says of its sessions.

use std::process;

use tokio_postgres::Config;
use xtask::{Failure, Pair};

/// The role ends with the value.
pub(crate) struct Login {
    pub(crate) pair: Pair,
    pub(crate) config: Config,
    role: String,
}

impl Login {
    pub(crate) fn new() -> Result<Login, Failure> {
        let pair = Pair::ensure()?;
        let role = format!("postgres_wire_{}", process::id());
        // The server invents the password, so that no command line ever has it.
        let rows = pair.sql(&format!(
            "select set_config('login.password', gen_random_uuid()::text, false);
             do $$ begin
               execute format('create role {role} login password %L', current_setting('login.password'));
             end $$;
             select current_setting('login.password')"
        ))?;
        let mut config = Config::new();
        config.host("127.0.0.1").port(pair.postgres_port()).dbname("app").user(&role);
        config.password(rows.lines().last().unwrap_or_default());
        Ok(Login { pair, config, role })
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        if let Err(failure) = self.pair.sql(&format!("drop role {}", self.role)) {
            eprintln!("the role {} is left behind: {failure}", self.role);
        }
    }
}
