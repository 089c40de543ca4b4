//! Names from the first bytes of a flow: what a client asks for, and what it says that it is.
//!
//! Protocols are known by their bytes, never by ports, and either side may be the client: captures
//! begin in the middle. The first that says a name has it; a client hello behind plain text
//! (STARTTLS, a tunnel of CONNECT or SOCKS) says it better than the text did. Reading is total, and
//! nothing is allocated until something is found. HTTP/2 without TLS is not read: its names are
//! compressed (RFC 7541).

pub mod dns;
mod fingerprint;
mod google_quic;
mod greeting;
mod hello;
mod message;
mod quic;
mod quic_keys;
mod reader;
mod reassembly;
#[cfg(test)]
mod tests;
mod text;
mod tls;

use crate::limits::PIECES_READ_MAX;
use hello::Hello;
use message::Request;
use serde::{Deserialize, Serialize};

const TCP: u8 = 6;

/// The first bytes of a flow, by direction: 0 client to server.
#[derive(Clone, Copy)]
pub struct FirstBytes<'a> {
    /// The protocol's number; TCP is a stream, others are datagrams.
    pub transport: u8,
    /// In the order of the stream; datagrams one behind another.
    pub payload: [&'a [u8]; 2],
    /// Packets with payload, in their order: where datagrams begin, and where in a stream another
    /// protocol may. A side without one is taken as one piece.
    pub pieces: &'a [Piece],
}

/// A packet with payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece {
    pub direction: u8,
    /// Where its first byte is in `payload[direction]`.
    pub at: u32,
    pub bytes: u32,
}

/// What says the server's name.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum NameSource {
    #[default]
    None,
    /// The server name indication of TLS or DTLS.
    Sni,
    /// That of QUIC.
    QuicSni,
    /// The URL or Host of HTTP or RTSP.
    Host,
    /// The URI or To of SIP.
    Sip,
    /// The greeting of FTP, SMTP, IMAP or POP3.
    Greeting,
    /// An earlier answer of DNS for the server's address.
    Dns,
}

/// What the first bytes of a flow say.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Names {
    /// As sent, but for a dot at its end and, where it stood in a URL or Host, a port; no address
    /// of a group, and nothing with control characters or white space.
    pub server_name: Option<Box<str>>,
    pub server_name_from: NameSource,
    /// The client's software as HTTP, RTSP, SIP, SSH or Google's QUIC has it.
    pub user_agent: Option<Box<str>>,
    /// The protocols that the client offers, joined by commas.
    pub alpn: Option<Box<str>>,
    /// Of a client hello that is all there.
    pub ja3: Option<Box<str>>,
    pub ja4: Option<Box<str>>,
    /// Whatever else the flow says, this stays: a whole hello begins the client's stream.
    pub is_settled: bool,
}

/// Reads the names of a flow.
pub fn read(first: &FirstBytes<'_>) -> Names {
    let found = match first.transport {
        TCP => in_stream(first),
        _ => in_datagrams(first),
    };
    found.unwrap_or_default()
}

impl<'a> FirstBytes<'a> {
    /// What follows the start of each packet of a direction but the first.
    fn later_starts(&self, direction: u8) -> impl Iterator<Item = &'a [u8]> {
        let payload = self.payload[usize::from(direction)];
        let of_direction = move |piece: &&Piece| piece.direction == direction;
        let pieces = self.pieces.iter().filter(of_direction).take(PIECES_READ_MAX);
        let starts = pieces.filter(|piece| piece.at > 0);
        starts.filter_map(move |piece| payload.get(piece.at as usize..))
    }

    /// The datagrams of a direction, as far as they are there.
    fn datagrams(&self, direction: u8) -> impl Iterator<Item = &'a [u8]> + Clone {
        let payload = self.payload[usize::from(direction)];
        let of_direction = move |piece: &&Piece| piece.direction == direction;
        let mut pieces = self.pieces.iter().filter(of_direction).take(PIECES_READ_MAX).peekable();
        let whole = pieces.peek().is_none().then_some(payload);
        let datagram = move |piece: &Piece| {
            let rest = payload.get(piece.at as usize..)?;
            Some(&rest[..rest.len().min(piece.bytes as usize)])
        };
        whole.into_iter().chain(pieces.filter_map(datagram))
    }
}

impl Names {
    fn of_hello(hello: &Hello<'_>) -> Self {
        let server_name = hello.server_name();
        let server_name_from = match (&server_name, hello.carrier) {
            (None, _) => NameSource::None,
            (_, hello::Carrier::Quic) => NameSource::QuicSni,
            _ => NameSource::Sni,
        };
        Self {
            server_name,
            server_name_from,
            user_agent: hello.user_agent(),
            alpn: hello.alpn(),
            ja3: hello.is_whole.then(|| fingerprint::ja3(hello)),
            ja4: hello.is_whole.then(|| fingerprint::ja4(hello)),
            is_settled: false,
        }
    }

    /// Takes what the outer protocol said where this says nothing.
    fn or(mut self, outer: Self) -> Self {
        if self.server_name.is_none() {
            self.server_name = outer.server_name;
            self.server_name_from = outer.server_name_from;
        }
        self.user_agent = self.user_agent.or(outer.user_agent);
        self
    }
}

fn in_stream(first: &FirstBytes<'_>) -> Option<Names> {
    if let Some(names) = tls_names(first.payload[0]) {
        return Some(Names { is_settled: names.ja4.is_some(), ..names });
    }
    if let Some((names, goes_on)) = first.payload.into_iter().find_map(at_start) {
        return match goes_on {
            true => Some(later(first).unwrap_or_default().or(names)),
            false => Some(names),
        };
    }
    let greeted = greeted(first);
    match later(first) {
        Some(names) => Some(names.or(greeted.unwrap_or_default())),
        None => greeted,
    }
}

/// What a client says at the start of a stream, and whether something else may follow.
fn at_start(stream: &[u8]) -> Option<(Names, bool)> {
    if let Some(names) = tls_names(stream) {
        return Some((names, false));
    }
    let request = Request::read(stream)?;
    if !request.is_connect() {
        return Some((request.names(), false));
    }
    // One packet may have the tunnel's first bytes, too.
    match inside(request.body()) {
        Some(names) => Some((names.or(request.names()), false)),
        None => Some((request.names(), true)),
    }
}

fn tls_names(stream: &[u8]) -> Option<Names> {
    tls::in_stream(stream, |hello| Some(Names::of_hello(&hello)))
}

/// A client hello or a request.
fn inside(stream: &[u8]) -> Option<Names> {
    tls_names(stream).or_else(|| Request::read(stream).map(|request| request.names()))
}

/// What a client says at the start of a later packet.
fn later(first: &FirstBytes<'_>) -> Option<Names> {
    [0, 1].into_iter().find_map(|direction| first.later_starts(direction).find_map(inside))
}

fn greeted(first: &FirstBytes<'_>) -> Option<Names> {
    let [client, server] = first.payload;
    if let Some(software) = greeting::ssh_software(client) {
        return Some(Names { user_agent: Some(software), ..Names::default() });
    }
    let server_name = greeting::host(server).or_else(|| greeting::host(client))?;
    let server_name_from = NameSource::Greeting;
    Some(Names { server_name: Some(server_name), server_name_from, ..Names::default() })
}

fn in_datagrams(first: &FirstBytes<'_>) -> Option<Names> {
    [0, 1].into_iter().find_map(|direction| {
        let datagrams = first.datagrams(direction);
        let dtls = tls::in_datagrams(datagrams.clone(), |hello| Some(Names::of_hello(&hello)));
        dtls.or_else(|| quic::in_datagrams(datagrams.clone(), |said| Some(said_names(&said))))
            .or_else(|| datagrams.clone().find_map(Request::read).map(|request| request.names()))
    })
}

fn said_names(said: &quic::Said<'_>) -> Names {
    match said {
        quic::Said::Hello(hello) => Names::of_hello(hello),
        quic::Said::Google(hello) => {
            let server_name = hello.server_name();
            let server_name_from =
                server_name.as_ref().map_or(NameSource::None, |_| NameSource::QuicSni);
            let user_agent = hello.user_agent();
            Names { server_name, server_name_from, user_agent, ..Names::default() }
        }
    }
}
