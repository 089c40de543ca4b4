//! What nDPI's names are called by us.

use std::collections::HashMap;

/// Labels that say only what carries an application.
const CARRIERS: [&str; 7] = ["tls", "http", "quic", "stun", "dtls", "rtp", ""];

/// Our names by nDPI's, and how to read a classifier's labels.
pub struct Names {
    ours: HashMap<String, Vec<String>>,
    /// The classifier's labels are nDPI's names.
    pub are_of_ndpi: bool,
}

/// As labels are written.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', '/', ' ', '(', ')'], "_")
}

impl Names {
    pub fn of_ours() -> Self {
        Self { ours: read(include_str!("ndpi_names.txt")), are_of_ndpi: false }
    }

    /// For a classifier over an older nDPI, which called some applications otherwise.
    pub fn of_ndpi() -> Self {
        let mut ours = read(include_str!("ndpi_names.txt"));
        ours.extend(read(include_str!("older_names.txt")));
        Self { ours, are_of_ndpi: true }
    }

    fn one(&self, name: &str) -> Vec<String> {
        self.ours.get(&plain(name)).cloned().unwrap_or_else(|| vec![plain(name)])
    }

    /// Our names of nDPI's application, and of what carries it.
    pub fn expected(&self, application: &str) -> (Vec<String>, Vec<String>) {
        let (master, own) = application.split_once('.').unwrap_or((application, ""));
        if self.ours.contains_key(&plain(application)) {
            return (self.one(application), Vec::new());
        }
        match (master, own) {
            (_, "") => (self.one(master), Vec::new()),
            // The protocol is what we tell; an older nDPI tells the name that is asked for.
            ("DNS", _) if self.are_of_ndpi => ([one_dns(), self.one(own)].concat(), Vec::new()),
            ("DNS", _) => (one_dns(), Vec::new()),
            _ => (self.one(own), vec![plain(master)]),
        }
    }

    /// Whether a name says only what carries an application.
    pub fn is_carrier(&self, name: &str) -> bool {
        CARRIERS.contains(&name) || self.are_of_ndpi && name == "dns"
    }

    /// Our names of what a classifier says.
    pub fn said(&self, label: &str) -> Vec<String> {
        match self.are_of_ndpi {
            true => self.one(label),
            false => vec![label.to_owned()],
        }
    }
}

fn one_dns() -> Vec<String> {
    vec!["dns".to_owned()]
}

fn read(text: &str) -> HashMap<String, Vec<String>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, ours)| (plain(name), ours.split(' ').map(str::to_owned).collect()))
        .collect()
}
