//! What classifiers and names say of a flow: the last columns of `native`.

use super::Kind::{Float, Text};
use super::{Column, Columns, Row, Value};
use crate::flows::Choice;

/// Ten thousandths: confidences are estimates of single precision.
const CONFIDENCE_STEPS: f64 = 1e4;

pub(super) fn columns() -> Columns {
    let mut columns = Columns::default();
    label(&mut columns);
    traffic_class(&mut columns);
    names(&mut columns);
    super::session::of_flow(&mut columns);
    columns
}

/// The label alone.
pub(super) fn label(columns: &mut Columns) {
    let group = vec![
        Column::new("label", "", Text, "Application, or else protocol, that classifiers found"),
        Column::new("label_group", "", Text, "Group of the label, such as social or vpn"),
        Column::new("label_by", "", Text, "Id of the classifier whose verdict it is"),
        Column::new("confidence", "", Float, "How sure it is, from 0 to 1"),
        Column::new("evidence", "", Text, "Why, in its words"),
    ];
    columns.add_group(group, |row, cells| match row.label() {
        Some(choice) => {
            let label = row.plugins.labels().get(choice.label);
            cells.push(Value::Text(&label.name));
            cells.push(Value::Text(&label.group));
            cells.push(by(row, choice));
            cells.push(confidence(choice));
            cells.push(choice.evidence.as_deref().into());
        }
        None => cells.extend([(); 5].map(|()| Value::Null)),
    });
}

/// The kind of traffic alone.
pub(super) fn traffic_class(columns: &mut Columns) {
    let group = vec![
        Column::new("traffic_class", "", Text, "Kind of traffic, such as VOIP; decided apart"),
        Column::new("traffic_class_confidence", "", Float, "How sure that is, from 0 to 1"),
    ];
    columns.add_group(group, |row, cells| {
        let class = row.flow.labelled.as_ref().and_then(|all| all.traffic_class.as_ref());
        match class {
            Some(choice) => {
                cells.push(Value::Text(&row.plugins.labels().get(choice.label).name));
                cells.push(confidence(choice));
            }
            None => cells.extend([Value::Null, Value::Null]),
        }
    });
}

fn names(columns: &mut Columns) {
    let from = "Name of the server: TLS or QUIC SNI, HTTP Host, its own greeting, or the DNS answer \
                that led to it";
    let group = vec![
        Column::new("server_name", "", Text, from),
        Column::new("user_agent", "", Text, "What the client calls itself"),
        Column::new("alpn", "", Text, "Protocols that the client offered in TLS or QUIC"),
        Column::new("ja3", "", Text, "JA3 fingerprint of the client hello"),
        Column::new("ja4", "", Text, "JA4 fingerprint of the client hello"),
    ];
    columns.add_group(group, |row, cells| match &row.flow.labelled {
        Some(all) => {
            let names = &all.names;
            let texts =
                [&names.server_name, &names.user_agent, &names.alpn, &names.ja3, &names.ja4];
            cells.extend(texts.map(|text| Value::from(text.as_deref())));
        }
        None => cells.extend([(); 5].map(|()| Value::Null)),
    });
}

/// The two that queries ask for.
pub(super) fn server_name_and_user_agent(columns: &mut Columns) {
    let group = vec![
        Column::new("server_name", "", Text, "Name of the server"),
        Column::new("user_agent", "", Text, "What the client calls itself"),
    ];
    columns.add_group(group, |row, cells| {
        let names = row.flow.labelled.as_ref().map(|all| &all.names);
        cells.push(names.and_then(|names| names.server_name.as_deref()).into());
        cells.push(names.and_then(|names| names.user_agent.as_deref()).into());
    });
}

fn by<'a>(row: &'a Row<'a>, choice: &Choice) -> Value<'a> {
    let by = row.plugins.classifiers().get(usize::from(choice.classifier));
    by.map_or(Value::Null, |classifier| Value::Text(&classifier.id))
}

fn confidence(choice: &Choice) -> Value<'static> {
    Value::Float(confidence_of(choice))
}

/// How sure a classifier is, in ten thousandths.
pub fn confidence_of(choice: &Choice) -> f64 {
    (f64::from(choice.confidence) * CONFIDENCE_STEPS).round() / CONFIDENCE_STEPS
}
