//! What questions need of a stored flow: its standard columns.

use super::StoreError;
use crate::output::TableView;
use crate::profiles::{Row, STANDARD_PREFIX, Value, confidence_of};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A standard column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    FlowId,
    Client,
    ClientPort,
    Server,
    ServerPort,
    Protocol,
    Start,
    End,
    Label,
    LabelBy,
    Confidence,
    Evidence,
    ServerName,
    UserAgent,
    /// Stored before there were sessions a flow has none.
    SessionId,
}

/// Their names, as `native` has them.
const NAMES: [&str; 15] = [
    "flow_id",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "protocol",
    "start",
    "end",
    "label",
    "label_by",
    "confidence",
    "evidence",
    "server_name",
    "user_agent",
    "session_id",
];

/// Where the standard columns of a table stand.
#[derive(Clone, Copy, Debug)]
pub struct Standard {
    /// By [`Field`]; `None` for a column that was not read.
    places: [Option<usize>; NAMES.len()],
}

impl Standard {
    /// By what tells the place of a column.
    pub fn of(column: impl Fn(&str) -> Option<usize>) -> Self {
        let place = |name| column(&format!("{STANDARD_PREFIX}{name}")).or_else(|| column(name));
        Self { places: NAMES.map(place) }
    }

    /// The place of a column, which every stored flow has.
    pub fn place(&self, field: Field) -> Result<usize, StoreError> {
        self.places[field as usize].ok_or_else(|| {
            StoreError::Internal(format!("stored flows have no {}", NAMES[field as usize]))
        })
    }

    /// The place of a column that not every stored flow has.
    pub fn place_if_any(&self, field: Field) -> Option<usize> {
        self.places[field as usize]
    }

    /// All places.
    pub fn places(&self) -> Vec<usize> {
        self.places.iter().flatten().copied().collect()
    }

    fn value<'a>(&self, view: &TableView<'a>, field: Field, row: usize) -> Value<'a> {
        self.places[field as usize].map_or(Value::Null, |place| view.value(place, row))
    }

    pub fn text<'a>(&self, view: &TableView<'a>, field: Field, row: usize) -> Option<&'a str> {
        match self.value(view, field, row) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self, view: &TableView<'_>, field: Field, row: usize) -> Option<u64> {
        match self.value(view, field, row) {
            Value::Unsigned(value) => Some(value),
            _ => None,
        }
    }

    /// Nanoseconds since the epoch.
    pub fn time(&self, view: &TableView<'_>, field: Field, row: usize) -> i64 {
        match self.value(view, field, row) {
            Value::Time(time) | Value::MicrosecondTime(time) => time.0,
            _ => 0,
        }
    }

    pub fn address(
        &self,
        view: &TableView<'_>,
        field: Field,
        row: usize,
    ) -> Result<IpAddr, StoreError> {
        let text = self.text(view, field, row).unwrap_or_default();
        text.parse().map_err(|_| StoreError::Internal(format!("{text:?} was stored as an address")))
    }

    /// What is asked of a row; `number` is its own in the job.
    pub fn facts(
        &self,
        view: &TableView<'_>,
        row: usize,
        number: u64,
    ) -> Result<Facts, StoreError> {
        let owned = |field| self.text(view, field, row).map(str::to_owned);
        let port = |field| self.number(view, field, row).and_then(|port| port.try_into().ok());
        Ok(Facts {
            row: number,
            flow_id: self.number(view, Field::FlowId, row).unwrap_or(0),
            client: self.address(view, Field::Client, row)?,
            client_port: port(Field::ClientPort),
            server: self.address(view, Field::Server, row)?,
            server_port: port(Field::ServerPort),
            protocol: self.number(view, Field::Protocol, row).unwrap_or(0) as u8,
            start: self.time(view, Field::Start, row),
            end: self.time(view, Field::End, row),
            label: owned(Field::Label),
            comment: self.comment(view, row),
            server_name: owned(Field::ServerName),
            user_agent: owned(Field::UserAgent),
            session_id: self.number(view, Field::SessionId, row),
        })
    }

    fn comment(&self, view: &TableView<'_>, row: usize) -> Option<String> {
        let by = self.text(view, Field::LabelBy, row)?;
        let evidence = self.text(view, Field::Evidence, row);
        let confidence = match self.value(view, Field::Confidence, row) {
            Value::Float(value) => Some(value),
            _ => None,
        };
        Some(comment(by, evidence, confidence))
    }
}

/// Who labelled a flow, why, and how sure that is.
pub fn comment(by: &str, evidence: Option<&str>, confidence: Option<f64>) -> String {
    let mut text = by.to_owned();
    if let Some(evidence) = evidence.filter(|evidence| !evidence.is_empty()) {
        text.push_str(": ");
        text.push_str(evidence);
    }
    if let Some(confidence) = confidence {
        text.push_str(&format!(" ({confidence})"));
    }
    text
}

/// What is told of a flow that is in no row yet.
pub fn facts_of(row: &Row<'_>) -> Facts {
    let flow = row.flow;
    let ((client, client_port), (server, server_port)) = (flow.client(), flow.server());
    let label = row.label();
    let comment = label.map(|choice| {
        let by = row.plugins.classifiers().get(usize::from(choice.classifier));
        let by = by.map_or("", |classifier| classifier.id.as_str());
        comment(by, choice.evidence.as_deref(), Some(confidence_of(choice)))
    });
    let names = flow.labelled.as_ref().map(|labelled| &labelled.names);
    let owned =
        |text: Option<&Option<Box<str>>>| text.and_then(|text| text.as_deref().map(str::to_owned));
    Facts {
        row: 0,
        flow_id: flow.id,
        client,
        client_port,
        server,
        server_port,
        protocol: flow.protocol(),
        start: flow.start.0,
        end: flow.end.0,
        label: label.map(|choice| row.plugins.labels().get(choice.label).name.clone()),
        comment,
        server_name: owned(names.map(|names| &names.server_name)),
        user_agent: owned(names.map(|names| &names.user_agent)),
        session_id: flow.grouped.map(|grouped| grouped.session),
    }
}

/// What is told of a flow when somebody asks for flows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Of the job's rows, from 1; 0: it has not ended yet.
    pub row: u64,
    pub flow_id: u64,
    pub client: IpAddr,
    pub client_port: Option<u16>,
    pub server: IpAddr,
    pub server_port: Option<u16>,
    /// IP protocol number.
    pub protocol: u8,
    /// Of the first and the last packet; nanoseconds since the epoch.
    pub start: i64,
    pub end: i64,
    pub label: Option<String>,
    /// Who labelled it, why, and how sure that is.
    pub comment: Option<String>,
    pub server_name: Option<String>,
    pub user_agent: Option<String>,
    #[serde(default)]
    pub session_id: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_tells_who_why_and_how_sure() {
        assert_eq!(comment("names", Some("SNI vk.com"), Some(0.95)), "names: SNI vk.com (0.95)");
        assert_eq!(comment("ports", None, Some(1.0)), "ports (1)");
        assert_eq!(comment("ports", Some(""), None), "ports");
    }
}
