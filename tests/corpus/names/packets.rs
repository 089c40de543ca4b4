//! Packets that say names, as tshark dissects them.

use std::path::Path;
use std::process::Command;

use super::fingerprint::Offer;
use crate::corpus::tunnels::{Ends, FIELDS_OF_ENDS, innermost};

pub const SNI: &str = "SNI";
pub const QUIC_SNI: &str = "QUIC SNI";
pub const GOOGLE_SNI: &str = "Google QUIC SNI";
pub const HOST: &str = "Host";
pub const HTTP_AGENT: &str = "HTTP User-Agent";
pub const SIP_AGENT: &str = "SIP User-Agent";
pub const QUIC_AGENT: &str = "QUIC user agent";
pub const ALPN: &str = "ALPN";
pub const JA3: &str = "JA3";
pub const JA4: &str = "JA4";

/// A packet that says a name.
pub struct Packet {
    /// Of the innermost packet.
    pub ends: Ends,
    pub time_ns: i128,
    pub frame: String,
    /// What, and its value.
    pub said: Vec<(&'static str, String)>,
}

/// What is asked of a packet behind [`FIELDS_OF_ENDS`].
const FIELDS: [&str; 9] = [
    "frame.number",
    "frame.time_epoch",
    "http.host",
    "http.user_agent",
    "sip.Method",
    "sip.User-Agent",
    "gquic.tag.sni",
    "gquic.tag.uaid",
    "tls.quic.parameter.google.user_agent",
];

/// And of TLS and DTLS each.
const FIELDS_OF_HELLO: [&str; 10] = [
    "type",
    "version",
    "ciphersuite",
    "extension.type",
    "extensions.supported_version",
    "extensions_server_name",
    "extensions_alpn_str",
    "sig_hash_alg_len",
    "sig_hash_alg",
    "ja3",
];

const WITH_NAMES: &str = "tls.handshake.type == 1 or dtls.handshake.type == 1 or gquic.tag.sni \
    or gquic.tag.uaid or http.host or http.user_agent or sip.User-Agent";

/// In no value, other than signs that can be typed.
const BETWEEN_VALUES: char = '\u{1}';

/// The packets of a capture that say a name; `None` without tshark.
pub fn read(capture: &Path) -> Option<Vec<Packet>> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-o", "ip.defragment:FALSE", "-T", "fields", "-E", "separator=/t"]);
    command.args(["-E", "occurrence=a", "-E", &format!("aggregator={BETWEEN_VALUES}")]);
    let fields = fields();
    command.args(fields.iter().flat_map(|field| ["-e", field]));
    command.args(["-Y", WITH_NAMES]).arg("-r").arg(capture);
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let packets = text.lines().filter_map(|line| {
        let values = line.split('\t').map(|cell| cell.split(BETWEEN_VALUES).collect()).collect();
        Dissected { fields: &fields, values }.packet()
    });
    Some(packets.collect())
}

fn fields() -> Vec<String> {
    let of_hello =
        |protocol| FIELDS_OF_HELLO.iter().map(move |field| format!("{protocol}.handshake.{field}"));
    let plain = FIELDS_OF_ENDS.iter().chain(&FIELDS).map(|field| (*field).to_owned());
    plain.chain(of_hello("tls")).chain(of_hello("dtls")).collect()
}

/// Values of each field of a packet.
struct Dissected<'a> {
    fields: &'a [String],
    values: Vec<Vec<&'a str>>,
}

impl<'a> Dissected<'a> {
    fn all(&self, field: &str) -> Vec<&'a str> {
        let place = self.fields.iter().position(|name| name == field).expect("a field");
        let values = self.values[place].iter();
        values.copied().filter(|value| !value.is_empty()).collect()
    }

    fn first(&self, field: &str) -> Option<&'a str> {
        self.all(field).first().copied()
    }

    fn packet(&self) -> Option<Packet> {
        let ends = innermost(&self.values)?;
        let (seconds, rest) = self.first("frame.time_epoch")?.split_once('.')?;
        let time_ns = format!("{seconds}{rest:0<9}").parse().ok()?;
        let frame = self.first("frame.number")?.to_owned();
        Some(Packet { ends, time_ns, frame, said: self.said() })
    }

    fn has_layer(&self, layer: &str) -> bool {
        self.values[0][0].split(':').any(|name| name == layer)
    }

    fn said(&self) -> Vec<(&'static str, String)> {
        let mut said = Vec::new();
        let mut say = |name, value: Option<&str>| {
            said.extend(value.map(|value| (name, value.to_owned())));
        };
        say(GOOGLE_SNI, self.first("gquic.tag.sni"));
        say(QUIC_AGENT, self.first("gquic.tag.uaid"));
        say(QUIC_AGENT, self.first("tls.quic.parameter.google.user_agent"));
        // What a capture brings the keys for is encrypted to us.
        if !self.has_layer("tls") && !self.has_layer("quic") {
            say(HOST, self.first("http.host"));
            say(HTTP_AGENT, self.first("http.user_agent"));
        }
        // Answers have one, too: of the server.
        if self.first("sip.Method").is_some() {
            say(SIP_AGENT, self.first("sip.User-Agent"));
        }
        for protocol in ["tls", "dtls"] {
            said.extend(self.said_in_hello(protocol));
        }
        said
    }

    fn said_in_hello(&self, protocol: &str) -> Vec<(&'static str, String)> {
        const CLIENT_HELLO: &str = "1";
        let all = |field: &str| self.all(&format!("{protocol}.handshake.{field}"));
        let mut said = Vec::new();
        let hellos = all("type").iter().filter(|kind| **kind == CLIENT_HELLO).count();
        if hellos == 0 {
            return said;
        }
        let is_quic = self.has_layer("quic") || self.has_layer("gquic");
        let name = all("extensions_server_name").first().copied();
        said.extend(name.map(|name| (if is_quic { QUIC_SNI } else { SNI }, name.to_owned())));
        let Some(ja3) = all("ja3").first().copied() else { return said };
        said.push((JA3, ja3.to_owned()));
        // The lists of several stand in one.
        if hellos == 1 {
            let protocols = all("extensions_alpn_str");
            said.extend((!protocols.is_empty()).then(|| (ALPN, protocols.join(","))));
            let carrier = if is_quic { 'q' } else { protocol.chars().next().expect("a letter") };
            said.push((JA4, Offer::of(carrier, all).ja4()));
        }
        said
    }
}
