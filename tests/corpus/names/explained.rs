//! Captures in which names are not those of tshark, and why: the packets were looked at.

const INSIDE_OPENVPN: &str = "the hello is in OpenVPN's own packets";
const INSIDE_RDP: &str = "the hello is in RDP's own datagrams";
const LENGTHS: &str = "lengths inside the hello that do not fit: each reads on elsewhere";
const LINK: &str = "a link type that is not read";
const TUNNEL: &str = "a tunnel that is not looked into";
const ZERO: &str = "a byte of 0 in the value, at which tshark's text ends";

const EXPLAINED: [(&str, &str); 20] = [
    ("libpcap/AH-IPcomp-IPv4.pcap", TUNNEL),
    ("mercury/openvpn_tcp_multi.pcap", INSIDE_OPENVPN),
    ("ndpi/fuzz-2006-06-26-2594.pcap", ZERO),
    ("ndpi/fuzz-2006-09-29-28586.pcap", ZERO),
    ("ndpi/openvpn_nohmac.pcapng", INSIDE_OPENVPN),
    ("ndpi/openvpn_nohmac_tcp.pcapng", INSIDE_OPENVPN),
    ("ndpi/rdp2.pcap", INSIDE_RDP),
    ("ndpi/tls_cipher_lens.pcap", LENGTHS),
    ("ndpi/tls_invalid_reads.pcap", LENGTHS),
    (
        "suricata-verify/tcp-rst-unacked-stream-07-http-input.pcap",
        "bytes of the head are missing in between",
    ),
    (
        "suricata-verify/transform-base64-7296-input.pcap",
        "times that jump by years: the request is in another flow than its connection",
    ),
    ("suricata-verify/transform-dotprefix-uaf-8537-input.pcap", "longer than a name may be"),
    ("tcpdump/arcnet-rfc1051-arp-icmp-http.pcap", LINK),
    ("tcpdump/arcnet-rfc1201-arp-icmp-http.pcap", LINK),
    ("zeek/http-methods.pcap", "requests with neither a target nor a version"),
    ("zeek/nflog-http.pcap", LINK),
    (
        "zeek/quic-quic-decrypt-fail-google-de-51833.pcap",
        "0-RTT data between two parts of the hello: the second is behind the first 4,096 bytes",
    ),
    ("zeek/rdp-rdpeudp2-handshake-success.pcap", INSIDE_RDP),
    ("zeek/tunnels-ayiya3.pcap", TUNNEL),
    ("zeek/tunnels-gre-over-udp-4754.pcap", TUNNEL),
];

pub fn why(capture: &str) -> Option<&'static str> {
    EXPLAINED.iter().find(|(of, _)| *of == capture).map(|(_, why)| *why)
}
