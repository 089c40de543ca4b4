//! Labels of a capture's flows, to be found by the flows' ends.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::cli::run::in_place;

/// Protocol, client, its port, server, its port; or turned round.
pub type Ends = (u64, String, u64, String, u64);

/// Label and confidence by a flow's ends, in both orientations.
pub struct Verdicts(HashMap<Ends, (String, f64)>);

impl Verdicts {
    /// As the program gives them with these arguments.
    pub fn of(capture: &Path, arguments: &[&str]) -> Self {
        let mut command = in_place();
        command.args(["flows", "--format", "jsonl"]).args(arguments).arg(capture);
        let output = command.output().unwrap();
        let mut labels = HashMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = |column: &str| row[column].as_str().unwrap_or_default().to_owned();
            let verdict = (text("label"), row["confidence"].as_f64().unwrap_or(0.0));
            for ends in both_ends(&row) {
                let known = labels.entry(ends).or_insert_with(|| verdict.clone());
                // Of flows one after the other the one that says most.
                if known.1 < verdict.1 {
                    known.clone_from(&verdict);
                }
            }
        }
        Self(labels)
    }

    pub fn get(&self, ends: &Ends) -> Option<&(String, f64)> {
        self.0.get(ends)
    }
}

fn both_ends(row: &Value) -> [Ends; 2] {
    let protocol = row["protocol"].as_u64().unwrap();
    // Type and code are no ports to nDPI.
    let has_ports = [6, 17, 132].contains(&protocol);
    let end = |name: &str| {
        let address = row[format!("{name}_ip")].as_str().unwrap_or_default().to_owned();
        let port = row[format!("{name}_port")].as_u64().filter(|_| has_ports);
        (address, port.unwrap_or(0))
    };
    let ((client, client_port), (server, server_port)) = (end("client"), end("server"));
    let turned = (protocol, server.clone(), server_port, client.clone(), client_port);
    [(protocol, client, client_port, server, server_port), turned]
}
