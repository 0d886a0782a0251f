//! A user's token in use: the current one, a minute's margin before its end, and one refresh at a time.

use std::time::{Duration, SystemTime};

use async_lock::Mutex;

use crate::token::{Epoch, RefreshError, Token, TokenSource};

/// A token that expires within this is refreshed before it is sent.
const MARGIN: Duration = Duration::from_secs(60);

pub(super) struct Credential {
    source: Box<dyn TokenSource>,
    /// Held by the one that refreshes: a hundred refused requests lead to one refresh.
    refreshing: Mutex<()>,
}

impl Credential {
    pub(super) fn new(source: impl TokenSource) -> Self {
        Credential { source: Box::new(source), refreshing: Mutex::new(()) }
    }

    /// The token to send. If it ends soon and no new one can be had, the one that there is: it may still do.
    pub(super) async fn token(&self) -> Option<Token> {
        let token = self.source.current()?;
        if !token.expires_within(MARGIN, SystemTime::now()) {
            return Some(token);
        }
        Some(self.newer_than(token.epoch()).await.unwrap_or(token))
    }

    /// A token newer than one that was refused. Whoever comes second finds the work done.
    ///
    /// # Cancel safety
    ///
    /// A refresh under way is dropped with the call that runs it; the next in line begins its own.
    pub(super) async fn newer_than(&self, stale: Epoch) -> Result<Token, RefreshError> {
        let _turn = self.refreshing.lock().await;
        match self.source.current() {
            Some(token) if token.epoch() > stale => Ok(token),
            Some(_) | None => self.source.refresh(stale).await,
        }
    }
}
