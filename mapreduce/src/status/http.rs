//! One request and one response per connection: as much of HTTP as a status page
//! needs (RFC 9110 and 9112).
//!
//! The parser is `httparse`, hyper's. HTTP server crates with their own accept loop
//! either have no timeouts and no limit on the size of a request, or do not report
//! the port that the system chose.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use labrpc_socket::Pending;

use super::visitor::Visitor;

/// The most bytes of a request's head.
const HEAD: usize = 8192;

/// The most header lines of a request.
const HEADERS: usize = 64;

/// The response for a path.
pub(super) struct Response {
    /// Its media type.
    pub(super) kind: &'static str,
    /// The whole body.
    pub(super) body: Vec<u8>,
}

/// The parts of a request that matter here.
struct Request {
    method: String,
    /// Without the query.
    path: String,
    /// A request of HTTP/1.0 may have none.
    host: Option<String>,
}

/// What the bytes received so far are.
enum Head {
    /// The beginning of a head.
    Part,
    /// No head of a request.
    Malformed,
    /// A complete head.
    Whole(Request),
}

/// Answers one request with the response that `find` returns for its path.
pub(super) fn converse(
    connection: &Pending,
    find: impl FnOnce(&str) -> Option<Response>,
) -> io::Result<()> {
    let mut visitor = Visitor::welcome(connection)?;
    let request = match read_request(&mut visitor)? {
        Some(request) => request,
        None => return write_error(&mut visitor, "400 Bad Request"),
    };
    if !is_local(request.host.as_deref()) {
        return write_error(&mut visitor, "403 Forbidden");
    }
    if !matches!(&*request.method, "GET" | "HEAD") {
        return write_error(&mut visitor, "405 Method Not Allowed");
    }
    match find(&request.path) {
        Some(response) => write(&mut visitor, "200 OK", &response, request.method == "GET"),
        None => write_error(&mut visitor, "404 Not Found"),
    }
}

/// Reads the head of a request. `None` if it is malformed, too long or cut off.
fn read_request(visitor: &mut Visitor<'_>) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    loop {
        match visitor.read(&mut piece)? {
            0 => return Ok(None),
            length => head.extend_from_slice(&piece[..length]),
        }
        match parse(&head) {
            Head::Part if head.len() < HEAD => {}
            Head::Part | Head::Malformed => return Ok(None),
            Head::Whole(request) => return Ok(Some(request)),
        }
    }
}

/// Parses the head of a request.
fn parse(head: &[u8]) -> Head {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Err(_) => return Head::Malformed,
        Ok(status) if status.is_partial() => return Head::Part,
        Ok(_) => {}
    }
    let mut hosts = request.headers.iter().filter(|one| one.name.eq_ignore_ascii_case("host"));
    let host = hosts.next().map(|host| String::from_utf8_lossy(host.value).into_owned());
    // RFC 9112, section 3.2.
    if hosts.next().is_some() || host.is_none() && request.version != Some(0) {
        return Head::Malformed;
    }
    let target = request.path.unwrap_or_default();
    Head::Whole(Request {
        method: request.method.unwrap_or_default().to_owned(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        host,
    })
}

/// Whether a request is meant for this machine. This refuses pages of other hosts
/// whose names resolve to this machine (DNS rebinding): their `Host` is that name.
fn is_local(host: Option<&str>) -> bool {
    let Some(host) = host else { return true };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn write_error(visitor: &mut Visitor<'_>, status: &str) -> io::Result<()> {
    let body = format!("{status}\n").into_bytes();
    write(visitor, status, &Response { kind: "text/plain", body }, true)
}

fn write(
    visitor: &mut Visitor<'_>,
    status: &str,
    response: &Response,
    with_body: bool,
) -> io::Result<()> {
    let Response { kind, body } = response;
    // The page may only run its own script and fetch the next status.
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'\r\n\r\n",
        body.len()
    );
    let mut bytes = head.into_bytes();
    if with_body {
        bytes.extend_from_slice(body);
    }
    visitor.write_all(&bytes)?;
    visitor.leave()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_local() {
        for host in
            ["127.0.0.1", "127.0.0.1:80", "localhost:8080", "LocalHost", "[::1]:80", "[::1]"]
        {
            assert!(is_local(Some(host)), "{host}");
        }
        for host in ["", "evil.example:80", "192.0.2.1", "127.0.0.1.evil.example", "[::2]:80"] {
            assert!(!is_local(Some(host)), "{host}");
        }
    }
}
