//! The format of `names.rules`: a line is a label, its group and what it is known by.
//!
//! | thing | what it says |
//! |---|---|
//! | `example.com` | this host and all below it |
//! | `=www.example.com` | this host alone |
//! | `example.*` | this name under any top-level domain, and all below it |
//! | `agent:Example` | a word of the user agent |
//! | `192.0.2.0/24`, `2001:db8::/32` | a network of the application's own servers |

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use super::Label;
use super::names::{Kind, Name};
use super::networks::Network;

/// Bytes of a file of rules.
pub const RULES_BYTES_MAX: usize = 16 << 20;
/// Labels of all files together.
const LABELS_MAX: usize = 10_000;
/// Bytes of a host name (RFC 1035 section 2.3.4).
const NAME_BYTES_MAX: usize = 253;

/// What is wrong in a file of rules, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    file: String,
    line: usize,
    cause: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.cause)
    }
}

impl std::error::Error for Problem {}

/// What has been read.
pub struct Read {
    pub labels: Vec<Label>,
    numbers: HashMap<String, u32>,
    pub names: Vec<Name>,
    pub agents: Vec<Name>,
    pub networks: Vec<Network>,
}

impl Read {
    pub fn new(labels: Vec<Label>) -> Self {
        let numbered = labels.iter().zip(0..).map(|(label, number)| (label.name.clone(), number));
        Read {
            numbers: numbered.collect(),
            labels,
            names: Vec::new(),
            agents: Vec::new(),
            networks: Vec::new(),
        }
    }

    pub fn text(&mut self, file: &str, text: &str) -> Result<(), Problem> {
        let problem = |line, cause| Problem { file: file.to_owned(), line, cause };
        if text.len() > RULES_BYTES_MAX {
            return Err(problem(1, format!("the file has more than {RULES_BYTES_MAX} bytes")));
        }
        for (number, line) in text.lines().enumerate() {
            self.line(line).map_err(|cause| problem(number + 1, cause))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(name) = words.next() else { return Ok(()) };
        let group = words.next().ok_or("a label needs a group behind it")?;
        let label = self.label(name, group)?;
        words.try_for_each(|thing| self.thing(thing, label))
    }

    fn label(&mut self, name: &str, group: &str) -> Result<u32, String> {
        let is_plain = |word: &str| {
            let mut bytes = word.bytes();
            word.len() <= 63 && bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        if let Some(word) = [name, group].into_iter().find(|word| !is_plain(word)) {
            return Err(format!("{word:?} is no name: lower-case letters, digits and _"));
        }
        if let Some(number) = self.numbers.get(name) {
            let other = &self.labels[*number as usize].group;
            if other != group {
                return Err(format!("{name} is in the group {other} already"));
            }
            return Ok(*number);
        }
        if self.labels.len() >= LABELS_MAX {
            return Err(format!("there are more than {LABELS_MAX} labels"));
        }
        self.labels.push(Label { group: group.to_owned(), name: name.to_owned() });
        let number = self.labels.len() as u32 - 1;
        self.numbers.insert(name.to_owned(), number);
        Ok(number)
    }

    fn thing(&mut self, thing: &str, label: u32) -> Result<(), String> {
        if let Some(word) = thing.strip_prefix("agent:") {
            let is_word = !word.is_empty() && !word.contains(['/', ' ', ';', '(', ')', ',']);
            let text = is_word.then(|| word.to_ascii_lowercase());
            let text = text.ok_or_else(|| format!("{thing:?} is not one word"))?;
            self.agents.push(Name { text, kind: Kind::Exact, label });
        } else if thing.contains('/') {
            let (first, last) = network(thing)?;
            self.networks.push(Network { first, last, label });
        } else {
            let (text, kind) = host(thing)?;
            self.names.push(Name { text, kind, label });
        }
        Ok(())
    }
}

fn host(thing: &str) -> Result<(String, Kind), String> {
    let (name, kind) = if let Some(name) = thing.strip_prefix('=') {
        (name, Kind::Exact)
    } else if let Some(name) = thing.strip_suffix(".*") {
        (name, Kind::AnyTop)
    } else {
        (thing, Kind::Suffix)
    };
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_host = name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label);
    // A whole top-level domain would be a slip of the pen.
    let is_too_wide = kind == Kind::Suffix && !name.contains('.');
    match (is_host, is_too_wide) {
        (true, false) => Ok((name.to_ascii_lowercase(), kind)),
        (true, true) => Err(format!("{thing:?} would be a whole top-level domain")),
        (false, _) => Err(format!("{thing:?} is no host name, network or agent:")),
    }
}

/// First and last address; IPv4 is mapped into IPv6 (RFC 4291 section 2.5.5.2).
fn network(thing: &str) -> Result<(u128, u128), String> {
    let cause = || format!("{thing:?} is no network: address/length");
    let (address, length) = thing.split_once('/').ok_or_else(cause)?;
    let address: IpAddr = address.parse().map_err(|_| cause())?;
    let length: u32 = length.parse().map_err(|_| cause())?;
    let (bits, before) = match address {
        IpAddr::V4(address) => (address.to_ipv6_mapped().to_bits(), 96),
        IpAddr::V6(address) => (address.to_bits(), 0),
    };
    if length == 0 || before + length > 128 {
        return Err(cause());
    }
    let mask = u128::MAX.checked_shr(before + length).unwrap_or(0);
    if bits & mask != 0 {
        return Err(format!("{thing:?} has bits behind its length"));
    }
    Ok((bits, bits | mask))
}

#[cfg(test)]
mod tests {
    use super::super::Rules;

    fn problem(text: &str) -> String {
        let rules = Rules::with(Some(("my.rules", text)));
        rules.err().map(|problem| problem.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_wrong_line_is_named_with_its_cause() {
        assert_eq!(
            problem("# nothing\n\nintranet\n"),
            "my.rules:3: a label needs a group behind it"
        );
        assert_eq!(problem("ssh vpn a.org"), "my.rules:1: ssh is in the group other already");
        assert!(problem("Intra web a.org").starts_with("my.rules:1: \"Intra\" is no name"));
        assert!(problem("a web 10.0.0.1/8").contains("has bits behind its length"));
        assert!(problem("a web 10.0.0.0/33").contains("is no network"));
        assert!(problem("a web ::/0").contains("is no network"));
        assert!(problem("a web com").contains("whole top-level domain"));
        assert!(problem("a web exa..mple.org").contains("is no host name"));
        assert!(problem("a web agent:").contains("is not one word"));
        assert_eq!(problem("a web a.org =b.org c.* 10.0.0.0/8 2001:db8::/32 agent:Me # and\n"), "");
    }

    #[test]
    fn lines_of_the_user_win() {
        let text = "intranet web www.facebook.com 157.240.1.0/24\nfacebook social intra.example";
        let rules = Rules::with(Some(("my.rules", text))).expect("good rules");
        let name = |label: Option<u32>| rules.labels[label.expect("a label") as usize].name.clone();
        assert_eq!(name(rules.of_name("www.facebook.com")), "intranet");
        assert_eq!(name(rules.of_name("graph.facebook.com")), "facebook");
        assert_eq!(name(rules.of_name("x.intra.example")), "facebook");
        let address = |last: [u8; 4]| std::net::Ipv4Addr::from(last).to_ipv6_mapped().octets();
        assert_eq!(name(rules.of_address(address([157, 240, 1, 9]))), "intranet");
        assert_eq!(name(rules.of_address(address([157, 240, 2, 9]))), "facebook");
    }
}
