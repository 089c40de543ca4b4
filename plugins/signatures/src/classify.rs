//! From what is seen to one finding: payload first, then names, addresses, and a port only where
//! nothing else speaks.
//!
//! | confidence | what it rests on |
//! |---|---|
//! | 0.95 | payload of both sides |
//! | 0.9 | payload of one side |
//! | 0.85 | server name of a handshake or a request, on a protocol that carries applications |
//! | 0.8 | user agent; common name of the server's certificate |
//! | 0.75 | payload of little structure, on the protocol's port |
//! | 0.7 | name from a DNS answer |
//! | 0.6 | network of the application's own servers; a port, inside a recognised TLS; a name alone |
//! | 0.55 | behaviour: little in the payload, much in how it goes |
//! | 0.4 | network or name of a flow without payload |
//! | 0.2 | port alone, and the evidence says so |

use std::borrow::Cow;

use crate::certificate::{Name, common_names};
use crate::labels::{DTLS, GOOGLE_MEET, HTTP, HTTP_PROXY, QUIC, STUN, TLS};
use crate::labels::{ENCRYPTED_DNS, FTP, IMAP, LDAP, MQTT, NNTP, POP3, SIP, SMTP};
use crate::ports;
use crate::protocols::{certificates, certificates_in_datagram};
use crate::rules::{Label, Rules};
use crate::seen::{FROM_DNS, FROM_HOST, FROM_QUIC, FROM_SNI, Seen, TCP, Talk, UDP};
use crate::signature::Hit;

const FROM_HANDSHAKE: f32 = 0.85;
const FROM_AGENT: f32 = 0.8;
const FROM_CERTIFICATE: f32 = 0.8;
const FROM_ANSWER: f32 = 0.7;
const FROM_NETWORK: f32 = 0.6;
const WITHOUT_PAYLOAD: f32 = 0.4;
/// What is tried with the sides exchanged is a little less sure.
const TURNED: f32 = 0.95;

/// Bytes of a name that go into the evidence.
const EVIDENCE_NAME_BYTES: usize = 120;

/// A label with how sure it is and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub label: u32,
    pub confidence: f32,
    pub evidence: Cow<'static, str>,
}

impl Finding {
    fn new(label: u32, confidence: f32, evidence: impl Into<Cow<'static, str>>) -> Self {
        Finding { label, confidence, evidence: evidence.into() }
    }
}

impl From<Hit> for Finding {
    fn from(hit: Hit) -> Self {
        Finding::new(hit.label, hit.confidence, hit.evidence)
    }
}

/// What a flow is.
pub fn classify(rules: &Rules, seen: &Seen) -> Option<Finding> {
    if seen.transport != TCP && seen.transport != UDP {
        return crate::protocols::other_transport(seen).map(Finding::from);
    }
    let talk = Talk::new(seen);
    let has_payload = !talk.client.is_empty() || !talk.server.is_empty();
    let hit = has_payload.then(|| by_payload(rules, &talk)).flatten();
    match hit {
        Some(hit) if !carries_applications(hit.label) => Some(hit.into()),
        Some(hit) => {
            let named = by_name(rules, seen, true).or_else(|| by_agent(rules, seen));
            let certified = || by_certificate(rules, &talk, hit.label);
            let inside = || inside_tls(&talk, hit.label);
            let owned = || by_network(rules, seen, Some(hit.label));
            let found = named.or_else(certified).or_else(inside).or_else(owned);
            Some(found.unwrap_or_else(|| hit.into()))
        }
        None => {
            let named = by_name(rules, seen, has_payload);
            let owned = || by_network(rules, seen, None);
            // Whose payload no signature knows though both sides spoke does not keep to the port.
            let is_open_question = seen.is_closed && !talk.both_spoke();
            let guessed = || is_open_question.then(|| ports::alone(seen)).flatten();
            let read = || by_source(seen).map(Finding::from);
            named.or_else(owned).or_else(read).or_else(|| guessed().map(Finding::from))
        }
    }
}

fn by_payload(rules: &Rules, talk: &Talk) -> Option<Hit> {
    if let Some(hit) = rules.dispatch.first(talk) {
        return Some(hit);
    }
    let hit = rules.dispatch.first(&talk.turned())?;
    Some(Hit { confidence: hit.confidence * TURNED, ..hit })
}

/// Protocols in which applications hide: their name says more than the protocol.
fn carries_applications(label: u32) -> bool {
    matches!(label, HTTP | TLS | QUIC | DTLS | STUN | HTTP_PROXY)
}

fn by_name(rules: &Rules, seen: &Seen, has_payload: bool) -> Option<Finding> {
    let (source, confidence) = match seen.server_name_from {
        FROM_SNI => ("SNI", FROM_HANDSHAKE),
        FROM_QUIC => ("QUIC SNI", FROM_HANDSHAKE),
        FROM_HOST => ("Host", FROM_HANDSHAKE),
        FROM_DNS if has_payload => ("DNS answer", FROM_ANSWER),
        FROM_DNS => ("DNS answer, no payload", WITHOUT_PAYLOAD),
        _ => return None,
    };
    let label = rules.of_name(seen.server_name)?;
    let name = short(seen.server_name);
    Some(Finding::new(label, confidence, format!("name {name} ({source})")))
}

/// Whoever found the name has read the protocol that carries it, though no rule knows the name.
fn by_source(seen: &Seen) -> Option<Hit> {
    let (label, evidence) = match seen.server_name_from {
        FROM_SNI => (TLS, "a name in a TLS hello"),
        FROM_QUIC => (QUIC, "a name in a QUIC hello"),
        FROM_HOST => (HTTP, "a name in an HTTP request"),
        _ => return None,
    };
    Some(Hit::new(label, FROM_NETWORK, evidence))
}

fn short(name: &str) -> &str {
    let mut end = name.len().min(EVIDENCE_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

fn by_agent(rules: &Rules, seen: &Seen) -> Option<Finding> {
    if seen.user_agent.is_empty() {
        return None;
    }
    let label = rules.of_agent(seen.user_agent)?;
    Some(Finding::new(label, FROM_AGENT, format!("user agent {}", short(seen.user_agent))))
}

/// A certificate in the clear names its server where the client did not: the first common name with
/// a rule.
fn by_certificate(rules: &Rules, talk: &Talk, carrier: u32) -> Option<Finding> {
    let ruled = |name: Name<'_>| {
        let name = std::str::from_utf8(name.text).ok()?;
        let host = name.strip_prefix("*.").unwrap_or(name);
        let evidence = || format!("certificate of {}", short(name));
        rules.of_name(host).map(|label| Finding::new(label, FROM_CERTIFICATE, evidence()))
    };
    match carrier {
        TLS => {
            let streams = talk.sides().filter_map(|said| certificates(said.bytes));
            streams.flat_map(common_names).find_map(ruled)
        }
        DTLS => {
            let datagrams = [0, 1].into_iter().flat_map(|side| talk.datagrams(side));
            let begun = datagrams.filter_map(|said| certificates_in_datagram(said.bytes));
            begun.flat_map(common_names).find_map(ruled)
        }
        _ => None,
    }
}

/// Protocols that have a port of their own for TLS (IANA), or a name in ALPN (RFC 7301).
fn inside_tls(talk: &Talk, carrier: u32) -> Option<Finding> {
    if carrier != TLS {
        return None;
    }
    let offered = talk.seen.alpn.split(',').find_map(offered);
    let of_server = || tls_port(talk.seen.server_port);
    let found = offered.or_else(of_server).or_else(|| tls_port(talk.seen.client_port))?;
    let (label, evidence) = found;
    Some(Finding::new(label, FROM_NETWORK, evidence))
}

fn offered(protocol: &str) -> Option<(u32, &'static str)> {
    Some(match protocol {
        "dot" => (ENCRYPTED_DNS, "ALPN dot"),
        "imap" => (IMAP, "ALPN imap"),
        "pop3" => (POP3, "ALPN pop3"),
        "ftp" => (FTP, "ALPN ftp"),
        "mqtt" => (MQTT, "ALPN mqtt"),
        _ => return None,
    })
}

fn tls_port(port: u16) -> Option<(u32, &'static str)> {
    Some(match port {
        465 => (SMTP, "TLS on port 465"),
        563 => (NNTP, "TLS on port 563"),
        636 => (LDAP, "TLS on port 636"),
        853 => (ENCRYPTED_DNS, "TLS on port 853"),
        990 => (FTP, "TLS on port 990"),
        993 => (IMAP, "TLS on port 993"),
        995 => (POP3, "TLS on port 995"),
        5061 => (SIP, "TLS on port 5061"),
        8883 => (MQTT, "TLS on port 8883"),
        _ => return None,
    })
}

/// An address says whose server it is, not what is done there: it is asked only where the payload
/// left that open. A public STUN server serves everyone's applications, so only those count that
/// are for talking themselves.
fn by_network(rules: &Rules, seen: &Seen, carrier: Option<u32>) -> Option<Finding> {
    let of_server = rules.of_address(seen.server_ip);
    let label = of_server.or_else(|| rules.of_address(seen.client_ip))?;
    let Label { group, name } = rules.labels.get(label as usize)?;
    if carrier == Some(STUN) && group == "web" {
        // Google's media servers have ports of their own (3478 and 19305 to 19309, as its help for
        // Meet says).
        let is_media = matches!(seen.server_port, 3478 | 19305..=19309) && name == "google";
        let evidence = "STUN to a port of Google's media";
        return is_media.then(|| Finding::new(GOOGLE_MEET, FROM_NETWORK, evidence));
    }
    let has_payload = seen.payload.iter().any(|payload| !payload.is_empty());
    let confidence = if has_payload { FROM_NETWORK } else { WITHOUT_PAYLOAD };
    Some(Finding::new(label, confidence, format!("an address of {name}")))
}
