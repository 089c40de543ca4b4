//! Coins: their peers, and those who dig for them.

use crate::labels::*;
use crate::read::{holds, is_random, u8_at, u16_at, u32_at};
use crate::seen::{Said, Talk};
use crate::signature::{Hit, Signature, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(&[0xf9, 0x0b, 0xfa], bitcoin),
    tcp(b"R", nano).everywhere(),
    udp(&[], ethereum_discovery),
    tcp(&[], ethereum),
    tcp(b"{", mining),
];

/// Bitcoin's message header: the network's magic, a command padded with zeros.
fn bitcoin(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_magic = matches!(u32_at(bytes, 0)?, 0xf9be_b4d9 | 0x0b11_0907 | 0xfabf_b5da);
    let command = bytes.get(4..16)?;
    let letters = command
        .iter()
        .take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        .count();
    let fits = is_magic && letters > 2 && command[letters..].iter().all(|byte| *byte == 0);
    fits.then(|| Hit::of(talk, BITCOIN, "Bitcoin: message"))
}

/// Nano's header: R and the network, three versions, a message type.
fn nano(talk: &Talk) -> Option<Hit> {
    let [_, network, greatest, using, least, kind, ..] = *talk.client.bytes.first_chunk::<8>()?;
    let ordered = least <= using && using <= greatest && (7..64).contains(&greatest) && least > 0;
    let fits = matches!(network, b'A'..=b'C' | b'X') && ordered && (1..=16).contains(&kind);
    fits.then(|| Hit::of(talk, NANO, "Nano: header"))
}

/// discv4: hash (32), signature (65, the last byte 0 or 1), packet type, a list in RLP that ends
/// with the datagram.
fn ethereum_discovery(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let (recovery, kind, list) = (u8_at(bytes, 96)?, u8_at(bytes, 97)?, u8_at(bytes, 98)?);
    let rest = talk.client.length - 98;
    let fits = match list {
        0xc0..=0xf7 => usize::from(list - 0xc0) < rest,
        0xf8 => usize::from(u8_at(bytes, 99)?) + 2 <= rest,
        0xf9 => usize::from(u16_at(bytes, 99)?) + 3 <= rest,
        _ => false,
    };
    let fits = fits && recovery <= 1 && (1..=6).contains(&kind) && is_random(&bytes[..64]);
    fits.then(|| Hit::of(talk, ETHEREUM, "Ethereum: discovery"))
}

/// RLPx: the first messages are encrypted. Since EIP-8 two bytes of length stand before them;
/// before, the sizes were fixed.
fn ethereum(talk: &Talk) -> Option<Hit> {
    let is_prefixed = |said: Said| {
        let length = usize::from(u16_at(said.bytes, 0).unwrap_or(0));
        (210..1200).contains(&length)
            && length + 2 <= said.length.max(said.bytes.len())
            && said.bytes.get(2) == Some(&4)
            && said.bytes.get(3..67).is_some_and(is_random)
    };
    let prefixed = is_prefixed(talk.client)
        && talk.client.length == usize::from(u16_at(talk.client.bytes, 0)?) + 2;
    // Ephemeral public keys are uncompressed points: 0x04 before them.
    let is_old = talk.client.length == 307
        && u8_at(talk.client.bytes, 0)? == 4
        && is_random(talk.client.bytes.get(1..65)?);
    let fits = (prefixed && (talk.server.is_empty() || is_prefixed(talk.server)))
        || (is_old && (talk.server.is_empty() || u8_at(talk.server.bytes, 0)? == 4));
    fits.then(|| Hit::of(talk, ETHEREUM, "Ethereum: RLPx handshake"))
}

/// Stratum: JSON, a line a message.
fn mining(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let methods = [
        "mining.subscribe",
        "mining.authorize",
        "mining.configure",
        "eth_submitLogin",
        "eth_login",
        "mining.extranonce",
        "eth_getWork",
        "eth_submitHashrate",
    ];
    let asks = methods.iter().any(|method| holds(bytes, method.as_bytes()));
    let logs_in =
        holds(bytes, b"\"login\"") && (holds(bytes, b"\"agent\"") || holds(bytes, b"\"algo\""));
    let says = asks || (logs_in && holds(bytes, b"\"method\""));
    says.then(|| Hit::of(talk, MINING, "Stratum: method"))
}
