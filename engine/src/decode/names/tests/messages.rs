//! Requests and greetings in clear.

use super::*;

fn of_request(request: &str) -> Names {
    of_stream(&[(0, request.as_bytes())])
}

fn host(request: &str) -> Option<String> {
    of_request(request).server_name.map(String::from)
}

#[test]
fn a_request_says_its_host_and_its_client() {
    let request = "GET / HTTP/1.1\r\nAccept: *\r\nhost : www.example.com:8080\r\n\
        USER-AGENT: Some/1.0 (thing)\r\n\r\nGET / HTTP/1.1\r\nHost: second\r\n\r\n";
    let names = of_request(request);
    assert_eq!(name(&names), (Some("www.example.com"), NameSource::Host));
    assert_eq!(names.user_agent.as_deref(), Some("Some/1.0 (thing)"));
    assert_eq!(of_stream(&[(1, request.as_bytes())]), names, "either side may be the client");
    let late: [(u8, &[u8]); 2] = [(0, b"the end of something"), (0, request.as_bytes())];
    assert_eq!(of_stream(&late), names, "captures begin in the middle");
}

#[test]
fn hosts_are_without_what_is_about_them() {
    for (field, expected) in [
        ("example.com", Some("example.com")),
        ("example.com.", Some("example.com")),
        ("user:word@example.com:80", Some("example.com")),
        ("[2001:db8::1]:80", Some("2001:db8::1")),
        ("192.0.2.1:80", Some("192.0.2.1")),
        ("239.255.255.250:1900", None),
        ("[FF02::C]:1900", None),
        ("", None),
        ("a b", None),
        ("/", None),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: {field}\r\n\r\n");
        assert_eq!(host(&request).as_deref(), expected, "{field}");
    }
}

#[test]
fn the_url_is_before_the_field_and_any_method_will_do() {
    let proxied = "GET http://a.example:80/x HTTP/1.0\r\nHost: b.example\r\n\r\n";
    assert_eq!(host(proxied).as_deref(), Some("a.example"));
    for line in ["PROPFIND / HTTP/1.1", "VERSION-CONTROL /x HTTP/1.1", "GET HTTP/1.1", "GET /x"] {
        assert_eq!(host(&format!("{line}\nHost: c.example\n\n")).as_deref(), Some("c.example"));
    }
    for line in ["get / HTTP/1.1", "HTTP/1.1 200 OK", "EHLO x", "GET/ HTTP/1.1"] {
        assert_eq!(host(&format!("{line}\r\nHost: c.example\r\n\r\n")), None, "{line}");
    }
}

#[test]
fn folded_lines_are_one_and_those_that_are_cut_none() {
    let names = of_request(
        "GET / HTTP/1.1\r\nUser-Agent: one\r\n two\r\n\tthree\r\nHost:\r\n x.example\r\n\r\n",
    );
    assert_eq!(names.user_agent.as_deref(), Some("one two three"));
    assert_eq!(name(&names), (Some("x.example"), NameSource::Host));
    assert_eq!(host("GET / HTTP/1.1\r\nHost: www.exam"), None);
}

#[test]
fn what_is_inside_a_tunnel_is_asked_for() {
    let asked = "CONNECT proxy.example:443 HTTP/1.1\r\nHost: proxy.example:443\r\n\
        User-Agent: Outer\r\n\r\n";
    let outer = of_request(asked);
    assert_eq!(name(&outer), (Some("proxy.example"), NameSource::Host));
    let secured = records(&hello_for("inner.example"), 10_000);
    let packets: [(u8, &[u8]); 3] =
        [(0, asked.as_bytes()), (1, b"HTTP/1.1 200 OK\r\n\r\n"), (0, &secured)];
    let names = of_stream(&packets);
    assert_eq!(name(&names), (Some("inner.example"), NameSource::Sni));
    assert_eq!(names.user_agent.as_deref(), Some("Outer"));
    let at_once = [asked.as_bytes(), &secured].concat();
    assert_eq!(of_stream(&[(0, &at_once)]), names);
    let socks: [(u8, &[u8]); 3] = [(0, &[5, 1, 0]), (1, &[5, 0]), (0, &secured)];
    assert_eq!(name(&of_stream(&socks)).0, Some("inner.example"));
}

#[test]
fn devices_and_telephones_say_what_they_are() {
    let search = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nUSER-AGENT: X/1\r\n\r\n";
    let names = of_datagrams(&[(0, search)]);
    assert_eq!((name(&names).0, names.user_agent.as_deref()), (None, Some("X/1")));
    let notify = b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nSERVER: Y/2\r\n\r\n";
    assert_eq!(of_datagrams(&[(0, notify)]).user_agent.as_deref(), Some("Y/2"));
    let invite = b"INVITE sip:bob@sip.example:5060;lr SIP/2.0\r\nUser-Agent: Phone\r\n\r\n";
    let names = of_datagrams(&[(0, invite)]);
    assert_eq!(name(&names), (Some("sip.example"), NameSource::Sip));
    assert_eq!(names.user_agent.as_deref(), Some("Phone"));
    let to = b"INVITE tel:+123 SIP/2.0\r\nTo: Bob <sips:bob@to.example>;tag=1\r\n\r\n";
    assert_eq!(name(&of_datagrams(&[(0, to)])).0, Some("to.example"));
    let describe = "DESCRIBE rtsp://tv.example/x RTSP/1.0\r\nUser-Agent: VLC\r\n\r\n";
    assert_eq!(name(&of_request(describe)), (Some("tv.example"), NameSource::Host));
}

#[test]
fn servers_greet_with_their_names() {
    for (greeting, expected) in [
        ("220 mx.example.com ESMTP Postfix", Some("mx.example.com")),
        ("220-ftp.example.com FTP server", Some("ftp.example.com")),
        ("220 (vsFTPd 3.0.3)", None),
        ("220 ProFTPD 1.3.5 Server", None),
        ("220 1.3.5", None),
        ("* OK [CAPABILITY IMAP4rev1] imap.example.com ready", Some("imap.example.com")),
        ("* OK Dovecot ready.", None),
        ("+OK ready <1896.697170952@pop.example.com>", Some("pop.example.com")),
        ("+OK POP3 pop.example.com v1.2", Some("pop.example.com")),
        ("+OK Hello there.", None),
    ] {
        let names = of_stream(&[(1, format!("{greeting}\r\n").as_bytes())]);
        let from = expected.map_or(NameSource::None, |_| NameSource::Greeting);
        assert_eq!(name(&names), (expected, from), "{greeting}");
    }
}

#[test]
fn a_client_of_ssh_says_what_it_is() {
    let server = b"SSH-2.0-OpenSSH_9.9\r\n";
    let names = of_stream(&[(1, server), (0, b"SSH-2.0-PuTTY_0.8 comment\r\n")]);
    assert_eq!(names.user_agent.as_deref(), Some("PuTTY_0.8 comment"));
    assert_eq!(of_stream(&[(1, server)]), Names::default());
}

#[test]
fn texts_cannot_act_on_a_terminal_and_are_bounded() {
    let long = "x".repeat(5_000);
    let request = format!("GET / HTTP/1.1\r\nUser-Agent: a\u{1b}[31mb\u{9b}{long}\r\n\r\n");
    let agent = of_request(&request).user_agent.expect("a user agent");
    assert!(agent.starts_with("a [31mb x") && agent.len() <= 1024);
    let odd = [&b"GET / HTTP/1.1\r\nUser-Agent: a\xff"[..], &[0xfe; 2_000], b"\r\n\r\n"].concat();
    let agent = of_stream(&[(0, &odd)]).user_agent.expect("a user agent");
    assert!(agent.starts_with("a\u{fffd}") && agent.len() <= 1024);
}
