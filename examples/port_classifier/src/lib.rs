//! Labels flows by the server's port: the least that a plugin can be. Copy it.
//!
//! Build: `cargo build --release --manifest-path examples/port_classifier/Cargo.toml`

use tractor_plugin::{Classifier, Flow, Label, Options, Result, Verdict, export};

/// Verdicts are indices of this table.
const LABELS: [Label; 3] =
    [Label::new("other", "ssh"), Label::new("other", "telnet"), Label::new("other", "ftp")];
const SSH: u32 = 0;
const TELNET: u32 = 1;
const FTP: u32 = 2;

struct Ports {
    ssh: u16,
    confidence: f32,
}

impl Classifier for Ports {
    const ID: &'static str = "org.example.ports";
    const NAME: &'static str = "Ports";
    const LABELS: &'static [Label] = &LABELS;

    /// `--plugin-option org.example.ports.ssh=2222`
    fn create(options: &Options) -> Result<Self> {
        let ssh = options.get_or("ssh", 22)?;
        // A port is a hint: whoever looked into the packets outvotes it.
        let confidence = options.get_or("confidence", 0.1)?;
        options.log().info(format!("SSH is on port {ssh}"));
        Ok(Ports { ssh, confidence })
    }

    fn classify(&mut self, flow: &Flow) -> Option<Verdict> {
        if !flow.is_tcp() {
            return None;
        }
        let port = flow.server_port();
        let label = match port {
            _ if port == self.ssh => SSH,
            21 => FTP,
            23 => TELNET,
            _ => return None,
        };
        Some(Verdict::new(label, self.confidence).because(format!("port {port}")))
    }
}

export!(Ports);

#[cfg(test)]
mod tests {
    use super::*;
    use tractor_plugin::testing::{Border, FlowBuilder, classify, create};

    #[test]
    fn ports_have_labels() {
        let mut ports = create::<Ports>(&[]).expect("an instance");
        let mut label = |server: &str| {
            let flow = FlowBuilder::tcp("10.0.0.1:40000", server).build();
            classify(&mut ports, &flow).map(|verdict| verdict.label())
        };
        assert_eq!(label("10.0.0.2:22"), Some(SSH));
        assert_eq!(label("[2001:db8::2]:23"), Some(TELNET));
        assert_eq!(label("10.0.0.2:443"), None);
    }

    #[test]
    fn udp_has_none() {
        let mut ports = create::<Ports>(&[]).expect("an instance");
        let flow = FlowBuilder::udp("10.0.0.1:40000", "10.0.0.2:22").build();
        assert_eq!(classify(&mut ports, &flow), None);
    }

    #[test]
    fn options_are_judged() {
        let mut ports = create::<Ports>(&[("ssh", "2222")]).expect("an instance");
        let flow = FlowBuilder::tcp("10.0.0.1:40000", "10.0.0.2:2222").build();
        let expected = Verdict::new(SSH, 0.1).because("port 2222");
        assert_eq!(classify(&mut ports, &flow), Some(expected));
        let failure = Border::<Ports>::create(&[("ssh", "99999")]).err().expect("a failure");
        assert!(failure.text.starts_with("option ssh = \"99999\": "), "{}", failure.text);
    }
}
