//! The configuration's resolver in reqwest's hands.

use pool_hyper::Resolver;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves for one port. It may block, so it runs on the threads that tokio has for that.
pub(super) struct Named {
    pub(super) resolver: Resolver,
    pub(super) port: u16,
}

impl Resolve for Named {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, port) = (self.resolver.clone(), self.port);
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || resolver.resolve(name.as_str(), port)).await??;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
