//! STUN and TURN, and the applications that their attributes name.

use super::internet::is_dtls;
use crate::labels::*;
use crate::read::{holds, u8_at, u16_at, u32_at};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE};

/// RFC 8489 section 5.
const COOKIE: u32 = 0x2112_a442;
const HEADER_BYTES: usize = 20;

/// Realms of TURN servers (RFC 8489 section 14.9): whose they are.
const REALMS: [(&[u8], u32, &str); 7] = [
    (b"telegram.org", TELEGRAM, "STUN: realm of Telegram"),
    (b"signal.org", SIGNAL, "STUN: realm of Signal"),
    (b"whatsapp", WHATSAPP, "STUN: realm of WhatsApp"),
    (b"facebook", FACEBOOK, "STUN: realm of Facebook"),
    (b"google.com", GOOGLE_MEET, "STUN: realm of Google"),
    (b"discord", DISCORD, "STUN: realm of Discord"),
    (b"zoom", ZOOM, "STUN: realm of Zoom"),
];

/// A message with the magic cookie whose length is that of the datagram.
pub fn is_stun(said: Said) -> bool {
    let length = u16_at(said.bytes, 2).map(usize::from);
    u32_at(said.bytes, 4) == Some(COOKIE)
        && said.bytes[0] < 0x40
        && length.is_some_and(|length| length + HEADER_BYTES <= said.length)
}

/// RFC 8489: two zero bits, length, cookie. On TCP a length may stand before it (RFC 4571).
pub fn stun(talk: &Talk) -> Option<Hit> {
    let framed = |said| if talk.is_tcp() { unframed(said) } else { said };
    let any = talk.sides().map(framed).any(is_stun);
    if !any {
        return classic(talk);
    }
    let application = (0..2).find_map(|side| {
        let mut messages = talk.datagrams(side).map(framed).filter(|said| is_stun(*said));
        messages.find_map(|said| application(said.bytes))
    });
    let encrypts = || {
        let mut all = talk.datagrams(0).chain(talk.datagrams(1));
        all.any(|said| is_dtls(said) == Some(true)).then_some((DTLS, "STUN, then DTLS"))
    };
    if application.is_none() && is_without_tie_breaker(talk) {
        return Some(Hit::new(
            TELEGRAM,
            BEHAVIOUR,
            "STUN: tie-breaker 0, as Telegram's calls have it",
        ));
    }
    let (label, evidence) = application.or_else(encrypts).unwrap_or((STUN, "STUN: magic cookie"));
    Some(Hit::of(talk, label, evidence))
}

/// ICE asks for a random tie-breaker (RFC 8445 section 5.2); the calls of Telegram (tgcalls) never
/// set it, and send zero with the network's cost that all of libwebrtc sends (GOOG-NETWORK-INFO).
fn is_without_tie_breaker(talk: &Talk) -> bool {
    talk.datagrams(0).chain(talk.datagrams(1)).filter(|said| is_stun(*said)).any(|said| {
        let mut all = attributes(said.bytes).take(16);
        let has_cost = attributes(said.bytes).take(16).any(|(kind, _)| kind == 0xc057);
        has_cost && all.any(|(kind, value)| matches!(kind, 0x8029 | 0x802a) && value == [0; 8])
    })
}

/// Without the two bytes of length that may stand before a message on TCP.
fn unframed(said: Said) -> Said {
    if is_stun(said) {
        said
    } else {
        Said { bytes: said.bytes.get(2..).unwrap_or_default(), ..said }
    }
}

/// WhatsApp's own methods: 0x0800 and what follows, with the cookie.
pub fn whatsapp(talk: &Talk) -> Option<Hit> {
    is_stun(talk.client).then(|| Hit::of(talk, WHATSAPP, "STUN: method of WhatsApp"))
}

fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut at = HEADER_BYTES;
    std::iter::from_fn(move || {
        let (kind, length) = (u16_at(bytes, at)?, usize::from(u16_at(bytes, at + 2)?));
        let value = bytes.get(at + 4..)?;
        at += 4 + length.next_multiple_of(4);
        Some((kind, &value[..value.len().min(length)]))
    })
}

/// What an attribute says of the application.
fn application(bytes: &[u8]) -> Option<(u32, &'static str)> {
    attributes(bytes).take(16).find_map(|(kind, value)| match kind {
        // REALM, and SOFTWARE.
        0x0014 | 0x8022 => {
            let known = REALMS.iter().find(|(realm, ..)| holds(value, realm));
            known.map(|(_, label, evidence)| (*label, *evidence))
        }
        // WhatsApp's: the relay's token.
        0x4000..=0x4007 if value.len() > 1 => Some((WHATSAPP, "STUN: attribute of WhatsApp")),
        // [MS-TURN] 2.2.2, [MS-ICE2] 3.1.4: version, sequence, quality, candidate, implementation.
        0x8008 | 0x8050 | 0x8054 | 0x8055 | 0x8056 | 0x8070 | 0x8090 | 0x8095 => {
            Some((SKYPE, "STUN: attribute of Skype and Teams"))
        }
        _ => None,
    })
}

/// RFC 3489: no cookie; a known message and attributes that end with the datagram.
fn classic(talk: &Talk) -> Option<Hit> {
    if talk.is_tcp() {
        return None;
    }
    // Zoom's servers: one attribute of twenty digits that only fills.
    if talk.client.bytes.get(20..34) == Some(b"\x01\x01\x00\x141234567890") {
        return Some(Hit::of(talk, ZOOM, "STUN: filler of Zoom"));
    }
    let is_message = |said: Said| {
        let known = matches!(
            u16_at(said.bytes, 0),
            Some(1 | 2 | 3 | 0x101 | 0x102 | 0x103 | 0x111 | 0x112 | 0x113 | 0x115)
        );
        let length_fits = u16_at(said.bytes, 2)
            .is_some_and(|length| usize::from(length) + HEADER_BYTES == said.length);
        let mut seen = 0;
        let all_known = attributes(said.bytes).all(|(kind, value)| {
            seen += 4 + value.len();
            matches!(kind, 1..=0x15 | 0x8000..=0x8100)
        });
        known
            && length_fits
            && all_known
            && seen + HEADER_BYTES == said.bytes.len()
            && (seen > 0 || u8_at(said.bytes, 1) == Some(1))
    };
    let all_fit = talk.sides().all(is_message);
    // A request alone without attributes is 20 bytes: little to go by.
    let is_bare = !talk.both_spoke() && talk.client.length == HEADER_BYTES;
    let confidence = if is_bare { BEHAVIOUR } else { ONE_SIDE };
    all_fit.then(|| Hit::new(STUN, confidence, "STUN of RFC 3489: message"))
}
