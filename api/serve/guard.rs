//! Who may ask: by which name the server is called, and with which token.

use super::fault::Fault;
use super::settings::HttpSettings;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use std::net::IpAddr;

/// Refuses who calls the server by a name that is not its own: a page of that name has led a browser
/// here (DNS rebinding), and may read what it gets.
pub fn check_host(request: &Parts, settings: &HttpSettings, listens: IpAddr) -> Result<(), Fault> {
    let mut given = request.headers.get_all(HOST).iter();
    let header = given.next();
    if given.next().is_some() {
        return Err(Fault::wrong("There is more than one Host."));
    }
    // A whole address in the first line counts instead (RFC 9112, 3.2.2).
    let in_line = request.uri.authority().cloned();
    let in_header = || header?.to_str().ok()?.parse::<Authority>().ok();
    let Some(authority) = in_line.or_else(in_header) else {
        return match (header, request.version) {
            (None, hyper::Version::HTTP_09 | hyper::Version::HTTP_10) => Ok(()),
            (None, _) => Err(Fault::wrong("There is no Host.")),
            (Some(_), _) => Err(Fault::wrong("Host is not a name or an address.")),
        };
    };
    match is_ours(&authority, settings, listens) {
        true => Ok(()),
        false => {
            let message = "This server is not called by that name: see --allow-host.";
            Err(Fault::new(StatusCode::FORBIDDEN, message))
        }
    }
}

fn is_ours(authority: &Authority, settings: &HttpSettings, listens: IpAddr) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if let Ok(address) = address {
        let address = address.to_canonical();
        if address.is_loopback() || address == listens.to_canonical() {
            return true;
        }
    }
    let host = host.trim_end_matches('.');
    let is_host = |name: &str| name.eq_ignore_ascii_case(host);
    is_host("localhost") || settings.allowed_hosts.iter().any(|name| is_host(name))
}

/// Refuses who does not show the token.
pub fn check_token(request: &Parts, settings: &HttpSettings) -> Result<(), Fault> {
    let Some(token) = &settings.token else { return Ok(()) };
    let header = request.headers.get(AUTHORIZATION);
    let Some(header) = header.map(hyper::header::HeaderValue::as_bytes) else {
        return Err(Fault::new(StatusCode::UNAUTHORIZED, "A token is needed."));
    };
    let (scheme, given) = header.split_at(header.len().min("Bearer ".len()));
    match scheme.eq_ignore_ascii_case(b"Bearer ") && token.is(given.trim_ascii()) {
        true => Ok(()),
        false => Err(Fault::new(StatusCode::UNAUTHORIZED, "The token is wrong.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_server_are_its_own() {
        let settings = HttpSettings {
            allowed_hosts: vec!["Captures.example".to_owned()],
            ..Default::default()
        };
        let listens = "192.0.2.7".parse().unwrap();
        let is_ours = |text: &str| is_ours(&text.parse().unwrap(), &settings, listens);
        let ours = ["localhost", "LOCALHOST:80", "localhost.:1", "127.0.0.1:8080", "127.9.9.9"];
        for host in ours.into_iter().chain(["[::1]:80", "192.0.2.7:1", "captures.example:443"]) {
            assert!(is_ours(host), "{host}");
        }
        let not_ours =
            ["evil.example", "localhost.evil.example", "192.0.2.8", "0.0.0.0", "[::]:80"];
        for host in not_ours.into_iter().chain(["user@localhost", "127.0.0.1.evil.example"]) {
            assert!(!is_ours(host), "{host}");
        }
    }
}
