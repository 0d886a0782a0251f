//! The handle: starts, tells where, injects, observes, stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use crate::fault::{AcceptFault, Ending};
use crate::link::Order;
use crate::observe::Counters;
use crate::rule::{Rule, RuleId};
use crate::server::{Protocols, Server, Transport};
use crate::settings::Settings;
use crate::shared::Shared;
#[cfg(feature = "tls")]
use crate::tls::{self, RootCertificate};

/// How long [`Simulator::kill_connections`] waits for its own thread to close the sockets: far beyond any real delay.
const KILL_LIMIT: Duration = Duration::from_secs(30);

/// A running simulator. Dropping it closes every socket and joins its thread.
///
/// All methods may be called from any thread, inside or outside of any runtime. Those that wait for the server thread
/// ([`refuse`](Self::refuse), [`listen`](Self::listen), [`restart`](Self::restart),
/// [`kill_connections`](Self::kill_connections) and the drop) block for the blink of an eye;
/// [`wait_until`](Self::wait_until) blocks as long as it is told, so use [`until`](Self::until) in a future.
pub struct Simulator {
    // Before `shared`, so that the thread has ended when the rest goes.
    server: Server,
    shared: Arc<Shared>,
    #[cfg(feature = "tls")]
    root: Option<RootCertificate>,
}

const _: () = {
    const fn can_be_shared<T: Send + Sync + 'static>() {}
    can_be_shared::<Simulator>();
};

/// What a simulator starts with. Made by [`Simulator::builder`].
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `start`"]
pub struct Builder {
    settings: Settings,
    protocols: Protocols,
    port: u16,
    #[cfg(feature = "tls")]
    tls: bool,
}

impl Builder {
    /// Serves over TLS, with a certificate made at the start.
    #[cfg(feature = "tls")]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// The versions of HTTP to speak; over TLS these are what ALPN offers. Default both.
    pub fn protocols(mut self, protocols: Protocols) -> Self {
        self.protocols = protocols;
        self
    }

    /// The port on 127.0.0.1. Default 0: any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Changes the settings to start with; [`Simulator::configure`] changes them later.
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Starts. It listens when this returns.
    ///
    /// # Errors
    ///
    /// The port is taken, the thread or its runtime cannot be made, or no certificate can be.
    pub fn start(self) -> io::Result<Simulator> {
        let shared = Arc::new(Shared::new(self.settings));
        #[cfg(feature = "tls")]
        let (acceptor, root) = if self.tls { Some(tls::acceptor(self.protocols)?) } else { None }.unzip();
        let transport = Transport {
            protocols: self.protocols,
            #[cfg(feature = "tls")]
            tls: acceptor,
        };
        let server = Server::start(shared.clone(), transport, self.port)?;
        Ok(Simulator {
            server,
            shared,
            #[cfg(feature = "tls")]
            root,
        })
    }
}

impl Simulator {
    /// Starts with the defaults: a free port, no TLS, both versions of HTTP, no faults.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// To start with something else than the defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The project's URL, without a path: `http://127.0.0.1:PORT`, or with TLS `https://localhost:PORT`.
    pub fn url(&self) -> String {
        #[cfg(feature = "tls")]
        if self.root.is_some() {
            return format!("https://localhost:{}", self.address().port());
        }
        format!("http://{}", self.address())
    }

    /// The certificate to trust, when it serves over TLS.
    #[cfg(feature = "tls")]
    pub fn root_certificate(&self) -> Option<&RootCertificate> {
        self.root.as_ref()
    }

    /// The publishable key (`sb_publishable_…`).
    pub fn anon_key(&self) -> &str {
        &self.shared.keys.anon
    }

    /// The secret key (`sb_secret_…`).
    pub fn service_key(&self) -> &str {
        &self.shared.keys.service
    }

    /// The anonymous key of the older kind, a JWT: also valid as a bearer token.
    pub fn legacy_anon_key(&self) -> &str {
        &self.shared.keys.legacy_anon
    }

    /// The service key of the older kind, a JWT: also valid as a bearer token.
    pub fn legacy_service_key(&self) -> &str {
        &self.shared.keys.legacy_service
    }

    /// A user's token, to be sent as `Authorization: Bearer`. One that expired is refused with 401.
    pub fn user_token(&self, expires_at: SystemTime) -> String {
        self.shared.keys.user_token(expires_at)
    }

    /// A token with any claims, given as a JSON object, and a valid signature.
    pub fn token_with_claims(&self, claims: &str) -> String {
        self.shared.keys.sign(claims)
    }

    /// Injects a fault for requests, by itself or as a rule with conditions.
    pub fn inject(&self, rule: impl Into<Rule>) -> RuleId {
        self.shared.faults().inject(rule.into())
    }

    /// Injects a fault for new connections.
    pub fn inject_at_accept(&self, rule: impl Into<Rule<AcceptFault>>) -> RuleId {
        self.shared.faults().inject_at_accept(rule.into())
    }

    /// Removes one rule.
    pub fn remove(&self, rule: RuleId) {
        self.shared.faults().remove(rule);
    }

    /// Removes all rules. What they already did to a request or a connection stays.
    pub fn heal(&self) {
        self.shared.faults().clear();
    }

    /// How often a rule has struck; 0 when it was removed.
    pub fn hits(&self, rule: RuleId) -> u64 {
        self.shared.faults().hits(rule)
    }

    /// Changes the settings: keep-alive, the server's own pool, token errors.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        self.shared.configure(change);
    }

    /// Closes the listener: new connections are refused, open ones live on.
    ///
    /// # Errors
    ///
    /// The simulator's thread has ended.
    pub fn refuse(&self) -> io::Result<()> {
        self.server.refuse()
    }

    /// Listens again, on the same port. Nothing happens when it does already.
    ///
    /// # Errors
    ///
    /// Another program took the port meanwhile, or the simulator's thread has ended.
    pub fn listen(&self) -> io::Result<()> {
        self.server.listen()
    }

    /// Cuts every connection with a RST and returns their number. When it returns, they are closed. A connection that
    /// the kernel queued and the simulator has not accepted yet is not among them.
    pub fn kill_connections(&self) -> usize {
        let links = self.shared.links();
        for link in &links {
            link.end(Order::Now(Ending::Reset));
        }
        let is_open =
            |counters: &Counters, id: u64| counters.connections.get(&id).is_some_and(|own| own.open);
        let closed = |counters: &Counters| links.iter().all(|link| !is_open(counters, link.id));
        self.shared.observer.wait_until(closed, KILL_LIMIT);
        links.len()
    }

    /// Loses each connection that is open now without a word, as a router does that has forgotten it: what is sent on it goes nowhere,
    /// and nothing comes; it is closed when the client closes it. New ones are served. Returns how many.
    pub fn lose_connections(&self) -> usize {
        let links = self.shared.links();
        links.iter().for_each(|link| link.lose());
        links.len()
    }

    /// Closes each connection in good manners: announced, after the answers in flight.
    pub fn drain_connections(&self) -> usize {
        let links = self.shared.links();
        for link in &links {
            link.end(Order::Gracefully);
        }
        links.len()
    }

    /// Goes down: refuses new connections and cuts the open ones; returns the number of those. The data stays.
    ///
    /// # Errors
    ///
    /// As [`refuse`](Self::refuse).
    pub fn crash(&self) -> io::Result<usize> {
        self.refuse()?;
        Ok(self.kill_connections())
    }

    /// Goes down and comes back on the same port; returns the number of connections that were cut.
    ///
    /// # Errors
    ///
    /// As [`refuse`](Self::refuse) and [`listen`](Self::listen).
    pub fn restart(&self) -> io::Result<usize> {
        let cut = self.crash()?;
        self.listen()?;
        Ok(cut)
    }

    /// A copy of all counters.
    pub fn counters(&self) -> Counters {
        self.shared.observer.read(Counters::clone)
    }

    /// Reads something from the counters without a copy. The reader must not call the simulator.
    pub fn observe<T>(&self, read: impl FnOnce(&Counters) -> T) -> T {
        self.shared.observer.read(read)
    }

    /// Blocks until the condition holds; false when it did not within the limit. The condition must not call the
    /// simulator.
    #[must_use = "false says that the condition did not come about in time"]
    pub fn wait_until(&self, condition: impl Fn(&Counters) -> bool, limit: Duration) -> bool {
        self.shared.observer.wait_until(condition, limit)
    }

    /// Waits until the condition holds, on any runtime. It has no limit of its own: put one around it.
    ///
    /// # Cancel safety
    ///
    /// It only looks; dropping it changes nothing.
    pub async fn until(&self, condition: impl Fn(&Counters) -> bool) {
        self.shared.observer.until(condition).await;
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("url", &self.url()).finish_non_exhaustive()
    }
}
