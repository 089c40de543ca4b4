//! Writers of small captures, right or wrong as the caller likes.

/// A classic pcap file header, little endian.
pub(super) fn pcap_header(magic: u32, version: (u16, u16)) -> Vec<u8> {
    let mut bytes = magic.to_le_bytes().to_vec();
    bytes.extend(version.0.to_le_bytes());
    bytes.extend(version.1.to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend(96_u32.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes
}

/// A record with its four header fields and its data.
pub(super) fn record(fields: [u32; 4], data: &[u8]) -> Vec<u8> {
    let header = fields.into_iter().flat_map(u32::to_le_bytes);
    header.chain(data.iter().copied()).collect()
}

/// A record as it ought to be.
pub(super) fn plain_record(number: u32, data: &[u8]) -> Vec<u8> {
    let bytes = data.len() as u32;
    record([1_700_000_000 + number, number, bytes, bytes], data)
}

/// A file of `packets` packets of different lengths.
pub(super) fn pcap(packets: u32) -> Vec<u8> {
    let mut bytes = pcap_header(0xa1b2_c3d4, (2, 4));
    for number in 0..packets {
        bytes.extend(plain_record(number, &vec![number as u8; number as usize * 7 % 50]));
    }
    bytes
}

/// A writer of pcapng blocks in one byte order.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    pub(super) big_endian: bool,
}

impl Blocks {
    pub(super) fn word(self, number: u32) -> Vec<u8> {
        if self.big_endian { number.to_be_bytes().into() } else { number.to_le_bytes().into() }
    }

    pub(super) fn half(self, number: u16) -> Vec<u8> {
        if self.big_endian { number.to_be_bytes().into() } else { number.to_le_bytes().into() }
    }

    pub(super) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let mut bytes = [self.word(kind), self.word(padded as u32 + 12), body.to_vec()].concat();
        bytes.resize(8 + padded, 0);
        bytes.extend(self.word(padded as u32 + 12));
        bytes
    }

    pub(super) fn section(self) -> Vec<u8> {
        let magic = self.word(0x1a2b_3c4d);
        let body = [magic, self.half(1), self.half(0), vec![0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    pub(super) fn interface(self, link_type: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
        let body = [self.half(link_type), self.half(0), self.word(snaplen), options.to_vec()];
        self.block(1, &body.concat())
    }

    pub(super) fn enhanced_packet(self, interface: u32, ticks: u64, data: &[u8]) -> Vec<u8> {
        let bytes = data.len() as u32;
        let fields = [interface, (ticks >> 32) as u32, ticks as u32, bytes, bytes];
        self.block(6, &[self.words(&fields), data.to_vec()].concat())
    }

    pub(super) fn words(self, numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| self.word(*number)).collect()
    }
}

/// A file of two sections in different byte orders, with every kind of block.
pub(super) fn pcapng() -> Vec<u8> {
    let mut bytes = Vec::new();
    for big_endian in [false, true] {
        let write = Blocks { big_endian };
        bytes.extend(write.section());
        bytes.extend(write.block(0x0000_0bad, &[1; 9]));
        bytes.extend(write.interface(1, 40, &[]));
        let nanoseconds = [write.half(9), write.half(1), vec![9, 0, 0, 0]].concat();
        bytes.extend(write.interface(113, 0, &nanoseconds));
        bytes.extend(write.enhanced_packet(0, 1_700_000_000_000_000, b"first"));
        for kind in [4, 5, 9, 10, 0x4000_0bad, 0x8000_0001] {
            bytes.extend(write.block(kind, &[0; 16]));
        }
        bytes.extend(write.block(3, &[write.word(60), vec![7; 60]].concat()));
        bytes.extend(write.enhanced_packet(1, 1_700_000_000_000_000_007, b"nanosecond"));
        let old = [write.half(0), write.half(9), write.words(&[395_812, 0, 4, 9])].concat();
        bytes.extend(write.block(2, &[old, b"old!".to_vec()].concat()));
    }
    bytes
}
