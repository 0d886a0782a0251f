//! Requests in, answers out, on one connection, within a limit of time.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures::future::{Either, select};
use http::header::{HOST, HeaderValue, InvalidHeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri, Version};
use hyper::body::Incoming;
use pool_http::{Base, Limits, Phase, Request, Response, TransportError, TransportErrorKind};

use crate::body::{Arriving, RequestBody, collect};
use crate::classify::invalid;
use crate::link::Link;
use crate::runtime::Runtime;
use crate::usage::Flight;

/// A request to somewhere else than the connection leads to.
#[derive(Debug, thiserror::Error)]
#[error("the connection leads to {base}, and the request to {to}")]
struct Elsewhere {
    base: Base,
    to: String,
}

/// A request after which the connection would be the caller's own.
#[derive(Debug, thiserror::Error)]
#[error(
    "CONNECT asks for a tunnel, and what is lent is a connection for requests: open a socket of your own"
)]
struct Tunnel;

impl<R: Runtime, B: RequestBody> Link<R, B> {
    /// Sends `request`, and returns the answer as soon as its head is there. Its URI is absolute and leads to where the connection does.
    ///
    /// # Errors
    ///
    /// With the phase in which it failed, also when `timer` ends before the head is there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or the body before its end, abandons the request: over HTTP/1.1 the connection is out of step then.
    pub async fn request(
        self: &Arc<Self>,
        request: http::Request<B>,
        timer: Pin<&mut impl Future>,
    ) -> Result<http::Response<Arriving<R, B>>, TransportError> {
        let (response, flight) = self.head(request, timer).await?;
        Ok(response.map(|body| Arriving::new(body, Arc::clone(self), flight)))
    }

    /// Sends `request` and reads the answer to its end, all within the limits.
    ///
    /// # Errors
    ///
    /// With the phase in which it failed.
    ///
    /// # Cancel safety
    ///
    /// As [`request`](Link::request).
    pub async fn exchange(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let mut timer = pin!(self.runtime.sleep(limits.time));
        let uri = self.base.uri(&request.target).map_err(invalid)?;
        let mut outgoing = http::Request::new(B::from(request.body));
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = request.headers;
        let (response, mut flight) = self.head(outgoing, timer.as_mut()).await?;
        let (head, body) = response.into_parts();
        let body = collect(body, limits.response_bytes, timer).await;
        let body = body.map_err(|error| flight.blame(self.explain(error)))?;
        flight.done();
        self.progress();
        Ok(Response::new(head.status, head.headers, body))
    }

    /// The error for a request that would lead to `to`, which has to be without what is nobody's business.
    pub fn elsewhere(&self, to: String) -> TransportError {
        invalid(Elsewhere { base: (*self.base).clone(), to })
    }

    /// Sends, and waits for the head of the answer.
    async fn head(
        &self,
        mut request: http::Request<B>,
        timer: Pin<&mut impl Future>,
    ) -> Result<(http::Response<Incoming>, Flight), TransportError> {
        if request.method() == Method::CONNECT {
            return Err(invalid(Tunnel));
        }
        let mut flight = self.usage.begin()?;
        if let Err(error) = address(&self.base, self.info.version, &mut request) {
            flight.withdraw();
            return Err(invalid(error));
        }
        let response = in_time(timer, Phase::Sent, self.send(request, &mut flight)).await??;
        Ok((response, flight))
    }
}

/// Puts the request into the form in which it goes to a server, not to a proxy.
fn address<B>(
    base: &Base,
    version: Version,
    request: &mut http::Request<B>,
) -> Result<(), InvalidHeaderValue> {
    *request.version_mut() = version;
    if version == Version::HTTP_2 {
        return Ok(());
    }
    if !request.headers().contains_key(HOST) {
        let host = HeaderValue::from_str(base.authority().as_str())?;
        request.headers_mut().insert(HOST, host);
    }
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    Ok(())
}

/// What `future` brings, unless `timer` ends first.
pub(crate) async fn in_time<T>(
    timer: Pin<&mut impl Future>,
    phase: Phase,
    future: impl Future<Output = T>,
) -> Result<T, TransportError> {
    match select(pin!(future), timer).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right(_) => Err(TransportError::new(phase, TransportErrorKind::TimedOut)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_http1_a_request_names_its_host_and_its_path_and_over_http2_its_whole_uri() {
        let base = Base::new(&Uri::from_static("https://a.example:444/tenant")).unwrap();
        let uri = Uri::from_static("https://a.example:444/tenant/x?y=1");
        let mut request = http::Request::get(uri.clone()).body(()).unwrap();
        address(&base, Version::HTTP_2, &mut request).unwrap();
        assert_eq!((request.uri(), request.headers().len()), (&uri, 0));
        address(&base, Version::HTTP_11, &mut request).unwrap();
        assert_eq!(request.uri(), "/tenant/x?y=1");
        assert_eq!(request.headers()[HOST], "a.example:444");
    }
}
