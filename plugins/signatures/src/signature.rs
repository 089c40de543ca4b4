//! A signature: what it is tried on, and the function that says yes or no.
//!
//! A flow is not shown to every signature. Each says with which bytes its client (or its server)
//! can begin; a table by first byte gives the few that are left, in the order of the list.

use crate::seen::Talk;

/// Payload of both sides fits.
pub const BOTH_SIDES: f32 = 0.95;
/// Payload of one side fits.
pub const ONE_SIDE: f32 = 0.9;
/// Payload fits that has little structure, on the protocol's port.
pub const WITH_PORT: f32 = 0.75;
/// Payload has little structure; what fits is how the sides behave.
pub const BEHAVIOUR: f32 = 0.55;

/// What a signature found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub label: u32,
    pub confidence: f32,
    pub evidence: &'static str,
}

impl Hit {
    pub fn new(label: u32, confidence: f32, evidence: &'static str) -> Self {
        Hit { label, confidence, evidence }
    }

    /// Sure where both sides said something that fits, a little less where only one spoke.
    pub fn of(talk: &Talk, label: u32, evidence: &'static str) -> Self {
        let confidence = if talk.both_spoke() { BOTH_SIDES } else { ONE_SIDE };
        Hit { label, confidence, evidence }
    }
}

/// First bytes that one side can have.
#[derive(Clone, Copy)]
pub enum Starts {
    Never,
    /// Any byte, but there must be one.
    Any,
    OneOf(&'static [u8]),
}

#[derive(Clone, Copy)]
pub struct Signature {
    pub on_tcp: bool,
    pub on_udp: bool,
    /// The signature is tried if the client or the server begins so.
    pub client: Starts,
    pub server: Starts,
    pub test: fn(&Talk) -> Option<Hit>,
}

/// Tried on TCP if the client's first byte is one of these; none named: any.
pub const fn tcp(starts: &'static [u8], test: fn(&Talk) -> Option<Hit>) -> Signature {
    Signature {
        on_tcp: true,
        on_udp: false,
        client: starts_of(starts),
        server: Starts::Never,
        test,
    }
}

/// Tried on UDP if the client's first byte is one of these; none named: any.
pub const fn udp(starts: &'static [u8], test: fn(&Talk) -> Option<Hit>) -> Signature {
    Signature {
        on_tcp: false,
        on_udp: true,
        client: starts_of(starts),
        server: Starts::Never,
        test,
    }
}

const fn starts_of(starts: &'static [u8]) -> Starts {
    if starts.is_empty() { Starts::Any } else { Starts::OneOf(starts) }
}

impl Signature {
    /// Also tried on the other of TCP and UDP.
    pub const fn everywhere(self) -> Self {
        Signature { on_tcp: true, on_udp: true, ..self }
    }

    /// Also tried if the server begins with one of these.
    pub const fn or_server(self, starts: &'static [u8]) -> Self {
        Signature { server: starts_of(starts), ..self }
    }
}

/// As many signatures as the table has room for.
const WORDS: usize = 5;
const SIGNATURES_MAX: usize = WORDS * 64;
/// Place in the tables of a side that said nothing.
const SILENT: usize = 256;

type Set = [u64; WORDS];

/// Which signatures to try, by first bytes.
pub struct Dispatch {
    signatures: Vec<Signature>,
    /// By transport (0 TCP, 1 UDP), side and first byte.
    sets: Box<[[[Set; SILENT + 1]; 2]; 2]>,
}

impl Dispatch {
    pub fn new(families: &[&[Signature]]) -> Self {
        let signatures: Vec<Signature> = families.concat();
        assert!(signatures.len() <= SIGNATURES_MAX, "the table has room for every signature");
        let mut sets = Box::new([[[[0; WORDS]; SILENT + 1]; 2]; 2]);
        for (number, signature) in signatures.iter().enumerate() {
            for (transport, is_on) in [signature.on_tcp, signature.on_udp].into_iter().enumerate() {
                for (side, starts) in [signature.client, signature.server].into_iter().enumerate() {
                    if is_on {
                        add(&mut sets[transport][side], starts, number);
                    }
                }
            }
        }
        Dispatch { signatures, sets }
    }

    /// The first signature of the list that fits.
    pub fn first(&self, talk: &Talk) -> Option<Hit> {
        let sets = &self.sets[usize::from(!talk.is_tcp())];
        let place = |bytes: &[u8]| bytes.first().map_or(SILENT, |byte| usize::from(*byte));
        let client = &sets[0][place(talk.client.bytes)];
        let server = &sets[1][place(talk.server.bytes)];
        for word in 0..WORDS {
            let mut left = client[word] | server[word];
            while left != 0 {
                let number = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                if let Some(hit) = (self.signatures[number].test)(talk) {
                    return Some(hit);
                }
            }
        }
        None
    }
}

fn add(sets: &mut [Set; SILENT + 1], starts: Starts, number: usize) {
    let mut add_one = |place: usize| sets[place][number / 64] |= 1 << (number % 64);
    match starts {
        Starts::Never => {}
        Starts::Any => (0..SILENT).for_each(add_one),
        Starts::OneOf(bytes) => bytes.iter().for_each(|byte| add_one(usize::from(*byte))),
    }
}
