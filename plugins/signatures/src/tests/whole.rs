//! Which of payload, name, user agent, network and port counts.

use super::{Built, is, join, label, noise};
use crate::seen::{FROM_DNS, FROM_HOST, FROM_QUIC, FROM_SNI};
use crate::tests::carriers::hello;
use crate::{Label, Rules};

#[test]
fn the_application_counts_where_a_name_says_it() {
    let tls = Built::tcp(443).client(hello(1, 200)).server(hello(2, 70));
    is("facebook", tls.clone().named("static.xx.fbcdn.net", FROM_SNI));
    is("vk", tls.clone().named("sun9-1.userapi.com", FROM_SNI));
    is("google", tls.clone().named("www.google.co.uk", FROM_QUIC));
    is("tls", tls.clone().named("www.example.com", FROM_SNI));
    let request = "GET / HTTP/1.1\r\nHost: web.skype.com\r\n\r\n";
    is("skype", Built::tcp(80).client(request).named("web.skype.com", FROM_HOST));
    // What carries no applications stays what it is.
    is("ssh", Built::tcp(22).server("SSH-2.0-x\r\n").named("github.com", FROM_DNS));
    // A name from DNS alone: as sure as a payload lets it be.
    is("telegram", Built::tcp(443).client(noise(99)).named("venus.web.telegram.org", FROM_DNS));
    let agent = Built { agent: "WhatsApp/2.24 A", ..Built::tcp(80).client(request) };
    is("whatsapp", agent);
}

#[test]
fn confidence_is_what_the_table_says() {
    let rules = Rules::bundled();
    let confidence = |flow: Built| flow.finding(&rules).map(|finding| finding.confidence);
    let tls = Built::tcp(443).client(hello(1, 200));
    assert_eq!(confidence(tls.clone()), Some(0.9));
    assert_eq!(confidence(tls.clone().server(hello(2, 70))), Some(0.95));
    assert_eq!(confidence(tls.clone().named("vk.com", FROM_SNI)), Some(0.85));
    assert_eq!(confidence(tls.named("vk.com", FROM_DNS)), Some(0.7));
    assert_eq!(confidence(Built::tcp(443).named("vk.com", FROM_DNS)), Some(0.4));
    assert_eq!(confidence(Built::tcp(502)), Some(0.2));
    assert_eq!(confidence(Built::tcp(50_002)), None);
}

#[test]
fn a_port_alone_says_so() {
    let rules = Rules::bundled();
    let finding = Built::tcp(502).finding(&rules).expect("a finding");
    assert_eq!(finding.evidence, "port 502 alone");
    assert_eq!(label(&Built::tcp(502)), "", "too little to count");
    let other = Built::tcp(502).client("something").server("else");
    assert_eq!(other.finding(&rules), None, "no signature knows it: it is not Modbus");
}

#[test]
fn evidence_fits_into_what_the_host_keeps() {
    let rules = Rules::bundled();
    let long: &'static str =
        Box::leak(format!("{}.facebook.com", "é".repeat(110)).into_boxed_str());
    let flow = Built::tcp(443).client(hello(1, 200)).named(long, FROM_SNI);
    let evidence = flow.finding(&rules).expect("a finding").evidence;
    assert!(evidence.len() <= 200 && evidence.contains("SNI"), "{evidence}");
}

#[test]
fn the_labels_of_the_reference_are_in_its_groups() {
    let rules = Rules::bundled();
    for (group, names) in [
        ("social", "facebook vk instagram twitter tiktok"),
        ("peer2peer", "bittorrent skype gnutella edonkey"),
        ("vpn", "vpn socks5 tor"),
        ("other", "ssh telnet"),
        ("messaging", "telegram whatsapp signal viber line threema discord"),
        ("voip", "sip rtp rtcp stun"),
        ("streaming", "youtube netflix spotify twitch"),
        ("web", "http tls quic google"),
        ("remote_access", "rdp vnc anydesk teamviewer"),
        ("industrial", "modbus dnp3 bacnet s7 iec104 ethernet_ip"),
        ("network", "dns dhcp ntp icmp snmp syslog bgp ospf netbios ssdp mdns llmnr"),
        ("gaming", "steam"),
    ] {
        for name in names.split(' ') {
            let label = Label { group: group.to_owned(), name: name.to_owned() };
            assert!(rules.labels.contains(&label), "{group} has no {name}");
        }
    }
}

#[test]
fn a_cut_datagram_is_judged_by_its_length_on_the_wire() {
    let head = join(&[&[0xc3, 0, 0, 0, 1, 8], &noise(8), &[0, 0, 0x44, 0x9e]]);
    let mut flow = Built::udp(443).client(join(&[&head, &noise(1200 - head.len())]));
    flow.payload[0].truncate(600);
    is("quic", flow);
}
