//! Google's QUIC before it was the IETF's ("QUIC Wire Layout Specification" and "QUIC Crypto",
//! Google, 2013 to 2016): its client hello is a table of tags, in clear up to version Q046.

use super::text;

/// The tags of a client hello.
#[derive(Clone, Copy)]
pub struct Hello<'a> {
    /// Tag and where its value ends, each of four bytes; the least significant byte first.
    table: &'a [[u8; 8]],
    values: &'a [u8],
}

impl<'a> Hello<'a> {
    /// Reads a message that begins with its tag.
    pub fn read(message: &'a [u8]) -> Option<Self> {
        let message = message.strip_prefix(b"CHLO")?;
        // The count, and two bytes of nothing.
        let ([low, high, _, _], rest) = message.split_first_chunk()?;
        let table_bytes = 8 * usize::from(u16::from_le_bytes([*low, *high]));
        let (table, values) = rest.split_at_checked(table_bytes)?;
        Some(Self { table: table.as_chunks().0, values })
    }

    pub fn server_name(&self) -> Option<Box<str>> {
        text::host_name(self.value(b"SNI\0")?)
    }

    pub fn user_agent(&self) -> Option<Box<str>> {
        text::line(self.value(b"UAID")?, crate::limits::USER_AGENT_BYTES_MAX)
    }

    fn value(&self, wanted: &[u8; 4]) -> Option<&'a [u8]> {
        let mut begin = 0;
        for [a, b, c, d, end @ ..] in self.table {
            let end = u32::from_le_bytes(*end) as usize;
            if [*a, *b, *c, *d] == *wanted {
                return self.values.get(begin..end);
            }
            begin = end;
        }
        None
    }
}

/// The hello of a datagram in clear.
pub fn in_clear(datagram: &[u8]) -> Option<Hello<'_>> {
    // Before Q046: flags that say that a version is there, and maybe a connection id before it.
    let version_at = match *datagram.first()? {
        flags if flags & 0x80 != 0 => 1,
        flags if flags & 0x01 == 0 => return None,
        flags if flags & 0x08 != 0 => 9,
        _ => 1,
    };
    let is_version = |version: &[u8]| version[0] == b'Q' && version[1] == b'0' && version[2] < b'5';
    if !datagram.get(version_at..version_at + 4).is_some_and(is_version) {
        return None;
    }
    // Behind the packet's number, a hash and the head of a frame, whose lengths differ by version.
    const HEAD_BYTES_MAX: usize = 80;
    let head = &datagram[..datagram.len().min(HEAD_BYTES_MAX)];
    let at = head.windows(4).position(|tag| tag == b"CHLO")?;
    Hello::read(&datagram[at..])
}
