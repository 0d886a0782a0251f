//! A client that hides nothing: HTTP/1.1 written and read by hand on a std socket.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use supabase_sim::Simulator;

/// Far beyond anything that takes its time here; only a failure waits this long.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn start() -> Simulator {
    Simulator::start().expect("a free port on loopback")
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
}

pub(crate) struct Client {
    stream: TcpStream,
    key: String,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The status with the code of the error.
    pub(crate) fn error(&self) -> (u16, String) {
        let body = self.json();
        for member in ["code", "message", "details", "hint"] {
            assert!(body.get(member).is_some(), "no {member} in {body}");
        }
        (self.status, body["code"].as_str().expect("the code is a text").to_owned())
    }

    /// One column of all rows, each as JSON, joined by spaces.
    pub(crate) fn column(&self, name: &str) -> String {
        let body = self.json();
        let rows = body.as_array().unwrap_or_else(|| panic!("no array: {self:?}"));
        rows.iter().map(|row| row[name].to_string()).collect::<Vec<_>>().join(" ")
    }
}

impl Client {
    /// Connects, to use the publishable key.
    pub(crate) fn connect(sim: &Simulator) -> Self {
        let stream = TcpStream::connect(sim.address()).expect("the simulator listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit that is not zero");
        Self { stream, key: sim.anon_key().to_owned(), unread: Vec::new() }
    }

    /// Connects, to use the secret key.
    pub(crate) fn service(sim: &Simulator) -> Self {
        Self { key: sim.service_key().to_owned(), ..Self::connect(sim) }
    }

    pub(crate) fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: sim\r\n");
        if !headers.iter().any(|(name, _)| *name == "apikey") {
            head.push_str(&format!("apikey: {}\r\n", self.key));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
        }
        self.stream.write_all(format!("{head}\r\n{body}").as_bytes()).expect("the server reads");
    }

    /// Sends bytes as they are.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// The socket, for another way to use it.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Reads one whole answer to `method`.
    pub(crate) fn receive(&mut self, method: &str) -> Response {
        let head = self.read_head();
        let mut lines = head.split("\r\n");
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut response = Response { status: status.expect("a status"), headers, body: String::new() };
        let length = response.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if method != "HEAD" && response.status != 204 {
            let body = self.read_exactly(length);
            response.body = String::from_utf8(body).expect("a body in UTF-8");
        }
        response
    }

    /// Reads the head of an answer, without its last empty line.
    pub(crate) fn read_head(&mut self) -> String {
        loop {
            let end = self.unread.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                let head = self.unread.drain(..end + 4).take(end).collect();
                return String::from_utf8(head).expect("a head in UTF-8");
            }
            self.fill();
        }
    }

    pub(crate) fn read_exactly(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            self.fill();
        }
        self.unread.drain(..length).collect()
    }

    fn fill(&mut self) {
        let mut piece = [0; 4096];
        let read = self.stream.read(&mut piece).expect("an answer within the limit");
        assert_ne!(read, 0, "the connection ended after {:?}", String::from_utf8_lossy(&self.unread));
        self.unread.extend_from_slice(&piece[..read]);
    }

    /// Reads until the connection ends.
    pub(crate) fn read_to_end(&mut self) -> (String, End) {
        let mut piece = [0; 4096];
        let end = loop {
            match self.stream.read(&mut piece) {
                Ok(0) => break End::Closed,
                Ok(read) => self.unread.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break End::Reset,
                Err(error) => panic!("the connection did not end: {error}"),
            }
        };
        (String::from_utf8(std::mem::take(&mut self.unread)).expect("text"), end)
    }

    /// Sends and receives.
    pub(crate) fn call(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        self.send(method, target, headers, body);
        self.receive(method)
    }

    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.call("GET", target, &[], "")
    }

    pub(crate) fn post(&mut self, target: &str, prefer: &str, body: &str) -> Response {
        self.call("POST", target, &[("prefer", prefer)], body)
    }
}
