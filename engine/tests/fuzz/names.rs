//! Any bytes as the first bytes of a flow, and as a message of DNS: no panic, the same answer each
//! time, and names that are bounded and may be shown.

use tractor_engine::decode::names::{self, FirstBytes, NameSource, Piece};
use tractor_engine::limits::{
    ALPN_BYTES_MAX, DNS_ANSWERS_MAX, HOST_NAME_BYTES_MAX, USER_AGENT_BYTES_MAX,
};

/// The transport, then packets: direction and bytes by their first two bytes, then payload.
pub fn check_bytes(bytes: &[u8]) {
    let Some((transport, mut rest)) = bytes.split_first() else { return };
    let (mut payload, mut pieces) = ([Vec::new(), Vec::new()], Vec::new());
    while let [head, length, after @ ..] = rest {
        let length = usize::from(*length) << (head >> 5);
        let (packet, after) = after.split_at(length.min(after.len()));
        let direction = head & 1;
        let side: &mut Vec<u8> = &mut payload[usize::from(direction)];
        // Now and then in a place where nothing is.
        let at = if head & 0x1e == 0x1e { u32::MAX - 9 } else { side.len() as u32 };
        pieces.push(Piece { direction, at, bytes: packet.len() as u32 });
        side.extend_from_slice(packet);
        rest = after;
    }
    let transport = [6, 17, 132, 6][usize::from(transport % 4)];
    check(transport, [&payload[0], &payload[1]], &pieces);
}

/// Reads the first bytes of a flow.
pub fn check(transport: u8, payload: [&[u8]; 2], pieces: &[Piece]) {
    let first = FirstBytes { transport, payload, pieces };
    let found = names::read(&first);
    assert_eq!(found, names::read(&first));
    let is_shown = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    let texts = [
        (&found.server_name, HOST_NAME_BYTES_MAX),
        (&found.user_agent, USER_AGENT_BYTES_MAX),
        (&found.alpn, ALPN_BYTES_MAX),
        (&found.ja4, 36),
    ];
    for (text, bytes_max) in texts {
        let fits = |text: &str| is_shown(text) && text.len() <= bytes_max;
        assert!(text.as_deref().is_none_or(fits), "{text:?}");
    }
    assert_eq!(found.server_name.is_some(), found.server_name_from != NameSource::None);
    assert_eq!(found.ja3.is_some(), found.ja4.is_some());
    for side in payload {
        check_message(side);
        names::dns::in_stream(side).for_each(check_message);
    }
}

fn check_message(bytes: &[u8]) {
    let Some(message) = names::dns::read(bytes) else { return };
    assert!(message.answers.len() <= DNS_ANSWERS_MAX);
    assert!(message.is_response || message.answers.is_empty());
    let named = message.answers.iter().map(|answer| &answer.name).chain(&message.question);
    for name in named {
        // A byte may be shown as four.
        assert!(name.len() <= 4 * 255 && !name.contains(char::is_control), "{name:?}");
    }
}
