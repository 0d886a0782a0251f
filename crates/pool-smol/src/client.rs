//! surf's `HttpClient` over one connection of ours.
//!
//! Rules: a request leaves on exactly this socket or not at all; what surf's types cannot hold is found before it is put into them (a
//! header that is not ASCII would be an error in the best case there, a status that is not registered a panic); the
//! answer's body is streamed, and only its end makes the connection fit for the next request.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use http_body::Body as _;
use http_client::Config;
use pool_http::{Base, Limits, Phase, TransportError, TransportErrorKind};
use pool_hyper::{SetupError, classify, invalid};
use smol::Timer;
use surf::http as types;
use surf::{Body, HttpClient, StatusCode, Url};

use crate::body::{Arriving, Outgoing};
use crate::connection::Wire;

/// How long a request of surf may take with its answer, unless it says otherwise: what surf documents as its default.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Where all connections of a backend lead, in surf's words.
#[derive(Debug)]
pub(crate) struct Origin {
    url: Url,
}

impl Origin {
    pub(crate) fn new(base: &Base) -> Result<Self, SetupError> {
        // With its slash, so that surf joins a relative path behind the prefix, not in place of it.
        let url = Url::parse(&format!("{base}/"))
            .map_err(|source| SetupError::Base { base: base.to_string(), source: source.into() })?;
        Ok(Origin { url })
    }

    fn leads_to(&self, url: &Url) -> bool {
        let here = &self.url;
        (here.scheme(), here.host(), here.port_or_known_default())
            == (url.scheme(), url.host(), url.port_or_known_default())
    }
}

/// One connection in surf's hands.
#[derive(Debug)]
struct Lent {
    origin: Arc<Origin>,
    link: Wire,
    config: Config,
}

/// A header that surf's types cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("the header {0} has a value that is not ASCII: encode it")]
struct NotAscii(HeaderName);

/// A client of surf that works on this connection only.
pub(crate) fn lend(origin: &Arc<Origin>, link: &Wire) -> surf::Client {
    let config = Config::new().set_timeout(Some(TIMEOUT));
    let lent = Lent { origin: Arc::clone(origin), link: Arc::clone(link), config };
    let config = surf::Config::new().set_http_client(lent).set_base_url(origin.url.clone());
    match surf::Client::try_from(config) {
        Ok(client) => client,
        Err(never) => match never {},
    }
}

#[surf::utils::async_trait]
impl HttpClient for Lent {
    async fn send(&self, request: types::Request) -> Result<types::Response, surf::Error> {
        Ok(self.exchange(request).await?)
    }

    fn set_config(&mut self, config: Config) -> surf::Result<()> {
        self.config = config;
        Ok(())
    }

    fn config(&self) -> &Config {
        &self.config
    }
}

impl Lent {
    async fn exchange(&self, request: types::Request) -> Result<types::Response, TransportError> {
        let (time, most) = match request.ext().get::<Limits>() {
            Some(limits) => (Some(limits.time), limits.response_bytes),
            None => (self.config.timeout, Limits::within(TIMEOUT).response_bytes),
        };
        let mut timer = time.map_or_else(Timer::never, Timer::after);
        let request = self.outgoing(request)?;
        let (head, body) = self.link.request(request, Pin::new(&mut timer)).await?.into_parts();
        let mut answer = types::Response::new(registered(head.status));
        answer.set_version(Some(version(head.version)));
        headers(&head.headers, &mut answer)?;
        answer.ext_mut().insert(head.status);
        let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
        answer.set_body(Body::from_reader(Arriving::new(body, timer, most), length));
        Ok(answer)
    }

    /// surf's request as hyper's. Nothing has been sent when this fails.
    fn outgoing(&self, mut request: types::Request) -> Result<http::Request<Outgoing>, TransportError> {
        let url = request.url();
        if !self.origin.leads_to(url) {
            // Without the query and whatever else is nobody's business.
            let to = format!("{}{}", url.origin().ascii_serialization(), url.path());
            return Err(self.link.elsewhere(to));
        }
        let target = &url[types::url::Position::BeforePath..types::url::Position::AfterQuery];
        let uri = Uri::builder()
            .scheme(self.link.base().scheme().clone())
            .authority(self.link.base().authority().clone())
            .path_and_query(target)
            .build()
            .map_err(invalid)?;
        let mut outgoing = http::Request::new(Outgoing::Streamed(Body::empty()));
        *outgoing.method_mut() = Method::from_bytes(request.method().as_ref().as_bytes()).map_err(invalid)?;
        *outgoing.uri_mut() = uri;
        for (name, values) in request.iter() {
            let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(invalid)?;
            // Said by the transport, from what it really sends.
            if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
                continue;
            }
            for value in values {
                if !value.as_str().is_ascii() {
                    return Err(invalid(NotAscii(name)));
                }
                let value = HeaderValue::from_str(value.as_str()).map_err(invalid)?;
                outgoing.headers_mut().append(&name, value);
            }
        }
        *outgoing.body_mut() = Outgoing::Streamed(request.take_body());
        Ok(outgoing)
    }
}

/// The status in surf's type: where that does not know it, the first of its class.
fn registered(status: http::StatusCode) -> StatusCode {
    StatusCode::try_from(status.as_u16()).unwrap_or_else(|_| match status.as_u16() {
        ..200 => StatusCode::Continue,
        200..300 => StatusCode::Ok,
        300..400 => StatusCode::MultipleChoice,
        400..500 => StatusCode::BadRequest,
        // Beyond 599 there is no class: RFC 9110 has it treated as a 5xx.
        500.. => StatusCode::InternalServerError,
    })
}

fn version(version: Version) -> types::Version {
    match version {
        Version::HTTP_10 => types::Version::Http1_0,
        Version::HTTP_2 => types::Version::Http2_0,
        _ => types::Version::Http1_1,
    }
}

fn headers(headers: &HeaderMap, answer: &mut types::Response) -> Result<(), TransportError> {
    for (name, value) in headers {
        if !value.as_bytes().is_ascii() {
            let error = TransportError::new(Phase::Body, TransportErrorKind::Protocol);
            return Err(error.with_source(NotAscii(name.clone())));
        }
        let held = types::headers::HeaderName::from_bytes(name.as_str().into())
            .and_then(|name| Ok((name, types::headers::HeaderValue::from_bytes(value.as_bytes().into())?)));
        let (name, value) = held.map_err(|error| classify(error.into_inner(), Phase::Body))?;
        answer.append_header(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_place_in_surfs_type() {
        let of = |status| u16::from(registered(http::StatusCode::from_u16(status).unwrap()));
        for status in [200, 201, 204, 304, 404, 409, 429, 500, 503] {
            assert_eq!(of(status), status);
        }
        let classes =
            [(299, 200), (399, 300), (499, 400), (520, 500), (544, 500), (599, 500), (600, 500), (999, 500)];
        for (status, class) in classes {
            assert_eq!(of(status), class, "{status}");
        }
        for status in 100..1000 {
            of(status);
        }
    }

    #[test]
    fn a_connection_leads_to_its_origin_only() {
        let origin = Origin::new(&Base::new(&"https://a.example/tenant".parse().unwrap()).unwrap()).unwrap();
        assert_eq!(origin.url.join("x?y=1").unwrap().as_str(), "https://a.example/tenant/x?y=1");
        let leads = |url: &str| origin.leads_to(&Url::parse(url).unwrap());
        assert!(leads("https://A.example/") && leads("https://a.example:443/other"));
        assert!(
            !leads("http://a.example/") && !leads("https://a.example:444/") && !leads("https://b.example/")
        );
    }
}
