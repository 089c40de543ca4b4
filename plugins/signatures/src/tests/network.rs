//! What keeps a network running.

use super::{Built, is, is_not, join, noise, zeros};

fn question(flags: u16, kind: u16) -> Vec<u8> {
    let head = join(&[&[0x12, 0x34], &flags.to_be_bytes(), &[0, 1, 0, 0, 0, 0, 0, 0]]);
    join(&[&head, b"\x03www\x07example\x03com\0", &kind.to_be_bytes(), &[0, 1]])
}

#[test]
fn dns() {
    is("dns", Built::udp(53).client(question(0x0100, 1)).server(question(0x8183, 1)));
    is("dns", Built::udp(5300).client(question(0x0100, 1)).server(question(0x8183, 1)));
    let on_tcp = join(&[&[0, 33], &question(0x0100, 28)]);
    is("dns", Built::tcp(53).client(on_tcp));
    is("mdns", Built::udp(5353).client(question(0, 12)));
    is("llmnr", Built::udp(5355).client(question(0, 1)));
    is_not("dns", Built::udp(5300).client(question(0x0140, 1)));
    is_not("dns", Built::udp(5300).client(question(0x0100, 0xee00)));
}

#[test]
fn addresses_and_time() {
    let dhcp = join(&[&[1, 1, 6, 0], &noise(232), &[0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]]);
    is("dhcp", Built::udp(67).client(&dhcp));
    is("ntp", Built::udp(123).client(join(&[&[0x23], &zeros(47)])));
    is_not("ntp", Built::udp(123).client(join(&[&[0x23], &zeros(40)])));
    is_not("ntp", Built::udp(124).client(join(&[&[0x23], &zeros(47)])));
    is("ssdp", Built::udp(1900).client("M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n"));
    is("nat_pmp", Built::udp(5351).client([0, 0]).server(zeros(12)));
    let name = join(&[
        &noise(2),
        &[1, 0x10, 0, 1, 0, 0, 0, 0, 0, 0, 0x20],
        &[b'C'; 32],
        &[0, 0, 0x20, 0, 1],
    ]);
    is("netbios", Built::udp(137).client(name));
}

#[test]
fn management() {
    let access = join(&[&[1, 7, 0, 26], &noise(16), &[1, 6, b'u', b's', b'e', b'r']]);
    is("radius", Built::udp(1812).client(&access));
    is("radius", Built::udp(9812).client(&access));
    is_not("radius", Built::udp(9812).client(&access[..25]));
    is("syslog", Built::udp(514).client("<34>Oct 11 22:14:15 host su: text"));
    is_not("syslog", Built::udp(515).client("<192>Oct 11 22:14:15 host su: text"));
    is("snmp", Built::udp(161).client(b"\x30\x1a\x02\x01\x01\x04\x06public\xa0\x0d\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x02\x30\0"));
    is_not("snmp", Built::udp(162).client(b"\x30\x1a\x02\x01\x02\x04\x06public"));
    is("ldap", Built::tcp(3890).client(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0"));
    is_not(
        "ldap",
        Built::tcp(3890).client(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x09\x04\0\x80\0"),
    );
    let ticket = b"\x6a\x81\x80\x30\x7e\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a";
    is("kerberos", Built::udp(88).client(ticket));
    is_not("kerberos", Built::udp(89).client(b"\x6a\x81\x80\x30\x7e\xa1\x03\x02\x01\x04"));
    is("zabbix", Built::tcp(10_051).client(b"ZBXD\x01\x02\0\0\0\0\0\0\0{}"));
    let marker = join(&[&[0xff; 16], &[0, 29, 1, 4], &zeros(9)]);
    is("bgp", Built::tcp(179).client(&marker));
    is_not("bgp", Built::tcp(180).client(join(&[&[0xff; 16], &[0, 29, 9, 4]])));
    is("ospf", Built { transport: 89, ..Built::udp(0) });
    is("icmp", Built { transport: 1, ..Built::udp(0) });
}
