//! Where RTSP's media go: the header `Transport` (RFC 2326, 12.39).

use super::Expectation;
use crate::decode::ip;

const HEADER: &str = "transport:";

/// Reads a line; addresses are the client's and the server's.
pub fn read_transport(line: &[u8], addresses: [u128; 2], to: &mut Vec<Expectation>) {
    let Ok(line) = std::str::from_utf8(line) else { return };
    let Some(name) = line.get(..HEADER.len()) else { return };
    if !name.eq_ignore_ascii_case(HEADER) {
        return;
    }
    // A request may offer several, with commas between.
    for parameter in line[HEADER.len()..].split([';', ',']) {
        let Some((name, value)) = parameter.trim().split_once('=') else { continue };
        let address = match name {
            "client_port" => addresses[0],
            "server_port" => addresses[1],
            _ => continue,
        };
        let (first, last) = value.split_once('-').unwrap_or((value, value));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else { continue };
        // Media and its control: more is nothing that this header says.
        let last = last.min(first.saturating_add(1));
        to.extend((first..=last).map(|port| Expectation::at(address, port, ip::UDP)));
    }
}
