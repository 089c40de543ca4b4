//! What stands behind the `?` of a request.

use super::fault::Fault;
use std::str::FromStr;

/// Parameters in their order. Those that nobody asks for are ignored.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// As sent, and as meant.
    pairs: Vec<(String, Pair)>,
}

#[derive(Clone, Debug)]
struct Pair {
    name: String,
    /// None: not UTF-8.
    value: Option<String>,
}

impl Query {
    pub fn read(raw: &str) -> Self {
        let read = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let pair = Pair { name: decoded(name).unwrap_or_default(), value: decoded(value) };
            (part.to_owned(), pair)
        };
        Self { pairs: raw.split('&').filter(|part| !part.is_empty()).map(read).collect() }
    }

    /// The value of a parameter that may be missing.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut given = self.pairs.iter().filter(|(_, pair)| pair.name == name);
        let Some((_, pair)) = given.next() else { return Ok(None) };
        if given.next().is_some() {
            return Err(Fault::wrong(format!("The parameter {name} is given more than once.")));
        }
        match pair.value.as_deref() {
            None => Err(Fault::wrong(format!("The parameter {name} is not UTF-8."))),
            Some("") => Err(Fault::wrong(format!("The parameter {name} is empty."))),
            value => Ok(value),
        }
    }

    /// The value of a parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Fault> {
        let missing = || Fault::wrong(format!("The parameter {name} is missing."));
        self.text(name)?.ok_or_else(missing)
    }

    /// The value of a parameter, read; `what` it has to be.
    pub fn read_as<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Fault> {
        let not_so = |_| Fault::wrong(format!("The parameter {name} is not {what}."));
        self.text(name)?.map(str::parse).transpose().map_err(not_so)
    }

    /// A whole number in decimal digits, within bounds.
    pub fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number = digits(text).filter(|number| (least..=most).contains(number));
        let not_so = || {
            let message = format!("The parameter {name} is not a number from {least} to {most}.");
            Fault::wrong(message)
        };
        number.ok_or_else(not_so).map(Some)
    }

    /// The same query with one parameter replaced, for a link.
    pub fn with(&self, name: &str, value: u64) -> String {
        let others = self.pairs.iter().filter(|(_, pair)| pair.name != name);
        // What ends a link's target is escaped.
        let mut parts: Vec<String> = others.map(|(raw, _)| raw.replace('>', "%3E")).collect();
        parts.push(format!("{name}={value}"));
        parts.join("&")
    }
}

/// Decimal digits, and nothing before them.
pub fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// As forms are encoded: `+` is a space, and what is no escape stays as it is. None: not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let escaped = match byte {
            b'%' => behind.get(..2).and_then(|hex| {
                let hex = std::str::from_utf8(hex).ok()?;
                u8::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'))
            }),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(if byte == b'+' { b' ' } else { byte }));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_as_forms_are() {
        let query = Query::read("label=a+b%20%26%3d&&ip=%zz%2&x=%FF&twice=1&twice=2&none");
        assert_eq!(query.text("label").unwrap(), Some("a b &="));
        assert_eq!(query.text("ip").unwrap(), Some("%zz%2"));
        assert_eq!(query.text("other").unwrap(), None);
        for refused in ["x", "twice", "none"] {
            assert!(query.text(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn numbers_are_digits_within_bounds() {
        let query = Query::read("a=7&b=0&c=-1&d=+1&e=1e3&f=99999999999999999999&g=08");
        assert_eq!(query.number("a", 1, 10).unwrap(), Some(7));
        assert_eq!(query.number("g", 1, 10).unwrap(), Some(8));
        for refused in ["b", "c", "d", "e", "f"] {
            assert!(query.number(refused, 1, 10).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_link_keeps_the_other_parameters_as_they_were() {
        let query = Query::read("label=a%20b&after=3&limit=2&odd=>x");
        assert_eq!(query.with("after", 5), "label=a%20b&limit=2&odd=%3Ex&after=5");
    }
}
