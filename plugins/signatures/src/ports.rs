//! Ports that IANA, or long use, gave to one protocol: the last resort, and never sure.
//!
//! Only for TCP: there the side that was asked is known by its SYN. Well-known ports of protocols
//! that have no payload signature here are in the table, too.

use crate::labels::*;
use crate::seen::{Seen, TCP, UDP};
use crate::signature::Hit;

/// A port says which service was asked for, not which one answered.
const PORT_ALONE: f32 = 0.2;

/// Sorted by port.
const TCP_PORTS: &[(u16, u32, &str)] = &[
    (20, FTP_DATA, "port 20 alone"),
    (21, FTP, "port 21 alone"),
    (22, SSH, "port 22 alone"),
    (23, TELNET, "port 23 alone"),
    (25, SMTP, "port 25 alone"),
    (43, WHOIS, "port 43 alone"),
    (53, DNS, "port 53 alone"),
    (79, FINGER, "port 79 alone"),
    (80, HTTP, "port 80 alone"),
    (88, KERBEROS, "port 88 alone"),
    (102, S7, "port 102 alone"),
    (110, POP3, "port 110 alone"),
    (113, IDENT, "port 113 alone"),
    (119, NNTP, "port 119 alone"),
    (135, DCE_RPC, "port 135 alone"),
    (139, NETBIOS, "port 139 alone"),
    (143, IMAP, "port 143 alone"),
    (179, BGP, "port 179 alone"),
    (389, LDAP, "port 389 alone"),
    (427, SLP, "port 427 alone"),
    (443, TLS, "port 443 alone"),
    (445, SMB, "port 445 alone"),
    (465, SMTP, "port 465 alone"),
    (500, VPN, "port 500 alone (IKE)"),
    (502, MODBUS, "port 502 alone"),
    (514, SYSLOG, "port 514 alone"),
    (548, AFP, "port 548 alone"),
    (554, RTSP, "port 554 alone"),
    (587, SMTP, "port 587 alone"),
    (631, IPP, "port 631 alone"),
    (636, LDAP, "port 636 alone"),
    (646, LDP, "port 646 alone"),
    (853, ENCRYPTED_DNS, "port 853 alone"),
    (873, RSYNC, "port 873 alone"),
    (902, VMWARE, "port 902 alone"),
    (903, VMWARE, "port 903 alone"),
    (990, FTP, "port 990 alone"),
    (993, IMAP, "port 993 alone"),
    (995, POP3, "port 995 alone"),
    (1080, SOCKS5, "port 1080 alone"),
    (1099, JAVA_RMI, "port 1099 alone"),
    (1194, VPN, "port 1194 alone (OpenVPN)"),
    (1352, LOTUS_NOTES, "port 1352 alone"),
    (1433, MSSQL, "port 1433 alone"),
    (1434, MSSQL, "port 1434 alone"),
    (1494, CITRIX, "port 1494 alone"),
    (1521, ORACLE, "port 1521 alone"),
    (1719, H323, "port 1719 alone"),
    (1720, H323, "port 1720 alone"),
    (1723, VPN, "port 1723 alone (PPTP)"),
    (1812, RADIUS, "port 1812 alone"),
    (1813, RADIUS, "port 1813 alone"),
    (1883, MQTT, "port 1883 alone"),
    (1935, RTMP, "port 1935 alone"),
    (2000, SKINNY, "port 2000 alone"),
    (2049, NFS, "port 2049 alone"),
    (2404, IEC104, "port 2404 alone"),
    (3128, HTTP_PROXY, "port 3128 alone"),
    (3260, ISCSI, "port 3260 alone"),
    (3300, CEPH, "port 3300 alone"),
    (3306, MYSQL, "port 3306 alone"),
    (3389, RDP, "port 3389 alone"),
    (4899, RADMIN, "port 4899 alone"),
    (5060, SIP, "port 5060 alone"),
    (5061, SIP, "port 5061 alone"),
    (5432, POSTGRESQL, "port 5432 alone"),
    (5672, AMQP, "port 5672 alone"),
    (5800, VNC, "port 5800 alone"),
    (5900, VNC, "port 5900 alone"),
    (5901, VNC, "port 5901 alone"),
    (5938, TEAMVIEWER, "port 5938 alone"),
    (6379, REDIS, "port 6379 alone"),
    (6667, IRC, "port 6667 alone"),
    (6789, CEPH, "port 6789 alone"),
    (8009, AJP, "port 8009 alone"),
    (8080, HTTP, "port 8080 alone"),
    (8333, BITCOIN, "port 8333 alone"),
    (9042, CASSANDRA, "port 9042 alone"),
    (9418, GIT, "port 9418 alone"),
    (20000, DNP3, "port 20000 alone"),
    (27017, MONGODB, "port 27017 alone"),
    (30303, ETHEREUM, "port 30303 alone"),
];

const UDP_PORTS: &[(u16, u32, &str)] = &[
    (53, DNS, "port 53 alone"),
    (67, DHCP, "port 67 alone"),
    (69, TFTP, "port 69 alone"),
    (123, NTP, "port 123 alone"),
    (161, SNMP, "port 161 alone"),
    (162, SNMP, "port 162 alone"),
    (500, VPN, "port 500 alone (IKE)"),
    (514, SYSLOG, "port 514 alone"),
    (1194, VPN, "port 1194 alone (OpenVPN)"),
    (1701, VPN, "port 1701 alone (L2TP)"),
    (5060, SIP, "port 5060 alone"),
];

/// The protocol of the port that was asked.
pub fn alone(seen: &Seen) -> Option<Hit> {
    let table = match seen.transport {
        TCP => TCP_PORTS,
        UDP => UDP_PORTS,
        _ => return None,
    };
    let at = |port: u16| table.binary_search_by_key(&port, |(port, ..)| *port).ok();
    // A capture that begins in the middle may name the sides the wrong way round.
    let place = at(seen.server_port).or_else(|| at(seen.client_port))?;
    let (_, label, evidence) = table[place];
    Some(Hit::new(label, PORT_ALONE, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_sorted_and_the_evidence_says_the_port() {
        for table in [TCP_PORTS, UDP_PORTS] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
            for (port, _, evidence) in table {
                assert!(evidence.starts_with(&format!("port {port} alone")));
            }
        }
    }
}
