//! What a flow shows, whole or of an older host.
#![deny(unsafe_code)]

use std::net::IpAddr;

use tractor_plugin::Direction::{ClientToServer, ServerToClient};
use tractor_plugin::testing::{FlowBuilder, TestFlow};
use tractor_plugin::{ClosedBy, NameFrom, State};

fn whole() -> FlowBuilder {
    FlowBuilder::tcp("10.0.0.1:40000", "192.0.2.7:443")
        .closed_by(ClosedBy::Fin)
        .packet(ClientToServer, 0)
        .payload(ClientToServer, b"hello ")
        .payload(ServerToClient, b"good ")
        .payload(ClientToServer, b"world")
        .payload(ServerToClient, b"day")
        .server_name("example.org", NameFrom::Sni)
        .user_agent("curl/8")
        .alpn("h2,http/1.1")
        .ja3("0123456789abcdef0123456789abcdef")
        .ja4("t13d1516h2_8daaf6152771_b186095e22b6")
        .feature("idle", f64::NAN)
        .feature("mean", 2.5)
}

#[test]
fn a_flow_shows_what_it_was_built_from() {
    let built = whole().build();
    let flow = built.view();
    assert_eq!((flow.state(), flow.closed_by()), (State::Closed, Some(ClosedBy::Fin)));
    assert!(flow.is_tcp() && !flow.is_udp() && flow.ip_version() == 4);
    let addresses = ["10.0.0.1", "192.0.2.7"].map(|text| text.parse::<IpAddr>().unwrap());
    assert_eq!([flow.client_ip(), flow.server_ip()], addresses);
    assert_eq!((flow.client_port(), flow.server_port()), (40000, 443));
    assert_eq!(flow.end_us() - flow.start_us(), 4000);
    assert_eq!(flow.window_start_us(), None);
    assert_eq!((flow.packet_count(ClientToServer), flow.packet_count(ServerToClient)), (3, 2));
    assert_eq!((flow.wire_bytes(ClientToServer), flow.wire_bytes(ServerToClient)), (131, 88));
    assert_eq!(flow.payload(ClientToServer), b"hello world");
    assert_eq!(flow.payload(ServerToClient), b"good day");
    assert_eq!(
        (flow.server_name(), flow.server_name_from()),
        (Some("example.org"), Some(NameFrom::Sni))
    );
    assert_eq!((flow.user_agent(), flow.alpn()), (Some("curl/8"), Some("h2,http/1.1")));
    assert!(flow.ja3().is_some_and(|text| text.len() == 32) && flow.ja4().is_some());
    assert_eq!(
        (flow.feature("mean"), flow.feature("idle"), flow.feature("other")),
        (Some(2.5), None, None)
    );
    assert_eq!(flow.columns().names(), ["idle", "mean"]);
}

#[test]
fn payload_is_told_apart_by_segment() {
    let built = whole().build();
    let segments: Vec<_> = built.view().segments().collect();
    let bytes: Vec<&[u8]> = segments.iter().map(|segment| segment.bytes).collect();
    assert_eq!(bytes, [&b"hello "[..], b"good ", b"world", b"day"]);
    assert!(segments.iter().all(|segment| segment.is_whole()));
    let times: Vec<_> = segments.iter().map(|segment| segment.packet.time_us).collect();
    assert_eq!(times, [1000, 2000, 3000, 4000]);
}

#[test]
fn what_is_cut_or_not_kept_is_no_segment() {
    let mut packet = whole().build().view().packets().last().unwrap();
    packet.payload_bytes = 100;
    packet.payload_at = Some(5);
    let cut = packet;
    packet.payload_at = Some(6000);
    let built = whole().packet(ServerToClient, 900).raw_packet(cut).raw_packet(packet).build();
    let segments: Vec<_> = built.view().segments().collect();
    assert_eq!(segments.len(), 5);
    assert_eq!((segments[4].bytes, segments[4].is_whole()), (&b"day"[..], false));
}

#[test]
fn what_an_older_host_does_not_have_is_empty() {
    let size = |built: &TestFlow| built.view().server_name().map(str::len);
    assert_eq!(size(&whole().build()), Some(11));
    for bytes in 0..=size_of::<tractor_plugin::abi::tractor_flow>() as u32 {
        let built = whole().window_start_us(7).build().of_size(bytes);
        let flow = built.view();
        let _ = (flow.client_ip(), flow.server_ip(), flow.closed_by(), flow.end_us());
        let is_there = |end: usize| bytes as usize >= end;
        use std::mem::offset_of;
        use tractor_plugin::abi::tractor_flow;
        let texts = offset_of!(tractor_flow, server_name);
        assert_eq!(flow.payload(ClientToServer).is_empty(), !is_there(texts));
        assert_eq!(flow.server_name().is_some(), is_there(texts + 16));
        assert_eq!(flow.ja4().is_some(), is_there(offset_of!(tractor_flow, server_name_from)));
        let all = offset_of!(tractor_flow, window_start_us) + 8;
        assert_eq!(flow.window_start_us().is_some(), is_there(all));
        let packets = flow.packets().len();
        assert!(packets == 0 || is_there(offset_of!(tractor_flow, packet_count) + 4));
    }
}

#[test]
fn a_flow_of_ipv6_has_its_own_addresses() {
    let built = FlowBuilder::udp("[::ffff:10.0.0.1]:53", "[2001:db8::2]:53").build();
    let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
    assert_eq!((built.view().client_ip(), built.view().ip_version()), (mapped, 6));
}
