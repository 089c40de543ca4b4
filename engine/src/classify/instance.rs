//! An instance of a classifier: made, asked and freed on one thread.

use super::calls::Slot;
use super::host::{Declaration, Host};
use super::library::{Declared, Exported, Handle};
use super::messages::Messages;
use super::options::ColumnNames;
use super::tag::Collector;
use super::view::Shown;
use std::ffi::CString;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use tractor_plugin::abi::{self, Status, tractor_option};

/// All that is needed to make instances, on any thread.
#[derive(Clone)]
pub struct Maker {
    pub exported: Exported,
    pub path: PathBuf,
    pub options: Vec<(CString, CString)>,
    pub messages: Arc<Messages>,
    pub column_names: ColumnNames,
    /// The names of the columns that the library itself says.
    pub own_columns: Vec<&'static str>,
    /// The plugin's number in the file that tells who is inside.
    pub called: u64,
}

/// Why there is no instance; sentences after the plugin's name.
pub enum NotMade {
    NotConfigured,
    /// It cannot do what its options say.
    BadOptions(String),
    Because(String),
}

pub struct Instance {
    /// None: it is broken, and is not entered again.
    handle: Option<Handle>,
    maker: Arc<Maker>,
    host: Rc<Host>,
    pub declared: Declared,
    pub columns: Vec<&'static str>,
}

impl Maker {
    pub fn make(self: &Arc<Self>, slot: &mut Slot) -> Result<Instance, NotMade> {
        let messages = Arc::clone(&self.messages);
        let host = Host::new(&self.exported.id, messages, self.column_names, &self.own_columns);
        let options: Vec<tractor_option> = self
            .options
            .iter()
            .map(|(key, value)| tractor_option { key: key.as_ptr(), value: value.as_ptr() })
            .collect();
        let made = slot.inside(self.called, || self.exported.functions.create(&host, &options));
        let (declaration, text) = (host.end_of_declaring(), host.take_failure());
        let handle = made.map_err(|status| self.not_made(status, text, &declaration))?;
        let mut instance = Instance {
            handle: Some(handle),
            maker: Arc::clone(self),
            host,
            declared: self.exported.declared.clone(),
            columns: self.own_columns.clone(),
        };
        match declaration {
            Declaration::Nothing => {}
            Declaration::Of(declared, columns) => {
                (instance.declared, instance.columns) = (declared, columns);
            }
            Declaration::Wrong(why) => {
                instance.free(slot);
                return Err(self.declared_wrongly(&why));
            }
        }
        Ok(instance)
    }

    fn not_made(&self, status: Status, text: Option<String>, declaration: &Declaration) -> NotMade {
        let because = |what: &str| match &text {
            Some(text) => format!("{what}: {text}"),
            None => format!("{what}, without a word why"),
        };
        match (status, declaration) {
            (abi::NOT_CONFIGURED, _) => NotMade::NotConfigured,
            (_, Declaration::Wrong(why)) => self.declared_wrongly(why),
            (abi::BAD_OPTION, _) => NotMade::BadOptions(match self.options.is_empty() {
                true => because("it does not work without options"),
                false => because(&format!("it refuses its options ({})", self.given())),
            }),
            (abi::PANIC, _) => NotMade::Because(because("it panicked when it was created")),
            _ => NotMade::Because(because("it could not be created")),
        }
    }

    /// What a plugin declares that has options stands most likely in a file that they name.
    fn declared_wrongly(&self, why: &str) -> NotMade {
        match self.options.is_empty() {
            true => NotMade::Because(format!("what it declares is wrong: {why}")),
            false => NotMade::BadOptions(format!(
                "what it declares by its options ({}) is wrong: {why}",
                self.given()
            )),
        }
    }

    /// The options, as they were given.
    fn given(&self) -> String {
        let pair = |(key, value): &(CString, CString)| {
            format!("{}={}", key.to_string_lossy(), value.to_string_lossy())
        };
        self.options.iter().map(pair).collect::<Vec<_>>().join(", ")
    }
}

impl Instance {
    pub fn is_broken(&self) -> bool {
        self.handle.is_none()
    }

    /// Shows flows; their tags go to `to`.
    pub fn classify(&mut self, shown: Shown<'_>, to: &mut Collector, slot: &mut Slot) -> Status {
        let Some(handle) = &mut self.handle else { return abi::PANIC };
        let functions = self.maker.exported.functions;
        let status = slot.inside(self.maker.called, || functions.classify(handle, shown, to));
        if status == abi::PANIC {
            self.handle = None;
        }
        status
    }

    /// The plugin's text for the status that it returned last.
    pub fn take_failure(&self) -> Option<String> {
        self.host.take_failure()
    }

    /// Frees it; one that is broken stays in memory.
    pub fn free(&mut self, slot: &mut Slot) {
        if let Some(handle) = self.handle.take() {
            let functions = self.maker.exported.functions;
            slot.inside(self.maker.called, || functions.destroy(handle));
        }
    }
}
