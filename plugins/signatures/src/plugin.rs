//! The classifier as the host loads it.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;

use tractor_plugin::{Classifier, Declaration, Direction, Error, Flow, NameFrom, Needs, Options};
use tractor_plugin::{Packet, Result, State, Verdict, When};

use crate::seen::{
    FROM_BANNER, FROM_DNS, FROM_HOST, FROM_NOTHING, FROM_QUIC, FROM_SNI, NOT_KEPT, Seen, SeenPacket,
};
use crate::{Finding, RULES_BYTES_MAX, Rules, classify};

/// Rules, and room for the packets of one flow.
pub struct Signatures {
    rules: Rules,
    packets: Vec<SeenPacket>,
}

impl Classifier for Signatures {
    const ID: &'static str = "org.tractor.signatures";
    const NAME: &'static str = "Signatures";
    const NEEDS: Needs = Needs::PAYLOAD.and(Needs::PACKETS).and(Needs::NAMES);
    const WHEN: When = When::EARLY.and(When::CLOSED);
    /// Nearly all signatures are done after 64 bytes; a certificate's names and HTTP's headers are
    /// within 1,024, and six datagrams of a call are, too.
    const PAYLOAD_BYTES: u32 = 1024;
    /// What tells datagrams apart: behaviour is judged by the first few, and calls begin with up to
    /// a dozen of STUN.
    const PACKETS: u32 = 16;

    /// `--rules FILE`, or `--plugin-option org.tractor.signatures.rules=FILE`
    fn create(options: &Options) -> Result<Self> {
        Ok(Signatures { rules: rules(options)?, packets: Vec::new() })
    }

    /// A file of rules may bring labels of its own.
    fn declare(options: &Options) -> Result<Declaration> {
        let labels = rules(options)?.labels.into_iter();
        let labels = labels.map(|label| tractor_plugin::Label::of(label.group, label.name));
        Ok(Declaration { labels: labels.collect(), ..Declaration::of_constants::<Self>() })
    }

    fn classify(&mut self, flow: &Flow) -> Option<Verdict> {
        self.packets.clear();
        self.packets.extend(flow.packets().map(seen_packet));
        let Finding { label, confidence, evidence } =
            classify(&self.rules, &seen(flow, &self.packets))?;
        Some(Verdict::new(label, confidence).because(evidence))
    }
}

tractor_plugin::export!(Signatures);

fn rules(options: &Options) -> Result<Rules> {
    let Some(path) = options.get("rules") else { return Ok(Rules::bundled()) };
    let unreadable = |cause: std::io::Error| {
        let cause = cause.to_string();
        // Without the system's number for it.
        let words = cause.split(" (os error").next().unwrap_or_default();
        Error::bad_option(format!("{path}: cannot be read: {words}"))
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    // One byte more than is allowed: whoever reads the text sees that it is too long.
    let bound = RULES_BYTES_MAX as u64 + 1;
    file.take(bound).read_to_string(&mut text).map_err(unreadable)?;
    Rules::with(Some((path, &text))).map_err(Error::bad_option)
}

fn seen<'a>(flow: &Flow<'a>, first_packets: &'a [SeenPacket]) -> Seen<'a> {
    let both = Direction::BOTH;
    Seen {
        transport: flow.transport(),
        client_ip: mapped(flow.client_ip()),
        server_ip: mapped(flow.server_ip()),
        client_port: flow.client_port(),
        server_port: flow.server_port(),
        packets: both.map(|direction| flow.packet_count(direction)),
        bytes: both.map(|direction| flow.wire_bytes(direction)),
        payload: both.map(|direction| flow.payload(direction)),
        first_packets,
        server_name: flow.server_name().unwrap_or_default(),
        user_agent: flow.user_agent().unwrap_or_default(),
        alpn: flow.alpn().unwrap_or_default(),
        server_name_from: match flow.server_name_from() {
            Some(NameFrom::Sni) => FROM_SNI,
            Some(NameFrom::QuicSni) => FROM_QUIC,
            Some(NameFrom::Host) => FROM_HOST,
            Some(NameFrom::Dns) => FROM_DNS,
            Some(NameFrom::Banner) => FROM_BANNER,
            _ => FROM_NOTHING,
        },
        is_closed: flow.state() == State::Closed,
    }
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

fn seen_packet(packet: Packet) -> SeenPacket {
    SeenPacket {
        direction: u8::from(packet.direction == Direction::ServerToClient),
        tcp_flags: packet.tcp_flags,
        wire_bytes: packet.wire_bytes,
        payload_bytes: packet.payload_bytes,
        payload_at: packet.payload_at.unwrap_or(NOT_KEPT),
        time_us: packet.time_us,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tractor_plugin::Label;
    use tractor_plugin::testing::{Border, FlowBuilder, classify, create};

    /// A file of rules that is gone at the end of the test.
    struct Rules(std::path::PathBuf);

    impl Rules {
        fn new(name: &str, text: &str) -> Self {
            let path = std::env::temp_dir().join(format!("{name}-{}.rules", std::process::id()));
            std::fs::write(&path, text).expect("a file in the folder for such");
            Rules(path)
        }

        fn path(&self) -> &str {
            self.0.to_str().expect("a path in UTF-8")
        }
    }

    impl Drop for Rules {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn labels(options: &[(&str, &str)]) -> Vec<Label> {
        let border = Border::<Signatures>::create(options).expect("an instance");
        border.declared().expect("a declaration").labels
    }

    #[test]
    fn flows_are_seen_through_the_border() {
        let mut signatures = create::<Signatures>(&[]).expect("an instance");
        let labels = labels(&[]);
        let flow = FlowBuilder::tcp("10.0.0.1:40000", "10.0.0.2:2222");
        let flow = flow.payload(Direction::ServerToClient, b"SSH-2.0-OpenSSH_9.6\r\n").build();
        let verdict = classify(&mut signatures, &flow).expect("a verdict");
        assert_eq!(labels[verdict.label() as usize], Label::new("other", "ssh"));
        assert_eq!(verdict.evidence(), "SSH: identification");
    }

    #[test]
    fn a_file_of_rules_brings_labels_and_its_mistakes_are_named() {
        let good = Rules::new("tractor-good", "intranet web intranet.example\n");
        let options = [("rules", good.path())];
        assert_eq!(labels(&options).last(), Some(&Label::new("web", "intranet")));
        let bad = Rules::new("tractor-bad", "# mine\nintranet\n");
        let failure = |path| Border::<Signatures>::create(&[("rules", path)]).err().expect("none");
        let expected = format!("{}:2: a label needs a group behind it", bad.path());
        assert_eq!(failure(bad.path()).text, expected);
        assert!(failure("/no/such.rules").text.starts_with("/no/such.rules: cannot be read: "));
    }
}
