//! The name servers of an application with a network of its own.

use std::fs;
use std::net::Ipv4Addr;

/// Where the machine's name servers stand; the second is what systemd-resolved itself asks, where the first
/// only names it.
const PLACES: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/// The text of a resolv.conf with these servers, and the machine's search list and options. Without any, with
/// those of the machine that can be reached from another network; and whether there is one.
pub fn name_servers(given: &[Ipv4Addr]) -> (String, bool) {
    let texts: Vec<String> =
        PLACES.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    resolv_conf(given, &texts)
}

fn resolv_conf(given: &[Ipv4Addr], texts: &[String]) -> (String, bool) {
    let own = |text: &String| {
        let servers = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
        let servers = servers.filter_map(|server| server.trim().parse::<Ipv4Addr>().ok());
        servers.filter(|server| !server.is_loopback()).collect::<Vec<_>>()
    };
    let servers = match given {
        [] => texts.iter().map(own).find(|servers| !servers.is_empty()).unwrap_or_default(),
        given => given.to_vec(),
    };
    let mut conf: String = servers.iter().map(|server| format!("nameserver {server}\n")).collect();
    let others = texts.first().into_iter().flat_map(|text| text.lines());
    for line in others
        .filter(|line| ["search", "domain", "options"].iter().any(|word| line.starts_with(word)))
    {
        conf.push_str(line);
        conf.push('\n');
    }
    (conf, !servers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_on_loopback_are_those_of_another_network() {
        let stub =
            "# a comment\nnameserver 127.0.0.53\noptions edns0\nsearch example.org\n".to_owned();
        let behind = "nameserver fe80::1\nnameserver 192.0.2.53\n".to_owned();
        let (conf, some) = resolv_conf(&[], &[stub.clone(), behind]);
        assert_eq!(conf, "nameserver 192.0.2.53\noptions edns0\nsearch example.org\n");
        assert!(some);
        assert!(!resolv_conf(&[], std::slice::from_ref(&stub)).1);
        assert!(
            resolv_conf(&[[10, 0, 0, 254].into()], &[stub])
                .0
                .starts_with("nameserver 10.0.0.254\n")
        );
    }
}
