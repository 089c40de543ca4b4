//! Names, units and meanings of CICFlowMeter's columns.

use crate::profiles::{Column, Kind};

const BOTH_WAYS: [(&str, &str); 2] = [("Fwd", "client to server"), ("Bwd", "server to client")];

/// The first seven columns, which say which flow it is; `start` is the kind of the time of the
/// first packet.
pub fn identity(start: Kind) -> Vec<Column> {
    let mut columns = Vec::with_capacity(7);
    add_identity(&mut columns, start);
    columns
}

/// The 76 columns behind them; the label is not among them.
pub fn features() -> Vec<Column> {
    let mut columns = Vec::with_capacity(76);
    let meaning = "From the first to the last packet";
    add(&mut columns, Kind::Float, "µs", &[("Flow Duration", meaning)]);
    volume(&mut columns);
    times(&mut columns);
    headers(&mut columns);
    lengths(&mut columns);
    bulks(&mut columns);
    last(&mut columns);
    columns
}

fn add(columns: &mut Vec<Column>, kind: Kind, unit: &'static str, all: &[(&str, &str)]) {
    columns.extend(all.iter().map(|(name, meaning)| Column::new(*name, unit, kind, *meaning)));
}

fn both_ways(columns: &mut Vec<Column>, kind: Kind, unit: &'static str, name: &str, what: &str) {
    columns.extend(BOTH_WAYS.map(|(way, words)| {
        Column::new(name.replace('#', way), unit, kind, format!("{what}, {words}"))
    }));
}

fn add_identity(columns: &mut Vec<Column>, start: Kind) {
    add(
        columns,
        Kind::Text,
        "",
        &[
            ("Flow ID", "Addresses, ports and protocol, joined by hyphens"),
            ("Src IP", "Address of the client"),
        ],
    );
    add(columns, Kind::Unsigned, "", &[("Src Port", "Port of the client")]);
    add(columns, Kind::Text, "", &[("Dst IP", "Address of the server")]);
    add(
        columns,
        Kind::Unsigned,
        "",
        &[("Dst Port", "Port of the server"), ("Protocol", "IP protocol number (6 TCP, 17 UDP)")],
    );
    add(columns, start, "", &[("Timestamp", "Time of the first packet, UTC")]);
}

fn volume(columns: &mut Vec<Column>) {
    add(
        columns,
        Kind::Unsigned,
        "packets",
        &[
            ("Total Fwd Packet", "Packets, client to server"),
            ("Total Bwd packets", "Packets, server to client"),
        ],
    );
    let name = "Total Length of # Packet";
    both_ways(columns, Kind::Unsigned, "bytes", name, "Bytes of payload");
    for (way, words) in BOTH_WAYS {
        for statistic in ["Max", "Min", "Mean", "Std"] {
            let meaning = format!("{statistic} of the payload of packets, {words}");
            let name = format!("{way} Packet Length {statistic}");
            columns.push(Column::new(name, "bytes", Kind::Float, meaning));
        }
    }
    add(columns, Kind::Float, "bytes/s", &[("Flow Bytes/s", "Payload by duration")]);
    add(columns, Kind::Float, "1/s", &[("Flow Packets/s", "Packets by duration")]);
}

fn times(columns: &mut Vec<Column>) {
    let whole = ["Mean", "Std", "Max", "Min"];
    for statistic in whole {
        let meaning = format!("{statistic} of the times between packets, whole flow");
        columns.push(Column::new(format!("Flow IAT {statistic}"), "µs", Kind::Float, meaning));
    }
    for (way, words) in BOTH_WAYS {
        for statistic in ["Total"].into_iter().chain(whole) {
            let meaning = format!("{statistic} of the times between packets, {words}");
            columns.push(Column::new(format!("{way} IAT {statistic}"), "µs", Kind::Float, meaning));
        }
    }
}

fn headers(columns: &mut Vec<Column>) {
    for flag in ["PSH", "URG"] {
        let (name, meaning) = (format!("# {flag} Flags"), format!("Packets with {flag}"));
        both_ways(columns, Kind::Unsigned, "packets", &name, &meaning);
    }
    both_ways(columns, Kind::Unsigned, "bytes", "# Header Length", "Bytes of transport headers");
    both_ways(columns, Kind::Float, "1/s", "# Packets/s", "Packets by duration");
}

fn lengths(columns: &mut Vec<Column>) {
    for statistic in ["Min", "Max", "Mean", "Std", "Variance"] {
        let unit = if statistic == "Variance" { "bytes²" } else { "bytes" };
        let meaning = format!("{statistic} of the payload of packets, whole flow");
        let name = format!("Packet Length {statistic}");
        columns.push(Column::new(name, unit, Kind::Float, meaning));
    }
    for flag in ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "CWR", "ECE"] {
        let meaning = format!("Packets with {flag}, whole flow");
        let name = format!("{flag} Flag Count");
        columns.push(Column::new(name, "packets", Kind::Unsigned, meaning));
    }
    add(columns, Kind::Float, "", &[("Down/Up Ratio", "Packets backward by packets forward")]);
    add(columns, Kind::Float, "bytes", &[("Average Packet Size", "Payload by packets")]);
    both_ways(columns, Kind::Float, "bytes", "# Segment Size Avg", "Mean payload of packets");
}

fn bulks(columns: &mut Vec<Column>) {
    for (way, words) in BOTH_WAYS {
        let of_each = [
            ("Bytes/Bulk Avg", "bytes", "Payload by bulks"),
            ("Packet/Bulk Avg", "packets", "Packets by bulks"),
            ("Bulk Rate Avg", "bytes/s", "Payload of bulks by their duration"),
        ];
        columns.extend(of_each.map(|(name, unit, meaning)| {
            let meaning = format!("{meaning}, {words}");
            Column::new(format!("{way} {name}"), unit, Kind::Float, meaning)
        }));
    }
    for (way, words) in BOTH_WAYS {
        for (name, unit) in [("Packets", "packets"), ("Bytes", "bytes")] {
            let meaning = format!("{name} by subflows, {words}");
            columns.push(Column::new(format!("Subflow {way} {name}"), unit, Kind::Float, meaning));
        }
    }
}

fn last(columns: &mut Vec<Column>) {
    add(
        columns,
        Kind::Unsigned,
        "bytes",
        &[
            ("FWD Init Win Bytes", "First TCP window, unscaled, client to server"),
            ("Bwd Init Win Bytes", "First TCP window, unscaled, server to client"),
        ],
    );
    let meaning = "Packets with payload, client to server";
    add(columns, Kind::Unsigned, "packets", &[("Fwd Act Data Pkts", meaning)]);
    let meaning = "Shortest transport header, client to server";
    add(columns, Kind::Unsigned, "bytes", &[("Fwd Seg Size Min", meaning)]);
    for period in ["Active", "Idle"] {
        for statistic in ["Mean", "Std", "Max", "Min"] {
            let meaning = format!("{statistic} of the {} periods", period.to_lowercase());
            let name = format!("{period} {statistic}");
            columns.push(Column::new(name, "µs", Kind::Float, meaning));
        }
    }
}
