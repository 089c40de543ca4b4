//! How connections of foreign captures went, as Zeek tells it. Each expectation is either what Zeek's own tests expect
//! of the same capture, or was worked out from its packets by FLOWS.md, section 7; none came from the program.

use std::path::Path;

use super::{captures, folder};
use crate::cli::conn_log;
use crate::cli::run::in_place;
use crate::oracle::table::fields;

struct Expected {
    file: &'static str,
    client: &'static str,
    server: &'static str,
    /// Which of the flows with these ends, from 0.
    which: usize,
    state: &'static str,
    history: &'static str,
}

const fn flow(
    file: &'static str,
    ends: [&'static str; 2],
    state: &'static str,
    history: &'static str,
) -> Expected {
    Expected { file, client: ends[0], server: ends[1], which: 0, state, history }
}

const fn second(expected: Expected) -> Expected {
    Expected { which: 1, ..expected }
}

/// From the conn.log and the output that Zeek's tests expect (testing/btest/Baseline).
const OF_ZEEK: [Expected; 21] = [
    // core.tcp.reassembly-known-ports
    flow("zeek/http-get.pcap", ["141.142.228.5 59856", "192.150.187.43 80"], "SF", "ShADadFf"),
    // scripts.base.protocols.ldap.starttls
    flow("zeek/ldap-ldap-starttls.pcap", ["127.0.0.1 45936", "127.0.1.1 389"], "RSTO", "ShADadFR"),
    // core.tcp.miss-end-data: the whole answer is missing.
    flow(
        "zeek/tcp-miss_end_data.pcap",
        ["192.168.122.230 60648", "77.238.160.184 80"],
        "SF",
        "ShADafgF",
    ),
    // core.tcp.flip-without-syn
    flow(
        "zeek/tcp-http-on-irc-port-missing-syn.pcapng",
        ["141.142.228.5 6669", "192.150.187.43 80"],
        "SF",
        "^hADadFf",
    ),
    // scripts.base.protocols.conn.conn_state-RST-behavior
    flow("zeek/tcp-syn-then-rst.pcap", ["1.1.1.1 13131", "1.1.1.2 31313"], "RSTOS0", "SR"),
    // core.expire-all-timers
    flow("zeek/tcp-retransmit-timeout.pcapng", ["10.0.0.1 51889", "192.168.0.1 80"], "OTH", "Da"),
    second(flow(
        "zeek/tcp-retransmit-timeout.pcapng",
        ["10.0.0.1 51889", "192.168.0.1 80"],
        "OTH",
        "D",
    )),
    // analyzers.conn-size, which has no history.
    flow("zeek/conn-size.pcap", ["141.42.64.125 56729", "125.190.109.199 12345"], "S0", "S"),
    flow("zeek/conn-size.pcap", ["169.229.147.203 49370", "239.255.255.253 427"], "S0", "D"),
    flow("zeek/conn-size.pcap", ["192.150.186.169 3", "192.150.186.15 3"], "OTH", ""),
    // core.vlan-mpls
    flow(
        "zeek/mixed-vlan-mpls.pcap",
        ["141.42.64.125 56730", "125.190.109.199 80"],
        "SF",
        "ShADdFaf",
    ),
    flow("zeek/mixed-vlan-mpls.pcap", ["10.20.80.1 50343", "10.0.0.15 80"], "SF", "ShADadfF"),
    // scripts.base.protocols.ftp.ftp-ipv4 and ftp-ipv6
    flow("zeek/ftp-ipv4.pcap", ["141.142.220.235 50003", "199.233.217.249 21"], "SF", "ShAdDfFa"),
    flow("zeek/ftp-ipv4.pcap", ["141.142.220.235 37604", "199.233.217.249 56666"], "SF", "ShAdfFa"),
    flow("zeek/ftp-ipv4.pcap", ["141.142.220.235 59378", "199.233.217.249 56667"], "SF", "ShAdfFa"),
    flow("zeek/ftp-ipv4.pcap", ["199.233.217.249 61920", "141.142.220.235 33582"], "SF", "ShADaFf"),
    flow("zeek/ftp-ipv4.pcap", ["199.233.217.249 61918", "141.142.220.235 37835"], "SF", "ShADaFf"),
    flow(
        "zeek/ftp-ipv6.pcap",
        ["2001:470:1f11:81f:c999:d94:aa7c:2e3e 49185", "2001:470:4867:99::21 21"],
        "SF",
        "ShAdDfFa",
    ),
    flow(
        "zeek/ftp-ipv6.pcap",
        ["2001:470:1f11:81f:c999:d94:aa7c:2e3e 49186", "2001:470:4867:99::21 57086"],
        "SF",
        "ShAdfFa",
    ),
    flow(
        "zeek/ftp-ipv6.pcap",
        ["2001:470:4867:99::21 55785", "2001:470:1f11:81f:c999:d94:aa7c:2e3e 49189"],
        "SF",
        "ShADFaf",
    ),
    // core.tcp.rst-after-syn: SYN_SENT and RESET. The reset comes before the SYN+ACK, and twice more.
    flow("zeek/tcp-rst-inject-rae.pcap", ["1.2.0.2 2527", "1.2.0.3 6649"], "REJ", "SrhADa"),
];

/// From the packets.
const BY_HAND: [Expected; 22] = [
    // Every packet stands there twice: the SYNs, SYN+ACKs and resets tell nothing new, the data does.
    flow(
        "zeek/http-ctu-62604-80.pcap",
        ["192.168.1.108 62604", "45.9.74.78 80"],
        "RSTO",
        "ShADTadtR",
    ),
    // The server sends one segment again.
    flow(
        "zeek/dce-rpc-kerberos135_auth.pcapng",
        ["10.10.10.129 64238", "10.10.10.100 135"],
        "SF",
        "ShADadtFf",
    ),
    // A SYN and an RST.
    flow("zeek/redis-attr.pcap", ["::1 62282", "::1 6379"], "REJ", "Sr"),
    // An ACK that is no SYN answers the SYN.
    flow(
        "suricata-verify/tls-subjectaltname-input.pcap",
        ["192.168.100.206 60045", "93.191.156.41 80"],
        "RSTOS0",
        "SaR",
    ),
    // The same ports again; the server closes, the client only acknowledges.
    second(flow(
        "suricata-verify/tls-subjectaltname-input.pcap",
        ["192.168.100.206 60045", "93.191.156.41 80"],
        "S3",
        "ShAf",
    )),
    flow("ndpi/iphone.pcap", ["192.168.2.17 49152", "17.253.105.202 80"], "S3", "ShADadf"),
    // Data, and an RST in answer.
    flow(
        "suricata-verify/smb2-named-pipe-unicode-input.pcap",
        ["192.168.122.63 445", "192.168.122.184 54022"],
        "RSTRH",
        "Dr",
    ),
    // Half a connection: the server's packets only, with a second RST that tells nothing new.
    flow(
        "ndpi/tls_1.3_unidirectional_server.pcapng",
        ["192.168.12.156 39750", "142.250.184.68 443"],
        "RSTRH",
        "^hadfr",
    ),
    flow(
        "suricata-verify/alert-testmyids-async-input.pcap",
        ["10.16.1.11 54186", "82.165.177.154 80"],
        "SHR",
        "^hadf",
    ),
    // The client's packets only.
    flow(
        "zeek/ssh-ssh.client-side-half-duplex.pcap",
        ["192.168.1.79 51880", "131.159.21.1 22"],
        "SH",
        "SADF",
    ),
    flow("zeek/tcp-syn-synack.pcap", ["141.142.228.5 59856", "192.150.187.43 80"], "S1", "Sh"),
    flow("zeek/tcp-window-scale-range.pcap", ["10.0.0.1 40000", "10.0.0.2 80"], "S1", "ShADa"),
    // The client closes last, and the server acknowledges it only.
    flow(
        "zeek/http-http-desync-request-response-5.pcap",
        ["127.0.0.1 50170", "127.0.0.1 8080"],
        "S2",
        "ShADadF",
    ),
    flow("zeek/smb-SMBGhost.pcap", ["10.0.0.1 54780", "10.0.0.133 445"], "RSTR", "ShADdFar"),
    flow(
        "zeek/http-http-inner-transfer-encoding-reproducer.pcap",
        ["127.0.0.1 53096", "127.0.0.1 8080"],
        "RSTO",
        "ShADadfR",
    ),
    // 1,448 bytes of the answer are missing.
    flow(
        "zeek/http-entity_gap2.pcap",
        ["141.142.228.5 59856", "192.150.187.43 80"],
        "SF",
        "ShADadgFf",
    ),
    // SYN+ACK before SYN.
    flow(
        "zeek/tcp-handshake-reorder.pcap",
        ["141.142.228.5 59856", "192.150.187.43 80"],
        "SF",
        "^hSADadFf",
    ),
    // Every flag in one packet.
    flow(
        "tcpdump/tcp_eight_lowest_weight_flags_set.pcap",
        ["10.0.0.2 6260", "10.128.0.2 80"],
        "OTH",
        "I",
    ),
    // A SYN with FIN behind the client's reset.
    flow(
        "suricata-verify/issue-3341-tcphdr-01-urgent11_cve_2019_12260.pcap",
        ["192.168.1.24 31337", "178.128.142.56 443"],
        "RSTO",
        "ShRQ",
    ),
    // The SYN+ACK offers no window.
    flow("ndpi/sites.pcapng", ["192.168.88.171 55280", "124.237.225.21 443"], "S1", "ShwAaDd"),
    // Nine zero windows of the client, then its reset, whose window does not count.
    flow(
        "suricata-verify/http-mime-truncated-input.pcap",
        ["1.8.31.101 49160", "194.32.78.251 80"],
        "RSTO",
        "ShADadWR",
    ),
    // A ping.
    flow("zeek/icmp-icmp-ping.pcap", ["10.0.0.1 8", "74.125.225.99 0"], "OTH", ""),
];

/// From the packets, as `--format zeek` looks at checksums.
const WITH_CHECKSUMS: [Expected; 5] = [
    // One SYN, whose checksum is wrong.
    flow("zeek/tcp-syn-bad.pcap", ["141.142.228.5 59856", "192.150.187.43 80"], "OTH", "C"),
    flow(
        "zeek/chksums-ip6-tcp-bad-chksum.pcap",
        ["2001:4f8:4:7:2e0:81ff:fe52:ffff 30000", "2001:4f8:4:7:2e0:81ff:fe52:9a6b 80"],
        "OTH",
        "C",
    ),
    // The question's is wrong, the answer's right.
    flow("zeek/dns-spf.pcap", ["10.91.0.62 57806", "10.91.1.59 53"], "SHR", "Cd"),
    // All of the client's are wrong: six.
    flow("zeek/conn-size.pcap", ["192.150.186.169 53063", "194.64.249.244 80"], "SHR", "Chadf"),
    // All are right.
    flow("zeek/chksums-ip4-tcp-good-chksum.pcap", ["127.0.0.1 30000", "127.0.0.1 80"], "S0", "S"),
];

/// Bytes by sequence numbers of client and server, and missed bytes, of the first flow of a client, from the same tests.
const BYTES: [(&str, &str, [u64; 3]); 7] = [
    // More than 4 GiB of which ten segments were captured. (The test's own log is from before Zeek counted the last hole,
    // 740,934,032 bytes.)
    ("zeek/ftp-bigtransfer.pcap", "192.168.56.1 59764", [0, 5_416_666_670, 5_416_642_848]),
    ("zeek/ftp-ipv4.pcap", "141.142.220.235 50003", [180, 3_146, 0]),
    ("zeek/ldap-ldap-starttls.pcap", "127.0.0.1 45936", [683, 3_002, 0]),
    ("zeek/tcp-miss_end_data.pcap", "192.168.122.230 60648", [538, 2_902, 2_902]),
    ("zeek/tcp-http-on-irc-port-missing-syn.pcapng", "141.142.228.5 6669", [136, 5_007, 0]),
    ("zeek/mixed-vlan-mpls.pcap", "10.20.80.1 50343", [9, 3_429, 0]),
    ("zeek/tcp-rst-inject-rae.pcap", "1.2.0.2 2527", [175, 0, 0]),
];

/// Client, server, state, history, in the order of the flows' begins.
fn told(file: &Path, format: &str) -> Vec<[String; 4]> {
    let mut command = in_place();
    let output = command.arg("flows").arg(file).args(["--format", format]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (separator, names, begin) = match format {
        "zeek" => (
            '\t',
            ["id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "conn_state", "history", "ts"],
            "#fields\t",
        ),
        _ => (
            ',',
            [
                "client_ip",
                "client_port",
                "server_ip",
                "server_port",
                "conn_state",
                "history",
                "start",
            ],
            "flow_id,",
        ),
    };
    let header = text.lines().find(|line| line.starts_with(begin)).expect("a header");
    let header: Vec<&str> = header.trim_start_matches("#fields\t").split(separator).collect();
    let places = names.map(|name| header.iter().position(|column| *column == name).unwrap());
    let split = |line: &str| match separator {
        ',' => fields(line),
        _ => line.split(separator).map(String::from).collect(),
    };
    let is_row = |line: &&str| !line.starts_with('#') && !line.starts_with(begin);
    let mut rows: Vec<_> = text
        .lines()
        .filter(is_row)
        .map(|line| {
            let cells = split(line);
            let [client, client_port, server, server_port, state, history, start] =
                places.map(|place| cells[place].clone());
            let history = if history == "-" { String::new() } else { history };
            let ends = [format!("{client} {client_port}"), format!("{server} {server_port}")];
            let [client, server] = ends;
            (start, [client, server, state, history])
        })
        .collect();
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn check(all: &[Expected], format: &str) {
    if captures().is_empty() {
        return;
    }
    let mut differences = Vec::new();
    for Expected { file, client, server, which, state, history } in all {
        let rows = told(&folder().join(file), format);
        let mut of_ends = rows.iter().filter(|row| row[0] == *client && row[1] == *server);
        let found = of_ends.nth(*which).map(|row| (row[2].as_str(), row[3].as_str()));
        if found != Some((*state, *history)) {
            differences.push(format!("{file} {client} {server}: {found:?}, not {state} {history}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn states_and_histories_are_zeeks() {
    check(&OF_ZEEK, "csv");
    check(&BY_HAND, "csv");
    check(&WITH_CHECKSUMS, "zeek");
}

#[test]
fn bytes_are_zeeks() {
    if captures().is_empty() {
        return;
    }
    for (file, client, expected) in BYTES {
        let mut command = in_place();
        command.arg("flows").arg(folder().join(file)).args(["--format", "zeek"]);
        let output = command.output().unwrap();
        let log = conn_log::as_csv(&String::from_utf8_lossy(&output.stdout));
        let mut lines = log.lines().map(fields);
        let header = lines.next().expect("a header");
        let cell = |row: &[String], name: &str| {
            row[header.iter().position(|column| column == name).unwrap()].clone()
        };
        let is_it = |row: &Vec<String>| {
            format!("{} {}", cell(row, "id.orig_h"), cell(row, "id.orig_p")) == client
        };
        let row = lines.find(is_it).expect("a flow of the client");
        let found = ["orig_bytes", "resp_bytes", "missed_bytes"].map(|name| cell(&row, name));
        assert_eq!(found, expected.map(|bytes| bytes.to_string()), "{file} {client}");
    }
}

/// The table would say little if something were missing in it.
#[test]
fn the_table_has_every_state_and_every_letter() {
    let all = || OF_ZEEK.iter().chain(&BY_HAND).chain(&WITH_CHECKSUMS);
    for state in "OTH REJ RSTO RSTOS0 RSTR RSTRH S0 S1 S2 S3 SF SH SHR".split(' ') {
        assert!(all().any(|expected| expected.state == state), "{state}");
    }
    for letter in "shadfrcgtwiq^".chars() {
        let has = |expected: &Expected| expected.history.to_lowercase().contains(letter);
        assert!(all().any(has), "{letter}");
    }
}
