//! Which of several votes is the label: the highest confidence, then the plugin that was loaded first, then its first
//! label; of one plugin, its latest call that said something.

use std::path::Path;

use tempfile::tempdir;

use super::super::run::{Table, flows};
use super::super::traffic::{datagram, plain, write};
use crate::support::plugins::plugin;

/// 0 is no vote. Halves and quarters, so that none is rounded.
const CONFIDENCES: [f64; 4] = [0.0, 0.25, 0.5, 0.75];

/// A plugin that votes by two bits of the client's port; its confidences are [`CONFIDENCES`].
fn voter(folder: &Path, name: &str, label: &str, shift: u32) -> Option<()> {
    let flow = format!(
        "static const float confidences[] = {{0, 0.25f, 0.5f, 0.75f}}; \
         float confidence = confidences[flow->client_port >> {shift} & 3]; \
         if (confidence > 0) {{ host->tag(tags, at, 1, confidence, \"{name} second\"); \
                                host->tag(tags, at, 0, confidence, \"{name} first\"); }}"
    );
    let macros = [("ID", &format!("\"{name}\"")), ("LABELS", &label.to_owned()), ("FLOW", &flow)];
    let macros = macros.map(|(name, value)| (name, value.as_str()));
    plugin(folder, &format!("{name}.so"), &macros).map(drop)
}

fn run(folder: &Path, plugins: &[&str], workers: &str) -> Table {
    let named: Vec<String> = plugins.iter().map(|name| format!("{name}.so")).collect();
    let named = named.iter().flat_map(|name| ["--plugin", name]);
    let without = ["--without-plugin", "org.tractor.signatures", "--chunk-bytes", "700"];
    let arguments = ["a.pcap", "--workers", workers];
    let arguments: Vec<&str> = arguments.into_iter().chain(without).chain(named).collect();
    Table::of(&flows(folder, &arguments))
}

#[test]
fn the_label_is_the_most_confident_vote_and_of_equal_ones_that_of_the_first_plugin() {
    let folder = tempdir().unwrap();
    let packets: Vec<_> =
        (0..64).map(|port| datagram(i64::from(port) * 1_000, port, b"x")).collect();
    write(folder.path(), "a.pcap", &plain(&packets));
    let labels = "{\"web\", \"one\"}, {\"web\", \"other\"}";
    let Some(()) = voter(folder.path(), "v.a", labels, 0) else { return };
    voter(folder.path(), "v.b", "{\"mail\", \"third\"}, {\"web\", \"other\"}", 2).unwrap();
    let classes = "{\"traffic_class\", \"VOIP\"}, {\"traffic_class\", \"CHAT\"}";
    voter(folder.path(), "v.class", classes, 4).unwrap();
    let own = |plugin: &str| if plugin == "v.a" { ("one", 0) } else { ("third", 2) };
    for order in [["v.a", "v.b", "v.class"], ["v.class", "v.b", "v.a"]] {
        for workers in ["1", "2", "4"] {
            let table = run(folder.path(), &order, workers);
            let column = |name: &str| table.column(name);
            for (row, port) in table.numbers("client_port").into_iter().enumerate() {
                let confidence = |shift: u64| CONFIDENCES[(port >> shift & 3) as usize];
                let mut expected = ("", "", 0.0);
                for plugin in order.into_iter().filter(|plugin| *plugin != "v.class") {
                    let (label, shift) = own(plugin);
                    if confidence(shift) > expected.2 {
                        expected = (label, plugin, confidence(shift));
                    }
                }
                let number = |text: &str| text.parse().unwrap_or(0.0);
                let decided = (column("label")[row], column("label_by")[row]);
                assert_eq!(decided, (expected.0, expected.1), "port {port}, {order:?}");
                assert_eq!(number(column("confidence")[row]), expected.2, "port {port}");
                let evidence = format!("{} first", expected.1);
                let has_evidence = column("evidence")[row] == evidence;
                assert!(has_evidence || expected.2 == 0.0, "port {port}, {order:?}");
                // Decided apart, whatever the label is.
                let class = if confidence(4) > 0.0 { "VOIP" } else { "" };
                assert_eq!(column("traffic_class")[row], class, "port {port}");
                assert_eq!(number(column("traffic_class_confidence")[row]), confidence(4));
            }
        }
    }
}

#[test]
fn the_latest_call_that_said_something_counts() {
    let folder = tempdir().unwrap();
    // Six flows of three packets each.
    let at = |number: u16| datagram(i64::from(number) * 1_000, number % 6, b"x");
    write(folder.path(), "a.pcap", &plain(&(0..18).map(at).collect::<Vec<_>>()));
    let flow = "if (flow->state == TRACTOR_EARLY) { host->tag(tags, at, 0, 0.75f, \"early\"); } \
        else if (flow->client_port == 1) { host->tag(tags, at, 1, 0.25f, \"closed\"); } \
        else if (flow->client_port == 2) { host->tag(tags, at, TRACTOR_TAKE_BACK, 0, NULL); } \
        else if (flow->client_port == 3) { host->tag(tags, at, 9, 0.5f, \"no such label\"); } \
        else if (flow->client_port == 4) { return TRACTOR_ERROR; }";
    let when = "TRACTOR_WHEN_EARLY | TRACTOR_WHEN_CLOSED";
    let macros = [("ID", "\"v.calls\""), ("WHEN", when), ("PACKETS", "2"), ("FLOW", flow)];
    let Some(_) = plugin(folder.path(), "v.calls.so", &macros) else { return };
    let doubt = "if (flow->client_port < 5) { host->tag(tags, at, 0, 0.5f, \"doubt\"); }";
    let macros = [("ID", "\"v.doubt\""), ("LABELS", "{\"mail\", \"doubt\"}"), ("FLOW", doubt)];
    plugin(folder.path(), "v.doubt.so", &macros).unwrap();
    for workers in ["1", "2", "4"] {
        let table = run(folder.path(), &["v.doubt", "v.calls"], workers);
        let rows = table.numbers("client_port").into_iter().zip(table.column("evidence"));
        let mut rows: Vec<(u64, &str)> = rows.collect();
        rows.sort_unstable();
        // Nothing said, and what is wrong, leave what was said before.
        let expected = ["early", "doubt", "doubt", "early", "early", "early"];
        assert_eq!(rows, (0..).zip(expected).collect::<Vec<_>>(), "{workers} workers");
    }
}
