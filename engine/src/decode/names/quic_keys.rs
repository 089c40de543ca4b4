//! Keys of QUIC's Initial packets: everyone who sees the first one can derive them (RFC 9001, 5.2).

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

/// The constants of a version that protects its Initial packets.
#[derive(Clone, Copy)]
pub struct Version {
    /// In the order to try.
    pub salts: &'static [[u8; 20]],
    /// Version 2 has other labels, and other numbers for the types of packets (RFC 9369, 3).
    pub is_second: bool,
    /// Google's, with a handshake of its own.
    pub is_google: bool,
}

/// RFC 9001, 5.2; drafts 33 and 34 had it already.
const SALT_1: [u8; 20] = *b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\
    \xcc\xbb\x7f\x0a";
/// RFC 9369, 3.3.1.
const SALT_2: [u8; 20] = *b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\
    \xf9\xbd\x2e\xd9";
/// draft-ietf-quic-tls-29, 5.2.
const SALT_DRAFT_29: [u8; 20] = *b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\
    \x11\xe0\x43\x90\xa8\x99";
/// draft-ietf-quic-tls-23, 5.2.
const SALT_DRAFT_23: [u8; 20] = *b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\
    \x63\x65\xbe\xf9\xf5\x02";
/// draft-ietf-quic-tls-21, 5.2.
const SALT_DRAFT_21: [u8; 20] = *b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\
    \x9e\xbd\x7a\x02\x64\x4a";
/// Google's quiche, `kQ050Salt`, `kT050Salt`, `kT051Salt`.
const SALT_Q050: [u8; 20] = *b"\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\
    \xd3\xb5\x6b\x45";
const SALT_T050: [u8; 20] = *b"\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\
    \x60\x48\x83\x10";
const SALT_T051: [u8; 20] = *b"\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\
    \xda\x6e\x03\x3d";

impl Version {
    pub fn of(number: u32) -> Option<Self> {
        const SECOND: u32 = 0x6b33_43cf;
        const Q050: u32 = u32::from_be_bytes(*b"Q050");
        const T050: u32 = u32::from_be_bytes(*b"T050");
        const T051: u32 = u32::from_be_bytes(*b"T051");
        let salts: &[[u8; 20]] = match number {
            1 | 0xff00_0021..=0xff00_0022 => &[SALT_1],
            SECOND => &[SALT_2],
            0xff00_001d..=0xff00_0020 => &[SALT_DRAFT_29],
            0xff00_0017..=0xff00_001c => &[SALT_DRAFT_23],
            0xff00_0015..=0xff00_0016 => &[SALT_DRAFT_21],
            // Facebook's mvfst follows these drafts.
            0xface_b001 => &[SALT_DRAFT_21],
            0xface_b002 | 0xface_b003 | 0xface_b00e => &[SALT_DRAFT_23],
            Q050 => &[SALT_Q050],
            T050 => &[SALT_T050],
            T051 => &[SALT_T051],
            // To be refused by the server (RFC 9000, 15); what the client speaks otherwise is not
            // said.
            _ if number & 0x0f0f_0f0f == 0x0a0a_0a0a => &[SALT_1, SALT_DRAFT_29],
            _ => return None,
        };
        Some(Self { salts, is_second: number == SECOND, is_google: number == Q050 })
    }
}

/// What opens the Initial packets of a client.
pub struct Keys {
    header: quic::HeaderProtectionKey,
    packet: LessSafeKey,
    iv: [u8; 12],
}

impl Keys {
    /// From the connection id that the client's first packet is sent to.
    pub fn of_client(version: Version, salt: &[u8], destination: &[u8]) -> Option<Self> {
        let initial = Salt::new(HKDF_SHA256, salt).extract(destination);
        let client = Prk::new_less_safe(HKDF_SHA256, &expand::<32>(&initial, b"client in")?);
        let [key, iv, header]: [&[u8]; 3] = match version.is_second {
            true => [b"quicv2 key", b"quicv2 iv", b"quicv2 hp"],
            false => [b"quic key", b"quic iv", b"quic hp"],
        };
        let packet = UnboundKey::new(&AES_128_GCM, &expand::<16>(&client, key)?).ok()?;
        let header = expand::<16>(&client, header)?;
        Some(Self {
            header: quic::HeaderProtectionKey::new(&quic::AES_128, &header).ok()?,
            packet: LessSafeKey::new(packet),
            iv: expand(&client, iv)?,
        })
    }

    /// The payload of a packet whose number stands at `number_at`; nothing if these are not its
    /// keys. The protection of the header comes off first, then that of the payload (RFC 9001,
    /// 5.4, 5.3).
    pub fn open(&self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let sample = packet.get(number_at + 4..number_at + 20)?;
        let mask = self.header.new_mask(sample).ok()?;
        let first = packet[0] ^ mask[0] & 0x0f;
        let payload_at = number_at + 1 + usize::from(first & 3);
        let mut head = packet[..payload_at].to_vec();
        head[0] = first;
        let mut nonce = self.iv;
        // The first packets' numbers are not cut.
        let number = &mut head[number_at..];
        for (byte, mask) in number.iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
        }
        for (byte, number) in nonce.iter_mut().rev().zip(number.iter().rev()) {
            *byte ^= number;
        }
        let mut payload = packet[payload_at..].to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let bytes = self.packet.open_in_place(nonce, Aad::from(&head), &mut payload).ok()?.len();
        payload.truncate(bytes);
        Some(payload)
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
fn expand<const BYTES: usize>(secret: &Prk, label: &[u8]) -> Option<[u8; BYTES]> {
    let (bytes, label_bytes) = ([0, BYTES as u8], [6 + label.len() as u8]);
    let info: [&[u8]; 5] = [&bytes, &label_bytes, b"tls13 ", label, &[0]];
    let mut expanded = [0; BYTES];
    secret.expand(&info, Length(BYTES)).ok()?.fill(&mut expanded).ok()?;
    Some(expanded)
}
