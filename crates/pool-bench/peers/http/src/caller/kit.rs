use std::future::Future;
use std::sync::Arc;

use pool_tokio::reqwest;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::shared::client;
use super::{Ask, Caller, Failed, Target};

/// What one builds oneself: a shared `reqwest::Client`, reqwest-middleware with reqwest-retry as its documentation has it (three more
/// tries after a growing wait), and a semaphore for how many at once.
#[derive(Clone)]
pub struct Kit {
    client: ClientWithMiddleware,
    permits: Arc<Semaphore>,
    target: Arc<Target>,
    url: reqwest::Url,
}

impl Kit {
    pub const NAME: &str = "reqwest + retry + semaphore";

    pub fn new(target: &Target, at_once: usize) -> Kit {
        let policy = ExponentialBackoff::builder().build_with_max_retries(3);
        let client = ClientBuilder::new(client(target).build().expect("a client"))
            .with(RetryTransientMiddleware::new_with_policy(policy))
            .build();
        let permits = Arc::new(Semaphore::new(at_once));
        Kit { client, permits, url: target.url(), target: Arc::new(target.clone()) }
    }

    async fn ask(&self, ask: Ask) -> Result<u16, Failed> {
        let _permit = self.permits.acquire().await.expect("never closed");
        let answer = self.client.request(ask.method(), self.url.clone()).send().await.map_err(failed)?;
        let answer = answer.error_for_status().map_err(|error| failed(error.into()))?;
        let status = answer.status().as_u16();
        answer.bytes().await.map_err(|error| failed(error.into()))?;
        Ok(status)
    }
}

impl Caller for Kit {
    fn call(&self, ask: Ask) -> impl Future<Output = Result<u16, Failed>> + Send {
        // The client's own limit is for one try: this is for all of them.
        let within = self.target.limit;
        async move {
            match within {
                None => self.ask(ask).await,
                Some(limit) => match timeout(limit, self.ask(ask)).await {
                    Ok(answer) => answer,
                    Err(elapsed) => Err(Failed::new(&elapsed)),
                },
            }
        }
    }
}

fn failed(error: Error) -> Failed {
    Failed::new(&error).status(error.status().map(|status| status.as_u16()))
}
