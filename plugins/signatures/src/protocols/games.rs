//! Games.

use crate::labels::*;
use crate::read::{begins, holds, u8_at, u16_at, u32_at, u32_little};
use crate::seen::{Said, Talk};
use crate::signature::{Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    udp(&[0xff], connectionless),
    udp(&[], raknet),
    udp(b"V ", steam_datagram),
    tcp(&[], starcraft),
    udp(&[], heroes),
    udp(&[0], genshin),
    udp(&[0x32], nintendo),
    udp(&[4], riot),
    udp(&[], epic),
    udp(&[0x8f, b'a'], gaijin),
    tcp(&[0], elder_scrolls),
    tcp(&[0], path_of_exile),
    tcp(&[0x0e, 0x0d, 0x0f, 0x10], maplestory).or_server(&[0x0d, 0x0e, 0x0f, 0x10]),
    tcp(b"G", maplestory_download),
    tcp(&[], minecraft),
    udp(&[0], zug),
    tcp(b"\x000", world_of_warcraft).or_server(b"\x000"),
    udp(b"S", steam_control),
];

/// Source's and Quake's datagrams outside a session: four bytes of ones, then a command.
fn connectionless(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    if u32_at(bytes, 0)? != u32::MAX {
        return None;
    }
    let rest = bytes.get(4..)?;
    // Valve's "Server queries": A2S_INFO and its answer, players, rules, challenge.
    let is_query = rest.starts_with(b"TSource Engine Query\0")
        || (matches!(rest.first()?, b'U' | b'V' | b'W' | b'i')
            && talk.client.length <= 9
            && (talk.has_port(27015) || talk.both_spoke()))
        || (rest.starts_with(b"I\x11") && rest.len() > 12);
    if is_query {
        return Some(Hit::of(talk, SOURCE_ENGINE, "Source: server query"));
    }
    // Steam's discovery in the local network: a magic number, lengths, protobuf.
    if rest.starts_with(&[0x21, 0x4c, 0x5f, 0xa0]) {
        return Some(Hit::of(talk, STEAM, "Steam: local discovery"));
    }
    let commands = [
        "getinfo",
        "getstatus",
        "getchallenge",
        "getservers",
        "statusResponse",
        "infoResponse",
        "connect ",
        "challenge",
        "rcon ",
    ];
    let known = commands.iter().any(|command| begins(rest, command));
    known.then(|| Hit::of(talk, QUAKE, "Quake: connectionless command"))
}

/// The constant that RakNet's unconnected messages carry.
const OFFLINE: [u8; 16] =
    [0, 0xff, 0xff, 0, 0xfe, 0xfe, 0xfe, 0xfe, 0xfd, 0xfd, 0xfd, 0xfd, 0x12, 0x34, 0x56, 0x78];

/// RakNet: id, the constant; a ping has 8 bytes of time before it. Roblox has ids of its own.
fn raknet(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_open = bytes.get(1..17) == Some(&OFFLINE)
        || bytes.get(9..25) == Some(&OFFLINE)
        || bytes.get(17..33) == Some(&OFFLINE);
    is_open.then(|| Hit::of(talk, RAKNET, "RakNet: constant of unconnected messages"))
}

/// Steam's datagram relay: VS01, or a padded ping of its own.
fn steam_datagram(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_control = bytes.starts_with(b"VS01");
    let is_ping = u8_at(bytes, 0)? == b' '
        && talk.client.length >= 512
        && (27015..=27200).contains(&talk.server_port())
        && talk.both_spoke();
    (is_control || is_ping).then(|| Hit::of(talk, STEAM, "Steam: datagram relay"))
}

fn steam_control(talk: &Talk) -> Option<Hit> {
    let fits =
        talk.client.bytes.starts_with(b"SDPING") || talk.client.bytes.starts_with(b"SteamDatagram");
    fits.then(|| Hit::of(talk, STEAM, "Steam: datagram relay"))
}

/// Battle.net's second version: its first request names program, platform, locale.
fn starcraft(talk: &Talk) -> Option<Hit> {
    let fits = talk.server_port() == 1119
        && (holds(talk.client.bytes, b"\0\0S2")
            || holds(talk.client.bytes, b"2S\0\0")
            || talk.client.length == 66
            || holds(talk.client.bytes, b"J\0\0\nf"));
    fits.then(|| Hit::new(STARCRAFT, WITH_PORT, "StarCraft II: request on port 1119"))
}

/// Heroes of the Storm: datagrams of 20 or 24 bytes with 0x4000 in the middle, ports 1119 and 3724.
fn heroes(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(1119) && !talk.has_port(3724) {
        return None;
    }
    let is_open =
        |said: Said| matches!(said.length, 20 | 24) && said.bytes.get(14..16) == Some(&[0x40, 0]);
    let fits = (0..2).any(|side| talk.datagrams(side).any(is_open));
    fits.then(|| Hit::new(HEROES_OF_THE_STORM, WITH_PORT, "Blizzard: opening datagram"))
}

/// KCP as miHoYo opens it: 0xff, two ids, the number 1234567890, ones.
fn genshin(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = talk.client.length == 20
        && u32_at(bytes, 0)? == 0xff
        && u32_at(bytes, 12)? == 1_234_567_890
        && u32_at(bytes, 16)? == u32::MAX;
    fits.then(|| Hit::of(talk, GENSHIN, "Genshin Impact: handshake"))
}

/// PIA of Nintendo's consoles: the magic number 0x32ab9864.
fn nintendo(talk: &Talk) -> Option<Hit> {
    (u32_at(talk.client.bytes, 0)? == 0x32ab_9864)
        .then(|| Hit::of(talk, NINTENDO, "PIA: magic number"))
}

/// Wild Rift: a datagram of 4, answered by one of 16.
fn riot(talk: &Talk) -> Option<Hit> {
    let fits = u32_little(talk.client.bytes, 0)? == 4
        && u32_little(talk.server.bytes, 0)? == 16
        && talk.client.length == 69
        && talk.server.length == 359;
    fits.then(|| Hit::new(RIOT_GAMES, WITH_PORT, "Wild Rift: first datagrams"))
}

/// Unreal's stateless handshake: 5 bytes of session and flags that both sides share, then zeros
/// from the client.
fn epic(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client, talk.server);
    let sizes = (40..=64).contains(&client.length) && (40..=64).contains(&server.length);
    let part = |said: Said<'_>| Some([u32_at(said.bytes, 5)?, u16_at(said.bytes, 1)?.into()]);
    let same = part(client)? == part(server)? && part(client)?[0] != 0;
    let zeros = client.bytes.get(14..30)?.iter().all(|byte| *byte == 0);
    let answers = server.bytes.get(14..30)?.iter().any(|byte| *byte != 0);
    let fits = sizes && same && zeros && answers && u8_at(client.bytes, 3)? == 0;
    fits.then(|| Hit::new(EPIC_GAMES, WITH_PORT, "Unreal: stateless handshake"))
}

/// War Thunder's ENet: a connect with its usual limits, port 20010 to 20030; or reports of the
/// program's start.
fn gaijin(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_port = (20000..=20100).contains(&talk.server_port());
    let is_connect =
        u16_at(bytes, 0)? == 0x8fff && u8_at(bytes, 4)? == 0x82 && talk.client.length == 52;
    let reports = bytes.starts_with(b"app.") && holds(bytes, b"env=") && holds(bytes, b"circuit");
    (is_port && (is_connect || reports))
        .then(|| Hit::of(talk, GAIJIN, "Gaijin: ENet connect or report"))
}

/// The Elder Scrolls Online: length, 0, 1, 1, then lengths within; ports 24100 to 24510.
fn elder_scrolls(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u32_at(bytes, 0)? as usize;
    let inner = u32_at(bytes, 8)? as usize;
    let fits = length + 4 == talk.client.length
        && u32_at(bytes, 4)? == 0x0001_0001
        && inner + 8 == length
        && (24100..=24510).contains(&talk.server_port());
    fits.then(|| Hit::of(talk, ELDER_SCROLLS, "Elder Scrolls Online: first message"))
}

/// Path of Exile: message 3, four bytes, the length of the account in UTF-16 or ASCII; port 6112.
fn path_of_exile(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let name = usize::from(u16_at(bytes, 8)?);
    let is_login = u16_at(bytes, 0)? == 3 && u16_at(bytes, 6)? == 2 && (1..64).contains(&name);
    let is_name = bytes.get(10..10 + name).is_some_and(|name| name.is_ascii());
    let fits = talk.server_port() == 6112 && is_login && is_name;
    fits.then(|| Hit::new(PATH_OF_EXILE, WITH_PORT, "Path of Exile: login"))
}

/// MapleStory: the server's greeting: length 13 to 16, version, patch as text, two keys, locale 1
/// to 9.
fn maplestory(talk: &Talk) -> Option<Hit> {
    let bytes = talk.server.bytes;
    let length = usize::from(u16_at(bytes, 0)?.swap_bytes());
    let patch = usize::from(u16_at(bytes, 4)?.swap_bytes());
    let fits = length + 2 == talk.server.length
        && (1..=2).contains(&patch)
        && bytes.get(6..6 + patch)?.iter().all(u8::is_ascii_digit)
        && (8484..=8999).contains(&talk.server_port())
        && matches!(bytes.last()?, 1..=9);
    fits.then(|| Hit::of(talk, MAPLESTORY, "MapleStory: greeting"))
}

fn maplestory_download(talk: &Talk) -> Option<Hit> {
    let fits = talk.client.bytes.starts_with(b"GET /maple") && holds(talk.client.bytes, b"AspINet");
    fits.then(|| Hit::of(talk, MAPLESTORY, "MapleStory: patcher"))
}

/// Minecraft Java edition: length, packet 0, version, address, port, next state 1 to 3.
fn minecraft(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = usize::from(u8_at(bytes, 0)?);
    let end = length + 1;
    let state = u8_at(bytes, length)?;
    let address_at = bytes.get(2..8)?.iter().position(|byte| byte & 0x80 == 0)? + 3;
    let address = usize::from(u8_at(bytes, address_at)?);
    let fits = u8_at(bytes, 1)? == 0
        && (1..=3).contains(&state)
        && address_at + 1 + address + 2 + 1 == end
        && bytes.get(address_at + 1..address_at + 1 + address)?.is_ascii()
        && address > 1;
    fits.then(|| Hit::of(talk, MINECRAFT, "Minecraft: handshake"))
}

/// ZUG of Casper: a length, the letters of its magic.
fn zug(talk: &Talk) -> Option<Hit> {
    let fits = talk.client.bytes.get(2..6) == Some(b"UG\x10\xae")
        || talk.client.bytes.starts_with(&[0, 0x7a, 0x55, 0x47, 0x10]);
    fits.then(|| Hit::of(talk, ZUG, "ZUG: magic"))
}

/// The logon challenge of World of Warcraft: command 0, protocol, size, WoW or its reverse; port
/// 3724.
fn world_of_warcraft(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = matches!(bytes.get(4..8)?, b"WoW\0" | b"\0WoW")
        && usize::from(u16_at(bytes, 2)?.swap_bytes()) + 4 == talk.client.length;
    let by_text = holds(talk.server.bytes, b"WORLD OF WARCRAFT CONNECTION");
    (fits || by_text).then(|| Hit::new(WORLD_OF_WARCRAFT, ONE_SIDE, "World of Warcraft: logon"))
}
