//! Labels that signatures give. Those that only names and networks give are in `names.rules`.

macro_rules! labels {
    ($($group:literal { $($constant:ident $name:literal,)* })*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Place { $($($constant,)*)* }
        $($(pub const $constant: u32 = Place::$constant as u32;)*)*
        /// Group and name, by number.
        pub const LABELS: &[(&str, &str)] = &[$($(($group, $name),)*)*];
    };
}

labels! {
    "social" {
        FACEBOOK "facebook",
    }
    "peer2peer" {
        BITTORRENT "bittorrent", SKYPE "skype", GNUTELLA "gnutella", EDONKEY "edonkey",
        DIRECT_CONNECT "direct_connect", SYNCTHING "syncthing", BITCOIN "bitcoin",
        ETHEREUM "ethereum", NANO "nano", MINING "mining",
    }
    "vpn" {
        VPN "vpn", SOCKS5 "socks5", SOCKS4 "socks4", TOR "tor", TEREDO "teredo",
    }
    "other" {
        SSH "ssh", TELNET "telnet",
    }
    "messaging" {
        TELEGRAM "telegram", WHATSAPP "whatsapp", SIGNAL "signal", LINE "line", THREEMA "threema",
        DISCORD "discord", IRC "irc", XMPP "xmpp", OSCAR "oscar", OICQ "oicq", IMO "imo",
        LOTUS_NOTES "lotus_notes", DINGTALK "dingtalk", SMPP "smpp",
    }
    "voip" {
        SIP "sip", RTP "rtp", RTCP "rtcp", STUN "stun", H323 "h323", MGCP "mgcp", IAX "iax",
        SKINNY "skinny", ZOOM "zoom", TEAMSPEAK "teamspeak", MUMBLE "mumble",
        GOOGLE_MEET "google_meet",
    }
    "streaming" {
        RTSP "rtsp", RTMP "rtmp", SPOTIFY "spotify", SD_RTN "sd_rtn", IQIYI "iqiyi",
        SHOUTCAST "shoutcast", SONOS "sonos", MPEG_TS "mpeg_ts", SRT "srt", TIVO "tivo",
    }
    "web" {
        HTTP "http", TLS "tls", QUIC "quic", DTLS "dtls", HTTP_PROXY "http_proxy",
        FASTCGI "fastcgi", ALIBABA "alibaba", AJP "ajp", IPP "ipp", SPEEDTEST "speedtest",
    }
    "mail" {
        SMTP "smtp", IMAP "imap", POP3 "pop3", NNTP "nntp",
    }
    "file_transfer" {
        FTP "ftp", FTP_DATA "ftp_data", TFTP "tftp", SMB "smb", NFS "nfs", NCP "ncp", AFP "afp", RSYNC "rsync",
        GIT "git", SUBVERSION "subversion", UFTP "uftp", FLUTE "flute", DROPBOX "dropbox",
        AFS "afs", LUSTRE "lustre", CEPH "ceph", ISCSI "iscsi",
    }
    "remote_access" {
        RDP "rdp", VNC "vnc", ANYDESK "anydesk", TEAMVIEWER "teamviewer", X11 "x11", XDMCP "xdmcp",
        RADMIN "radmin", NOMACHINE "nomachine", CITRIX "citrix", RLOGIN "rlogin", RSH "rsh",
        SPICE "spice", VMWARE "vmware",
    }
    "database" {
        MYSQL "mysql", POSTGRESQL "postgresql", REDIS "redis", MONGODB "mongodb", MSSQL "mssql",
        ORACLE "oracle", CASSANDRA "cassandra", MEMCACHED "memcached",
        ELASTICSEARCH "elasticsearch", DRDA "drda", AMQP "amqp", STOMP "stomp", OPENWIRE "openwire",
        KAFKA "kafka", ZEROMQ "zeromq", NATS "nats", GEARMAN "gearman", RAFT "raft",
        THRIFT "thrift", CORBA "corba", JAVA_RMI "java_rmi", FIX "fix",
    }
    "industrial" {
        MODBUS "modbus", DNP3 "dnp3", BACNET "bacnet", S7 "s7", MMS "mms", IEC104 "iec104",
        ETHERNET_IP "ethernet_ip", OPC_UA "opc_ua", PROFINET "profinet", HART_IP "hart_ip",
        KNX "knx", SYNCHROPHASOR "synchrophasor", ANSI_C1222 "ansi_c1222", FINS "fins",
        ETHER_SBUS "ether_sbus", ETHER_SIO "ether_sio", EGD "egd", BECKHOFF_ADS "beckhoff_ads",
        COAP "coap", MQTT "mqtt", CAN "can", SOMEIP "someip", DOIP "doip", RTPS "rtps",
        HISLIP "hislip", HL7 "hl7", DICOM "dicom", TPLINK "tplink",
    }
    "network" {
        DNS "dns", DHCP "dhcp", DHCPV6 "dhcpv6", NTP "ntp", ICMP "icmp", ICMPV6 "icmpv6",
        IGMP "igmp", OSPF "ospf", BGP "bgp", RIP "rip", EIGRP "eigrp", PIM "pim", VRRP "vrrp",
        HSRP "hsrp", SNMP "snmp", SYSLOG "syslog", NETBIOS "netbios", SSDP "ssdp", MDNS "mdns",
        LLMNR "llmnr", RADIUS "radius", TACACS "tacacs", DIAMETER "diameter", KERBEROS "kerberos",
        LDAP "ldap", GTP "gtp", VXLAN "vxlan", GENEVE "geneve", LISP "lisp", LDP "ldp", BFD "bfd",
        CAPWAP "capwap", NAT_PMP "nat_pmp", WS_DISCOVERY "ws_discovery", SLP "slp", PGM "pgm",
        SCTP "sctp", GRE "gre", IP_IN_IP "ip_in_ip", NETFLOW "netflow", SFLOW "sflow",
        ZABBIX "zabbix", MUNIN "munin", RIPE_ATLAS "ripe_atlas", OPENFLOW "openflow", BJNP "bjnp",
        ROUGHTIME "roughtime", DNSCRYPT "dnscrypt", WHOIS "whois", DCE_RPC "dce_rpc",
        ONC_RPC "onc_rpc", KISMET "kismet", CPHA "cpha", NEST_LOG "nest_log", MERAKI "meraki",
        FINGER "finger", IDENT "ident", AVAST "avast", ENCRYPTED_DNS "encrypted_dns",
        WAKE_ON_LAN "wake_on_lan", PTP "ptp",
    }
    "gaming" {
        STEAM "steam", SOURCE_ENGINE "source_engine", RAKNET "raknet", STARCRAFT "starcraft",
        WORLD_OF_WARCRAFT "world_of_warcraft", GENSHIN "genshin_impact", NINTENDO "nintendo",
        RIOT_GAMES "riot_games", EPIC_GAMES "epic_games", GAIJIN "gaijin",
        HEROES_OF_THE_STORM "heroes_of_the_storm", ELDER_SCROLLS "elder_scrolls_online",
        PATH_OF_EXILE "path_of_exile", MAPLESTORY "maplestory", QUAKE "quake",
        MINECRAFT "minecraft", ZUG "zug",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_none_stands_twice() {
        let mut names: Vec<&str> = LABELS.iter().map(|(_, name)| *name).collect();
        let is_plain = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_');
        assert!(names.iter().all(|name| name.chars().all(is_plain)));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(LABELS[VPN as usize], ("vpn", "vpn"));
    }
}
