//! Where FTP's data go: `PORT` and `PASV` (RFC 959, 4.1.2), `EPRT` and `EPSV` (RFC 2428).

use super::Expectation;
use crate::decode::{Key, ip};
use std::net::IpAddr;

/// A client's command: the server is to come to it.
pub fn read_command(line: &[u8], to: &mut Vec<Expectation>) {
    let Some((command, argument)) = split_command(line) else { return };
    let endpoint = match command {
        command if command.eq_ignore_ascii_case("PORT") => numbers(argument),
        command if command.eq_ignore_ascii_case("EPRT") => extended(argument),
        _ => None,
    };
    to.extend(endpoint.map(|(address, port)| Expectation::at(address, port, ip::TCP)));
}

/// A server's reply: the client is to come to it. Behind a translator the address in it may be one that
/// the client does not use, so that the one it talks to is as good.
pub fn read_reply(line: &[u8], server: u128, client: u128, to: &mut Vec<Expectation>) {
    let Ok(line) = std::str::from_utf8(line) else { return };
    let at_server = |port| Expectation::at(server, port, ip::TCP).with_peer(client);
    if let Some(text) = line.strip_prefix("227 ") {
        // What stands around the numbers differs from server to server (RFC 1123, 4.1.2.6).
        let begin = text.find(|letter: char| letter.is_ascii_digit());
        let end = text.rfind(|letter: char| letter.is_ascii_digit());
        let Some((begin, end)) = begin.zip(end) else { return };
        let Some((address, port)) = numbers(&text[begin..=end]) else { return };
        if address != server {
            to.push(Expectation::at(address, port, ip::TCP));
        }
        to.push(at_server(port));
    } else if let Some(text) = line.strip_prefix("229 ")
        && let Some((_, text)) = text.split_once("(|||")
        && let Some((port, _)) = text.split_once("|)")
    {
        to.extend(port.parse().ok().map(at_server));
    }
}

fn split_command(line: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(line).ok()?.split_once(' ')
}

/// `h1,h2,h3,h4,p1,p2`.
fn numbers(text: &str) -> Option<(u128, u16)> {
    let mut numbers = [0; 6];
    let mut parts = text.trim().split(',');
    for number in &mut numbers {
        *number = parts.next()?.trim().parse::<u8>().ok()?;
    }
    let [a, b, c, d, high, low] = numbers;
    let is_whole = parts.next().is_none();
    let address = Key::address_v4(u32::from_be_bytes([a, b, c, d]));
    is_whole.then_some((address, u16::from_be_bytes([high, low])))
}

/// `|1|132.235.1.2|6275|`, with any letter between.
fn extended(text: &str) -> Option<(u128, u16)> {
    let text = text.trim();
    let mut parts = text.split(text.chars().next()?).skip(1);
    let (_family, address, port) = (parts.next()?, parts.next()?, parts.next()?);
    Some((key_address(address.parse().ok()?), port.parse().ok()?))
}

/// An address as keys have it.
pub fn key_address(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => Key::address_v4(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}
