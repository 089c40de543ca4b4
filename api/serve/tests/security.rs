//! Who may ask, and what browsers are told.

use super::client::Server;
use super::{open, with_token};
use crate::serve::settings::{HttpSettings, Token, check_listen, check_origin};

#[test]
fn without_the_token_nothing_but_health_is_answered() {
    let server = with_token();
    let mut client = server.connect();
    assert_eq!(client.ask("GET", "/health", "").status, 200);
    assert_eq!(client.ask("GET", "/v1/health", "").status, 200);
    for known in crate::serve::known::all() {
        let path = known.template.replace("{job_id}", "1");
        for method in &known.methods {
            if path == "/health" {
                continue;
            }
            for path in [path.clone(), format!("/v1{path}"), format!("{path}/")] {
                let refused = client.ask(method.as_str(), &path, "");
                refused.refused(401);
                let scheme = refused.header("www-authenticate");
                assert_eq!(scheme, Some("Bearer realm=\"tractor\""), "{path}");
            }
        }
    }
    client.ask("GET", "/nowhere", "").refused(401);
    client.ask("GET", "/health/x", "").refused(401);
    client.ask("OPTIONS", "/files/list", "").refused(401);
    for wrong in ["Bearer s3cret-toke", "Bearer s3cret-token2", "Bearer", "Basic s3cret-token", "x"]
    {
        let header = format!("Authorization: {wrong}\r\n");
        client.ask("GET", "/files/list", &header).refused(401);
    }
    for right in ["Bearer s3cret-token", "bearer  s3cret-token"] {
        let header = format!("Authorization: {right}\r\n");
        assert_eq!(client.ask("GET", "/files/list", &header).status, 200, "{right}");
    }
}

#[test]
fn a_token_is_one_word_and_never_printed() {
    for wrong in ["", " \n", "two words", "b\u{e4}r", "line\nbreak"] {
        assert!(Token::read(wrong).is_err(), "{wrong:?}");
    }
    let settings = HttpSettings { token: Token::read("s3cret").ok(), ..HttpSettings::default() };
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn only_loopback_is_listened_on_without_a_token() {
    let check = |address: &str, token| check_listen(address.parse().unwrap(), token);
    for address in ["127.0.0.1:8080", "127.1.2.3:1", "[::1]:8080", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(check(address, false), Ok(()), "{address}");
    }
    for address in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80", "[2001:db8::1]:80"] {
        assert!(check(address, false).unwrap_err().contains("--token-file"), "{address}");
        assert_eq!(check(address, true), Ok(()), "{address}");
    }
}

#[test]
fn a_name_that_is_not_the_servers_is_refused() {
    let allowed_hosts = vec!["captures.example".to_owned()];
    let server = Server::start(HttpSettings { allowed_hosts, ..HttpSettings::default() });
    let mut client = server.connect();
    let port = server.address.port();
    for host in ["evil.example", "evil.example:80", "localhost.evil.example", "192.0.2.1"] {
        client.ask("GET", "/health", &format!("Host: {host}\r\n")).refused(403);
    }
    let ours = ["localhost", "127.0.0.1", "[::1]", "captures.example", "LOCALHOST"];
    for host in ours.into_iter().map(|host| format!("{host}:{port}")) {
        assert_eq!(client.ask("GET", "/health", &format!("Host: {host}\r\n")).status, 200);
    }
    client.ask("GET", "/health", "Host: localhost\r\nHost: localhost\r\n").refused(400);
    client.ask("GET", "/health", "Host: \u{fc}\r\n").refused(400);
    // What stands in the first line counts.
    client.ask("GET", "http://evil.example/health", "Host: localhost\r\n").refused(403);
    let whole = client.ask("GET", "http://localhost/health", "Host: evil.example\r\n");
    assert_eq!(whole.status, 200);
    client.send(b"GET /health HTTP/1.1\r\n\r\n").unwrap();
    client.reply(false).unwrap().refused(400);
    client.send(b"GET /health HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(client.reply(false).unwrap().status, 200);
}

#[test]
fn every_answer_tells_browsers_not_to_guess_to_load_or_to_keep() {
    let server = open();
    let mut client = server.connect();
    let asked = ["/health", "/files/list", "/nowhere", "/file/1/flows", "/file/1/flows?format=csv"];
    for path in asked.into_iter().chain(["/metrics", "/openapi.json", "/file/7/status"]) {
        let reply = client.ask("GET", path, "");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{path}");
    }
}

#[test]
fn pages_of_other_origins_read_answers_only_where_they_may() {
    let preflight = "Access-Control-Request-Method: POST\r\nOrigin: https://page.example\r\n";
    let closed = open();
    closed.ask("OPTIONS", "/files/process", preflight).refused(405);
    let token = Token::read("s3cret").ok();
    let allow_origin = vec!["https://page.example".to_owned()];
    let server = Server::start(HttpSettings { allow_origin, token, ..HttpSettings::default() });
    let mut client = server.connect();
    let reply = client.ask("OPTIONS", "/files/process", preflight);
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://page.example"));
    assert_eq!(reply.header("access-control-allow-methods"), Some("POST"));
    assert!(reply.header("access-control-allow-headers").unwrap().contains("Authorization"));
    assert_eq!(reply.header("vary"), Some("Origin"));
    let other = preflight.replace("page.", "other.");
    let reply = client.ask("OPTIONS", "/files/process", &other);
    reply.refused(403);
    assert_eq!(reply.header("access-control-allow-origin"), None);
    for (origin, allowed) in [
        ("https://page.example", Some("https://page.example")),
        ("https://page.example.evil", None),
        ("http://page.example", None),
        ("null", None),
    ] {
        let headers = format!("Authorization: Bearer s3cret\r\nOrigin: {origin}\r\n");
        let reply = client.ask("GET", "/files/list", &headers);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("access-control-allow-origin"), allowed, "{origin}");
        assert_eq!(reply.header("vary"), Some("Origin"));
    }
    // A refusal can be read, too.
    let refused = client.ask("GET", "/files/list", "Origin: https://page.example\r\n");
    refused.refused(401);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://page.example"));
}

#[test]
fn an_origin_is_a_scheme_and_a_host() {
    for origin in ["https://page.example", "http://localhost:3000", "http://[::1]:1"] {
        assert_eq!(check_origin(origin), Ok(()));
    }
    for wrong in ["*", "page.example", "https://page.example/", "https://a@b", "null", ""] {
        assert!(check_origin(wrong).is_err(), "{wrong}");
    }
}
