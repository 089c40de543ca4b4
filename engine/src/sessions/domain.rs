//! The domain that somebody registered, of a name.

/// The registrable domain of a name: one label more than the public suffix (the public suffix list,
/// publicsuffix.org). A name without one, such as that of a host of the own network, stands for itself.
pub fn registrable(name: &str) -> Box<str> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    match psl::domain_str(&name).filter(|_| !is_address) {
        Some(domain) => domain.into(),
        None => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::registrable;

    #[test]
    fn a_domain_is_one_label_more_than_what_anybody_can_register_under() {
        for (name, domain) in [
            ("www.example.com", "example.com"),
            ("WWW.Example.COM.", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("one.github.io", "one.github.io"),
            ("com", "com"),
            ("printer", "printer"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(&*registrable(name), domain, "{name}");
        }
    }
}
