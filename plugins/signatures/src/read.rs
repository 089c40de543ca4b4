//! Reading numbers and words out of bytes; what is not there is `None`.

#[inline(always)]
pub fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// Big-endian, as protocols of the Internet have it.
#[inline(always)]
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline(always)]
pub fn u24_at(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

#[inline(always)]
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Little-endian.
#[inline(always)]
pub fn u16_little(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline(always)]
pub fn u32_little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Whether a text begins so, in upper or lower case.
#[inline]
pub fn begins(bytes: &[u8], word: &str) -> bool {
    bytes.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Where a byte first stands, eight at a time: the well-known test for a zero byte in a word
/// (Mycroft, 1987).
pub fn find_byte(bytes: &[u8], byte: u8) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    let (words, _) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let differs = u64::from_le_bytes(*word) ^ (ONES * u64::from(byte));
        let zeros = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
        if zeros != 0 {
            return Some(number * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    let behind = words.len() * 8;
    bytes[behind..].iter().position(|other| *other == byte).map(|at| behind + at)
}

/// Whether `word` stands anywhere.
pub fn holds(bytes: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else { return true };
    let mut from = bytes;
    while let Some(at) = find_byte(from, *first) {
        from = &from[at + 1..];
        if from.starts_with(rest) {
            return true;
        }
    }
    false
}

/// The first line without its end, and whether the end was seen.
pub fn first_line(bytes: &[u8]) -> (&[u8], bool) {
    match find_byte(bytes, b'\n') {
        Some(end) => (bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]), true),
        None => (bytes, false),
    }
}

/// The lines behind the first.
pub fn further_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        rest = &rest[find_byte(rest, b'\n')? + 1..];
        Some(rest)
    })
}

/// Printable ASCII, tabs and ends of lines.
pub fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'))
}

/// A three-digit reply code and what separates it from its text (RFC 5321 section 4.2, RFC 959
/// section 4.2).
pub fn reply_code(bytes: &[u8]) -> Option<u16> {
    let [a, b, c, separator] = *bytes.first_chunk()?;
    let digits = [a, b, c];
    let is_reply =
        digits.iter().all(u8::is_ascii_digit) && matches!(separator, b' ' | b'-' | b'\r' | b'\n');
    is_reply.then(|| digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')))
}

/// Length of an ASN.1 value in BER (X.690 section 8.1.3), and where the value begins.
pub fn ber_length(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = u8_at(bytes, at)?;
    match first {
        0..=0x7f => Some((usize::from(first), at + 1)),
        0x81 => Some((usize::from(u8_at(bytes, at + 1)?), at + 2)),
        0x82 => Some((usize::from(u16_at(bytes, at + 1)?), at + 3)),
        0x83 => Some((u24_at(bytes, at + 1)? as usize, at + 4)),
        0x84 => Some((u32_at(bytes, at + 1)? as usize, at + 5)),
        _ => None,
    }
}

/// Whether bytes look drawn at random: the share of one bits is near a half and few bytes repeat.
/// Encrypted and compressed bytes pass; text and structures do not.
pub fn is_random(bytes: &[u8]) -> bool {
    let length = bytes.len() as u32;
    if length < 32 {
        return false;
    }
    let ones: u32 = bytes.iter().map(|byte| byte.count_ones()).sum();
    let mut seen = [0u64; 4];
    bytes.iter().for_each(|byte| seen[usize::from(byte >> 6)] |= 1 << (byte & 63));
    let distinct: u32 = seen.iter().map(|word| word.count_ones()).sum();
    let bits = length * 8;
    // Four standard deviations of a fair coin: |ones - bits/2| < 2 sqrt(bits).
    let from_half = ones.abs_diff(bits / 2);
    from_half * from_half < 4 * bits && distinct >= length.min(64) * 3 / 4
}
