//! JA4 from what tshark dissects of a client hello, since not every tshark has it: written from FoxIO's "JA4: TLS
//! Client Fingerprinting", and not from the program.

use ring::digest::{SHA256, digest};

/// What a client hello offers, GREASE included, in its order.
pub struct Offer {
    carrier: char,
    version: u16,
    versions: Vec<u16>,
    ciphers: Vec<u16>,
    extensions: Vec<u16>,
    /// Of the extension `signature_algorithms` alone.
    algorithms: Vec<u16>,
    protocol: String,
}

const SERVER_NAME: u16 = 0;
const ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;

impl Offer {
    /// From the values of a field of the hello.
    pub fn of<'a>(carrier: char, all: impl Fn(&str) -> Vec<&'a str>) -> Self {
        let numbers = |field| all(field).into_iter().map(number).collect::<Vec<u16>>();
        let extensions = numbers("extension.type");
        let lengths = numbers("sig_hash_alg_len");
        let algorithms = algorithms(&extensions, &lengths, &numbers("sig_hash_alg"));
        Self {
            carrier,
            version: numbers("version").first().copied().unwrap_or(0),
            versions: numbers("extensions.supported_version"),
            ciphers: numbers("ciphersuite"),
            extensions,
            algorithms,
            protocol: all("extensions_alpn_str").first().copied().unwrap_or_default().to_owned(),
        }
    }

    pub fn ja4(&self) -> String {
        let (ciphers, extensions) = (meant(&self.ciphers), meant(&self.extensions));
        let name = if extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
        let (first, last) = (self.protocol.chars().next(), self.protocol.chars().last());
        let [first, last] = [first, last].map(|letter| letter.unwrap_or('0'));
        let hashed: Vec<u16> =
            extensions.iter().copied().filter(|it| ![SERVER_NAME, ALPN].contains(it)).collect();
        let mut of_extensions = sorted(hashed);
        let algorithms = meant(&self.algorithms);
        if !of_extensions.is_empty() && !algorithms.is_empty() {
            of_extensions = format!("{of_extensions}_{}", joined(&algorithms));
        }
        format!(
            "{}{}{name}{:02}{:02}{first}{last}_{}_{}",
            self.carrier,
            self.version_word(),
            ciphers.len().min(99),
            extensions.len().min(99),
            shortened(&sorted(ciphers)),
            shortened(&of_extensions)
        )
    }

    fn version_word(&self) -> &'static str {
        let versions = meant(&self.versions);
        let newest = match self.carrier {
            'd' => versions.into_iter().min(),
            _ => versions.into_iter().max(),
        };
        match newest.unwrap_or(self.version) {
            0x0304 => "13",
            0x0303 => "12",
            0x0302 => "11",
            0x0301 => "10",
            0x0300 => "s3",
            0xfeff => "d1",
            0xfefd => "d2",
            0xfefc => "d3",
            _ => "00",
        }
    }
}

fn number(text: &str) -> u16 {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.expect("a number of 16 bits")
}

/// Several extensions list such algorithms, one list behind the other.
fn algorithms(extensions: &[u16], lengths: &[u16], listed: &[u16]) -> Vec<u16> {
    const DELEGATED_CREDENTIALS: u16 = 34;
    const ALGORITHMS_OF_CERTIFICATES: u16 = 50;
    let lists = [ALGORITHMS, DELEGATED_CREDENTIALS, ALGORITHMS_OF_CERTIFICATES];
    let with_list = extensions.iter().filter(|kind| lists.contains(kind));
    let mut rest = listed;
    for (kind, bytes) in with_list.zip(lengths) {
        let (list, behind) = rest.split_at(rest.len().min(usize::from(*bytes) / 2));
        if *kind == ALGORITHMS {
            return list.to_vec();
        }
        rest = behind;
    }
    Vec::new()
}

/// Without GREASE (RFC 8701): 0a0a, 1a1a, to fafa.
fn meant(values: &[u16]) -> Vec<u16> {
    let grease: Vec<u16> = (0..16).map(|digit| 0x0a0a + digit * 0x1010).collect();
    values.iter().copied().filter(|value| !grease.contains(value)).collect()
}

fn sorted(mut values: Vec<u16>) -> String {
    values.sort_unstable();
    joined(&values)
}

fn joined(values: &[u16]) -> String {
    values.iter().map(|value| format!("{value:04x}")).collect::<Vec<_>>().join(",")
}

/// The first twelve digits of the SHA-256; zeros for nothing.
fn shortened(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    let digest = digest(&SHA256, text.as_bytes());
    digest.as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}
