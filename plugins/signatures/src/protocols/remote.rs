//! Working at another machine: by shell and by screen.

use crate::labels::*;
use crate::read::{holds, is_text, u8_at, u16_at, u32_at};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(b"S", ssh).or_server(b"S"),
    tcp(&[0xff], telnet).or_server(&[0xff]),
    tcp(&[], telnet_as_text).or_server(&[]),
    tcp(&[3], rdp),
    udp(&[], rdp_on_udp),
    tcp(b"R", vnc).or_server(b"R"),
    tcp(b"R", spice),
    tcp(&[0x17, 0x11], teamviewer),
    udp(&[], teamviewer),
    tcp(b"Bl", x11),
    udp(&[0], xdmcp),
    tcp(&[1], radmin),
    tcp(b"N", nomachine).or_server(b"N"),
    udp(&[1, 2], nomachine_on_udp),
    tcp(&[0x7f, 0x1a], citrix).or_server(&[0x7f, 0x1a]),
    tcp(&[0], rlogin),
    tcp(b"0123456789", rsh),
];

/// RFC 4253 section 4.2: SSH-, the version, the software. Lines may come before it from the server.
fn ssh(talk: &Talk) -> Option<Hit> {
    let greets = |said: Said| {
        let bytes = said.bytes;
        bytes.starts_with(b"SSH-2.0-") || bytes.starts_with(b"SSH-1.")
    };
    talk.sides().any(greets).then(|| Hit::of(talk, SSH, "SSH: identification"))
}

/// RFC 854: IAC, then WILL, WONT, DO or DONT and an option, or a subnegotiation.
fn telnet(talk: &Talk) -> Option<Hit> {
    let negotiates = |said: Said| {
        let mut at = 0;
        let mut count = 0;
        while said.bytes.get(at) == Some(&0xff) && count < 16 {
            match said.bytes.get(at + 1) {
                // Options up to 49, and 255 that extends the list (RFC 861).
                Some(0xfb..=0xfe) => match said.bytes.get(at + 2) {
                    Some(0..=49 | 69..=91 | 138..=140 | 255) => at += 3,
                    None => return count > 0,
                    Some(_) => return false,
                },
                Some(0xfa) => {
                    let Some(rest) = said.bytes.get(at + 2..) else { return count > 0 };
                    let Some(end) = rest.windows(2).position(|pair| pair == [0xff, 0xf0]) else {
                        return count > 0;
                    };
                    at += 2 + end + 2;
                }
                Some(0xf1..=0xf9) => at += 2,
                _ => return count > 0 && at + 1 >= said.bytes.len(),
            }
            count += 1;
        }
        count > 0
    };
    let fits = talk.sides().any(negotiates);
    fits.then(|| Hit::of(talk, TELNET, "Telnet: negotiation"))
}

/// A session without negotiation, or from the middle of one: the prompt of a login on Telnet's
/// port.
fn telnet_as_text(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(23) {
        return None;
    }
    let prompts = ["login:", "ogin: ", "sername:", "assword:"];
    let asks = prompts.iter().any(|prompt| holds(talk.server.bytes, prompt.as_bytes()));
    let keys = talk.sides().all(|said| {
        said.length <= 80 && said.bytes.iter().all(|byte| *byte < 0x80 || *byte == 0xff)
    });
    let fits = asks || (keys && talk.both_spoke());
    fits.then(|| Hit::new(TELNET, WITH_PORT, "Telnet: text on port 23"))
}

/// TPKT (RFC 1006) and X.224 connection request; [MS-RDPBCGR] 2.2.1.1: a cookie or a negotiation
/// request behind it.
fn rdp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_packet =
        bytes.starts_with(&[3, 0]) && usize::from(u16_at(bytes, 2)?) == talk.client.length;
    let is_request =
        u8_at(bytes, 5)? == 0xe0 && usize::from(u8_at(bytes, 4)?) + 5 == talk.client.length;
    let rest = bytes.get(11..)?;
    // Type 1, flags, length 8, the protocols asked for.
    let negotiates = |rest: &[u8]| rest.len() >= 8 && rest[0] == 1 && rest[2..4] == [8, 0];
    let has_cookie = rest.starts_with(b"Cookie: ms");
    // Without either: the bare request of old clients, on the port of RDP.
    let is_bare = rest.is_empty() && talk.has_port(3389);
    let fits = is_packet && is_request && (has_cookie || negotiates(rest) || is_bare);
    fits.then(|| Hit::of(talk, RDP, "RDP: connection request"))
}

/// [MS-RDPEUDP] 2.2.2.1: a SYN has no acknowledgement (-1 in the version of the field), a window,
/// flags SYN; 1,132 bytes and more to probe the path.
fn rdp_on_udp(talk: &Talk) -> Option<Hit> {
    let syn = |said: Said| {
        let flags = u16_at(said.bytes, 6).unwrap_or(0);
        flags & 1 == 1 && flags & 0xe000 == 0 && said.length > 1000
    };
    let asks = syn(talk.client)
        && u32_at(talk.client.bytes, 0)? == u32::MAX
        && u16_at(talk.client.bytes, 6)? & 4 == 0;
    if asks {
        return Some(Hit::of(talk, RDP, "RDP on UDP: SYN"));
    }
    // From the middle: DTLS does not fit, the port does.
    let fits = talk.server_port() == 3389 && talk.both_spoke();
    fits.then(|| Hit::new(RDP, BEHAVIOUR, "RDP on UDP: port 3389, both sides"))
}

/// RFC 6143 section 7.1.1: RFB and the version, from both sides.
fn vnc(talk: &Talk) -> Option<Hit> {
    let greets = |said: Said| {
        said.bytes.starts_with(b"RFB 00")
            && said.bytes.get(7) == Some(&b'.')
            && said.bytes.get(11) == Some(&b'\n')
    };
    talk.sides().any(greets).then(|| Hit::of(talk, VNC, "RFB: version"))
}

/// The link message of SPICE: REDQ, version 2.
fn spice(talk: &Talk) -> Option<Hit> {
    let fits = talk.client.bytes.starts_with(b"REDQ") && u8_at(talk.client.bytes, 4)? <= 2;
    fits.then(|| Hit::of(talk, SPICE, "SPICE: link message"))
}

/// TeamViewer: 0x1724 (or 0x1130) and a command on TCP, from both sides; the same behind a counter
/// on UDP, port 5938.
fn teamviewer(talk: &Talk) -> Option<Hit> {
    let is_message = |said: Said| {
        let is_magic = matches!(u16_at(said.bytes, 0), Some(0x1724 | 0x1130));
        is_magic && matches!(u8_at(said.bytes, 2), Some(0x07..=0x5f))
    };
    let fits = match talk.is_tcp() {
        true => u8_at(talk.client.bytes, 0)? == 0x17 && talk.sides().all(is_message),
        false => u16_at(talk.client.bytes, 11)? == 0x1724 && talk.has_port(5938),
    };
    fits.then(|| Hit::of(talk, TEAMVIEWER, "TeamViewer: magic number"))
}

/// X11 section 8: byte order, protocol version 11.0, lengths of the authorisation.
fn x11(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let words = [2, 4, 6, 8].map(|at| u16_at(bytes, at));
    let [Some(major), Some(minor), Some(name), Some(data)] = words else { return None };
    let words = [major, minor, name, data]
        .map(|word| if bytes[0] == b'l' { word.swap_bytes() } else { word });
    let fits = words[0] == 11
        && words[1] == 0
        && words[2] <= 64
        && words[3] <= 256
        && u8_at(bytes, 1)? == 0;
    let answers = talk.server.is_empty() || matches!(u8_at(talk.server.bytes, 0)?, 0..=2);
    (fits && answers).then(|| Hit::of(talk, X11, "X11: connection setup"))
}

/// XDMCP 1: version, opcode 1 to 15, the length of what follows.
fn xdmcp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u16_at(bytes, 0)? == 1
        && matches!(u16_at(bytes, 2)?, 1..=15)
        && usize::from(u16_at(bytes, 4)?) + 6 == talk.client.length;
    (fits && talk.has_port(177)).then(|| Hit::of(talk, XDMCP, "XDMCP: header"))
}

/// Radmin 3: 1, length 1, a constant checksum of the first request, command 8.
fn radmin(talk: &Talk) -> Option<Hit> {
    let fits = talk.client.bytes.starts_with(&[1, 0, 0, 0, 1, 0, 0, 0, 8, 8]);
    fits.then(|| Hit::of(talk, RADMIN, "Radmin: first request"))
}

/// NX: the client's NXSH- and the server's NXD-.
fn nomachine(talk: &Talk) -> Option<Hit> {
    let greets = |said: Said| said.bytes.starts_with(b"NXSH-") || said.bytes.starts_with(b"NXD-");
    talk.sides().any(greets).then(|| Hit::of(talk, NOMACHINE, "NoMachine: greeting"))
}

/// NX on UDP: kind, zero, kind, zero, length, a number.
fn nomachine_on_udp(talk: &Talk) -> Option<Hit> {
    let is_message = |said: Said| {
        let byte = |at| u8_at(said.bytes, at).unwrap_or(0xff);
        said.length >= 10
            && byte(1) == 0
            && byte(3) == 0
            && usize::from(byte(4)) == said.length
            && byte(5) == 0
    };
    let fits = talk.both_spoke()
        && talk.datagrams(0).take(3).all(is_message)
        && is_message(talk.server)
        && talk.has_port(4000);
    fits.then(|| Hit::new(NOMACHINE, WITH_PORT, "NoMachine: datagrams"))
}

/// ICA's detection string, both ways; CGP of session reliability names itself behind a length.
fn citrix(talk: &Talk) -> Option<Hit> {
    let greets = |said: Said| {
        said.bytes.starts_with(b"\x7f\x7fICA\0") || said.bytes.starts_with(b"\x1aCGP/0")
    };
    talk.sides().any(greets).then(|| Hit::of(talk, CITRIX, "Citrix: ICA"))
}

/// RFC 1282: zero, local user, remote user, terminal and speed, each with a zero behind; answered
/// by one zero.
fn rlogin(talk: &Talk) -> Option<Hit> {
    let mut words = talk.client.bytes.get(1..)?.split(|byte| *byte == 0);
    let (local, remote) = (words.next()?, words.next()?);
    let terminal = words.next().unwrap_or_default();
    let are_names =
        [local, remote].iter().all(|word| !word.is_empty() && word.len() <= 16 && is_text(word));
    let fits = are_names && holds(terminal, b"/") && talk.server.bytes.first() == Some(&0);
    fits.then(|| Hit::of(talk, RLOGIN, "rlogin: users and terminal"))
}

/// The remote shell: a port of up to five digits, two users, a command, each with a zero behind.
fn rsh(talk: &Talk) -> Option<Hit> {
    let mut words = talk.client.bytes.split(|byte| *byte == 0);
    let (port, local) = (words.next()?, words.next()?);
    let is_port = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    // The words may come in segments of their own.
    let fits = is_port
        && !local.is_empty()
        && is_text(local)
        && talk.server_port() == 514
        && talk.server.bytes.first() == Some(&0);
    fits.then(|| Hit::of(talk, RSH, "rsh: port and users"))
}
