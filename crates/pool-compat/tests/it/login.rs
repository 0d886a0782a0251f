//! A role of a test's own in the database that all share: what it opens can be told from everything else, and it ends with its value.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::Config;
use xtask::{Failure, Pair};

pub(crate) struct Login {
    pair: Pair,
    role: String,
    config: Config,
}

impl Login {
    pub(crate) fn new() -> Result<Login, Failure> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let pair = Pair::ensure()?;
        let role = format!("compat_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
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
        Ok(Login { pair, role, config })
    }

    /// Where to connect to, and as whom.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    /// Ends the session of `pid`; it is gone when this returns.
    pub(crate) fn kill(&self, pid: i32) {
        let ended = self.pair.sql(&format!("select pg_terminate_backend({pid}, 60000)")).unwrap();
        assert_eq!(ended, "t", "session {pid} has not ended");
    }

    /// Ends every session of this role; they are gone when this returns. The answer is how many there were.
    pub(crate) fn kill_all(&self) -> usize {
        let role = &self.role;
        let sql =
            format!("select pg_terminate_backend(pid, 60000) from pg_stat_activity where usename = '{role}'");
        let ended = self.pair.sql(&sql).unwrap();
        assert!(ended.lines().all(|line| line == "t"), "sessions of {role} have not ended: {ended}");
        ended.lines().count()
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        if let Err(failure) = self.pair.sql(&format!("drop role {}", self.role)) {
            eprintln!("the role {} is left behind: {failure}", self.role);
        }
    }
}
