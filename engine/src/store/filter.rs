//! Which flows are asked for.

use super::StoreError;
use super::entry::Entry;
use super::facts::{Facts, Field, Standard};
use crate::output::{Table, TableView};
use crate::profiles::AddressText;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Flows that have all that is named here; all flows by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Empty: those without a label.
    pub label: Option<String>,
    /// Of the client or the server.
    pub address: Option<IpAddr>,
    /// Of the client or the server.
    pub port: Option<u16>,
    /// IP protocol number.
    pub protocol: Option<u8>,
    /// The server's name or one that it lies under.
    pub server_name: Option<String>,
    /// Flows that have not ended before and not begun after; nanoseconds since the epoch.
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Flows of that session.
    pub session: Option<u64>,
    /// Of rows of sessions: the session with that id.
    pub id: Option<u64>,
}

impl Filter {
    /// The columns that it looks at.
    fn fields(&self) -> Vec<Field> {
        let named = [
            (self.label.is_some(), &[Field::Label][..]),
            (self.address.is_some(), &[Field::Client, Field::Server]),
            (self.port.is_some(), &[Field::ClientPort, Field::ServerPort]),
            (self.protocol.is_some(), &[Field::Protocol]),
            (self.server_name.is_some(), &[Field::ServerName]),
            (self.from.is_some(), &[Field::End]),
            (self.to.is_some(), &[Field::Start]),
            (self.id.is_some(), &[Field::FlowId]),
        ];
        let named = named.into_iter().filter(|(is_named, _)| *is_named);
        named.flat_map(|(_, fields)| fields).copied().collect()
    }

    /// The places of the columns that it looks at.
    pub fn places(&self, standard: &Standard) -> Result<Vec<usize>, StoreError> {
        let session = self.session.and_then(|_| standard.place_if_any(Field::SessionId));
        let fields = self.fields().into_iter().map(|field| standard.place(field));
        fields.chain(session.map(Ok)).collect()
    }

    /// Whether a flow is asked for.
    pub fn holds(&self, flow: &Facts) -> bool {
        let either = |wanted: IpAddr| flow.client == wanted || flow.server == wanted;
        let port_is = |wanted| [flow.client_port, flow.server_port].contains(&Some(wanted));
        let name = flow.server_name.as_deref();
        let is_under =
            |domain: &String| name.is_some_and(|name| under(name, domain.trim_end_matches('.')));
        self.label.as_deref().is_none_or(|label| flow.label.as_deref().unwrap_or("") == label)
            && self.address.is_none_or(either)
            && self.port.is_none_or(port_is)
            && self.protocol.is_none_or(|wanted| flow.protocol == wanted)
            && self.server_name.as_ref().is_none_or(is_under)
            && self.from.is_none_or(|from| flow.end >= from)
            && self.to.is_none_or(|to| flow.start <= to)
            && self.session.is_none_or(|session| flow.session_id == Some(session))
            && self.id.is_none_or(|id| flow.flow_id == id)
    }

    /// False when no flow of the block can be asked for.
    pub fn may_be_in(&self, entry: &Entry) -> bool {
        self.label.as_ref().is_none_or(|label| entry.labels.contains(label))
            && self.from.is_none_or(|from| entry.end >= from)
            && self.to.is_none_or(|to| entry.start <= to)
            && self.address.is_none_or(|address| entry.may_have_address(address))
    }

    /// Whether [`Filter::may_be_in`] ever says no.
    pub fn asks_entries(&self) -> bool {
        self.label.is_some() || self.from.is_some() || self.to.is_some() || self.address.is_some()
    }

    /// The rows of a table that are asked for.
    pub fn rows(&self, view: &TableView<'_>, standard: &Standard, rows: usize) -> Vec<usize> {
        let address = self.address.map(|address| AddressText(address).to_string());
        let name = self.server_name.as_deref().map(|name| name.trim_end_matches('.'));
        let is_asked_for = |row: &usize| {
            let text = |field| standard.text(view, field, *row);
            let number = |field| standard.number(view, field, *row);
            let time = |field| standard.time(view, field, *row);
            let either = |wanted: &str| {
                [Field::Client, Field::Server].iter().any(|field| text(*field) == Some(wanted))
            };
            let port_is = |wanted: u16| {
                let ports = [Field::ClientPort, Field::ServerPort];
                ports.iter().any(|field| number(*field) == Some(wanted.into()))
            };
            let is_under = |name: &str| text(Field::ServerName).is_some_and(|own| under(own, name));
            self.label.as_deref().is_none_or(|label| text(Field::Label).unwrap_or("") == label)
                && address.as_deref().is_none_or(either)
                && self.port.is_none_or(port_is)
                && self.protocol.is_none_or(|wanted| number(Field::Protocol) == Some(wanted.into()))
                && name.is_none_or(is_under)
                && self.from.is_none_or(|from| time(Field::End) >= from)
                && self.to.is_none_or(|to| time(Field::Start) <= to)
                && self.session.is_none_or(|session| number(Field::SessionId) == Some(session))
                && self.id.is_none_or(|id| number(Field::FlowId) == Some(id))
        };
        (0..rows).filter(is_asked_for).collect()
    }

    /// What is told of the flows of a table that are asked for; `first_row` are the job's rows before.
    pub fn facts(&self, table: &Table, first_row: u64) -> Result<Vec<Facts>, StoreError> {
        let undecodable = |cause: std::io::Error| StoreError::Internal(cause.to_string());
        let view = table.view().map_err(undecodable)?;
        let standard = Standard::of(|name| table.column(name));
        let rows = self.rows(&view, &standard, table.rows());
        let facts = |row| standard.facts(&view, row, first_row + row as u64 + 1);
        rows.into_iter().map(facts).collect()
    }
}

/// Whether a name is the other or lies under it; letters of either case.
fn under(name: &str, domain: &str) -> bool {
    let name = name.trim_end_matches('.');
    let Some(at) = name.len().checked_sub(domain.len()) else { return false };
    name.as_bytes()[at..].eq_ignore_ascii_case(domain.as_bytes())
        && (at == 0 || name.as_bytes()[at - 1] == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lies_under_its_domains() {
        assert!(under("www.vk.com", "vk.com") && under("vk.com", "VK.com") && under("a.b.", "b"));
        assert!(!under("notvk.com", "vk.com") && !under("com", "vk.com") && !under("ä", "vk"));
    }
}
