//! Rules for names, user agents and networks: what a label's applications are called and where they
//! live.
//!
//! The bundled ones are `names.rules`; a file of the user comes behind them, and what comes later
//! wins.

mod names;
mod networks;
mod parse;

pub use parse::{Problem, RULES_BYTES_MAX};

use names::Names;
use networks::Networks;

use crate::labels::LABELS;
use crate::protocols;
use crate::signature::Dispatch;

const BUNDLED: &str = include_str!("../../names.rules");

/// A label's group and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub group: String,
    pub name: String,
}

/// All that `classify` looks things up in.
pub struct Rules {
    pub labels: Vec<Label>,
    pub(crate) dispatch: Dispatch,
    names: Names,
    agents: Names,
    networks: Networks,
}

impl Rules {
    /// The bundled rules alone.
    ///
    /// # Panics
    /// Never: a test reads the bundled file.
    pub fn bundled() -> Self {
        Rules::with(None).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// The bundled rules and those of a file: what it is called and its text.
    pub fn with(file: Option<(&str, &str)>) -> Result<Self, Problem> {
        let label = |(group, name): &(&str, &str)| Label {
            group: (*group).to_owned(),
            name: (*name).to_owned(),
        };
        let mut read = parse::Read::new(LABELS.iter().map(label).collect());
        read.text("names.rules", BUNDLED)?;
        if let Some((name, text)) = file {
            read.text(name, text)?;
        }
        Ok(Rules {
            labels: read.labels,
            dispatch: Dispatch::new(protocols::FAMILIES),
            names: Names::new(read.names),
            agents: Names::new(read.agents),
            networks: Networks::new(read.networks),
        })
    }

    /// The label of a host name: of the longest rule that it ends in.
    pub fn of_name(&self, name: &str) -> Option<u32> {
        self.names.of_host(name.as_bytes())
    }

    /// The label of a user agent: of its first word that has one.
    pub fn of_agent(&self, agent: &str) -> Option<u32> {
        self.agents.of_words(agent.as_bytes())
    }

    /// The label of the smallest network that holds an address.
    pub fn of_address(&self, address: [u8; 16]) -> Option<u32> {
        self.networks.of(u128::from_be_bytes(address))
    }
}
