//! Moving files.

use crate::labels::*;
use crate::read::{
    begins, first_line, holds, is_text, reply_code, u8_at, u16_at, u24_at, u32_at, u32_little,
};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(b"UAPSFQOHuapfs", ftp).or_server(b"2"),
    tcp(&[0, 0x81], smb).or_server(&[0]),
    udp(&[0], tftp),
    tcp(&[0], afp),
    tcp(b"@", rsync).or_server(b"@"),
    tcp(b"0", git),
    tcp(b"(", subversion).or_server(b"("),
    tcp(b"c", ceph).or_server(b"c"),
    tcp(b"D", netware),
    udp(b"{", dropbox),
    udp(&[], afs),
    tcp(&[0, 0xc1, 0x63], lustre).or_server(&[0x63]),
    tcp(&[0x43, 0x40, 0x03], iscsi),
    udp(
        &[0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x50, 0x51, 0x52],
        uftp,
    ),
    udp(&[0x10, 0x11, 0x12, 0x13], flute),
];

/// Commands of RFC 959 and RFC 2228, RFC 2389 that begin a session.
const FTP_COMMANDS: [&str; 16] = [
    "USER ", "AUTH TLS", "AUTH SSL", "FEAT", "SYST", "PASS ", "QUIT", "OPTS ", "HOST ", "PORT ",
    "PASV", "EPSV", "PWD", "CWD ", "LIST", "TYPE ",
];

/// RFC 959: greeting 220 (120: wait), USER answered by 331 or 230. Mail servers greet with 220,
/// too, but know no USER.
fn ftp(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client.bytes, talk.server.bytes);
    let code = reply_code(server);
    let asks = FTP_COMMANDS.iter().any(|word| begins(client, word));
    let answers = matches!(
        code,
        Some(120 | 220 | 331 | 230 | 234 | 211 | 215 | 257 | 227 | 200 | 421 | 500 | 502 | 530)
    );
    if asks && answers {
        return Some(Hit::of(talk, FTP, "FTP: greeting and command"));
    }
    let (greeting, _) = first_line(server);
    let is_named = ["FTP", "ftp"].iter().any(|word| holds(greeting, word.as_bytes()));
    if code == Some(220) && client.is_empty() && (is_named || talk.has_port(21)) {
        let confidence = if is_named { ONE_SIDE } else { WITH_PORT };
        return Some(Hit::new(FTP, confidence, "FTP: greeting"));
    }
    // From the middle, or one side alone: replies and commands on the port of FTP.
    let one_side = !talk.both_spoke() && talk.has_port(21);
    let replies = code.is_some_and(|code| (100..600).contains(&code));
    let fits = one_side && (replies || (asks && is_text(client)));
    fits.then(|| Hit::new(FTP, WITH_PORT, "FTP: one side on port 21"))
}

/// SMB 1 to 3 behind a NetBIOS session header (RFC 1002 section 4.3.1; [MS-SMB2] 2.2.1, 2.2.41):
/// 0xff, 0xfe, 0xfd or 0xfc and SMB. A session request comes first on port 139.
fn smb(talk: &Talk) -> Option<Hit> {
    let is_smb = |bytes: &[u8]| {
        let length = u24_at(bytes, 1).unwrap_or(0);
        bytes.first() == Some(&0)
            && length >= 32
            && matches!(bytes.get(4), Some(0xfc..=0xff))
            && bytes.get(5..8) == Some(b"SMB")
    };
    if talk.sides().any(|said| is_smb(said.bytes)) {
        return Some(Hit::of(talk, SMB, "SMB: header"));
    }
    let bytes = talk.client.bytes;
    // Two names of 34 bytes each in their first-level encoding.
    let is_request = bytes.starts_with(&[0x81, 0, 0, 0x44, 0x20]) && bytes.get(38) == Some(&0x20);
    let goes_on = bytes.get(72..).is_some_and(is_smb);
    let label = if goes_on { SMB } else { NETBIOS };
    is_request.then(|| Hit::of(talk, label, "NetBIOS: session request"))
}

/// RFC 1350: read or write request with file name and mode; RFC 2347 options behind. Data and
/// acknowledgements alone are told by blocks that count.
fn tftp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    match u16_at(bytes, 0)? {
        1 | 2 => {
            let mut words = bytes[2..].split(|byte| *byte == 0);
            let (name, mode) = (words.next()?, words.next()?);
            let modes = ["netascii", "octet", "mail"];
            let is_mode = modes.iter().any(|word| mode.eq_ignore_ascii_case(word.as_bytes()));
            let fits = is_mode && !name.is_empty() && is_text(name);
            fits.then(|| Hit::of(talk, TFTP, "TFTP: request"))
        }
        3 => {
            let answers = talk.server.length == 4 && u16_at(talk.server.bytes, 0)? == 4;
            let fits = answers && u16_at(bytes, 2)? == 1 && u16_at(talk.server.bytes, 2)? == 1;
            (fits && talk.client.length <= 4 + 65464)
                .then(|| Hit::of(talk, TFTP, "TFTP: data and acknowledgement"))
        }
        4 => {
            // The options' acknowledgement went to another port: the data follow.
            let next = u16_at(bytes, 2)?.wrapping_add(1);
            let answers =
                u16_at(talk.server.bytes, 0)? == 3 && u16_at(talk.server.bytes, 2)? == next;
            let fits = answers && talk.client.length == 4;
            fits.then(|| Hit::of(talk, TFTP, "TFTP: acknowledgement and data"))
        }
        5 => {
            let text = bytes.get(4..)?.strip_suffix(&[0])?;
            let fits = u16_at(bytes, 2)? <= 8 && !text.is_empty() && is_text(text);
            fits.then(|| Hit::of(talk, TFTP, "TFTP: error"))
        }
        // Data of one direction, each block of 512 bytes; or the option acknowledgement.
        6 => {
            let words: Vec<&[u8]> = bytes[2..].split(|byte| *byte == 0).collect();
            let options = ["blksize", "tsize", "timeout", "windowsize"];
            let is_option =
                options.iter().any(|word| words[0].eq_ignore_ascii_case(word.as_bytes()));
            is_option.then(|| Hit::of(talk, TFTP, "TFTP: option acknowledgement"))
        }
        _ => None,
    }
}

/// Data Stream Interface of AFP: flags 0 or 1, command 1 to 8, request id, data offset, length,
/// reserved zero.
fn afp(talk: &Talk) -> Option<Hit> {
    let (bytes, server) = (talk.client.bytes, talk.server.bytes);
    let asks =
        u8_at(bytes, 0)? == 0 && matches!(u8_at(bytes, 1)?, 1..=8) && u32_at(bytes, 12)? == 0;
    let length_fits = u32_at(bytes, 8)? as usize + 16 == talk.client.length;
    // The same command and number, and 1 for an answer.
    let answers = u8_at(server, 0) == Some(1) && server.get(1..4) == bytes.get(1..4);
    let opens = matches!(u8_at(bytes, 1)?, 3 | 4) && talk.server.is_empty() && talk.has_port(548);
    let fits = asks && length_fits && (answers || opens);
    fits.then(|| Hit::of(talk, AFP, "AFP: DSI header"))
}

/// Both sides begin with @RSYNCD: and a version.
fn rsync(talk: &Talk) -> Option<Hit> {
    let says = |said: &Said| said.bytes.starts_with(b"@RSYNCD: ");
    talk.sides().any(|said| says(&said)).then(|| Hit::of(talk, RSYNC, "rsync: @RSYNCD"))
}

/// A pkt-line: four hexadecimal digits, then the command (gitprotocol-pack).
fn git(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_length = bytes.get(..4)?.iter().all(u8::is_ascii_hexdigit);
    let command = &bytes[4..];
    let commands = [&b"git-upload-pack "[..], b"git-receive-pack ", b"git-upload-archive "];
    let fits = is_length && commands.iter().any(|word| command.starts_with(word));
    fits.then(|| Hit::of(talk, GIT, "git: pkt-line"))
}

/// The server of svn:// greets with its versions as a list.
fn subversion(talk: &Talk) -> Option<Hit> {
    let greets = talk.server.bytes.starts_with(b"( success ( ");
    greets.then(|| Hit::of(talk, SUBVERSION, "svn: greeting"))
}

/// Ceph's messenger: both sides send their banner first, "ceph v027" or "ceph v2".
fn ceph(talk: &Talk) -> Option<Hit> {
    let says = |said: &Said| said.bytes.starts_with(b"ceph v");
    talk.sides().any(|said| says(&said)).then(|| Hit::of(talk, CEPH, "Ceph: banner"))
}

/// NCP on TCP: DmdT from the client and tNcP from the server, then the length of the message.
fn netware(talk: &Talk) -> Option<Hit> {
    let fits = talk.client.bytes.starts_with(b"DmdT\0\0");
    let answers = talk.server.is_empty() || talk.server.bytes.starts_with(b"tNcP\0\0");
    (fits && answers).then(|| Hit::of(talk, NCP, "NCP: DmdT"))
}

/// LAN sync announces itself in JSON to port 17500.
fn dropbox(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits =
        holds(bytes, b"\"host_int\"") && (holds(bytes, b"\"namespaces\"") || talk.has_port(17500));
    fits.then(|| Hit::of(talk, DROPBOX, "Dropbox: LAN sync"))
}

/// Rx as AFS uses it: epoch, id, call, sequence, serial, type 1 to 13, flags, status, security,
/// service.
fn afs(talk: &Talk) -> Option<Hit> {
    if ![talk.client_port(), talk.server_port()].iter().any(|port| (7000..=7009).contains(port)) {
        return None;
    }
    rx_header(talk.client).then(|| Hit::new(AFS, WITH_PORT, "Rx: header on an AFS port"))
}

fn rx_header(said: Said) -> bool {
    let byte = |at| u8_at(said.bytes, at).unwrap_or(u8::MAX);
    let word = |at| u32_at(said.bytes, at).unwrap_or(u32::MAX);
    said.length >= 28
        && (1..=13).contains(&byte(20))
        && byte(21) < 64
        && byte(23) < 4
        && word(8) < 1 << 20
}

/// LNet over TCP: the magic number of an acceptor's request, and of the hello (little-endian); or
/// from the middle a message of type 0xc1 with its cookies zero, on its port.
fn lustre(talk: &Talk) -> Option<Hit> {
    let fits = |said: Said| {
        let magic = u32_little(said.bytes, 0);
        let is_message = magic == Some(0xc1)
            && talk.has_port(988)
            && said.bytes.get(4..24).is_some_and(|zeros| zeros.iter().all(|byte| *byte == 0));
        matches!(magic, Some(0xacce_7100 | 0x4572_6963)) || is_message
    };
    talk.sides().any(fits).then(|| Hit::of(talk, LUSTRE, "LNet: message"))
}

/// RFC 7143 section 11.12: a login request with text keys.
fn iscsi(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_login =
        u8_at(bytes, 0)? & 0x3f == 3 && u8_at(bytes, 4)? == 0 && holds(bytes, b"InitiatorName=");
    is_login.then(|| Hit::of(talk, ISCSI, "iSCSI: login"))
}

/// UFTP 4 and 5: version in the upper half, the message's length in words, destination port 1044
/// and the 1044 of answers.
fn uftp(talk: &Talk) -> Option<Hit> {
    let fits =
        talk.has_port(1044) && u8_at(talk.client.bytes, 0)? & 0xf <= 5 && talk.client.length >= 16;
    fits.then(|| Hit::new(UFTP, BEHAVIOUR, "UFTP: header on port 1044"))
}

/// RFC 6726 over RFC 5651: version 1, header length in words, and the FDT's XML or its extension.
fn flute(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let words = usize::from(u8_at(bytes, 2)?);
    let is_fdt = holds(bytes, b"<FDT-Instance") || holds(bytes, b":FDT-Instance");
    let fits = u8_at(bytes, 0)? >> 4 == 1 && (3..=32).contains(&words) && is_fdt;
    fits.then(|| Hit::of(talk, FLUTE, "FLUTE: file delivery table"))
}
